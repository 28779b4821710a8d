"""One whole template, so that every change of it is looked at.

After a change that is meant: UPDATE_SNAPSHOTS=1 pytest tests/synth/test_snapshot.py
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workmail_org.model.domain import HostedZone, MailDomain
from workmail_org.model.group import Group
from workmail_org.model.organization import Organization
from workmail_org.model.user import User
from workmail_org.model.values import parse_reference

SNAPSHOT = Path(__file__).parent / "snapshots" / "production-acme-eu.json"

ORGANIZATION = Organization(
    key="acme-eu",
    region="eu-west-1",
    alias="acme-eu",
    tags={"team": "platform"},
    domains=(
        MailDomain(
            name="acme.example",
            default=True,
            dns=HostedZone(hosted_zone_id="Z0123456789", zone_name="acme.example"),
        ),
        MailDomain(name="old.example"),
    ),
    users=(
        User(
            name="alice",
            display_name="Alice Liddell",
            email="alice@acme.example",
            aliases=("al@acme.example",),
            job_title="Ingénieure",
            quota_megabytes=51200,
        ),
        User(name="bob", display_name="Bob", email="bob@acme.example"),
    ),
    groups=(
        Group(
            name="sales",
            email="sales@acme.example",
            members=(parse_reference("alice"), parse_reference("bob")),
        ),
    ),
)


def normalize(template: dict[str, Any]) -> str:
    """Write a template with asset hashes masked: they change with every line of a handler."""
    text = json.dumps(template, indent=1, sort_keys=True)
    return re.sub(r"\b[0-9a-f]{64}\b", "<hash>", text) + "\n"


def test_the_template_of_an_organization_is_as_it_was(synthesize: Callable[..., Any]) -> None:
    found = normalize(synthesize(ORGANIZATION).template)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(found, encoding="ascii")

    assert SNAPSHOT.read_text(encoding="ascii") == found
