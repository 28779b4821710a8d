"""Mail domains: registered, their records given out, deregistered when nobody needs them."""

from __future__ import annotations

from collections.abc import Mapping

from workmail_org.changes.default_domain import make_default
from workmail_org.changes.organizations import decide_domain
from workmail_org.errors import ConflictError, PermanentError, UnsafePlanError
from workmail_org.handlers.requests import Progress, Request, RequestType, Run
from workmail_org.handlers.restoring import forget_origin, note_origin, was_found
from workmail_org.handlers.surroundings import is_rollback
from workmail_org.handlers.writing import write_calls
from workmail_org.model.domain import DnsRecord, quote_value, render_zone_file
from workmail_org.model.live import LiveDomain
from workmail_org.model.values import Kind, fold, get_domain, get_test_domain
from workmail_org.service.reading import (
    list_entities,
    read_aliases,
    read_domain,
    read_organization,
)
from workmail_org.service.workmail import WorkMail
from workmail_org.wire.names import ZONE_FILE, RecordSlot
from workmail_org.wire.properties import DomainProperties

_RECORDS = len(RecordSlot)
"""WorkMail wants eight records for a domain (facts.md §6)."""


class DomainLifecycle:
    """`Custom::WorkMailDomain`. The physical id is `<organization id>/domains/<domain>`."""

    def begin(self, run: Run, request: Request[DomainProperties]) -> str:
        """Accept; of an organization that was taken over, only what is registered.

        Whoever registered a domain before the stack did keeps it when the stack rolls back or is
        deleted.
        """
        desired = request.desired
        own = f"{desired.organization_id}/domains/{fold(desired.domain)}"
        is_new = request.type is RequestType.CREATE
        if request.is_delete or not (is_new or desired.existing):
            return request.physical_id or own
        workmail = run.open_organization(desired.organization_id)
        registered = read_domain(workmail, desired.domain) is not None
        if desired.existing:
            decision = decide_domain(registered, desired, request.previous)
            if decision.refusals:
                raise UnsafePlanError(*decision.refusals)
        else:
            note_origin(run, request, found=registered)
        return request.physical_id or own

    def advance(self, run: Run, request: Request[DomainProperties]) -> Progress:
        """Register the domain and answer with its records; or deregister it."""
        workmail = run.open_organization(request.desired.organization_id)
        if request.is_delete:
            return _advance_delete(run, workmail, request)
        domain = read_domain(workmail, request.desired.domain)
        if domain is None:
            _register(run, workmail, request)
            domain = read_domain(workmail, request.desired.domain)
        if domain is None or len(domain.records) < _RECORDS:
            return Progress(done=False, waiting_for="WorkMail has not named the DNS records yet")
        return Progress(done=True, attributes=describe_records(domain))


def _register(run: Run, workmail: WorkMail, request: Request[DomainProperties]) -> None:
    decision = decide_domain(False, request.desired, request.previous)
    try:
        write_calls(run, workmail, request, decision.calls)
    except ConflictError as conflict:
        raise PermanentError(
            f"domain {request.desired.domain} belongs to another organization of this account and "
            "region: deregister it there first",
            operation=conflict.operation,
            code=conflict.code,
        ) from conflict


def describe_records(domain: LiveDomain) -> dict[str, str]:
    """List a domain's records as attributes: names, Route 53 values, and a zone file."""
    attributes: dict[str, str] = {}
    slots = assign_slots(domain)
    for slot, record in slots.items():
        attributes[slot.name_attribute] = record.name
        attributes[slot.value_attribute] = quote_value(record)
    attributes[ZONE_FILE] = render_zone_file(slots.values())
    return attributes


def assign_slots(domain: LiveDomain) -> Mapping[RecordSlot, DnsRecord]:
    """Return which of a domain's records is which, by type and name (facts.md §6).

    Raises:
        PermanentError: A record is none of the eight that WorkMail is known for.
    """
    slots: dict[RecordSlot, DnsRecord] = {}
    dkim = iter((RecordSlot.DKIM_1, RecordSlot.DKIM_2, RecordSlot.DKIM_3))
    apex = f"{fold(domain.name)}."
    fixed = {
        ("MX", apex): RecordSlot.MX,
        ("TXT", f"_amazonses.{apex}"): RecordSlot.OWNERSHIP,
        ("CNAME", f"autodiscover.{apex}"): RecordSlot.AUTODISCOVER,
        ("TXT", apex): RecordSlot.SPF,
        ("TXT", f"_dmarc.{apex}"): RecordSlot.DMARC,
    }
    for record in sorted(domain.records, key=lambda record: record.name):
        name = fold(record.name).rstrip(".") + "."
        slot = fixed.get((record.type, name))
        if slot is None and "._domainkey." in name:
            slot = next(dkim, None)
        if slot is None:
            raise PermanentError(f"WorkMail wants an unknown DNS record: {record.type} {name}")
        slots[slot] = record
    return slots


def _advance_delete(run: Run, workmail: WorkMail, request: Request[DomainProperties]) -> Progress:
    """Deregister, unless it stays, is gone already, or goes with its organization."""
    desired = request.desired
    if not decide_domain(None, None, desired).calls:  # it stays, whatever is there
        return Progress(done=True)
    organization = read_organization(workmail)
    if organization is None or organization.is_going:
        return Progress(done=True)
    if was_found(run, request):
        run.log("domain stays registered", domain=desired.domain, reason="it was found")
        return Progress(done=True)
    domain = read_domain(workmail, desired.domain)
    calls = decide_domain(domain is not None, None, desired).calls
    if domain and domain.is_default:
        # Only one that is not the default can be deregistered.
        calls = (make_default(get_test_domain(organization.alias)), *calls)
    try:
        write_calls(run, workmail, request, calls)
    except ConflictError as conflict:
        _explain_conflict(run, workmail, request, conflict)
    else:
        forget_origin(run, request)
    return Progress(done=True)


def _explain_conflict(
    run: Run, workmail: WorkMail, request: Request[DomainProperties], conflict: ConflictError
) -> None:
    """Refuse while somebody receives mail there; leave it registered for what is switched off.

    A disabled mailbox can come back for 30 days, and its address with it. In a rollback it is left
    for whoever has got an address there meanwhile: a stack that cannot go back is stuck.
    """
    domain = request.desired.domain
    holders = [
        f"{row.reference} ({address})"
        for kind in Kind
        for row in list_entities(workmail, kind)
        if row.enabled
        for address in (row.email, *read_aliases(workmail, row))
        if get_domain(address) == fold(domain)
    ]
    if holders and not is_rollback(run, request):
        raise PermanentError(
            f"domain {domain} still receives mail for {', '.join(holders)}: give these other "
            "addresses or remove them first, or set on_removal.domains: retain",
            operation=conflict.operation,
            code=conflict.code,
        ) from conflict
    run.log("domain stays registered", domain=domain, reason=str(conflict))
