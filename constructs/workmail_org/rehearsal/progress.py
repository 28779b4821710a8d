"""What a rehearsal says while it works: live on a terminal, plain lines in a pipe."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich import markup
from rich.console import Console

from workmail_org.spec.characters import escape

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from rich.status import Status

    from workmail_org.rehearsal.deploying import ResourceEvent


def plain(text: str) -> str:
    """Write text in which rich finds no markup, and a terminal nothing that steers it."""
    return markup.escape("\n".join(escape(line) for line in text.split("\n")))


class ProgressReport:
    """Tells of phases and of resources, on standard error."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._seconds: dict[str, float] = {}
        self._status: Status | None = None
        self._title = ""

    @property
    def seconds(self) -> Mapping[str, float]:
        """How long each phase took, to a hundredth, in the order of the phases."""
        return {name: round(seconds, 2) for name, seconds in self._seconds.items()}

    @contextmanager
    def phase(self, name: str, title: str) -> Generator[None]:
        """Show a phase while it lasts and its seconds at its end.

        Args:
            name: Key in `seconds`.
            title: What is being done, as the user reads it.
        """
        started = time.monotonic()
        self._title = title
        if self._console.is_terminal:
            with self._console.status(plain(title)) as self._status:
                try:
                    yield
                finally:
                    self._status = None
        else:
            self.say(title)
            yield
        self._seconds[name] = time.monotonic() - started
        seconds = f"{self.seconds[name]:.1f} s"
        if self._console.is_terminal:
            self._console.print(f"[green]✓[/] {plain(title)} [dim]{seconds}[/]")
        else:
            self.say(f"  done in {seconds}")

    def follow(self, event: ResourceEvent) -> None:
        """Show what happens to a resource; in a pipe only our own kinds, when they are done."""
        if self._status is not None:
            count = f"{event.done}/{event.total}" if event.total else str(event.done)
            self._status.update(
                f"{plain(self._title)} [dim]{plain(event.stack)} {count} {plain(event.name)}[/]"
            )
        elif event.type.startswith("Custom::") and not event.status.endswith("_IN_PROGRESS"):
            self.say(f"  {event.stack} {event.type} {event.name} {event.status}")

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self._console.print(plain(text))
