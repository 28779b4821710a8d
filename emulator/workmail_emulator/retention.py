"""The retention policy: how long folders keep their items."""

from __future__ import annotations

from workmail_emulator import api
from workmail_emulator.api import Document
from workmail_emulator.errors import entity_not_found, invalid_parameter, limit_exceeded
from workmail_emulator.state import Organization
from workmail_emulator.world import Context


def put_retention_policy(context: Context, organization: Organization) -> Document:
    """Set the policy; there is one, and its id is needed to change it.

    Source:
        facts.md §1.10; Assumption ONE_RETENTION_POLICY.
    """
    parameters = context.parameters
    present = organization.settings.get("retention")
    policy_id: str | None = parameters.get("Id")
    if policy_id is None and present:
        raise limit_exceeded("The organization has a retention policy already.")
    if policy_id is not None and (present is None or present["Id"] != policy_id):
        raise invalid_parameter(f"There is no retention policy {policy_id}.")
    _check_folders(parameters["FolderConfigurations"])
    organization.settings["retention"] = api.without_nones(
        Id=policy_id or context.world.ids.uuid(),
        Name=parameters["Name"],
        Description=parameters.get("Description"),
        FolderConfigurations=parameters["FolderConfigurations"],
    )
    return {}


def _check_folders(folders: list[Document]) -> None:
    """Refuse folders that make no sense. Source: Assumption RETENTION_FOLDERS."""
    names = [folder["Name"] for folder in folders]
    if len(set(names)) < len(names):
        raise invalid_parameter("A folder is configured twice.")
    for folder in folders:
        if folder["Action"] != "NONE" and folder.get("Period") is None:
            raise invalid_parameter(f"{folder['Action']} of {folder['Name']} needs a Period.")


def get_default_retention_policy(context: Context, organization: Organization) -> Document:
    """Answer the policy. Source: botocore, the operation: EntityNotFoundException for none."""
    del context
    policy = organization.settings.get("retention")
    if policy is None:
        raise entity_not_found("default retention policy")
    return policy


def delete_retention_policy(context: Context, organization: Organization) -> Document:
    """Delete the policy; another id is not an error. Source: facts.md §1.14, not modelled."""
    policy = organization.settings.get("retention")
    if policy and policy["Id"] == context.parameters["Id"]:
        del organization.settings["retention"]
    return {}
