"""Mailboxes: users and groups, each collection one custom resource, or shards of it.

CloudFormation starts all independent resources at once and WorkMail sits on
slow control planes, so a collection paces its own calls (design.md §4).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import CfnOutput, CfnResource, RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_dynamodb import CfnTable
from aws_cdk.aws_s3_assets import Asset
from aws_cdk.aws_secretsmanager import CfnSecret
from constructs import Construct

from workmail_org import wire
from workmail_org.declaring import Collection, make_groups, make_users
from workmail_org.infra import permissions
from workmail_org.infra.assets import make_collection_asset
from workmail_org.infra.provider import HandlerProvider
from workmail_org.model.organization import Organization, Passwords
from workmail_org.model.removal import Removal


class MailboxesResource:
    """Everything inside one organization that has an address.

    Makes a `Custom::WorkMailUsers` and a `Custom::WorkMailGroups`, always both:
    an emptied collection is an update, which the handler can judge; only the
    end of the stack is a Delete. Where one is larger than CloudFormation
    carries, there is one for every thousand entities, each after the one
    before. Also an `AWS::DynamoDB::Table`, the ledger of what the stack owns,
    and an `AWS::SecretsManager::Secret` a shard for generated passwords; both
    stay when the stack goes, unless the organization goes too.

    All are children of the scope: short logical ids, equal in every release.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        organization: Organization,
        organization_id: str,
        code: lambda_.Code,
        after: Sequence[CfnResource],
    ) -> None:
        self._scope = scope
        self._organization = organization
        self._organization_id = organization_id
        users = make_users(organization)
        collections = [users, make_groups(organization)]
        assets = {each.construct_id: self._add_asset(each) for each in collections if each.outside}
        self._ledger = self._add_ledger()
        self._secrets = self._add_secrets(len(users.inline))
        self._provider = HandlerProvider(
            scope,
            "MailboxesProvider",
            code=code,
            statements=self._list_statements(list(assets.values())),
            keep_logs=self._is_kept,
        )
        previous = list(after)
        for collection in collections:
            asset = assets.get(collection.construct_id)
            for shard in range(len(collection.inline)):
                resource = self._add_shard(collection, shard, asset, previous)
                previous = [resource]

    @property
    def _is_kept(self) -> bool:
        return self._organization.on_removal.organization is not Removal.DELETE

    def _list_statements(self, assets: Sequence[Asset]) -> list[Any]:
        return permissions.list_mailboxes_statements(
            self._scope,
            self._organization,
            organization_id=self._organization_id,
            ledger_arn=self._ledger.attr_arn,
            secret_arns=[secret.ref for secret in self._secrets],
            collection_bucket=assets[0].s3_bucket_name if assets else None,
        )

    def _add_shard(
        self,
        collection: Collection,
        shard: int,
        asset: Asset | None,
        after: Sequence[CfnResource],
    ) -> CfnResource:
        tokens = {
            wire.ORGANIZATION_ID: self._organization_id,
            wire.LEDGER_TABLE: self._ledger.ref,
        }
        if collection.resource_type is wire.ResourceType.USERS and self._secrets:
            tokens[wire.PASSWORD_SECRET_ARN] = self._secrets[shard].ref
        if asset is not None:
            tokens[wire.COLLECTION_BUCKET] = asset.s3_bucket_name
            tokens[wire.COLLECTION_KEY] = asset.s3_object_key
        return self._provider.add_resource(
            self._scope,
            _number(collection.construct_id, shard),
            collection.resource_type,
            {**tokens, **collection.inline[shard]},
            after=after,
        )

    def _add_asset(self, collection: Collection) -> Asset:
        return make_collection_asset(
            self._scope, f"{collection.construct_id}Collection", collection.outside
        )

    def _add_ledger(self) -> CfnTable:
        key = [("Kind", "HASH"), ("Name", "RANGE")]
        table = CfnTable(
            self._scope,
            "Ledger",
            attribute_definitions=[
                CfnTable.AttributeDefinitionProperty(attribute_name=name, attribute_type="S")
                for name, _ in key
            ],
            key_schema=[
                CfnTable.KeySchemaProperty(attribute_name=name, key_type=kind) for name, kind in key
            ],
            billing_mode="PAY_PER_REQUEST",
            point_in_time_recovery_specification=CfnTable.PointInTimeRecoverySpecificationProperty(
                point_in_time_recovery_enabled=True
            ),
        )
        self._keep(table)
        return table

    def _add_secrets(self, shards: int) -> list[CfnSecret]:
        """Add secrets without a value: the handler writes it, the template never holds one."""
        if self._organization.passwords is not Passwords.GENERATE:
            return []
        return [self._add_secret(shard) for shard in range(shards)]

    def _add_secret(self, shard: int) -> CfnSecret:
        secret = CfnSecret(
            self._scope,
            _number("Passwords", shard),
            description=f"First passwords of users of {self._organization.alias}, by user name",
            kms_key_id=self._organization.kms_key_arn,
        )
        self._keep(secret)
        CfnOutput(
            self._scope,
            _number("PasswordSecretArn", shard),
            description="Secret with the first passwords of new users, by user name",
            value=secret.ref,
        )
        return secret

    def _keep(self, resource: CfnResource) -> None:
        resource.apply_removal_policy(
            RemovalPolicy.RETAIN if self._is_kept else RemovalPolicy.DESTROY
        )


def _number(construct_id: str, shard: int) -> str:
    """Number a shard; the first keeps the id that it has alone, so that it is never replaced."""
    return f"{construct_id}{shard}" if shard else construct_id
