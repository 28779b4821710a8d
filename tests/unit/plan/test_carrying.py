"""What is predicted of a plan's calls is what the declaration predicts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from transitions import TRANSITIONS
from workmail_org.model.group import Group
from workmail_org.model.live import Found, People
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.removal import Removal
from workmail_org.model.user import User
from workmail_org.plan.actual import predict
from workmail_org.plan.declarations import declare
from workmail_org.plan.steps import simulate

ENVIRONMENT = Environment(name="test")


def normalize(found: Found[Any], people: People) -> Any:
    """Write an entity so that what means the same is equal.

    A group keeps members that are switched off; a quota that is not declared
    is WorkMail's own.
    """
    entity = replace(found.entity, aliases=tuple(sorted(found.entity.aliases)))
    if isinstance(entity, User):
        return replace(entity, quota_megabytes=None)
    field = "members" if isinstance(entity, Group) else "delegates"
    kept = tuple(each for each in getattr(entity, field) if each.folded in people.enabled)
    return replace(entity, **{field: kept})


def picture(people: People, declared: set[str]) -> dict[str, Any]:
    every: dict[str, Found[Any]] = {**people.users, **people.groups, **people.resources}
    return {name: normalize(found, people) for name, found in every.items() if name in declared}


@pytest.mark.parametrize(("previous", "desired"), TRANSITIONS.values(), ids=TRANSITIONS.keys())
def test_calls_lead_to_what_is_declared(
    previous: Organization | None, desired: Organization
) -> None:
    before = declare(ENVIRONMENT, previous) if previous else None
    after = declare(ENVIRONMENT, desired)
    course = simulate(before, predict(before), after)
    expected = predict(after)
    declared = {*expected.people.users, *expected.people.groups, *expected.people.resources}

    assert picture(expected.people, declared) == picture(course.after.people, declared)
    assert expected.domains == course.after.domains
    assert expected.settings.default_domain == course.after.settings.default_domain


@pytest.mark.parametrize(("previous", "desired"), TRANSITIONS.values(), ids=TRANSITIONS.keys())
def test_who_left_is_switched_off_or_gone(
    previous: Organization | None, desired: Organization
) -> None:
    before = declare(ENVIRONMENT, previous) if previous else None
    course = simulate(before, predict(before), declare(ENVIRONMENT, desired))
    declared = {user.name for user in desired.users}
    left = [user for name, user in course.after.people.users.items() if name not in declared]

    if desired.on_removal.users is Removal.RETAIN:
        assert all(found.entity.enabled for found in left)
    else:
        assert not any(found.entity.enabled for found in left)


@pytest.mark.parametrize(("previous", "desired"), TRANSITIONS.values(), ids=TRANSITIONS.keys())
def test_the_same_again_is_nothing(previous: Organization | None, desired: Organization) -> None:
    del previous
    declaration = declare(ENVIRONMENT, desired)

    assert () == simulate(declaration, predict(declaration), declaration).steps
