"""Rules and settings: what their changes mean, told for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from workmail_org.changes.brakes import list_retention_brakes
from workmail_org.changes.calls import Call, Identity, Subject
from workmail_org.changes.reach import lets_no_device_in, lets_nobody_in, list_named_users
from workmail_org.model.policies import (
    AuthenticationMode,
    Availability,
    Folder,
    FolderRetention,
    ImpersonationRole,
    MobileDeviceAccessRule,
    RetentionAction,
    RetentionPolicy,
)
from workmail_org.model.values import Kind, Reference, fold
from workmail_org.plan import consequences as rules
from workmail_org.plan.access import describe_reach
from workmail_org.plan.consequences import Rule
from workmail_org.plan.model import Change
from workmail_org.plan.scene import Scene, join, make_change
from workmail_org.plan.step import Step
from workmail_org.wire.names import ResourceType

_RIGHTS = {
    "FULL_ACCESS": "open the mailbox of {}",
    "SEND_AS": "write as {}",
    "SEND_ON_BEHALF": "write on behalf of {}",
}

_Told = tuple[Rule, str, Sequence[Call]]


def explain_settings(scene: Scene, step: Step) -> Iterator[Change]:
    """Tell what the calls for one kind of rule or setting mean."""
    for rule, sentence, calls in _EXPLANATIONS[step.resource_type](scene, step):
        yield make_change(scene, step, rule, sentence, calls)


def _by_subject(step: Step) -> dict[Subject, list[Call]]:
    found: dict[Subject, list[Call]] = {}
    for call in step.calls:
        found.setdefault(call.subject, []).append(call)
    return found


def _get_declared(scene: Scene, step: Step) -> Any:
    return scene.desired.settings.get(step.resource_type)


def _explain_permissions(scene: Scene, step: Step) -> Iterator[_Told]:
    held = {
        (each.mailbox.folded, each.grantee.folded): [right.upper() for right in each.rights]
        for each in scene.before.settings.permissions
    }
    for call in step.calls:
        mailbox, grantee = _refer(call, "EntityId"), _refer(call, "GranteeId")
        who, whose = scene.name(grantee), scene.name(mailbox)
        had = held.get((mailbox.folded, grantee.folded), [])
        wanted = call.arguments.get("PermissionValues", ())
        has = [str(right) for right in wanted] if isinstance(wanted, tuple) else []
        gained = [right for right in has if right not in had]
        lost = [right for right in had if right not in has]
        said = [f"may {_describe_rights(gained, whose)}"] if gained else []
        said += [f"may no longer {_describe_rights(lost, whose)}"] if lost else []
        rule = rules.PERMISSION_GIVEN if gained else rules.PERMISSION_TAKEN
        yield rule, f"{who} {join(said) or f'keeps the rights on {whose}'}", [call]


def _describe_rights(rights: Sequence[str], whose: str) -> str:
    return join((_RIGHTS[right].format(whose) for right in rights), "or")


def _refer(call: Call, parameter: str) -> Reference:
    identity = call.arguments[parameter]
    if isinstance(identity, Identity) and isinstance(identity.reference, Reference):
        return identity.reference
    raise TypeError(f"{call} names nobody in {parameter}")


def _explain_roles(scene: Scene, step: Step) -> Iterator[_Told]:
    declared = _get_declared(scene, step)
    roles = {role.name: role for role in (declared.roles if declared else ())}
    known = {live.role.name for live in scene.before.settings.impersonation_roles}
    for subject, calls in _by_subject(step).items():
        role = roles.get(subject.name)
        if role is None:
            yield rules.ROLES, f"impersonation role {subject.name} can do nothing any more", calls
            continue
        word = "changes" if subject.name in known else "comes"
        sentence = f"impersonation role {role.name} {word}: it may {_describe_role(scene, role)}"
        yield rules.ROLES, sentence, calls


def _describe_role(scene: Scene, role: ImpersonationRole) -> str:
    verb = "read" if role.type == "read_only" else "read and write"
    if not role.rules:
        return f"{verb} nobody's mailbox"
    described: list[str] = []
    for rule in role.rules:
        word = "" if rule.effect == "allow" else "not "
        whom = _name_users(scene, rule.target_users) if rule.target_users else "everyone"
        but = f" but {_name_users(scene, rule.not_target_users)}" if rule.not_target_users else ""
        described.append(f"{word}{verb} the mailbox of {whom}{but}")
    return join(described)


def _name_users(scene: Scene, names: Sequence[str]) -> str:
    return join(scene.name(Reference(Kind.USER, name)) for name in names)


def _explain_access(scene: Scene, step: Step) -> Iterator[_Told]:
    before, after = scene.before.settings.access_control, _get_declared(scene, step).rules
    changed = _describe_rules(step, {rule.name for rule in before}, {rule.name for rule in after})
    if lets_nobody_in(after):
        sentence = f"nobody can get to their mailbox any more, by any protocol ({changed})"
        yield rules.LOCKOUT, sentence, step.calls
        return
    named = list_named_users((*before, *after))
    names = [scene.name(Reference(Kind.USER, name)) for name in named]
    said = describe_reach(() if scene.begins else before, after, names) or (
        "nobody gains or loses access",
    )
    yield rules.ACCESS, f"{'; '.join(said)} ({changed})", step.calls


def _describe_rules(step: Step, before: set[str], after: set[str]) -> str:
    touched = {call.subject.name for call in step.calls}
    words = (
        ("new", sorted(after - before)),
        ("changed", sorted(touched & before & after)),
        ("removed", sorted(before - after)),
    )
    said = [
        f"{word} {'rule' if len(names) == 1 else 'rules'}: {join(names)}"
        for word, names in words
        if names
    ]
    return "; ".join(said)


def _explain_devices(scene: Scene, step: Step) -> Iterator[_Told]:
    before = [live.rule for live in scene.before.settings.mobile_devices]
    after = _get_declared(scene, step).rules
    changed = _describe_rules(step, {rule.name for rule in before}, {rule.name for rule in after})
    if lets_no_device_in(after):
        yield rules.LOCKOUT, f"no mobile device gets in any more ({changed})", step.calls
        return
    said = "; ".join(_describe_device_rule(rule) for rule in after)
    yield rules.DEVICES, f"mobile devices: {said} ({changed})", step.calls


def _describe_device_rule(rule: MobileDeviceAccessRule) -> str:
    conditions = (
        ("types", rule.device_types, rule.not_device_types),
        ("models", rule.device_models, rule.not_device_models),
        ("systems", rule.operating_systems, rule.not_operating_systems),
        ("programs", rule.user_agents, rule.not_user_agents),
    )
    said = [
        f"{word}{'' if wanted else ' not'} {join(values, 'or')}"
        for word, some, others in conditions
        for wanted, values in ((True, some), (False, others))
        if values
    ]
    return f"{rule.name} {'allows' if rule.effect == 'allow' else 'denies'} {join(said) or 'all'}"


def _explain_retention(scene: Scene, step: Step) -> Iterator[_Told]:
    live = scene.before.settings.retention
    before = live.policy if live else None
    declared = _get_declared(scene, step)
    after = declared.policy if declared else None
    said = "; ".join(_describe_retention(before, after)) or "nothing else is erased than before"
    erases = list_retention_brakes(before, after)
    destroys = any("permanently_delete" in name for brake in erases for name in brake.names)
    rule = rules.RETENTION_DESTROYS if destroys else rules.RETENTION_ERASES
    yield rule if erases else rules.RETENTION_KEEPS, f"in every mailbox: {said}", step.calls


def _describe_retention(
    before: RetentionPolicy | None, after: RetentionPolicy | None
) -> Iterator[str]:
    had = {each.folder: each for each in (before.folders if before else ())}
    has = {each.folder: each for each in (after.folders if after else ())}
    for folder in Folder:
        was, now = _describe_folder(had.get(folder)), _describe_folder(has.get(folder))
        if was != now:
            yield f"{folder.replace('_', ' ')}: {now} (until now {was})"


def _describe_folder(each: FolderRetention | None) -> str:
    if each is None or each.action is RetentionAction.NONE:
        return "everything is kept"
    word = " for good" if each.action is RetentionAction.PERMANENTLY_DELETE else ""
    return f"what is older than {each.days} days is deleted{word}"


def _explain_availability(scene: Scene, step: Step) -> Iterator[_Told]:
    declared = _get_declared(scene, step)
    wanted = {fold(each.domain): each for each in (declared.configurations if declared else ())}
    for subject, calls in _by_subject(step).items():
        source = wanted.get(fold(subject.name))
        what = f"comes from {_describe_source(source)}" if source else "is not asked for any more"
        yield rules.AVAILABILITY, f"free/busy of {subject.name} {what}", calls


def _describe_source(source: Availability) -> str:
    return source.ews.endpoint if source.ews else source.lambda_arn or "nowhere"


def _explain_dmarc(scene: Scene, step: Step) -> Iterator[_Told]:
    declared = _get_declared(scene, step)
    if declared and not declared.enforced:
        sentence = "mail that fails its sender's DMARC policy arrives like any other"
        yield rules.DMARC_IGNORED, sentence, step.calls
    else:
        sentence = "mail that fails its sender's DMARC policy is turned away or put aside"
        yield rules.DMARC_ENFORCED, sentence, step.calls


def _explain_monitoring(scene: Scene, step: Step) -> Iterator[_Told]:
    declared = _get_declared(scene, step)
    if declared is None:
        yield rules.MONITORING, "events about mail are not logged any more", step.calls
        return
    place = declared.log_group_arn
    where = "a log group of the stack" if place.startswith("<") else place
    yield rules.MONITORING, f"events about mail are logged to {where}", step.calls


def _explain_sign_in(scene: Scene, step: Step) -> Iterator[_Told]:
    declared = _get_declared(scene, step)
    live = scene.before.settings.identity_center
    if declared is None:
        sentence = "people sign in with the passwords of the directory alone; reset them all"
        yield rules.SIGN_IN, sentence, step.calls
        return
    center = declared.identity_center
    only = AuthenticationMode.IDENTITY_PROVIDER_ONLY
    was_only = live is not None and live.identity_center.authentication_mode is only
    if center.authentication_mode is only and not was_only:
        sentence = "people sign in through IAM Identity Center alone; directory passwords end"
        yield rules.PASSWORDS_END, sentence, step.calls
        return
    word = "alone" if center.authentication_mode is only else "or with the directory's passwords"
    tokens = center.personal_access_tokens
    days = f"for {tokens.lifetime_days} days" if tokens.lifetime_days else "for ever"
    token_word = f"are good {days}" if tokens.status == "active" else "are switched off"
    sentence = (
        f"people sign in through IAM Identity Center {word}; personal access tokens {token_word}"
    )
    yield rules.SIGN_IN, sentence, step.calls


_EXPLANATIONS: Mapping[ResourceType, Callable[[Scene, Step], Iterator[_Told]]] = {
    ResourceType.MAILBOX_PERMISSIONS: _explain_permissions,
    ResourceType.IMPERSONATION_ROLES: _explain_roles,
    ResourceType.ACCESS_CONTROL_RULES: _explain_access,
    ResourceType.MOBILE_DEVICE_ACCESS_RULES: _explain_devices,
    ResourceType.RETENTION_POLICY: _explain_retention,
    ResourceType.AVAILABILITY_CONFIGURATIONS: _explain_availability,
    ResourceType.INBOUND_DMARC: _explain_dmarc,
    ResourceType.EMAIL_MONITORING: _explain_monitoring,
    ResourceType.IDENTITY_CENTER: _explain_sign_in,
}
