"""The coverage table: for each operation of WorkMail's API, which key of a spec declares it.

Which keys do so stands in the schema; who calls an operation is looked up in the source. What is
left has a reason here. Run it with `make docs`; a test fails when `docs/coverage.md` is stale, or
when botocore knows an operation that the table does not place.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from annotations import find_parameter, list_keys, read_model
from markdown_lines import fix

_ROOT = Path(__file__).parents[1]
_PACKAGE = _ROOT / "constructs" / "workmail_org"
DOCUMENT = _ROOT / "docs" / "coverage.md"

READERS: Mapping[str, str] = {
    "changes": "a deployment",
    "handlers": "a deployment",
    "service/effects.py": "`expect`",
    "service/policies.py": "a deployment, `rehearse`",
    "service/reading.py": "a deployment, `rehearse`",
}
"""Who asks, by the module or floor in which an operation is named."""

NOT_DECLARATIVE: Mapping[str, str] = {
    "AssumeImpersonationRole": "hands out a token for 15 minutes: an application calls it",
    "CancelMailboxExportJob": "an export is a job, not a state",
    "DeleteMobileDeviceAccessOverride": "an override is about one device, whose id only the console"
    " shows: mobile device management calls it",
    "DeletePersonalAccessToken": "users make and delete their own tokens",
    "DescribeEntity": "whom an address belongs to, the lists tell too",
    "DescribeMailboxExportJob": "an export is a job, not a state",
    "GetMobileDeviceAccessOverride": "as DeleteMobileDeviceAccessOverride",
    "GetPersonalAccessTokenMetadata": "users make and delete their own tokens",
    "ListGroupsForEntity": "the other side of ListGroupMembers, which is read",
    "ListMailboxExportJobs": "an export is a job, not a state",
    "ListMobileDeviceAccessOverrides": "as DeleteMobileDeviceAccessOverride",
    "ListPersonalAccessTokens": "users make and delete their own tokens",
    "PutMobileDeviceAccessOverride": "as DeleteMobileDeviceAccessOverride",
    "ResetPassword": "a first password is CreateUser's; after that it is the user's own",
    "StartMailboxExportJob": "an export is a job, not a state",
    "TestAvailabilityConfiguration": "asks another company's server with a real password",
}
"""Why no key declares an operation and nothing reads it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One operation.

    Attributes:
        keys: That declare it; `*` where the author chooses the name.
        readers: Who calls it to read.
        reason: Why it has neither; empty where it has.
    """

    operation: str
    keys: tuple[str, ...]
    readers: tuple[str, ...]
    reason: str


def list_rows() -> tuple[Row, ...]:
    """Place every operation of botocore's model, by name."""
    declared = list_declared()
    return tuple(
        Row(
            operation,
            declared.get(operation, ()),
            () if operation in declared else find_readers(operation),
            NOT_DECLARATIVE.get(operation, ""),
        )
        for operation in sorted(read_model("workmail").operation_names)
    )


def list_declared() -> Mapping[str, tuple[str, ...]]:
    """List the keys that declare each operation, as the schema says."""
    found: dict[str, dict[str, None]] = {}
    for key in list_keys():
        for parameter in map(find_parameter, key.shape.get("x-writes", ())):
            if parameter.service == "workmail":
                found.setdefault(parameter.operation, {})[str(key)] = None
    return {operation: tuple(keys) for operation, keys in found.items()}


def find_readers(operation: str) -> tuple[str, ...]:
    """Say who calls an operation that no key declares."""
    words = (_find_reader(module) for module in sorted(find_modules(operation)))
    return tuple(dict.fromkeys(word for word in words if word))


def _find_reader(module: str) -> str:
    return READERS.get(module) or READERS.get(module.partition("/")[0], "")


def find_modules(operation: str) -> frozenset[str]:
    """Find the modules that name an operation, relative to the package."""
    return _index_operations().get(operation, frozenset())


@cache
def _index_operations() -> Mapping[str, frozenset[str]]:
    names = set(read_model("workmail").operation_names)
    found: dict[str, set[str]] = {}
    for path in sorted(_PACKAGE.rglob("*.py")):
        words = set(re.findall(r'"([A-Z][A-Za-z]+)"', path.read_text(encoding="utf-8")))
        for word in words & names:
            found.setdefault(word, set()).add(path.relative_to(_PACKAGE).as_posix())
    return {name: frozenset(modules) for name, modules in found.items()}


def render() -> str:
    """Write the table."""
    return fix("\n".join([*_head(), *map(_render_row, list_rows())]) + "\n")


def _head() -> Iterator[str]:
    rows = list_rows()
    declared = sum(1 for row in rows if row.keys)
    read = sum(1 for row in rows if row.readers)
    yield "<!-- Generated from the schema and the source: edit those, then `make docs`. -->"
    yield ""
    yield "# What a spec covers of WorkMail's API"
    yield ""
    yield (
        f"All {len(rows)} operations of botocore's WorkMail model, API version"
        f" {read_model('workmail').api_version}: {declared} are declared by keys of a spec,"
        f" {read} are called to read, {len(rows) - declared - read} are neither, each for its"
        " reason. What WorkMail has no API for at all is in"
        " [the spec reference](spec.md#what-has-no-api)."
    )
    yield ""
    yield "Keys are relative to an organization; `*` stands for a name that the author chooses."
    yield ""
    yield "| operation | declared by | read by | why not |"
    yield "| --- | --- | --- | --- |"


def _render_row(row: Row) -> str:
    cells = (row.operation, "; ".join(_group(row.keys)), ", ".join(row.readers), row.reason)
    return f"| {' | '.join(cells)} |"


def _group(keys: Iterable[str]) -> Iterator[str]:
    """Write keys relative to their organization, those of one mapping together."""
    groups: dict[str, list[str]] = {}
    for key in keys:
        mapping, _, name = key.removeprefix("organizations.*.").rpartition(".")
        groups.setdefault(mapping, []).append(f"`{name}`")
    for mapping, names in groups.items():
        yield f"`{mapping}`: {', '.join(names)}" if mapping else ", ".join(names)


if __name__ == "__main__":
    DOCUMENT.write_text(render(), encoding="utf-8")
    sys.stdout.write(f"{DOCUMENT}\n")
