"""Writing: the calls of a decision, one after the other, each with a line in the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workmail_org.changes.calls import Call
from workmail_org.errors import ServiceError
from workmail_org.handlers.requests import Request, Run
from workmail_org.service.workmail import WorkMail
from workmail_org.service.writing import Writer


def write_calls(
    run: Run, workmail: WorkMail, request: Request[Any], calls: Sequence[Call], *, arn: str = ""
) -> None:
    """Make calls until one fails.

    Args:
        run: This invocation.
        workmail: The organization.
        request: Gives the client tokens.
        calls: In order; none needs an id.
        arn: Of the organization, for its tags.

    Raises:
        ServiceError: WorkMail refuses a call.
    """
    writer = Writer(workmail, {}, request_id=request.request_id, arn=arn)
    for call in calls:
        try:
            writer.write(call)
        except ServiceError as error:
            run.log_call(call, error)
            raise
        run.log_call(call)
