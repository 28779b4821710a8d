"""Furnishing: a local AWS in which organizations stand as somebody made them by hand.

They come from a dump of the emulator, which it takes as it is, or from a spec, such as one that
`import` wrote: then each organization is made by the calls that a person would make, without a tag
of ours and without a ledger.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, cast

from workmail_org.errors import ServiceError, SpecError, WorkMailOrgError
from workmail_org.kinds import SETTINGS
from workmail_org.model.bookable import Bookable
from workmail_org.model.directory import DirectoryType
from workmail_org.model.group import Group
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.user import PROFILE_FIELDS, Role, User
from workmail_org.model.values import Kind, Reference, fold, make_api_name
from workmail_org.rehearsal.stand_ins import Aws, LocalDraft, StandIns, make_own_directory
from workmail_org.service.passwords import generate_password
from workmail_org.service.reading import find_organization, list_users, read_organization
from workmail_org.service.snapshot import SnapshotReader
from workmail_org.service.workmail import WorkMail
from workmail_org.service.writing import Writer
from workmail_org.spec.building import build, load_environment
from workmail_org.spec.files.loading import load

Entity: TypeAlias = "User | Group | Bookable"

_ACCOUNTS = "accounts"
"""What a dump has and no spec (`emulator/workmail_emulator/README.md`, "Dumps")."""

_CREATE = {Kind.USER: "CreateUser", Kind.GROUP: "CreateGroup", Kind.RESOURCE: "CreateResource"}
_ID = {Kind.USER: "UserId", Kind.GROUP: "GroupId", Kind.RESOURCE: "ResourceId"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """What an emulator held.

    Attributes:
        path: As the caller named it.
        document: As it wrote it.
        account: The one that has an organization; `None`: any account will do.
    """

    path: Path
    document: Mapping[str, Any]
    account: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSpec:
    """A spec whose organizations are to be made by hand."""

    path: Path
    root: Path | None
    environment: Environment


Live: TypeAlias = Dump | LiveSpec
"""What stands in a local AWS before anything is deployed."""


def read_live(path: Path, *, root: Path | None = None) -> Live:
    """Read a dump, or a spec.

    Raises:
        SpecError: It is neither.
    """
    document = read_dump(path)
    if document is None:
        return LiveSpec(path=path, root=root, environment=load_environment(path, root=root))
    accounts = cast("dict[str, dict[str, Any]]", document[_ACCOUNTS])
    used = [
        account
        for account, held in accounts.items()
        if any(region.get("organizations") for region in held.get("regions", {}).values())
    ]
    if len(used) > 1:
        raise SpecError(
            [
                f"{path}: organizations of several accounts are in the dump, {', '.join(used)}, and"
                " a rehearsal has one"
            ]
        )
    return Dump(path=path, document=document, account=used[0] if used else None)


def read_dump(path: Path) -> dict[str, Any] | None:
    """Read a dump of the emulator; `None`: it is something else, such as a spec."""
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, OSError):
        return None
    if not isinstance(document, dict):
        return None
    held = cast("dict[str, Any]", document)
    return held if isinstance(held.get(_ACCOUNTS), dict) else None


def list_verified(live: Live) -> Iterator[str]:
    """List domains that are verified in what is live; a dump says it itself."""
    if isinstance(live, LiveSpec):
        for organization in live.environment.organizations:
            yield from (each.name for each in organization.domains if each.usable)


def furnish(local: Aws, live: Live, stand_ins: StandIns, *, verified: list[str]) -> None:
    """Make what is live, in the AWS that this process knows (see `LocalAws.entered`).

    Args:
        local: Freshly started.
        live: To be made.
        stand_ins: Makes what a spec presupposes.
        verified: Domains whose DNS records are in place.

    Raises:
        SpecError: The dump is none, or the emulator refuses a part of it.
    """
    if isinstance(live, Dump):
        known = cast("list[str]", live.document.get("verified", []))
        try:
            local.control("seed", {**live.document, "verified": sorted({*known, *verified})})
        except WorkMailOrgError as error:
            raise SpecError([f"{live.path}: this dump cannot be read: {error}"]) from error
        return

    def read_secret(region: str, name: str) -> str:
        secrets = local.make_client("secretsmanager", region)
        return str(secrets.get_secret_value(SecretId=name)["SecretString"])

    make_by_hand(local, live, stand_ins, read_secret=read_secret)


def make_by_hand(
    local: Aws, live: LiveSpec, stand_ins: StandIns, *, read_secret: Callable[[str, str], str]
) -> None:
    """Make the organizations of a spec by the calls that a person would make.

    Args:
        local: Where none of them is yet, or one that a dump has made.
        live: To be made.
        stand_ins: Makes what the spec presupposes.
        read_secret: Given a region and the name of a secret, returns its value.

    Raises:
        SpecError: WorkMail refuses a part of it.
    """
    draft = LocalDraft(load(live.path, root=live.root).value, live.environment)
    for body in draft.resolved["organizations"].values():
        body.pop("existing", None)  # else it would be made as somebody has to find it
    stand_ins.localize([draft])
    for organization in build(draft.resolved).organizations:
        try:
            _Furnishing(local, organization, read_secret).make()
        except ServiceError as error:
            raise SpecError(
                [f"{live.path}: organization {organization.key} cannot be made by hand: {error}"]
            ) from error


class _Furnishing:
    """One organization while somebody makes it."""

    def __init__(
        self, local: Aws, organization: Organization, read_secret: Callable[[str, str], str]
    ) -> None:
        self._local = local
        self._read_secret = read_secret
        self._organization = organization
        self._client = local.make_client("workmail", organization.region)
        self._workmail = WorkMail(self._client)
        self._ids: dict[Any, str] = {}

    def make(self) -> None:
        organization = self._organization
        if find_organization(self._workmail, organization.alias):
            return  # a dump, or another spec, has made it
        self._workmail = WorkMail(self._client, self._create())
        for domain in organization.domains:
            self._call("RegisterMailDomain", DomainName=domain.name)
        for domain in organization.domains:
            if domain.default and domain.usable:
                self._call("UpdateDefaultMailDomain", DomainName=domain.name)
        people: tuple[Entity, ...] = (
            *organization.users,
            *organization.groups,
            *organization.resources,
        )
        # Former addresses of those who are switched off can be others' by now.
        on_first = sorted(people, key=lambda each: not each.enabled)
        for each in on_first:
            self._create_entity(each)
        for each in on_first:
            self._furnish_entity(each)
        self._write_settings()
        for each in people:
            if not each.enabled and each.reference.folded in self._ids:
                self._call("DeregisterFromWorkMail", EntityId=self._ids[each.reference.folded])

    def _call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        return self._workmail.call(operation, **parameters)

    def _create(self) -> str:
        organization = self._organization
        parameters: dict[str, Any] = {"Alias": organization.alias}
        directory = organization.directory
        directory_id = directory.directory_id or (
            make_own_directory(self._local, organization)
            if directory.type is not DirectoryType.EXISTING
            else None
        )
        if directory_id:
            parameters["DirectoryId"] = directory_id
        if organization.interoperability:
            parameters["EnableInteroperability"] = True
        made: str = self._call("CreateOrganization", **parameters)["OrganizationId"]
        found = read_organization(WorkMail(self._client, made))
        if organization.tags and found:
            tags = [{"Key": key, "Value": value} for key, value in organization.tags.items()]
            self._workmail.call_plain("TagResource", ResourceARN=found.arn, Tags=tags)
        return made

    def _create_entity(self, entity: Entity) -> None:
        """Create somebody, or find whom the directory has already, and give an address."""
        kind = entity.reference.kind
        made = self._find_in_directory(entity)
        if made is None:
            answer = self._call(_CREATE[kind], Name=entity.name, **_describe(entity))
            made = str(answer[_ID[kind]])
        self._ids[entity.reference.folded] = made
        self._call("RegisterToWorkMail", EntityId=made, Email=entity.email)

    def _find_in_directory(self, entity: Entity) -> str | None:
        if not self._organization.directory.read_only or isinstance(entity, Bookable):
            return None
        if isinstance(entity, User):
            rows = {fold(row.reference.name): str(row.id) for row in list_users(self._workmail)}
            return rows.get(fold(entity.name))
        groups = self._workmail.list("ListGroups", "Groups")
        return next((str(g["Id"]) for g in groups if fold(g["Name"]) == fold(entity.name)), None)

    def _furnish_entity(self, entity: Entity) -> None:
        made = self._ids[entity.reference.folded]
        for alias in entity.aliases:
            self._call("CreateAlias", EntityId=made, Alias=alias)
        match entity:
            case User():
                profile = _describe_profile(entity)
                if profile and not self._organization.directory.read_only:
                    self._call("UpdateUser", UserId=made, **profile)
                if entity.quota_megabytes is not None:
                    quota = entity.quota_megabytes
                    self._call("UpdateMailboxQuota", UserId=made, MailboxQuota=quota)
            case Group():
                for member in self._find(entity.members):
                    self._call("AssociateMemberToGroup", GroupId=made, MemberId=member)
            case Bookable():
                for delegate in self._find(entity.delegates):
                    self._call("AssociateDelegateToResource", ResourceId=made, EntityId=delegate)
                self._call("UpdateResource", ResourceId=made, **_describe_booking(entity))

    def _find(self, references: tuple[Reference, ...]) -> Iterator[str]:
        return (self._ids[each.folded] for each in references if each.folded in self._ids)

    def _write_settings(self) -> None:
        """Write rules and settings, in the order in which one names another."""
        organization = self._organization
        monitoring = organization.policies.email_monitoring
        if monitoring and monitoring.managed:  # its log group is a stack's
            policies = replace(organization.policies, email_monitoring=None)
            organization = replace(organization, policies=policies)
        read_secret = partial(self._read_secret, organization.region)
        writer = Writer(self._workmail, self._ids, read_secret=read_secret)
        for kind in SETTINGS:
            declared = kind.declare(organization, organization.alias)
            if declared is not None:
                live = SnapshotReader(self._workmail).read_settings([kind.fact])
                for call in kind.decide(live, declared, None).calls:
                    writer.write(call)


def _describe(entity: Entity) -> dict[str, Any]:
    """Say what creating somebody needs beside the name."""
    match entity:
        case User():
            described: dict[str, Any] = {
                "DisplayName": entity.display_name or entity.name,
                "Role": entity.role.upper(),
            }
            if entity.role is not Role.REMOTE_USER:
                described["Password"] = generate_password()
            if entity.identity_provider_user_id:
                described["IdentityProviderUserId"] = entity.identity_provider_user_id
        case Group():
            described = {}
        case Bookable():
            described = {"Type": entity.type.upper()}
            if entity.description:
                described["Description"] = entity.description
    if entity.hidden_from_global_address_list:
        described["HiddenFromGlobalAddressList"] = True
    return described


def _describe_profile(user: User) -> dict[str, str]:
    texts = {name: getattr(user, name) for name in PROFILE_FIELDS if name != "display_name"}
    return {make_api_name(name): text for name, text in texts.items() if text}


def _describe_booking(resource: Bookable) -> dict[str, Any]:
    booking = resource.booking
    return {
        "BookingOptions": {
            "AutoAcceptRequests": booking.auto_accept,
            "AutoDeclineRecurringRequests": booking.decline_recurring,
            "AutoDeclineConflictingRequests": booking.decline_conflicts,
        }
    }
