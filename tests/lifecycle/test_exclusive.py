"""Lists: what people add by hand stays and is reported, unless the spec says `exclusive`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from approving import plan_live
from cloudformation import DeploymentFailedError, Stack
from drifting import Hand, find_rows, look_live
from scenes import at, list_operations, make_group, make_organization, make_user
from workmail_emulator.faults import Fault
from workmail_org.drift.model import RowClass
from workmail_org.model.bookable import Bookable, BookableType
from workmail_org.model.organization import Organization
from workmail_org.model.permission import MailboxPermission, Right
from workmail_org.model.values import Kind, Listing, parse_reference
from workmail_org.rehearsal.comparing import compare

DECLARED = make_organization(
    *(make_user(name) for name in ("alice", "bob", "carol", "zoe")),
    make_group("sales", "alice"),
    resources=(
        Bookable(
            name="hall",
            type=BookableType.ROOM,
            email=at("hall"),
            delegates=(parse_reference("alice"),),
        ),
    ),
    permissions=(
        MailboxPermission(
            mailbox=parse_reference("alice"),
            grantee=parse_reference("bob"),
            rights=(Right.SEND_AS,),
        ),
    ),
)
EVERYTHING = (Listing.ALIASES, Listing.DELEGATES, Listing.MEMBERS, Listing.RIGHTS)

ADDED = {
    ("users", "alice", "aliases"): ["by-hand@acme.example"],
    ("groups", "sales", "members"): ["zoe"],
    ("resources", "hall", "delegates"): ["zoe"],
    ("permissions", "alice for bob"): ["full_access"],
}
"""What `add_by_hand` adds to declared lists."""

TAKEN_AWAY = {
    "DeleteAlias",
    "DisassociateDelegateFromResource",
    "DisassociateMemberFromGroup",
    "DeleteMailboxPermissions",
    "PutMailboxPermissions",
}


def make_exclusive(organization: Organization, *lists: Listing) -> Organization:
    """Say for every entity that lists are exclusive, as the spec of an organization does."""

    def say(entity: Any) -> Any:
        own = {
            Kind.USER: {Listing.ALIASES, Listing.RIGHTS},
            Kind.GROUP: {Listing.ALIASES, Listing.MEMBERS, Listing.RIGHTS},
            Kind.RESOURCE: {Listing.ALIASES, Listing.DELEGATES, Listing.RIGHTS},
        }[entity.reference.kind]
        return replace(entity, exclusive=tuple(each for each in lists if each in own))

    return replace(
        organization,
        users=tuple(map(say, organization.users)),
        groups=tuple(map(say, organization.groups)),
        resources=tuple(map(say, organization.resources)),
    )


def change_everybody(organization: Organization) -> Organization:
    """Change another field of whoever has a list, so that each is brought to the declaration."""
    alice, *others = organization.users
    (group,), (hall,) = organization.groups, organization.resources
    mailbox = parse_reference("alice")
    more = MailboxPermission(
        mailbox=mailbox, grantee=parse_reference("zoe"), rights=(Right.SEND_AS,)
    )
    return replace(
        organization,
        users=(replace(alice, city="Oxford"), *others),
        groups=(replace(group, hidden_from_global_address_list=True),),
        resources=(replace(hall, description="Great hall"),),
        permissions=(*organization.permissions, more),
    )


def add_by_hand(stack: Stack) -> None:
    client: Any = stack.workmail
    scope = {"OrganizationId": stack.organization_id}
    ids = {each["Name"]: each["Id"] for each in client.list_users(**scope)["Users"]}
    (sales,) = (e["Id"] for e in client.list_groups(**scope)["Groups"] if e["Name"] == "sales")
    (hall,) = (each["Id"] for each in client.list_resources(**scope)["Resources"])
    client.create_alias(**scope, EntityId=ids["alice"], Alias=at("by-hand"))
    client.associate_member_to_group(**scope, GroupId=sales, MemberId=ids["zoe"])
    client.associate_delegate_to_resource(**scope, ResourceId=hall, EntityId=ids["zoe"])
    for grantee, rights in (("bob", ["SEND_AS", "FULL_ACCESS"]), ("carol", ["FULL_ACCESS"])):
        client.put_mailbox_permissions(
            **scope,
            EntityId=ids["alice"],
            GranteeId=ids[grantee],
            PermissionValues=rights,
        )


def read_lists(stack: Stack) -> dict[str, list[str]]:
    live = look_live(stack)
    assert live is not None
    people = live.people
    rights = {
        f"rights of {each.grantee}": sorted(map(str, each.rights))
        for each in live.settings.permissions
    }
    return {
        "aliases": sorted(people.users["alice"].entity.aliases),
        "members": sorted(map(str, people.groups["sales"].entity.members)),
        "delegates": sorted(map(str, people.resources["hall"].entity.delegates)),
        **rights,
    }


KEPT = {
    "aliases": ["by-hand@acme.example"],
    "members": ["alice", "zoe"],
    "delegates": ["alice", "zoe"],
    "rights of bob": ["full_access", "send_as"],
    "rights of carol": ["full_access"],
}


@pytest.fixture
def added(stack: Stack) -> Stack:
    stack.deploy(DECLARED)
    add_by_hand(stack)
    stack.emulator.clear_calls()
    return stack


def test_what_people_added_stays_when_something_else_changes(added: Stack) -> None:
    changed = change_everybody(DECLARED)
    added.deploy(changed, approved=plan_live(added, DECLARED, changed).approval)

    assert {**KEPT, "rights of zoe": ["send_as"]} == read_lists(added)
    assert {"PutMailboxPermissions"} == TAKEN_AWAY & set(list_operations(added))
    assert () == compare(changed, look_live(added), DECLARED)


def test_what_people_added_goes_where_the_spec_says_that_nothing_else_may_be_there(
    added: Stack,
) -> None:
    exclusive = make_exclusive(DECLARED, *EVERYTHING)
    added.deploy(exclusive, approved=plan_live(added, DECLARED, exclusive).approval)

    assert {
        "aliases": [],
        "members": ["alice"],
        "delegates": ["alice"],
        "rights of bob": ["send_as"],
    } == read_lists(added)
    assert () == compare(exclusive, look_live(added), DECLARED)


@pytest.mark.parametrize("listing", EVERYTHING)
def test_one_list_can_be_exclusive_alone(added: Stack, listing: Listing) -> None:
    exclusive = make_exclusive(DECLARED, listing)
    added.deploy(exclusive)
    now = read_lists(added)

    changed = {key for key, value in KEPT.items() if now.get(key) != value}
    rights = {"rights of bob", "rights of carol"}
    assert (rights if listing is Listing.RIGHTS else {str(listing)}) == changed


def test_an_exclusive_list_is_brought_back_with_the_next_change(stack: Stack) -> None:
    exclusive = make_exclusive(DECLARED, *EVERYTHING)
    stack.deploy(exclusive)
    add_by_hand(stack)
    stack.deploy(change_everybody(exclusive))

    assert [["alice"], ["alice"], []] == [
        read_lists(stack)[key] for key in ("members", "delegates", "aliases")
    ]
    assert "rights of carol" not in read_lists(stack)


def test_a_right_that_leaves_the_spec_leaves_what_people_added_to_it(added: Stack) -> None:
    added.deploy(replace(DECLARED, permissions=()))

    assert ["full_access"] == read_lists(added)["rights of bob"]


def test_what_people_added_is_as_it_was_after_a_deployment_failed(added: Stack) -> None:
    added.emulator.faults.add(Fault(operation="UpdateResource", code="Final", status=400))
    with pytest.raises(DeploymentFailedError, match="Final"):
        added.deploy(change_everybody(make_exclusive(DECLARED, Listing.ALIASES, Listing.MEMBERS)))

    assert KEPT == read_lists(added)


def test_drift_names_what_people_added_and_says_how_to_declare_it(added: Stack) -> None:
    rows = {row.path: row for row in find_rows(added, DECLARED)}
    carol = rows.pop(("permissions", "alice for carol"))

    assert RowClass.UNMANAGED is carol.row_class
    assert {path: (RowClass.UNMANAGED, values) for path, values in ADDED.items()} == {
        path: (row.row_class, row.live) for path, row in rows.items()
    }
    assert {"groups": {"sales": {"members": ["alice", "zoe"]}}} == rows[
        "groups", "sales", "members"
    ].declaration
    assert {
        "permissions": [
            {"mailbox": "alice", "grantee": "bob", "rights": ["full_access", "send_as"]}
        ]
    } == rows["permissions", "alice for bob"].declaration


def test_in_an_exclusive_list_it_is_drift(added: Stack) -> None:
    exclusive = make_exclusive(DECLARED, *EVERYTHING)
    rows = {row.path: row.row_class for row in find_rows(added, exclusive)}
    pending = {row.path: row.row_class for row in find_rows(added, DECLARED, exclusive)}
    everything = [*ADDED, ("permissions", "alice for carol")]

    assert dict.fromkeys(everything, RowClass.DRIFT) == rows
    assert dict.fromkeys(everything, RowClass.PENDING) == pending


def test_who_could_not_be_taken_out_while_switched_off_goes_when_they_are_back(
    stack: Stack,
) -> None:
    """The stack made Bob a member; WorkMail takes nobody out who is switched off by hand."""
    with_bob = replace(DECLARED, groups=(make_group("sales", "alice", "bob"),))
    stack.deploy(with_bob)
    scope = {"OrganizationId": stack.organization_id}
    ids = {each["Name"]: each["Id"] for each in stack.workmail.list_users(**scope)["Users"]}
    stack.workmail.deregister_from_work_mail(**scope, EntityId=ids["bob"])
    stack.deploy(replace(DECLARED, permissions=()))
    stack.workmail.register_to_work_mail(**scope, EntityId=ids["bob"], Email=at("bob"))
    stack.workmail.associate_member_to_group(
        **scope,
        GroupId=next(
            each["Id"]
            for each in stack.workmail.list_groups(**scope)["Groups"]
            if each["Name"] == "sales"
        ),
        MemberId=ids["zoe"],
    )
    before = read_lists(stack)["members"]
    more = make_user("dan")
    stack.deploy(replace(DECLARED, users=(*DECLARED.users, more), permissions=()))

    assert ["alice", "bob", "zoe"] == before
    assert ["alice", "zoe"] == read_lists(stack)["members"]


@pytest.mark.parametrize("is_exclusive", [True, False])
def test_who_comes_back_to_an_exclusive_list_leaves_it_with_the_next_change(
    stack: Stack, *, is_exclusive: bool
) -> None:
    """Whoever is switched off is a member that nobody sees."""
    lists = EVERYTHING if is_exclusive else ()
    before = make_exclusive(DECLARED, *lists)
    stack.deploy(before)
    add_by_hand(stack)
    hand = Hand(stack)
    zoe = hand.find("zoe")
    hand.do("deregister_from_work_mail", EntityId=zoe)
    changed = make_exclusive(change_everybody(DECLARED), *lists)
    people = tuple(replace(each, enabled=each.name != "zoe") for each in changed.users)
    permissions = changed.permissions[:1]
    stack.deploy(replace(changed, users=people, permissions=permissions))
    hand.do("register_to_work_mail", EntityId=zoe, Email=at("zoe"))

    stack.deploy(
        replace(
            changed,
            permissions=permissions,
            groups=(
                *changed.groups,
                make_exclusive(make_organization(make_group("help")), *lists).groups[0],
            ),
        )
    )

    live = look_live(stack)
    assert live is not None
    members = [each.name for each in live.people.groups["sales"].entity.members]
    assert (["alice"] if is_exclusive else ["alice", "zoe"]) == members


@pytest.mark.parametrize("kind", ["group", "resource"])
def test_an_exclusive_list_that_people_switched_off_stays_off_when_somebody_joins(
    stack: Stack, kind: str
) -> None:
    """It has to be looked at, since whoever joins could be in it; its declaration stays."""
    club = make_group("club", "ann", exclusive=(Listing.MEMBERS,))
    den = Bookable(
        name="den", type=BookableType.ROOM, email=at("den"), exclusive=(Listing.DELEGATES,)
    )
    ann, ben = make_user("ann"), make_user("ben", enabled=False)
    before = make_organization(ann, ben, club, resources=(den,))
    stack.deploy(before)
    hand = Hand(stack)
    hand.do("deregister_from_work_mail", EntityId=hand.find({"group": "club"}.get(kind, "den")))
    after = replace(before, users=(ann, make_user("ben")))
    (planned,) = plan_live(stack, before, after).organizations
    stack.emulator.clear_calls()
    stack.deploy(after)

    assert ["RegisterToWorkMail"] == list_operations(stack)
    assert ["RegisterToWorkMail user ben"] == [call.partition(" {")[0] for call in planned.calls]
