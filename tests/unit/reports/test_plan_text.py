"""A plan on a terminal."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from reviewing import make_plan as make_pull_request
from scenes import ACME, make_organization, make_user
from workmail_org.changes.approvals import NOTHING
from workmail_org.model.domain import HostedZone, RecordGroup
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.removal import Safety
from workmail_org.plan.bases import make_base
from workmail_org.plan.model import Plan
from workmail_org.plan.planning import Question, plan
from workmail_org.reports.plan_text import render_plan

ALICE, BOB = make_user("alice", display_name="Alice Liddell"), make_user("bob")


def make_plan(before: Organization | None, after: Organization) -> Plan:
    base = Environment(name="test", organizations=(before,)) if before else None
    environment = Environment(name="test", organizations=(after,))
    question = Question(spec="spec.yaml", today=date(2026, 11, 22))
    return plan(environment, make_base("main", base), question)


PAIR = make_organization(ALICE, BOB)
LEAVER = make_plan(PAIR, make_organization(BOB))


def test_a_leaver_reads_so() -> None:
    assert """\
test: spec.yaml compared with main
1 change: mailbox kept, 30-day clock starts

acme  acme in eu-west-1, stack test-acme
  mailbox kept, 30-day clock starts
    Alice Liddell (alice) cannot sign in any more; the mailbox is kept for 30 days, then \
erased; mail to \
alice@acme.example bounces
    why: a user that is switched off cannot sign in; the mailbox is kept for 30 days (WorkMail \
Admin Guide, "manage-mailboxes")
    what to do: within 30 days, put the user back: the same mailbox is there; list the addresses \
as aliases of whoever takes over
  mail flow: 1 address will bounce
    address             mail         before  after
    alice@acme.example  will bounce  alice   nobody: it bounces
  2 → 1 mailbox, 8.00 USD → 4.00 USD a month

note: Amazon WorkMail ends on 2027-03-31, with all mailboxes: 129 days left

to deploy exactly this and nothing else, add to cdk deploy:
  -c approved=acme/removals.192679e35e83""" == render_plan(LEAVER, width=200)


@pytest.mark.parametrize("width", [20, 40, 80])
@pytest.mark.parametrize("color", [False, True])
def test_no_address_is_in_two_lines(width: int, color: bool) -> None:
    local = "maximilian.von-und-zu-hohenstein-wallenfels-der-zweite"
    joins = make_plan(PAIR, make_organization(ALICE, BOB, make_user(local, display_name="Max")))
    written = re.sub("\x1b[^m]*m", "", render_plan(joins, width=width, color=color))

    assert 2 == written.count(f"{local}@acme.example")


def test_there_is_no_escape_without_colour() -> None:
    assert "\x1b" not in render_plan(LEAVER)


def test_there_are_colours_where_they_are_wanted() -> None:
    assert "\x1b[1" in render_plan(LEAVER, color=True)


def test_a_name_cannot_steer_the_terminal() -> None:
    sly = replace(ALICE, display_name="\x1b]0;owned\x07 [red]Eve[/red]\n\u202efoo")
    text = render_plan(make_plan(make_organization(BOB), make_organization(sly, BOB)), color=True)

    assert r"\x1b]0;owned\x07 [red]Eve[/red]\n\u202efoo" in text.replace("\n    ", " ").replace(
        "  ", " "
    )
    assert "\x07" not in text


def test_the_words_to_copy_are_on_one_line_however_narrow_it_is() -> None:
    line = render_plan(LEAVER, width=20).splitlines()[-1]

    assert f"  -c approved={LEAVER.approval}" == line


def test_a_repair_has_a_text_of_its_own() -> None:
    lines = render_plan(replace(LEAVER, repairs=True), width=20).splitlines()

    assert f"  -c repair={LEAVER.approval}" == lines[-3]


def test_nothing_to_do_is_said() -> None:
    assert "nothing to do" == render_plan(make_plan(PAIR, PAIR)).splitlines()[1]


def test_what_is_refused_says_why() -> None:
    text = render_plan(make_plan(PAIR, replace(PAIR, alias="other")), width=400)

    assert "refused: alias of an organization cannot change, from 'acme' to 'other'" in text


def test_a_brake_tells_the_word_for_it() -> None:
    users = [make_user(f"u{number}") for number in range(20)]
    before, after = (make_organization(*each, safety=Safety()) for each in (users, users[5:]))
    found = make_plan(before, after)
    text = render_plan(found, width=400)

    assert "to be confirmed: 5 of 20 users leave or are switched off (25 %" in text
    assert f"-c acknowledge={found.acknowledgement}" in text


def test_the_digest_is_told_where_record_sets_are_all_that_changes() -> None:
    """CloudFormation writes them: there is nothing that an approval could hold."""
    zone = HostedZone(hosted_zone_id="Z1", zone_name="acme.example", omit=(RecordGroup.MX,))
    before = make_organization(ALICE, domains=(replace(ACME, dns=zone),))
    after = replace(before, domains=(replace(ACME, dns=replace(zone, omit=())),))
    found = make_plan(before, after)

    assert NOTHING == found.approval
    assert [
        "",
        "to confirm it, add to cdk deploy:",
        f"  -c acknowledge={found.acknowledgement}",
    ] == (render_plan(found).splitlines()[-3:])


def test_the_plan_in_the_readme_is_a_real_one() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text("utf-8")

    assert f"```text\n{render_plan(make_pull_request('leaver'), width=100)}\n```" in readme
