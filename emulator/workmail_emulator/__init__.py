"""A local Amazon WorkMail and Directory Service, for tests and rehearsals."""
