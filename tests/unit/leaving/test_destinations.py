"""What becomes of single cases at each destination, in exact words."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from scenes import ACME, at, make_group, make_organization, make_user
from transitions import permit
from workmail_org.leaving.model import Destination, ItemKind, LedgerEntry, Move, Placement
from workmail_org.leaving.moving import move
from workmail_org.leaving.options import MoveOptions
from workmail_org.leaving.passwords import PasswordBook, Side
from workmail_org.model.bookable import Bookable, BookableType, Booking
from workmail_org.model.organization import Organization
from workmail_org.model.permission import Right
from workmail_org.model.policies import (
    AuthenticationMode,
    IdentityCenter,
    MobileDeviceAccessRule,
    PersonalAccessTokens,
    Policies,
)
from workmail_org.model.policies import Effect as RuleEffect
from workmail_org.model.user import Role

MICROSOFT, GOOGLE, ZOHO, IMAPSYNC = Destination
TEST = "acme.awsapps.com"


def go(organization: Organization, to: Destination, **options: Any) -> Move:
    book = options.pop("passwords", PasswordBook(make=lambda: "Made-1.x"))
    return move(organization, to, MoveOptions(passwords=book, imap_host="i.example", **options))


def find(moved: Move, kind: ItemKind, owner: str = "", name: str = "") -> LedgerEntry:
    (entry,) = [
        each
        for each in moved.entries
        if (each.item.kind, each.item.owner) == (kind, owner) and name in ("", each.item.name)
    ]
    return entry


def read(moved: Move, path: str) -> str:
    (file,) = [file for file in moved.files if file.path == path]
    return file.data.decode("utf-8-sig")


@pytest.mark.parametrize("to", Destination)
def test_addresses_of_workmails_own_domain_are_lost(to: Destination) -> None:
    user = make_user("ann", aliases=(at("ann", TEST), at("a")))
    moved = go(make_organization(user), to)

    entry = find(moved, ItemKind.ALIAS, "ann", at("ann", TEST))
    assert (Placement.LOST, True) == (entry.placement, "cannot be forwarded" in entry.note)
    assert not [file.path for file in moved.files if TEST.encode() in file.data]


@pytest.mark.parametrize("to", Destination)
def test_who_has_no_address_to_take_along_is_left_to_a_person(to: Destination) -> None:
    user = make_user("ann", email=at("ann", TEST))
    moved = go(make_organization(user, make_group("desk", "ann")), to)

    assert Placement.LOST is find(moved, ItemKind.ADDRESS, "ann").placement
    assert Placement.HAND is find(moved, ItemKind.USER, "ann").placement
    member = find(moved, ItemKind.MEMBER, "group:desk", "ann")
    assert "ann does not move yet; add it once that is decided" == (member.note) or (
        to in (ZOHO, IMAPSYNC)
    )
    assert Placement.HAND is member.placement


@pytest.mark.parametrize("to", Destination)
def test_who_is_switched_off_is_exported_first(to: Destination) -> None:
    moved = go(make_organization(make_user("ann", enabled=False)), to)

    for each in moved.entries:
        if each.item.owner == "ann":
            assert Placement.HAND is each.placement
            assert "erased 30 days after that: export it before" in each.note
    assert () == moved.files


def test_a_remote_user_becomes_a_contact_and_a_member() -> None:
    remote = make_user("rita", email="rita@partner.example", role=Role.REMOTE_USER)
    own = make_user("otto", email=at("otto"), role=Role.REMOTE_USER)
    organization = make_organization(remote, own, make_group("desk", "rita"))
    moved = go(organization, MICROSOFT)

    assert Placement.FILE is find(moved, ItemKind.REMOTE_USER, "rita").placement
    assert Placement.FILE is find(moved, ItemKind.MEMBER, "group:desk").placement
    assert "" == find(moved, ItemKind.REMOTE_USER, "rita").note
    assert "internal relay" in find(moved, ItemKind.REMOTE_USER, "otto").note
    assert Placement.HAND is find(go(organization, GOOGLE), ItemKind.REMOTE_USER, "rita").placement


@pytest.mark.parametrize("to", Destination)
@pytest.mark.parametrize("email", ["rob@ACME.example", "rob@elsewhere.example"])
def test_a_remote_user_at_a_domain_that_moves_is_noted(to: Destination, email: str) -> None:
    """Nobody has the mailbox at the destination: mail bounces from step 3 on."""
    moved = go(make_organization(make_user("rob", role=Role.REMOTE_USER, email=email)), to)
    noted = [note for note in moved.notes if "rob has the mailbox of" in note]

    assert ("ACME" in email) == bool(noted)


def test_rights_with_a_remote_user_are_lost() -> None:
    users = make_user("ann"), make_user("rita", role=Role.REMOTE_USER)
    organization = make_organization(*users, permissions=(permit("ann", "rita", Right.SEND_AS),))

    for to in (MICROSOFT, GOOGLE):
        entry = find(go(organization, to), ItemKind.RIGHT, "ann")
        assert (Placement.LOST, True) == (entry.placement, "becomes a contact" in entry.note)


def test_groups_with_rights_are_security_groups_and_so_are_those_inside_them() -> None:
    groups = (
        make_group("top", "group:inner"),
        make_group("inner", "group:innermost"),
        make_group("innermost", "group:top"),  # a circle ends too
        make_group("other"),
    )
    organization = make_organization(
        make_user("ann"), *groups, permissions=(permit("ann", "group:top", Right.FULL_ACCESS),)
    )
    script = read(go(organization, MICROSOFT), "exchange.ps1")
    types = {
        name: next(
            line.partition(" -Type ")[2].split()[0]
            for line in script.splitlines()
            if f"New-DistributionGroup -Name '{name}'" in line
        )
        for name in ("top", "inner", "innermost", "other")
    }

    assert {
        "top": "Security",
        "inner": "Security",
        "innermost": "Security",
        "other": "Distribution",
    } == types


def test_google_takes_thirty_aliases_and_leaves_the_others() -> None:
    aliases = tuple(at(f"a{n:02}") for n in range(33))
    moved = go(make_organization(make_user("ann", aliases=aliases)), GOOGLE)
    placed = [each.placement for each in moved.entries if each.item.kind is ItemKind.ALIAS]

    assert [Placement.FILE] * 30 + [Placement.HAND] * 3 == placed
    assert 30 == read(moved, "gam-batch.txt").count("gam create alias")
    assert (
        Placement.FILE
        is find(
            go(make_organization(make_user("ann", aliases=aliases)), MICROSOFT),
            ItemKind.ALIAS,
            "ann",
            at("a32"),
        ).placement
    )


@pytest.mark.parametrize(("to", "limit", "column"), [(ZOHO, 200, 0), (MICROSOFT, 1000, 1)])
def test_the_ledger_names_the_very_file(to: Destination, limit: int, column: int) -> None:
    users = [make_user(f"u{n:04}") for n in range(limit + 2)]
    moved = go(make_organization(*users), to)
    held = {
        row[column]: file.path
        for file in moved.files
        if "users" in file.path
        for row in csv.reader(io.StringIO(file.data.decode()))
        if len(row) > column
    }

    for user in users:
        assert held[user.email] == find(moved, ItemKind.USER, user.name).file
    assert "-users-02.csv" in held[at(f"u{limit:04}")]
    assert "-users-01.csv" in held[at(f"u{limit - 1:04}")]


def test_a_field_that_is_too_long_is_left_to_a_person() -> None:
    user = make_user("ann", job_title="x" * 65, office="y" * 128, company="z" * 65)
    moved = go(make_organization(user), MICROSOFT)

    for name, limit in (("job_title", 64), ("company", 64)):
        entry = find(moved, ItemKind.FIELD, "ann", name)
        assert (Placement.HAND, True) == (
            entry.placement,
            f"Microsoft 365 takes {limit}:" in entry.note,
        )
    assert Placement.FILE is find(moved, ItemKind.FIELD, "ann", "office").placement


@pytest.mark.parametrize(
    "email",
    [
        "x" * 51 + "@acme.example",
        "a@" + "d" * 45 + ".example",
        "x" * 40 + "@" + "d" * 32 + ".example",
    ],
)
def test_a_user_name_that_is_too_long_for_microsoft_moves_nothing_of_the_user(email: str) -> None:
    organization = make_organization(
        make_user("ann", email=email, aliases=(at("a"),)), make_group("desk", "ann")
    )
    moved = go(organization, MICROSOFT)

    assert "too long for a user name" in find(moved, ItemKind.USER, "ann").note
    assert Placement.HAND is find(moved, ItemKind.MAIL, "ann").placement
    assert Placement.HAND is find(moved, ItemKind.MEMBER, "group:desk").placement
    assert ["exchange.ps1"] == [file.path for file in moved.files]
    assert Placement.FILE is find(go(organization, GOOGLE), ItemKind.USER, "ann").placement


def make_center(mode: AuthenticationMode) -> Policies:
    tokens = PersonalAccessTokens()
    center = IdentityCenter(
        instance_arn="arn:aws:sso:::instance/x",
        authentication_mode=mode,
        personal_access_tokens=tokens,
    )
    return Policies(identity_center=center)


@pytest.mark.parametrize("to", [MICROSOFT, IMAPSYNC])
def test_no_password_opens_a_mailbox_behind_identity_center_but_a_token_does(
    to: Destination,
) -> None:
    only = make_center(AuthenticationMode.IDENTITY_PROVIDER_ONLY)
    organization = make_organization(make_user("ann"), make_user("ben"), policies=only)
    book = PasswordBook(given={Side.WORKMAIL: {at("ben"): "token"}}, make=lambda: "Made-1.x")
    moved = go(organization, to, passwords=book)

    assert "personal access token" in find(moved, ItemKind.MAIL, "ann").note
    assert Placement.HAND is find(moved, ItemKind.MAIL, "ann").placement
    assert Placement.FILE is find(moved, ItemKind.MAIL, "ben").placement
    both = make_center(AuthenticationMode.IDENTITY_PROVIDER_AND_DIRECTORY)
    moved = go(make_organization(make_user("ann"), policies=both), to)
    assert Placement.FILE is find(moved, ItemKind.MAIL, "ann").placement
    assert ["try the login of one user by IMAP first"] == [
        note.rpartition("; ")[2] for note in moved.notes
    ]


@pytest.mark.parametrize(
    ("names", "first", "last", "is_guess"),
    [
        ({"first_name": "Ann", "last_name": "Ant", "display_name": "A. A."}, "Ann", "Ant", False),
        ({"display_name": "Ann Maria Ant"}, "Ann Maria", "Ant", True),
        ({"display_name": "Scanner"}, "Scanner", "Scanner", True),
        ({"display_name": None}, "ann", "ann", True),
        ({"display_name": "Ann Ant", "last_name": "Bee"}, "Ann", "Bee", True),
        ({"display_name": "x" * 70 + " Ant"}, "x" * 60, "Ant", True),
    ],
)
def test_google_gets_both_names_and_guesses_are_told(
    names: dict[str, Any], first: str, last: str, is_guess: bool
) -> None:
    moved = go(make_organization(make_user("ann", **names)), GOOGLE)
    (_, row) = csv.reader(io.StringIO(read(moved, "secret/google-users-01.csv")))

    assert [first, last] == row[:2]
    assert is_guess == any("guessed from" in note for note in moved.notes)


@pytest.mark.parametrize(
    ("display_name", "placement"),
    [("Ann Ant", Placement.FILE), ("Dr. A. Ant", Placement.FILE), ("A\nB", Placement.HAND)],
)
def test_google_shows_the_display_name(display_name: str, placement: Placement) -> None:
    user = make_user("ann", first_name="Ann", last_name="Ant", display_name=display_name)
    moved = go(make_organization(user), GOOGLE)
    entry = find(moved, ItemKind.FIELD, "ann", "display_name")
    command = "gam update user ann@acme.example displayname 'Dr. A. Ant'"

    assert placement is entry.placement
    assert (display_name == "Dr. A. Ant") == any(
        command.encode() in file.data for file in moved.files
    )


@pytest.mark.parametrize(
    ("booking", "expected"),
    [
        (
            Booking(),
            "-AllBookInPolicy $true -AllowRecurringMeetings $true -AllowConflicts $false "
            "-BookingWindowInDays 1080 }",
        ),
        (
            Booking(auto_accept=False, decline_recurring=True, decline_conflicts=False),
            "-AllBookInPolicy $false -AllRequestInPolicy $true -AllowRecurringMeetings $false "
            "-AllowConflicts $true -BookingWindowInDays 1080 }",
        ),
    ],
)
def test_a_room_answers_as_before(booking: Booking, expected: str) -> None:
    room = Bookable(name="room", type=BookableType.ROOM, email=at("room"), booking=booking)
    script = read(go(make_organization(resources=(room,)), MICROSOFT), "exchange.ps1")

    assert f"-AutomateProcessing AutoAccept {expected}" in script


def test_two_rules_of_one_name_are_two_entries() -> None:
    rule = MobileDeviceAccessRule(name="phones", effect=RuleEffect.ALLOW)
    moved = go(make_organization(policies=Policies(mobile_devices=(rule, rule))), ZOHO)
    rules = [e.item.value for e in moved.entries if e.item.kind is ItemKind.MOBILE_DEVICES]

    assert ["effect allow", "effect allow (2)"] == rules


def test_recipients_in_exchange_have_short_names_that_differ() -> None:
    long = "g" * 70
    groups = [make_group(f"{long}{n}", email=at(f"g{n}")) for n in range(3)]
    script = read(go(make_organization(*groups, domains=(ACME,)), MICROSOFT), "exchange.ps1")
    made = [line for line in script.splitlines() if "New-DistributionGroup" in line]
    names = [line.partition("-Name '")[2].partition("'")[0] for line in made]

    assert ["g" * 64, "g" * 62 + "-2", "g" * 62 + "-3"] == names


def test_usage_location_is_the_country_or_what_is_given() -> None:
    users = make_user("ann", country="IE"), make_user("ben", country="Ireland")
    for given, expected in ((None, ["IE", ""]), ("DE", ["DE", "DE"])):
        moved = go(make_organization(*users), MICROSOFT, usage_location=given)
        rows = list(csv.reader(io.StringIO(read(moved, "secret/entra-users-01.csv"))))[2:]

        assert expected == [row[8] for row in rows]
        assert ["IE", "Ireland"] == [row[11] for row in rows]


BREAK = (
    "it has a line break or another control character, which no line of a batch file can hold: "
    "write it by hand"
)
STRANGE = "has a character that no file can hold: write it by hand, without that character"


@pytest.mark.parametrize(
    ("to", "field", "value", "note"),
    [
        (GOOGLE, "first_name", "x" * 61, "it has 61 characters, and Google takes 60: the file has "
         "another one; look at it, and shorten it by hand"),
        (GOOGLE, "last_name", "x" * 70, "it has 70 characters, and Google takes 60: the file has "
         "another one; look at it, and shorten it by hand"),
        (GOOGLE, "display_name", "two\nlines", BREAK),
        (GOOGLE, "display_name", "nul\0byte", STRANGE),
        (GOOGLE, "company", "Acme", "Google's file has no column for it: write it by hand"),
        (MICROSOFT, "job_title", "x" * 65, "it has 65 characters, and Microsoft 365 takes 64: "
         "shorten it"),
        (MICROSOFT, "job_title", "half\ud800pair", STRANGE),
        (ZOHO, "display_name", "nul\0byte", STRANGE),
        (ZOHO, "company", "nul\0byte", STRANGE),
    ],
)  # fmt: skip
def test_a_field_that_is_left_to_a_person_has_the_right_reason(
    to: Destination, field: str, value: str, note: str
) -> None:
    fields: dict[str, Any] = {"first_name": "Ann", "last_name": "Bee", "display_name": "Ann Bee"}
    moved = go(make_organization(make_user("ann", **{**fields, field: value})), to)
    entry = find(moved, ItemKind.FIELD, "ann", field)

    assert (Placement.HAND, note) == (entry.placement, entry.note)


def test_a_description_with_a_line_break_is_left_with_the_right_reason() -> None:
    room = Bookable(
        name="room", type=BookableType.ROOM, email=at("room"), description="two\nlines",
        booking=Booking(),
    )  # fmt: skip
    moved = go(make_organization(make_user("ann"), resources=(room,)), GOOGLE)

    assert BREAK == find(moved, ItemKind.FIELD, "resource:room", "description").note


@pytest.mark.parametrize(
    ("to", "note"),
    [(GOOGLE, "write it into the shared contact"), (ZOHO, "write it into the contact")],
)
def test_what_is_of_a_contact_is_written_into_the_contact(to: Destination, note: str) -> None:
    contact = make_user("rem", role=Role.REMOTE_USER, email="rem@partner.example")
    moved = go(make_organization(contact), to)

    assert note == find(moved, ItemKind.ADDRESS, "rem").note
    assert note == find(moved, ItemKind.FIELD, "rem", "display_name").note


def test_where_a_calendar_is_is_told_at_any_service() -> None:
    moved = go(make_organization(make_user("ann")), IMAPSYNC)

    assert "the export has it as MIME" in find(moved, ItemKind.CALENDAR, "ann").note
    assert "each user exports contacts" in find(moved, ItemKind.CONTENT, "ann").note
