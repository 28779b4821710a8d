"""Policies: what stands under `policies` and `expect`, checked, becomes the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from workmail_org.model.expectations import (
    NOT_TOLD,
    Access,
    Attempt,
    Device,
    Expectation,
    Impersonation,
)
from workmail_org.model.policies import (
    AccessControlRule,
    AuthenticationMode,
    Availability,
    Effect,
    EmailMonitoring,
    EwsAvailability,
    Folder,
    FolderRetention,
    IdentityCenter,
    ImpersonationRole,
    ImpersonationRule,
    ImpersonationType,
    MobileDeviceAccessRule,
    PersonalAccessTokens,
    Policies,
    RetentionAction,
    RetentionPolicy,
    TokenStatus,
)
from workmail_org.model.values import fold

if TYPE_CHECKING:
    from collections.abc import Mapping

    Body = Mapping[str, Any]

_DEVICE = ("device_type", "device_model", "operating_system", "user_agent")


def build_policies(body: Body) -> Policies:
    """Build everything under `policies`."""
    return Policies(
        access_control=tuple(
            AccessControlRule(**_rule(name, rule))
            for name, rule in body.get("access_control", {}).items()
        ),
        mobile_devices=tuple(
            MobileDeviceAccessRule(**_rule(name, rule))
            for name, rule in body.get("mobile_devices", {}).items()
        ),
        retention=_build_retention(body["retention"]) if "retention" in body else None,
        impersonation_roles=tuple(
            _build_role(name, role) for name, role in body.get("impersonation_roles", {}).items()
        ),
        availability=tuple(
            _build_availability(domain, entry)
            for domain, entry in body.get("availability", {}).items()
        ),
        email_monitoring=_build_monitoring(body),
        inbound_dmarc_enforced=body.get("inbound_dmarc", {}).get("enforced"),
        identity_center=_build_identity_center(body),
    )


def _build_retention(body: Body) -> RetentionPolicy:
    return RetentionPolicy(
        name=body["name"],
        description=body.get("description"),
        folders=tuple(
            FolderRetention(
                folder=Folder(folder),
                action=RetentionAction(entry["action"]),
                days=entry.get("days"),
            )
            for folder, entry in body["folders"].items()
        ),
    )


def _build_role(name: str, body: Body) -> ImpersonationRole:
    return ImpersonationRole(
        name=name,
        type=ImpersonationType(body["type"]),
        description=body.get("description"),
        rules=tuple(
            ImpersonationRule(
                key=key,
                effect=Effect(rule["effect"]),
                name=rule.get("name"),
                description=rule.get("description"),
                target_users=tuple(rule.get("target_users", ())),
                not_target_users=tuple(rule.get("not_target_users", ())),
            )
            for key, rule in body.get("rules", {}).items()
        ),
    )


def _build_availability(domain: str, body: Body) -> Availability:
    ews = body.get("ews")
    return Availability(
        domain=fold(domain),
        ews=EwsAvailability(**ews) if ews else None,
        lambda_arn=body.get("lambda_arn"),
    )


def _build_monitoring(policies: Body) -> EmailMonitoring | None:
    body = policies.get("email_monitoring")
    if body is None:
        return None
    return EmailMonitoring(
        log_group_arn=body.get("log_group_arn"),
        role_arn=body.get("role_arn"),
        retention_days=body.get("retention_days"),
    )


def _build_identity_center(policies: Body) -> IdentityCenter | None:
    body = policies.get("identity_center")
    if body is None:
        return None
    tokens = body["personal_access_tokens"]
    return IdentityCenter(
        instance_arn=body["instance_arn"],
        authentication_mode=AuthenticationMode(body["authentication_mode"]),
        personal_access_tokens=PersonalAccessTokens(
            status=TokenStatus(tokens["status"]), lifetime_days=tokens.get("lifetime_days")
        ),
    )


def _rule(name: str, body: Body) -> dict[str, Any]:
    """The fields of a rule, whose lists of conditions are tuples in the model."""
    fields = {
        key: tuple(cast("list[str]", value)) if isinstance(value, list) else value
        for key, value in body.items()
    }
    return {**fields, "name": name, "effect": Effect(body["effect"])}


def build_expectation(body: Body) -> Expectation:
    """Build one entry of `expect`."""
    effect = Effect.ALLOW if "allow" in body else Effect.DENY
    return Expectation(
        effect=effect,
        attempt=_build_attempt(body[effect], body),
        description=body.get("description"),
    )


def _build_attempt(what: str, body: Body) -> Attempt:
    if what == "mobile":
        told = {key: body[key] for key in _DEVICE if body.get(key, NOT_TOLD) != NOT_TOLD}
        return Device(**told)
    if what == "impersonate":
        return Impersonation(role=body["role"], user=body["user"])
    return Access(action=what, address=body["from"], user=body.get("user"), role=body.get("role"))
