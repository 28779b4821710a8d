"""What exists against what the spec says: nothing is overlooked, nothing is invented."""

from __future__ import annotations

from dataclasses import replace

from workmail_org.model.directory import Directory, DirectoryType
from workmail_org.model.domain import MailDomain
from workmail_org.model.group import Group
from workmail_org.model.live import (
    Found,
    LiveDomain,
    LiveOrganization,
    People,
    Snapshot,
    State,
)
from workmail_org.model.organization import Organization
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.user import User
from workmail_org.model.values import EntityId, Listing, OrganizationId, fold, parse_reference
from workmail_org.rehearsal.comparing import compare

ALICE = User(
    name="alice",
    display_name="Alice Liddell",
    email="alice@acme.example",
    aliases=("al@acme.example",),
)
SALES = Group(name="sales", email="sales@acme.example", members=(parse_reference("alice"),))
DESIRED = Organization(
    key="acme-eu",
    region="eu-west-1",
    alias="acme-eu",
    domains=(MailDomain(name="acme.example", default=True, verified=True),),
    users=(ALICE,),
    groups=(SALES,),
)


def make_live(
    users: tuple[User, ...] = (ALICE,),
    groups: tuple[Group, ...] = (SALES,),
    ownership: str = "VERIFIED",
    tags: dict[str, str] | None = None,
) -> Snapshot:
    """Make what WorkMail would have after a perfect deployment, but for the arguments."""
    domains = (
        make_domain("acme-eu.awsapps.com", "VERIFIED"),
        make_domain("acme.example", ownership, is_default=True),
    )
    return Snapshot(
        region="eu-west-1",
        organization=LiveOrganization(
            id=OrganizationId("m-0123456789abcdef0123456789abcdef"),
            alias="acme-eu",
            state=State.ACTIVE,
            directory_type="VpcDirectory",
            directory_id="d-1234567890",
            tags=tags or {},
        ),
        domains={each.name: each for each in domains},
        people=People(
            users={fold(u.name): Found(id=EntityId(f"id-{u.name}"), entity=u) for u in users},
            groups={fold(g.name): Found(id=EntityId(f"id-{g.name}"), entity=g) for g in groups},
        ),
    )


def make_domain(name: str, ownership: str, *, is_default: bool = False) -> LiveDomain:
    return LiveDomain(
        name=name,
        is_default=is_default,
        is_test_domain=name.endswith(".awsapps.com"),
        ownership=ownership,
        dkim=ownership,
        records=(),
    )


def list_differences(
    desired: Organization, live: Snapshot | None, previous: Organization | None = None
) -> list[str]:
    return [str(difference) for difference in compare(desired, live, previous)]


def test_a_perfect_deployment_does_not_differ() -> None:
    assert list_differences(DESIRED, make_live()) == []


def test_a_missing_organization_is_one_difference() -> None:
    expected = ['acme-eu: alias: the spec says "acme-eu", WorkMail has nothing']

    assert expected == list_differences(DESIRED, None)


def test_every_field_of_a_user_is_compared() -> None:
    live = make_live(users=(replace(ALICE, display_name="Al", email="a@acme.example"),))

    expected = [
        'acme-eu: users.alice.display_name: the spec says "Alice Liddell", WorkMail has "Al"',
        "acme-eu: users.alice.email: the spec says"
        ' "alice@acme.example", WorkMail has "a@acme.example"',
    ]
    assert expected == list_differences(DESIRED, live)


def test_addresses_and_names_compare_without_case() -> None:
    live = make_live(
        users=(
            replace(ALICE, name="Alice", email="Alice@acme.example", aliases=("AL@acme.example",)),
        )
    )

    assert list_differences(DESIRED, live) == []


def test_an_address_that_workmail_adds_by_itself_is_no_difference() -> None:
    aliases = ("al@acme.example", "alice@acme-eu.awsapps.com")

    assert list_differences(DESIRED, make_live(users=(replace(ALICE, aliases=aliases),))) == []


def test_an_alias_too_many_is_a_difference_where_the_list_is_exclusive() -> None:
    aliases = ("al@acme.example", "old@acme.example")
    live = make_live(users=(replace(ALICE, aliases=aliases),))
    exclusive = replace(DESIRED, users=(replace(ALICE, exclusive=(Listing.ALIASES,)),))

    expected = [
        'acme-eu: users.alice.aliases: the spec says ["al@acme.example"],'
        ' WorkMail has ["al@acme.example", "old@acme.example"]'
    ]
    assert [] == list_differences(DESIRED, live)
    assert expected == list_differences(exclusive, live)


def test_a_quota_that_the_spec_does_not_give_is_not_compared() -> None:
    live = make_live(users=(replace(ALICE, quota_megabytes=51200),))

    assert list_differences(DESIRED, live) == []


def test_a_disabled_user_is_left_out_of_its_groups() -> None:
    desired = replace(DESIRED, users=(replace(ALICE, enabled=False),))
    live = make_live(
        users=(replace(ALICE, enabled=False, email="", aliases=()),),
        groups=(replace(SALES, members=()),),
    )

    assert list_differences(desired, live) == []


def test_a_domain_that_should_be_usable_is_verified() -> None:
    expected = [
        'acme-eu: domains["acme.example"]: the spec says "VERIFIED", WorkMail has "PENDING"'
    ]

    assert expected == list_differences(DESIRED, make_live(ownership="PENDING"))


def test_a_tag_of_somebody_else_is_no_difference() -> None:
    assert list_differences(DESIRED, make_live(tags={"cost-centre": "7"})) == []


def test_what_left_the_spec_is_as_on_removal_says() -> None:
    bob = User(name="bob", display_name="Bob", email="bob@acme.example")
    previous = replace(DESIRED, users=(ALICE, bob))
    live = make_live(users=(ALICE, bob))
    deleting = replace(DESIRED, on_removal=OnRemoval(users=Removal.DELETE))
    retaining = replace(DESIRED, on_removal=OnRemoval(users=Removal.RETAIN))

    assert list_differences(DESIRED, live, previous) == [
        "acme-eu: users.bob.enabled: the spec says false, WorkMail has true"
    ]
    assert list_differences(deleting, live, previous) == [
        'acme-eu: users.bob: the spec says nothing, WorkMail has "present"'
    ]
    assert list_differences(retaining, live, previous) == []


def test_what_was_never_in_a_spec_is_no_difference() -> None:
    mallory = User(name="by-hand", display_name="By Hand", email="hand@acme.example")

    assert list_differences(DESIRED, make_live(users=(ALICE, mallory)), DESIRED) == []


def test_what_an_ad_connector_s_directory_keeps_is_not_compared() -> None:
    desired = replace(DESIRED, directory=Directory(type=DirectoryType.AD_CONNECTOR))
    hidden = replace(ALICE, display_name="Alice L.", hidden_from_global_address_list=True)
    alone = replace(SALES, members=(), hidden_from_global_address_list=True)

    differences = compare(desired, make_live(users=(hidden,), groups=(alone,)))

    assert ["directory"] == [each.path for each in differences]  # which is not looked at here
