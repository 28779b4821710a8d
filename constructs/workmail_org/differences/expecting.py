"""Expecting: what of a spec WorkMail can show, and what has to be of that which left it.

WorkMail does not show everything that a spec says. Here three organizations are made comparable:
*declared* is turned into what can be seen once it is deployed; what was declared before and is to
stay is dropped from *previous*; and whatever WorkMail does not tell of *live* is taken to be as it
is declared. The rules are about WorkMail, not about the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from workmail_org.differences.additions import Addition, part
from workmail_org.model.bookable import Bookable
from workmail_org.model.directory import Directory, DirectoryType
from workmail_org.model.group import Group
from workmail_org.model.organization import Organization
from workmail_org.model.permission import MailboxPermission
from workmail_org.model.policies import Effect, ImpersonationRole, ImpersonationRule, Policies
from workmail_org.model.removal import Removal
from workmail_org.model.user import PROFILE_FIELDS, User
from workmail_org.model.values import Kind, Reference, fold, get_domain

_EntityT = TypeVar("_EntityT", User, Group, Bookable)

_TOLD_WHEN_ENABLED = ("email", "aliases", "quota_megabytes")
"""Fields that WorkMail does not give of a user or group that is switched off."""

_KEPT_IN_DIRECTORY = (
    *PROFILE_FIELDS,
    "members",
    "role",
    "hidden_from_global_address_list",
    "identity_provider_user_id",
)
"""What an AD Connector's directory says, and WorkMail only shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Three organizations that can be compared.

    Attributes:
        declared: What WorkMail would show.
        live: What it shows; what it does not tell is as declared.
        previous: What was declared before and must not be there any more, if it
            is not declared.
        others: Those of the permissions in `previous` that nobody declared, on mailboxes
            whose rights are exclusive.
        additions: What people added by hand to declared lists, which is not in `live`.
    """

    declared: Organization
    live: Organization
    previous: Organization
    others: tuple[MailboxPermission, ...] = ()
    additions: tuple[Addition, ...] = ()


def expect(
    declared: Organization, live: Organization, previous: Organization | None = None
) -> Expected:
    """Make a spec, what is live and the spec before comparable.

    Args:
        declared: From a spec.
        live: As `describing.describe` says it.
        previous: What was deployed before; `None`: the same. What left the spec since then has to
            be as `on_removal` says.
    """
    before = _drop_kept(_show(previous or declared), declared)
    wanted = _carry_out_removals(_show(declared), before, live)
    parted = part(wanted, _take_as_declared(live, wanted), before)
    return Expected(
        declared=wanted,
        live=parted.live,
        previous=replace(before, permissions=(*before.permissions, *parted.others)),
        others=parted.others,
        additions=parted.additions,
    )


def _show(declared: Organization) -> Organization:
    """Say what WorkMail shows of a spec: who is switched off is nobody's member or target."""
    off = declared.disabled
    directory = declared.directory
    if directory.type is DirectoryType.EXISTING and directory.kind:
        directory = replace(directory, type=directory.kind)
    return replace(
        declared,
        directory=directory,
        domains=tuple(replace(each, verified=each.usable) for each in declared.domains),
        groups=tuple(
            replace(each, members=_leave_out(each.members, off)) for each in declared.groups
        ),
        resources=tuple(
            replace(each, delegates=_leave_out(each.delegates, off)) for each in declared.resources
        ),
        permissions=_leave_out_permissions(declared.permissions, off),
        policies=_show_policies(declared.policies, off),
    )


def _leave_out(references: Iterable[Reference], off: frozenset[Reference]) -> tuple[Reference, ...]:
    return tuple(each for each in references if each.folded not in off)


def _leave_out_permissions(
    permissions: Iterable[MailboxPermission], off: frozenset[Reference]
) -> tuple[MailboxPermission, ...]:
    return tuple(
        each for each in permissions if not {each.mailbox.folded, each.grantee.folded} & off
    )


def _show_policies(policies: Policies, off: frozenset[Reference]) -> Policies:
    roles = tuple(_show_role(each, off) for each in policies.impersonation_roles)
    return replace(policies, impersonation_roles=roles)


def _show_role(role: ImpersonationRole, off: frozenset[Reference]) -> ImpersonationRole:
    """Leave who is switched off out of what is allowed, and rules that lose all targets by it.

    A rule without targets would be one for everyone. Denials and exceptions keep them.
    """

    def is_on(name: str) -> bool:
        return Reference(Kind.USER, name).folded not in off

    def show(rule: ImpersonationRule) -> ImpersonationRule:
        if rule.effect is Effect.DENY:
            return rule
        return replace(rule, target_users=tuple(filter(is_on, rule.target_users)))

    kept = (
        each
        for each in role.rules
        if each.effect is Effect.DENY or not each.target_users or any(map(is_on, each.target_users))
    )
    return replace(role, rules=tuple(map(show, kept)))


def _drop_kept(previous: Organization, declared: Organization) -> Organization:
    """Leave out what may stay though it is not declared any more."""
    on_removal = declared.on_removal
    stays = on_removal.domains is not Removal.DEREGISTER or declared.existing is not None
    return replace(
        previous,
        domains=declared.domains if stays else previous.domains,
        users=_drop_retained(previous.users, declared.users, on_removal.users),
        groups=_drop_retained(previous.groups, declared.groups, on_removal.groups),
        resources=_drop_retained(previous.resources, declared.resources, on_removal.resources),
    )


def _drop_retained(
    previous: tuple[_EntityT, ...], declared: tuple[_EntityT, ...], removal_policy: Removal
) -> tuple[_EntityT, ...]:
    if removal_policy is not Removal.RETAIN:
        return previous
    names = {fold(each.name) for each in declared}
    return tuple(each for each in previous if fold(each.name) in names)


def _carry_out_removals(
    declared: Organization, previous: Organization, live: Organization
) -> Organization:
    """Declare of what left the spec that it is switched off, where that is the removal policy.

    DMARC is enforced again when it is not declared any more, as in a new organization
    (facts.md §0.9).
    """
    on_removal = declared.on_removal
    policies = declared.policies
    if policies.inbound_dmarc_enforced is None:
        was_declared = previous.policies.inbound_dmarc_enforced is not None
        policies = replace(policies, inbound_dmarc_enforced=True if was_declared else None)
    return replace(
        declared,
        users=_switch_off(declared.users, previous.users, live.users, on_removal.users),
        groups=_switch_off(declared.groups, previous.groups, live.groups, on_removal.groups),
        resources=_switch_off(
            declared.resources, previous.resources, live.resources, on_removal.resources
        ),
        policies=policies,
    )


def _switch_off(
    declared: tuple[_EntityT, ...],
    previous: tuple[_EntityT, ...],
    live: tuple[_EntityT, ...],
    removal_policy: Removal,
) -> tuple[_EntityT, ...]:
    if removal_policy is not Removal.DISABLE:
        return declared
    names = {fold(each.name) for each in declared}
    found = {fold(each.name): each for each in live}
    left = (each.name for each in previous if fold(each.name) not in names)
    return declared + tuple(
        replace(found[fold(name)], name=name, enabled=False) for name in left if fold(name) in found
    )


def _take_as_declared(live: Organization, declared: Organization) -> Organization:
    """Take what WorkMail does not tell, and what is not the spec's, to be as declared."""
    entities: tuple[User | Group | Bookable, ...] = (
        *declared.users,
        *declared.groups,
        *declared.resources,
    )
    off = frozenset(each.reference.folded for each in entities if not each.enabled)
    addresses = {fold(address) for each in entities for address in (each.email, *each.aliases)}
    test_domain = fold(declared.test_domain)

    def leave_out_automatic(aliases: Iterable[str]) -> tuple[str, ...]:
        """Drop addresses that WorkMail adds by itself."""
        return tuple(
            each for each in aliases if fold(each) in addresses or get_domain(each) != test_domain
        )

    kept = _KEPT_IN_DIRECTORY if declared.directory.read_only else ()
    groups = tuple(replace(each, members=_leave_out(each.members, off)) for each in live.groups)
    resources = tuple(
        replace(each, delegates=_leave_out(each.delegates, off)) for each in live.resources
    )
    taken: dict[str, Any] = {}
    if declared.existing:
        taken["kms_key_arn"] = declared.kms_key_arn  # its tag is written by who made it
        if not declared.interoperability:
            taken["interoperability"] = False
    return replace(
        live,
        **taken,
        directory=_take_directory(live.directory, declared.directory),
        users=_take_entities(live.users, declared.users, leave_out_automatic, kept),
        groups=_take_entities(groups, declared.groups, leave_out_automatic, kept),
        resources=_take_entities(resources, declared.resources, leave_out_automatic, ()),
        policies=_take_policies(live.policies, declared.policies),
    )


def _take_directory(live: Directory, declared: Directory) -> Directory:
    """Take an organization's directory as it is where its spec does not speak of it."""
    if declared.type is DirectoryType.WORKMAIL:
        return declared
    if declared.type is DirectoryType.EXISTING:  # of no known kind
        return replace(live, type=DirectoryType.EXISTING)
    return live


def _take_entities(
    live: tuple[_EntityT, ...],
    declared: tuple[_EntityT, ...],
    leave_out_automatic: Callable[[Iterable[str]], tuple[str, ...]],
    kept_in_directory: Iterable[str],
) -> tuple[_EntityT, ...]:
    wanted: Mapping[str, _EntityT] = {fold(each.name): each for each in declared}

    def take(entity: _EntityT) -> _EntityT:
        own = replace(entity, aliases=leave_out_automatic(entity.aliases))
        name = fold(entity.name)
        return _take_entity(own, wanted[name], kept_in_directory) if name in wanted else own

    return tuple(map(take, live))


def _take_entity(live: _EntityT, declared: _EntityT, kept_in_directory: Iterable[str]) -> _EntityT:
    if isinstance(declared, Bookable) and not declared.enabled:
        return replace(declared, enabled=live.enabled)
    names = (*kept_in_directory, *(() if declared.enabled else _TOLD_WHEN_ENABLED))
    taken: dict[str, Any] = {
        name: getattr(declared, name) for name in names if hasattr(declared, name)
    }
    return replace(live, **taken)


def _take_policies(live: Policies, declared: Policies) -> Policies:
    """A log group that is given keeps events as long as whoever made it wants."""
    said, found = declared.email_monitoring, live.email_monitoring
    if said is None or found is None or said.managed:
        return live
    days = said.retention_days
    return replace(live, email_monitoring=replace(found, retention_days=days))
