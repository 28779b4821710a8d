"""Machine: the report as JSON, for other programs; described by schemas/leave.schema.json."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workmail_org.leaving.model import Placement
from workmail_org.leaving.reporting import TEARDOWN
from workmail_org.model.lifetime import END_OF_SUPPORT
from workmail_org.reports.leave_words import list_sums

if TYPE_CHECKING:
    from workmail_org.exporting.model import Exported, MailboxExports
    from workmail_org.leaving.model import LedgerEntry, Move
    from workmail_org.leaving.reporting import LeaveReport, OrganizationReport

_VERSION = 1
"""Of the format: fields are added without a new number, never taken away or changed."""


def render_report(report: LeaveReport) -> str:
    """Write the report as one JSON object, pure ASCII."""
    return json.dumps(build_document(report), indent=2)


def build_document(report: LeaveReport) -> dict[str, Any]:
    """Return the report as JSON has it."""
    return {
        "version": _VERSION,
        "environment": report.environment,
        "spec": report.spec,
        "today": report.today.isoformat(),
        "ends": END_OF_SUPPORT.isoformat(),
        "days_left": report.days_left,
        "readiness": report.readiness,
        "organizations": [_describe_organization(each) for each in report.organizations],
        "sign_ins": None
        if report.sign_ins is None or report.sign_ins.is_silent
        else [
            {
                "user": each.user,
                "protocol": each.protocol,
                "times": each.times,
                "last": each.last.isoformat(),
            }
            for each in report.sign_ins.found
        ],
        "sign_in_events": report.sign_ins
        and {
            "authentication": report.sign_ins.attempts,
            "other": report.sign_ins.others,
        },
        "teardown": list(TEARDOWN),
    }


def _describe_organization(report: OrganizationReport) -> dict[str, Any]:
    return {
        "key": report.key,
        "alias": report.alias,
        "region": report.region,
        "readiness": report.readiness,
        "mailboxes": list(report.mailboxes),
        "exports": None
        if report.exported is None
        else [_describe_export(each) for each in report.exported],
        "exports_unread": report.unread or None,
        "final_pass_oldest": _show_time(report.oldest),
        "gone": [_describe_export(each) for each in report.gone],
        "blockers": [{"title": each.title, "names": list(each.names)} for each in report.blockers],
        "cost": {
            "currency": "USD",
            "users": report.paid,
            "months": report.months,
            "cents_per_user_and_month": report.cents_per_month,
            "cents_left": report.cents_left,
        },
        "destroy": list(report.ends),
        "stays": list(report.stays),
        "destinations": [
            _describe_move(each, has_entries=len(report.moves) == 1) for each in report.moves
        ],
    }


def _show_time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


def _describe_export(exported: MailboxExports) -> dict[str, Any]:
    return {
        "id": exported.shown.id,
        "name": str(exported.reference),
        **_describe_pass(exported.shown),
        "final": exported.shown.is_final,
        "passes": {
            "first": exported.first and _describe_pass(exported.first),
            "final": exported.final and _describe_pass(exported.final),
        },
    }


def _describe_pass(exported: Exported) -> dict[str, Any]:
    return {
        "state": exported.stage.value,
        "exported_at": _show_time(exported.exported_at),
        "verified_at": _show_time(exported.verified_at),
        "checked": exported.checked and exported.checked.value,
        "reason": exported.reason or None,
    }


def _describe_move(move: Move, *, has_entries: bool) -> dict[str, Any]:
    """Describe a ledger; one that is only compared with others has no entries, which are many."""
    return {
        "destination": move.destination.value,
        "counts": {_name(placement): move.count(placement) for placement in Placement},
        "kinds": {
            each.kind.value: {"file": each.in_files, "hand": each.by_hand, "lost": each.lost}
            for each in list_sums(move)
        },
        "entries": [_describe_entry(each) for each in move.entries] if has_entries else None,
    }


def _describe_entry(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "kind": entry.item.kind.value,
        "owner": entry.item.owner or None,
        "name": entry.item.name,
        "value": entry.item.value,
        "placement": _name(entry.placement),
        "file": entry.file or None,
        "note": entry.note,
    }


def _name(placement: Placement) -> str:
    return placement.name.lower()
