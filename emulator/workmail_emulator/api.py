"""What botocore knows of the two services: operations, shapes, errors, secrets."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import botocore.session

if TYPE_CHECKING:
    from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape

Document = dict[str, Any]
"""Parameters or a reply, as JSON has them."""

WORKMAIL = "workmail"
DIRECTORY_SERVICE = "ds"
TARGETS = {"WorkMailService": WORKMAIL, "DirectoryService_20150416": DIRECTORY_SERVICE}
"""Prefix of the X-Amz-Target header → botocore's name of the service."""

REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
"""Where WorkMail exists; AWS General Reference, facts.md §4.1."""

READS = ("Describe", "Get", "List", "Test", "Assume")
"""How the name of an operation that changes nothing begins; assuming a role makes a token only."""

MASK = "***"


_NOTHING = (None, None, None, None)
_NO_FILE = (None, None, os.devnull, None)


@cache
def session() -> botocore.session.Session:
    """Give the one botocore session: its loader caches the parsed models.

    No profile, configuration file or certificate of the environment is looked at: they are for
    AWS, and one that is not there would be an error.
    """
    # Any: the stubs know no setting that is taken away.
    variables: Any = {
        "profile": _NOTHING,
        "ca_bundle": _NOTHING,
        "config_file": _NO_FILE,
        "credentials_file": _NO_FILE,
    }
    return botocore.session.Session(session_vars=variables)


@cache
def service_model(service: str) -> ServiceModel:
    """Load a service's model."""
    return session().get_service_model(service)


@cache
def operation_model(service: str, operation: str) -> OperationModel | None:
    """Find an operation of a service, or None when AWS has none of that name."""
    model = service_model(service)
    return model.operation_model(operation) if operation in model.operation_names else None


@cache
def error_codes(service: str, operation: str) -> frozenset[str]:
    """Name the errors that the model declares for an operation."""
    model = operation_model(service, operation)
    return frozenset(shape.name for shape in model.error_shapes) if model else frozenset()


def is_write(operation: str) -> bool:
    """Return whether an operation of either service changes anything."""
    return not operation.startswith(READS)


def masked(value: Any, shape: Shape | None) -> Any:
    """Copy parameters with every password replaced.

    Args:
        value: Parameters, or a part of them; of any type, they may be invalid.
        shape: What the model expects there; None where it expects nothing.
    """
    if shape is None:
        # What no model describes could hold anything, also a misspelt password.
        return MASK
    if shape.name.endswith("Password"):
        return MASK
    if shape.type_name == "structure" and isinstance(value, dict):
        members, fields = members_of(shape), cast("Document", value)
        return {key: masked(item, members.get(key)) for key, item in fields.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [masked(item, item_of(shape)) for item in cast("Iterable[Any]", value)]
    return value


def members_of(shape: Shape) -> Mapping[str, Shape]:
    """Give a structure's members."""
    structure: StructureShape = shape  # type: ignore[assignment]  # the caller looked at type_name
    return structure.members


def item_of(shape: Shape) -> Shape:
    """Give a list's member shape."""
    array: ListShape = shape  # type: ignore[assignment]  # the caller looked at type_name
    return array.member


def without_nones(**fields: Any) -> Document:
    """Build a reply from the fields that have a value: AWS leaves the others out."""
    return {name: value for name, value in fields.items() if value is not None}
