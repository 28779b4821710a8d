"""Organizations: requested, created, active, deleting, deleted."""

from __future__ import annotations

from dataclasses import replace

from workmail_emulator import api, directories, domains, paging
from workmail_emulator.api import Document
from workmail_emulator.errors import ServiceFault, invalid_parameter, limit_exceeded
from workmail_emulator.state import Directory, Domain, Organization
from workmail_emulator.world import Context

REQUESTED_SECONDS, CREATED_SECONDS, DELETED_SECONDS = 5.0, 30.0, 20.0
"""Assumption ORGANIZATION_TIMES; 20 to 60 seconds were seen, facts.md §2. `--active-after` says how
long an organization is made; Requested is then at most as long."""

MOST_ORGANIZATIONS = 100
"""Organizations of one account; Admin Guide workmail_limits, facts.md §3.

Counted as Assumption ORGANIZATION_LIMIT says.
"""

ALLOW_EVERYONE: Document = {
    "Name": "default",
    "Effect": "ALLOW",
    "Description": "Default WorkMail Rule",
    "DateCreated": 0.0,
    "DateModified": 0.0,
}
"""AWS CLI example list-access-control-rules, facts.md §1.8."""


def create_organization(context: Context) -> Document:
    """Create an organization, with its own directory or on a given one.

    Source:
        facts.md §1.1, §2, §5; Assumptions FAILED_ALIAS, HOSTED_ZONES.
    """
    parameters = context.parameters
    _check_limit(context)
    _check_key(context, parameters.get("KmsKeyArn"))
    directory = _directory(context, parameters)
    organization = Organization(
        id=context.world.ids.organization(),
        region=context.region.name,
        alias=parameters["Alias"],
        directory_id=directory.id,
        created_at=context.now,
        interoperability=parameters.get("EnableInteroperability", False),
        kms_key_arn=parameters.get("KmsKeyArn"),
    )
    test_domain = _make_test_domain(context, organization.alias)
    organization.domains[test_domain.name] = test_domain
    organization.default_domain = test_domain.name
    _add_domains(context, organization)
    # Nothing below fails: a refused request has changed nothing.
    organization.failure = context.world.next_failure("CreateOrganization")
    directory.alias = organization.alias
    context.region.directories[directory.id] = directory
    context.region.organizations[organization.id] = organization
    context.world.aliases[organization.alias.lower()] = directory.id
    _furnish(context, organization)
    directories.synchronize(context, organization)
    return {"OrganizationId": organization.id}


def _make_test_domain(context: Context, alias: str) -> Domain:
    """Make the domain that every organization has. Source: Assumption TEST_DOMAIN_USABLE."""
    waits = _creation(context) + context.delay(context.settings.test_domain_after)
    name = f"{alias.lower()}{domains.TEST_SUFFIX}"
    return Domain(name, is_test=True, usable_at=context.now + waits)


def _add_domains(context: Context, organization: Organization) -> None:
    """Register the first domains. Source: Assumption FIRST_DOMAINS."""
    for wanted in context.parameters.get("Domains", []):
        try:
            domains.add(context, organization, wanted["DomainName"].lower())
        except ServiceFault as fault:
            raise invalid_parameter(fault.message) from fault


def _furnish(context: Context, organization: Organization) -> None:
    """Give a new organization what every new one has.

    Source:
        facts.md §0.9; Assumption MOBILE_DEFAULT.
    """
    rule_id = context.world.ids.uuid()
    organization.access_rules["default"] = ALLOW_EVERYONE
    organization.mobile_rules[rule_id] = {
        "MobileDeviceAccessRuleId": rule_id,
        "Name": "ALLOW-all",
        "Effect": "ALLOW",
        "DateCreated": context.now,
        "DateModified": context.now,
    }
    organization.settings["dmarc"] = {"Enforced": True}


def _check_limit(context: Context) -> None:
    """Count organizations. Source: Assumption ORGANIZATION_LIMIT."""
    live = [item for item in context.region.organizations.values() if item.deleted_at is None]
    if len(live) >= MOST_ORGANIZATIONS:
        raise limit_exceeded(f"An account has at most {MOST_ORGANIZATIONS} organizations.")


def _check_key(context: Context, arn: str | None) -> None:
    """Refuse a key of another region. Source: facts.md §5."""
    if arn and arn.split(":")[3] != context.region.name:
        raise invalid_parameter(f"The key {arn} is not in {context.region.name}.")


def _directory(context: Context, parameters: Document) -> Directory:
    """Find the directory asked for, or make WorkMail's own; the alias must be free for it.

    Source:
        facts.md §1.1 and §5; Assumption ALIAS_BURNED.
    """
    alias, directory_id = parameters["Alias"], parameters.get("DirectoryId")
    if directory_id is None:
        if parameters.get("EnableInteroperability"):
            raise invalid_parameter("EnableInteroperability needs the id of an AD Connector.")
        if alias.lower() in context.world.aliases:
            raise _alias_taken(alias)
        return directories.workmail_directory(context, alias)
    directory = directories.usable(context, directory_id)
    if parameters.get("EnableInteroperability") and directory.kind != "ADConnector":
        raise invalid_parameter("EnableInteroperability needs the id of an AD Connector.")
    for other in context.region.organizations.values():
        if other.directory_id == directory.id and other.deleted_at is None:
            raise ServiceFault(
                "DirectoryInUseException", f"Directory {directory.id} is in use by {other.id}."
            )
    if directory.alias and directory.alias.lower() != alias.lower():
        raise invalid_parameter(
            f"Alias {alias} does not match the directory's alias {directory.alias}."
        )
    if context.world.aliases.get(alias.lower(), directory.id) != directory.id:
        raise _alias_taken(alias)
    return directory


def _alias_taken(alias: str) -> ServiceFault:
    return ServiceFault("NameAvailabilityException", f"The alias {alias} is already in use.")


def state_of(context: Context, organization: Organization) -> str:
    """Tell the state at the time of the call. Source: facts.md §2."""
    if organization.deleted_at is not None:
        over = context.now >= organization.deleted_at + context.delay(DELETED_SECONDS)
        return "Deleted" if over else "Deleting"
    age = context.now - organization.created_at
    if age < min(context.delay(REQUESTED_SECONDS), _creation(context)):
        return "Requested"
    if age < _creation(context):
        return "Creating"
    return "Failed" if organization.failure else "Active"


def _creation(context: Context) -> float:
    """Give how many seconds it takes until an organization is Active."""
    return context.delay(context.settings.active_after)


def describe_organization(context: Context, organization: Organization) -> Document:
    """Answer an organization, also a deleted one.

    Source:
        facts.md §1.1; Assumption DIRECTORY_TYPE.
    """
    state = state_of(context, organization)
    completed = organization.created_at + _creation(context)
    kind = context.region.directories[organization.directory_id].kind
    return api.without_nones(
        OrganizationId=organization.id,
        Alias=organization.alias,
        State=state,
        DirectoryId=organization.directory_id,
        DirectoryType=kind,
        DefaultMailDomain=organization.default_domain if state == "Active" else None,
        CompletedDate=completed if context.now >= completed else None,
        ErrorMessage=organization.failure if state == "Failed" else None,
        ARN=organization.arn(context.settings.account),
        InteroperabilityEnabled=organization.interoperability,
    )


def list_organizations(context: Context) -> Document:
    """List organizations, deleted ones included. Source: facts.md §2."""

    def summary(organization: Organization) -> Document:
        described = describe_organization(context, organization)
        fields = ("OrganizationId", "Alias", "DefaultMailDomain", "ErrorMessage", "State")
        return {name: described[name] for name in fields if name in described}

    organizations = context.region.organizations.values()
    return paging.page(context, "OrganizationSummaries", organizations, summary)


def delete_organization(context: Context, organization: Organization) -> Document:
    """Begin to delete an organization and every mailbox in it. Source: facts.md §7.5."""
    parameters = context.parameters
    state = state_of(context, organization)
    if state not in ("Active", "Failed"):
        raise wrong_state(organization, state)
    enabled = sum(
        entity.kind == "USER" and entity.state == "ENABLED"
        for entity in organization.entities.values()
    )
    if enabled and not parameters.get("ForceDelete"):
        raise ServiceFault(
            "OrganizationStateException",
            f"Organization {organization.id} has {enabled} enabled users.",
        )
    directory = context.region.directories[organization.directory_id]
    if parameters["DeleteDirectory"] and directory.authorized:
        raise ServiceFault(
            "OrganizationStateException",
            f"Directory {directory.id} is in use by {', '.join(sorted(directory.authorized))}.",
        )
    if parameters.get("DeleteIdentityCenterApplication"):
        _delete_application(context, organization)
    _end(context, organization)
    if parameters["DeleteDirectory"]:
        directory.deleted_at = context.now
    return {"OrganizationId": organization.id, "State": "Deleting"}


def _delete_application(context: Context, organization: Organization) -> None:
    provider = organization.settings.get("identity_provider", {})
    arn: str = provider.get("IdentityCenterConfiguration", {}).get("ApplicationArn", "")
    context.region.applications.pop(arn, None)


def _end(context: Context, organization: Organization) -> None:
    """Take everything out of an organization; mailboxes are lost at once (§7.1)."""
    organization.deleted_at = context.now
    for name in organization.domains:
        context.region.identities.pop(name, None)
    organization.domains.clear()
    organization.holders.clear()
    for owner, mailbox in organization.mailboxes.items():
        organization.mailboxes[owner] = replace(mailbox, deleted=True)


def wrong_state(organization: Organization, state: str) -> ServiceFault:
    """Build the error for an organization that is not active."""
    return ServiceFault(
        "OrganizationStateException", f"Organization {organization.id} is in state {state}."
    )
