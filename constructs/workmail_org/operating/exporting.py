"""Exporting: a pass of mailbox exports is started in AWS, or watched; the work is done there."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from workmail_org.errors import (
    InputError,
    NotFoundError,
    PermanentError,
    SpecError,
)
from workmail_org.exporting.jobs import read_time
from workmail_org.exporting.journal import Journal
from workmail_org.exporting.model import Exported, Pass, Stage
from workmail_org.exporting.running import HOW_TO_NAME, choose_rows, list_missing
from workmail_org.leaving.looking import explain_no_exports
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.values import Reference, parse_reference
from workmail_org.service.clients import make_clients, open_session
from workmail_org.service.failures import translate
from workmail_org.service.reading import list_resources as list_rooms
from workmail_org.service.reading import list_users
from workmail_org.service.stacks import list_resources
from workmail_org.service.templates import read_stack
from workmail_org.service.workmail import WorkMail
from workmail_org.spec.suggesting import nearest
from workmail_org.wire.names import EXPORT_JOURNAL_ID

_MACHINE, _ORGANIZATION = "ExportMachine", "Organization"
"""Logical ids, the same in every release."""

_RUNNING, _SUCCEEDED = "RUNNING", "SUCCEEDED"

_PAUSE_SECONDS = 15.0
"""Between two looks at the journal; a round takes place once a minute."""

_ENTRIES_A_SECOND = 100
"""The journal of a large organization is looked at less often: it is read as a whole."""

_PATIENCE_LOOKS = 4
"""Step Functions shows a new execution a little late (API, ListExecutions)."""

_LOOK_SECONDS, _LOOKS = 2.0, 30
"""A round that finds nothing to do ends within seconds."""

Follow = Callable[[Sequence[Exported]], None]
"""Is told the entries of a pass at each look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPass:
    """One pass of one organization.

    Attributes:
        name: `first` or `final`.
        states: Client of Step Functions.
        chosen: Folded references of whom a person asked for; empty: everybody.
    """

    organization: str
    name: Pass
    machine_arn: str
    states: Any
    journal: Journal
    workmail: WorkMail
    chosen: frozenset[Reference] = frozenset()

    def read(self) -> list[Exported]:
        """Read whom a person asked for."""
        return [
            entry
            for entry in self.journal.read(self.name)
            if not self.chosen or entry.reference.folded in self.chosen
        ]


@dataclass(frozen=True, slots=True)
class PassView:
    """What was seen of a pass.

    Attributes:
        entries: Of the journal.
        has_ended: Whether the run ended by itself: whoever has a mailbox is among the entries.
    """

    entries: Sequence[Exported]
    has_ended: bool

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        return self.has_ended and all(entry.is_over for entry in self.entries)

    @property
    def all_verified(self) -> bool:
        """Whether the pass has every mailbox that there is; there may be none."""
        return self.has_ended and all(
            entry.stage is Stage.VERIFIED or entry.gone_at is not None for entry in self.entries
        )


def open_pass(
    environment: Environment,
    organization: Organization,
    name: Pass,
    only: Collection[str] = (),
) -> ExportPass:
    """Find what exports the mailboxes of an organization.

    Raises:
        SpecError: The spec declares no exports.
        InputError: Some name has no mailbox.
        NotFoundError: They are not deployed.
        ServiceError: AWS refuses.
    """
    if organization.exports is None:
        raise SpecError(
            [
                f"organizations.{organization.key} has no exports: say where mailboxes go, such as "
                "exports: {bucket: managed}, and deploy"
            ]
        )
    clients = make_clients(organization.region)
    stack = f"{environment.name}-{organization.key}"
    found = list_resources(clients.cloudformation, stack)
    if not found.get(_MACHINE):
        deployed = read_stack(clients, stack)
        raise NotFoundError(explain_no_exports(stack, organization.region, deployed))
    workmail = WorkMail(clients.workmail, found[_ORGANIZATION])
    if only:
        rows = [*list_users(workmail), *list_rooms(workmail)]
        having = choose_rows(rows, (), now=read_time(workmail))
        _check_names(only, {row.reference.folded: str(row.reference) for row in having})
    return ExportPass(
        organization=organization.key,
        name=name,
        machine_arn=found[_MACHINE],
        states=open_session().create_client("stepfunctions", region_name=organization.region),
        journal=Journal(clients.dynamodb, found[EXPORT_JOURNAL_ID]),
        workmail=workmail,
        chosen=frozenset(parse_reference(each).folded for each in only),
    )


def _check_names(names: Collection[str], having: Mapping[Reference, str]) -> None:
    """Refuse names that are nobody's, with the nearest ones."""
    problems: list[str] = []
    for name in list_missing(having, names):
        near = nearest(name, [shown.casefold() for shown in having.values()])
        hint = f'; did you mean "{near}"?' if near else ""
        problems.append(f'--only: no mailbox has the name "{name}": {HOW_TO_NAME}{hint}')
    if problems:
        raise InputError(problems)


_PART = "part"
"""In the name of an execution that puts only some into a pass: the others are still to be added."""


def start(
    export_pass: ExportPass,
    only: Collection[str] = (),
    *,
    retry: bool = False,
    again: bool = False,
    verify: bool = False,
) -> str:
    """Start a pass, or go on with the one that runs.

    With names, to try again or to do it again, another execution is started beside the one that
    runs: it puts them into the pass. Both keep to the same journal and to WorkMail's limits.

    Returns:
        ARN of the execution.

    Raises:
        ServiceError: AWS refuses.
    """
    running = _find_running(export_pass, whole=True)
    if running and not (only or retry or again or verify):
        return running
    series = f"{export_pass.name}-{_PART}" if only else str(export_pass.name)
    event = {
        "pass": str(export_pass.name),
        "series": series,
        "begin": True,
        "names": sorted(only),
        "retry": retry,
        "again": again,
        "verify": verify,
        "round": 0,
    }
    answer = _call(
        export_pass,
        "StartExecution",
        stateMachineArn=export_pass.machine_arn,
        name=f"{series}-{uuid.uuid4()}",
        input=json.dumps(event),
    )
    return str(answer["executionArn"])


def watch(
    export_pass: ExportPass,
    execution: str,
    follow: Follow,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> PassView:
    """Look at the journal until nothing runs any more.

    Args:
        export_pass: Which.
        execution: ARN of the one that is known to run.
        follow: Is told what is found.
        sleep: Waits.

    Raises:
        PermanentError: The execution failed; the message says why.
        ServiceError: AWS refuses.
    """
    patience = _PATIENCE_LOOKS
    while True:
        # In this order: what an execution did before its end is in the journal.
        state = _describe(export_pass, execution)
        entries = export_pass.read()
        follow(entries)
        if state != _RUNNING:
            successor = _find_running(export_pass)
            all_over = bool(entries) and all(entry.is_over for entry in entries)
            if successor is None and (all_over or patience == 0):
                return PassView(entries, has_ended=state == _SUCCEEDED)
            execution, patience = successor or execution, patience - (successor is None)
        sleep(max(_PAUSE_SECONDS, len(entries) / _ENTRIES_A_SECOND))


def look(
    export_pass: ExportPass, execution: str, *, sleep: Callable[[float], None] = time.sleep
) -> PassView:
    """Look at the journal once it says who is in the pass.

    What was just started has listed nobody yet, newcomers included: until it has, or has ended,
    nobody knows whether anything is left to do.

    Raises:
        PermanentError: The execution failed; the message says why.
        ServiceError: AWS refuses.
    """
    for _ in range(_LOOKS):
        state = _describe(export_pass, execution)
        entries = export_pass.read()
        if state != _RUNNING or not all(entry.is_over for entry in entries):
            return PassView(entries, has_ended=state == _SUCCEEDED)
        sleep(_LOOK_SECONDS)
    return PassView(export_pass.read(), has_ended=False)


def _find_running(export_pass: ExportPass, *, whole: bool = False) -> str | None:
    """Find an execution of this pass that runs; its name begins with that of the pass.

    Args:
        export_pass: Which.
        whole: Only one that has put everybody into the pass.
    """
    part = f"{export_pass.name}-{_PART}-"
    token: dict[str, Any] = {}
    while True:
        page = _call(
            export_pass,
            "ListExecutions",
            stateMachineArn=export_pass.machine_arn,
            statusFilter=_RUNNING,
            **token,
        )
        for each in page["executions"]:
            named: str = each["name"]
            if named.startswith(f"{export_pass.name}-") and not (whole and named.startswith(part)):
                return str(each["executionArn"])
        if not page.get("nextToken"):
            return None
        token = {"nextToken": page["nextToken"]}


def _describe(export_pass: ExportPass, execution: str) -> str:
    """Return the state of an execution.

    Raises:
        PermanentError: It failed.
    """
    try:
        answer = export_pass.states.describe_execution(executionArn=execution)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ExecutionDoesNotExist":
            return _RUNNING  # it was started a moment ago
        raise translate(error, "DescribeExecution") from error
    except BotoCoreError as error:
        raise translate(error, "DescribeExecution") from error
    if answer["status"] == "FAILED":
        raise PermanentError(
            f"the exports of {export_pass.organization} have stopped: {_explain(answer)}; the same "
            "command goes on when that is set right",
            operation="StartExecution",
        )
    return str(answer["status"])


def _explain(answer: Mapping[str, Any]) -> str:
    """Say why an execution failed: a function's error is JSON in its cause."""
    cause = str(answer.get("cause", ""))
    try:
        document: Any = json.loads(cause)
    except ValueError:
        document = None
    words = ""
    if isinstance(document, dict):
        words = cast("Mapping[str, Any]", document).get("errorMessage", "")
    return str(words or cause or answer.get("error", "no reason is given"))


def _call(export_pass: ExportPass, operation: str, **parameters: Any) -> Mapping[str, Any]:
    methods: Mapping[str, Any] = {
        "ListExecutions": export_pass.states.list_executions,
        "StartExecution": export_pass.states.start_execution,
    }
    try:
        answer: Mapping[str, Any] = methods[operation](**parameters)
    except (ClientError, BotoCoreError) as error:
        raise translate(error, operation) from error
    return answer
