"""What each type of directory forbids."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_user_name_has_at_most_20_characters_outside_a_workmail_directory(
    expect: Callable[..., None],
) -> None:
    expect(
        organization="""
        directory: {type: existing, directory_id: d-1234567890, kind: managed_ad}
        users:
          a-name-of-20-chars-x: {display_name: Fits}
          a-name-of-21-chars-xy: {display_name: Too long}
        """,
        problems="""
        10:7 organizations.acme.users.a-name-of-21-chars-xy
          "a-name-of-21-chars-xy" has 21 characters
          a user name in a directory of type managed_ad has at most 20
        """,
    )


def test_a_user_name_has_at_most_20_characters_in_a_directory_of_unknown_kind(
    expect: Callable[..., None],
) -> None:
    expect(
        organization="""
        directory: {type: existing, directory_id: d-1234567890}
        users:
          a-name-of-21-chars-xy: {display_name: Too long}
        """,
        problems="""
        9:7 organizations.acme.users.a-name-of-21-chars-xy
          "a-name-of-21-chars-xy" has 21 characters
          a user name in an existing directory of unknown kind has at most 20
        """,
    )


def test_a_workmail_directory_takes_user_names_of_64_characters(
    expect: Callable[..., None],
) -> None:
    expect(
        organization="""
        users:
          a-name-of-64-characters-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: {display_name: Fits}
        """,
    )


def test_the_directory_of_a_live_organization_is_not_guessed(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        existing: m-0123456789abcdef0123456789abcdef
        users:
          a-name-of-21-chars-xy: {display_name: Who knows}
        """,
    )


def test_interoperability_needs_an_ad_connector(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        interoperability: true
        """,
        problems="""
        7:23 organizations.acme.interoperability
          interoperability needs a directory of type ad_connector
          leave it out: this one is of type workmail
        """,
    )


def test_behind_an_ad_connector_passwords_profiles_and_members_are_kept_elsewhere(
    expect: Callable[..., None],
) -> None:
    expect(
        organization="""
        directory:
          type: ad_connector
          name: corp.acme.example
          short_name: CORP
          size: small
          vpc_id: vpc-01234567
          subnet_ids: [subnet-01234567, subnet-12345678]
          dns_ips: [10.0.0.10]
          service_account: {username: svc, password_secret: connector}
        passwords: generate
        users:
          alice: {display_name: Alice, city: Dublin}
          bob:
        groups:
          sales: {members: [bob]}
          empty: {members: []}
        resources:
          boardroom: {type: room}
        """,
        problems="""
        16:16 organizations.acme.passwords
          passwords are kept in the directory behind the AD Connector
          leave "passwords" out, or write none
        18:15 organizations.acme.users.alice.display_name
          "display_name" is kept in the directory behind the AD Connector
          remove it here and change it there
        18:36 organizations.acme.users.alice.city
          "city" is kept in the directory behind the AD Connector
          remove it here and change it there
        21:15 organizations.acme.groups.sales.members
          "members" are kept in the directory behind the AD Connector
          remove them here and change them there
        """,
    )


def test_behind_an_ad_connector_no_display_name_is_missing(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        directory:
          type: ad_connector
          name: corp.acme.example
          short_name: CORP
          size: small
          vpc_id: vpc-01234567
          subnet_ids: [subnet-01234567, subnet-12345678]
          dns_ips: [10.0.0.10]
          service_account: {username: svc, password_secret: connector}
        users: {bob: {aliases: [b@acme.awsapps.com]}}
        """,
    )


def test_an_existing_ad_connector_is_one_too(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        directory: {type: existing, directory_id: d-1234567890, kind: ad_connector}
        passwords: none
        users: {bob: {first_name: Bob}}
        """,
        problems="""
        9:19 organizations.acme.users.bob.first_name
          "first_name" is kept in the directory behind the AD Connector
          remove it here and change it there
        """,
    )


def test_behind_an_ad_connector_nothing_is_declared_that_is_never_written(
    expect: Callable[..., None],
) -> None:
    expect(
        organization="""
        directory: {type: existing, directory_id: d-1234567890, kind: ad_connector}
        users:
          bob: {role: user, hidden_from_global_address_list: true}
          eve: {identity_provider_user_id: 01234567-89ab-cdef-0123-456789abcdef}
          ken: {aliases: [k@acme.awsapps.com], quota_megabytes: 100, enabled: false}
        groups:
          sales: {hidden_from_global_address_list: false, aliases: [s@acme.awsapps.com]}
        resources:
          boardroom: {type: room, hidden_from_global_address_list: true}
        """,
        problems="""
        9:13 organizations.acme.users.bob.role
          "role" cannot be written behind an AD Connector
          remove it: whoever the directory knows is a user
        9:25 organizations.acme.users.bob.hidden_from_global_address_list
          "hidden_from_global_address_list" is kept in the directory behind the AD Connector
          remove it here and change it there
        10:13 organizations.acme.users.eve.identity_provider_user_id
          "identity_provider_user_id" cannot be written behind an AD Connector
          remove it: at the first sign-in WorkMail finds people by their user names
        13:15 organizations.acme.groups.sales.hidden_from_global_address_list
          "hidden_from_global_address_list" is kept in the directory behind the AD Connector
          remove it here and change it there
        """,
    )


def test_with_interoperability_aliases_and_resources_are_kept_in_exchange(
    expect: Callable[..., None],
) -> None:
    expect(
        organization="""
        directory:
          type: ad_connector
          name: corp.acme.example
          short_name: CORP
          size: small
          vpc_id: vpc-01234567
          subnet_ids: [subnet-01234567, subnet-12345678]
          dns_ips: [10.0.0.10]
          service_account: {username: svc, password_secret: connector}
        interoperability: true
        users: {bob: {aliases: [b@acme.awsapps.com]}}
        groups: {sales: {aliases: []}}
        resources:
          boardroom: {type: room}
        """,
        problems="""
        17:19 organizations.acme.users.bob.aliases
          WorkMail cannot change aliases in interoperability mode
          remove them here and keep them in Exchange
        20:7 organizations.acme.resources.boardroom
          WorkMail cannot make resources in interoperability mode
          remove it here and keep it in Exchange
        """,
    )


def test_interoperability_with_a_directory_of_unknown_kind_wants_the_kind(
    expect: Callable[..., None],
) -> None:
    expect(
        organization="""
        directory: {type: existing, directory_id: d-1234567890}
        interoperability: true
        """,
        problems="""
        8:23 organizations.acme.interoperability
          interoperability needs a directory of type ad_connector
          set "kind: ad_connector" of the existing directory, if it is one
        """,
    )


MADE = """
        directory:
          type: managed_ad
          name: corp.acme.example
          short_name: CORP
          edition: standard
          vpc_id: vpc-01234567
          subnet_ids: [subnet-01234567, subnet-12345678]
"""


def test_a_directory_is_not_deleted_under_an_organization_that_stays(
    expect: Callable[..., None],
) -> None:
    for words in ("{directory: delete}", "{organization: retain, directory: delete}"):
        column = words.index("delete") + 17
        expect(
            organization=f"{MADE}        on_removal: {words}\n",
            problems=f"""
            14:{column} organizations.acme.on_removal.directory
              the directory cannot be deleted while the organization that stands on it stays
              write "organization: delete" too, which erases every mailbox, or "directory: retain"
            """,
        )


def test_a_directory_is_deleted_with_its_organization_or_not_at_all(
    expect: Callable[..., None],
) -> None:
    for words in ("{organization: delete, directory: delete}", "{organization: delete}", "{}"):
        expect(organization=f"{MADE}        on_removal: {words}\n")


def test_a_directory_that_the_stack_does_not_make_it_does_not_delete_either(
    expect: Callable[..., None],
) -> None:
    expect(
        organization="""
        directory: {type: existing, directory_id: d-1234567890}
        on_removal: {directory: delete}
        """,
    )
