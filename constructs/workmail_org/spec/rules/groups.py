"""No group contains itself, however deep."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from workmail_org.model.values import Kind, parse_reference
from workmail_org.spec.wording import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workmail_org.spec.declared import Declared, DeclaredOrganization
    from workmail_org.spec.problems import Path, Problem

Edges: TypeAlias = "Mapping[str, Mapping[str, Path]]"
"""Group, its member groups, and where each membership is written."""


_TOLD = 5
"""Groups of a circle that its message names."""


def check_cycles(declared: Declared) -> Iterator[Problem]:
    """Tell each circle of groups once, at the membership written last."""
    for organization in declared.organizations:
        edges = _read_edges(organization)
        written: dict[Path, tuple[int, int, int]] = {}
        for cycle in _find_cycles(edges):
            yield _tell(declared, edges, cycle, written)


def _read_edges(organization: DeclaredOrganization) -> Edges:
    groups = organization.named[Kind.GROUP]
    edges: dict[str, dict[str, Path]] = {name: {} for name in groups}
    for group in groups.values():
        for path, text in group.listed("members"):
            reference = parse_reference(text)
            if reference.kind is Kind.GROUP and reference.name in groups:
                edges[group.name].setdefault(reference.name, path)
    return edges


def _find_cycles(edges: Edges) -> Iterator[list[str]]:
    """Walk the groups in depth; every way back to a group on the way here closes a circle.

    Without recursion: a chain of a thousand groups is deeper than Python's stack.
    """
    done: set[str] = set()
    for start in edges:
        if start in done:
            continue
        trail, pending, on_trail = [start], [iter(edges[start])], {start}
        while trail:
            following = next(pending[-1], None)
            if following is None:
                pending.pop()
                on_trail.discard(trail[-1])
                done.add(trail.pop())
            elif following in on_trail:
                yield trail[trail.index(following) :]
            elif following not in done:
                trail.append(following)
                pending.append(iter(edges[following]))
                on_trail.add(following)


def _tell(
    declared: Declared,
    edges: Edges,
    cycle: list[str],
    written: dict[Path, tuple[int, int, int]],
) -> Problem:
    """Tell one circle; `written` remembers positions, as many circles share memberships."""
    members = [*cycle[1:], cycle[0]]
    paths = [edges[group][member] for group, member in zip(cycle, members, strict=True)]
    for path in paths:
        if path not in written:
            written[path] = declared.position(path)
    latest = max(range(len(cycle)), key=lambda at: written[paths[at]])
    group, via = cycle[latest], members[latest]
    if group == via:
        return declared.at(paths[latest], f"group {show(group)} contains itself", "remove it")
    others = [*cycle[latest + 1 :], *cycle[:latest]]
    chain = ", then ".join(show(name) for name in others[:_TOLD])
    where = declared.where(paths[(latest + 1) % len(cycle)])
    return declared.at(
        paths[latest],
        f"group {show(group)} contains itself through {chain}",
        f"remove it here, or from {show(via)} at {where}",
    )


RULES = (check_cycles,)
