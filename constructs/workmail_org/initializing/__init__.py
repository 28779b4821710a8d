"""`init`: a repository for a company's own specs."""
