"""Google Workspace: accounts by CSV, everything else by commands of GAM7.

Formats and limits: support.google.com/a (answers 40057, 9053626, 7223765) and the wiki of
GAM-team/GAM at e54877b, in docs/leaving.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from workmail_org.leaving.model import Destination, File, Move, Outcome, Step, Thing, ThingKind
from workmail_org.leaving.movers import Movers, get_named, place_stayers
from workmail_org.leaving.options import Options
from workmail_org.leaving.passwords import Side
from workmail_org.leaving.placing import Placing, Script, Sheet, Table
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

_NO_COMMAND = "has a character that no line of a batch file can hold: write it by hand"

_MAIL = (
    "the data migration service of the Admin console reads IMAP (its file has a header that Google "
    "does not publish: take the sample there); or workmail-org leave files --to imapsync "
    "--imap-host imap.gmail.com. Gmail takes about 500 MB a day into one mailbox: begin early"
)
"""support.google.com/a/answer/14792325; imapsync, FAQ.d/FAQ.Gmail.txt."""

_TABLE: Table = {
    ThingKind.USER: (Outcome.HAND, "create the account"),
    ThingKind.REMOTE_USER: (Outcome.HAND, "create a shared contact (gam create contact)"),
    ThingKind.GROUP: (Outcome.HAND, "create the group"),
    ThingKind.RESOURCE: (Outcome.HAND, "create the resource"),
    ThingKind.ADDRESS: (
        Outcome.HAND,
        "Google gives a resource an address of its own, and a contact keeps its own: where people "
        "write to this one, create a group with it",
    ),
    ThingKind.ALIAS: (
        Outcome.HAND,
        "add it as an alias; a resource has none: create a group with it",
    ),
    ThingKind.FIELD: (Outcome.HAND, "Google's file has no column for it: write it by hand"),
    ThingKind.HIDDEN: (Outcome.HAND, "set the visibility in the Admin console"),
    ThingKind.QUOTA: (Outcome.HAND, "the plan sets the quota, for all users together"),
    ThingKind.IDENTITY: (Outcome.LOST, "it belongs to IAM Identity Center; Google has its own"),
    ThingKind.PASSWORD: (
        Outcome.HAND,
        "nobody can read the old one; give the new one to the user",
    ),
    ThingKind.MAIL: (Outcome.HAND, _MAIL),
    ThingKind.CALENDAR: (
        Outcome.HAND,
        "the export has it as MIME; or each user exports an .ics file from WorkMail's web client "
        "and imports it in Google Calendar",
    ),
    ThingKind.CONTENT: (
        Outcome.HAND,
        "neither the export nor IMAP has contacts, tasks and notes: each user exports contacts "
        "from the web client and imports them in Google Contacts",
    ),
    ThingKind.MAILBOX_SETTINGS: (Outcome.HAND, "each user sets them anew in Gmail"),
    ThingKind.FOLDER_PERMISSIONS: (
        Outcome.HAND,
        "Gmail shares no folders; calendars are shared anew by each user",
    ),
    ThingKind.MEMBER: (Outcome.HAND, "add it to the group"),
    ThingKind.BOOKING: (
        Outcome.LOST,
        "Google's resources accept by themselves or not, and know no other option",
    ),
    ThingKind.DELEGATE: (Outcome.HAND, "share the resource's calendar"),
    ThingKind.RIGHT: (Outcome.HAND, "see docs/leaving.md"),
    ThingKind.DOMAIN: (
        Outcome.HAND,
        "add and verify it in the Admin console before any address; workmail-org leave dns writes "
        "its records",
    ),
    ThingKind.ACCESS_CONTROL: (
        Outcome.HAND,
        "context-aware access does it, where the edition has it",
    ),
    ThingKind.MOBILE_DEVICES: (Outcome.HAND, "endpoint management does it"),
    ThingKind.IMPERSONATION_ROLES: (
        Outcome.HAND,
        "give the application domain-wide delegation for the Gmail API",
    ),
    ThingKind.IMPERSONATION_ROLES_PART: (
        Outcome.LOST,
        "domain-wide delegation is for all users; nothing limits it to some",
    ),
    ThingKind.RETENTION: (Outcome.HAND, "create a retention rule in Vault"),
    ThingKind.RETENTION_PART: (Outcome.HAND, "create a retention rule in Vault for the label"),
    ThingKind.AVAILABILITY: (Outcome.HAND, "set up Calendar Interop with the other side"),
    ThingKind.EMAIL_MONITORING: (
        Outcome.LOST,
        "Google has email log search; what was logged stays in CloudWatch",
    ),
    ThingKind.INBOUND_DMARC_ENFORCED: (Outcome.LOST, "Gmail enforces DMARC by itself"),
    ThingKind.IDENTITY_CENTER: (Outcome.HAND, "set up single sign-on in the Admin console"),
    ThingKind.SETTING: (Outcome.LOST, "it ends with WorkMail"),
    ThingKind.TAG: (Outcome.LOST, "it is a tag in AWS"),
    ThingKind.UNSEEN: (Outcome.HAND, "look in the WorkMail console, and write down what is there"),
}

_GROUPS, _RESOURCES, _MEMBERS, _USERS, _RIGHTS = (
    "Groups, open to mail from outside as WorkMail's are",
    "Rooms and equipment",
    "Members of groups",
    "Users",
    "Rights",
)


def move(organization: Organization, options: Options) -> Move:
    """Write what Google Workspace takes, and say what becomes of everything else."""
    placing = Placing(organization)
    walk = _Walk(placing, place_stayers(placing), options)
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
class _Walk:
    placing: Placing
    movers: Movers
    options: Options
    users: Sheet = field(init=False)
    script: Script = field(init=False)
    identities: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        self.users = Sheet(
            self.placing, "secret/google-users", (USERS_HEAD,), _ROWS, is_secret=True
        )
        self.script = Script(self.placing, "gam-batch.txt")

    def move_users(self) -> None:
        """Create accounts, aliases, and what the file has no column for."""
        for user in self.placing.organization.users:
            if user.reference in self.movers and not self.movers.is_remote(user.reference):
                self._create_account(user)
                self._set_account(user)

    def _create_account(self, user: User) -> None:
        find, reference = self.placing.find, user.reference
        fields = {
            each.name: each for each in find(reference, ThingKind.FIELD) if is_writable(each.value)
        }
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
        if (display := fields.get("display_name")) and display not in held:
            self.placing.lose([display], f'Google shows first and last name, so "{shown}"')
        for key in ("telephone", "job_title", "department", *_ADDRESS_FIELDS):
            held += [fields[key]] if key in fields else []
        things = (
            *find(reference, ThingKind.USER),
            *(each for each in find(reference, ThingKind.ADDRESS) if each.name == user.email),
            *held,
        )
        path = self.users.add(self._write_row(user, name, fields), things)
        self.placing.put(
            find(reference, ThingKind.PASSWORD), path, "a new one; nobody can read the old one"
        )

    def _write_row(self, user: User, name: _PersonName, fields: dict[str, Thing]) -> Sequence[str]:
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
        for position, thing in enumerate(find(reference, ThingKind.ALIAS)):
            if position < _ALIASES:
                self._run(_USERS, ["create", "alias", thing.name, "user", user.email], [thing])
            else:
                what = f"a user has {_ALIASES} aliases at most: create a group with it"
                self.placing.leave([thing], what)
        if things := find(reference, ThingKind.HIDDEN):
            self._run(_USERS, ["update", "user", user.email, "gal", "off"], things)

    def move_groups(self) -> None:
        """Create groups, then fill them: Google needs a while before a group takes members."""
        for group in self.placing.organization.groups:
            if group.reference in self.movers:
                self._create_group(group)

    def _create_group(self, group: Group) -> None:
        find, reference, email = self.placing.find, group.reference, group.email
        is_named = not has_line_break(group.name)
        name = ["name", group.name] if is_named else []
        hidden = find(reference, ThingKind.HIDDEN)
        listed = "false" if hidden else "true"
        words = ["create", "group", email, *name]
        # Every preset of access lets at most the own domain post; WorkMail's groups take all mail.
        words += ["whocanpostmessage", "anyone_can_post", "includeinglobaladdresslist", listed]
        if not is_named:
            self.placing.leave(find(reference, ThingKind.GROUP), _NO_COMMAND)
        things = (
            *find(reference, ThingKind.GROUP),
            *(each for each in find(reference, ThingKind.ADDRESS) if each.name == email),
            *hidden,
        )
        self._run(_GROUPS, words, things)
        for thing in find(reference, ThingKind.ALIAS):
            self._run(_MEMBERS, ["create", "alias", thing.name, "group", email], [thing])
        for thing in find(reference, ThingKind.MEMBER):
            # A group as member is just its address: `group X` would add the users in it.
            member = self.movers.get(get_named(thing))
            self._run(_MEMBERS, ["update", "group", email, "add", "member", member], [thing])

    def move_resources(self) -> None:
        """Create rooms and equipment; Google gives them addresses of their own."""
        for resource in self.placing.organization.resources:
            if resource.reference in self.movers:
                self._create_resource(resource)

    def _create_resource(self, resource: Bookable) -> None:
        find, reference = self.placing.find, resource.reference
        if has_line_break(resource.name):
            self.placing.leave(find(reference), _NO_COMMAND)
            return
        identity = self._name_resource(resource)
        category = "conference_room" if resource.type is BookableType.ROOM else "other"
        words = ["create", "resource", identity, resource.name, "category", category]
        things = [*find(reference, ThingKind.RESOURCE)]
        for described in find(reference, ThingKind.FIELD):
            if is_writable(described.value) and not has_line_break(described.value):
                words += ["description", described.value]
                things.append(described)
        accepts = "true" if resource.booking.auto_accept else "false"
        words += ["autoacceptinvitations", accepts]
        things += [
            each for each in find(reference, ThingKind.BOOKING) if each.name == "auto_accept"
        ]
        self._run(_RESOURCES, words, things, f"its id is {identity}, and never changes")
        for thing in find(reference, ThingKind.DELEGATE):
            named = get_named(thing)
            if self.movers.is_remote(named):
                continue
            scope = "group" if named.kind is Kind.GROUP else "user"
            self._share(identity, f"{scope}:{self.movers.get(named)}", [thing])

    def _name_resource(self, resource: Bookable) -> str:
        """Return the id of a resource: its WorkMail name, as far as it is plain, made unique."""
        wanted = re.sub("[^A-Za-z0-9_.-]+", "-", resource.name)
        identity, number = wanted, 2
        while identity.casefold() in self.identities:
            identity = f"{wanted}-{number}"
            number += 1
        self.identities.add(identity.casefold())
        return identity

    def _share(self, identity: str, scope: str, things: Iterable[Thing]) -> None:
        words = ["resource", identity, "add", "acls", "writer", scope, "sendnotifications", "false"]
        self._run(_RIGHTS, words, things, "of the calendar; a resource of Google has no mailbox")

    def move_rights(self) -> None:
        """Grant the rights that Google knows, between those who move."""
        for permission in self.placing.organization.permissions:
            for thing in self.placing.find(permission.mailbox, ThingKind.RIGHT):
                if thing.value == str(permission.grantee):
                    self._grant(permission.mailbox, permission.grantee, thing)

    def _grant(self, mailbox: Reference, grantee: Reference, thing: Thing) -> None:
        remote = [each for each in (mailbox, grantee) if self.movers.is_remote(each)]
        if remote:
            self.placing.lose(
                [thing], f"{remote[0]} becomes a contact, which has no mailbox and gets no rights"
            )
            return
        if grantee.kind is Kind.GROUP:
            self.placing.leave(
                [thing],
                "add the group as a delegate in Gmail's settings, if the Admin console allows "
                "groups there; for send-as name its members",
            )
            return
        target, who = self.movers.get(mailbox), self.movers.get(grantee)
        right = Right(thing.name)
        if right is Right.SEND_ON_BEHALF:
            self.placing.leave(
                [thing], "Gmail knows delegation and send-as: choose one of them with the user"
            )
        elif mailbox.kind is Kind.RESOURCE:
            self.placing.leave([thing], "a resource of Google has no mailbox: share its calendar")
        elif right is Right.SEND_AS:
            # Without a name Gmail shows the address; a name cannot always be written on a line.
            name = self._name_mailbox(mailbox)
            words = ["user", who, "add", "sendas", target, name, "treatasalias", "false"]
            self._run(_RIGHTS, words, [thing])
        else:
            words = ["user", target, "add", "delegates", "convertalias", who]
            self._run(_RIGHTS, words, [thing], "mail only; the calendar is shared by its owner")

    def _name_mailbox(self, mailbox: Reference) -> str:
        users = {
            each.reference.folded: each.display_name for each in self.placing.organization.users
        }
        name = users.get(mailbox.folded) or mailbox.name
        return name if is_writable(name) and not has_line_break(name) else self.movers.get(mailbox)

    def _run(
        self, section: str, words: Sequence[str], things: Iterable[Thing], note: str = ""
    ) -> None:
        line = " ".join(("gam", *map(quote_gam, words)))
        self.script.add(section, line, things, note)

    def render(self) -> tuple[File, ...]:
        """Write all files."""
        files = [*self.users.render()]
        if self.script.sections:
            files.append(File(path=self.script.path, data=_write_batch(self.script)))
        return tuple(files)

    def list_steps(self) -> Iterator[Step]:
        """Say what to do with the files, in order."""
        yield Step(
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
            yield Step(
                title="Accounts",
                text="Admin console, Directory, Users, Bulk update users: upload "
                "`secret/google-users-NN.csv`. Compare its first line with the sample there: "
                "without `New Licenses [UPLOAD ONLY]` it has 28 columns. Somebody's private "
                f"Google account with such an address collides: solve that first.{many} It can "
                "take a day until Gmail works for all.",
            )
        if self.script.sections:
            yield Step(
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


def _clean(text: str | None) -> str:
    return text if text and is_writable(text) else ""


_SECTIONS = (_GROUPS, _RESOURCES, _USERS, _MEMBERS, _RIGHTS)


def _write_batch(script: Script) -> bytes:
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
