"""What a change means: its class, its sentence, the calls behind it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from scenes import ACME, at, make_group, make_organization, make_user
from transitions import FULL, POLICIES, SMALL, TRANSITIONS
from workmail_org.changes.consequences import Consequence
from workmail_org.kinds import list_rules
from workmail_org.model.domain import HostedZone, MailDomain, RecordGroup
from workmail_org.model.expectations import Access, Expectation
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.policies import (
    AccessControlRule,
    AuthenticationMode,
    Effect,
    Folder,
    FolderRetention,
    IdentityCenter,
    MobileDeviceAccessRule,
    PersonalAccessTokens,
    Policies,
    RetentionAction,
    RetentionPolicy,
)
from workmail_org.model.removal import OnRemoval, Removal, Safety
from workmail_org.model.user import Role
from workmail_org.model.values import OrganizationId
from workmail_org.plan.bases import make_base
from workmail_org.plan.model import Change, OrganizationPlan, Transition, Verdict
from workmail_org.plan.planning import Question, plan

TODAY = date(2026, 11, 22)


def make_plan(before: Organization | None, after: Organization) -> OrganizationPlan:
    base = Environment(name="test", organizations=(before,)) if before else None
    environment = Environment(name="test", organizations=(after,))
    question = Question(spec="spec.yaml", today=TODAY)
    return plan(environment, make_base("base", base), question).organizations[0]


def tell(before: Organization | None, after: Organization) -> list[tuple[str, str]]:
    """List rules and sentences of all changes."""
    return [(each.rule.name, each.sentence) for each in make_plan(before, after).changes]


@pytest.mark.parametrize(("before", "after"), TRANSITIONS.values(), ids=TRANSITIONS.keys())
def test_each_call_is_behind_exactly_one_change(
    before: Organization | None, after: Organization
) -> None:
    found = make_plan(before, after)
    behind = [call for change in found.changes for call in change.calls]

    assert Counter(found.calls) == Counter(behind)


@pytest.mark.parametrize(("before", "after"), TRANSITIONS.values(), ids=TRANSITIONS.keys())
def test_the_gravest_comes_first(before: Organization | None, after: Organization) -> None:
    severities = [change.consequence.severity for change in make_plan(before, after).changes]

    assert sorted(severities, reverse=True) == severities


@pytest.mark.parametrize(("before", "after"), TRANSITIONS.values(), ids=TRANSITIONS.keys())
def test_sentences_are_for_people(before: Organization | None, after: Organization) -> None:
    for change in make_plan(before, after).changes:
        assert "{" not in change.sentence
        assert "None" not in change.sentence
        assert not change.sentence.endswith(".")


def test_classes_are_in_the_order_of_their_severity() -> None:
    assert [
        "no effect on mail",
        "mail reaches more people",
        "sign-in changes",
        "mailbox kept, 30-day clock starts",
        "address stops or moves",
        "erases mail",
        "cannot be undone",
        "locks everyone out",
        "mail of a whole domain moves or stops",
    ] == [each.value for each in Consequence]


def test_every_rule_has_a_name_of_its_own_and_a_source() -> None:
    assert len(list_rules()) == len({rule.name for rule in list_rules()})
    assert all(rule.source and rule.reason for rule in list_rules())


def get(changes: tuple[Change, ...], rule: str) -> Change:
    (found,) = [change for change in changes if change.rule.name == rule]
    return found


ALICE, BOB = make_user("alice", display_name="Alice Liddell", aliases=(at("al"),)), make_user("bob")
PAIR = make_organization(ALICE, BOB)
DELETE = OnRemoval(users=Removal.DELETE)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(
            PAIR,
            make_organization(BOB),
            (
                "user-leaves",
                "Alice Liddell (alice) cannot sign in any more; the mailbox is kept for 30 days, "
                "then erased; mail to alice@acme.example and al@acme.example bounces",
            ),
            id="leaver",
        ),
        pytest.param(
            replace(PAIR, on_removal=DELETE),
            make_organization(BOB, on_removal=DELETE),
            (
                "user-deleted",
                "Alice Liddell (alice) is deleted, and the mailbox with it; mail to "
                "alice@acme.example and al@acme.example bounces",
            ),
            id="deleted",
        ),
        pytest.param(
            PAIR,
            make_organization(replace(ALICE, enabled=False), BOB),
            (
                "user-leaves",
                "Alice Liddell (alice) cannot sign in any more; the mailbox is kept for 30 days, "
                "then erased; mail to alice@acme.example and al@acme.example bounces",
            ),
            id="switched off",
        ),
        pytest.param(
            make_organization(replace(ALICE, enabled=False), BOB),
            PAIR,
            (
                "user-returns",
                "Alice Liddell (alice) is switched on again: the mailbox as it was left, with the "
                "addresses alice@acme.example and al@acme.example",
            ),
            id="switched on",
        ),
        pytest.param(
            make_organization(ALICE),
            make_organization(ALICE, make_user("rita", role=Role.REMOTE_USER, email="r@x.example")),
            (
                "user-joins",
                "Rita is added to the address book with the address r@x.example; no mailbox",
            ),
            id="remote user",
        ),
        pytest.param(
            PAIR,
            make_organization(ALICE, replace(BOB, aliases=(at("b"),))),
            ("address-comes", "Bob is also reached at b@acme.example"),
            id="one more alias",
        ),
        pytest.param(
            PAIR,
            make_organization(replace(ALICE, aliases=()), BOB),
            ("address-leaves", "Alice Liddell (alice): mail to al@acme.example bounces"),
            id="one alias less",
        ),
        pytest.param(
            PAIR,
            make_organization(ALICE, replace(BOB, identity_provider_user_id="1234")),
            ("identity", "Bob: another user of IAM Identity Center signs in as this one"),
            id="somebody else signs in",
        ),
        pytest.param(
            PAIR,
            make_organization(ALICE, replace(BOB, quota_megabytes=1024)),
            ("quota-lowered", "the mailbox of Bob may hold only 1,024 MB instead of 51,200 MB"),
            id="a smaller mailbox",
        ),
        pytest.param(
            make_organization(ALICE, BOB, make_group("team", "alice")),
            make_organization(ALICE, BOB, make_group("team", "alice", "bob")),
            ("members-join", "Bob joins group team, with its mail and its permissions"),
            id="a member joins",
        ),
        pytest.param(
            make_organization(ALICE, BOB, make_group("team", "alice", "bob")),
            make_organization(ALICE, BOB, make_group("team", "alice")),
            ("members-leave", "Bob leaves group team: no more of its mail"),
            id="a member leaves",
        ),
        pytest.param(
            make_organization(ALICE, make_group("team", "alice")),
            make_organization(ALICE),
            ("group-leaves", "group team is removed; mail to team@acme.example bounces"),
            id="a group goes",
        ),
    ],
)
def test_people_are_told_of(
    before: Organization, after: Organization, expected: tuple[str, str]
) -> None:
    assert [expected] == tell(before, after)


def with_policies(**fields: Any) -> Organization:
    return replace(SMALL, policies=replace(POLICIES, **fields))


BASIC = replace(SMALL, policies=POLICIES)


def rule(name: str, effect: Effect = Effect.ALLOW, **fields: Any) -> AccessControlRule:
    return AccessControlRule(name=name, effect=effect, description=name, **fields)


EVERYONE = rule("default")


def center(mode: AuthenticationMode) -> IdentityCenter:
    return IdentityCenter(
        instance_arn="arn:aws:sso:::instance/ssoins-1",
        authentication_mode=mode,
        personal_access_tokens=PersonalAccessTokens(lifetime_days=90),
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(
            with_policies(access_control=(EVERYONE,)),
            with_policies(
                access_control=(EVERYONE, rule("no", Effect.DENY, actions=("imap", "smtp")))
            ),
            ("access", "everyone can no longer get in by IMAP or SMTP (new rule: no)"),
            id="a protocol goes",
        ),
        pytest.param(
            with_policies(access_control=(EVERYONE,)),
            with_policies(access_control=(EVERYONE, rule("no", Effect.DENY, users=("bob",)))),
            ("access", "Bob can no longer get in by any protocol (new rule: no)"),
            id="a person goes",
        ),
        pytest.param(
            with_policies(access_control=(EVERYONE,)),
            with_policies(
                access_control=(EVERYONE, rule("no", Effect.DENY, ip_ranges=("198.51.100.0/24",)))
            ),
            (
                "access",
                "everyone can no longer get in by any protocol from 198.51.100.0/24 (new rule: no)",
            ),
            id="a network goes",
        ),
        pytest.param(
            with_policies(access_control=(rule("default", actions=("ews",)),)),
            with_policies(access_control=(rule("default", actions=("ews", "imap")),)),
            ("access", "everyone can get in by IMAP now, from everywhere (changed rule: default)"),
            id="a protocol comes",
        ),
        pytest.param(
            with_policies(access_control=(EVERYONE,)),
            with_policies(access_control=(replace(EVERYONE, description="all"),)),
            ("access", "nobody gains or loses access (changed rule: default)"),
            id="a description",
        ),
        pytest.param(
            BASIC,
            with_policies(
                mobile_devices=(MobileDeviceAccessRule(name="phones", effect=Effect.DENY),)
            ),
            ("lockout", "no mobile device gets in any more (changed rule: phones)"),
            id="no device",
        ),
        pytest.param(
            BASIC,
            with_policies(inbound_dmarc_enforced=True),
            (
                "dmarc-enforced",
                "mail that fails its sender's DMARC policy is turned away or put aside",
            ),
            id="dmarc",
        ),
        pytest.param(
            BASIC,
            with_policies(identity_center=center(AuthenticationMode.IDENTITY_PROVIDER_ONLY)),
            (
                "passwords-end",
                "people sign in through IAM Identity Center alone; directory passwords end",
            ),
            id="passwords end",
        ),
        pytest.param(
            BASIC,
            with_policies(
                identity_center=center(AuthenticationMode.IDENTITY_PROVIDER_AND_DIRECTORY)
            ),
            (
                "sign-in",
                "people sign in through IAM Identity Center or with the directory's passwords; "
                "personal access tokens are good for 90 days",
            ),
            id="sign-in",
        ),
        pytest.param(
            BASIC,
            with_policies(retention=None),
            (
                "retention-keeps",
                "in every mailbox: inbox: everything is kept (until now what is older than 30 days "
                "is deleted)",
            ),
            id="nothing is erased any more",
        ),
    ],
)
def test_policies_are_told_of(
    before: Organization, after: Organization, expected: tuple[str, str]
) -> None:
    assert [expected] == tell(before, after)


ZONE = HostedZone(hosted_zone_id="Z1", zone_name="acme.example")
ZONED = replace(ACME, dns=ZONE)


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        (ZONED, ACME, "mx-leaves"),
        (ZONED, replace(ACME, dns=replace(ZONE, omit=(RecordGroup.MX,))), "mx-leaves"),
        (ZONED, replace(ACME, dns=replace(ZONE, hosted_zone_id="Z2")), "mx-moves"),
        (ZONED, replace(ACME, dns=replace(ZONE, adopt=True)), "mx-leaves"),
        (ZONED, replace(ACME, dns=replace(ZONE, omit=(RecordGroup.SPF,))), "dns-changes"),
        (ACME, ZONED, "mx-comes"),
        (ACME, replace(ACME, dns=replace(ZONE, omit=(RecordGroup.MX,))), "dns-changes"),
    ],
)
def test_dns_records_are_told_of(before: MailDomain, after: MailDomain, name: str) -> None:
    changes = make_plan(replace(SMALL, domains=(before,)), replace(SMALL, domains=(after,))).changes

    assert [name] == [change.rule.name for change in changes]
    assert all(call.startswith("Route 53: ") for call in changes[0].calls)


@pytest.mark.parametrize(
    ("after", "name", "sentence", "calls"),
    [
        (
            [ACME],
            "dns-stays",
            "the stack lets go of AUTODISCOVER, DKIM, DMARC, MX, OWNERSHIP and SPF of "
            "acme.example, which stay in the zone as they are",
            [],
        ),
        (
            [replace(ACME, dns=replace(ZONE, omit=(RecordGroup.MX,)))],
            "dns-stays",
            "the stack lets go of MX of acme.example, which stay in the zone as they are",
            [],
        ),
        (
            [],
            "dns-stays",
            "the stack lets go of AUTODISCOVER, DKIM, DMARC, MX, OWNERSHIP and SPF of "
            "acme.example, which stay in the zone as they are",
            [],
        ),
    ],
    ids=["to manual", "omitted", "the domain leaves"],
)
@pytest.mark.parametrize(
    "words",
    [
        {"on_removal": OnRemoval(domains=Removal.RETAIN)},
        {"existing": OrganizationId("m-00000000000000000000000000000000")},
    ],
    ids=["retain", "taken over"],
)
def test_records_of_a_domain_that_is_retained_stay_and_nobody_has_to_confirm_it(
    after: list[MailDomain], name: str, sentence: str, calls: list[str], words: dict[str, Any]
) -> None:
    before = replace(SMALL, domains=(ZONED,), **words)
    found = make_plan(before, replace(before, domains=tuple(after)))
    (change,) = [each for each in found.changes if each.kind == "DNS records"]

    assert (name, sentence, calls) == (change.rule.name, change.sentence, list(change.calls))
    assert {} == found.brakes


def test_records_that_move_to_another_zone_and_stay_in_the_former_one_begin_there() -> None:
    before = replace(SMALL, domains=(ZONED,), on_removal=OnRemoval(domains=Removal.RETAIN))
    moved = replace(ACME, dns=replace(ZONE, hosted_zone_id="Z2"))
    found = make_plan(before, replace(before, domains=(moved,)))
    ((brake,),) = found.brakes.values()

    assert ["mx-comes"] == [change.rule.name for change in found.changes]
    assert "writes the MX record of acme.example into hosted zone Z2" in brake.sentence
    assert not [call for call in found.changes[0].calls if "delete" in call]


def test_an_organization_that_begins_has_nobody_who_could_lose_anything() -> None:
    found = make_plan(None, FULL)

    assert (Transition.COMES, Verdict.CHANGES) == (found.transition, found.verdict)
    assert {Consequence.NONE} == {change.consequence for change in found.changes}


def test_the_cut_over_of_a_domain_is_the_highest_class_also_where_an_organization_begins() -> None:
    """Mail to it may go somewhere else today. CloudFormation replaces no record that is there."""
    zoned = replace(SMALL, domains=(ZONED,))
    changes = make_plan(None, zoned).changes

    assert ("mx-comes", max(Consequence, key=lambda each: each.severity)) == (
        changes[0].rule.name,
        changes[0].consequence,
    )
    assert {Consequence.NONE} == {change.consequence for change in changes[1:]}
    assert {} == make_plan(None, zoned).brakes


LATER = MailDomain(name="later.example", dns=HostedZone(hosted_zone_id="Z2", zone_name="example"))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([ZONED], [ACME], "takes away the MX record of acme.example in hosted zone Z1"),
        (
            [ZONED],
            [replace(ACME, dns=replace(ZONE, omit=(RecordGroup.MX,)))],
            "takes away the MX record of acme.example in hosted zone Z1",
        ),
        (
            [ZONED],
            [replace(ACME, dns=replace(ZONE, hosted_zone_id="Z2"))],
            "MX record of acme.example moves from hosted zone Z1 to Z2",
        ),
        ([ACME], [ZONED], "writes the MX record of acme.example into hosted zone Z1"),
        ([ACME], [ACME, LATER], "writes the MX record of later.example into hosted zone Z2"),
    ],
    ids=["to manual", "omitted", "another zone", "to a zone", "a new domain"],
)
def test_what_moves_the_mail_of_a_domain_is_confirmed(
    before: list[MailDomain], after: list[MailDomain], expected: str
) -> None:
    found = make_plan(replace(SMALL, domains=tuple(before)), replace(SMALL, domains=tuple(after)))

    assert Verdict.REFUSED is found.verdict
    ((brake,),) = found.brakes.values()
    assert ["acme/organization"] == list(found.brakes)
    assert expected in brake.sentence


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ZONED, replace(ACME, dns=replace(ZONE, omit=(RecordGroup.SPF, RecordGroup.DMARC)))),
        (ACME, replace(ACME, dns=replace(ZONE, omit=(RecordGroup.MX,)))),
        (ACME, replace(ACME, dns=replace(ZONE, adopt=True))),
    ],
    ids=["other records", "all but the MX", "adopted"],
)
def test_what_leaves_the_mail_of_a_domain_where_it_goes_needs_no_word(
    before: MailDomain, after: MailDomain
) -> None:
    found = make_plan(replace(SMALL, domains=(before,)), replace(SMALL, domains=(after,)))

    assert {} == found.brakes


def test_a_domain_that_leaves_with_its_record_is_confirmed_once() -> None:
    keeps = OnRemoval(domains=Removal.RETAIN)
    both = replace(SMALL, domains=(ACME, LATER))
    gone = make_plan(both, SMALL)
    kept = make_plan(replace(both, on_removal=keeps), replace(SMALL, on_removal=keeps))

    assert ["acme/domains/later.example"] == list(gone.brakes)
    assert [] == list(kept.brakes)  # the record stays


def test_policies_of_an_organization_that_begins_need_no_word() -> None:
    """Nor does its handler ask for one."""
    erasing = FolderRetention(
        folder=Folder.INBOX, action=RetentionAction.PERMANENTLY_DELETE, days=1
    )
    policies = Policies(
        access_control=(AccessControlRule(name="no", effect=Effect.DENY, description="nobody"),),
        retention=RetentionPolicy(name="short", folders=(erasing,)),
    )
    begins = replace(BASIC, policies=policies)

    assert {} == make_plan(None, begins).brakes
    assert {"acme/access-control", "acme/retention"} == set(
        make_plan(replace(BASIC, policies=Policies()), begins).brakes
    )


def test_removals_need_a_word() -> None:
    users = [make_user(f"u{number:02}") for number in range(20)]
    before, after = (make_organization(*each, safety=Safety()) for each in (users, users[3:]))
    found = make_plan(before, after)

    assert Verdict.REFUSED is found.verdict
    assert ["acme/users"] == list(found.brakes)
    assert ("u00", "u01", "u02") == found.brakes["acme/users"][0].names


def test_a_domain_that_leaves_needs_a_word() -> None:
    later = MailDomain(name="later.example")
    found = make_plan(replace(SMALL, domains=(ACME, later)), SMALL)

    assert ["acme/domains/later.example"] == list(found.brakes)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"alias": "other"}, "alias"),
        ({"kms_key_arn": "arn:aws:kms:eu-west-1:111122223333:key/1"}, "kms_key_arn"),
        ({"region": "us-east-1"}, "region"),
    ],
)
def test_what_cannot_change_is_refused(fields: dict[str, Any], word: str) -> None:
    found = make_plan(SMALL, replace(SMALL, **fields))

    assert Verdict.REFUSED is found.verdict
    assert () == found.changes
    assert found.refusals[0].startswith(f"{word} of an organization cannot change")


def test_policies_that_nobody_manages_any_more_are_noted() -> None:
    found = make_plan(BASIC, replace(BASIC, policies=Policies()))

    assert (
        "access-control rules are not managed any more: they stay as they are, whatever they say"
        in found.notes
    )


def test_rules_that_nobody_manages_any_more_go_on_deciding() -> None:
    deny = AccessControlRule(
        name="no-imap", effect=Effect.DENY, description="no IMAP", actions=("imap",)
    )
    allow = AccessControlRule(name="all", effect=Effect.ALLOW, description="everyone")
    imap = Access(action="imap", address="203.0.113.7", user="alice")
    web = Access(action="web_mail", address="203.0.113.7", user="alice")
    before = replace(BASIC, policies=Policies(access_control=(allow, deny)))
    expect = tuple(Expectation(effect=Effect.ALLOW, attempt=each) for each in (imap, web))
    found = make_plan(before, replace(BASIC, policies=Policies(), expect=expect))

    assert (
        'the spec expects that imap for "alice" from 203.0.113.7 is allowed; by the rules that it'
        ' no longer declares, which stay, it is denied: "no-imap"'
    ) == found.notes[-1]
    assert 2 == len(found.notes)
