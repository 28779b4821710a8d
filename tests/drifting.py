"""One deployed organization for tests of drift, and changes that somebody makes by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from calling import connect
from cloudformation import Stack
from workmail_org.drift.classifying import Look, classify
from workmail_org.drift.describing_deployed import describe_deployed
from workmail_org.drift.model import Row
from workmail_org.model.live import Snapshot
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.values import Reference
from workmail_org.plan.declarations import declare
from workmail_org.service.directories import DirectoryService
from workmail_org.service.snapshot import read_snapshot
from workmail_org.service.workmail import WorkMail


@dataclass
class Hand:
    """Somebody with the console.

    Attributes:
        stack: Of the organization.
    """

    stack: Stack
    ids: dict[str, str] = field(default_factory=dict[str, str])

    def do(self, operation: str, **parameters: Any) -> Any:
        """Call WorkMail."""
        method = getattr(self.stack.workmail, operation)
        return method(OrganizationId=self.stack.organization_id, **parameters)

    def find(self, name: str) -> str:
        """Return the id of a user, group or resource."""
        pages = (
            ("list_users", "Users"),
            ("list_groups", "Groups"),
            ("list_resources", "Resources"),
        )
        found = {
            each["Name"]: each["Id"] for operation, key in pages for each in self.do(operation)[key]
        }
        return found[name]


def look_live(stack: Stack, **options: Any) -> Snapshot | None:
    """Read everything that is live."""
    directories = DirectoryService(connect(stack.emulator, "ds", stack.region))
    workmail = WorkMail(stack.workmail, stack.organization_id)
    return read_snapshot(workmail, directories, stack.region, is_tolerant=True, **options)


def find_rows(
    stack: Stack,
    deployed: Organization,
    spec: Organization | None = None,
    *,
    removed: frozenset[Reference] = frozenset(),
) -> tuple[Row, ...]:
    """Compare three ways.

    Args:
        stack: What is live.
        deployed: What was deployed last, as its spec declared it.
        spec: What the spec says now; `None`: the same.
        removed: Whom the stack removed.
    """
    said = spec or deployed
    declaration = declare(Environment(name="test"), deployed)
    return classify(
        Look(
            spec=said,
            deployed=describe_deployed(declaration, said),
            live=look_live(stack),
            removed=removed,
        )
    )


def tell(rows: tuple[Row, ...]) -> dict[str, tuple[str, object, object, object]]:
    """Say of each path its class and the three values."""
    return {row.name: (row.row_class.value, row.spec, row.deployed, row.live) for row in rows}
