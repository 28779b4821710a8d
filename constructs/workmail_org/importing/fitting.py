"""Fitting: what is live, as far as a spec can say it; and what it cannot. Pure.

A spec is narrower than WorkMail: a group that is switched off, a password, two mobile rules of one
name have no words in it. What does not fit is left out in such a way that a deployment leaves it
alone: rules that are managed at all are managed completely, so that one rule less would remove it,
while a user less is only not managed. Each becomes a `Remainder`, and a comment where it would have
been.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime
from typing import Any, TypeVar, cast

from workmail_org.describing import describe, leave_out_defaults
from workmail_org.differences.terms import EXCLUSIVE, KEYS
from workmail_org.importing.writing import Comments
from workmail_org.model.bookable import Bookable
from workmail_org.model.directory import Directory, DirectoryType
from workmail_org.model.group import BUILT_IN_GROUPS, Group
from workmail_org.model.live import Entity, Snapshot
from workmail_org.model.organization import Organization, Passwords
from workmail_org.model.permission import EVERY_MAILBOX, Right
from workmail_org.model.policies import Availability, Effect, ImpersonationRole, Policies
from workmail_org.model.structuring import get_default
from workmail_org.model.user import PROFILE_FIELDS, Role, User
from workmail_org.model.values import Kind, Reference, fold, get_domain
from workmail_org.reports.resolved import render_value
from workmail_org.spec.declared import is_local_part
from workmail_org.spec.problems import Path

DEFAULT_QUOTA_MEGABYTES = 51_200
"""What WorkMail gives a new mailbox (WorkMail Admin Guide, "edit_user")."""

_KEPT_IN_DIRECTORY = (
    *PROFILE_FIELDS,
    "role",
    "hidden_from_global_address_list",
    "identity_provider_user_id",
)
"""Of users behind an AD Connector (facts.md §5)."""

_MANY_MAILBOXES = 3
"""Mailboxes from which on rights on all of them look meant for all; a guess."""

_AWS_TAG = "aws:"
"""AWS keeps tags that begin so for itself (WorkMail API 2017-10-01, TagKey)."""

_FOUND_TYPES = frozenset(DirectoryType) - {DirectoryType.EXISTING}

_PersonT = TypeVar("_PersonT", User, Bookable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remainder:
    """Something that the spec does not say, left to a person.

    Attributes:
        subject: What it is, such as `group sales`.
        reason: Why it is not in the spec.
        advice: What to do about it.
        path: Where it would be in the spec, below the organization; empty:
            nowhere, no spec has a word for it.
    """

    subject: str
    reason: str
    advice: str
    path: Path = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What a spec says of one organization, and what it does not say.

    Attributes:
        comments: By path below the organization.
    """

    organization: Organization
    remainders: tuple[Remainder, ...] = ()
    comments: Comments = field(default_factory=dict[Path, Sequence[str]])


UNREADABLE = (
    Remainder(
        subject="KMS key",
        reason="WorkMail does not show the key of an organization",
        advice="AWS CloudTrail has it, in the event CreateOrganization; it cannot change",
    ),
    Remainder(
        subject="passwords",
        reason="no API shows a password; those of all users stay as they are",
        advice="nothing to do",
    ),
    Remainder(
        subject="mail flow rules and SMTP gateways",
        reason="no API shows them",
        advice="WorkMail console, Organization settings; write down what is there",
    ),
    Remainder(
        subject="journaling",
        reason="no API shows it",
        advice="WorkMail console, Organization settings, Journaling; write down what is there",
    ),
    Remainder(
        subject="mobile device policy",
        reason="no API shows what devices have to do (PIN, encryption, lock)",
        advice="WorkMail console, Mobile policies; write down what is there",
    ),
    Remainder(
        subject="overrides for single devices",
        reason="a spec has no key for them",
        advice="they stay as they are; ListMobileDeviceAccessOverrides shows them",
    ),
    Remainder(
        subject="rights of and to people who are switched off",
        reason="they count for nothing meanwhile, and are not read",
        advice="they stay; look at them when a user is switched on again",
    ),
    Remainder(
        subject="folder permissions, rules and signatures of users",
        reason="they are in the mailboxes, which no API of WorkMail opens",
        advice="they stay as they are",
    ),
)
"""What no import can take into a spec, of any organization (facts.md; docs/spec.md, "What has no
API")."""


def fit(snapshot: Snapshot, *, key: str) -> Fitted:
    """Say what a spec can say of an organization.

    Args:
        snapshot: What is live, with members and delegates that are switched off.
        key: Spec key.
    """
    fitting = _Fitting(leave_out_defaults(describe(snapshot, key=key)), snapshot)
    fitting.take_over()
    fitting.leave_namesakes()
    fitting.fit_directory()
    fitting.fit_domains()
    fitting.fit_groups()
    fitting.fit_people()
    fitting.fit_policies()
    fitting.note_wide_rights()
    return Fitted(
        organization=fitting.organization,
        remainders=tuple(fitting.remainders),
        comments={path: tuple(lines) for path, lines in fitting.comments.items()},
    )


@dataclass(slots=True)
class _Fitting:
    """One organization on its way into a spec."""

    organization: Organization
    snapshot: Snapshot
    remainders: list[Remainder] = field(default_factory=list[Remainder])
    comments: dict[Path, list[str]] = field(default_factory=dict[Path, list[str]])

    def take_over(self) -> None:
        """Name the live organization, and take over whoever is in it."""
        self._change(
            existing=self.snapshot.organization.id,
            kms_key_arn=None,  # cannot be given with `existing`
            adopt=True,
            tags={
                name: value
                for name, value in self.organization.tags.items()
                if not fold(name).startswith(_AWS_TAG)
            },
        )

    def leave_namesakes(self) -> None:
        """Leave out who cannot be told apart by name."""
        groups: dict[Reference, list[str]] = {}
        for each in self.snapshot.namesakes:
            groups.setdefault(each.folded, []).append(each.name)
        for reference, names in sorted(groups.items()):
            self._leave(
                f"{reference.kind}s {', '.join(sorted(names))}",
                "their names differ in case only, and names compare without case",
                "keep one of them, then import again; until then they stay as they are",
                (f"{reference.kind}s", sorted(names)[0]),
            )
        self._change(
            **{
                f"{kind}s": tuple(
                    each
                    for each in getattr(self.organization, f"{kind}s")
                    if each.reference.folded not in groups
                )
                for kind in Kind
            }
        )

    def fit_directory(self) -> None:
        """Name a directory that is there; behind an AD Connector it keeps people itself."""
        found = self.organization.directory
        if found.directory_id is None:
            return
        kind = found.type if found.type in _FOUND_TYPES else None
        directory = Directory(
            type=DirectoryType.EXISTING, directory_id=found.directory_id, kind=kind
        )
        self._change(directory=directory)
        if not directory.read_only:
            return
        self._leave_strangers()
        exchange = {"aliases"} if self.organization.interoperability else set[str]()
        self._change(
            passwords=Passwords.NONE,
            users=tuple(
                _empty(each, {*_KEPT_IN_DIRECTORY, *exchange}) for each in self.organization.users
            ),
            groups=tuple(
                _empty(each, {"members", "hidden_from_global_address_list", *exchange})
                for each in self.organization.groups
            ),
        )
        self._leave(
            "profiles and members",
            "the directory behind the AD Connector keeps them",
            "change them there",
        )
        if self.organization.interoperability and self.organization.resources:
            for each in self.organization.resources:
                self._leave(
                    f"resource {each.name}",
                    "in interoperability mode Exchange keeps resources",
                    "keep it in Exchange",
                    ("resources", each.name),
                )
            self._change(resources=())

    def _leave_strangers(self) -> None:
        """Leave out the directory's people who never were in WorkMail: it has thousands of them."""
        strangers = {
            each.reference
            for each in self.organization.users
            if not each.enabled and not each.email
        }
        if not strangers:
            return
        count = len(strangers)
        self._leave(
            f"{count} user{'s' if count > 1 else ''} of the directory",
            "they never were in WorkMail",
            "nothing to do; declare those who are to have a mailbox",
        )
        self._change(
            users=tuple(e for e in self.organization.users if e.reference not in strangers)
        )

    def fit_domains(self) -> None:
        """Make one domain the default, as a spec wants it as soon as one is usable."""
        domains = self.organization.domains
        usable = [each for each in domains if each.usable]
        if not usable or any(each.default for each in usable):
            self._change(domains=tuple(replace(d, default=d.default and d.usable) for d in domains))
            return
        used = self._count_domains()
        if not any(used.get(fold(each.name)) for each in usable):
            # Nobody has an address there, so that the spec can do without.
            self._change(domains=tuple(replace(d, default=False, verified=False) for d in domains))
            for each in usable:
                self._comment(
                    ("domains", each.name),
                    f"{each.name} is verified; not written as such, since one of the verified"
                    " domains would have to be the default, which is"
                    f" {self.organization.test_domain}",
                )
            return
        chosen = max(usable, key=lambda d: (used.get(fold(d.name), 0), d.name))
        self._change(domains=tuple(replace(d, default=d is chosen) for d in domains))
        self._leave(
            "default domain",
            f"it is {self.organization.test_domain}, and a spec with a verified domain has to make"
            " one of those the default",
            f"make {chosen.name} the default with UpdateDefaultMailDomain, then import again; or"
            " accept the change that the plan shows",
            ("domains", chosen.name),
        )

    def fit_groups(self) -> None:
        """Leave groups out that are switched off, and members that no spec can name."""
        for group in self.organization.groups:
            if not group.enabled:
                self._leave(
                    f"group {group.name}",
                    "it is switched off, and a group in a spec is always on",
                    "it stays as it is; delete it, or register it and import again",
                    ("groups", group.name),
                )
        self._change(groups=tuple(each for each in self.organization.groups if each.enabled))
        for reference in self.snapshot.unregistered:
            if not self.organization.directory.read_only and reference.name not in BUILT_IN_GROUPS:
                self._leave(
                    f"group {reference.name}",
                    "it was never registered, so it has no address",
                    "it stays as it is; delete it, or register it and import again",
                    ("groups", reference.name),
                )
        known = {each.reference.folded for each in list_entities(self.organization)}
        self._change(
            groups=tuple(
                replace(each, members=self._keep(known, each.members, ("groups", each.name)))
                for each in self.organization.groups
            ),
            resources=tuple(
                replace(each, delegates=self._keep(known, each.delegates, ("resources", each.name)))
                for each in self.organization.resources
            ),
        )

    def fit_people(self) -> None:
        """Give those who are switched off an address that is free, and leave out usual quotas."""
        taken = {
            fold(address)
            for each in list_entities(self.organization)
            if each.enabled
            for address in (each.email, *each.aliases)
        }
        self._change(
            users=tuple(self._fit_person(each, taken) for each in self.organization.users),
            resources=tuple(self._fit_person(each, taken) for each in self.organization.resources),
        )

    def fit_policies(self) -> None:
        """Sort rules, and leave out what has a password or a name twice."""
        self._leave_untrimmed()
        policies = self.organization.policies
        self._change(
            policies=replace(
                policies,
                access_control=_sort(policies.access_control),
                mobile_devices=self._fit_mobile_rules(policies),
                impersonation_roles=tuple(self._fit_roles(policies)),
                availability=tuple(self._fit_availability(policies.availability)),
            )
        )

    def _leave_untrimmed(self) -> None:
        """Leave out rules and settings with a text that has spaces around it.

        Rules that are managed at all are managed completely, so that all of their kind go.
        """
        policies = self.organization.policies
        changes: dict[str, Any] = {}
        for each in fields(policies):
            found: Any = getattr(policies, each.name)
            is_single = each.default != ()
            entries: tuple[Any, ...] = (found,) if is_single else found
            spaced = [entry for entry in entries if _has_spaces(entry)]
            if not spaced:
                continue
            is_whole = is_single or (Policies, each.name) in EXCLUSIVE
            for entry in spaced:
                key = KEYS[type(entry)](entry) if type(entry) in KEYS else ""
                word = each.name.removesuffix("s").replace("_", " ")
                self._leave(
                    f"{word} {key}".strip(),
                    "a text of it begins or ends with a space, and a spec has no such text",
                    "change the text in WorkMail, then import again; until then it stays as it is",
                    ("policies", each.name, *((key,) if key and not is_whole else ())),
                )
            gone = entries if is_whole else spaced
            kept = tuple(entry for entry in entries if entry not in gone)
            changes[each.name] = None if is_single else kept
        self._change(policies=replace(policies, **changes))

    def _fit_person(self, person: _PersonT, taken: set[str]) -> _PersonT:
        if isinstance(person, User) and person.quota_megabytes == DEFAULT_QUOTA_MEGABYTES:
            person = replace(person, quota_megabytes=None)
        if isinstance(person, User):
            person = self._fit_texts(person)
        else:
            person = self._fit_description(person)
        if person.enabled:
            return person
        path: Path = ("users" if isinstance(person, User) else "resources", person.name)
        self._comment(path, f"{person.name} is {self._describe_disabled(person)}")
        email = next(
            address for address in self._list_addresses(person) if fold(address) not in taken
        )
        taken.add(fold(email))
        if person.email and fold(email) != fold(person.email):
            self._comment(path, f"its former address, {person.email}, is not free any more")
        return replace(person, email=email)

    def _fit_description(self, resource: Bookable) -> Bookable:
        text = resource.description
        if text is None or text == text.strip():
            return resource
        self._leave(
            f"description of resource {resource.name}",
            "it begins or ends with a space, and a spec has no such text",
            "it stays as it is; change it in WorkMail, then import again",
            ("resources", resource.name),
        )
        return replace(resource, description=None)

    def _fit_texts(self, user: User) -> User:
        """Leave out texts with spaces around them, which a spec cannot say: it trims what it reads.

        A display name has to be there: the proof shows that it would be trimmed.
        """
        changes: dict[str, Any] = {}
        for name in PROFILE_FIELDS:
            text = getattr(user, name)
            if text and text != text.strip() and name != "display_name":
                changes[name] = None
                self._leave(
                    f"{name} of user {user.name}",
                    "it begins or ends with a space, and a spec has no such text",
                    "it stays as it is; change it in WorkMail, then import again",
                    ("users", user.name),
                )
        return replace(user, **changes) if changes else user

    def _list_addresses(self, person: User | Bookable) -> Iterator[str]:
        """List addresses that somebody who is switched off could have, the former one first."""
        usable = {fold(each.name) for each in self.organization.domains if each.usable}
        usable.add(fold(self.organization.test_domain))
        is_remote = isinstance(person, User) and person.role is Role.REMOTE_USER
        if person.email and (is_remote or get_domain(person.email) in usable):
            yield person.email
        domain = self.organization.default_domain
        plain = person.name if is_local_part(person.name) else _make_local_part(person.name)
        yield f"{plain}@{domain}"
        number = 2
        while True:
            yield f"{plain}-{number}@{domain}"
            number += 1

    def _describe_disabled(self, person: User | Bookable) -> str:
        deadline = self.snapshot.deadlines.get(person.reference)
        if deadline is None:
            return "switched off, without a mailbox"
        what = "mailbox" if isinstance(person, User) else "calendar"
        return f"switched off; WorkMail erases the {what} after {_show_time(deadline)}"

    def _fit_mobile_rules(self, policies: Policies) -> tuple[Any, ...]:
        names = [rule.name for rule in policies.mobile_devices]
        twice = sorted({name for name in names if names.count(name) > 1})
        if not twice:
            return _sort(policies.mobile_devices)
        self._leave(
            "mobile device rules",
            f"several are called {', '.join(twice)}, and a spec names each once",
            "give each its own name (UpdateMobileDeviceAccessRule), then import again",
            ("policies", "mobile_devices"),
        )
        return ()

    def _fit_roles(self, policies: Policies) -> Iterator[ImpersonationRole]:
        """Leave out roles that let at somebody who is switched off: a deployment takes them out."""
        off = {fold(each.name) for each in self.organization.users if not each.enabled}
        for role in _sort(policies.impersonation_roles):
            named = {
                name
                for rule in role.rules
                for name in rule.target_users
                if rule.effect is Effect.ALLOW and fold(name) in off
            }
            if named:
                self._leave(
                    f"impersonation role {role.name}",
                    f"it lets at {', '.join(sorted(named))}, switched off, whom a deployment would"
                    " take out of it until they are on again",
                    "it stays as it is; take them out of it yourself, then import again",
                    ("policies", "impersonation_roles", role.name),
                )
                continue
            yield replace(role, rules=tuple(sorted(role.rules, key=lambda rule: rule.key)))

    def _fit_availability(self, every: Iterable[Availability]) -> Iterator[Availability]:
        for each in sorted(every, key=lambda availability: availability.domain):
            if each.ews is None:
                yield each
                continue
            path: Path = ("policies", "availability", each.domain)
            self._leave(
                f"availability of {each.domain}",
                "no API shows the password of its user",
                "store the password in Secrets Manager and declare it as in the comment; until"
                " then it stays as it is",
                path,
            )
            told = {"endpoint": each.ews.endpoint, "username": each.ews.username}
            declared = {each.domain: {"ews": {**told, "password_secret": "NAME"}}}
            self._comment(path, *render_value(declared).splitlines())

    def note_wide_rights(self) -> None:
        """Say how a spec has rights on every mailbox in one entry, which is more: for all who come.

        Whether whoever comes is meant too, nobody can see.
        """
        granted: dict[tuple[Reference, tuple[Right, ...]], set[Reference]] = {}
        for each in self.organization.permissions:
            granted.setdefault((each.grantee, each.rights), set()).add(each.mailbox.folded)
        people: tuple[User | Bookable, ...] = (
            *self.organization.users,
            *self.organization.resources,
        )
        mailboxes = {
            each.reference.folded
            for each in people
            if each.enabled and not (isinstance(each, User) and each.role is Role.REMOTE_USER)
        }
        for (grantee, rights), named in granted.items():
            if len(named) >= _MANY_MAILBOXES and mailboxes - {grantee.folded} <= named:
                self._comment(
                    ("permissions",),
                    f"{grantee} has {', '.join(rights)} on every mailbox; to have it on those who"
                    f" come too, write one entry with mailbox: '{EVERY_MAILBOX}'",
                )

    def _keep(
        self, known: Collection[Reference], named: Iterable[Reference], path: Path
    ) -> tuple[Reference, ...]:
        kept: list[Reference] = []
        for reference in named:
            if reference.folded in known:
                kept.append(reference)
                continue
            self._leave(
                f"{reference} of {path[0]}.{path[1]}",
                "it is switched off and not in this spec",
                "nothing to do: it counts for nothing while it is switched off",
                path,
            )
        return tuple(kept)

    def _count_domains(self) -> dict[str, int]:
        """Count the addresses in each domain."""
        counts: dict[str, int] = {}
        for each in list_entities(self.organization):
            for address in (each.email, *each.aliases) if each.enabled else ():
                counts[get_domain(address)] = counts.get(get_domain(address), 0) + 1
        return counts

    def _leave(self, subject: str, reason: str, advice: str, path: Path = ()) -> None:
        self.remainders.append(Remainder(subject=subject, reason=reason, advice=advice, path=path))
        if path:
            self._comment(path, f"left out: {subject}: {reason}; {advice}")

    def _comment(self, path: Path, *lines: str) -> None:
        self.comments.setdefault(path, []).extend(lines)

    def _change(self, **changes: Any) -> None:
        self.organization = replace(self.organization, **changes)


def list_entities(organization: Organization) -> tuple[Entity, ...]:
    """List everything that has an address."""
    return (*organization.users, *organization.groups, *organization.resources)


_EntityT = TypeVar("_EntityT", User, Group)


def _empty(entity: _EntityT, names: Collection[str]) -> _EntityT:
    """Give some fields of an entity their defaults."""
    defaults: Mapping[str, Any] = {
        each.name: get_default(each) for each in fields(entity) if each.name in names
    }
    return replace(entity, **defaults)


_NamedT = TypeVar("_NamedT")


def _sort(rules: tuple[_NamedT, ...]) -> tuple[_NamedT, ...]:
    """Sort rules by name; their order means nothing: a deny wins over every allow."""
    return tuple(sorted(rules, key=lambda rule: str(getattr(rule, "name", ""))))


def _has_spaces(value: object) -> bool:
    """Return whether any text in a rule or a setting has spaces around it."""
    if isinstance(value, str):
        return value != value.strip()
    if isinstance(value, tuple):
        return any(map(_has_spaces, cast("tuple[object, ...]", value)))
    if is_dataclass(value):
        return any(_has_spaces(getattr(value, each.name)) for each in fields(value))
    return False


def _make_local_part(name: str) -> str:
    """Make of a name what can stand before the @ of an address."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "nobody"


def _show_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
