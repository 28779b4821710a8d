"""Consequences: what a change affects, as a class, with the rule it follows from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Consequence(Enum):
    """What a change means, the mildest first."""

    NONE = "no effect on mail"
    MORE_MAIL = "mail reaches more people"
    SIGN_IN = "sign-in changes"
    CLOCK = "mailbox kept, 30-day clock starts"
    ADDRESS = "address stops or moves"
    ERASES = "erases mail"
    FINAL = "cannot be undone"
    LOCKOUT = "locks everyone out"
    CUT_OVER = "mail of a whole domain moves or stops"

    @property
    def severity(self) -> int:
        """How bad it is, from 0."""
        return list(Consequence).index(self)


@dataclass(frozen=True, slots=True)
class Rule:
    """Why a change is in its class.

    Attributes:
        name: Stable, for machines.
        reason: What WorkMail does.
        source: Where that is said; "assumed" where it is not.
        softening: What to do so that it hurts less; `None`: nothing to soften.
    """

    name: str
    consequence: Consequence
    reason: str
    source: str
    softening: str | None = None


GUIDE = "WorkMail Admin Guide"
API = "WorkMail API 2017-10-01"

USER_JOINS = Rule(
    "user-joins",
    Consequence.NONE,
    "a new mailbox takes nothing from anybody",
    f"{API}, RegisterToWorkMail",
)
USER_PREPARED = Rule(
    "user-prepared",
    Consequence.NONE,
    "a user that is switched off receives nothing and costs nothing",
    f"{API}, CreateUser",
)
USER_RETURNS = Rule(
    "user-returns",
    Consequence.SIGN_IN,
    "switched on within 30 days a user has the mailbox as it was left",
    f'{GUIDE}, "manage-mailboxes"',
)
USER_LEAVES = Rule(
    "user-leaves",
    Consequence.CLOCK,
    "a user that is switched off cannot sign in; the mailbox is kept for 30 days",
    f'{GUIDE}, "manage-mailboxes"',
    "within 30 days, put the user back: the same mailbox is there; list the addresses as aliases "
    "of whoever takes over",
)
USER_DELETED = Rule(
    "user-deleted",
    Consequence.FINAL,
    "a deleted user cannot come back: the same name is a new user with an empty mailbox",
    f"{API}, DeleteUser",
    "set on_removal.users: disable, and delete after the 30 days",
)
REMOTE_LEAVES = Rule(
    "remote-leaves",
    Consequence.NONE,
    "a remote user is an entry of the address book; the mailbox is elsewhere",
    f"{API}, CreateUser",
)
ADDRESS_LEAVES = Rule(
    "address-leaves",
    Consequence.ADDRESS,
    "mail to a removed address bounces; mail to a moved address goes to its new holder",
    f"{API}, DeleteAlias",
    "list the old address as an alias, for as long as people write to it",
)
ADDRESS_MOVES = Rule(
    "address-moves",
    Consequence.ADDRESS,
    "new mail to the address goes to its new holder; earlier mail stays where it is",
    f"{API}, DeleteAlias, CreateAlias",
    "inform both users",
)
ADDRESS_COMES = Rule(
    "address-comes",
    Consequence.NONE,
    "a further address takes nothing away",
    f"{API}, CreateAlias",
)
ADDRESS_CHANGES = Rule(
    "address-changes",
    Consequence.NONE,
    "the former address stays as an alias; mailbox and sign-in stay",
    f"{API}, UpdatePrimaryEmailAddress",
)
PROFILE = Rule(
    "profile",
    Consequence.NONE,
    "the address book shows it",
    f"{API}, UpdateUser",
)
IDENTITY = Rule(
    "identity",
    Consequence.SIGN_IN,
    "who signs in as whom follows the user of IAM Identity Center",
    f'{GUIDE}, "connecting_wmusers"',
    "inform the user when to sign in again",
)
QUOTA_RAISED = Rule(
    "quota-raised",
    Consequence.NONE,
    "a larger mailbox costs the same",
    f'{GUIDE}, "edit_user"',
)
QUOTA_LOWERED = Rule(
    "quota-lowered",
    Consequence.ADDRESS,
    "a mailbox that is fuller than its quota takes no more mail",
    "assumed; the guide warns people at 90 percent",
    "look first how full the mailbox is: aws workmail get-mailbox-details",
)
GROUP_COMES = Rule(
    "group-comes",
    Consequence.NONE,
    "a new address takes nothing from anybody",
    f"{API}, RegisterToWorkMail",
)
GROUP_LEAVES = Rule(
    "group-leaves",
    Consequence.ADDRESS,
    "mail to a group that is gone bounces; a group holds no mail",
    f"{API}, DeregisterFromWorkMail, DeleteGroup",
    "list its addresses as aliases of a group or a user that stays",
)
GROUP_REPLACED = Rule(
    "group-replaced",
    Consequence.ADDRESS,
    "mail to its addresses goes where they are now; a group holds no mail",
    f"{API}, DeregisterFromWorkMail, DeleteGroup",
)
MEMBERS_JOIN = Rule(
    "members-join",
    Consequence.MORE_MAIL,
    "a member gets what is sent to the group from then on, and has its permissions",
    f"{API}, AssociateMemberToGroup",
)
MEMBERS_LEAVE = Rule(
    "members-leave",
    Consequence.ADDRESS,
    "a removed member no longer receives mail sent to the group",
    f"{API}, DisassociateMemberFromGroup",
    "inform the removed members",
)
MEMBERS_REARRANGED = Rule(
    "members-rearranged",
    Consequence.NONE,
    "the same people get the same mail as before, by another way",
    "the mail flow before and after",
)
GROUP_VISIBILITY = Rule(
    "group-visibility",
    Consequence.NONE,
    "only the address book changes",
    f"{API}, UpdateGroup",
)
RESOURCE_COMES = Rule(
    "resource-comes",
    Consequence.NONE,
    "a new calendar takes nothing from anybody",
    f"{API}, RegisterToWorkMail",
)
RESOURCE_RETURNS = Rule(
    "resource-returns",
    Consequence.NONE,
    "switched on within 30 days a resource has the calendar as it was left",
    "assumed; the guide states it for users",
)
RESOURCE_LEAVES = Rule(
    "resource-leaves",
    Consequence.CLOCK,
    "a resource that is switched off cannot be booked; its calendar is kept for 30 days",
    "assumed; the guide states it for users",
    "within 30 days, put it back: the same calendar is there",
)
RESOURCE_DELETED = Rule(
    "resource-deleted",
    Consequence.FINAL,
    "a deleted resource, and its calendar, cannot come back",
    f"{API}, DeleteResource",
    "set on_removal.resources: disable, and delete after the 30 days",
)
DELEGATES_JOIN = Rule(
    "delegates-join",
    Consequence.MORE_MAIL,
    "a delegate gets the booking requests and has the calendar",
    f'{GUIDE}, "edit_resource"',
)
DELEGATES_LEAVE = Rule(
    "delegates-leave",
    Consequence.ADDRESS,
    "a removed delegate no longer receives booking requests",
    f'{GUIDE}, "edit_resource"',
    "inform the new delegates",
)
RESOURCE_CHANGES = Rule(
    "resource-changes",
    Consequence.NONE,
    "only how it answers booking requests, or what the address book shows",
    f"{API}, UpdateResource",
)
LOCKOUT = Rule(
    "lockout",
    Consequence.LOCKOUT,
    "any denial wins, and what no rule allows is denied",
    f'{GUIDE}, "access-rules", "manage-mobile-access"',
    "give the denial conditions (actions, ip_ranges, users), and keep a rule that allows",
)
ORGANIZATION_COMES = Rule(
    "organization-comes",
    Consequence.NONE,
    "a new organization takes nothing from another; its alias is taken permanently",
    f"{API}, CreateOrganization",
)
BEGINS = Rule(
    "begins",
    Consequence.NONE,
    "a new organization has nothing to lose yet",
    f"{API}, CreateOrganization",
)
TAGS = Rule(
    "tags", Consequence.NONE, "tags affect only billing and overviews", f"{API}, TagResource"
)
DIRECTORY_COMES = Rule(
    "directory-comes",
    Consequence.NONE,
    "a directory of one's own costs by the hour, whether it is used or not",
    "AWS Directory Service pricing",
)
DOMAIN_COMES = Rule(
    "domain-comes",
    Consequence.NONE,
    "a domain receives mail once its DNS records are in place",
    f'{GUIDE}, "add_domain"',
)
DOMAIN_LEAVES = Rule(
    "domain-leaves",
    Consequence.ADDRESS,
    "mail to any address of a domain that is not registered bounces",
    f'{GUIDE}, "remove_domain"',
    "set on_removal.domains: retain, and move its MX record first",
)
MX_COMES = Rule(
    "mx-comes",
    Consequence.CUT_OVER,
    "mail to the whole domain comes here from then on, wherever it went before; what other servers "
    "remember goes there until its TTL is over",
    "RFC 5321, section 5.1",
    "lower the TTL of the record that is there some days before, and have every mailbox first",
)
MX_MOVES = Rule(
    "mx-moves",
    Consequence.CUT_OVER,
    "mail to the whole domain follows whichever zone its registrar points to",
    "RFC 5321, section 5.1",
    "have the record in its new place first, and keep both for the time of its TTL",
)
MX_LEAVES = Rule(
    "mx-leaves",
    Consequence.CUT_OVER,
    "without an MX record mail to the whole domain does not arrive",
    "RFC 5321, section 5.1",
    "have the record in its new place first, and keep both for the time of its TTL",
)
DNS_STAYS = Rule(
    "dns-stays",
    Consequence.NONE,
    "the records are in DNS as before; nobody updates them from then on but you",
    "CloudFormation User Guide, DeletionPolicy",
)
DNS_CHANGES = Rule(
    "dns-changes",
    Consequence.NONE,
    "records that help mail programs and other servers; mail goes on arriving",
    f'{GUIDE}, "add_domain"',
)
