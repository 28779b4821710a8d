"""Drift as data, for every report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from workmail_org.spec.problems import Path, render_path


class RowClass(StrEnum):
    """What three looks at one value come to; in the order in which reports list them."""

    UNREADABLE = "unreadable"
    GONE = "gone"
    CONFLICT = "conflict"
    DRIFT = "drift"
    UNMANAGED = "unmanaged"
    CONVERGED = "converged"
    PENDING_REMOVAL = "pending removal"
    PENDING = "pending"


DRIFTED = frozenset({RowClass.GONE, RowClass.CONFLICT, RowClass.DRIFT, RowClass.UNMANAGED})
"""Classes that say that what is live was changed by hand; two readings have to agree on them."""


class Result(StrEnum):
    """What a look comes to, as the last line for scripts has it."""

    CLEAN = "clean"
    PENDING = "pending"
    DRIFT = "drift"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One value that differs.

    Attributes:
        path: Within the organization, as a spec writes it; `()`: the organization.
        row_class: What it is.
        spec: What the spec says; `None`: nothing, or that it is not there.
        deployed: What was deployed last; `None` likewise.
        live: What WorkMail has; `None`: it is not there.
        reason: Why it is unreadable, or of this class; `None`: that needs no reason.
        declaration: What the organization of a spec would say to take it in; `None`: it
            is declared.
        ignored: Why it is ignored, and until when; `None`: it is not.
    """

    path: Path
    row_class: RowClass
    spec: object = None
    deployed: object = None
    live: object = None
    reason: str | None = None
    declaration: Mapping[str, Any] | None = None
    ignored: str | None = None

    @property
    def name(self) -> str:
        """The path as people read it."""
        return render_path(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationDrift:
    """What three looks at one organization come to.

    Attributes:
        key: Spec key.
        stack: Name of its stack.
        rows: What differs, the gravest first; ignored rows too.
        notes: What else there is to know, such as an ignore that ends soon.
    """

    key: str
    stack: str
    region: str
    alias: str
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def counted(self) -> tuple[Row, ...]:
        """The rows that are not ignored."""
        return tuple(row for row in self.rows if row.ignored is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What three looks at the organizations of a spec come to.

    Attributes:
        environment: Of the spec.
        spec: As the caller named it.
        notes: What is to know about all organizations.
    """

    environment: str
    spec: str
    organizations: tuple[OrganizationDrift, ...]
    notes: tuple[str, ...] = ()

    @property
    def result(self) -> Result:
        """What it comes to; what could not be read goes before everything else."""
        found = {row.row_class for row in self._list_counted()}
        if RowClass.UNREADABLE in found:
            return Result.INCOMPLETE
        if found & DRIFTED:
            return Result.DRIFT
        return Result.PENDING if found else Result.CLEAN

    def count(self, row_class: RowClass) -> int:
        """Count the rows of one class, without those that are ignored."""
        return sum(row.row_class is row_class for row in self._list_counted())

    @property
    def ignored(self) -> int:
        """How many rows are ignored."""
        rows = sum(len(each.rows) for each in self.organizations)
        return rows - sum(1 for _ in self._list_counted())

    def leave_out_pending(self) -> Drift:
        """Leave out what the spec is ahead of, which a plan tells."""
        shown = DRIFTED | {RowClass.UNREADABLE}
        return replace(
            self,
            organizations=tuple(
                replace(each, rows=tuple(row for row in each.rows if row.row_class in shown))
                for each in self.organizations
            ),
        )

    def _list_counted(self) -> Iterator[Row]:
        return (row for each in self.organizations for row in each.counted)
