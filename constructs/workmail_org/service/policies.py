"""Live rules and settings of an organization to model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from workmail_org.changes.mobile_devices import parse_lists
from workmail_org.errors import NotFoundError
from workmail_org.model.live import (
    LiveIdentityCenter,
    LiveMobileRule,
    LiveMonitoring,
    LiveRetention,
    LiveRole,
)
from workmail_org.model.permission import MailboxPermission, Right
from workmail_org.model.policies import (
    ACTIONS,
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
from workmail_org.model.values import fold
from workmail_org.service.reading import Listed, read_organization
from workmail_org.service.workmail import WorkMail

_ACTION_WORDS = {theirs: ours for ours, theirs in ACTIONS.items()}

Names = Mapping[str, str]
"""Names by id. What has no name any more goes by its id, so that it is seen to differ."""


def read_permissions(
    workmail: WorkMail, mailboxes: Iterable[Listed], people: Mapping[str, Listed]
) -> tuple[MailboxPermission, ...]:
    """Read who has rights on some mailboxes.

    Args:
        workmail: The organization.
        mailboxes: Enabled users, groups and resources.
        people: Users and groups by id; grantees that are none are left out.
    """

    def read(row: Listed) -> list[MailboxPermission]:
        found = workmail.list("ListMailboxPermissions", "Permissions", EntityId=row.id)
        return [
            MailboxPermission(
                mailbox=row.reference,
                grantee=people[each["GranteeId"]].reference,
                rights=tuple(sorted(Right(fold(value)) for value in each["PermissionValues"])),
            )
            for each in found
            if each["GranteeId"] in people
        ]

    return tuple(each for found in workmail.read_many(read, mailboxes) for each in found)


def read_access_control(
    workmail: WorkMail, users: Names, roles: Names
) -> tuple[AccessControlRule, ...]:
    """Read every access-control rule, in WorkMail's order."""
    answer = workmail.call("ListAccessControlRules")
    return tuple(_parse_access_rule(rule, users, roles) for rule in answer.get("Rules", ()))


def _parse_access_rule(rule: Mapping[str, Any], users: Names, roles: Names) -> AccessControlRule:
    def get(parameter: str, translate: Callable[[str], str] = str) -> tuple[str, ...]:
        return tuple(sorted(translate(value) for value in rule.get(parameter, ())))

    def name_user(user_id: str) -> str:
        return users.get(user_id, user_id)

    def name_role(role_id: str) -> str:
        return roles.get(role_id, role_id)

    def name_action(action: str) -> str:
        return _ACTION_WORDS.get(action, action)

    return AccessControlRule(
        name=rule["Name"],
        effect=Effect(fold(rule["Effect"])),
        description=rule.get("Description", ""),
        actions=get("Actions", name_action),
        not_actions=get("NotActions", name_action),
        ip_ranges=get("IpRanges"),
        not_ip_ranges=get("NotIpRanges"),
        users=get("UserIds", name_user),
        not_users=get("NotUserIds", name_user),
        impersonation_roles=get("ImpersonationRoleIds", name_role),
        not_impersonation_roles=get("NotImpersonationRoleIds", name_role),
    )


def read_mobile_devices(workmail: WorkMail) -> tuple[LiveMobileRule, ...]:
    """Read every mobile device access rule."""
    answer = workmail.call("ListMobileDeviceAccessRules")
    return tuple(
        LiveMobileRule(
            id=rule["MobileDeviceAccessRuleId"],
            rule=MobileDeviceAccessRule(
                name=rule["Name"],
                effect=Effect(fold(rule["Effect"])),
                description=rule.get("Description") or None,
                **parse_lists(rule),
            ),
        )
        for rule in answer.get("Rules", ())
    )


def list_roles(workmail: WorkMail) -> dict[str, str]:
    """List the names of impersonation roles by id."""
    roles = workmail.list("ListImpersonationRoles", "Roles")
    return {role["ImpersonationRoleId"]: role["Name"] for role in roles}


def read_impersonation_roles(
    workmail: WorkMail, role_ids: Iterable[str], users: Names
) -> tuple[LiveRole, ...]:
    """Read impersonation roles with their rules."""

    def read(role_id: str) -> LiveRole | None:
        try:
            answer = workmail.call("GetImpersonationRole", ImpersonationRoleId=role_id)
        except NotFoundError:
            return None
        role = ImpersonationRole(
            name=answer["Name"],
            type=ImpersonationType(fold(answer["Type"])),
            description=answer.get("Description") or None,
            rules=tuple(_parse_impersonation_rule(rule, users) for rule in answer["Rules"]),
        )
        return LiveRole(id=role_id, role=role)

    return tuple(role for role in workmail.read_many(read, role_ids) if role)


def _parse_impersonation_rule(rule: Mapping[str, Any], users: Names) -> ImpersonationRule:
    def get(parameter: str) -> tuple[str, ...]:
        return tuple(sorted(users.get(value, value) for value in rule.get(parameter, ())))

    return ImpersonationRule(
        key=rule["ImpersonationRuleId"],
        effect=Effect(fold(rule["Effect"])),
        name=rule.get("Name") or None,
        description=rule.get("Description") or None,
        target_users=get("TargetUsers"),
        not_target_users=get("NotTargetUsers"),
    )


def read_availability(workmail: WorkMail) -> tuple[Availability, ...]:
    """Read every availability configuration; passwords cannot be read."""
    found = workmail.list("ListAvailabilityConfigurations", "AvailabilityConfigurations")
    return tuple(_parse_availability(each) for each in found)


def _parse_availability(answer: Mapping[str, Any]) -> Availability:
    ews = answer.get("EwsProvider")
    return Availability(
        domain=fold(answer["DomainName"]),
        ews=EwsAvailability(
            endpoint=ews["EwsEndpoint"], username=ews["EwsUsername"], password_secret=""
        )
        if ews
        else None,
        lambda_arn=answer["LambdaProvider"]["LambdaArn"] if answer.get("LambdaProvider") else None,
    )


def read_retention(workmail: WorkMail) -> LiveRetention | None:
    """Read the default retention policy, or `None` if there is none."""
    try:
        answer = workmail.call("GetDefaultRetentionPolicy")
    except NotFoundError:
        return None
    if not answer.get("Id"):
        return None
    folders = tuple(
        FolderRetention(
            folder=Folder(fold(each["Name"])),
            action=RetentionAction(fold(each["Action"])),
            days=each.get("Period"),
        )
        for each in answer.get("FolderConfigurations", ())
    )
    policy = RetentionPolicy(
        name=answer["Name"], description=answer.get("Description") or None, folders=folders
    )
    return LiveRetention(id=answer["Id"], policy=policy)


def read_monitoring(workmail: WorkMail) -> LiveMonitoring | None:
    """Read where email events are logged, or `None` if nowhere."""
    try:
        answer = workmail.call("DescribeEmailMonitoringConfiguration")
    except NotFoundError:
        return None
    if not answer.get("LogGroupArn"):
        return None
    return LiveMonitoring(log_group_arn=answer["LogGroupArn"], role_arn=answer.get("RoleArn"))


def read_dmarc(workmail: WorkMail) -> bool:
    """Read whether DMARC is enforced for mail that arrives."""
    return bool(workmail.call("DescribeInboundDmarcSettings").get("Enforced"))


def read_identity_center(workmail: WorkMail) -> LiveIdentityCenter | None:
    """Read how people sign in, or `None` if through the directory alone."""
    try:
        answer = workmail.call("DescribeIdentityProviderConfiguration")
    except NotFoundError:
        return None
    center = answer.get("IdentityCenterConfiguration")
    if not center:
        return None
    tokens = answer["PersonalAccessTokenConfiguration"]
    return LiveIdentityCenter(
        application_arn=center["ApplicationArn"],
        identity_center=IdentityCenter(
            instance_arn=center["InstanceArn"],
            authentication_mode=AuthenticationMode(fold(answer["AuthenticationMode"])),
            personal_access_tokens=PersonalAccessTokens(
                status=TokenStatus(fold(tokens["Status"])),
                lifetime_days=tokens.get("LifetimeInDays"),
            ),
        ),
    )


def _read_default_domain(workmail: WorkMail) -> str:
    found = read_organization(workmail)
    return found.default_domain if found else ""


class Lists(Protocol):
    """What reading needs of one look at an organization; each list is read once."""

    @property
    def workmail(self) -> WorkMail:
        """The organization."""
        ...

    def name_users(self) -> Names:
        """Return the names of users by id."""
        ...

    def list_roles(self) -> Names:
        """Return the names of impersonation roles by id."""
        ...


READERS: Mapping[str, Callable[[Lists], object]] = {
    "default_domain": lambda at: _read_default_domain(at.workmail),
    "impersonation_roles": lambda at: read_impersonation_roles(
        at.workmail, at.list_roles(), at.name_users()
    ),
    "access_control": lambda at: read_access_control(at.workmail, at.name_users(), at.list_roles()),
    "mobile_devices": lambda at: read_mobile_devices(at.workmail),
    "availability": lambda at: read_availability(at.workmail),
    "retention": lambda at: read_retention(at.workmail),
    "inbound_dmarc_enforced": lambda at: read_dmarc(at.workmail),
    "email_monitoring": lambda at: read_monitoring(at.workmail),
    "identity_center": lambda at: read_identity_center(at.workmail),
}
"""How each field of `LiveSettings` is read, but for permissions, which depend on who is enabled."""
