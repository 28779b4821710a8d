"""Directories that a stack makes: created, given their alias, opened for WorkMail, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from workmail_org.changes.calls import Argument, Call, DirectoryPassword, Phase, Setting, make_call
from workmail_org.changes.deciding import Decision, show_value
from workmail_org.model.directory import Directory, DirectoryType
from workmail_org.model.live import LiveDirectory
from workmail_org.model.removal import Removal
from workmail_org.model.values import fold
from workmail_org.wire.names import OWNER_TAG, UNRESOLVED
from workmail_org.wire.properties import DirectoryProperties

DIRECTORY = "directory"
"""Kind of the subject of calls that go to Directory Service."""


def decide(
    live: LiveDirectory | None,
    declared: DirectoryProperties | None,
    previous: DirectoryProperties | None,
) -> Decision:
    """Decide what a directory that the stack makes needs; no API changes one that is there.

    Args:
        live: What is there; `None`: nothing.
        declared: What is declared; `None`: it leaves the stack.
        previous: What was declared before.

    Source:
        Directory Service API 2015-04-16: CreateDirectory, CreateMicrosoftAD,
        ConnectDirectory, CreateAlias, EnableDirectoryDataAccess, DeleteDirectory.
    """
    if declared is None:
        return _end(live, previous)
    if live is None:
        return Decision(calls=(_create(declared),))
    directory = declared.directory
    refusals = tuple(_refuse_changes(live, directory)) or tuple(_refuse_alias(live, declared))
    if refusals:
        return Decision(refusals=refusals)
    calls: list[Call] = []
    if live.alias is None:
        # An organization's alias must be that of its directory (facts.md §5).
        calls.append(_call(live, "CreateAlias", DirectoryId=live.id, Alias=declared.alias))
    if live.data_access in ("Disabled", "Failed") and directory.type is DirectoryType.MANAGED_AD:
        # WorkMail writes its users through Directory Service Data (facts.md §0.8).
        calls.append(_call(live, "EnableDirectoryDataAccess", DirectoryId=live.id))
    return Decision(calls=tuple(calls))


def _end(live: LiveDirectory | None, previous: DirectoryProperties | None) -> Decision:
    deletes = previous is not None and previous.on_removal is Removal.DELETE
    if live is None or not deletes or live.is_going:
        return Decision()
    call = make_call(
        Phase.DELETE, "DeleteDirectory", Setting(DIRECTORY, live.name), DirectoryId=live.id
    )
    return Decision(calls=(call,))


def _refuse_changes(live: LiveDirectory, directory: Directory) -> list[str]:
    account = directory.service_account
    comparisons = (
        ("type", live.type, directory.type),
        ("name", fold(live.name), fold(directory.name or "")),
        ("size", live.size, directory.size),
        ("edition", live.edition, directory.edition),
        ("vpc_id", live.vpc_id, directory.vpc_id),
        ("subnet_ids", live.subnet_ids, frozenset(directory.subnet_ids)),
        ("short_name", fold(live.short_name or ""), fold(directory.short_name or "")),
        ("dns_ips", live.dns_ips, frozenset(directory.dns_ips)),
        ("service_account.username", live.username, account.username if account else None),
    )
    return [
        f"{field} of the directory cannot change, from {show_value(actual)} to "
        f"{show_value(wanted)}: that would take another directory, and with it another "
        "organization; put the old value back"
        for field, actual, wanted in comparisons
        # What a kind of directory does not tell, or the spec does not say, is not compared.
        if _is_known(actual) and _is_known(wanted) and actual != wanted
    ]


def _refuse_alias(live: LiveDirectory, declared: DirectoryProperties) -> list[str]:
    if live.alias is None or fold(live.alias) == fold(declared.alias):
        return []
    return [describe_other_alias(live.id, live.alias, declared.alias)]


def refuse_existing(directory_id: str, live: LiveDirectory | None, alias: str) -> tuple[str, ...]:
    """Refuse a directory that somebody else made and a new organization cannot use.

    Args:
        directory_id: As it is declared.
        live: `None`: it is not there.
        alias: Of the organization: the two must match (facts.md §5).
    """
    if live is None or live.is_going:
        return (
            f"directory {directory_id} is not in this account and region; check directory_id and "
            "region",
        )
    if live.alias is not None and fold(live.alias) != fold(alias):
        return (describe_other_alias(directory_id, live.alias, alias),)
    return ()


def describe_other_alias(directory_id: str, actual: str, wanted: str) -> str:
    """Write that a directory bears another alias than its organization should."""
    return (
        f"directory {directory_id} has the alias {actual!r}, and an organization's alias must "
        f"be that of its directory, not {wanted!r}: set alias: {actual}"
    )


def _is_known(value: object) -> bool:
    if isinstance(value, frozenset):
        members = cast("frozenset[object]", value)
        return bool(members) and UNRESOLVED not in members
    return bool(value) and value != UNRESOLVED


def _create(declared: DirectoryProperties) -> Call:
    account = declared.directory.service_account
    secret = account.password_secret if account else declared.admin_password_secret_arn
    return make_creation(declared.directory, secret=secret or "", tags={OWNER_TAG: declared.owner})


def make_creation(directory: Directory, *, secret: str, tags: Mapping[str, str]) -> Call:
    """Build the call that makes a directory; it takes 5 to 45 minutes to be Active.

    Args:
        directory: What is declared.
        secret: Name or ARN of the secret with its password.
        tags: Of the new directory.
    """
    arguments: dict[str, Argument] = {
        "Name": directory.name or "",
        "Password": DirectoryPassword(secret),
    }
    if tags:
        arguments["Tags"] = tuple({"Key": key, "Value": value} for key, value in tags.items())
    if directory.short_name:
        arguments["ShortName"] = directory.short_name
    network: dict[str, Argument] = {
        "VpcId": directory.vpc_id or "",
        "SubnetIds": directory.subnet_ids,
    }
    size = (directory.size or "small").capitalize()
    match directory.type:
        case DirectoryType.MANAGED_AD:
            operation = "CreateMicrosoftAD"
            edition = (directory.edition or "standard").capitalize()
            arguments |= {"VpcSettings": network, "Edition": edition}
        case DirectoryType.AD_CONNECTOR:
            operation = "ConnectDirectory"
            account = directory.service_account
            settings: dict[str, Argument] = {
                **network,
                "CustomerDnsIps": directory.dns_ips,
                "CustomerUserName": account.username if account else "",
            }
            arguments |= {"Size": size, "ConnectSettings": settings}
        case _:
            operation = "CreateDirectory"
            arguments |= {"Size": size, "VpcSettings": network}
    subject = Setting(DIRECTORY, directory.name or "")
    return make_call(Phase.CREATE, operation, subject, **arguments)


def _call(live: LiveDirectory, operation: str, **arguments: Argument) -> Call:
    return make_call(Phase.UPDATE, operation, Setting(DIRECTORY, live.name), **arguments)
