"""Removals: who is switched off or deleted, over all collections, at the end of a deployment.

Theory of operation. CloudFormation rolls a failed deployment back by sending each resource its
former properties. That brings fields, addresses and members back. It does not bring back what
WorkMail forgets when somebody is switched off, such as rights on the mailbox, and nothing brings a
deleted mailbox back. So nobody is switched off or deleted while anything else of the stack can
still fail.

* The collections (`changes.entities`) decide who leaves and list the calls, so that a person
  confirms and approves them at the beginning; `Decision.waits` holds those that they do not make
  themselves.
* `Custom::WorkMailRemovals` comes last in the stack and knows everybody who is declared, switched
  on or off. It compares them with who is there and is the stack's, and makes these calls: all that
  switch off first, which can be undone for 30 days, then those that delete.
* It does nothing when the stack is deleted, or rolls back: then each collection takes away what it
  made.
* Whom people switched on again by hand stays so until their own declaration changes, as whatever
  people do (`changes.few`); a repair switches them off.
* A change of the removal policy alone removes nobody: who left earlier was dealt with by the
  policy of that time (`RollCall.owned` leaves them out).

Somebody who is there and whom neither the ledger nor the spec names is not touched, whoever made
them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from workmail_org.changes.calls import Call, order
from workmail_org.changes.deciding import Decision
from workmail_org.changes.entities import remove, soften, switch_off
from workmail_org.model.removal import Removal
from workmail_org.model.values import Kind, Reference
from workmail_org.wire.properties import RemovalsProperties


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Somebody who is there, whoever made it."""

    reference: Reference
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RollCall:
    """Everything that removals depend on; references are folded.

    Attributes:
        present: Who is there, in the order of the lists.
        owned: Who is this stack's, and was not removed before.
        enabled: Who is declared and switched on.
        disabled: Who is declared and switched off.
        kept_off: Who of these was so before: whom people switched on since stays on.
        removal_policies: What happens to those who left the spec, by kind.
        read_only_directory: Users and groups are deleted in the directory alone.
    """

    present: Sequence[Presence]
    owned: Collection[Reference]
    enabled: Collection[Reference]
    disabled: Collection[Reference]
    removal_policies: Mapping[Kind, Removal]
    kept_off: Collection[Reference] = frozenset()
    read_only_directory: bool = False

    def get_leavers(self) -> tuple[Presence, ...]:
        """Return who is owned, there, and no longer declared."""
        return tuple(
            each
            for each in self.present
            if (folded := each.reference.folded) in self.owned
            and folded not in self.enabled
            and folded not in self.disabled
        )

    def get_removal_policy(self, reference: Reference) -> Removal:
        """Return what happens to somebody who left the spec."""
        removal_policy = self.removal_policies[reference.kind]
        kept = self.read_only_directory and reference.kind is not Kind.RESOURCE
        return soften(removal_policy) if kept else removal_policy


def call_roll(
    present: Sequence[Presence],
    owned: Collection[Reference],
    declared: RemovalsProperties,
    previous: RemovalsProperties | None,
) -> RollCall:
    """Put together who is there, whose they are, and who should be.

    Args:
        present: Who is there, in the order of the lists.
        owned: Folded references of who is the stack's, and was not removed before.
        declared: What is declared.
        previous: What was declared before; `None`: the resource is created, everybody counts
            again, or nobody knows.
    """
    disabled = {each.folded for each in declared.disabled}
    return RollCall(
        present=present,
        owned=owned,
        enabled={each.folded for each in declared.enabled},
        disabled=disabled,
        kept_off=disabled.intersection(each.folded for each in previous.disabled)
        if previous
        else frozenset(),
        removal_policies=declared.removal_policies,
        read_only_directory=declared.read_only_directory,
    )


def decide(roll: RollCall) -> Decision:
    """Decide who is switched off and who deleted: all of the former before any of the latter."""
    return Decision(calls=order([*_switch_off(roll), *_remove(roll)]))


def _switch_off(roll: RollCall) -> Iterable[Call]:
    for each in roll.present:
        folded = each.reference.folded
        is_due = folded in roll.disabled and folded not in roll.kept_off
        if each.enabled and is_due and folded in roll.owned:
            yield switch_off(each.reference)


def _remove(roll: RollCall) -> Iterable[Call]:
    for each in roll.get_leavers():
        yield from remove(
            each.reference, roll.get_removal_policy(each.reference), enabled=each.enabled
        )
