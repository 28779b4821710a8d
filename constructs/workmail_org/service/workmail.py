"""WorkMail: one organization behind a boto3 client; every call and every list goes through it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from workmail_org.errors import TemporaryError
from workmail_org.service.failures import is_throttled, translate
from workmail_org.service.refusals import WORKMAIL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mypy_boto3_workmail import WorkMailClient

_PARALLEL_READS = 8
"""A guess: WorkMail publishes no rate (facts.md §3). Throttled reads are retried by botocore."""

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def have_no_patience(error: TemporaryError, tries: int) -> bool:  # noqa: ARG001 - the shape of a patience
    """Never try again."""
    return False


@dataclass(frozen=True, slots=True)
class WorkMail:
    """One organization.

    Attributes:
        organization_id: Empty for the few calls that need none.
        patience: Asked after each throttled call, with how many times it was:
            waits, and tells whether there is time for another.
    """

    client: WorkMailClient
    organization_id: str = ""
    patience: Callable[[TemporaryError, int], bool] = have_no_patience

    def call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """Make one call.

        Args:
            operation: As the API names it, such as `DescribeUser`.
            parameters: As the API names them; `OrganizationId` is added.

        Raises:
            ServiceError: One of its kinds, by `failures.translate`.
        """
        if self.organization_id:
            parameters = {"OrganizationId": self.organization_id, **parameters}
        return self.call_plain(operation, **parameters)

    def call_plain(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """Make one call that is not about this organization, such as `TagResource`."""
        tries = 0
        while True:
            try:
                return self._call_once(operation, parameters)
            except TemporaryError as error:
                tries += 1
                if not (is_throttled(error) and self.patience(error, tries)):
                    raise

    def _call_once(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        method = getattr(self.client, xform_name(operation))
        try:
            return cast("Mapping[str, Any]", method(**parameters))
        except (ClientError, BotoCoreError) as error:
            raise translate(error, operation, service=WORKMAIL) from error

    def list(self, operation: str, key: str, **parameters: Any) -> Iterator[Any]:
        """Read a list to its end: five of WorkMail's have no botocore paginator.

        Args:
            operation: A List* operation.
            key: The answer's field with the items.
            parameters: Further parameters.
        """
        token: dict[str, str] = {}
        while True:
            page = self.call(operation, **parameters, **token)
            yield from page.get(key, ())
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def read_many(self, read: Callable[[_In], _Out], items: Iterable[_In]) -> Sequence[_Out]:
        """Read several things side by side; the answers are in the order of `items`."""
        wanted = list(items)
        if len(wanted) < 2:  # a thread takes longer to start than it would save
            return [read(each) for each in wanted]
        with ThreadPoolExecutor(max_workers=_PARALLEL_READS) as pool:
            return list(pool.map(read, wanted))
