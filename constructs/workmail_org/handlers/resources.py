"""Rooms and equipment: `Custom::WorkMailResources`."""

from __future__ import annotations

from collections.abc import Sequence

from workmail_org.changes import bookables as changes
from workmail_org.changes.calls import Call
from workmail_org.changes.deciding import Decision
from workmail_org.changes.entities import Situation
from workmail_org.handlers.entities import CollectionLifecycle
from workmail_org.handlers.groups import list_enabled
from workmail_org.handlers.requests import Run
from workmail_org.model.bookable import Bookable
from workmail_org.model.live import Found
from workmail_org.model.values import Kind, Reference
from workmail_org.service.reading import Listed, list_groups, list_users, read_resources
from workmail_org.service.workmail import WorkMail
from workmail_org.service.writing import Writer
from workmail_org.wire.properties import ResourcesProperties


class ResourceTraits:
    """What resources do in their own way: booking options and delegates."""

    kind = Kind.RESOURCE

    def get_entities(self, properties: ResourcesProperties) -> tuple[Bookable, ...]:
        """Return the declared resources."""
        return properties.resources

    def read(
        self,
        run: Run,  # noqa: ARG002 - contract
        workmail: WorkMail,
        rows: Sequence[Listed],
        desired: Sequence[Bookable],  # noqa: ARG002 - contract
    ) -> Sequence[Found[Bookable]]:
        """Read resources with their enabled delegates."""
        names = {str(row.id): row.reference for row in list_enabled(workmail)}
        return read_resources(workmail, rows, names)

    def plan(
        self,
        workmail: WorkMail,
        situation: Situation[Bookable],
        properties: ResourcesProperties,  # noqa: ARG002 - contract
    ) -> Decision:
        """List what is to be done."""
        enabled = {row.reference.folded for row in list_enabled(workmail)}
        return changes.between(situation, enabled=enabled)

    def prepare(
        self, run: Run, properties: ResourcesProperties, calls: Sequence[Call], writer: Writer
    ) -> None:
        """Nothing has to be done before resources are written."""

    def list_references(
        self, workmail: WorkMail, rows: Sequence[Listed]
    ) -> dict[Reference, Listed]:
        """Return resources, users and groups: these can be delegates."""
        people = (*list_users(workmail), *list_groups(workmail))
        return {row.reference.folded: row for row in (*people, *rows)}


class ResourcesLifecycle(CollectionLifecycle[Bookable]):
    """`Custom::WorkMailResources`."""

    def __init__(self) -> None:
        super().__init__(ResourceTraits())
