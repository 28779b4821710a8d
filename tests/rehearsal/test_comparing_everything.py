"""Rules, settings, resources and directories against the spec: every kind, every direction."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from workmail_org import declaring
from workmail_org.model.directory import DirectoryType
from workmail_org.model.domain import MailDomain
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
from workmail_org.model.organization import Organization
from workmail_org.model.permission import MailboxPermission, Right
from workmail_org.model.policies import (
    AuthenticationMode,
    Effect,
    ImpersonationType,
    RetentionAction,
    TokenStatus,
)
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.values import (
    EntityId,
    Kind,
    OrganizationId,
    Reference,
    fold,
    parse_reference,
)
from workmail_org.rehearsal.comparing import compare
from workmail_org.spec.building import load_environment
from workmail_org.wire.properties import ResourceType

CONFIG = Path(__file__).resolve().parents[2] / "config"
ORGANIZATIONS = {each.key: each for each in load_environment(CONFIG / "full.yaml").organizations}
ACME = ORGANIZATIONS["acme"]
SIMPLE = ORGANIZATIONS["simple"]
CONNECTED = ORGANIZATIONS["connected"]
POLICIES = ACME.policies

SWITCHED_OFF: dict[str, Any] = {"email": "", "aliases": (), "quota_megabytes": None}
"""What WorkMail tells of a user that is disabled."""


def make_live(desired: Organization) -> Snapshot:
    """Make what is there after a perfect deployment."""
    users = (each if each.enabled else replace(each, **SWITCHED_OFF) for each in desired.users)
    monitoring = desired.policies.email_monitoring
    domains = (
        *(make_domain(domain) for domain in desired.domains),
        make_domain(make_test_domain(desired)),
    )
    return Snapshot(
        region=desired.region,
        organization=LiveOrganization(
            id=OrganizationId(desired.existing or "m-0123456789abcdef0123456789abcdef"),
            alias=desired.alias,
            state=State.ACTIVE,
            directory_type="VpcDirectory",
            directory_id="d-0123456789",
            interoperability=desired.interoperability,
            tags={**desired.tags, **({"workmail-org:kms-key": desired.kms_key_arn or ""})},
        ),
        directory=make_directory(desired),
        domains={each.name: each for each in domains},
        people=People(
            users=index("u", *users),
            groups=index("g", *desired.groups),
            resources=index("r", *desired.resources),
        ),
        settings=make_settings(desired),
        log_days=monitoring.retention_days if monitoring else None,
    )


def index(letter: str, *entities: Any) -> dict[str, Found[Any]]:
    return {fold(each.name): found(f"{letter}-{each.name}", each) for each in entities}


def found(entity_id: str, entity: Any) -> Found[Any]:
    return Found(id=EntityId(entity_id), entity=entity)


def make_test_domain(desired: Organization) -> MailDomain:
    """Make the domain that every organization has, and that is the default until another is."""
    name = desired.test_domain
    return MailDomain(name=name, default=desired.default_domain == name, verified=True)


def make_domain(domain: MailDomain) -> LiveDomain:
    ownership = "VERIFIED" if domain.usable else "PENDING"
    return LiveDomain(
        name=domain.name,
        is_default=domain.default,
        is_test_domain=domain.name.endswith(".awsapps.com"),
        ownership=ownership,
        dkim=ownership,
        records=(),
    )


def make_directory(desired: Organization) -> LiveDirectory | None:
    directory = desired.directory
    if directory.type is DirectoryType.WORKMAIL:
        return None
    return LiveDirectory(
        id=directory.directory_id or "d-0123456789",
        type=directory.effective_kind,
        name=directory.name or "corp.example",
        alias=desired.alias,
        stage="Active",
        reason=None,
        size=directory.size,
        edition=directory.edition,
        vpc_id=directory.vpc_id,
        subnet_ids=frozenset(directory.subnet_ids),
        launched=None,
    )


def make_settings(desired: Organization) -> LiveSettings:
    policies = desired.policies
    monitoring, center = policies.email_monitoring, policies.identity_center
    return LiveSettings(
        permissions=desired.permissions,
        access_control=tuple(reversed(policies.access_control)),
        mobile_devices=tuple(
            LiveMobileRule(id=f"mobile-{rule.name}", rule=rule) for rule in policies.mobile_devices
        ),
        impersonation_roles=tuple(
            LiveRole(id=f"role-{role.name}", role=role) for role in policies.impersonation_roles
        ),
        availability=tuple(
            replace(each, ews=each.ews and replace(each.ews, password_secret=""))
            for each in policies.availability
        ),
        retention=LiveRetention(id="retention", policy=policies.retention)
        if policies.retention
        else None,
        email_monitoring=LiveMonitoring(
            log_group_arn=monitoring.log_group_arn or "arn:made", role_arn=monitoring.role_arn
        )
        if monitoring
        else None,
        inbound_dmarc_enforced=policies.inbound_dmarc_enforced is not False,
        identity_center=LiveIdentityCenter(application_arn="arn:made", identity_center=center)
        if center
        else None,
    )


def tell(
    live: Snapshot, desired: Organization = ACME, previous: Organization | None = None
) -> list[str]:
    """List differences without what is the same in all of them."""
    return [
        str(each).removeprefix(f"{desired.key}: ").replace("the spec says ", "")
        for each in compare(desired, live, previous)
    ]


def with_organization(live: Snapshot, **changed: Any) -> Snapshot:
    return replace(live, organization=replace(live.organization, **changed))


def with_settings(live: Snapshot, **changed: Any) -> Snapshot:
    return replace(live, settings=replace(live.settings, **changed))


def with_people(live: Snapshot, **changed: Any) -> Snapshot:
    return replace(live, people=replace(live.people, **changed))


@pytest.mark.parametrize("desired", ORGANIZATIONS.values(), ids=lambda each: each.key)
def test_a_perfect_deployment_does_not_differ(desired: Organization) -> None:
    assert tell(make_live(desired), desired) == []


RULES = POLICIES.access_control
PHONES = make_live(ACME).settings.mobile_devices[0]
ROLE = POLICIES.impersonation_roles[0]
RETENTION = POLICIES.retention
EWS = make_live(ACME).settings.availability[0]
CENTER = POLICIES.identity_center
assert RETENTION is not None
assert EWS.ews is not None
assert CENTER is not None
TOKENS = CENTER.personal_access_tokens

CHANGED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a rule that is missing": (
        {"access_control": RULES[1:]},
        ['policies.access_control.default: "present", WorkMail has nothing'],
    ),
    "a rule that nobody declared": (
        {"access_control": (*RULES, replace(RULES[0], name="by-hand"))},
        ['policies.access_control.by-hand: nothing, WorkMail has "present"'],
    ),
    "a rule that lets in": (
        {"access_control": (*RULES[:1], replace(RULES[1], effect=Effect.ALLOW), *RULES[2:])},
        ['policies.access_control.old-protocols.effect: "deny", WorkMail has "allow"'],
    ),
    "a rule with another condition": (
        {"access_control": (*RULES[:1], replace(RULES[1], not_users=()), *RULES[2:])},
        ['policies.access_control.old-protocols.not_users: ["bob"], WorkMail has []'],
    ),
    "a mobile rule with another condition": (
        {
            "mobile_devices": (
                replace(PHONES, rule=replace(PHONES.rule, device_models=("iphone",))),
                make_live(ACME).settings.mobile_devices[1],
            )
        },
        [
            'policies.mobile_devices.phones.device_models: ["iphone", "pixel"],'
            ' WorkMail has ["iphone"]'
        ],
    ),
    "a mobile rule that is there twice": (
        {"mobile_devices": (*make_live(ACME).settings.mobile_devices, PHONES)},
        ["policies.mobile_devices: 2, WorkMail has 3"],
    ),
    "a role that may do more": (
        {
            "impersonation_roles": (
                LiveRole(id="x", role=replace(ROLE, type=ImpersonationType.FULL_ACCESS)),
            )
        },
        ['policies.impersonation_roles.backup.type: "read_only", WorkMail has "full_access"'],
    ),
    "a role without one of its rules": (
        {"impersonation_roles": (LiveRole(id="x", role=replace(ROLE, rules=ROLE.rules[:1])),)},
        ['policies.impersonation_roles.backup.rules.directors: "present", WorkMail has nothing'],
    ),
    "retention of a folder": (
        {
            "retention": LiveRetention(
                id="x",
                policy=replace(
                    RETENTION,
                    folders=(
                        replace(RETENTION.folders[0], action=RetentionAction.NONE, days=None),
                        *RETENTION.folders[1:],
                    ),
                ),
            )
        },
        [
            'policies.retention.folders.deleted_items.action: "delete", WorkMail has "none"',
            "policies.retention.folders.deleted_items.days: 30, WorkMail has nothing",
        ],
    ),
    "no retention": (
        {"retention": None},
        ['policies.retention: "present", WorkMail has nothing'],
    ),
    "another endpoint": (
        {
            "availability": (
                replace(EWS, ews=replace(EWS.ews, endpoint="https://x/")),
                make_live(ACME).settings.availability[1],
            )
        },
        [
            'policies.availability["partner.example"].ews.endpoint:'
            ' "https://mail.partner.example/EWS/Exchange.asmx", WorkMail has "https://x/"'
        ],
    ),
    "no availability": (
        {"availability": make_live(ACME).settings.availability[1:]},
        ['policies.availability["partner.example"]: "present", WorkMail has nothing'],
    ),
    "no monitoring": (
        {"email_monitoring": None},
        ['policies.email_monitoring: "present", WorkMail has nothing'],
    ),
    "DMARC": (
        {"inbound_dmarc_enforced": True},
        ["policies.inbound_dmarc.enforced: false, WorkMail has true"],
    ),
    "no sign-in through Identity Center": (
        {"identity_center": None},
        ['policies.identity_center: "present", WorkMail has nothing'],
    ),
    "another way to sign in": (
        {
            "identity_center": LiveIdentityCenter(
                application_arn="x",
                identity_center=replace(
                    CENTER,
                    authentication_mode=AuthenticationMode.IDENTITY_PROVIDER_ONLY,
                    personal_access_tokens=replace(TOKENS, status=TokenStatus.INACTIVE),
                ),
            )
        },
        [
            'policies.identity_center.authentication_mode: "identity_provider_and_directory",'
            ' WorkMail has "identity_provider_only"',
            'policies.identity_center.personal_access_tokens.status: "active",'
            ' WorkMail has "inactive"',
        ],
    ),
}


@pytest.mark.parametrize(("changed", "expected"), CHANGED.values(), ids=list(CHANGED))
def test_a_policy_that_is_otherwise_is_told(changed: dict[str, Any], expected: list[str]) -> None:
    assert expected == tell(with_settings(make_live(ACME), **changed))


def test_how_long_events_are_kept_is_compared() -> None:
    assert tell(replace(make_live(ACME), log_days=30)) == [
        "policies.email_monitoring.retention_days: 90, WorkMail has 30"
    ]


def test_rights_are_compared_pair_by_pair() -> None:
    live = make_live(ACME)
    first, *others = live.settings.permissions
    by_hand = replace(first, grantee=parse_reference("zoe"))

    assert tell(with_settings(live, permissions=tuple(others))) == [
        'permissions["alice for group:sales"]: ["send_on_behalf"], WorkMail has nothing'
    ]
    assert tell(with_settings(live, permissions=(*live.settings.permissions, by_hand))) == []


def test_every_field_of_a_resource_is_compared() -> None:
    live = make_live(ACME)
    room = live.people.resources["boardroom"].entity
    booking = replace(room.booking, auto_accept=True)
    changed = replace(room, description="13 seats", booking=booking, delegates=())

    assert tell(with_people(live, resources={**live.people.resources, **index("r", changed)})) == [
        'resources.boardroom.description: "12 seats, second floor", WorkMail has "13 seats"',
        "resources.boardroom.booking.auto_accept: false, WorkMail has true",
        'resources.boardroom.delegates: ["alice", "group:support"], WorkMail has []',
    ]


def test_a_description_that_the_spec_never_said_is_not_its_own() -> None:
    live = make_live(ACME)
    projector = replace(live.people.resources["projector"].entity, description="by hand")
    resources = {**live.people.resources, **index("r", projector)}
    said_before = replace(ACME, resources=(ACME.resources[0], projector))

    assert tell(with_people(live, resources=resources)) == []
    assert tell(with_people(live, resources=resources), previous=said_before) == [
        'resources.projector.description: nothing, WorkMail has "by hand"'
    ]


def test_a_directory_is_compared() -> None:
    live = make_live(SIMPLE)
    assert live.directory is not None
    larger = replace(live.directory, size="large", alias="other")

    assert tell(replace(live, directory=larger), SIMPLE) == [
        'alias: "simple-full", WorkMail has "other"',
        'directory.size: "small", WorkMail has "large"',
    ]
    assert tell(replace(live, directory=None), SIMPLE) == [
        'directory: "simple_ad", WorkMail has "VpcDirectory"'
    ]


def test_what_a_connected_directory_keeps_is_not_compared() -> None:
    live = make_live(CONNECTED)
    users, groups = ([*each.values()] for each in (live.people.users, live.people.groups))
    frank = replace(users[0].entity, display_name="Frank", city="Oxford")
    courtiers = replace(groups[0].entity, members=(parse_reference("frank"),))
    shown = with_people(
        live,
        users={**live.people.users, **index("u", frank)},
        groups=index("g", courtiers),
    )

    assert tell(shown, CONNECTED) == []


def test_the_key_and_the_organization_that_is_taken_over_are_compared() -> None:
    taken_over = ORGANIZATIONS["taken-over"]
    other = with_organization(make_live(taken_over), id=OrganizationId("m-other"))
    unlocked = with_organization(make_live(ACME), tags={**ACME.tags})

    assert tell(other, taken_over) == [
        'existing: "m-0123456789abcdef0123456789abcdef", WorkMail has "m-other"'
    ]
    assert tell(unlocked) == [f'kms_key_arn: "{ACME.kms_key_arn}", WorkMail has nothing']


def test_what_left_the_spec_is_gone() -> None:
    """Rules stay when they are no longer managed: without any, nobody gets in."""
    bare = replace(
        ACME,
        tags={},
        resources=(),
        permissions=(),
        policies=replace(
            POLICIES,
            access_control=(),
            mobile_devices=(),
            retention=None,
            impersonation_roles=(),
            availability=(),
            email_monitoring=None,
            inbound_dmarc_enforced=None,
            identity_center=None,
        ),
        on_removal=OnRemoval(resources=Removal.DELETE),
    )

    assert tell(make_live(ACME), bare, previous=ACME) == [
        'tags.cost-center: nothing, WorkMail has "present"',
        'tags.team: nothing, WorkMail has "present"',
        'resources.boardroom: nothing, WorkMail has "present"',
        'resources.projector: nothing, WorkMail has "present"',
        'permissions["alice for bob"]: nothing, WorkMail has ["full_access", "send_as"]',
        'permissions["alice for group:sales"]: nothing, WorkMail has ["send_on_behalf"]',
        'permissions["group:sales for alice"]: nothing, WorkMail has ["send_as"]',
        'permissions["resource:boardroom for zoe"]: nothing, WorkMail has ["full_access"]',
        'policies.retention: nothing, WorkMail has "present"',
        'policies.impersonation_roles.backup: nothing, WorkMail has "present"',
        'policies.availability["partner.example"]: nothing, WorkMail has "present"',
        'policies.availability["subsidiary.example"]: nothing, WorkMail has "present"',
        'policies.email_monitoring: nothing, WorkMail has "present"',
        "policies.inbound_dmarc.enforced: true, WorkMail has false",
        'policies.identity_center: nothing, WorkMail has "present"',
    ]


def test_permissions_that_travel_outside_the_template_are_compared() -> None:
    many = tuple(
        MailboxPermission(
            mailbox=Reference(Kind.USER, f"user-{number:05}"),
            grantee=Reference(Kind.USER, f"user-{number + 1:05}"),
            rights=(Right.SEND_AS,),
        )
        for number in range(1_500)
    )
    (part,) = (
        part
        for part in declaring.list_settings(replace(ACME, permissions=many), stack="")
        if part.resource_type is ResourceType.MAILBOX_PERMISSIONS
    )
    desired = replace(ACME, permissions=many)
    live = make_live(desired)

    assert part.outside
    assert [] == tell(live, desired)
    missing = 'permissions["user-00007 for user-00008"]: ["send_as"], WorkMail has nothing'
    assert [missing] == tell(with_settings(live, permissions=(*many[:7], *many[8:])), desired)
    assert 1_500 == len(tell(with_settings(live, permissions=()), desired))
