"""Columns: which key of a user or a group the header of a table means."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from workmail_org.spec import absent, suggesting
from workmail_org.spec.suggesting import squashed

NAME = "name"
"""The column with the key of a user or a group."""

GROUP, MEMBER, KIND = "group", "member", "kind"
"""The columns of a table with one row for each membership; `kind` is that of the member."""

_MIN_PART = 3  # a guess: fewer letters begin too many words to say which was meant


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns that a kind of table can have.

    Attributes:
        entity: What a row is about.
        name: The column with its key.
    """

    entity: str
    name: str
    lists: frozenset[str] = frozenset()
    booleans: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()

    @cached_property
    def keys(self) -> dict[str, str]:
        """Give the key for each header, without case and what stands between words."""
        each = sorted(self.lists | self.booleans | self.numbers | self.texts)
        return {squashed(column): column for column in [self.name, *each]}

    def nearest(self, header: str) -> str | None:
        """Find the key that a header was probably meant to be: `Quota` is quota_megabytes."""
        word = squashed(header)
        other = absent.find_other_word(header)
        if other in self.keys.values():
            return other
        near = suggesting.nearest(word, self.keys)
        if near is None and len(word) >= _MIN_PART:
            near = next((key for key in self.keys if key.startswith(word)), None)
        return self.keys[near] if near else None

    def hint(self, key: str) -> str:
        """Say which columns there are, or the one that was probably meant."""
        near = self.nearest(key)
        return f'did you mean "{near}"?' if near else f"known: {', '.join(self.keys.values())}"

    def complain(self, header: str) -> tuple[str, str]:
        """Say that a column is not known, and which was probably meant, or why it cannot be there.

        Returns:
            What is wrong, and what to do.
        """
        near, reason = self.nearest(header), absent.explain(header)
        if reason and not (near and near.startswith(squashed(header))):
            what = f"{reason.what}; leave the column out (ignore: [{header}])"
            return f"cannot be declared: {reason.why}", what
        if near and squashed(header) in absent.OPPOSITES:
            hint = f"if it says the opposite of {near}: columns: {{{header}: not {near}}}"
            return "is not known", hint
        return "is not known", self.hint(header)


# A layout test compares the columns of users and groups with their keys in the schema.
USERS = Columns(
    "user",
    NAME,
    lists=frozenset({"aliases", "exclusive"}),
    booleans=frozenset({"adopt", "enabled", "hidden_from_global_address_list"}),
    numbers=frozenset({"quota_megabytes"}),
    texts=frozenset(
        {
            "city",
            "company",
            "country",
            "department",
            "display_name",
            "email",
            "first_name",
            "identity_provider_user_id",
            "initials",
            "job_title",
            "last_name",
            "office",
            "role",
            "street",
            "telephone",
            "zip_code",
        }
    ),
)
GROUPS = Columns(
    "group",
    NAME,
    lists=frozenset({"aliases", "exclusive", "members"}),
    booleans=frozenset({"adopt", "hidden_from_global_address_list"}),
    texts=frozenset({"email"}),
)
MEMBERSHIPS = Columns("group", GROUP, texts=frozenset({MEMBER, KIND}))

ROWS = {"users": USERS, "groups": GROUPS, "members": MEMBERSHIPS}
"""What a row of a table can be, as the option `rows` says it."""
