"""What travels through CloudFormation; template and handler share it."""
