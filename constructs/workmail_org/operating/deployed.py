"""Deployed: one organization, with the ledger and the secrets of its stack."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workmail_org.changes.calls import Call, Subject
from workmail_org.errors import NotFoundError, SpecError
from workmail_org.exporting.journal import Journal
from workmail_org.model.organization import Environment, Organization
from workmail_org.service.clients import make_clients
from workmail_org.service.ledger import DynamoDbLedger, Ledger
from workmail_org.service.reading import Listed
from workmail_org.service.stacks import list_resources
from workmail_org.service.workmail import WorkMail
from workmail_org.service.writing import Writer
from workmail_org.wire.names import EXPORT_JOURNAL_ID

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_LEDGER, _ORGANIZATION, _SECRET = "Ledger", "Organization", "Passwords"
"""Logical ids, the same in every release; a secret for each further shard has a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """One organization that a stack looks after.

    Attributes:
        spec: What is declared of it now, deployed or not.
        secret_arns: Secrets with generated passwords, one for each shard.
        journal: Of exports; `None`: the stack exports nobody.
        epoch: Seconds since 1970.
    """

    spec: Organization
    workmail: WorkMail
    ledger: Ledger
    secrets: SecretsManagerClient
    secret_arns: tuple[str, ...] = ()
    journal: Journal | None = None
    epoch: Callable[[], float] = time.time

    def write(self, row: Listed, call: Call, *, passwords: Mapping[str, str] | None = None) -> None:
        """Make one call about somebody.

        Args:
            row: Who it is about, as listed.
            call: What is done.
            passwords: By user name, if the call sets one.

        Raises:
            ServiceError: WorkMail refuses.
        """
        ids: dict[Subject, str] = {row.reference.folded: row.id}
        Writer(self.workmail, ids, passwords=passwords or {}).write(call)


def choose_organization(environment: Environment, key: str | None) -> Organization:
    """Return one organization of a spec; without a key the only one.

    Raises:
        SpecError: There is no such organization, or it takes a key to choose.
    """
    declared = {each.key: each for each in environment.organizations}
    if key is None and len(declared) == 1:
        return next(iter(declared.values()))
    if key is None or key not in declared:
        wrong = f'no organization "{key}" is declared' if key else "there are several organizations"
        raise SpecError([f"{wrong}; --organization takes one of: {', '.join(declared)}"])
    return declared[key]


def open_deployed(environment: Environment, organization: Organization) -> Deployed:
    """Find an organization's stack and what belongs to it.

    Raises:
        NotFoundError: It is not deployed.
        ServiceError: AWS refuses.
    """
    clients = make_clients(organization.region)
    stack = f"{environment.name}-{organization.key}"
    found = list_resources(clients.cloudformation, stack)
    missing = [name for name in (_LEDGER, _ORGANIZATION) if not found.get(name)]
    if missing:
        raise NotFoundError(
            f"stack {stack} has no {missing[0]}: it is not managed by this project, or was never "
            "fully deployed"
        )
    return Deployed(
        spec=organization,
        workmail=WorkMail(clients.workmail, found[_ORGANIZATION]),
        ledger=DynamoDbLedger(clients.dynamodb, found[_LEDGER]),
        secrets=clients.secrets,
        secret_arns=tuple(
            found[name]
            for name in sorted(found)
            if name.startswith(_SECRET)
            and name.removeprefix(_SECRET).isdecimal() | (name == _SECRET)
        ),
        journal=Journal(clients.dynamodb, found[EXPORT_JOURNAL_ID])
        if found.get(EXPORT_JOURNAL_ID)
        else None,
    )
