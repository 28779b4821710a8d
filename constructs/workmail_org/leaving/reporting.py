"""Reporting: how far an organization is on its way out, and what blocks it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from workmail_org.exporting.deciding import pair_passes
from workmail_org.exporting.model import Exported, MailboxExports, Stage
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
from workmail_org.model.user import Role, User
from workmail_org.model.values import Reference, parse_reference
from workmail_org.plan.costs import CENTS_PER_MAILBOX
from workmail_org.plan.declarations import name_stack

Exports = Mapping[str, Sequence[Exported]]
"""Entries of both passes of each organization that keeps a journal of exports, by key."""


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
        mailboxes: References of everything with a mailbox that can be exported.
        exported: One for each mailbox that is in a pass; `None`: no exports are
            declared.
        gone: How many of them had no mailbox any more when the final pass began for
            everybody: their first export is the last one.
        paid: Users that are paid for.
        months: That are still to be paid, this one included.
        stays: What is left in the account afterwards.
        moves: Its ledger for each destination that was asked for.
    """

    key: str
    alias: str
    region: str
    mailboxes: tuple[str, ...]
    exported: tuple[MailboxExports, ...] | None
    gone: int
    blockers: tuple[Blocker, ...]
    paid: int
    months: int
    cents_per_month: int
    stays: tuple[str, ...]
    moves: tuple[Move, ...]

    @property
    def verified(self) -> int:
        """How many mailboxes have a verified export of either pass."""
        return sum(each.verified is not None for each in self.exported or ())

    @property
    def archived(self) -> int:
        """How many mailboxes have all the exports that they need."""
        return sum(each.archived for each in self.exported or ()) + self.gone

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
    "DNS steps 1 and 2 (workmail-org leave dns).",
    "Move the mail; then DNS step 3.",
    "Export every mailbox a last time, and verify it, before anybody is switched off: a mailbox is "
    "erased 30 days after its user is.",
    "Wait one to two quiet weeks, with WorkMail still running.",
    "DNS step 4.",
    "Delete the organization together with its directory: a directory that stays is charged once "
    "no WorkMail uses it.",
    "Edit the SES receipt rule that is called like the organization, and delete SES identities "
    "that nobody else uses.",
    "Delete the roles and keys that were made for the migration. The bucket with the exports and "
    "the key that encrypts it stay: without the key nobody can read them.",
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
    exports: Exports | None = None,
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
        exports: What is known of exports; an organization that it lacks has
            declared none.
        stacks: Names of the stacks of organizations that were read live, by key: of each the one
            that its tag names, or `None`. Of a spec the names follow from it.
        deadlines: When the mailbox of somebody who is switched off is erased, in
            UTC, as far as it is known.
        sign_ins: From audit logs; `None`: none was given.
        cents_per_month: US cents for a user.
    """
    known = exports or {}
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
                exported=tuple(known[each.key]) if each.key in known else None,
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
    exported: tuple[Exported, ...] | None,
    deadlines: Mapping[Reference, datetime],
    moves: tuple[Move, ...],
    cents_per_month: int,
) -> OrganizationReport:
    pairs = None if exported is None else tuple(pair_passes(exported).values())
    declared = [str(each.reference) for each in list_entities(organization) if has_mailbox(each)]
    # The journal also has those whom no spec declares: their mailboxes end like all others.
    extra = Counter(each.reference.folded for each in pairs or ())
    extra.subtract(parse_reference(name).folded for name in declared)
    mailboxes = (*declared, *map(str, _list_extra(pairs or (), extra)))
    return OrganizationReport(
        key=organization.key,
        alias=organization.alias,
        region=organization.region,
        mailboxes=mailboxes,
        exported=pairs,
        gone=_count_gone(declared, pairs or ()),
        blockers=tuple(_list_blockers(organization, mailboxes, pairs, deadlines, today)),
        paid=sum(each.enabled and each.role is Role.USER for each in organization.users),
        months=count_months(today),
        cents_per_month=cents_per_month,
        stays=tuple(_list_staying(organization, stack, has_exports=exported is not None)),
        moves=moves,
    )


def _list_extra(
    pairs: Iterable[MailboxExports], extra: Mapping[Reference, int]
) -> Iterator[Reference]:
    """List mailboxes of the journal beyond the declared ones of the same name."""
    left = dict(extra)
    for each in pairs:
        if left[each.reference.folded] > 0:
            left[each.reference.folded] -= 1
            yield each.reference


def _count_gone(declared: Iterable[str], pairs: Sequence[MailboxExports]) -> int:
    """Count verified mailboxes that WorkMail did not list when everybody came into the final pass.

    That is so when nobody who is declared is missing in it, and nobody declares them.
    """
    final = {each.reference.folded for each in pairs if each.final}
    names = {parse_reference(name).folded for name in declared}
    if not final or not names <= final:
        return 0
    return sum(
        each.final is None and each.verified is not None and each.reference.folded not in names
        for each in pairs
    )


def has_mailbox(entity: Entity) -> bool:
    """Return whether an entity has a mailbox to export: groups and remote users have none.

    Whether that of somebody who is switched off can be exported is documented nowhere.
    """
    if isinstance(entity, Group) or not entity.enabled:
        return False
    return not (isinstance(entity, User) and entity.role is Role.REMOTE_USER)


def count_months(today: date) -> int:
    """Count the months that are still to be paid, this one included."""
    months = 12 * (END_OF_SUPPORT.year - today.year) + END_OF_SUPPORT.month - today.month
    return max(0, months + 1)


def _list_blockers(
    organization: Organization,
    mailboxes: Sequence[str],
    exported: Sequence[MailboxExports] | None,
    deadlines: Mapping[Reference, datetime],
    today: date,
) -> Iterator[Blocker]:
    if today > END_OF_SUPPORT:
        yield Blocker(
            title=f"Amazon WorkMail ended on {END_OF_SUPPORT}: nothing can be read any more"
        )
    yield from _list_export_blockers(mailboxes, exported)
    staying: dict[str, list[str]] = {}
    for entity in list_entities(organization):
        if reason := explain_staying(entity):
            deadline = deadlines.get(entity.reference)
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
    mailboxes: Sequence[str], exported: Sequence[MailboxExports] | None
) -> Iterator[Blocker]:
    if exported is None:
        yield Blocker(
            title="exports are not declared: nobody knows which mailboxes are safe, and they end "
            "with WorkMail"
        )
        return
    failed = [each for each in exported if each.latest.stage is Stage.FAILED]
    for each in failed:
        which = "final export" if each.final else "export"
        yield Blocker(
            title=f"the {which} failed: {each.latest.reason}", names=(str(each.reference),)
        )
    known = {each.reference.folded: each for each in exported}
    open_: dict[str, list[str]] = {"": [], "final ": []}
    for name in mailboxes:
        found = known.get(parse_reference(name).folded)
        if found in failed or (found and found.archived):
            continue
        open_["final " if found and found.verified else ""].append(name)
    for kind, names in open_.items():
        advice = ": workmail-org leave export"
        advice += " --final, once the mail has moved" if kind else ""
        if names and len(names) == len(mailboxes):
            yield Blocker(title=f"no mailbox has a verified {kind}export yet{advice}")
        elif names:
            yield Blocker(title=f"no verified {kind}export yet{advice}", names=tuple(names))


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
        yield f"DNS records of {domain.name}{zone}"
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
        yield "bucket with the exports, and the KMS key that encrypts them: keep both"
