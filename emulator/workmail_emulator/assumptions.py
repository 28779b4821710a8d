"""What is assumed where no source says how WorkMail behaves.

Each rule of the emulator names its source in the docstring of the operation, or one of these.
The table is printed in the coverage document.
"""

from __future__ import annotations

from enum import Enum


class Assumption(Enum):
    """One sentence that no source confirms and a live run could refute."""

    VALIDATION = (
        "A violated constraint of the model is an InvalidParameterException, or a"
        " ValidationException where the operation does not model that error"
    )
    REPEATED_CALL = (
        "A ClientToken is remembered for 24 hours: the same parameters get the first answer without"
        " effect, other parameters an InvalidParameterException"
    )
    ALIAS_BURNED = (
        "An organization's alias is unique over all regions, compared without case, and never free"
        " again, like a directory's alias"
    )
    ORGANIZATION_TIMES = (
        "An organization is Requested for 5 seconds, Creating for 25, and Deleting for 20; another"
        " directory than WorkMail's own changes nothing about it"
    )
    FAILED_ALIAS = "An organization whose creation failed has used up its alias"
    SES_IDENTITY = (
        "DeregisterMailDomain keeps the SES identity with its tokens and its verification;"
        " DeleteOrganization removes the identities of its domains"
    )
    VERIFIED_STAYS = "A verified domain stays verified when its records go"
    VERIFICATION_ENDS = (
        "A domain not verified within 72 hours is FAILED until RegisterMailDomain is called again"
    )
    DEFAULT_DOMAIN = (
        "The default domain and the test domain cannot be deregistered; deregistering an absent"
        " domain succeeds"
    )
    TEST_DOMAIN_RECORDS = "The test domain has no records to show"
    TEST_DOMAIN_NAMES = "A name below awsapps.com cannot be registered"
    NAMES = (
        "Users and groups share one namespace, resources have their own; names compare without case"
        " and are free again after deletion"
    )
    RESERVED = (
        "Administrator, Admin, Guest, krbtgt, root and the names of the directory's own groups are"
        " reserved"
    )
    SYSTEM_USERS = (
        "Entities that the directory brought (SYSTEM_USER, built-in groups) cannot be deleted"
    )
    TOMBSTONES = (
        "A deleted entity is listed and described by id as DELETED for ever, without email and not"
        " by its name"
    )
    DELETE_ABSENT = (
        "Deleting an unknown user, group or resource succeeds, since no error is modelled for it;"
        " deleting a DELETED one is an EntityStateException"
    )
    UPDATE_MERGES = (
        "UpdateUser, UpdateGroup and UpdateResource leave alone what is not sent; an empty text"
        " clears (IdentityProviderUserIdForUpdate allows it for that purpose)"
    )
    BOOKING_REPLACED = "BookingOptions are replaced as a whole, a flag that is not sent is false"
    DISABLED_ADDRESS = (
        "A disabled entity goes on showing its Email and keeps its aliases, but does not hold them:"
        " another entity may take them. Registered again, it gets its aliases back, except those"
        " taken meanwhile, and an old primary address that differs from the new one is gone"
    )
    DISABLED_ALIASES = (
        "ListAliases, CreateAlias, DeleteAlias and UpdatePrimaryEmailAddress need an ENABLED entity"
    )
    REGISTERED_AGAIN = (
        "RegisterToWorkMail of an ENABLED entity changes nothing under the same address and is an"
        " EntityAlreadyRegisteredException under another"
    )
    ALIAS_AGAIN = (
        "CreateAlias of the entity's own address changes nothing (the error is for a *different*"
        " entity's), DeleteAlias of an absent one neither; deleting the primary address so is an"
        " InvalidParameterException"
    )
    REMOTE_ADDRESS = "A REMOTE_USER may have an address in any domain, and has no mailbox"
    EMAIL_FINDS = (
        "An address finds its enabled holder first, then a disabled entity that still shows it;"
        " DescribeEntity the same"
    )
    SYSTEM_REGISTER = "A SYSTEM_USER cannot be registered (EntityStateException)"
    DIRECTORY_PASSWORDS = (
        "Of the password rules of Simple AD and Managed Microsoft AD only those of WorkMail's own"
        " directory are checked: 8 to 63 Latin-1 characters of three classes"
    )
    RESET_STATE = "ResetPassword works for a DISABLED user, not for a DELETED one"
    QUOTA_DEFAULT = (
        "A new mailbox has 51 200 megabytes and is empty; a restored one keeps its quota"
    )
    NO_MAILBOX = (
        "GetMailboxDetails of an entity without a mailbox, or whose mailbox is gone, is an"
        " EntityNotFoundException; a mailbox that is kept still answers"
    )
    MEMBERS_STAY = (
        "A disabled entity stays a member, a delegate and a grantee; a deleted one is removed"
    )
    MEMBER_AGAIN = "Adding a present member or delegate and removing an absent one change nothing"
    MEMBER_CYCLE = "A group cannot become a member of itself, directly or through others"
    PAGE_ORDER = "Lists are in the order of creation, pages hold 100 entries when none is asked for"
    GROUP_FILTER = "ListGroups takes one filter per request, as ListUsers and ListResources do"
    TAGS_FOREIGN = (
        "A tag call with another account's, region's or organization's ARN finds no resource"
    )
    USER_LIMIT = (
        "The quota of users per organization is not enforced: no operation models its error"
    )
    ORGANIZATION_LIMIT = "100 organizations per account count per region, without deleted ones"
    FIRST_DOMAINS = (
        "CreateOrganization with a domain of another organization is an InvalidParameterException:"
        " MailDomainInUseException is not modelled for it"
    )
    HOSTED_ZONES = "A HostedZoneId given to CreateOrganization writes no records"
    REGION = "A region without WorkMail answers as a wrong credential scope does"
    DIRECTORY_TIMES = (
        "A Simple AD is created in 10 minutes, a Managed Microsoft AD in 25, an AD Connector in 5;"
        " deletion takes 5; user and group management is switched in one minute"
    )
    DATA_ACCESS = (
        "Writes to a Managed Microsoft AD without user and group management are a"
        " DirectoryServiceAuthenticationFailedException"
    )
    INTEROPERABILITY = (
        "With interoperability, resources and new primary addresses are an"
        " UnsupportedOperationException, alias changes an InvalidParameterException"
    )
    DIRECTORY_TYPE = (
        "DescribeOrganization shows as DirectoryType VpcDirectory, SimpleAD, MicrosoftAD or"
        " ADConnector"
    )
