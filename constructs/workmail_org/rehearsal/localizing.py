"""A spec made local: the same organizations, at home in the local AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from workmail_org.model.directory import DirectoryType
from workmail_org.model.values import Kind, Reference, fold
from workmail_org.spec.building import load_environment
from workmail_org.spec.loading import load

if TYPE_CHECKING:
    from pathlib import Path

    from workmail_org.model.domain import HostedZone
    from workmail_org.model.group import Group
    from workmail_org.model.organization import Environment, Organization
    from workmail_org.model.user import User
    from workmail_org.rehearsal.local import LocalAws

_YAML_ONLY = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")
"""Characters that JSON leaves as they are and YAML does not read as they are."""


_KINDS = {
    DirectoryType.SIMPLE_AD: "SimpleAD",
    DirectoryType.MANAGED_AD: "MicrosoftAD",
    DirectoryType.AD_CONNECTOR: "ADConnector",
}
"""What the local Directory Service calls them."""

_UNKNOWN_KIND = "SimpleAD"
"""What an existing directory is when the spec does not say."""


@dataclass(frozen=True, slots=True)
class LocalSpec:
    """A spec that can be deployed to the local AWS.

    Attributes:
        path: A file of its own, in a folder of its own; the user's is never written.
        environment: What it declares.
    """

    path: Path
    environment: Environment


def find_hosted_zones(environment: Environment) -> Iterator[HostedZone]:
    """List the hosted zones that an environment writes records into."""
    for organization in environment.organizations:
        yield from (domain.dns for domain in organization.domains if domain.dns is not None)


def create_hosted_zones(local: LocalAws, zones: Iterator[HostedZone]) -> Mapping[str, str]:
    """Create each zone in the local Route 53, which lets nobody choose an id.

    Returns:
        The local id for each id of the spec.
    """
    client = local.make_client("route53", "us-east-1")
    ids: dict[str, str] = {}
    for zone in zones:
        if zone.hosted_zone_id not in ids:
            answer = client.create_hosted_zone(
                Name=zone.zone_name, CallerReference=zone.hosted_zone_id
            )
            ids[zone.hosted_zone_id] = answer["HostedZone"]["Id"].removeprefix("/hostedzone/")
    return ids


def add_existing_directories(local: LocalAws, environments: Iterable[Environment]) -> None:
    """Put the directories that organizations use into the local Directory Service.

    One that WorkMail only reads (AD Connector) gets the users and groups that
    the specs name: somebody made them there before.
    """
    directories: dict[str, dict[str, Any]] = {}
    people: dict[str, dict[str, Reference]] = {}
    for organization in (o for environment in environments for o in environment.organizations):
        directory_id = organization.directory.directory_id
        if directory_id is None:
            continue
        directories[directory_id] = _describe_directory(organization)
        if organization.directory.read_only:
            known = people.setdefault(directory_id, {})
            entities: tuple[User | Group, ...] = (*organization.users, *organization.groups)
            for entity in entities:
                known.setdefault(fold(entity.name), entity.reference)
    for directory_id, document in directories.items():
        references = people.get(directory_id, {}).values()
        names = {kind: [{"Name": r.name} for r in references if r.kind is kind] for kind in Kind}
        local.control(
            "directories", {**document, "users": names[Kind.USER], "groups": names[Kind.GROUP]}
        )


def _describe_directory(organization: Organization) -> dict[str, Any]:
    directory = organization.directory
    return {
        "id": directory.directory_id,
        "region": organization.region,
        "kind": _KINDS.get(directory.effective_kind, _UNKNOWN_KIND),
        "name": directory.name or f"{organization.alias}.corp.example",
    }


def localize(
    spec: Path, *, root: Path | None, account: str, zones: Mapping[str, str], target: Path
) -> LocalSpec:
    """Write a spec as one file that names no account and no zone but the local ones.

    Args:
        spec: A valid spec.
        root: The folder that its files stay in; `None`: its own.
        account: The local account.
        zones: The local id for each hosted zone id of the spec.
        target: The file to write, in a folder that exists.
    """
    resolved = load(spec, root=root).value
    resolved["account"] = account
    for _key, organization in _mappings(resolved.get("organizations")):
        for _name, domain in _mappings(organization.get("domains")):
            dns = domain.get("dns")
            if isinstance(dns, dict):
                zone = cast("dict[str, Any]", dns)
                zone["hosted_zone_id"] = zones[zone["hosted_zone_id"]]
    target.write_text(_write_yaml(resolved), encoding="utf-8")
    return LocalSpec(target, load_environment(target))


def _mappings(value: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the entries of a mapping that are mappings; nothing behind a key is an empty one."""
    if isinstance(value, dict):
        for key, entry in cast("dict[str, Any]", value).items():
            if isinstance(entry, dict):
                yield key, cast("dict[str, Any]", entry)


def _write_yaml(value: Mapping[str, Any]) -> str:
    """Write JSON, which is YAML in which no text can be taken for a number or a boolean."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    return _YAML_ONLY.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"
