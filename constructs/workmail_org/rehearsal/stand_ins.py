"""What a spec presupposes, and what stands in for it in the local AWS.

A spec names things that somebody else made: hosted zones, keys, secrets,
directories, live organizations. Before a rehearsal each of them is made, empty
and harmless. What cannot keep its name there is put into the local copy of
the spec under the name that it got.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

from workmail_org.changes.directories import make_creation
from workmail_org.model.directory import DirectoryType
from workmail_org.model.exports import MANAGED
from workmail_org.model.values import Kind, fold, get_test_domain
from workmail_org.service.directories import DirectoryService
from workmail_org.service.passwords import generate_password
from workmail_org.service.reading import find_organization
from workmail_org.service.workmail import WorkMail
from workmail_org.service.writing import Writer

if TYPE_CHECKING:
    from workmail_org.model.bookable import Bookable
    from workmail_org.model.group import Group
    from workmail_org.model.organization import Environment, Organization
    from workmail_org.model.user import User

Entity: TypeAlias = "User | Group | Bookable"


class Aws(Protocol):
    """An AWS without anybody's mail: a local one, or an emulator in this process."""

    @property
    def account(self) -> str:
        """Give its 12 digits."""
        ...

    def make_client(self, service: str, region: str) -> Any:
        """Return a client of it."""
        ...

    def control(self, action: str, document: Mapping[str, Any] | None = None) -> Any:
        """Ask the emulator's control path."""
        ...


@dataclass(frozen=True, slots=True)
class LocalDraft:
    """A spec on its way into the local AWS.

    Attributes:
        resolved: Its text as plain data; changed where something has another
            name locally.
        environment: What it declares.
    """

    resolved: dict[str, Any]
    environment: Environment


@dataclass(frozen=True, slots=True)
class Use:
    """One place where a spec names something that has to be there.

    Attributes:
        beside: The mapping that the name stands in.
        key: Of the name, in that mapping.
    """

    organization: Organization
    beside: dict[str, Any]
    key: str

    @property
    def name(self) -> str:
        """What the spec calls it."""
        return str(self.beside[self.key])


Make: TypeAlias = "Callable[[Aws, Sequence[Use]], str]"
"""Makes one thing, given all its uses, in the order of the specs; returns its local name."""


class StandIns:
    """Everything that was made in one local AWS, so that nothing is made twice."""

    def __init__(self, local: Aws, places: Iterable[str] | None = None) -> None:
        """Begin with nothing made.

        Args:
            local: Where things are made.
            places: What alone is made of all that a spec can presuppose; `None`: all of it.
        """
        self._local = local
        self._places = frozenset(_PRESUPPOSED if places is None else places)
        self._made: dict[tuple[str, str, str], str] = {}

    def localize(self, drafts: Sequence[LocalDraft]) -> None:
        """Make what specs presuppose, and write its local names into them.

        Talks to the AWS that this process knows (see `LocalAws.entered`).
        """
        for draft in drafts:
            draft.resolved["account"] = self._local.account
        for place, make in _PRESUPPOSED.items():
            if place not in self._places:
                continue
            uses: dict[tuple[str, str, str], list[Use]] = {}
            for use in (use for draft in drafts for use in _find_uses(draft, place)):
                region = "" if place in _GLOBAL else use.organization.region
                uses.setdefault((make.__name__, region, use.name), []).append(use)
            for thing, its_uses in uses.items():
                if thing not in self._made:
                    self._made[thing] = make(self._local, its_uses)
                for use in its_uses:
                    use.beside[use.key] = self._made[thing]


def _find_uses(draft: LocalDraft, place: str) -> Iterator[Use]:
    bodies = draft.resolved["organizations"]
    for organization in draft.environment.organizations:
        for beside, key in _walk(bodies[organization.key], place.split(".")):
            if isinstance(beside[key], str):
                yield Use(organization, beside, key)


def _walk(node: object, steps: Sequence[str]) -> Iterator[tuple[dict[str, Any], str]]:
    """Give every mapping with the key that a place names; `*` is any key."""
    if not isinstance(node, dict):
        return
    mapping, (step, *rest) = cast("dict[str, Any]", node), steps
    for key in list(mapping) if step == "*" else [step] if step in mapping else []:
        if rest:
            yield from _walk(mapping[key], rest)
        else:
            yield mapping, key


def _make_hosted_zone(local: Aws, uses: Sequence[Use]) -> str:
    """Make a zone in Route 53, which lets nobody choose an id."""
    zone = uses[0]
    client = local.make_client("route53", "us-east-1")
    answer = client.create_hosted_zone(Name=zone.beside["zone_name"], CallerReference=zone.name)
    return str(answer["HostedZone"]["Id"]).removeprefix("/hostedzone/")


def _make_key(local: Aws, uses: Sequence[Use]) -> str:
    """Make a key, under the alias that the spec calls it by, if it does."""
    arn = _parse_arn(uses[0].name)
    client = local.make_client("kms", arn.region)
    key: str = client.create_key(Description=uses[0].name)["KeyMetadata"]["Arn"]
    if not arn.resource.startswith("alias/"):
        return key
    client.create_alias(AliasName=arn.resource, TargetKeyId=key)
    return arn.at_home(local)


def _make_secret(local: Aws, uses: Sequence[Use]) -> str:
    """Make a secret with a random password; one that is named by its ARN gets another."""
    name = uses[0].name
    by_arn = name.startswith("arn:")
    if by_arn:
        # Secrets Manager puts a hyphen and six characters behind a secret's name.
        name = re.sub(r"-[A-Za-z0-9]{6}$", "", _parse_arn(name).resource.removeprefix("secret:"))
    client = local.make_client("secretsmanager", uses[0].organization.region)
    made = client.create_secret(Name=name, SecretString=generate_password())
    return str(made["ARN"] if by_arn else name)


def _make_function(local: Aws, uses: Sequence[Use]) -> str:
    """Make a function that knows of nobody's appointments."""
    arn = _parse_arn(uses[0].name)
    _, name, *qualifier = arn.resource.split(":")
    client = local.make_client("lambda", arn.region)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", "def handler(event, context):\n    return {}\n")
    client.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="index.handler",
        Role=f"arn:aws:iam::{local.account}:role/availability",
        Code={"ZipFile": packed.getvalue()},
    )
    if qualifier and not qualifier[0].isdecimal() and qualifier[0] != "$LATEST":
        version = client.publish_version(FunctionName=name)["Version"]
        client.create_alias(FunctionName=name, Name=qualifier[0], FunctionVersion=version)
    return arn.at_home(local)


def _make_log_group(local: Aws, uses: Sequence[Use]) -> str:
    """Make an empty log group."""
    arn = _parse_arn(uses[0].name)
    name = arn.resource.removeprefix("log-group:").removesuffix(":*")
    local.make_client("logs", arn.region).create_log_group(logGroupName=name)
    return arn.at_home(local)


def _make_topic(local: Aws, uses: Sequence[Use]) -> str:
    """Make a topic that nobody listens to."""
    arn = _parse_arn(uses[0].name)
    local.make_client("sns", arn.region).create_topic(Name=arn.resource)
    return arn.at_home(local)


def _make_bucket(local: Aws, uses: Sequence[Use]) -> str:
    """Make an empty bucket, unless it is the stack's own."""
    use = uses[0]
    if use.name != MANAGED:
        region = use.organization.region
        # Where it is is said everywhere but in the oldest region (S3 API, CreateBucket).
        place = {"LocationConstraint": region}
        place_fields = {} if region == "us-east-1" else {"CreateBucketConfiguration": place}
        local.make_client("s3", region).create_bucket(Bucket=use.name, **place_fields)
    return use.name


def _make_export_key(local: Aws, uses: Sequence[Use]) -> str:
    """Make a key, unless it is the stack's own."""
    return uses[0].name if uses[0].name == MANAGED else _make_key(local, uses)


def _make_role(local: Aws, uses: Sequence[Use]) -> str:
    """Make a role that WorkMail may take on, and that may do nothing."""
    arn = _parse_arn(uses[0].name)
    path, _, name = arn.resource.removeprefix("role").rpartition("/")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.workmail.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client = local.make_client("iam", "us-east-1")
    client.create_role(RoleName=name, Path=f"{path}/", AssumeRolePolicyDocument=trust)
    return arn.at_home(local)


def _make_directory(local: Aws, uses: Sequence[Use]) -> str:
    """Make a directory of the same id, with those in it who are not created but found there."""
    organization = uses[0].organization
    directory = organization.directory
    if DirectoryService(local.make_client("ds", organization.region)).read(uses[0].name):
        return uses[0].name  # it came with what is live
    document: dict[str, Any] = {
        "id": uses[0].name,
        "region": organization.region,
        "kind": _KINDS.get(directory.effective_kind, _UNKNOWN_KIND),
        "name": directory.name or f"{organization.alias}.corp.example",
    }
    local.control("directories", {**document, **_describe_people(uses)})
    return uses[0].name


def _make_network(local: Aws, uses: Sequence[Use]) -> str:
    """Put people where an AD Connector will find them: outside of AWS."""
    connecting = [
        use for use in uses if use.organization.directory.type is DirectoryType.AD_CONNECTOR
    ]
    if connecting:
        local.control("networks", {"name": uses[0].name, **_describe_people(connecting)})
    return uses[0].name


def _describe_people(uses: Sequence[Use]) -> dict[str, Any]:
    """Name who is in a directory already: everybody in one that is only read, else the adopted."""
    people: dict[str, Entity] = {}
    for organization in (use.organization for use in uses):
        entities: tuple[Entity, ...] = (*organization.users, *organization.groups)
        for entity in entities:
            adopted = _is_adopted(entity, organization) and not organization.existing
            if organization.directory.read_only or adopted:
                people.setdefault(fold(entity.name), entity)
    return {
        f"{kind}s": [{"Name": each.name} for each in people.values() if each.reference.kind is kind]
        for kind in (Kind.USER, Kind.GROUP)
    }


def _make_organization(local: Aws, uses: Sequence[Use]) -> str:
    """Make an organization with the domains and entities that specs find in it.

    Where one with its alias stands there already, that one is it.
    """
    organization = uses[0].organization
    client = local.make_client("workmail", organization.region)
    if found := find_organization(WorkMail(client), organization.alias):
        return found
    parameters: dict[str, Any] = {"Alias": organization.alias}
    directory_id = organization.directory.directory_id or make_own_directory(local, organization)
    if directory_id:
        parameters["DirectoryId"] = directory_id
    if organization.interoperability:
        parameters["EnableInteroperability"] = True
    organization_id: str = client.create_organization(**parameters)["OrganizationId"]
    for domain in dict.fromkeys(d.name for use in uses for d in use.organization.domains):
        client.register_mail_domain(OrganizationId=organization_id, DomainName=domain)
    for entity in _list_adopted(uses):
        _make_entity(client, organization_id, entity, get_test_domain(organization.alias))
    return organization_id


def make_own_directory(local: Aws, organization: Organization) -> str | None:
    """Make the directory that a live organization is said to be on; `None`: WorkMail's own."""
    directory = organization.directory
    if directory.type is DirectoryType.WORKMAIL:
        return None
    service = DirectoryService(local.make_client("ds", organization.region))
    workmail = WorkMail(local.make_client("workmail", organization.region))
    creation = make_creation(directory, secret="generated", tags={})  # noqa: S106 - no secret's value
    writer = Writer(workmail, {}, directories=service, read_secret=lambda _: generate_password())
    writer.write(creation)
    made = writer.ids[creation.subject.folded]
    if directory.type is DirectoryType.MANAGED_AD:
        service.write("EnableDirectoryDataAccess", DirectoryId=made)
    return made


def _list_adopted(uses: Sequence[Use]) -> Iterator[Entity]:
    """List who is in a live organization before a spec takes it over."""
    found: dict[tuple[Kind, str], Entity] = {}
    for organization in (use.organization for use in uses):
        entities: tuple[Entity, ...] = (
            *organization.users,
            *organization.groups,
            *organization.resources,
        )
        for entity in entities:
            kind = entity.reference.kind
            in_directory = organization.directory.read_only and kind is not Kind.RESOURCE
            if _is_adopted(entity, organization) and not in_directory:
                found.setdefault((kind, fold(entity.name)), entity)
    yield from found.values()


def _make_entity(client: Any, organization_id: str, entity: Entity, test_domain: str) -> None:
    """Make an entity as it may have been before: with an address in the test domain."""
    parameters: dict[str, Any] = {"OrganizationId": organization_id, "Name": entity.name}
    match entity.reference.kind:
        case Kind.USER:
            user = cast("User", entity)
            parameters |= {"DisplayName": user.display_name or user.name, "Role": user.role.upper()}
            made = client.create_user(**parameters)["UserId"]
        case Kind.GROUP:
            made = client.create_group(**parameters)["GroupId"]
        case Kind.RESOURCE:
            parameters["Type"] = cast("Bookable", entity).type.upper()
            made = client.create_resource(**parameters)["ResourceId"]
    if _LOCAL_PART.fullmatch(entity.name) and parameters.get("Role") != "REMOTE_USER":
        address = f"{entity.name}@{test_domain}"
        client.register_to_work_mail(OrganizationId=organization_id, EntityId=made, Email=address)


def _is_adopted(entity: Entity, organization: Organization) -> bool:
    return entity.adopt or organization.adopt


def _keep(local: Aws, uses: Sequence[Use]) -> str:  # noqa: ARG001 - the shape
    """Make nothing: in the local AWS nobody asks for it."""
    return uses[0].name


_PRESUPPOSED: Mapping[str, Make] = {
    # A directory comes before the organization on it.
    "domains.*.dns.hosted_zone_id": _make_hosted_zone,
    "kms_key_arn": _make_key,
    "directory.vpc_id": _keep,
    "directory.admin_password_secret": _make_secret,
    "directory.service_account.password_secret": _make_secret,
    "directory.directory_id": _make_directory,
    "directory.name": _make_network,
    "existing": _make_organization,
    "policies.availability.*.ews.password_secret": _make_secret,
    "policies.availability.*.lambda_arn": _make_function,
    "policies.email_monitoring.log_group_arn": _make_log_group,
    "policies.email_monitoring.role_arn": _make_role,
    "policies.identity_center.instance_arn": _keep,
    "alarms.topic_arn": _make_topic,
    "exports.bucket": _make_bucket,
    "exports.key": _make_export_key,
}
"""Where an organization names what somebody else made, and what makes it locally."""

IN_DIRECTORY_SERVICE = frozenset({"directory.directory_id", "directory.name"})
"""Places of what WorkMail looks at, and so has to be there where there is no other service."""

_GLOBAL = frozenset(
    {
        "domains.*.dns.hosted_zone_id",
        "directory.name",
        "policies.availability.*.lambda_arn",
        "policies.email_monitoring.role_arn",
    }
)
"""Places of names that mean the same thing in every region."""

_KINDS = {
    DirectoryType.SIMPLE_AD: "SimpleAD",
    DirectoryType.MANAGED_AD: "MicrosoftAD",
    DirectoryType.AD_CONNECTOR: "ADConnector",
}
"""What the local Directory Service calls them."""

_UNKNOWN_KIND = "SimpleAD"
"""What an existing directory is when the spec does not say."""

_LOCAL_PART = re.compile(r"[a-zA-Z0-9._%+-]{1,64}")
"""Names that can stand before the @ of an address (WorkMail API 2017-10-01, EmailAddress)."""


@dataclass(frozen=True, slots=True)
class _Arn:
    service: str
    region: str
    resource: str

    def at_home(self, local: Aws) -> str:
        """Write the same name in the local account."""
        return f"arn:aws:{self.service}:{self.region}:{local.account}:{self.resource}"


def _parse_arn(text: str) -> _Arn:
    _, _, service, region, _, resource = text.split(":", 5)
    return _Arn(service, region, resource)
