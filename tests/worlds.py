"""Worlds: small organizations that people made, every fault in them, and what must come of it.

The oracle is the table of outcomes (docs/design.md): a deployment that fails leaves everything as
it was found, what people did meanwhile included; one that succeeds sets what is declared and keeps
everything else. A world is one choice of what is found (who is absent, there, switched off or
otherwise), of the request that is struck, of the call at which it is struck, and of something that
a person does meanwhile, at some other call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import partial
from itertools import product
from typing import Any, cast

from botocore.exceptions import ClientError

from cloudformation import DeploymentFailedError, Stack
from drifting import Hand, look_live
from scenes import at, make_emulator, make_group, make_organization, make_user
from striking import BLOWS, RecordingStack
from transitions import allow, permit
from workmail_org.model.organization import Organization
from workmail_org.model.permission import Right
from workmail_org.model.policies import Policies
from workmail_org.model.values import OrganizationId
from workmail_org.rehearsal.comparing import compare
from workmail_org.wire.names import OWNER_TAG, TAKEN_OVER_TAG

_OWN_TAGS = (OWNER_TAG, TAKEN_OVER_TAG)
_NETWORK = "203.0.113.0/24"
_PASSWORD = "Str0ng-enough"

_EVERYBODY = allow("default")
_OFFICE = allow("office", ip_ranges=(_NETWORK,))

DECLARED = make_organization(
    make_user("alice", telephone="1", aliases=(at("al"),)),
    make_user("bob"),
    make_group("sales", "alice", "bob"),
    permissions=(permit("alice", "bob", Right.SEND_AS),),
    policies=Policies(access_control=(_EVERYBODY, _OFFICE)),
)
"""What the first request declares."""

CHANGED = replace(
    DECLARED,
    users=(
        replace(DECLARED.users[0], telephone="2", email=at("lid"), aliases=()),
        replace(DECLARED.users[1], enabled=False),
    ),
    groups=(make_group("sales", "alice"),),
    permissions=(),
    policies=Policies(access_control=(_EVERYBODY,)),
)
"""What the second request declares."""


@dataclass(frozen=True)
class Found:
    """What people had made before the stack came.

    Attributes:
        alice: absent, declared (as it will be), other, or off.
        sales: absent, empty, or other: with members of its own.
        rule: absent, declared, or other.
        right: absent, declared, or other.
    """

    alice: str
    sales: str
    rule: str
    right: str

    def __str__(self) -> str:
        return f"alice {self.alice}, sales {self.sales}, rule {self.rule}, right {self.right}"


FOUND = tuple(
    Found(*each)
    for each in product(
        ("absent", "declared", "other", "off"),
        ("absent", "empty", "other"),
        ("absent", "declared", "other"),
        ("absent", "declared", "other"),
    )
    if each[3] == "absent" or each[0] in ("declared", "other")  # a right needs a mailbox
)
"""Every row of the table that an organization which people made can begin with."""


@dataclass(frozen=True)
class Meanwhile:
    """Something that a person does.

    Attributes:
        do: Calls WorkMail; what is not there yet, or not any more, is refused.
    """

    name: str
    do: Callable[[Hand], None]


def _add_alias(hand: Hand) -> None:
    hand.do("create_alias", EntityId=hand.find("alice"), Alias=at("by-hand"))


def _join(hand: Hand) -> None:
    group, member = hand.find("sales"), hand.find("zoe")
    hand.do("associate_member_to_group", GroupId=group, MemberId=member)


def _grant(hand: Hand) -> None:
    mailbox, grantee = hand.find("alice"), hand.find("zoe")
    rights = ["FULL_ACCESS"]
    hand.do("put_mailbox_permissions", EntityId=mailbox, GranteeId=grantee, PermissionValues=rights)


def _move(hand: Hand) -> None:
    hand.do("update_user", UserId=hand.find("alice"), City="Paris")


REFUSED = "refused before the effect"
KILLED = "killed after the effect"
PASSING = ("answer lost", "delivered twice at once")
"""Blows after which the request is finished all the same."""

MEANWHILE = (
    Meanwhile("a further address", _add_alias),
    Meanwhile("a member", _join),
    Meanwhile("a right", _grant),
    Meanwhile("a field that is not declared", _move),
)


def make(found: Found) -> Hand:
    """Make an organization as people do, with somebody in it whom no spec names."""
    stack = Stack(make_emulator(), name="forgotten")
    stack.deploy(make_organization())
    hand = Hand(stack)
    _make_user(hand, "bob")
    _make_user(hand, "zoe")
    if found.alice != "absent":
        fields_ = {"other": {"Telephone": "9", "City": "Dublin"}, "declared": {"Telephone": "1"}}
        _make_user(hand, "alice", **fields_.get(found.alice, {}))
        alice = hand.find("alice")
        if found.alice == "off":
            hand.do("deregister_from_work_mail", EntityId=alice)
        else:
            further = {"declared": "al", "other": "own"}[found.alice]
            hand.do("create_alias", EntityId=alice, Alias=at(further))
    if found.sales != "absent":
        group = hand.do("create_group", Name="sales")["GroupId"]
        hand.do("register_to_work_mail", EntityId=group, Email=at("sales"))
        if found.sales == "other":
            for member in ("zoe", "bob"):
                hand.do("associate_member_to_group", GroupId=group, MemberId=hand.find(member))
    _make_rule(hand, found.rule)
    if found.right != "absent":
        rights = {"declared": ["SEND_AS"], "other": ["FULL_ACCESS"]}[found.right]
        hand.do(
            "put_mailbox_permissions",
            EntityId=hand.find("alice"),
            GranteeId=hand.find("bob"),
            PermissionValues=rights,
        )
    arn = hand.do("describe_organization")["ARN"]
    stack.workmail.untag_resource(ResourceARN=arn, TagKeys=list(_OWN_TAGS))
    stack.emulator.clear_calls()
    return hand


def _make_user(hand: Hand, name: str, **profile: str) -> None:
    made = hand.do("create_user", Name=name, DisplayName=name.title(), Password=_PASSWORD)
    hand.do("register_to_work_mail", EntityId=made["UserId"], Email=at(name))
    if profile:
        hand.do("update_user", UserId=made["UserId"], **profile)


def _make_rule(hand: Hand, found: str) -> None:
    rule: dict[str, Any] = {"Name": "office", "Description": "office"}
    if found == "declared":
        hand.do("put_access_control_rule", **rule, Effect="ALLOW", IpRanges=[_NETWORK])
    elif found == "other":
        hand.do("put_access_control_rule", **rule, Effect="DENY", Actions=["IMAP"])


@dataclass
class World:
    """One organization, one request that may be struck, and one thing that somebody does.

    Attributes:
        second: Whether it is the second request: then the first one succeeded before.
        adopt: Whether the spec takes over whoever is there already.
        strike: Number of the call of the request that is struck; `None`: none is.
        blow: How.
        act: At which call somebody does what; `None`: nobody does anything.
        calls: How many calls the request has made.
        raced: Whether Alice was written right after somebody changed what had been read of
            her: UpdateUser takes all fields, and no condition (WorkMail API 2017-10-01).
    """

    found: Found
    second: bool = False
    adopt: bool = True
    strike: int | None = None
    blow: str = REFUSED
    act: tuple[int, Meanwhile] | None = None
    calls: int = 0
    raced: bool = False
    hand: Hand = field(init=False)
    _by_hand: bool = False
    _struck: bool = False
    _alice: str | None = None

    def __str__(self) -> str:
        request = "the second request" if self.second else "the first request"
        struck = f", {self.blow} at call {self.strike}" if self.strike else ""
        acted = f", {self.act[1].name} at call {self.act[0]}" if self.act else ""
        return f"{self.found}; {request}{struck}{acted}"

    def run(self) -> str | None:
        """Play it; say what is wrong in the end, or nothing."""
        self.hand = make(self.found)
        stack = RecordingStack(self.hand.stack.emulator, name="production-acme")
        if self.second:
            stack.deploy(self._declare(DECLARED))
        before = see(self.hand)
        previous = self._declare(DECLARED) if self.second else None
        desired = self._declare(CHANGED if self.second else DECLARED)
        stack.emulator.on_call = partial(self._watch, stack)
        try:
            stack.deploy(desired)
        except DeploymentFailedError as error:
            stack.emulator.on_call = None
            if self.adopt and (self.strike is None or self.blow in PASSING):
                return f"it failed, and nothing had stopped it: {error}"
            return self._judge_failure(before)
        stack.emulator.on_call = None
        return self._judge_success(desired, previous)

    def _declare(self, organization: Organization) -> Organization:
        existing = OrganizationId(self.hand.stack.organization_id)
        return replace(organization, existing=existing, adopt=self.adopt)

    def _watch(self, stack: RecordingStack, phase: str, call: Any) -> None:
        if call is None or self._by_hand:
            return
        if phase == "before":
            self._count(call)
        blow = BLOWS[self.blow]
        if self.calls == self.strike and phase == blow.phase and not self._struck:
            self._struck = True
            blow.deal(stack)

    def _count(self, call: Any) -> None:
        """Count a call, and do what somebody does at it."""
        self.calls += 1
        if self.act is not None and self.calls == self.act[0]:
            self._act()
        if self._alice is not None and call.parameters.get("UserId") == self._alice:
            self.raced |= call.operation == "UpdateUser"
            self._alice = None  # what comes later was read after it

    def _act(self) -> None:
        assert self.act is not None
        self._by_hand = True
        try:
            self._alice = self.hand.find("alice")
            self.act[1].do(self.hand)
        except (ClientError, KeyError):
            self.act = self._alice = None  # who it is about is not there
        finally:
            self._by_hand = False

    def _judge_failure(self, before: dict[str, Any]) -> str | None:
        """Everything is as it was found, what somebody did meanwhile included."""
        if self.raced:
            return None
        expected = before
        if self.act is not None and self.calls >= self.act[0]:
            expected = _do_alone(self.found, self.act[1], first=self.second, adopt=self.adopt)
            if expected is None:
                return None  # it was about somebody who is not there any more
        wrong = differ(expected, self._leave_out_newcomers(see(self.hand), expected))
        return f"not as it was found: {'; '.join(wrong)}" if wrong else None

    def _leave_out_newcomers(self, seen: dict[str, Any], expected: dict[str, Any]) -> Any:
        """Leave out whom the deployment made and switched off again: a mailbox is not deleted."""
        known = expected["people"].users
        users = {
            name: each
            for name, each in seen["people"].users.items()
            if name in known or each.entity.enabled
        }
        return {**seen, "people": replace(seen["people"], users=users)}

    def _judge_success(self, desired: Organization, previous: Organization | None) -> str | None:
        """What is declared is so, and whatever else there was stays."""
        wrong = compare(desired, look_live(self.hand.stack), previous)
        if wrong:
            return f"not as declared: {'; '.join(map(str, wrong))}"
        live = look_live(self.hand.stack)
        assert live is not None
        lost: list[str] = []
        users, groups = live.people.users, live.people.groups
        if self.found.alice == "other":
            alice = users["alice"].entity
            lost += [] if at("own") in alice.aliases else ["the address of Alice's own"]
            lost += [] if alice.city in ("Dublin", "Paris") else ["Alice's city"]
        if self.found.sales == "other" and "zoe" not in map(str, groups["sales"].entity.members):
            lost.append("Zoë in the group")
        if users["zoe"].entity.email != at("zoe"):
            lost.append("Zoë")
        return f"lost: {', '.join(lost)}" if lost else None


def _do_alone(
    found: Found, meanwhile: Meanwhile, *, first: bool, adopt: bool
) -> dict[str, Any] | None:
    """Say what comes of what somebody does where no request is under way; `None`: nothing."""
    hand = make(found)
    if first:
        stack = Stack(hand.stack.emulator, name="production-acme")
        existing = OrganizationId(hand.stack.organization_id)
        stack.deploy(replace(DECLARED, existing=existing, adopt=adopt))
    try:
        meanwhile.do(hand)
    except (ClientError, KeyError):
        return None
    return see(hand)


def see(hand: Hand) -> dict[str, Any]:
    """Read everything that people made or declared, with ids of people."""
    live = look_live(hand.stack, with_disabled=True)
    assert live is not None
    settings = live.settings
    return {
        "tags": {k: v for k, v in live.organization.tags.items() if k not in _OWN_TAGS},
        "domains": live.domains,
        "people": live.people,
        "settings": replace(
            settings,
            permissions=tuple(sorted(settings.permissions, key=str)),
            access_control=tuple(sorted(settings.access_control, key=lambda rule: rule.name)),
            mobile_devices=tuple(replace(each, id="") for each in settings.mobile_devices),
        ),
    }


def differ(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Say what differs, as short as it can be said."""
    wrong: list[str] = []
    for part, value in before.items():
        sides = [(part, value, after[part])]
        if part in ("people", "settings"):
            names = [each.name for each in fields(value)]
            sides = [(n, getattr(value, n), getattr(after[part], n)) for n in names]
        for name, one, other in sides:
            wrong += _differ(name, one, other)
    return wrong


def _differ(name: str, one: Any, other: Any) -> Iterator[str]:
    if one == other:
        return
    if isinstance(one, Mapping):
        was, now = cast("Mapping[str, Any]", one), cast("Mapping[str, Any]", other)
        for key in sorted({*was, *now}):
            yield from _differ(f"{name}.{key}", was.get(key), now.get(key))
    elif is_dataclass(one) and type(one) is type(other):
        for each in fields(one):
            yield from _differ(
                f"{name}.{each.name}", getattr(one, each.name), getattr(other, each.name)
            )
    else:
        yield f"{name}: {one} was found, {other} is left"


def list_worlds(found: Found, *, second: bool, every: int = 1, start: int = 0) -> list[World]:
    """List the worlds of one beginning, after playing the one in which nothing goes wrong.

    Each call is refused, and struck by one of the other blows. Where somebody does something, at
    one call in `every`, the request goes through, or is refused at its last call but one: what
    matters then is the place.
    """
    calm = World(found, second=second)
    wrong = calm.run()
    assert wrong is None, f"{calm}: {wrong}"
    last = calm.calls - 1
    others = (KILLED, *PASSING)
    worlds = [
        World(found, second=second, strike=call, blow=blow)
        for call in range(1, calm.calls + 1)
        for blow in (REFUSED, others[call % len(others)])
    ]
    for meanwhile in MEANWHILE:
        for call in range(1 + start % every, last, every):
            worlds.append(World(found, second=second, act=(call, meanwhile)))
            worlds.append(World(found, second=second, act=(call, meanwhile), strike=last))
    return worlds
