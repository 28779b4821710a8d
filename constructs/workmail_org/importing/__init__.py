"""Importing: a live organization becomes a spec, and the plan against it comes to nothing."""
