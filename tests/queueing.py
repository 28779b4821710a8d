"""Queueing: requests that come for the first time when CloudFormation has gone on without them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudformation import DeploymentFailedError, Stack
from workmail_org.handlers.requests import Run

PLACES = ("before", "begun", "done")
"""When a late request comes: before, while or after the one that follows it is handled."""


class SlowStack(Stack):
    """Delivers a request that was held at a place of a later operation.

    Attributes:
        logical_id: Of the resource whose next request is held; empty: of whichever is next.
        place: One of `PLACES`; empty: nothing is due.
        going_back: Whether it comes in the rollback; else in the next deployment.
        dates: Whether CloudFormation tells when the stack was updated.
        outcome: What became of it.
        written: What it wrote.
    """

    logical_id: str = ""
    place: str = ""
    going_back: bool = True
    dates: bool = True
    outcome: str = ""
    written: tuple[str, ...] = ()

    def hold_next(
        self, logical_id: str = "", place: str = "begun", *, going_back: bool, begun: bool = False
    ) -> None:
        """Hold the next request of a resource, and cancel its deployment.

        Args:
            logical_id: Of the resource; empty: whichever is next.
            place: When the request is to come.
            going_back: Whether in the rollback; else in the next deployment.
            begun: Whether it came once before, and was accepted.
        """
        self.logical_id, self.place, self.going_back = logical_id, place, going_back

        def hold(event: Mapping[str, Any]) -> bool:
            if self.held or self.logical_id not in ("", event["LogicalResourceId"]):
                return False
            self.logical_id = event["LogicalResourceId"]
            if begun:
                Stack._begin(self, event)
            return True

        self.hold = hold

    def make_run(self) -> Run:
        if not self.dates:
            self.cloudformation.updated = None
        return super().make_run()

    def _begin(self, event: Mapping[str, Any]) -> dict[str, Any]:
        self._deliver_at("before", event)
        answer = super()._begin(event)
        self._deliver_at("begun", event)
        return answer

    def _wait(self, event: Mapping[str, Any], answer: Mapping[str, Any]) -> Mapping[str, str]:
        attributes = super()._wait(event, answer)
        self._deliver_at("done", event)
        return attributes

    def _deliver_at(self, place: str, event: Mapping[str, Any]) -> None:
        is_due = self.place == place and event["LogicalResourceId"] == self.logical_id
        if is_due and self.held and self.cloudformation.rolls_back == self.going_back:
            self.deliver()

    def deliver(self) -> None:
        """Deliver what is held, and play the framework's waiter."""
        self.place = ""
        (late,) = self.held
        before = len(self.emulator.writes)
        try:
            Stack._wait(self, late, Stack._begin(self, late))
            self.outcome = "done"
        except DeploymentFailedError as error:
            self.outcome = str(error)
        self.written = tuple(call.operation for call in self.emulator.writes[before:])
