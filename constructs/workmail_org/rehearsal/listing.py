"""What an organization holds: as rows of a table, and as JSON in the words of the spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

from workmail_org.model.user import Role
from workmail_org.model.values import Reference

if TYPE_CHECKING:
    from datetime import datetime

    from workmail_org.model.bookable import Bookable, Booking
    from workmail_org.model.group import Group
    from workmail_org.model.live import Found, LiveSettings, Snapshot
    from workmail_org.model.policies import Availability, IdentityCenter, ImpersonationRole
    from workmail_org.model.user import User

Row = tuple[str, str, str, str, str]
"""Kind, name, address, state, and what else there is to say."""

_MOST_WORDS = 20
"""Members of a list that a row still tells."""


def list_rows(live: Snapshot) -> Sequence[Sequence[Row]]:
    """List everything that exists, kind by kind, in the order of the spec."""
    people = live.people
    kinds = (
        _list_directory(live),
        [("tag", key, "", "", value) for key, value in live.organization.tags.items()],
        _list_domains(live),
        [_make_user(found.entity, live.deadlines) for found in people.users.values()],
        [_make_group(found.entity) for found in people.groups.values()],
        [_make_resource(found.entity, live.deadlines) for found in people.resources.values()],
        [
            ("permission", str(each.mailbox), "", "", f"{each.grantee}: {_join(each.rights)}")
            for each in live.settings.permissions
        ],
        *_list_policies(live),
    )
    return [list(rows) for rows in kinds]


def _list_directory(live: Snapshot) -> Iterator[Row]:
    directory = live.directory
    if directory is None:
        described = live.organization
        yield "directory", described.directory_id or "", "", "", _tell_directory_type(live)
        return
    details = (directory.type, directory.edition or directory.size)
    more = " ".join(detail for detail in details if detail)
    more += ", interoperability" if live.organization.interoperability else ""
    yield "directory", directory.id, directory.name, directory.stage.lower(), more


def _list_domains(live: Snapshot) -> Iterator[Row]:
    for domain in live.domains.values():
        more = "default" if domain.is_default else ""
        yield "domain", domain.name, "", domain.ownership.lower(), more


def _make_user(user: User, deadlines: Mapping[Reference, datetime]) -> Row:
    said = _tell(
        also=user.aliases,
        hidden=user.hidden_from_global_address_list,
        kept=_tell_deadline("mailbox", deadlines.get(user.reference)),
    )
    remote = "mailbox elsewhere" if user.role is Role.REMOTE_USER else ""
    more = "; ".join(part for part in (user.display_name, remote, said) if part)
    return "user", user.name, user.email, _tell_state(enabled=user.enabled), more


def _make_group(group: Group) -> Row:
    hidden = group.hidden_from_global_address_list
    more = _tell(also=group.aliases, members=group.members, hidden=hidden)
    return "group", group.name, group.email, _tell_state(enabled=group.enabled), more


def _make_resource(resource: Bookable, deadlines: Mapping[Reference, datetime]) -> Row:
    more = _tell(
        also=resource.aliases,
        delegates=resource.delegates,
        booking=_list_booking(resource.booking),
        hidden=resource.hidden_from_global_address_list,
        kept=_tell_deadline("calendar", deadlines.get(resource.reference)),
    )
    more = "; ".join(part for part in (resource.description, more) if part)
    state = _tell_state(enabled=resource.enabled)
    return resource.type.value, resource.name, resource.email, state, more


def _list_booking(booking: Booking) -> list[str]:
    names = (field.name for field in fields(booking))
    return [name for name in names if getattr(booking, name)]


def _tell_directory_type(live: Snapshot) -> str:
    """Give WorkMail's word, such as VpcDirectory."""
    return live.organization.directory_type or "?"


def _list_policies(live: Snapshot) -> Iterator[list[Row]]:
    policies = live.settings
    yield [
        ("access rule", rule.name, "", rule.effect.value, _tell_rule(rule))
        for rule in policies.access_control
    ]
    yield [
        ("mobile rule", each.rule.name, "", each.rule.effect.value, _tell_rule(each.rule))
        for each in policies.mobile_devices
    ]
    yield [_make_role(each.role) for each in policies.impersonation_roles]
    yield [
        ("availability", each.domain, "", "", _tell_availability(each))
        for each in policies.availability
    ]
    yield list(_list_retention(policies))
    yield list(_list_singletons(policies, live.log_days))


def _make_role(role: ImpersonationRole) -> Row:
    rules = [f"{rule.effect} {rule.key}" for rule in role.rules]
    return "impersonation", role.name, "", role.type.value, _join(rules)


def _list_retention(policies: LiveSettings) -> Iterator[Row]:
    if policies.retention:
        policy = policies.retention.policy
        for each in policy.folders:
            days = f" after {each.days} days" if each.days else ""
            yield "retention", policy.name, "", "", f"{each.folder}: {each.action}{days}"


def _list_singletons(policies: LiveSettings, log_days: int | None) -> Iterator[Row]:
    yield (
        "inbound DMARC",
        "",
        "",
        "enforced" if policies.inbound_dmarc_enforced else "not enforced",
        "",
    )
    if policies.email_monitoring:
        days = f", kept {log_days} days" if log_days else ""
        yield "monitoring", "", "", "on", f"{policies.email_monitoring.log_group_arn}{days}"
    if policies.identity_center:
        center = policies.identity_center.identity_center
        more = f"{center.authentication_mode}; {_tell_tokens(center)}"
        yield "identity center", "", "", "on", more


def _tell_tokens(center: IdentityCenter) -> str:
    tokens = center.personal_access_tokens
    lifetime = f"{tokens.lifetime_days} days" if tokens.lifetime_days else "without end"
    return f"tokens {tokens.status}, {lifetime}"


def _tell_availability(availability: Availability) -> str:
    ews = availability.ews
    return f"{ews.endpoint} as {ews.username}" if ews else availability.lambda_arn or ""


def _tell_rule(rule: object) -> str:
    """Tell the conditions of a rule in the spec's words: `not_ip_ranges 203.0.113.0/24`."""
    conditions = {
        field.name: getattr(rule, field.name)
        for field in fields(cast("Any", rule))
        if isinstance(getattr(rule, field.name), tuple)
    }
    return _tell(**conditions) or "matches everything"


def _tell_state(*, enabled: bool) -> str:
    return "enabled" if enabled else "disabled"


def _tell_deadline(what: str, deadline: datetime | None) -> str:
    return f"{what} kept until {deadline:%Y-%m-%d %H:%M} UTC" if deadline else ""


def _tell(*, hidden: bool = False, kept: str = "", **lists: Sequence[object]) -> str:
    parts = [f"{word} {_join(values)}" for word, values in lists.items() if values]
    return "; ".join([*parts, *(["hidden"] if hidden else []), *([kept] if kept else [])])


def _join(values: Iterator[object] | Sequence[object]) -> str:
    words = [str(value) for value in values]
    rest = len(words) - _MOST_WORDS
    return ", ".join(words[:_MOST_WORDS]) + (f" and {rest} more" if rest > 0 else "")


def build_organization(live: Snapshot | None, *, stack: str) -> Mapping[str, Any] | None:
    """Return an organization as JSON has it; entities and rules by their names."""
    if live is None:
        return None
    described, people = live.organization, live.people
    return {
        "id": described.id,
        "alias": described.alias,
        "region": live.region,
        "stack": stack,
        "state": described.state.capitalize(),
        "directory_type": _tell_directory_type(live),
        "directory": _build(live.directory),
        "interoperability": described.interoperability,
        "tags": dict(described.tags),
        "domains": {
            domain.name: {
                "default": domain.is_default,
                "ownership": domain.ownership,
                "dkim": domain.dkim,
            }
            for domain in live.domains.values()
        },
        "users": _build_mailboxes(live, people.users),
        "groups": _build_entities(people.groups),
        "resources": _build_mailboxes(live, people.resources),
        "permissions": [_build(each) for each in live.settings.permissions],
        "policies": _build_policies(live),
    }


def _build_entities(found: Mapping[str, Found[Any]]) -> dict[str, Any]:
    return {each.entity.name: {"id": each.id, **_build(each.entity)} for each in found.values()}


def _build_mailboxes(live: Snapshot, found: Mapping[str, Found[Any]]) -> dict[str, Any]:
    """Build those who have a mailbox, each with the deadline if it is switched off."""
    built = _build_entities(found)
    for each in found.values():
        deadline = live.deadlines.get(each.entity.reference)
        built[each.entity.name]["deadline"] = deadline.isoformat() if deadline else None
    return built


def _build_policies(live: Snapshot) -> dict[str, Any]:
    policies = live.settings
    retention, center = policies.retention, policies.identity_center
    return {
        "access_control": {rule.name: _build(rule) for rule in policies.access_control},
        "mobile_devices": {
            each.rule.name: {"id": each.id, **_build(each.rule)} for each in policies.mobile_devices
        },
        "retention": _build(retention.policy) if retention else None,
        "impersonation_roles": {
            each.role.name: {"id": each.id, **_build(each.role)}
            for each in policies.impersonation_roles
        },
        "availability": {each.domain: _build(each) for each in policies.availability},
        "email_monitoring": _build_monitoring(live),
        "inbound_dmarc": {"enforced": policies.inbound_dmarc_enforced},
        "identity_center": _build(center.identity_center) if center else None,
    }


def _build_monitoring(live: Snapshot) -> dict[str, Any] | None:
    monitoring = live.settings.email_monitoring
    if monitoring is None:
        return None
    return {
        "log_group_arn": monitoring.log_group_arn,
        "role_arn": monitoring.role_arn,
        "retention_days": live.log_days,
    }


def _build(value: Any) -> Any:
    """Write a value of the model as JSON; names and what cannot be read are left out."""
    if value is None or isinstance(value, Enum | bool | int | str):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Reference):
        return str(value)
    if is_dataclass(value):
        inner = {field.name: getattr(value, field.name) for field in fields(value)}
        return {key: _build(each) for key, each in inner.items() if key not in _NOT_SHOWN}
    if isinstance(value, set | frozenset):
        return sorted(cast("set[str]", value))
    return [_build(each) for each in cast("tuple[object, ...]", value)]


_NOT_SHOWN = frozenset({"adopt", "exclusive", "password_secret"})
"""What says how to work, and what no call tells."""
