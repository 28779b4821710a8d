"""Keeping: what stays when the stack goes."""

from __future__ import annotations

from aws_cdk import CfnResource, RemovalPolicy

from workmail_org.model.organization import Organization
from workmail_org.model.removal import Removal


def keeps_organization(organization: Organization) -> bool:
    """Return whether the organization outlives the stack; one that was taken over always does."""
    word = organization.on_removal.organization
    return organization.existing is not None or word is not Removal.DELETE


def keeps_directory(organization: Organization) -> bool:
    """Return whether the directory outlives the stack."""
    word = organization.on_removal.directory
    return organization.existing is not None or word is not Removal.DELETE


def keep(resource: CfnResource, *, kept: bool) -> None:
    """Say whether a resource outlives the stack."""
    resource.apply_removal_policy(RemovalPolicy.RETAIN if kept else RemovalPolicy.DESTROY)


def keep_record(record: CfnResource, *, kept: bool) -> None:
    """Say whether a DNS record outlives its place in the stack.

    One that was made by a deployment which failed goes all the same: nothing creates a record that
    is there, so the next deployment would fail.
    """
    policy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if kept else RemovalPolicy.DESTROY
    record.apply_removal_policy(policy)
