from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cloudformation import DeploymentFailedError, RollbackFailedError, Stack
from drifting import Hand
from scenes import (
    ACME,
    at,
    list_operations,
    make_emulator,
    make_group,
    make_organization,
    make_user,
)
from workmail_emulator.errors import ServiceFault
from workmail_org.model.domain import HostedZone, MailDomain
from workmail_org.model.removal import OnRemoval, Removal

ALICE = make_user("alice")
OLD = MailDomain(name="old.example", verified=True)
ZONE = HostedZone(hosted_zone_id="Z1", zone_name="acme.example")


def list_domains(stack: Stack) -> dict[str, bool]:
    answer = stack.workmail.list_mail_domains(OrganizationId=stack.organization_id)
    return {each["DomainName"]: each["DefaultDomain"] for each in answer["MailDomains"]}


def test_domains_come_go_and_the_default_follows(stack: Stack) -> None:
    test = "acme.awsapps.com"
    states: list[tuple[tuple[MailDomain, ...], dict[str, bool]]] = [
        ((ACME,), {test: False, "acme.example": True}),
        ((ACME, OLD), {test: False, "acme.example": True, "old.example": False}),
        (
            (replace(ACME, default=False), replace(OLD, default=True)),
            {test: False, "acme.example": False, "old.example": True},
        ),
        ((replace(OLD, default=True),), {test: False, "old.example": True}),
        ((), {test: True}),
    ]
    for domains, expected in states:
        stack.deploy(make_organization(domains=domains))

        assert expected == list_domains(stack)


def test_the_answer_holds_the_eight_records(stack: Stack) -> None:
    stack.deploy(make_organization())
    attributes = stack.deployed["acmeexampleDomain"].attributes
    slots = ("Mx", "Ownership", "Autodiscover", "Dkim1", "Dkim2", "Dkim3", "Spf", "Dmarc")

    assert {f"{s}{part}" for s in slots for part in ("Name", "Value")} | {"ZoneFile"} == set(
        attributes
    )
    assert ("acme.example.", '"v=spf1 include:amazonses.com ~all"') == (
        attributes["SpfName"],
        attributes["SpfValue"],
    )
    assert 8 == len(attributes["ZoneFile"].splitlines())


def test_verification_is_waited_for() -> None:
    emulator = make_emulator(instant=False)
    stack = Stack(emulator)
    polls: list[str] = []

    def verify_late(_phase: str, call: Any) -> None:
        polls.append(call.operation)
        if polls.count("GetMailDomain") > 12:
            emulator.verify("acme.example")

    emulator.on_call = verify_late
    stack.deploy(make_organization(ALICE, domains=(replace(ACME, dns=ZONE),)))

    assert {"acme.awsapps.com": False, "acme.example": True} == list_domains(stack)


def test_a_domain_that_is_never_verified_names_the_record_to_look_for() -> None:
    stack = Stack(make_emulator(instant=False))
    reason = "not finished after 55 minutes: the ownership record _amazonses.acme.example"
    with pytest.raises(DeploymentFailedError, match=reason):
        stack.deploy(make_organization(domains=(replace(ACME, dns=ZONE),)))


def test_an_address_in_a_domain_that_is_not_verified_says_what_to_do() -> None:
    stack = Stack(make_emulator(instant=False, verified=["acme.example"]))
    pending = MailDomain(name="new.example")
    reason = r"user alice: domain new.example is not verified, so al@new.example cannot be used yet"
    with pytest.raises(DeploymentFailedError, match=reason):
        stack.deploy(
            make_organization(replace(ALICE, aliases=("al@new.example",)), domains=(ACME, pending))
        )


def test_a_default_that_is_not_verified_says_what_to_do() -> None:
    stack = Stack(make_emulator(instant=False))
    with pytest.raises(DeploymentFailedError, match="cannot be the default: it is not verified"):
        stack.deploy(make_organization())


def test_a_domain_of_another_organization_is_explained(stack: Stack) -> None:
    stack.deploy(make_organization())
    other = Stack(stack.emulator, name="second")
    with pytest.raises(
        DeploymentFailedError, match=r"acme.example belongs to another organization"
    ):
        other.deploy(make_organization(alias="second"))


def test_a_domain_stays_by_the_word_retain(stack: Stack) -> None:
    words = OnRemoval(domains=Removal.RETAIN)
    stack.deploy(make_organization(domains=(ACME, OLD), on_removal=words))
    stack.deploy(make_organization(on_removal=words))

    assert "old.example" in list_domains(stack)


def test_a_domain_that_still_receives_mail_is_not_deregistered(stack: Stack) -> None:
    """The update is complete by then: CloudFormation tells the reason and leaves it behind."""
    stack.deploy(make_organization(ALICE, domains=(ACME, OLD)))
    scope = {"OrganizationId": stack.organization_id}
    zoe = stack.workmail.create_user(**scope, Name="zoe", DisplayName="Zoe")["UserId"]
    stack.workmail.register_to_work_mail(**scope, EntityId=zoe, Email=at("zoe", "old.example"))
    stack.deploy(make_organization(ALICE))
    reason = "domain old.example still receives mail for zoe (zoe@old.example)"

    assert "old.example" in list_domains(stack)
    assert ["oldexampleDomain"] == [each.resource.logical_id for each in stack.left_behind]
    assert [True] * 3 == [each.startswith(reason) for each in stack.reasons[-3:]]


def test_a_domain_and_its_addresses_leave_in_one_deployment(stack: Stack) -> None:
    stack.deploy(make_organization(replace(ALICE, email="alice@old.example"), domains=(ACME, OLD)))
    stack.deploy(make_organization(ALICE))

    assert {"acme.awsapps.com", "acme.example"} == set(list_domains(stack))


def test_deleting_an_absent_domain_succeeds(stack: Stack) -> None:
    stack.deploy(make_organization(domains=(ACME, OLD)))
    scope = {"OrganizationId": stack.organization_id}
    stack.workmail.deregister_mail_domain(**scope, DomainName="old.example")
    stack.deploy(make_organization())

    assert "old.example" not in list_domains(stack)


def test_a_default_that_somebody_changed_is_left_alone_on_delete(stack: Stack) -> None:
    stack.deploy(
        make_organization(domains=(ACME, OLD), on_removal=OnRemoval(domains=Removal.RETAIN))
    )
    scope = {"OrganizationId": stack.organization_id}
    stack.workmail.update_default_mail_domain(**scope, DomainName="old.example")
    stack.destroy_but_organization()

    assert list_domains(stack)["old.example"]


def test_registering_carries_a_client_token_that_a_repetition_shares(stack: Stack) -> None:
    stack.deliveries = 2
    stack.deploy(make_organization())

    assert 1 == list_operations(stack).count("RegisterMailDomain")


def test_a_domain_stays_in_a_rollback_where_somebody_got_an_address_meanwhile(
    stack: Stack,
) -> None:
    """The first deployment had registered it."""

    def join(phase: str, call: Any) -> None:
        if phase == "before" and call.operation == "CreateGroup":
            stack.emulator.on_call = None
            hand = Hand(stack)
            zoe = hand.do("create_user", Name="zoe", DisplayName="Z", Password="Str0ng-enough")
            hand.do("register_to_work_mail", EntityId=zoe["UserId"], Email=at("zoe"))
            raise ServiceFault("Final", "refused")

    stack.emulator.on_call = join
    with pytest.raises(DeploymentFailedError, match="Final") as failed:
        stack.deploy(make_organization(make_user("ann"), make_group("help")))

    assert not isinstance(failed.value, RollbackFailedError)
    (found,) = stack.workmail.list_organizations()["OrganizationSummaries"]
    scope = {"OrganizationId": found["OrganizationId"]}
    domains = stack.workmail.list_mail_domains(**scope)["MailDomains"]
    assert at("zoe").partition("@")[2] in {each["DomainName"] for each in domains}
    users = stack.workmail.list_users(**scope)["Users"]
    assert [at("zoe")] == [each["Email"] for each in users if each["State"] == "ENABLED"]
