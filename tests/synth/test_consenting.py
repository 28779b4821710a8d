"""What a person says on the command line of the CDK, and how the stack is kept from an accident."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from aws_cdk import App

from workmail_org.errors import SpecError
from workmail_org.infra import OrganizationStack
from workmail_org.kinds import KINDS
from workmail_org.model.domain import MailDomain
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.removal import OnRemoval, Removal, Safety
from workmail_org.model.values import OrganizationId
from workmail_org.wire.encoding import decode_properties, encode_properties
from workmail_org.wire.properties import Consent

ACME = Organization(key="acme", region="eu-west-1", alias="acme")


def make_stack(context: dict[str, Any], said: str) -> OrganizationStack:
    app = App(context={**context, "acknowledge": said})
    environment = Environment(name="test", organizations=(ACME,))
    return OrganizationStack(app, environment=environment, organization=ACME)


def list_resources(stack: OrganizationStack) -> list[dict[str, Any]]:
    template: dict[str, Any] = App.of(stack).synth().get_stack_by_name(stack.stack_name).template  # pyright: ignore
    return [r for r in template["Resources"].values() if r["Type"].startswith("Custom::")]


def test_the_word_reaches_every_handler_that_can_ask_for_it(context: dict[str, Any]) -> None:
    resources = list_resources(make_stack(context, "0123456789ab, ffffffffffff"))

    assert {each["Type"]: each["Properties"].get("Acknowledge") for each in resources} == {
        each["Type"]: ["0123456789ab", "ffffffffffff"] if KINDS[each["Type"]].guarded else None
        for each in resources
    }
    assert 6 == len(resources)


def test_without_a_word_nothing_is_said(context: dict[str, Any]) -> None:
    resources = list_resources(make_stack(context, ""))

    assert [] == [each for each in resources if "Acknowledge" in each["Properties"]]


def test_what_is_no_digest_is_refused_at_synth(context: dict[str, Any]) -> None:
    with pytest.raises(
        SpecError, match='acknowledge: "yes" is not a digest: allowed are 12 digits'
    ):
        make_stack(context, "yes")


def test_words_cross_the_wire() -> None:
    consent = Consent(acknowledge=("0123456789ab",))

    assert consent == decode_properties(Consent, encode_properties(consent))


def test_the_spec_says_how_many_may_leave(synthesize: Callable[..., Any]) -> None:
    safety = Safety(max_removals_percent=25, min_managed=0)
    received = synthesize(
        Organization(key="acme", region="eu-west-1", alias="acme", safety=safety)
    ).receive("Users")

    assert (25, 0) == (received.max_removals_percent, received.min_managed)


@pytest.mark.parametrize(
    ("removal_policy", "existing", "protected"),
    [
        (Removal.RETAIN, None, True),
        (Removal.DELETE, None, False),
        (Removal.DELETE, OrganizationId("m-0123456789abcdef0123456789abcdef"), True),
    ],
    ids=["retained", "deleted", "taken over"],
)
def test_a_stack_is_protected_unless_its_organization_goes_with_it(
    synthesize: Callable[..., Any],
    removal_policy: Removal,
    existing: OrganizationId | None,
    protected: bool,
) -> None:
    on_removal = OnRemoval(organization=removal_policy, directory=removal_policy)
    made = synthesize(replace(ACME, on_removal=on_removal, existing=existing))
    manifest = json.loads((made.folder / "manifest.json").read_text(encoding="utf-8"))
    stack = manifest["artifacts"][made.stack.artifact_id]["properties"]

    assert protected is stack.get("terminationProtection", False)


APPROVAL = (
    "acme/domains/acme.example.111111111111+acme/organization.222222222222+"
    "acme/users.333333333333+other/groups.444444444444"
)


def receive_consents(stack: OrganizationStack) -> dict[str, Consent]:
    """Return what each custom resource is told, by type."""
    return {
        each["Type"]: decode_properties(Consent, resolve(each["Properties"]))
        for each in list_resources(stack)
    }


def resolve(properties: dict[str, Any]) -> dict[str, Any]:
    return {**properties, "LedgerTable": "ledger" if "LedgerTable" in properties else ""}


def make_approved(
    context: dict[str, Any], approved: str, organization: Organization = ACME
) -> OrganizationStack:
    return make_said(context, organization, approved=approved)


def make_said(
    context: dict[str, Any], organization: Organization = ACME, **said: str
) -> OrganizationStack:
    app = App(context={**context, **said})
    environment = Environment(name="test", organizations=(organization,))
    return OrganizationStack(app, environment=environment, organization=organization)


def test_every_resource_is_told_its_own_part_and_the_first_one_that_of_all(
    context: dict[str, Any],
) -> None:
    domain = MailDomain(name="acme.example", default=True, verified=True)
    organization = replace(ACME, domains=(domain,))
    consents = receive_consents(make_approved(context, APPROVAL, organization))

    assert {
        "Custom::WorkMailOrganization": "222222222222",
        "Custom::WorkMailDomain": None,
        "Custom::WorkMailDefaultDomain": "nothing",
        "Custom::WorkMailUsers": "333333333333",
        "Custom::WorkMailGroups": "nothing",
        "Custom::WorkMailResources": "nothing",
        "Custom::WorkMailMailboxPermissions": "nothing",
        "Custom::WorkMailRemovals": "nothing",
    } == {name: consent.approved for name, consent in consents.items()}
    assert {
        "Custom::WorkMailOrganization": {
            "domains/acme.example": "111111111111",
            "users": "333333333333",
        }
    } == {
        name: consent.approved_others
        for name, consent in consents.items()
        if consent.approved_others
    }


def test_a_repair_tells_every_resource_its_own_part_and_no_other(context: dict[str, Any]) -> None:
    consents = receive_consents(make_said(context, repair=APPROVAL))

    assert {"Organization": "222222222222", "Users": "333333333333"} == {
        name.removeprefix("Custom::WorkMail"): each.repair
        for name, each in consents.items()
        if each.repair
    }
    assert {None} == {each.approved for each in consents.values()}


def test_what_no_plan_printed_repairs_nothing(context: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match="repair: '0123456789ab' is not part of an approval"):
        make_said(context, repair="0123456789ab")


def test_without_an_approval_nothing_is_told(context: dict[str, Any]) -> None:
    consents = receive_consents(make_approved(context, ""))

    assert {False} == {each.asks for each in consents.values()}


def test_an_approval_of_nothing_is_one(context: dict[str, Any]) -> None:
    consents = receive_consents(make_approved(context, "nothing"))

    assert {"nothing"} == {each.approved for each in consents.values()}


def test_every_resource_that_changes_something_is_told_that_an_approval_is_needed(
    context: dict[str, Any],
) -> None:
    careful = replace(ACME, safety=Safety(require_approval=True))
    consents = receive_consents(make_approved(context, "", careful))

    assert {(True, None)} == {(each.require_approval, each.approved) for each in consents.values()}


def test_what_is_no_approval_is_refused_at_synth(context: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match="approved: 'yes' is not part of an approval"):
        make_approved(context, "yes")
