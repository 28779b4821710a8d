"""Mailboxes: users, groups and resources, then the rules and settings that name them.

CloudFormation starts all independent resources at once and WorkMail sits on
slow control planes, so a collection is one custom resource that paces its own
calls, or shards of it, and one comes after the other (design.md §4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import CfnOutput, CfnResource, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_dynamodb import CfnTable
from aws_cdk.aws_s3_assets import Asset
from aws_cdk.aws_secretsmanager import CfnSecret
from constructs import Construct

from workmail_org.declaring import (
    Collection,
    Part,
    list_collections,
    list_settings,
    make_removals,
)
from workmail_org.infra.assets import make_collection_asset
from workmail_org.infra.keeping import keep, keeps_organization
from workmail_org.infra.monitoring import EventsPlace
from workmail_org.infra.permissions.mailboxes import Reach, list_mailboxes_statements
from workmail_org.infra.provider import HandlerProvider
from workmail_org.kinds import make_part_name
from workmail_org.model import policies
from workmail_org.model.organization import Organization, Passwords
from workmail_org.wire.names import (
    COLLECTION_BUCKET,
    COLLECTION_KEY,
    CONFIGURATIONS,
    EWS,
    JOURNAL_TABLE,
    LAMBDA_ARN,
    ORGANIZATION_ID,
    PASSWORD_SECRET,
    PASSWORD_SECRET_ARN,
)
from workmail_org.wire.properties import ResourceType


class MailboxesResource:
    """Everything inside one organization.

    Makes a `Custom::WorkMailUsers`, `…Groups` and `…Resources`, always all
    three: an emptied collection is an update, which the handler can judge; only
    the end of the stack is a Delete. Where one is larger than CloudFormation
    carries, there is one for every thousand entities. Then one custom resource
    for each kind of rule or setting that is declared. Each waits for the one
    before. `add_removals` adds a `Custom::WorkMailRemovals` to the end.

    Also an `AWS::SecretsManager::Secret` a shard for generated passwords; with managed
    email monitoring an `AWS::Logs::LogGroup` and an `AWS::IAM::Role`. They stay
    when the stack goes, but for the role, unless the organization goes too.

    All are children of the scope: short logical ids, equal in every release.

    Attributes:
        last: What is done last, but for the removals.
        provider: Whose handlers do it.
        events: Log group with the email events, if the stack makes it.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        organization: Organization,
        organization_id: str,
        directory_id: str,
        code: lambda_.Code,
        ledger: CfnTable,
        after: Sequence[CfnResource],
        journal: CfnTable | None = None,
    ) -> None:
        self._scope = scope
        self._organization = organization
        self._organization_id = organization_id
        self._journal = journal
        collections = list_collections(organization)
        parts = [
            part
            for part in list_settings(organization, stack=Stack.of(scope).stack_name)
            if part.resource_type is not ResourceType.IDENTITY_CENTER  # takes other rights
        ]
        self._removals = make_removals(organization)
        self._assets = assets = {
            each.construct_id: self._add_asset(each)
            for each in (*collections, *parts, self._removals)
            if each.outside
        }
        self._secrets = self._add_secrets(len(collections[0].inline))
        self._events = events = self._add_events_place()
        reach = Reach(
            organization_id=organization_id,
            directory_id=directory_id,
            journal_arn=journal.attr_arn if journal else None,
            password_secret_arns=[secret.ref for secret in self._secrets],
            collection_bucket=next((each.s3_bucket_name for each in assets.values()), None),
            events_role_arn=events.role_arn if events else None,
        )
        self.provider = HandlerProvider(
            scope,
            "MailboxesProvider",
            organization=organization,
            code=code,
            ledger=ledger,
            statements=list_mailboxes_statements(scope, organization, reach),
            keep_logs=keeps_organization(organization),
        )
        previous = list(after)
        for collection in collections:
            asset = assets.get(collection.construct_id)
            for shard in range(len(collection.inline)):
                previous = [self._add_shard(collection, shard, asset, previous)]
        for part in parts:
            previous = [self._add_part(part, assets.get(part.construct_id), previous)]
        self.last = previous[0]
        self.events = events.log_group if events else None

    def add_removals(self, *, after: Sequence[CfnResource]) -> None:
        """Add what switches off and deletes, after everything that can fail.

        Args:
            after: What is there as long as it is: it refuses the end of a stack at the beginning.
        """
        self._add_part(self._removals, self._assets.get(self._removals.construct_id), after)

    def _add_shard(
        self,
        collection: Collection,
        shard: int,
        asset: Asset | None,
        after: Sequence[CfnResource],
    ) -> CfnResource:
        tokens: dict[str, str] = {}
        if collection.resource_type is ResourceType.USERS and self._secrets:
            tokens[PASSWORD_SECRET_ARN] = self._secrets[shard].ref
        if collection.resource_type is not ResourceType.GROUPS and self._journal:
            tokens[JOURNAL_TABLE] = self._journal.ref
        return self._add_resource(
            _number(collection.construct_id, shard),
            collection.resource_type,
            {**tokens, **_name_object(asset), **collection.inline[shard]},
            after,
            shard=shard,
        )

    def _add_part(
        self, part: Part, asset: Asset | None, after: Sequence[CfnResource]
    ) -> CfnResource:
        properties = {**_name_object(asset), **part.properties}
        if part.resource_type is ResourceType.AVAILABILITY_CONFIGURATIONS:
            _put_tokens(properties, self._organization.policies.availability)
        if part.resource_type is ResourceType.EMAIL_MONITORING and self._events:
            properties = self._events.make_properties()
        if part.resource_type is ResourceType.REMOVALS and self._journal:
            properties[JOURNAL_TABLE] = self._journal.ref
        return self._add_resource(part.construct_id, part.resource_type, properties, after)

    def _add_resource(
        self,
        construct_id: str,
        resource_type: ResourceType,
        properties: Mapping[str, Any],
        after: Sequence[CfnResource],
        *,
        shard: int = 0,
    ) -> CfnResource:
        return self.provider.add_resource(
            self._scope,
            construct_id,
            resource_type,
            {ORGANIZATION_ID: self._organization_id, **properties},
            part_name=make_part_name(resource_type, shard=shard),
            after=after,
        )

    def _add_asset(self, declared: Collection | Part) -> Asset:
        return make_collection_asset(
            self._scope, f"{declared.construct_id}Collection", declared.outside
        )

    def _add_events_place(self) -> EventsPlace | None:
        monitoring = self._organization.policies.email_monitoring
        return EventsPlace(self._scope, self._organization, monitoring) if monitoring else None

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
        keep(secret, kept=keeps_organization(self._organization))
        CfnOutput(
            self._scope,
            _number("PasswordSecretArn", shard),
            description="Secret with the first passwords of new users, by user name",
            value=secret.ref,
        )
        return secret


def _name_object(asset: Asset | None) -> dict[str, str]:
    """Say where properties lie that are too large for a template."""
    if asset is None:
        return {}
    return {COLLECTION_BUCKET: asset.s3_bucket_name, COLLECTION_KEY: asset.s3_object_key}


def _put_tokens(
    properties: Mapping[str, Any], availability: Sequence[policies.Availability]
) -> None:
    """Put secrets and functions as they are: tokens, which `encode` has turned into plain text."""
    configurations: Mapping[str, Any] = properties.get(CONFIGURATIONS, {})
    for each in availability:
        if each.domain in configurations and each.ews:
            configurations[each.domain][EWS][PASSWORD_SECRET] = each.ews.password_secret
        elif each.domain in configurations:
            configurations[each.domain][LAMBDA_ARN] = each.lambda_arn


def _number(construct_id: str, shard: int) -> str:
    """Number a shard; the first keeps the id that it has alone, so that it is never replaced."""
    return f"{construct_id}{shard}" if shard else construct_id
