"""Directory Service: the directories behind organizations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from workmail_org.errors import NotFoundError, PermanentError, TemporaryError
from workmail_org.model.directory import DirectoryType
from workmail_org.model.live import LiveDirectory
from workmail_org.model.values import fold
from workmail_org.service.failures import translate
from workmail_org.service.refusals import DIRECTORY_SERVICE

if TYPE_CHECKING:
    from mypy_boto3_ds import DirectoryServiceClient

_TYPES = {
    "SimpleAD": DirectoryType.SIMPLE_AD,
    "MicrosoftAD": DirectoryType.MANAGED_AD,
    "ADConnector": DirectoryType.AD_CONNECTOR,
}
"""Directory Service API 2015-04-16, DirectoryType."""


@dataclass(frozen=True, slots=True)
class DirectoryService:
    """Directory Service in one region."""

    client: DirectoryServiceClient

    def read(self, directory_id: str) -> LiveDirectory | None:
        """Read one directory, or `None` if there is none in this account and region."""
        try:
            answer = self._call("describe_directories", DirectoryIds=[directory_id])
        except NotFoundError:
            return None
        found = answer.get("DirectoryDescriptions", ())
        if not found:
            return None
        directory = _parse(found[0])
        if directory.type is DirectoryType.MANAGED_AD and directory.stage == "Active":
            return replace(directory, data_access=self._read_data_access(directory_id))
        return directory

    def find_owned(self, tag: str, owner: str, name: str) -> str | None:
        """Return the id of the directory of that name that bears a tag, unless it is going."""
        for description in self._list():
            directory = _parse(description)
            if directory.stage in ("Deleting", "Deleted", "Failed"):
                continue
            if fold(directory.name) == fold(name) and self._read_tag(directory.id, tag) == owner:
                return directory.id
        return None

    def write(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """Make one call that changes something; what is so already is not an error.

        Raises:
            TemporaryError: An organization still uses a directory that is to be
                deleted, or it seems so for a while (terraform-provider-aws #22027).
            ServiceError: Directory Service refuses.
        """
        try:
            return self._call(xform_name(operation), **parameters)
        except PermanentError as error:
            if error.code == "DirectoryInDesiredStateException":
                return {}
            if operation == "DeleteDirectory" and error.code == "ClientException":
                raise TemporaryError(str(error), operation=error.operation) from error
            raise

    def _read_data_access(self, directory_id: str) -> str:
        answer = self._call("describe_directory_data_access", DirectoryId=directory_id)
        return str(answer.get("DataAccessStatus", "Disabled"))

    def _list(self) -> Iterator[Mapping[str, Any]]:
        token: dict[str, str] = {}
        while True:
            page = self._call("describe_directories", **token)
            yield from page.get("DirectoryDescriptions", ())
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def _read_tag(self, directory_id: str, key: str) -> str | None:
        token: dict[str, str] = {}
        while True:
            page = self._call("list_tags_for_resource", ResourceId=directory_id, **token)
            for tag in page.get("Tags", ()):
                if tag["Key"] == key:
                    return str(tag["Value"])
            if not page.get("NextToken"):
                return None
            token = {"NextToken": page["NextToken"]}

    def _call(self, method: str, **parameters: Any) -> Mapping[str, Any]:
        try:
            answer: Mapping[str, Any] = getattr(self.client, method)(**parameters)
        except (ClientError, BotoCoreError) as error:
            raise translate(error, f"ds:{method}", service=DIRECTORY_SERVICE) from error
        return answer


def _parse(description: Mapping[str, Any]) -> LiveDirectory:
    alias = description.get("Alias")
    network: Mapping[str, Any] = (
        description.get("VpcSettings") or description.get("ConnectSettings") or {}
    )
    directory_type = _TYPES.get(description.get("Type", ""))
    connects = directory_type is DirectoryType.AD_CONNECTOR
    managed = directory_type is DirectoryType.MANAGED_AD
    edition, size = description.get("Edition"), description.get("Size")
    return LiveDirectory(
        id=description["DirectoryId"],
        type=directory_type,
        name=description.get("Name", ""),
        # One without an alias reports its id (Directory Service API, DirectoryDescription).
        alias=None if not alias or alias.startswith("d-") else alias,
        stage=description.get("Stage", ""),
        reason=description.get("StageReason"),
        size=fold(size) if size and not managed else None,
        edition=fold(edition) if edition and managed else None,
        vpc_id=network.get("VpcId"),
        subnet_ids=frozenset(network.get("SubnetIds", ())),
        launched=description.get("LaunchTime"),
        short_name=description.get("ShortName"),
        dns_ips=frozenset(description.get("DnsIpAddrs", ()) if connects else ()),
        username=network.get("CustomerUserName"),
    )
