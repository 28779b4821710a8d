"""What the CDK CLI and CloudFormation say, read."""

from __future__ import annotations

from typing import Any

from workmail_org.rehearsal.deploying import (
    ResourceEvent,
    clean_reason,
    list_failures,
    parse_event,
)

STACK = "AWS::CloudFormation::Stack"


def event(status: str, kind: str, reason: str = "") -> dict[str, Any]:
    """Make a stack event as DescribeStackEvents answers it."""
    made = {"ResourceStatus": status, "ResourceType": kind, "LogicalResourceId": "Id"}
    return {**made, "ResourceStatusReason": reason} if reason else made


def test_a_line_about_a_resource_is_read() -> None:
    line = (
        "production-acme | 23/24 | 8:00:14 PM | CREATE_COMPLETE         |"
        " Custom::WorkMailUsers            | Mail/Users/Resource/Default (MailUsers0A1B2C3D) "
    )

    expected = ResourceEvent(
        stack="production-acme",
        type="Custom::WorkMailUsers",
        name="Mail/Users",
        status="CREATE_COMPLETE",
        done=23,
        total=24,
    )
    assert expected == parse_event(line)


def test_a_stack_that_is_deleted_has_no_total() -> None:
    line = "t |  16 | 8:00:58 PM | DELETE_IN_PROGRESS      | AWS::IAM::Role     | On/Role (On1) "
    read = parse_event(line)

    assert read is not None
    assert (16, None) == (read.done, read.total)


def test_any_other_line_is_no_event() -> None:
    assert parse_event("✨  Synthesis time: 0.02s") is None
    assert parse_event("production-acme: deploying... [1/1]") is None


def test_a_failure_names_the_resource_and_its_reason() -> None:
    events = [
        event("UPDATE_ROLLBACK_COMPLETE", STACK),
        event("UPDATE_FAILED", "AWS::IAM::Policy", "Resource update cancelled"),
        event("UPDATE_FAILED", "Custom::WorkMailGroups", "group sales: no user alice"),
        event("UPDATE_FAILED", "Custom::WorkMailUsers", "alice: the address is taken"),
        event("UPDATE_IN_PROGRESS", STACK),
        event("UPDATE_FAILED", "Custom::WorkMailUsers", "of the deployment before"),
    ]

    expected = [
        "t: Custom::WorkMailUsers: alice: the address is taken",
        "t: Custom::WorkMailGroups: group sales: no user alice",
    ]
    assert expected == list_failures("t", events)


def test_a_rollback_does_not_hide_the_failure() -> None:
    events = [
        event("ROLLBACK_COMPLETE", STACK, "Rollback complete"),
        event("DELETE_COMPLETE", "Custom::WorkMailUsers"),
        event("ROLLBACK_IN_PROGRESS", STACK, "The following resource(s) failed: [Users]."),
        event("CREATE_FAILED", "Custom::WorkMailUsers", "bob: the name is reserved"),
        event("CREATE_IN_PROGRESS", STACK, "User Initiated"),
    ]

    assert list_failures("t", events) == ["t: Custom::WorkMailUsers: bob: the name is reserved"]


def test_a_reason_is_the_sentence_alone() -> None:
    reason = (
        "Error: alice: the address is taken\n\nLogs: /aws/lambda/t-On52B46D8D\n\n"
        "    at invokeUserFunction (/code/framework.js:2:6)\n    at async onEvent"
    )

    assert clean_reason(reason) == "alice: the address is taken"
