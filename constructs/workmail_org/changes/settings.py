"""Changes of what an organization has only one of: retention, monitoring, DMARC, sign-in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workmail_org.changes.calls import Argument, Call, MadeUp, Phase, Setting, make_call
from workmail_org.model.policies import IdentityCenter, PersonalAccessTokens, RetentionPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRetention:
    """The retention policy as WorkMail has it."""

    id: str
    policy: RetentionPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitoring:
    """Where email events go.

    Attributes:
        managed: Whether CloudFormation made up both ARNs; what is read does not
            tell.
    """

    log_group_arn: str
    role_arn: str | None = None
    managed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveIdentityCenter:
    """Sign-in through IAM Identity Center as WorkMail has it."""

    application_arn: str
    identity_center: IdentityCenter


RETENTION = Setting("retention policy")
MONITORING = Setting("email monitoring")
DMARC = Setting("inbound DMARC")
IDENTITY_CENTER = Setting("identity center")


def retention_between(
    actual: LiveRetention | None, desired: RetentionPolicy | None
) -> tuple[Call, ...]:
    """List the calls for the retention policy; `None`: nothing is erased by age.

    Source:
        WorkMail API 2017-10-01: PutRetentionPolicy (with the id of the one
        that is there it replaces it), DeleteRetentionPolicy.
    """
    if desired is None:
        if actual is None:
            return ()
        return (make_call(Phase.LEAVE, "DeleteRetentionPolicy", RETENTION, Id=actual.id),)
    if actual and sort_folders(actual.policy) == sort_folders(desired):
        return ()
    arguments: dict[str, Argument] = {
        "Name": desired.name,
        "FolderConfigurations": tuple(_render_folders(desired)),
    }
    if actual:
        arguments["Id"] = actual.id
    # An empty text takes a description away that is there.
    if desired.description or (actual and actual.policy.description):
        arguments["Description"] = desired.description or ""
    return (make_call(Phase.JOIN, "PutRetentionPolicy", RETENTION, **arguments),)


def end_retention(actual: LiveRetention | None, declared: RetentionPolicy) -> tuple[Call, ...]:
    """List the call that takes a policy away, if it is still the declared one: nothing is erased.

    Args:
        actual: What is there.
        declared: What the last deployment declared.
    """
    ours = actual is not None and actual.policy.name == declared.name
    return retention_between(actual, None) if ours else ()


def sort_folders(policy: RetentionPolicy) -> RetentionPolicy:
    """Return the policy with its folders sorted: they are a set."""
    folders = sorted(policy.folders, key=lambda each: each.folder)
    return replace(policy, folders=tuple(folders), description=policy.description or None)


def _render_folders(policy: RetentionPolicy) -> list[dict[str, Argument]]:
    folders: list[dict[str, Argument]] = []
    for each in policy.folders:
        folder: dict[str, Argument] = {
            "Name": each.folder.upper(),
            "Action": each.action.upper(),
        }
        if each.days is not None:
            folder["Period"] = each.days
        folders.append(folder)
    return folders


def monitoring_between(actual: Monitoring | None, desired: Monitoring | None) -> tuple[Call, ...]:
    """List the calls for email monitoring.

    Source:
        WorkMail API 2017-10-01: PutEmailMonitoringConfiguration,
        DeleteEmailMonitoringConfiguration.
    """
    if desired is None:
        if actual is None:
            return ()
        return (make_call(Phase.LEAVE, "DeleteEmailMonitoringConfiguration", MONITORING),)
    # Without a role of the spec's, WorkMail puts its own there.
    same_role = desired.role_arn is None or (actual and actual.role_arn == desired.role_arn)
    if actual and actual.log_group_arn == desired.log_group_arn and same_role:
        return ()
    known = MadeUp if desired.managed else str
    arguments: dict[str, Argument] = {"LogGroupArn": known(desired.log_group_arn)}
    if desired.role_arn:
        arguments["RoleArn"] = known(desired.role_arn)
    return (make_call(Phase.JOIN, "PutEmailMonitoringConfiguration", MONITORING, **arguments),)


def end_monitoring(actual: Monitoring | None, declared: Monitoring) -> tuple[Call, ...]:
    """List the call that ends email monitoring, if it still goes where it was declared to go."""
    ours = actual is not None and actual.log_group_arn == declared.log_group_arn
    return monitoring_between(actual, None) if ours else ()


def dmarc_between(*, actual: bool, desired: bool) -> tuple[Call, ...]:
    """List the call for inbound DMARC.

    Source:
        WorkMail API 2017-10-01: PutInboundDmarcSettings.
    """
    if actual is desired:
        return ()
    return (make_call(Phase.JOIN, "PutInboundDmarcSettings", DMARC, Enforced=desired),)


def begin_identity_center(desired: IdentityCenter, application_name: str) -> tuple[Call, ...]:
    """List the calls that begin sign-in through IAM Identity Center.

    Args:
        desired: From the spec.
        application_name: Of the application, whose ARN is not known yet.

    Source:
        WorkMail API 2017-10-01: CreateIdentityCenterApplication.
    """
    create = make_call(
        Phase.CREATE,
        "CreateIdentityCenterApplication",
        IDENTITY_CENTER,
        Name=application_name,
        InstanceArn=desired.instance_arn,
    )
    return (create, *identity_center_between(None, desired, ""))


def identity_center_between(
    actual: LiveIdentityCenter | None, desired: IdentityCenter, application_arn: str
) -> tuple[Call, ...]:
    """List the call for sign-in through IAM Identity Center.

    Args:
        actual: What is configured.
        desired: From the spec.
        application_arn: Of the application that WorkMail's API made.

    Source:
        WorkMail API 2017-10-01: PutIdentityProviderConfiguration.
    """
    wanted = LiveIdentityCenter(application_arn=application_arn, identity_center=desired)
    if actual == wanted:
        return ()
    return (
        make_call(
            Phase.JOIN,
            "PutIdentityProviderConfiguration",
            IDENTITY_CENTER,
            AuthenticationMode=desired.authentication_mode.upper(),
            IdentityCenterConfiguration={
                "InstanceArn": desired.instance_arn,
                "ApplicationArn": application_arn,
            },
            PersonalAccessTokenConfiguration=_render_tokens(desired.personal_access_tokens),
        ),
    )


def _render_tokens(tokens: PersonalAccessTokens) -> dict[str, Argument]:
    rendered: dict[str, Argument] = {"Status": tokens.status.upper()}
    if tokens.lifetime_days is not None:
        rendered["LifetimeInDays"] = tokens.lifetime_days
    return rendered
