"""One address, one owner, in a domain that can receive mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_address_has_one_owner(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users:
          alice: {display_name: A, aliases: [x@acme.awsapps.com]}
          bob: {display_name: B, email: X@acme.awsapps.com}
        groups:
          sales: {aliases: [ALICE@acme.awsapps.com]}
        resources:
          room: {type: room, email: bob.b@acme.awsapps.com, aliases: [x@acme.awsapps.com]}
        """,
        problems="""
        9:30 organizations.acme.users.bob.email
          "X@acme.awsapps.com" is already the address of user "alice" at spec.yaml:8
        11:25 organizations.acme.groups.sales.aliases[0]
          "ALICE@acme.awsapps.com" is already the address of user "alice" at spec.yaml:8
        13:67 organizations.acme.resources.room.aliases[0]
          "x@acme.awsapps.com" is already the address of user "alice" at spec.yaml:8
        """,
    )


def test_an_address_has_one_owner_in_all_organizations(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        domains: {a.example: {verified: true, default: true}}
        users:
          bob: {display_name: A}
        """,
        more="""
        us:
          region: us-east-1
          alias: us
          domains: {a.example: {verified: true, default: true}}
          users:
            bob: {display_name: A}
        """,
        problems="""
        15:7 organizations.us.users.bob
          "bob@a.example" is already the address of user "bob" of organization "acme" at spec.yaml:9
          it follows from the key; add an email
        """,
    )


def test_a_default_address_stands_at_its_key(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users:
          bob: {display_name: B, email: alice@acme.awsapps.com}
          alice: {display_name: A}
        """,
        problems="""
        9:7 organizations.acme.users.alice
          "alice@acme.awsapps.com" is already the address of user "bob" at spec.yaml:8
          it follows from the key; add an email
        """,
    )


def test_the_own_address_is_no_alias(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users:
          alice: {aliases: [Alice@acme.awsapps.com], display_name: A, email: alice@acme.awsapps.com}
          bob: {display_name: B, aliases: [bob@acme.awsapps.com]}
        """,
        problems="""
        8:25 organizations.acme.users.alice.aliases[0]
          "Alice@acme.awsapps.com" is the user's own email already
          list further addresses only
        9:40 organizations.acme.users.bob.aliases[0]
          "bob@acme.awsapps.com" is the user's own email already
          list further addresses only
        """,
    )


def test_an_alias_is_listed_once(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users:
          alice: {display_name: A, aliases: [al@acme.awsapps.com, AL@acme.awsapps.com]}
          bob: {display_name: B, aliases: [b@acme.awsapps.com, b@acme.awsapps.com]}
        """,
        problems="""
        8:63 organizations.acme.users.alice.aliases[1]
          "AL@acme.awsapps.com" is listed twice
          addresses compare without case; list it once
        9:60 organizations.acme.users.bob.aliases[1]
          "b@acme.awsapps.com" is listed twice
          list it once
        """,
    )


def test_an_address_lies_in_a_usable_domain_of_its_organization(
    expect: Callable[..., None],
) -> None:
    expect(
        organization="""
        domains:
          acme.example: {verified: true, default: true}
          later.example: {}
        users:
          alice: {display_name: A, aliases: [a@ACME.example, a@Acme.awsapps.com]}
          bob: {display_name: B, email: b@later.example, aliases: [b@other.example]}
        """,
        problems="""
        12:37 organizations.acme.users.bob.email
          "later.example" is not verified yet, so no address can use it
          set "verified: true" at spec.yaml:9 once its DNS records are in place
        12:64 organizations.acme.users.bob.aliases[0]
          "other.example" is not a domain of this organization
          declared: acme.example, acme.awsapps.com
        """,
    )


def test_a_remote_users_address_may_lie_anywhere_its_aliases_may_not(
    expect: Callable[..., None],
) -> None:
    expect(
        organization="""
        users:
          rita:
            display_name: R
            role: remote_user
            email: rita@partner.example
            aliases: [r@partner.example]
            quota_megabytes: 5
        """,
        problems="""
        12:19 organizations.acme.users.rita.aliases[0]
          "partner.example" is not a domain of this organization
          declared: acme.awsapps.com
        13:9 organizations.acme.users.rita.quota_megabytes
          a remote user has no mailbox, so no quota
          remove it, or set "role: user"
        """,
    )


def test_a_key_that_makes_no_address_needs_an_email(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users:
          b@x.example: {display_name: B}
        groups:
          Sales team: {}
          Zoë: {email: zoe@acme.awsapps.com}
        """,
        problems="""
        8:20 organizations.acme.users["b@x.example"]
          "email" is missing
          add it: "b@x.example" cannot stand before the @ of an address
        10:19 organizations.acme.groups["Sales team"]
          "email" is missing
          add it: "Sales team" cannot stand before the @ of an address
        """,
    )


def test_a_default_domain_that_makes_no_address_needs_emails(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        domains: {acme.x1: {verified: true, default: true}}
        users:
          bob: {display_name: B}
        """,
        problems="""
        9:12 organizations.acme.users.bob
          "email" is missing
          add it: the default, "bob@acme.x1", is not a valid email address
        """,
    )


def test_addresses_are_not_judged_while_alias_or_default_are_wrong(
    expect: Callable[..., None],
) -> None:
    expect(
        organization="""
        domains: {one.example: {verified: true}}
        users:
          bob: {display_name: B}
        """,
        more="""
        other:
          region: us-east-1
          alias: d-other
          users:
            bob: {display_name: B}
            ann: {display_name: A, email: ann@d-other.awsapps.com}
        """,
        problems="""
        7:14 organizations.acme.domains
          no domain is the default
          set "default: true" of one: one.example
        12:12 organizations.other.alias
          "d-other" is not a valid organization alias
          allowed: letters and digits with single hyphens between, not beginning with d-
        """,
    )
