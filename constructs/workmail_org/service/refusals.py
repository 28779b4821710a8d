"""Refusals: every error that AWS's models declare for what is called here, with a way out.

One table, by service and code. A test holds it against botocore's models and the operations that
the roles of the handlers allow: a code that is new, or gone, fails it. The handlers put the way out
behind AWS's own words, and docs/operating.md lists the table.

KMS and SES are called by WorkMail and Secrets Manager in the name of the handlers; Route 53 by
CloudFormation, and by plans. So their codes stand inside other sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

WORKMAIL = "workmail"
DIRECTORY_SERVICE = "ds"
SECRETS_MANAGER = "secretsmanager"
ROUTE_53 = "route53"
KMS = "kms"
SES = "ses"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One error code.

    Attributes:
        meaning: What was wrong; no full stop.
        advice: What to do; no full stop.
    """

    meaning: str
    advice: str


_LATER = "deploy again in some minutes: the handlers go on where they were"

_REPORT = (
    "deploy again; if it comes again, report it as an issue with the name of the operation: these "
    "handlers never ask for that"
)

_WORKMAIL = {
    "DirectoryInUseException": Refusal(
        "another organization has the directory",
        "name another directory, or take that organization over with existing",
    ),
    "DirectoryServiceAuthenticationFailedException": Refusal(
        "WorkMail may not write to the directory",
        "for an AWS Managed Microsoft AD enable user and group management (aws ds "
        "enable-directory-data-access); for an AD Connector renew the service account's password",
    ),
    "DirectoryUnavailableException": Refusal(
        "the directory is not Active, was deleted, or cannot be reached",
        "look at its stage (aws ds describe-directories); when it is Active, deploy again",
    ),
    "EmailAddressInUseException": Refusal(
        "another entity in the organization has the address; it may have been created by hand",
        "find who has it (aws workmail describe-entity --email ADDRESS), take it away there or "
        "declare another one",
    ),
    "EntityAlreadyRegisteredException": Refusal(
        "it is switched on already, under another address",
        "plan against live and deploy again: the address is changed and not registered",
    ),
    "EntityNotFoundException": Refusal(
        "the entity was deleted meanwhile, or is not visible yet",
        "deploy again; if it was deleted by hand, drift shows what is missing",
    ),
    "EntityStateException": Refusal(
        "it is switched on or off already, is deleted, or its last change is not seen yet",
        "deploy again in some minutes; if it comes again, plan against live",
    ),
    "InvalidConfigurationException": Refusal(
        "a resource would take no bookings: without delegates it has to accept by itself",
        "set booking.auto_accept: true, or declare a delegate who is switched on",
    ),
    "InvalidCustomSesConfigurationException": Refusal(
        "SES has rules or policies about the domain that this stack does not manage",
        "look at the active receipt rule set in SES, take the domain out of rules that WorkMail "
        "did not make, and deploy again; or set on_removal.domains: retain",
    ),
    "InvalidParameterException": Refusal(
        "WorkMail does not accept a value, for a reason that its API model does not state",
        "the message of AWS names it; correct it in the spec and deploy again",
    ),
    "InvalidPasswordException": Refusal(
        "the directory's own rules do not accept the password that was generated",
        "lower the directory's password policy for the deployment, or set passwords: none",
    ),
    "LimitExceededException": Refusal(
        "a quota of WorkMail is used up",
        "ask for more in Service Quotas (Amazon WorkMail), or take something away that is not "
        "needed; then deploy again",
    ),
    "MailDomainInUseException": Refusal(
        "another organization has the domain, or addresses still use it",
        "deregister it there first; to remove it here, give its people other addresses in a "
        "deployment before",
    ),
    "MailDomainNotFoundException": Refusal(
        "the organization does not have the domain",
        "declare it under domains; if it was deregistered by hand, register it again (aws workmail "
        "register-mail-domain)",
    ),
    "MailDomainStateException": Refusal(
        "the domain is not verified, or its verification is not seen yet",
        "put its records in place (workmail-org records), wait until it is VERIFIED and deploy "
        "again",
    ),
    "NameAvailabilityException": Refusal(
        "the name or alias is taken: an alias is taken permanently, across all of AWS",
        "choose another one, or take over what has it (existing, adopt: true)",
    ),
    "OrganizationNotFoundException": Refusal(
        "the organization is not in this account and region",
        "check the credentials and existing; if it was deleted by hand, destroy its stack",
    ),
    "OrganizationStateException": Refusal(
        "the organization is not Active yet, is being deleted, or still has people",
        "wait until aws workmail describe-organization says Active, and deploy again; to delete "
        "it, disable whoever is left first",
    ),
    "ReservedNameException": Refusal(
        "the directory keeps the name for itself",
        "choose another key for the user, group or resource",
    ),
    "ResourceNotFoundException": Refusal(
        "a role, a setting or an application is not there any more",
        "deploy again: what is declared is made anew",
    ),
    "TooManyTagsException": Refusal(
        "an organization has at most 50 tags, those of others and two of this tool counted",
        "declare fewer tags, or take some away that others set",
    ),
    "UnsupportedOperationException": Refusal(
        "the directory is read-only, or Exchange manages this",
        "make the change in the directory itself, and leave the key out of the spec",
    ),
}

_DIRECTORY_SERVICE = {
    "AccessDeniedException": Refusal(
        "the permission was removed from the role of the handlers",
        "look for a service control policy or a permissions boundary, and deploy again",
    ),
    "ClientException": Refusal(
        "a subnet, the VPC or the service account does not fit, or a role is missing",
        "the message of AWS names it; correct it in the spec and deploy again",
    ),
    "DirectoryDoesNotExistException": Refusal(
        "the directory was deleted",
        "an organization without its directory cannot be repaired: destroy the stack",
    ),
    "DirectoryInDesiredStateException": Refusal(
        "user and group management is on already", "nothing: deploy again"
    ),
    "DirectoryLimitExceededException": Refusal(
        "the region has as many directories of this type as it may",
        "delete one that nobody uses, or ask for more (aws ds get-directory-limits, AWS Support)",
    ),
    "DirectoryUnavailableException": Refusal(
        "the directory is not Active or is impaired",
        "look at its stage (aws ds describe-directories); when it is Active, deploy again",
    ),
    "EntityAlreadyExistsException": Refusal(
        "the alias belongs to another directory", "choose another alias: it is never free again"
    ),
    "EntityDoesNotExistException": Refusal(
        "the directory is not in this account and region",
        "check directory_id; a directory that was deleted by hand does not come back",
    ),
    "InvalidNextTokenException": Refusal("a list changed while it was read", _LATER),
    "InvalidParameterException": Refusal(
        "Directory Service does not accept a value, for a reason that its API model does not state",
        "the message of AWS names it; correct it under directory and deploy again",
    ),
    "InvalidPasswordException": Refusal(
        "the directory's own rules do not accept the password",
        "put a longer one into the secret, with letters, digits and signs, and deploy again",
    ),
    "ServiceException": Refusal("Directory Service itself failed", _LATER),
    "TagLimitExceededException": Refusal(
        "a directory has at most 50 tags, and one is needed to find it again",
        "take a tag away that nobody needs, and deploy again",
    ),
    "UnsupportedOperationException": Refusal(
        "this type of directory, or this region, does not have the operation",
        "choose another type of directory",
    ),
    "UserDoesNotExistException": Refusal(
        "the user is not in the directory any more",
        "drift shows who is missing; declare the user anew or remove it",
    ),
}

_SECRETS_MANAGER = {
    "DecryptionFailure": Refusal(
        "the key of the secret is disabled, deleted, or does not let the role decrypt",
        "enable the key, let its policy allow kms:Decrypt to the role, and deploy again",
    ),
    "EncryptionFailure": Refusal(
        "the key of the secret is disabled, deleted, or does not let the role encrypt",
        "enable the key, let its policy allow kms:GenerateDataKey to the role, and deploy again",
    ),
    "InternalServiceError": Refusal("Secrets Manager itself failed", _LATER),
    "InvalidParameterException": Refusal(
        "the name or ARN is none of a secret", "correct password_secret in the spec"
    ),
    "InvalidRequestException": Refusal(
        "the secret is marked for deletion",
        "aws secretsmanager restore-secret --secret-id ARN, and deploy again",
    ),
    "LimitExceededException": Refusal(
        "the secret has a hundred versions, or is changed too often",
        "deploy again tomorrow: versions without a label go after 24 hours",
    ),
    "ResourceExistsException": Refusal("another process wrote the secret meanwhile", _LATER),
    "ResourceNotFoundException": Refusal(
        "there is no such secret in this region, or it has no value",
        "correct the name, or make it (aws secretsmanager create-secret)",
    ),
}

_ROUTE_53 = {
    "InvalidChangeBatch": Refusal(
        "the record is there already, or shares its name with a CNAME",
        "plan against live names it; dns: {omit: […]} or {adopt: true} leaves it as it is",
    ),
    "InvalidInput": Refusal(
        "the id is none of a hosted zone, or a name does not belong to it",
        "correct hosted_zone_id and zone_name",
    ),
    "NoSuchHealthCheck": Refusal("a health check is not there any more", _REPORT),
    "NoSuchHostedZone": Refusal(
        "the hosted zone is not in this account",
        "correct hosted_zone_id, or say dns: manual if the records are managed elsewhere",
    ),
    "PriorRequestNotComplete": Refusal("another change of the zone is on its way", _LATER),
}

_KMS = {
    "DependencyTimeoutException": Refusal("KMS itself was too slow", _LATER),
    "DisabledException": Refusal(
        "the key is disabled", "enable it (aws kms enable-key), and deploy again"
    ),
    "DryRunOperationException": Refusal("the call was only a trial", _REPORT),
    "IncorrectKeyException": Refusal(
        "the secret was encrypted with another key", "write the secret again with its present key"
    ),
    "InvalidArnException": Refusal(
        "the ARN is none of a key in this region", "correct kms_key_arn in the spec"
    ),
    "InvalidCiphertextException": Refusal(
        "what is to be decrypted was damaged or made elsewhere", "write the secret again"
    ),
    "InvalidGrantTokenException": Refusal("a permission that was just given is not seen", _LATER),
    "InvalidKeyUsageException": Refusal(
        "the key is not a symmetric one for encryption",
        "choose another key: WorkMail takes symmetric keys alone, and keeps the first permanently",
    ),
    "KMSInternalException": Refusal("KMS itself failed", _LATER),
    "KMSInvalidStateException": Refusal(
        "the key is marked for deletion, or waits for its material",
        "aws kms cancel-key-deletion and enable-key, or import its material again: without the key "
        "every mailbox is lost",
    ),
    "KeyUnavailableException": Refusal("the key cannot be reached for the moment", _LATER),
    "LimitExceededException": Refusal(
        "the key has as many grants as it may", "retire grants that nobody uses"
    ),
    "NotFoundException": Refusal(
        "the key is not in this account and region, or was deleted",
        "correct kms_key_arn; a key that was deleted does not come back, nor do its mailboxes",
    ),
}

_SES = {
    "AlreadyExists": Refusal(
        "a receipt rule or rule set of that name is there, made by hand",
        "take away the rule with the organization's id in its name, and deploy again",
    ),
    "InvalidLambdaFunction": Refusal(
        "a receipt rule that this stack does not manage calls a deleted function",
        "correct the rule in SES, and deploy again",
    ),
    "InvalidPolicy": Refusal(
        "the policy of the domain's identity is damaged, or too long",
        "look at the identity's policies in SES, take away what nobody needs, and deploy again",
    ),
    "InvalidS3Configuration": Refusal(
        "a receipt rule that this stack does not manage writes into a bucket that denies it",
        "correct the rule or the bucket's policy, and deploy again",
    ),
    "InvalidSnsTopic": Refusal(
        "a receipt rule that this stack does not manage publishes to a deleted topic",
        "correct the rule in SES, and deploy again",
    ),
    "LimitExceeded": Refusal(
        "SES has 40 receipt rule sets, or 200 rules in one",
        "take away rules or rule sets that nobody needs, and deploy again",
    ),
    "RuleDoesNotExist": Refusal(
        "a receipt rule was taken away while WorkMail changed the rule set", _LATER
    ),
    "RuleSetDoesNotExist": Refusal(
        "the active receipt rule set was taken away",
        "make one and activate it in SES (aws ses set-active-receipt-rule-set), and deploy again",
    ),
}

REFUSALS: Mapping[str, Mapping[str, Refusal]] = MappingProxyType(
    {
        WORKMAIL: _WORKMAIL,
        DIRECTORY_SERVICE: _DIRECTORY_SERVICE,
        SECRETS_MANAGER: _SECRETS_MANAGER,
        ROUTE_53: _ROUTE_53,
        KMS: _KMS,
        SES: _SES,
    }
)
"""By botocore's name of the service, and code."""

BY_CLOUDFORMATION: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        ROUTE_53: frozenset(
            {"ChangeResourceRecordSets", "GetHostedZone", "ListResourceRecordSets"},
        )
    }
)
"""Operations that no role of a handler names: CloudFormation and plans call them."""


def find_advice(service: str, code: str) -> str | None:
    """Find what to do; `None`: the model declares no such error of the service."""
    refusal = REFUSALS.get(service, {}).get(code)
    return refusal.advice if refusal else None
