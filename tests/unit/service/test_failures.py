from __future__ import annotations

from typing import Any, cast

import botocore.session
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from workmail_org.errors import (
    ConflictError,
    DeniedError,
    NotFoundError,
    PermanentError,
    ServiceError,
    TemporaryError,
)
from workmail_org.service.failures import WORKMAIL_EXCEPTIONS, is_throttled, translate


def fail(code: str, status: int = 400) -> ServiceError:
    answer = {
        "Error": {"Code": code, "Message": "because"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return translate(ClientError(cast("Any", answer), "Call"), "Call")


def test_every_exception_of_the_service_model_has_its_meaning() -> None:
    model = botocore.session.get_session().get_service_model("workmail")
    shapes = {shape.name for shape in model.error_shapes}

    assert 22 == len(shapes)
    assert shapes == set(WORKMAIL_EXCEPTIONS)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *WORKMAIL_EXCEPTIONS.items(),
        ("AccessDeniedException", DeniedError),
        ("ThrottlingException", TemporaryError),
        ("InternalFailure", TemporaryError),
        ("ProvisionedThroughputExceededException", TemporaryError),
        ("EntityDoesNotExistException", NotFoundError),
        ("EntityAlreadyExistsException", ConflictError),
        ("NeverHeardOfException", PermanentError),
    ],
)
def test_a_code_becomes_its_kind_of_error(code: str, kind: type[ServiceError]) -> None:
    error = fail(code)

    assert (kind, "Call", code) == (type(error), error.operation, error.code)
    assert f"Call failed with {code}: because" == str(error)


def test_an_unknown_failure_of_the_service_itself_may_pass() -> None:
    assert TemporaryError is type(fail("NeverHeardOf", status=503))


@pytest.mark.parametrize(
    "error",
    [
        ConnectionClosedError(endpoint_url="https://x"),
        ReadTimeoutError(endpoint_url="https://x"),
        EndpointConnectionError(endpoint_url="https://x"),
    ],
)
def test_a_lost_answer_may_pass(error: Exception) -> None:
    assert TemporaryError is type(translate(error, "Call"))


def test_what_was_never_sent_is_final() -> None:
    error = translate(ParamValidationError(report="Missing X"), "Call")

    assert PermanentError is type(error)
    assert str(error).startswith("Call could not be called: ")


def test_who_is_not_signed_in_is_told_what_to_do() -> None:
    error = translate(NoCredentialsError(), "ListUsers")

    assert type(error) is PermanentError
    assert str(error) == (
        "ListUsers could not be called: there are no AWS credentials; sign in, or set AWS_PROFILE,"
        " as for the AWS CLI"
    )


def test_an_error_of_ours_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        translate(ZeroDivisionError(), "Call")


def test_throttling_is_told_from_other_passing_failures() -> None:
    assert is_throttled(fail("ThrottlingException"))
    assert not is_throttled(fail("EntityStateException"))
    assert not is_throttled(fail("LimitExceededException"))
