"""Drawing histories: an organization and what happens to it, as data, from one number.

Nothing else is random, and nothing is played here (`histories`): so a part of a history can be left
out, and the rest played again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from hands import Act
from scenes import ACME, at, make_group, make_organization, make_user
from striking import BLOWS
from transitions import DELETE, allow, erase, permit
from workmail_org.model.bookable import Bookable, BookableType, Booking
from workmail_org.model.domain import MailDomain
from workmail_org.model.organization import Organization
from workmail_org.model.permission import MailboxPermission, Right
from workmail_org.model.policies import (
    Availability,
    Effect,
    ImpersonationRole,
    ImpersonationRule,
    ImpersonationType,
    MobileDeviceAccessRule,
    Policies,
)
from workmail_org.model.removal import OnRemoval, Removal, Safety
from workmail_org.model.values import (
    Kind,
    Listing,
    Reference,
    fold,
    parse_reference,
)

USERS = ("ann", "ben", "cem", "dan", "eve", "fay")
GROUPS = ("group:desk", "group:club", "group:team")
ROOMS = ("resource:hall", "resource:nook")
STRANGERS = ("zoe", "group:outside")
"""Whom people make, and no spec declares."""

POOL = tuple(at(f"p{number}") for number in range(8))
"""Addresses that go from one to the other."""

OTHER = MailDomain(name="other.example", verified=True)
DOMAINS = (ACME, OTHER)

Item = TypeVar("Item")


@dataclass(frozen=True)
class Step:
    """What people do, and then a deployment.

    Attributes:
        by_hand: What people do before.
        spec: What is deployed.
        planned: Whether it is planned first.
        blow: What goes wrong; empty: nothing.
        strike: At which of the deployment's calls, or of its writes.
        at_write: Whether writes alone are counted.
        meanwhile: What somebody does in the middle.
        moment: At which call.
    """

    by_hand: tuple[Act, ...]
    spec: Organization
    planned: bool = False
    blow: str = ""
    strike: int = 0
    at_write: bool = False
    meanwhile: Act | None = None
    moment: int = 0

    @property
    def is_calm(self) -> bool:
        """Whether nothing interferes."""
        return not self.blow and self.meanwhile is None


@dataclass(frozen=True)
class History:
    """Everything that happens to one organization.

    Attributes:
        found: What people have made before the stack takes the organization over; `None`: the
            stack makes it.
        is_large: Whether few are looked up by name, and users have several shards. A group and
            its members that are groups have one: of more than a thousand groups alone it may not.
    """

    seed: int
    found: Organization | None
    steps: tuple[Step, ...]
    is_large: bool = False


def draw(seed: int) -> History:
    """Draw a history."""
    rng = random.Random(seed)  # noqa: S311 - the same every time
    spec = _draw_spec(rng)
    found = None
    if rng.random() < 0.5:
        found = _evolve(rng, _evolve(rng, spec, {}), {})
        found = replace(found, policies=_draw_policies(rng, found), tags={})
    former: dict[Reference, Any] = {}
    steps: list[Step] = []
    for number in range(rng.randint(2, 5)):
        if number:
            before = {each.reference: each for each in list_declared(spec)}
            spec = _evolve(rng, spec, former)
            former |= before
        steps.append(_draw_step(rng, spec, is_first=not number))
    return History(seed, found, tuple(steps), is_large=rng.random() < 0.25)


def _draw_step(rng: random.Random, spec: Organization, *, is_first: bool) -> Step:
    by_hand = tuple(_draw_act(rng, spec) for _ in range(rng.choice((0, 1, 1, 2, 3))))
    step = Step(by_hand, spec, planned=not is_first and rng.random() < 0.4)
    if rng.random() < 0.5:
        at_write = rng.random() < 0.6
        blow = rng.choice(tuple(BLOWS))
        at_write = at_write or not BLOWS[blow].reads
        most = 16 if at_write else 70
        step = replace(step, blow=blow, strike=rng.randint(1, most), at_write=at_write)
    if rng.random() < 0.2:
        step = replace(step, meanwhile=_draw_act(rng, spec), moment=rng.randint(1, 60))
    return step


def _draw_act(rng: random.Random, spec: Organization) -> Act:
    """Draw something that a person does; who does not exist is no matter."""
    # Mostly about who is declared: of others, most acts come to nothing.
    users = tuple(each.name for each in spec.users)
    groups = tuple(str(each.reference) for each in spec.groups) or GROUPS[:1]
    rooms = tuple(str(each.reference) for each in spec.resources) or ROOMS[:1]
    user, other = rng.sample((*users, *users, "zoe", *USERS), 2)
    group, room = rng.choice(groups), rng.choice(rooms)
    anybody, somebody = rng.choice((user, user, user, group, room)), rng.choice((other, group))
    address = rng.choice((*POOL, at("hand"), at("hand2")))
    own = rng.choice((at(anybody.rpartition(":")[2]), address))
    acts = (
        Act("switch off", (anybody,)),
        Act("switch on", (anybody, own)),
        Act("switch on", (anybody, own)),
        Act("delete", (anybody,)),
        Act("make", (rng.choice((*USERS, *STRANGERS, group, room)), rng.choice((own, "")))),
        Act("make again", (anybody, own)),
        Act("give the alias", (anybody, address)),
        Act("give the alias", (anybody, address)),
        Act("take an alias from", (anybody,)),
        Act("readdress", (anybody, address)),
        Act("readdress, and drop the former address,", (anybody, address)),
        Act("exchange the addresses of", (anybody, somebody)),
        Act("exchange the addresses of", (user, other)),
        Act("describe", (user, rng.choice(("City", "Telephone", "DisplayName")), "by hand")),
        Act("describe", (user, rng.choice(("City", "Telephone", "Office")), "also by hand")),
        Act("hide", (anybody,)),
        Act("resize", (user, rng.choice(("100", "20480")))),
        Act("let join", (group, rng.choice((user, other, "group:outside")))),
        Act("let leave", (group, rng.choice((user, other)))),
        Act("delegate", (room, somebody)),
        Act("undelegate", (room, somebody)),
        Act("grant on", (anybody, somebody, rng.choice(("SEND_AS", "SEND_ON_BEHALF")))),
        Act("revoke on", (user, other)),
        Act("reset the password of", (user,)),
        Act("put the access rule", (rng.choice(("office", "hand")), "DENY", "IMAP")),
        Act("delete the access rule", (rng.choice(("office", "hand")),)),
        Act("put the mobile rule", (rng.choice(("phones", "hand")), "old")),
        Act("put the role", (rng.choice(("backup", "hand")), user)),
        Act("delete the role", (rng.choice(("backup", "hand")),)),
        Act("retain for days:", (rng.choice(("90", "700")),)),
        Act("delete the retention policy"),
        Act("set DMARC", (rng.choice(("on", "off")),)),
        Act("choose the default domain", (rng.choice((OTHER.name, ACME.name)),)),
        Act("ask for availability at", (rng.choice(("one.example", "two.example")), "hand")),
        Act("tag", (rng.choice(("team", "hand")), "by hand")),
        Act("untag", (rng.choice(("team", "hand")),)),
    )
    return rng.choice(acts)


def _draw_spec(rng: random.Random) -> Organization:
    """Draw what is declared at first."""
    free = [*POOL]
    rng.shuffle(free)
    spec = make_organization(
        domains=DOMAINS,
        tags={"team": "mail"} if rng.random() < 0.4 else {},
        on_removal=rng.choice((OnRemoval(), OnRemoval(), DELETE)),
        safety=rng.choice((Safety(max_removals_percent=100), Safety())),
    )
    for name in sorted(rng.sample(USERS, rng.randint(3, 6))):
        spec = replace(spec, users=(*spec.users, _draw_user(rng, name, free)))
    for name in rng.sample(GROUPS, rng.randint(1, 3)):
        spec = replace(spec, groups=(*spec.groups, _draw_group(rng, name, spec, free)))
    for name in rng.sample(ROOMS, rng.randint(0, 2)):
        spec = replace(spec, resources=(*spec.resources, _draw_room(rng, name, spec, free)))
    spec = replace(spec, permissions=_draw_permissions(rng, spec))
    return _tidy(replace(spec, policies=_draw_policies(rng, spec)))


def _draw_user(rng: random.Random, name: str, free: list[str]) -> Any:
    return make_user(
        name,
        email=free.pop() if rng.random() < 0.2 and free else at(name),
        aliases=_draw_aliases(rng, free),
        telephone=rng.choice((None, "1")),
        city=rng.choice((None, None, "Cork")),
        quota_megabytes=rng.choice((None, None, 10_240)),
        enabled=rng.random() < 0.85,
        exclusive=(Listing.ALIASES,) if rng.random() < 0.1 else (),
    )


def _draw_aliases(rng: random.Random, free: list[str]) -> tuple[str, ...]:
    count = min(len(free), rng.choice((0, 0, 1, 1, 2)))
    return tuple(sorted(free.pop() for _ in range(count)))


def _draw_group(rng: random.Random, name: str, spec: Organization, free: list[str]) -> Any:
    members = (*spec.users, *spec.groups)
    drawn = rng.sample(members, rng.randint(0, min(3, len(members))))
    return make_group(
        parse_reference(name).name,
        *(str(each.reference) for each in drawn),
        aliases=_draw_aliases(rng, free),
        exclusive=(Listing.MEMBERS,) if rng.random() < 0.15 else (),
    )


def _draw_room(rng: random.Random, name: str, spec: Organization, free: list[str]) -> Bookable:
    people = (*spec.users, *spec.groups)
    delegates = rng.sample(people, rng.randint(0, min(2, len(people))))
    return Bookable(
        name=parse_reference(name).name,
        type=BookableType.ROOM,
        email=at(parse_reference(name).name),
        aliases=_draw_aliases(rng, free),
        description=rng.choice((None, "12 seats")),
        booking=Booking(auto_accept=not delegates or rng.random() < 0.6),
        delegates=tuple(sorted(each.reference for each in delegates)),
    )


def _draw_permissions(rng: random.Random, spec: Organization) -> tuple[MailboxPermission, ...]:
    people = [str(each.reference) for each in (*spec.users, *spec.groups)]
    pairs = {(rng.choice(people), rng.choice(people)) for _ in range(rng.randint(0, 3))}
    return tuple(
        permit(mailbox, grantee, rng.choice((Right.SEND_AS, Right.SEND_ON_BEHALF)))
        for mailbox, grantee in sorted(pairs)
    )


def _draw_policies(rng: random.Random, spec: Organization) -> Policies:
    users = [each.name for each in spec.users] or ["ann"]
    office = allow("office", ip_ranges=("203.0.113.0/24",))
    rule = ImpersonationRule(key="r", effect=Effect.ALLOW, target_users=(rng.choice(users),))
    role = ImpersonationRole(name="backup", type=ImpersonationType.READ_ONLY, rules=(rule,))
    phones = MobileDeviceAccessRule(name="phones", effect=Effect.ALLOW)
    arn = f"arn:aws:lambda:eu-west-1:111122223333:function:{rng.choice(('first', 'second'))}"
    return Policies(
        access_control=rng.choice(((), (allow("default"),), (allow("default"), office))),
        mobile_devices=rng.choice(((), (), (phones,))),
        retention=rng.choice((None, erase(30), erase(60))),
        impersonation_roles=rng.choice(((), (role,))),
        availability=rng.choice(((), (), (Availability(domain="one.example", lambda_arn=arn),))),
        inbound_dmarc_enforced=rng.choice((None, None, True, False)),
    )


def list_declared(spec: Organization) -> tuple[Any, ...]:
    return (*spec.users, *spec.groups, *spec.resources)


def _put(spec: Organization, entity: Any) -> Organization:
    """Declare an entity, in the place of one of its name."""
    part = {Kind.USER: "users", Kind.GROUP: "groups", Kind.RESOURCE: "resources"}
    name = part[entity.reference.kind]
    others = [each for each in getattr(spec, name) if each.name != entity.name]
    changed: dict[str, Any] = {name: (*others, entity)}
    return replace(spec, **changed)


def _drop(spec: Organization, entity: Any) -> Organization:
    reference = entity.reference
    return replace(
        spec,
        users=tuple(each for each in spec.users if each.reference != reference),
        groups=tuple(each for each in spec.groups if each.reference != reference),
        resources=tuple(each for each in spec.resources if each.reference != reference),
    )


def _tidy(spec: Organization) -> Organization:
    """Let a spec be one that its rules do not refuse."""
    taken = {fold(each.email) for each in list_declared(spec)}
    for entity in list_declared(spec):
        aliases = [each for each in entity.aliases if fold(each) not in taken]
        taken |= set(map(fold, aliases))
        spec = _put(spec, replace(entity, aliases=tuple(sorted(aliases))))
    there = {each.reference for each in list_declared(spec)}
    for group in spec.groups:
        members = tuple(each for each in group.members if each in there)
        spec = _put(spec, replace(group, members=members))
    for group in spec.groups:  # one after the other, until none contains itself
        if _contains(spec, group.reference, group.reference):
            spec = _put(spec, replace(group, members=_leave_groups_out(group.members)))
    for room in spec.resources:
        delegates = tuple(each for each in room.delegates if each in there)
        nobody = not {each.folded for each in delegates} - spec.disabled
        booking = replace(room.booking, auto_accept=room.booking.auto_accept or nobody)
        spec = _put(spec, replace(room, delegates=delegates, booking=booking))
    pairs = {
        (each.mailbox, each.grantee): each
        for each in spec.permissions
        if {each.mailbox, each.grantee} <= there and each.mailbox != each.grantee
    }
    users = {each.name for each in spec.users}
    roles = tuple(
        each
        for each in spec.policies.impersonation_roles
        if set(each.rules[0].target_users) <= users
    )
    policies = replace(spec.policies, impersonation_roles=roles)
    return replace(spec, permissions=tuple(pairs.values()), policies=policies)


def _leave_groups_out(members: Sequence[Reference]) -> tuple[Reference, ...]:
    return tuple(each for each in members if each.kind is Kind.USER)


def _contains(spec: Organization, outer: Reference, inner: Reference) -> bool:
    groups = {each.reference: each for each in spec.groups}
    waiting, met = [outer], {outer}
    while waiting:
        found = groups.get(waiting.pop())
        members = found.members if found else ()
        if inner in members:
            return True
        waiting += [each for each in members if each not in met]
        met.update(members)
    return False


Change = Callable[[random.Random, Organization, Mapping[Reference, Any]], Organization]


def _evolve(
    rng: random.Random, spec: Organization, former: Mapping[Reference, Any]
) -> Organization:
    """Change a spec as authors do."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        spec = _tidy(rng.choice(CHANGES)(rng, spec, former))
    return spec


def _pick(rng: random.Random, items: Sequence[Item]) -> Item | None:
    return rng.choice(items) if items else None


def _find_free(rng: random.Random, spec: Organization) -> str:
    taken = {a for each in list_declared(spec) for a in (each.email, *each.aliases)}
    addresses = (*POOL, *(at(f"new{number}") for number in range(12)))
    return rng.choice([each for each in addresses if each not in taken][:4])


def _rename_address(
    rng: random.Random, spec: Organization, _: Mapping[Reference, Any]
) -> Organization:
    entity = rng.choice(list_declared(spec))
    kept = (entity.email,) if rng.random() < 0.4 else ()
    aliases = tuple(sorted({*entity.aliases, *kept}))
    return _put(spec, replace(entity, email=_find_free(rng, spec), aliases=aliases))


def _exchange_addresses(
    rng: random.Random, spec: Organization, _: Mapping[Reference, Any]
) -> Organization:
    entities = list_declared(spec)
    if len(entities) < 2:
        return spec
    one, other = rng.sample(entities, 2)
    return _put(_put(spec, replace(one, email=other.email)), replace(other, email=one.email))


def _move_alias(rng: random.Random, spec: Organization, _: Mapping[Reference, Any]) -> Organization:
    giver = _pick(rng, [each for each in list_declared(spec) if each.aliases])
    if giver is None:
        return spec
    alias = rng.choice(giver.aliases)
    spec = _put(spec, replace(giver, aliases=tuple(a for a in giver.aliases if a != alias)))
    taker = rng.choice(list_declared(spec))
    if rng.random() < 0.25:
        return _put(spec, replace(taker, email=alias))
    return _put(spec, replace(taker, aliases=(*taker.aliases, alias)))


def _change_aliases(
    rng: random.Random, spec: Organization, _: Mapping[Reference, Any]
) -> Organization:
    entity = rng.choice(list_declared(spec))
    aliases = (*entity.aliases, _find_free(rng, spec)) if rng.random() < 0.6 else ()
    return _put(spec, replace(entity, aliases=aliases))


def _add_user(rng: random.Random, spec: Organization, _: Mapping[Reference, Any]) -> Organization:
    there = {each.name for each in spec.users}
    name = _pick(rng, [each for each in USERS if each not in there])
    taken = {each.email for each in list_declared(spec)}
    if name is None:
        return spec
    email = at(name) if at(name) not in taken else _find_free(rng, spec)
    return _put(spec, replace(_draw_user(rng, name, []), email=email))


def _remove(rng: random.Random, spec: Organization, _: Mapping[Reference, Any]) -> Organization:
    entities = list_declared(spec)
    return _drop(spec, rng.choice(entities)) if len(spec.users) > 1 else spec


def _declare_again(
    rng: random.Random, spec: Organization, former: Mapping[Reference, Any]
) -> Organization:
    there = {each.reference for each in list_declared(spec)}
    entity = _pick(rng, [each for ref, each in former.items() if ref not in there])
    if entity is None:
        return spec
    taken = {a for each in list_declared(spec) for a in (each.email, *each.aliases)}
    email = entity.email if entity.email not in taken else _find_free(rng, spec)
    return _put(spec, replace(entity, email=email))


def _switch(rng: random.Random, spec: Organization, _: Mapping[Reference, Any]) -> Organization:
    user = rng.choice(spec.users)
    return _put(spec, replace(user, enabled=not user.enabled))


def _change_field(
    rng: random.Random, spec: Organization, _: Mapping[Reference, Any]
) -> Organization:
    user = rng.choice(spec.users)
    changed: dict[str, Any] = rng.choice(
        (
            {"telephone": rng.choice((None, "2", "3"))},
            {"city": rng.choice((None, "Bonn"))},
            {"display_name": "Changed"},
            {"hidden_from_global_address_list": not user.hidden_from_global_address_list},
            {"quota_megabytes": rng.choice((None, 10_240, 30_720))},
            {"exclusive": () if user.exclusive else (Listing.ALIASES,)},
        )
    )
    return _put(spec, replace(user, **changed))


def _change_members(
    rng: random.Random, spec: Organization, _: Mapping[Reference, Any]
) -> Organization:
    group = _pick(rng, spec.groups)
    if group is None:
        return spec
    one = rng.choice((*spec.users, *spec.groups)).reference
    members = {*group.members} ^ ({one} - {group.reference})
    return _put(spec, replace(group, members=tuple(sorted(members))))


def _change_room(
    rng: random.Random, spec: Organization, _: Mapping[Reference, Any]
) -> Organization:
    room = _pick(rng, spec.resources)
    if room is None:
        return spec
    one = rng.choice((*spec.users, *spec.groups)).reference
    delegates = tuple(sorted({*room.delegates} ^ {one}))
    booking = Booking(auto_accept=not delegates or rng.random() < 0.5)
    return _put(spec, replace(room, delegates=delegates, booking=booking))


def _change_rights(
    rng: random.Random, spec: Organization, _: Mapping[Reference, Any]
) -> Organization:
    kept = tuple(each for each in spec.permissions if rng.random() < 0.6)
    return replace(spec, permissions=(*kept, *_draw_permissions(rng, spec)))


def _change_policies(
    rng: random.Random, spec: Organization, _: Mapping[Reference, Any]
) -> Organization:
    drawn = _draw_policies(rng, spec)
    parts = rng.sample(
        (
            "access_control",
            "mobile_devices",
            "retention",
            "impersonation_roles",
            "availability",
            "inbound_dmarc_enforced",
        ),
        2,
    )
    changed: dict[str, Any] = {name: getattr(drawn, name) for name in parts}
    return replace(spec, policies=replace(spec.policies, **changed))


def _change_rest(
    rng: random.Random, spec: Organization, _: Mapping[Reference, Any]
) -> Organization:
    first, second = (replace(each, default=not each.default) for each in spec.domains)
    changed: dict[str, Any] = rng.choice(
        (
            {"tags": rng.choice(({}, {"team": "it"}, {"team": "mail", "floor": "1"}))},
            {"domains": (first, second)},
            {"on_removal": rng.choice((OnRemoval(), DELETE, RETAIN))},
            {"adopt": not spec.adopt},
            {"adopt": not spec.adopt},
        )
    )
    return replace(spec, **changed)


RETAIN = OnRemoval(users=Removal.RETAIN, groups=Removal.RETAIN, resources=Removal.RETAIN)

CHANGES: tuple[Change, ...] = (
    _rename_address,
    _rename_address,
    _exchange_addresses,
    _exchange_addresses,
    _move_alias,
    _move_alias,
    _change_aliases,
    _add_user,
    _add_user,
    _remove,
    _remove,
    _remove,
    _declare_again,
    _declare_again,
    _declare_again,
    _switch,
    _switch,
    _change_field,
    _change_field,
    _change_members,
    _change_members,
    _change_room,
    _change_rights,
    _change_rights,
    _change_policies,
    _change_policies,
    _change_rest,
)
"""What authors change in a spec; the more often it stands here, the more often."""
