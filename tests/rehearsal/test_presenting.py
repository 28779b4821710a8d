"""What a rehearsal prints for people."""

from __future__ import annotations

import io

from rich.console import Console

from workmail_org.model.live import LiveOrganization, Snapshot, State
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.values import OrganizationId
from workmail_org.rehearsal.presenting import print_rehearsal
from workmail_org.rehearsal.progress import ProgressReport
from workmail_org.rehearsal.rehearsing import Rehearsal

STEERING = "\x1b[2J\x9b31m\u202e[red]x"
"""Clears a terminal, colours it, runs backwards, and is markup to rich."""
SHOWN = "\\x1b[2J\\x9b31m\\u202e[red]x"

LIVE = Snapshot(
    region="eu-west-1",
    organization=LiveOrganization(
        id=OrganizationId("m-0123456789abcdef0123456789abcdef"),
        alias="acme",
        state=State.ACTIVE,
        directory_type="VpcDirectory",
        directory_id="d-0123456789",
        tags={"team": STEERING},
    ),
)


def test_a_name_cannot_steer_the_terminal_of_a_rehearsal() -> None:
    organization = Organization(key="acme", region="eu-west-1", alias="acme")
    rehearsal = Rehearsal(
        environment=Environment(name="test", organizations=(organization,)),
        organizations={"acme": LIVE},
        differences=(),
        calls={},
        seconds={},
        aws="",
        workmail="",
        kept=None,
    )
    printed = io.StringIO()
    print_rehearsal(rehearsal, Console(file=printed, width=200))

    assert SHOWN in printed.getvalue()
    assert "\x1b" not in printed.getvalue()


def test_what_aws_says_cannot_steer_the_terminal_of_a_rehearsal() -> None:
    printed = io.StringIO()
    ProgressReport(Console(file=printed, width=200)).say(f"one\n{STEERING}")

    assert f"one\n{SHOWN}\n" == printed.getvalue()
