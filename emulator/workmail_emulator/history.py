"""Reads that are behind writes: what an organization looked like a while ago."""

from __future__ import annotations

from collections import deque

from workmail_emulator.state import Organization

STEPS = 20
"""How many pictures are kept at most for one lag, so that a burst of writes stays cheap."""


class History:
    """Pictures of organizations, taken before writes.

    Attributes:
        lag: Seconds by which reads are behind; 0 keeps no pictures.
    """

    def __init__(self, lag: float) -> None:
        self.lag = lag
        self._pictures: dict[str, deque[tuple[float, Organization]]] = {}

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
            pictures.append((now, organization.copy()))

    def seen(self, organization: Organization, now: float) -> Organization:
        """Give the organization as a read sees it at `now`."""
        for until, picture in self._pictures.get(organization.id, ()):
            if until > now - self.lag:
                return picture
        return organization
