"""What each type of directory forbids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workmail_org.model.directory import DirectoryType
from workmail_org.model.removal import Removal
from workmail_org.model.user import PROFILE_FIELDS
from workmail_org.model.values import Kind
from workmail_org.spec.declared import mapping
from workmail_org.spec.wording import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workmail_org.spec.declared import Declared, DeclaredOrganization, Entity
    from workmail_org.spec.problems import Problem

SHORT_NAME = 20
"""Characters of a user name outside a WorkMail directory, where 64 are allowed.

Source: WorkMail API 2017-10-01, CreateUser, `Name`.
"""

_MADE = (DirectoryType.SIMPLE_AD, DirectoryType.MANAGED_AD, DirectoryType.AD_CONNECTOR)
"""Types of directory that a stack makes, and can delete."""

_HIDDEN = "hidden_from_global_address_list"
_KEPT_THERE = (*PROFILE_FIELDS, _HIDDEN)

_UNWRITABLE = {
    "role": "remove it: whoever the directory knows is a user",
    "identity_provider_user_id": (
        "remove it: at the first sign-in WorkMail finds people by their user names"
    ),
}
"""What only UpdateUser writes, which a read-only directory refuses, and what holds instead
(facts.md §5; WorkMail Admin Guide, "connecting_wmusers")."""


def check_name_lengths(declared: Declared) -> Iterator[Problem]:
    """Only a WorkMail directory takes user names of more than 20 characters."""
    for organization in declared.organizations:
        kind = organization.directory_kind
        if kind in (None, DirectoryType.WORKMAIL):
            continue
        whose = (
            "an existing directory of unknown kind"
            if kind is DirectoryType.EXISTING
            else f"a directory of type {kind}"
        )
        for user in organization.named[Kind.USER].values():
            if len(user.name) > SHORT_NAME:
                yield declared.at_key(
                    user.path,
                    f"{show(user.name)} has {len(user.name)} characters",
                    f"a user name in {whose} has at most {SHORT_NAME}",
                )


def check_interoperability(declared: Declared) -> Iterator[Problem]:
    """Interoperability with Exchange needs an AD Connector."""
    for organization in _with_interoperability(declared):
        kind = organization.directory_kind
        if kind not in (None, DirectoryType.AD_CONNECTOR):
            unknown = kind is DirectoryType.EXISTING
            yield declared.at(
                (*organization.path, "interoperability"),
                "interoperability needs a directory of type ad_connector",
                'set "kind: ad_connector" of the existing directory, if it is one'
                if unknown
                else f"leave it out: this one is of type {kind}",
            )


def check_exchange_owns(declared: Declared) -> Iterator[Problem]:
    """With interoperability, aliases and resources are kept in Exchange."""
    for organization in _with_interoperability(declared):
        if organization.directory_kind is not DirectoryType.AD_CONNECTOR:
            continue
        for entity in organization.entities:
            if entity.kind is Kind.RESOURCE:
                yield declared.at_key(
                    entity.path,
                    "WorkMail cannot make resources in interoperability mode",
                    "remove it here and keep it in Exchange",
                )
            elif entity.body.get("aliases"):
                yield declared.at_key(
                    (*entity.path, "aliases"),
                    "WorkMail cannot change aliases in interoperability mode",
                    "remove them here and keep them in Exchange",
                )


def check_directory_owns(declared: Declared) -> Iterator[Problem]:
    """Behind an AD Connector, passwords, profiles and members are kept in the directory."""
    for organization in declared.organizations:
        if organization.directory_kind is not DirectoryType.AD_CONNECTOR:
            continue
        yield from _check_passwords(declared, organization)
        for user in organization.named[Kind.USER].values():
            yield from _check_kept_there(declared, user, _KEPT_THERE)
            for field, advice in _UNWRITABLE.items():
                if field in user.body:
                    message = f'"{field}" cannot be written behind an AD Connector'
                    yield declared.at_key((*user.path, field), message, advice)
        for group in organization.named[Kind.GROUP].values():
            yield from _check_kept_there(declared, group, (_HIDDEN,))
            if group.body.get("members"):
                yield declared.at_key(
                    (*group.path, "members"),
                    '"members" are kept in the directory behind the AD Connector',
                    "remove them here and change them there",
                )


def check_deletion(declared: Declared) -> Iterator[Problem]:
    """A directory is not deleted while an organization stands on it.

    Directory Service refuses for as long as an application is authorized
    (facts.md §5, DeleteDirectory).
    """
    for organization in declared.organizations:
        words = mapping(organization.body.get("on_removal"))
        kind = mapping(organization.body.get("directory")).get("type")
        stays = words.get("organization") in (None, Removal.RETAIN)
        taken_over = organization.body.get("existing") is not None  # its directory is not made
        if kind in _MADE and words.get("directory") == Removal.DELETE and stays and not taken_over:
            yield declared.at(
                (*organization.path, "on_removal", "directory"),
                "the directory cannot be deleted while the organization that stands on it stays",
                'write "organization: delete" too, which erases every mailbox, or '
                '"directory: retain"',
            )


def _check_kept_there(
    declared: Declared, entity: Entity, fields: Iterable[str]
) -> Iterator[Problem]:
    for field in fields:
        if field in entity.body:
            yield declared.at_key(
                (*entity.path, field),
                f'"{field}" is kept in the directory behind the AD Connector',
                "remove it here and change it there",
            )


def _check_passwords(declared: Declared, organization: DeclaredOrganization) -> Iterator[Problem]:
    if organization.body.get("passwords") == "generate":
        yield declared.at(
            (*organization.path, "passwords"),
            "passwords are kept in the directory behind the AD Connector",
            'leave "passwords" out, or write none',
        )


def _with_interoperability(declared: Declared) -> Iterator[DeclaredOrganization]:
    for organization in declared.organizations:
        if organization.body.get("interoperability") is True:
            yield organization


RULES = (
    check_name_lengths,
    check_interoperability,
    check_exchange_owns,
    check_directory_owns,
    check_deletion,
)
