"""Organization: an organization taken part by part, for use in any CDK app.

Keywords, words and rules are those of the spec (schemas/organization.schema.json).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Unpack, cast

import jsii
from aws_cdk import Aspects, IAspect, IStableStringProducer, Lazy, Stack, Token
from aws_cdk.aws_route53 import IHostedZone
from constructs import Construct, IConstruct, IValidation

from workmail_org.errors import SpecError
from workmail_org.infra.checking import check_organization
from workmail_org.infra.keywords import (
    AlarmsFields,
    DirectoryFields,
    ExportsFields,
    GroupFields,
    Omitted,
    OnRemovalFields,
    PoliciesFields,
    ResourceFields,
    Right,
    UserFields,
)
from workmail_org.infra.organization import OrganizationResource
from workmail_org.infra.stand_ins import TokenStandIns
from workmail_org.model import organization as model
from workmail_org.model.values import Kind, Reference, get_test_domain


class Organization(Construct):
    """A WorkMail organization, taken part by part.

    Everything is checked by the rules of the spec when the app is synthesized,
    and every problem is reported there. It makes what `OrganizationResource`
    makes.

    Args:
        scope: Parent, in a stack of the organization's region.
        construct_id: In the logical ids of all resources.
        alias: Globally unique, immutable.
        region: us-east-1, us-west-2 or eu-west-1; the default is the stack's,
            and needed only where that is not known.
        existing: Id of a live organization to take over, which is never
            deleted. By default one is made.
        adopt: Whether to take over users, groups and resources that exist
            already. Default: they do not exist yet.
        exclusive: Lists of users, groups and resources that hold nothing but
            what is declared. Default: what people added by hand stays.
        directory: Where users are kept, immutable. The default is a directory
            that WorkMail makes.
        kms_key_arn: Key for all mailboxes, immutable. The default is WorkMail's
            own.
        interoperability: Whether Exchange manages the addresses, permanently; with
            an AD Connector only. Default: it does not.
        tags: Of the organization. Default: none.
        passwords: Whether new users get a generated password. Default: they
            do, but behind an AD Connector.
        policies: Rules and settings. Default: they stay as they are.
        on_removal: What happens to what is taken away. The default loses
            nothing.
        alarms: Who is told of failures. Default: nobody.
        exports: Where mailboxes are exported to. Default: nowhere.

    Ids and ARNs may be tokens: of the key, hosted zones, directory, VPC and
    subnets, secrets, log group, role, topic and Lambda functions.

    Attributes:
        organization_id: Token of the organization's id.
        organization_arn: Token of its ARN.
        web_client_url: Where people read their mail.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        alias: str,
        region: str | None = None,
        existing: str | None = None,
        adopt: bool = False,
        exclusive: Sequence[Literal["aliases", "members", "delegates", "rights"]] = (),
        directory: DirectoryFields | None = None,
        kms_key_arn: str | None = None,
        interoperability: bool = False,
        tags: Mapping[str, str] | None = None,
        passwords: Literal["generate", "none"] | None = None,
        policies: PoliciesFields | None = None,
        on_removal: OnRemovalFields | None = None,
        alarms: AlarmsFields | None = None,
        exports: ExportsFields | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        given: dict[str, Any] = {
            "existing": existing,
            "directory": directory,
            "kms_key_arn": kms_key_arn,
            "passwords": passwords,
            "policies": policies,
            "alarms": alarms,
            "exports": exports,
        }
        self._declared: dict[str, Any] = {
            "region": region or Stack.of(self).region,
            "alias": alias,
            "adopt": adopt,
            "exclusive": list(exclusive),
            "interoperability": interoperability,
            "tags": tags or {},
            "on_removal": on_removal or {},
            **{key: value for key, value in given.items() if value is not None},
            "domains": {},
            "users": {},
            "groups": {},
            "resources": {},
            "permissions": [],
        }
        self._built: OrganizationResource | None = None
        self._problems: list[str] = []
        self.organization_id = _promise(lambda: self._built and self._built.organization_id)
        self.organization_arn = _promise(lambda: self._built and self._built.organization_arn)
        self.web_client_url = f"https://{get_test_domain(alias)}/mail"
        Aspects.of(self).add(_Finish(self, self._finish))
        self.node.add_validation(_Report(self._problems))

    def add_domain(
        self,
        name: str,
        *,
        hosted_zone: IHostedZone | None = None,
        omit: Sequence[Omitted] = (),
        adopt: bool = False,
        verified: bool = False,
        default: bool = False,
    ) -> None:
        """Add a mail domain.

        Args:
            name: Lower case.
            hosted_zone: Where its DNS records are written, of the domain or of
                a parent of it. Default: nowhere; an output gives them.
            omit: Records that are not written.
            adopt: Whether the records that are not omitted are in the zone
                already, as WorkMail wants them; then none is written.
            verified: Whether records that somebody else wrote are in place.
            default: Whether new addresses are in this domain.
        """
        declared: dict[str, Any] = {"default": default, "verified": verified, "dns": "manual"}
        if hosted_zone is not None:
            declared["dns"] = {
                "hosted_zone_id": hosted_zone.hosted_zone_id,
                "zone_name": hosted_zone.zone_name,
                "omit": omit,
                "adopt": adopt,
            }
        self._add("domains", name, declared)

    def add_user(self, name: str, **fields: Unpack[UserFields]) -> Reference:
        """Add a user.

        Args:
            name: WorkMail user name, immutable.
            fields: As in the spec. `email` is by default the name in the
                default domain.

        Returns:
            What groups name as a member.
        """
        self._add("users", name, fields)
        return Reference(Kind.USER, name)

    def add_group(self, name: str, **fields: Unpack[GroupFields]) -> Reference:
        """Add a group.

        Args:
            name: WorkMail group name, immutable.
            fields: As in the spec. `email` is by default the name in the
                default domain; members are what `add_user` and `add_group`
                returned, or `alice` and `group:support`.

        Returns:
            What other groups name as a member.
        """
        self._add("groups", name, _name_references(fields, "members"))
        return Reference(Kind.GROUP, name)

    def add_resource(
        self,
        name: str,
        *,
        type: Literal["room", "equipment"],  # noqa: A002 - the word of the spec
        **fields: Unpack[ResourceFields],
    ) -> Reference:
        """Add a room or a piece of equipment.

        Args:
            name: WorkMail resource name, immutable.
            type: What it is.
            fields: As in the spec. `email` is by default the name in the
                default domain; delegates are what `add_user` and `add_group`
                returned, or `alice` and `group:support`.

        Returns:
            What permissions name as a mailbox.
        """
        self._add("resources", name, {"type": type, **_name_references(fields, "delegates")})
        return Reference(Kind.RESOURCE, name)

    def add_permission(
        self, mailbox: Reference | str, grantee: Reference | str, rights: Sequence[Right]
    ) -> None:
        """Give somebody rights on a mailbox.

        Args:
            mailbox: A user, a group or a resource.
            grantee: A user or a group.
            rights: At least one.
        """
        named = {"mailbox": str(mailbox), "grantee": str(grantee)}
        self._declared["permissions"].append({**named, "rights": rights})

    def _add(self, kind: str, name: str, fields: Mapping[str, Any]) -> None:
        entries: dict[str, Any] = self._declared[kind]
        if name in entries:
            raise SpecError([f'{kind}: "{name}" is added twice'])
        entries[name] = fields

    def _finish(self) -> None:
        """Make the resources, once everything has been added."""
        if self._built or self._problems:
            return
        try:
            organization = self._load()
        except SpecError as error:
            self._problems += map(str, error.problems)
        else:
            self._built = OrganizationResource(self, "Default", organization=organization)

    def _load(self) -> model.Organization:
        self._check_region()
        stand_ins = TokenStandIns(self._declared["region"])
        return stand_ins.take(check_organization(stand_ins.put(self._declared)))

    def _check_region(self) -> None:
        declared, deployed = self._declared["region"], Stack.of(self).region
        if Token.is_unresolved(declared):
            raise SpecError(["region: the stack's is not known at synth; give one of the two"])
        if not Token.is_unresolved(deployed) and declared != deployed:
            raise SpecError([f'region: "{declared}" is not the stack\'s; allowed: {deployed}'])


def _name_references(fields: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Write the references of one field as the spec does."""
    if key not in fields:
        return dict(fields)
    return {**fields, key: [str(reference) for reference in fields[key]]}


def _promise(read: Callable[[], str | None]) -> str:
    return Lazy.string(cast("IStableStringProducer", _Producer(read)))


@jsii.implements(IStableStringProducer)
class _Producer:
    """Gives a value that is not there yet when it is named."""

    def __init__(self, read: Callable[[], str | None]) -> None:
        self._read = read

    def produce(self) -> str:
        # Without resources there is nothing to name: a problem says why.
        return self._read() or "none"


@jsii.implements(IAspect)
class _Finish:
    """Finishes one construct when the CDK prepares the app."""

    def __init__(self, construct: Construct, finish: Callable[[], None]) -> None:
        self._construct = construct
        self._finish = finish

    def visit(self, node: IConstruct) -> None:
        if node is self._construct:
            self._finish()


@jsii.implements(IValidation)
class _Report:
    """Gives the CDK the problems that were found."""

    def __init__(self, problems: list[str]) -> None:
        self._problems = problems

    def validate(self) -> list[str]:
        return self._problems
