"""What a directory that the stack makes becomes in a template."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from workmail_org.model.directory import Directory, DirectoryType, ServiceAccount
from workmail_org.model.organization import Organization, Passwords
from workmail_org.model.removal import OnRemoval, Removal

ORGANIZATION = Organization(key="acme", region="eu-west-1", alias="acme")

NETWORK: dict[str, Any] = {
    "name": "corp.example",
    "short_name": "CORP",
    "vpc_id": "vpc-01234567",
    "subnet_ids": ("subnet-01234567", "subnet-12345678"),
}

SIMPLE = Directory(type=DirectoryType.SIMPLE_AD, size="small", **NETWORK)

MANAGED = Directory(
    type=DirectoryType.MANAGED_AD,
    edition="enterprise",
    admin_password_secret="directory/admin",
    **NETWORK,
)

CONNECTOR = Directory(
    type=DirectoryType.AD_CONNECTOR,
    size="large",
    dns_ips=("10.0.0.10",),
    service_account=ServiceAccount(username="svc", password_secret="directory/connector"),
    **NETWORK,
)


def deploy(synthesize: Callable[..., Any], directory: Directory, **fields: Any) -> Any:
    return synthesize(replace(ORGANIZATION, directory=directory, **fields))


@pytest.mark.parametrize(
    ("directory", "expected"),
    [
        (
            SIMPLE,
            {
                "Directory": {
                    "Type": "simple_ad",
                    "Name": "corp.example",
                    "ShortName": "CORP",
                    "Size": "small",
                    "VpcId": "vpc-01234567",
                    "SubnetIds": ["subnet-01234567", "subnet-12345678"],
                },
                "AdminPasswordSecretArn": {"Ref": "AdminPassword"},
            },
        ),
        (
            MANAGED,
            {
                "Directory": {
                    "Type": "managed_ad",
                    "Name": "corp.example",
                    "ShortName": "CORP",
                    "Edition": "enterprise",
                    "VpcId": "vpc-01234567",
                    "SubnetIds": ["subnet-01234567", "subnet-12345678"],
                },
                "AdminPasswordSecretArn": "directory/admin",
            },
        ),
        (
            CONNECTOR,
            {
                "Directory": {
                    "Type": "ad_connector",
                    "Name": "corp.example",
                    "ShortName": "CORP",
                    "Size": "large",
                    "VpcId": "vpc-01234567",
                    "SubnetIds": ["subnet-01234567", "subnet-12345678"],
                    "DnsIps": ["10.0.0.10"],
                    "ServiceAccount": {
                        "Username": "svc",
                        "PasswordSecret": "directory/connector",
                    },
                },
            },
        ),
    ],
    ids=["simple_ad", "managed_ad", "ad_connector"],
)
def test_a_directory_is_made_with_what_cannot_change_later(
    synthesize: Callable[..., Any], directory: Directory, expected: dict[str, Any]
) -> None:
    found = deploy(synthesize, directory, passwords=Passwords.NONE)

    assert {
        "ServiceToken": {"Fn::GetAtt": ["OrganizationProvider", "Arn"]},
        "LedgerTable": {"Ref": "Ledger"},
        "ServiceTimeout": "3600",
        "Alias": "acme",
        "Owner": "production-acme",
        **expected,
    } == found.get("Directory")
    assert replace(directory, admin_password_secret=None) == found.receive("Directory").directory


def test_the_organization_is_made_in_the_directory(synthesize: Callable[..., Any]) -> None:
    found = deploy(synthesize, SIMPLE)

    assert {"Ref": "Directory"} == found.get("Organization")["DirectoryId"]
    assert {"Ref": "Directory"} == found.outputs["DirectoryId"]["Value"]


def test_a_password_is_generated_where_no_secret_is_given(synthesize: Callable[..., Any]) -> None:
    found = deploy(synthesize, SIMPLE)

    assert {
        "Description": "Password of the administrator of corp.example",
        "GenerateSecretString": {
            "ExcludeCharacters": "iI",
            "ExcludePunctuation": True,
            "PasswordLength": 32,
            "RequireEachIncludedType": True,
        },
    } == found.get("AdminPassword")
    assert {"Ref": "AdminPassword"} == found.outputs["AdminPasswordSecretArn"]["Value"]


@pytest.mark.parametrize("directory", [MANAGED, CONNECTOR], ids=["managed_ad", "ad_connector"])
def test_no_password_is_generated_where_a_secret_is_given(
    synthesize: Callable[..., Any], directory: Directory
) -> None:
    found = deploy(synthesize, directory, passwords=Passwords.NONE)

    assert {} == found.find("AWS::SecretsManager::Secret")


def test_the_password_is_encrypted_with_the_key_of_the_organization(
    synthesize: Callable[..., Any],
) -> None:
    key = "arn:aws:kms:eu-west-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"

    assert key == deploy(synthesize, SIMPLE, kms_key_arn=key).get("AdminPassword")["KmsKeyId"]


@pytest.mark.parametrize(
    ("removal_policy", "policy"), [(Removal.RETAIN, "Retain"), (Removal.DELETE, "Delete")], ids=str
)
def test_the_password_stays_as_long_as_the_directory(
    synthesize: Callable[..., Any], removal_policy: Removal, policy: str
) -> None:
    on_removal = OnRemoval(organization=Removal.DELETE, directory=removal_policy)
    found = deploy(synthesize, SIMPLE, on_removal=on_removal)

    assert policy == found.resources["AdminPassword"]["DeletionPolicy"]
    assert removal_policy == found.receive("Directory").on_removal
    assert removal_policy == found.receive("Organization").directory_on_removal


@pytest.mark.parametrize(
    "directory",
    [Directory(), Directory(type=DirectoryType.EXISTING, directory_id="d-0123456789")],
    ids=["workmail", "existing"],
)
def test_a_directory_that_is_not_the_stacks_is_not_made(
    synthesize: Callable[..., Any], directory: Directory
) -> None:
    found = deploy(synthesize, directory)

    assert {} == found.find("Custom::WorkMailDirectory")
    assert directory.directory_id == found.receive("Organization").directory_id
