"""Where a live organization and its spec differ. Pure: it knows neither AWS nor a terminal."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from workmail_org.model.bookable import Bookable
from workmail_org.model.group import Group
from workmail_org.model.removal import Removal
from workmail_org.model.user import User
from workmail_org.model.values import Reference, fold, get_domain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from workmail_org.changes.calls import Found
    from workmail_org.model.organization import Organization
    from workmail_org.rehearsal.surveying import LiveOrganization

Entity = TypeVar("Entity", User, Group, Bookable)

_NOT_COMPARED = frozenset({"name", "adopt"})
"""Fields that say how to work, not what shall be; the name is what entities are matched by."""

_MANAGED_WHEN_GIVEN = frozenset({"quota_megabytes", "identity_provider_user_id"})
"""Fields that a spec leaves alone when it does not give them."""

_READABLE_WHEN_ENABLED = frozenset({"email", "aliases", "quota_megabytes"})
"""Fields that WorkMail does not give of something that is switched off."""

_VERIFIED = "VERIFIED"
"""`OwnershipVerificationStatus` of a domain that can be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One value that is not as the spec wants it.

    Attributes:
        organization: Spec key.
        path: Within the organization, as a spec writes it: `users.alice.email`.
        expected: What the spec says; `None`: that it is not there.
        actual: What WorkMail has; `None`: it is not there.
    """

    organization: str
    path: str
    expected: object
    actual: object

    def __str__(self) -> str:
        return (
            f"{self.organization}: {self.path}: the spec says {_render(self.expected)},"
            f" WorkMail has {_render(self.actual)}"
        )


def compare(
    desired: Organization, actual: LiveOrganization | None, previous: Organization | None = None
) -> tuple[Difference, ...]:
    """List every difference, in the order of the spec.

    Args:
        desired: From the spec.
        actual: From WorkMail; `None`: there is no such organization.
        previous: What was deployed before: what left the spec since then has
            to be as `on_removal` says. Whatever else is there is not ours.
    """
    if actual is None:
        return (_differ(desired, "alias", desired.alias, None),)
    return tuple(_compare_parts(desired, actual, previous or desired))


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
        frozenset(user.reference.folded for user in desired.users if not user.enabled),
        frozenset(fold(a) for entity in entities for a in (entity.email, *entity.aliases)),
    )


def _compare_parts(
    desired: Organization, actual: LiveOrganization, previous: Organization
) -> Iterator[Difference]:
    terms = _find_terms(desired)
    removal = desired.on_removal
    users, groups = _index(actual.users), _index(actual.groups)
    yield from _compare_settings(desired, actual)
    yield from _compare_domains(desired, actual, previous)
    yield from _compare_entities("users", desired.users, users, terms)
    yield from _judge_removed("users", previous.users, users, removal.users, terms)
    yield from _compare_entities("groups", desired.groups, groups, terms)
    yield from _judge_removed("groups", previous.groups, groups, removal.groups, terms)


def _index(found: Iterable[Found[Entity]]) -> Mapping[str, Entity]:
    return {fold(item.entity.name): item.entity for item in found}


def _compare_settings(desired: Organization, actual: LiveOrganization) -> Iterator[Difference]:
    for path in ("alias", "region", "interoperability"):
        expected, found = getattr(desired, path), getattr(actual, path)
        if expected != found:
            yield _differ(desired, path, expected, found)
    for tag, value in desired.tags.items():
        if actual.tags.get(tag) != value:
            yield _differ(desired, f"tags.{tag}", value, actual.tags.get(tag))


def _compare_domains(
    desired: Organization, actual: LiveOrganization, previous: Organization
) -> Iterator[Difference]:
    found = {domain.name: domain for domain in actual.domains}
    for domain in desired.domains:
        path = f'domains["{domain.name}"]'
        if domain.name not in found:
            yield _differ(desired, path, "registered", None)
        elif domain.usable and found[domain.name].ownership != _VERIFIED:
            yield _differ(desired, path, _VERIFIED, found[domain.name].ownership)
    default = next((domain.name for domain in actual.domains if domain.is_default), None)
    if desired.default_domain != default:
        yield _differ(desired, "default domain", desired.default_domain, default)
    declared = {domain.name for domain in desired.domains}
    left = {domain.name for domain in previous.domains} - declared
    if desired.on_removal.domains is Removal.DEREGISTER:
        for name in sorted(left & set(found)):
            yield _differ(desired, f'domains["{name}"]', None, "registered")


def _compare_entities(
    collection: str, desired: Sequence[Entity], actual: Mapping[str, Entity], terms: _Terms
) -> Iterator[Difference]:
    for entity in desired:
        path = f"{collection}.{entity.name}"
        live = actual.get(fold(entity.name))
        if live is None:
            yield _differ(terms.organization, path, "present", None)
        else:
            yield from _compare_fields(path, entity, live, terms)


def _judge_removed(
    collection: str,
    previous: Sequence[Entity],
    actual: Mapping[str, Entity],
    removal: Removal,
    terms: _Terms,
) -> Iterator[Difference]:
    """Say what is wrong with entities that the spec does not declare any more."""
    for entity in previous:
        live = actual.get(fold(entity.name))
        if live is None or entity.reference.folded in terms.names:
            continue
        path = f"{collection}.{entity.name}"
        if removal is Removal.DELETE:
            yield _differ(terms.organization, path, None, "present")
        elif removal is Removal.DISABLE and live.enabled:
            yield _differ(terms.organization, f"{path}.enabled", expected=False, actual=True)


def _compare_fields(
    path: str, desired: Entity, actual: Entity, terms: _Terms
) -> Iterator[Difference]:
    for field in fields(desired):
        unreadable = not desired.enabled and field.name in _READABLE_WHEN_ENABLED
        if field.name in _NOT_COMPARED or unreadable:
            continue
        expected, found = getattr(desired, field.name), getattr(actual, field.name)
        if expected is None and field.name in _MANAGED_WHEN_GIVEN:
            continue
        normalize = _NORMALIZERS.get(field.name, _normalize_plain)
        expected, found = normalize(expected, terms), normalize(found, terms)
        if expected != found:
            yield _differ(terms.organization, f"{path}.{field.name}", expected, found)


def _normalize_plain(value: object, _terms: _Terms) -> object:
    return None if value == "" else value


def _normalize_address(value: str, _terms: _Terms) -> object:
    return fold(value) or None


def _normalize_addresses(value: Iterable[str], terms: _Terms) -> object:
    """Fold addresses; drop those of the test domain that WorkMail adds and nobody declared."""
    automatic = fold(terms.organization.test_domain)
    folded = sorted(fold(address) for address in value)
    return [a for a in folded if a in terms.declared or get_domain(a) != automatic]


def _normalize_references(value: Iterable[Reference], terms: _Terms) -> object:
    """Write references as people do; a disabled user is left out while it is disabled."""
    folded = (reference.folded for reference in value)
    return sorted(str(r) for r in folded if r not in terms.off)


_NORMALIZERS: Mapping[str, Callable[[Any, _Terms], object]] = {
    "email": _normalize_address,
    "aliases": _normalize_addresses,
    "members": _normalize_references,
    "delegates": _normalize_references,
}


def _differ(organization: Organization, path: str, expected: object, actual: object) -> Difference:
    return Difference(organization=organization.key, path=path, expected=expected, actual=actual)


def _render(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return str(value.value)
    return f'"{value}"' if isinstance(value, str) else str(value)
