"""Everything that exists is shown: to people in rows, to programs as JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from workmail_org.model.bookable import Bookable, BookableType, Booking
from workmail_org.model.directory import DirectoryType
from workmail_org.model.group import Group
from workmail_org.model.live import (
    Found,
    LiveDirectory,
    LiveDomain,
    LiveIdentityCenter,
    LiveMobileRule,
    LiveMonitoring,
    LiveOrganization,
    LiveRetention,
    LiveRole,
    LiveSettings,
    People,
    Snapshot,
    State,
)
from workmail_org.model.permission import MailboxPermission, Right
from workmail_org.model.policies import (
    AccessControlRule,
    AuthenticationMode,
    Availability,
    Effect,
    EwsAvailability,
    Folder,
    FolderRetention,
    IdentityCenter,
    ImpersonationRole,
    ImpersonationRule,
    ImpersonationType,
    MobileDeviceAccessRule,
    PersonalAccessTokens,
    RetentionAction,
    RetentionPolicy,
    TokenStatus,
)
from workmail_org.model.user import Role, User
from workmail_org.model.values import EntityId, OrganizationId, parse_reference
from workmail_org.rehearsal.listing import build_organization, list_rows
from workmail_org.service.snapshot import index_found

ALICE = parse_reference("alice")


def make_people(
    users: tuple[Found[User], ...],
    groups: tuple[Found[Group], ...] = (),
    resources: tuple[Found[Bookable], ...] = (),
) -> People:
    return People(
        users=index_found(users), groups=index_found(groups), resources=index_found(resources)
    )


LIVE = Snapshot(
    region="eu-west-1",
    organization=LiveOrganization(
        id=OrganizationId("m-0123456789abcdef0123456789abcdef"),
        alias="acme",
        state=State.ACTIVE,
        directory_type="ADConnector",
        directory_id="d-0123456789",
        interoperability=True,
        tags={"team": "platform"},
    ),
    directory=LiveDirectory(
        id="d-0123456789",
        type=DirectoryType.AD_CONNECTOR,
        name="corp.example",
        alias="acme",
        stage="Active",
        reason=None,
        size="small",
        edition=None,
        vpc_id="vpc-01234567",
        subnet_ids=frozenset({"subnet-2", "subnet-1"}),
        launched=None,
    ),
    domains={
        "acme.example": LiveDomain(
            name="acme.example",
            is_default=True,
            is_test_domain=False,
            ownership="VERIFIED",
            dkim="PENDING",
            records=(),
        )
    },
    people=make_people(
        (
            Found(
                id=EntityId("u-1"),
                entity=User(
                    name="alice",
                    display_name="Alice Liddell",
                    email="alice@acme.example",
                    aliases=("al@acme.example",),
                ),
            ),
            Found(
                id=EntityId("u-2"),
                entity=User(
                    name="rita",
                    display_name="Rita Remote",
                    email="rita@partner.example",
                    role=Role.REMOTE_USER,
                ),
            ),
        ),
        (
            Found(
                id=EntityId("g-1"),
                entity=Group(
                    name="sales",
                    email="sales@acme.example",
                    members=tuple(parse_reference(f"member-{number}") for number in range(7)),
                    hidden_from_global_address_list=True,
                ),
            ),
        ),
        (
            Found(
                id=EntityId("r-1"),
                entity=Bookable(
                    name="boardroom",
                    type=BookableType.ROOM,
                    description="12 seats",
                    booking=Booking(auto_accept=False),
                    delegates=(ALICE,),
                    enabled=False,
                ),
            ),
        ),
    ),
    settings=LiveSettings(
        permissions=(
            MailboxPermission(
                mailbox=ALICE, grantee=parse_reference("group:sales"), rights=(Right.SEND_AS,)
            ),
        ),
        access_control=(
            AccessControlRule(
                name="office",
                effect=Effect.DENY,
                description="",
                actions=("imap",),
                not_ip_ranges=("203.0.113.0/24",),
            ),
        ),
        mobile_devices=(
            LiveMobileRule(
                id="mobile-1", rule=MobileDeviceAccessRule(name="all", effect=Effect.ALLOW)
            ),
        ),
        impersonation_roles=(
            LiveRole(
                id="role-1",
                role=ImpersonationRole(
                    name="backup",
                    type=ImpersonationType.READ_ONLY,
                    rules=(ImpersonationRule(key="everyone", effect=Effect.ALLOW),),
                ),
            ),
        ),
        availability=(
            Availability(
                domain="partner.example",
                ews=EwsAvailability(
                    endpoint="https://partner.example/", username="svc", password_secret="hidden"
                ),
            ),
            Availability(domain="other.example", lambda_arn="arn:aws:lambda:availability"),
        ),
        retention=LiveRetention(
            id="retention-1",
            policy=RetentionPolicy(
                name="standard",
                folders=(
                    FolderRetention(
                        folder=Folder.DELETED_ITEMS, action=RetentionAction.DELETE, days=30
                    ),
                ),
            ),
        ),
        email_monitoring=LiveMonitoring(
            log_group_arn="arn:aws:logs:events", role_arn="arn:aws:iam:events"
        ),
        inbound_dmarc_enforced=False,
        identity_center=LiveIdentityCenter(
            application_arn="arn:aws:sso:application",
            identity_center=IdentityCenter(
                instance_arn="arn:aws:sso:instance",
                authentication_mode=AuthenticationMode.IDENTITY_PROVIDER_ONLY,
                personal_access_tokens=PersonalAccessTokens(status=TokenStatus.INACTIVE),
            ),
        ),
    ),
    log_days=90,
)


def test_every_kind_has_its_rows() -> None:
    rows = [row for rows in list_rows(LIVE) for row in rows]

    assert rows == [
        (
            "directory",
            "d-0123456789",
            "corp.example",
            "active",
            "ad_connector small, interoperability",
        ),
        ("tag", "team", "", "", "platform"),
        ("domain", "acme.example", "", "verified", "default"),
        (
            "user",
            "alice",
            "alice@acme.example",
            "enabled",
            "Alice Liddell; also al@acme.example",
        ),
        ("user", "rita", "rita@partner.example", "enabled", "Rita Remote; mailbox elsewhere"),
        (
            "group",
            "sales",
            "sales@acme.example",
            "enabled",
            "members member-0, member-1, member-2, member-3, member-4, member-5, member-6; hidden",
        ),
        (
            "room",
            "boardroom",
            "",
            "disabled",
            "12 seats; delegates alice; booking decline_conflicts",
        ),
        ("permission", "alice", "", "", "group:sales: send_as"),
        ("access rule", "office", "", "deny", "actions imap; not_ip_ranges 203.0.113.0/24"),
        ("mobile rule", "all", "", "allow", "matches everything"),
        ("impersonation", "backup", "", "read_only", "allow everyone"),
        ("availability", "partner.example", "", "", "https://partner.example/ as svc"),
        ("availability", "other.example", "", "", "arn:aws:lambda:availability"),
        ("retention", "standard", "", "", "deleted_items: delete after 30 days"),
        ("inbound DMARC", "", "", "not enforced", ""),
        ("monitoring", "", "", "on", "arn:aws:logs:events, kept 90 days"),
        (
            "identity center",
            "",
            "",
            "on",
            "identity_provider_only; tokens inactive, without end",
        ),
    ]


def test_workmail_s_own_directory_has_a_row_too() -> None:
    described = replace(LIVE.organization, directory_type="VpcDirectory")
    own = replace(LIVE, directory=None, organization=described)

    assert list_rows(own)[0] == [("directory", "d-0123456789", "", "", "VpcDirectory")]


def test_json_has_everything_in_the_words_of_the_spec() -> None:
    document = json.loads(json.dumps(build_organization(LIVE, stack="production-acme")))

    assert document["stack"] == "production-acme"
    assert document["directory"]["subnet_ids"] == ["subnet-1", "subnet-2"]
    assert document["users"]["alice"]["id"] == "u-1"
    assert document["groups"]["sales"]["members"][0] == "member-0"
    assert document["resources"]["boardroom"]["booking"] == {
        "auto_accept": False,
        "decline_recurring": False,
        "decline_conflicts": True,
    }
    assert document["permissions"] == [
        {"mailbox": "alice", "grantee": "group:sales", "rights": ["send_as"]}
    ]
    policies = document["policies"]
    assert policies["access_control"]["office"]["effect"] == "deny"
    assert policies["mobile_devices"]["all"]["id"] == "mobile-1"
    assert policies["impersonation_roles"]["backup"]["rules"][0]["key"] == "everyone"
    assert policies["retention"]["folders"] == [
        {"folder": "deleted_items", "action": "delete", "days": 30}
    ]
    assert policies["email_monitoring"] == {
        "log_group_arn": "arn:aws:logs:events",
        "role_arn": "arn:aws:iam:events",
        "retention_days": 90,
    }
    assert policies["inbound_dmarc"] == {"enforced": False}
    assert policies["identity_center"]["personal_access_tokens"]["status"] == "inactive"


def test_json_names_no_secret() -> None:
    assert "password" not in json.dumps(build_organization(LIVE, stack="x"))


def test_what_does_not_exist_is_null() -> None:
    assert build_organization(None, stack="x") is None


DEADLINE = datetime(2026, 12, 22, 9, 30, tzinfo=UTC)
OFF = replace(
    LIVE,
    people=replace(
        LIVE.people,
        users=index_found(
            [Found(id=EntityId("u-1"), entity=User(name="alice", email="", enabled=False))]
        ),
    ),
    deadlines={ALICE: DEADLINE, parse_reference("resource:boardroom"): DEADLINE},
)


def test_who_is_switched_off_is_shown_with_the_day_when_the_mailbox_goes() -> None:
    rows = {row[:2]: row[3:] for kind in list_rows(OFF) for row in kind}

    assert ("disabled", "mailbox kept until 2026-12-22 09:30 UTC") == rows["user", "alice"]
    assert rows["room", "boardroom"][1].endswith("; calendar kept until 2026-12-22 09:30 UTC")


def test_programs_get_the_deadline_too() -> None:
    off = build_organization(OFF, stack="test-acme")
    on = build_organization(LIVE, stack="test-acme")

    assert off is not None
    assert on is not None
    assert "2026-12-22T09:30:00+00:00" == off["users"]["alice"]["deadline"]
    assert "2026-12-22T09:30:00+00:00" == off["resources"]["boardroom"]["deadline"]
    assert on["users"]["alice"]["deadline"] is None
