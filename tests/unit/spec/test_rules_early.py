"""What used to fail in the deployment is told when the spec is validated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workmail_org.spec.building import read_spec

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = """\
version: 1
environment: test
organizations:
  acme:
    region: eu-west-1
    alias: acme
"""
_ZONE = "{hosted_zone_id: Z0123456789ABCDEFGHIJ, zone_name: acme.example"


def test_one_domain_in_two_regions_of_one_zone(expect: Callable[..., None]) -> None:
    sets = (
        "CNAME autodiscover.acme.example, MX acme.example, TXT _amazonses.acme.example,"
        " TXT _dmarc.acme.example, TXT acme.example"
    )
    expect(
        organization=f"domains: {{acme.example: {{default: true, dns: {_ZONE}}}}}}}\n",
        more=f"us: {{region: us-east-1, alias: us, domains: {{acme.example: {{default: true,"
        f" dns: {_ZONE}}}}}}}}}\n",
        problems=f"""
        8:48 organizations.us.domains["acme.example"]
          "acme.example" of organization "acme" at spec.yaml:7 writes record sets of the same name \
into hosted zone Z0123456789ABCDEFGHIJ: {sets}
          add "omit: [autodiscover, dmarc, mx, ownership, spf]" here; ownership verifies this one \
too once its value stands in that record set beside the other, which has to be omitted there as \
well and kept by hand
        """,
    )


def test_one_domain_in_two_regions_that_shares_nothing(expect: Callable[..., None]) -> None:
    omit = "omit: [autodiscover, dmarc, mx, ownership, spf]"
    expect(
        organization=f"domains: {{acme.example: {{default: true, dns: {_ZONE}}}}}}}\n",
        more=f"us: {{region: us-east-1, alias: us, domains: {{acme.example: {{default: true,"
        f" dns: {_ZONE}, {omit}}}}}}}}}\n",
    )


def test_a_domain_that_is_the_name_of_another_ones_record(expect: Callable[..., None]) -> None:
    expect(
        organization=f"""
        domains:
          acme.example: {{default: true, dns: {_ZONE}}}}}
          autodiscover.acme.example: {{dns: {_ZONE}}}}}
          sub.acme.example: {{dns: {_ZONE}}}}}
        """,
        problems="""
        9:7 organizations.acme.domains["autodiscover.acme.example"]
          "acme.example" of organization "acme" at spec.yaml:8 writes record sets of the same name \
into hosted zone Z0123456789ABCDEFGHIJ: MX autodiscover.acme.example, \
TXT autodiscover.acme.example
          add "omit: [mx, spf]" here
        """,
    )


@pytest.mark.parametrize(
    ("domain", "what", "hint"),
    [
        ("acme..fr", "it has two dots side by side", "write one dot between two labels"),
        (".acme.fr", "it begins with a dot", "write one dot between two labels"),
        ("acme.fr.", "it ends with a dot", "write acme.fr"),
        ("-acme.fr", '"-acme" begins with a hyphen', "a hyphen stands inside a label only"),
        ("acme-.fr", '"acme-" ends with a hyphen', "a hyphen stands inside a label only"),
        ("acme", "it has no dot", "write it with its top-level domain, such as acme.example"),
        ("10.0.0.1", "a top-level domain is not a number", "write a domain, not an IP address"),
        (
            "a" * 64 + ".fr",
            "it has a label of 64 characters",
            "allowed: 1 to 63 characters between two dots",
        ),
    ],
)
def test_a_domain_that_cannot_exist_is_told_once(
    expect: Callable[..., None], domain: str, what: str, hint: str
) -> None:
    shown = domain if len(domain) < 60 else domain[:59] + "…"
    path = f".{domain}" if domain == "acme" else f'["{domain}"]'
    expect(
        organization=f"""
        domains: {{{domain}: {{default: true, verified: true}}}}
        users:
          alice: {{display_name: A}}
          bob: {{display_name: B, aliases: [b@acme.fr]}}
        """
        if domain in ("acme.fr.", "-acme.fr", ".acme.fr")
        else f"""
        domains: {{{domain}: {{default: true, verified: true}}}}
        users:
          alice: {{display_name: A}}
        """,
        problems=f"""
        7:15 organizations.acme.domains{path}
          "{shown}" cannot be a domain: {what}
          {hint}
        """,
    )


def test_a_domain_of_other_letters_is_written_as_dns_knows_it(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        domains: {münchen.example: {default: true, verified: true}}
        users:
          alice: {display_name: A}
          bob: {display_name: B, role: remote_user, email: b@straße.example}
        """,
        problems="""
        7:15 organizations.acme.domains["münchen.example"]
          "münchen.example" is not a valid mail domain
          write it as DNS knows it: xn--mnchen-3ya.example
        10:56 organizations.acme.users.bob.email
          "b@straße.example" is not a valid email address
          write it as DNS knows it: b@xn--strae-oqa.example
        """,
    )


@pytest.mark.parametrize(
    ("domain", "hint"),
    [
        ("acme。fr", "write it as DNS knows it: acme.fr"),
        ("bücher｡example", "write it as DNS knows it: xn--bcher-kva.example"),
        ("bücher", "allowed: letters, digits, dots and hyphens"),
    ],
)
def test_what_a_domain_of_other_letters_is_to_be_can_exist(
    expect: Callable[..., None], domain: str, hint: str
) -> None:
    expect(
        organization=f"""
        domains: {{{domain}: {{default: true, verified: true}}}}
        """,
        problems=f"""
        7:15 organizations.acme.domains["{domain}"]
          "{domain}" is not a valid mail domain
          {hint}
        """,
    )


def test_a_domain_that_cannot_exist_and_is_not_the_default_is_told_once_too(
    expect: Callable[..., None],
) -> None:
    expect(
        organization="""
        domains: {good.fr: {default: true, verified: true}, -acme.fr: {}}
        users:
          alice: {display_name: A, aliases: [a@-acme.fr]}
          bob: {display_name: B, email: b@-acme.fr}
        """,
        problems="""
        7:57 organizations.acme.domains["-acme.fr"]
          "-acme.fr" cannot be a domain: "-acme" begins with a hyphen
          a hyphen stands inside a label only
        """,
    )


def test_zones_and_domains_of_partners_can_exist_too(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        domains:
          acme.fr: {default: true, dns: {hosted_zone_id: Z1, zone_name: acme.fr.}}
        users: {bob: {display_name: B, role: remote_user, email: b@-partner.fr}}
        policies:
          availability:
            partner..fr:
              lambda_arn: arn:aws:lambda:eu-west-1:111122223333:function:busy
        """,
        problems="""
        9:62 organizations.acme.users.bob.email
          "-partner.fr" cannot be a domain: "-partner" begins with a hyphen
          a hyphen stands inside a label only
        12:9 organizations.acme.policies.availability["partner..fr"]
          "partner..fr" cannot be a domain: it has two dots side by side
          write one dot between two labels
        """,
    )


def test_people_are_written_by_name_not_by_address(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users: {alice: {display_name: A, aliases: [al@acme.awsapps.com]}}
        groups:
          sales: {members: [Alice@acme.awsapps.com, p@elsewhere.example, it@acme.awsapps.com]}
          it: {members: [no@acme.awsapps.com]}
        resources: {room: {type: room, delegates: [al@acme.awsapps.com, room@acme.awsapps.com]}}
        permissions: [{mailbox: room@acme.awsapps.com, grantee: x@y.example, rights: [send_as]}]
        """,
        problems="""
        9:25 organizations.acme.groups.sales.members[0]
          "Alice@acme.awsapps.com" is an address, and a member of a group is written by name
          write "alice"
        9:49 organizations.acme.groups.sales.members[1]
          "p@elsewhere.example" is an address, and a member of a group is written by name
          declare a user with "role: remote_user" and "email: p@elsewhere.example", and write the \
name of this user
        9:70 organizations.acme.groups.sales.members[2]
          "it@acme.awsapps.com" is an address, and a member of a group is written by name
          write "group:it"
        10:22 organizations.acme.groups.it.members[0]
          "no@acme.awsapps.com" is an address, and a member of a group is written by name
          nobody declared here has this address
        11:48 organizations.acme.resources.room.delegates[0]
          "al@acme.awsapps.com" is an address, and a delegate of a resource is written by name
          write "alice"
        11:69 organizations.acme.resources.room.delegates[1]
          "room@acme.awsapps.com" is an address, and a delegate of a resource is written by name
          it is the address of resource "room"
        12:29 organizations.acme.permissions[0].mailbox
          "room@acme.awsapps.com" is an address, and a mailbox is written by name
          write "resource:room"
        12:61 organizations.acme.permissions[0].grantee
          "x@y.example" is an address, and a grantee is written by name
          declare a user with "role: remote_user" and "email: x@y.example", and write the name of \
this user
        """,
    )


def test_a_resource_keeps_a_delegate_who_is_not_switched_off(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users:
          a: {display_name: A, enabled: false}
          b: {display_name: B, enabled: false}
          c: {display_name: C}
        groups: {g: {members: [a]}}
        resources:
          one: {type: room, booking: {auto_accept: false}, delegates: [a]}
          two: {type: room, booking: {auto_accept: false}, delegates: [a, b]}
          three: {type: room, booking: {auto_accept: false}, delegates: [a, c]}
          four: {type: room, booking: {auto_accept: false}, delegates: [a, group:g]}
          five: {type: room, delegates: [a]}
          off: {type: room, enabled: false, booking: {auto_accept: false}, delegates: [a]}
        """,
        problems="""
        13:67 organizations.acme.resources.one.delegates
          resource "one" accepts nothing by itself, and "a", who would answer, is switched off
          add a delegate who is not, or set "auto_accept: true"
        14:67 organizations.acme.resources.two.delegates
          resource "two" accepts nothing by itself, and "a" and "b", who would answer, are \
switched off
          add a delegate who is not, or set "auto_accept: true"
        """,
    )


def test_a_range_begins_with_its_first_address(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        policies:
          access_control:
            all:
              effect: allow
              description: all
              ip_ranges: [203.0.113.7/24, 203.0.113.0/24, 10.0.0.1/32, 10.1.2.3/0]
              not_ip_ranges: [198.51.100.129/25]
        """,
        problems="""
        12:23 organizations.acme.policies.access_control.all.ip_ranges[0]
          "203.0.113.7/24" names an address inside the range
          write 203.0.113.0/24 for the whole range, or 203.0.113.7/32 for this address alone
        12:68 organizations.acme.policies.access_control.all.ip_ranges[3]
          "10.1.2.3/0" names an address inside the range
          write 0.0.0.0/0 for the whole range, or 10.1.2.3/32 for this address alone
        13:27 organizations.acme.policies.access_control.all.not_ip_ranges[0]
          "198.51.100.129/25" names an address inside the range
          write 198.51.100.128/25 for the whole range, or 198.51.100.129/32 for this address alone
        """,
    )


@pytest.mark.parametrize(
    ("key", "why", "where"),
    [
        ("forward_to", "WorkMail has no API for forwarding", "web application"),
        ("forwarding", "WorkMail has no API for forwarding", "group whose members"),
        ("auto_reply", "WorkMail has no API for automatic replies", "web application"),
        ("outOfOffice", "WorkMail has no API for automatic replies", "EWS"),
        ("catch-all", "WorkMail has no API for a catch-all address", "Inbound rules"),
        ("mail_flow_rules", "WorkMail has no API for email flow rules", "console"),
        ("inbound_rules", "WorkMail has no API for email flow rules", "console"),
        ("password", "a spec holds no password", "Secrets Manager"),
        ("signature", "WorkMail has no API for signatures", "web application"),
    ],
)
def test_a_key_that_people_look_for_has_a_reason(
    tmp_path: Path, key: str, why: str, where: str
) -> None:
    spec = tmp_path / "s.yaml"
    spec.write_text(f"{HEAD}    users: {{alice: {{display_name: A, {key}: x}}}}\n")
    (problem,) = read_spec(spec).problems

    assert f'"{key}" cannot be declared: {why}' == problem.message
    assert where in str(problem.hint)


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("quota", '"quota_megabytes"'),
        ("mobile", '"telephone"'),
        ("hidden", '"hidden_from_global_address_list"'),
        ("suspended", 'the opposite, "enabled: false"'),
    ],
)
def test_another_word_for_a_key_is_known(tmp_path: Path, key: str, meant: str) -> None:
    spec = tmp_path / "s.yaml"
    spec.write_text(f"{HEAD}    users: {{alice: {{display_name: A, {key}: x}}}}\n")
    (problem,) = read_spec(spec).problems

    assert f"did you mean {meant}?" == problem.hint


@pytest.mark.parametrize("domain", ["münchen.example", "acme", "acme..fr", "-acme.fr"])
def test_addresses_in_a_domain_that_cannot_exist_are_not_told(tmp_path: Path, domain: str) -> None:
    spec = tmp_path / "s.yaml"
    spec.write_text(
        f"{HEAD}    domains: {{{domain}: {{default: true, verified: true}}}}\n    users:\n"
        f"      alice: {{display_name: A, email: a@{domain}, aliases: [al@{domain}]}}\n"
        f"      bob: {{display_name: B}}\n",
        encoding="utf-8",
    )
    (problem,) = read_spec(spec).problems

    assert ("organizations", "acme", "domains", domain) == problem.path
