"""Events: YAML text as PyYAML's parser gives it, its errors in the author's words."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_DIRECTIVES = 100  # a guess; libyaml compares every %TAG with every other one
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml: ten times as fast
_SURROGATE = re.compile("[\ud800-\udfff]")


class StopError(Exception):
    """When reading a file cannot go on.

    Attributes:
        message: What is wrong.
        line: From 1.
        column: From 1, in characters.
        hint: What to do.
    """

    def __init__(self, message: str, line: int, column: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.hint = hint


def give_events(text: str) -> Iterator[yaml.Event]:
    """Give the events of a text.

    Raises:
        StopError: While it is iterated: the text is not YAML.
    """
    _refuse_directives(text)
    given = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            # Only the pure parser lets half a surrogate pair pass ("\ud83d")
            if isinstance(event, yaml.ScalarEvent) and not event.value.isascii():
                _refuse_surrogates(event)
            yield event
            given += 1
    except yaml.MarkedYAMLError as error:
        too_deep_from = _find_depth_limit(error)
        if too_deep_from is None:
            raise _not_yaml(error, text) from None
        # libyaml reads ahead, up to 1 024 characters of a line, and met its own limit there. The
        # events before it pass `parsing.MAX_DEPTH`, which has the sentence and the place to report.
        yield from islice(yaml.parse(text[:too_deep_from], Loader=_LOADER), given, None)
    except yaml.YAMLError as error:
        raise StopError(f"this is not YAML: {error}".splitlines()[0], 1, 1) from None


def _find_depth_limit(error: yaml.MarkedYAMLError) -> int | None:
    """Return the index at which libyaml's own limit is met; `None`: the error is another one.

    libyaml 0.2.6 allows 1 000 collections within each other (yaml.h, yaml_set_max_nest_level);
    earlier versions and the pure parser allow any number.
    """
    if error.problem_mark is None or "maximum nesting depth" not in (error.problem or ""):
        return None
    return error.problem_mark.index


def _refuse_directives(text: str) -> None:
    if text.startswith("%") or "\n%" in text:
        count = text.count("\n%") + text.startswith("%")
        if count > _MAX_DIRECTIVES:
            raise StopError(f"{count} directives (lines that begin with %) are too many", 1, 1)


def _refuse_surrogates(event: yaml.ScalarEvent) -> None:
    if _SURROGATE.search(event.value):
        mark: Any = event.start_mark
        message = "half of a surrogate pair is not a character"
        raise StopError(message, mark.line + 1, mark.column + 1, "write the character itself")


def _not_yaml(error: yaml.MarkedYAMLError, text: str) -> StopError:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    what = error.problem or error.context or "it cannot be parsed"
    begun = error.context_mark
    if begun and mark and begun.line != mark.line and error.context:
        if "end of stream" in what:  # the quote that nothing closes is what there is to fix
            what, line, column = f"{what}, {error.context}", begun.line + 1, begun.column + 1
        else:
            what += f", {error.context} that begins on line {begun.line + 1}"
    return StopError(f"this is not YAML: {what}", line, column, _advice(what, text, line, column))


def _advice(what: str, text: str, line: int, column: int) -> str | None:
    """Say what to do about the mistakes that people make most."""
    lines = text.split("\n")
    there = lines[line - 1][column - 1 : column] if line <= len(lines) else ""
    if there == "\t":
        return "indent with spaces, not with tabs"
    if there in ("@", "`", "%") and there:
        return f"put text that begins with {there} in quotes"
    if "mapping values are not allowed" in what:
        return 'put text that contains ": " in quotes, or fix the indentation'
    if "expected ':'" in what:
        return 'put ":" behind the key, here or in the line above'
    if "did not find expected key" in what or "expected <block end>" in what:
        return "fix the indentation or the quotes, here or in the line above"
    return None
