"""Amazon WorkMail organizations as code."""
