"""Histories: an organization, and what people and deployments do to it in turn, from one number.

A history is data that is drawn from its seed alone, before anything is played: what people have
made before the stack comes, and steps. In each step people do a few things by hand
(`hands.Act`), and then a changed spec is deployed; maybe it is planned first, maybe something goes
wrong at one of its calls (`striking.BLOWS`), maybe somebody does something at another one. So a
part of a history can be left out, and the rest played again (`shrink`). What has to come of each
step, `outcomes` says.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

import pytest

from approving import plan_live
from cloudformation import DeploymentFailedError, RollbackFailedError, Stack
from hands import ABOUT_THE_MOMENT, Act, Person, find_organization, make_by_hand, untag_owner
from outcomes import Known, Meanwhile, Picture, judge_failure, judge_success, look
from scenes import ACME, at, make_emulator, make_group, make_organization, make_user
from striking import BLOWS, RecordingStack
from transitions import DELETE, allow, erase, permit
from workmail_org import declaring
from workmail_org.changes import few
from workmail_org.handlers import entry
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
    OrganizationId,
    Reference,
    fold,
    parse_reference,
)
from workmail_org.service.workmail import WorkMail
from workmail_org.wire.names import OWNER_TAG, TAKEN_OVER_TAG
from workmail_org.wire.properties import ResourceType
from writelog import name_texts, name_writes

MOST_CALLS = 2_000
"""Of one deployment, with its rollback: more are a loop."""

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


def _read_in_turn(_: WorkMail, read: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    return [read(each) for each in items]


class TooManyCallsError(BaseException):
    """A deployment does not end; nothing in a handler catches this."""


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


# What a history is drawn from


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
            before = {each.reference: each for each in _list_entities(spec)}
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


def _list_entities(spec: Organization) -> tuple[Any, ...]:
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
    taken = {fold(each.email) for each in _list_entities(spec)}
    for entity in _list_entities(spec):
        aliases = [each for each in entity.aliases if fold(each) not in taken]
        taken |= set(map(fold, aliases))
        spec = _put(spec, replace(entity, aliases=tuple(sorted(aliases))))
    there = {each.reference for each in _list_entities(spec)}
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
    taken = {a for each in _list_entities(spec) for a in (each.email, *each.aliases)}
    addresses = (*POOL, *(at(f"new{number}") for number in range(12)))
    return rng.choice([each for each in addresses if each not in taken][:4])


def _rename_address(
    rng: random.Random, spec: Organization, _: Mapping[Reference, Any]
) -> Organization:
    entity = rng.choice(_list_entities(spec))
    kept = (entity.email,) if rng.random() < 0.4 else ()
    aliases = tuple(sorted({*entity.aliases, *kept}))
    return _put(spec, replace(entity, email=_find_free(rng, spec), aliases=aliases))


def _exchange_addresses(
    rng: random.Random, spec: Organization, _: Mapping[Reference, Any]
) -> Organization:
    entities = _list_entities(spec)
    if len(entities) < 2:
        return spec
    one, other = rng.sample(entities, 2)
    return _put(_put(spec, replace(one, email=other.email)), replace(other, email=one.email))


def _move_alias(rng: random.Random, spec: Organization, _: Mapping[Reference, Any]) -> Organization:
    giver = _pick(rng, [each for each in _list_entities(spec) if each.aliases])
    if giver is None:
        return spec
    alias = rng.choice(giver.aliases)
    spec = _put(spec, replace(giver, aliases=tuple(a for a in giver.aliases if a != alias)))
    taker = rng.choice(_list_entities(spec))
    if rng.random() < 0.25:
        return _put(spec, replace(taker, email=alias))
    return _put(spec, replace(taker, aliases=(*taker.aliases, alias)))


def _change_aliases(
    rng: random.Random, spec: Organization, _: Mapping[Reference, Any]
) -> Organization:
    entity = rng.choice(_list_entities(spec))
    aliases = (*entity.aliases, _find_free(rng, spec)) if rng.random() < 0.6 else ()
    return _put(spec, replace(entity, aliases=aliases))


def _add_user(rng: random.Random, spec: Organization, _: Mapping[Reference, Any]) -> Organization:
    there = {each.name for each in spec.users}
    name = _pick(rng, [each for each in USERS if each not in there])
    taken = {each.email for each in _list_entities(spec)}
    if name is None:
        return spec
    email = at(name) if at(name) not in taken else _find_free(rng, spec)
    return _put(spec, replace(_draw_user(rng, name, []), email=email))


def _remove(rng: random.Random, spec: Organization, _: Mapping[Reference, Any]) -> Organization:
    entities = _list_entities(spec)
    return _drop(spec, rng.choice(entities)) if len(spec.users) > 1 else spec


def _declare_again(
    rng: random.Random, spec: Organization, former: Mapping[Reference, Any]
) -> Organization:
    there = {each.reference for each in _list_entities(spec)}
    entity = _pick(rng, [each for ref, each in former.items() if ref not in there])
    if entity is None:
        return spec
    taken = {a for each in _list_entities(spec) for a in (each.email, *each.aliases)}
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


# How a history is played


class WatchingStack(RecordingStack):
    """A stack that checks that a refusal at the beginning of a request writes nothing.

    Attributes:
        wrote: Refused requests that had written, by their reasons.
        by_hand: How often people did something in the middle, so far.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.wrote: list[str] = []
        self.by_hand = 0

    def invoke(self, event: Mapping[str, Any], step: entry.Step) -> dict[str, Any]:
        before, by_hand = len(self.emulator.writes), self.by_hand
        try:
            return super().invoke(event, step)
        except DeploymentFailedError as error:
            makes = event["ResourceType"] in (ResourceType.ORGANIZATION, ResourceType.DOMAIN)
            writes = [call.operation for call in self.emulator.writes[before:]]
            if step is entry.begin and writes and not makes and by_hand == self.by_hand:
                self.wrote.append(f"{error}: {', '.join(writes)}")
            raise


@dataclass
class Play:
    """One history as it is played.

    Attributes:
        story: What happened, in words.
        calls: Of the deployment that goes on.
        writes: Those of them that write.
        struck: Whether its blow fell.
        due: At which call it falls once more, of a blow that strikes the rollback too.
        in_rollback: Whether it fell in a rollback, which then may fail.
        alone: What there would be if what was done in the middle of it was all; `None`: nothing
            was.
        loose: Whether that depends on the moment.
        meanwhile: What was done in the middle of it, as it was found there.
    """

    history: History
    story: list[str] = field(default_factory=list[str])
    calls: int = 0
    writes: int = 0
    struck: bool = False
    due: int = 0
    in_rollback: bool = False
    alone: Picture | None = None
    loose: bool = False
    meanwhile: Meanwhile | None = None
    _by_hand: bool = False

    def run(self) -> str | None:
        """Play it; say what is wrong, or nothing."""
        with pytest.MonkeyPatch.context() as patch:
            # Calls that are made side by side come in another order each time.
            patch.setattr(WorkMail, "read_many", _read_in_turn)
            if self.history.is_large:
                patch.setattr(few, "ROWS_OF_A_PAGE", 1)
                patch.setattr(declaring, "_SHARD_ENTITIES", 3)
            return self._run()

    def _run(self) -> str | None:
        self.emulator = make_emulator()
        self.person = Person(self.emulator)
        self.stack = WatchingStack(self.emulator)
        self.known = Known()
        self.existing = self._find()
        for number, step in enumerate(self.history.steps, 1):
            told = self._take(number, step)
            if told:
                self.story.append(f"WRONG: {told}")
                return f"step {number}: {told}"
        return None

    def _find(self) -> OrganizationId | None:
        """Make by hand what the stack is to find, if anything."""
        found = self.history.found
        if found is None:
            return None
        forgotten = Stack(self.emulator, name="forgotten")
        forgotten.deploy(make_organization(domains=DOMAINS))
        untag_owner(self.person, OWNER_TAG, TAKEN_OVER_TAG)
        make_by_hand(self.person, found)
        self.story.append(f"made by hand: {_tell(found)}")
        return OrganizationId(forgotten.organization_id)

    def _take(self, number: int, step: Step) -> str | None:
        """Take one step; say what is wrong after it, or nothing."""
        self.story.append(f"step {number}")
        self._act_before(step)
        spec = replace(step.spec, existing=self.existing)
        if self.known.deployed is None and self.existing:
            spec = replace(spec, adopt=spec.adopt or self.history.seed % 8 > 0)
        self.story.append(f"  deploy {_tell(spec, self.known.deployed)}")
        before = look(self.emulator)
        plan = self._plan(spec) if step.planned and self.known.deployed else None
        put_back = self.emulator.save() if step.meanwhile else None
        told = self._deploy(step, spec, plan)
        if isinstance(told, str):
            return told
        if put_back and step.meanwhile and self.meanwhile and before:
            alone, is_done = self._do_alone(step.meanwhile, put_back)
            self.alone = self.meanwhile.recognize(alone, before)
            self.meanwhile = replace(self.meanwhile, needs_deployment=not is_done)
        self.story.append(f"  {told or 'succeeded'}"[:900])
        self.story += [f"  {self.calls} calls, struck" if self.struck else f"  {self.calls} calls"]
        if self.stack.wrote:
            return f"wrote and refused: {self.stack.wrote}"
        after = look(self.emulator)
        # Who was made by a first deployment has no other picture to be held against.
        is_loose = self.loose or (self.meanwhile is not None and not before)
        loose = self.person.acted if is_loose else set[Reference]()
        if told is None:
            wrong = judge_success(
                self.known,
                spec,
                before,
                after,
                alone=self.alone,
                loose=loose,
                meanwhile=self.meanwhile,
                stack=self.stack,
            )
            if not wrong:
                self.known = self.known.settle(spec, before, after)
                wrong = self._deploy_again(spec)
        else:
            wrong = judge_failure(
                self.known,
                spec,
                before,
                after,
                alone=self.alone,
                loose=loose,
                meanwhile=self.meanwhile,
            )
            self.known = self.known.unsettle(spec, before, after)
            if not wrong and not self.struck and not self.meanwhile:
                wrong = self._explain(spec, plan, told)
        return "; ".join(wrong) if wrong else None

    @property
    def _is_there(self) -> bool:
        return find_organization(self.emulator.state()) is not None

    def _act_before(self, step: Step) -> None:
        for act in step.by_hand if self._is_there else ():
            done = self.person.act(act)
            self.story.append(f"  by hand: {act}{'' if done else ' (refused)'}")

    def _plan(self, spec: Organization) -> Any:
        assert self.known.deployed
        plan = plan_live(self.stack, self.known.deployed, spec)
        (found,) = plan.organizations
        refused = f", refused: {'; '.join(found.refusals)}" if found.refusals else ""
        self.story.append(f"  planned: {len(found.calls)} calls{refused}")
        return plan

    def _deploy(
        self, step: Step, spec: Organization, plan: Any
    ) -> str | DeploymentFailedError | None:
        """Deploy; return the failure, or in words what must not be."""
        stack = self.stack
        self.calls = self.writes = 0
        self.in_rollback, self.due = False, 0
        self.struck, self.meanwhile, self.alone, self.loose = False, None, None, False
        self.person.acted = set()
        stack.reasons.clear()
        stack.left_behind.clear()
        stack.held, stack.hold, stack.repeated, stack.place = [], lambda _: False, None, ""
        blow = BLOWS.get(step.blow)
        stack.backwards = bool(blow and blow.backwards)
        self.emulator.clear_calls()
        self.emulator.on_call = lambda phase, call: self._watch(step, phase, call)
        confirmed = (plan.acknowledgement,) if plan and plan.acknowledgement else ()
        is_sure = plan and not plan.organizations[0].refusals and not _are_unsure(plan)
        approved = plan.approval if is_sure else None
        try:
            stack.deploy(spec, *confirmed, approved=approved)
        except RollbackFailedError as error:
            if not (blow and blow.again) and not self.in_rollback:
                return f"the rollback failed: {error}"
            self.emulator.on_call = None
            try:
                stack.continue_rollback()
            except DeploymentFailedError as worse:
                return f"the rollback failed for good: {worse}"
            return DeploymentFailedError(str(error))
        except DeploymentFailedError as error:
            return error
        except TooManyCallsError:
            return f"more than {MOST_CALLS} calls"
        finally:
            self.emulator.on_call = None
            stack.hold = lambda _: False
        if stack.written:
            return f"a request that came late wrote {stack.written}"
        if stack.left_behind:
            return f"left behind: {[each.resource.logical_id for each in stack.left_behind]}"
        if plan and step.is_calm:
            return self._compare_with(plan)
        return None

    def _watch(self, step: Step, phase: str, call: Any) -> None:
        if call is None or self._by_hand:
            return
        if phase == "before":
            self.calls += 1
            self.writes += call.write
            if self.calls > MOST_CALLS:
                raise TooManyCallsError
            if step.meanwhile and self.calls == step.moment:
                self._act_meanwhile(step.meanwhile)
        blow = BLOWS.get(step.blow)
        count = self.writes if step.at_write else self.calls
        if blow and not self.struck and count == step.strike and phase == blow.phase:
            if step.at_write and not call.write:
                return
            self.struck, self.in_rollback = True, self.stack.cloudformation.rolls_back
            self.due = self.calls + 1 + self.calls % 13 if blow.again else 0
            self.story.append(f"  {step.blow} at call {self.calls}, {call.operation}")
            blow.deal(self.stack)
        elif blow and self.calls == self.due and phase == blow.phase:
            self.due = 0
            blow.deal(self.stack)

    def _act_meanwhile(self, act: Act) -> None:
        """Do something in the middle; know what would come of it by itself."""
        if not self._is_there:
            return
        self._by_hand = True
        earlier = look(self.emulator)
        self.stack.by_hand += 1
        try:
            done = self.person.act(act)
            self.loose = act.what in ABOUT_THE_MOMENT or not done
        finally:
            self._by_hand = False
        told = "" if done else " (refused)"
        self.story.append(f"  by hand at call {self.calls}: {act}{told}")
        self.meanwhile = Meanwhile(earlier, look(self.emulator))

    def _do_alone(self, act: Act, put_back: Callable[[], None]) -> tuple[Picture, bool]:
        """Say what comes by itself of what somebody did in the middle, and if all of it does."""
        put_forward = self.emulator.save()
        put_back()
        is_done = self.person.act(act)
        alone = look(self.emulator)
        put_forward()
        return alone, is_done

    def _compare_with(self, plan: Any) -> str | None:
        """Say where a deployment that nothing interfered with was not as planned."""
        (found,) = plan.organizations
        if found.refusals:
            return f"it succeeded, and its plan refused: {'; '.join(found.refusals)}"
        state = self.emulator.state()
        effects = [call for call in self.emulator.writes if call.effect]
        if _are_unsure(plan):
            return None
        planned, written = sorted(name_texts(found.calls)), sorted(name_writes(effects, state))
        if planned != written:
            only = [each for each in planned if each not in written]
            more = [each for each in written if each not in planned]
            return f"planned alone: {only}; written alone: {more}"
        return None

    def _explain(self, spec: Organization, plan: Any, told: Exception) -> list[str]:
        """Say that nothing explains a failure."""
        if self.known.deployed is None:
            return []
        plan = plan or plan_live(self.stack, self.known.deployed, spec)
        (found,) = plan.organizations
        return [] if found.refusals else [f"failed, and nothing had stopped it: {told}"]

    def _deploy_again(self, spec: Organization) -> list[str]:
        """Deploy the same once more, with a word that nobody asked for: nothing is written."""
        self.emulator.clear_calls()
        try:
            self.stack.deploy(spec, "0123456789ab")
        except DeploymentFailedError as error:
            return [f"deployed again, it failed: {error}"]
        writes = [call.operation for call in self.emulator.writes]
        return [f"deployed again, it wrote {writes}"] if writes else []


def _are_unsure(plan: Any) -> bool:
    """Tell whether somebody returns: nobody sees before what they had (docs/plan.md)."""
    (found,) = plan.organizations
    made: set[str] = set()
    registered: set[str] = set()
    for call in found.calls:
        operation, _, subject = call.partition(" {")[0].partition(" ")
        is_made = operation.startswith("Create") and operation != "CreateAlias"
        made |= {subject} if is_made else set()
        registered |= {subject} if operation == "RegisterToWorkMail" else set()
    return not registered <= made


def _tell(spec: Organization, deployed: Organization | None = None) -> str:
    """Tell a spec in one line; of a change only what changes."""
    before = {each.reference: each for each in _list_entities(deployed)} if deployed else {}
    parts: list[str] = []
    for entity in _list_entities(spec):
        was = before.pop(entity.reference, None)
        if was == entity:
            continue
        parts.append(f"{'' if was is None else 'changed '}{_tell_entity(entity)}")
    parts += [f"without {each}" for each in before]
    for name in ("permissions", "policies", "tags", "on_removal", "adopt", "domains", "existing"):
        value = getattr(spec, name)
        if deployed is None or value != getattr(deployed, name):
            parts.append(f"{name}={_shorten(value)}")
    return "; ".join(parts)


def _tell_entity(entity: Any) -> str:
    told = [f"{entity.reference} <{entity.email}>"]
    told += [f"+{each}" for each in entity.aliases]
    for name in ("members", "delegates"):
        listed = getattr(entity, name, ())
        told += [f"{name} {', '.join(map(str, listed))}"] if listed else []
    for name in ("telephone", "city", "quota_megabytes", "exclusive", "description", "adopt"):
        value = getattr(entity, name, None)
        told += [f"{name}={_shorten(value)}"] if value else []
    return " ".join((*told, *(() if entity.enabled else ("off",))))


def _shorten(value: Any) -> str:
    if isinstance(value, OnRemoval):
        return f"users {value.users}, groups {value.groups}, resources {value.resources}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_shorten, cast("tuple[Any, ...]", value))) + "]"
    if isinstance(value, MailboxPermission):
        return f"{value.mailbox}<-{value.grantee}:{','.join(value.rights)}"
    if isinstance(value, MailDomain):
        return f"{value.name}{'!' if value.default else ''}"
    if isinstance(value, Policies):
        names = {
            "access_control": [each.name for each in value.access_control],
            "mobile_devices": [each.name for each in value.mobile_devices],
            "impersonation_roles": [each.name for each in value.impersonation_roles],
            "availability": [each.domain for each in value.availability],
        }
        parts = [f"{name}:{'+'.join(found)}" for name, found in names.items() if found]
        days = value.retention.folders[0].days if value.retention else None
        parts += [f"retention:{days}", f"dmarc:{value.inbound_dmarc_enforced}"]
        return f"{{{' '.join(parts)}}}"
    return str(value)


# Failing histories


def replay(seed: int) -> str | None:
    """Play one history; print its story, shrunk, if something is wrong with it."""
    history = draw(seed)
    told = Play(history).run()
    if told is None:
        return None
    least = shrink(history)
    play = Play(least)
    told = play.run()
    return "\n".join([f"history {seed}", *play.story, f"{told}"])


def shrink(history: History, tries: int = 60) -> History:
    """Leave out of a failing history what it takes no part of."""
    smaller = _list_smaller(history)
    while tries:
        candidate = next(smaller, None)
        if candidate is None:
            return history
        tries -= 1
        if Play(candidate).run():
            history = candidate
            smaller = _list_smaller(history)
    return history


def _list_smaller(history: History) -> Iterator[History]:
    steps = history.steps
    if history.is_large:
        yield replace(history, is_large=False)
    for at_ in range(len(steps) - 1, -1, -1):
        if len(steps) > 1:
            yield replace(history, steps=(*steps[:at_], *steps[at_ + 1 :]))
    for at_, step in enumerate(steps):
        for other in _list_smaller_steps(step):
            yield replace(history, steps=(*steps[:at_], other, *steps[at_ + 1 :]))


def _list_smaller_steps(step: Step) -> Iterator[Step]:
    if step.blow:
        yield replace(step, blow="")
    if step.meanwhile:
        yield replace(step, meanwhile=None)
    for at_ in range(len(step.by_hand)):
        yield replace(step, by_hand=(*step.by_hand[:at_], *step.by_hand[at_ + 1 :]))
