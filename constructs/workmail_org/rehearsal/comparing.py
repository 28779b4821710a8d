"""Where a live organization and its spec differ. Pure: it knows neither AWS nor a terminal."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

from workmail_org.describing import describe
from workmail_org.model.bookable import Bookable, Booking
from workmail_org.model.directory import Directory, DirectoryType
from workmail_org.model.group import Group
from workmail_org.model.removal import Removal
from workmail_org.model.user import PROFILE_FIELDS, User
from workmail_org.model.values import Kind, Reference, fold, get_domain
from workmail_org.rehearsal.differences import (
    PRESENT,
    Difference,
    Finding,
    compare_fields,
    compare_value,
    find_left,
    make_difference,
)
from workmail_org.rehearsal.policies import compare_policies
from workmail_org.wire.names import KEY_TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from workmail_org.model.live import Found, LiveDirectory, Snapshot
    from workmail_org.model.organization import Organization
    from workmail_org.service.effects import Surprise
    from workmail_org.spec.problems import Path

Entity = TypeVar("Entity", User, Group, Bookable)

_NOT_COMPARED = frozenset({"name", "adopt"})
"""Fields that say how to work, not what shall be; the name is what entities are matched by."""

_MANAGED_WHEN_GIVEN = frozenset({"quota_megabytes", "identity_provider_user_id"})
"""Fields that a spec leaves alone when it does not give them."""

_READABLE_WHEN_ENABLED = frozenset({"email", "aliases", "quota_megabytes"})
"""Fields that WorkMail does not give of something that is switched off."""

_KEPT_IN_DIRECTORY = frozenset(
    {
        *PROFILE_FIELDS,
        "members",
        "role",
        "hidden_from_global_address_list",
        "identity_provider_user_id",
    }
)
"""What an AD Connector's directory says, and WorkMail only shows."""

_VERIFIED = "VERIFIED"
"""`OwnershipVerificationStatus` of a domain that can be used."""


def compare(
    desired: Organization, actual: Snapshot | None, previous: Organization | None = None
) -> tuple[Difference, ...]:
    """List every difference, in the order of the spec.

    Args:
        desired: From the spec.
        actual: From WorkMail; `None`: there is no such organization.
        previous: What was deployed before: what left the spec since then has
            to be as `on_removal` says. Whatever else is there is not ours.
    """
    return tuple(
        make_difference(desired.key, finding)
        for finding in _compare_parts(desired, actual, previous or desired)
    )


def tell_surprises(desired: Organization, surprises: Iterable[Surprise]) -> Iterator[Difference]:
    """Say of each expectation that WorkMail does not meet what it does instead."""
    for each in surprises:
        yield make_difference(desired.key, (("expect", each.position), each.expected, each.actual))


def _compare_parts(
    desired: Organization, actual: Snapshot | None, previous: Organization
) -> Iterator[Finding]:
    if actual is None:
        yield ("alias",), desired.alias, None
        return
    terms = _find_terms(desired)
    removal = desired.on_removal
    yield from _compare_settings(desired, actual, previous)
    yield from _compare_directory(desired.directory, actual, desired.alias)
    yield from _compare_domains(desired, actual, previous)
    users = _Collection("users", previous.users, actual.users, removal.users)
    groups = _Collection("groups", previous.groups, actual.groups, removal.groups)
    resources = _Collection("resources", previous.resources, actual.resources, removal.resources)
    yield from _compare_entities(users, desired.users, terms)
    yield from _compare_entities(groups, desired.groups, terms)
    yield from _compare_entities(resources, desired.resources, terms)
    yield from compare_policies(desired, describe(actual), previous)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What decides how values of one organization compare.

    Attributes:
        names: Every entity of the spec, folded.
        off: Those that are switched off.
        declared: Every address of the spec, folded.
    """

    organization: Organization
    names: frozenset[Reference]
    off: frozenset[Reference]
    declared: frozenset[str]


def _find_terms(desired: Organization) -> _Terms:
    entities: tuple[User | Group | Bookable, ...] = (
        *desired.users,
        *desired.groups,
        *desired.resources,
    )
    return _Terms(
        desired,
        frozenset(entity.reference.folded for entity in entities),
        frozenset(entity.reference.folded for entity in entities if not entity.enabled),
        frozenset(fold(a) for entity in entities for a in (entity.email, *entity.aliases)),
    )


def _compare_settings(
    desired: Organization, actual: Snapshot, previous: Organization
) -> Iterator[Finding]:
    live = actual.organization
    yield from compare_value(("alias",), fold(desired.alias), fold(live.alias))
    yield from compare_value(("region",), desired.region, actual.region)
    if desired.existing:
        yield from compare_value(("existing",), desired.existing, live.id)
    else:
        yield from compare_value(("kms_key_arn",), desired.kms_key_arn, live.tags.get(KEY_TAG))
    if desired.interoperability or not desired.existing:
        yield from compare_value(
            ("interoperability",), desired.interoperability, live.interoperability
        )
    for tag, value in desired.tags.items():
        yield from compare_value(("tags", tag), value, live.tags.get(tag))
    gone = {tag for tag, value in previous.tags.items() if live.tags.get(tag) == value}
    yield from find_left(("tags",), gone - desired.tags.keys(), live.tags)


def _compare_directory(desired: Directory, actual: Snapshot, alias: str) -> Iterator[Finding]:
    """Compare what Directory Service shows; what it does not show is WorkMail's own."""
    live = actual.directory
    path: Path = ("directory",)
    if desired.type is DirectoryType.WORKMAIL:
        # An existing organization may be on any directory that its spec does not speak of.
        return
    if live is None:
        yield path, desired.type, (actual.organization.directory_type or "?")
        return
    kind = desired.kind if desired.type is DirectoryType.EXISTING else desired.type
    if desired.directory_id:
        yield from compare_value((*path, "directory_id"), desired.directory_id, live.id)
    if kind:
        yield from compare_value((*path, "type"), kind, live.type)
    if desired.type is not DirectoryType.EXISTING:
        yield from compare_value(("alias",), fold(alias), fold(live.alias or ""))
        yield from _compare_made_directory(path, desired, live)


def _compare_made_directory(
    path: Path, desired: Directory, live: LiveDirectory
) -> Iterator[Finding]:
    yield from compare_value((*path, "name"), fold(desired.name or ""), fold(live.name))
    for field in ("size", "edition", "vpc_id"):
        yield from compare_value((*path, field), getattr(desired, field), getattr(live, field))
    subnets = frozenset(desired.subnet_ids)
    yield from compare_value((*path, "subnet_ids"), subnets, live.subnet_ids)


def _compare_domains(
    desired: Organization, actual: Snapshot, previous: Organization
) -> Iterator[Finding]:
    found = {domain.name: domain for domain in actual.domains}
    for domain in desired.domains:
        path: Path = ("domains", domain.name)
        if domain.name not in found:
            yield path, "registered", None
        elif domain.usable:
            yield from compare_value(path, _VERIFIED, found[domain.name].ownership)
    default = next((domain.name for domain in actual.domains if domain.is_default), None)
    if desired.default_domain != default:
        yield ("domains", desired.default_domain, "default"), True, False
    declared = {domain.name for domain in desired.domains}
    left = {domain.name for domain in previous.domains} - declared
    if desired.on_removal.domains is Removal.DEREGISTER and not desired.existing:
        for name in sorted(left & set(found)):
            yield ("domains", name), None, "registered"


class _Collection:
    """Users, groups or resources: what was declared before, what is there."""

    def __init__(
        self, key: str, previous: Sequence[Entity], actual: Iterable[Found[Entity]], word: Removal
    ) -> None:
        self.key = key
        self.previous: Mapping[str, Any] = {fold(entity.name): entity for entity in previous}
        self.actual: Mapping[str, Any] = {fold(each.entity.name): each.entity for each in actual}
        self.word = word


def _compare_entities(
    collection: _Collection, desired: Sequence[Entity], terms: _Terms
) -> Iterator[Finding]:
    for entity in desired:
        path: Path = (collection.key, entity.name)
        live = collection.actual.get(fold(entity.name))
        before = collection.previous.get(fold(entity.name))
        if live is None:
            yield path, PRESENT, None
        else:
            yield from _compare_entity(path, (entity, live, before), terms)
    for name, entity in collection.previous.items():
        live = collection.actual.get(name)
        if live is not None and entity.reference.folded not in terms.names:
            yield from _judge_removed((collection.key, entity.name), live, collection.word)


def _judge_removed(path: Path, live: Entity, word: Removal) -> Iterator[Finding]:
    """Find what is wrong with an entity that the spec does not declare any more."""
    if word is Removal.DELETE:
        yield path, None, PRESENT
    elif word is Removal.DISABLE and live.enabled:
        yield (*path, "enabled"), False, True


def _compare_entity(
    path: Path, states: tuple[Entity, Entity, Entity | None], terms: _Terms
) -> Iterator[Finding]:
    """Compare what is desired with what is there; what was desired before may decide."""
    desired, actual, before = states
    for field in (field.name for field in fields(desired)):
        expected, found = getattr(desired, field), getattr(actual, field)
        said_before = getattr(before, field) if before else None
        if not _is_compared(field, desired, terms) or (
            expected is None and not _is_left_over(field, found, said_before)
        ):
            continue
        if isinstance(expected, Booking):
            yield from compare_fields((*path, field), expected, found)
        else:
            normalize = _NORMALIZERS.get(field, _leave)
            yield from compare_value(
                (*path, field), *(normalize(v, terms) for v in (expected, found))
            )


def _is_compared(field: str, desired: User | Group | Bookable, terms: _Terms) -> bool:
    if field in _NOT_COMPARED:
        return False
    is_resource = desired.reference.kind is Kind.RESOURCE
    if not desired.enabled and (field in _READABLE_WHEN_ENABLED or is_resource):
        return field == "enabled"
    kept_elsewhere = terms.organization.directory.read_only and not is_resource
    return not (kept_elsewhere and field in _KEPT_IN_DIRECTORY)


def _is_left_over(field: str, found: object, said_before: object) -> bool:
    """Tell what the spec had said and dropped; what it never said is not its own."""
    return field not in _MANAGED_WHEN_GIVEN and said_before is not None and found == said_before


def _leave(value: object, _terms: _Terms) -> object:
    return value


def _normalize_address(value: str, _terms: _Terms) -> object:
    return fold(value)


def _normalize_addresses(value: Iterable[str], terms: _Terms) -> object:
    """Fold addresses; drop those of the test domain that WorkMail adds and nobody declared."""
    automatic = fold(terms.organization.test_domain)
    folded = sorted(fold(address) for address in value)
    return [a for a in folded if a in terms.declared or get_domain(a) != automatic]


def _normalize_references(value: Iterable[Reference], terms: _Terms) -> object:
    """Write references as people do; a disabled one is left out while it is disabled."""
    folded = (reference.folded for reference in value)
    return sorted(str(r) for r in folded if r not in terms.off)


_NORMALIZERS: Mapping[str, Callable[[Any, _Terms], Any]] = {
    "email": _normalize_address,
    "aliases": _normalize_addresses,
    "members": _normalize_references,
    "delegates": _normalize_references,
}
