"""Brakes: what a resource refuses before it writes anything, until a person gives the word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import pytest

import scenes
from approving import plan_live
from cloudformation import DeploymentFailedError, RollbackFailedError, Stack, find_digest
from scenes import (
    ACME,
    assert_equals,
    list_operations,
    make_emulator,
    make_group,
    make_user,
    take_picture,
)
from workmail_emulator.faults import Fault
from workmail_org.model.domain import HostedZone, MailDomain
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.policies import (
    AccessControlRule,
    Effect,
    Folder,
    FolderRetention,
    MobileDeviceAccessRule,
    Policies,
    RetentionAction,
    RetentionPolicy,
)
from workmail_org.model.removal import OnRemoval, Removal, Safety
from workmail_org.model.user import User
from workmail_org.plan.bases import make_base
from workmail_org.plan.planning import Question, plan

make_organization = partial(scenes.make_organization, safety=Safety())
PEOPLE = tuple(make_user(f"user{number:02}") for number in range(20))
FULL = make_organization(*PEOPLE)
FEW = make_organization(*PEOPLE[3:])
OLD = MailDomain(name="old.example", verified=True)
EVERYONE = AccessControlRule(name="default", effect=Effect.ALLOW, description="everyone")
NOBODY = AccessControlRule(name="nobody", effect=Effect.DENY, description="nobody")
PHONES = MobileDeviceAccessRule(name="phones", effect=Effect.ALLOW)
NO_PHONES = MobileDeviceAccessRule(name="no-phones", effect=Effect.DENY)


def keep(days: int, action: RetentionAction = RetentionAction.DELETE) -> Policies:
    folder = FolderRetention(folder=Folder.DELETED_ITEMS, action=action, days=days)
    return Policies(retention=RetentionPolicy(name="standard", folders=(folder,)))


@pytest.fixture
def stack(stack: Stack) -> Stack:
    """A stack that nobody gives the word for."""
    stack.agrees = False
    return stack


def refuse(stack: Stack, organization: Organization) -> str:
    """Deploy what is refused, without a write; give the reason."""
    before = take_picture(stack)
    stack.emulator.clear_calls()
    with pytest.raises(DeploymentFailedError) as caught:
        stack.deploy(organization)

    assert [] == list_operations(stack)
    assert before == take_picture(stack)
    return str(caught.value)


def get_digest(reason: str) -> str:
    digest = find_digest(reason)
    assert digest
    return digest


def test_too_many_removals_are_refused_with_numbers_names_and_the_word(stack: Stack) -> None:
    stack.deploy(FULL)
    reason = refuse(stack, FEW)
    digest = get_digest(reason)

    assert (
        f"this must be confirmed (cdk deploy -c acknowledge={digest}): 3 of 20 users "
        "leave or are switched off (15 %, safety.max_removals_percent is 10): "
        "user00, user01, user02"
    ) == reason


def test_with_the_word_they_go(stack: Stack) -> None:
    stack.deploy(FULL)
    stack.deploy(FEW, get_digest(refuse(stack, FEW)))

    assert_equals(take_picture(stack), FEW)


def test_the_word_is_for_exactly_these(stack: Stack) -> None:
    stack.deploy(FULL)
    others = make_organization(*PEOPLE[:17])
    digest = get_digest(refuse(stack, FEW))
    with pytest.raises(DeploymentFailedError, match="user17, user18, user19"):
        stack.deploy(others, digest)

    assert_equals(take_picture(stack), FULL)


def test_the_word_for_switching_off_is_not_for_deleting(stack: Stack) -> None:
    stack.agrees = False
    careful = Safety(max_removals_percent=0, min_managed=1)
    people = [make_user(f"u{number}") for number in range(4)]
    stack.deploy(make_organization(*people, safety=careful))
    fewer = make_organization(*people[1:], safety=careful)
    deleting = replace(fewer, on_removal=OnRemoval(users=Removal.DELETE))
    with pytest.raises(DeploymentFailedError) as first:
        stack.deploy(fewer)
    word = find_digest(str(first.value))
    assert word
    with pytest.raises(DeploymentFailedError, match=r"deleted, with what they hold: u0$"):
        stack.deploy(deleting, word)

    assert "u0" in take_picture(stack).enabled
    stack.deploy(fewer, word)
    assert "u0" not in take_picture(stack).enabled


def test_a_word_is_good_once(stack: Stack) -> None:
    stack.deploy(FULL)
    word = get_digest(refuse(stack, FEW))
    stack.deploy(FEW, word)
    stack.deploy(FULL)
    with pytest.raises(DeploymentFailedError) as again:
        stack.deploy(FEW, word)
    other = get_digest(str(again.value))
    stack.deploy(FEW, other)

    assert word != other
    assert_equals(take_picture(stack), FEW)


def test_a_word_is_still_good_after_its_deployment_failed(stack: Stack) -> None:
    stack.deploy(FULL)
    word = get_digest(refuse(stack, FEW))
    stack.emulator.faults.add(Fault(operation="DeregisterFromWorkMail", code="Final", status=400))
    with pytest.raises(DeploymentFailedError, match="Final"):
        stack.deploy(FEW, word)
    stack.deploy(FEW, word)

    assert_equals(take_picture(stack), FEW)


def test_a_word_is_for_one_stack(stack: Stack) -> None:
    stack.deploy(FULL)
    word = get_digest(refuse(stack, FEW))
    other = Stack(make_emulator(), name="other")
    other.agrees = False
    other.deploy(FULL)
    with pytest.raises(DeploymentFailedError) as refused:
        other.deploy(FEW, word)

    assert word != get_digest(str(refused.value))


def test_everybody_of_a_kind_at_once_is_asked_for_however_few_there_are(stack: Stack) -> None:
    few = make_organization(*PEOPLE[:9], make_group("a"), make_group("b"))
    stack.deploy(few)

    assert "9 of 9 users leave" in refuse(stack, replace(few, users=()))
    with pytest.raises(DeploymentFailedError, match="2 of 2 groups leave"):
        stack.deploy(replace(few, groups=()))


def test_another_default_domain_that_takes_the_addresses_of_all_is_asked_for(stack: Stack) -> None:
    """Whoever has no email of their own follows the default domain."""
    new = MailDomain(name="new.example", verified=True, default=True)
    old = replace(OLD, default=True)
    users = tuple(make_user(f"user{n}", email=f"user{n}@old.example") for n in range(3))
    before = make_organization(*users, domains=(old, replace(new, default=False)))
    moved = tuple(replace(each, email=f"{each.name}@new.example") for each in users)
    after = replace(before, users=moved, domains=(replace(old, default=False), new))
    stack.deploy(before)
    with pytest.raises(DeploymentFailedError) as refused:
        stack.deploy(after)

    assert (
        "all 3 addresses of users in old.example go, and mail to them bounces: "
        "user0@old.example, user1@old.example, user2@old.example; to keep them, declare them as "
        "aliases"
    ) in str(refused.value)
    assert_equals(take_picture(stack), before)
    stack.deploy(after, get_digest(str(refused.value)))
    assert_equals(take_picture(stack), after)


def give_domain(*names: str) -> tuple[User, ...]:
    """Give some of twenty people an address in the old domain."""
    return tuple(
        replace(each, email=f"{each.name}@old.example") if each.name in names else each
        for each in PEOPLE
    )


OLD_PAIR = ("user03", "user07")
WITH_PAIR = make_organization(*give_domain(*OLD_PAIR), domains=(OLD, ACME))


def leave(organization: Organization, *names: str) -> Organization:
    """Take users out of a spec."""
    users = tuple(each for each in organization.users if each.name not in names)
    return replace(organization, users=users)


def switch_off(organization: Organization, *names: str) -> Organization:
    """Switch users off in a spec."""
    users = tuple(replace(e, enabled=e.name not in names) for e in organization.users)
    return replace(organization, users=users)


@pytest.mark.parametrize("go", [leave, switch_off])
def test_the_last_who_have_addresses_in_a_domain_are_asked_for(
    stack: Stack, go: Callable[..., Organization]
) -> None:
    """However few of all they are: no address of that domain is reached any more."""
    after = go(WITH_PAIR, *OLD_PAIR)
    stack.deploy(WITH_PAIR)
    planned = plan_live(stack, WITH_PAIR, after)
    reason = refuse(stack, after)

    assert (
        "all 2 addresses of users in old.example go, and mail to them bounces: "
        "user03@old.example, user07@old.example;"
    ) in reason
    assert planned.acknowledgement == get_digest(reason)
    stack.deploy(after, get_digest(reason))
    assert_equals(take_picture(stack), after)


@pytest.mark.parametrize(
    "after",
    [
        leave(WITH_PAIR, "user03"),
        leave(replace(WITH_PAIR, safety=Safety(max_removals_percent=100)), *OLD_PAIR),
        replace(
            leave(WITH_PAIR, *OLD_PAIR),
            users=(
                *leave(WITH_PAIR, *OLD_PAIR, "user00").users,
                replace(PEOPLE[0], aliases=("user07@old.example",)),
            ),
        ),
    ],
    ids=["one stays", "all are confirmed beforehand", "one address is given to somebody"],
)
def test_leavers_whose_domain_stays_in_use_need_no_word(stack: Stack, after: Organization) -> None:
    before = replace(WITH_PAIR, safety=after.safety)
    stack.deploy(before)
    stack.deploy(after)

    assert_equals(take_picture(stack), after)


def test_one_who_leaves_with_all_of_several_addresses_needs_no_word(stack: Stack) -> None:
    """A removal is seen as such: one of many is not asked for."""
    sales = make_group("sales", aliases=("office@old.example", "sales@old.example"))
    before = make_organization(*PEOPLE, sales, make_group("support"), domains=(OLD, ACME))
    stack.deploy(before)
    after = replace(before, groups=before.groups[1:])
    stack.deploy(after)

    assert_equals(take_picture(stack), after)


def test_addresses_that_become_aliases_need_no_word(stack: Stack) -> None:
    users = tuple(make_user(f"user{n}", email=f"user{n}@old.example") for n in range(3))
    before = make_organization(*users, domains=(OLD, ACME))
    moved = tuple(
        replace(each, email=scenes.at(each.name), aliases=(each.email,)) for each in users
    )
    stack.deploy(before)
    stack.deploy(replace(before, users=moved))

    assert_equals(take_picture(stack), replace(before, users=moved))


def test_one_address_of_a_domain_that_stays_in_use_needs_no_word(stack: Stack) -> None:
    users = tuple(make_user(f"user{n}", email=f"user{n}@old.example") for n in range(3))
    before = make_organization(*users, domains=(OLD, ACME))
    one, *others = users
    stack.deploy(before)
    after = replace(before, users=(replace(one, email=scenes.at("user0")), *others))
    stack.deploy(after)

    assert_equals(take_picture(stack), after)


@pytest.mark.parametrize("is_declared", [True, False], ids=["switched off", "leave"])
def test_who_stays_switched_off_does_not_make_those_who_leave_fewer(
    stack: Stack, *, is_declared: bool
) -> None:
    """Former staff is kept in the spec, switched off: nobody who works there would be left."""
    former = tuple(make_user(f"former{number}", enabled=False) for number in range(90))
    staff = tuple(make_user(f"staff{number}") for number in range(10))
    stack.deploy(make_organization(*former, *staff))
    off = tuple(replace(each, enabled=False) for each in staff) if is_declared else ()
    reason = refuse(stack, make_organization(*former, *off))

    assert "10 of 10 users leave or are switched off" in reason


def test_switching_off_counts_as_leaving(stack: Stack) -> None:
    stack.deploy(FULL)
    off = tuple(replace(user, enabled=False) for user in PEOPLE[:3])

    assert "3 of 20 users" in refuse(stack, make_organization(*off, *PEOPLE[3:]))


@pytest.mark.parametrize(
    ("safety", "leavers"),
    [
        (Safety(), 2),
        (Safety(max_removals_percent=15), 3),
        (Safety(max_removals_percent=100), 20),
        (Safety(min_managed=21), 19),
    ],
    ids=["ten percent", "as the spec says", "all of them", "too few to count"],
)
def test_up_to_the_limit_nobody_is_asked(stack: Stack, safety: Safety, leavers: int) -> None:
    stack.deploy(replace(FULL, safety=safety))
    after = replace(FULL, safety=safety, users=PEOPLE[leavers:])
    stack.deploy(after)

    assert_equals(take_picture(stack), after)


def test_nobody_may_leave_where_the_spec_says_so(stack: Stack) -> None:
    stack.deploy(FULL)
    safety = Safety(max_removals_percent=0)

    assert "1 of 20 users" in refuse(stack, replace(FULL, safety=safety, users=PEOPLE[1:]))


@pytest.mark.parametrize(
    "loosened",
    [
        replace(FEW, safety=Safety(max_removals_percent=100)),
        replace(FEW, safety=Safety(min_managed=1000)),
    ],
    ids=["percent", "managed"],
)
def test_safety_that_is_loosened_in_the_same_deployment_does_not_count_yet(
    stack: Stack, loosened: Organization
) -> None:
    stack.deploy(FULL)
    reason = refuse(stack, loosened)
    base = make_base("before", Environment(name="test", organizations=(FULL,)))
    question = Question(spec="spec.yaml", today=date(2026, 11, 26))
    (planned,) = plan(
        Environment(name="test", organizations=(loosened,)), base, question
    ).organizations

    (brake,) = planned.brakes["acme/users"]
    assert "3 of 20 users leave or are switched off (15 %, safety.max_removals_percent is 10)" in (
        reason
    )
    assert str(brake) in reason
    stack.deploy(replace(FULL, safety=loosened.safety))
    stack.deploy(loosened)
    assert_equals(take_picture(stack), loosened)


def test_each_kind_is_counted_by_itself(stack: Stack) -> None:
    groups = tuple(make_group(f"group{number:02}") for number in range(10))
    stack.deploy(make_organization(*PEOPLE, *groups))
    reason = refuse(stack, make_organization(*PEOPLE, *groups[2:]))

    assert "2 of 10 groups leave" in reason


def test_a_roll_back_that_removes_many_is_never_refused(stack: Stack) -> None:
    stack.deploy(make_organization(*PEOPLE[:10]))
    failing = make_group("sales", email="sales@not.registered")
    with pytest.raises(DeploymentFailedError, match="group sales"):
        stack.deploy(make_organization(*PEOPLE, failing))

    assert_equals(take_picture(stack), make_organization(*PEOPLE[:10]))


def test_where_cloudformation_does_not_tell_it_is_no_roll_back(stack: Stack) -> None:
    stack.deploy(FULL)
    stack.cloudformation.status = None

    assert "3 of 20 users" in refuse(stack, FEW)


def test_what_was_removed_before_does_not_count(stack: Stack) -> None:
    stack.deploy(FULL)
    stack.deploy(FEW, get_digest(refuse(stack, FEW)))
    stack.deploy(replace(FEW, users=PEOPLE[4:]))

    assert_equals(take_picture(stack), replace(FEW, users=PEOPLE[4:]))


CHANGES: dict[str, tuple[Policies, Policies, str]] = {
    "mail begins to be erased": (
        Policies(),
        keep(30),
        "the retention policy starts to erase, in every mailbox and counted from the day that an "
        "item arrived: deleted items, what is older than 30 days",
    ),
    "mail is erased earlier": (keep(30), keep(29), "older than 29 days"),
    "mail is erased permanently": (
        keep(30),
        keep(30, RetentionAction.PERMANENTLY_DELETE),
        "older than 30 days permanently",
    ),
    "nobody gets in": (
        Policies(access_control=(EVERYONE,)),
        Policies(access_control=(EVERYONE, NOBODY)),
        "these access-control rules let nobody in",
    ),
    "no device gets in": (
        Policies(mobile_devices=(PHONES,)),
        Policies(mobile_devices=(PHONES, NO_PHONES)),
        "these mobile device rules let no device in",
    ),
}


@pytest.mark.parametrize(("before", "after", "reason"), CHANGES.values(), ids=CHANGES.keys())
def test_a_dangerous_policy_waits_for_the_word(
    stack: Stack, before: Policies, after: Policies, reason: str
) -> None:
    stack.deploy(make_organization(policies=before))
    organization = make_organization(policies=after)
    refused = refuse(stack, organization)
    stack.deploy(organization, get_digest(refused))
    stack.deploy(organization)

    assert reason in refused


@pytest.mark.parametrize("after", [keep(31), Policies()], ids=["later", "never again"])
def test_erasing_less_is_not_asked_about(stack: Stack, after: Policies) -> None:
    stack.deploy(make_organization(policies=keep(30, RetentionAction.PERMANENTLY_DELETE)))
    stack.deploy(make_organization(policies=after))


def test_in_an_organization_that_begins_with_its_stack_there_is_nothing_to_lose(
    stack: Stack,
) -> None:
    policies = Policies(retention=keep(30).retention, access_control=(EVERYONE, NOBODY))
    stack.deploy(make_organization(policies=policies))

    assert "Organization" in stack.deployed


def test_in_an_organization_that_was_there_before_there_is(stack: Stack) -> None:
    kept = replace(FULL, on_removal=OnRemoval(domains=Removal.RETAIN))
    stack.deploy(kept)
    stack.destroy()
    stack.emulator.clock.advance(60)
    again = Stack(stack.emulator)
    again.agrees = False
    with pytest.raises(DeploymentFailedError, match="starts to erase"):
        again.deploy(replace(kept, policies=keep(30)))


def list_domains(stack: Stack) -> set[str]:
    answer: Any = stack.workmail.list_mail_domains(OrganizationId=stack.organization_id)
    return {each["DomainName"] for each in answer["MailDomains"]}


def test_a_domain_that_leaves_is_refused_by_the_organization_before_anything_is_written(
    stack: Stack,
) -> None:
    stack.deploy(make_organization(domains=(ACME, OLD)))
    reason = refuse(stack, make_organization(PEOPLE[0]))

    assert "domain old.example leaves: mail to any of its addresses bounces" in reason
    stack.deploy(make_organization(PEOPLE[0]), get_digest(reason))
    assert {"acme.awsapps.com", "acme.example"} == list_domains(stack)


def test_a_domain_that_stays_registered_leaves_the_spec_without_a_word(stack: Stack) -> None:
    words = OnRemoval(domains=Removal.RETAIN)
    stack.deploy(make_organization(domains=(ACME, OLD), on_removal=words))
    stack.deploy(make_organization(on_removal=words))

    assert {"acme.awsapps.com", "acme.example", "old.example"} == list_domains(stack)


def test_the_word_about_a_domain_is_the_one_that_was_deployed_with_it(stack: Stack) -> None:
    stack.deploy(make_organization(domains=(ACME, OLD)))
    late = make_organization(on_removal=OnRemoval(domains=Removal.RETAIN))

    assert "deploy on_removal.domains: retain first" in refuse(stack, late)


ZONE = HostedZone(hosted_zone_id="Z1", zone_name="acme.example")
ZONED = MailDomain(name="acme.example", default=True, dns=ZONE)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (ZONED, ACME, "the stack takes away the MX record of acme.example in hosted zone Z1"),
        (ACME, ZONED, "the stack writes the MX record of acme.example into hosted zone Z1"),
        (
            ZONED,
            replace(ZONED, dns=replace(ZONE, hosted_zone_id="Z2")),
            "the MX record of acme.example moves from hosted zone Z1 to Z2",
        ),
    ],
    ids=["taken away", "written", "moved"],
)
def test_the_mx_record_of_a_domain_is_refused_before_cloudformation_touches_it(
    stack: Stack, before: MailDomain, after: MailDomain, expected: str
) -> None:
    stack.deploy(make_organization(domains=(before,)))
    desired = make_organization(domains=(after,))
    reason = refuse(stack, desired)

    assert expected in reason
    stack.deploy(desired, get_digest(reason))
    stack.deploy(desired)


def test_the_first_deployment_writes_an_mx_record_without_a_word(stack: Stack) -> None:
    stack.deploy(make_organization(domains=(ZONED,)))

    assert "Organization" in stack.deployed


def test_a_rollback_brings_an_mx_record_back_without_a_word(stack: Stack) -> None:
    stack.deploy(make_organization(domains=(ZONED,)))
    failing = make_organization(make_group("sales", email="sales@not.registered"), domains=(ACME,))
    reason = refuse(stack, failing)
    with pytest.raises(DeploymentFailedError, match="group sales") as failed:
        stack.deploy(failing, get_digest(reason))

    assert not isinstance(failed.value, RollbackFailedError)


def test_a_template_that_does_not_say_which_records_it_writes_is_no_change(stack: Stack) -> None:
    """Of an earlier version of this package."""
    stack.deploy(make_organization(domains=(ZONED,)))
    del stack.deployed["Organization"].resource.properties["MxZones"]
    stack.agrees = False
    stack.deploy(make_organization(domains=(ZONED,)))


def test_a_new_domain_is_taken_back_without_a_word(stack: Stack) -> None:
    stack.deploy(make_organization())
    failing = make_group("sales", email="sales@not.registered")
    with pytest.raises(DeploymentFailedError, match="group sales"):
        stack.deploy(make_organization(failing, domains=(ACME, OLD)))

    assert {"acme.awsapps.com", "acme.example"} == list_domains(stack)


def test_no_word_helps_where_something_cannot_change(stack: Stack) -> None:
    stack.deploy(FULL)
    renamed = make_organization(replace(PEOPLE[0], name="other"), *PEOPLE[1:])
    reason = refuse(stack, renamed)

    assert "names cannot change in WorkMail" in reason
    assert find_digest(reason) is None
