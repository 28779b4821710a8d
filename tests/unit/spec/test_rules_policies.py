"""Rules that lock nobody out, and logs where WorkMail can write."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def test_rules_never_lock_everybody_out(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        policies:
          access_control:
          mobile_devices:
            none: {effect: deny}
        """,
        problems="""
        8:22 organizations.acme.policies.access_control
          there is no rule, so nobody reaches a mailbox
          add a rule with "effect: allow", or leave "access_control" out
        10:9 organizations.acme.policies.mobile_devices
          no rule allows anything, so no mobile device synchronizes
          add a rule with "effect: allow", or leave "mobile_devices" out
        """,
    )


def test_rules_that_cannot_be_read_are_not_judged(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        policies:
          access_control: {all: {effect: perhaps, description: x}}
          mobile_devices: [phones]
        """,
        problems="""
        8:38 organizations.acme.policies.access_control.all.effect
          "perhaps" is not a valid effect
          allowed: allow, deny
        9:23 organizations.acme.policies.mobile_devices
          expected a mapping, but this is a list
          such as mobile_devices: {phones: {effect: allow, device_types: [iphone]}}
        """,
    )


def test_a_log_group_lies_in_the_region_of_its_organization(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        policies:
          email_monitoring: {log_group_arn: "arn:aws:logs:us-east-1:111122223333:log-group:/mail:*"}
        """,
        problems="""
        8:41 organizations.acme.policies.email_monitoring.log_group_arn
          the log group is in "us-east-1", the organization in "eu-west-1"
          name a log group in eu-west-1
        """,
    )
