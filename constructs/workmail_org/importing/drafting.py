"""Drafting: files of a spec that its own rules accept, made of what is live."""

from __future__ import annotations

import pathlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from workmail_org.importing.fitting import Fitted, Remainder
from workmail_org.importing.pruning import prune
from workmail_org.importing.tables import render_table
from workmail_org.importing.writing import Draft, render_spec
from workmail_org.model.organization import Environment
from workmail_org.model.values import fold
from workmail_org.model.watching import Unmanaged, Watching
from workmail_org.reports.resolved import Tagged
from workmail_org.spec.building import Reading, read_spec
from workmail_org.spec.problems import Path, Severity, render_path

_MOST_ROUNDS = 20
"""Rounds of leaving out; what names what has gone goes in the same round, or in the next one."""


_ENTRIES: tuple[Path, ...] = (
    ("domains",),
    ("users",),
    ("groups",),
    ("resources",),
    ("policies", "availability"),
    ("policies", "retention"),
)
"""Where `drift` reports what is left out, and a spec may accept it."""

_MOST_UNMANAGED = 500
"""Entries that a spec may have (`schemas/organization.schema.json`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """How the files are called.

    Attributes:
        spec: Such as acme.yaml, without a folder.
        tables: Of people, by key of the organization, as paths relative to the
            spec; organizations without one have their users in the spec.
    """

    spec: str
    tables: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """A spec that can be read, or all that is wrong with it.

    Attributes:
        files: Text by name, the spec first.
        reading: Of these files; their names in problems are without a folder.
    """

    environment: Environment
    fitted: tuple[Fitted, ...]
    files: Mapping[str, str]
    reading: Reading


def draft(
    environment: Environment, fitted: Sequence[Fitted], heading: Sequence[str], names: Names
) -> Drafted:
    """Write what fits, and leave out what the rules of a spec refuse.

    Args:
        environment: Without organizations.
        fitted: The organizations.
        heading: Lines at the top of the spec.
        names: Of the files.
    """
    inline = replace(names, tables={})
    current = tuple(fitted)
    drafted = _draft_once(environment, current, heading, inline)
    for number in range(_MOST_ROUNDS):
        if drafted.reading.environment is not None:
            break
        pruned = tuple(_prune(each, drafted.reading, is_first=number == 0) for each in current)
        if pruned == current:
            return drafted
        current = pruned
        drafted = _draft_once(environment, current, heading, inline)
    if not names.tables:
        return drafted
    # A cell cannot say everything, such as a space at its beginning; then nobody is in a table.
    tabled = _draft_once(environment, current, heading, names)
    return tabled if tabled.reading.environment == drafted.reading.environment else drafted


def _draft_once(
    environment: Environment, fitted: tuple[Fitted, ...], heading: Sequence[str], names: Names
) -> Drafted:
    organizations = tuple(
        replace(each.organization, drift=Watching(unmanaged=tuple(_list_unmanaged(each))))
        for each in fitted
    )
    whole = replace(environment, organizations=organizations)
    files = _render(whole, fitted, heading, names)
    return Drafted(
        environment=whole,
        fitted=fitted,
        files=files,
        reading=read_files(files, names.spec),
    )


def _list_unmanaged(fitted: Fitted) -> Iterator[Unmanaged]:
    """List what is left out, so that `drift` does not report it every morning.

    What opens mailboxes is always reported, and no spec may say otherwise.
    """
    organization = fitted.organization
    present = {
        (section, fold(each.name))
        for section in ("domains", "users", "groups", "resources")
        for each in getattr(organization, section)
    }
    seen: set[str] = set()
    for each in fitted.remainders:
        path = each.path
        is_entry = (
            path[:1] in _ENTRIES and len(path) == 2 and (path[0], fold(str(path[1]))) not in present
        ) or path[:2] in _ENTRIES
        name = render_path(path)
        if is_entry and fold(name) not in seen and len(seen) < _MOST_UNMANAGED:
            seen.add(fold(name))
            yield Unmanaged(path=name, reason=each.reason)


def read_files(files: Mapping[str, str], spec: str) -> Reading:
    """Read a spec from text, as it would be read from a folder."""
    with tempfile.TemporaryDirectory(prefix="workmail-org-import-") as folder:
        write_all(pathlib.Path(folder), files)
        return read_spec(pathlib.Path(folder) / spec)


def write_all(folder: pathlib.Path, files: Mapping[str, str]) -> None:
    """Write files into a folder of our own."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")


def _render(
    environment: Environment, fitted: Iterable[Fitted], heading: Sequence[str], names: Names
) -> dict[str, str]:
    comments: dict[Path, Sequence[str]] = {}
    for each in fitted:
        top: Path = ("organizations", each.organization.key)
        comments |= {(*top, *path): lines for path, lines in each.comments.items()}
    tables = {
        each.key: names.tables[each.key]
        for each in environment.organizations
        if each.key in names.tables and each.users
    }
    draft = Draft(
        environment=environment,
        heading=heading,
        comments=comments,
        replacements={
            ("organizations", key, "users"): Tagged("!csv", path) for key, path in tables.items()
        },
    )
    organizations = {each.key: each for each in environment.organizations}
    return {
        names.spec: render_spec(draft),
        **{path: render_table(organizations[key]) for key, path in tables.items()},
    }


def _prune(fitted: Fitted, reading: Reading, *, is_first: bool) -> Fitted:
    errors = [each for each in reading.problems if each.severity is Severity.ERROR]
    organization, left = prune(fitted.organization, errors, is_first=is_first)
    if not left:
        return fitted
    comments = {path: list(lines) for path, lines in fitted.comments.items()}
    for each in left:
        comments.setdefault(_find_place(each), []).append(
            f"left out: {each.subject}: {each.reason}; {each.advice}"
        )
    return Fitted(
        organization=organization,
        remainders=(*fitted.remainders, *left),
        comments={path: tuple(lines) for path, lines in comments.items()},
    )


def _find_place(remainder: Remainder) -> Path:
    """Say where a comment stands: places in a list move when something is left out of it."""
    return tuple(step for step in remainder.path if isinstance(step, str))
