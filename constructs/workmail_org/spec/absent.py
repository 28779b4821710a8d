"""Absent: keys that people look for and that a spec does not have, with the reason.

What WorkMail has no API for stands in docs/coverage.md; where else it is done, in the WorkMail
User and Administrator Guides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from workmail_org.spec.suggesting import squashed


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a key is not there.

    Attributes:
        why: What is in its way.
        what: Where it is done, or how it is written instead.
    """

    why: str
    what: str


_FORWARDING = Reason(
    "WorkMail has no API for forwarding",
    "users set it in the web application (Settings, Email rules); an address that is to reach"
    " others is a group whose members they are",
)
_AUTO_REPLY = Reason(
    "WorkMail has no API for automatic replies",
    "users set them in the web application (Settings, Automatic replies) or over EWS with an"
    " impersonation role",
)
_CATCH_ALL = Reason(
    "WorkMail has no API for a catch-all address",
    "an inbound email flow rule with a Lambda action can redirect mail; it is set in the console"
    " (Organization settings, Inbound rules)",
)
_FLOW_RULES = Reason(
    "WorkMail has no API for email flow rules",
    "they are set in the console (Organization settings, Inbound rules and Outbound rules)",
)
_JOURNALING = Reason(
    "WorkMail has no API for journaling",
    "it is set in the console (Organization settings, Journaling)",
)
_PASSWORD = Reason(
    "a spec holds no password",
    'users get a generated one in Secrets Manager, see "passwords" of the organization',
)
_SMTP_GATEWAY = Reason(
    "WorkMail has no API for SMTP gateways",
    "they are set in the console (Organization settings, SMTP gateways)",
)
_FOLDERS = Reason(
    "WorkMail has no API for permissions of single folders",
    'users share folders in the web application; "permissions" grants a whole mailbox',
)
_SIGNATURE = Reason("WorkMail has no API for signatures", "users write them in the web application")

_REASONS: tuple[tuple[str, Reason], ...] = (
    (r"(e?mail)?forward(s|ed|to|ing(to|address)?|address(es)?)?|redirect(to)?", _FORWARDING),
    (r"(auto(matic)?(reply|replies|responder)|outofoffice|ooo|vacation)(message)?", _AUTO_REPLY),
    (r"catchall(address)?", _CATCH_ALL),
    (r"((e?mail)?flow|transport|inbound|outbound)rules?|mailflow|(in|out)boundrules?", _FLOW_RULES),
    (r"journal(s|ing)?(address)?", _JOURNALING),
    (r"(initial|admin)?passw(or)?d|pwd", _PASSWORD),
    (r"smtp(gateway|relay|host)s?|smarthosts?", _SMTP_GATEWAY),
    (r"folder(permission|right|share)s?|(shared|public)folders?", _FOLDERS),
    (r"(email|mail)?signatures?", _SIGNATURE),
)  # fmt: skip
"""Keys without case and what stands between words, and the reason."""

OPPOSITES = frozenset({"disabled", "inactive", "suspended"})
"""Words that mean the opposite of `enabled`."""

_INSTEAD = {
    "quota": "quota_megabytes",
    "quotamb": "quota_megabytes",
    "mailboxquota": "quota_megabytes",
    "mobile": "telephone",
    "mobilephone": "telephone",
    "phone": "telephone",
    "hidden": "hidden_from_global_address_list",
    "hiddenfromgal": "hidden_from_global_address_list",
    "hide": "hidden_from_global_address_list",
    "title": "job_title",
    "mail": "email",
    **dict.fromkeys(OPPOSITES, "enabled"),
}
"""Other words for a key; some are its opposite."""


def explain(key: str) -> Reason | None:
    """Say why there is no such key; None when nothing is known of it."""
    word = squashed(key)
    return next((reason for words, reason in _REASONS if re.fullmatch(words, word)), None)


def find_other_word(key: str) -> str | None:
    """Find the key that a word that is none was meant to be."""
    return _INSTEAD.get(squashed(key))
