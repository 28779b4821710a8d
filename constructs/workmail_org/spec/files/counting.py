"""Counting: how much a spec becomes once its aliases and files are put in place.

Ten lines of YAML can say ten thousand million values. Nodes are shared, so counting them is quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workmail_org.spec.files import nodes, parsing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from workmail_org.spec.files.including import Library
    from workmail_org.spec.files.nodes import Node
    from workmail_org.spec.problems import Path

MAX_BY_ALIAS = 100_000
"""Values that stand in a resolved spec because of an alias."""


def is_small_enough(node: Node, library: Library) -> bool:
    """Return whether a resolved spec can be worked with; a problem says why not."""
    counts = _Counts()
    if counts.by_alias(node) > MAX_BY_ALIAS:
        path, culprit = counts.largest(node, counts.by_alias, MAX_BY_ALIAS)
        message = f"aliases may add {MAX_BY_ALIAS} values, here they add more"
    elif counts.total(node) > parsing.MAX_VALUES:
        path, culprit = counts.largest(node, counts.total, parsing.MAX_VALUES)
        message = parsing.too_many()
    else:
        return True
    library.report("limits", culprit.place, path, message)
    return False


class _Counts:
    """Sizes of nodes, each counted once."""

    def __init__(self) -> None:
        self._totals: dict[int, int] = {}
        self._by_alias: dict[int, int] = {}

    def total(self, node: Node) -> int:
        """Count the values in a node, itself included, wherever they come from."""
        if isinstance(node, nodes.Scalar | nodes.Gap):
            return 1
        found = self._totals.get(id(node))
        if found is None:
            found = 1 + sum(map(self.total, nodes.children(node)))
            self._totals[id(node)] = found
        return found

    def by_alias(self, node: Node) -> int:
        """Count the values in a node that stand there because of an alias."""
        if isinstance(node, nodes.Scalar | nodes.Gap):
            return 0
        found = self._by_alias.get(id(node))
        if found is None:
            inside = sum(map(self.by_alias, nodes.children(node)))
            found = self.total(node) if node.by_alias else inside
            self._by_alias[id(node)] = found
        return found

    def largest(self, node: Node, size: Callable[[Node], int], limit: int) -> tuple[Path, Node]:
        """Find the innermost value that is too large all by itself."""
        steps: list[str | int] = []
        while True:
            inner = next((pair for pair in _steps(node) if size(pair[1]) > limit), None)
            if inner is None:
                return tuple(steps), node
            steps.append(inner[0])
            node = inner[1]


def _steps(node: Node) -> Iterable[tuple[str | int, Node]]:
    if isinstance(node, nodes.Mapping):
        return node.entries.items()
    return enumerate(nodes.children(node))
