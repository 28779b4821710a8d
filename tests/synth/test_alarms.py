"""Alarms and the dashboard: what is watched, and that nothing is without the key."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from workmail_org.model.alarms import Alarms
from workmail_org.model.organization import Organization
from workmail_org.model.policies import EmailMonitoring, Policies

TOPIC = "arn:aws:sns:eu-west-1:111122223333:mail-alarms"

BARE = Organization(key="acme", region="eu-west-1", alias="acme")

WATCHED = replace(
    BARE,
    alarms=Alarms(topic_arn=TOPIC, bounces_per_hour=50, dashboard=True),
    policies=Policies(email_monitoring=EmailMonitoring(retention_days=30)),
)

FUNCTIONS = {
    "MailboxesProviderFramework": "MailboxesProvider",
    "MailboxesProviderIsComplete": "MailboxesProviderIsComplete8A976F3F",
    "MailboxesProviderOnEvent": "MailboxesProviderOnEventA61F62AB",
    "OrganizationProviderFramework": "OrganizationProvider",
    "OrganizationProviderIsComplete": "OrganizationProviderIsCompleteE1158617",
    "OrganizationProviderOnEvent": "OrganizationProviderOnEvent693A0BB8",
}
"""Logical ids of the functions that are watched, by those of their alarms without `Failures`."""

BOUNCES = {
    "IncomingEmailBounced": "INCOMING_EMAIL_BOUNCED",
    "OutgoingEmailBounced": "OUTGOING_EMAIL_BOUNCED",
}

NAMESPACE = {"Fn::Join": ["", ["WorkMailOrg/", {"Ref": "AWS::StackName"}]]}


@pytest.fixture(scope="module")
def watched(synthesize: Callable[..., Any]) -> Any:
    return synthesize(WATCHED)


def read_widgets(made: Any) -> list[dict[str, Any]]:
    """Read the dashboard as CloudWatch gets it, with the logical id in the place of each token."""
    (dashboard,) = made.find("AWS::CloudWatch::Dashboard").values()
    parts = cast("list[Any]", dashboard["Properties"]["DashboardBody"]["Fn::Join"][1])
    return json.loads("".join(p if isinstance(p, str) else _name(p) for p in parts))["widgets"]


def _name(token: dict[str, Any]) -> str:
    (value,) = token.values()
    return value if isinstance(value, str) else value[0]


def test_without_the_key_nothing_is_watched(synthesize: Callable[..., Any]) -> None:
    made = synthesize(replace(WATCHED, alarms=None))

    assert [] == [
        logical_id
        for logical_id, resource in made.resources.items()
        if resource["Type"].startswith("AWS::CloudWatch::")
        or resource["Type"] == "AWS::Logs::MetricFilter"
    ]
    assert "DashboardName" not in made.outputs


def test_a_topic_alone_is_told_of_failures_and_of_nothing_else(
    synthesize: Callable[..., Any],
) -> None:
    made = synthesize(replace(WATCHED, alarms=Alarms(topic_arn=TOPIC)))

    assert {f"{name}Failures" for name in FUNCTIONS} == set(made.find("AWS::CloudWatch::Alarm"))
    assert {} == made.find("AWS::CloudWatch::Dashboard")
    assert {} == made.find("AWS::Logs::MetricFilter")


def test_one_error_of_a_handler_or_of_the_function_before_it_tells_the_topic(watched: Any) -> None:
    for name, function in FUNCTIONS.items():
        alarm = watched.get(f"{name}Failures")
        description = alarm.pop("AlarmDescription")

        assert {
            "Namespace": "AWS/Lambda",
            "MetricName": "Errors",
            "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": function}}],
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [TOPIC],
        } == alarm
        assert description.startswith("A handler of Amazon WorkMail failed: ")


def test_functions_that_fail_to_be_asked_again_are_not_watched(watched: Any) -> None:
    """The framework's isComplete fails each time that something is not done yet."""
    alarms = watched.find("AWS::CloudWatch::Alarm").values()
    names = [
        dimension["Value"]["Ref"]
        for alarm in alarms
        for dimension in alarm["Properties"].get("Dimensions", [])
    ]
    handlers = {name: watched.get(name)["Handler"] for name in names}

    assert "framework.isComplete" not in handlers.values()


def test_bounces_are_counted_in_the_email_events_of_the_stack(watched: Any) -> None:
    for name, event in BOUNCES.items():
        assert {
            "LogGroupName": {"Ref": "EmailEvents"},
            "FilterPattern": f'{{ $.event.eventName = "{event}" }}',
            "MetricTransformations": [
                {
                    "MetricNamespace": NAMESPACE,
                    "MetricName": name,
                    "MetricValue": "1",
                    "DefaultValue": 0,
                }
            ],
        } == watched.get(f"{name}Count")


def test_so_many_bounces_within_an_hour_tell_the_topic(watched: Any) -> None:
    for name in BOUNCES:
        alarm = watched.get(f"{name}Alarm")
        alarm.pop("AlarmDescription")

        assert {
            "Namespace": NAMESPACE,
            "MetricName": name,
            "Statistic": "Sum",
            "Period": 3600,
            "EvaluationPeriods": 1,
            "Threshold": 50,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [TOPIC],
        } == alarm


def test_the_dashboard_shows_every_alarm(watched: Any) -> None:
    (alarms,) = (each for each in read_widgets(watched) if each["type"] == "alarm")

    assert sorted(watched.find("AWS::CloudWatch::Alarm")) == sorted(alarms["properties"]["alarms"])


def test_the_dashboard_shows_all_mail_of_the_region(watched: Any) -> None:
    (mail,) = (each for each in read_widgets(watched) if "Mail" in each["properties"]["title"])
    searches = [metric[0]["expression"] for metric in mail["properties"]["metrics"]]

    assert [
        f"SEARCH('Namespace=\"AWS/WorkMail\" MetricName=\"{name}\"', 'Sum', 3600)"
        for name in (
            "OrganizationEmailReceived",
            "MailboxEmailDelivered",
            "OutgoingEmailSent",
            "IncomingEmailBounced",
            "OutgoingEmailBounced",
        )
    ] == searches
    assert "AWS::Region" == mail["properties"]["region"]


def test_the_dashboard_shows_errors_and_durations_of_the_handlers(watched: Any) -> None:
    shown = {
        (metric[0], metric[1], metric[3], metric[4].get("stat"))
        for widget in read_widgets(watched)
        for metric in widget["properties"].get("metrics", [])
        if isinstance(metric[0], str)
    }

    assert {
        ("AWS/Lambda", name, function, stat)
        for name, stat in (("Errors", "Sum"), ("Duration", "Maximum"))
        for function in FUNCTIONS.values()
    } == shown


def test_the_dashboard_shows_what_the_handlers_failed_at(watched: Any) -> None:
    (log,) = (each["properties"] for each in read_widgets(watched) if each["type"] == "log")

    assert set(watched.find("AWS::Logs::LogGroup")) - {"EmailEvents"} == set(
        re.findall(r"SOURCE '(\w+)'", log["query"])
    )
    assert 'filter event = "failed" or outcome = "failed"' in log["query"]


def test_the_dashboard_has_a_name_to_find_it_by(watched: Any) -> None:
    (dashboard,) = watched.find("AWS::CloudWatch::Dashboard")

    assert {"Ref": dashboard} == watched.outputs["DashboardName"]["Value"]
