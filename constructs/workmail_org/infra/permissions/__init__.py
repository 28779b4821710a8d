"""Permissions: what each handler role may do. Every action is named; every `*` says why.

Actions of WorkMail, Directory Service and SES are the set that worked live
(facts.md §4.2) and the calls of `workmail_org.service`. What takes a thing away
is permitted also where the spec no longer declares it: CloudFormation sends the
Delete when the role already is the new one.
"""
