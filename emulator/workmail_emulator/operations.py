"""Which function carries out which operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workmail_emulator import (
    addresses,
    directory_service,
    domains,
    groups,
    mailboxes,
    organizations,
    passwords,
    resources,
    tags,
    users,
)
from workmail_emulator.api import Document
from workmail_emulator.state import Organization
from workmail_emulator.world import Context

InRegion = Callable[[Context], Document]
InOrganization = Callable[[Context, Organization], Document]

WORKMAIL_IN_REGION: Mapping[str, InRegion] = {
    "CreateOrganization": organizations.create_organization,
    "ListOrganizations": organizations.list_organizations,
    "TagResource": tags.tag_resource,
    "UntagResource": tags.untag_resource,
    "ListTagsForResource": tags.list_tags_for_resource,
}
"""WorkMail operations that name no organization, or name it by its ARN."""

WORKMAIL_IN_ORGANIZATION: Mapping[str, InOrganization] = {
    "DescribeOrganization": organizations.describe_organization,
    "DeleteOrganization": organizations.delete_organization,
    "RegisterMailDomain": domains.register_mail_domain,
    "GetMailDomain": domains.get_mail_domain,
    "ListMailDomains": domains.list_mail_domains,
    "UpdateDefaultMailDomain": domains.update_default_mail_domain,
    "DeregisterMailDomain": domains.deregister_mail_domain,
    "CreateUser": users.create_user,
    "DescribeUser": users.describe_user,
    "ListUsers": users.list_users,
    "UpdateUser": users.update_user,
    "DeleteUser": users.delete_user,
    "ResetPassword": passwords.reset_password,
    "GetMailboxDetails": mailboxes.get_mailbox_details,
    "UpdateMailboxQuota": mailboxes.update_mailbox_quota,
    "CreateGroup": groups.create_group,
    "DescribeGroup": groups.describe_group,
    "ListGroups": groups.list_groups,
    "UpdateGroup": groups.update_group,
    "DeleteGroup": groups.delete_group,
    "AssociateMemberToGroup": groups.associate_member_to_group,
    "DisassociateMemberFromGroup": groups.disassociate_member_from_group,
    "ListGroupMembers": groups.list_group_members,
    "ListGroupsForEntity": groups.list_groups_for_entity,
    "CreateResource": resources.create_resource,
    "DescribeResource": resources.describe_resource,
    "ListResources": resources.list_resources,
    "UpdateResource": resources.update_resource,
    "DeleteResource": resources.delete_resource,
    "AssociateDelegateToResource": resources.associate_delegate_to_resource,
    "DisassociateDelegateFromResource": resources.disassociate_delegate_from_resource,
    "ListResourceDelegates": resources.list_resource_delegates,
    "RegisterToWorkMail": addresses.register_to_workmail,
    "DeregisterFromWorkMail": addresses.deregister_from_workmail,
    "UpdatePrimaryEmailAddress": addresses.update_primary_email_address,
    "CreateAlias": addresses.create_alias,
    "DeleteAlias": addresses.delete_alias,
    "ListAliases": addresses.list_aliases,
    "DescribeEntity": addresses.describe_entity,
}

DIRECTORY_SERVICE: Mapping[str, InRegion] = {
    "DescribeDirectories": directory_service.describe_directories,
    "CreateDirectory": directory_service.create_directory,
    "CreateMicrosoftAD": directory_service.create_microsoft_ad,
    "ConnectDirectory": directory_service.connect_directory,
    "DeleteDirectory": directory_service.delete_directory,
    "CreateAlias": directory_service.create_alias,
    "EnableDirectoryDataAccess": directory_service.enable_directory_data_access,
    "DisableDirectoryDataAccess": directory_service.disable_directory_data_access,
    "DescribeDirectoryDataAccess": directory_service.describe_directory_data_access,
    "GetDirectoryLimits": directory_service.get_directory_limits,
    "AddTagsToResource": directory_service.add_tags_to_resource,
    "RemoveTagsFromResource": directory_service.remove_tags_from_resource,
    "ListTagsForResource": directory_service.list_directory_tags,
}
