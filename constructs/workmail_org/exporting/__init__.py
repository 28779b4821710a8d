"""Mailbox exports: every mailbox ends verified in S3, or failed with a reason."""
