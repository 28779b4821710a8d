"""Exports in tests: a journal's table and a bucket in memory, and a runner on the emulator."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from calling import connect
from workmail_emulator import Emulator
from workmail_org.exporting import deciding
from workmail_org.exporting.jobs import read_time
from workmail_org.exporting.journal import Journal
from workmail_org.exporting.model import Exported, Pass, Stage
from workmail_org.exporting.reading import Bucket, gather_evidence
from workmail_org.exporting.running import ExportTarget, Runner
from workmail_org.service.workmail import WorkMail

REGION = "eu-west-1"
PLACE = ExportTarget(
    bucket="mail-archive",
    prefix="exports/",
    key_arn="arn:aws:kms:eu-west-1:000000000000:key/abc",
    role_arn="arn:aws:iam::000000000000:role/workmail-export",
)


def refuse(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)


@dataclass
class Table:
    """What DynamoDB does with the calls of a journal; two entries a page."""

    items: dict[tuple[str, str], Any] = field(default_factory=dict[tuple[str, str], Any])

    def put_item(self, **parameters: Any) -> Any:
        item = parameters["Item"]
        place = (item["Pass"]["S"], item["Id"]["S"])
        there = self.items.get(place)
        if parameters["ConditionExpression"] == "attribute_not_exists(Revision)":
            met = there is None
        else:
            assert parameters["ConditionExpression"] == "Revision = :revision"
            expected = parameters["ExpressionAttributeValues"][":revision"]
            met = there is not None and there["Revision"] == expected
        if not met:
            raise refuse("ConditionalCheckFailedException", "PutItem")
        self.items[place] = item
        return {}

    def get_item(self, **parameters: Any) -> Any:
        key = parameters["Key"]
        found = self.items.get((key["Pass"]["S"], key["Id"]["S"]))
        return {"Item": found} if found else {}

    def query(self, **parameters: Any) -> Any:
        wanted = parameters["ExpressionAttributeValues"][":pass"]["S"]
        places = sorted(place for place in self.items if place[0] == wanted)
        start = parameters.get("ExclusiveStartKey", 0)
        page = {"Items": [self.items[place] for place in places[start : start + 2]]}
        return {**page, "LastEvaluatedKey": start + 2} if start + 2 < len(places) else page


@dataclass
class Objects:
    """A bucket; counts the largest piece that was read at once."""

    contents: dict[str, bytes] = field(default_factory=dict[str, bytes])
    largest: int = 0

    def store(self, bucket: str, key: str, content: bytes, kms_key_arn: str) -> None:
        assert (PLACE.bucket, PLACE.key_arn) == (bucket, kms_key_arn)
        self.contents[key] = content

    def head_object(self, **parameters: Any) -> Any:
        if parameters["Key"] not in self.contents:
            raise refuse("404", "HeadObject")
        size = len(self.contents[parameters["Key"]])
        return {"ContentLength": size, "VersionId": f"version of {size} bytes"}

    def get_object(self, **parameters: Any) -> Any:
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", parameters["Range"])
        assert found is not None
        piece = self.contents[parameters["Key"]][int(found[1]) : int(found[2]) + 1]
        self.largest = max(self.largest, len(piece))
        return {"Body": io.BytesIO(piece)}

    def list_objects_v2(self, **parameters: Any) -> Any:
        """List one object a page."""
        keys = sorted(key for key in self.contents if key.startswith(parameters["Prefix"]))
        at = int(parameters.get("ContinuationToken", 0))
        page = [{"Key": key, "Size": len(self.contents[key])} for key in keys[at : at + 1]]
        more = at + 1 < len(keys)
        return {
            "Contents": page,
            "IsTruncated": more,
            **({"NextContinuationToken": str(at + 1)} if more else {}),
        }


@dataclass
class Office:
    """An organization whose mailboxes are exported; the files are read at once.

    Attributes:
        reads: Whether anybody reads files; else they wait.
    """

    emulator: Emulator
    objects: Objects
    client: Any
    organization: str
    table: Table = field(default_factory=Table)
    reads: bool = True

    @property
    def workmail(self) -> WorkMail:
        return WorkMail(self.client, self.organization)

    @property
    def journal(self) -> Journal:
        client: Any = self.table
        return Journal(client, "journal")

    @property
    def runner(self) -> Runner:
        return Runner(
            workmail=self.workmail,
            journal=self.journal,
            place=PLACE,
            check=self.check,
            clock=self.emulator.clock.now,
            log=lambda *_, **__: None,
        )

    def check(self, entry: Exported) -> None:
        if not self.reads:
            return
        client: Any = self.objects
        found = gather_evidence(Bucket(client, PLACE.bucket), entry.path or "", lambda: False)
        now = read_time(self.workmail)
        self.journal.write(deciding.judge_evidence(entry, found, now=now))

    def read(self, export_pass: Pass = Pass.FIRST) -> dict[str, Exported]:
        return {entry.name: entry for entry in self.journal.read(export_pass)}

    def stages(self, export_pass: Pass = Pass.FIRST) -> dict[str, Stage]:
        return {name: entry.stage for name, entry in self.read(export_pass).items()}

    def count_starts(self) -> dict[str, list[float]]:
        """List when a job of each mailbox was really started, by the id of its user."""
        state = self.emulator.state()["regions"][REGION]["organizations"][self.organization]
        started: dict[str, list[float]] = {}
        for job in state["exports"].values():
            started.setdefault(job["EntityId"], []).append(job["StartTime"])
        return started

    def add_user(self, name: str) -> str:
        user_id: str = self.client.create_user(
            OrganizationId=self.organization,
            Name=name,
            DisplayName=name.title(),
            Password="Correct-Horse-7",
        )["UserId"]
        self.client.register_to_work_mail(
            OrganizationId=self.organization, EntityId=user_id, Email=f"{name}@acme.awsapps.com"
        )
        return user_id

    def start_by_hand(self, entity_id: str) -> str:
        job_id: str = self.client.start_mailbox_export_job(
            OrganizationId=self.organization,
            EntityId=entity_id,
            RoleArn=PLACE.role_arn,
            KmsKeyArn=PLACE.key_arn,
            S3BucketName=PLACE.bucket,
            S3Prefix="by-hand/",
        )["JobId"]
        return job_id


def open_office(users: int = 3) -> Office:
    """Make an organization with users u0, u1, … whose clock stands still."""
    objects = Objects()
    moment = datetime(2026, 11, 26, 9, tzinfo=UTC).timestamp()
    emulator = Emulator(store=objects.store, start=moment)
    client = connect(emulator, "workmail", REGION)
    organization = client.create_organization(Alias="acme")["OrganizationId"]
    emulator.clock.advance(30)
    office = Office(emulator, objects, client, organization)
    for number in range(users):
        office.add_user(f"u{number}")
    return office
