"""Availability configurations: where free/busy of other domains comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from workmail_org.changes.calls import Argument, Call, Phase, Setting, StoredSecret, make_call
from workmail_org.changes.consequences import GUIDE, Consequence, Rule
from workmail_org.changes.deciding import Decision
from workmail_org.changes.explaining import Explanation, Wording, group_by_subject
from workmail_org.model.live import LiveSettings
from workmail_org.model.organization import Organization
from workmail_org.model.policies import Availability
from workmail_org.model.values import fold
from workmail_org.wire.properties import AvailabilityProperties

AVAILABILITY = Rule(
    "availability",
    Consequence.NONE,
    "only whether colleagues elsewhere are seen as free or busy",
    f'{GUIDE}, "availability"',
)


def declare(organization: Organization, stack: str) -> AvailabilityProperties | None:  # noqa: ARG001 - the shape
    """Write an organization's configurations; `None`: there are none."""
    declared = organization.policies.availability
    return AvailabilityProperties(configurations=declared) if declared else None


def predict(declared: AvailabilityProperties) -> tuple[Availability, ...]:
    """Predict what is live once configurations are deployed; passwords cannot be read."""
    return tuple(map(redact, declared.configurations))


def capture(
    live: LiveSettings,
    declared: AvailabilityProperties | None,
    previous: AvailabilityProperties | None,
) -> AvailabilityProperties:
    """Write what is live of the domains that a change is about, as it would be declared.

    Whose password nobody can read is declared as before, or left out: it cannot be put back.
    """
    before = _index(previous)
    named = before.keys() | _index(declared).keys()
    found = (each for each in live.availability if fold(each.domain) in named)
    known = (before.get(fold(each.domain)) if each.ews else each for each in found)
    return AvailabilityProperties(configurations=tuple(each for each in known if each))


def decide(
    live: LiveSettings,
    declared: AvailabilityProperties | None,
    previous: AvailabilityProperties | None,
) -> Decision:
    """Decide which configurations change; domains unique without case.

    A password cannot be read back: a configuration with one is written when
    anything about it differs, from what is there or from what was deployed;
    one without is what it looks like.
    Domains that neither deployment names are somebody else's.

    Source:
        WorkMail API 2017-10-01: CreateAvailabilityConfiguration,
        UpdateAvailabilityConfiguration, DeleteAvailabilityConfiguration.
    """
    present = {fold(each.domain): each for each in live.availability}
    before = _index(previous)
    wanted = _index(declared)
    calls = [
        _delete(each) for domain, each in present.items() if domain in before.keys() - wanted.keys()
    ]
    for domain, each in wanted.items():
        if domain not in present:
            calls.append(_write("CreateAvailabilityConfiguration", each))
        elif present[domain] != redact(each) or (each.ews and before.get(domain) != each):
            calls.append(_write("UpdateAvailabilityConfiguration", each))
    return Decision(calls=tuple(calls))


def _index(properties: AvailabilityProperties | None) -> dict[str, Availability]:
    configurations = properties.configurations if properties else ()
    return {fold(each.domain): each for each in configurations}


def explain(
    live: LiveSettings,  # noqa: ARG001 - the shape
    declared: AvailabilityProperties | None,
    calls: Sequence[Call],
    wording: Wording,  # noqa: ARG001 - the shape
) -> Iterator[Explanation]:
    """Tell where free/busy of a domain comes from."""
    wanted = _index(declared)
    for subject, about in group_by_subject(calls).items():
        source = wanted.get(fold(subject.name))
        what = f"comes from {_describe_source(source)}" if source else "is not asked for any more"
        yield AVAILABILITY, f"free/busy of {subject.name} {what}", about


def _describe_source(source: Availability) -> str:
    return source.ews.endpoint if source.ews else source.lambda_arn or "nowhere"


def redact(availability: Availability) -> Availability:
    """Return what can be read back of a configuration."""
    ews = availability.ews
    return replace(
        availability,
        domain=fold(availability.domain),
        ews=replace(ews, password_secret="") if ews else None,
    )


def _write(operation: str, availability: Availability) -> Call:
    return make_call(
        Phase.JOIN,
        operation,
        _get_subject(availability),
        DomainName=availability.domain,
        **_render_provider(availability),
    )


def _render_provider(availability: Availability) -> dict[str, Argument]:
    if availability.ews is None:
        return {"LambdaProvider": {"LambdaArn": availability.lambda_arn or ""}}
    ews = availability.ews
    return {
        "EwsProvider": {
            "EwsEndpoint": ews.endpoint,
            "EwsUsername": ews.username,
            "EwsPassword": StoredSecret(ews.password_secret),
        }
    }


def _delete(availability: Availability) -> Call:
    operation = "DeleteAvailabilityConfiguration"
    subject = _get_subject(availability)
    return make_call(Phase.LEAVE, operation, subject, DomainName=availability.domain)


def _get_subject(availability: Availability) -> Setting:
    return Setting("availability", availability.domain)
