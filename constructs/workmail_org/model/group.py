"""Group: an address that reaches its members, who are users and groups."""

from __future__ import annotations

from dataclasses import dataclass

from workmail_org.model.values import Kind, Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A WorkMail group, desired or actual.

    Attributes:
        name: WorkMail group name and spec key; immutable.
        email: Primary address. Empty for an actual group that never had one.
        aliases: Further addresses; sorted, without the primary.
        members: Users and groups; a set, kept sorted.
        enabled: Actual groups can be `False`; a spec always wants `True`.
        adopt: Take over a group of that name that exists already.
    """

    name: str
    email: str = ""
    aliases: tuple[str, ...] = ()
    members: tuple[Reference, ...] = ()
    hidden_from_global_address_list: bool = False
    enabled: bool = True
    adopt: bool = False

    @property
    def reference(self) -> Reference:
        """How the rest of the spec names this group."""
        return Reference(Kind.GROUP, self.name)
