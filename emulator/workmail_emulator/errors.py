"""What the emulator answers instead of a reply.

`ServiceFault` travels as an AWS error; `ResponseLost` as a broken connection.
"""

from __future__ import annotations


class ServiceFault(Exception):  # noqa: N818  AWS's word, and what a test injects
    """An AWS error answer.

    Attributes:
        code: AWS's error code, such as `EntityStateException`.
        message: The sentence beside it.
        status: HTTP status; every modelled WorkMail error is a 400.
    """

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class ResponseLost(Exception):  # noqa: N818  it is not an error of the service, the network lost it
    """The call took effect or not; its answer never arrives."""


def invalid_parameter(message: str) -> ServiceFault:
    """Build the error for a request that does not match the service's restrictions."""
    return ServiceFault("InvalidParameterException", message)


def entity_not_found(identifier: str) -> ServiceFault:
    """Build the error for an identifier nobody in the organization has."""
    return ServiceFault("EntityNotFoundException", f"Entity '{identifier}' is not found.")


def entity_state(message: str) -> ServiceFault:
    """Build the error for an entity that is not in the state an operation needs."""
    return ServiceFault("EntityStateException", message)


def not_found(message: str) -> ServiceFault:
    """Build the error for an absent setting, role or tagged resource."""
    return ServiceFault("ResourceNotFoundException", message)


def limit_exceeded(message: str) -> ServiceFault:
    """Build the error for a quota that is used up."""
    return ServiceFault("LimitExceededException", message)


def unsupported(message: str) -> ServiceFault:
    """Build the error for a write that a read-only directory does not take."""
    return ServiceFault("UnsupportedOperationException", message)
