"""Groups: `Custom::WorkMailGroups`."""

from __future__ import annotations

from collections.abc import Sequence

from workmail_org.changes import groups as changes
from workmail_org.changes.calls import Call
from workmail_org.changes.deciding import Decision
from workmail_org.changes.entities import Situation
from workmail_org.handlers.entities import CollectionLifecycle
from workmail_org.handlers.requests import Run
from workmail_org.model.group import Group
from workmail_org.model.live import Found
from workmail_org.model.values import Kind, Reference
from workmail_org.service.reading import Listed, list_groups, list_users, read_groups
from workmail_org.service.workmail import WorkMail
from workmail_org.service.writing import Writer
from workmail_org.wire.properties import GroupsProperties


class GroupTraits:
    """What groups do in their own way: members."""

    kind = Kind.GROUP

    def get_entities(self, properties: GroupsProperties) -> tuple[Group, ...]:
        """Return the declared groups."""
        return properties.groups

    def read(
        self,
        run: Run,  # noqa: ARG002 - contract
        workmail: WorkMail,
        rows: Sequence[Listed],
        desired: Sequence[Group],  # noqa: ARG002 - contract
    ) -> Sequence[Found[Group]]:
        """Read groups with their enabled members."""
        names = {str(row.id): row.reference for row in list_enabled(workmail)}
        return read_groups(workmail, rows, names)

    def plan(
        self,
        workmail: WorkMail,
        situation: Situation[Group],
        properties: GroupsProperties,  # noqa: ARG002 - contract
    ) -> Decision:
        """List what is to be done."""
        enabled = {row.reference.folded for row in list_enabled(workmail)}
        return changes.between(situation, enabled=enabled)

    def prepare(
        self, run: Run, properties: GroupsProperties, calls: Sequence[Call], writer: Writer
    ) -> None:
        """Nothing has to be done before groups are written."""

    def list_references(
        self, workmail: WorkMail, rows: Sequence[Listed]
    ) -> dict[Reference, Listed]:
        """Return groups and users: both can be members."""
        return {row.reference.folded: row for row in (*list_users(workmail), *rows)}


def list_enabled(workmail: WorkMail) -> list[Listed]:
    """List users and groups that are switched on: who can be a member or a delegate."""
    return [row for row in (*list_users(workmail), *list_groups(workmail)) if row.enabled]


class GroupsLifecycle(CollectionLifecycle[Group]):
    """`Custom::WorkMailGroups`."""

    def __init__(self) -> None:
        super().__init__(GroupTraits())
