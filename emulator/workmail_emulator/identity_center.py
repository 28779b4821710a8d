"""IAM Identity Center: the application, and how users of an organization sign in."""

from __future__ import annotations

from workmail_emulator.api import Document
from workmail_emulator.errors import invalid_parameter, not_found
from workmail_emulator.state import Organization
from workmail_emulator.world import Context


def create_identity_center_application(context: Context) -> Document:
    """Create the application that a configuration needs. Source: facts.md §1.13."""
    instance: str = context.parameters["InstanceArn"]
    instance_id = instance.rpartition("/")[2]
    application_id = f"apl-{context.world.ids.alphanumeric(16)}"
    arn = f"arn:aws:sso::{context.settings.account}:application/{instance_id}/{application_id}"
    context.region.applications[arn] = {
        "Name": context.parameters["Name"],
        "InstanceArn": instance,
    }
    return {"ApplicationArn": arn}


def delete_identity_center_application(context: Context) -> Document:
    """Delete an application; how users sign in stays.

    Source:
        botocore, the operation; Assumption APPLICATION_KEPT.
    """
    context.region.applications.pop(context.parameters["ApplicationArn"], None)
    return {}


def put_identity_provider_configuration(context: Context, organization: Organization) -> Document:
    """Let users sign in through IAM Identity Center. Source: facts.md §1.13."""
    parameters = context.parameters
    center: Document = parameters["IdentityCenterConfiguration"]
    application = context.region.applications.get(center["ApplicationArn"])
    if application is None:
        raise not_found(f"The application {center['ApplicationArn']} is not found.")
    if application["InstanceArn"] != center["InstanceArn"]:
        raise invalid_parameter("The application belongs to another instance.")
    organization.settings["identity_provider"] = {
        name: parameters[name]
        for name in (
            "AuthenticationMode",
            "IdentityCenterConfiguration",
            "PersonalAccessTokenConfiguration",
        )
    }
    return {}


def describe_identity_provider_configuration(
    context: Context, organization: Organization
) -> Document:
    """Answer how users sign in. Source: facts.md §1.13: ResourceNotFound is not configured."""
    del context
    configuration = organization.settings.get("identity_provider")
    if configuration is None:
        raise not_found("IAM Identity Center is not configured.")
    return configuration


def delete_identity_provider_configuration(
    context: Context, organization: Organization
) -> Document:
    """Let users sign in by the directory again. Source: facts.md §1.14; absence is not an error."""
    del context
    organization.settings.pop("identity_provider", None)
    return {}
