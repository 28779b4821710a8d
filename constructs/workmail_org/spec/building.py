"""Building: a spec without problems becomes an Environment, with every default applied."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from workmail_org.errors import SpecError
from workmail_org.model.alarms import Alarms
from workmail_org.model.bookable import Bookable, BookableType, Booking
from workmail_org.model.directory import Directory, DirectoryType, ServiceAccount
from workmail_org.model.domain import HostedZone, MailDomain, RecordGroup
from workmail_org.model.exports import Exports
from workmail_org.model.group import Group
from workmail_org.model.organization import Environment, Organization, Passwords
from workmail_org.model.permission import EVERY_MAILBOX, MailboxPermission, Right
from workmail_org.model.removal import OnRemoval, Removal, Safety
from workmail_org.model.user import Role, User
from workmail_org.model.values import (
    Kind,
    Listing,
    OrganizationId,
    Reference,
    fold,
    get_test_domain,
    parse_reference,
)
from workmail_org.model.watching import Ignore, Unmanaged, Watching
from workmail_org.spec.expectations import judge
from workmail_org.spec.files.loading import load
from workmail_org.spec.policies import build_expectation, build_policies
from workmail_org.spec.problems import Severity, sort_problems
from workmail_org.spec.rules import check
from workmail_org.spec.schema import fill_empty, load_schema
from workmail_org.spec.validating import validate

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from workmail_org.spec.files.loading import Document
    from workmail_org.spec.problems import Problem

    Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a spec.

    Attributes:
        environment: None when a problem is an error.
        problems: All of them, sorted by place; warnings too.
    """

    environment: Environment | None
    problems: tuple[Problem, ...]
    document: Document


def read_spec(
    path: pathlib.Path, *, root: pathlib.Path | None = None, data: bytes | None = None
) -> Reading:
    """Read a spec and judge it; never raises for what the files say.

    Args:
        path: The spec; problems name it exactly so.
        root: No include or base may lie outside this folder; by default the
            folder of `path`.
        data: What the spec holds, if it is not a file.
    """
    document = load(path, root=root, data=data)
    wrong_so_far = [*document.problems, *validate(document), *check(document)]
    problems = sort_problems([*wrong_so_far, *judge(document, wrong_so_far)])
    wrong = any(problem.severity is Severity.ERROR for problem in problems)
    environment = build(document.value) if document.readable and not wrong else None
    return Reading(environment, problems, document)


def load_environment(path: pathlib.Path, *, root: pathlib.Path | None = None) -> Environment:
    """Read a spec that has to be right.

    Raises:
        SpecError: It is not; carries every problem.
    """
    reading = read_spec(path, root=root)
    if reading.environment is None:
        raise SpecError(reading.problems)
    return reading.environment


def build(value: Mapping[str, Any]) -> Environment:
    """Build what a spec declares.

    Args:
        value: A resolved spec that neither the schema nor a rule refuses.
    """
    spec = fill_empty(dict(value), load_schema())
    expires = spec.get("expires")
    return Environment(
        name=spec["environment"],
        account=spec.get("account"),
        organizations=tuple(
            _build_organization(key, body) for key, body in spec["organizations"].items()
        ),
        expires=date.fromisoformat(expires) if expires else None,
        acknowledge_end_of_support=spec.get("acknowledge_end_of_support", False),
    )


def _build_organization(key: str, body: Body) -> Organization:
    directory = _build_directory(body.get("directory", {}))
    domains = tuple(_build_domain(name, domain) for name, domain in body.get("domains", {}).items())
    default = next((d.name for d in domains if d.default), get_test_domain(body["alias"]))
    shared = _Shared(default, frozenset(body.get("exclusive", ())))
    passwords = Passwords.NONE if directory.read_only else Passwords.GENERATE
    existing = body.get("existing")
    return Organization(
        key=key,
        region=body["region"],
        alias=body["alias"],
        existing=OrganizationId(existing) if existing else None,
        directory=directory,
        kms_key_arn=body.get("kms_key_arn"),
        interoperability=body.get("interoperability", False),
        tags=MappingProxyType(dict(body.get("tags", {}))),
        domains=domains,
        passwords=Passwords(body.get("passwords", passwords)),
        users=tuple(_build_user(n, b, shared) for n, b in body.get("users", {}).items()),
        groups=tuple(_build_group(n, b, shared) for n, b in body.get("groups", {}).items()),
        resources=tuple(
            _build_bookable(n, b, shared) for n, b in body.get("resources", {}).items()
        ),
        permissions=tuple(_build_permissions(body)),
        policies=build_policies(body.get("policies", {})),
        on_removal=OnRemoval(
            **{kind: Removal(removal) for kind, removal in body.get("on_removal", {}).items()}
        ),
        safety=Safety(**body.get("safety", {})),
        adopt=body.get("adopt", False),
        exclusive=tuple(sorted(map(Listing, body.get("exclusive", ())))),
        expect=tuple(build_expectation(entry) for entry in body.get("expect", ())),
        alarms=Alarms(**body["alarms"]) if "alarms" in body else None,
        exports=Exports(**body["exports"]) if "exports" in body else None,
        drift=_build_watching(body.get("drift", {})),
    )


def _build_directory(body: Body) -> Directory:
    account = body.get("service_account")
    kind = body.get("kind")
    fields: dict[str, Any] = {
        **body,
        "type": DirectoryType(body.get("type", DirectoryType.WORKMAIL)),
        "kind": DirectoryType(kind) if kind else None,
        "subnet_ids": tuple(body.get("subnet_ids", ())),
        "dns_ips": tuple(body.get("dns_ips", ())),
        "service_account": ServiceAccount(**account) if account else None,
    }
    return Directory(**fields)


def _build_domain(name: str, body: Body) -> MailDomain:
    dns = body.get("dns", "manual")
    zone = None
    if not isinstance(dns, str):
        zone = HostedZone(
            hosted_zone_id=dns["hosted_zone_id"],
            zone_name=dns["zone_name"],
            omit=tuple(sorted(RecordGroup(each) for each in dns.get("omit", ()))),
            adopt=dns.get("adopt", False),
        )
    return MailDomain(
        name=fold(name),
        default=body.get("default", False),
        dns=zone,
        verified=body.get("verified", False),
    )


@dataclass(frozen=True, slots=True)
class _Shared:
    """What an organization says for each of its entities.

    Attributes:
        default_domain: Of addresses that are not written.
        exclusive: Lists that have no entries but declared ones.
    """

    default_domain: str
    exclusive: frozenset[str]


def _build_user(name: str, body: Body, shared: _Shared) -> User:
    fields = _build_entity(name, body, shared, {Listing.ALIASES, Listing.RIGHTS})
    fields["role"] = Role(body.get("role", Role.USER))
    return User(**fields)


def _build_group(name: str, body: Body, shared: _Shared) -> Group:
    lists = {Listing.ALIASES, Listing.MEMBERS, Listing.RIGHTS}
    fields = _build_entity(name, body, shared, lists)
    fields["members"] = _references(body.get("members", ()))
    return Group(**fields)


def _build_bookable(name: str, body: Body, shared: _Shared) -> Bookable:
    lists = {Listing.ALIASES, Listing.DELEGATES, Listing.RIGHTS}
    fields = _build_entity(name, body, shared, lists)
    fields["type"] = BookableType(body["type"])
    fields["booking"] = Booking(**body.get("booking", {}))
    fields["delegates"] = _references(body.get("delegates", ()))
    return Bookable(**fields)


def _build_entity(
    name: str, body: Body, shared: _Shared, lists: Collection[Listing]
) -> dict[str, Any]:
    """The fields that users, groups and resources share, and the plain ones of each."""
    exclusive = shared.exclusive.intersection(lists).union(body.get("exclusive", ()))
    return {
        **body,
        "name": name,
        "email": body.get("email", f"{name}@{shared.default_domain}"),
        "aliases": tuple(sorted(body.get("aliases", ()))),
        "exclusive": tuple(sorted(map(Listing, exclusive))),
    }


def _build_permissions(body: Body) -> Iterator[MailboxPermission]:
    """Build every permission; `*` becomes one for each mailbox that is not named with the grantee.

    Groups have no mailbox, nor have remote users; nobody is granted rights on the own one.
    """
    entries = body.get("permissions", ())
    named = {(entry["mailbox"], entry["grantee"]) for entry in entries}
    users = body.get("users", {}).items()
    mailboxes = [name for name, user in users if user.get("role") != Role.REMOTE_USER]
    mailboxes += [str(Reference(Kind.RESOURCE, name)) for name in body.get("resources", {})]
    for entry in entries:
        grantee = entry["grantee"]
        for mailbox in mailboxes if entry["mailbox"] == EVERY_MAILBOX else [entry["mailbox"]]:
            is_expanded = entry["mailbox"] == EVERY_MAILBOX
            if is_expanded and (mailbox == grantee or (mailbox, grantee) in named):
                continue
            yield MailboxPermission(
                mailbox=parse_reference(mailbox),
                grantee=parse_reference(grantee),
                rights=tuple(sorted(Right(each) for each in entry["rights"])),
            )


def _build_watching(body: Body) -> Watching:
    return Watching(
        ignore=tuple(_build_ignore(entry) for entry in body.get("ignore", ())),
        unmanaged=tuple(_build_unmanaged(entry) for entry in body.get("unmanaged", ())),
    )


def _build_unmanaged(body: Body) -> Unmanaged:
    until = body.get("until")
    return Unmanaged(
        path=body["path"],
        reason=body["reason"],
        until=date.fromisoformat(until) if until else None,
    )


def _build_ignore(body: Body) -> Ignore:
    value = body.get("value")
    fields: dict[str, Any] = {
        **body,
        "value": tuple(cast("list[str]", value)) if isinstance(value, list) else value,
        "until": date.fromisoformat(body["until"]),
    }
    return Ignore(**fields)


def _references(texts: Iterable[str]) -> tuple[Reference, ...]:
    return tuple(sorted(parse_reference(text) for text in texts))
