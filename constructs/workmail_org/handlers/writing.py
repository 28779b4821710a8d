"""Writing: the calls of a decision, one after the other, each with a line in the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workmail_org.changes.calls import Call, Subject
from workmail_org.errors import ServiceError
from workmail_org.handlers.requests import Request, Run
from workmail_org.service.directories import DirectoryService
from workmail_org.service.passwords import read_secret
from workmail_org.service.workmail import WorkMail
from workmail_org.service.writing import Writer


def write_calls(
    run: Run, workmail: WorkMail, request: Request[object], calls: Sequence[Call], *, arn: str = ""
) -> Mapping[Subject, str]:
    """Make calls until one fails; return the ids of what they created.

    Args:
        run: This invocation.
        workmail: The organization.
        request: Gives the client tokens.
        calls: In order; none needs an id.
        arn: Of the organization, for its tags.

    Raises:
        ServiceError: WorkMail refuses a call.
    """
    writer = Writer(
        workmail,
        {},
        request_id=request.request_id,
        arn=arn,
        directories=DirectoryService(run.clients.directory_service),
        read_secret=lambda secret: read_secret(run.clients.secrets, secret),
    )
    for call in calls:
        try:
            writer.write(call)
        except ServiceError as error:
            run.log_call(call, error)
            raise
        run.log_call(call)
    return writer.ids
