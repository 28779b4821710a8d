"""What drift may be ignored, and what may stay undeclared."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from workmail_org.model.values import fold
from workmail_org.spec.declared import mapping, sequence
from workmail_org.spec.problems import render_path
from workmail_org.spec.schema import find_shape
from workmail_org.spec.suggesting import nearest, quoted
from workmail_org.spec.wording import show
from workmail_org.wire.names import OWN_TAGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workmail_org.spec.declared import Body, Declared, DeclaredOrganization
    from workmail_org.spec.problems import Path, Problem

_NEVER: Mapping[Path, str] = {
    ("permissions",): "rights on mailboxes",
    ("policies", "access_control"): "who may sign in from where",
    ("policies", "mobile_devices"): "which devices may synchronize",
    ("policies", "impersonation_roles"): "who may act for others",
}
"""What opens mailboxes to somebody is never passed over."""

_LISTS = ("ignore", "unmanaged")
"""What `drift` has lists of, each entry with a path."""

_STEP = re.compile(r'\.?(?P<plain>[A-Za-z0-9_-]+)|\["(?P<quoted>(?:[^"\\]|\\.)*)"\]')
"""One step of a path, as `problems.render_path` writes it."""

_ENTRY = 2
"""Steps of a path to an entry of a section, such as `users.bob`."""

_NEVER_COMPARED = frozenset({"adopt", "dns", "exclusive", "kind"})
"""Keys of a spec that say nothing about WorkMail (`x-ours` in the schema)."""

_SWITCH: Mapping[str, Any] = {"type": "boolean"}
"""Drift reports groups that are switched off, although a spec has no key for it."""

Complaint = tuple[str, str]
"""What is wrong with a path, and what to do about it."""


def check_paths(declared: Declared) -> Iterator[Problem]:
    """A path is one that drift can print, and nothing that opens mailboxes."""
    for organization in declared.organizations:
        for kind, path, entry in _list_entries(organization):
            text = entry.get("path")
            if not isinstance(text, str):
                continue
            steps = parse_path(text)
            complaint = (
                _judge(organization, kind, steps)
                if steps
                else ("it is not a path", "write it as workmail-org drift prints it")
            )
            if complaint and _fits(kind, text):
                message, hint = complaint
                yield declared.at(
                    (*path, "path"), f"{show(text)} cannot be {_PASSED[kind]}: {message}", hint
                )


_PASSED = {"ignore": "ignored", "unmanaged": "left unmanaged"}


def _fits(kind: str, text: str) -> bool:
    """Return whether the schema has nothing to say about a path already."""
    shape = find_shape(("organizations", "x", "drift", kind, 0, "path"))
    return re.search(shape["pattern"], text) is not None


def parse_path(text: str) -> tuple[str, ...] | None:
    """Read a path as drift prints it; `None`: it is none."""
    steps: list[str] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None or (not steps and text.startswith(".")):
            return None
        plain, inner = found["plain"], found["quoted"]
        if plain is not None and bool(steps) != text.startswith(".", at):
            return None
        steps.append(plain if plain is not None else re.sub(r"\\(.)", r"\1", inner))
        at = found.end()
    return tuple(steps) or None


def _judge(
    organization: DeclaredOrganization, kind: str, path: tuple[str, ...]
) -> Complaint | None:
    """Say why a path never comes up, or is always reported."""
    for start, what in _NEVER.items():
        if path[: len(start)] == start:
            return f"it says {what}", "declare what is live, or set it right"
    if path[0] == "tags" and path[1:] and path[1] in OWN_TAGS:
        return "it says which stack manages the organization", "deploy with -c repair=TEXT"
    shape = find_shape(("organizations", "x", path[0]))
    if len(path) == 1 and ("properties" in shape or "additionalProperties" in shape):
        return (
            f"it is all of {path[0]}, and drift reports each difference by itself",
            f"name one, such as {_make_example(path[0])}",
        )
    return _judge_keys(path) or _judge_entry(organization, kind, path)


def _make_example(section: str) -> str:
    shape = find_shape(("organizations", "x", section))
    known: list[str] = [*shape.get("properties", {})]
    return f"{section}.{known[0] if known else 'NAME'}"


def _judge_keys(path: tuple[str, ...]) -> Complaint | None:
    """Say which step of a path is not a key that a spec has."""
    shape: Mapping[str, Any] = find_shape(("organizations", "x"))
    for at, step in enumerate(path):
        known: Mapping[str, Any] = shape.get("properties", {})
        inner: Mapping[str, Any] | bool | None = known.get(step, shape.get("additionalProperties"))
        if at == _ENTRY and path[0] == "groups" and step == "enabled":
            inner = _SWITCH
        if at and step in known and step in _NEVER_COMPARED:
            return f"{show(step)} is not in WorkMail, so it never differs", "remove the entry"
        if inner and not isinstance(inner, bool):
            shape = inner
            continue
        where = render_path(path[:at])
        if not known:
            return f"{where} is compared as a whole", f"name {where}"
        others = sorted(known.keys() - _NEVER_COMPARED)
        guess = nearest(step, others)
        return (
            f"{where} has no {show(step)}",
            f"nearest: {show(guess)}" if guess else f"allowed: {quoted(others)}",
        )
    return None


def _judge_entry(
    organization: DeclaredOrganization, kind: str, path: tuple[str, ...]
) -> Complaint | None:
    """Say that an entry would have to be declared, or must not be."""
    section = path[0]
    if section not in ("users", "groups", "resources", "domains", "tags"):
        return None
    name = path[1]
    declared = mapping(organization.body.get(section))
    known = {fold(str(each)): str(each) for each in declared}
    is_declared = name in declared if section == "tags" else fold(name) in known
    word = section.removesuffix("s")
    if kind == "unmanaged":
        if len(path) > _ENTRY:
            whole = render_path(path[:_ENTRY])
            return f"it is a part of {whole}", f"name {whole}, or use ignore"
        if is_declared:
            return f"{word} {show(name)} is declared", "remove the entry, or the declaration"
        return None
    if section == "tags":
        return None
    if len(path) == _ENTRY and is_declared:
        return (
            f"{word} {show(name)} is declared, and whatever differs of it is reported by itself",
            f"name what differs, such as {_make_deeper(path)}",
        )
    test_domain = organization.test_domain
    if len(path) > _ENTRY and not is_declared and fold(name) != test_domain:
        guess = nearest(name, known)
        hint = f"nearest: {show(known[guess])}" if guess else f"name {render_path(path[:_ENTRY])}"
        return f"no {word} {show(name)} is declared", hint
    return None


def _make_deeper(path: tuple[str, ...]) -> str:
    key = "default" if path[0] == "domains" else "aliases"
    return render_path((*path, key))


def check_unique(declared: Declared) -> Iterator[Problem]:
    """Of two entries for one path nobody knows which one counts."""
    seen: dict[tuple[Path, str], Path] = {}
    for organization in declared.organizations:
        for _, path, entry in _list_entries(organization):
            ignored = entry.get("path")
            if not isinstance(ignored, str):
                continue
            first = seen.setdefault((path[:2], ignored), path)
            if first != path:
                word = _PASSED[str(first[-2])]
                yield declared.at(
                    (*path, "path"),
                    f"{show(ignored)} is already {word} at {declared.where(first)}",
                    "remove one of them",
                )


def check_days(declared: Declared) -> Iterator[Problem]:
    """The schema says how a date looks, the calendar which dates there are."""
    for organization in declared.organizations:
        for _, path, entry in _list_entries(organization):
            until = entry.get("until")
            if not isinstance(until, str) or len(until) != len("2026-12-31"):
                continue
            try:
                date.fromisoformat(until)
            except ValueError:
                if until.replace("-", "").isdecimal():
                    yield declared.at(
                        (*path, "until"), f"the calendar has no {show(until)}", "write another day"
                    )


def _list_entries(organization: DeclaredOrganization) -> Iterator[tuple[str, Path, Body]]:
    """List what is passed over: in which list, at which path of the spec, and what it says."""
    section = mapping(organization.body.get("drift"))
    for kind in _LISTS:
        for at, entry in enumerate(sequence(section.get(kind))):
            yield kind, (*organization.path, "drift", kind, at), mapping(entry)


RULES = (check_paths, check_unique, check_days)
