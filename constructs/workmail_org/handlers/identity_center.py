"""Sign-in through IAM Identity Center: `Custom::WorkMailIdentityCenter`."""

from __future__ import annotations

from collections.abc import Sequence

from workmail_org.changes.brakes import list_sign_in_brakes
from workmail_org.changes.calls import Call
from workmail_org.changes.settings import (
    IDENTITY_CENTER,
    LiveIdentityCenter,
    begin_identity_center,
    identity_center_between,
)
from workmail_org.errors import NotFoundError, ServiceError, UnsafePlanError
from workmail_org.handlers.approving import approve
from workmail_org.handlers.requests import Progress, Request, RequestType, Run
from workmail_org.handlers.stopping import stop
from workmail_org.service.policies import read_identity_center
from workmail_org.service.reading import read_organization
from workmail_org.service.workmail import WorkMail
from workmail_org.service.writing import Writer
from workmail_org.wire.properties import IdentityCenterProperties


class IdentityCenterLifecycle:
    """An application at IAM Identity Center, and how people sign in.

    The physical id is `<organization id>/identity-center`.
    """

    def begin(self, run: Run, request: Request[IdentityCenterProperties]) -> str:
        """Refuse another instance, the end of passwords without a word, what was not approved."""
        desired = request.desired
        if request.is_delete:
            return request.physical_id or ""
        workmail = run.open_organization(desired.organization_id)
        actual = read_identity_center(workmail)
        if request.type is RequestType.UPDATE:
            wanted = desired.identity_center.instance_arn
            if actual and actual.identity_center.instance_arn != wanted:
                raise UnsafePlanError(
                    "the instance of identity_center cannot change, from "
                    f"{actual.identity_center.instance_arn} to {wanted}: every user's assignment "
                    "would be lost; remove identity_center in one deployment and declare it again "
                    "in the next"
                )
        present = actual.identity_center if actual else None
        stop(run, request, workmail, list_sign_in_brakes(present, desired.identity_center))
        approve(run, request, _list_calls(actual, desired))
        return request.physical_id or f"{desired.organization_id}/identity-center"

    def advance(self, run: Run, request: Request[IdentityCenterProperties]) -> Progress:
        """Make the application once, then bring the configuration; or take both away."""
        workmail = run.open_organization(request.desired.organization_id)
        actual = read_identity_center(workmail)
        if request.is_delete:
            return _take_away(run, workmail, actual)
        application = actual.application_arn if actual else _create(workmail, request)
        calls = identity_center_between(actual, request.desired.identity_center, application)
        _write(run, workmail, calls)
        return Progress(done=not calls, waiting_for="the sign-in configuration is not seen yet")


def _list_calls(
    actual: LiveIdentityCenter | None, desired: IdentityCenterProperties
) -> Sequence[Call]:
    center = desired.identity_center
    if actual is None:
        return begin_identity_center(center, desired.application_name)
    return identity_center_between(actual, center, actual.application_arn)


def _create(workmail: WorkMail, request: Request[IdentityCenterProperties]) -> str:
    """Make the application; the token gives the same one when an answer was lost."""
    answer = WorkMail(workmail.client).call(
        "CreateIdentityCenterApplication",
        Name=request.desired.application_name,
        InstanceArn=request.desired.identity_center.instance_arn,
        ClientToken=request.request_id,
    )
    return str(answer["ApplicationArn"])


def _write(run: Run, workmail: WorkMail, calls: Sequence[Call]) -> None:
    writer = Writer(workmail, {})
    for call in calls:
        writer.write(call)
        run.log_call(call)


def _take_away(run: Run, workmail: WorkMail, actual: LiveIdentityCenter | None) -> Progress:
    """Delete the configuration and the application, whose ARN only the configuration tells."""
    organization = read_organization(workmail)
    if organization is None or organization.is_going:
        return Progress(done=True)
    if actual is None:
        return Progress(done=True)
    run.log("write", call=f"{IDENTITY_CENTER}: DeleteIdentityCenterApplication")
    plain = WorkMail(workmail.client)
    try:
        plain.call("DeleteIdentityCenterApplication", ApplicationArn=actual.application_arn)
    except NotFoundError:
        pass
    except ServiceError as error:
        # It may be refused while the configuration names it: then it goes after that.
        run.log("call failed", call="DeleteIdentityCenterApplication", error=str(error))
        workmail.call("DeleteIdentityProviderConfiguration")
        plain.call("DeleteIdentityCenterApplication", ApplicationArn=actual.application_arn)
        return Progress(done=True)
    workmail.call("DeleteIdentityProviderConfiguration")
    return Progress(done=True)
