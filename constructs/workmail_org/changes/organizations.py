"""Changes of the organization itself: what no API changes, tags, domains, the directory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from workmail_org.changes.calls import Argument, Call, Phase, Setting, make_call
from workmail_org.model.directory import Directory, DirectoryType

_ORGANIZATION = Setting("organization")
_DEFAULT_DOMAIN = Setting("default domain")

_MAKING = {
    DirectoryType.SIMPLE_AD: "CreateDirectory",
    DirectoryType.MANAGED_AD: "CreateMicrosoftAD",
    DirectoryType.AD_CONNECTOR: "ConnectDirectory",
}
"""Operations of the Directory Service API."""


def refuse_immutable(comparisons: Iterable[tuple[str, object, object]]) -> tuple[str, ...]:
    """Say why a change of what no API changes is not carried out (facts.md §1.1).

    Args:
        comparisons: A word of the spec, what is there, and what is wanted.
    """
    return tuple(
        f"{word} of an organization cannot change, from {_show(actual)} to {_show(wanted)}: that "
        "would take another organization, and every mailbox would be lost; put the old value "
        "back, or declare a further organization under another key"
        for word, actual, wanted in comparisons
        if actual != wanted
    )


def find_tag_changes(
    actual: Mapping[str, str], previous: Mapping[str, str], desired: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """Find the tags that are to go, and those that are to be written.

    Tags that somebody else set stay: taken away is only what the spec had said
    itself.

    Args:
        actual: What is there.
        previous: What the last deployment declared.
        desired: What is declared, with the tags that the engine adds.
    """
    surplus = sorted(
        key for key, value in previous.items() if key not in desired and actual.get(key) == value
    )
    missing = {key: value for key, value in desired.items() if actual.get(key) != value}
    return surplus, missing


def create_organization(
    alias: str, *, directory_id: Argument | None, kms_key_arn: str | None, interoperability: bool
) -> Call:
    """Build the call that makes an organization."""
    arguments: dict[str, Argument] = {"Alias": alias}
    if directory_id:
        arguments["DirectoryId"] = directory_id
    if kms_key_arn:
        arguments["KmsKeyArn"] = kms_key_arn
    if interoperability:
        arguments["EnableInteroperability"] = True
    return make_call(Phase.CREATE, "CreateOrganization", _ORGANIZATION, **arguments)


def change_tags(surplus: Sequence[str], missing: Mapping[str, str]) -> tuple[Call, ...]:
    """List the calls for tags that are to go, and for those that are to be written."""
    calls: list[Call] = []
    if surplus:
        calls.append(
            make_call(Phase.UPDATE, "UntagResource", _ORGANIZATION, TagKeys=tuple(surplus))
        )
    if missing:
        tags = tuple({"Key": key, "Value": value} for key, value in sorted(missing.items()))
        calls.append(make_call(Phase.UPDATE, "TagResource", _ORGANIZATION, Tags=tags))
    return tuple(calls)


def create_directory(directory: Directory) -> Call:
    """Build the call that makes a directory; its parameters, secrets among them, are left out."""
    subject = Setting("directory", directory.name or "")
    return make_call(Phase.CREATE, _MAKING.get(directory.type, "CreateDirectory"), subject)


def register_domain(name: str) -> Call:
    """Build the call that registers a domain."""
    subject = Setting("domain", name)
    return make_call(Phase.CREATE, "RegisterMailDomain", subject, DomainName=name)


def deregister_domain(name: str) -> Call:
    """Build the call that takes a domain away."""
    subject = Setting("domain", name)
    return make_call(Phase.DELETE, "DeregisterMailDomain", subject, DomainName=name)


def make_default(domain: str) -> Call:
    """Build the call that makes a domain the default for new addresses."""
    operation = "UpdateDefaultMailDomain"
    return make_call(Phase.UPDATE, operation, _DEFAULT_DOMAIN, DomainName=domain)


def _show(value: object) -> str:
    return "none" if value is None else repr(value)
