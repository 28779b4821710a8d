"""DNS: from what a zone has now to what a destination wants, in four steps and a rollback.

Theory of operation. A zone is read as it is (`route53`, `zonefiles`); what the destination wants
is given by a person (`wanted`), never guessed. `steps` computes what the zone has after each step:
short TTLs, prepared, cut over, cleaned up. Each state is made from the one before, by functions
that change only the records of the domains that move. So whole zones are written for those who keep
them as files (`zonefiles`), and for Route 53 the difference of two states (`route53`); the rollback
is the difference from 3 to 2. TXT records are merged: whatever else a domain has at its top stays.
"""
