"""A spec made local: the same organizations, without what only the real account has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from workmail_org.spec.building import load_environment
from workmail_org.spec.loading import load

if TYPE_CHECKING:
    from pathlib import Path

    from workmail_org.model.domain import HostedZone
    from workmail_org.model.organization import Environment
    from workmail_org.rehearsal.local import LocalAws

_YAML_ONLY = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")
"""Characters that JSON leaves as they are and YAML does not read as they are."""


@dataclass(frozen=True, slots=True)
class LocalSpec:
    """A spec that can be deployed to the local AWS.

    Attributes:
        path: A file of its own, in a folder of its own; the user's is never written.
        environment: What it declares.
        notes: What differs from the user's spec, in a sentence each.
    """

    path: Path
    environment: Environment
    notes: tuple[str, ...]


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


def localize(
    spec: Path, *, root: Path | None, account: str, zones: Mapping[str, str], target: Path
) -> LocalSpec:
    """Write a spec as one file that names nothing outside the local AWS.

    Args:
        spec: A valid spec.
        root: The folder that its files stay in; `None`: its own.
        account: The local account.
        zones: The local id for each hosted zone id of the spec.
        target: The file to write, in a folder that exists.
    """
    resolved = load(spec, root=root).value
    resolved.pop("expires", None)  # whether a copy is overdue is judged by the day, not by us
    resolved["account"] = account
    notes: list[str] = []
    for key, organization in _mappings(resolved.get("organizations")):
        notes += [f"{key}: {note}" for note in _localize_organization(organization, zones)]
    target.write_text(_write_yaml(resolved), encoding="utf-8")
    return LocalSpec(target, load_environment(target), tuple(notes))


def _localize_organization(
    organization: MutableMapping[str, Any], zones: Mapping[str, str]
) -> Iterator[str]:
    for _name, domain in _mappings(organization.get("domains")):
        dns = domain.get("dns")
        if isinstance(dns, dict):
            dns["hosted_zone_id"] = zones[dns["hosted_zone_id"]]
    if organization.pop("existing", None):
        yield "takes over a live organization; the rehearsal creates a new one instead"
    directory: object = organization.get("directory")
    if isinstance(directory, dict) and cast("dict[str, Any]", directory).get("type") == "existing":
        del organization["directory"]
        yield "uses an existing directory; the rehearsal creates a WorkMail directory instead"


def _mappings(value: object) -> Iterator[tuple[str, MutableMapping[str, Any]]]:
    """Give the entries of a mapping that are mappings; nothing behind a key is an empty one."""
    if isinstance(value, dict):
        for key, entry in cast("dict[str, Any]", value).items():
            if isinstance(entry, dict):
                yield key, cast("dict[str, Any]", entry)


def _write_yaml(value: Mapping[str, Any]) -> str:
    """Write JSON, which is YAML in which no text can be taken for a number or a boolean."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    return _YAML_ONLY.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"
