"""Progress of an import: a bar with count and estimate on a terminal, plain lines in a pipe."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape as escape_markup
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from workmail_org.importing.importing import Follow
from workmail_org.spec.characters import escape

_STEP = 1000
"""Entities after which a pipe gets a line: at a guess, every few minutes."""


def make_console() -> Console:
    """Open standard error."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def tell(console: Console, message: str) -> None:
    """Write a line, above a bar if there is one."""
    console.print(escape_markup(escape(message)))


@contextmanager
def show_progress(console: Console | None = None) -> Generator[Follow]:
    """Give what is told how far an import is; what it shows is gone at the end."""
    target = console or make_console()
    if not target.is_terminal:
        yield lambda key, part, done, total: _say(target, key, part, done, total)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=target, transient=True) as bars:
        tasks: dict[tuple[str, str], int] = {}

        def follow(key: str, part: str, done: int, total: int) -> None:
            name = (key, part)
            if name not in tasks:
                tasks[name] = bars.add_task(_describe(key, part), total=total)
            bars.update(tasks[name], completed=done)  # type: ignore[arg-type]

        yield follow


def _say(console: Console, key: str, part: str, done: int, total: int) -> None:
    if done == total:
        console.print(f"{_describe(key, part)} {total if total > 1 else ''}".rstrip())
    elif done and done % _STEP == 0:
        console.print(f"{_describe(key, part)} {done} of {total}")


def _describe(key: str, part: str) -> str:
    return escape_markup(escape(f"{key}: {part}"))
