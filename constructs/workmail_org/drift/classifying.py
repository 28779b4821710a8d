"""Classifying: each value that differs between spec, template and WorkMail gets its class. Pure.

Theory of operation. With S for what the spec says, D for what was deployed last and L for what is
live, three two-way differences are taken, all by `differences.keyed`:

* S and L: what a deployment would have to change;
* D and L: what somebody changed by hand since the last deployment;
* S and D: what the author changed since then.

Each difference is a path with two values, so that the three join by path:

    S-L   D-L    S = D    class
    yes   yes    yes      drift; gone, where a whole thing is missing
    yes   yes    no       conflict: a deployment would overwrite the hand
    yes   no              pending; pending removal, where a whole thing leaves and is not retained
    no    yes             converged: the hand did what the spec says by now

A difference of a whole thing ("the group is not there") stands for all that is in it, so a path
also finds those above it. What is live and in neither S nor D is not a declared difference:
`_find_unmanaged` looks for it, in what `describing.leave_out_defaults` leaves of L. What people
added to a declared list is unmanaged too (`differences.additions`).

What could not be read is missing or as in a new organization, which looks like a change. So all
rows that depend on it are dropped, and one row says that it is unreadable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from workmail_org.describing import describe, leave_out_defaults
from workmail_org.differences.additions import list_exclusive_mailboxes
from workmail_org.differences.finding import PRESENT, Finding
from workmail_org.differences.keyed import find_differences
from workmail_org.differences.terms import EXCLUSIVE, FOLDED_KEYS, KEYS, VALUES, WORDS
from workmail_org.drift.model import Row, RowClass
from workmail_org.drift.normalizing import Sides, find_lost, normalize
from workmail_org.drift.taking_in import declare_addition, declare_unmanaged
from workmail_org.model.directory import DirectoryType
from workmail_org.model.group import BUILT_IN_GROUPS, Group
from workmail_org.model.live import Snapshot
from workmail_org.model.organization import Organization
from workmail_org.model.permission import MailboxPermission
from workmail_org.model.policies import Policies
from workmail_org.model.removal import Removal
from workmail_org.model.user import PROFILE_FIELDS, User
from workmail_org.model.values import Reference, fold
from workmail_org.spec.problems import Path, render_path
from workmail_org.wire.names import UNRESOLVED

Values = tuple[object, object]

_COLLECTIONS: tuple[Path, ...] = (
    ("domains",),
    ("users",),
    ("groups",),
    ("resources",),
    ("permissions",),
    *(("policies", each.name) for each in fields(Policies) if each.default == ()),
)
"""What an organization has many of; each can be there without being declared."""

_PEOPLE: tuple[Path, ...] = (
    ("users",),
    ("groups",),
    ("resources",),
    ("permissions",),
    ("policies", "impersonation_roles"),
    ("policies", "access_control"),
)
"""What names people by ids, which only their lists tell."""

_RETAINED = (
    "no longer declared; the next deployment leaves it as it is and stops managing it"
    " (on_removal: retain)"
)

_ORDER = {row_class: position for position, row_class in enumerate(RowClass)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One organization, looked at three ways.

    Attributes:
        spec: As the spec declares it.
        deployed: As it was deployed last.
        live: What WorkMail has; `None`: there is no such organization.
        removed: Folded references of those whom the stack removed: they stay switched
            off, which is what `on_removal` says, until WorkMail forgets them.
        unread: Why something else could not be looked at, by path.
    """

    spec: Organization
    deployed: Organization
    live: Snapshot | None
    removed: frozenset[Reference] = frozenset()
    unread: Mapping[Path, str] | None = None


def classify(look: Look) -> tuple[Row, ...]:
    """List every value that differs, the gravest class first, then in the order of the model."""
    unread = dict(look.unread or {})
    if look.live is None:
        rows = [Row(path=(), row_class=RowClass.GONE, spec=PRESENT, deployed=PRESENT)]
        return (*_tell_unread(unread), *rows)
    live = _describe(look, look.live)
    hidden = {path for key in look.live.unread for path in _find_hidden(key)}
    lost = find_lost(look.deployed, live)
    bare = leave_out_defaults(live)
    rows = [
        _add_declaration(row, bare)
        for row in (
            *_join(look, live, lost),
            *_find_unmanaged(look, bare),
            *_find_unregistered(look),
        )
        if not _is_below(row.path, hidden)
    ]
    if _lacks_directory(look, look.live):
        rows.append(
            Row(path=("directory",), row_class=RowClass.GONE, spec=PRESENT, deployed=PRESENT)
        )
    rows += (*_tell_unread(look.live.unread), *_tell_unread(unread))
    return tuple(sorted(rows, key=lambda row: _ORDER[row.row_class]))


def _describe(look: Look, live: Snapshot) -> Organization:
    """Describe what is live; a directory that is not shown is a row of its own."""
    described = describe(live, key=look.spec.key)
    if live.directory is None:
        return replace(described, directory=look.spec.directory)
    return described


def _lacks_directory(look: Look, live: Snapshot) -> bool:
    own = (DirectoryType.WORKMAIL, DirectoryType.EXISTING)
    is_unread = ("directory",) in live.unread
    return live.directory is None and not is_unread and look.deployed.directory.type not in own


def _join(look: Look, live: Organization, lost: frozenset[Reference]) -> Iterator[Row]:
    """Join the three differences by path."""
    spec = normalize(look.spec, live, lost, look.deployed)
    deployed = normalize(look.deployed, live, lost)
    ahead, behind = (_index(_find(side, deployed.declared)) for side in (spec, deployed))
    written = _index(find_differences(spec.declared, deployed.declared, deployed.declared))
    behind = {path: each for path, each in behind.items() if each[0] != UNRESOLVED}
    shown: set[Path] = set()
    for path in (*ahead, *(each for each in behind if each not in ahead)):
        row = _make_row(path, ahead, behind, written)
        if row.row_class is RowClass.PENDING_REMOVAL and _is_retained(look.deployed, path):
            row = replace(row, row_class=RowClass.PENDING, reason=_RETAINED)
        if row.row_class in (RowClass.DRIFT, RowClass.CONFLICT):
            shown.add(path)
        yield row
    for addition in spec.additions:
        if addition.path in shown:
            continue  # the whole list is
        yield Row(
            path=addition.path,
            row_class=RowClass.UNMANAGED,
            live=list(addition.values),
            declaration=declare_addition(addition),
        )


def _find(side: Sides, deployed: Organization) -> Iterator[Finding]:
    """Find what differs; rights where nobody else may have any count as declared before."""
    before = replace(deployed, permissions=(*deployed.permissions, *side.others))
    return find_differences(side.declared, side.live, before)


def _is_retained(deployed: Organization, path: Path) -> bool:
    """Return whether a whole thing that is no longer declared stays as it is."""
    if len(path) != 2:
        return False
    return getattr(deployed.on_removal, str(path[0]), None) is Removal.RETAIN


def _index(findings: Iterable[Finding]) -> dict[Path, Values]:
    return {path: (declared, live) for path, declared, live in findings}


def _make_row(
    path: Path,
    ahead: Mapping[Path, Values],
    behind: Mapping[Path, Values],
    written: Mapping[Path, Values],
) -> Row:
    changed = _find_above(path, written)
    if path in ahead and path in behind:
        (said, live), (deployed, _) = ahead[path], behind[path]
        return Row(
            path=path,
            row_class=_class_of_both(path, said, deployed, live),
            spec=said,
            deployed=deployed,
            live=live,
        )
    if path in ahead:
        said, live = ahead[path]
        deployed = live if changed is None or changed == path else None
        deployed = written[path][1] if path in written else deployed
        if _find_above(path, behind) is not None and changed is not None:
            row_class = RowClass.CONFLICT  # what is around it was changed by hand
        elif said is None and live == PRESENT:
            row_class = RowClass.PENDING_REMOVAL
        else:
            row_class = RowClass.PENDING
        return Row(path=path, row_class=row_class, spec=said, deployed=deployed, live=live)
    deployed, live = behind[path]
    is_leaving = _find_above(path, ahead) is not None
    said = written[path][0] if path in written else None
    return Row(
        path=path,
        row_class=RowClass.CONFLICT if is_leaving else RowClass.CONVERGED,
        spec=said if is_leaving or said is not None else None,
        deployed=deployed,
        live=live,
    )


def _class_of_both(path: Path, said: object, deployed: object, live: object) -> RowClass:
    if said != deployed:
        return RowClass.CONFLICT
    if said is None and live == PRESENT and path[:-1] in _COLLECTIONS:
        return RowClass.UNMANAGED
    is_thing = said == PRESENT or path[:1] == ("permissions",)
    return RowClass.GONE if live is None and is_thing else RowClass.DRIFT


def _find_above(path: Path, among: Mapping[Path, object]) -> Path | None:
    """Return a path, or the nearest one above it, that is among others."""
    steps = (path[:length] for length in range(len(path), 0, -1))
    return next((each for each in steps if each in among), None)


def _add_declaration(row: Row, bare: Organization) -> Row:
    if row.row_class is not RowClass.UNMANAGED or row.declaration is not None:
        return row
    return replace(row, declaration=declare_unmanaged(row.path, bare))


def _find_unmanaged(look: Look, bare: Organization) -> Iterator[Row]:
    """Find what is live and declared neither by the spec nor by the template.

    Args:
        look: With both.
        bare: What is live, without what every organization has.
    """
    declared = (look.spec, look.deployed)
    exclusive = list_exclusive_mailboxes(look.spec)
    for path in _COLLECTIONS:
        known = {key for each in declared for key in _name_entries(_get(each, path))}
        if known and (Policies, path[-1]) in EXCLUSIVE:
            continue  # declared as a whole: the differences have found what else is there
        counts = Counter[str]()
        for entry in _get(bare, path):
            name = _fold_name(entry)
            counts[name] += 1
            if name in known or _is_removed(entry, look.removed) or _is_unknown(entry, look):
                continue
            if isinstance(entry, MailboxPermission) and entry.mailbox.folded in exclusive:
                continue  # the differences have found it
            yield Row(
                path=(*path, _number(_name(entry), counts[name])),
                row_class=RowClass.UNMANAGED,
                live=_tell(entry),
                # A spec has each name once, so that it could not say the second one.
                declaration={} if counts[name] > 1 else None,
            )
    for each in fields(Policies):
        found = getattr(bare.policies, each.name)
        others = [getattr(side.policies, each.name) for side in declared]
        if found is not None and not isinstance(found, tuple) and others == [None, None]:
            place = ("policies", *WORDS.get((Policies, each.name), (each.name,)))
            is_part = is_dataclass(found)
            yield Row(path=place, row_class=RowClass.UNMANAGED, live=PRESENT if is_part else found)
    for tag in bare.tags:
        if not any(tag in each.tags for each in declared) and not tag.startswith(_AWS_TAG):
            yield Row(path=("tags", tag), row_class=RowClass.UNMANAGED, live=bare.tags[tag])


def _find_unregistered(look: Look) -> Iterator[Row]:
    """Find groups that somebody made and never registered: they have no address yet."""
    if look.live is None or look.deployed.directory.read_only:
        return
    known = {each.reference.folded for side in (look.spec, look.deployed) for each in side.groups}
    for reference in look.live.unregistered:
        if reference.folded not in known | look.removed and reference.name not in BUILT_IN_GROUPS:
            yield Row(
                path=("groups", reference.name),
                row_class=RowClass.UNMANAGED,
                live=PRESENT,
                declaration={"groups": {reference.name: {"adopt": True}}},
            )


def list_undeclared(look: Look) -> tuple[str, ...]:
    """List fields of profiles that are live and that neither spec nor template has.

    They are nobody's to set right, so they are no drift.
    """
    if look.live is None or look.deployed.directory.read_only:
        return ()
    declared = {fold(each.name): each for each in (*look.deployed.users, *look.spec.users)}
    found = [
        render_path(("users", user.name, name))
        for each in look.live.people.users.values()
        for user in (each.entity,)
        for name in (*PROFILE_FIELDS, "identity_provider_user_id")
        if fold(user.name) in declared
        and getattr(user, name) is not None
        and getattr(declared[fold(user.name)], name) is None
    ]
    return tuple(sorted(found))


def _number(name: str, count: int) -> str:
    """Name the second of two things of one name, such as two mobile device rules."""
    return name if count == 1 else f"{name} ({count})"


_AWS_TAG = "aws:"
"""Tags that AWS writes begin so, and nobody else may (AWS General Reference, "Tagging")."""


def _get(organization: Organization, path: Path) -> Any:
    value: Any = organization
    for step in path:
        value = getattr(value, str(step))
    return value


def _name_entries(entries: Iterable[Any]) -> dict[str, Any]:
    return {_fold_name(each): each for each in entries}


def _fold_name(entry: Any) -> str:
    return fold(_name(entry)) if type(entry) in FOLDED_KEYS else _name(entry)


def _name(entry: Any) -> str:
    return KEYS[type(entry)](entry)


def _tell(entry: object) -> object:
    """Say what is there: the one value of an entry that has no more, or that it is there."""
    name = VALUES.get(type(entry))
    return sorted(str(each) for each in getattr(entry, name)) if name else PRESENT


def _is_removed(entry: Any, removed: frozenset[Reference]) -> bool:
    reference = getattr(entry, "reference", None)
    return reference is not None and reference.folded in removed and not entry.enabled


def _is_unknown(entry: Any, look: Look) -> bool:
    """Return whether somebody is only in the directory that is connected, as thousands may be."""
    is_person = isinstance(entry, User | Group)
    return is_person and look.deployed.directory.read_only and not entry.enabled and not entry.email


def _find_hidden(unread: Path) -> Iterator[Path]:
    """List what cannot be judged because something could not be read."""
    match unread:
        case ("users" | "groups" | "resources",):
            yield from _PEOPLE
        case ("permissions", str(subject)):
            yield ("permissions", subject)
        case ("policies", str(fact)):
            yield _find_place(fact)
        case _:
            yield unread


def _find_place(policy: str) -> Path:
    """Find where a spec has a field of `Policies`."""
    return ("policies", *WORDS.get((Policies, policy), (policy,))[:1])


def _is_below(path: Path, hidden: Iterable[Path]) -> bool:
    return any(_covers(each, path) for each in hidden)


def _covers(hidden: Path, path: Path) -> bool:
    if hidden[:1] == ("permissions",) and path[:1] == ("permissions",) and len(hidden) > 1:
        mailbox = str(path[1]).partition(" for ")[0]
        return fold(mailbox) == fold(str(hidden[1]))
    return tuple(map(_fold_step, path[: len(hidden)])) == tuple(map(_fold_step, hidden))


def _fold_step(step: str | int) -> str:
    return fold(str(step))


def _tell_unread(unread: Mapping[Any, str]) -> Iterator[Row]:
    for path, reason in unread.items():
        place = _find_place(str(path[1])) if path[:1] == ("policies",) else path
        yield Row(path=place, row_class=RowClass.UNREADABLE, reason=reason)
