"""Steps: what each custom resource of a stack would do, one after the other.

A mirror of the handlers: the same functions of `changes`, on what there is when
CloudFormation comes to the resource. One whose properties do not change is not
called at all, whatever is live.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workmail_org import wire
from workmail_org.changes import (
    access_control,
    availability,
    bookables,
    brakes,
    groups,
    impersonation,
    mobile_devices,
    permissions,
    users,
)
from workmail_org.changes.brakes import Brake
from workmail_org.changes.calls import (
    Argument,
    Call,
    Found,
    Phase,
    Plan,
    Setting,
    make_call,
)
from workmail_org.changes.crossings import find_moving
from workmail_org.changes.entities import Neighbour, Situation, refuse_renames
from workmail_org.changes.organizations import find_tag_changes, refuse_immutable
from workmail_org.changes.settings import (
    IDENTITY_CENTER,
    dmarc_between,
    end_monitoring,
    end_retention,
    identity_center_between,
    monitoring_between,
    retention_between,
)
from workmail_org.changes.shards import take_share
from workmail_org.model.directory import DirectoryType
from workmail_org.model.organization import Passwords
from workmail_org.model.removal import Removal, Safety
from workmail_org.model.values import Kind, Reference, fold
from workmail_org.plan.actual import Actual, make_tags
from workmail_org.plan.carrying import carry_out
from workmail_org.plan.declarations import MANAGED, SETTINGS, Declaration, get_monitoring
from workmail_org.wire import ResourceType

ORGANIZATION = Setting("organization")
DEFAULT_DOMAIN = Setting("default domain")

_NOUNS: Mapping[ResourceType, str] = {
    ResourceType.MAILBOX_PERMISSIONS: "permissions",
    ResourceType.IMPERSONATION_ROLES: "impersonation-roles",
    ResourceType.ACCESS_CONTROL_RULES: "access-control",
    ResourceType.MOBILE_DEVICE_ACCESS_RULES: "mobile-devices",
    ResourceType.AVAILABILITY_CONFIGURATIONS: "availability",
    ResourceType.RETENTION_POLICY: "retention",
    ResourceType.INBOUND_DMARC: "inbound-dmarc",
    ResourceType.EMAIL_MONITORING: "email-monitoring",
    ResourceType.IDENTITY_CENTER: "identity-center",
}
"""As in the physical ids."""

_MAKING = {
    DirectoryType.SIMPLE_AD: "CreateDirectory",
    DirectoryType.MANAGED_AD: "CreateMicrosoftAD",
    DirectoryType.AD_CONNECTOR: "ConnectDirectory",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one custom resource would do.

    Attributes:
        noun: As in its physical id; unique in the stack.
        refusals: Where there is one, nothing is carried out.
        brakes: What needs a word from a person.
        untouched: Its declaration does not change: `calls` is what the live
            organization differs in, and nobody makes them.
    """

    noun: str
    resource_type: ResourceType
    calls: tuple[Call, ...] = ()
    refusals: tuple[str, ...] = ()
    brakes: tuple[Brake, ...] = ()
    untouched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The steps of one stack, and what there is after them."""

    steps: tuple[Step, ...]
    after: Actual


def chart(previous: Declaration | None, actual: Actual, desired: Declaration) -> Course:
    """List what every custom resource of a stack would do.

    Args:
        previous: What is deployed; `None`: the stack does not exist.
        actual: What there is now.
        desired: What is to be deployed.
    """
    steps = [*_begin(previous, actual, desired)]
    state = actual
    for kind in Kind:
        for step in _list_collection_steps(kind, previous, state, desired):
            steps.append(step)
            if not step.untouched:
                state = replace(state, people=carry_out(state.people, step.calls))
    staying = [each for each in SETTINGS if each in desired.settings]
    leaving = [each for each in reversed(SETTINGS) if each not in desired.settings]
    # CloudFormation deletes at last, what came last first.
    for resource_type in (*staying, *leaving):
        steps += _list_setting_steps(resource_type, previous, state, desired)
    steps += _end(previous, actual, desired)
    after = replace(
        state,
        domains=frozenset(_list_domains_after(state, previous, desired)),
        default_domain=desired.default_domain.domain
        if desired.default_domain
        else desired.test_domain,
    )
    # In an organization that begins with its stack there is nothing to lose yet.
    begins = actual.organization is None
    told = tuple(replace(step, brakes=() if begins else step.brakes) for step in steps)
    return Course(steps=tuple(step for step in told if _says_something(step)), after=after)


def _says_something(step: Step) -> bool:
    return bool(step.calls or step.refusals)


def _begin(previous: Declaration | None, actual: Actual, desired: Declaration) -> Iterator[Step]:
    """Directory, organization, domains, default domain."""
    if desired.directory:
        yield _step_directory(previous, desired.directory)
    yield _step_organization(previous, actual, desired)
    for name, domain in desired.domains.items():
        before = previous.domains.get(name) if previous else None
        if before != domain:
            yield _step_domain(actual, domain)
    default = desired.default_domain
    if default and default != (previous and previous.default_domain):
        wanted = fold(default.domain)
        present = fold(actual.default_domain or desired.test_domain)
        calls = (_make_default(wanted),) if present != wanted else ()
        yield Step(noun="default-domain", resource_type=ResourceType.DEFAULT_DOMAIN, calls=calls)


def _end(previous: Declaration | None, actual: Actual, desired: Declaration) -> Iterator[Step]:
    """What CloudFormation deletes at last: domains, the default domain."""
    if previous is None:
        return
    if previous.default_domain and not desired.default_domain:
        ours = fold(actual.default_domain) == fold(previous.default_domain.domain)
        target = fold(previous.default_domain.test_domain)
        calls = (_make_default(target),) if ours and fold(actual.default_domain) != target else ()
        yield Step(noun="default-domain", resource_type=ResourceType.DEFAULT_DOMAIN, calls=calls)
    for name in reversed(_list_leaving_domains(actual, previous, desired)):
        removal = previous.domains[name].on_removal
        yield Step(
            noun=f"domains/{name}",
            resource_type=ResourceType.DOMAIN,
            calls=(
                make_call(Phase.DELETE, "DeregisterMailDomain", _get_domain(name), DomainName=name),
            ),
            brakes=brakes.list_domain_brakes(name, removal),
        )


def _list_leaving_domains(actual: Actual, previous: Declaration, desired: Declaration) -> list[str]:
    return [
        name
        for name, domain in previous.domains.items()
        if name not in desired.domains
        and name in actual.domains
        and domain.on_removal is not Removal.RETAIN
        and not domain.existing
    ]


def _list_domains_after(
    actual: Actual, previous: Declaration | None, desired: Declaration
) -> set[str]:
    gone = set(_list_leaving_domains(actual, previous, desired)) if previous else set[str]()
    return (set(actual.domains) | set(desired.domains)) - gone


def _step_directory(previous: Declaration | None, declared: wire.DirectoryProperties) -> Step:
    directory = declared.directory
    before = previous.directory if previous else None
    subject = Setting("directory", directory.name or "")
    step = Step(noun="directory", resource_type=ResourceType.DIRECTORY)
    if before is None:
        operation = _MAKING.get(directory.type, "CreateDirectory")
        return replace(step, calls=(make_call(Phase.CREATE, operation, subject),))
    fields = ("type", "name", "size", "edition", "vpc_id", "subnet_ids")
    changed = [(name, getattr(before.directory, name), getattr(directory, name)) for name in fields]
    refusals = refuse_immutable(
        (f"{name} of the directory", was, wanted)
        for name, was, wanted in changed
        if MANAGED not in (was, wanted) and was and wanted
    )
    return replace(step, refusals=refusals)


def _step_organization(previous: Declaration | None, actual: Actual, desired: Declaration) -> Step:
    about = desired.organization
    step = Step(noun="organization", resource_type=ResourceType.ORGANIZATION)
    if previous and previous.organization == about:
        return step
    calls: list[Call] = []
    if actual.organization is None and not about.existing:
        calls.append(_create_organization(about))
    elif previous and actual.organization:
        refusals = _refuse_changes(previous, actual, desired)
        if refusals:
            return replace(step, refusals=refusals)
    before = actual.organization.tags if actual.organization else dict[str, str]()
    said_before = previous.organization.tags if previous else dict[str, str]()
    surplus, missing = find_tag_changes(before, said_before, make_tags(about))
    if surplus:
        calls.append(_tag("UntagResource", TagKeys=tuple(surplus)))
    if missing:
        tags = tuple({"Key": key, "Value": value} for key, value in sorted(missing.items()))
        calls.append(_tag("TagResource", Tags=tags))
    return replace(step, calls=tuple(calls))


def _refuse_changes(previous: Declaration, actual: Actual, desired: Declaration) -> tuple[str, ...]:
    live, about = actual.organization, desired.organization
    if live is None:
        return ()
    was = previous.organization.existing
    return refuse_immutable(
        (
            ("alias", fold(live.alias), fold(about.alias)),
            ("directory", live.directory_id, _choose_directory(live.directory_id, about)),
            ("kms_key_arn", live.kms_key_arn, about.kms_key_arn),
            ("interoperability", live.interoperability, about.interoperability),
            ("existing", was, about.existing if was else was),
        )
    )


def _choose_directory(present: str | None, about: wire.OrganizationProperties) -> str | None:
    """Return the directory that is wanted; one that the stack makes is compared by itself."""
    return present if about.directory_id in (None, MANAGED) else about.directory_id


def _create_organization(about: wire.OrganizationProperties) -> Call:
    arguments: dict[str, Argument] = {"Alias": about.alias}
    if about.directory_id:
        arguments["DirectoryId"] = about.directory_id
    if about.kms_key_arn:
        arguments["KmsKeyArn"] = about.kms_key_arn
    if about.interoperability:
        arguments["EnableInteroperability"] = True
    return make_call(Phase.CREATE, "CreateOrganization", ORGANIZATION, **arguments)


def _tag(operation: str, **arguments: Argument) -> Call:
    return make_call(Phase.UPDATE, operation, ORGANIZATION, **arguments)


def _step_domain(actual: Actual, domain: wire.DomainProperties) -> Step:
    step = Step(noun=f"domains/{domain.domain}", resource_type=ResourceType.DOMAIN)
    if domain.domain in actual.domains or domain.existing:
        return step
    subject = _get_domain(domain.domain)
    call = make_call(Phase.CREATE, "RegisterMailDomain", subject, DomainName=domain.domain)
    return replace(step, calls=(call,))


def _make_default(domain: str) -> Call:
    operation = "UpdateDefaultMailDomain"
    return make_call(Phase.UPDATE, operation, DEFAULT_DOMAIN, DomainName=domain)


def _get_domain(name: str) -> Setting:
    return Setting("domain", name)


_RESOURCE_TYPES = {
    Kind.USER: ResourceType.USERS,
    Kind.GROUP: ResourceType.GROUPS,
    Kind.RESOURCE: ResourceType.RESOURCES,
}


def _get_collection(declaration: Declaration | None, kind: Kind) -> Any:
    if declaration is None:
        return None
    return {
        Kind.USER: declaration.users,
        Kind.GROUP: declaration.groups,
        Kind.RESOURCE: declaration.resources,
    }[kind]


def get_entities(collection: Any, kind: Kind) -> tuple[Any, ...]:
    """Return the entities of a collection's properties; of none, none."""
    return getattr(collection, f"{kind}s") if collection else ()


def _list_collection_steps(
    kind: Kind, previous: Declaration | None, actual: Actual, desired: Declaration
) -> Iterator[Step]:
    collection = _get_collection(desired, kind)
    before = _get_collection(previous, kind)
    state = actual
    for shard in range(collection.shards):
        known = before if before and shard < before.shards else None
        step = _step_collection(kind, known, state, replace(collection, shard=shard))
        if known == collection:
            yield replace(step, refusals=(), brakes=(), untouched=True)
            continue
        yield step
        state = replace(state, people=carry_out(state.people, step.calls))


def _step_collection(kind: Kind, before: Any, actual: Actual, collection: Any) -> Step:
    shard: int = collection.shard
    noun = f"{kind}s/{shard}" if shard else f"{kind}s"
    everybody = get_entities(collection, kind)
    share, past = take_share(
        everybody, get_entities(before, kind), shard=shard, shards=collection.shards
    )
    situation = _make_situation(kind, before, actual, collection, share, past)
    plan = _plan(kind, situation, actual, collection)
    present = actual.people.get_kind(kind)
    refusals = plan.refusals or refuse_renames(
        kind,
        gone=[leaver.entity for leaver in situation.get_leavers()],
        come=[entity for entity in everybody if fold(entity.name) not in present],
    )
    owned = actual.owned.get(kind, frozenset())
    safety = Safety(
        max_removals_percent=collection.max_removals_percent, min_managed=collection.min_managed
    )
    stops = brakes.list_removal_brakes(kind, plan.calls, owned=len(owned), safety=safety)
    return Step(
        noun=noun,
        resource_type=_RESOURCE_TYPES[kind],
        calls=() if refusals else plan.calls,
        refusals=refusals,
        brakes=() if refusals else stops,
    )


def _make_situation(
    kind: Kind,
    before: Any,
    actual: Actual,
    collection: Any,
    share: Sequence[Any],
    past: Sequence[Any],
) -> Situation[Any]:
    owned = actual.owned.get(kind, frozenset())
    declared = {fold(entity.name) for entity in share}
    # As in the handlers: shard 0 alone removes.
    known = (owned | actual.known.get(kind, frozenset())) & declared
    responsible = known if collection.shard else owned | known
    names = responsible | declared | {fold(entity.name) for entity in past}
    present = actual.people.get_kind(kind)
    return Situation(
        actual=[found for name, found in present.items() if name in names],
        previous=past,
        desired=share,
        owned=responsible,
        removal=collection.on_removal,
        test_domain=collection.test_domain,
        neighbours=_list_neighbours(kind, before, actual, collection),
        read_only_directory=getattr(collection, "read_only_directory", False),
        adopt=collection.adopt,
    )


def _list_neighbours(
    kind: Kind, before: Any, actual: Actual, collection: Any
) -> tuple[Neighbour, ...]:
    if before is None or collection.shard:
        return ()
    there_before, there_after = before.other_addresses, collection.other_addresses
    moving = find_moving(
        get_entities(before, kind), get_entities(collection, kind), there_before, there_after
    )
    neighbours: list[Neighbour] = []
    for reference, text in sorted(moving.items()):
        found = actual.people.find(reference)
        if found and reference.name in actual.owned.get(reference.kind, ()):
            wanted = there_after.get(text, ())
            neighbours.append(_make_neighbour(found, there_before.get(text, ()), wanted))
    return tuple(neighbours)


def _make_neighbour(
    found: Found[Any], previous: tuple[str, ...], wanted: tuple[str, ...]
) -> Neighbour:
    entity = found.entity
    return Neighbour(
        id=found.id,
        reference=entity.reference,
        primary=entity.email,
        aliases=entity.aliases,
        previous=previous,
        wanted=wanted,
        enabled=entity.enabled,
    )


def _plan(kind: Kind, situation: Situation[Any], actual: Actual, collection: Any) -> Plan:
    if kind is Kind.USER:
        generate = collection.passwords is Passwords.GENERATE
        return users.between(situation, generate_passwords=generate)
    enabled = frozenset(r for r in actual.people.enabled if r.kind is not Kind.RESOURCE)
    if kind is Kind.GROUP:
        seen = [_see(found, "members", enabled) for found in situation.actual]
        return groups.between(replace(situation, actual=seen), enabled=enabled)
    seen = [_see(found, "delegates", enabled) for found in situation.actual]
    return bookables.between(replace(situation, actual=seen), enabled=enabled)


def _see(found: Found[Any], field: str, enabled: frozenset[Reference]) -> Found[Any]:
    """Leave out members and delegates that are switched off, as the handlers read them."""
    references = getattr(found.entity, field)
    kept = tuple(each for each in references if each.folded in enabled)
    if len(kept) == len(references):
        return found
    return replace(found, entity=replace(found.entity, **{field: kept}))


def _list_setting_steps(
    resource_type: ResourceType,
    previous: Declaration | None,
    actual: Actual,
    desired: Declaration,
) -> Iterator[Step]:
    before = previous.settings.get(resource_type) if previous else None
    after = desired.settings.get(resource_type)
    if before is None and after is None:
        return
    plan = _SETTINGS[resource_type]
    calls = tuple(plan(actual, before, after))
    refusals = _refuse_instance(actual, after) if before else ()
    step = Step(noun=_NOUNS[resource_type], resource_type=resource_type, calls=calls)
    if before == after:
        yield replace(step, untouched=True)
    elif refusals and after and resource_type is ResourceType.IDENTITY_CENTER:
        yield replace(step, calls=(), refusals=refusals)
    elif calls:
        yield replace(step, brakes=_list_setting_brakes(resource_type, actual, after))


def _list_setting_brakes(
    resource_type: ResourceType, actual: Actual, after: Any
) -> tuple[Brake, ...]:
    if after is None:
        return ()
    settings = actual.settings
    match resource_type:
        case ResourceType.RETENTION_POLICY:
            present = settings.retention.policy if settings.retention else None
            return brakes.list_retention_brakes(present, after.policy)
        case ResourceType.ACCESS_CONTROL_RULES:
            return brakes.list_access_brakes(after.rules)
        case ResourceType.MOBILE_DEVICE_ACCESS_RULES:
            return brakes.list_device_brakes(after.rules)
        case ResourceType.IDENTITY_CENTER:
            live = settings.identity_center
            center = live.identity_center if live else None
            return brakes.list_sign_in_brakes(center, after.identity_center)
        case _:
            return ()


def _refuse_instance(actual: Actual, after: Any) -> tuple[str, ...]:
    live = actual.settings.identity_center
    wanted = getattr(after, "identity_center", None)
    if not live or not wanted or live.identity_center.instance_arn == wanted.instance_arn:
        return ()
    return (
        "the instance of identity_center cannot change, from "
        f"{live.identity_center.instance_arn} to {wanted.instance_arn}: every user's assignment "
        "would be lost; remove identity_center in one deployment and declare it again in the next",
    )


def _plan_permissions(actual: Actual, before: Any, after: Any) -> Iterable[Call]:
    enabled = actual.people.enabled
    previous = before.permissions if before else ()
    desired = after.permissions if after else ()
    named = {each.mailbox.folded for each in (*previous, *desired)}
    # WorkMail refuses changes for who is switched off; what was there goes with it.
    changeable = [
        each
        for each in actual.settings.permissions
        if each.mailbox.folded in named & enabled and each.grantee.folded in enabled
    ]
    return permissions.between(changeable, previous, desired)


def _plan_roles(actual: Actual, before: Any, after: Any) -> Iterable[Call]:
    names = {role.name for role in (before.roles if before else ())}
    live = actual.settings.impersonation_roles
    return impersonation.between(live, names, after.roles if after else ())


def _plan_access(actual: Actual, before: Any, after: Any) -> Iterable[Call]:
    del before  # rules that are no longer declared stay as they are: without any nobody gets in
    return access_control.between(actual.settings.access_control, after.rules) if after else ()


def _plan_devices(actual: Actual, before: Any, after: Any) -> Iterable[Call]:
    del before  # as above
    return mobile_devices.between(actual.settings.mobile_devices, after.rules) if after else ()


def _plan_availability(actual: Actual, before: Any, after: Any) -> Iterable[Call]:
    return availability.between(
        actual.settings.availability,
        before.configurations if before else (),
        after.configurations if after else (),
    )


def _plan_retention(actual: Actual, before: Any, after: Any) -> Iterable[Call]:
    live = actual.settings.retention
    return retention_between(live, after.policy) if after else end_retention(live, before.policy)


def _plan_dmarc(actual: Actual, before: Any, after: Any) -> Iterable[Call]:
    del before
    # Undeclared it is enforced, as in every new organization (facts.md §0.9).
    enforced = after.enforced if after else True
    return dmarc_between(actual=actual.settings.dmarc_enforced, desired=enforced)


def _plan_monitoring(actual: Actual, before: Any, after: Any) -> Iterable[Call]:
    live = actual.settings.monitoring
    if after:
        return monitoring_between(live, get_monitoring(after))
    return end_monitoring(live, get_monitoring(before))


def _plan_sign_in(actual: Actual, before: Any, after: Any) -> Iterable[Call]:
    del before
    live = actual.settings.identity_center
    if after is None:
        return _end_sign_in() if live else ()
    put = identity_center_between(
        live, after.identity_center, live.application_arn if live else MANAGED
    )
    if live:
        return put
    instance = after.identity_center.instance_arn
    create = make_call(
        Phase.CREATE,
        "CreateIdentityCenterApplication",
        IDENTITY_CENTER,
        Name=after.application_name,
        InstanceArn=instance,
    )
    return (create, *put)


def _end_sign_in() -> tuple[Call, ...]:
    return (
        make_call(Phase.DELETE, "DeleteIdentityCenterApplication", IDENTITY_CENTER),
        make_call(Phase.DELETE, "DeleteIdentityProviderConfiguration", IDENTITY_CENTER),
    )


_SETTINGS: Mapping[ResourceType, Callable[[Actual, Any, Any], Iterable[Call]]] = {
    ResourceType.MAILBOX_PERMISSIONS: _plan_permissions,
    ResourceType.IMPERSONATION_ROLES: _plan_roles,
    ResourceType.ACCESS_CONTROL_RULES: _plan_access,
    ResourceType.MOBILE_DEVICE_ACCESS_RULES: _plan_devices,
    ResourceType.AVAILABILITY_CONFIGURATIONS: _plan_availability,
    ResourceType.RETENTION_POLICY: _plan_retention,
    ResourceType.INBOUND_DMARC: _plan_dmarc,
    ResourceType.EMAIL_MONITORING: _plan_monitoring,
    ResourceType.IDENTITY_CENTER: _plan_sign_in,
}
"""What is missing, from what there is, what was declared and what is: `None`: it goes."""
