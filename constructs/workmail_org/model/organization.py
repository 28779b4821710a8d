"""Organization: everything that one stack manages; Environment: everything one spec declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from workmail_org.model.alarms import Alarms
from workmail_org.model.bookable import Bookable
from workmail_org.model.directory import Directory
from workmail_org.model.domain import MailDomain
from workmail_org.model.expectations import Expectation
from workmail_org.model.exports import Exports
from workmail_org.model.group import Group
from workmail_org.model.permission import MailboxPermission
from workmail_org.model.policies import Policies
from workmail_org.model.removal import OnRemoval, Removal, Safety
from workmail_org.model.user import User
from workmail_org.model.values import Listing, OrganizationId, Reference, get_test_domain
from workmail_org.model.watching import Watching


class Passwords(StrEnum):
    """Where the first passwords of new users come from."""

    GENERATE = "generate"
    NONE = "none"


def _no_tags() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """A WorkMail organization with everything in it.

    Attributes:
        key: Spec key; names the stack, never changes.
        region: us-east-1, us-west-2 or eu-west-1.
        alias: Globally unique, immutable.
        existing: Take over this organization instead of creating one.
        users: In the order of the spec, like every collection here.
        adopt: Take over entities that exist already.
        exclusive: Lists of every entity that have no entries but declared ones; each
            entity says so too.
        expect: What the policies have to do; changes nothing by itself.
        alarms: `None`: nobody is told of failures.
        exports: Where mailboxes are exported to; `None`: nowhere.
        drift: How drift is looked for; changes nothing by itself.
    """

    key: str
    region: str
    alias: str
    existing: OrganizationId | None = None
    directory: Directory = Directory()  # noqa: RUF009 - frozen, like the defaults below
    kms_key_arn: str | None = None
    interoperability: bool = False
    tags: Mapping[str, str] = field(default_factory=_no_tags)
    domains: tuple[MailDomain, ...] = ()
    passwords: Passwords = Passwords.GENERATE
    users: tuple[User, ...] = ()
    groups: tuple[Group, ...] = ()
    resources: tuple[Bookable, ...] = ()
    permissions: tuple[MailboxPermission, ...] = ()
    policies: Policies = Policies()  # noqa: RUF009
    on_removal: OnRemoval = OnRemoval()  # noqa: RUF009
    safety: Safety = Safety()  # noqa: RUF009
    adopt: bool = False
    exclusive: tuple[Listing, ...] = ()
    expect: tuple[Expectation, ...] = ()
    alarms: Alarms | None = None
    exports: Exports | None = None
    drift: Watching = Watching()  # noqa: RUF009

    @property
    def disabled(self) -> frozenset[Reference]:
        """Folded references of who is switched off: nobody can be a member or a target then."""
        entities: tuple[User | Group | Bookable, ...] = (
            *self.users,
            *self.groups,  # those of a spec are always on
            *self.resources,
        )
        return frozenset(entity.reference.folded for entity in entities if not entity.enabled)

    @property
    def test_domain(self) -> str:
        """The domain that every organization has, `<alias>.awsapps.com`."""
        return get_test_domain(self.alias)

    @property
    def default_domain(self) -> str:
        """The domain that the spec makes the default; the test domain if none."""
        return next((d.name for d in self.domains if d.default), self.test_domain)

    @property
    def keeps_domains(self) -> bool:
        """Whether a domain outlives its stack, or its place in the spec, with its DNS records.

        In an organization that was taken over they always do.
        """
        return self.existing is not None or self.on_removal.domains is Removal.RETAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One spec: organizations that are deployed together.

    Attributes:
        name: `environment` of the spec; in every stack name.
        account: 12 digits; `None`: whatever account deploys.
        expires: Of a derived staging copy: deployed until that day, inclusive.
        acknowledge_end_of_support: Do not warn that Amazon WorkMail ends.
    """

    name: str
    account: str | None = None
    organizations: tuple[Organization, ...] = ()
    expires: date | None = None
    acknowledge_end_of_support: bool = False
