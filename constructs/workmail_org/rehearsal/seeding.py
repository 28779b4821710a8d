"""Seeding: an emulator in this process begins with the organizations of a spec.

The emulator finds `furnish` by its name (`workmail_emulator.seeding`): neither imports the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from workmail_org.errors import SpecError
from workmail_org.rehearsal.furnishing import LiveSpec, list_verified, make_by_hand
from workmail_org.rehearsal.stand_ins import IN_DIRECTORY_SERVICE, StandIns
from workmail_org.service.passwords import generate_password
from workmail_org.spec.building import load_environment


class Emulator(Protocol):
    """What is used of the emulator."""

    def client(self, service: str, *, region: str) -> Any:
        """Return a botocore client of `workmail` or `ds`."""
        ...

    def verify(self, domain: str) -> None:
        """Let a domain be verified."""
        ...

    def add_directory(self, document: Mapping[str, Any]) -> str:
        """Make a directory."""
        ...

    def add_network(self, document: Mapping[str, Any]) -> None:
        """Put a directory outside of AWS."""
        ...


@dataclass(frozen=True, slots=True)
class _InProcess:
    """An AWS of WorkMail and Directory Service alone."""

    emulator: Emulator
    account: str

    def make_client(self, service: str, region: str) -> Any:
        return self.emulator.client(service, region=region)

    def control(self, action: str, document: Mapping[str, Any] | None = None) -> Any:
        put = {"directories": self.emulator.add_directory, "networks": self.emulator.add_network}
        return put[action](document or {})


def furnish(emulator: Emulator, path: Path, *, account: str) -> None:
    """Make the organizations that a spec declares, as if somebody had made them by hand.

    Passwords are generated, and the secrets of availability configurations are not looked up: the
    emulator checks neither.

    Args:
        emulator: Empty; asynchronous changes are complete by the next read.
        path: The spec.
        account: The emulator's.

    Raises:
        ValueError: The spec is wrong, or WorkMail refuses a part of it; every problem in a line.
    """
    aws = _InProcess(emulator, account)
    try:
        live = LiveSpec(path=path, root=None, environment=load_environment(path))
        for domain in list_verified(live):
            emulator.verify(domain)
        stand_ins = StandIns(aws, IN_DIRECTORY_SERVICE)
        make_by_hand(aws, live, stand_ins, read_secret=lambda _region, _name: generate_password())
    except SpecError as error:
        raise ValueError(str(error)) from error
