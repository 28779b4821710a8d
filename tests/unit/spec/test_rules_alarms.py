"""Alarms that can be raised, and heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_topic_lies_in_the_region_of_its_organization(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        alarms: {topic_arn: "arn:aws:sns:us-east-1:111122223333:mail"}
        """,
        problems="""
        7:25 organizations.acme.alarms.topic_arn
          the topic is in "us-east-1", the organization in "eu-west-1"
          name a topic in eu-west-1
        """,
    )


def test_an_alarm_without_a_topic_tells_nobody(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        alarms: {dashboard: true}
        """,
        problems="""
        7:13 organizations.acme.alarms
          "topic_arn" is missing
          add it, such as topic_arn: arn:aws:sns:eu-west-1:111122223333:mail-alarms
        """,
    )


def test_bounces_are_counted_where_the_stack_has_the_events(expect: Callable[..., None]) -> None:
    alarms = "{topic_arn: 'arn:aws:sns:eu-west-1:111122223333:mail', bounces_per_hour: 50}"
    expect(
        organization=f"""
        alarms: {alarms}
        policies:
          email_monitoring: {{log_group_arn: "arn:aws:logs:eu-west-1:111122223333:log-group:/m:*"}}
        """,
        problems="""
        7:86 organizations.acme.alarms.bounces_per_hour
          bounces are counted in the email events, and no log group of this stack has them
          add "email_monitoring: {log_group: managed, retention_days: 30}", or remove it
        """,
    )
    expect(
        organization=f"""
        alarms: {alarms}
        policies:
          email_monitoring: {{log_group: managed, retention_days: 30}}
        """,
        problems="",
    )
