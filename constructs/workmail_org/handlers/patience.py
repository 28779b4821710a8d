"""Patience: how long is waited, for what, and until when.

Theory of operation. WorkMail says yes before it is so, and no to what it allows a minute later. So
every "no" and every "not there" has to be asked again, and each of them only for a while. Three
clocks run at once, and all that the handlers know of them stands here:

* *The slice.* One invocation works for `SLICE_SECONDS` at most, less where Lambda or the request
  ends earlier (`Patience.deadline`). No wait goes beyond it, and no call but the first starts after
  it: the framework calls again, and the next slice begins from what is there then.
* *The request.* CloudFormation waits for an hour (`GIVE_UP_SECONDS`). A request that has not come
  to its end by then fails in our words, and not in silence.
* *The doubt.* An answer that may be too old, or too early, is believed only when it has stayed the
  same for long enough: `outlasts` says for how long, by the kind of the error; the constants below
  say it of what is seen, or not seen, in lists.

A wait grows with each try and ends in `_MAX_PAUSE_SECONDS`; chance shortens it, so that two stacks
of a region that were throttled together do not come back together (`Patience.back_off`).
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from workmail_org.errors import ConflictError, NotFoundError, ServiceError, TemporaryError
from workmail_org.service.failures import is_throttled

SLICE_SECONDS = 600.0
"""One invocation works at most that long: well inside Lambda's 15 minutes, so that the framework
that waits for it is not cut off first."""

MARGIN_SECONDS = 20.0
"""Of an invocation's time, kept back for the last call and the answer."""

GIVE_UP_SECONDS = 55 * 60
"""CloudFormation waits for an hour at most; before that we say what was waited for."""

ACCEPT_SECONDS = 60.0
"""How long `on_event`, which is asked once, tries again what AWS may accept later."""

BUSY_SECONDS = 30.0
"""A guess: how long a new request waits for CloudFormation to show that it works on the stack."""

PROPAGATION_SECONDS = 120.0
"""How long a new entity may be unknown to other calls (Terraform waits 2 minutes, facts.md §2)."""

RELEASE_SECONDS = 20.0
"""A guess: how long an address may look taken after its release."""

ACTIVE_SECONDS = 1.0
"""Between the two times that an organization is seen Active (facts.md §2: Terraform wants two)."""

UNDONE_SECONDS = 10.0
"""A guess: how long to wait before a second look, when nothing is missing although something
changed. The first may be older than what is to be undone."""

NEIGHBOUR_SECONDS = 5.0
"""A guess: how long after a change that an earlier resource made a list may still not show it."""

_MAX_PAUSE_SECONDS = 15.0
"""A guess: WorkMail publishes no rate, and the control planes below it allow about one call a
second (facts.md §3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """The time that one slice of work has.

    Attributes:
        deadline: On `clock`; nothing waits beyond it.
        clock: Seconds that only grow.
        sleep: Waits for so many seconds.
        chance: From 0 to 1.
    """

    deadline: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random

    @property
    def is_over(self) -> bool:
        """Whether this slice has to end."""
        return self.clock() >= self.deadline

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the deadline."""
        self.sleep(max(0.0, min(seconds, self.deadline - self.clock())))

    def back_off(self, tries: int, *, give_up_at: float = math.inf) -> bool:
        """Wait, longer after each try; tell whether there is time for another.

        Args:
            tries: How many there were.
            give_up_at: On `clock`; earlier than the slice, where a doubt ends earlier.
        """
        longest = min(2.0 ** (tries - 1), _MAX_PAUSE_SECONDS)
        if self.is_over or self.clock() + longest > give_up_at:
            return False
        self.pause(longest * (1 + self.chance()) / 2)
        return True


def outlasts(error: ServiceError, waited: float) -> bool:
    """Return whether an error will not go away, after so many seconds of trying.

    Throttling, and a network that does not answer, pass in the end: they are waited for as long as
    the request lasts.
    """
    if isinstance(error, ConflictError):
        return waited >= RELEASE_SECONDS
    if isinstance(error, NotFoundError):
        return waited >= PROPAGATION_SECONDS
    if isinstance(error, TemporaryError):
        endless = is_throttled(error) or not error.code
        return not endless and waited >= PROPAGATION_SECONDS
    return True
