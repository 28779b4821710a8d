"""What this release does not deploy yet is refused, never left out in silence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from workmail_org.errors import SpecError
from workmail_org.infra.support import refuse_unsupported
from workmail_org.model.bookable import Bookable, BookableType
from workmail_org.model.directory import Directory, DirectoryType
from workmail_org.model.group import Group
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.permission import MailboxPermission, Right
from workmail_org.model.policies import (
    AccessControlRule,
    AuthenticationMode,
    Availability,
    Effect,
    EmailMonitoring,
    IdentityCenter,
    ImpersonationRole,
    ImpersonationType,
    MobileDeviceAccessRule,
    PersonalAccessTokens,
    Policies,
    RetentionPolicy,
)
from workmail_org.model.user import User
from workmail_org.model.values import OrganizationId, parse_reference

ORGANIZATION = Organization(key="acme", region="eu-west-1", alias="acme")

RULE = AccessControlRule(name="default", effect=Effect.ALLOW, description="everyone")

SIGN_IN = IdentityCenter(
    instance_arn="arn:aws:sso:::instance/ssoins-0123456789abcdef",
    authentication_mode=AuthenticationMode.IDENTITY_PROVIDER_AND_DIRECTORY,
    personal_access_tokens=PersonalAccessTokens(),
)

BOARDROOM = Bookable(name="boardroom", type=BookableType.ROOM)

PERMISSION = MailboxPermission(
    mailbox=parse_reference("alice"), grantee=parse_reference("bob"), rights=(Right.SEND_AS,)
)

DEVICES = MobileDeviceAccessRule(name="phones", effect=Effect.ALLOW)

BACKUP = ImpersonationRole(name="backup", type=ImpersonationType.READ_ONLY)


def declare(**fields: Any) -> Environment:
    return Environment(name="production", organizations=(replace(ORGANIZATION, **fields),))


@pytest.mark.parametrize(
    ("fields", "key", "what"),
    [
        (
            {"existing": OrganizationId("m-0123")},
            "existing",
            "organizations that are taken over",
        ),
        ({"adopt": True}, "adopt", "the taking over of what exists"),
        (
            {"users": (User(name="alice", adopt=True),)},
            "users.alice.adopt",
            "the taking over of what exists",
        ),
        (
            {"groups": (Group(name="sales", adopt=True),)},
            "groups.sales.adopt",
            "the taking over of what exists",
        ),
        (
            {"directory": Directory(type=DirectoryType.SIMPLE_AD)},
            "directory",
            "directories of type simple_ad",
        ),
        (
            {"directory": Directory(type=DirectoryType.MANAGED_AD)},
            "directory",
            "directories of type managed_ad",
        ),
        (
            {"directory": Directory(type=DirectoryType.AD_CONNECTOR)},
            "directory",
            "directories of type ad_connector",
        ),
        ({"resources": (BOARDROOM,)}, "resources", "resources"),
        ({"permissions": (PERMISSION,)}, "permissions", "permissions"),
        (
            {"policies": Policies(access_control=(RULE,))},
            "policies.access_control",
            "access control rules",
        ),
        (
            {"policies": Policies(mobile_devices=(DEVICES,))},
            "policies.mobile_devices",
            "mobile device rules",
        ),
        (
            {"policies": Policies(retention=RetentionPolicy(name="standard"))},
            "policies.retention",
            "retention policies",
        ),
        (
            {"policies": Policies(impersonation_roles=(BACKUP,))},
            "policies.impersonation_roles",
            "impersonation roles",
        ),
        (
            {"policies": Policies(availability=(Availability(domain="partner.example"),))},
            "policies.availability",
            "availability configurations",
        ),
        (
            {"policies": Policies(email_monitoring=EmailMonitoring())},
            "policies.email_monitoring",
            "email monitoring",
        ),
        (
            {"policies": Policies(inbound_dmarc_enforced=False)},
            "policies.inbound_dmarc",
            "inbound DMARC settings",
        ),
        (
            {"policies": Policies(identity_center=SIGN_IN)},
            "policies.identity_center",
            "IAM Identity Center sign-in",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_kind_of_the_next_release_is_refused_in_one_sentence(
    fields: dict[str, Any], key: str, what: str
) -> None:
    with pytest.raises(SpecError) as refused:
        refuse_unsupported(declare(**fields))

    assert (
        f"organizations.acme.{key}: this release does not deploy {what} yet; leave it out"
    ) == str(refused.value)


def test_every_kind_of_every_organization_is_named_at_once() -> None:
    two = Environment(
        name="production",
        organizations=(
            replace(ORGANIZATION, resources=(BOARDROOM,), permissions=(PERMISSION,)),
            replace(ORGANIZATION, key="other", existing=OrganizationId("m-0123")),
        ),
    )

    with pytest.raises(SpecError) as refused:
        refuse_unsupported(two)

    assert [
        "organizations.acme.resources",
        "organizations.acme.permissions",
        "organizations.other.existing",
    ] == [str(problem).partition(":")[0] for problem in refused.value.problems]


@pytest.mark.parametrize(
    "directory",
    [Directory(), Directory(type=DirectoryType.EXISTING, directory_id="d-0123456789")],
    ids=["workmail", "existing"],
)
def test_what_this_release_deploys_is_not_refused(directory: Directory) -> None:
    refuse_unsupported(declare(directory=directory, users=(User(name="alice"),)))
