"""The roles as they are synthesized, held against every call that handlers are seen to make.

After a change of what they allow: UPDATE_SNAPSHOTS=1 pytest tests/synth/test_calls_seen.py

Each stack lives under the roles of its own template: it is made, changed, rolled
back after a fault, and deleted. A call that its role does not allow ends the test.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from calling import Function
from cloudformation import DeploymentFailedError, Resource, Stack
from granting import ROLES, NotGrantedError, list_grants
from scenes import ACME, at, make_emulator, make_group, make_organization, make_user
from tables import LedgerTable
from transitions import FULL, POLICIES, ROOM, allow, erase, impersonate, permit
from workmail_emulator import Emulator
from workmail_emulator.errors import ServiceFault
from workmail_org import declaring
from workmail_org.handlers.requests import Run
from workmail_org.model.bookable import Booking
from workmail_org.model.directory import Directory, DirectoryType, ServiceAccount
from workmail_org.model.domain import HostedZone, MailDomain
from workmail_org.model.organization import Organization
from workmail_org.model.permission import Right
from workmail_org.model.policies import (
    AuthenticationMode,
    Availability,
    Effect,
    EmailMonitoring,
    IdentityCenter,
    MobileDeviceAccessRule,
    PersonalAccessTokens,
    Policies,
)
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.service.clients import Clients
from workmail_org.service.ledger import DynamoDbLedger, Ledger
from workmail_org.wire.encoding import encode_properties
from workmail_org.wire.properties import DirectoryProperties, ResourceType

Seen = tuple[Function, str]

KEY = "arn:aws:kms:eu-west-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
DELETE = OnRemoval(
    users=Removal.DELETE,
    groups=Removal.DELETE,
    resources=Removal.DELETE,
    organization=Removal.DELETE,
    directory=Removal.DELETE,
)
HOSTED = MailDomain(
    name="hosted.example", dns=HostedZone(hosted_zone_id="Z0", zone_name="hosted.example")
)


def make_rich(variant: str, **fields: Any) -> Organization:
    """Declare everything there is; `variant` is in what may change."""
    arn = f"arn:aws:logs:eu-west-1:111122223333:log-group:{variant}:*"
    role = f"arn:aws:iam::111122223333:role/{variant}"
    policies = replace(
        POLICIES,
        access_control=(allow("default"), allow(variant)),
        mobile_devices=(*POLICIES.mobile_devices, *_make_phones(variant)),
        retention=erase(len(variant)),
        impersonation_roles=(impersonate(*(("alice",) if variant == "one" else ("bob",))),),
        email_monitoring=EmailMonitoring(log_group_arn=arn, role_arn=role),
        identity_center=IdentityCenter(
            instance_arn="arn:aws:sso:::instance/ssoins-0123456789abcdef",
            authentication_mode=AuthenticationMode.IDENTITY_PROVIDER_AND_DIRECTORY,
            personal_access_tokens=PersonalAccessTokens(lifetime_days=len(variant)),
        ),
        inbound_dmarc_enforced=variant == "one",
    )
    return replace(
        FULL,
        domains=(ACME, HOSTED, MailDomain(name=f"{variant}.example")),
        policies=policies,
        tags={variant: "tag"},
        **fields,
    )


def _make_phones(variant: str) -> Iterator[MobileDeviceAccessRule]:
    tablets = MobileDeviceAccessRule(name="tablets", effect=Effect.ALLOW)
    yield replace(tablets, device_types=(variant,))
    if variant != "one":
        yield replace(tablets, name=variant)


ONE = make_rich("one")
OTHER = replace(
    make_rich("other"),
    users=(
        make_user("alice", email=at("al"), aliases=(at("bob"),), city="Bonn"),
        make_user("bob", email=at("b"), quota_megabytes=20),
    ),
    groups=(
        make_group("sales", "bob", hidden_from_global_address_list=True),
        make_group("club", "alice", aliases=(at("c"),)),
    ),
    resources=(
        replace(ROOM, booking=Booking(), delegates=(), description="x"),
        replace(ROOM, name="den", email=at("den"), booking=Booking(), delegates=()),
    ),
    permissions=(permit("bob", "group:sales", Right.SEND_AS),),
)
BACKWARDS = replace(
    OTHER,
    policies=replace(
        OTHER.policies,
        mobile_devices=ONE.policies.mobile_devices,
        availability=(
            Availability(
                domain="partner.example",
                lambda_arn="arn:aws:lambda:eu-west-1:111122223333:function:free",
            ),
        ),
    ),
)
BARE = make_organization(make_user("alice"))
CLASHING = replace(BARE, users=(make_user("alice", aliases=(at("zoe"),)),))
"""Wants an address that somebody else has."""
OLD = MailDomain(name="old.example", verified=True)

READ_SES = (
    "ses:DescribeActiveReceiptRuleSet",
    "ses:GetIdentityDkimAttributes",
    "ses:GetIdentityPolicies",
    "ses:GetIdentityVerificationAttributes",
)
WRITE_LOG = "logs:CreateLogStream", "logs:PutLogEvents"

LISTED: Mapping[Function, Mapping[str, tuple[str, ...]]] = {
    Function.ORGANIZATION: {
        "Lambda writes the log (Lambda Developer Guide, execution role)": WRITE_LOG,
        "WorkMail asks the caller, seen live (facts.md §4.2: CreateOrganization, "
        "RegisterMailDomain, GetMailDomain)": (
            *READ_SES,
            "ds:AuthorizeApplication",
            "ds:CreateIdentityPoolDirectory",
            "ds:ListAuthorizedApplications",
            "ses:CreateReceiptRule",
            "ses:PutIdentityPolicy",
            "ses:SetIdentityEmailNotificationEnabled",
            "ses:UpdateReceiptRule",
            "ses:VerifyDomainDkim",
            "ses:VerifyDomainIdentity",
        ),
        "the same in an account without a rule set (facts.md §4.2, inferred)": (
            "ses:CreateReceiptRuleSet",
            "ses:SetActiveReceiptRuleSet",
        ),
        "WorkMail asks the caller of DeleteOrganization (facts.md §4.2)": (
            "ds:UnauthorizeApplication",
            "ses:DeleteIdentity",
            "ses:DeleteIdentityPolicy",
            "ses:DeleteReceiptRule",
            "workmail:DeleteUser",
            "workmail:DescribeUser",
        ),
        "WorkMail encrypts with the customer's key (facts.md §4.2)": (
            "kms:CreateGrant",
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
        ),
        "CreateMicrosoftAD tags what it makes, with security groups and network interfaces "
        "(Service Authorization Reference, Directory Service, dependent actions)": (
            "ds:AddTagsToResource",
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:CreateNetworkInterface",
            "ec2:CreateSecurityGroup",
            "ec2:CreateTags",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
        ),
        "DeleteDirectory takes those away (the same)": (
            "ec2:DeleteNetworkInterface",
            "ec2:DeleteSecurityGroup",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:RevokeSecurityGroupIngress",
        ),
        "WorkMail makes and deletes its application (assumed: permissions/organizations.py)": (
            "sso:CreateApplication",
            "sso:DeleteApplication",
            "sso:DescribeApplication",
            "sso:DescribeInstance",
            "sso:PutApplicationAssignmentConfiguration",
            "sso:PutApplicationAuthenticationMethod",
            "sso:PutApplicationGrant",
        ),
    },
    Function.MAILBOXES: {
        "Lambda writes the log (Lambda Developer Guide, execution role)": WRITE_LOG,
        "WorkMail looks at domains in the caller's name, seen live (facts.md §4.2)": READ_SES,
        "WorkMail writes a Managed Microsoft AD in the caller's name (facts.md §4.2)": (
            "ds-data:AddGroupMember",
            "ds-data:CreateGroup",
            "ds-data:CreateUser",
            "ds-data:DeleteGroup",
            "ds-data:DeleteUser",
            "ds-data:RemoveGroupMember",
            "ds-data:UpdateUser",
            "ds:AccessDSData",
            "ds:ResetUserPassword",
        ),
        "PutEmailMonitoringConfiguration hands a role over (facts.md §4.2)": ("iam:PassRole",),
        "Secrets Manager encrypts with the customer's key (its User Guide, security-encryption)": (
            "kms:Decrypt",
            "kms:GenerateDataKey",
        ),
    },
}
"""What is allowed and never called by a handler itself, by who needs it, with the source."""


def open_ledger(clients: Clients, table: str) -> Ledger:
    return DynamoDbLedger(clients.dynamodb, table)


@dataclass
class Played:
    """What was allowed to every stack that was played, and what was called.

    Attributes:
        synthesize: Makes a template.
    """

    synthesize: Callable[[Organization], Any]
    granted: set[Seen] = field(default_factory=set[Seen])
    called: set[Seen] = field(default_factory=set[Seen])

    def play(self, stack: PlayedStack, *chain: Organization) -> None:
        """Deploy organizations one after the other, then delete the stack."""
        for organization in chain:
            self.deploy(stack, organization)
        stack.destroy()

    def deploy(self, stack: PlayedStack, organization: Organization) -> None:
        """Deploy one organization under its roles; every change is struck and rolled back first."""
        self._begin(stack, organization)
        if stack.deployed:
            self._strike(stack, organization)
        stack.deploy(organization)
        stack.finish()

    def _begin(self, stack: PlayedStack, organization: Organization) -> None:
        grants = list_grants(self.synthesize(organization))
        self.granted |= grants
        stack.begin(grants)

    def refuse(self, stack: PlayedStack, organization: Organization) -> None:
        """Deploy what cannot be: what a handler asks to say why is a call too."""
        self._begin(stack, organization)
        with pytest.raises(DeploymentFailedError, match="belongs to user 'zoe'"):
            stack.deploy(organization)

    def _strike(self, stack: PlayedStack, organization: Organization) -> None:
        """Let a late write fail, so that everything before is rolled back."""
        for operation in ("PutIdentityProviderConfiguration", "PutMailboxPermissions"):
            stack.fail_at(operation)
            try:
                stack.deploy(organization)
            except DeploymentFailedError:
                pass
            finally:
                stack.emulator.on_call = None


class PlayedStack(Stack):
    """A stack whose handlers live under roles.

    Attributes:
        called: Every call that was seen.
    """

    def __init__(self, emulator: Emulator, called: set[Seen]) -> None:
        super().__init__(emulator)
        self.called = called
        self.watch = self._watch
        self.dynamodb = LedgerTable()
        self._before: set[Seen] = set()
        self._after: set[Seen] = set()

    def begin(self, grants: set[Seen]) -> None:
        """Put roles in place for a deployment; a rollback puts the former ones back."""
        self._after = grants

    def finish(self) -> None:
        """Keep the roles of a deployment that came through."""
        self._before = self._after

    def fail_at(self, operation: str) -> None:
        """Refuse the first call of an operation."""
        refused: list[str] = []

        def refuse(phase: str, call: Any) -> None:
            if phase == "before" and call.operation == operation and not refused:
                refused.append(operation)
                raise ServiceFault("Final", "no")

        self.emulator.on_call = refuse

    def make_run(self) -> Run:
        return replace(super().make_run(), open_ledger=open_ledger)

    def _watch(self, function: Function, action: str) -> None:
        rolls_back = str(self.cloudformation.status).startswith("UPDATE_ROLLBACK")
        if (function, action) not in (self._before if rolls_back else self._after):
            raise NotGrantedError(f"the {function} role does not allow {action}")
        self.called.add((function, action))


def make_stranger(stack: Stack) -> None:
    """Make somebody by hand, with an address in each domain."""
    scope = {"OrganizationId": stack.organization_id}
    zoe = stack.workmail.create_user(**scope, Name="zoe", DisplayName="Zoe")["UserId"]
    stack.workmail.register_to_work_mail(**scope, EntityId=zoe, Email=at("zoe"))
    stack.workmail.create_alias(**scope, EntityId=zoe, Alias=at("zoe", OLD.name))


NETWORK: Mapping[str, Any] = {
    "name": "corp.example",
    "short_name": "corp",
    "vpc_id": "vpc-01234567",
    "subnet_ids": ("subnet-01234567", "subnet-89abcdef"),
}
DIRECTORIES = (
    Directory(
        type=DirectoryType.SIMPLE_AD, size="small", admin_password_secret="ad/admin", **NETWORK
    ),
    Directory(
        type=DirectoryType.MANAGED_AD,
        edition="standard",
        admin_password_secret="ad/admin",
        **NETWORK,
    ),
    Directory(
        type=DirectoryType.AD_CONNECTOR,
        size="small",
        dns_ips=("10.0.0.1",),
        service_account=ServiceAccount(username="svc", password_secret="ad/admin"),
        **NETWORK,
    ),
)


def play_directory(played: Played, directory: Directory) -> None:
    """Make a directory and take it away, as the organization's function does."""
    organization = replace(BARE, directory=directory, on_removal=DELETE)
    stack = PlayedStack(make_emulator(), played.called)
    stack.secrets.values["ad/admin"] = "Passw0rd!"
    grants = list_grants(played.synthesize(organization))
    played.granted |= grants
    stack.begin(grants)
    properties = DirectoryProperties(
        alias="acme",
        owner=stack.name,
        directory=directory,
        admin_password_secret_arn="ad/admin",
        on_removal=Removal.DELETE,
    )
    resource = Resource("Directory", ResourceType.DIRECTORY, encode_properties(properties))
    stack.emulator.clock.advance(1)  # it begins after its stack
    made, _ = stack.send("Create", resource)
    stack.send("Update", resource, previous=resource, physical_id=made)
    found, _ = stack.send("Create", resource)
    stack.send("Delete", resource, physical_id=made)

    assert made == found


@pytest.fixture(scope="module")
def played(synthesize: Callable[[Organization], Any]) -> Played:
    """Play every kind of stack."""
    made = Played(synthesize)
    stack = PlayedStack(make_emulator(), made.called)
    made.deploy(stack, replace(BARE, domains=(ACME, OLD)))
    make_stranger(stack)
    made.deploy(stack, BARE)
    made.refuse(stack, CLASHING)
    copied = [replace(each, on_removal=DELETE) for each in (ONE, OTHER)]
    kept = (ONE, OTHER, BACKWARDS, replace(BARE, policies=Policies()), ONE)
    for chain in (kept, copied, [replace(each, kms_key_arn=KEY) for each in (ONE, BARE)]):
        stack = PlayedStack(make_emulator(), made.called)
        stack.secrets.values["ews"] = "a password of somebody else"
        made.play(stack, *chain)
    for directory in DIRECTORIES:
        play_directory(made, directory)
    with pytest.MonkeyPatch.context() as patch:  # too large for a template
        patch.setattr(declaring, "MAX_INLINE_BYTES", 10)
        made.play(PlayedStack(make_emulator(), made.called), BARE)
    return made


@pytest.mark.parametrize("function", Function)
def test_what_is_allowed_is_called_or_is_listed_with_a_source(
    played: Played, function: Function
) -> None:
    unseen = {action for owner, action in played.granted - played.called if owner is function}

    listed = [action for actions in LISTED[function].values() for action in actions]

    assert sorted(listed) == sorted(unseen)


def test_every_other_test_holds_its_calls_against_these_roles(played: Played) -> None:
    """Stack ends a test whose handler asks for more than any template allows."""
    allowed = {
        str(function): sorted(action for owner, action in played.granted if owner is function)
        for function in Function
    }
    if os.environ.get("UPDATE_SNAPSHOTS"):
        ROLES.write_text(json.dumps(allowed, indent=1) + "\n", encoding="ascii")

    assert json.loads(ROLES.read_text(encoding="ascii")) == allowed


def test_a_call_that_no_role_allows_ends_a_test() -> None:
    stack = Stack(make_emulator())
    stack.deploy(BARE)
    with pytest.raises(NotGrantedError, match="the Mailboxes role does not allow workmail:No"):
        stack.watch(Function.MAILBOXES, "workmail:No")
