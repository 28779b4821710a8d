"""One name, one entity."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def test_two_names_that_are_one_make_one_problem_not_two(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users:
          alice: {display_name: A}
          ALICE: {display_name: B}
        groups:
          Alice: {}
        resources:
          alice: {type: room}
        """,
        problems="""
        9:7 organizations.acme.users.ALICE
          "ALICE" is already the name of user "alice" at spec.yaml:8
          names compare without case
        11:7 organizations.acme.groups.Alice
          "Alice" is already the name of user "alice" at spec.yaml:8
          names compare without case
        13:7 organizations.acme.resources.alice
          "alice@acme.awsapps.com" is already the address of user "alice" at spec.yaml:8
          it follows from the key; add an email
        """,
    )


def test_users_groups_and_resources_are_told_apart_without_case(
    expect: Callable[..., None],
) -> None:
    expect(
        organization="""
        users:
          alice: {display_name: A}
          Alice: {display_name: B, email: b@acme.awsapps.com}
        groups:
          ALICE: {email: c@acme.awsapps.com}
        resources:
          room: {type: room}
          Room: {type: room, email: r@acme.awsapps.com}
        """,
        problems="""
        9:7 organizations.acme.users.Alice
          "Alice" is already the name of user "alice" at spec.yaml:8
          names compare without case
        11:7 organizations.acme.groups.ALICE
          "ALICE" is already the name of user "alice" at spec.yaml:8
          names compare without case
        14:7 organizations.acme.resources.Room
          "Room" is already the name of resource "room" at spec.yaml:13
          names compare without case
        """,
    )


def test_a_user_and_a_group_cannot_share_a_name(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users:
          sales: {display_name: S}
        groups:
          sales: {email: s@acme.awsapps.com}
        resources:
          sales: {type: room, email: room@acme.awsapps.com}
        """,
        problems="""
        10:7 organizations.acme.groups.sales
          "sales" is already the name of user "sales" at spec.yaml:8
          the directory knows a name once
        """,
    )
