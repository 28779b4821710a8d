"""Passwords: new ones for accounts at the destination, and those that reading WorkMail needs.

No password of WorkMail can be read. Whoever's mail is fetched by IMAP has to have one that is
known: collected from people, or set anew. New ones are made only where a file needs them.
"""

from __future__ import annotations

import csv
import io
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from workmail_org.errors import InputError
from workmail_org.leaving.placing import render_csv
from workmail_org.model.values import fold

_LENGTH = 16
"""Longer than the 8 that Google, Zoho and WorkMail ask for at least."""

_CLASSES = (
    "ABCDEFGHJKLMNPQRSTUVWXYZ",
    "abcdefghijkmnopqrstuvwxyz",
    "23456789",
    "_.-",
)
"""Nothing that imapsync's list, a CSV, a shell or PowerShell takes for syntax (imapsync,
examples/sync_loop_unix.sh), and nothing that reads like something else."""


class Side(StrEnum):
    """Where a password is valid."""

    WORKMAIL = "WorkMail"
    DESTINATION = "destination"


def make_password() -> str:
    """Make a password with a character of each class; it begins with a letter."""
    alphabet = "".join(_CLASSES)
    while True:
        password = "".join(secrets.choice(alphabet) for _ in range(_LENGTH))
        if password[0] in string.ascii_letters and all(
            any(each in characters for each in password) for characters in _CLASSES
        ):
            return password


@dataclass(slots=True)
class PasswordBook:
    """Passwords by side and folded address; what is asked for and not given is made.

    Attributes:
        given: What somebody knows.
        make: Makes a new one.
    """

    given: Mapping[Side, Mapping[str, str]] = field(default_factory=dict[Side, Mapping[str, str]])
    make: Callable[[], str] = make_password
    _made: dict[tuple[Side, str], str] = field(default_factory=dict[tuple[Side, str], str])
    _used: set[tuple[Side, str]] = field(default_factory=set[tuple[Side, str]])

    def is_given(self, side: Side, address: str) -> bool:
        """Return whether somebody gave the password of an address."""
        return fold(address) in self.given.get(side, {})

    def get(self, side: Side, address: str) -> str:
        """Return the password of an address, made if need be."""
        given = self.given.get(side, {}).get(fold(address))
        if given is not None:
            self._used.add((side, fold(address)))
            return given
        return self._made.setdefault((side, fold(address)), self.make())

    def has_made(self, side: Side) -> bool:
        """Return whether one was made for a side."""
        return any(made is side for made, _ in self._made)

    def list_unused(self) -> tuple[tuple[Side, str], ...]:
        """List what was given and that no file needed, by side and address."""
        return tuple(
            (side, address)
            for side, addresses in self.given.items()
            for address in addresses
            if (side, address) not in self._used
        )

    def render(self) -> bytes | None:
        """Write the passwords that were made, for people; `None`: none was."""
        if not self._made:
            return None
        heads = ("side", "address", "password")
        rows = sorted((side.value, address, made) for (side, address), made in self._made.items())
        return render_csv((heads, *rows))


def load_passwords(
    path: Path, find_rule: Callable[[str], str | None] = lambda _: None
) -> dict[str, str]:
    """Read passwords that somebody collected, by folded address.

    A CSV of UTF-8 with the columns `address` and `password`.

    Args:
        path: Of the CSV.
        find_rule: Returns the rule that a password breaks where it shall be valid.

    Raises:
        InputError: It cannot be read; never with a password.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError([f"{path}: not UTF-8; save it as CSV with the encoding UTF-8"]) from error
    except OSError as error:
        raise InputError([f"{path} cannot be read: {(error.strerror or '').lower()}"]) from error
    rows = csv.reader(io.StringIO(text, newline=""))
    heads = [each.strip().lower() for each in next(rows, list[str]())]
    if not {"address", "password"} <= {*heads}:
        found = ", ".join(heads[:5]) or "nothing"
        raise InputError(
            [f'{path}:1: the columns are {found}; required are "address" and "password"']
        )
    at = heads.index("address"), heads.index("password")
    passwords: dict[str, str] = {}
    problems: list[str] = []
    for row in rows:
        place = f"{path}:{rows.line_num}"
        if not any(row):
            continue
        if len(row) <= max(at) or not row[at[0]].strip() or not row[at[1]]:
            problems.append(f"{place}: an address and a password are required in each row")
            continue
        address = fold(row[at[0]].strip())
        if address in passwords:
            problems.append(f"{place}: {address} has a password already; leave one of them")
        if rule := find_rule(row[at[1]]):
            problems.append(f"{place}: the password of {address} would be refused: write {rule}")
        passwords[address] = row[at[1]]
    if problems:
        raise InputError(problems)
    return passwords
