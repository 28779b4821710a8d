"""Which domains can be declared, and which is the default."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_domain_is_declared_once_and_case_makes_no_difference(
    expect: Callable[..., None],
) -> None:
    expect(
        organization="""
        domains:
          acme.example: {dns: manual, verified: true, default: true}
          ACME.example: {}
        """,
        problems="""
        9:7 organizations.acme.domains["ACME.example"]
          "ACME.example" is already a domain of this organization at spec.yaml:8
        """,
    )


def test_a_domain_belongs_to_one_organization_of_a_region(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        domains:
          acme.example: {}
        """,
        more="""
        other: {region: eu-west-1, alias: other, domains: {Acme.example: {}}}
        """,
        problems="""
        9:54 organizations.other.domains["Acme.example"]
          "Acme.example" is already a domain of "acme" at spec.yaml:8
        """,
    )


def test_a_domain_can_be_in_two_regions(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        domains:
          acme.example: {}
        """,
        more="""
        other: {region: us-east-1, alias: other, domains: {acme.example: {}}}
        """,
    )


def test_the_test_domain_is_never_declared(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        domains:
          acme.awsapps.com: {}
          else.awsapps.com: {}
        """,
        problems="""
        8:7 organizations.acme.domains["acme.awsapps.com"]
          "acme.awsapps.com" is always there and never declared
          remove it; addresses can use it all the same
        9:7 organizations.acme.domains["else.awsapps.com"]
          "else.awsapps.com" belongs to another organization
          remove it
        """,
    )


def test_a_usable_domain_has_to_be_the_default(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        domains:
          one.example: {dns: {hosted_zone_id: Z1, zone_name: one.example}}
          two.example: {verified: true}
          not-yet.example: {}
        """,
        problems="""
        8:7 organizations.acme.domains
          no domain is the default
          set "default: true" of one: one.example, two.example
        """,
    )


def test_a_single_domain_is_the_default(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        domains:
          one.example: {dns: {hosted_zone_id: Z1, zone_name: one.example}, default: true}
          two.example: {verified: true, default: true}
        """,
        problems="""
        9:46 organizations.acme.domains["two.example"].default
          "one.example" is already the default at spec.yaml:8
          one domain is the default
        """,
    )


def test_a_domain_that_is_not_usable_yet_cannot_be_the_default(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        domains:
          one.example: {dns: manual, default: true}
        """,
        problems="""
        8:43 organizations.acme.domains["one.example"].default
          "one.example" is not verified yet, so it cannot be the default
          set "verified: true" once its DNS records are in place
        """,
    )


def test_no_usable_domain_needs_no_default(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        domains:
          one.example:
          two.example: {dns: manual, verified: false}
        """,
    )


def test_the_hosted_zone_is_the_domains_own_or_a_parents(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        domains:
          one.example: {dns: {hosted_zone_id: Z1, zone_name: One.example.}, default: true}
          a.one.example: {dns: {hosted_zone_id: Z1, zone_name: one.example}}
          two.example: {dns: {hosted_zone_id: Z1, zone_name: one.example}}
          atwo.example: {dns: {hosted_zone_id: Z1, zone_name: two.example}}
        """,
        problems="""
        10:58 organizations.acme.domains["two.example"].dns.zone_name
          "one.example" is neither "two.example" nor a parent of it
          name the zone that holds the domain's records
        11:59 organizations.acme.domains["atwo.example"].dns.zone_name
          "two.example" is neither "atwo.example" nor a parent of it
          name the zone that holds the domain's records
        """,
    )


def test_a_malformed_domain_is_not_judged(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        domains:
          one.example: {default: "yes"}
          two.example: {dns: 5, default: true}
          three.example: {verified: true}
        """,
        problems="""
        8:30 organizations.acme.domains["one.example"].default
          expected true or false, but "yes" is text
          allowed: true, false
        9:26 organizations.acme.domains["two.example"].dns
          expected text or a mapping, but this is a number
          such as dns: manual
        """,
    )
