"""Signing in: who still uses WorkMail by which protocol, from its audit logs.

So devices, scanners and applications that nobody thought of are found before the MX moves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from workmail_org.errors import InputError
from workmail_org.model.values import fold

_SUCCESS = "auth_successful"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """How often somebody signed in by one protocol.

    Attributes:
        user: As the log names it.
        protocol: Such as IMAP, SMTP or ActiveSync.
        last: In UTC.
    """

    user: str
    protocol: str
    times: int
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLog:
    """What audit logs say about signing in.

    Attributes:
        found: Who signed in, by protocol and user.
        attempts: Authentication events, failed ones too.
        others: Events of other kinds, which say nothing about it.
    """

    found: tuple[SignIn, ...] = ()
    attempts: int = 0
    others: int = 0

    @property
    def is_silent(self) -> bool:
        """Whether there is no authentication event, so that who signs in is not known."""
        return self.attempts == 0


def load_sign_ins(paths: Iterable[Path]) -> SignInLog:
    """Read audit logs as `aws logs filter-log-events` prints them, by protocol and user.

    Authentication events carry `user`, `protocol` and `auth_successful`; events of other kinds are
    counted alone, and attempts that failed too (WorkMail Admin Guide, "monitoring-audit-logging").

    Raises:
        InputError: A file is something else.
    """
    found: dict[tuple[str, str], SignIn] = {}
    attempts = others = 0
    for path in paths:
        for at, event in _read_events(path):
            if _SUCCESS not in event:
                others += 1
                continue
            attempts += 1
            user, protocol = str(event.get("user", "")), str(event.get("protocol", ""))
            if not user or not protocol or not _is_true(event[_SUCCESS]):
                continue
            key = (protocol, fold(user))
            before = found.get(key)
            found[key] = SignIn(
                user=before.user if before else user,
                protocol=protocol,
                times=before.times + 1 if before else 1,
                last=max(before.last, at) if before else at,
            )
    return SignInLog(
        found=tuple(found[key] for key in sorted(found)), attempts=attempts, others=others
    )


def _read_events(path: Path) -> Iterator[tuple[datetime, Mapping[str, Any]]]:
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8-sig"))
        events = cast("list[Mapping[str, Any]]", document["events"])
        for each in events:
            at = datetime.fromtimestamp(int(each["timestamp"]) / 1000, tz=UTC)
            message: Any = json.loads(each["message"])
            yield at, cast("Mapping[str, Any]", message) if isinstance(message, dict) else {}
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise InputError(
            [
                f"{path} is not an audit log: write it with aws logs filter-log-events "
                "--log-group-name NAME --output json"
            ]
        ) from error


def _is_true(value: object) -> bool:
    """Read a truth value, of which the guide does not say how it is written."""
    return str(value).lower() in ("true", "1")
