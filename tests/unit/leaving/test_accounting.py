"""Everything that an organization has is in a file, by hand or lost: nothing nowhere or twice.

And what is said to be in a file is in it, read back by something that did not write it.
"""

from __future__ import annotations

import csv
import io
import os
import shlex
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import count
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leavers import whole_organizations
from powershell import Step, read_steps
from workmail_org.leaving.counting import list_items
from workmail_org.leaving.model import Destination, Item, ItemKind, LedgerEntry, Placement
from workmail_org.leaving.moving import move
from workmail_org.leaving.options import MoveOptions, UserFormat
from workmail_org.leaving.passwords import PasswordBook
from workmail_org.leaving.quoting import protect_cell
from workmail_org.model.organization import Organization
from workmail_org.model.policies import (
    AccessControlRule,
    AuthenticationMode,
    Availability,
    Effect,
    EmailMonitoring,
    EwsAvailability,
    Folder,
    FolderRetention,
    IdentityCenter,
    ImpersonationRole,
    ImpersonationRule,
    ImpersonationType,
    MobileDeviceAccessRule,
    PersonalAccessTokens,
    Policies,
    RetentionAction,
    RetentionPolicy,
)
from workmail_org.model.user import PROFILE_FIELDS
from workmail_org.model.values import Kind

EVERYWHERE = [*Destination]

NOT_IN_WORKMAIL = {
    "key": "of the spec",
    "region": "where it is; not moved",
    "existing": "of the spec",
    "passwords": "of the spec: first passwords of new users",
    "on_removal": "of the tool",
    "safety": "of the tool",
    "adopt": "of the tool",
    "exclusive": "of the tool",
    "expect": "of the tool",
    "alarms": "of the tool",
    "exports": "of the tool",
    "drift": "of the tool",
}
"""Fields of an organization that nobody takes along, and why."""


def make_options(**fields_: Any) -> MoveOptions:
    """Return options whose passwords are counted, so that two moves are equal."""
    numbers = count()
    book = PasswordBook(make=lambda: f"Pw.{next(numbers)}-x")
    return MoveOptions(passwords=book, imap_host="imap.new.example", **fields_)


def expect_items(organization: Organization) -> Iterator[tuple[ItemKind, str, str]]:
    """List kind, owner and name of everything, by walking through the fields of the model."""
    for field in fields(organization):
        value: Any = getattr(organization, field.name)
        match field.name:
            case name if name in NOT_IN_WORKMAIL:
                continue
            case "users" | "groups" | "resources":
                for entity in value:
                    yield from _expect_entity(entity)
            case "permissions":
                for each in value:
                    for right in each.rights:
                        yield ItemKind.RIGHT, str(each.mailbox), f"{right} {each.grantee}"
            case "domains":
                yield from ((ItemKind.DOMAIN, "", each.name) for each in value)
            case "policies":
                yield from _expect_policies(value)
            case "tags":
                yield from ((ItemKind.TAG, "", f"{key} {value[key]}".strip()) for key in value)
            case "alias":
                yield ItemKind.SETTING, "", "web client https://acme.awsapps.com/mail"
                yield ItemKind.SETTING, "", "addresses at acme.awsapps.com"
                yield ItemKind.SETTING, "", "default domain acme.awsapps.com"
            case "directory":
                yield ItemKind.SETTING, "", f"directory {value.type}"
            case "kms_key_arn":
                yield from ([(ItemKind.SETTING, "", f"KMS key {value}")] if value else [])
            case "interoperability":
                name = "interoperability with Microsoft Exchange"
                yield from ([(ItemKind.SETTING, "", name)] if value else [])
            case name:
                pytest.fail(f"nobody accounts for the field {name} of an organization")


def _expect_entity(entity: Any) -> Iterator[tuple[ItemKind, str, str]]:
    owner = str(entity.reference)
    is_user = entity.reference.kind is Kind.USER
    for field in fields(entity):
        value: Any = getattr(entity, field.name)
        match field.name:
            case "name":
                kind = ItemKind(entity.reference.kind.value)
                remote = is_user and entity.role == "remote_user"
                suffix = f" {entity.type}" if hasattr(entity, "type") else ""
                yield ItemKind.REMOTE_USER if remote else kind, owner, owner + suffix
                if is_user and not remote:
                    contents = [each for each in ItemKind if each.value.endswith("a mailbox")]
                    yield from (
                        (each, owner, "") for each in contents if each is not ItemKind.RIGHT
                    )
                    yield ItemKind.PASSWORD, owner, ""
                if hasattr(entity, "type"):
                    yield ItemKind.MAIL, owner, ""
                    yield ItemKind.CALENDAR, owner, ""
            case "email":
                yield from ([(ItemKind.ADDRESS, owner, value)] if value else [])
            case "aliases":
                yield from ((ItemKind.ALIAS, owner, each) for each in value)
            case "hidden_from_global_address_list":
                yield from ([(ItemKind.HIDDEN, owner, "")] if value else [])
            case "members":
                yield from ((ItemKind.MEMBER, owner, str(each)) for each in value)
            case "delegates":
                yield from ((ItemKind.DELEGATE, owner, str(each)) for each in value)
            case "booking":
                for option in fields(value):
                    chosen = str(getattr(value, option.name)).lower()
                    yield ItemKind.BOOKING, owner, f"{option.name} {chosen}"
                yield ItemKind.BOOKING, owner, "subject, longest meeting and requests from outside"
            case "quota_megabytes":
                yield from ([(ItemKind.QUOTA, owner, f"{value} MB")] if value else [])
            case "identity_provider_user_id":
                yield from ([(ItemKind.IDENTITY, owner, value)] if value else [])
            case name if name in (*PROFILE_FIELDS, "description"):
                yield from ([(ItemKind.FIELD, owner, f"{name} {value}")] if value else [])
            case "role" | "type" | "enabled" | "adopt" | "exclusive":
                continue
            case name:
                pytest.fail(f"nobody accounts for the field {name} of {type(entity).__name__}")


def _expect_policies(policies: Policies) -> Iterator[tuple[ItemKind, str, str]]:
    kinds = {
        "access_control": ItemKind.ACCESS_CONTROL,
        "mobile_devices": ItemKind.MOBILE_DEVICES,
        "retention": ItemKind.RETENTION,
        "impersonation_roles": ItemKind.IMPERSONATION_ROLES,
        "availability": ItemKind.AVAILABILITY,
        "email_monitoring": ItemKind.EMAIL_MONITORING,
        "inbound_dmarc_enforced": ItemKind.INBOUND_DMARC_ENFORCED,
        "identity_center": ItemKind.IDENTITY_CENTER,
    }
    inner = {
        "impersonation_roles": (ItemKind.IMPERSONATION_ROLES_PART, "rules"),
        "retention": (ItemKind.RETENTION_PART, "folders"),
    }
    for field in fields(policies):
        value: Any = getattr(policies, field.name)
        held = cast("Iterable[Any]", value) if isinstance(value, tuple) else [value]
        for each in (each for each in held if each is not None):
            yield kinds[field.name], "", "*"
            if field.name in inner:
                kind, name = inner[field.name]
                yield from ((kind, "", "*") for _ in getattr(each, name))


def describe(item: Item) -> tuple[ItemKind, str, str]:
    """Say of an item what the model's own fields say; of rules only how many there are."""
    rules = {ItemKind[field.name.upper()] for field in fields(Policies)}
    rules |= {each for each in ItemKind if each.name.endswith("_PART")}
    name = f"{item.name} {item.value}".strip() if item.value else item.name
    return item.kind, item.owner, "*" if item.kind in rules else name


def test_the_ledger_has_what_every_policy_does() -> None:
    """Somebody sets the rules up anew from it: no field of a rule is left out."""
    organization = Organization(
        key="acme",
        region="eu-west-1",
        alias="acme",
        policies=Policies(
            access_control=(
                AccessControlRule(
                    name="office",
                    effect=Effect.DENY,
                    description="Office only",
                    actions=("imap", "smtp"),
                    not_ip_ranges=("10.0.0.0/8", "192.0.2.0/24"),
                    users=("ada",),
                ),
            ),
            mobile_devices=(
                MobileDeviceAccessRule(
                    name="old", effect=Effect.DENY, device_types=("iPhone", "iPad"),
                    not_operating_systems=("iOS 9",),
                ),
            ),
            availability=(
                Availability(
                    domain="other.example",
                    ews=EwsAvailability(
                        endpoint="https://mail.other.example/EWS/Exchange.asmx",
                        username="freebusy",
                        password_secret="availability",
                    ),
                ),
                Availability(domain="third.example", lambda_arn="arn:aws:lambda:x"),
            ),
            impersonation_roles=(
                ImpersonationRole(
                    name="crm",
                    type=ImpersonationType.READ_ONLY,
                    rules=(
                        ImpersonationRule(
                            key="staff", effect=Effect.ALLOW, not_target_users=("ceo",)
                        ),
                    ),
                ),
            ),
            retention=RetentionPolicy(
                name="year",
                folders=(
                    FolderRetention(folder=Folder.INBOX, action=RetentionAction.DELETE, days=365),
                ),
            ),
            identity_center=IdentityCenter(
                instance_arn="arn:aws:sso:x",
                authentication_mode=AuthenticationMode.IDENTITY_PROVIDER_ONLY,
                personal_access_tokens=PersonalAccessTokens(lifetime_days=30),
            ),
            email_monitoring=EmailMonitoring(retention_days=90),
            inbound_dmarc_enforced=True,
        ),
    )  # fmt: skip
    rules = {ItemKind[field.name.upper()] for field in fields(Policies)}
    rules |= {each for each in ItemKind if each.name.endswith("_PART")}
    found = {(i.kind, i.name, i.value) for i in list_items(organization) if i.kind in rules}

    assert {
        (
            ItemKind.ACCESS_CONTROL,
            "office",
            "effect deny; description Office only; actions imap, smtp; not ip ranges 10.0.0.0/8, "
            "192.0.2.0/24; users ada",
        ),
        (
            ItemKind.MOBILE_DEVICES,
            "old",
            "effect deny; device types iPhone, iPad; not operating systems iOS 9",
        ),
        (
            ItemKind.AVAILABILITY,
            "other.example",
            "ews (endpoint https://mail.other.example/EWS/Exchange.asmx; username freebusy; "
            "password secret availability)",
        ),
        (ItemKind.AVAILABILITY, "third.example", "lambda arn arn:aws:lambda:x"),
        (ItemKind.IMPERSONATION_ROLES, "crm", "type read_only"),
        (ItemKind.IMPERSONATION_ROLES_PART, "crm: staff", "effect allow; not target users ceo"),
        (ItemKind.RETENTION, "year", ""),
        (ItemKind.RETENTION_PART, "year: inbox", "action delete; days 365"),
        (
            ItemKind.IDENTITY_CENTER,
            "instance arn arn:aws:sso:x; authentication mode identity_provider_only; personal "
            "access tokens (status active; lifetime days 30)",
            "",
        ),
        (ItemKind.EMAIL_MONITORING, "retention days 90", ""),
        (ItemKind.INBOUND_DMARC_ENFORCED, "true", ""),
    } == found


@given(organization=whole_organizations())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_everything_that_the_model_can_hold_is_a_thing(organization: Organization) -> None:
    def normalize(each: tuple[ItemKind, str, str]) -> tuple[ItemKind, str, str]:
        return each[0], each[1], each[2].strip()

    expected = Counter(map(normalize, expect_items(organization)))
    seen = [each for each in list_items(organization) if each.kind is not ItemKind.UNSEEN]

    assert expected == Counter(normalize(describe(each)) for each in seen)


@pytest.mark.parametrize("destination", EVERYWHERE)
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_nothing_is_in_no_list_and_nothing_in_two(destination: Destination, data: Any) -> None:
    organization = data.draw(whole_organizations())
    moved = move(organization, destination, make_options())

    assert Counter(list_items(organization)) == Counter(each.item for each in moved.entries)
    assert sum(moved.count(each) for each in Placement) == len(moved.entries)
    paths = {file.path for file in moved.files}
    for entry in moved.entries:
        assert (entry.placement is Placement.FILE) == bool(entry.file)
        assert entry.file in {"", *paths}
        assert entry.note or entry.placement is Placement.FILE


@pytest.mark.parametrize("destination", EVERYWHERE)
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_what_is_said_to_be_in_a_file_is_in_it(destination: Destination, data: Any) -> None:
    organization = data.draw(whole_organizations())
    user_format = data.draw(st.sampled_from(UserFormat))
    moved = move(organization, destination, make_options(user_format=user_format))
    addresses = {str(e.reference): e.email for e in list_all(organization)}
    held = {file.path: read_file(file.path, file.data) for file in moved.files}

    for entry in moved.entries:
        if entry.placement is Placement.FILE:
            assert is_held(entry, held[entry.file], addresses), entry


def list_all(organization: Organization) -> Iterator[Any]:
    yield from (*organization.users, *organization.groups, *organization.resources)


@pytest.mark.parametrize("destination", EVERYWHERE)
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_two_moves_are_equal_byte_for_byte(destination: Destination, data: Any) -> None:
    organization = data.draw(whole_organizations())

    assert move(organization, destination, make_options()) == move(
        organization, destination, make_options()
    )


def read_file(path: str, data: bytes) -> Any:
    """Read a file as its importer does."""
    if path.endswith(".ps1"):
        assert data.startswith(b"\xef\xbb\xbf")
        return read_steps(data.decode("utf-8-sig"))
    if path.endswith("gam-batch.txt"):
        lines = data.decode().split("\n")
        return [split_gam(line) for line in lines if line.startswith("gam ")]
    if path.endswith("imapsync.txt"):
        return read_imapsync(data)
    assert not data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
    if rows[0] == ["version:v1.0"]:
        rows = rows[1:]
    assert {len(rows[0])} == {len(row) for row in rows}
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def split_gam(line: str) -> list[str]:
    """Split a line as GAM7 does (`shlexSplitListStatus` with blanks)."""
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace = " "
    lexer.whitespace_split = True
    return list(lexer)


FIELDS = "h1 u1 p1 h2 u2 p2 extra fake"
SHOWN = " ".join(f'"${name}"' for name in FIELDS.split())
LOOP = f"while IFS=';' read {FIELDS}; do printf '%s\\0' {SHOWN}; done"
"""As examples/sync_loop_unix.sh of imapsync reads its list."""


def read_imapsync(data: bytes) -> list[list[str]]:
    """Read a list with imapsync's loop, in bash itself."""
    run = subprocess.run(  # noqa: S603 - our own loop
        ["bash", "-c", LOOP],  # noqa: S607 - whichever bash there is
        input=data,
        capture_output=True,
        check=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )
    words = run.stdout.decode().split("\0")[:-1]
    rows = [words[at : at + 8] for at in range(0, len(words), 8)]
    assert rows[0][0] == "# host1"
    assert all(row[6:] == ["", ""] for row in rows[1:])
    return rows[1:]


ENTRA = {
    "display_name": "Name [displayName] Required",
    "first_name": "First name [givenName]",
    "last_name": "Last name [surname]",
    "job_title": "Job title [jobTitle]",
    "department": "Department [department]",
    "street": "Street address [streetAddress]",
    "country": "Country or region [country]",
    "office": "Office [physicalDeliveryOfficeName]",
    "city": "City [city]",
    "zip_code": "ZIP or postal code [postalCode]",
    "telephone": "Office phone [telephoneNumber]",
}
ADMIN_CENTER = {
    "display_name": "Display Name",
    "first_name": "First Name",
    "last_name": "Last Name",
    "job_title": "Job Title",
    "department": "Department",
    "street": "Address",
    "country": "Country or Region",
    "office": "Office Number",
    "city": "City",
    "zip_code": "ZIP or Postal Code",
    "telephone": "Office Phone",
}
GOOGLE = {
    "first_name": "First Name [Required]",
    "last_name": "Last Name [Required]",
    "job_title": "Employee Title",
    "department": "Department",
    "telephone": "Work Phone",
}
ZOHO = {
    "first_name": "First name",
    "last_name": "Last name",
    "display_name": "Display name",
}
KEYS = {
    "User name [userPrincipalName] Required": ENTRA,
    "User Name": ADMIN_CENTER,
    "Email Address [Required]": GOOGLE,
    "Email address": ZOHO,
    "EmailAddress": {},
}
PASSWORDS = {
    "Initial password [passwordProfile] Required",
    "Password [Required]",
    "Password",
}


def is_held(entry: LedgerEntry, held: Any, addresses: dict[str, str]) -> bool:
    """Return whether a file, as it was read, has an item."""
    if entry.file.endswith(".ps1"):
        return is_in_script(entry.item, held, addresses)
    if entry.file.endswith("gam-batch.txt"):
        return is_in_batch(entry.item, held, addresses)
    address = addresses[entry.item.owner]
    if entry.file.endswith("imapsync.txt"):
        (row,) = [row for row in held if row[1] == address]
        hosts = row[0], row[3]
        return hosts == ("imap.mail.eu-west-1.awsapps.com", "imap.new.example") and all(row[:6])
    return is_in_table(entry.item, held, address)


def is_in_table(item: Item, rows: list[dict[str, str]], address: str) -> bool:
    key = next(key for key in KEYS if key in rows[0])
    (row,) = [row for row in rows if row[key] == address]
    match item.kind:
        case ItemKind.USER:
            return True
        case ItemKind.ADDRESS:
            return row[key] == item.name
        case ItemKind.PASSWORD:
            return any(row.get(each) for each in PASSWORDS)
        case ItemKind.MAIL:
            return row["UserName"] == address and bool(row["Password"])
        case ItemKind.FIELD if key == "Email Address [Required]" and item.name == "display_name":
            return f"{row['First Name [Required]']} {row['Last Name [Required]']}" == item.value
        case ItemKind.FIELD if key == "Email Address [Required]" and item.name not in GOOGLE:
            return item.value in row["Work Address"]
        case ItemKind.FIELD:
            return row[KEYS[key][item.name]] == item.value
        case _:
            return False


def is_in_script(item: Item, steps: list[Step], addresses: dict[str, str]) -> bool:
    address = addresses[item.owner]
    named = item.value if item.kind is ItemKind.RIGHT else item.name
    other = addresses.get(named, "")

    def has(cmdlets: str, **parameters: str) -> bool:
        return any(
            step.cmdlet in cmdlets.split()
            and all(value in step.get(name) for name, value in parameters.items())
            for step in steps
        )

    match item.kind:
        case ItemKind.REMOTE_USER:
            return has("New-MailContact", ExternalEmailAddress=address)
        case ItemKind.GROUP:
            name = item.name.removeprefix("group:")
            outside = {"RequireSenderAuthenticationEnabled": "$false"}
            return has(
                "New-DistributionGroup", PrimarySmtpAddress=address, DisplayName=name, **outside
            )
        case ItemKind.RESOURCE:
            kind = f"-{item.value.title()}"
            made = [each for each in steps if address in each.get("PrimarySmtpAddress")]
            return any(kind in [token.value for token in each.command] for each in made)
        case ItemKind.ADDRESS:
            new = "New-DistributionGroup New-Mailbox"
            return has(new, PrimarySmtpAddress=item.name) or has(
                "New-MailContact", ExternalEmailAddress=item.name
            )
        case ItemKind.ALIAS:
            setters = "Set-Mailbox Set-DistributionGroup"
            return has(setters, Identity=address, EmailAddresses=f"smtp:{item.name}")
        case ItemKind.FIELD if item.name == "display_name":
            return has("New-MailContact", DisplayName=item.value)
        case ItemKind.FIELD:
            return has("Set-User", Identity=address, **{item.name.title(): item.value})
        case ItemKind.HIDDEN:
            setters = "Set-Mailbox Set-DistributionGroup Set-MailContact"
            return has(setters, Identity=address, HiddenFromAddressListsEnabled="$true")
        case ItemKind.MEMBER:
            return has("Add-DistributionGroupMember", Identity=address, Member=other)
        case ItemKind.BOOKING:
            parameter, is_turned = {
                "auto_accept": ("AllBookInPolicy", False),
                "decline_recurring": ("AllowRecurringMeetings", True),
                "decline_conflicts": ("AllowConflicts", True),
            }[item.name]
            value = "$true" if (item.value == "true") != is_turned else "$false"
            window = {"BookingWindowInDays": "1080", "AutomateProcessing": "AutoAccept"}
            return has("Set-CalendarProcessing", Identity=address, **window, **{parameter: value})
        case ItemKind.DELEGATE:
            return has("Set-CalendarProcessing", Identity=address, ResourceDelegates=other)
        case ItemKind.RIGHT if item.name == "full_access":
            mapping = {"AutoMapping": "$false", "AccessRights": "FullAccess"}
            return has("Add-MailboxPermission", Identity=address, User=other, **mapping)
        case ItemKind.RIGHT if item.name == "send_as":
            return has("Add-RecipientPermission", Identity=address, Trustee=other)
        case ItemKind.RIGHT:
            setters = "Set-Mailbox Set-DistributionGroup"
            return has(setters, Identity=address, GrantSendOnBehalfTo=other)
        case _:
            return False


def is_in_batch(item: Item, lines: list[list[str]], addresses: dict[str, str]) -> bool:
    address = addresses[item.owner]
    named = item.value if item.kind is ItemKind.RIGHT else item.name
    other = addresses.get(named, "")

    def has(*words: str) -> bool:
        return any(
            any(line[at : at + len(words)] == [*words] for at in range(len(line))) for line in lines
        )

    def find(*words: str) -> list[str]:
        return next((line for line in lines if line[1 : 1 + len(words)] == [*words]), list[str]())

    match item.kind:
        case ItemKind.GROUP:
            line = find("create", "group", address)
            name = item.name.removeprefix("group:")
            return line[4:6] == ["name", name] and "anyone_can_post" in line
        case ItemKind.ADDRESS:
            return bool(find("create", "group", item.name))
        case ItemKind.ALIAS:
            return has("create", "alias", item.name, "user", address) or has(
                "create", "alias", item.name, "group", address
            )
        case ItemKind.HIDDEN if item.owner.startswith("group:"):
            return find("create", "group", address)[-2:] == ["includeinglobaladdresslist", "false"]
        case ItemKind.HIDDEN:
            return has("update", "user", address, "gal", "off")
        case ItemKind.MEMBER:
            return has("update", "group", address, "add", "member", other)
        case ItemKind.FIELD if item.name == "display_name":
            return has("update", "user", address, "displayname", item.value)
        case ItemKind.RESOURCE | ItemKind.BOOKING | ItemKind.FIELD | ItemKind.DELEGATE:
            name = item.owner.removeprefix("resource:")
            (line,) = [
                line for line in lines if line[1:3] == ["create", "resource"] and line[4] == name
            ]
            return {
                ItemKind.RESOURCE: lambda: (
                    line[6] == {"room": "conference_room", "equipment": "other"}[item.value]
                ),
                ItemKind.BOOKING: lambda: line[-2:] == ["autoacceptinvitations", item.value],
                ItemKind.FIELD: lambda: line[line.index("description") + 1] == item.value,
                ItemKind.DELEGATE: lambda: any(
                    has("resource", line[3], "add", "acls", "writer", f"{kind}:{other}")
                    for kind in ("user", "group")
                ),
            }[item.kind]()
        case ItemKind.RIGHT if item.name == "full_access":
            return has("user", address, "add", "delegates", "convertalias", other)
        case ItemKind.RIGHT:
            return has("user", other, "add", "sendas", address)
        case _:
            return False


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1", "'=1"),
        ("x;=1+1;y", "x;'=1+1;y"),
        ("x\t=1", "x\t'=1"),
        ("\uff1dcmd()", "'\uff1dcmd()"),
        ("a-b; c", "a-b; c"),
        ("\n=1", "'\n'=1"),
    ],
)
def test_no_cell_for_people_is_a_formula_wherever_a_spreadsheet_splits_it(
    text: str, shown: str
) -> None:
    assert shown == protect_cell(text)
