"""What a stack makes for mailbox exports."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from calling import Caller
from exporting import PLACE, open_office
from workmail_org.exporting.journal import Journal
from workmail_org.exporting.model import Pass
from workmail_org.exporting.reading import Bucket, gather_evidence
from workmail_org.exporting.running import advance, begin
from workmail_org.model.alarms import Alarms
from workmail_org.model.exports import Exports
from workmail_org.model.organization import Organization
from workmail_org.model.removal import OnRemoval, Removal

ORGANIZATION = Organization(key="acme", region="eu-west-1", alias="acme", exports=Exports())
KEY = "arn:aws:kms:eu-west-1:111122223333:key/0f1e2d3c-4b5a"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:mail"
ARN = {
    "Fn::Join": [
        "",
        ["arn:aws:workmail:eu-west-1:111122223333:organization/", {"Ref": "Organization"}],
    ]
}


@pytest.fixture(scope="module")
def managed(synthesize: Callable[..., Any]) -> Any:
    """A copy that may be deleted without a trace, but for what was exported."""
    delete = OnRemoval(organization=Removal.DELETE, directory=Removal.DELETE, users=Removal.DELETE)
    return synthesize(replace(ORGANIZATION, on_removal=delete, alarms=Alarms(topic_arn=TOPIC)))


@pytest.fixture(scope="module")
def given(synthesize: Callable[..., Any]) -> Any:
    place = Exports(bucket="archive", key=KEY, prefix="mail/2026/")
    return synthesize(replace(ORGANIZATION, exports=place))


def find_role(synthesized: Any, name: str) -> Any:
    (role,) = (r for k, r in synthesized.find("AWS::IAM::Role").items() if k.startswith(name))
    return role["Properties"]


def list_statements(synthesized: Any, name: str) -> dict[str, Any]:
    (policy,) = find_role(synthesized, name)["Policies"]
    return {each.pop("Sid"): each for each in policy["PolicyDocument"]["Statement"]}


def list_actions(synthesized: Any, name: str) -> set[str]:
    return {
        action
        for statement in list_statements(synthesized, name).values()
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }


def test_workmail_gets_the_role_that_its_guide_shows(given: Any) -> None:
    """WorkMail Admin Guide, "mail-export": trust and permissions, nothing more and nothing less."""
    role = json.loads(json.dumps(find_role(given, "ExportRole")))

    assert role["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "export.workmail.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": "111122223333"},
                "ArnLike": {"aws:SourceArn": ARN},
            },
        }
    ]
    assert role["Policies"][0]["PolicyDocument"]["Statement"] == [
        {
            "Sid": "WriteExports",
            "Effect": "Allow",
            "Action": ["s3:AbortMultipartUpload", "s3:GetBucketPolicyStatus", "s3:PutObject"],
            "Resource": ["arn:aws:s3:::archive", "arn:aws:s3:::archive/*"],
        },
        {
            "Sid": "EncryptExports",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": KEY,
            "Condition": {
                "StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"},
                "StringLike": {
                    "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::archive/mail/2026/*"
                },
            },
        },
    ]


def test_a_managed_bucket_keeps_everything_and_is_closed(managed: Any) -> None:
    bucket = managed.get("ExportBucket")
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    (deny,) = managed.get("ExportBucketPolicy")["PolicyDocument"]["Statement"]

    assert {"Status": "Enabled"} == bucket["VersioningConfiguration"]
    assert {True} == set(bucket["PublicAccessBlockConfiguration"].values())
    assert 4 == len(bucket["PublicAccessBlockConfiguration"])
    assert ("aws:kms", {"Fn::GetAtt": ["ExportKey", "Arn"]}, False) == (
        rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"],
        rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"],
        rule["BucketKeyEnabled"],
    )
    assert ("Deny", {"Bool": {"aws:SecureTransport": "false"}}) == (
        deny["Effect"],
        deny["Condition"],
    )
    assert "Expiration" not in json.dumps(bucket)


def test_what_was_exported_outlives_a_stack_of_which_nothing_else_stays(managed: Any) -> None:
    kept = {
        name: (each.get("DeletionPolicy"), each.get("UpdateReplacePolicy"))
        for name, each in managed.resources.items()
        if name in ("ExportBucket", "ExportBucketPolicy", "ExportKey", "ExportJournal")
    }

    assert dict.fromkeys(kept, ("Retain", "Retain")) == kept
    assert 4 == len(kept)


def test_the_key_is_not_scheduled_for_deletion_by_anybody(managed: Any) -> None:
    _, deny = managed.get("ExportKey")["KeyPolicy"]["Statement"]

    assert ("Deny", {"AWS": "*"}, "kms:ScheduleKeyDeletion") == (
        deny["Effect"],
        deny["Principal"],
        deny["Action"],
    )


def test_the_journal_cannot_be_deleted_and_has_a_backup(managed: Any) -> None:
    journal = managed.get("ExportJournal")

    assert True is journal["DeletionProtectionEnabled"]
    assert {"PointInTimeRecoveryEnabled": True} == journal["PointInTimeRecoverySpecification"]


def test_a_bucket_and_a_key_that_are_given_are_not_made(given: Any) -> None:
    assert {} == {**given.find("AWS::S3::Bucket"), **given.find("AWS::KMS::Key")}
    assert {"archive"} == {
        each["Properties"]["Environment"]["Variables"]["EXPORT_BUCKET"]
        for name, each in given.find("AWS::Lambda::Function").items()
        if name.startswith("Export")
    }


def test_without_exports_nothing_is_made_for_them(synthesize: Callable[..., Any]) -> None:
    made = synthesize(replace(ORGANIZATION, exports=None))

    assert [] == [name for name in made.resources if name.startswith("Export")]


def test_the_functions_may_do_what_they_do_and_nothing_else(managed: Any) -> None:
    """Two passes with a failure and a refusal, and the reading of files with and without a log."""
    office = open_office(users=2)
    office.client.deregister_from_work_mail(OrganizationId=office.organization, EntityId="u1")
    office.emulator.fail_later("StartMailboxExportJob", "damaged")
    noted: set[str] = set()
    table: Any = Caller(office.table, "dynamodb", noted.add)
    objects: Any = Caller(office.objects, "s3", noted.add)
    runner = replace(office.runner, journal=Journal(table, "journal"))
    office.emulator.clear_calls()
    for export_pass in Pass:
        begin(runner, export_pass)
        while not (found := advance(runner, export_pass)).done:
            office.emulator.clock.advance(found.pause)
    runner.journal.find(Pass.FIRST, "somebody")  # as after a write that another one overtook
    called = {f"workmail:{call.operation}" for call in office.emulator.calls}
    noted_by_rounds = set(noted)
    noted.clear()
    for path in [path for path in office.objects.contents if path.endswith(".zip")]:
        gather_evidence(Bucket(objects, PLACE.bucket), path, lambda: False)

    assert called | noted_by_rounds | {
        "iam:PassRole",
        "lambda:InvokeFunction",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    } == list_actions(managed, "ExportRoundRole")
    renamed = {"s3:HeadObject": "s3:GetObject", "s3:ListObjectsV2": "s3:ListBucket"}
    assert {renamed.get(action, action) for action in noted} | {
        *("dynamodb:GetItem", "dynamodb:PutItem", "kms:Decrypt"),
        *("logs:CreateLogStream", "logs:PutLogEvents", "workmail:DescribeOrganization"),
    } == list_actions(managed, "ExportCheckRole")


def test_the_machine_may_call_its_function_and_start_itself(managed: Any, given: Any) -> None:
    (go_on,) = managed.find("AWS::IAM::Policy")["ExportMachineGoesOn"]["Properties"][
        "PolicyDocument"
    ]["Statement"]

    assert {"lambda:InvokeFunction", "sns:Publish"} == list_actions(managed, "ExportMachineRole")
    assert {"lambda:InvokeFunction"} == list_actions(given, "ExportMachineRole")
    assert ("states:StartExecution", {"Ref": "ExportMachine"}) == (
        go_on["Action"],
        go_on["Resource"],
    )


def test_an_execution_that_follows_has_the_names_of_the_one_before(managed: Any) -> None:
    text = managed.get("ExportMachine")["DefinitionString"]["Fn::Join"][1]
    joined = "".join(each if isinstance(each, str) else "TOKEN" for each in text)
    parameters = json.loads(joined)["States"]["GoOn"]["Parameters"]

    assert "States.Format('{}-{}', $.series, States.UUID())" == parameters["Name.$"]
    assert {
        "pass.$": "$.pass",
        "series.$": "$.series",
        "names.$": "$.names",
        "changed.$": "$.changed",
        "begin": False,
        "round": 0,
    } == parameters["Input"]


def test_nobody_hears_of_the_end_without_a_topic(given: Any, managed: Any) -> None:
    def read_states(made: Any) -> set[str]:
        text = made.get("ExportMachine")["DefinitionString"]["Fn::Join"][1]
        joined = "".join(each if isinstance(each, str) else "TOKEN" for each in text)
        return set(json.loads(joined)["States"])

    common = {"Round", "IsOver", "Pause", "GoOn", "Done"}
    assert (common, {*common, "Notify"}) == (read_states(given), read_states(managed))


def test_an_end_of_the_machine_by_failure_is_told_to_the_topic(managed: Any) -> None:
    (alarm,) = (
        each["Properties"]
        for each in managed.find("AWS::CloudWatch::Alarm").values()
        if each["Properties"]["Namespace"] == "AWS/States"
    )

    assert (["arn:aws:sns:eu-west-1:111122223333:mail"], "ExecutionsFailed") == (
        alarm["AlarmActions"],
        alarm["MetricName"],
    )
