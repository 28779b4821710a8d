"""The CDK: what an organization becomes in a CloudFormation template.

Of use to other CDK apps too: `Organization` takes its parts one by one,
`OrganizationStack` takes them from a spec (docs/constructs.md).
"""

from workmail_org.distribution import require

require("cdk", "workmail_org.infra")


from workmail_org.infra.annotating import InvalidSpecStack
from workmail_org.infra.authoring import Organization
from workmail_org.infra.keywords import (
    AlarmsFields,
    BookingFields,
    DirectoryFields,
    ExportsFields,
    GroupFields,
    OnRemovalFields,
    PoliciesFields,
    ResourceFields,
    ServiceAccountFields,
    UserFields,
)
from workmail_org.infra.organization import OrganizationResource
from workmail_org.infra.stack import OrganizationStack

__all__ = [
    "AlarmsFields",
    "BookingFields",
    "DirectoryFields",
    "ExportsFields",
    "GroupFields",
    "InvalidSpecStack",
    "OnRemovalFields",
    "Organization",
    "OrganizationResource",
    "OrganizationStack",
    "PoliciesFields",
    "ResourceFields",
    "ServiceAccountFields",
    "UserFields",
]
