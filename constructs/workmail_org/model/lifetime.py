"""Lifetime: when Amazon WorkMail ends, and whether a staging copy has."""

from __future__ import annotations

from datetime import date

END_OF_SUPPORT = date(2027, 3, 31)
"""The last day of Amazon WorkMail (WorkMail Admin Guide, "Amazon WorkMail end of support")."""


def describe_end_of_support(today: date) -> str:
    """Say how long Amazon WorkMail goes on."""
    days = (END_OF_SUPPORT - today).days
    if days < 0:
        return f"Amazon WorkMail ended on {END_OF_SUPPORT}: nothing can be deployed any more"
    left = "1 day left" if days == 1 else f"{days} days left"
    return f"Amazon WorkMail ends on {END_OF_SUPPORT}, with all mailboxes: {left}"


def describe_expiry(expires: date | None, today: date) -> str | None:
    """Say that a copy has expired; `None`: it has not. It may be used until that day, inclusive."""
    if expires is None or today <= expires:
        return None
    return f"this copy expired on {expires}: destroy it, or give it a later `expires`"
