"""Reporting: how far an organization is on its way out, and what blocks it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from workmail_org.exporting.deciding import pair_passes
from workmail_org.exporting.model import Checked, Exported, MailboxExports, Stage
from workmail_org.leaving.model import Destination, Move
from workmail_org.leaving.movers import (
    IMAP_IS_CLOSED,
    explain_staying,
    is_imap_open,
    list_entities,
)
from workmail_org.leaving.moving import account
from workmail_org.leaving.signing_in import SignInLog
from workmail_org.model.group import Group
from workmail_org.model.lifetime import END_OF_SUPPORT
from workmail_org.model.live import Entity
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.policies import AccessControlRule, Effect
from workmail_org.model.removal import Removal
from workmail_org.model.user import Role, User
from workmail_org.model.values import EntityId, Reference
from workmail_org.plan.costs import CENTS_PER_MAILBOX
from workmail_org.plan.declarations import name_stack


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMailbox:
    """A mailbox that WorkMail has.

    Attributes:
        id: Of its user or resource.
        deadline: When it is erased, in UTC, since its owner is switched off; `None`: not soon.
    """

    id: EntityId
    reference: Reference
    deadline: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was seen in AWS of organizations, by their keys.

    Attributes:
        exports: Entries of both passes, or why the journal was not read; an organization that
            declares no exports is not in it.
        present: Who has a mailbox in WorkMail, also who is switched off and has it for some days;
            where that was not read, it is what the spec and the journal say.
        deletes_records: Those whose stack, as it is deployed, deletes DNS records when it goes.
        receiving: Domains whose MX record leads to WorkMail, as far as their zones were read.
    """

    exports: Mapping[str, Sequence[Exported] | str] = field(default_factory=_nothing)
    present: Mapping[str, Sequence[LiveMailbox]] = field(default_factory=_nothing)
    deletes_records: frozenset[str] = frozenset()
    receiving: Mapping[str, Sequence[str]] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """Something that stands in the way.

    Attributes:
        names: Whom or what it is about; may be empty.
    """

    title: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationReport:
    """How far one organization is.

    Attributes:
        mailboxes: Everything with a mailbox that can be exported, as a spec refers to it; where
            two have one name with their ids.
        exported: One for each of them that is in a pass; `None`: nobody knows.
        unread: Why nobody knows, though exports are declared; empty: they are not.
        gone: Those that were in a pass and have no mailbox any more: no pass can do anything
            about them.
        receiving: Domains whose mail still comes, as far as their zones were read.
        paid: Users that are paid for.
        months: That are still to be paid, this one included.
        stays: What is left in the account afterwards.
        ends: What becomes of everything when its stack is destroyed.
        moves: Its ledger for each destination that was asked for.
    """

    key: str
    alias: str
    region: str
    mailboxes: tuple[str, ...]
    exported: tuple[MailboxExports, ...] | None
    unread: str
    gone: tuple[MailboxExports, ...]
    receiving: tuple[str, ...]
    blockers: tuple[Blocker, ...]
    paid: int
    months: int
    cents_per_month: int
    stays: tuple[str, ...]
    ends: tuple[str, ...]
    moves: tuple[Move, ...]

    @property
    def verified(self) -> int:
        """How many mailboxes have a verified export of either pass."""
        return sum(each.verified is not None for each in self.exported or ())

    @property
    def archived(self) -> int:
        """How many mailboxes have all the exports that they need: none while mail still comes."""
        return 0 if self.receiving else sum(each.archived for each in self.exported or ())

    @property
    def oldest(self) -> float | None:
        """When the oldest export of the final pass was begun; `None`: there is none."""
        moments = [
            each.final.exported_at
            for each in self.exported or ()
            if each.final and each.archived and each.final.exported_at
        ]
        return min(moments, default=None)

    @property
    def readiness(self) -> int | None:
        """How far the exports are, in per cent, rounded down; `None`: nobody knows."""
        return measure_readiness([self])

    @property
    def cents_left(self) -> int:
        """US cents until the end."""
        return self.paid * self.months * self.cents_per_month


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveReport:
    """How far the organizations of a spec are on their way out.

    Attributes:
        spec: As the caller named it; empty: read from what is live.
        days_left: Until the last day of WorkMail; negative: after it.
        sign_ins: What audit logs say; `None`: none was given.
    """

    environment: str
    spec: str
    today: date
    days_left: int
    organizations: tuple[OrganizationReport, ...]
    sign_ins: SignInLog | None = None

    @property
    def readiness(self) -> int | None:
        """Of all organizations together; `None`: nobody knows of one of them."""
        return measure_readiness(self.organizations)


def measure_readiness(organizations: Sequence[OrganizationReport]) -> int | None:
    """Measure how far the exports are, in per cent, rounded down.

    A mailbox is half ready with a verified export of any pass, and ready with one of the final
    pass: before the mail has moved, an organization is never more than half ready.
    """
    if any(each.exported is None for each in organizations):
        return None
    mailboxes = sum(len(each.mailboxes) for each in organizations)
    done = sum(each.verified + each.archived for each in organizations)
    return 100 * done // (2 * mailboxes) if mailboxes else 100


TEARDOWN = (
    "Write the files for the destination (workmail-org leave files), and go through its ledger.",
    "Create accounts, groups, rooms and rights at the destination.",
    "Export every mailbox a first time, early, while people go on working.",
    "Deploy the spec with on_removal: {domains: retain}, so that the DNS records outlive the "
    "stack; then DNS steps 1 and 2 (workmail-org leave dns).",
    "Move the mail; then DNS step 3.",
    "Export every mailbox a last time (workmail-org leave export --final), and verify it, before "
    "anybody is switched off: a mailbox is erased 30 days after its user is.",
    "Wait one to two quiet weeks, with WorkMail still running.",
    "If anything came into WorkMail since the final pass, or the move was taken back in between, "
    "export once more (workmail-org leave export --final --again).",
    "DNS step 4.",
    "Have every file read once more (workmail-org leave export --final --verify): the journal "
    "does not notice what was deleted since, or whose key was disabled. Save who each file is of "
    "(workmail-org leave export --final --format json).",
    "Delete the organization. A directory that WorkMail made for it goes with it, since it is "
    "charged once no WorkMail uses it; one that was there before, and any Active Directory, stays: "
    "people sign in to other things by it. Of a stack: deploy on_removal: {organization: delete, "
    "domains: retain}, with directory: delete only for a directory that the stack made and nobody "
    "else uses; then cdk destroy.",
    "Edit the SES receipt rule that is called like the organization, and delete SES identities "
    "that nobody else uses.",
    "Delete the roles and keys that were made for the migration. The bucket with the exports, the "
    "key that encrypts it and the journal stay: without the key nobody can read them.",
)
"""In this order (WorkMail Admin Guide, "mail-export", "disable-users", "delete_organization"; that
WorkMail should run on for a while is what those say who moved)."""


def build_report(
    environment: Environment,
    organizations: Iterable[Organization],
    *,
    spec: str,
    today: date,
    destinations: Sequence[Destination],
    looked: Looked | None = None,
    stacks: Mapping[str, str | None] | None = None,
    deadlines: Mapping[Reference, datetime] | None = None,
    sign_ins: SignInLog | None = None,
    cents_per_month: int = CENTS_PER_MAILBOX,
) -> LeaveReport:
    """Say how far organizations are.

    Args:
        environment: Of the spec.
        organizations: Those of its organizations that are wanted.
        spec: As the caller named it.
        today: In UTC.
        destinations: For which a ledger is wanted.
        looked: What was seen in AWS; `None`: nothing was looked at.
        stacks: Names of the stacks of organizations that were read live, by key: of each the one
            that its tag names, or `None`. Of a spec the names follow from it.
        deadlines: When the mailbox of somebody who is switched off is erased, in
            UTC, as far as it is known.
        sign_ins: From audit logs; `None`: none was given.
        cents_per_month: US cents for a user.
    """
    seen = looked or Looked()
    live = stacks is not None
    return LeaveReport(
        environment=environment.name,
        spec=spec,
        today=today,
        days_left=(END_OF_SUPPORT - today).days,
        sign_ins=sign_ins,
        organizations=tuple(
            _report(
                each,
                stacks[each.key] if stacks is not None else name_stack(environment, each),
                today=today,
                exports=seen.exports.get(each.key),
                present=seen.present.get(each.key),
                is_live=live,
                keeps_records=each.key not in seen.deletes_records,
                receiving=seen.receiving.get(each.key, ()),
                deadlines=deadlines or {},
                moves=tuple(account(each, destination) for destination in destinations),
                cents_per_month=cents_per_month,
            )
            for each in organizations
        ),
    )


def _report(
    organization: Organization,
    stack: str | None,
    *,
    today: date,
    exports: Sequence[Exported] | str | None,
    present: Sequence[LiveMailbox] | None,
    is_live: bool,
    keeps_records: bool,
    receiving: Sequence[str],
    deadlines: Mapping[Reference, datetime],
    moves: tuple[Move, ...],
    cents_per_month: int,
) -> OrganizationReport:
    unread = exports if isinstance(exports, str) else ""
    is_known = exports is not None and not unread
    every = pair_passes(exports).values() if exports and not isinstance(exports, str) else ()
    ids = None if present is None else {row.id for row in present}
    gone = tuple(
        each for each in every if (each.is_gone if ids is None else each.latest.id not in ids)
    )
    left = [each for each in every if each not in gone]
    boxes = (
        _guess_mailboxes(organization, left)
        if present is None
        else _list_mailboxes(organization, left, present)
    )
    pairs = tuple(each.pair for each in boxes if each.pair) if is_known else None
    return OrganizationReport(
        key=organization.key,
        alias=organization.alias,
        region=organization.region,
        mailboxes=tuple(each.name for each in boxes),
        exported=pairs,
        unread=unread,
        gone=gone,
        receiving=tuple(receiving),
        blockers=(
            *_list_end_blockers(today),
            *_list_export_blockers(boxes, is_known=is_known, unread=unread),
            *_list_mail_blockers(boxes, receiving),
            *(() if is_live else _list_strangers(organization, boxes)),
            *_list_blockers(
                organization,
                deadlines,
                told={each.reference.folded for each in boxes} if is_known else set(),
                having=None if present is None else {row.reference.folded for row in present},
            ),
            *_list_record_blockers(organization, stack, keeps_records=keeps_records),
        ),
        paid=sum(each.enabled and each.role is Role.USER for each in organization.users),
        months=count_months(today),
        cents_per_month=cents_per_month,
        stays=tuple(_list_staying(organization, stack, has_exports=exports is not None)),
        ends=tuple(_list_ends(organization, stack, is_live=is_live)),
        moves=moves,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    """One mailbox that there is.

    Attributes:
        name: Unique in a report.
        reference: Of whose it is.
        deadline: When WorkMail erases it; `None`: not soon, or it is not known.
        pair: `None`: it is in no pass.
        is_declared: The spec has it.
    """

    name: str
    reference: Reference
    deadline: datetime | None = None
    pair: MailboxExports | None = None
    is_declared: bool = True

    @property
    def described(self) -> str:
        """The name, with the deadline if there is one."""
        if self.deadline is None:
            return self.name
        return f"{self.name} (switched off, erased on {self.deadline:%Y-%m-%d %H:%M} UTC)"


def _list_mailboxes(
    organization: Organization, pairs: Iterable[MailboxExports], present: Iterable[LiveMailbox]
) -> tuple[_Box, ...]:
    """List the mailboxes that WorkMail has, those of the spec first and as it names them."""
    known = {pair.latest.id: pair for pair in pairs}
    declared = {each.reference.folded: each.reference for each in list_entities(organization)}
    order = {reference: number for number, reference in enumerate(declared)}
    rows = sorted(present, key=lambda row: order.get(row.reference.folded, len(order)))
    return tuple(
        _Box(
            name=str(declared.get(row.reference.folded, row.reference)),
            reference=row.reference,
            deadline=row.deadline,
            pair=known.get(row.id),
            is_declared=row.reference.folded in declared,
        )
        for row in rows
    )


def _guess_mailboxes(
    organization: Organization, pairs: Collection[MailboxExports]
) -> tuple[_Box, ...]:
    """List the declared mailboxes, and those that only the journal has: they end like all others.

    Two have one name where one was deleted and the other one made with its name, and no pass was
    begun since.
    """
    waiting: dict[Reference, list[MailboxExports]] = {}
    for pair in pairs:
        waiting.setdefault(pair.reference.folded, []).append(pair)
    names = {reference: len(found) > 1 for reference, found in waiting.items()}  # which are doubled

    def show(pair: MailboxExports) -> str:
        name = str(pair.reference)
        return f"{name} ({pair.latest.id})" if names[pair.reference.folded] else name

    boxes: list[_Box] = []
    for entity in list_entities(organization):
        found = waiting.pop(entity.reference.folded, [])
        if len(found) == 1 or (not found and has_mailbox(entity)):
            known = found[0] if found else None
            name = str(entity.reference)
            boxes.append(_Box(name=name, reference=entity.reference, pair=known))
        else:
            boxes += (_Box(name=show(pair), reference=pair.reference, pair=pair) for pair in found)
    for found in waiting.values():
        boxes += (
            _Box(name=show(pair), reference=pair.reference, pair=pair, is_declared=False)
            for pair in found
        )
    return tuple(boxes)


def has_mailbox(entity: Entity) -> bool:
    """Return whether an entity has a mailbox for sure.

    That of somebody who is switched off is kept for 30 days, if there ever was one.
    """
    return entity.enabled and could_have_mailbox(entity)


def could_have_mailbox(entity: Entity) -> bool:
    """Return whether an entity is of a kind with a mailbox: groups and remote users have none."""
    if isinstance(entity, Group):
        return False
    return not (isinstance(entity, User) and entity.role is Role.REMOTE_USER)


def count_months(today: date) -> int:
    """Count the months that are still to be paid, this one included."""
    months = 12 * (END_OF_SUPPORT.year - today.year) + END_OF_SUPPORT.month - today.month
    return max(0, months + 1)


def _list_end_blockers(today: date) -> Iterator[Blocker]:
    if today > END_OF_SUPPORT:
        yield Blocker(
            title=f"Amazon WorkMail ended on {END_OF_SUPPORT}: nothing can be read any more"
        )


def _list_strangers(organization: Organization, boxes: Iterable[_Box]) -> Iterator[Blocker]:
    """Whoever is not in the spec is in no file either, and their mail bounces after the move."""
    if names := tuple(each.described for each in boxes if not each.is_declared):
        yield Blocker(
            title="in the organization and not in the spec, so in no file and in no ledger: add "
            f"them to organizations.{organization.key} (workmail-org drift names whatever is not "
            "in the spec), or write them down by hand",
            names=names,
        )


def _list_mail_blockers(boxes: Iterable[_Box], receiving: Sequence[str]) -> Iterator[Blocker]:
    """A final pass is not the last one while mail comes in: what comes after it is in no file."""
    if receiving and any(each.pair and each.pair.final for each in boxes):
        yield Blocker(
            title="mail still comes to WorkMail, by the MX record in the hosted zone, and what "
            "came in after the final pass is in no export: workmail-org leave export --final "
            "--again, once the mail has moved",
            names=tuple(receiving),
        )


def _list_record_blockers(
    organization: Organization, stack: str | None, *, keeps_records: bool
) -> Iterator[Blocker]:
    """DNS records of the destination would go with the stack that wrote those of WorkMail."""
    names = tuple(each.name for each in organization.domains if each.dns and each.dns.written)
    if not names or stack is None:
        return
    if not organization.keeps_domains:
        yield Blocker(
            title=f"cdk destroy of {stack} would delete the DNS records, those of the destination "
            "too: set on_removal: {domains: retain}, and deploy",
            names=names,
        )
    elif not keeps_records:
        yield Blocker(
            title=f"cdk destroy of {stack} would delete the DNS records, those of the destination "
            "too: the spec retains them and is not deployed as it is; deploy it",
            names=names,
        )


def _list_blockers(
    organization: Organization,
    deadlines: Mapping[Reference, datetime],
    *,
    told: Collection[Reference],
    having: Collection[Reference] | None,
) -> Iterator[Blocker]:
    """List what blocks beside exports.

    Args:
        organization: Which.
        deadlines: When the mailbox of somebody who is switched off is erased.
        told: Whose mailbox is told of with all others.
        having: Who has a mailbox; `None`: nobody looked.
    """
    staying: dict[str, list[str]] = {}
    for entity in list_entities(organization):
        reason = explain_staying(entity)
        deadline = deadlines.get(entity.reference)
        if reason is None:
            continue
        if not entity.enabled and (
            entity.reference.folded in told
            or not could_have_mailbox(entity)
            or (having is not None and entity.reference.folded not in having)
        ):
            continue
        until = f" (erased on {deadline:%Y-%m-%d %H:%M} UTC)" if deadline else ""
        staying.setdefault(reason, []).append(f"{entity.reference}{until}")
    for reason, names in staying.items():
        yield Blocker(title=reason, names=tuple(names))
    if not is_imap_open(organization):
        yield Blocker(title=IMAP_IS_CLOSED)
    if rules := [each.name for each in organization.policies.access_control if _denies_imap(each)]:
        yield Blocker(
            title="access control rules that may refuse the machine that reads mail by IMAP: "
            "allow it for the time of the move",
            names=tuple(rules),
        )
    if organization.directory.read_only:
        yield Blocker(
            title="users and groups are kept in the directory behind the AD Connector, which has "
            "their names and members: create them from there"
        )


def _list_export_blockers(
    boxes: Sequence[_Box], *, is_known: bool, unread: str
) -> Iterator[Blocker]:
    if not is_known:
        yield Blocker(
            title=f"nobody knows which mailboxes are safe, and they end with WorkMail: {unread}"
            if unread
            else "exports are not declared: nobody knows which mailboxes are safe, and they end "
            "with WorkMail"
        )
        return
    open_: dict[str, list[str]] = {"": [], "final ": []}
    sized: list[str] = []
    for box in boxes:
        pair = box.pair
        if pair and pair.latest.stage is Stage.FAILED:
            which = "final export" if pair.final else "export"
            yield Blocker(title=f"the {which} failed: {pair.latest.reason}", names=(box.described,))
        elif pair and pair.archived and pair.shown.checked is Checked.SIZE:
            sized.append(box.name)
        elif pair is None or not pair.archived:
            open_["final " if pair and pair.verified else ""].append(box.described)
    for kind, names in open_.items():
        advice = ": workmail-org leave export"
        advice += " --final, once the mail has moved" if kind else ""
        if names and len(names) == len(boxes):
            yield Blocker(title=f"no mailbox has a verified {kind}export yet{advice}")
        elif names:
            yield Blocker(title=f"no verified {kind}export yet{advice}", names=tuple(names))
    if sized:
        yield Blocker(
            title="the file is too large to be read whole, and counts as verified because it is "
            "there: compare its SHA-384 with the one in the job's log",
            names=tuple(sized),
        )


def _denies_imap(rule: AccessControlRule) -> bool:
    return (
        rule.effect is Effect.DENY
        and (not rule.actions or "imap" in rule.actions)
        and "imap" not in rule.not_actions
    )


def _list_staying(
    organization: Organization, stack: str | None, *, has_exports: bool
) -> Iterator[str]:
    """List what is left in the account when WorkMail is gone, and is the customer's."""
    if stack:
        yield f"CloudFormation stack {stack}, until it is destroyed"
    for domain in organization.domains:
        zone = f" in hosted zone {domain.dns.hosted_zone_id}" if domain.dns else ""
        is_ours = domain.dns is not None and domain.dns.written
        goes = is_ours and stack is not None and not organization.keeps_domains
        until = ", until cdk destroy deletes them" if goes else ""
        yield f"DNS records of {domain.name}{zone}{until}"
        yield f"SES identity {domain.name} with its DKIM keys"
    yield f"SES receipt rule of {organization.alias} in the rule set INBOUND_MAIL"
    monitoring = organization.policies.email_monitoring
    if monitoring:
        group = monitoring.log_group_arn or "that the stack made"
        yield f"CloudWatch log group {group}, with what was logged"
    if organization.kms_key_arn:
        yield f"KMS key {organization.kms_key_arn}"
    if organization.directory.directory_id:
        yield f"directory {organization.directory.directory_id}, charged once nothing uses it"
    if has_exports:
        yield (
            "bucket with the exports, the KMS key that encrypts them, and the DynamoDB table that "
            "says whose they are: keep all three"
        )


_ENDS = {
    Removal.DISABLE: "switched off, and a mailbox is erased 30 days later",
    Removal.DELETE: "deleted permanently, with a mailbox",
    Removal.DEREGISTER: "deregistered",
    Removal.RETAIN: "left as they are",
}


def _list_ends(organization: Organization, stack: str | None, *, is_live: bool) -> Iterator[str]:
    """List what becomes of everything when the stack is destroyed, as the spec says it."""
    if stack is None or is_live:  # only a spec says it
        return
    on_removal = organization.on_removal
    deletes = on_removal.organization is Removal.DELETE and organization.existing is None
    if not deletes:
        yield (
            "the stack has termination protection, which has to be lifted first "
            "(docs/operating.md, Destroying a stack)"
        )
    for title, entities, word in (
        ("users", organization.users, on_removal.users),
        ("resources", organization.resources, on_removal.resources),
        ("groups", organization.groups, on_removal.groups),
    ):
        if entities:
            ends = _ENDS[word]
            if title == "groups":
                ends = ends.partition(",")[0]
            yield f"{title}: {ends}"
    if organization.domains:
        keeps = organization.keeps_domains
        yield f"domains: {_ENDS[Removal.RETAIN if keeps else Removal.DEREGISTER]}"
        written = [each.name for each in organization.domains if each.dns and each.dns.written]
        if written:
            ends = "left as they are" if keeps else "deleted, whatever they lead to by then"
            yield f"DNS records of {', '.join(written)}: {ends}"
    if deletes:
        yield "organization: deleted permanently, with every mailbox"
    else:
        yield "organization: left as it is"
    made = organization.directory.directory_id is None
    if deletes and made and on_removal.directory is Removal.DELETE:
        yield "directory: deleted permanently, with everybody in it"
    else:
        yield "directory: left as it is"
    if organization.exports:
        yield "bucket, key and journal of the exports: left as they are"
