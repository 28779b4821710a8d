"""Proving: a spec that was written is read, and planned against what is live."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from workmail_org.differences.finding import make_difference
from workmail_org.differences.keyed import find_differences
from workmail_org.importing.connecting import Connections
from workmail_org.importing.drafting import Drafted
from workmail_org.model.live import Snapshot
from workmail_org.model.organization import Environment
from workmail_org.plan.deployed import read_live
from workmail_org.plan.model import Change, OrganizationPlan
from workmail_org.plan.planning import Question, plan
from workmail_org.wire.names import OWNER_TAG, TAKEN_OVER_TAG

_OWN_TAGS = frozenset({OWNER_TAG, TAKEN_OVER_TAG})


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What came of planning an imported spec against what is live.

    Attributes:
        differences: Sentences; none: a deployment changes nothing but `tags`.
        tags: Keys of tags that a deployment writes, by key of the organization.
    """

    differences: tuple[str, ...]
    tags: dict[str, tuple[str, ...]]

    @property
    def holds(self) -> bool:
        """Whether a deployment of the spec would change nothing but the tags of ownership."""
        return not self.differences


def prove(
    drafted: Drafted, connections: Connections, snapshots: Mapping[str, Snapshot], *, spec: str
) -> Proof:
    """Plan a deployment of what was written, with the code of `plan --against live`.

    Args:
        drafted: The files, as they were read.
        connections: To the stacks that may be there.
        snapshots: What is live, by key of the organization.
        spec: Name of the spec.

    Raises:
        ServiceError: AWS refuses.
    """
    environment = drafted.reading.environment
    if environment is None:
        return Proof(differences=tuple(map(str, drafted.reading.problems)), tags={})
    written = tuple(_compare(environment, drafted.environment))
    if written:
        return Proof(differences=written, tags={})
    base = read_live(
        environment,
        open_clients=connections.open,
        snapshots=snapshots,
        open_route53=connections.open_route53,
    )
    today = datetime.now(tz=UTC).date()
    found = plan(environment, base, Question(spec=spec, today=today))
    return Proof(
        differences=tuple(
            difference for each in found.organizations for difference in _list_differences(each)
        ),
        tags={each.key: tuple(_list_tags(each)) for each in found.organizations},
    )


def _compare(read: Environment, meant: Environment) -> Iterator[str]:
    """List where the file says something else than what was to be written."""
    for one, other in zip(read.organizations, meant.organizations, strict=True):
        for finding in find_differences(one, other):
            yield str(make_difference(one.key, finding))


def _list_differences(plan: OrganizationPlan) -> Iterator[str]:
    """List everything that a deployment would do beyond the tags of ownership."""
    for refusal in plan.refusals:
        yield f"{plan.key}: refused: {refusal}"
    for change in plan.changes:
        if not _is_ownership(change):
            calls = f" ({'; '.join(change.calls)})" if change.calls else ""
            yield f"{plan.key}: {change.subject}: {change.sentence}{calls}"
    explained = {call for change in plan.changes for call in change.calls}
    for call in plan.calls:
        if call not in explained and _read_tags(call) is None:
            yield f"{plan.key}: {call}"


def _is_ownership(change: Change) -> bool:
    return bool(change.calls) and all(_read_tags(call) is not None for call in change.calls)


def _list_tags(plan: OrganizationPlan) -> Iterator[str]:
    for call in plan.calls:
        yield from _read_tags(call) or ()


def _read_tags(call: str) -> tuple[str, ...] | None:
    """Read which tags of ownership a call writes; `None`: it does something else."""
    operation, _, rest = call.partition(" organization ")
    if operation != "TagResource":
        return None
    arguments: dict[str, Any] = json.loads(rest)
    keys = tuple(tag["Key"] for tag in arguments["Tags"])
    return keys if set(keys) <= _OWN_TAGS else None
