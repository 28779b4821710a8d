"""The only floor that talks to AWS."""
