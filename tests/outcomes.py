"""Outcomes: what has to be live after a deployment, from what was found before it.

The oracle of histories. It is the table of docs/design.md, said of pictures: everything that is
live as values by path, so that each is judged by itself. It knows nothing of how the engine
decides.

After a failure every value is as it was found; those whom the deployment made are switched off.
After a success a value is as declared, or as it was found:

* of whoever is declared otherwise than before, and of a section that is, as declared. What people
  added to a list stays, but where it is exclusive; what the last declaration gave goes;
* of whoever left the spec, as their removal policy says;
* of everybody else, as found;
* of who is not *settled*, either: after a failure, or where a group's members are others than when
  it was last seen to be as declared.

What somebody does in the middle of a deployment counts as found. What it is about may also be as
it was before, and after a success as declared: nobody tells which came first. Whom people gave an
address that the deployment had taken away, keeps it when it fails; and whom or what they made, or
chose, in the middle of a first deployment stays as they left it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cloudformation import Stack
from drifting import look_live
from pictures import LISTED, Path, Picture, list_ids, list_on, write
from workmail_org.changes.addresses import is_parking_address
from workmail_org.kinds import DEFAULT_DOMAIN, SETTINGS
from workmail_org.model.bookable import Bookable
from workmail_org.model.organization import Organization
from workmail_org.model.removal import Removal
from workmail_org.model.user import PROFILE_FIELDS, User
from workmail_org.model.values import (
    Kind,
    Listing,
    Reference,
    fold,
    get_domain,
    make_api_name,
    parse_reference,
)
from workmail_org.rehearsal.comparing import compare

_FREE = object()
"""Among the values that a path may have: any."""

_SECTIONS = {
    "access_control": ("access rule", "policies.access_control"),
    "mobile_devices": ("mobile rule", "policies.mobile_devices"),
    "retention": ("retention", "policies.retention"),
    "impersonation_roles": ("role", "policies.impersonation_roles"),
    "availability": ("availability", "policies.availability"),
    "inbound_dmarc_enforced": ("dmarc", "policies.inbound_dmarc"),
    "default_domain": ("default domain", "domains"),
    "tags": ("tag", "tags"),
}
"""What a section of a spec, by the field of what is live, is called in a picture and in a spec.
Permissions are held against the picture one by one."""


@dataclass(frozen=True)
class Meanwhile:
    """What somebody did in the middle of a deployment.

    Attributes:
        earlier: What was live when they began.
        later: What was when they were done.
        needs_deployment: Whether by itself it would have been refused, such as of a newcomer.
    """

    earlier: Picture
    later: Picture
    needs_deployment: bool = False

    @property
    def changed(self) -> set[Path]:
        """Whatever they changed."""
        paths = {**self.earlier, **self.later}
        return {path for path in paths if self.earlier.get(path) != self.later.get(path)}

    def list_left(self, after: Picture) -> set[str]:
        """List the beginnings of paths that they changed, and that are as they left them."""
        return {path[0] for path in self.changed if after.get(path) == self.later.get(path)}

    @property
    def made(self) -> dict[str, str]:
        """Names of whom they made, by id."""
        earlier = list_ids(self.earlier)
        return {id_: name for id_, name in list_ids(self.later).items() if id_ not in earlier}

    @property
    def deleted(self) -> set[str]:
        """Names of whom they deleted; maybe after their resource was done."""
        later = list_ids(self.later)
        return {name for id_, name in list_ids(self.earlier).items() if id_ not in later}

    @property
    def switched_on(self) -> set[str]:
        """Ids of whom they switched on; maybe after the rollback had switched everybody off."""
        return list_on(self.later) - list_on(self.earlier)

    @property
    def given(self) -> dict[str, str]:
        """Ids of whom they gave an address, by address."""
        earlier = _list_holders(self.earlier)
        later = _list_holders(self.later)
        return {address: id_ for address, id_ in later.items() if earlier.get(address) != id_}

    def recognize(self, alone: Picture, before: Picture) -> Picture:
        """Name whom they made as in the deployment: by themselves, they got ids that it gave.

        Args:
            alone: What there would be if what they did was all.
            before: What was live before the deployment.
        """
        there = list_ids(before)
        real = {name: id_ for id_, name in self.made.items()}
        ids = {
            id_: real.get(name, f"{name}, made by hand")
            for id_, name in list_ids(alone).items()
            if id_ not in there
        }
        return {tuple(ids.get(each, each) for each in path): alone[path] for path in alone}


def _list_holders(picture: Picture) -> dict[str, str]:
    """List who has which address: ids by address."""
    primaries = {value: path[0] for path, value in picture.items() if path[1:] == ("email",)}
    return primaries | {path[2]: path[0] for path in picture if path[1:2] == ("alias",)}


@dataclass(frozen=True)
class Known:
    """What the stack has deployed, and whom it answers for.

    Attributes:
        deployed: What succeeded last; `None`: nothing did.
        mine: Ids of whom the stack made or took over, by folded reference; also who left.
        perhaps: Ids of whom people made in the middle of a deployment, which may have taken them
            over.
        made: Ids of whom a failed deployment has made, and left switched off.
        unsure: Who is not settled.
        tried: How failed deployments have declared people since then: who was seen to be so, is
            settled so.
        given: Whom a declaration ever put into the list of a group or a room.
        seen: With which members, switched on, a group was last seen to be as declared.
    """

    deployed: Organization | None = None
    mine: Mapping[Reference, str] = field(default_factory=dict[Reference, str])
    made: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()
    unsure: frozenset[Reference] = frozenset()
    tried: tuple[Any, ...] = ()
    given: Mapping[Reference, frozenset[Reference]] = field(
        default_factory=dict[Reference, frozenset[Reference]]
    )
    seen: Mapping[Reference, frozenset[str]] = field(
        default_factory=dict[Reference, frozenset[str]]
    )

    def settle(
        self, spec: Organization, before: Picture, after: Picture, meanwhile: Meanwhile | None
    ) -> Known:
        """Know that a deployment succeeded."""
        ids = _by_reference(after)
        declared = {each.reference.folded: each for each in list_entities(spec)}
        # Whom `retain` let go is nobody's any more.
        kept = {
            reference: id_
            for reference, id_ in self.mine.items()
            if reference not in declared
            and (
                reference not in _by_declaration(self.deployed)
                or _get_removal(spec, reference.kind) is not Removal.RETAIN
            )
        }
        given = dict(self.given)
        for reference, entity in declared.items():
            given[reference] = given.get(reference, frozenset()) | _list_listed(entity)
        # Who is declared, settled and made again by hand is somebody else's.
        there = list_ids(before) | (meanwhile.made if meanwhile else {})
        mine = {
            each: self.mine[each]
            if not _is_touched(self, declared[each]) and each in self.mine and ids[each] in there
            else ids[each]
            for each in declared
            if each in ids
        }
        on = list_on(after)
        return Known(
            deployed=spec,
            mine=kept | mine,
            perhaps=self.perhaps.union(meanwhile.made if meanwhile else ()),
            made=self.made,
            unsure=frozenset(
                reference
                for reference, entity in declared.items()
                if not {ids.get(each) for each in _list_listed(entity)} <= on
                # Who was switched off at the end could be in a list that has nobody else.
                or (not list_on(before) <= on and _has_nobody_else(entity))
                # Whoever was switched off at the end is not looked at once more.
                or (not entity.enabled and _is_touched(self, entity))
                # A deployment that changes nothing looks at nobody.
                or (reference in self.unsure and self.deployed == spec)
            ),
            given=given,
            seen={
                # Whoever was made anew may not be in it yet: then it is looked at once more.
                reference: _see_listed(entity, ids, on, after)
                for reference, entity in declared.items()
            },
        )

    def unsettle(
        self, spec: Organization, before: Picture, after: Picture, meanwhile: Meanwhile | None
    ) -> Known:
        """Know that a deployment failed: whoever it may have touched is not settled."""
        known = list_ids(before)
        by_hand = meanwhile.made if meanwhile else {}
        made = {id_ for id_ in list_ids(after) if id_ not in known and id_ not in by_hand}
        # Whom it deleted, and its rollback made again, is the stack's as before.
        again = {each: id_ for each, id_ in _by_reference(after).items() if each in self.mine}
        everybody = {each.reference.folded for each in list_entities(spec)}
        return replace(
            self,
            mine={**self.mine, **{each: id_ for each, id_ in again.items() if id_ in made}},
            made=self.made | made,
            unsure=self.unsure | everybody | _by_declaration(self.deployed).keys(),
            tried=(*self.tried, *map(_show, list_entities(spec))),
        )


def list_entities(spec: Organization | None) -> tuple[Any, ...]:
    """List everybody who is declared, without members and delegates who are declared as off."""
    if spec is None:
        return ()
    off = spec.disabled

    def leave_out(listed: Iterable[Reference]) -> tuple[Reference, ...]:
        return tuple(each for each in listed if each.folded not in off)

    groups = (replace(each, members=leave_out(each.members)) for each in spec.groups)
    rooms = (replace(each, delegates=leave_out(each.delegates)) for each in spec.resources)
    return (*spec.users, *groups, *rooms)


def _by_declaration(spec: Organization | None) -> dict[Reference, Any]:
    return {each.reference.folded: each for each in list_entities(spec)}


def _by_reference(picture: Picture) -> dict[Reference, str]:
    return {parse_reference(name): id_ for id_, name in list_ids(picture).items()}


def _list_listed(entity: Any) -> frozenset[Reference]:
    listed = (*getattr(entity, "members", ()), *getattr(entity, "delegates", ()))
    return frozenset(each.folded for each in listed)


def _has_nobody_else(entity: Any) -> bool:
    return not {Listing.MEMBERS, Listing.DELEGATES}.isdisjoint(entity.exclusive)


def _see_listed(
    entity: Any, ids: Mapping[Reference, str], on: set[str], after: Picture | None = None
) -> frozenset[str]:
    """List who is switched on and declared to be in a group or room, and is, if that is known."""
    if _has_nobody_else(entity):
        return frozenset(on)
    inside = {ids[each] for each in _list_listed(entity) if ids.get(each) in on}
    own = ids.get(entity.reference.folded)
    if after is None or own is None:
        return frozenset(inside)
    words = LISTED.values()
    return frozenset(each for each in inside if any((own, word, each) in after for word in words))


def _get_removal(spec: Organization, kind: Kind) -> Removal:
    policies = spec.on_removal
    of_kinds = {
        Kind.USER: policies.users,
        Kind.GROUP: policies.groups,
        Kind.RESOURCE: policies.resources,
    }
    return of_kinds[kind]


def _is_touched(known: Known, entity: Any) -> bool:
    """Return whether somebody is declared otherwise than before."""
    before = _by_declaration(known.deployed).get(entity.reference.folded)
    return before is None or _show(before) != _show(entity)


def _show(entity: Any) -> Any:
    """Leave out what nobody sees of who is declared as switched off."""
    unseen: dict[str, Any] = {} if entity.enabled else {"email": "", "aliases": ()}
    return replace(entity, **unseen)


# After a failure


def judge_failure(
    known: Known,
    spec: Organization,
    before: Picture,
    after: Picture,
    *,
    alone: Picture | None,
    loose: Collection[Reference],
    meanwhile: Meanwhile | None,
) -> list[str]:
    """Say what is not as it was found.

    Args:
        known: As of before.
        spec: That failed.
        before: What was live before.
        after: What is.
        alone: What there would be, if what somebody did in the middle was all; `None`: nobody did.
        loose: Of whom that depends on the moment.
        meanwhile: What they did, as the deployment had made what they found.
    """
    if known.deployed is None and not before:
        return _judge_creation(spec, after, meanwhile)
    found = before if alone is None else alone
    ids = list_ids(before) | list_ids(found)
    free = _find_free(ids, list_ids(after), loose)
    # A deletion comes at the very end, and what fails after it does not bring anybody back
    # (docs/decisions/0012-removals-come-last.md).
    leavers = known.mine.keys() - _by_declaration(spec).keys()
    deleted = [
        each
        for each in leavers
        if _get_removal(spec, each.kind) is Removal.DELETE
        and known.mine[each] in ids
        and known.mine[each] not in list_ids(after)
    ]
    free |= _find_free(ids, list_ids(after), deleted)
    options = _allow_either(before, found, meanwhile)
    if meanwhile:
        options |= _leave_given(known, spec, found, after, meanwhile)
    by_hand = meanwhile.switched_on if meanwhile else set[str]()
    for address, id_ in _list_holders(after).items():
        if id_ in by_hand:  # WorkMail lets no domain go that somebody has an address at
            options.setdefault(("domain", get_domain(address)), {None, True})
    wrong = list(_check_common(after))
    declared = _by_declaration(spec)
    for id_, name in list_ids(after).items():
        if id_ in ids or id_ in free:
            continue
        if meanwhile and name in meanwhile.deleted:
            continue  # a rollback makes again who is declared and not there
        if after[id_, "on"] and id_ not in by_hand:
            wrong.append(f"{name} was made by a deployment that failed, and is switched on")
        elif not any(str(each) == name for each in declared):
            wrong.append(f"{name} is there, and nobody declared it")
    # Nobody has used who was made by a deployment that failed: that they are off is all.
    free |= {id_ for id_ in known.made if not after.get((id_, "on"))}
    wrong += _compare(found, after, options, ids=ids, free=free)
    return wrong


def _judge_creation(spec: Organization, after: Picture, meanwhile: Meanwhile | None) -> list[str]:
    on, by_hand = list_on(after), set[str]()
    wrong: list[str] = []
    if meanwhile:
        by_hand = meanwhile.switched_on
        declared = set(map(str, _by_declaration(spec)))
        others = {id_ for id_, name in meanwhile.made.items() if name not in declared}
        wrong = [
            f"{meanwhile.made[path[0]]} was made by hand, and {path[1:]} is {after.get(path)}"
            for path in sorted({**meanwhile.later, **after})
            if path[0] in others and after.get(path) != meanwhile.later.get(path)
        ]
    left = on - by_hand
    names = list_ids(after).items()
    return [*wrong, *(f"{name} is left switched on" for id_, name in names if id_ in left)]


def _leave_given(
    known: Known, spec: Organization, found: Picture, after: Picture, meanwhile: Meanwhile
) -> dict[Path, set[Any]]:
    """Leave an address that the deployment had taken where people gave it meanwhile.

    Whoever had it keeps what they have: a primary that is theirs by a declaration or was found
    with them; further addresses as found, but for this one.
    """
    options: dict[Path, set[Any]] = {}
    had, has = _list_holders(found), _list_holders(after)
    for address, id_ in meanwhile.given.items():
        former = had.get(address)
        if has.get(address) == id_:  # it may be a further one where their own is put back
            options[id_, "alias", address] = {None, True}
        if former is None or former == id_ or has.get(address) != id_:
            continue
        options[former, "alias", address] = {None}
        primary = after.get((former, "email"))
        if found.get((former, "email")) == address and primary in _list_own(
            former, known, spec, found
        ):
            options[former, "email"] = {primary}
            options[former, "alias", primary] = {None}
    return options


def _list_own(id_: str, known: Known, spec: Organization, found: Picture) -> set[str]:
    """List the addresses that somebody was found with, or is declared with before or now."""
    reference = parse_reference(list_ids(found)[id_])
    sides = (_by_declaration(known.deployed), _by_declaration(spec))
    declared = [side[reference] for side in sides if reference in side]
    own = {fold(address) for each in declared for address in (each.email, *each.aliases)}
    return own | {address for address, holder in _list_holders(found).items() if holder == id_}


def _find_free(
    before: Mapping[str, str], after: Mapping[str, str], loose: Collection[Reference]
) -> set[str]:
    names = {str(each) for each in loose}
    return {id_ for id_, name in {**before, **after}.items() if name in names}


def _allow_either(
    before: Picture, found: Picture, meanwhile: Meanwhile | None
) -> dict[Path, set[Any]]:
    """Allow of whom somebody did something to what was before, and what came of it."""
    if before is found or not meanwhile:
        return {}
    paths = {path for path in {**before, **found} if before.get(path) != found.get(path)}
    options = {path: {before.get(path), found.get(path)} for path in paths}
    if meanwhile.needs_deployment:
        for path in meanwhile.changed:
            options[path] = {before.get(path), meanwhile.later.get(path)}
    return options


def _compare(
    found: Picture,
    after: Picture,
    options: Mapping[Path, set[Any]],
    *,
    ids: Collection[str],
    free: Collection[str],
) -> Iterator[str]:
    """Say of each value that may not be so which one was expected."""
    on = list_on(found) & list_on(after)
    ids_after = list_ids(after)
    names = {**ids_after, **list_ids(found)}
    for path in sorted({**found, **after, **options}):
        expected = options.get(path, {found.get(path)})
        if after.get(path) in expected or _FREE in expected:
            continue
        if path[0] == "role" and _leave_gone(after.get(path), ids_after) in {
            _leave_gone(each, ids_after) for each in expected
        }:
            continue  # a rule that names people who are deleted says nothing any more
        if path[1:] == ("mailbox",) and path not in found:
            continue  # a mailbox that comes is no loss
        if path[1:2] == ("was",):
            continue  # an address of who is switched off is free
        about = {each for each in path if each in names}
        if about & set(free):
            continue
        if path[0] in names and path[0] not in ids and path not in options:
            continue  # of a newcomer
        if not _is_seen(path, on, names) and (path not in options or path[1:] == ("quota",)):
            continue
        said = " ".join(names.get(each, each) for each in path)
        wanted = " or ".join(sorted(map(str, expected)))
        yield f"{said}: {wanted} expected, {after.get(path)} is there"


def _leave_gone(role: str | None, there: Collection[str]) -> str | None:
    """Leave out the rules of a role that name nobody who is there."""
    if role is None:
        return None
    said = json.loads(role)
    rules = [
        each
        for each in said.get("Rules", ())
        if not each.get("TargetUsers") or not set(each["TargetUsers"]).isdisjoint(there)
    ]
    return json.dumps({**said, "Rules": rules}, sort_keys=True)


def _is_seen(path: Path, on: set[str], names: Mapping[str, str]) -> bool:
    """Return whether a value can be seen both times: of who is switched off, nobody sees it."""
    if path[0] == "right" or path[1:2] in (("member",), ("delegate",)):
        return {each for each in path if each in names} <= on
    if path[1:2] in (("email",), ("alias",), ("quota",)):
        return path[0] in on
    return True


def _check_common(after: Picture) -> Iterator[str]:
    """Say what must never be left."""
    names = list_ids(after)
    for path, value in after.items():
        address = path[2] if path[1:2] == ("alias",) else value if path[1:] == ("email",) else ""
        if address and is_parking_address(address):
            yield f"{names[path[0]]} is left with the address {address}"


# After a success


def judge_success(
    known: Known,
    spec: Organization,
    before: Picture,
    after: Picture,
    *,
    alone: Picture | None,
    loose: Collection[Reference],
    meanwhile: Meanwhile | None,
    stack: Stack,
) -> list[str]:
    """Say what is not as declared, and what was touched that is not the stack's.

    Args:
        known: As of before.
        spec: That was deployed.
        before: What was live before.
        after: What is.
        alone: As in `judge_failure`.
        loose: As there.
        meanwhile: As there.
        stack: Reads rules and settings.
    """
    found = before if alone is None else alone
    judgement = _Judgement(known, spec, found, after)
    options = judgement.list_options()
    for path, values in _allow_either(before, found, meanwhile).items():
        options[path] = options.get(path, set()) | values
    for name in meanwhile.deleted if meanwhile else ():
        options.pop(("nobody", name), None)
    ids = list_ids(found)
    free = _find_free(ids, list_ids(after), loose)
    if alone is not None:
        wrong: list[str] = []
    else:
        wrong = judgement.refuse_strangers() + judgement.list_settings_wrong(stack, meanwhile)
    wrong += _check_common(after)
    if not found:  # the stack made the organization: nothing was there
        found = {path: value for path, value in after.items() if path not in options}
    wrong += _compare(found, after, options, ids=ids, free=free)
    return wrong


@dataclass
class _Judgement:
    """What may be live after one deployment that succeeded."""

    known: Known
    spec: Organization
    found: Picture
    after: Picture

    def __post_init__(self) -> None:
        self.previous = _by_declaration(self.known.deployed)
        self.declared = _by_declaration(self.spec)
        self.ids_before, self.ids = _by_reference(self.found), _by_reference(self.after)
        self.on_before, self.on = list_on(self.found), list_on(self.after)
        self.paths: dict[str, list[Path]] = {}
        for path in {**self.found, **self.after}:
            self.paths.setdefault(path[0], []).append(path)
        self.wanted: dict[str, set[Reference]] = {}
        self._want()
        self.changed = _list_changed(self.known.deployed, self.spec, stack="test-acme")

    def _want(self) -> None:
        """Find who is to get which address.

        Whoever has one of these is read too, and then they are to get their own.
        """
        waiting = [*self.declared]
        while waiting:
            reading = [each for each in waiting if self._is_read(each)]
            for reference in reading:
                entity = self.declared[reference]
                for address in (entity.email, *entity.aliases) if entity.enabled else ():
                    self.wanted.setdefault(fold(address), set()).add(reference)
            waiting = [each for each in waiting if each not in reading] if reading else []

    def _is_read(self, reference: Reference) -> bool:
        touched = self._is_touched(reference)
        return touched or self._is_unsure(reference, self.declared[reference])

    def list_options(self) -> dict[Path, set[Any]]:
        """List which values each path may have that need not be as found."""
        options: dict[Path, set[Any]] = {}
        for reference, entity in self.declared.items():
            options |= self._declare(reference, entity)
        for reference in self.previous.keys() - self.declared.keys():
            options |= self._remove(reference)
        options |= self._declare_rights()
        options |= self._declare_settings()
        return options

    def refuse_strangers(self) -> list[str]:
        """Say who was taken over without leave."""
        wrong: list[str] = []
        for reference, entity in self.declared.items():
            id_ = self.ids_before.get(reference)
            if id_ is None or not self._is_touched(reference):
                continue
            ours = id_ == self.known.mine.get(reference) or id_ in self.known.made
            # Where a stack made an organization and failed, whoever is switched off was its own.
            ours |= not self.previous and not self.spec.existing and id_ not in self.on_before
            if not (ours or self.spec.adopt or entity.adopt):
                wrong.append(f"{reference} was taken over without adopt")
        return wrong

    def _is_touched(self, reference: Reference) -> bool:
        return _is_touched(self.known, self.declared[reference])

    def _is_unsure(self, reference: Reference, entity: Any) -> bool:
        """Return whether somebody may be read though nothing of their declaration changes."""
        known = self.known
        if reference in known.unsure:
            return True
        seen = known.seen.get(reference)
        if seen is not None and seen != _see_listed(entity, self.ids, self.on):
            return True
        if seen is not None and seen != _see_listed(entity, self.ids_before, self.on_before):
            return True
        # Whoever has an address that another one is to get is read; also who was switched off with
        # it: WorkMail still says that it is theirs.
        id_ = self.ids_before.get(reference, "")
        held = {self.found.get((id_, "email"))} | {
            path[2] for path in self.paths.get(id_, ()) if path[1] in ("alias", "was")
        }
        return any(self.wanted.get(str(each), set()) - {reference} for each in held)

    def _declare(self, reference: Reference, entity: Any) -> dict[Path, set[Any]]:
        touched = self._is_touched(reference)
        unsure = self._is_unsure(reference, entity)
        if not touched and not unsure:
            return {}
        id_ = self.ids.get(reference)
        former = self.ids_before.get(reference)
        if touched and id_ is None:
            return {("nobody", str(reference)): {"created"}}
        if touched and former is not None and id_ != former:
            return {(former, "name"): {str(reference)}}
        if id_ is None:
            return {}
        is_strange = not touched and former == id_ and id_ != self.known.mine.get(reference)
        if is_strange and not (self.spec.adopt or entity.adopt):
            return {}  # made again by hand, and nobody's
        options: dict[Path, set[Any]] = {}
        for path, value in self._say(id_, entity).items():
            is_sure = touched and (former is None or _show(entity) not in self.known.tried)
            options[path] = {value} if is_sure else {value, self.found.get(path)}
        return options

    def _say(self, id_: str, entity: Any) -> dict[Path, Any]:
        """Say how somebody is as declared."""
        previous = self.previous.get(entity.reference.folded)
        said: dict[Path, Any] = {(id_, "on"): entity.enabled}
        said |= self._say_fields(id_, entity, previous)
        if entity.enabled and id_ in self.on:
            said |= self._say_addresses(id_, entity, previous)
            for list_, word in LISTED.items():
                if hasattr(entity, list_):
                    said |= self._say_list(id_, entity, previous, list_, word)
        return said

    def _say_fields(self, id_: str, entity: Any, previous: Any) -> dict[Path, Any]:
        said: dict[Path, Any] = {
            (id_, "HiddenFromGlobalAddressList"): entity.hidden_from_global_address_list
        }
        names: tuple[str, ...] = PROFILE_FIELDS if isinstance(entity, User) else ()
        if isinstance(entity, Bookable):
            names = ("description",)
            booking = {
                "AutoAcceptRequests": entity.booking.auto_accept,
                "AutoDeclineRecurringRequests": entity.booking.decline_recurring,
                "AutoDeclineConflictingRequests": entity.booking.decline_conflicts,
            }
            said[id_, "BookingOptions"] = write(booking)
            if not entity.enabled:
                return {}
        for name in names:
            path = (id_, make_api_name(name))
            value, found = getattr(entity, name), self.found.get(path)
            was = getattr(previous, name, None) if previous else None
            if value is not None:
                said[path] = value
            elif was is not None and was == found and name != "display_name":
                said[path] = None  # emptied: the spec had said it itself
        if isinstance(entity, User) and entity.quota_megabytes and entity.enabled:
            said[id_, "quota"] = entity.quota_megabytes
        return said

    def _say_addresses(self, id_: str, entity: Any, previous: Any) -> dict[Path, Any]:
        said: dict[Path, Any] = {(id_, "email"): fold(entity.email)}
        own = {fold(each) for each in entity.aliases}
        ours: set[str] = set()
        if previous:
            ours = {fold(each) for each in (previous.email, *previous.aliases)}
        primary: str = self.found.get((id_, "email")) or ""
        candidates = own | {path[2] for path in self.paths.get(id_, ()) if path[1] == "alias"}
        for alias in candidates | ({primary} - {""}):
            path = (id_, "alias", alias)
            others = self.wanted.get(alias, set()) - {entity.reference.folded}
            # Who is not declared otherwise is believed to have theirs, as long as nobody has to
            # read them: it stays with whom people gave it to, and is lost to nobody.
            if (self.found.get(path) or alias == primary) and not self._is_got(alias, others):
                others = set[Reference]()
            exclusive = Listing.ALIASES in entity.exclusive
            if alias in own:
                said[path] = True
            elif alias == fold(entity.email) or others or alias in ours:
                said[path] = None
            elif self._comes_back(id_, entity):
                said[path] = _FREE
            elif exclusive and get_domain(alias) != self.spec.test_domain:
                said[path] = None
            elif self.found.get(path) or alias == primary:
                said[path] = True
            else:
                said[path] = None
        return said

    def _is_got(self, address: str, wanting: Collection[Reference]) -> bool:
        """Return whether somebody is to get an address for sure, or has got it."""
        holder = _list_holders(self.after).get(address)
        return any(self._is_touched(each) or self.ids.get(each) == holder for each in wanting)

    def _comes_back(self, id_: str, entity: Any) -> bool:
        """Return whether somebody returns with what nobody can see before they do.

        Whom the stack made, and the last deployment did not declare, returns with what an earlier
        one gave them, and without the rest (`Situation.is_exclusive`).
        """
        returns = entity.reference.folded not in self.previous
        return id_ not in self.on_before or (returns and id_ in self._list_mine())

    def _list_mine(self) -> set[str]:
        return {*self.known.mine.values(), *self.known.made}

    def _say_list(
        self, id_: str, entity: Any, previous: Any, list_: str, word: str
    ) -> dict[Path, Any]:
        said: dict[Path, Any] = {}
        wanted = {each.folded for each in getattr(entity, list_)}
        before: set[Reference] = set()
        if previous:
            before = {each.folded for each in getattr(previous, list_)}
        given = self.known.given.get(entity.reference.folded, frozenset())
        listing = Listing(list_)
        for reference, other in self.ids.items():
            path = (id_, word, other)
            if other not in self.on or other == id_:
                continue
            is_ours = other == self.known.mine.get(reference, other)
            if reference in wanted and not is_ours:
                said[path] = _FREE  # made again by hand
            elif reference in wanted:
                said[path] = True
            elif reference in before or listing in entity.exclusive:
                said[path] = None
            elif reference in given or self._comes_back(id_, entity):
                said[path] = _FREE
            elif other not in self.on_before:
                said[path] = _FREE  # memberships of who was switched off are not seen
            else:
                said[path] = self.found.get(path)
        return said

    def _remove(self, reference: Reference) -> dict[Path, set[Any]]:
        """Say what becomes of who left the spec."""
        id_ = self.known.mine.get(reference)
        policy = _get_removal(self.spec, reference.kind)
        if id_ is None or id_ not in list_ids(self.found) or policy is Removal.RETAIN:
            return {}
        if id_ in self.known.perhaps:
            return {path: {None, False, self.found.get(path)} for path in self.paths[id_]}
        if policy is Removal.DISABLE:
            return {(id_, "on"): {False}}
        # Whom a request made that its rollback had overtaken: nobody noted whose they are.
        is_unsure = id_ in self.known.made and id_ not in self.on_before
        return {
            path: {None, self.found.get(path)} if is_unsure else {None}
            for path in {*self.paths[id_], *(each for each in self.found if id_ in each)}
        }

    def _declare_rights(self) -> dict[Path, set[Any]]:
        if "permissions" not in self.changed:
            return {}
        wanted, before = _list_rights(self.spec), _list_rights(self.known.deployed)
        exclusive = {
            reference
            for reference, entity in self.declared.items()
            if Listing.RIGHTS in entity.exclusive
        }
        names = {id_: reference for reference, id_ in {**self.ids_before, **self.ids}.items()}
        options: dict[Path, set[Any]] = {}
        for mailbox, grantee, right in {*wanted, *before}:
            pair = (self.ids.get(mailbox, ""), self.ids.get(grantee, ""))
            if set(pair) <= self.on:
                path = ("right", *pair, right)
                options[path] = {True if (mailbox, grantee, right) in wanted else None}
        for path in {**self.found, **self.after}:
            if path[0] == "right" and path not in options and names.get(path[1]) in exclusive:
                options[path] = {None}
        return options

    def _declare_settings(self) -> dict[Path, set[Any]]:
        """Leave sections that changed to `compare`; but what people made beside stays."""
        options: dict[Path, set[Any]] = {}
        keyed = _list_keys(self.spec) | _list_keys(self.known.deployed)
        options |= {("domain", each.name): {True} for each in self.spec.domains}
        sections = {_SECTIONS[each][0] for each in self.changed if each in _SECTIONS}
        for path in {**self.found, **self.after}:
            beside = path[0] in ("role", "availability", "tag") and path[:2] not in keyed
            if path[0] in sections and not beside:
                options[path] = {_FREE}
        return options

    def list_settings_wrong(self, stack: Stack, meanwhile: Meanwhile | None) -> list[str]:
        """Say which rules and settings that were declared otherwise are not as declared."""
        # What people chose when a first deployment had written its own stays as they left it.
        chosen = meanwhile.list_left(self.after) if meanwhile else set[str]()
        sections = (_SECTIONS[each] for each in self.changed if each in _SECTIONS)
        places = tuple(place for name, place in sections if name not in chosen)
        differences = compare(self.spec, look_live(stack), self.known.deployed)
        return [str(each) for each in differences if each.path.startswith(places)]


def _list_changed(deployed: Organization | None, spec: Organization, *, stack: str) -> set[str]:
    """List the sections of rules and settings that are declared otherwise than before."""
    changed = {
        kind.fact
        for kind in (DEFAULT_DOMAIN, *SETTINGS)
        if deployed is None or kind.declare(deployed, stack) != kind.declare(spec, stack)
    }
    if deployed is None or deployed.tags != spec.tags:
        changed.add("tags")
    return changed


def _list_rights(spec: Organization | None) -> set[tuple[Reference, Reference, str]]:
    if spec is None:
        return set()
    return {
        (each.mailbox.folded, each.grantee.folded, right.upper())
        for each in spec.permissions
        if not {each.mailbox.folded, each.grantee.folded} & spec.disabled
        for right in each.rights
    }


def _list_keys(spec: Organization | None) -> set[Path]:
    if spec is None:
        return set()
    policies = spec.policies
    return {
        *(("role", each.name) for each in policies.impersonation_roles),
        *(("availability", fold(each.domain)) for each in policies.availability),
        *(("tag", key) for key in spec.tags),
    }
