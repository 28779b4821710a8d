"""Reports: problems and specs for people and machines. Nothing is printed here, only rendered."""
