"""Users: `Custom::WorkMailUsers`."""

from __future__ import annotations

from collections.abc import Sequence

from workmail_org.changes import users as changes
from workmail_org.changes.calls import Call, GeneratedPassword
from workmail_org.changes.deciding import Decision
from workmail_org.changes.entities import Situation
from workmail_org.handlers.entities import CollectionLifecycle
from workmail_org.handlers.requests import Run
from workmail_org.model.live import Found
from workmail_org.model.organization import Passwords
from workmail_org.model.user import User
from workmail_org.model.values import Kind, Reference, fold
from workmail_org.service.passwords import PasswordSecret
from workmail_org.service.reading import Listed, read_users
from workmail_org.service.workmail import WorkMail
from workmail_org.service.writing import Writer
from workmail_org.wire.properties import UsersProperties


class UserTraits:
    """What users do in their own way: profiles, quotas, passwords."""

    kind = Kind.USER

    def get_entities(self, properties: UsersProperties) -> tuple[User, ...]:
        """Return the declared users."""
        return properties.users

    def read(
        self,
        run: Run,  # noqa: ARG002 - contract
        workmail: WorkMail,
        rows: Sequence[Listed],
        desired: Sequence[User],
    ) -> Sequence[Found[User]]:
        """Read users; a quota only where the spec has a word on it."""
        with_quota = {fold(user.name) for user in desired if user.quota_megabytes is not None}
        return read_users(workmail, rows, with_quota=with_quota)

    def plan(
        self,
        workmail: WorkMail,  # noqa: ARG002 - contract
        situation: Situation[User],
        properties: UsersProperties,
    ) -> Decision:
        """List what is to be done."""
        generate = properties.passwords is Passwords.GENERATE
        return changes.between(situation, generate_passwords=generate)

    def prepare(
        self, run: Run, properties: UsersProperties, calls: Sequence[Call], writer: Writer
    ) -> None:
        """Put passwords on record before their users exist."""
        names = [
            value.user
            for call in calls
            for value in call.arguments.values()
            if isinstance(value, GeneratedPassword)
        ]
        if names and properties.password_secret_arn:
            secret = PasswordSecret(run.clients.secrets, properties.password_secret_arn)
            writer.passwords = secret.ensure(names)

    def list_references(
        self,
        workmail: WorkMail,  # noqa: ARG002 - contract
        rows: Sequence[Listed],
    ) -> dict[Reference, Listed]:
        """Return users."""
        return {row.reference.folded: row for row in rows}


class UsersLifecycle(CollectionLifecycle[User]):
    """`Custom::WorkMailUsers`."""

    def __init__(self) -> None:
        super().__init__(UserTraits())
