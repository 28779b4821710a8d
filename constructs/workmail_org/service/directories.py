"""Directory Service: the directories behind organizations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from workmail_org.service.failures import translate

if TYPE_CHECKING:
    from mypy_boto3_ds import DirectoryServiceClient


def find_directory_alias(client: DirectoryServiceClient, directory_id: str) -> str | None:
    """Return a directory's alias, or `None` if it has none yet.

    One without an alias reports its id instead (Directory Service API,
    DirectoryDescription).

    Raises:
        NotFoundError: There is no such directory in this account and region.
    """
    try:
        answer = client.describe_directories(DirectoryIds=[directory_id])
    except (ClientError, BotoCoreError) as error:
        raise translate(error, "DescribeDirectories") from error
    descriptions = answer.get("DirectoryDescriptions", [])
    alias = descriptions[0].get("Alias") if descriptions else None
    return None if not alias or alias.startswith("d-") else alias
