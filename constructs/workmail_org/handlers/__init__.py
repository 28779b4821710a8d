"""What runs in Lambda: CloudFormation's events in, one organization made equal to its spec."""
