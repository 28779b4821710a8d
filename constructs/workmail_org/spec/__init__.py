"""YAML to model, or every problem at once."""
