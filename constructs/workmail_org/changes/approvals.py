"""Approvals: one text that names the changes a person has seen, resource by resource.

`plan` prints it, `cdk deploy -c approved=…` takes it, and each custom resource
finds its own part in it: `acme-eu/users.1f2e3d4c5b6a+acme-eu/groups.9a8b7c6d5e4f`.
A resource without a part was seen to have nothing to do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

NOTHING = "nothing"
"""Stands for an approval without parts: the plan had nothing to do."""

_PART = re.compile(r"(?P<name>[A-Za-z0-9_./-]+)\.(?P<digest>[0-9a-f]{12})")


def make_approval_key(organization: str, part_name: str) -> str:
    """Name the part of one custom resource.

    Args:
        organization: Spec key.
        part_name: What the custom resource is about, such as `users` or
            `domains/acme.example`; unique in its stack.
    """
    return f"{organization}/{part_name}"


def make_approval(parts: Mapping[str, str]) -> str:
    """Write digests by name of part as one text, in the order of the names."""
    return "+".join(f"{name}.{digest}" for name, digest in sorted(parts.items())) or NOTHING


def parse_approval(text: str) -> Mapping[str, str]:
    """Read digests by name of part.

    Raises:
        ValueError: The text is not an approval; the message says which part is not.
    """
    if text == NOTHING:
        return {}
    parts: dict[str, str] = {}
    for part in text.split("+"):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(
                f"{part!r} is not part of an approval: it looks like "
                "acme-eu/users.1f2e3d4c5b6a; copy the whole text that `plan` printed"
            )
        if match["name"] in parts:
            raise ValueError(f"{match['name']} is in the approval twice")
        parts[match["name"]] = match["digest"]
    return parts
