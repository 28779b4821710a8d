"""The contract that each type of custom resource fulfils."""

from __future__ import annotations

from typing import Any, Protocol

from workmail_org.handlers.requests import Progress, Request, Run


class Lifecycle(Protocol):
    """How one type of custom resource comes, changes and goes.

    Level-triggered: both functions may be called any number of times for one
    request, after a crash too, and trust nothing but what they read.
    """

    def begin(self, run: Run, request: Request[Any]) -> str:
        """Refuse what must not be done, before anything is written.

        Returns:
            The physical id: fixed at Create, the same ever after.

        Raises:
            WorkMailOrgError: Refused; CloudFormation sends no Delete for a
                refused Create.
        """
        ...

    def advance(self, run: Run, request: Request[Any]) -> Progress:
        """Read what is there and do what is missing, for as long as time allows.

        Raises:
            WorkMailOrgError: It cannot be done; the message names every
                failing entity.
        """
        ...
