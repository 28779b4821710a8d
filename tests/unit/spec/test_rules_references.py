"""Whoever is named is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_member_is_declared(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users:
          bob: {display_name: B}
          eve: {display_name: E}
        groups:
          sales: {members: [ada, Bob, group:suport]}
          support: {members: [sales]}
        """,
        problems="""
        11:25 organizations.acme.groups.sales.members[0]
          no user "ada" is declared
          declared: bob, eve
        11:30 organizations.acme.groups.sales.members[1]
          no user "Bob" is declared
          write it as it is declared: "bob"
        11:35 organizations.acme.groups.sales.members[2]
          no group "suport" is declared
          declared: sales, support
        12:27 organizations.acme.groups.support.members[0]
          no user "sales" is declared
          there is a group of that name: write "group:sales"
        """,
    )


def test_the_nearest_names_are_told_of_many(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users:
          alice: {display_name: A}
          bob: {display_name: B}
          carl: {display_name: C}
          dora: {display_name: D}
          erik: {display_name: E}
          fay: {display_name: F}
        groups:
          sales: {members: [Alicia, xyz]}
        """,
        problems="""
        15:25 organizations.acme.groups.sales.members[0]
          no user "Alicia" is declared
          nearest of 6 declared: alice
        15:33 organizations.acme.groups.sales.members[1]
          no user "xyz" is declared
          declared: alice, bob, carl and 3 more
        """,
    )


def test_a_resource_is_no_member_and_no_delegate(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        resources:
          room: {type: room, delegates: [resource:room, group:none]}
        groups:
          sales: {members: [resource:room]}
        """,
        problems="""
        8:38 organizations.acme.resources.room.delegates[0]
          "resource:room" cannot be a delegate of a resource
          allowed: users (NAME) and groups (group:NAME)
        8:53 organizations.acme.resources.room.delegates[1]
          no group "none" is declared
          declared: sales
        10:25 organizations.acme.groups.sales.members[0]
          "resource:room" cannot be a member of a group
          allowed: users (NAME) and groups (group:NAME)
        """,
    )


def test_mailboxes_and_grantees_are_declared(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users: {alice: {display_name: A}}
        resources: {room: {type: room}}
        permissions:
          - {mailbox: resource:room, grantee: alice, rights: [full_access]}
          - {mailbox: resource:rom, grantee: resource:room, rights: [send_as]}
        """,
        problems="""
        11:19 organizations.acme.permissions[1].mailbox
          no resource "rom" is declared
          declared: room
        11:42 organizations.acme.permissions[1].grantee
          "resource:room" cannot be a grantee
          allowed: users (NAME) and groups (group:NAME)
        """,
    )


def test_rules_name_users_and_impersonation_roles_that_are_declared(
    expect: Callable[..., None],
) -> None:
    expect(
        organization="""
        users: {alice: {display_name: A}}
        groups: {sales: {}}
        policies:
          access_control:
            all: {effect: allow, description: all, users: [alise], not_users: [group:sales]}
            app:
              effect: deny
              description: app
              impersonation_roles: [backup, bakup]
              not_impersonation_roles: [b]
          impersonation_roles:
            backup:
              type: read_only
              rules:
                all: {effect: allow, target_users: [bob], not_target_users: [alice]}
        """,
        problems="""
        11:56 organizations.acme.policies.access_control.all.users[0]
          no user "alise" is declared
          declared: alice
        11:76 organizations.acme.policies.access_control.all.not_users[0]
          "group:sales" cannot be named in a rule
          allowed: users (NAME)
        15:41 organizations.acme.policies.access_control.app.impersonation_roles[1]
          no impersonation role "bakup" is declared
          declared: backup
        16:37 organizations.acme.policies.access_control.app.not_impersonation_roles[0]
          no impersonation role "b" is declared
          declared: backup
        21:49 organizations.acme.policies.impersonation_roles.backup.rules.all.target_users[0]
          no user "bob" is declared
          declared: alice
        """,
    )


def test_a_missing_file_is_told_once_not_with_every_name_in_it(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users: !include people.yaml
        groups: {sales: {members: [alice]}}
        policies:
          access_control: !include rules.yaml
        """,
        problems="""
        7:12 organizations.acme.users
          !include cannot read "people.yaml": no such file
        10:23 organizations.acme.policies.access_control
          !include cannot read "rules.yaml": no such file
        """,
    )


def test_what_could_not_be_read_is_not_missed(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users: [alice]
        groups:
          sales: {members: [alice]}
        policies:
          access_control: {all: {effect: allow, description: all, impersonation_roles: [backup]}}
          impersonation_roles: backup
        """,
        problems="""
        7:12 organizations.acme.users
          expected a mapping, but this is a list
          such as users: {alice: {display_name: Alice Liddell}}
        12:28 organizations.acme.policies.impersonation_roles
          expected a mapping, but this is text
        """,
    )
