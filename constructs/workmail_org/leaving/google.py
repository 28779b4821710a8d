"""Google Workspace: accounts by CSV, everything else by commands of GAM7.

Formats and limits: support.google.com/a (answers 40057, 9053626, 7223765) and the wiki of
GAM-team/GAM at e54877b, in docs/leaving.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from workmail_org.leaving.counting import BOOKING_HABITS
from workmail_org.leaving.model import (
    Destination,
    File,
    Instruction,
    Item,
    ItemKind,
    Move,
    Placement,
)
from workmail_org.leaving.movers import Movers, get_named, place_stayers
from workmail_org.leaving.options import MoveOptions
from workmail_org.leaving.passwords import Side
from workmail_org.leaving.placing import CommandFile, Placing, Sheet, Table
from workmail_org.leaving.quoting import has_line_break, is_writable, quote_gam
from workmail_org.model.bookable import Bookable, BookableType
from workmail_org.model.group import Group
from workmail_org.model.organization import Organization
from workmail_org.model.permission import Right
from workmail_org.model.user import User
from workmail_org.model.values import Kind, Reference

USERS_HEAD = (
    "First Name [Required]",
    "Last Name [Required]",
    "Email Address [Required]",
    "Password [Required]",
    "Password Hash Function [UPLOAD ONLY]",
    "Org Unit Path [Required]",
    "New Primary Email [UPLOAD ONLY]",
    "Recovery Email",
    "Home Secondary Email",
    "Work Secondary Email",
    "Recovery Phone [MUST BE IN THE E.164 FORMAT]",
    "Work Phone",
    "Home Phone",
    "Mobile Phone",
    "Work Address",
    "Home Address",
    "Employee ID",
    "Employee Type",
    "Employee Title",
    "Manager Email",
    "Department",
    "Cost Center",
    "Building ID",
    "Floor Name",
    "Floor Section",
    "Change Password at Next Sign-In",
    "New Status [UPLOAD ONLY]",
    "New Licenses [UPLOAD ONLY]",
    "Advanced Protection Program enrollment",
)
"""Admin console, *Bulk update users* (support.google.com/a/answer/40057)."""

_ROWS = 150_000
"""Without licences in the file; 200 with (answer 40057). This file has none."""

_BUSINESS_USERS = 300
"""Of a Business edition at most (answer 40057)."""

_LONGEST_NAME = 60
"""Characters of a first and of a last name (answer 40057)."""

_ALIASES = 30
"""Of one user (developers.google.com/workspace/admin/directory, manage-user-aliases)."""

_WAIT_SECONDS = 45
"""Between a group's creation and its first member (GAM wiki, Groups: 30 to 45)."""

_ADDRESS_FIELDS = ("street", "zip_code", "city", "country")

_NO_COMMAND = (
    "has a line break or another control character, which no line of a batch file can hold: write "
    "it by hand"
)

_CONTACT = "write it into the shared contact"

_MAIL = (
    "the data migration service of the Admin console reads IMAP (its file has a header that Google "
    "does not publish: take the sample there); or workmail-org leave files --to imapsync "
    "--imap-host imap.gmail.com. Gmail takes about 500 MB a day into one mailbox: begin early"
)
"""support.google.com/a/answer/14792325; imapsync, FAQ.d/FAQ.Gmail.txt."""

_TABLE: Table = {
    ItemKind.USER: (Placement.HAND, "create the account"),
    ItemKind.REMOTE_USER: (Placement.HAND, "create a shared contact (gam create contact)"),
    ItemKind.GROUP: (Placement.HAND, "create the group"),
    ItemKind.RESOURCE: (Placement.HAND, "create the resource"),
    ItemKind.ADDRESS: (
        Placement.HAND,
        "Google gives a resource an address of its own: where people write to this one, create a "
        "group with it",
    ),
    ItemKind.ALIAS: (
        Placement.HAND,
        "add it as an alias; a resource has none: create a group with it",
    ),
    ItemKind.FIELD: (Placement.HAND, "Google's file has no column for it: write it by hand"),
    ItemKind.HIDDEN: (Placement.HAND, "set the visibility in the Admin console"),
    ItemKind.QUOTA: (Placement.HAND, "the plan sets the quota, for all users together"),
    ItemKind.IDENTITY: (Placement.LOST, "it belongs to IAM Identity Center; Google has its own"),
    ItemKind.PASSWORD: (
        Placement.HAND,
        "nobody can read the old one; give the new one to the user",
    ),
    ItemKind.MAIL: (Placement.HAND, _MAIL),
    ItemKind.CALENDAR: (
        Placement.HAND,
        "the export has it as MIME; or each user exports an .ics file from WorkMail's web client "
        "and imports it in Google Calendar",
    ),
    ItemKind.CONTENT: (
        Placement.HAND,
        "neither the export nor IMAP has contacts, tasks and notes: each user exports contacts "
        "from the web client and imports them in Google Contacts",
    ),
    ItemKind.MAILBOX_SETTINGS: (Placement.HAND, "each user sets them anew in Gmail"),
    ItemKind.FOLDER_PERMISSIONS: (
        Placement.HAND,
        "Gmail shares no folders; calendars are shared anew by each user",
    ),
    ItemKind.MEMBER: (Placement.HAND, "add it to the group"),
    ItemKind.BOOKING: (
        Placement.LOST,
        "Google's resources accept by themselves or not, and know no other option",
    ),
    ItemKind.DELEGATE: (Placement.HAND, "share the resource's calendar"),
    ItemKind.RIGHT: (Placement.HAND, "see docs/leaving.md"),
    ItemKind.DOMAIN: (
        Placement.HAND,
        "add and verify it in the Admin console before any address; workmail-org leave dns writes "
        "its records",
    ),
    ItemKind.ACCESS_CONTROL: (
        Placement.HAND,
        "context-aware access does it, where the edition has it",
    ),
    ItemKind.MOBILE_DEVICES: (Placement.HAND, "endpoint management does it"),
    ItemKind.IMPERSONATION_ROLES: (
        Placement.HAND,
        "give the application domain-wide delegation for the Gmail API",
    ),
    ItemKind.IMPERSONATION_ROLES_PART: (
        Placement.LOST,
        "domain-wide delegation is for all users; nothing limits it to some",
    ),
    ItemKind.RETENTION: (Placement.HAND, "create a retention rule in Vault"),
    ItemKind.RETENTION_PART: (Placement.HAND, "create a retention rule in Vault for the label"),
    ItemKind.AVAILABILITY: (Placement.HAND, "set up Calendar Interop with the other side"),
    ItemKind.EMAIL_MONITORING: (
        Placement.LOST,
        "Google has email log search; what was logged stays in CloudWatch",
    ),
    ItemKind.INBOUND_DMARC_ENFORCED: (
        Placement.HAND,
        "compare with the spam and authentication settings of Gmail",
    ),
    ItemKind.IDENTITY_CENTER: (Placement.HAND, "set up single sign-on in the Admin console"),
}

_GROUPS, _RESOURCES, _MEMBERS, _USERS, _RIGHTS = (
    "Groups, open to mail from outside as WorkMail's are",
    "Rooms and equipment",
    "Members of groups",
    "Users",
    "Rights",
)


def move(organization: Organization, options: MoveOptions) -> Move:
    """Write what Google Workspace takes, and say what becomes of everything else."""
    placing = Placing(organization)
    walk = _GoogleWalk(placing, place_stayers(placing), options)
    walk.move_users()
    walk.move_groups()
    walk.move_resources()
    walk.move_rights()
    entries = placing.finish(_TABLE)
    return Move(
        key=organization.key,
        destination=Destination.GOOGLE,
        files=walk.render(),
        entries=entries,
        steps=tuple(walk.list_steps()),
        notes=tuple(placing.notes),
    )


@dataclass(frozen=True, slots=True)
class _PersonName:
    """First and last name, both of which Google requires.

    Attributes:
        is_guess: WorkMail does not have both.
    """

    first: str
    last: str
    is_guess: bool


@dataclass(slots=True)
class _GoogleWalk:
    placing: Placing
    movers: Movers
    options: MoveOptions
    users: Sheet = field(init=False)
    script: CommandFile = field(init=False)
    identities: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        self.users = Sheet(
            self.placing, "secret/google-users", (USERS_HEAD,), _ROWS, is_secret=True
        )
        self.script = CommandFile(self.placing, "gam-batch.txt")

    def move_users(self) -> None:
        """Create accounts, aliases, and what the file has no column for."""
        for user in self.placing.organization.users:
            if self.movers.is_remote(user.reference):
                kinds = (ItemKind.ADDRESS, ItemKind.ALIAS, ItemKind.FIELD)
                self.placing.leave(self.placing.find(user.reference, *kinds), _CONTACT)
            elif user.reference in self.movers:
                self._create_account(user)
                self._set_account(user)

    def _create_account(self, user: User) -> None:
        find, reference = self.placing.find, user.reference
        fields = {each.name: each for each in find(reference, ItemKind.FIELD)}
        name = _name_person(user)
        if name.is_guess:
            self.placing.notes.append(
                f'{user.email}: the file calls this user "{name.first}" "{name.last}", guessed '
                "from "
                "the display name"
            )
        shown = f"{name.first} {name.last}"
        held = [
            each
            for key, value in (
                ("first_name", name.first),
                ("last_name", name.last),
                ("display_name", shown),
            )
            if (each := fields.get(key)) and each.value == value
        ]
        for key in ("telephone", "job_title", "department", *_ADDRESS_FIELDS):
            held += [fields[key]] if key in fields else []
        items = (
            *find(reference, ItemKind.USER),
            *(each for each in find(reference, ItemKind.ADDRESS) if each.name == user.email),
            *held,
        )
        path = self.users.add(self._write_row(user, name, fields), items)
        self.placing.put(
            find(reference, ItemKind.PASSWORD), path, "a new one; nobody can read the old one"
        )

    def _write_row(self, user: User, name: _PersonName, fields: dict[str, Item]) -> Sequence[str]:
        def get(key: str) -> str:
            return fields[key].value if key in fields else ""

        filled = {
            "First Name [Required]": name.first,
            "Last Name [Required]": name.last,
            "Email Address [Required]": user.email,
            "Password [Required]": self.options.passwords.get(Side.DESTINATION, user.email),
            "Org Unit Path [Required]": "/",
            "Work Phone": get("telephone"),
            "Work Address": ", ".join(filter(None, map(get, _ADDRESS_FIELDS))),
            "Employee Title": get("job_title"),
            "Department": get("department"),
            "Change Password at Next Sign-In": "TRUE",
        }
        return [filled.get(head, "") for head in USERS_HEAD]

    def _set_account(self, user: User) -> None:
        find, reference = self.placing.find, user.reference
        for position, item in enumerate(find(reference, ItemKind.ALIAS)):
            if position < _ALIASES:
                self._run(_USERS, ["create", "alias", item.name, "user", user.email], [item])
            else:
                what = f"a user has {_ALIASES} aliases at most: create a group with it"
                self.placing.leave([item], what)
        for item in find(reference, ItemKind.FIELD):
            if item.name == "display_name" and _is_command(item.value):
                # The file has no column for it: Google shows first and last name until it is set.
                self._run(_USERS, ["update", "user", user.email, "displayname", item.value], [item])
            elif item.name == "display_name":
                self.placing.leave([item], f"it {_NO_COMMAND}")
            elif item.name in ("first_name", "last_name") and len(item.value) > _LONGEST_NAME:
                self.placing.leave(
                    [item],
                    f"it has {len(item.value)} characters, and Google takes {_LONGEST_NAME}: the "
                    "file has another one; look at it, and shorten it by hand",
                )
        if items := find(reference, ItemKind.HIDDEN):
            self._run(_USERS, ["update", "user", user.email, "gal", "off"], items)

    def move_groups(self) -> None:
        """Create groups, then fill them: Google needs a while before a group takes members."""
        for group in self.placing.organization.groups:
            if group.reference in self.movers:
                self._create_group(group)

    def _create_group(self, group: Group) -> None:
        find, reference, email = self.placing.find, group.reference, group.email
        is_named = not has_line_break(group.name)
        name = ["name", group.name] if is_named else []
        hidden = find(reference, ItemKind.HIDDEN)
        listed = "false" if hidden else "true"
        words = ["create", "group", email, *name]
        # Every preset of access lets at most the own domain post; WorkMail's groups take all mail.
        words += ["whocanpostmessage", "anyone_can_post", "includeinglobaladdresslist", listed]
        if not is_named:
            self.placing.leave(find(reference, ItemKind.GROUP), f"its name {_NO_COMMAND}")
        items = (
            *find(reference, ItemKind.GROUP),
            *(each for each in find(reference, ItemKind.ADDRESS) if each.name == email),
            *hidden,
        )
        self._run(_GROUPS, words, items)
        for item in find(reference, ItemKind.ALIAS):
            self._run(_MEMBERS, ["create", "alias", item.name, "group", email], [item])
        for item in find(reference, ItemKind.MEMBER):
            # A group as member is just its address: `group X` would add the users in it.
            member = self.movers.get(get_named(item))
            self._run(_MEMBERS, ["update", "group", email, "add", "member", member], [item])

    def move_resources(self) -> None:
        """Create rooms and equipment; Google gives them addresses of their own."""
        for resource in self.placing.organization.resources:
            if resource.reference in self.movers:
                self._create_resource(resource)

    def _create_resource(self, resource: Bookable) -> None:
        find, reference = self.placing.find, resource.reference
        if has_line_break(resource.name):
            self.placing.leave(find(reference), f"its name {_NO_COMMAND}")
            return
        identity = self._name_resource(resource)
        category = "conference_room" if resource.type is BookableType.ROOM else "other"
        words = ["create", "resource", identity, resource.name, "category", category]
        items = [*find(reference, ItemKind.RESOURCE)]
        for described in find(reference, ItemKind.FIELD):
            if _is_command(described.value):
                words += ["description", described.value]
                items.append(described)
            else:
                self.placing.leave([described], f"it {_NO_COMMAND}")
        accepts = "true" if resource.booking.auto_accept else "false"
        words += ["autoacceptinvitations", accepts]
        items += [each for each in find(reference, ItemKind.BOOKING) if each.name == "auto_accept"]
        habits = [each for each in find(reference, ItemKind.BOOKING) if each.name == BOOKING_HABITS]
        self.placing.leave(habits, "compare with how the room answers today")
        self._run(_RESOURCES, words, items, f"its id is {identity}, and never changes")
        for item in find(reference, ItemKind.DELEGATE):
            named = get_named(item)
            if self.movers.is_remote(named):
                continue
            scope = "group" if named.kind is Kind.GROUP else "user"
            self._share(identity, f"{scope}:{self.movers.get(named)}", [item])

    def _name_resource(self, resource: Bookable) -> str:
        """Return the id of a resource: its WorkMail name, as far as it is plain, made unique."""
        wanted = re.sub("[^A-Za-z0-9_.-]+", "-", resource.name)
        identity, number = wanted, 2
        while identity.casefold() in self.identities:
            identity = f"{wanted}-{number}"
            number += 1
        self.identities.add(identity.casefold())
        return identity

    def _share(self, identity: str, scope: str, items: Iterable[Item]) -> None:
        words = ["resource", identity, "add", "acls", "writer", scope, "sendnotifications", "false"]
        self._run(_RIGHTS, words, items, "of the calendar; a resource of Google has no mailbox")

    def move_rights(self) -> None:
        """Grant the rights that Google knows, between those who move."""
        for permission in self.placing.organization.permissions:
            for item in self.placing.find(permission.mailbox, ItemKind.RIGHT):
                if item.value == str(permission.grantee):
                    self._grant(permission.mailbox, permission.grantee, item)

    def _grant(self, mailbox: Reference, grantee: Reference, item: Item) -> None:
        remote = [each for each in (mailbox, grantee) if self.movers.is_remote(each)]
        if remote:
            self.placing.lose(
                [item], f"{remote[0]} becomes a contact, which has no mailbox and gets no rights"
            )
            return
        if grantee.kind is Kind.GROUP:
            self.placing.leave(
                [item],
                "add the group as a delegate in Gmail's settings, if the Admin console allows "
                "groups there; for send-as name its members",
            )
            return
        target, who = self.movers.get(mailbox), self.movers.get(grantee)
        right = Right(item.name)
        if right is Right.SEND_ON_BEHALF:
            self.placing.leave(
                [item], "Gmail knows delegation and send-as: choose one of them with the user"
            )
        elif mailbox.kind is Kind.RESOURCE:
            self.placing.leave([item], "a resource of Google has no mailbox: share its calendar")
        elif right is Right.SEND_AS:
            # Without a name Gmail shows the address; a name cannot always be written on a line.
            name = self._name_mailbox(mailbox)
            words = ["user", who, "add", "sendas", target, name, "treatasalias", "false"]
            self._run(_RIGHTS, words, [item])
        else:
            words = ["user", target, "add", "delegates", "convertalias", who]
            self._run(_RIGHTS, words, [item], "mail only; the calendar is shared by its owner")

    def _name_mailbox(self, mailbox: Reference) -> str:
        users = {
            each.reference.folded: each.display_name for each in self.placing.organization.users
        }
        name = users.get(mailbox.folded) or mailbox.name
        return name if is_writable(name) and not has_line_break(name) else self.movers.get(mailbox)

    def _run(
        self, section: str, words: Sequence[str], items: Iterable[Item], note: str = ""
    ) -> None:
        line = " ".join(("gam", *map(quote_gam, words)))
        self.script.add(section, line, items, note)

    def render(self) -> tuple[File, ...]:
        """Write all files."""
        files = [*self.users.render()]
        if self.script.sections:
            files.append(File(path=self.script.path, data=_write_batch(self.script)))
        return tuple(files)

    def list_steps(self) -> Iterator[Instruction]:
        """Say what to do with the files, in order."""
        yield Instruction(
            title="Domains",
            text="Add and verify every domain in the Admin console. Nothing else works before. "
            "`workmail-org leave dns` writes the records.",
        )
        if self.users.rows:
            many = (
                f" A Business edition takes {_BUSINESS_USERS} users at most, and here are "
                f"{len(self.users.rows)}."
                if len(self.users.rows) > _BUSINESS_USERS
                else ""
            )
            yield Instruction(
                title="Accounts",
                text="Admin console, Directory, Users, Bulk update users: upload "
                "`secret/google-users-NN.csv`. Compare its first line with the sample there: "
                "without `New Licenses [UPLOAD ONLY]` it has 28 columns. A private "
                f"Google account with such an address is a conflict: resolve it first.{many} It "
                "can take a day until Gmail works for all.",
            )
        if self.script.sections:
            yield Instruction(
                title="Groups, aliases, rooms, rights",
                text="Switch mail delegation on for the organizational unit (Apps, Google "
                "Workspace, Gmail, User settings), then `gam redirect stdout gam.out redirect "
                "stderr gam.err batch gam-batch.txt showcmds`. Exit code 57 of a line: it is "
                "there already. Groups with members from outside need that allowed in the Admin "
                "console.",
            )


def _name_person(user: User) -> _PersonName:
    """Return first and last name; one that is missing is guessed from the display name."""
    first, last = _clean(user.first_name), _clean(user.last_name)
    if first and last and max(len(first), len(last)) <= _LONGEST_NAME:
        return _PersonName(first, last, is_guess=False)
    words = _clean(user.display_name).split() or [user.name]
    guessed_first = first or " ".join(words[:-1]) or words[0]
    guessed_last = last or words[-1]
    return _PersonName(guessed_first[:_LONGEST_NAME], guessed_last[:_LONGEST_NAME], is_guess=True)


def _is_command(text: str) -> bool:
    """Return whether a line of a batch file can hold a text."""
    return is_writable(text) and not has_line_break(text)


def _clean(text: str | None) -> str:
    return text if text and is_writable(text) else ""


_SECTIONS = (_GROUPS, _RESOURCES, _USERS, _MEMBERS, _RIGHTS)


def _write_batch(script: CommandFile) -> bytes:
    """Write the batch file; between sections GAM waits until everything before is done."""
    lines = [
        "# gam batch gam-batch.txt showcmds",
        "# Written by workmail-org; it creates and adds.",
    ]
    for section in _SECTIONS:
        commands = script.sections.get(section)
        if not commands:
            continue
        lines += ["", f"# {section}", *commands, "commit-batch"]
        if section == _GROUPS:
            lines.append(f"sleep {_WAIT_SECONDS}")
    return ("\n".join(lines) + "\n").encode()
