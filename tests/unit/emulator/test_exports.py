"""Mailbox export jobs over virtual time."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from workmail_emulator import control
from workmail_emulator.storing import StoreError

EXPORT = {
    "RoleArn": "arn:aws:iam::000000000000:role/workmail-export",
    "KmsKeyArn": "arn:aws:kms:eu-west-1:000000000000:key/abc",
    "S3BucketName": "mail-export",
    "S3Prefix": "acme/",
}


@pytest.fixture
def office(make_emulator: Any, account_of: Any) -> Any:
    """Give an organization in which jobs take their time, with twelve mailboxes."""
    account = account_of(make_emulator())
    account.create()
    account.emulator.clock.advance(30)
    for number in range(12):
        account.user(f"u{number}", f"u{number}@acme.awsapps.com")
    return account


def start(account: Any, user: str, **parameters: Any) -> str:
    job_id: str = account("start_mailbox_export_job", EntityId=user, **{**EXPORT, **parameters})[
        "JobId"
    ]
    return job_id


def test_a_job_runs_ten_minutes_and_completes(office: Any) -> None:
    job_id = start(office, "u0", Description="leaving")
    seen: list[tuple[str, int]] = []

    for seconds in (0, 300, 300):
        office.emulator.clock.advance(seconds)
        job = office("describe_mailbox_export_job", JobId=job_id)
        seen.append((job["State"], job["EstimatedProgress"]))

    assert [("RUNNING", 0), ("RUNNING", 50), ("COMPLETED", 100)] == seen
    assert f"acme/{job_id}.zip" == job["S3Path"]
    assert 600.0 == (job["EndTime"] - job["StartTime"]).total_seconds()


def test_ten_jobs_run_at_once_and_a_mailbox_goes_once_a_day(office: Any, refused: Any) -> None:
    for number in range(10):
        start(office, f"u{number}")

    with refused("LimitExceededException"):
        start(office, "u10")
    office.emulator.clock.advance(600)
    start(office, "u10")
    with refused("LimitExceededException"):
        start(office, "u0")
    office.emulator.clock.advance(86400)
    start(office, "u0")


def test_a_running_job_is_cancelled_and_an_ended_one_is_not(office: Any, refused: Any) -> None:
    running, ended = start(office, "u0"), start(office, "u1")
    office.emulator.clock.advance(60)
    office("cancel_mailbox_export_job", JobId=running)
    office.emulator.clock.advance(600)
    office("cancel_mailbox_export_job", JobId=ended)

    listed = office("list_mailbox_export_jobs")["Jobs"]

    assert [("CANCELLED", 10), ("COMPLETED", 100)] == [
        (job["State"], job["EstimatedProgress"]) for job in listed
    ]
    start(office, "u0")
    with refused("EntityNotFoundException"):
        office("cancel_mailbox_export_job", JobId="none")


def test_a_job_may_be_made_to_fail(office: Any) -> None:
    office.emulator.fail_later("StartMailboxExportJob", "bucket is public")
    job_id = start(office, "u0")
    running = office("describe_mailbox_export_job", JobId=job_id)
    office.emulator.clock.advance(600)

    failed = office("describe_mailbox_export_job", JobId=job_id)

    assert ("RUNNING", None) == (running["State"], running.get("ErrorInfo"))
    assert ("FAILED", "bucket is public") == (failed["State"], failed["ErrorInfo"])


def test_jobs_are_listed_for_seven_days(office: Any) -> None:
    job_id = start(office, "u0")

    office.emulator.clock.advance(7 * 86400)

    assert [] == office("list_mailbox_export_jobs")["Jobs"]
    assert "COMPLETED" == office("describe_mailbox_export_job", JobId=job_id)["State"]


def test_the_same_token_starts_one_job(office: Any) -> None:
    assert start(office, "u0", ClientToken="t") == start(office, "u0", ClientToken="t")


def test_only_a_mailbox_in_use_is_exported(office: Any, refused: Any) -> None:
    office("deregister_from_work_mail", EntityId="u0")
    office.group("sales", "sales@acme.awsapps.com")

    for entity in ("u0", "sales", "nobody"):
        with refused("EntityNotFoundException"):
            start(office, entity)
    with refused("InvalidParameterException"):
        start(office, "u1", KmsKeyArn="arn:aws:kms:us-east-1:000000000000:key/abc")


def test_a_mailbox_is_filled_through_the_control_path(office: Any) -> None:
    office.emulator.resize_mailbox(office.emulator.mailboxes[0].token, 12.5)

    assert 12.5 == office("get_mailbox_details", UserId="u0")["MailboxSize"]
    with pytest.raises(KeyError):
        office.emulator.resize_mailbox("none", 1.0)


class Bucket(dict[str, tuple[bytes, str]]):
    """What export jobs wrote: content and key by path; refuses another bucket."""

    def put(self, bucket: str, key: str, content: bytes, kms_key_arn: str) -> None:
        if bucket != EXPORT["S3BucketName"]:
            raise StoreError(f"The bucket {bucket} cannot be written: NoSuchBucket")
        self[key] = (content, kms_key_arn)


def open_office(make_emulator: Any, account_of: Any, bucket: Bucket) -> Any:
    account = account_of(make_emulator(store=bucket.put))
    account.create()
    account.emulator.clock.advance(30)
    for number in range(3):
        account.user(f"u{number}", f"u{number}@acme.awsapps.com")
    return account


def test_a_complete_job_has_written_a_zip_of_messages_and_its_log(
    make_emulator: Any, account_of: Any
) -> None:
    bucket = Bucket()
    office = open_office(make_emulator, account_of, bucket)
    job_id = start(office, "u0")
    office("describe_mailbox_export_job", JobId=job_id)
    before = dict(bucket)
    office.emulator.clock.advance(600)

    path = office("describe_mailbox_export_job", JobId=job_id)["S3Path"]
    content, key = bucket[path]
    log = json.loads(bucket[f"acme/{job_id}.json"][0])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        broken = archive.testzip()
        entries = archive.namelist()
        messages = [message_from_bytes(archive.read(name)) for name in entries]

    assert ({}, EXPORT["KmsKeyArn"]) == (before, key)
    assert None is broken
    assert {"Inbox", "Sent Items", "Deleted Items", "Calendar"} == {
        name.rpartition("/")[0] for name in entries
    }
    assert all(name.endswith(".eml") for name in entries)
    assert all("u0@acme.awsapps.com" in (m["From"], m["To"]) for m in messages)
    assert hashlib.sha384(content).hexdigest() == log["sha384Hash"]
    assert (str(len(entries)), "4") == (log["totalMessages"], log["totalFolders"])
    assert {str} == {type(value) for value in log.values()}
    assert set(log) == {
        *("totalNonExportableItems", "totalMessages", "sha384Hash", "totalBytes"),
        *("totalFolders", "startTime", "endTime"),
    }


def test_a_mailbox_is_exported_to_the_same_bytes_again(make_emulator: Any, account_of: Any) -> None:
    bucket = Bucket()
    office = open_office(make_emulator, account_of, bucket)
    for _ in range(2):
        start(office, "u1")
        office.emulator.clock.advance(86400)
    office("list_mailbox_export_jobs")

    contents = [content for path, (content, _) in bucket.items() if path.endswith(".zip")]

    assert 2 == len(contents)
    assert contents[0] == contents[1]


def test_a_job_that_cannot_write_fails_with_the_words_of_s3(
    make_emulator: Any, account_of: Any
) -> None:
    office = open_office(make_emulator, account_of, Bucket())
    job_id = start(office, "u0", S3BucketName="no-such-bucket")
    office.emulator.clock.advance(600)

    job = office("describe_mailbox_export_job", JobId=job_id)

    assert "FAILED" == job["State"]
    assert "The bucket no-such-bucket cannot be written: NoSuchBucket" == job["ErrorInfo"]


def test_a_cancelled_job_writes_nothing(make_emulator: Any, account_of: Any) -> None:
    bucket = Bucket()
    office = open_office(make_emulator, account_of, bucket)
    job_id = start(office, "u0")
    office("cancel_mailbox_export_job", JobId=job_id)
    office.emulator.clock.advance(600)
    office("list_mailbox_export_jobs")

    assert {} == bucket


def test_answers_have_the_date_of_the_virtual_clock(office: Any) -> None:
    office.emulator.clock.advance(86400)
    answer = office.emulator.client("workmail", region="eu-west-1").list_organizations()
    headers = answer["ResponseMetadata"]["HTTPHeaders"]

    assert int(office.emulator.clock.now()) == parsedate_to_datetime(headers["date"]).timestamp()


def test_what_was_instant_can_take_its_time_from_now_on(
    make_emulator: Any, account_of: Any
) -> None:
    office = account_of(make_emulator(instant=True))
    office.create()
    office.user("u0", "u0@acme.awsapps.com")
    office.user("u1", "u1@acme.awsapps.com")
    at_once = start(office, "u0")
    before = office("describe_mailbox_export_job", JobId=at_once)["State"]
    control.respond(office.emulator, "POST", "/_emulator/instant", b'{"instant": false}')
    office.emulator.clock.advance(30)  # the organization itself takes its time too
    later = start(office, "u1")

    assert ("COMPLETED", "RUNNING") == (
        before,
        office("describe_mailbox_export_job", JobId=later)["State"],
    )
    office.emulator.reset()
    assert {} == office.emulator.state()["regions"]
