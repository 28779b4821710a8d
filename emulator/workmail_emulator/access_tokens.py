"""Personal access tokens: users make them in the web application, here they are seen and revoked.

WorkMail has no operation that creates one (facts.md §1.13); the control path has.
"""

from __future__ import annotations

from workmail_emulator import api, entities, paging
from workmail_emulator.api import Document
from workmail_emulator.clock import DAY
from workmail_emulator.errors import not_found
from workmail_emulator.state import Organization
from workmail_emulator.world import Context


def add(context: Context, organization: Organization, user_id: str, name: str) -> str:
    """Make a token, as its user would.

    It expires as the organization's configuration says at that time; Assumption EXPIRED_ACCESS.

    Returns:
        The token's id.
    """
    provider = organization.settings.get("identity_provider", {})
    lifetime: int | None = provider.get("PersonalAccessTokenConfiguration", {}).get(
        "LifetimeInDays"
    )
    token_id = context.world.ids.uuid()
    organization.access_tokens[token_id] = api.without_nones(
        PersonalAccessTokenId=token_id,
        UserId=user_id,
        Name=name,
        DateCreated=context.now,
        ExpiresTime=context.now + lifetime * DAY if lifetime else None,
        Scopes=["FULL_ACCESS"],
    )
    return token_id


def list_personal_access_tokens(context: Context, organization: Organization) -> Document:
    """List tokens, of one user if asked for. Source: botocore, the operation."""
    tokens = list(organization.access_tokens.values())
    identifier: str | None = context.parameters.get("UserId")
    if identifier is not None:
        user = entities.find(context, organization, identifier, entities.USERS)
        entities.require(context, organization, user, "ENABLED", "DISABLED")
        tokens = [token for token in tokens if token["UserId"] == user.id]
    return paging.page(context, "PersonalAccessTokenSummaries", tokens, dict)


def get_personal_access_token_metadata(context: Context, organization: Organization) -> Document:
    """Answer a token's metadata, never its secret. Source: botocore, the operation."""
    token_id: str = context.parameters["PersonalAccessTokenId"]
    token = organization.access_tokens.get(token_id)
    if token is None:
        raise not_found(f"Personal access token {token_id} is not found.")
    return token


def delete_personal_access_token(context: Context, organization: Organization) -> Document:
    """Revoke a token; no error if absent. Source: facts.md §1.14, not modelled."""
    organization.access_tokens.pop(context.parameters["PersonalAccessTokenId"], None)
    return {}
