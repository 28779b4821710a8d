"""Changes, applied: each `Call` becomes one call of the API, ids and passwords put in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workmail_org.changes.addresses import describe_taken
from workmail_org.changes.calls import (
    Argument,
    Call,
    DirectoryPassword,
    Generated,
    GeneratedPassword,
    Identity,
    Phase,
    StoredSecret,
    Subject,
)
from workmail_org.changes.directories import DIRECTORY
from workmail_org.errors import ConflictError, NotFoundError
from workmail_org.model.values import Reference
from workmail_org.service.directories import DirectoryService
from workmail_org.service.reading import find_address_owner
from workmail_org.service.workmail import WorkMail

_CREATED_ID = {
    "CreateUser": "UserId",
    "CreateGroup": "GroupId",
    "CreateResource": "ResourceId",
    "CreateImpersonationRole": "ImpersonationRoleId",
    "CreateOrganization": "OrganizationId",
    "CreateIdentityCenterApplication": "ApplicationArn",
    "CreateDirectory": "DirectoryId",
    "CreateMicrosoftAD": "DirectoryId",
    "ConnectDirectory": "DirectoryId",
}
"""Where the answer of a call has the id of what it made."""

_TOKENED = frozenset(
    {
        "CreateAvailabilityConfiguration",
        "CreateIdentityCenterApplication",
        "CreateImpersonationRole",
        "CreateMobileDeviceAccessRule",
        "CreateOrganization",
        "DeleteOrganization",
        "RegisterMailDomain",
    }
)
"""Calls of a plan that take a `ClientToken`: the same call twice has one effect (facts.md §1.0)."""


_OF_NO_ORGANIZATION = frozenset(
    {
        "CreateIdentityCenterApplication",
        "CreateOrganization",
        "DeleteIdentityCenterApplication",
        "TagResource",
        "UntagResource",
    }
)
"""Calls that take no `OrganizationId`."""

_OF_A_RESOURCE = frozenset({"TagResource", "UntagResource"})
"""Calls that take the ARN of what they are about."""


def _refuse_secret(secret: str) -> str:
    raise NotFoundError(f"secret {secret} cannot be read here")


def _forget(subject: Subject, made: str) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Writer:
    """Makes calls in one organization.

    Attributes:
        ids: By folded subject; grows as entities are created.
        request_id: Of CloudFormation's request, for client tokens.
        arn: Of the organization, for its tags.
        directories: For calls about a directory.
        passwords: By user name, for users that are created.
        read_secret: Reads the value of a Secrets Manager secret.
        note_made: Told the id of whatever is created, by folded subject, before the next
            call is made.
    """

    workmail: WorkMail
    ids: dict[Subject, str]
    request_id: str = ""
    arn: str = ""
    directories: DirectoryService | None = None
    passwords: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    read_secret: Callable[[str], str] = field(default=_refuse_secret, repr=False)
    note_made: Callable[[Subject, str], None] = _forget

    def write(self, call: Call) -> None:
        """Make one call.

        What another delivery of the same event, or a lost answer, has done
        already is success.

        Raises:
            ServiceError: WorkMail refuses.
        """
        parameters = {name: self._resolve(value) for name, value in call.arguments.items()}
        if call.operation in _TOKENED and self.request_id:
            parameters["ClientToken"] = self._make_token(call)
        if call.operation in _OF_A_RESOURCE:
            parameters["ResourceARN"] = self.arn
        try:
            answer = self._choose_service(call)(call.operation, **parameters)
        except NotFoundError:
            if call.phase is Phase.DELETE:
                return
            raise
        except ConflictError as conflict:
            if not self._is_own(call, conflict):
                raise self._name_owner(call, conflict) from conflict
            return
        created = _CREATED_ID.get(call.operation)
        if created:
            self.ids[call.subject.folded] = answer[created]
            self.note_made(call.subject.folded, answer[created])

    def _choose_service(self, call: Call) -> Callable[..., Mapping[str, Any]]:
        if self.directories and call.subject.kind == DIRECTORY:
            return self.directories.write
        is_plain = call.operation in _OF_NO_ORGANIZATION
        return self.workmail.call_plain if is_plain else self.workmail.call

    def _resolve(self, value: Argument) -> Any:
        match value:
            case Identity(reference):
                return self._get_id(reference)
            case GeneratedPassword(user):
                return self.passwords[user]
            case StoredSecret(secret) | DirectoryPassword(secret):
                return self.read_secret(secret)
            case Generated(made):
                return made
            case tuple():
                return [self._resolve(item) for item in value]
            case Mapping():
                return {name: self._resolve(item) for name, item in value.items()}
            case _:
                return value

    def _get_id(self, reference: Subject) -> str:
        try:
            return self.ids[reference.folded]
        except KeyError:
            raise NotFoundError(f"{reference.kind} {reference.name!r} is not there yet") from None

    def _make_token(self, call: Call) -> str:
        text = f"{self.request_id} {call.operation} {call.subject}"
        return hashlib.sha256(text.encode()).hexdigest()

    def _is_own(self, call: Call, conflict: ConflictError) -> bool:
        """Return whether the address in question is the subject's own already."""
        address = _get_address(call)
        if address is None or conflict.code == "NameAvailabilityException":
            return False
        owner = find_address_owner(self.workmail, address)
        return owner is not None and owner.id == self.ids.get(call.subject.folded)

    def _name_owner(self, call: Call, conflict: ConflictError) -> ConflictError:
        address = _get_address(call)
        owner = find_address_owner(self.workmail, address) if address else None
        if not owner or not address:
            return conflict
        return ConflictError(
            describe_taken(address, owner.reference),
            operation=conflict.operation,
            code=conflict.code,
        )


def _get_address(call: Call) -> str | None:
    if not isinstance(call.subject, Reference):  # an organization has an alias too
        return None
    address = call.arguments.get("Email") or call.arguments.get("Alias")
    return address if isinstance(address, str) else None
