"""Whatever stops a deployment, its reason is one sentence by which a person knows what to do.

Each failure is one of AWS's, in AWS's words, or what is left when somebody
deleted something by hand between two deployments.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from cloudformation import DeploymentFailedError, FakeS3, RollbackFailedError, Stack
from effort import ALL
from scenes import ACME, make_emulator, make_group, make_organization, make_user
from tables import LedgerTable
from transitions import FULL, NOTHING
from workmail_emulator.faults import Fault
from workmail_org.handlers.requests import Run
from workmail_org.model.domain import MailDomain
from workmail_org.model.policies import Availability, EwsAvailability, Policies
from workmail_org.model.values import Kind
from workmail_org.service.clients import Clients
from workmail_org.service.ledger import DynamoDbLedger

LONG = "a" * 40
"""The longest key of an organization; with the longest environment it names the stack."""

STACK_TRACE = (
    "\n    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)" * 4
)
"""As long as the ones that CDK's framework adds (custom-resources/lib/provider-framework)."""

ROLE = "arn:aws:sts::111122223333:assumed-role/production-acme-MailboxesProviderRole-1A2B3C4D5E6F"
ALICE = make_user("alice")
TABLE = "production-acme-Ledger-1A2B3C4D5E6F"


def refuse(code: str, message: str) -> ClientError:
    return ClientError(cast("Any", {"Error": {"Code": code, "Message": message}}), "Any")


def deny(action: str) -> str:
    return (
        f"User: {ROLE}/handler is not authorized to perform: {action} with an explicit deny in a "
        "service control policy"
    )


class Ruled(Stack):
    """A stack with its ledger in a table."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(make_emulator(**settings), name=f"{'p' * 20}-{LONG}")
        self.table = LedgerTable()

    def make_run(self) -> Run:
        return replace(super().make_run(), open_ledger=self._open_table)

    def _open_table(self, _clients: Clients, _table: str) -> DynamoDbLedger:
        return DynamoDbLedger(cast("Any", self.table), TABLE, sleep=lambda _: None)

    def fail(self, organization: Any) -> str:
        """Deploy what cannot be deployed; return the sentence."""
        with pytest.raises(DeploymentFailedError) as failed:
            self.deploy(organization)
        sentence = str(failed.value)
        assert "\n" not in sentence
        self._measure(sentence)
        return sentence

    def _measure(self, reason: str) -> None:
        """Check the whole answer as CDK's framework sends it, with the longest names there are."""
        event = self.make_event("Update", next(iter(self.deployed.values())).resource)
        answer: dict[str, Any] = {
            "Status": "FAILED",
            # The framework adds where its own log is, and where in itself it was.
            "Reason": f"Error: {reason}\n\nLogs: /aws/lambda/{'f' * 64}\n{STACK_TRACE}",
            "StackId": event["StackId"].replace("/1", "/12345678-1234-1234-1234-123456789012"),
            "RequestId": event["RequestId"],
            "PhysicalResourceId": f"{self.organization_id}/availability-configurations",
            "LogicalResourceId": "AvailabilityConfigurations",
            "NoEcho": False,
            "Data": {},
        }
        assert len(json.dumps(answer, ensure_ascii=False).encode()) < 4096


@pytest.fixture
def ruled() -> Ruled:
    """A stack with alice in it, who has to be read."""
    stack = Ruled()
    stack.deploy(make_organization(ALICE))
    run = stack.make_run()
    ledger = run.open_ledger(run.clients, TABLE)
    ledger.put(replace(each, settled=None) for each in ledger.read(Kind.USER).values())
    return stack


TWO = make_organization(ALICE, make_user("bob"), make_group("sales", "alice"))
WAY_OUT = (
    "; the stack allows its role this: find what takes it away (a service control policy, a "
    "permissions boundary, the policy of a key, a role changed by hand), then deploy again"
)


@pytest.mark.parametrize("operation", ["ListUsers", "DescribeUser", "ListGroups"])
def test_a_denied_read_names_the_action_and_who_may_deny_it(ruled: Ruled, operation: str) -> None:
    message = deny(f"workmail:{operation}")
    ruled.emulator.faults.add(
        Fault(operation=operation, code="AccessDeniedException", message=message, status=400)
    )

    assert f"{operation} failed with AccessDeniedException: {message}{WAY_OUT}" == ruled.fail(TWO)


def test_a_denied_write_is_told_of_each_and_the_way_out_once(ruled: Ruled) -> None:
    message = deny("workmail:CreateUser")
    ruled.emulator.faults.add(
        Fault(
            operation="CreateUser",
            times=0,
            code="AccessDeniedException",
            message=message,
            status=400,
        )
    )
    people = [make_user(f"user{number}") for number in range(2)]
    failed = f"CreateUser failed with AccessDeniedException: {message}"

    assert f"2 user(s) failed: user user0: {failed}{WAY_OUT}; user user1: {failed}" == ruled.fail(
        make_organization(ALICE, *people)
    )


def test_the_longest_reason_still_fits_into_the_answer(ruled: Ruled) -> None:
    people = [
        make_user(f"user{number:03}", display_name="ö" * 200, email=f"u{number:03}@new.example")
        for number in range(99)
    ]
    domains = (*make_organization().domains, MailDomain(name="new.example"))
    ruled.emulator.faults.add(
        Fault(operation="CreateUser", times=0, code="Final", message='"ö\\' * 400, status=400)
    )

    assert ruled.fail(make_organization(ALICE, *people, domains=domains)).endswith(
        "(the whole list is in the log: /aws/lambda/handler stream)"
    )


def test_any_denied_call_is_told_by_its_name_with_the_way_out() -> None:
    clean = Ruled()
    make_and_empty(clean)
    operations = sorted({call.operation for call in clean.emulator.calls})
    unclear: list[str] = []
    for operation in operations if ALL else operations[::4]:
        struck = Ruled()
        message = deny(f"workmail:{operation}")
        struck.emulator.faults.add(
            Fault(operation=operation, times=0, code="AccessDeniedException", message=message)
        )
        # What fails after an update is complete, CloudFormation tells and lives with.
        with suppress(DeploymentFailedError):
            make_and_empty(struck)
        reason = struck.reasons[0]
        told = f"{operation} failed with AccessDeniedException: {message}{WAY_OUT}"
        unclear += [] if told in reason else [reason]

    assert len(operations) > 45
    assert [] == unclear


def make_and_empty(stack: Stack) -> None:
    stack.secrets.values["ews"] = "x"
    stack.deploy(FULL)
    stack.deploy(NOTHING)


def test_a_denied_ledger_names_the_action(ruled: Ruled) -> None:
    ruled.table.refusal = refuse("AccessDeniedException", deny("dynamodb:Query"))

    assert f"Query failed with AccessDeniedException: {deny('dynamodb:Query')}{WAY_OUT}" == (
        ruled.fail(TWO)
    )


@pytest.mark.parametrize("operation", ["get_secret_value", "put_secret_value"])
def test_a_denied_secret_or_key_names_the_action(
    ruled: Ruled, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    def raise_denied(**_: Any) -> None:
        raise refuse("AccessDeniedException", "Access to KMS is not allowed")

    monkeypatch.setattr(ruled.secrets, operation, raise_denied)
    name = "".join(word.title() for word in operation.split("_"))

    assert f"{name} failed with AccessDeniedException: Access to KMS is not allowed{WAY_OUT}" == (
        ruled.fail(TWO)
    )


LARGE = make_organization(
    *(make_user(f"user{number}", department="x" * 250, company="y" * 250) for number in range(200))
)


def test_a_denied_asset_names_it(ruled: Ruled, monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_denied(*_: Any, **__: Any) -> None:
        raise refuse("AccessDenied", deny("s3:GetObject"))

    monkeypatch.setattr(FakeS3, "get_object", raise_denied)
    sentence = ruled.fail(LARGE)

    assert sentence.startswith("GetObject of s3://assets/")
    assert sentence.endswith(f".json failed with AccessDenied: {deny('s3:GetObject')}{WAY_OUT}")


def test_a_lost_asset_is_uploaded_by_deploying_again(
    ruled: Ruled, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*_: Any, **__: Any) -> None:
        raise refuse("NoSuchKey", "The specified key does not exist.")

    monkeypatch.setattr(FakeS3, "get_object", lose)
    sentence = ruled.fail(LARGE)

    assert sentence.endswith(
        ".json is gone, in which lies what was too large for the template: cdk deploy with the "
        "spec of that deployment uploads it again"
    )


def test_a_lost_ledger_says_how_it_comes_back_and_nothing_is_written(ruled: Ruled) -> None:
    ruled.table.refusal = refuse("ResourceNotFoundException", "Requested resource not found")
    ruled.emulator.clear_calls()
    sentence = ruled.fail(TWO)

    assert (
        f"the ledger, DynamoDB table {TABLE}, is gone, and nobody else knows who is this stack's; "
        "restore its backup under the same name (aws dynamodb list-backups --backup-type ALL "
        f"--table-name {TABLE}, then aws dynamodb restore-table-from-backup), then deploy again"
    ) == sentence
    assert [] == list(ruled.emulator.writes)


def test_without_its_ledger_a_stack_can_go_and_removes_nobody() -> None:
    ruled = Ruled()
    ruled.deploy(make_organization(make_user("alice", email="alice@acme.awsapps.com")))
    ruled.table.refusal = refuse("ResourceNotFoundException", "Requested resource not found")
    ruled.emulator.clear_calls()
    ruled.destroy()

    operations = {call.operation for call in ruled.emulator.writes}
    assert not operations & {
        *("DeregisterFromWorkMail", "DeregisterMailDomain"),
        *("DeleteUser", "DeleteGroup"),
    }


def test_a_rollback_is_not_refused_though_its_ledger_is_lost_meanwhile() -> None:
    """A stack that cannot go back is stuck: an organization has nothing in the ledger to go by."""
    ruled = Ruled()
    before = make_organization(domains=(ACME,), tags={"team": "mail"})
    ruled.deploy(before)
    after = replace(before, domains=(ACME, MailDomain(name="new.example")), tags={"team": "it"})

    def lose(phase: str, call: Any) -> None:
        if phase == "after" and call.operation == "TagResource":
            ruled.emulator.on_call = None
            ruled.table.refusal = refuse("ResourceNotFoundException", "not found")

    ruled.emulator.on_call = lose
    with pytest.raises(DeploymentFailedError) as failed:
        ruled.deploy(after)

    assert not isinstance(failed.value, RollbackFailedError)
    assert "UPDATE_ROLLBACK_COMPLETE" == ruled.cloudformation.status


def test_a_lost_password_secret_says_how_another_is_made(
    ruled: Ruled, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(**_: Any) -> None:
        raise refuse(
            "ResourceNotFoundException", "Secrets Manager can't find the specified secret."
        )

    monkeypatch.setattr(ruled.secrets, "get_secret_value", lose)
    monkeypatch.setattr(ruled.secrets, "put_secret_value", lose)
    sentence = ruled.fail(TWO)

    assert (
        "secret arn:secret0 with the passwords of new users is gone: deploy once with passwords: "
        "none and without the new users, then with both again, which makes another secret; who is "
        "there keeps the password"
    ) == sentence


def test_a_secret_marked_for_deletion_says_how_it_is_kept(
    ruled: Ruled, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_marked(**_: Any) -> None:
        raise refuse(
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
        )

    monkeypatch.setattr(ruled.secrets, "get_secret_value", refuse_marked)

    assert ruled.fail(TWO).startswith(
        "secret arn:secret0 cannot be used; if it is marked for deletion: aws secretsmanager "
        "restore-secret --secret-id arn:secret0, then deploy again (GetSecretValue failed with "
    )


def test_a_secret_that_the_spec_names_and_nobody_made(ruled: Ruled) -> None:
    ews = EwsAvailability(endpoint="https://partner.example/ews", username="s", password_secret="p")
    partner = Policies(availability=(Availability(domain="partner.example", ews=ews),))

    assert ruled.fail(make_organization(ALICE, policies=partner)) == (
        "availability 'partner.example': secret p, which the spec names, is not there or holds no "
        "value: make it in the organization's region, then deploy again"
    )


def test_an_organization_that_somebody_deleted_is_told_by_whatever_is_deployed_next(
    ruled: Ruled,
) -> None:
    delete_by_hand(ruled)
    sentence = ruled.fail(TWO)

    assert (
        f"organization {ruled.organization_id} was deleted, and with it every mailbox: destroy "
        "this stack, then deploy again with another alias"
    ) == sentence


def test_the_stack_of_a_deleted_organization_can_be_destroyed(ruled: Ruled) -> None:
    delete_by_hand(ruled)
    ruled.destroy()

    assert {} == ruled.deployed


def delete_by_hand(stack: Stack) -> None:
    stack.workmail.delete_organization(
        OrganizationId=stack.organization_id, DeleteDirectory=True, ForceDelete=True
    )
    stack.emulator.clock.advance(3600)


@pytest.mark.parametrize("operation", ["ListUsers", "CreateUser"])
def test_an_hour_of_throttling_ends_before_the_hour_does(ruled: Ruled, operation: str) -> None:
    ruled.slice_seconds = 600.0  # as long as Lambda's
    ruled.emulator.faults.add(
        Fault(
            operation=operation,
            times=0,
            code="ThrottlingException",
            message="Rate exceeded",
            status=400,
        )
    )
    started = ruled.emulator.clock.now()
    sentence = ruled.fail(TWO)

    assert "ThrottlingException: Rate exceeded; WorkMail takes fewer calls than it is sent" in (
        sentence
    )
    assert sentence.endswith("deploy again when it is quieter")
    # Then CloudFormation still has time to hear of it.
    assert ruled.emulator.clock.now() - started <= 57 * 60


class Nowhere:
    """A client of a region in which WorkMail has no endpoint."""

    meta = SimpleNamespace(region_name="eu-central-1")

    def list_organizations(self, **_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://workmail.eu-central-1.amazonaws.com/")


def test_a_region_without_workmail_is_told_with_those_that_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stack = Ruled()
    run = stack.make_run()
    nowhere = replace(run, clients=replace(run.clients, workmail=cast("Any", Nowhere())))
    monkeypatch.setattr(stack, "make_run", lambda: nowhere)
    with pytest.raises(DeploymentFailedError) as failed:
        stack.deploy(make_organization(ALICE, region="eu-central-1"))

    assert str(failed.value).startswith(
        "WorkMail is not in eu-central-1: deploy to one of eu-west-1, us-east-1, us-west-2 ("
    )
