"""What is assumed where no source says how WorkMail behaves.

A rule of the emulator names its source where it stands: the model, the documentation, or one of
these. The coverage document prints them beside the operations that they touch.
"""

from __future__ import annotations

from enum import Enum

EVERY = "every operation"


class Assumption(Enum):
    """One sentence that no source confirms and a live run could refute.

    Attributes:
        sentence: What is assumed.
        operations: The WorkMail operations whose answers depend on it.
    """

    def __init__(self, sentence: str, *operations: str) -> None:
        self.sentence = sentence
        self.operations = frozenset(operations)

    def touches(self, operation: str) -> bool:
        """Return whether an operation's answers depend on it in particular."""
        return operation in self.operations

    VALIDATION = (
        "A violated constraint of the model is an InvalidParameterException, or a"
        " ValidationException where the operation does not model that error",
        EVERY,
    )
    REPEATED_CALL = (
        "A ClientToken is remembered for 24 hours: the same parameters get the first answer"
        " without effect, other parameters an InvalidParameterException",
        "CreateOrganization",
        "DeleteOrganization",
        "RegisterMailDomain",
        "CreateAvailabilityConfiguration",
        "CreateImpersonationRole",
        "CreateMobileDeviceAccessRule",
        "CreateIdentityCenterApplication",
        "StartMailboxExportJob",
        "CancelMailboxExportJob",
    )
    ALIAS_BURNED = (
        "An organization's alias is unique over all accounts and regions, compared without case,"
        " and never free again, like a directory's alias",
        "CreateOrganization",
    )
    ORGANIZATION_TIMES = (
        "An organization is Requested for 5 seconds, Creating for 25 (--active-after says how"
        " long both take), and Deleting for 20;"
        " another directory than WorkMail's own changes nothing about it",
        "CreateOrganization",
        "DeleteOrganization",
        "DescribeOrganization",
        "ListOrganizations",
    )
    TEST_DOMAIN_USABLE = (
        "The test domain is verified as soon as its organization is Active, but for"
        " --test-domain-after: three public programs wait for it",
        "CreateOrganization",
        "GetMailDomain",
        "RegisterToWorkMail",
        "UpdatePrimaryEmailAddress",
        "CreateAlias",
        "UpdateDefaultMailDomain",
    )
    LAG = (
        "With --lag, reads of users, groups and resources, of their members, delegates, permissions"
        " and mailboxes are late; those of organizations, domains, rules, settings and tags are"
        " not",
        "DescribeUser",
        "DescribeGroup",
        "DescribeResource",
        "ListUsers",
        "ListGroups",
        "ListResources",
        "ListGroupMembers",
        "ListResourceDelegates",
        "ListMailboxPermissions",
        "GetMailboxDetails",
    )
    FAILED_ALIAS = (
        "An organization whose creation failed has used up its alias",
        "CreateOrganization",
    )
    SES_IDENTITY = (
        "DeregisterMailDomain keeps the SES identity with its tokens and its verification;"
        " DeleteOrganization removes the identities of its domains",
        "RegisterMailDomain",
        "DeregisterMailDomain",
        "DeleteOrganization",
    )
    VERIFIED_STAYS = (
        "A verified domain stays verified when its records go",
        "GetMailDomain",
    )
    VERIFICATION_ENDS = (
        "A domain not verified within 72 hours is FAILED until RegisterMailDomain is called again",
        "GetMailDomain",
        "RegisterMailDomain",
    )
    DEFAULT_DOMAIN = (
        "The default domain and the test domain cannot be deregistered; deregistering an"
        " absent domain succeeds",
        "DeregisterMailDomain",
    )
    TEST_DOMAIN_RECORDS = (
        "The test domain has no records to show",
        "GetMailDomain",
    )
    TEST_DOMAIN_NAMES = (
        "A name below awsapps.com cannot be registered",
        "RegisterMailDomain",
        "CreateOrganization",
    )
    NAMES = (
        "Users and groups share one namespace, resources have their own; names compare"
        " without case and are free again after deletion",
        "CreateUser",
        "CreateGroup",
        "CreateResource",
        "UpdateResource",
    )
    RESERVED = (
        "Administrator, Guest, krbtgt and the names of the directory's own groups, Domain"
        " Admins, Domain Users and Domain Guests, are reserved in any case",
        "CreateUser",
        "CreateGroup",
        "CreateResource",
    )
    SYSTEM_USERS = (
        "Entities that the directory brought (SYSTEM_USER, built-in groups) cannot be deleted",
        "DeleteUser",
        "DeleteGroup",
    )
    TOMBSTONES = (
        "A deleted entity is listed and described by id as DELETED permanently, without email"
        " and not by its name",
        "DeleteUser",
        "DeleteGroup",
        "DeleteResource",
        "DescribeUser",
        "DescribeGroup",
        "DescribeResource",
        "ListUsers",
        "ListGroups",
        "ListResources",
    )
    DELETE_ABSENT = (
        "Deleting an unknown user, group or resource succeeds, since no error is modelled for"
        " it; deleting a DELETED one is an EntityStateException",
        "DeleteUser",
        "DeleteGroup",
        "DeleteResource",
    )
    UPDATE_MERGES = (
        "UpdateUser, UpdateGroup and UpdateResource leave alone what is not sent; an empty"
        " text clears (IdentityProviderUserIdForUpdate allows it for that purpose)",
        "UpdateUser",
        "UpdateGroup",
        "UpdateResource",
    )
    BOOKING_REPLACED = (
        "BookingOptions are replaced as a whole, a flag that is not sent is false",
        "UpdateResource",
    )
    DISABLED_ADDRESS = (
        "A disabled entity goes on showing its Email and keeps its aliases, but does not hold"
        " them: another entity may take them. Registered again, it gets its aliases back,"
        " except those taken meanwhile, and an old primary address that differs from the new"
        " one is gone",
        "DeregisterFromWorkMail",
        "RegisterToWorkMail",
    )
    DISABLED_ALIASES = (
        "ListAliases, CreateAlias, DeleteAlias and UpdatePrimaryEmailAddress need an ENABLED"
        " entity",
        "ListAliases",
        "CreateAlias",
        "DeleteAlias",
        "UpdatePrimaryEmailAddress",
    )
    REGISTERED_AGAIN = (
        "RegisterToWorkMail of an ENABLED entity changes nothing under the same address and"
        " is an EntityAlreadyRegisteredException under another",
        "RegisterToWorkMail",
    )
    ALIAS_AGAIN = (
        "CreateAlias of the entity's own address changes nothing (the error is for a"
        " *different* entity's), DeleteAlias of an absent one neither; deleting the primary"
        " address so is an InvalidParameterException",
        "CreateAlias",
        "DeleteAlias",
    )
    REMOTE_ADDRESS = (
        "A REMOTE_USER may have an address in any domain, and has no mailbox",
        "RegisterToWorkMail",
        "UpdatePrimaryEmailAddress",
        "CreateAlias",
    )
    EMAIL_FINDS = (
        "An address finds its enabled holder first, then a disabled entity that still shows"
        " it; DescribeEntity the same",
        "DescribeEntity",
        "DescribeUser",
        "DescribeGroup",
        "DescribeResource",
    )
    SYSTEM_REGISTER = (
        "A SYSTEM_USER cannot be registered (EntityStateException)",
        "RegisterToWorkMail",
    )
    DIRECTORY_PASSWORDS = (
        "Of the password rules of Simple AD and Managed Microsoft AD only those of WorkMail's"
        " own directory are checked: 8 to 63 Latin-1 characters of three classes",
        "CreateUser",
        "ResetPassword",
    )
    RESET_STATE = (
        "ResetPassword works for a DISABLED user, not for a DELETED one",
        "ResetPassword",
    )
    QUOTA_DEFAULT = (
        "A new mailbox has 51 200 megabytes and is empty; a restored one keeps its quota",
        "RegisterToWorkMail",
        "GetMailboxDetails",
    )
    NO_MAILBOX = (
        "GetMailboxDetails of an entity without a mailbox, or whose mailbox is gone, is an"
        " EntityNotFoundException; a mailbox that is kept still answers",
        "GetMailboxDetails",
    )
    MEMBERS_STAY = (
        "A disabled entity stays a member, a delegate and a grantee; a deleted one is removed",
        "DeregisterFromWorkMail",
        "DeleteUser",
        "DeleteGroup",
    )
    MEMBER_AGAIN = (
        "Adding a present member or delegate and removing an absent one change nothing",
        "AssociateMemberToGroup",
        "DisassociateMemberFromGroup",
        "AssociateDelegateToResource",
        "DisassociateDelegateFromResource",
    )
    MEMBER_CYCLE = (
        "A group cannot become a member of itself, directly or through others",
        "AssociateMemberToGroup",
    )
    PAGE_ORDER = (
        "Lists are in the order of creation, pages hold 100 entries when none is asked for",
        "ListOrganizations",
        "ListMailDomains",
        "ListUsers",
        "ListGroups",
        "ListResources",
        "ListGroupMembers",
        "ListGroupsForEntity",
        "ListResourceDelegates",
        "ListAliases",
        "ListMailboxPermissions",
        "ListMobileDeviceAccessOverrides",
        "ListImpersonationRoles",
        "ListAvailabilityConfigurations",
        "ListPersonalAccessTokens",
        "ListMailboxExportJobs",
    )
    GROUP_FILTER = (
        "ListGroups takes one filter per request, as ListUsers and ListResources do",
        "ListGroups",
    )
    TAGS_FOREIGN = (
        "A tag call with another account's, region's or organization's ARN finds no resource",
        "TagResource",
        "UntagResource",
        "ListTagsForResource",
    )
    USER_LIMIT = (
        "The quota of users per organization is not enforced: no operation models its error",
        "CreateUser",
        "RegisterToWorkMail",
    )
    ORGANIZATION_LIMIT = (
        "100 organizations per account count per region, without deleted ones",
        "CreateOrganization",
    )
    FIRST_DOMAINS = (
        "CreateOrganization with a domain of another organization is an"
        " InvalidParameterException: MailDomainInUseException is not modelled for it",
        "CreateOrganization",
    )
    HOSTED_ZONES = (
        "A HostedZoneId given to CreateOrganization writes no records",
        "CreateOrganization",
    )
    REGION = (
        "A region without WorkMail answers as a wrong credential scope does",
        EVERY,
    )
    DIRECTORY_TIMES = (
        "A Simple AD is created in 10 minutes, a Managed Microsoft AD in 25, an AD Connector"
        " in 5; deletion takes 5; user and group management is switched in one minute",
        "CreateOrganization",
    )
    DATA_ACCESS = (
        "Writes to a Managed Microsoft AD without user and group management are a"
        " DirectoryServiceAuthenticationFailedException",
        "CreateUser",
        "UpdateUser",
        "DeleteUser",
        "ResetPassword",
        "CreateGroup",
        "DeleteGroup",
        "AssociateMemberToGroup",
        "DisassociateMemberFromGroup",
    )
    INTEROPERABILITY = (
        "With interoperability, resources and new primary addresses are an"
        " UnsupportedOperationException, alias changes an InvalidParameterException",
        "CreateResource",
        "DeleteResource",
        "RegisterToWorkMail",
        "UpdatePrimaryEmailAddress",
        "CreateAlias",
        "DeleteAlias",
    )
    DIRECTORY_TYPE = (
        "DescribeOrganization shows as DirectoryType VpcDirectory, SimpleAD, MicrosoftAD or"
        " ADConnector",
        "DescribeOrganization",
    )
    PERMISSION_AGAIN = (
        "Taking rights that nobody has succeeds; an empty list of rights takes all; nobody is"
        " granted rights to the own mailbox",
        "PutMailboxPermissions",
        "DeleteMailboxPermissions",
    )
    ACCESS_ACTIONS = (
        "An access control action that the guide does not name is refused",
        "PutAccessControlRule",
        "GetAccessControlEffect",
    )
    ACCESS_EFFECT = (
        "Access control rules are evaluated as mobile and impersonation rules are: a DENY"
        " wins, no match denies; a condition on users never matches a role and the other way"
        " round; MatchedRules are those with the resulting effect",
        "GetAccessControlEffect",
    )
    RULE_REFERENCES = (
        "What a rule names must exist when the rule is written, and may go later without a"
        " change of the rule",
        "PutAccessControlRule",
        "CreateImpersonationRole",
        "UpdateImpersonationRole",
        "DeleteImpersonationRole",
    )
    MOBILE_DEFAULT = (
        "The rule of a fresh organization that allows every device is called ALLOW-all",
        "ListMobileDeviceAccessRules",
    )
    OVERRIDE_STATE = (
        "A mobile device override needs an ENABLED user",
        "PutMobileDeviceAccessOverride",
    )
    ONE_RETENTION_POLICY = (
        "An organization has no retention policy at first, and never two: a second one"
        " without Id is a LimitExceededException, an unknown Id an InvalidParameterException",
        "PutRetentionPolicy",
        "GetDefaultRetentionPolicy",
    )
    RETENTION_FOLDERS = (
        "A folder appears once in a retention policy; deletion needs a period",
        "PutRetentionPolicy",
    )
    ROLE_NAMES = (
        "A second impersonation role of one name, or two rules of one id, are an"
        " InvalidParameterException",
        "CreateImpersonationRole",
        "UpdateImpersonationRole",
    )
    AVAILABILITY_TEST = (
        "TestAvailabilityConfiguration passes, but for an EWS endpoint below .invalid;"
        " nothing is asked over the network",
        "TestAvailabilityConfiguration",
    )
    MONITORING_ROLE = (
        "Email monitoring without a RoleArn is described with the service-linked role;"
        " whether the log group exists is not looked up",
        "PutEmailMonitoringConfiguration",
        "DescribeEmailMonitoringConfiguration",
    )
    APPLICATION_KEPT = (
        "Deleting an Identity Center application that an organization uses succeeds and"
        " leaves the organization's configuration",
        "DeleteIdentityCenterApplication",
    )
    EXPIRED_ACCESS = (
        "A personal access token expires as configured when it was made, and stays listed after",
        "ListPersonalAccessTokens",
        "GetPersonalAccessTokenMetadata",
    )
    EXPORT_TIME = (
        "An export takes ten minutes, whatever the size of the mailbox",
        "DescribeMailboxExportJob",
        "ListMailboxExportJobs",
    )
    EXPORT_STATE = (
        "Only a mailbox in use is exported; failed and cancelled jobs do not count for the"
        " pause of 24 hours",
        "StartMailboxExportJob",
    )
    EXPORT_PATH = (
        "The file of an export is called PREFIX/JOB.zip in its bucket",
        "DescribeMailboxExportJob",
        "ListMailboxExportJobs",
    )
    RESOURCE_ALIAS = (
        "CreateAlias and DeleteAlias take a resource too, though the model speaks of users and"
        " groups",
        "CreateAlias",
        "DeleteAlias",
    )
    EXPORT_FILES = (
        "An export is one zip with a folder for each folder of the mailbox and an .eml file for"
        " each message; its log is PREFIX/JOB.json in the same bucket",
        "StartMailboxExportJob",
        "DescribeMailboxExportJob",
    )
    LAST_DELEGATE = (
        "The last delegate of a resource that does not accept by itself cannot be taken away"
        " (EntityStateException: InvalidConfigurationException is not modelled there)",
        "DisassociateDelegateFromResource",
    )
    EMPTY_TEXT = (
        "An empty text violates a pattern that wants at least one character, also where the"
        " model's minimum length is 0, as for an access control rule's Description",
        EVERY,
    )
    ROLE_CHANGE = (
        "An enabled user that becomes a REMOTE_USER loses its mailbox as if it was deregistered,"
        " and finds it again as a USER",
        "UpdateUser",
    )
