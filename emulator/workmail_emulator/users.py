"""Users: CreateUser, DescribeUser, ListUsers, UpdateUser, DeleteUser."""

from __future__ import annotations

from dataclasses import replace

from workmail_emulator import api, directories, entities, listing, mailboxes, passwords
from workmail_emulator.api import Document
from workmail_emulator.errors import invalid_parameter, unsupported
from workmail_emulator.state import Directory, Entity, Organization
from workmail_emulator.world import Context

LONGEST_NAME = 20
"""Characters outside WorkMail's own directory, which takes the model's 64; botocore, CreateUser."""

PROFILE = (
    "DisplayName",
    "FirstName",
    "LastName",
    "HiddenFromGlobalAddressList",
    "Initials",
    "Telephone",
    "Street",
    "JobTitle",
    "City",
    "Company",
    "ZipCode",
    "Department",
    "Country",
    "Office",
    "IdentityProviderUserId",
)
FILTERS = {
    "UsernamePrefix": "Name",
    "DisplayNamePrefix": "DisplayName",
    "PrimaryEmailPrefix": "Email",
    "State": "State",
    "IdentityProviderUserIdPrefix": "IdentityProviderUserId",
}
SUMMARY = ("DisplayName", "UserRole", "IdentityProviderUserId")


def create_user(context: Context, organization: Organization) -> Document:
    """Create a DISABLED user in the directory.

    Source:
        facts.md §1.3 and §5; botocore, CreateUser: roles, 64 or 20 characters; Assumption
        USER_LIMIT.
    """
    directory = context.writable_directory(organization)
    parameters = context.parameters
    _check_name(parameters["Name"], directory)
    if "Password" in parameters:
        passwords.check(parameters["Password"])
    user = Entity(
        id=directories.new_principal_id(context, directory),
        kind="USER",
        name=parameters["Name"],
        attributes={
            "UserRole": _role(parameters.get("Role", "USER")),
            "HiddenFromGlobalAddressList": False,
            **_profile(parameters),
        },
    )
    entities.add(organization, user)
    directories.mirror(directory, user)
    return {"UserId": user.id}


def describe_user(context: Context, organization: Organization) -> Document:
    """Answer everything about a user. Source: facts.md §1.3."""
    identifier: str = context.parameters["UserId"]
    user = entities.find(context, organization, identifier, entities.USERS)
    mailbox = organization.mailboxes.get(user.id)
    return api.without_nones(
        UserId=user.id,
        Name=user.name,
        Email=user.email,
        State=user.state,
        EnabledDate=user.enabled_at,
        DisabledDate=user.disabled_at,
        MailboxProvisionedDate=mailbox.provisioned_at if mailbox else None,
        MailboxDeprovisionedDate=mailbox.deprovisioned_at if mailbox else None,
        **user.attributes,
    )


def list_users(context: Context, organization: Organization) -> Document:
    """List users: enabled, disabled, deleted, and the directory's own. Source: facts.md §1.3."""
    return listing.entities(context, organization, "USER", FILTERS, "Users", SUMMARY)


def update_user(context: Context, organization: Organization) -> Document:
    """Change a user's profile. Source: facts.md §1.3, Assumption UPDATE_MERGES."""
    directory = context.writable_directory(organization)
    parameters = context.parameters
    user = entities.find(context, organization, parameters["UserId"], entities.USERS)
    entities.require(context, organization, user, "ENABLED", "DISABLED")
    attributes = {**user.attributes, **_profile(parameters)}
    if "Role" in parameters:
        attributes["UserRole"] = _role(parameters["Role"])
    kept = {name: value for name, value in attributes.items() if value != ""}
    changed = replace(user, attributes=kept)
    entities.put(organization, changed)
    directories.mirror(directory, changed)
    if changed.state == "ENABLED" and changed.role != user.role:
        _change_role(context, organization, changed)
    return {}


def _change_role(context: Context, organization: Organization, user: Entity) -> None:
    """Give or take the mailbox of an enabled user. Source: Assumption ROLE_CHANGE."""
    if mailboxes.has_mailbox(user):
        mailboxes.provision(context, organization, user)
    else:
        mailboxes.deprovision(context, organization, user)


def delete_user(context: Context, organization: Organization) -> Document:
    """Delete a DISABLED user permanently, mailbox and all.

    Source:
        facts.md §7.2; Assumption SYSTEM_USERS.
    """
    directory = context.writable_directory(organization)
    identifier: str = context.parameters["UserId"]
    for user in entities.look_up(organization, identifier, email=False):
        if user.kind == "USER" and user.role == "SYSTEM_USER":
            raise unsupported(f"User {user.name} belongs to the directory.")
    if gone := entities.delete(context, organization, identifier, entities.USERS):
        directory.principals.pop(gone.id, None)
    return {}


def _check_name(name: str, directory: Directory) -> None:
    """Refuse a name that the directory does not take. Source: botocore, CreateUser."""
    if directory.kind != "VpcDirectory" and len(name) > LONGEST_NAME:
        raise invalid_parameter(
            f"User name {name} has {len(name)} characters, a {directory.kind} directory takes"
            f" {LONGEST_NAME}."
        )


def _role(role: str) -> str:
    """Refuse a role that nobody gives: SYSTEM_USER and RESOURCE. Source: botocore, Role."""
    if role not in ("USER", "REMOTE_USER"):
        raise invalid_parameter(f"Role {role} cannot be given; use USER or REMOTE_USER.")
    return role


def _profile(parameters: Document) -> Document:
    return {name: parameters[name] for name in PROFILE if parameters.get(name) is not None}
