"""Reaching: which operations of WorkMail a handler can call, read from the source.

Names are followed from one top-level definition to the next, through imports.
A string that is the name of an operation counts as a call of it. Kinds of rules and settings share
one lifecycle: what differs is the module that decides, and what reads the fact.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session

import workmail_org
from workmail_org.kinds import COLLECTIONS, DEFAULT_DOMAIN, SETTINGS, SettingKind
from workmail_org.wire.properties import ResourceType

ENTRY = "workmail_org.handlers.entry"

SNAPSHOT = "workmail_org.service.snapshot"

POLICIES = "workmail_org.service.policies"

DIRECTORIES = "workmail_org.changes.directories"
"""Its operations are those of Directory Service, which has a CreateAlias too."""

NO_CALLS = ("_CREATED_ID", "_TOKENED", "_OF_NO_ORGANIZATION", "_OF_A_RESOURCE", "READERS")
"""Tables that only say something about operations (service/writing.py, service/policies.py)."""

Place = tuple[str, str]
"""A top-level definition: module and name."""


class Source:
    """The floors that are shipped, parsed.

    Attributes:
        definitions: By place.
        imports: What a module calls what it imports: module and name.
    """

    def __init__(self) -> None:
        self.definitions: dict[Place, ast.stmt] = {}
        self.imports: dict[str, dict[str, Place]] = {}
        package = Path(workmail_org.__file__).parent
        for floor in ("changes", "service", "handlers"):
            for path in (package / floor).rglob("*.py"):
                name = ".".join(path.relative_to(package.parent).with_suffix("").parts)
                self._read(name.removesuffix(".__init__"), ast.parse(path.read_text("utf-8")))

    def _read(self, module: str, tree: ast.Module) -> None:
        self.imports[module] = {}
        for statement in tree.body:
            for name in _list_names(statement):
                self.definitions[module, name] = statement
            if isinstance(statement, ast.ImportFrom) and statement.module:
                for alias in statement.names:
                    place = (statement.module, alias.name)
                    self.imports[module][alias.asname or alias.name] = place

    def follow(self, module: str, node: ast.AST) -> Place | None:
        """Find the definition that a name, or an attribute of a module, means."""
        if isinstance(node, ast.Name):
            place = self.imports[module].get(node.id, (module, node.id))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = self.imports[module].get(node.value.id, ("", ""))
            place = (".".join(owner), node.attr)
        else:
            return None
        return place if place in self.definitions else None


def _list_names(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case _:
            pass


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Walk through a definition, but not through what it writes into the log."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.Call) and _is_log(child.func)):
            yield from _walk(child)


def _is_log(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr == "log"


@cache
def list_operations() -> dict[ResourceType, set[str]]:
    """Operations of WorkMail that can be called for each type of custom resource."""
    source = Source()
    names = set(botocore.session.get_session().get_service_model("workmail").operation_names)
    table = source.definitions[ENTRY, "LIFECYCLES"]
    assert isinstance(table, ast.AnnAssign)
    assert isinstance(table.value, ast.Dict)
    reached = {
        ResourceType[key.attr]: set(_reach(source, (ENTRY, value))) & names
        for key, value in zip(table.value.keys, table.value.values, strict=True)
        if isinstance(key, ast.Attribute)
    }
    for kind in COLLECTIONS:
        starts = _list_module(source, "workmail_org.handlers.collection", kind.decide.__module__)
        reached[kind.resource_type] = set(_reach(source, *starts)) & names
    for kind in (DEFAULT_DOMAIN, *SETTINGS):
        starts = _list_starts(source, kind)
        reached[kind.resource_type] = set(_reach(source, *starts)) & names
    return reached


def _list_module(source: Source, *modules: str) -> list[tuple[str, ast.AST]]:
    """List all definitions of modules."""
    return [(place[0], node) for place, node in source.definitions.items() if place[0] in modules]


_NAMING_NOBODY = {ResourceType.DEFAULT_DOMAIN, ResourceType.IDENTITY_CENTER}
"""What names no user, group, resource or role, whose ids would have to be found."""


def _list_starts(source: Source, kind: SettingKind[Any]) -> list[tuple[str, ast.AST]]:
    """List where the calls for a kind of rule or setting begin."""
    surroundings = "workmail_org.handlers.surroundings"
    starts = _list_module(source, kind.decide.__module__)
    starts.append((surroundings, source.definitions[surroundings, "is_gone"]))
    if kind.resource_type not in _NAMING_NOBODY:
        starts.append((SNAPSHOT, source.definitions[SNAPSHOT, "SnapshotReader"]))
    table = source.definitions[POLICIES, "READERS"]
    assert isinstance(table, ast.AnnAssign)
    assert isinstance(table.value, ast.Dict)
    for key, value in zip(table.value.keys, table.value.values, strict=True):
        if isinstance(key, ast.Constant) and key.value == kind.fact:
            starts.append((POLICIES, value))
    return starts


def _reach(source: Source, *starts: tuple[str, ast.AST]) -> Iterator[str]:
    """Texts in everything that can be reached from some expressions of modules."""
    seen: set[Place] = set()
    left: list[tuple[str, ast.AST]] = list(starts)
    while left:
        module, definition = left.pop()
        for node in _walk(definition):
            if isinstance(node, ast.Constant) and module != DIRECTORIES:
                yield str(node.value)
            place = source.follow(module, node)
            if place and place not in seen and place[1] not in NO_CALLS:
                seen.add(place)
                left.append((place[0], source.definitions[place]))
