"""Hands: what people do to an organization with the console, each act a line of a history.

An act names people by their names and addresses, never by ids, so that a history can be told, and
played again with a part of it left out. What is not possible when it is done is refused by
WorkMail, and nothing comes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from calling import connect
from scenes import at
from workmail_emulator import Emulator
from workmail_org.model.bookable import Bookable
from workmail_org.model.group import Group
from workmail_org.model.organization import Organization
from workmail_org.model.user import User
from workmail_org.model.values import Kind, Reference, fold, parse_reference

PASSWORD = "Str0ng-enough"

SECTIONS: Mapping[str, Kind] = {
    "users": Kind.USER,
    "groups": Kind.GROUP,
    "resources": Kind.RESOURCE,
}
"""Of the emulator's account, and which kind is in each."""


@dataclass(frozen=True)
class Act:
    """One thing that a person does.

    Attributes:
        what: One of `ACTS`.
        words: About whom, and how, as text.
    """

    what: str
    words: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join((self.what, *self.words))


class Person:
    """Somebody with the console of the only organization of an account.

    Attributes:
        acted: Folded references of those whom they have done something to.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._workmail = connect(emulator, "workmail", "eu-west-1")
        self.acted: set[Reference] = set()

    @property
    def organization(self) -> tuple[str, Mapping[str, Any]]:
        """The organization's id, and what is in it."""
        found = find_organization(self._emulator.state())
        if found is None:
            raise KeyError("there is no organization")
        return found

    def do(self, operation: str, **parameters: Any) -> Any:
        """Call WorkMail."""
        organization_id, _ = self.organization
        return getattr(self._workmail, operation)(OrganizationId=organization_id, **parameters)

    def act(self, act: Act) -> bool:
        """Do something; return whether nothing of it was refused."""
        try:
            ACTS[act.what](self, *act.words)
        except (ClientError, KeyError):
            return False
        return True

    def see(self, name: str) -> tuple[str, Mapping[str, Any]]:
        """Return the id of who is there, by reference, and what the account has of them.

        Raises:
            KeyError: Nobody has the name.
        """
        reference = parse_reference(name).folded
        _, organization = self.organization
        self.acted.add(reference)
        for section, kind in SECTIONS.items():
            for id_, entity in organization[section].items():
                is_there = entity["state"] != "DELETED" and kind is reference.kind
                if is_there and fold(entity["name"]) == reference.name:
                    return id_, entity
        raise KeyError(name)

    def find(self, name: str) -> str:
        """Return the id of who is there, by reference."""
        return self.see(name)[0]

    def tag(self, **tags: str | None) -> None:
        """Set tags of the organization, or take them away."""
        arn = self.do("describe_organization")["ARN"]
        for key, value in tags.items():
            if value is None:
                self._workmail.untag_resource(ResourceARN=arn, TagKeys=[key])
            else:
                listed = [{"Key": key, "Value": value}]
                self._workmail.tag_resource(ResourceARN=arn, Tags=listed)


def find_organization(state: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """Find the only organization of an account that is not deleted, with its id."""
    for region in state["regions"].values():
        for organization_id, organization in region["organizations"].items():
            if organization["state"] == "Active":
                return organization_id, organization
    return None


def _switch_off(person: Person, name: str) -> None:
    person.do("deregister_from_work_mail", EntityId=person.find(name))


def _switch_on(person: Person, name: str, address: str) -> None:
    person.do("register_to_work_mail", EntityId=person.find(name), Email=address)


def _delete(person: Person, name: str) -> None:
    id_, entity = person.see(name)
    if entity["state"] == "ENABLED":
        person.do("deregister_from_work_mail", EntityId=id_)
    kind = parse_reference(name).kind
    person.do(f"delete_{kind}", **{f"{kind.title()}Id": id_})


def _make(person: Person, name: str, address: str = "") -> None:
    reference = parse_reference(name)
    person.acted.add(reference.folded)
    described: dict[Kind, dict[str, Any]] = {
        Kind.USER: {"DisplayName": reference.name.title(), "Password": PASSWORD},
        Kind.GROUP: {},
        Kind.RESOURCE: {"Type": "ROOM"},
    }
    operation = f"create_{reference.kind}"
    made = person.do(operation, Name=reference.name, **described[reference.kind])
    if address:
        (id_,) = (value for key, value in made.items() if key.endswith("Id"))
        person.do("register_to_work_mail", EntityId=id_, Email=address)


def _make_again(person: Person, name: str, address: str) -> None:
    _delete(person, name)
    _make(person, name, address)


def _give_alias(person: Person, name: str, address: str) -> None:
    person.do("create_alias", EntityId=person.find(name), Alias=address)


def _take_alias(person: Person, name: str) -> None:
    id_, entity = person.see(name)
    for alias in sorted(entity["aliases"])[:1]:
        person.do("delete_alias", EntityId=id_, Alias=alias)


def _take_all_aliases(person: Person, name: str) -> None:
    id_, entity = person.see(name)
    for alias in entity["aliases"]:
        person.do("delete_alias", EntityId=id_, Alias=alias)


def _readdress(person: Person, name: str, address: str) -> None:
    person.do("update_primary_email_address", EntityId=person.find(name), Email=address)


def _readdress_and_drop(person: Person, name: str, address: str) -> None:
    id_, entity = person.see(name)
    _readdress(person, name, address)
    person.do("delete_alias", EntityId=id_, Alias=entity["email"])


def _exchange(person: Person, one: str, other: str) -> None:
    """Let two have each other's primary address."""
    first, second = person.see(one)[1]["email"], person.see(other)[1]["email"]
    _readdress_and_drop(person, one, at("for-a-while"))
    _readdress_and_drop(person, other, first)
    _readdress_and_drop(person, one, second)


def _describe(person: Person, name: str, field: str, value: str) -> None:
    person.do("update_user", UserId=person.find(name), **{field: value})


def _hide(person: Person, name: str) -> None:
    id_, kind = person.find(name), parse_reference(name).kind
    person.do(f"update_{kind}", **{f"{kind.title()}Id": id_}, HiddenFromGlobalAddressList=True)


def _resize(person: Person, name: str, megabytes: str) -> None:
    person.do("update_mailbox_quota", UserId=person.find(name), MailboxQuota=int(megabytes))


def _join(person: Person, group: str, member: str) -> None:
    pair = {"GroupId": person.find(group), "MemberId": person.find(member)}
    person.do("associate_member_to_group", **pair)


def _leave(person: Person, group: str, member: str) -> None:
    pair = {"GroupId": person.find(group), "MemberId": person.find(member)}
    person.do("disassociate_member_from_group", **pair)


def _delegate(person: Person, room: str, delegate: str) -> None:
    pair = {"ResourceId": person.find(room), "EntityId": person.find(delegate)}
    person.do("associate_delegate_to_resource", **pair)


def _undelegate(person: Person, room: str, delegate: str) -> None:
    pair = {"ResourceId": person.find(room), "EntityId": person.find(delegate)}
    person.do("disassociate_delegate_from_resource", **pair)


def _grant(person: Person, mailbox: str, grantee: str, *rights: str) -> None:
    pair = {"EntityId": person.find(mailbox), "GranteeId": person.find(grantee)}
    person.do("put_mailbox_permissions", **pair, PermissionValues=list(rights))


def _revoke(person: Person, mailbox: str, grantee: str) -> None:
    pair = {"EntityId": person.find(mailbox), "GranteeId": person.find(grantee)}
    person.do("delete_mailbox_permissions", **pair)


def _reset_password(person: Person, name: str) -> None:
    person.do("reset_password", UserId=person.find(name), Password=PASSWORD)


def _put_access_rule(person: Person, name: str, effect: str, action: str) -> None:
    rule: dict[str, Any] = {"Name": name, "Effect": effect, "Description": "by hand"}
    person.do("put_access_control_rule", **rule, Actions=[action])


def _delete_access_rule(person: Person, name: str) -> None:
    person.do("delete_access_control_rule", Name=name)


def _put_mobile_rule(person: Person, name: str, device: str) -> None:
    rule: dict[str, Any] = {"Name": name, "Effect": "DENY", "DeviceTypes": [device]}
    person.do("create_mobile_device_access_rule", **rule)


def _put_role(person: Person, name: str, *targets: str) -> None:
    rule = {
        "ImpersonationRuleId": "hand",
        "Effect": "ALLOW",
        "TargetUsers": [person.find(each) for each in targets],
    }
    role = {"Name": name, "Type": "READ_ONLY", "Rules": [rule]}
    _, organization = person.organization
    for id_, known in organization["roles"].items():
        if known["Name"] == name:
            person.do("update_impersonation_role", ImpersonationRoleId=id_, **role)
            return
    person.do("create_impersonation_role", **role)


def _delete_role(person: Person, name: str) -> None:
    _, organization = person.organization
    for id_, known in organization["roles"].items():
        if known["Name"] == name:
            person.do("delete_impersonation_role", ImpersonationRoleId=id_)


def _retain(person: Person, days: str) -> None:
    _, organization = person.organization
    known = organization["settings"].get("retention")
    same = {"Id": known["Id"], "Name": known["Name"]} if known else {"Name": "by-hand"}
    folders = [{"Name": "INBOX", "Action": "DELETE", "Period": int(days)}]
    person.do("put_retention_policy", **same, FolderConfigurations=folders)


def _forget_retention(person: Person) -> None:
    _, organization = person.organization
    person.do("delete_retention_policy", Id=organization["settings"]["retention"]["Id"])


def _enforce_dmarc(person: Person, enforced: str) -> None:
    person.do("put_inbound_dmarc_settings", Enforced=enforced == "on")


def _choose_domain(person: Person, domain: str) -> None:
    person.do("update_default_mail_domain", DomainName=domain)


def _ask_elsewhere(person: Person, domain: str, name: str) -> None:
    provider = {"LambdaArn": f"arn:aws:lambda:eu-west-1:111122223333:function:{name}"}
    _, organization = person.organization
    verb = "update" if domain in organization["availability"] else "create"
    person.do(f"{verb}_availability_configuration", DomainName=domain, LambdaProvider=provider)


def _tag(person: Person, key: str, value: str) -> None:
    person.tag(**{key: value})


def _untag(person: Person, key: str) -> None:
    person.tag(**{key: None})


ACTS: Mapping[str, Callable[..., None]] = {
    "switch off": _switch_off,
    "switch on": _switch_on,
    "delete": _delete,
    "make": _make,
    "make again": _make_again,
    "give the alias": _give_alias,
    "take an alias from": _take_alias,
    "take all aliases from": _take_all_aliases,
    "readdress": _readdress,
    "readdress, and drop the former address,": _readdress_and_drop,
    "exchange the addresses of": _exchange,
    "describe": _describe,
    "hide": _hide,
    "resize": _resize,
    "let join": _join,
    "let leave": _leave,
    "delegate": _delegate,
    "undelegate": _undelegate,
    "grant on": _grant,
    "revoke on": _revoke,
    "reset the password of": _reset_password,
    "put the access rule": _put_access_rule,
    "delete the access rule": _delete_access_rule,
    "put the mobile rule": _put_mobile_rule,
    "put the role": _put_role,
    "delete the role": _delete_role,
    "retain for days:": _retain,
    "delete the retention policy": _forget_retention,
    "set DMARC": _enforce_dmarc,
    "choose the default domain": _choose_domain,
    "ask for availability at": _ask_elsewhere,
    "tag": _tag,
    "untag": _untag,
}
"""What people do, by what a history says of it."""

ABOUT_THE_MOMENT = frozenset(
    {
        "make",
        "make again",
        "take an alias from",
        "take all aliases from",
        "readdress, and drop the former address,",
        "exchange the addresses of",
    }
)
"""Acts of which comes what is there when they are done: in the middle of a deployment, anything."""


def make_by_hand(person: Person, organization: Organization) -> None:
    """Make everybody in an organization as people do, and some of its rules."""
    entities = (*organization.users, *organization.groups, *organization.resources)
    for entity in entities:
        _make_whole(person, entity)
    for act in _list_ties(organization):
        person.act(act)
    for each in entities:
        if not each.enabled:
            person.act(Act("switch off", (str(each.reference),)))


def _make_whole(person: Person, entity: User | Group | Bookable) -> None:
    name = str(entity.reference)
    _make(person, name, entity.email)
    for alias in entity.aliases:
        _give_alias(person, name, alias)
    if isinstance(entity, User) and entity.telephone:
        _describe(person, name, "Telephone", entity.telephone)
    if isinstance(entity, User) and entity.city:
        _describe(person, name, "City", entity.city)


def _list_ties(organization: Organization) -> Iterator[Act]:
    for group in organization.groups:
        for member in group.members:
            yield Act("let join", (str(group.reference), str(member)))
    for room in organization.resources:
        for delegate in room.delegates:
            yield Act("delegate", (str(room.reference), str(delegate)))
    for each in organization.permissions:
        rights = tuple(right.upper() for right in each.rights)
        yield Act("grant on", (str(each.mailbox), str(each.grantee), *rights))
    for role in organization.policies.impersonation_roles:
        yield Act("put the role", (role.name, *role.rules[0].target_users))
    for rule in organization.policies.access_control[1:]:
        yield Act("put the access rule", (rule.name, "DENY", "IMAP"))
    if organization.policies.retention:
        yield Act("retain for days:", ("400",))
    for key, value in organization.tags.items():
        yield Act("tag", (key, value))


def untag_owner(person: Person, *keys: str) -> None:
    """Let an organization be nobody's."""
    for key in keys:
        with suppress(ClientError):
            person.tag(**{key: None})
