"""What cannot be granted on a mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_pair_is_named_once(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users: {alice: {display_name: A}, bob: {display_name: B}}
        permissions:
          - {mailbox: alice, grantee: bob, rights: [send_as]}
          - {mailbox: bob, grantee: alice, rights: [send_as]}
          - {mailbox: alice, grantee: bob, rights: [full_access]}
        """,
        problems="""
        11:9 organizations.acme.permissions[2]
          "alice" and "bob" are already a pair at spec.yaml:9
          name all rights there
        """,
    )


def test_nobody_is_granted_the_own_mailbox(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users: {alice: {display_name: A}}
        permissions:
          - {mailbox: alice, grantee: alice, rights: [send_as]}
        """,
        problems="""
        9:35 organizations.acme.permissions[0].grantee
          "alice" has every right on the own mailbox
          remove the permission
        """,
    )


def test_a_group_has_no_mailbox_for_full_access(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users: {alice: {display_name: A}}
        groups: {sales: {}}
        permissions:
          - {mailbox: group:sales, grantee: alice, rights: [send_as, full_access]}
        """,
        problems="""
        10:66 organizations.acme.permissions[0].rights[1]
          "full_access" on "group:sales" is not possible: a group has no mailbox
          allowed: send_as, send_on_behalf
        """,
    )
