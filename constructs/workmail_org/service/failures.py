"""What AWS's error codes mean to us: one table, complete by test against botocore's model."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's, which is not an OSError
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
)

from workmail_org.errors import (
    ConflictError,
    DeniedError,
    NotFoundError,
    PermanentError,
    ServiceError,
    TemporaryError,
)
from workmail_org.service.refusals import find_advice

WORKMAIL_EXCEPTIONS: Mapping[str, type[ServiceError]] = MappingProxyType(
    {
        "DirectoryInUseException": ConflictError,
        # Unreachable for a moment, or deleted: tried again until time is up.
        "DirectoryUnavailableException": TemporaryError,
        "DirectoryServiceAuthenticationFailedException": DeniedError,
        "EmailAddressInUseException": ConflictError,
        "EntityAlreadyRegisteredException": ConflictError,
        "EntityNotFoundException": NotFoundError,
        # The entity's state lags behind the last write (facts.md §10.1, §10.2).
        "EntityStateException": TemporaryError,
        "InvalidConfigurationException": PermanentError,
        "InvalidCustomSesConfigurationException": PermanentError,
        "InvalidParameterException": PermanentError,
        "InvalidPasswordException": PermanentError,
        "LimitExceededException": PermanentError,
        "MailDomainInUseException": ConflictError,
        "MailDomainNotFoundException": NotFoundError,
        # Seen for up to two minutes after verification (facts.md §1.6).
        "MailDomainStateException": TemporaryError,
        "NameAvailabilityException": ConflictError,
        "OrganizationNotFoundException": NotFoundError,
        "OrganizationStateException": TemporaryError,
        "ReservedNameException": PermanentError,
        "ResourceNotFoundException": NotFoundError,
        "TooManyTagsException": PermanentError,
        "UnsupportedOperationException": PermanentError,
    }
)
"""All 22 exceptions of WorkMail API 2017-10-01 (facts.md §1.14)."""

_GENERIC: Mapping[str, type[ServiceError]] = MappingProxyType(
    {
        "AccessDenied": DeniedError,
        "AccessDeniedException": DeniedError,
        "EntityAlreadyExistsException": ConflictError,  # Directory Service
        "EntityDoesNotExistException": NotFoundError,  # Directory Service
        "ExpiredTokenException": DeniedError,
        "InternalFailure": TemporaryError,
        "NoSuchHostedZone": NotFoundError,  # Route 53
        "InternalServerError": TemporaryError,
        "InternalServiceError": TemporaryError,
        "ProvisionedThroughputExceededException": TemporaryError,  # DynamoDB
        "RequestLimitExceeded": TemporaryError,
        "ServiceException": TemporaryError,  # Directory Service
        "ServiceUnavailable": TemporaryError,
        "SlowDown": TemporaryError,
        "Throttling": TemporaryError,
        "ThrottlingException": TemporaryError,
        "TooManyRequestsException": TemporaryError,
        "UnrecognizedClientException": DeniedError,
    }
)

_THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)

_NO_ANSWER = (ConnectionError, HTTPClientError, IncompleteReadError)
"""What botocore raises when an answer is lost: the effect may have happened."""

_SIGN_IN = "there are no AWS credentials; sign in, or set AWS_PROFILE, as for the AWS CLI"

_SERVER_FAULT = 500


def translate(error: Exception, operation: str, *, service: str = "") -> ServiceError:
    """Turn what botocore raises into one of our errors.

    An unknown code is permanent and stands in the message: never silence.

    Args:
        error: As botocore raised it.
        operation: What was called, for people.
        service: As in `refusals`, whose way out is put behind AWS's own words; empty: none has.
    """
    if isinstance(error, ClientError):
        return _translate_answer(error, operation, service)
    if isinstance(error, _NO_ANSWER):
        return TemporaryError(f"{operation} got no answer: {error}", operation=operation)
    if isinstance(error, NoCredentialsError):
        return PermanentError(f"{operation} could not be called: {_SIGN_IN}", operation=operation)
    if isinstance(error, BotoCoreError):  # it was never sent
        return PermanentError(f"{operation} could not be called: {error}", operation=operation)
    raise error


def is_throttled(error: ServiceError) -> bool:
    """Return whether a call had no effect because there were too many."""
    return error.code in _THROTTLED


def _translate_answer(error: ClientError, operation: str, service: str) -> ServiceError:
    code = error.response.get("Error", {}).get("Code", "Unknown")
    detail = error.response.get("Error", {}).get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    cls = WORKMAIL_EXCEPTIONS.get(code) or _GENERIC.get(code)
    if cls is None:
        cls = TemporaryError if status >= _SERVER_FAULT else PermanentError
    said = f"{operation} failed with {code}: {detail}"
    advice = find_advice(service, code)
    return cls(f"{said.rstrip(' .')}; {advice}" if advice else said, operation=operation, code=code)
