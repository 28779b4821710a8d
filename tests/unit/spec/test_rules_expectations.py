"""What rules have to do: how it is written, and that they do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PEOPLE = (
    "users: {alice: {display_name: A}, ceo: {display_name: C},"
    " off: {display_name: O, enabled: false}}\n"
)
POLICIES = """\
policies:
  access_control:
    default: {effect: allow, description: x, ip_ranges: [198.51.100.0/24]}
    web: {effect: allow, description: x, actions: [web_mail, imap]}
    no-imap: {effect: deny, description: x, actions: [imap], users: [alice]}
  mobile_devices:
    phones: {effect: allow, device_types: [iphone]}
    old: {effect: deny, operating_systems: [iOS 9, $NONE]}
  impersonation_roles:
    backup:
      {type: read_only, rules: {all: {effect: allow}, ceo: {effect: deny, target_users: [ceo]}}}
"""


def test_what_rules_do_as_expected_is_no_problem(expect: Callable[..., None]) -> None:
    expect(
        organization=PEOPLE
        + POLICIES
        + """\
expect:
  - {deny: imap, user: alice, from: 198.51.100.7}
  - {allow: imap, user: ceo, from: 203.0.113.7}
  - {allow: imap, user: off, from: 203.0.113.7}
  - {deny: smtp, user: alice, from: 203.0.113.7}
  - {allow: ews, role: backup, from: 198.51.100.7}
  - {allow: mobile, device_type: IPHONE, operating_system: iOS 17.1}
  - {deny: mobile, device_type: iphone, operating_system: ios 9.3}
  - {deny: mobile, device_type: iphone, operating_system: $NONE}
  - {deny: mobile, device_type: iphone}
  - {deny: mobile, device_type: ipad, operating_system: iOS 17}
  - {allow: impersonate, role: backup, user: alice}
  - {deny: impersonate, role: backup, user: ceo}
""",
    )


def test_what_rules_do_otherwise_is_told_with_the_rules_that_decide(
    expect: Callable[..., None],
) -> None:
    expect(
        organization=PEOPLE
        + POLICIES
        + """\
expect:
  - {allow: imap, user: alice, from: 198.51.100.7, description: she travels}
  - {deny: imap, user: ceo, from: 198.51.100.7}
  - {deny: ews, role: backup, from: 198.51.100.7}
  - {allow: ews, role: backup, from: 203.0.113.7}
  - {allow: mobile, device_type: ipad, operating_system: iOS 17}
  - {deny: impersonate, role: backup, user: alice}
""",
        problems="""
        20:9 organizations.acme.expect[0]
          imap for "alice" from 198.51.100.7 should be allowed (she travels), but rule "no-imap" of access_control denies it
          narrow what denies it: a deny wins over every allow
        21:9 organizations.acme.expect[1]
          imap for "ceo" from 198.51.100.7 should be denied, but rules "default", "web" of access_control allow it
          narrow what allows it, or add a rule with "effect: deny"
        22:9 organizations.acme.expect[2]
          ews for role "backup" from 198.51.100.7 should be denied, but rule "default" of access_control allows it
          narrow what allows it, or add a rule with "effect: deny"
        23:9 organizations.acme.expect[3]
          ews for role "backup" from 203.0.113.7 should be allowed, but no rule of access_control matches
          add a rule with "effect: allow" that matches
        24:9 organizations.acme.expect[4]
          mobile with device_type "ipad", operating_system "iOS 17" should be allowed, but no rule of mobile_devices matches
          add a rule with "effect: allow" that matches
        25:9 organizations.acme.expect[5]
          impersonate "alice" by role "backup" should be denied, but rule "all" of impersonation_roles.backup allows it
          narrow what allows it, or add a rule with "effect: deny"
        """,  # noqa: E501 - as it is told
    )


def test_rules_that_are_not_declared_allow_everything(expect: Callable[..., None]) -> None:
    expect(
        organization=PEOPLE
        + """\
expect:
  - {allow: imap, user: alice, from: 198.51.100.7}
  - {allow: mobile, device_type: iphone}
  - {deny: imap, user: alice, from: 198.51.100.7}
  - {deny: mobile, user_agent: Outlook}
""",
        problems="""
        11:9 organizations.acme.expect[2]
          imap for "alice" from 198.51.100.7 should be denied, but access_control is not declared, and WorkMail's own rule allows everything
          declare access_control
        12:9 organizations.acme.expect[3]
          mobile with user_agent "Outlook" should be denied, but mobile_devices is not declared, and WorkMail's own rule allows everything
          declare mobile_devices
        """,  # noqa: E501 - as it is told
    )


def test_rules_of_an_existing_organization_that_are_not_declared_are_unknown(
    expect: Callable[..., None],
) -> None:
    expect(
        organization=PEOPLE
        + """\
existing: m-0123456789abcdef0123456789abcdef
expect:
  - {allow: imap, user: alice, from: 198.51.100.7}
""",
        problems="""
        10:9 organizations.acme.expect[0]
          imap for "alice" from 198.51.100.7 is up to the rules that the existing organization has: access_control is not declared
          declare access_control; a plan against the live organization shows what its rules do
        """,  # noqa: E501 - as it is told
    )


def test_a_role_without_rules_impersonates_nobody(expect: Callable[..., None]) -> None:
    expect(
        organization=PEOPLE
        + """\
policies: {impersonation_roles: {idle: {type: full_access}}}
expect:
  - {allow: impersonate, role: idle, user: alice}
""",
        problems="""
        10:9 organizations.acme.expect[0]
          impersonate "alice" by role "idle" should be allowed, but no rule of impersonation_roles.idle matches
          add a rule with "effect: allow" that matches
        """,  # noqa: E501 - as it is told
    )


def test_an_expectation_names_who_is_declared(expect: Callable[..., None]) -> None:
    expect(
        organization=PEOPLE
        + POLICIES
        + """\
expect:
  - {deny: imap, user: alise, from: 198.51.100.7}
  - {deny: imap, user: group:ceo, from: 198.51.100.7}
  - {deny: impersonate, role: backups, user: ceo}
""",
        problems="""
        20:28 organizations.acme.expect[0].user
          no user "alise" is declared
          declared: alice, ceo, off
        21:28 organizations.acme.expect[1].user
          "group:ceo" cannot be named in an expectation
          allowed: users (NAME)
        22:35 organizations.acme.expect[2].role
          no impersonation role "backups" is declared
          declared: backup
        """,
    )


def test_an_expectation_has_exactly_the_keys_that_fit(expect: Callable[..., None]) -> None:
    expect(
        organization=PEOPLE
        + POLICIES
        + """\
expect:
  - {deny: imap, allow: mobile, user: alice}
  - {user: alice}
  - {deny: imap}
  - {deny: imap, role: backup, user: alice, from: 198.51.100.7}
  - {deny: ews, from: 198.51.100.7}
  - {deny: ews, role: backup, user: alice, from: 198.51.100.7}
  - {deny: mobile}
  - {deny: mobile, device_type: iphone, user: alice}
  - {deny: impersonate, from: 198.51.100.7}
""",
        problems="""
        20:9 organizations.acme.expect[0]
          allow and deny are given
          give exactly one
        21:9 organizations.acme.expect[1]
          none of allow, deny is given
          give exactly one
        22:9 organizations.acme.expect[2]
          "user" is missing
          add it, such as user: alice
        22:9 organizations.acme.expect[2]
          "from" is missing
          add it, such as from: "198.51.100.7"
        23:22 organizations.acme.expect[3].role
          "role" is not a valid key of an expectation about a protocol other than ews
          allowed: allow, deny, user, from, description
        24:9 organizations.acme.expect[4]
          none of user, role is given
          give exactly one
        25:9 organizations.acme.expect[5]
          user and role are given
          give exactly one
        26:9 organizations.acme.expect[6]
          none of device_type, device_model, operating_system, user_agent is given
          give at least one
        27:45 organizations.acme.expect[7].user
          "user" is not a valid key of an expectation about mobile
          allowed: allow, deny, device_type, device_model, operating_system, user_agent, description
        28:9 organizations.acme.expect[8]
          "role" is missing
          add it, such as role: backup
        28:9 organizations.acme.expect[8]
          "user" is missing
          add it, such as user: alice
        28:29 organizations.acme.expect[8].from
          "from" is not a valid key of an expectation about impersonate
          allowed: allow, deny, role, user, description
        """,
    )


def test_an_expectation_has_values_that_the_service_takes(expect: Callable[..., None]) -> None:
    expect(
        organization=PEOPLE
        + """\
expect:
  - {deny: pop, user: alice, from: 198.51.100.7}
  - {allow: imap, user: alice, from: "2001:db8::1"}
  - {allow: imap, user: alice, from: 198.51.100.0/24}
  - {allow: mobile, device_type: Ω}
  - alice
""",
        problems="""
        9:16 organizations.acme.expect[0].deny
          "pop" is not a valid protocol, mobile or impersonate
          allowed: active_sync, auto_discover, ews, imap, smtp, windows_outlook, web_mail, mobile, impersonate
        10:42 organizations.acme.expect[1].from
          "2001:db8::1" is not a valid IPv4 address
          allowed: one IPv4 address, such as 198.51.100.7; WorkMail knows no IPv6 here
        11:42 organizations.acme.expect[2].from
          "198.51.100.0/24" is not a valid IPv4 address
          allowed: one IPv4 address, such as 198.51.100.7; WorkMail knows no IPv6 here
        12:38 organizations.acme.expect[3].device_type
          "Ω" is not a valid device property
          allowed: Latin-1 characters (U+0020 to U+00FF)
        13:9 organizations.acme.expect[4]
          expected a mapping, but this is text
          such as {deny: imap, user: alice, from: "198.51.100.7"}
        """,  # noqa: E501 - as it is told
    )


def test_rules_that_are_wrong_decide_nothing(expect: Callable[..., None]) -> None:
    """Else a mistake in a rule would be told twice, the second time misleadingly."""
    expect(
        organization=PEOPLE
        + """\
policies:
  access_control:
    default: {effect: allow, description: x}
    no-imap: {effect: denied, description: x, actions: [imap]}
expect:
  - {deny: imap, user: alice, from: 198.51.100.7}
""",
        problems="""
        11:27 organizations.acme.policies.access_control.no-imap.effect
          "denied" is not a valid effect
          allowed: allow, deny
        """,
    )


def test_a_mistake_elsewhere_hides_no_expectation(expect: Callable[..., None]) -> None:
    expect(
        organization="""\
users: {alice: {display_name: A, quota_megabytes: 0}}
expect:
  - {deny: mobile, device_type: iphone}
  - {deny: mobile, device: iphone}
""",
        problems="""
        7:55 organizations.acme.users.alice.quota_megabytes
          0 is too small
          allowed: 1 to 51200
        9:9 organizations.acme.expect[0]
          mobile with device_type "iphone" should be denied, but mobile_devices is not declared, and WorkMail's own rule allows everything
          declare mobile_devices
        10:9 organizations.acme.expect[1]
          none of device_type, device_model, operating_system, user_agent is given
          give at least one
        10:24 organizations.acme.expect[1].device
          unknown key "device"
          did you mean "device_type"?
        """,  # noqa: E501 - as it is told
    )


def test_policies_that_cannot_be_read_decide_nothing(expect: Callable[..., None]) -> None:
    expect(
        organization="""\
users: {alice: {display_name: A}}
policies: !include lost.yaml
expect:
  - {deny: imap, user: alice, from: 198.51.100.7}
""",
        problems="""
        8:15 organizations.acme.policies
          !include cannot read "lost.yaml": no such file
        """,
    )
