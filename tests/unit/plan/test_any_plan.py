"""From any organization to any other: what is planned is what is written, call for call.

`WORKMAIL_ORG_TESTS=all` tries hundreds of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from approving import plan_live
from cloudformation import DeploymentFailedError, Stack
from effort import ALL
from scenes import at, make_emulator, make_group, make_organization, make_user
from workmail_org.changes.digests import digest_calls
from workmail_org.model.bookable import Bookable, BookableType
from workmail_org.model.group import Group
from workmail_org.model.live import Snapshot
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.permission import MailboxPermission, Right
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.user import User
from workmail_org.model.values import Reference
from workmail_org.plan.actual import predict
from workmail_org.plan.declarations import Declaration, declare
from workmail_org.plan.deployed import read_actual
from workmail_org.plan.steps import SimulatedSteps, simulate
from workmail_org.rehearsal.comparing import compare
from workmail_org.service.directories import DirectoryService
from workmail_org.service.snapshot import read_snapshot
from workmail_org.service.workmail import WorkMail
from writelog import name_calls, name_writes

EMULATOR = make_emulator()
ENVIRONMENT = Environment(name="test")
USERS, GROUPS, ROOMS = ("ann", "ben", "cem"), ("desk", "club"), ("hall",)
ADDRESSES = tuple(f"p{number}" for number in range(12))


@st.composite
def organizations(draw: st.DrawFn) -> Organization:
    """Draw a small organization in which every address has one owner."""
    free = list(draw(st.permutations(ADDRESSES)))
    users = [_draw_user(draw, name, free) for name in _pick(draw, USERS)]
    groups: list[Group] = []
    for name in _pick(draw, GROUPS):
        candidates = [*(user.name for user in users), *(f"group:{each.name}" for each in groups)]
        members = [each for each in candidates if draw(st.booleans())]
        groups.append(make_group(name, *members, email=at(free.pop())))
    people = [each.reference for each in (*users, *groups)]
    return make_organization(
        *users,
        *groups,
        resources=tuple(_draw_room(draw, name, people, free) for name in _pick(draw, ROOMS)),
        permissions=tuple(_draw_permissions(draw, users, people)),
        on_removal=OnRemoval(users=draw(st.sampled_from([Removal.DISABLE, Removal.DELETE]))),
    )


def _pick(draw: st.DrawFn, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if draw(st.integers(0, 3))]


def _draw_user(draw: st.DrawFn, name: str, free: list[str]) -> User:
    return make_user(
        name,
        email=at(free.pop()),
        aliases=tuple(sorted(at(free.pop()) for _ in range(draw(st.integers(0, 2))))),
        enabled=draw(st.sampled_from([True, True, False])),
        city=draw(st.sampled_from([None, "Cork"])),
    )


def _draw_room(draw: st.DrawFn, name: str, people: list[Reference], free: list[str]) -> Bookable:
    delegates = tuple(sorted(each for each in people if draw(st.booleans())))
    return Bookable(name=name, type=BookableType.ROOM, email=at(free.pop()), delegates=delegates)


def _draw_permissions(
    draw: st.DrawFn, users: list[User], people: list[Reference]
) -> Iterator[MailboxPermission]:
    for user in users:
        for other in people:
            if other != user.reference and not draw(st.integers(0, 3)):
                right = draw(st.sampled_from(Right))
                yield MailboxPermission(mailbox=user.reference, grantee=other, rights=(right,))


def digest(course: SimulatedSteps) -> dict[str, str]:
    return {step.part_name: digest_calls(step.calls) for step in course.steps}


def list_calls(course: SimulatedSteps) -> list[str]:
    return name_calls(call for s in course.steps for call in s.calls)


def refuses(course: SimulatedSteps) -> bool:
    return any(step.refusals for step in course.steps)


def find_returning(course: SimulatedSteps) -> set[str]:
    """Find who is switched on again: what they kept meanwhile cannot be read before."""
    operations: dict[str, set[str]] = {}
    for call in (call for step in course.steps for call in step.calls):
        operations.setdefault(call.subject.name, set()).add(call.operation)
    return {
        name
        for name, each in operations.items()
        if "RegisterToWorkMail" in each
        and not each & {"CreateUser", "CreateGroup", "CreateResource"}
    }


def leave_out(calls: list[str], names: set[str]) -> list[str]:
    return [call for call in calls if not any(f" {name}>" in call for name in names)]


def has_been_switched_off(declaration: Declaration) -> bool:
    """Return whether what somebody keeps while switched off is not in the declaration."""
    return not all(user.enabled for user in declaration.users.users)


@settings(
    max_examples=300 if ALL else 12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=tuple(Phase) if ALL else (Phase.explicit, Phase.generate),
)
@given(chain=st.lists(organizations(), min_size=2, max_size=3))
def test_what_is_planned_is_what_is_written(chain: list[Organization]) -> None:
    EMULATOR.reset()
    stack = Stack(EMULATOR)
    stack.deploy(chain[0])
    first = True
    for previous, desired in pairwise(chain):
        before, after = declare(ENVIRONMENT, previous), declare(ENVIRONMENT, desired)
        workmail = WorkMail(stack.workmail, stack.organization_id)
        actual = read_actual(workmail, stack.ledger, before, after)
        assert actual
        live = simulate(before, actual, after)
        offline = simulate(before, predict(before), after)
        if first and not has_been_switched_off(before):
            assert digest(offline) == digest(live)
        if refuses(live):
            assert_refused(stack, desired)
            return
        approval = plan_live(stack, previous, desired).approval
        EMULATOR.clear_calls()
        stack.deploy(desired, approved=approval)

        back = find_returning(live)
        writes = name_writes([w for w in EMULATOR.writes if w.effect], EMULATOR.state())

        planned, written = leave_out(list_calls(live), back), leave_out(writes, back)
        if back:  # they get former addresses back, so that others take those a round later
            assert sorted(planned) == sorted(written)
        else:
            assert planned == written
        assert () == compare(desired, read_back(stack), previous)
        first = False


def read_back(stack: Stack) -> Snapshot | None:
    """Read what is there by another way than the engine's."""
    clients = stack.make_run().clients
    workmail = WorkMail(clients.workmail, stack.organization_id)
    return read_snapshot(workmail, DirectoryService(clients.directory_service), "eu-west-1")


def assert_refused(stack: Stack, desired: Organization) -> None:
    """What a plan refuses fails, before its collection is touched."""
    try:
        stack.deploy(desired)
    except DeploymentFailedError:
        return
    raise AssertionError("the handlers carried out what the plan refuses")
