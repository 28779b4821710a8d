"""What the schema says of a key beyond its shape: where its value goes, what a change does.

Keywords that begin with `x-` say it; editors and validators pass them over:

x-writes     parameters of the API that the value is written to, `UpdateUser.DisplayName`, of
             another service `ds:CreateDirectory.Name`
x-asks       parameters that it is asked with
x-ours       what it decides, where the API has no such parameter
x-immutable  it cannot change: what happens instead
x-change     what a change does, where that is more than the call
x-source     where a limit comes from that the parameter does not have
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import botocore.session

from workmail_org.spec.schema import Schema, load_schema

ANYTHING = "*"
"""Step of a path that stands for any key or position."""

_WORKMAIL = "workmail"
_TITLES = {
    "workmail": "WorkMail",
    "ds": "Directory Service",
    "route53": "Route 53",
    "logs": "CloudWatch Logs",
    "cloudwatch": "CloudWatch",
}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a spec.

    Attributes:
        path: From the root; `*` where the author chooses the name.
        shape: What the schema says, references followed.
    """

    path: tuple[str, ...]
    shape: Schema

    def __str__(self) -> str:
        return ".".join(self.path)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Where the value goes, or what it is asked with."""
        return (*self.shape.get("x-writes", ()), *self.shape.get("x-asks", ()))


def list_keys() -> tuple[Key, ...]:
    """List every key that an author can write, in the order of the schema."""
    return tuple(_walk(load_schema(), ()))


def _walk(shape: Schema, path: tuple[str, ...]) -> Iterator[Key]:
    for name, inner in shape.get("properties", {}).items():
        yield Key((*path, name), inner)
        yield from _walk(inner, (*path, name))
    for word in ("additionalProperties", "items"):
        if isinstance(shape.get(word), dict):
            yield from _walk(shape[word], (*path, ANYTHING))


def find_shape(path: tuple[str, ...]) -> Schema:
    """Find what the schema says about everything at a path with `*` steps."""
    shape = load_schema()
    for step in path:
        inner = shape.get("properties", {}).get(step)
        shape = cast("Schema", inner or shape.get("additionalProperties") or shape.get("items"))
    return shape


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an AWS API.

    Attributes:
        operation: Such as `CreateUser`.
        shapes: Names of its shape in botocore's model and, of a list, of its members'.
    """

    service: str
    operation: str
    shapes: tuple[str, ...]

    @property
    def source(self) -> str:
        """The API that says what it may be."""
        version = read_model(self.service).api_version
        names = ", ".join(f"`{shape}`" for shape in self.shapes)
        return f"{_TITLES[self.service]} API {version}, {names}"


def find_parameter(text: str) -> Parameter:
    """Look a parameter up in botocore's model of its service.

    Raises:
        KeyError: There is no such operation or parameter.
    """
    service, _, rest = text.rpartition(":")
    service = service or _WORKMAIL
    operation, *steps = rest.split(".")
    if operation not in read_model(service).operation_names:
        raise KeyError(text)
    shape: Any = read_model(service).operation_model(operation).input_shape
    for step in steps:
        while shape.type_name == "list":
            shape = shape.member
        if shape.type_name != "structure" or step not in shape.members:
            raise KeyError(text)
        shape = shape.members[step]
    shapes = [shape.name]
    while shape.type_name == "list":
        shape = shape.member
        shapes.append(shape.name)
    return Parameter(service, operation, tuple(shapes))


@cache
def read_model(service: str) -> Any:
    """Read botocore's model of a service."""
    return botocore.session.get_session().get_service_model(service)
