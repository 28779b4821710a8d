"""No group contains itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def test_groups_do_not_contain_themselves(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        groups:
          own: {members: [group:own]}
          a: {members: [group:b]}
          b: {members: [group:c]}
          c: {members: [group:a, group:d]}
          d: {members: [group:c]}
          tree: {members: [group:a]}
        """,
        problems="""
        8:23 organizations.acme.groups.own.members[0]
          group "own" contains itself
          remove it
        11:21 organizations.acme.groups.c.members[0]
          group "c" contains itself through "a", then "b"
          remove it here, or from "a" at spec.yaml:9
        12:21 organizations.acme.groups.d.members[0]
          group "d" contains itself through "c"
          remove it here, or from "c" at spec.yaml:11
        """,
    )
