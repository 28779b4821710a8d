"""Organization: an organization taken part by part, for use in any CDK app.

Keywords, words and rules are those of the spec (schemas/organization.schema.json).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypedDict, Unpack, cast

import jsii
from aws_cdk import Aspects, IAspect, IStableStringProducer, Lazy, Stack, Token
from aws_cdk.aws_route53 import IHostedZone
from constructs import Construct, IConstruct, IValidation

from workmail_org.errors import SpecError
from workmail_org.infra.checking import check_organization
from workmail_org.infra.organization import OrganizationResource
from workmail_org.model import organization as model
from workmail_org.model.domain import MailDomain
from workmail_org.model.values import Kind, Reference, get_test_domain

Omitted = Literal["mx", "spf", "dmarc", "autodiscover"]
"""DNS records that are somebody else's."""


class UserFields(TypedDict, total=False):
    """What a user can be given besides a name, as in the spec."""

    display_name: str
    email: str
    aliases: Sequence[str]
    first_name: str
    last_name: str
    initials: str
    job_title: str
    department: str
    company: str
    office: str
    telephone: str
    street: str
    city: str
    zip_code: str
    country: str
    role: Literal["user", "remote_user"]
    hidden_from_global_address_list: bool
    quota_megabytes: int
    identity_provider_user_id: str
    enabled: bool


class GroupFields(TypedDict, total=False):
    """What a group can be given besides a name, as in the spec."""

    email: str
    aliases: Sequence[str]
    members: Sequence[Reference | str]
    hidden_from_global_address_list: bool


class OnRemovalFields(TypedDict, total=False):
    """What happens to what is taken away, as in the spec."""

    users: Literal["disable", "delete", "retain"]
    groups: Literal["delete", "disable", "retain"]
    domains: Literal["deregister", "retain"]
    organization: Literal["retain", "delete"]
    directory: Literal["retain", "delete"]


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
        directory_id: An existing directory; the default is one that WorkMail
            makes.
        kms_key_arn: Key for all mailboxes, immutable; may be a token. The
            default is WorkMail's own.
        tags: Of the organization. Default: none.
        passwords: Whether new users get a generated password. Default: they
            do.
        on_removal: What happens to what is taken away. The default loses
            nothing.

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
        directory_id: str | None = None,
        kms_key_arn: str | None = None,
        tags: Mapping[str, str] | None = None,
        passwords: Literal["generate", "none"] = "generate",
        on_removal: OnRemovalFields | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        self._declared: dict[str, Any] = {
            "region": region or stack.region,
            "alias": alias,
            "tags": dict(tags or {}),
            "passwords": passwords,
            "on_removal": dict(on_removal or {}),
            "domains": {},
            "users": {},
            "groups": {},
        }
        if directory_id:
            self._declared["directory"] = {"type": "existing", "directory_id": directory_id}
        self._kms_key_arn = kms_key_arn
        self._zones: dict[str, IHostedZone] = {}
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
        verified: bool = False,
        default: bool = False,
    ) -> None:
        """Add a mail domain.

        Args:
            name: Lower case.
            hosted_zone: Where its DNS records are written, of the domain or of
                a parent of it. Default: nowhere; an output gives them.
            omit: Records that are not written.
            verified: Whether records that somebody else wrote are in place.
            default: Whether new addresses are in this domain.
        """
        declared: dict[str, Any] = {"default": default, "verified": verified, "dns": "manual"}
        if hosted_zone is not None:
            # The id may be a token; it takes the place of this one after the check.
            zone_id = f"Z{len(self._zones):020d}"
            self._zones[zone_id] = hosted_zone
            zone = {"hosted_zone_id": zone_id, "zone_name": hosted_zone.zone_name}
            declared["dns"] = {**zone, "omit": list(omit)}
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
        members = [str(member) for member in fields.get("members", ())]
        self._add("groups", name, {**fields, "members": members})
        return Reference(Kind.GROUP, name)

    def _add(self, kind: str, name: str, fields: Mapping[str, Any]) -> None:
        entries: dict[str, Any] = self._declared[kind]
        if name in entries:
            raise SpecError([f'{kind}: "{name}" is added twice'])
        entries[name] = {
            key: list(cast("Sequence[Any]", value)) if isinstance(value, tuple) else value
            for key, value in fields.items()
        }

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
        is_token = self._kms_key_arn is not None and Token.is_unresolved(self._kms_key_arn)
        key = {} if is_token or not self._kms_key_arn else {"kms_key_arn": self._kms_key_arn}
        checked = check_organization({**self._declared, **key})
        return replace(
            checked,
            kms_key_arn=self._kms_key_arn,
            domains=tuple(self._fill_zone(domain) for domain in checked.domains),
        )

    def _check_region(self) -> None:
        declared, deployed = self._declared["region"], Stack.of(self).region
        if Token.is_unresolved(declared):
            raise SpecError(["region: the stack's is not known at synth; give one of the two"])
        if not Token.is_unresolved(deployed) and declared != deployed:
            raise SpecError([f'region: "{declared}" is not the stack\'s; allowed: {deployed}'])

    def _fill_zone(self, domain: MailDomain) -> MailDomain:
        if domain.dns is None:
            return domain
        hosted_zone_id = self._zones[domain.dns.hosted_zone_id].hosted_zone_id
        return replace(domain, dns=replace(domain.dns, hosted_zone_id=hosted_zone_id))


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
