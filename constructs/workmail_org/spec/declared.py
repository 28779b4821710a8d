"""Declared: what a spec declares, read without trusting its shape.

The schema's problems and the rules' problems are told in one run, so rules meet specs that the
schema refuses. Here a part of the wrong type reads as empty, and what cannot be judged is None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard, cast

from workmail_org.model.directory import DirectoryType
from workmail_org.model.values import Kind, fold, get_test_domain
from workmail_org.spec.problems import Problem, Severity
from workmail_org.spec.schema import find_shape, fits
from workmail_org.spec.wording import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workmail_org.spec.files.loading import Document
    from workmail_org.spec.problems import Path
    from workmail_org.spec.schema import Schema

Body: TypeAlias = Mapping[str, Any]

SECTIONS = {Kind.USER: "users", Kind.GROUP: "groups", Kind.RESOURCE: "resources"}
"""Where a kind of entity is declared."""

# the part before the @ in botocore's EmailAddress (WorkMail API 2017-10-01)
_LOCAL_PART = re.compile(r"[a-zA-Z0-9._%+-]{1,64}")


@dataclass(frozen=True)
class Entity:
    """A user, a group or a resource.

    Attributes:
        body: What is written under its key.
        readable: False when that is not a mapping, so nothing is known of it.
    """

    kind: Kind
    name: str
    path: Path
    body: Body
    readable: bool

    @property
    def is_judgeable(self) -> bool:
        """Whether what is left out can be missed: body and name are well-formed."""
        return self.readable and fits(self.name, find_shape(self.path[:-1])["propertyNames"])

    @property
    def is_remote(self) -> bool:
        """Whether it only stands in the address book."""
        return self.kind is Kind.USER and self.body.get("role") == "remote_user"

    def listed(self, key: str) -> list[tuple[Path, str]]:
        """List the texts under `key`, each with its path."""
        return listed(self.body, self.path, key)

    def __str__(self) -> str:
        return f"{self.kind} {show(self.name)}"


@dataclass(frozen=True, slots=True)
class Claim:
    """An address that an entity wants.

    Attributes:
        by_default: Nobody wrote it: it follows from the key, and stands there.
    """

    address: str
    organization: DeclaredOrganization
    entity: Entity
    path: Path
    by_default: bool = False


@dataclass(frozen=True)
class Domain:
    """A mail domain.

    Attributes:
        name: Folded.
    """

    name: str
    path: Path
    body: Body

    @property
    def usable(self) -> bool:
        """Whether addresses can use it: its records are the stack's, or in place."""
        return isinstance(self.body.get("dns"), dict) or self.body.get("verified") is True

    @property
    def is_clear(self) -> bool:
        """Whether the keys that make it usable, or the default, are what they have to be."""
        dns = self.body.get("dns")
        flags = (self.body.get("verified", False), self.body.get("default", False))
        known = dns in (None, "manual") or isinstance(dns, dict)
        return known and all(isinstance(flag, bool) for flag in flags)

    @property
    def is_default(self) -> bool:
        """Whether it says `default: true`."""
        return self.body.get("default") is True


@dataclass(frozen=True)
class DeclaredOrganization:
    """One organization and what is in it."""

    key: str
    path: Path
    body: Body
    document: Document

    @cached_property
    def alias(self) -> str | None:
        """The alias, when there is a well-formed one."""
        return well_formed(self.body.get("alias"), (*self.path, "alias"))

    @cached_property
    def region(self) -> str | None:
        """The region, when it is one of WorkMail's."""
        region = self.body.get("region")
        known = find_shape((*self.path, "region"))["enum"]
        return region if region in known else None

    @cached_property
    def entities(self) -> tuple[Entity, ...]:
        """Every user, group and resource, in the order of the spec."""
        return tuple(self._read_entities())

    @cached_property
    def named(self) -> Mapping[Kind, Mapping[str, Entity]]:
        """Every entity by kind and name."""
        return {
            kind: {each.name: each for each in self.entities if each.kind is kind} for kind in Kind
        }

    @cached_property
    def domains(self) -> tuple[Domain, ...]:
        """Every declared domain, in the order of the spec."""
        path: Path = (*self.path, "domains")
        return tuple(
            Domain(fold(name), (*path, name), mapping(body))
            for name, body in mapping(self.body.get("domains")).items()
        )

    @cached_property
    def domains_by_name(self) -> Mapping[str, Domain]:
        """Every declared domain by its folded name."""
        return {domain.name: domain for domain in self.domains}

    @cached_property
    def test_domain(self) -> str | None:
        """The folded `<alias>.awsapps.com`; None while the alias is unknown."""
        return fold(get_test_domain(self.alias)) if self.alias else None

    @cached_property
    def default_domain(self) -> str | None:
        """The folded domain of new addresses; None while the spec does not say."""
        usable = [each for each in self.domains if each.usable]
        if not usable:
            return self.test_domain if self.knows("domains") else None
        chosen = [each.name for each in usable if each.is_default]
        return chosen[0] if len(chosen) == 1 else None

    @cached_property
    def directory_kind(self) -> DirectoryType | None:
        """How the directory behaves; None while that is unknown."""
        body = mapping(self.body.get("directory"))
        kind = body.get("type", DirectoryType.WORKMAIL)
        if not body and "existing" in self.body:
            return None  # whatever the live organization has
        if kind == DirectoryType.EXISTING:
            kind = body.get("kind", DirectoryType.EXISTING)
        return DirectoryType(kind) if kind in list(DirectoryType) else None

    def knows(self, section: str) -> bool:
        """Whether a section was read, so that what is not in it is not declared."""
        path: Path = (*self.path, section)
        value = self.body.get(section)
        return path not in self.document.gaps and (value is None or is_mapping(value))

    def find_address(self, entity: Entity) -> str | None:
        """Find the primary address of an entity; None while it has no well-formed one."""
        if entity.body.get("email") is not None:
            return well_formed(entity.body["email"], (*entity.path, "email"))
        if self.default_domain is None or not entity.readable:
            return None
        address = f"{entity.name}@{self.default_domain}"
        return well_formed(address, (*entity.path, "email"))

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """Every well-formed address that an entity wants, in the order of the spec."""
        return tuple(claim for entity in self.entities for claim in self._list_claims(entity))

    def _list_claims(self, entity: Entity) -> Iterator[Claim]:
        address = self.find_address(entity)
        if address is not None:
            by_default = entity.body.get("email") is None
            path: Path = entity.path if by_default else (*entity.path, "email")
            yield Claim(address, self, entity, path, by_default)
        for path, alias in entity.listed("aliases"):
            if well_formed(alias, path) is not None:
                yield Claim(alias, self, entity, path)

    @cached_property
    def owners(self) -> Mapping[str, Entity]:
        """Every entity by each of its folded addresses; of two owners the first."""
        found: dict[str, Entity] = {}
        for entity in self.entities:
            aliases = [text for _, text in entity.listed("aliases")]
            for address in (self.find_address(entity), *aliases):
                if address:
                    found.setdefault(fold(address), entity)
        return found

    def _read_entities(self) -> Iterator[Entity]:
        for kind, section in SECTIONS.items():
            for name, body in mapping(self.body.get(section)).items():
                path: Path = (*self.path, section, name)
                known = body is None or is_mapping(body)
                readable = known and path not in self.document.gaps
                yield Entity(kind, name, path, mapping(body), readable)


@dataclass(frozen=True)
class Declared:
    """Everything that a spec declares, and how to report problems with it."""

    document: Document

    @cached_property
    def body(self) -> Body:
        """The spec as written."""
        return mapping(self.document.value)

    @cached_property
    def organizations(self) -> tuple[DeclaredOrganization, ...]:
        """Every organization that is a mapping, in the order of the spec."""
        return tuple(
            DeclaredOrganization(key, ("organizations", key), mapping(body), self.document)
            for key, body in mapping(self.body.get("organizations")).items()
            if is_mapping(body)
        )

    def at(
        self,
        path: Path,
        message: str,
        hint: str | None = None,
        *,
        severity: Severity = Severity.ERROR,
    ) -> Problem:
        """Make a problem that stands at a value."""
        return Problem(self.document.place(path), path, message, hint, severity)

    def at_key(self, path: Path, message: str, hint: str | None = None) -> Problem:
        """Make a problem that stands at a key."""
        return Problem(self.document.key_place(path), path, message, hint)

    def where(self, path: Path, *, key: bool = False) -> str:
        """Name a place inside a sentence: `config/example.yaml:12`."""
        place = self.document.key_place(path) if key else self.document.place(path)
        return f"{place.file}:{place.line}"

    def position(self, path: Path, *, key: bool = False) -> tuple[int, int, int]:
        """Say where something stands among everything that was read; later is greater."""
        place = self.document.key_place(path) if key else self.document.place(path)
        return place.order, place.line, place.column


def is_mapping(value: object) -> TypeGuard[Body]:
    """Whether a value is a mapping; its keys are text, the loader sees to that."""
    return isinstance(value, Mapping)


def mapping(value: object) -> Body:
    """Return a mapping, an empty one for everything else."""
    return value if is_mapping(value) else {}


def sequence(value: object) -> list[Any]:
    """Return a list, an empty one for everything else."""
    return cast("list[object]", value) if isinstance(value, list) else []


def listed(body: Body, path: Path, key: str) -> list[tuple[Path, str]]:
    """List the texts in the list under `key`, each with its path."""
    items = enumerate(sequence(body.get(key)))
    return [((*path, key, at), item) for at, item in items if isinstance(item, str)]


def is_local_part(name: str) -> bool:
    """Whether a name can stand before the @ of an address."""
    return bool(_LOCAL_PART.fullmatch(name))


def is_domain_name(name: str) -> bool:
    """Whether the schema allows a name for a mail domain."""
    shape: Schema = find_shape(("organizations", "", "domains"))["propertyNames"]
    return fits(name, shape)


def well_formed(value: object, path: Path) -> str | None:
    """Return a text that the schema allows at `path`; None for everything else."""
    return cast(str, value) if fits(value, find_shape(path)) else None
