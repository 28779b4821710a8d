"""Email monitoring and inbound DMARC: one setting each of an organization."""

from __future__ import annotations

from workmail_emulator.api import Document
from workmail_emulator.errors import invalid_parameter, not_found
from workmail_emulator.state import Organization
from workmail_emulator.world import Context

SERVICE_ROLE = (
    "role/aws-service-role/events.workmail.amazonaws.com/AWSServiceRoleForAmazonWorkMailEvents"
)
"""The role that is used when none is given; facts.md §1.13 and §4.2."""


def put_email_monitoring_configuration(context: Context, organization: Organization) -> Document:
    """Log email events. Source: facts.md §1.13; Assumption MONITORING_ROLE."""
    arn: str = context.parameters["LogGroupArn"]
    if arn.split(":")[3] != context.region.name:
        raise invalid_parameter(f"The log group {arn} is not in {context.region.name}.")
    role = f"arn:aws:iam::{context.settings.account}:{SERVICE_ROLE}"
    organization.settings["email_monitoring"] = {
        "LogGroupArn": arn,
        "RoleArn": context.parameters.get("RoleArn", role),
    }
    return {}


def describe_email_monitoring_configuration(
    context: Context, organization: Organization
) -> Document:
    """Answer where email events are logged. Source: facts.md §1.13: ResourceNotFound is off."""
    del context
    configuration = organization.settings.get("email_monitoring")
    if configuration is None:
        raise not_found("Email monitoring is not configured.")
    return configuration


def delete_email_monitoring_configuration(context: Context, organization: Organization) -> Document:
    """Log email events no more. Source: facts.md §1.14, no error is modelled for absence."""
    del context
    organization.settings.pop("email_monitoring", None)
    return {}


def put_inbound_dmarc_settings(context: Context, organization: Organization) -> Document:
    """Enforce DMARC or not. Source: facts.md §1.13."""
    organization.settings["dmarc"] = {"Enforced": context.parameters["Enforced"]}
    return {}


def describe_inbound_dmarc_settings(context: Context, organization: Organization) -> Document:
    """Return whether DMARC is enforced; in a new organization it is. Source: facts.md §1.13."""
    del context
    return organization.settings["dmarc"]
