"""No password is anywhere but in its secret: not after anything that people do.

The real CDK CLI deploys, changes, fails and rolls back; the commands are run as a
person runs them. Then everything that was written anywhere is searched for
every password that was ever in a secret, in every form that it could have.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from canaries import (
    find_leaks,
    list_base64_forms,
    list_forms,
    read_passwords,
    show,
    show_files,
)
from effort import ALL
from theatres import CDK
from workmail_org.cli import main
from workmail_org.errors import DeploymentError
from workmail_org.rehearsal.deploying import Cdk
from workmail_org.rehearsal.interrupts import Interrupts
from workmail_org.rehearsal.local import LocalAws, start_local_aws
from workmail_org.rehearsal.localizing import localize
from workmail_org.rehearsal.processes import Processes
from workmail_org.rehearsal.stand_ins import StandIns

REGION = "eu-west-1"
ACCOUNT = "111122223333"
STACK = "production-acme"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"

EWS_CANARY = 'Canary-1/in the "coal" & <mine>%41+é'
DIRECTORY_CANARY = "Canary-2%in+the/coal=Mine"
GIVEN = {"partner/ews": EWS_CANARY, "directory/account": DIRECTORY_CANARY}


def make_spec(*users: str, **fields: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "environment": "production",
        "account": ACCOUNT,
        "organizations": {
            "acme": {
                "region": REGION,
                "alias": "acme",
                "kms_key_arn": KEY,
                "directory": {
                    "type": "simple_ad",
                    "name": "corp.example",
                    "short_name": "CORP",
                    "size": "small",
                    "vpc_id": "vpc-01234567",
                    "subnet_ids": ["subnet-01234567", "subnet-12345678"],
                    "admin_password_secret": "directory/account",
                },
                "users": {
                    name: {"display_name": name.title(), "aliases": [f"{name}.x@acme.awsapps.com"]}
                    for name in users
                },
                "groups": {"sales": {"members": ["alice"]}},
                "policies": {
                    "availability": {
                        "partner.example": {
                            "ews": {
                                "endpoint": "https://partner.example/ews",
                                "username": "svc",
                                "password_secret": "partner/ews",
                            }
                        }
                    }
                },
                **fields,
            }
        },
    }


@dataclass
class Mine:
    """A local AWS, what was said in it, and the passwords that were ever in a secret."""

    local: LocalAws
    cdk: Cdk
    folder: Path
    said: dict[str, str] = field(default_factory=dict[str, str])
    passwords: set[str] = field(default_factory=set[str])
    stand_ins: StandIns = field(init=False)
    spec: Path = field(init=False)

    def __post_init__(self) -> None:
        self.stand_ins = StandIns(self.local)

    def deploy(self, name: str, spec: dict[str, Any]) -> None:
        """Deploy a spec; a failure is something that was said."""
        folder = self.folder / name
        folder.mkdir()
        draft, self.spec = folder / "draft.yaml", folder / "spec.yaml"
        draft.write_text(json.dumps(spec), encoding="utf-8")
        localize([(draft, self.spec)], self.stand_ins, root=None)
        self._let_canaries_in()
        self.cdk.synthesize(self.spec, folder / "cdk.out")
        if name == "change":
            self.said["change: cdk diff"] = self.cdk.diff(folder / "cdk.out")
        try:
            self.cdk.deploy(folder / "cdk.out", {STACK: REGION})
        except DeploymentError as error:
            self.said[f"{name}: failure"] = f"{error!r} {error}"
        self._remember()

    def _let_canaries_in(self) -> None:
        client = self.client("secretsmanager")
        for name, canary in GIVEN.items():
            client.put_secret_value(SecretId=name, SecretString=canary)

    def run(self, *arguments: str | Path) -> None:
        """Run `workmail-org`."""
        result = CliRunner().invoke(main, [*map(str, arguments)])
        told = f"{result.output} {result.exception!r}"
        self.said[f"workmail-org {shlex.join(map(str, arguments))}"] = told
        self._remember()

    def _remember(self) -> None:
        self.passwords |= set(read_passwords(self.client("secretsmanager")))

    def client(self, service: str) -> Any:
        return self.local.make_client(service, REGION)


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mine]:
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
            cdk = CDK(processes, local)
            cdk.bootstrap([REGION])
            mine = Mine(local, cdk, tmp_path_factory.mktemp("specs"))
            live(mine)
            yield mine
    finally:
        processes.stop()


def live(mine: Mine) -> None:
    """Do everything that passwords are there for, and everything that can go wrong."""
    mine.deploy("create", make_spec("alice", "bob"))
    if ALL:  # what fails below changes something too
        mine.deploy("change", make_spec("alice", "bob", "carol"))
    mine.deploy("fail", make_spec("alice", "bob", "carol", "dora", "krbtgt"))
    if ALL:
        fault = {"operation": "CreateUser", "code": "InvalidPasswordException"}
        mine.local.control("faults", fault)
        mine.deploy("refuse", make_spec("alice", "bob", "carol", "erin"))
    mine.deploy("remove", make_spec("alice", "carol"))
    mine.run("removed", mine.spec)
    mine.run("reset-password", mine.spec, "alice")
    mine.run("purge", mine.spec, "bob")
    mine.run("restore", mine.spec, "bob")
    for form in ("text", "json", "markdown", "html"):
        mine.run(
            "plan", mine.folder / "create" / "spec.yaml", "--against", "live", "--format", form
        )
    mine.run("plan", mine.spec, "--against", "deployed")
    for command in ("validate", "show", "records"):
        mine.run(command, mine.spec)


def test_everything_was_done(mine: Mine) -> None:
    said = {name.removeprefix("workmail-org ").split()[0]: text for name, text in mine.said.items()}

    assert "ReservedNameException" in mine.said["fail: failure"]
    assert not ALL or "InvalidPasswordException" in mine.said["refuse: failure"]
    assert "acme: bob is switched off" in said["removed"]
    assert "alice has a new password" in said["reset-password"]
    assert "bob: mailbox of" in said["purge"]
    assert "bob is switched on again" in said["restore"]
    plans = [text for name, text in mine.said.items() if name.startswith("workmail-org plan")]
    assert ["carol" in plan for plan in plans] == [True, True, True, True, False]
    # Of alice two, of bob, carol, dora and krbtgt, of erin; two were given, after two stand-ins.
    assert {EWS_CANARY, DIRECTORY_CANARY} < mine.passwords
    assert (11 if ALL else 10) == len(mine.passwords)


def test_no_password_is_anywhere_but_in_its_secret(mine: Mine) -> None:
    exhibits = dict(show_everything(mine))

    assert {"files", "stack", "bucket", "history", "log", "ledger", "said", "function"} <= {
        name.partition(" ")[0] for name in exhibits
    }
    assert "" == "\n".join(find_leaks(exhibits, mine.passwords))


def show_everything(mine: Mine) -> Iterator[tuple[str, bytes]]:
    """Give everything that was written anywhere, but the secrets."""
    for folder in (mine.folder, mine.local.folder):
        for name, content in show_files(folder):
            yield f"files {name}", content
    for name, text in mine.said.items():
        yield from show(f"said {name}", text)
    for part in (show_stacks, show_buckets, show_waiters, show_logs, show_ledger, show_functions):
        yield from part(mine)
    yield from show("emulator calls", mine.local.control("calls"))
    yield from show("emulator state", mine.local.control("state"))


def show_stacks(mine: Mine) -> Iterator[tuple[str, bytes]]:
    client = mine.client("cloudformation")
    for stage in ("Original", "Processed"):
        template = client.get_template(StackName=STACK, TemplateStage=stage)["TemplateBody"]
        yield from show(f"stack template {stage}", template)
    for operation, key in (
        ("describe_stacks", "Stacks"),
        ("describe_stack_events", "StackEvents"),
        ("list_stack_resources", "StackResourceSummaries"),
    ):
        pages = client.get_paginator(operation).paginate(StackName=STACK)
        yield from show(f"stack {operation}", [each for page in pages for each in page[key]])
    found = client.describe_stack_resources(StackName=STACK)["StackResources"]
    yield from show("stack describe_stack_resources", found)


def show_buckets(mine: Mine) -> Iterator[tuple[str, bytes]]:
    client = mine.client("s3")
    for bucket in client.list_buckets()["Buckets"]:
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"]):
            for each in page.get("Contents", ()):
                body = client.get_object(Bucket=bucket["Name"], Key=each["Key"])["Body"].read()
                yield from show(f"bucket {each['Key']}", body)


def show_waiters(mine: Mine) -> Iterator[tuple[str, bytes]]:
    """Give what Step Functions remembers of each execution of each waiter."""
    client = mine.client("stepfunctions")
    for machine in client.list_state_machines()["stateMachines"]:
        arn = machine["stateMachineArn"]
        yield from show(f"history {arn}", client.describe_state_machine(stateMachineArn=arn))
        for execution in client.list_executions(stateMachineArn=arn)["executions"]:
            told = execution["executionArn"]
            yield from show(f"history {told}", client.describe_execution(executionArn=told))
            pages = client.get_execution_history(executionArn=told, maxResults=1000)
            assert pages["events"]
            yield from show(f"history {told} events", pages["events"])


def show_logs(mine: Mine) -> Iterator[tuple[str, bytes]]:
    client = mine.client("logs")
    for page in client.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            pages = client.get_paginator("filter_log_events").paginate(logGroupName=name)
            lines = [event["message"] for each in pages for event in each["events"]]
            yield from show(f"log {name}", lines)


def show_ledger(mine: Mine) -> Iterator[tuple[str, bytes]]:
    client = mine.client("dynamodb")
    for table in client.list_tables()["TableNames"]:
        items = client.scan(TableName=table)["Items"]
        assert items
        yield from show(f"ledger {table}", items)


def show_functions(mine: Mine) -> Iterator[tuple[str, bytes]]:
    client = mine.client("lambda")
    for function in client.list_functions()["Functions"]:
        yield from show(f"function {function['FunctionName']}", function)


def test_the_secret_of_an_organization_with_a_key_is_encrypted_with_it(mine: Mine) -> None:
    organization = json.loads(mine.spec.read_text(encoding="utf-8"))["organizations"]["acme"]
    client = mine.client("secretsmanager")
    stack = mine.client("cloudformation").describe_stack_resources(StackName=STACK)
    (arn,) = (
        resource["PhysicalResourceId"]
        for resource in stack["StackResources"]
        if resource["LogicalResourceId"] == "Passwords"
    )

    assert organization["kms_key_arn"] == client.describe_secret(SecretId=arn)["KmsKeyId"]


FORMS = sorted(list_forms(EWS_CANARY)) + sorted(list_base64_forms(EWS_CANARY))


@pytest.mark.parametrize("number", range(len(FORMS)))
def test_whatever_form_a_password_leaks_in_it_is_found(number: int) -> None:
    leak = b'{"message": "' + FORMS[number] + b'"}'

    assert ["log"] == find_leaks({"log": leak, "clean": b"nothing"}, {EWS_CANARY})
