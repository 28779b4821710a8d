"""After a deployment WorkMail itself is asked whether its rules do what the spec expects."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from scenes import make_emulator, make_organization, make_user
from workmail_org.model.expectations import Device, Expectation
from workmail_org.model.live import Snapshot
from workmail_org.model.organization import Organization
from workmail_org.model.policies import Effect
from workmail_org.rehearsal import surveying
from workmail_org.rehearsal.comparing import describe_unmet
from workmail_org.rehearsal.surveying import ask, survey

PHONE = Expectation(effect=Effect.DENY, attempt=Device(device_type="iphone"))


@pytest.fixture
def desired() -> Organization:
    """An organization where no phone may synchronize, though nothing forbids it."""
    return make_organization(make_user("alice"), expect=(PHONE,))


@pytest.fixture
def actual(monkeypatch: pytest.MonkeyPatch) -> Snapshot:
    """A new organization, read back from the emulator."""
    emulator = make_emulator()

    def make_clients(region: str) -> Any:
        return SimpleNamespace(
            workmail=emulator.client("workmail", region=region),
            directory_service=emulator.client("ds", region=region),
        )

    monkeypatch.setattr(surveying, "make_clients", make_clients)
    make_clients("eu-west-1").workmail.create_organization(Alias="acme")
    found = survey("eu-west-1", "acme")
    assert found
    return found


def test_what_workmail_does_otherwise_is_a_difference(
    desired: Organization, actual: Snapshot
) -> None:
    (difference,) = describe_unmet(desired, ask(desired, actual))

    assert (
        'acme: expect[0]: the spec says "mobile with device_type "iphone" is denied",'
        ' WorkMail has "it is allowed: rule "ALLOW-all""'
    ) == str(difference)


def test_an_organization_that_is_not_there_is_not_asked(desired: Organization) -> None:
    """That it is missing is told anyway."""
    assert () == ask(desired, None)
