"""Striking: one transition of a stack, run again and again, each time struck at another call.

A clean run counts the calls and shows the goal. Every struck run starts from the
same account, ends by CloudFormation's next event, and has to show what was there
before or the goal, whole. What people made by hand is in every picture.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass, field
from string import ascii_lowercase
from typing import Any, cast

from cloudformation import DeploymentFailedError, Killed, RollbackFailedError, Stack
from queueing import PLACES, SlowStack
from scenes import at, make_emulator
from workmail_emulator.errors import ResponseLost, ServiceFault
from workmail_org.handlers import entry
from workmail_org.model.organization import Organization
from workmail_org.model.policies import Policies
from workmail_org.model.values import Kind, Reference, fold

STRUCK = "struck"
"""Property of a test report: transition, blow, calls of a clean run, runs."""

Picture = Mapping[str, Any]
"""What is live in the organization, by name: no ids, no times, nothing that is switched off."""

Path = tuple[str, ...]
"""The keys that lead to a part of a picture."""

LAMBDA = "arn:aws:lambda:eu-west-1:111122223333:function:hand"

_PASSING = ("DateCreated", "DateModified", "state")
_IDS = ("Id", "ImpersonationRoleId", "MobileDeviceAccessRuleId", "ApplicationArn")
_KINDS = {"users": Kind.USER, "groups": Kind.GROUP, "resources": Kind.RESOURCE}
_SHOWN = ("tags", "domains", "default_domain", "permissions", "access_rules", "mobile_rules")
_ALSO_SHOWN = ("roles", "availability", "settings")

_RULES = {
    "DeleteAccessControlRule": "access_rules",
    "DeleteMobileDeviceAccessRule": "mobile_rules",
}
"""Deletions after which something has to be left."""

STRANGERS = ("user zoe", "group outside", "resource attic")
"""People, groups and rooms that are made by hand: in every picture, in no spec."""


@dataclass(frozen=True)
class Transition:
    """From one organization to another. `None`: there is no stack."""

    before: Organization | None
    after: Organization | None


@dataclass(frozen=True)
class Blow:
    """What goes wrong at one call.

    Attributes:
        phase: Before or after the effect of the call.
        deal: Raises what the caller is to see, or interferes.
        reads: Whether it can mean something at a read that no other blow means there.
        again: Whether the rollback is struck too, and a person goes on with it.
        backwards: Whether rules and settings are rolled back in the other order.
    """

    phase: str
    deal: Callable[[RecordingStack], None]
    reads: bool = True
    again: bool = False
    backwards: bool = False


class RecordingStack(SlowStack):
    """A stack that knows which event it is handling.

    Attributes:
        repeated: Id of the request that comes once more when it is done.
    """

    current: tuple[Mapping[str, Any], entry.Step] | None = None
    repeated: str | None = None

    def _wait(self, event: Mapping[str, Any], answer: Mapping[str, Any]) -> Mapping[str, str]:
        attributes = super()._wait(event, answer)
        if self.repeated == event["RequestId"]:
            self.repeated = None
            return super()._wait(event, self._begin(event))
        return attributes

    def invoke(self, event: Mapping[str, Any], step: entry.Step) -> dict[str, Any]:
        self.current = (event, step)
        return super().invoke(event, step)


def _refuse(_: RecordingStack) -> None:
    raise ServiceFault("Final", "no")


def _fail_for_now(_: RecordingStack) -> None:
    raise ServiceFault("InternalFailure", "", status=500)


def _throttle(_: RecordingStack) -> None:
    raise ServiceFault("ThrottlingException", "Rate exceeded")


def _lose(_: RecordingStack) -> None:
    raise ResponseLost


def _kill(_: RecordingStack) -> None:
    raise Killed


def _use_up_the_slice(stack: RecordingStack) -> None:
    stack.emulator.clock.advance(stack.slice_seconds + 1)


def _deliver_again(stack: RecordingStack) -> None:
    """Handle the same event from beginning to end while the first delivery waits."""
    assert stack.current is not None
    event, step = stack.current
    stack.invoke(event, step)
    stack.current = (event, step)


def _deliver_later(stack: RecordingStack) -> None:
    assert stack.current is not None
    stack.repeated = stack.current[0]["RequestId"]


def _cancel(stack: RecordingStack) -> None:
    """Let CloudFormation roll back, to the end, before the request that is under way goes on."""
    stack.cancel()


def _deliver_first_in_rollback(stack: RecordingStack) -> None:
    """Let the next request that is sent come when its rollback is under way, for the first time."""
    place = PLACES[len(stack.emulator.calls) % len(PLACES)]
    stack.hold_next(place=place, going_back=True)


BLOWS: dict[str, Blow] = {
    "refused before the effect": Blow("before", _refuse),
    "refused after the effect": Blow("after", _refuse, reads=False),
    "failed for now": Blow("before", _fail_for_now, reads=False),
    "answer lost": Blow("after", _lose),
    "throttled": Blow("before", _throttle),
    "killed before the effect": Blow("before", _kill, reads=False),
    "killed after the effect": Blow("after", _kill),
    "slice used up": Blow("after", _use_up_the_slice),
    "delivered twice at once": Blow("before", _deliver_again),
    "delivered again when done": Blow("before", _deliver_later, reads=False),
    "killed, its rollback too": Blow("after", _kill, reads=False, again=True),
    "rolled back backwards": Blow("before", _refuse, reads=False, backwards=True),
    "goes on after its rollback": Blow("after", _cancel, reads=False),
    "comes first in its rollback": Blow("after", _deliver_first_in_rollback, reads=False),
}


class Harness:
    """Strikes one transition at its calls.

    Attributes:
        calls: Of a clean run: whether each one writes.
    """

    def __init__(self, transition: Transition) -> None:
        self.transition = transition
        self._emulator = make_emulator()
        self._stack = RecordingStack(self._emulator)
        self._by_hand: dict[Path, Any] = {}
        if transition.before:
            self._stack.deploy(transition.before)
            declared = _list_leaves(self.look())
            _make_by_hand(self._stack, transition.before)
            found = _list_leaves(self.look()).items()
            self._by_hand = {path: leaf for path, leaf in found if declared.get(path) != leaf}
        self._put_back = self._emulator.save()
        self._before = self.look()
        self._tokens = self._list_tokens()
        self.calls = self._count()

    def _count(self) -> tuple[bool, ...]:
        stack = self._begin()
        self._emulator.clear_calls()
        self._go(stack)
        calls = tuple(call.write for call in self._emulator.calls)
        self._goal = self.look()
        self._check_people(stack)
        self._check_made_by_hand()
        return calls

    def _check_made_by_hand(self) -> None:
        """Check that a clean run leaves what it does not own: other runs are held against it."""
        goal = _list_leaves(self._goal)
        # Rights on a mailbox that is switched off go with it.
        kept = {path for path in self._by_hand if path[0] != "permissions" or path[1] in self._goal}
        touched = ["/".join(path) for path in kept if goal.get(path) != self._by_hand[path]]
        assert not touched, f"not ours, and touched: {touched}"

    def run(self, blow: Blow, number: int, *, retry: bool) -> bool:
        """Run once, struck at a call.

        Args:
            blow: What goes wrong.
            number: Of the call, from 1.
            retry: Whether a person deploys again after a rollback.

        Returns:
            Whether the deployment came through.

        Raises:
            AssertionError: Something is neither as before nor as it shall be.
        """
        stack = self._begin()
        stack.backwards = blow.backwards
        came_through = self._strike(stack, blow, number)
        assert () == stack.written, "a request that came late wrote"
        self._check(stack, self._goal if came_through else self._before)
        if retry and not came_through:
            self._try_again(stack)
        return came_through

    def _try_again(self, stack: RecordingStack) -> None:
        try:
            self._go(stack)
        except DeploymentFailedError:
            # Made, but struck before its tag said by whom: a person decides.
            assert self.transition.before is None
            assert any("to take it over, set existing: m-" in each for each in stack.reasons)
        else:
            self._check(stack, self._goal)

    def _begin(self) -> RecordingStack:
        self._put_back()
        stack = copy(self._stack)
        stack.ledger = deepcopy(stack.ledger)
        stack.secrets = deepcopy(stack.secrets)
        stack.cloudformation = deepcopy(stack.cloudformation)
        stack.deployed = deepcopy(stack.deployed)
        stack.reasons, stack.left_behind, stack.held = [], [], []
        return stack

    def _strike(self, stack: RecordingStack, blow: Blow, number: int) -> bool:
        striker = _Striker(stack, blow, number)
        self._emulator.on_call = striker
        try:
            self._go(stack)
        except RollbackFailedError:
            assert blow.again, "a rollback failed"
            self._emulator.on_call = None
            stack.continue_rollback()
            return False
        except DeploymentFailedError:
            if self.transition.after is None:  # a person deletes the stack again
                self._emulator.on_call = None
                self._go(stack)
                return True
            return False
        finally:
            self._emulator.on_call = None
            assert not striker.emptied, "nobody can get in: there was no rule for a while"
        return True

    def _go(self, stack: RecordingStack) -> None:
        if self.transition.after is None:
            stack.destroy()
        else:
            stack.deploy(self.transition.after)

    def look(self) -> Picture:
        """Take a picture of what is live."""
        return take_picture(self._emulator.state())

    def _check(self, stack: Stack, expected: Picture) -> None:
        actual = self.look()
        before = self.transition.before
        if expected is self._before and before is None:
            assert [] == [name for name in actual if name.startswith(("user", "group", "resource"))]
        else:
            wrong = _find_differences(self._leave_out(expected), self._leave_out(actual))
            assert not wrong, wrong
        self._check_people(stack)

    def _leave_out(self, picture: Picture) -> Picture:
        """Leave out what nobody manages."""
        return {name: item for name, item in picture.items() if name not in self._unmanaged()}

    def _unmanaged(self) -> set[str]:
        """Rules that the transition takes on: they stay when it is undone (settings.py)."""
        before = self.transition.before
        if before is None:
            return set()
        policies = before.policies
        managed = {"access_rules": policies.access_control, "mobile_rules": policies.mobile_devices}
        return {name for name, rules in managed.items() if not rules}

    def _check_people(self, stack: Stack) -> None:
        """Check that no mailbox is lost or replaced, and what the ledger says."""
        assert [] == stack.left_behind
        tokens = self._list_tokens()
        assert self._tokens == {name: tokens[name] for name in self._tokens}, "a mailbox is lost"
        entries = stack.ledger.entries
        assert not [name for name in STRANGERS if _refer(name) in entries]
        live = [name for name in self.look() if name.startswith(("user ", "group ", "resource "))]
        ours = [name for name in live if name not in STRANGERS]
        unowned = [name for name in ours if _refer(name) not in entries]
        assert not unowned, f"nobody owns {unowned}"

    def _list_tokens(self) -> dict[str, str]:
        mailboxes = self._emulator.mailboxes
        assert "lost" not in {mailbox.status for mailbox in mailboxes}, "a mailbox is lost"
        assert len(mailboxes) == len({fold(mailbox.name) for mailbox in mailboxes})
        return {fold(mailbox.name): mailbox.token for mailbox in mailboxes}


@dataclass
class _Striker:
    """Strikes once; of a blow that strikes again, once more in the rollback.

    Attributes:
        emptied: Deletions after which no rule was left.
    """

    stack: RecordingStack
    blow: Blow
    number: int
    seen: int = 0
    due: list[int] = field(default_factory=list[int])
    emptied: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.due = [self.number]
        if self.blow.again:
            # Another place for each first blow, within what every rollback needs.
            self.due.append(self.number + 1 + self.number % 13)

    def __call__(self, phase: str, call: Any) -> None:
        section = _RULES.get(call.operation)
        if section and phase == "after" and not take_picture(self.stack.emulator.state())[section]:
            self.emptied.append(call.operation)
        self.seen += phase == "before"
        if self.due and self.seen == self.due[0] and phase == self.blow.phase:
            self.due.pop(0)
            self.blow.deal(self.stack)


def take_picture(state: Mapping[str, Any]) -> Picture:
    """Write the emulator's account by names."""
    picture: dict[str, Any] = {}
    regions: Iterable[Mapping[str, Any]] = state["regions"].values()
    organizations = [each for region in regions for each in region["organizations"].values()]
    for organization in organizations:
        names = _list_names(organization)
        for section in _KINDS:
            for id_, entity in organization[section].items():
                if entity["state"] == "ENABLED":
                    picture[names[id_]] = _rename(entity, names)
        live = set(picture)
        for section in (*_SHOWN, *_ALSO_SHOWN):
            picture[section] = _rename(organization[section], names)
        picture["permissions"] = _list_rights(picture["permissions"], live)
        for entity in [picture[name] for name in live]:
            _keep_live(entity, live)
    picture["quotas"] = {
        fold(mailbox["name"]): mailbox["quota"]
        for mailbox in state["mailboxes"]
        if mailbox["status"] == "active"
    }
    return picture


def _keep_live(entity: dict[str, Any], live: set[str]) -> None:
    """Leave out members and delegates that are switched off."""
    for part in ("members", "delegates"):
        if part in entity:
            entity[part] = [name for name in entity[part] if name in live]


def _list_rights(permissions: Mapping[str, Any], live: set[str]) -> dict[str, Any]:
    """Leave out rights on mailboxes that are switched off: they come back with them or not."""
    shown = {
        mailbox: {grantee: rights for grantee, rights in grants.items() if grantee in live}
        for mailbox, grants in permissions.items()
        if mailbox in live
    }
    return {mailbox: grants for mailbox, grants in shown.items() if grants}


def _list_names(organization: Mapping[str, Any]) -> dict[str, str]:
    return {
        id_: f"{kind} {fold(entity['name'])}"
        for section, kind in _KINDS.items()
        for id_, entity in organization[section].items()
    } | {id_: f"role {role['Name']}" for id_, role in organization["roles"].items()}


def _rename(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        renamed = {
            _name_key(key, item, names): _rename(item, names)
            for key, item in items
            if key not in _PASSING and key not in _IDS
        }
        return {key: item for key, item in renamed.items() if item not in (None, "", [], {})}
    if isinstance(value, list):
        return sorted((_rename(item, names) for item in cast("list[Any]", value)), key=_sort)
    return names.get(value, value) if isinstance(value, str) else value


def _sort(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _name_key(key: str, item: Any, names: Mapping[str, str]) -> str:
    if key in names:
        return names[key]
    return str(cast("dict[str, Any]", item)["Name"]) if _is_named(item) else key


def _is_named(item: Any) -> bool:
    return isinstance(item, dict) and "Name" in item


def _refer(name: str) -> Reference:
    kind, _, rest = name.partition(" ")
    return Reference(Kind(kind), rest)


def _list_leaves(picture: Picture, above: Path = ()) -> dict[Path, Any]:
    """Write a picture flat: what is no mapping, by the keys that lead there."""
    leaves: dict[Path, Any] = {}
    for key, value in picture.items():
        path = (*above, key)
        if isinstance(value, dict):
            leaves |= _list_leaves(cast("dict[str, Any]", value), path)
        else:
            leaves[path] = value
    return leaves


def _find_differences(expected: Picture, actual: Picture) -> dict[str, tuple[Any, Any]]:
    """List what differs: expected and actual by path."""
    one, other = _list_leaves(expected), _list_leaves(actual)
    paths = [path for path in {**one, **other} if one.get(path) != other.get(path)]
    return {"/".join(path): (one.get(path), other.get(path)) for path in paths}


def _make_by_hand(stack: Stack, declared: Organization) -> None:
    """Make some of everything, of which no spec knows."""
    client, scope = stack.workmail, {"OrganizationId": stack.organization_id}
    user = client.create_user(**scope, Name="zoe", DisplayName="Zoe")["UserId"]
    client.register_to_work_mail(**scope, EntityId=user, Email=at("zoe"))
    client.create_alias(**scope, EntityId=user, Alias=at("zoe.alias"))
    group = client.create_group(**scope, Name="outside")["GroupId"]
    client.register_to_work_mail(**scope, EntityId=group, Email=at("outside"))
    client.create_alias(**scope, EntityId=group, Alias=at("outside.alias"))
    client.associate_member_to_group(**scope, GroupId=group, MemberId=user)
    room = client.create_resource(**scope, Name="attic", Type="ROOM")["ResourceId"]
    client.register_to_work_mail(**scope, EntityId=room, Email=at("attic"))
    for mailbox, grantee in ((user, group), *((each, user) for each in _find_ours(stack))):
        client.put_mailbox_permissions(
            **scope, EntityId=mailbox, GranteeId=grantee, PermissionValues=["SEND_AS"]
        )
    client.create_impersonation_role(
        **scope,
        Name="helpdesk",
        Type="READ_ONLY",
        Rules=[{"ImpersonationRuleId": "zoe", "Effect": "ALLOW", "TargetUsers": [user]}],
    )
    client.create_availability_configuration(
        **scope, DomainName="other.example", LambdaProvider={"LambdaArn": LAMBDA}
    )
    arn = client.describe_organization(**scope)["ARN"]
    client.tag_resource(ResourceARN=arn, Tags=[{"Key": "by", "Value": "hand"}])
    if declared.policies == Policies():
        _set_by_hand(client, scope, user)


def _find_ours(stack: Stack) -> list[str]:
    """Find a user of the spec's, if it has one."""
    rows = stack.workmail.list_users(OrganizationId=stack.organization_id)["Users"]
    return [row["Id"] for row in rows if row["Name"] == "alice"]


def _set_by_hand(client: Any, scope: Mapping[str, str], user: str) -> None:
    """Set what a spec declares whole or not at all."""
    client.put_access_control_rule(
        **scope, Name="hand", Effect="DENY", Description="by hand", Actions=["IMAP"], UserIds=[user]
    )
    client.create_mobile_device_access_rule(
        **scope, Name="hand", Effect="DENY", DeviceTypes=["old"]
    )
    client.put_retention_policy(
        **scope,
        Name="hand",
        FolderConfigurations=[{"Name": "INBOX", "Action": "DELETE", "Period": 90}],
    )
    client.put_email_monitoring_configuration(
        **scope,
        LogGroupArn="arn:aws:logs:eu-west-1:111122223333:log-group:hand:*",
        RoleArn="arn:aws:iam::111122223333:role/hand",
    )
    client.put_inbound_dmarc_settings(**scope, Enforced=False)


def list_numbers(calls: tuple[bool, ...], word: str, *, step: int) -> list[int]:
    """List the calls that a blow strikes.

    Every blow strikes every write. The blows that are something of their own
    at a read take turns there, so that each read is struck once.

    Args:
        calls: Whether each one writes.
        word: Names the blow.
        step: 1 for all of them, else one in so many.
    """
    writes = [number for number, write in enumerate(calls, 1) if write]
    reads = [number for number, write in enumerate(calls, 1) if not write]
    readers = [name for name, blow in BLOWS.items() if blow.reads]
    share = reads[readers.index(word) :: len(readers)] if word in readers else []
    found = sorted((*writes, *share))
    return found[list(BLOWS).index(word) % min(step, len(found)) :: step]


def render_table(struck: Iterable[Sequence[Any]], seconds: float) -> str:
    """Render how often each transition was struck by each blow.

    Args:
        struck: Transition, blow, calls of a clean run, runs.
        seconds: What all of them took.
    """
    rows = list(struck)
    runs = {(name, word): count for name, word, _, count in rows}
    calls = {name: count for name, _, count, _ in rows}
    width = max(map(len, calls))
    letters = dict(zip(BLOWS, ascii_lowercase, strict=False))
    lines = [f"{letter}  {word}" for word, letter in letters.items()]
    columns = "".join(f"{letter:>5}" for letter in letters.values())
    lines += ["", f"{'':{width}}  calls{columns}   runs"]
    for name, count in calls.items():
        counts = [runs.get((name, word), 0) for word in BLOWS]
        cells = "".join(f"{each:5}" for each in counts)
        lines.append(f"{name:{width}}  {count:5}{cells}  {sum(counts):5}")
    return "\n".join([*lines, "", f"{sum(runs.values())} runs passed in {seconds:.0f} seconds"])
