"""Directories that the stack makes: Simple AD, AWS Managed Microsoft AD, AD Connector."""

from __future__ import annotations

from aws_cdk import CfnOutput, CfnResource, Stack
from aws_cdk.aws_secretsmanager import CfnSecret
from constructs import Construct

from workmail_org.declaring import make_directory, makes_directory
from workmail_org.infra.keeping import keep, keeps_directory
from workmail_org.infra.provider import HandlerProvider
from workmail_org.kinds import make_part_name
from workmail_org.model.organization import Organization
from workmail_org.wire.encoding import encode_properties
from workmail_org.wire.names import (
    ADMIN_PASSWORD_SECRET_ARN,
    DIRECTORY,
    OWNER,
    PASSWORD_SECRET,
    SERVICE_ACCOUNT,
    SUBNET_IDS,
    VPC_ID,
)
from workmail_org.wire.properties import ResourceType

_PASSWORD_LENGTH = 32
"""Between the 8 and the 64 characters that a directory allows (Directory Service API,
DirectoryPassword)."""

_NEVER_IN_A_PASSWORD = "iI"  # noqa: S105 - what a password does not hold
"""A Managed Microsoft AD refuses a password with the word `admin` in it (Directory Service API,
CreateMicrosoftAD)."""


def add_directory_secret(scope: Construct, organization: Organization) -> str | None:
    """Find the secret with the password by which the stack makes a directory.

    Adds an `AWS::SecretsManager::Secret` with a generated password where the
    spec names none. It stays as long as the directory.

    Returns:
        Name or ARN, or a token; `None`: the stack makes no directory.
    """
    if not makes_directory(organization):
        return None
    directory = organization.directory
    if directory.service_account:
        return directory.service_account.password_secret
    return directory.admin_password_secret or _add_secret(scope, organization).ref


def add_directory(
    scope: Construct, provider: HandlerProvider, organization: Organization, secret: str
) -> CfnResource:
    """Add a `Custom::WorkMailDirectory`. Nothing replaces it.

    Args:
        scope: Parent.
        provider: Whose handlers make it.
        organization: VPC and subnets of its directory may be tokens.
        secret: From `add_directory_secret`.
    """
    owner = Stack.of(scope).stack_name
    directory = organization.directory
    encoded = encode_properties(make_directory(organization, owner=owner))
    # All of these can be tokens, which `encode` would turn into plain text.
    encoded[OWNER] = owner
    encoded[DIRECTORY][VPC_ID] = directory.vpc_id
    encoded[DIRECTORY][SUBNET_IDS] = [*directory.subnet_ids]
    if directory.service_account:
        encoded[DIRECTORY][SERVICE_ACCOUNT][PASSWORD_SECRET] = secret
    else:
        encoded[ADMIN_PASSWORD_SECRET_ARN] = secret
    kind = ResourceType.DIRECTORY
    part_name = make_part_name(kind)
    resource = provider.add_resource(scope, "Directory", kind, encoded, part_name=part_name)
    CfnOutput(scope, "DirectoryId", description="Id of the directory", value=resource.ref)
    return resource


def _add_secret(scope: Construct, organization: Organization) -> CfnSecret:
    """Add a secret that Secrets Manager fills: no template and no handler ever makes it up."""
    secret = CfnSecret(
        scope,
        "AdminPassword",
        description=f"Password of the administrator of {organization.directory.name}",
        generate_secret_string=CfnSecret.GenerateSecretStringProperty(
            password_length=_PASSWORD_LENGTH,
            # Capital and small letters and digits: three of the four classes that a directory
            # wants three of (Directory Service API, DirectoryPassword).
            exclude_punctuation=True,
            exclude_characters=_NEVER_IN_A_PASSWORD,
            require_each_included_type=True,
        ),
        kms_key_id=organization.kms_key_arn,
    )
    keep(secret, kept=keeps_directory(organization))
    CfnOutput(
        scope,
        "AdminPasswordSecretArn",
        description="Secret with the password of the directory's administrator",
        value=secret.ref,
    )
    return secret
