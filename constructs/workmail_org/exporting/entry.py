"""The Lambda functions of exports: one round, and reading one file.

Both are asked again and again, in any order and twice: nothing depends on what they remember.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from workmail_org.errors import PermanentError
from workmail_org.exporting import deciding
from workmail_org.exporting.jobs import read_time
from workmail_org.exporting.journal import Journal
from workmail_org.exporting.model import Exported, Pass, Stage
from workmail_org.exporting.reading import Bucket, gather_evidence
from workmail_org.exporting.running import ExportTarget, Runner, advance, begin
from workmail_org.service.clients import PATIENT, make_clients, open_session
from workmail_org.service.failures import translate
from workmail_org.service.workmail import WorkMail
from workmail_org.wire.names import (
    EXPORT_BUCKET,
    EXPORT_CHECK,
    EXPORT_JOURNAL,
    EXPORT_KEY_ARN,
    EXPORT_ORGANIZATION,
    EXPORT_PREFIX,
    EXPORT_ROLE_ARN,
)

_MARGIN_MILLISECONDS = 60_000
"""Kept back by who reads a large file, to write down what is known of it."""


class ExportContext(Protocol):
    """What we need of Lambda's context object."""

    def get_remaining_time_in_millis(self) -> int:
        """Return how long this invocation may still run."""
        ...


def run_round(event: Mapping[str, Any], _context: ExportContext) -> dict[str, Any]:
    """Take one round of a pass.

    Args:
        event: `pass` (first, final); `begin` whether mailboxes are to be put into it, by `names`
            or all, with `retry` those that failed, with `again` all once more, with `verify` their
            files read again; `series` begins
            the names of this execution and of those that follow it; `round` counts the rounds of
            this execution, `changed` whether any of them wrote anything.
        _context: Lambda's.

    Returns:
        The next event, with `done`, `pause` in seconds, and the number of mailboxes by stage.

    Raises:
        WorkMailOrgError: The state machine tries again, or gives up.
    """
    logging.getLogger("workmail_org").setLevel(logging.INFO)
    export_pass = Pass(event["pass"])
    runner = _make_runner()
    added = 0
    if event.get("begin"):
        retry = bool(event.get("retry"))
        again = bool(event.get("again"))
        added = begin(
            *(runner, export_pass, event.get("names", ())),
            retry=retry,
            again=again,
            verify=bool(event.get("verify")),
        )
    found = advance(runner, export_pass)
    return {
        "pass": str(export_pass),
        "series": str(event.get("series", export_pass)),
        "names": list(event.get("names", ())),
        "begin": False,
        "round": int(event.get("round", 0)) + 1,
        "done": found.done,
        "changed": bool(event.get("changed") or added or found.changed),
        "pause": found.pause,
        "verified": found.counts[Stage.VERIFIED],
        "failed": found.counts[Stage.FAILED],
    }


def check_file(event: Mapping[str, Any], context: ExportContext) -> None:
    """Read the file of one mailbox, and note in the journal whether it is verified.

    Args:
        event: `pass` and `id` of a journal's entry.
        context: Lambda's: says when there is no time to read on.
    """
    logging.getLogger("workmail_org").setLevel(logging.INFO)
    clients = make_clients()
    journal = Journal(clients.dynamodb, os.environ[EXPORT_JOURNAL])
    entry = journal.find(Pass(event["pass"]), event["id"])
    if entry is None or entry.stage is not Stage.EXPORTED or entry.path is None:
        return  # somebody was faster
    now = read_time(WorkMail(clients.workmail, os.environ[EXPORT_ORGANIZATION]))
    try:
        evidence = gather_evidence(
            Bucket(clients.s3, os.environ[EXPORT_BUCKET]),
            entry.path,
            lambda: context.get_remaining_time_in_millis() < _MARGIN_MILLISECONDS,
        )
    except PermanentError as error:
        # Says nothing about the file: another export would be as unreadable.
        reason = f"{entry.path} cannot be read: {error}"
        journal.write(deciding.fail(entry, reason, now=now, again=False))
        return
    journal.write(deciding.judge_evidence(entry, evidence, now=now))


def _make_runner() -> Runner:
    clients = make_clients(config=PATIENT)
    functions = open_session().create_client("lambda", config=PATIENT)

    def check(entry: Exported) -> None:
        # Not waited for: reading a large file takes all of a function's time.
        try:
            functions.invoke(
                FunctionName=os.environ[EXPORT_CHECK],
                InvocationType="Event",
                Payload=json.dumps({"pass": str(entry.export_pass), "id": entry.id}).encode(),
            )
        except (BotoCoreError, ClientError) as error:
            raise translate(error, "Invoke") from error

    return Runner(
        workmail=WorkMail(clients.workmail, os.environ[EXPORT_ORGANIZATION]),
        journal=Journal(clients.dynamodb, os.environ[EXPORT_JOURNAL]),
        place=ExportTarget(
            bucket=os.environ[EXPORT_BUCKET],
            prefix=os.environ[EXPORT_PREFIX],
            key_arn=os.environ[EXPORT_KEY_ARN],
            role_arn=os.environ[EXPORT_ROLE_ARN],
        ),
        check=check,
        clock=time.time,
    )
