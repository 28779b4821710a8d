"""Actual: what there is, predicted from a declaration or read; and what there is after calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workmail_org.changes.few import Known
from workmail_org.changes.naming import find_made_again
from workmail_org.changes.organizations import make_tags
from workmail_org.kinds import DEFAULT_DOMAIN, SETTINGS
from workmail_org.model.bookable import Bookable
from workmail_org.model.live import (
    EntityT,
    Found,
    LiveDirectory,
    LiveOrganization,
    LiveSettings,
    People,
    State,
)
from workmail_org.model.permission import MailboxPermission
from workmail_org.model.user import Role, User
from workmail_org.model.values import EntityId, Kind, OrganizationId, Reference, fold
from workmail_org.plan.declarations import Declaration
from workmail_org.wire.names import UNRESOLVED
from workmail_org.wire.properties import DirectoryProperties, OrganizationProperties

_DEFAULT_QUOTA_MEGABYTES = 51_200
"""What a new mailbox has (AWS CLI example `get-mailbox-details`; facts.md §1.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actual:
    """What there is of one organization.

    Attributes:
        organization: With its tags; `None`: it does not exist yet, or nobody has looked.
        directory: That the stack makes, or made; `None`: it does not exist yet, or
            nobody has looked.
        domains: Registered ones.
        is_whole: Whether there is nothing in the organization that is not here.
        owned: Folded names, by kind, of what this stack answers for.
        known: The same of what it answered for before it left the spec.
        made: The same of what it created.
        kept: By kind and folded name, whom of its members or delegates the stack could not
            take out yet.
        kept_permissions: Rights that left the spec, of those who were switched off then.
        ledger: By kind and folded name, who was there as the ledger says (`changes.few`), whoever
            is there now; what is predicted is read as it is declared anyway.
        exported: Ids of those whose mailbox has a verified export, with the second since 1970 at
            which it was verified; `None`: nobody has looked.
        repairs: Whether the deployment repairs: every resource is touched, and reads
            everything.
    """

    organization: LiveOrganization | None = None
    directory: LiveDirectory | None = None
    is_whole: bool = False
    domains: frozenset[str] = frozenset()
    people: People = People()  # noqa: RUF009 - frozen
    settings: LiveSettings = LiveSettings()  # noqa: RUF009
    owned: Mapping[Kind, frozenset[str]] = field(default_factory=dict[Kind, frozenset[str]])
    known: Mapping[Kind, frozenset[str]] = field(default_factory=dict[Kind, frozenset[str]])
    made: Mapping[Kind, frozenset[str]] = field(default_factory=dict[Kind, frozenset[str]])
    kept: Mapping[Kind, Mapping[str, tuple[Reference, ...]]] = field(
        default_factory=dict[Kind, Mapping[str, tuple[Reference, ...]]]
    )
    kept_permissions: tuple[MailboxPermission, ...] = ()
    ledger: Mapping[Kind, Mapping[str, Known]] = field(
        default_factory=dict[Kind, Mapping[str, Known]]
    )
    exported: Mapping[str, float] | None = None
    repairs: bool = False


def list_made_again(actual: Actual) -> frozenset[Reference]:
    """List who has another id than the stack's of the same name: somebody made them by hand."""
    ids = {
        Reference(kind, name): found.id
        for kind in actual.ledger
        for name, found in actual.people.get_kind(kind).items()
        if found.id  # whom this deployment makes is nobody's yet
    }
    return find_made_again(actual.ledger, ids)


def predict(declaration: Declaration | None) -> Actual:
    """Say what there is once a declaration has been deployed; `None`: nothing.

    What a spec does not tell is taken to be as in a new organization.
    """
    if declaration is None:
        return Actual()
    about = declaration.organization
    people = People(
        users={fold(each.name): _predict_user(each) for each in declaration.users.users},
        groups={fold(each.name): _found(each) for each in declaration.groups.groups},
        resources={
            fold(each.name): _predict_bookable(each) for each in declaration.resources.resources
        },
    )
    return Actual(
        organization=replace(take_as_declared(about), tags=make_tags(about)),
        directory=_predict_directory(declaration.directory),
        is_whole=about.existing is None,
        domains=frozenset(declaration.domains),
        people=people,
        settings=_predict_settings(declaration),
        owned={kind: frozenset(people.get_kind(kind)) for kind in Kind},
    )


def take_as_declared(about: OrganizationProperties) -> LiveOrganization:
    """Take an organization to be as it is declared, without tags: nobody has looked."""
    return LiveOrganization(
        id=OrganizationId(about.existing or UNRESOLVED),
        alias=about.alias,
        state=State.ACTIVE,
        directory_id=about.directory_id,
        interoperability=about.interoperability,
    )


def _predict_directory(declared: DirectoryProperties | None) -> LiveDirectory | None:
    """Predict what there is once a directory has been deployed; `None`: nothing."""
    if declared is None:
        return None
    directory, account = declared.directory, declared.directory.service_account
    return LiveDirectory(
        id=UNRESOLVED,
        type=directory.type,
        name=directory.name or "",
        alias=declared.alias,
        stage="Active",
        reason=None,
        size=directory.size,
        edition=directory.edition,
        vpc_id=directory.vpc_id,
        subnet_ids=frozenset(directory.subnet_ids),
        launched=None,
        short_name=directory.short_name,
        dns_ips=frozenset(directory.dns_ips),
        username=account.username if account else None,
    )


def _found(entity: EntityT) -> Found[EntityT]:
    return Found(id=EntityId(""), entity=entity)


def _predict_user(user: User) -> Found[User]:
    shown = replace(user, display_name=user.display_name or user.name)
    if not user.enabled:
        return _found(replace(shown, email="", aliases=(), quota_megabytes=None))
    has_mailbox = user.role is Role.USER
    default = _DEFAULT_QUOTA_MEGABYTES if has_mailbox else None
    return _found(replace(shown, quota_megabytes=user.quota_megabytes or default))


def _predict_bookable(bookable: Bookable) -> Found[Bookable]:
    if bookable.enabled:
        return _found(bookable)
    return _found(replace(bookable, email="", aliases=(), delegates=()))


def _predict_settings(declaration: Declaration) -> LiveSettings:
    new = LiveSettings(default_domain=fold(declaration.test_domain))
    predicted: dict[str, Any] = {
        kind.fact: kind.predict(declared)
        for kind in (DEFAULT_DOMAIN, *SETTINGS)
        if (declared := declaration.get_setting(kind)) is not None
    }
    return replace(new, **predicted)
