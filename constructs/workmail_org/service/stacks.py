"""The stack that a handler works for, or a command looks at, as CloudFormation tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from workmail_org.errors import NotFoundError
from workmail_org.service.failures import translate

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_GOING_BACK = ("UPDATE_ROLLBACK", "ROLLBACK")
"""What the states of a stack begin with while it rolls back (CloudFormation API, Stack)."""

FORWARD = "deployment"
"""What the name of an operation begins with, unless it is a rollback or a deletion."""

BACKWARD = "rollback"
"""What the name of the undoing of a failed deployment begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackState:
    """How a stack is doing.

    Attributes:
        created: When it began.
        updated: When its last update began (docs/facts.md §10.23); `None`: never.
    """

    status: str
    created: datetime
    updated: datetime | None = None

    @property
    def operation(self) -> str:
        """Name what is being done with the stack.

        All requests of one deployment see one name. A rollback, the next
        deployment and the deletion of the stack each have another one.
        """
        kind = "deletion" if self.status.startswith("DELETE") else FORWARD
        return f"{BACKWARD if self.rolls_back else kind} since {self.since.isoformat()}"

    @property
    def since(self) -> datetime:
        """When the deployment began that is going on or was the last, as far as it is told."""
        return self.updated or self.created

    @property
    def is_busy(self) -> bool:
        """Whether CloudFormation works on the stack: only then it waits for anybody."""
        return self.status.endswith("_IN_PROGRESS")

    @property
    def creates(self) -> bool:
        """Whether CloudFormation may ask to create something now (docs/facts.md §10.28)."""
        return self.updates and not self.rolls_back

    @property
    def updates(self) -> bool:
        """Whether CloudFormation may ask to change something now (docs/facts.md §10.28).

        When a stack that was never complete rolls back, after every update, and when the stack is
        deleted, it only deletes.
        """
        only_deletes = self.status.startswith(("ROLLBACK", "DELETE")) or "CLEANUP" in self.status
        return not only_deletes

    def has_made(self, begun: datetime | None) -> bool:
        """Return whether something that began at a time may have been made by this stack.

        What was there before the stack, it has found. Unknown counts as found.
        """
        return begun is not None and begun > self.created

    @property
    def rolls_back(self) -> bool:
        """Whether a failed deployment is being undone."""
        return self.status.startswith(_GOING_BACK)

    @property
    def begins(self) -> bool:
        """Whether this is its first deployment."""
        return self.status == "CREATE_IN_PROGRESS"


def list_resources(client: CloudFormationClient, stack: str) -> dict[str, str]:
    """List what a stack consists of: physical ids by logical id.

    Raises:
        NotFoundError: There is no such stack.
    """
    try:
        pages = client.get_paginator("list_stack_resources").paginate(StackName=stack)
        rows = [row for page in pages for row in page["StackResourceSummaries"]]
    except ClientError as error:
        if "does not exist" in str(error):
            raise NotFoundError(
                f"stack {stack} is not deployed in {client.meta.region_name}: deploy the spec "
                "first, or check which account you are in",
                operation="ListStackResources",
            ) from error
        raise translate(error, "ListStackResources") from error
    except BotoCoreError as error:
        raise translate(error, "ListStackResources") from error
    return {row["LogicalResourceId"]: row.get("PhysicalResourceId", "") for row in rows}


def read_state(client: CloudFormationClient, stack_id: str) -> StackState | None:
    """Read how a stack is doing; `None`: CloudFormation does not tell."""
    try:
        (stack,) = client.describe_stacks(StackName=stack_id)["Stacks"]
    except (ClientError, BotoCoreError, ValueError):
        return None
    return StackState(
        status=stack["StackStatus"],
        created=stack["CreationTime"],
        updated=stack.get("LastUpdatedTime"),
    )
