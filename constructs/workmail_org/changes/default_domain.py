"""The default domain: the one that WorkMail proposes for new addresses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from workmail_org.changes.calls import Call, Phase, Setting, make_call
from workmail_org.changes.consequences import GUIDE, Consequence, Rule
from workmail_org.changes.deciding import Decision
from workmail_org.changes.explaining import Explanation, Wording
from workmail_org.model.live import LiveSettings
from workmail_org.model.organization import Organization
from workmail_org.model.values import fold
from workmail_org.wire.properties import DefaultDomainProperties

DEFAULT_DOMAIN = Rule(
    "default-domain",
    Consequence.NONE,
    "the console proposes it for new addresses; addresses that exist do not change",
    f'{GUIDE}, "default_domain"',
)


def declare(organization: Organization, stack: str) -> DefaultDomainProperties | None:  # noqa: ARG001 - the shape
    """Write which domain is the default; `None`: the test domain, which is by itself.

    At the end of the stack an existing organization keeps it: the stack has
    made neither the organization nor the domain.
    """
    default = organization.default_domain
    if default == organization.test_domain:
        return None
    kept = default if organization.existing else organization.test_domain
    return DefaultDomainProperties(domain=default, test_domain=kept)


def predict(declared: DefaultDomainProperties) -> str:
    """Predict what is live once it is deployed."""
    return fold(declared.domain)


def capture(
    live: LiveSettings,
    declared: DefaultDomainProperties | None,
    previous: DefaultDomainProperties | None,
) -> DefaultDomainProperties | None:
    """Write which domain is the default, as it would be declared."""
    about = declared or previous
    if about is None or not live.default_domain:
        return None
    return replace(about, domain=live.default_domain)


def decide(
    live: LiveSettings,
    declared: DefaultDomainProperties | None,
    previous: DefaultDomainProperties | None,
) -> Decision:
    """Decide which domain becomes the default for new addresses.

    One that leaves the stack gives way to the test domain, unless somebody has
    chosen another one meanwhile.
    """
    if declared is not None:
        target = fold(declared.domain)
        present = live.default_domain or fold(declared.test_domain)
    elif previous is not None and live.default_domain == fold(previous.domain):
        target, present = fold(previous.test_domain), live.default_domain
    else:
        return Decision()
    return Decision(calls=() if present == target else (make_default(target),))


def explain(
    live: LiveSettings,
    declared: DefaultDomainProperties | None,  # noqa: ARG001 - the shape
    calls: Sequence[Call],
    wording: Wording,  # noqa: ARG001 - the shape
) -> Iterator[Explanation]:
    """Return which domain is the default."""
    for call in calls:
        before = f", instead of {live.default_domain}" if live.default_domain else ""
        sentence = (
            f"{call.arguments['DomainName']} is the default domain{before};"
            " addresses that nothing else changes stay as they are"
        )
        yield DEFAULT_DOMAIN, sentence, [call]


def make_default(domain: str) -> Call:
    """Build the call that makes a domain the default for new addresses."""
    subject = Setting("default domain")
    return make_call(Phase.UPDATE, "UpdateDefaultMailDomain", subject, DomainName=domain)
