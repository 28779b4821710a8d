"""Changes of availability configurations: where free/busy of other domains comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workmail_org.changes.calls import Argument, Call, Phase, Setting, StoredSecret, make_call
from workmail_org.model.policies import Availability
from workmail_org.model.values import fold


def between(
    actual: Sequence[Availability],
    previous: Sequence[Availability],
    desired: Sequence[Availability],
) -> tuple[Call, ...]:
    """List the calls that bring configurations to what is desired.

    A password cannot be read back: a configuration with one is written when
    anything about it differs, from what is there or from what was deployed.
    Domains that neither deployment names are somebody else's.

    Args:
        actual: `password_secret` is empty.
        previous: What the last deployment declared; empty of a Create.
        desired: Domains unique without case.

    Source:
        WorkMail API 2017-10-01: CreateAvailabilityConfiguration,
        UpdateAvailabilityConfiguration, DeleteAvailabilityConfiguration.
    """
    present = {fold(each.domain): each for each in actual}
    before = {fold(each.domain): each for each in previous}
    wanted = {fold(each.domain): each for each in desired}
    calls = [
        _delete(each) for domain, each in present.items() if domain in before.keys() - wanted.keys()
    ]
    for domain, each in wanted.items():
        if domain not in present:
            calls.append(_write("CreateAvailabilityConfiguration", each))
        elif present[domain] != redact(each) or before.get(domain) != each:
            calls.append(_write("UpdateAvailabilityConfiguration", each))
    return tuple(calls)


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
