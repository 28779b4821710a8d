"""Quoting: how any text is written so that a shell, an importer or a spreadsheet reads it as text.

Names come from people. Whatever is in them stays what it is for the program that the file is for,
and runs nowhere.
"""

from __future__ import annotations

import re
import shlex

# PowerShell takes all of these for a single quote: CharTraits.IsSingleQuote in PowerShell's
# System.Management.Automation/engine/parser/CharTraits.cs
_SINGLE_QUOTES = "'\u2018\u2019\u201a\u201b"
_DOUBLED = str.maketrans({quote: quote * 2 for quote in _SINGLE_QUOTES})

# As in reports.text: what steers terminals, breaks lines or turns text around. PowerShell would
# take it inside quotes, but who reviews the script would not see it.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")

_CONTROL = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")

_FORMULA_CELL = re.compile(r"(^[\t\r\n]*|[;\t\r\n]\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""A cell that begins so is a formula to a spreadsheet, also with wide characters (OWASP, "CSV
Injection"); and what follows a character at which a spreadsheet may be told to split."""

_IMAPSYNC = re.compile(r"[^;\\\s\x00-\x1f]+")
"""What a field of imapsync's list can hold: `read` without -r takes backslashes away, `;` ends a
field (imapsync, examples/sync_loop_unix.sh; tried in bash)."""


def is_writable(text: str) -> bool:
    """Return whether a text can be in a file at all: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= each <= "\udfff" for each in text)


def has_line_break(text: str) -> bool:
    """Return whether a text has control characters, which no command on one line can hold."""
    return bool(_CONTROL.search(text))


def quote_powershell(text: str) -> str:
    """Write a text as one argument of PowerShell: in single quotes, where nothing is expanded.

    Characters that nobody sees are written by number, so that the line stays a line.
    """
    parts: list[str] = []
    end = 0
    for found in _UNSEEN.finditer(text):
        if found.start() > end:
            parts.append(_quote_seen(text[end : found.start()]))
        parts.append(f"[char]0x{ord(found[0]):04X}")
        end = found.end()
    if end < len(text) or not parts:
        parts.append(_quote_seen(text[end:]))
    if len(parts) == 1 and end == 0:
        return parts[0]
    # A number first would make + an addition.
    return f"('' + {' + '.join(parts)})"


def _quote_seen(text: str) -> str:
    return f"'{text.translate(_DOUBLED)}'"


def quote_gam(text: str) -> str:
    """Write a text as one argument of a line of a GAM batch file.

    GAM splits lines with Python's shlex in POSIX mode, with comments (GAM7,
    `shlexSplitListStatus`).

    Raises:
        ValueError: It has a line break or another control character, which no line can hold.
    """
    if has_line_break(text):
        raise ValueError("a line of a batch file cannot hold a control character")
    return shlex.quote(text)


def fits_imapsync(text: str) -> bool:
    """Return whether imapsync's loop reads a text from its list as it is."""
    return bool(_IMAPSYNC.fullmatch(text))


def protect_cell(text: str) -> str:
    """Write a cell of a table for people so that no spreadsheet computes it.

    Only for tables that people open: an importer would take the apostrophe for a part of the value.
    """
    protected = _FORMULA_CELL.sub(r"\1'", text)
    return f"'{protected}" if protected.startswith(("\t", "\r", "\n")) else protected
