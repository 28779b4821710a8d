"""Hostnames: which names can be domains, and how DNS writes those with other letters."""

from __future__ import annotations

import re
import unicodedata

from workmail_org.spec.suggesting import quoted

_MAX_LABEL = 63  # RFC 1035, section 2.3.4
_IDEOGRAPHIC_DOT = "\u3002"
_LABEL = re.compile(r"[a-z0-9-]*", re.IGNORECASE)


def find_fault(name: str) -> tuple[str, str] | None:
    """Say why a name cannot be a domain and what to do; None when it can be one."""
    labels = name.split(".")
    if name.endswith(".") and all(labels[:-1]):
        return "it ends with a dot", f"write {name[:-1]}"
    if not all(labels):
        where = "begins with a dot" if name.startswith(".") else "has two dots side by side"
        return f"it {where}", "write one dot between two labels"
    if len(labels) == 1:
        return "it has no dot", f"write it with its top-level domain, such as {name}.example"
    for label in labels:
        if len(label) > _MAX_LABEL:
            size = f"a label of {len(label)} characters"
            return f"it has {size}", f"allowed: 1 to {_MAX_LABEL} characters between two dots"
        if label.startswith("-") or label.endswith("-"):
            end = "begins" if label.startswith("-") else "ends"
            return f"{quoted([label])} {end} with a hyphen", "a hyphen stands inside a label only"
    if labels[-1].isdigit():
        return "a top-level domain is not a number", "write a domain, not an IP address"
    return None


def is_possible(name: str) -> bool:
    """Return whether a name can be a domain as it is written."""
    return name.isascii() and find_fault(name) is None


def encode(name: str) -> str | None:
    """Write a name of other letters as DNS knows it (RFC 5891); None when it has none.

    Wide letters, and the dots that keyboards of East Asia write, are those of ASCII (RFC 5895).
    """
    if name.isascii():
        return None
    plain = unicodedata.normalize("NFKC", name.lower()).replace(_IDEOGRAPHIC_DOT, ".")
    labels = plain.split(".")
    encoded = (
        label if label.isascii() else f"xn--{label.encode('punycode').decode('ascii')}"
        for label in labels
    )
    written = ".".join(encoded)
    is_written = all(map(_LABEL.fullmatch, written.split(".")))
    return written if is_written and find_fault(written) is None else None
