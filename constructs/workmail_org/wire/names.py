"""Names that template and handler share: resource types, properties, attributes, tags."""

from __future__ import annotations

from enum import StrEnum

ON_EVENT = "workmail_org.handlers.entry.on_event"
"""Lambda handler that CDK's provider framework calls for each CloudFormation event."""

IS_COMPLETE = "workmail_org.handlers.entry.is_complete"
"""Lambda handler that the framework calls until it answers `IsComplete: True`."""

RUN_EXPORTS = "workmail_org.exporting.entry.run_round"
"""Lambda handler that takes one round of mailbox exports."""

CHECK_EXPORT = "workmail_org.exporting.entry.check_file"
"""Lambda handler that reads the file of one export."""

EXPORT_ORGANIZATION = "EXPORT_ORGANIZATION"
EXPORT_JOURNAL = "EXPORT_JOURNAL"
EXPORT_BUCKET = "EXPORT_BUCKET"
EXPORT_PREFIX = "EXPORT_PREFIX"
EXPORT_KEY_ARN = "EXPORT_KEY_ARN"
EXPORT_ROLE_ARN = "EXPORT_ROLE_ARN"
EXPORT_CHECK = "EXPORT_CHECK"
"""Environment variables of the functions of exports."""

EXPORT_JOURNAL_ID = "ExportJournal"
"""In the logical id of the journal of exports: a stack has another table, the ledger."""

UNRESOLVED = "<managed>"
"""Stands in a plan for what only CloudFormation knows, such as the ARN of the stack's own log
group."""

TAG_PREFIX = "workmail-org:"
"""Tags that begin so are the engine's: no spec declares one, and no import writes one."""

OWNER_TAG = "workmail-org:stack"
"""Tag on an organization that we made: the name of the stack that owns it."""

KEY_TAG = "workmail-org:kms-key"
"""Tag with the ARN of an organization's key, which WorkMail does not tell (facts.md §1.1)."""

TAKEN_OVER_TAG = "workmail-org:taken-over"
"""Tag on an organization that was there before the stack: it is never deleted, also when the spec
no longer says `existing`."""

OWN_TAGS = frozenset({OWNER_TAG, KEY_TAG, TAKEN_OVER_TAG})
"""Tags that the engine writes."""

MAX_INLINE_BYTES = 100_000
"""Properties larger than this, as JSON, move to an S3 asset (design.md §4)."""

MAX_RESPONSE_BYTES = 4096
"""CloudFormation refuses a longer answer of a custom resource (cfn user guide, crpg-ref)."""

ORGANIZATION_ID = "OrganizationId"
DIRECTORY_ID = "DirectoryId"
OWNER = "Owner"
KMS_KEY_ARN = "KmsKeyArn"
DIRECTORY = "Directory"
VPC_ID = "VpcId"
SUBNET_IDS = "SubnetIds"
SERVICE_ACCOUNT = "ServiceAccount"
PASSWORD_SECRET = "PasswordSecret"  # noqa: S105 - the name of a property
ADMIN_PASSWORD_SECRET_ARN = "AdminPasswordSecretArn"  # noqa: S105 - the name of a property
MX_ZONES = "MxZones"
CONFIGURATIONS = "Configurations"
EWS = "Ews"
LAMBDA_ARN = "LambdaArn"
LOG_GROUP_ARN = "LogGroupArn"
ROLE_ARN = "RoleArn"
MANAGED = "Managed"
APPLICATION_NAME = "ApplicationName"
LEDGER_TABLE = "LedgerTable"
JOURNAL_TABLE = "JournalTable"
PASSWORD_SECRET_ARN = "PasswordSecretArn"  # noqa: S105 - the name of a property
COLLECTION_BUCKET = "CollectionBucket"
COLLECTION_KEY = "CollectionKey"
"""Where a collection that is too large to be inline lies: JSON of the properties it replaces."""


class OrganizationAttribute(StrEnum):
    """What `Custom::WorkMailOrganization` answers, for `Fn::GetAtt`."""

    ARN = "Arn"
    DIRECTORY_ID = "DirectoryId"


class RecordSlot(StrEnum):
    """The eight DNS records of a domain; attributes are `<slot>Name` and `<slot>Value`.

    Values are as Route 53 wants them: TXT in quotes.
    """

    MX = "Mx"
    OWNERSHIP = "Ownership"
    AUTODISCOVER = "Autodiscover"
    DKIM_1 = "Dkim1"
    DKIM_2 = "Dkim2"
    DKIM_3 = "Dkim3"
    SPF = "Spf"
    DMARC = "Dmarc"

    @property
    def name_attribute(self) -> str:
        """Attribute with the record's name, fully qualified with a trailing dot."""
        return f"{self.value}Name"

    @property
    def value_attribute(self) -> str:
        """Attribute with the record's value."""
        return f"{self.value}Value"

    @property
    def record_type(self) -> str:
        """DNS type of the record."""
        if self is RecordSlot.MX:
            return "MX"
        return "TXT" if self in _TXT_SLOTS else "CNAME"


_TXT_SLOTS = (RecordSlot.OWNERSHIP, RecordSlot.SPF, RecordSlot.DMARC)

ZONE_FILE = "ZoneFile"
"""Attribute of `Custom::WorkMailDomain`: its records as lines of a zone file (RFC 1035)."""


NO_ZONE = "none"
"""Stands for the hosted zone of a domain of which the stack keeps no MX record."""

NO_CHANGES = "nothing"
"""An approval was given, and this resource had nothing to do in it."""
