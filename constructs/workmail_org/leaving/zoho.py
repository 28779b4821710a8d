"""Zoho Mail: accounts by CSV, everything else in its console.

Limits: zoho.com/mail/help/adminconsole/adding-users.html, in docs/leaving.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from workmail_org.leaving.model import Destination, Instruction, ItemKind, Move, Placement
from workmail_org.leaving.movers import place_stayers
from workmail_org.leaving.options import MoveOptions
from workmail_org.leaving.passwords import Side
from workmail_org.leaving.placing import Placing, Sheet, Table
from workmail_org.model.organization import Organization
from workmail_org.model.user import User

USERS_HEAD = ("Email address", "Password", "First name", "Last name", "Display name")
"""Our own: Zoho publishes no header of today, and maps columns to its fields when it imports
(help.zoho.com, Zoho Directory, "import users")."""

_ROWS = 200
"""In one import (adding-users)."""

_HELD = {"first_name": 2, "last_name": 3, "display_name": 4}

_TABLE: Table = {
    ItemKind.USER: (Placement.HAND, "create the account"),
    ItemKind.REMOTE_USER: (Placement.HAND, "create a contact"),
    ItemKind.GROUP: (Placement.HAND, "create a group as a distribution list"),
    ItemKind.RESOURCE: (
        Placement.HAND,
        "create it in the console: branch, building, floor, resource",
    ),
    ItemKind.ADDRESS: (Placement.HAND, "set it as the address"),
    ItemKind.ALIAS: (
        Placement.HAND,
        "add it as an alias; how many a user may have depends on the plan. Disabling e-mail "
        "hosting of a domain deletes all its aliases",
    ),
    ItemKind.FIELD: (Placement.HAND, "write it into the profile"),
    ItemKind.HIDDEN: (Placement.HAND, "hide it in the console"),
    ItemKind.QUOTA: (Placement.HAND, "the plan sets the quota"),
    ItemKind.IDENTITY: (Placement.LOST, "it belongs to IAM Identity Center"),
    ItemKind.PASSWORD: (
        Placement.HAND,
        "nobody can read the old one; give the new one to the user",
    ),
    ItemKind.MAIL: (
        Placement.HAND,
        "Zoho's one-click import for Amazon WorkMail moves it, and wants a temporary IAM user with "
        "AmazonWorkMailFullAccess; or by IMAP; or the export's .eml files by the EML wizard",
    ),
    ItemKind.CALENDAR: (Placement.HAND, "the one-click import moves it"),
    ItemKind.CONTENT: (
        Placement.HAND,
        "the one-click import moves contacts; tasks and notes each user writes down",
    ),
    ItemKind.MAILBOX_SETTINGS: (Placement.HAND, "each user sets them anew"),
    ItemKind.FOLDER_PERMISSIONS: (Placement.HAND, "each user shares folders anew"),
    ItemKind.MEMBER: (
        Placement.HAND,
        "import it inside the group; whoever is outside the organization gets an invitation",
    ),
    ItemKind.BOOKING: (Placement.HAND, "compare with the options of the resource in the console"),
    ItemKind.DELEGATE: (Placement.HAND, "name the person in the resource, as far as Zoho has it"),
    ItemKind.RIGHT: (
        Placement.HAND,
        "share or delegate the mailbox; a group cannot be given rights",
    ),
    ItemKind.DOMAIN: (
        Placement.HAND,
        "add and verify it in the console before any address; workmail-org leave dns writes its "
        "records",
    ),
    ItemKind.ACCESS_CONTROL: (Placement.HAND, "compare with the access policies of the console"),
    ItemKind.MOBILE_DEVICES: (Placement.HAND, "compare with the mobile policies of the console"),
    ItemKind.IMPERSONATION_ROLES: (Placement.HAND, "give the application an OAuth client of Zoho"),
    ItemKind.IMPERSONATION_ROLES_PART: (
        Placement.LOST,
        "no such limit of an application is known in Zoho",
    ),
    ItemKind.RETENTION: (Placement.HAND, "set a retention policy, if the plan has it"),
    ItemKind.RETENTION_PART: (Placement.HAND, "set a retention policy, if the plan has it"),
    ItemKind.AVAILABILITY: (Placement.LOST, "nothing like it is known in Zoho"),
    ItemKind.EMAIL_MONITORING: (
        Placement.LOST,
        "Zoho has logs of its own; what was logged stays in CloudWatch",
    ),
    ItemKind.INBOUND_DMARC_ENFORCED: (Placement.HAND, "set it in the spam settings of the console"),
    ItemKind.IDENTITY_CENTER: (Placement.HAND, "set up SAML in the console"),
}


def move(organization: Organization, options: MoveOptions) -> Move:
    """Write what Zoho takes, and say what becomes of everything else."""
    placing = Placing(organization)
    movers = place_stayers(placing)
    users = Sheet(placing, "secret/zoho-users", (USERS_HEAD,), _ROWS, is_secret=True)
    for user in organization.users:
        if movers.is_remote(user.reference):
            kinds = (ItemKind.ADDRESS, ItemKind.ALIAS, ItemKind.FIELD)
            placing.leave(placing.find(user.reference, *kinds), "write it into the contact")
        elif user.reference in movers:
            _add_user(placing, users, user, options)
    return Move(
        key=organization.key,
        destination=Destination.ZOHO,
        entries=placing.finish(_TABLE),
        files=users.render(),
        steps=tuple(_list_steps(users)),
        notes=tuple(placing.notes),
    )


def _add_user(placing: Placing, users: Sheet, user: User, options: MoveOptions) -> None:
    find, reference = placing.find, user.reference
    fields = {each.name: each for each in find(reference, ItemKind.FIELD) if each.name in _HELD}
    password = options.passwords.get(Side.DESTINATION, user.email)
    row = [user.email, password, "", "", ""]
    for name, column in _HELD.items():
        row[column] = fields[name].value if name in fields else ""
    items = (
        *find(reference, ItemKind.USER),
        *(each for each in find(reference, ItemKind.ADDRESS) if each.name == user.email),
        *fields.values(),
    )
    path = users.add(row, items)
    placing.put(find(reference, ItemKind.PASSWORD), path, "a new one; nobody can read the old one")


def _list_steps(users: Sheet) -> Iterator[Instruction]:
    yield Instruction(
        title="Domains",
        text="Add and verify every domain in the Zoho Mail console. Nothing else works before. "
        "`workmail-org leave dns` writes the records.",
    )
    if users.rows:
        yield Instruction(
            title="Accounts",
            text="Zoho Mail console, Users, Import: upload each `secret/zoho-users-NN.csv`, at "
            f"most {_ROWS} users at once. Zoho publishes no header of today: map the columns, or "
            "take the header of the sample there. With Zoho One users are added in Zoho "
            "Directory, not here.",
        )
    yield Instruction(
        title="Everything else",
        text="By hand, in the order of `ledger.csv`. A temporary catch-all address, before the MX "
        "record moves, catches what was forgotten.",
    )
