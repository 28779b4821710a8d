"""From any organization to any other, with any fault on the way.

`WORKMAIL_ORG_TESTS=all` tries thousands of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cloudformation import DeploymentFailedError, Killed, RollbackFailedError, Stack
from effort import ALL
from generating import organizations
from scenes import (
    Picture,
    assert_equals,
    at,
    list_operations,
    make_emulator,
    make_organization,
    take_picture,
)
from workmail_emulator.errors import ResponseLost, ServiceFault
from workmail_org import declaring
from workmail_org.changes import few
from workmail_org.model.organization import Organization

EMULATOR = make_emulator()
STRANGERS = ("zoe", "group:outside")

Strike = Callable[[str, Any], None]
Step = tuple[Organization, Strike | None]

FAULTS: list[tuple[str, Callable[[], BaseException]]] = [
    ("before", lambda: ServiceFault("Final", "no")),
    ("after", lambda: ServiceFault("Final", "no")),
    ("before", lambda: ServiceFault("InternalFailure", "", status=500)),
    ("after", ResponseLost),
    ("before", lambda: ServiceFault("ThrottlingException", "Rate exceeded")),
    ("before", Killed),
    ("after", Killed),
]


@st.composite
def chains(draw: st.DrawFn) -> list[Step]:
    """Draw organizations, each often with the groups of the one before."""
    steps: list[Step] = []
    before = make_organization()
    for _ in range(draw(st.integers(2, 4))):
        before = draw(organizations(before if draw(st.booleans()) else None))
        steps.append((before, draw(faults())))
    return steps


@st.composite
def faults(draw: st.DrawFn) -> Strike | None:
    """Draw a fault that strikes once, at the n-th write of a deployment."""
    number = draw(st.integers(0, 40))
    phase, make = draw(st.sampled_from(FAULTS))
    seen = 0

    def strike(now: str, call: Any) -> None:
        nonlocal seen
        seen += call.write and now == "before"
        if call.write and seen == number and now == phase:
            seen = 1000
            raise make()

    return strike if number else None


@settings(
    max_examples=2000 if ALL else 15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=tuple(Phase) if ALL else (Phase.explicit, Phase.generate),
)
@given(steps=chains(), is_large=st.booleans())
def test_any_organization_becomes_any_other_or_stays_what_it_was(
    steps: list[Step], is_large: bool
) -> None:
    """In a large one few are looked up by name, and each collection has several shards."""
    with pytest.MonkeyPatch.context() as patch:
        if is_large:
            patch.setattr(few, "ROWS_OF_A_PAGE", 1)
            patch.setattr(declaring, "_SHARD_ENTITIES", 2)
        _become_each(steps)


def _become_each(steps: list[Step]) -> None:
    EMULATOR.reset()
    stack = Stack(EMULATOR)
    current = make_organization()
    stack.deploy(current)
    _make_strangers(stack)
    strangers = _look_at_strangers(take_picture(stack))
    for organization, fault in steps:
        for attempt in (fault, None):  # a person tries again
            EMULATOR.on_call = attempt
            current = _deploy(stack, organization, current)
            EMULATOR.on_call = None
            picture = take_picture(stack)
            assert strangers == _look_at_strangers(picture)
            assert_equals(_leave_out_strangers(picture), current)
            _assert_no_mailbox_was_replaced(stack)
        _assert_at_rest(stack)


def _deploy(stack: Stack, organization: Organization, current: Organization) -> Organization:
    """Deploy; return what is then to be there."""
    try:
        stack.deploy(organization)
    except RollbackFailedError:  # the fault struck there
        EMULATOR.on_call = None
        stack.continue_rollback()
        return current
    except DeploymentFailedError:
        return current
    return organization


def _make_strangers(stack: Stack) -> None:
    client, scope = stack.workmail, {"OrganizationId": stack.organization_id}
    user = client.create_user(**scope, Name="zoe", DisplayName="Zoe")["UserId"]
    client.register_to_work_mail(**scope, EntityId=user, Email=at("zoe"))
    group = client.create_group(**scope, Name="outside")["GroupId"]
    client.register_to_work_mail(**scope, EntityId=group, Email=at("outside"))
    client.associate_member_to_group(**scope, GroupId=group, MemberId=user)


def _look_at_strangers(picture: Picture) -> dict[str, object]:
    return {name: (picture.ids[name], picture.entities[name]) for name in STRANGERS}


def _leave_out_strangers(picture: Picture) -> Picture:
    entities = {name: e for name, e in picture.entities.items() if name not in STRANGERS}
    return replace(picture, entities=entities)


def _assert_no_mailbox_was_replaced(stack: Stack) -> None:
    owners = [mailbox.name for mailbox in stack.emulator.mailboxes]

    assert len(set(owners)) == len(owners)
    assert "lost" not in {mailbox.status for mailbox in stack.emulator.mailboxes}


def _assert_at_rest(stack: Stack) -> None:
    """Check that the same events, once more, write nothing."""
    stack.emulator.clear_calls()
    for name in ("Users", "Groups"):
        deployed = stack.deployed[name]
        resource = deployed.resource
        stack.send("Update", resource, previous=resource, physical_id=deployed.physical_id)

    assert [] == list_operations(stack)
