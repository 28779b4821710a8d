"""Obstacles: what a call would run into, because somebody was there by hand. Pure.

A resource whose declaration stays is not touched, whatever is live. So a call of another one can
name somebody who was switched off meanwhile, or an address at a domain that was deregistered. Its
handler would wait for what never comes. What nobody has looked at is not an obstacle.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from workmail_org.changes.calls import Call
from workmail_org.changes.naming import find_named, refuse_hindered
from workmail_org.model.user import Role, User
from workmail_org.model.values import Reference, get_domain
from workmail_org.plan.actual import Actual, list_made_again

_ADDRESSES = {
    "CreateAlias": "Alias",
    "RegisterToWorkMail": "Email",
    "UpdatePrimaryEmailAddress": "Email",
}
"""Parameters by operation that give an address, whose domain has to be registered
(WorkMail API 2017-10-01)."""


def find_obstacles(calls: Iterable[Call], state: Actual, domains: Collection[str]) -> Iterator[str]:
    """Write what calls would run into, once for each person and domain.

    Args:
        calls: Of one resource that is touched.
        state: What there is after them.
        domains: Folded names of what is registered by then.
    """
    known = tuple(calls)
    yield from refuse_hindered(known, _find_enabled(known, state), list_made_again(state))
    met: dict[str, str] = {}
    for call in known:
        for about, sentence in _meet_domain(call, state, domains):
            met.setdefault(about, sentence)
    yield from met.values()


def _find_enabled(calls: Iterable[Call], state: Actual) -> dict[Reference, bool | None]:
    """Find of those whom calls name whether they are switched on; `None`: they are not there."""
    found = {each: state.people.find(each) for each in find_named(calls)}
    return {
        reference: each.entity.enabled if each else None
        for reference, each in found.items()
        if each or state.is_whole
    }


def _meet_domain(call: Call, state: Actual, domains: Collection[str]) -> Iterator[tuple[str, str]]:
    """Find an address at a domain that nobody registered, by domain."""
    address = call.arguments.get(_ADDRESSES.get(call.operation, ""))
    domain = get_domain(str(address)) if address else ""
    found = state.people.find(call.subject) if isinstance(call.subject, Reference) else None
    if found and isinstance(found.entity, User) and found.entity.role is Role.REMOTE_USER:
        return  # their mail is elsewhere
    if domain and state.is_whole and domain not in domains:
        yield (
            domain,
            f"domain {domain} is not registered, although the spec declares it, and {call} would "
            "fail: it was deregistered by hand; register it again (aws workmail "
            f"register-mail-domain --domain-name {domain})",
        )
