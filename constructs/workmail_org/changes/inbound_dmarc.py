"""Inbound DMARC: what happens to mail that fails its sender's policy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workmail_org.changes.calls import Call, Phase, Setting, make_call
from workmail_org.changes.consequences import GUIDE, Consequence, Rule
from workmail_org.changes.deciding import Decision
from workmail_org.changes.explaining import Explanation, Wording
from workmail_org.model.live import LiveSettings
from workmail_org.model.organization import Organization
from workmail_org.wire.properties import InboundDmarcProperties

DMARC_ENFORCED = Rule(
    "dmarc-enforced",
    Consequence.ADDRESS,
    "mail that fails its sender's DMARC policy is turned away or put aside",
    f'{GUIDE}, "inbound-dmarc"',
    "watch the email events for such mail first",
)
DMARC_IGNORED = Rule(
    "dmarc-ignored",
    Consequence.MORE_MAIL,
    "mail that fails its sender's DMARC policy, forged mail too, arrives like any other",
    f'{GUIDE}, "inbound-dmarc"',
    "leave inbound_dmarc out, so that it stays enforced",
)


def declare(organization: Organization, stack: str) -> InboundDmarcProperties | None:  # noqa: ARG001 - the shape
    """Write whether it is enforced; `None`: it is not managed."""
    enforced = organization.policies.inbound_dmarc_enforced
    return None if enforced is None else InboundDmarcProperties(enforced=enforced)


def predict(declared: InboundDmarcProperties) -> bool:
    """Predict what is live once it is deployed."""
    return declared.enforced


def capture(
    live: LiveSettings,
    declared: InboundDmarcProperties | None,  # noqa: ARG001 - the shape
    previous: InboundDmarcProperties | None,  # noqa: ARG001 - the shape
) -> InboundDmarcProperties:
    """Write whether it is enforced, as it would be declared."""
    return InboundDmarcProperties(enforced=live.inbound_dmarc_enforced)


def decide(
    live: LiveSettings,
    declared: InboundDmarcProperties | None,
    previous: InboundDmarcProperties | None,  # noqa: ARG001 - the shape
) -> Decision:
    """Decide whether it changes; undeclared, it is enforced, as in every new organization.

    Source:
        WorkMail API 2017-10-01: PutInboundDmarcSettings; facts.md §0.9.
    """
    enforced = declared.enforced if declared else True
    if live.inbound_dmarc_enforced is enforced:
        return Decision()
    subject = Setting("inbound DMARC")
    call = make_call(Phase.JOIN, "PutInboundDmarcSettings", subject, Enforced=enforced)
    return Decision(calls=(call,))


def explain(
    live: LiveSettings,  # noqa: ARG001 - the shape
    declared: InboundDmarcProperties | None,
    calls: Sequence[Call],
    wording: Wording,  # noqa: ARG001 - the shape
) -> Iterator[Explanation]:
    """Return what happens to mail that fails its sender's policy."""
    if declared and not declared.enforced:
        sentence = "mail that fails its sender's DMARC policy arrives like any other"
        yield DMARC_IGNORED, sentence, calls
    else:
        sentence = "mail that fails its sender's DMARC policy is turned away or put aside"
        yield DMARC_ENFORCED, sentence, calls
