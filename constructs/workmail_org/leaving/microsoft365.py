"""Microsoft 365: accounts by CSV, everything that Exchange keeps by PowerShell, mail by IMAP batch.

Which cmdlet does what, and the limits: MicrosoftDocs/office-docs-powershell (exchange/exchange-ps)
and learn.microsoft.com as read in 2026, in docs/leaving.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources

from workmail_org.leaving.counting import BOOKING_HABITS
from workmail_org.leaving.imap import list_mailboxes
from workmail_org.leaving.model import (
    Destination,
    File,
    Instruction,
    Item,
    ItemKind,
    Move,
    Placement,
)
from workmail_org.leaving.movers import IMAP_HOST, Movers, get_named, place_stayers
from workmail_org.leaving.options import MoveOptions, UserFormat
from workmail_org.leaving.passwords import Side
from workmail_org.leaving.placing import CommandFile, Placing, Sheet, Table
from workmail_org.leaving.quoting import quote_powershell
from workmail_org.model.bookable import Bookable, BookableType
from workmail_org.model.group import Group
from workmail_org.model.live import Entity
from workmail_org.model.organization import Organization
from workmail_org.model.permission import Right
from workmail_org.model.user import Role, User
from workmail_org.model.values import Kind, Reference

ENTRA_VERSION = ("version:v1.0",)
ENTRA_HEAD = (
    "Name [displayName] Required",
    "User name [userPrincipalName] Required",
    "Initial password [passwordProfile] Required",
    "Block sign in (Yes/No) [accountEnabled] Required",
    "First name [givenName]",
    "Last name [surname]",
    "Job title [jobTitle]",
    "Department [department]",
    "Usage location [usageLocation]",
    "Street address [streetAddress]",
    "State or province [state]",
    "Country or region [country]",
    "Office [physicalDeliveryOfficeName]",
    "City [city]",
    "ZIP or postal code [postalCode]",
    "Office phone [telephoneNumber]",
    "Mobile phone [mobile]",
)
"""Entra, *Bulk create* (learn.microsoft.com/entra/identity/users/users-bulk-add, 2025-12-05)."""

ADMIN_CENTER_HEAD = (
    "User Name",
    "First Name",
    "Last Name",
    "Display Name",
    "Job Title",
    "Department",
    "Office Number",
    "Office Phone",
    "Mobile Phone",
    "Fax",
    "Alternate email address",
    "Address",
    "City",
    "State or Province",
    "ZIP or Postal Code",
    "Country or Region",
)
"""Admin center, *Add multiple users*: the order must not change (MicrosoftDocs/microsoft-365-docs,
enterprise/add-several-users-at-the-same-time, 2024-11-26)."""

IMAP_HEAD = ("EmailAddress", "UserName", "Password")
"""Exact names (MicrosoftDocs/OfficeDocs-Exchange, csv-files-for-imap-migrations)."""

_ENTRA_ROWS = 1000
"""One upload has to be done within an hour (users-bulk-add); that so many are is a guess."""

_ADMIN_CENTER_ROWS = 249
"""250 rows, of which the head is one (add-several-users-at-the-same-time)."""

_IMAP_ROWS = 50_000
"""(csv-files-for-imap-migrations)."""

_FIELD_LIMITS: Mapping[str, int] = {
    "display_name": 256,
    "first_name": 64,
    "last_name": 64,
    "job_title": 64,
    "department": 64,
    "telephone": 64,
    "office": 128,
    "city": 128,
    "country": 128,
    "street": 1023,
    "zip_code": 40,
}
"""Characters of a column (add-several-users-at-the-same-time); Entra's own are not published."""

_NAME_LIMITS = (79, 50, 48)
"""Characters of a user name, of what stands before the @, and behind it (the same page)."""

_EXCHANGE_LIMITS: Mapping[str, int] = {"company": 64, "initials": 6}
"""Fields that only Set-User takes; the limits are those of Active Directory's schema
(ms-Exch: `company` 64, `initials` 6)."""

_LONGEST_NAME = 64
"""Of a recipient's name and alias (New-DistributionGroup)."""

_BOOKING_DAYS = 1080
"""Exchange's longest booking window; its default is 180 days, and WorkMail has none."""

_HABITS = (
    "compare with how the room answers today, then decide: Exchange deletes the subject and puts "
    "the organizer's name there, refuses requests from outside, and meetings over 1440 minutes "
    "(Set-CalendarProcessing -DeleteSubject -AddOrganizerToSubject -ProcessExternalMeetingMessages "
    "-MaximumDurationInMinutes)"
)

_TABLE: Table = {
    ItemKind.USER: (Placement.HAND, "create the account"),
    ItemKind.REMOTE_USER: (Placement.HAND, "create a mail contact"),
    ItemKind.GROUP: (Placement.HAND, "create the group"),
    ItemKind.RESOURCE: (Placement.HAND, "create the room or equipment"),
    ItemKind.ADDRESS: (Placement.HAND, "set it as primary address"),
    ItemKind.ALIAS: (Placement.HAND, "add it as a proxy address"),
    ItemKind.FIELD: (Placement.HAND, "write it into the address book"),
    ItemKind.HIDDEN: (Placement.HAND, "hide it in the Exchange admin center"),
    ItemKind.QUOTA: (
        Placement.HAND,
        "the plan sets the quota; Set-Mailbox -ProhibitSendReceiveQuota lowers it",
    ),
    ItemKind.IDENTITY: (Placement.LOST, "it belongs to IAM Identity Center; Entra ID has its own"),
    ItemKind.PASSWORD: (
        Placement.HAND,
        "nobody can read the old one; give the new one to the user",
    ),
    ItemKind.MAIL: (Placement.HAND, "load it from the export"),
    ItemKind.CALENDAR: (
        Placement.HAND,
        "IMAP carries no calendar: the export has it as MIME; or each user exports an .ics file "
        "from WorkMail's web client and imports it in Outlook",
    ),
    ItemKind.CONTENT: (
        Placement.HAND,
        "neither the export nor IMAP has contacts, tasks and notes: each user exports contacts "
        "from the web client, or an EWS client reads them with a read-only impersonation role",
    ),
    ItemKind.MAILBOX_SETTINGS: (Placement.HAND, "each user sets them anew in Outlook"),
    ItemKind.FOLDER_PERMISSIONS: (Placement.HAND, "each user shares folders and calendars anew"),
    ItemKind.MEMBER: (Placement.HAND, "add it to the group"),
    ItemKind.BOOKING: (Placement.HAND, _HABITS),
    ItemKind.DELEGATE: (
        Placement.HAND,
        "Set-CalendarProcessing -ResourceDelegates takes users: name the members of the group",
    ),
    ItemKind.RIGHT: (Placement.HAND, "grant it in the Exchange admin center"),
    ItemKind.DOMAIN: (
        Placement.HAND,
        "add and verify it in the Microsoft 365 admin center before any address; workmail-org "
        "leave dns writes its records",
    ),
    ItemKind.ACCESS_CONTROL: (Placement.HAND, "a Conditional Access policy (Entra ID P1) does it"),
    ItemKind.MOBILE_DEVICES: (
        Placement.HAND,
        "an ActiveSync device access rule does it (New-ActiveSyncDeviceAccessRule)",
    ),
    ItemKind.IMPERSONATION_ROLES: (
        Placement.HAND,
        "give the application permissions of Microsoft Graph; EWS ends there too",
    ),
    ItemKind.IMPERSONATION_ROLES_PART: (
        Placement.HAND,
        "limit the application to these mailboxes (RBAC for Applications)",
    ),
    ItemKind.RETENTION: (Placement.HAND, "create a retention policy in Purview"),
    ItemKind.RETENTION_PART: (Placement.HAND, "create a retention tag for the folder"),
    ItemKind.AVAILABILITY: (Placement.HAND, "create an organization relationship"),
    ItemKind.EMAIL_MONITORING: (
        Placement.LOST,
        "Microsoft 365 has message trace; what was logged stays in CloudWatch",
    ),
    ItemKind.INBOUND_DMARC_ENFORCED: (Placement.HAND, "set it in the anti-phishing policy"),
    ItemKind.IDENTITY_CENTER: (Placement.HAND, "set up single sign-on in Entra ID"),
}

_RELAY = "its domain moves too: set the accepted domain to internal relay first"

_CONTACTS, _ROOMS, _GROUPS, _MEMBERS, _MAILBOXES, _RIGHTS = (
    "Contacts: remote users, whose mailboxes are elsewhere",
    "Rooms and equipment",
    "Groups",
    "Members of groups",
    "Mailboxes of users: they exist some minutes after the licence",
    "Rights",
)


@dataclass(slots=True)
class _Names:
    """Names of recipients, which Exchange wants unique and short."""

    taken: set[str] = field(default_factory=set[str])
    counts: Counter[str] = field(default_factory=Counter[str])

    def make(self, wanted: str) -> str:
        """Return a name that nobody has yet, as near to the wanted one as it can be."""
        start = wanted[:_LONGEST_NAME]
        name = start
        while name.casefold() in self.taken:
            self.counts[start] += 1
            end = f"-{self.counts[start] + 1}"
            name = start[: _LONGEST_NAME - len(end)] + end
        self.taken.add(name.casefold())
        return name


def move(organization: Organization, options: MoveOptions) -> Move:
    """Write what Microsoft 365 takes, and say what becomes of everything else."""
    placing = Placing(organization)
    movers = place_stayers(placing, _judge)
    walk = _Microsoft365Walk(placing, movers, options)
    walk.move_users()
    walk.move_contacts()
    walk.move_resources()
    walk.move_groups()
    walk.move_rights()
    walk.move_mail()
    entries = placing.finish(_TABLE)
    return Move(
        key=organization.key,
        destination=Destination.MICROSOFT365,
        files=walk.render(),
        entries=entries,
        steps=tuple(walk.list_steps()),
        notes=tuple(placing.notes),
    )


class _Microsoft365Walk:
    def __init__(self, placing: Placing, movers: Movers, options: MoveOptions) -> None:
        self.placing, self.movers, self.options = placing, movers, options
        self.organization = placing.organization
        self.script = CommandFile(placing, "exchange.ps1")
        self.entra = Sheet(
            placing, "secret/entra-users", (ENTRA_VERSION, ENTRA_HEAD), _ENTRA_ROWS, is_secret=True
        )
        self.admin_center: dict[str, Sheet] = {}
        self.batch = Sheet(placing, "secret/imap-batch", (IMAP_HEAD,), _IMAP_ROWS, is_secret=True)
        self.names, self.aliases = _Names(), _Names()

    def move_users(self) -> None:
        """Create accounts, then what only Exchange can set of their mailboxes."""
        for user in self.organization.users:
            if user.reference not in self.movers or self.movers.is_remote(user.reference):
                continue
            self._create_account(user)
            self._set_mailbox(user)

    def _create_account(self, user: User) -> None:
        fields = {each.name: each for each in self.placing.find(user.reference, ItemKind.FIELD)}
        fitting = {
            name: item
            for name, limit in _FIELD_LIMITS.items()
            if (item := fields.get(name)) and self._fits(item, limit)
        }
        values = {name: item.value for name, item in fitting.items()}
        self.names.make(values.get("display_name", user.name))
        items = (
            *self.placing.find(user.reference, ItemKind.USER),
            *(
                each
                for each in self.placing.find(user.reference, ItemKind.ADDRESS)
                if each.name == user.email
            ),
            *fitting.values(),
        )
        if self.options.user_format is UserFormat.ADMIN_CENTER:
            self._find_admin_center_sheet(values.get("country", "")).add(
                _write_admin_center_row(user, values), items
            )
            return
        path = self.entra.add(self._write_entra_row(user, values), items)
        self.placing.put(
            self.placing.find(user.reference, ItemKind.PASSWORD),
            path,
            "a new one; nobody can read the old one",
        )

    def _fits(self, item: Item, limit: int) -> bool:
        """Return whether a field is short enough; leave it to a person if not."""
        if len(item.value) <= limit:
            return True
        what = f"it has {len(item.value)} characters, and Microsoft 365 takes {limit}: shorten it"
        self.placing.leave([item], what)
        return False

    def _write_entra_row(self, user: User, values: Mapping[str, str]) -> Sequence[str]:
        def get(name: str) -> str:
            return values.get(name, "")

        country = get("country")
        location = self.options.usage_location or (
            country if re.fullmatch("[A-Z]{2}", country) else ""
        )
        return (
            get("display_name") or user.name,
            user.email,
            self.options.passwords.get(Side.DESTINATION, user.email),
            "No",
            get("first_name"),
            get("last_name"),
            get("job_title"),
            get("department"),
            location,
            get("street"),
            "",
            country,
            get("office"),
            get("city"),
            get("zip_code"),
            get("telephone"),
            "",
        )

    def _find_admin_center_sheet(self, country: str) -> Sheet:
        """Return the sheet of a country: the wizard sets one location for a whole file."""
        if country not in self.admin_center:
            slug = re.sub("[^A-Za-z0-9]+", "-", country).strip("-")[:20] or "no-country"
            name = f"admin-center-users-{len(self.admin_center) + 1}-{slug}"
            self.admin_center[country] = Sheet(
                self.placing, name, (ADMIN_CENTER_HEAD,), _ADMIN_CENTER_ROWS
            )
        return self.admin_center[country]

    def _set_mailbox(self, user: User) -> None:
        fields = {each.name: each for each in self.placing.find(user.reference, ItemKind.FIELD)}
        for name, limit in _EXCHANGE_LIMITS.items():
            item = fields.get(name)
            if item and self._fits(item, limit):
                command = f"Set-User -Identity {_q(user.email)} -{name.title()} {_q(item.value)}"
                self._step(_MAILBOXES, f"{name} of {user.email}", "$false", command, [item])
        self._add_aliases(_MAILBOXES, user.reference, user.email, "Set-Mailbox")
        self._hide(_MAILBOXES, user.reference, user.email, "Set-Mailbox")

    def move_contacts(self) -> None:
        """Create a mail contact for everybody whose mailbox is elsewhere."""
        for user in self.organization.users:
            if user.reference not in self.movers or not self.movers.is_remote(user.reference):
                continue
            find = self.placing.find
            named = find(user.reference, ItemKind.FIELD)
            shown = next((each for each in named if each.name == "display_name"), None)
            if shown and not self._fits(shown, _FIELD_LIMITS["display_name"]):
                shown = None
            name = self.names.make(shown.value if shown else user.name)
            display = f" -DisplayName {_q(shown.value)}" if shown else ""
            address = find(user.reference, ItemKind.ADDRESS)
            command = (
                f"New-MailContact -Name {_q(name)}{display} -ExternalEmailAddress {_q(user.email)}"
                " | Out-Null"
            )
            test = f"Test-Recipient {_q(user.email)}"
            items = [*find(user.reference, ItemKind.REMOTE_USER), *address]
            items += [shown] if shown else []
            note = (
                "if its domain moves too: set the accepted domain to internal relay first"
                if any(
                    each.name == user.email.rpartition("@")[2] for each in self.organization.domains
                )
                else ""
            )
            self._step(_CONTACTS, f"contact {user.email}", test, command, items, note)
            self._hide(_CONTACTS, user.reference, user.email, "Set-MailContact")

    def move_resources(self) -> None:
        """Create rooms and equipment, and how they answer."""
        for resource in self.organization.resources:
            if resource.reference in self.movers:
                self._create_resource(resource)

    def _create_resource(self, resource: Bookable) -> None:
        find, reference, email = self.placing.find, resource.reference, resource.email
        kind = "Room" if resource.type is BookableType.ROOM else "Equipment"
        command = (
            f"New-Mailbox -{kind} -Name {_q(self.names.make(resource.name))} -DisplayName"
            f" {_q(resource.name)} -PrimarySmtpAddress {_q(email)} | Out-Null"
        )
        items = (
            *find(reference, ItemKind.RESOURCE),
            *(each for each in find(reference, ItemKind.ADDRESS) if each.name == email),
        )
        self._step(_ROOMS, f"{kind.lower()} {email}", f"Test-Recipient {_q(email)}", command, items)
        delegates = [
            each
            for each in find(reference, ItemKind.DELEGATE)
            if get_named(each).kind is Kind.USER and not self.movers.is_remote(get_named(each))
        ]
        options = [
            each for each in find(reference, ItemKind.BOOKING) if each.name != BOOKING_HABITS
        ]
        addresses = [self.movers.get(get_named(each)) for each in delegates]
        # After the delegates' mailboxes exist.
        self._step(
            _MAILBOXES,
            f"booking of {email}",
            "$false",
            _write_booking(resource, addresses),
            [*options, *delegates],
        )
        self._add_aliases(_ROOMS, reference, email, "Set-Mailbox")
        self._hide(_ROOMS, reference, email, "Set-Mailbox")

    def move_groups(self) -> None:
        """Create groups, then fill them: a member may be a group that comes later."""
        security = _find_security_groups(self.organization)
        for group in self.organization.groups:
            if group.reference in self.movers:
                self._create_group(group, is_security=group.reference.folded in security)

    def _create_group(self, group: Group, *, is_security: bool) -> None:
        find, reference, email = self.placing.find, group.reference, group.email
        kind = "Security" if is_security else "Distribution"
        alias = self.aliases.make(email.rpartition("@")[0])
        command = (
            f"New-DistributionGroup -Name {_q(self.names.make(group.name))} -DisplayName"
            f" {_q(group.name)} -Alias {_q(alias)} -PrimarySmtpAddress {_q(email)} -Type {kind}"
            # Its default refuses mail from outside, which WorkMail's groups take.
            " -RequireSenderAuthenticationEnabled $false | Out-Null"
        )
        items = (
            *find(reference, ItemKind.GROUP),
            *(each for each in find(reference, ItemKind.ADDRESS) if each.name == email),
        )
        note = "a security group, since it has rights" if is_security else ""
        test = f"Test-Recipient {_q(email)}"
        self._step(_GROUPS, f"group {email}", test, command, items, note)
        self._add_aliases(_GROUPS, reference, email, "Set-DistributionGroup")
        self._hide(_GROUPS, reference, email, "Set-DistributionGroup")
        for item in find(reference, ItemKind.MEMBER):
            member = self.movers.get(get_named(item))
            self._step(
                _MEMBERS,
                f"{member} in {email}",
                f"Test-Member {_q(email)} {_q(member)}",
                f"Add-DistributionGroupMember -Identity {_q(email)} -Member {_q(member)}"
                " -BypassSecurityGroupManagerCheck",
                [item],
            )

    def _add_aliases(self, section: str, owner: Reference, email: str, cmdlet: str) -> None:
        for item in self.placing.find(owner, ItemKind.ALIAS):
            test = f"Test-Address {_q(email)} {_q(item.name)}"
            added = _q(f"smtp:{item.name}")
            command = f"{cmdlet} -Identity {_q(email)} -EmailAddresses @{{Add={added}}}"
            self._step(section, f"alias {item.name} of {email}", test, command, [item])

    def _hide(self, section: str, owner: Reference, email: str, cmdlet: str) -> None:
        if items := self.placing.find(owner, ItemKind.HIDDEN):
            command = f"{cmdlet} -Identity {_q(email)} -HiddenFromAddressListsEnabled $true"
            self._step(section, f"{email} hidden", "$false", command, items)

    def move_rights(self) -> None:
        """Grant the rights between those who move."""
        for permission in self.organization.permissions:
            for item in self.placing.find(permission.mailbox, ItemKind.RIGHT):
                if item.value == str(permission.grantee):
                    self._grant(permission.mailbox, permission.grantee, item)

    def _grant(self, mailbox: Reference, grantee: Reference, item: Item) -> None:
        remote = [each for each in (mailbox, grantee) if self.movers.is_remote(each)]
        if remote:
            why = f"{remote[0]} becomes a contact, which has no mailbox and gets no rights"
            self.placing.lose([item], why)
            return
        target, who = _q(self.movers.get(mailbox)), _q(self.movers.get(grantee))
        test, command = "$false", ""
        match Right(item.name):
            case Right.FULL_ACCESS:
                test = f"Test-FullAccess {target} {who}"
                command = (
                    f"Add-MailboxPermission -Identity {target} -User {who} -AccessRights FullAccess"
                    " -InheritanceType All -AutoMapping $false | Out-Null"
                )
            case Right.SEND_AS:
                test = f"Test-SendAs {target} {who}"
                command = (
                    f"Add-RecipientPermission -Identity {target} -AccessRights SendAs"
                    f" -Trustee {who} -Confirm:$false | Out-Null"
                )
            case Right.SEND_ON_BEHALF:
                cmdlet = "Set-DistributionGroup" if mailbox.kind is Kind.GROUP else "Set-Mailbox"
                command = f"{cmdlet} -Identity {target} -GrantSendOnBehalfTo @{{Add={who}}}"
        what = f"{item.name} on {self.movers.get(mailbox)} for {self.movers.get(grantee)}"
        self._step(_RIGHTS, what, test, command, [item])

    def move_mail(self) -> None:
        """List whose mail an IMAP batch fetches."""
        for user, item in list_mailboxes(self.placing, self.movers, self.options.passwords):
            password = self.options.passwords.get(Side.WORKMAIL, user.email)
            self.batch.add((user.email, user.email, password), [item], "mail only, by IMAP")

    def _step(
        self,
        section: str,
        what: str,
        test: str,
        command: str,
        items: Iterable[Item],
        note: str = "",
    ) -> None:
        line = f"Invoke-Step {_q(what)} {{ {test} }} {{ {command} }}"
        self.script.add(section, line, items, note)

    def render(self) -> tuple[File, ...]:
        """Write all files."""
        files = [*self.entra.render()]
        for sheet in self.admin_center.values():
            files += sheet.render()
        if self.script.sections:
            files.append(File(path=self.script.path, data=_write_script(self.script)))
        return (*files, *self.batch.render())

    def list_steps(self) -> Iterator[Instruction]:
        """Say what to do with the files, in order."""
        yield Instruction(
            title="Domains",
            text="Add and verify every domain in the Microsoft 365 admin center. Nothing else "
            "works before. `workmail-org leave dns` writes the records.",
        )
        if self.entra.rows:
            yield Instruction(
                title="Accounts",
                text="Entra admin center, Users, Bulk operations, Bulk create: upload each "
                "`secret/entra-users-NN.csv`. Compare its first two lines with the template there. "
                "For a file with a single user the template wants its own third line kept and the "
                "user below it. Then assign licences; they need the usage location.",
            )
        if self.admin_center:
            yield Instruction(
                title="Accounts",
                text="Microsoft 365 admin center, Users, Add multiple users: upload each "
                "`admin-center-users-….csv`, one for each country, since the wizard sets one "
                "location. Compare the first line with the sample there. The wizard generates the "
                "passwords.",
            )
        if self.script.sections:
            yield Instruction(
                title="Everything in Exchange Online",
                text="Some minutes after the licences: `Connect-ExchangeOnline`, then "
                "`./exchange.ps1 -WhatIf`, then `./exchange.ps1`. It can be run again: what is "
                "there is left alone. It ends with what failed.",
            )
        if self.batch.rows:
            yield Instruction(title="Mail", text=_describe_batch(self.organization.region))


def _q(text: str) -> str:
    return quote_powershell(text)


def _judge(entity: Entity) -> str | None:
    """Say why an address cannot be a user name; `None`: it can, or it is nobody's."""
    if not isinstance(entity, User) or entity.role is Role.REMOTE_USER:
        return None
    address = entity.email
    whole, before, behind = _NAME_LIMITS
    local, _, domain = address.rpartition("@")
    if len(address) <= whole and len(local) <= before and len(domain) <= behind:
        return None
    return (
        f"too long for a user name: at most {whole} characters, {before} before the @, {behind} "
        "behind it; give the user a shorter primary address and keep this one as an alias"
    )


def _find_security_groups(organization: Organization) -> frozenset[Reference]:
    """Find the groups that need to be security groups: grantees, and the groups inside those."""
    inside = {group.reference.folded: group.members for group in organization.groups}
    found: set[Reference] = set()
    waiting = [
        each.grantee.folded for each in organization.permissions if each.grantee.kind is Kind.GROUP
    ]
    while waiting:
        reference = waiting.pop()
        if reference in found:
            continue
        found.add(reference)
        members = inside.get(reference, ())
        waiting += [each.folded for each in members if each.kind is Kind.GROUP]
    return frozenset(found)


def _write_booking(resource: Bookable, delegates: Sequence[str]) -> str:
    booking = resource.booking
    accept = "$true" if booking.auto_accept else "$false"
    ask = "" if booking.auto_accept else " -AllRequestInPolicy $true"
    recurring = "$false" if booking.decline_recurring else "$true"
    conflicts = "$false" if booking.decline_conflicts else "$true"
    named = f" -ResourceDelegates {','.join(map(_q, delegates))}" if delegates else ""
    return (
        # AutoUpdate would leave delegates without requests.
        f"Set-CalendarProcessing -Identity {_q(resource.email)} -AutomateProcessing AutoAccept"
        f" -AllBookInPolicy {accept}{ask} -AllowRecurringMeetings {recurring}"
        f" -AllowConflicts {conflicts} -BookingWindowInDays {_BOOKING_DAYS}{named}"
    )


def _write_admin_center_row(user: User, values: Mapping[str, str]) -> Sequence[str]:
    """Write a row; an empty field is a space, as the wizard's own sample has it."""

    def get(name: str) -> str:
        return values.get(name) or " "

    return (
        user.email,
        get("first_name"),
        get("last_name"),
        values.get("display_name") or user.name,
        get("job_title"),
        get("department"),
        get("office"),
        get("telephone"),
        " ",
        " ",
        " ",
        get("street"),
        get("city"),
        " ",
        get("zip_code"),
        get("country"),
    )


_STEPS = "# <steps>\n"
"""Where the template of the script has the commands."""

_SECTIONS = (_CONTACTS, _ROOMS, _GROUPS, _MEMBERS, _MAILBOXES, _RIGHTS)


def _write_script(script: CommandFile) -> bytes:
    """Write the script; without a byte order mark Windows PowerShell does not read UTF-8."""
    template = resources.files(__package__ or "") / "templates" / "exchange.ps1"
    parts = [
        "\n".join((f"# {section}", *script.sections[section], ""))
        for section in _SECTIONS
        if section in script.sections
    ]
    text = template.read_text(encoding="utf-8").replace(_STEPS, "\n".join(parts))
    return b"\xef\xbb\xbf" + text.encode()


def _describe_batch(region: str) -> str:
    host = IMAP_HOST.format(region=region)
    return (
        "The target mailboxes must exist, and retention tags and archives of them be off. "
        "`EmailAddress,UserName,Password` of each user are in `secret/imap-batch-NN.csv`; the "
        "passwords have to be valid in WorkMail (see Passwords).\n\n"
        f"    Test-MigrationServerAvailability -Imap -RemoteServer {host} -Port 993\n"
        f"    New-MigrationEndpoint -IMAP -Name WorkMail -RemoteServer {host} -Port 993 -Security "
        "Ssl -Confirm:$false\n"
        "    New-MigrationBatch -Name workmail-01 -SourceEndpoint WorkMail -CSVData"
        ' ([System.IO.File]::ReadAllBytes((Resolve-Path "secret/imap-batch-01.csv")))'
        " -AutoStart\n\n"
        "Begin with one small mailbox. IMAP carries mail alone, from all folders, Deleted Items "
        "and Junk Email included (-ExcludeFolders would leave some out). Messages over 35 MB, "
        "folders with a slash in their names, and what is beyond 500 000 items of a mailbox stay "
        "behind. After many transient errors a batch stops; "
        "`Start-MigrationBatch` goes on."
    )
