"""Availability configurations: where the calendars of other domains are asked for."""

from __future__ import annotations

from urllib.parse import urlsplit

from workmail_emulator import paging
from workmail_emulator.api import Document
from workmail_emulator.errors import ServiceFault, invalid_parameter, not_found
from workmail_emulator.state import Organization
from workmail_emulator.world import Context

UNREACHABLE = ".invalid"
"""A top-level domain that never resolves (RFC 2606): tests of such an endpoint fail."""


def create_availability_configuration(context: Context, organization: Organization) -> Document:
    """Add a configuration for a domain that has none. Source: facts.md §1.12."""
    name = _name(context)
    provider = _provider(context)
    if name in organization.availability:
        raise ServiceFault(
            "NameAvailabilityException", f"The domain {name} has a configuration already."
        )
    organization.availability[name] = {
        "DomainName": context.parameters["DomainName"],
        **provider,
        "DateCreated": context.now,
        "DateModified": context.now,
    }
    return {}


def update_availability_configuration(context: Context, organization: Organization) -> Document:
    """Replace a domain's provider. Source: botocore, the operation."""
    name = _name(context)
    provider = _provider(context)
    replaced = _find(organization, name)
    organization.availability[name] = {
        "DomainName": replaced["DomainName"],
        **provider,
        "DateCreated": replaced["DateCreated"],
        "DateModified": context.now,
    }
    return {}


def delete_availability_configuration(context: Context, organization: Organization) -> Document:
    """Delete a configuration; no error if absent. Source: facts.md §1.14, not modelled."""
    organization.availability.pop(_name(context), None)
    return {}


def list_availability_configurations(context: Context, organization: Organization) -> Document:
    """List the configurations, without passwords. Source: facts.md §1.12."""
    return paging.page(
        context, "AvailabilityConfigurations", organization.availability.values(), dict
    )


def test_availability_configuration(context: Context, organization: Organization) -> Document:
    """Try a given provider, or a domain's.

    Source:
        botocore, the operation; Assumption AVAILABILITY_TEST: nothing is really asked.
    """
    parameters = context.parameters
    given = [name for name in ("DomainName", "EwsProvider", "LambdaProvider") if name in parameters]
    if len(given) != 1:
        raise invalid_parameter("Give either DomainName, EwsProvider or LambdaProvider.")
    tested = parameters if given != ["DomainName"] else _find(organization, _name(context))
    endpoint: str = tested.get("EwsProvider", {}).get("EwsEndpoint", "")
    if (urlsplit(endpoint).hostname or "").endswith(UNREACHABLE):
        return {"TestPassed": False, "FailureReason": f"{endpoint} cannot be reached."}
    return {"TestPassed": True}


def _name(context: Context) -> str:
    name: str = context.parameters["DomainName"]
    return name.lower()


def _provider(context: Context) -> Document:
    """Read the one provider of a request; the password is not kept. Source: facts.md §1.12."""
    parameters = context.parameters
    ews: Document | None = parameters.get("EwsProvider")
    function: Document | None = parameters.get("LambdaProvider")
    if (ews is None) == (function is None):
        raise invalid_parameter("Give either EwsProvider or LambdaProvider.")
    if ews is not None:
        shown = {name: ews[name] for name in ("EwsEndpoint", "EwsUsername")}
        return {"ProviderType": "EWS", "EwsProvider": shown}
    return {"ProviderType": "LAMBDA", "LambdaProvider": function}


def _find(organization: Organization, name: str) -> Document:
    """Find a domain's configuration. Source: botocore, ResourceNotFoundException."""
    configuration = organization.availability.get(name)
    if configuration is None:
        raise not_found(f"The domain {name} has no availability configuration.")
    return configuration
