"""Templates of deployed stacks, the ids of what is in them, and what was too large for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from workmail_org.errors import WireError
from workmail_org.service.assets import read_collection
from workmail_org.service.failures import translate
from workmail_org.wire.names import EXPORT_JOURNAL_ID

if TYPE_CHECKING:
    from workmail_org.service.clients import Clients

_NOT_THERE = ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE")
"""Statuses of a stack that holds nothing (CloudFormation API, Stack)."""


_TABLE = "AWS::DynamoDB::Table"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedStack:
    """One stack as CloudFormation keeps it.

    Attributes:
        arn: With region and account.
        status: As CloudFormation names it, such as UPDATE_COMPLETE.
        template: As it was deployed; what is not ASCII in it is lost.
        physical_ids: By resource type, of those that are there.
        ledger: DynamoDB table that tells what the stack owns.
        journal: DynamoDB table that tells who is exported; `None`: the stack exports nobody.
    """

    arn: str
    status: str
    template: Mapping[str, Any]
    physical_ids: Mapping[str, tuple[str, ...]]
    ledger: str | None = None
    journal: str | None = None

    def find_physical_id(self, resource_type: str) -> str | None:
        """Return the id of the first resource of a type."""
        return next(iter(self.physical_ids.get(resource_type, ())), None)


def read_stack(clients: Clients, name: str) -> DeployedStack | None:
    """Read a stack, or `None` if there is none of that name.

    Raises:
        ServiceError: CloudFormation refuses.
    """
    client = clients.cloudformation
    try:
        (described,) = client.describe_stacks(StackName=name)["Stacks"]
        if described["StackStatus"] in _NOT_THERE:
            return None
        body: Any = client.get_template(StackName=name)["TemplateBody"]
        pages = client.get_paginator("list_stack_resources").paginate(StackName=name)
        summaries = [each for page in pages for each in page["StackResourceSummaries"]]
    except ClientError as error:
        if _is_absent(error):
            return None
        raise translate(error, f"GetTemplate of {name}") from error
    except BotoCoreError as error:
        raise translate(error, f"GetTemplate of {name}") from error
    physical_ids: dict[str, tuple[str, ...]] = {}
    tables: dict[bool, str] = {}
    for each in summaries:
        found = each.get("PhysicalResourceId")
        if found:
            known = physical_ids.get(each["ResourceType"], ())
            physical_ids[each["ResourceType"]] = (*known, found)
        if found and each["ResourceType"] == _TABLE:
            tables[EXPORT_JOURNAL_ID in each.get("LogicalResourceId", "")] = found
    return DeployedStack(
        arn=described.get("StackId", ""),
        status=described["StackStatus"],
        template=json.loads(body) if isinstance(body, str) else body,
        physical_ids=physical_ids,
        ledger=tables.get(False),
        journal=tables.get(True),
    )


def load_outside(
    clients: Clients, stack: DeployedStack, bucket: Any, key: str
) -> Mapping[str, Any]:
    """Read what was too large for a template from the bucket of the CDK's assets.

    Args:
        clients: Of the stack's region.
        stack: Whose account and region the bucket's name holds.
        bucket: Name, or `Fn::Sub` with the pseudo parameters of account and region.
        key: Of the object.

    Raises:
        ServiceError: It is not there, or may not be read.
    """
    return read_collection(clients.s3, _resolve_bucket(stack, bucket), key)


def _resolve_bucket(stack: DeployedStack, bucket: Any) -> str:
    text: Any = bucket
    if isinstance(bucket, dict):
        text = cast("dict[str, Any]", bucket).get("Fn::Sub")
    if not isinstance(text, str):
        raise WireError(f"{stack.arn}: the bucket of its assets is not understood: {bucket!r}")
    _, _, _, region, account, *_ = stack.arn.split(":")
    resolved = text.replace("${AWS::AccountId}", account).replace("${AWS::Region}", region)
    return resolved.replace("${AWS::Partition}", "aws")


def _is_absent(error: ClientError) -> bool:
    """CloudFormation has no code for it, only a sentence (CloudFormation API, DescribeStacks)."""
    answer = error.response.get("Error", {})
    absent = "does not exist" in answer.get("Message", "")
    return answer.get("Code") == "ValidationError" and absent
