"""Where a live organization and its spec differ. Pure: it knows neither AWS nor a terminal."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from workmail_org.model.bookable import Bookable
from workmail_org.model.group import Group
from workmail_org.model.removal import Removal
from workmail_org.model.user import User
from workmail_org.model.values import Kind, Reference, fold, get_domain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from workmail_org.model.organization import Organization

Entity = TypeVar("Entity", User, Group, Bookable)

_NOT_COMPARED = frozenset({"name", "adopt"})
"""Fields that say how to work, not what shall be; the name is what entities are matched by."""

_MANAGED_WHEN_GIVEN = frozenset({"quota_megabytes", "identity_provider_user_id"})
"""Fields that a spec leaves alone when it does not give them."""


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


def compare(desired: Organization, actual: Organization | None) -> tuple[Difference, ...]:
    """List every difference, in the order of the spec.

    Args:
        desired: From the spec.
        actual: From WorkMail; `None`: there is no such organization.
    """
    if actual is None:
        return (_differ(desired, "alias", desired.alias, None),)
    return tuple(_compare_parts(desired, actual))


@dataclass(frozen=True, slots=True)
class _Terms:
    """What decides how values of one organization compare.

    Attributes:
        off: Folded names of the users that are switched off.
        declared: Every address of the spec, folded.
    """

    organization: Organization
    off: frozenset[str]
    declared: frozenset[str]


def _find_terms(desired: Organization) -> _Terms:
    entities = (*desired.users, *desired.groups, *desired.resources)
    return _Terms(
        desired,
        frozenset(fold(user.name) for user in desired.users if not user.enabled),
        frozenset(fold(a) for entity in entities for a in (entity.email, *entity.aliases)),
    )


def _compare_parts(desired: Organization, actual: Organization) -> Iterator[Difference]:
    terms = _find_terms(desired)
    removal = desired.on_removal
    yield from _compare_settings(desired, actual)
    yield from _compare_domains(desired, actual)
    yield from _compare_entities("users", desired.users, actual.users, removal.users, terms)
    yield from _compare_entities("groups", desired.groups, actual.groups, removal.groups, terms)
    yield from _compare_entities(
        "resources", desired.resources, actual.resources, removal.resources, terms
    )


def _compare_settings(desired: Organization, actual: Organization) -> Iterator[Difference]:
    for path in ("alias", "region", "interoperability"):
        expected, found = getattr(desired, path), getattr(actual, path)
        if expected != found:
            yield _differ(desired, path, expected, found)
    for tag, value in desired.tags.items():
        if actual.tags.get(tag) != value:
            yield _differ(desired, f"tags.{tag}", value, actual.tags.get(tag))


def _compare_domains(desired: Organization, actual: Organization) -> Iterator[Difference]:
    found = {domain.name: domain for domain in actual.domains}
    for domain in desired.domains:
        path = f'domains["{domain.name}"]'
        if domain.name not in found:
            yield _differ(desired, path, "registered", None)
        elif domain.usable and not found[domain.name].verified:
            yield _differ(desired, f"{path}.verified", expected=True, actual=False)
    if desired.default_domain != actual.default_domain:
        yield _differ(desired, "default domain", desired.default_domain, actual.default_domain)
    declared = {domain.name for domain in desired.domains} | {desired.test_domain}
    if desired.on_removal.domains is Removal.DEREGISTER:
        for name in sorted(set(found) - declared):
            yield _differ(desired, f'domains["{name}"]', None, "registered")


def _compare_entities(
    collection: str,
    desired: Sequence[Entity],
    actual: Sequence[Entity],
    removal: Removal,
    terms: _Terms,
) -> Iterator[Difference]:
    found = {fold(entity.name): entity for entity in actual}
    for entity in desired:
        path = f"{collection}.{entity.name}"
        live = found.pop(fold(entity.name), None)
        if live is None:
            yield _differ(terms.organization, path, "present", None)
        else:
            yield from _compare_fields(path, entity, live, terms)
    for rest in found.values():
        path = f"{collection}.{rest.name}"
        yield from _judge_removed(terms.organization, path, removal, enabled=rest.enabled)


def _judge_removed(
    organization: Organization, path: str, removal: Removal, *, enabled: bool
) -> Iterator[Difference]:
    """Say what is wrong with an entity that the spec does not declare any more."""
    if removal is Removal.DELETE:
        yield _differ(organization, path, None, "enabled" if enabled else "disabled")
    elif removal is Removal.DISABLE and enabled:
        yield _differ(organization, f"{path}.enabled", expected=False, actual=True)


def _compare_fields(
    path: str, desired: Entity, actual: Entity, terms: _Terms
) -> Iterator[Difference]:
    for field in fields(desired):
        if field.name in _NOT_COMPARED:
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
    return sorted(str(r) for r in folded if not (r.kind is Kind.USER and r.name in terms.off))


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
