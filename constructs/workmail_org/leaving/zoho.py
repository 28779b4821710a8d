"""Zoho Mail: accounts by CSV, everything else in its console.

Limits: zoho.com/mail/help/adminconsole/adding-users.html, in docs/leaving.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from workmail_org.leaving.model import Destination, Move, Outcome, Step, ThingKind
from workmail_org.leaving.movers import place_stayers
from workmail_org.leaving.options import Options
from workmail_org.leaving.passwords import Side
from workmail_org.leaving.placing import Placing, Sheet, Table
from workmail_org.leaving.quoting import is_writable
from workmail_org.model.organization import Organization
from workmail_org.model.user import User

USERS_HEAD = ("Email address", "Password", "First name", "Last name", "Display name")
"""Our own: Zoho publishes no header of today, and maps columns to its fields when it imports
(help.zoho.com, Zoho Directory, "import users")."""

_ROWS = 200
"""In one import (adding-users)."""

_HELD = {"first_name": 2, "last_name": 3, "display_name": 4}

_TABLE: Table = {
    ThingKind.USER: (Outcome.HAND, "create the account"),
    ThingKind.REMOTE_USER: (Outcome.HAND, "create a contact"),
    ThingKind.GROUP: (Outcome.HAND, "create a group as a distribution list"),
    ThingKind.RESOURCE: (
        Outcome.HAND,
        "create it in the console: branch, building, floor, resource",
    ),
    ThingKind.ADDRESS: (Outcome.HAND, "set it as the address"),
    ThingKind.ALIAS: (
        Outcome.HAND,
        "add it as an alias; how many a user may have depends on the plan. Disabling e-mail "
        "hosting of a domain deletes all its aliases",
    ),
    ThingKind.FIELD: (Outcome.HAND, "write it into the profile"),
    ThingKind.HIDDEN: (Outcome.HAND, "hide it in the console"),
    ThingKind.QUOTA: (Outcome.HAND, "the plan sets the quota"),
    ThingKind.IDENTITY: (Outcome.LOST, "it belongs to IAM Identity Center"),
    ThingKind.PASSWORD: (
        Outcome.HAND,
        "nobody can read the old one; give the new one to the user",
    ),
    ThingKind.MAIL: (
        Outcome.HAND,
        "Zoho's one-click import for Amazon WorkMail moves it, and wants a temporary IAM user with "
        "AmazonWorkMailFullAccess; or by IMAP; or the export's .eml files by the EML wizard",
    ),
    ThingKind.CALENDAR: (Outcome.HAND, "the one-click import moves it"),
    ThingKind.CONTENT: (
        Outcome.HAND,
        "the one-click import moves contacts; tasks and notes each user writes down",
    ),
    ThingKind.MAILBOX_SETTINGS: (Outcome.HAND, "each user sets them anew"),
    ThingKind.FOLDER_PERMISSIONS: (Outcome.HAND, "each user shares folders anew"),
    ThingKind.MEMBER: (
        Outcome.HAND,
        "import it inside the group; whoever is outside the organization gets an invitation",
    ),
    ThingKind.BOOKING: (Outcome.HAND, "compare with the options of the resource in the console"),
    ThingKind.DELEGATE: (Outcome.HAND, "name the person in the resource, as far as Zoho has it"),
    ThingKind.RIGHT: (
        Outcome.HAND,
        "share or delegate the mailbox; a group cannot be given rights",
    ),
    ThingKind.DOMAIN: (
        Outcome.HAND,
        "add and verify it in the console before any address; workmail-org leave dns writes its "
        "records",
    ),
    ThingKind.ACCESS_CONTROL: (Outcome.HAND, "compare with the access policies of the console"),
    ThingKind.MOBILE_DEVICES: (Outcome.HAND, "compare with the mobile policies of the console"),
    ThingKind.IMPERSONATION_ROLES: (Outcome.HAND, "give the application an OAuth client of Zoho"),
    ThingKind.IMPERSONATION_ROLES_PART: (
        Outcome.LOST,
        "no such limit of an application is known in Zoho",
    ),
    ThingKind.RETENTION: (Outcome.HAND, "set a retention policy, if the plan has it"),
    ThingKind.RETENTION_PART: (Outcome.HAND, "set a retention policy, if the plan has it"),
    ThingKind.AVAILABILITY: (Outcome.LOST, "nothing like it is known in Zoho"),
    ThingKind.EMAIL_MONITORING: (
        Outcome.LOST,
        "Zoho has logs of its own; what was logged stays in CloudWatch",
    ),
    ThingKind.INBOUND_DMARC_ENFORCED: (Outcome.HAND, "set it in the spam settings of the console"),
    ThingKind.IDENTITY_CENTER: (Outcome.HAND, "set up SAML in the console"),
    ThingKind.SETTING: (Outcome.LOST, "it ends with WorkMail"),
    ThingKind.TAG: (Outcome.LOST, "it is a tag in AWS"),
    ThingKind.UNSEEN: (Outcome.HAND, "look in the WorkMail console, and write down what is there"),
}


def move(organization: Organization, options: Options) -> Move:
    """Write what Zoho takes, and say what becomes of everything else."""
    placing = Placing(organization)
    movers = place_stayers(placing)
    users = Sheet(placing, "secret/zoho-users", (USERS_HEAD,), _ROWS, is_secret=True)
    for user in organization.users:
        if user.reference in movers and not movers.is_remote(user.reference):
            _add_user(placing, users, user, options)
    return Move(
        key=organization.key,
        destination=Destination.ZOHO,
        entries=placing.finish(_TABLE),
        files=users.render(),
        steps=tuple(_list_steps(users)),
        notes=tuple(placing.notes),
    )


def _add_user(placing: Placing, users: Sheet, user: User, options: Options) -> None:
    find, reference = placing.find, user.reference
    fields = {
        each.name: each
        for each in find(reference, ThingKind.FIELD)
        if each.name in _HELD and is_writable(each.value)
    }
    password = options.passwords.get(Side.DESTINATION, user.email)
    row = [user.email, password, "", "", ""]
    for name, column in _HELD.items():
        row[column] = fields[name].value if name in fields else ""
    things = (
        *find(reference, ThingKind.USER),
        *(each for each in find(reference, ThingKind.ADDRESS) if each.name == user.email),
        *fields.values(),
    )
    path = users.add(row, things)
    placing.put(find(reference, ThingKind.PASSWORD), path, "a new one; nobody can read the old one")


def _list_steps(users: Sheet) -> Iterator[Step]:
    yield Step(
        title="Domains",
        text="Add and verify every domain in the Zoho Mail console. Nothing else works before. "
        "`workmail-org leave dns` writes the records.",
    )
    if users.rows:
        yield Step(
            title="Accounts",
            text="Zoho Mail console, Users, Import: upload each `secret/zoho-users-NN.csv`, at "
            f"most {_ROWS} users at once. Zoho publishes no header of today: map the columns, or "
            "take the header of the sample there. With Zoho One users are added in Zoho "
            "Directory, not here.",
        )
    yield Step(
        title="Everything else",
        text="By hand, in the order of `ledger.csv`. A temporary catch-all address, before the MX "
        "record moves, catches what was forgotten.",
    )
