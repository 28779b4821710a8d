"""Keywords: what the parts of an organization can be given, in the words of the spec.

An editor completes them; what they mean and which values they take says
schemas/organization.schema.json.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from workmail_org.model.values import Reference

Omitted = Literal["mx", "spf", "dmarc", "autodiscover", "ownership", "dkim"]
"""DNS records that are somebody else's."""

Right = Literal["full_access", "send_as", "send_on_behalf"]
"""What a grantee may do with a mailbox."""

Rules = Mapping[str, Mapping[str, Any]]
"""Rules by their name."""


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
    adopt: bool
    exclusive: Sequence[Literal["aliases", "rights"]]


class GroupFields(TypedDict, total=False):
    """What a group can be given besides a name, as in the spec."""

    email: str
    aliases: Sequence[str]
    members: Sequence[Reference | str]
    hidden_from_global_address_list: bool
    adopt: bool
    exclusive: Sequence[Literal["aliases", "members", "rights"]]


class BookingFields(TypedDict, total=False):
    """How a resource answers meeting requests, as in the spec."""

    auto_accept: bool
    decline_recurring: bool
    decline_conflicts: bool


class ResourceFields(TypedDict, total=False):
    """What a room or a piece of equipment can be given besides name and type, as in the spec."""

    description: str
    email: str
    aliases: Sequence[str]
    hidden_from_global_address_list: bool
    booking: BookingFields
    delegates: Sequence[Reference | str]
    enabled: bool
    adopt: bool
    exclusive: Sequence[Literal["aliases", "delegates", "rights"]]


class ServiceAccountFields(TypedDict):
    """The account by which an AD Connector reads the directory, as in the spec."""

    username: str
    password_secret: str


class DirectoryFields(TypedDict, total=False):
    """Where users are kept, as in the spec; which keys count depends on the type."""

    type: Literal["workmail", "simple_ad", "managed_ad", "ad_connector", "existing"]
    directory_id: str
    kind: Literal["workmail", "simple_ad", "managed_ad", "ad_connector"]
    name: str
    short_name: str
    size: Literal["small", "large"]
    edition: Literal["standard", "enterprise"]
    vpc_id: str
    subnet_ids: Sequence[str]
    dns_ips: Sequence[str]
    admin_password_secret: str
    service_account: ServiceAccountFields


class PoliciesFields(TypedDict, total=False):
    """Rules and settings of the whole organization, each as below its key of `policies`.

    What is left out stays as it is.
    """

    access_control: Rules
    mobile_devices: Rules
    retention: Mapping[str, Any]
    impersonation_roles: Rules
    availability: Rules
    email_monitoring: Mapping[str, Any]
    inbound_dmarc: Mapping[str, bool]
    identity_center: Mapping[str, Any]


class AlarmsFields(TypedDict, total=False):
    """Who is told of failures, as in the spec."""

    topic_arn: str
    bounces_per_hour: int
    dashboard: bool


class ExportsFields(TypedDict, total=False):
    """Where mailboxes are exported to, as in the spec."""

    bucket: str
    key: str
    prefix: str


class OnRemovalFields(TypedDict, total=False):
    """What happens to what is taken away, as in the spec."""

    users: Literal["disable", "delete", "retain"]
    resources: Literal["disable", "delete", "retain"]
    groups: Literal["delete", "disable", "retain"]
    domains: Literal["deregister", "retain"]
    organization: Literal["retain", "delete"]
    directory: Literal["retain", "delete"]
