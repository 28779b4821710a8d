"""Alarms: who is told when something fails in the background."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """CloudWatch alarms of a stack.

    Attributes:
        topic_arn: SNS topic that is told, in the organization's region.
        bounces_per_hour: Told of so many messages that bounce in an hour, in
            one direction; needs managed email monitoring. `None`: not counted.
        dashboard: Whether there is a CloudWatch dashboard too.
    """

    topic_arn: str
    bounces_per_hour: int | None = None
    dashboard: bool = False
