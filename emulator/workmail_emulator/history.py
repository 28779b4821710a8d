"""Reads that are behind writes: who was in an organization a while ago.

Users and groups are what was seen to lag (facts.md §10.1, §10.2); what belongs to them and to
resources lags with them. Organizations, domains, rules, settings and tags do not (Assumption LAG).
"""

from __future__ import annotations

from collections import deque
from copy import copy
from typing import Any

from workmail_emulator.state import Organization

STEPS = 20
"""How many pictures are kept at most for one lag, so that a burst of writes stays cheap; chosen."""

LAGGING = (
    "entities",
    "names",
    "holders",
    "mailboxes",
    "members",
    "delegates",
    "permissions",
)
"""Tables of an organization that reads see late; Assumption LAG."""

Picture = dict[str, Any]
"""The lagging tables of an organization at one moment."""


class History:
    """Pictures of organizations, taken before writes.

    Attributes:
        lag: Seconds by which reads are behind; 0 keeps no pictures.
    """

    def __init__(self, lag: float) -> None:
        self.lag = lag
        self._pictures: dict[str, deque[tuple[float, Picture]]] = {}

    def before_write(self, organization: Organization, now: float) -> None:
        """Remember an organization as it is.

        Args:
            organization: About to be changed.
            now: Until when the picture was true.
        """
        if not self.lag:
            return
        pictures = self._pictures.setdefault(organization.id, deque())
        while pictures and pictures[0][0] <= now - self.lag:
            pictures.popleft()
        if not pictures or now - pictures[-1][0] >= self.lag / STEPS:
            picture = {name: getattr(organization, name).copy() for name in LAGGING}
            pictures.append((now, picture))

    def seen(self, organization: Organization, now: float) -> Organization:
        """Give the organization as a read sees it at `now`."""
        for until, picture in self._pictures.get(organization.id, ()):
            if until > now - self.lag:
                seen = copy(organization)
                for name, table in picture.items():
                    setattr(seen, name, table)
                return seen
        return organization
