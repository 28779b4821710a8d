"""Tags: on organizations, by their ARN."""

from __future__ import annotations

from workmail_emulator.api import Document
from workmail_emulator.errors import ServiceFault, not_found
from workmail_emulator.organizations import state_of
from workmail_emulator.state import Organization
from workmail_emulator.world import Context

MOST_TAGS = 50
"""botocore, TooManyTagsException."""


def tag_resource(context: Context) -> Document:
    """Add or change tags. Source: facts.md §1.13."""
    organization = _organization(context)
    tags = {tag["Key"]: tag["Value"] for tag in context.parameters["Tags"]}
    merged = {**organization.tags, **tags}
    if len(merged) > MOST_TAGS:
        raise ServiceFault(
            "TooManyTagsException", f"The resource can have up to {MOST_TAGS} user-applied tags."
        )
    context.world.history.before_write(organization, context.now)
    organization.tags = merged
    return {}


def untag_resource(context: Context) -> Document:
    """Remove tags; absent ones are not an error. Source: botocore, the operation."""
    organization = _organization(context)
    gone = set(context.parameters["TagKeys"])
    context.world.history.before_write(organization, context.now)
    organization.tags = {key: value for key, value in organization.tags.items() if key not in gone}
    return {}


def list_tags_for_resource(context: Context) -> Document:
    """List an organization's tags, not paged. Source: facts.md §1.0."""
    tags = context.seen(_organization(context)).tags
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _organization(context: Context) -> Organization:
    """Find a live organization by its ARN (Assumption TAGS_FOREIGN)."""
    arn: str = context.parameters["ResourceARN"]
    organization = context.region.organizations.get(arn.rpartition("/")[2])
    if organization is None or organization.arn(context.settings.account) != arn:
        raise not_found(f"The resource {arn} is not found.")
    if state_of(context, organization) in ("Deleting", "Deleted"):
        raise not_found(f"The resource {arn} is not found.")
    return organization
