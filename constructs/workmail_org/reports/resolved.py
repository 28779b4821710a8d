"""Resolved: a spec as YAML, after everything in it was put in place.

Loaded again, the text says the same: what YAML 1.1 or 1.2 would take for something else is quoted.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from workmail_org.spec.characters import escape
from workmail_org.spec.files import scalars

if TYPE_CHECKING:
    from workmail_org.spec.files.loading import Document

_BASE: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # libyaml: ten times as fast
_TEXT = "tag:yaml.org,2002:str"


class _Dumper(_BASE):  # type: ignore[misc] # libyaml's or PyYAML's own, known at run time
    """Writes plain data: no aliases, keys in order, text quoted where it must be."""

    def ignore_aliases(self, data: object) -> bool:
        """Write equal values again: aliases save nobody's time who reads the result."""
        del data
        return True


@dataclass(frozen=True, slots=True)
class Tagged:
    """A text behind a tag of the spec, such as `!csv people.csv`."""

    tag: str
    text: str


def render(document: Document) -> str:
    """Write the value of a document as YAML that steers no terminal."""
    return render_value(document.value)


def render_value(value: object) -> str:
    """Write plain values, and tagged text, as YAML that steers no terminal."""
    text = yaml.dump(
        value,
        Dumper=_Dumper,
        allow_unicode=True,
        default_flow_style=False,
        sort_keys=False,
        width=sys.maxsize >> 33,  # libyaml takes an int of 32 bits; no line is folded
    )
    # What PyYAML leaves as it is, such as text that runs backwards, stands between double quotes.
    return "\n".join(escape(line) for line in text.split("\n"))


def render_json(document: Document) -> str:
    """Write the value of a document as JSON, pure ASCII."""
    return json.dumps(document.value, indent=2)


def _represent_text(dumper: Any, text: str) -> yaml.ScalarNode:
    # PyYAML quotes what YAML 1.1 misreads (no, 1_000); 0o17 and 1e5 are numbers in 1.2 only
    style = None if _is_text(text) else "'"
    if escape(text) != text:
        style = '"'
    node: yaml.ScalarNode = dumper.represent_scalar(_TEXT, text, style=style)
    return node


def _is_text(text: str) -> bool:
    try:
        return isinstance(scalars.resolve(text), str)
    except ValueError:
        return False


def _represent_tagged(dumper: Any, value: Tagged) -> yaml.ScalarNode:
    node: yaml.ScalarNode = dumper.represent_scalar(value.tag, value.text)
    return node


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(Tagged, _represent_tagged)
