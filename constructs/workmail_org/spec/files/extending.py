"""Extending: a spec on top of another one, as a JSON Merge Patch (RFC 7396).

Base first, then what `derive` makes of it, then the overlay's own keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workmail_org.spec.files import counting, deriving, nodes, twins
from workmail_org.spec.files.nodes import Gap, Mapping, Node, Scalar

if TYPE_CHECKING:
    import pathlib

    from workmail_org.spec.files.including import Library

_ABOUT_FILES = ("extends", "derive")
_ANCHORS = "x-"  # top-level keys that begin so hold anchors


def resolve(path: pathlib.Path, library: Library) -> Mapping | None:
    """Read a spec and its bases, and put them together; None when that is not possible."""
    chain = _chain(path, library)
    if not chain:
        return None
    *overlays, base = chain
    if "derive" in base.entries:
        place = base.key_places["derive"]
        message = "derive needs extends: there is nothing to make a copy of"
        library.report("derive", place, ("derive",), message)
    result = _own_keys(base)
    extensions: list[twins.Extension] = []
    for overlay in reversed(overlays):
        own = _own_keys(overlay)
        if not counting.is_small_enough(result, library):
            return None
        options = overlay.entries.get("derive")
        copied = None if options is None or isinstance(options, Gap) else options.place
        extensions.append(twins.Extension(original=result, copied=copied))
        copy = deriving.derive(result, options, own, library)
        result = merge(copy, own)
    for extension in extensions:
        twins.check(extension, result, library)
    return result if counting.is_small_enough(result, library) else None


def merge(base: Mapping, patch: Mapping) -> Mapping:
    """Apply `patch` to `base`; what remains of either keeps its place."""
    return _Merging().mapping(base, patch)


def _chain(path: pathlib.Path, library: Library) -> list[Mapping]:
    """Read a spec, what it extends, and so on; empty when one of them cannot be read."""
    chain: list[Mapping] = []
    node = library.open_spec(path)
    while node is not None:
        if not isinstance(node, Mapping):
            library.report("yaml", node.place, (), "a spec is a mapping: key: value")
            break
        chain.append(node)
        target = node.entries.get("extends")
        if target is None:
            return chain
        if not isinstance(target, Scalar) or not isinstance(target.value, str):
            if not isinstance(target, Gap):
                message = "extends takes the path of one file"
                library.report("extends", target.place, ("extends",), message)
            break
        node = library.open_base(target)
    return []


def _own_keys(spec: Mapping) -> Mapping:
    """Leave out what is about files and anchors, not about mail."""
    gone = [key for key in spec.entries if key in _ABOUT_FILES or key.startswith(_ANCHORS)]
    return nodes.without(spec, *gone)


class _Merging:
    """One merge; remembers results, since shared nodes would be merged again and again."""

    def __init__(self) -> None:
        self._results: dict[tuple[int, int], Mapping] = {}

    def mapping(self, base: Mapping | None, patch: Mapping) -> Mapping:
        """Merge two mappings; the result stands where the patch does, which was written last."""
        key = (id(base), id(patch))
        if key not in self._results:
            self._results[key] = self._merged(base or Mapping(patch.place), patch)
        return self._results[key]

    def _merged(self, base: Mapping, patch: Mapping) -> Mapping:
        entries = dict(base.entries)
        places = dict(base.key_places)
        for key, value in patch.entries.items():
            if isinstance(value, Scalar) and value.value is None:
                entries.pop(key, None)
                places.pop(key, None)
            else:
                entries[key] = self._value(entries.get(key), value)
                places[key] = patch.key_places[key]
        return Mapping(patch.place, entries, places)

    def _value(self, base: Node | None, patch: Node) -> Node:
        if not isinstance(patch, Mapping):
            return patch
        return self.mapping(base if isinstance(base, Mapping) else None, patch)
