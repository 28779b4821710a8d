"""What came of an import, for people and for programs. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workmail_org.importing.fitting import UNREADABLE, Fitted, Remainder
from workmail_org.importing.importing import Imported
from workmail_org.model.live import Snapshot
from workmail_org.model.organization import Organization
from workmail_org.spec.characters import escape


def render_summary(imported: Imported) -> list[str]:
    """Write what was read, what is left to a person, and what the proof says."""
    lines: list[str] = []
    total = sum(imported.calls.values())
    for fitted in imported.drafted.fitted:
        snapshot = imported.snapshots[fitted.organization.key]
        lines += _describe_organization(fitted, snapshot)
    lines.append(f"{_count(total, 'call')} in {imported.seconds:.1f} s, nothing written to AWS")
    lines += [f"wrote {path} (new file)" for path in imported.paths]
    lines += _describe_proof(imported)
    return [escape(line) for line in lines]


def _describe_organization(fitted: Fitted, snapshot: Snapshot) -> Iterator[str]:
    organization = fitted.organization
    live = snapshot.organization
    yield f'{organization.key}: {live.id} "{live.alias}" in {snapshot.region}'
    for word, count, total, note in _list_counts(organization, snapshot):
        yield f"  {_count(total, word):24} {_describe_taken(count, total)}{note}"
    left = list_remainders(fitted)
    yield f"  left to you: {len(left)}"
    for each in left:
        yield f"    {each.subject}: {each.reason}; {each.advice}"


def list_remainders(fitted: Fitted) -> tuple[Remainder, ...]:
    """List everything that the spec of an organization does not say, what is its own first."""
    return (*fitted.remainders, *UNREADABLE)


def _list_counts(
    organization: Organization, snapshot: Snapshot
) -> Iterator[tuple[str, int, int, str]]:
    people = snapshot.people
    off = sum(not each.enabled for each in organization.users)
    domains = [name for name, each in snapshot.domains.items() if not each.is_test_domain]
    yield "domain", len(organization.domains), len(domains), ""
    switched_off = f", {off} switched off" if off else ""
    yield "user", len(organization.users), len(people.users), switched_off
    yield "group", len(organization.groups), len(people.groups), ""
    yield "resource", len(organization.resources), len(people.resources), ""
    permissions = snapshot.settings.permissions
    yield "permission", len(organization.permissions), len(permissions), ""


def _describe_taken(count: int, total: int) -> str:
    return "all in the spec" if count == total else f"{count} in the spec, {total - count} left out"


def _describe_proof(imported: Imported) -> Iterator[str]:
    proof = imported.proof
    if not proof.holds:
        count = len(proof.differences)
        yield f"NOT PROVED: a deployment would do more, or something changed: {count}"
        yield from (f"  {each}" for each in proof.differences)
        return
    tags = [f"{key}: {' and '.join(names)}" for key, names in proof.tags.items() if names]
    if tags:
        yield "proved: planned against live, a deployment of it writes tags and nothing else:"
        yield from (f"  {each}" for each in tags)
    else:
        yield "proved: planned against live, a deployment of it changes nothing"


def build_document(imported: Imported) -> dict[str, Any]:
    """Return what came of an import as JSON has it."""
    proof = imported.proof
    document: dict[str, Any] = {
        "proved": proof.holds,
        "differences": list(proof.differences),
        "files": [str(path) for path in imported.paths],
        "calls": dict(imported.calls),
        "seconds": round(imported.seconds, 2),
        "organizations": {
            fitted.organization.key: _build_organization(
                fitted, imported.snapshots[fitted.organization.key], proof.tags
            )
            for fitted in imported.drafted.fitted
        },
    }
    if not imported.paths:
        document["spec"] = imported.text
    return document


def _build_organization(
    fitted: Fitted, snapshot: Snapshot, tags: dict[str, tuple[str, ...]]
) -> dict[str, Any]:
    organization = fitted.organization
    return {
        "id": snapshot.organization.id,
        "alias": snapshot.organization.alias,
        "region": snapshot.region,
        "counts": {
            f"{word}s": {"in_spec": count, "live": total}
            for word, count, total, _ in _list_counts(organization, snapshot)
        },
        "tags_written": list(tags.get(organization.key, ())),
        "left_to_you": [
            {
                "subject": each.subject,
                "reason": each.reason,
                "advice": each.advice,
                "path": [str(step) for step in each.path],
            }
            for each in list_remainders(fitted)
        ],
    }


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
