"""A plan of several organizations: who comes, who leaves, what it costs, what names it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from scenes import make_organization, make_user
from workmail_org.changes.approvals import parse_approval
from workmail_org.errors import SpecError
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.plan.bases import make_base
from workmail_org.plan.model import Plan, Transition, Verdict
from workmail_org.plan.planning import Question, plan

ALICE, BOB = make_user("alice"), make_user("bob")
EU = make_organization(ALICE, BOB, key="eu", alias="acme-eu")
US = make_organization(ALICE, key="us", alias="acme-us", region="us-east-1")


def make_environment(*organizations: Organization, **fields: object) -> Environment:
    described: dict[str, object] = {"name": "test", "organizations": organizations, **fields}
    return Environment(**described)  # type: ignore[arg-type]


def make_plan(before: Environment | None, after: Environment, *, only: str | None = None) -> Plan:
    question = Question(spec="spec.yaml", today=date(2026, 11, 22), only=only)
    return plan(after, make_base("base", before), question)


def test_nothing_to_do_is_said() -> None:
    found = make_plan(make_environment(EU, US), make_environment(EU, US))

    assert (Verdict.NOTHING, "nothing", None) == (
        found.verdict,
        found.approval,
        found.acknowledgement,
    )


def test_organizations_come_stay_and_leave() -> None:
    other = replace(EU, key="other", alias="acme-other")
    found = make_plan(make_environment(EU, US), make_environment(other, US))

    assert {
        "other": Transition.COMES,
        "us": Transition.STAYS,
        "eu": Transition.LEAVES,
    } == {each.key: each.transition for each in found.organizations}


@pytest.mark.parametrize(
    ("removal", "fate"),
    [
        (Removal.RETAIN, "leaves the organization where it is"),
        (Removal.DELETE, "deletes the organization and every mailbox in it"),
    ],
)
def test_an_organization_that_leaves_is_touched_by_nobody_yet(removal: Removal, fate: str) -> None:
    leaver = replace(EU, on_removal=OnRemoval(organization=removal))
    found = make_plan(make_environment(leaver, US), make_environment(US))
    left = found.organizations[-1]

    assert (Verdict.NOTHING, ()) == (left.verdict, left.changes)
    assert fate in left.notes[0]


def test_an_alias_cannot_go_to_another_key() -> None:
    found = make_plan(make_environment(EU), make_environment(replace(EU, key="renamed")))

    assert Verdict.REFUSED is found.verdict
    assert "alias 'acme-eu' belongs to stack test-eu" in found.organizations[0].refusals[0]


def test_another_account_has_nothing_yet() -> None:
    found = make_plan(
        make_environment(EU, account="111122223333"), make_environment(EU, account="444455556666")
    )

    assert "account 444455556666 is not 111122223333" in found.notes[-1]


def test_a_copy_that_has_expired_is_refused() -> None:
    expired = make_environment(EU, expires=date(2026, 11, 21))

    assert Verdict.REFUSED is make_plan(expired, expired).verdict


def test_one_organization_can_be_looked_at_alone() -> None:
    found = make_plan(make_environment(EU, US), make_environment(EU, US), only="us")

    assert ["us"] == [each.key for each in found.organizations]


def test_an_organization_that_is_not_declared_cannot_be_looked_at() -> None:
    with pytest.raises(SpecError, match='no organization "asia" is declared; declared: eu, us'):
        make_plan(None, make_environment(EU, US), only="asia")


def test_mailboxes_cost() -> None:
    joined = replace(EU, users=(ALICE, BOB, make_user("carol"), make_user("dan", enabled=False)))
    cost = make_plan(make_environment(EU, US), make_environment(joined, US)).cost

    assert (3, 4) == (cost.mailboxes_before, cost.mailboxes_after)
    assert (1200, 1600) == (cost.cents_before, cost.cents_after)


def test_an_approval_has_a_part_for_each_resource_with_something_to_do() -> None:
    changed = replace(EU, users=(replace(ALICE, city="Dublin"), BOB))
    found = make_plan(make_environment(EU, US), make_environment(changed, US))

    assert {"eu/users"} == set(parse_approval(found.approval))


def test_another_change_has_another_approval() -> None:
    def approve(city: str) -> str:
        changed = replace(EU, users=(replace(ALICE, city=city), BOB))
        return make_plan(make_environment(EU), make_environment(changed)).approval

    assert approve("Dublin") == approve("Dublin")
    assert approve("Dublin") != approve("Cork")


def test_a_thousand_newcomers_come_by_shards() -> None:
    users = tuple(make_user(f"u{number}") for number in range(1500))
    found = make_plan(
        make_environment(EU), make_environment(replace(EU, users=(*EU.users, *users)))
    )

    assert {"eu/users", "eu/users/1"} == set(parse_approval(found.approval))
    assert 1500 == sum(call.startswith("CreateUser ") for call in found.organizations[0].calls)
