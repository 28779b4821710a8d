"""Route 53: zones read from the account, and each step as one batch of changes.

A batch is all or nothing, a DELETE has to repeat what is there, values and TTL, and a CREATE finds
nothing (Route 53 API reference, "ChangeResourceRecordSets"). So a change is a DELETE of what was
read and a CREATE, never an UPSERT, which overwrites whatever is there: a step whose turn it is not,
or that somebody else's change came before, is refused as a whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workmail_org.leaving.dns.model import DnsRecordSet, DnsZone, Key, Records, Txt, Value, index
from workmail_org.model.values import fold

_MOST_RECORDS = 1000
_MOST_CHARACTERS = 32_000
"""Of one ChangeResourceRecordSets (Route 53 API reference, 2013-04-01)."""

_NAMING = frozenset({"CNAME", "MX", "NS", "PTR", "SRV"})
"""Types whose values end with a host name, which Route 53 takes with or without a trailing dot
(Route 53 Developer Guide, "ResourceRecordTypes"). Everywhere else one without is relative."""

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\([0-7]{3}|.)", re.DOTALL)


def build_zone(identity: str, name: str, sets: list[Mapping[str, Any]]) -> DnsZone:
    """Build a zone of what ListResourceRecordSets answers."""
    return DnsZone(name=name, id=identity, records=index(map(_build_set, sets)))


def _build_set(found: Mapping[str, Any]) -> DnsRecordSet:
    written = tuple(each["Value"] for each in found.get("ResourceRecords", ()))
    values = tuple(_parse_value(found["Type"], each) for each in written)
    is_special = "AliasTarget" in found or "SetIdentifier" in found
    return DnsRecordSet(
        name=fold(found["Name"]),
        # Several sets with one name and type differ by this; none of them is changed.
        type="/".join((found["Type"], *filter(None, [found.get("SetIdentifier")]))),
        ttl=found.get("TTL", 0),
        values=values,
        is_special=is_special,
        written=written if written != tuple(map(_write_value, values)) else (),
    )


def _parse_value(kind: str, value: str) -> Value:
    if kind in _NAMING:
        return value if value.endswith(".") else f"{value}."
    if kind not in ("TXT", "SPF"):
        return value
    # Route 53 writes characters by three octal digits.
    return Txt(tuple(_ESCAPE.sub(_unescape, each) for each in _STRING.findall(value)))


def _unescape(found: re.Match[str]) -> str:
    code = found[1]
    return chr(int(code, 8)) if len(code) == 3 else code


def write_batch(
    comment: str, before: Records, after: Records, guards: Iterable[Key] = ()
) -> str | None:
    """Write the difference of two states as a change batch; `None`: there is none.

    Args:
        comment: What it is for.
        before: As the batch expects the zone.
        after: As it leaves it.
        guards: Record sets that have to be as before, and stay: each is deleted and created as it
            is, so that Route 53 refuses the batch if it is otherwise.

    Raises:
        ValueError: It is more than one batch can be, which is all or nothing.
    """
    changed = {key for key in (*before, *after) if before.get(key) != after.get(key)}
    if not changed:
        return None
    changes = list(_list_changes(changed | {*guards}, before, after))
    values = [each["ResourceRecordSet"]["ResourceRecords"] for each in changes]
    records = sum(map(len, values))
    characters = sum(len(value["Value"]) for each in values for value in each)
    if records > _MOST_RECORDS or characters > _MOST_CHARACTERS:
        raise ValueError(
            f"{records} records with {characters} characters are more than one batch of Route 53 "
            f"can be ({_MOST_RECORDS} and {_MOST_CHARACTERS}): move some of the domains at a time"
        )
    return json.dumps({"Comment": comment, "Changes": changes}, indent=2) + "\n"


def _list_changes(keys: Iterable[Key], before: Records, after: Records) -> Iterator[dict[str, Any]]:
    """List deletions first: a name cannot have a CNAME and something else."""
    ordered = sorted(keys)
    yield from (_write_change("DELETE", before[key]) for key in ordered if key in before)
    yield from (_write_change("CREATE", after[key]) for key in ordered if key in after)


def _write_change(action: str, found: DnsRecordSet) -> dict[str, Any]:
    return {
        "Action": action,
        "ResourceRecordSet": {
            "Name": found.name,
            "Type": found.type,
            "TTL": found.ttl,
            "ResourceRecords": [{"Value": each} for each in _write_values(found)],
        },
    }


def _write_values(found: DnsRecordSet) -> tuple[str, ...]:
    """Write values as they were read, if they were and are the same still."""
    read = tuple(_parse_value(found.type, each) for each in found.written)
    return found.written if read == found.values else tuple(map(_write_value, found.values))


def _write_value(value: Value) -> str:
    return " ".join(map(_quote, value.strings)) if isinstance(value, Txt) else value


def _quote(string: str) -> str:
    escaped = "".join(
        f"\\{each}" if each in '"\\' else each if " " <= each <= "~" else f"\\{ord(each):03o}"
        for each in string
    )
    return f'"{escaped}"'
