"""Thirty mailboxes exported by a real deployment to the local AWS, over days of virtual time."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from email import message_from_bytes
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from effort import ALL
from theatres import CDK
from workmail_org.cli import main
from workmail_org.infra import exports
from workmail_org.operating import exporting
from workmail_org.rehearsal.interrupts import Interrupts
from workmail_org.rehearsal.local import LocalAws, start_local_aws
from workmail_org.rehearsal.processes import Processes

REGION = "eu-west-1"
ACCOUNT = "111122223333"
DAY = 86400.0
PEOPLE = [f"user{number:02d}" for number in range(29)]
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:mail"
SPEC: dict[str, Any] = {
    "version": 1,
    "environment": "production",
    "organizations": {
        "acme": {
            "region": REGION,
            "alias": "acme",
            "users": {name: {"display_name": name.title()} for name in PEOPLE},
            "resources": {"boardroom": {"type": "room"}},
            "groups": {"everybody": {"members": PEOPLE}},
            "exports": {},
            "alarms": {"topic_arn": TOPIC},
        }
    },
}
PATIENCE = 120.0
"""Seconds for one step, on a busy machine."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spec")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[LocalAws]:
    processes = Processes(Interrupts())
    try:
        local = start_local_aws(
            processes,
            tmp_path_factory.mktemp("local"),
            account=ACCOUNT,
            region=REGION,
            verified=[],
        )
        with local.entered():
            local.make_client("sns", REGION).create_topic(Name="mail")
            cdk = CDK(processes, local)
            cdk.bootstrap([REGION])
            spec = folder / "production.yaml"
            spec.write_text(json.dumps(SPEC), encoding="utf-8")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(exports, "_MOST_ROUNDS", 3)  # so that executions follow each other
                cdk.synthesize(spec, folder / "cdk.out")
            cdk.deploy(folder / "cdk.out", {"production-acme": REGION})
            # From now on jobs take ten minutes; what was made has had its time.
            local.control("instant", {"instant": False})
            local.control("clock", {"advance_seconds": 3600})
            yield local
    finally:
        processes.stop()


def run(folder: Path, *arguments: str) -> Result:
    path = str(folder / "production.yaml")
    return CliRunner().invoke(main, ["leave", "export", path, *arguments])


def look(folder: Path, *arguments: str) -> dict[str, Any]:
    """Start a pass or go on with it, and show how far it is."""
    result = run(folder, "--no-watch", "--format", "json", *arguments)
    assert result.exit_code in (0, 5), result.output
    return json.loads(result.stdout)


def start_watching(local: LocalAws, folder: Path) -> subprocess.Popen[str]:
    """Start the command as a process of its own."""
    command = [sys.executable, "-m", "workmail_org", "leave", "export"]
    return subprocess.Popen(  # noqa: S603 - our own program
        [*command, str(folder / "production.yaml")],
        env={**local.environment, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def list_executions(local: LocalAws) -> list[dict[str, Any]]:
    """Describe every execution of the state machine that exports."""
    client: Any = local.make_client("stepfunctions", REGION)
    (arn,) = (
        each["stateMachineArn"]
        for each in client.list_state_machines()["stateMachines"]
        if "ExportMachine" in each["name"]
    )
    return [
        client.describe_execution(executionArn=each["executionArn"])
        for each in client.list_executions(stateMachineArn=arn)["executions"]
    ]


def stop_machine(local: LocalAws) -> int:
    """Stop whatever runs, as a person would by mistake; return how many executions there were."""
    client: Any = local.make_client("stepfunctions", REGION)
    running = [each for each in list_executions(local) if each["status"] == "RUNNING"]
    for each in running:
        client.stop_execution(executionArn=each["executionArn"])
    return len(running)


def list_jobs(local: LocalAws) -> list[dict[str, Any]]:
    """List every job that there ever was, as the emulator has it."""
    (organization,) = local.control("state")["regions"][REGION]["organizations"].values()
    return sorted(organization["exports"].values(), key=lambda job: job["StartTime"])


def wait_until(met: Callable[[], bool], local: LocalAws, *, advance: float = 0.0) -> None:
    """Wait for something, while virtual time passes."""
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < deadline
        if advance:
            local.control("clock", {"advance_seconds": advance})
        time.sleep(0.4)


def listen(local: LocalAws) -> Callable[[], list[str]]:
    """Subscribe to the topic; return what reads the subjects and messages since then."""
    sqs: Any = local.make_client("sqs", REGION)
    queue = sqs.create_queue(QueueName="mail")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    sns: Any = local.make_client("sns", REGION)
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=attributes["QueueArn"])

    def read() -> list[str]:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        return [json.loads(each["Body"])["Message"] for each in answer.get("Messages", ())]

    return read


def count_most(jobs: list[dict[str, Any]]) -> int:
    """Count how many jobs ran at once at most; each takes ten minutes."""
    starts = [job["StartTime"] for job in jobs]
    return max(sum(0 <= at - start < 600 for start in starts) for at in starts)


def test_everybody_ends_verified_or_failed_and_nobody_is_exported_twice_in_a_day(
    local: LocalAws, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workmail: Any = local.make_client("workmail", REGION)
    s3: Any = local.make_client("s3", REGION)
    read_messages = listen(local)
    (summary,) = workmail.list_organizations()["OrganizationSummaries"]
    scope = {"OrganizationId": summary["OrganizationId"]}
    users = {each["Name"]: each["Id"] for each in workmail.list_users(**scope)["Users"]}
    (bucket,) = (b["Name"] for b in s3.list_buckets()["Buckets"] if "export" in b["Name"].lower())

    # Somebody exported one mailbox by hand an hour ago; the next two jobs fail.
    workmail.start_mailbox_export_job(
        **scope,
        EntityId=users["user28"],
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/somebody",
        KmsKeyArn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/somebodys",
        S3BucketName=bucket,
        S3Prefix="by-hand/",
    )
    local.control("clock", {"advance_seconds": 3600})
    failure = {"operation": "StartMailboxExportJob", "message": "the mailbox is damaged"}
    for _ in range(2):
        local.control("failures", failure)

    # The command is killed while jobs are being started, and so is the execution.
    watching = start_watching(local, folder)
    wait_until(lambda: len(list_jobs(local)) >= 4, local)
    watching.kill()
    watching.communicate()
    stopped = stop_machine(local)
    look(folder)

    def is_waiting_for_the_day() -> bool:
        counts = look(folder)["counts"]
        return counts["waiting"] == 3 and counts["running"] + counts["exported"] == 0

    wait_until(is_waiting_for_the_day, local, advance=240)
    between = {each["reference"]: each for each in look(folder)["mailboxes"]}

    # The day passes. Nothing runs at first, and the machine sleeps: it is stopped once more.
    stop_machine(local)
    by_hand = list_jobs(local)[0]["StartTime"]
    now = local.control("clock")["time"]
    local.control("clock", {"advance_seconds": by_hand + DAY + 60 - now})
    look(folder)
    wait_until(lambda: len(list_jobs(local)) == 31, local)
    for _ in range(2):
        local.control("failures", failure)
    local.control("clock", {"advance_seconds": 2 * 3600})  # before the machine sleeps again
    wait_until(lambda: look(folder)["over"], local, advance=240)

    # Looking at the end starts nothing and tells nobody; the topic was told once.
    messages = read_messages()
    monkeypatch.setattr(exporting, "_PAUSE_SECONDS", 0.2)
    done = run(folder)
    jobs, found = list_jobs(local), look(folder)
    mailboxes = {each["reference"]: each for each in found["mailboxes"]}
    failed = {name for name, each in mailboxes.items() if each["stage"] == "failed"}

    assert stopped
    followed = [each for each in list_executions(local) if not json.loads(each["input"])["begin"]]
    assert ALL or followed
    assert {("first", ())} >= {
        (json.loads(each["input"])["series"], tuple(json.loads(each["input"])["names"]))
        for each in followed
    }
    assert (0, "it was exported within the last 24 hours") == (
        between["user28"]["attempts"],
        between["user28"]["reason"],
    )
    assert {*PEOPLE, "resource:boardroom"} == set(mailboxes)
    assert {"verified", "failed"} == {each["stage"] for each in mailboxes.values()}
    assert (2, {"WorkMail says: the mailbox is damaged"}, {2}) == (
        len(failed),
        {mailboxes[name]["reason"] for name in failed},
        {mailboxes[name]["attempts"] for name in failed},
    )
    assert 5 == done.exit_code
    assert "acme: first pass, 30 mailboxes: 28 verified, 2 failed" in done.stdout
    assert [
        "The first pass of mailbox exports is over: 28 verified, 2 failed. "
        "workmail-org leave export shows the reasons."
    ] == messages
    assert [] == read_messages()

    # 28 mailboxes once, two twice, one by hand: never more than ten at once, never twice in a day.
    assert 28 + 2 * 2 + 1 == len(jobs)
    assert count_most(jobs) <= 10
    by_mailbox: dict[str, list[float]] = {}
    for job in jobs:
        by_mailbox.setdefault(job["EntityId"], []).append(job["StartTime"])
    for moments in by_mailbox.values():
        assert all(later - earlier >= DAY for earlier, later in pairwise(moments))

    # Every file is there, encrypted, with the hash of the journal, and has mail of its mailbox.
    for each in (mailbox for mailbox in mailboxes.values() if mailbox["stage"] == "verified"):
        answer = s3.get_object(Bucket=bucket, Key=each["path"])
        content = answer["Body"].read()
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            mail = [message_from_bytes(archive.read(name)) for name in archive.namelist()]
        assert ("aws:kms", "hash") == (answer["ServerSideEncryption"], each["checked"])
        assert hashlib.sha384(content).hexdigest() == each["sha384"]
        assert len(mail) == each["messages"] == each["stated_messages"]
        assert all(each["email"] in (message["From"], message["To"]) for message in mail)
