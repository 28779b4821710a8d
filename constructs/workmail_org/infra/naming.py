"""Construct ids and logical ids: a changed one replaces what it names, so they never change."""

from __future__ import annotations

import hashlib
import re

from aws_cdk import Stack
from constructs import Construct

_PLAIN = re.compile(r"[a-z][a-z0-9]*(\.[a-z][a-z0-9]*)*")
"""Domains whose PascalCase form can be read back: a capital letter begins each label."""

_ROLE_NAME_LENGTH = 64
"""IAM API, CreateRole, RoleName."""


def make_domain_id(prefix: str, domain: str) -> str:
    """Make a construct id from a domain: `Domain`, `acme.example` → `DomainAcmeExample`.

    Two domains never have one id: `a-b.example` and `a.b.example` differ by a
    digest at the end of the first.
    """
    pascal = "".join(part.capitalize() for part in re.split(r"[^a-z0-9]+", domain))
    if _PLAIN.fullmatch(domain):
        return f"{prefix}{pascal}"
    return f"{prefix}{pascal}{hashlib.sha256(domain.encode()).hexdigest()[:6].upper()}"


def make_pinned_id(construct: Construct) -> str:
    """Make a logical id from a construct's place in its stack, without the CDK's own children.

    The CDK derives logical ids from whole paths, its library's inner ids
    included. What must never be replaced does not depend on those.
    """
    scopes = construct.node.scopes[len(Stack.of(construct).node.scopes) :]
    # "Default" is left out of logical ids by the CDK too.
    ids = (scope.node.id for scope in scopes if scope.node.id != "Default")
    return "".join(re.sub(r"[^A-Za-z0-9]", "", part) for part in ids)


def make_events_role_name(construct: Construct, region: str) -> str:
    """Make the name of the role that writes email events; IAM knows a name once in all regions.

    Whoever has AmazonWorkMailFullAccess passes only roles with `workmail` in
    their name (WorkMail Admin Guide, "tracking").
    """
    stack = Stack.of(construct)
    while stack.nested_stack_parent:
        stack = stack.nested_stack_parent  # only the outermost has a name at synth
    whole = "/".join((region, stack.stack_name, construct.node.path))
    digest = hashlib.sha256(whole.encode()).hexdigest()[:8]
    readable = f"workmail-events-{region}-{stack.stack_name}"
    return f"{readable[: _ROLE_NAME_LENGTH - len(digest) - 1]}-{digest}"
