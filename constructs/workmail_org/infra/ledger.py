"""The ledger: the table in which the handlers of a stack keep what they must not forget.

Who is the stack's, how things were before a deployment touched them, and which request was the
last (`service.ledger`). It is made before anything that the stack manages, and goes after it.
"""

from __future__ import annotations

from aws_cdk.aws_dynamodb import CfnTable
from constructs import Construct

from workmail_org.infra.keeping import keep, keeps_organization
from workmail_org.model.organization import Organization


def add_ledger(scope: Construct, organization: Organization) -> CfnTable:
    """Add the table; it stays when the stack goes, unless the organization goes too."""
    key = [("Kind", "HASH"), ("Name", "RANGE")]
    table = CfnTable(
        scope,
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
    kept = keeps_organization(organization)
    if kept:
        table.deletion_protection_enabled = True
    keep(table, kept=kept)
    return table
