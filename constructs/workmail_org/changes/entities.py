"""What users, groups and resources have in common: coming, staying, moving, leaving."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

from workmail_org.changes.addresses import (
    Holder,
    create_alias,
    describe_taken,
    index_addresses,
    is_parking_address,
    list_held,
    move_addresses,
)
from workmail_org.changes.brakes import list_address_brakes, list_export_brakes, list_removal_brakes
from workmail_org.changes.calls import Call, Identity, Phase, make_call, order
from workmail_org.changes.deciding import Decision
from workmail_org.model.live import Entity, EntityT, Found
from workmail_org.model.removal import Removal, Safety
from workmail_org.model.user import User
from workmail_org.model.values import EntityId, Kind, Listing, Reference, fold

_DELETE_OPERATIONS = {
    Kind.USER: ("DeleteUser", "UserId"),
    Kind.GROUP: ("DeleteGroup", "GroupId"),
    Kind.RESOURCE: ("DeleteResource", "ResourceId"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """An entity of another collection whose addresses change together with this one's.

    Attributes:
        primary: Its address now.
        aliases: Its further addresses now.
        previous: Addresses that the last deployment declared.
        wanted: What the spec wants it to have, the primary one first; empty:
            the spec no longer declares it.
        enabled: Addresses of a disabled entity cannot be changed.
    """

    id: EntityId
    reference: Reference
    primary: str
    aliases: tuple[str, ...]
    previous: tuple[str, ...]
    wanted: tuple[str, ...]
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation(Generic[EntityT]):
    """Everything that the changes of one collection depend on.

    Attributes:
        actual: What WorkMail has under the names of `owned` and `desired`,
            whoever made it; names unique without case.
        previous: What the last deployment declared.
        owned: Folded names of entities that the ledger says are this stack's.
        made: Those of them that it created, in an update that goes forward.
        kept: Members or delegates who left the spec and could not be taken out yet, by folded
            name of the group or resource.
        desired: From the spec; names unique without case.
        removal: What happens to entities that left the spec.
        exceptions: Other removal policies for some of them, by folded name.
        memberships: Groups that they are taken out of before they are switched off, by folded
            reference: in a rollback, which comes to groups later.
        leftovers: What takes away from who is switched on again what left the spec meanwhile.
        test_domain: `<alias>.awsapps.com`.
        neighbours: Entities of other collections that addresses come from or go to.
        wanted_elsewhere: Folded addresses that other shards, and collections which come
            later, declare: whoever leaves does so only after they are taken.
        read_only_directory: Entities exist already and are only enabled.
        adopt: Entities that somebody else made may be taken over.
        taken_over: The organization was there before the stack.
        undoing: A failed deployment is rolled back: what was declared before
            it was ours, and is not refused now.
        as_found: What is desired is how a failed deployment found it: what people have added
            to lists since then stays.
        template: What the template declares that is rolled back to, where that takes its place.
        begins: The resource is created, so its ledger may know nobody yet; or only the directory
            makes anybody.
        previous_is_lost: Nobody knows what the last deployment declared: whoever
            leaves, leaves with this one.
        absent: Of the whole collection, also of other shards: who is declared
            and not there.
        brought_later: Folded names of those of them whom a later shard brings into being.
        enabled: Ids of the users and groups that are switched on, by folded reference.
        managed: How many entities the stack answers for, but for who is switched off and stays so.
        safety: How many of them may leave without confirmation.
        exported: Ids of those whose mailbox has a verified export; `None`: it does not matter.
        generate_passwords: Whether new users get one.
        strangers: Who has an address and is not the stack's, by folded address. A
            handler finds that out when WorkMail refuses; a plan has to know.
        namesakes: Folded names that the directory has given to others; the same holds.
    """

    actual: Sequence[Found[EntityT]]
    previous: Sequence[EntityT]
    desired: Sequence[EntityT]
    owned: Collection[str]
    removal: Removal
    test_domain: str
    neighbours: Sequence[Neighbour] = ()
    wanted_elsewhere: frozenset[str] = frozenset()
    exceptions: Mapping[str, Removal] = field(default_factory=dict[str, Removal])
    memberships: Mapping[Reference, tuple[Reference, ...]] = field(
        default_factory=dict[Reference, tuple[Reference, ...]]
    )
    leftovers: Sequence[Call] = ()
    read_only_directory: bool = False
    adopt: bool = False
    taken_over: bool = False
    undoing: bool = False
    as_found: bool = False
    template: Sequence[EntityT] = ()
    begins: bool = False
    previous_is_lost: bool = False
    absent: Sequence[EntityT] = ()
    brought_later: Collection[str] = frozenset()
    enabled: Mapping[Reference, str] = field(default_factory=dict[Reference, str])
    made: Collection[str] = frozenset()
    kept: Mapping[str, tuple[Reference, ...]] = field(
        default_factory=dict[str, tuple[Reference, ...]]
    )
    managed: int = 0
    safety: Safety = Safety()  # noqa: RUF009 - frozen
    exported: Collection[str] | None = None
    generate_passwords: bool = True
    strangers: Mapping[str, Reference] = field(default_factory=dict[str, Reference])
    namesakes: Collection[str] = frozenset()
    found: Mapping[str, Found[EntityT]] = field(init=False)
    declared: Mapping[str, EntityT] = field(init=False)
    wanted: Collection[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "found", {fold(f.entity.name): f for f in self.actual})
        object.__setattr__(self, "wanted", {fold(e.name) for e in self.desired})
        object.__setattr__(self, "declared", {fold(e.name): e for e in self.previous})

    def find(self, entity: EntityT) -> Found[EntityT] | None:
        """Return what WorkMail has under the entity's name."""
        return self.found.get(fold(entity.name))

    def find_previous(self, entity: EntityT) -> EntityT | None:
        """Return what the last deployment declared under the entity's name."""
        return self.declared.get(fold(entity.name))

    def may_take_out(self, entity: EntityT, listing: Listing, listed: Reference) -> bool:
        """Return whether somebody who is not desired leaves a list of members or delegates.

        Whoever is switched off cannot be taken out. Whom the last deployment did not declare was
        added by hand, and stays where the list is not exclusive. In a rollback nobody knows of
        those whom the failed deployment did not name whether they were in it when it began: lists
        show only who is switched on.
        """
        if listed not in self.enabled or self._goes_into_hiding(entity, listed):
            return False
        if self.is_exclusive(entity, listing):
            return True
        return listed in self._list_given(entity)

    def _goes_into_hiding(self, entity: EntityT, listed: Reference) -> bool:
        """Return whether a rollback switches somebody, or their group, off who was in it all along.

        What was found does not name them, since lists show only who is switched on. The template
        that is rolled back to does.
        """
        goes_off = not entity.enabled or any(
            each.reference.folded == listed and not each.enabled for each in self.desired
        )
        return goes_off and listed in self._list_in_template(entity)

    def _list_in_template(self, entity: EntityT) -> frozenset[Reference]:
        """List whom the template that is rolled back to has in a group or resource."""
        return frozenset[Reference]().union(
            *(
                _list_references(each)
                for each in self.template
                if each.reference.folded == entity.reference.folded
            )
        )

    def list_kept(self, entity: EntityT) -> tuple[Reference, ...]:
        """List the members or delegates who left the spec and are still to be taken out.

        Whoever is switched off is in no list, and comes back as one: what is not done now, a later
        deployment does.
        """
        found = self.find(entity)
        there = _list_references(found.entity) if found else frozenset[Reference]()
        declared = _list_references(entity) | self._list_in_template(entity)
        gone = self._list_given(entity) - declared
        return tuple(sorted(each for each in gone if each in there or each not in self.enabled))

    def _list_given(self, entity: EntityT) -> frozenset[Reference]:
        """List whom the stack made members or delegates, folded."""
        previous = self.find_previous(entity)
        given = _list_references(previous) if previous else frozenset[Reference]()
        return given.union(self.kept.get(fold(entity.name), ()))

    def is_exclusive(self, entity: EntityT, listing: Listing) -> bool:
        """Return whether a list of an entity has no entries but the declared ones.

        Whom the stack made, and the last deployment did not declare, returns with what an earlier
        one gave them.
        """
        if self.as_found:
            return False
        returns = self.find_previous(entity) is None and fold(entity.name) in self.made
        return returns or listing in entity.exclusive

    def get_leavers(self) -> tuple[Found[EntityT], ...]:
        """Return the owned entities that are no longer declared and still there."""
        return tuple(
            found
            for found in self.actual
            if (name := fold(found.entity.name)) in self.owned and name not in self.wanted
        )


def _list_references(entity: Entity) -> frozenset[Reference]:
    """List the members of a group, or the delegates of a resource, folded."""
    listed: Any = entity
    named = (*getattr(listed, "members", ()), *getattr(listed, "delegates", ()))
    return frozenset(each.folded for each in named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits(Generic[EntityT]):
    """What one kind of entity does in its own way.

    Attributes:
        create: The call that makes it.
        update: The calls that bring its own fields, of one that may not exist
            yet (`None`), to what is desired.
        refuse: Sentences on what is impossible for this kind alone.
    """

    kind: Kind
    create: Callable[[Situation[EntityT], EntityT], Call]
    update: Callable[[Situation[EntityT], EntityT, Found[EntityT] | None], Iterable[Call]]
    refuse: Callable[[Situation[EntityT]], Iterable[str]]


def decide(traits: Traits[EntityT], situation: Situation[EntityT]) -> Decision:
    """Decide how one collection comes from what is there to what is desired.

    Entities are matched by name, without case: ids exist only after creation.

    Returns:
        Calls in the order of their phases, those that wait for the end of the
        stack apart; or refusals.
    """
    refusals = _refuse_absent(traits.kind, situation)
    if not situation.undoing:
        refusals += (*traits.refuse(situation), *_refuse(traits.kind, situation))
    if refusals:
        return Decision(refusals=refusals)
    calls: list[Call] = []
    newcomers = {
        address
        for entity in situation.desired
        if entity.enabled and not _is_enabled(situation.find(entity))
        for address in index_addresses((entity.email, *entity.aliases))
    }
    wanted = newcomers | situation.wanted_elsewhere
    holders = list(_list_holders(situation))
    before = _list_held(traits.kind, holders)
    calls += move_addresses(holders, situation.test_domain, wanted)
    for entity in situation.desired:
        calls += _bring(traits, situation, entity)
    for leaver in situation.get_leavers():
        entity = leaver.entity
        removal_policy = situation.exceptions.get(fold(entity.name), situation.removal)
        if situation.read_only_directory:
            removal_policy = soften(removal_policy)
        removals = [*remove(entity.reference, removal_policy, enabled=entity.enabled)]
        groups = situation.memberships.get(entity.reference.folded, ()) if removals else ()
        calls += [take_out(group, entity.reference) for group in groups]
        calls += removals
    ordered = order([*calls, *situation.leftovers])
    waiting = [_waits(situation, call) for call in ordered]
    return Decision(
        calls=tuple(call for call, waits in zip(ordered, waiting, strict=True) if not waits),
        waits=tuple(call for call, waits in zip(ordered, waiting, strict=True) if waits),
        brakes=(
            *list_removal_brakes(
                traits.kind, ordered, owned=situation.managed, safety=situation.safety
            ),
            *list_address_brakes(
                traits.kind,
                ordered,
                before,
                _list_held(traits.kind, holders),
                newcomers | _list_coming(situation),
                safety=situation.safety,
            ),
            *list_export_brakes(traits.kind, ordered, situation.found, situation.exported),
        ),
    )


def _waits(situation: Situation[EntityT], call: Call) -> bool:
    """Return whether this deployment takes somebody away: that waits for the end of the stack.

    Not so for whom the last deployment should have taken away already, such as
    somebody who was switched on again by hand.
    """
    if not call.phase.takes_away:
        return False
    if situation.previous_is_lost:
        return True
    name = call.subject.folded.name
    before = situation.declared.get(name)
    if name in situation.wanted:
        return before is None or before.enabled
    return before is not None


def _refuse(kind: Kind, situation: Situation[EntityT]) -> tuple[str, ...]:
    return (
        *_refuse_renames(kind, situation),
        *_refuse_takeovers(kind, situation),
        *_refuse_unreleased(kind, situation),
        *_refuse_taken(kind, situation),
    )


def _refuse_renames(kind: Kind, situation: Situation[EntityT]) -> tuple[str, ...]:
    """Say why a renamed key is not applied.

    WorkMail cannot rename a user or a group: a new name is a new id, with a
    new and empty mailbox, while the old mailbox dies after 30 days
    (WorkMail Admin Guide, "manage-mailboxes"). What went and came is judged by
    what is there, not by the last template: a refused update is rolled back as
    if it had happened. A newcomer may be another shard's.
    """
    return tuple(
        _describe_rename(kind, old.entity.name, new.name, clue)
        for old in situation.get_leavers()
        for new in situation.absent
        if (clue := _find_clue(old.entity, new))
    )


def _find_clue(old: EntityT, new: EntityT) -> str | None:
    """Return what makes two keys look like one entity."""
    if old.email and fold(old.email) == fold(new.email):
        return f"the same address {new.email}"
    if isinstance(old, User) and isinstance(new, User):
        return _find_personal_clue(old, new)
    return None


def _find_personal_clue(old: User, new: User) -> str | None:
    """Return what makes two users look like one person whose name changes."""
    if new.display_name and new.display_name == old.display_name:
        return f"the same display name {new.display_name!r}"
    identity = new.identity_provider_user_id
    if identity and identity == old.identity_provider_user_id:
        return f"the same identity_provider_user_id {identity!r}"
    if not new.first_name or new.first_name != old.first_name:
        return None
    if new.telephone and new.telephone == old.telephone:
        return f"the same first_name {new.first_name!r} and telephone {new.telephone!r}"
    # By itself it is not a clue: a successor gets the address of who leaves.
    kept = next((a for a in new.aliases if old.email and fold(a) == fold(old.email)), None)
    return f"the same first_name {new.first_name!r} and the former address {kept}" if kept else None


def _describe_rename(kind: Kind, old: str, new: str, clue: str) -> str:
    loss = "an empty mailbox" if kind is Kind.USER else "a new id"
    return (
        f"{kind} {old!r} is removed and {new!r} is added with {clue}: names cannot change in "
        f"WorkMail, so this would switch "
        f"{old!r} off and start {new!r} with {loss}; to keep it, keep the key "
        f"{old!r} and change display_name, email or aliases; if these are two, remove {old!r} in "
        f"one deployment and add {new!r} in the next"
    )


def _refuse_absent(kind: Kind, situation: Situation[EntityT]) -> tuple[str, ...]:
    """Refuse what only the directory can make."""
    if not situation.read_only_directory:
        return ()
    return tuple(
        f"{kind} {entity.name!r} is not in the directory: create it there, wait until WorkMail has "
        "read it (every 4 hours), then deploy again"
        for entity in situation.desired
        if not situation.find(entity)
    )


def _refuse_takeovers(kind: Kind, situation: Situation[EntityT]) -> tuple[str, ...]:
    refusals: list[str] = []
    for entity in situation.desired:
        found = situation.find(entity)
        ours = fold(entity.name) in situation.owned or situation.adopt or entity.adopt
        # Who left the spec and is declared again is ours still, and is switched on. In an
        # organization that a stack made, and that a stack finds again, whoever is switched off was
        # once a stack's too.
        by_hand = found and (found.entity.enabled or situation.taken_over or not situation.begins)
        if found and by_hand and not ours:
            refusals.append(
                f"{kind} {entity.name!r} exists already, {_describe_holder(found)}, and this stack "
                "did not make it: choose another key, or set adopt: true to take it over"
            )
    return tuple(refusals)


def _describe_holder(found: Found[EntityT]) -> str:
    entity = found.entity
    if entity.enabled:
        return f"with the address {entity.email}"
    name = entity.display_name if isinstance(entity, User) else None
    return f"switched off, as {name!r}" if name else "switched off"


def _refuse_unreleased(kind: Kind, situation: Situation[EntityT]) -> tuple[str, ...]:
    """Refuse to take an address from an entity that `on_removal: retain` leaves alone."""
    if situation.removal is not Removal.RETAIN:
        return ()
    wanted = dict.fromkeys(situation.wanted_elsewhere, "another entity in the spec")
    wanted |= {
        fold(address): f"{kind} {entity.name!r}"
        for entity in situation.desired
        for address in (entity.email, *entity.aliases)
    }
    return tuple(
        f"{wanted[fold(address)]} wants {address}, which {kind} {leaver.entity.name!r} "
        f"keeps because of on_removal.{kind}s: retain; choose another address or on_removal"
        for leaver in situation.get_leavers()
        if fold(leaver.entity.name) not in situation.exceptions
        for address in (leaver.entity.email, *leaver.entity.aliases)
        if fold(address) in wanted
    )


def _refuse_taken(kind: Kind, situation: Situation[EntityT]) -> Iterator[str]:
    """Refuse names and addresses that others have."""
    for entity in situation.desired:
        if not situation.find(entity) and fold(entity.name) in situation.namesakes:
            yield f"{kind} {entity.name}: {describe_taken_name()}"
        if entity.enabled:
            has = _list_held_by(situation.find(entity))
            wanted = (entity.email, *entity.aliases)
            yield from _refuse_held(kind, situation, entity.reference, wanted, has)
    for each in situation.neighbours:
        if each.enabled:
            has = frozenset(index_addresses((each.primary, *each.aliases)))
            yield from _refuse_held(kind, situation, each.reference, each.wanted, has)


def _refuse_held(
    kind: Kind,
    situation: Situation[EntityT],
    reference: Reference,
    wanted: Iterable[str],
    has: Collection[str],
) -> Iterator[str]:
    """Refuse to give somebody addresses that others have, and keep."""
    for address in wanted:
        holder = situation.strangers.get(fold(address))
        if holder is None or fold(address) in has:
            continue
        # One that is taken over in this collection gives up what another one wants.
        live = situation.found.get(fold(holder.name)) if holder.kind is kind else None
        is_wanted = fold(holder.name) in situation.wanted
        if not (is_wanted and fold(address) in _list_held_by(live)):
            yield f"{reference.kind} {reference.name}: {describe_taken(address, holder)}"


def _list_held_by(found: Found[Any] | None) -> frozenset[str]:
    return list_held(found.entity if found else None)


def describe_taken_name() -> str:
    """Write that a name belongs to somebody else: users and groups share the directory's names."""
    return (
        "the name is taken in the directory by another user or group, maybe a built-in one: "
        "choose another key; whoever leaves the spec keeps the name while switched off, and gives "
        "it up when deleted (on_removal: delete, in an earlier deployment)"
    )


def _is_enabled(found: Found[EntityT] | None) -> bool:
    return found is not None and found.entity.enabled


def _list_holders(situation: Situation[EntityT]) -> Iterable[Holder]:
    """List who holds addresses now: owned entities and neighbours."""
    for entity in situation.desired:
        found = situation.find(entity)
        if found:
            yield _make_holder(situation, found, entity)
    for leaver in situation.get_leavers():
        yield _make_holder(situation, leaver, None)
    for neighbour in situation.neighbours:
        yield Holder(
            reference=neighbour.reference,
            primary=neighbour.primary,
            aliases=index_addresses(neighbour.aliases),
            wanted_primary=neighbour.wanted[0] if neighbour.wanted else None,
            wanted_aliases=index_addresses(neighbour.wanted[1:]),
            owned=frozenset(index_addresses(neighbour.previous)),
            leaves=not neighbour.wanted,
            readdressable=neighbour.enabled,
        )


def _list_held(kind: Kind, holders: Iterable[Holder]) -> dict[Reference, list[str]]:
    """List the addresses that somebody has, folded; who leaves another collection is left to it."""
    return {
        holder.reference.folded: [
            fold(address)
            for address in (holder.primary, *holder.aliases)
            if address and not is_parking_address(address)
        ]
        for holder in holders
        if holder.readdressable and (holder.wanted_primary or holder.reference.kind is kind)
    }


def _list_coming(situation: Situation[EntityT]) -> set[str]:
    """List the addresses, folded, of those who come, also with other shards."""
    return {
        address
        for entity in situation.absent
        if entity.enabled
        for address in index_addresses((entity.email, *entity.aliases))
    }


def _make_holder(
    situation: Situation[EntityT], found: Found[EntityT], desired: EntityT | None
) -> Holder:
    previous = situation.find_previous(found.entity)
    owned = index_addresses((previous.email, *previous.aliases)) if previous else {}
    aliases = index_addresses(found.entity.aliases)
    wanted = index_addresses(desired.aliases) if desired else {}
    is_on = desired is not None and desired.enabled
    if not is_on:  # who is to be switched off gets nothing before
        wanted = {folded: alias for folded, alias in wanted.items() if folded in aliases}
    return Holder(
        reference=found.entity.reference,
        primary=found.entity.email,
        aliases=aliases,
        wanted_primary=desired.email or None if desired and is_on else None,
        wanted_aliases=wanted,
        owned=frozenset(owned),
        exclusive=desired is not None and situation.is_exclusive(desired, Listing.ALIASES),
        leaves=desired is None,
        readdressable=found.entity.enabled,
    )


def _bring(
    traits: Traits[EntityT], situation: Situation[EntityT], entity: EntityT
) -> Iterable[Call]:
    """List what one declared entity needs beyond moving addresses it has already."""
    found = situation.find(entity)
    reference = entity.reference
    if not found:
        yield traits.create(situation, entity)
    if entity.enabled and not _is_enabled(found):
        yield register(reference, entity.email)
        for alias in entity.aliases:
            yield create_alias(reference, alias)
    yield from traits.update(situation, entity, found)
    if _is_enabled(found) and not entity.enabled:
        yield switch_off(reference)


def register(reference: Reference, email: str) -> Call:
    """Build the call that gives somebody a mailbox, or the one back that is kept."""
    identity = Identity(reference)
    operation = "RegisterToWorkMail"
    return make_call(Phase.REGISTER, operation, reference, EntityId=identity, Email=email)


def soften(removal_policy: Removal) -> Removal:
    """Say what becomes of somebody whom only the directory can delete."""
    return Removal.DISABLE if removal_policy is Removal.DELETE else removal_policy


def refuse_nothing(situation: Situation[EntityT]) -> Iterable[str]:  # noqa: ARG001 - the shape
    """Refuse nothing for a kind alone."""
    return ()


def remove(reference: Reference, removal_policy: Removal, *, enabled: bool) -> Iterable[Call]:
    """List the calls that take somebody away; only who is switched off can be deleted."""
    if removal_policy is Removal.RETAIN:
        return
    if enabled:
        yield switch_off(reference)
    if removal_policy is Removal.DELETE:
        operation, parameter = _DELETE_OPERATIONS[reference.kind]
        yield make_call(Phase.DELETE, operation, reference, **{parameter: Identity(reference)})


def take_out(group: Reference, member: Reference) -> Call:
    """Build the call that takes somebody out of a group: both have to be switched on."""
    return make_call(
        Phase.LEAVE,
        "DisassociateMemberFromGroup",
        group,
        GroupId=Identity(group),
        MemberId=Identity(member),
    )


def switch_off(reference: Reference) -> Call:
    """Build the call that ends sign-in and mail; a mailbox is kept for 30 days (facts.md §0.5)."""
    return make_call(
        Phase.DISABLE, "DeregisterFromWorkMail", reference, EntityId=Identity(reference)
    )
