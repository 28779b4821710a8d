"""Policies: what stands under `policies` and `expect`, checked, becomes the model."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from workmail_org.model.expectations import (
    NOT_TOLD,
    Access,
    Attempt,
    Device,
    Expectation,
    Impersonation,
)
from workmail_org.model.policies import Effect, Policies
from workmail_org.model.structuring import Notation, structure
from workmail_org.model.values import Reference, fold, parse_reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    Body = Mapping[str, Any]

_DEVICE = ("device_type", "device_model", "operating_system", "user_agent")


def build_policies(body: Body) -> Policies:
    """Build everything under `policies`."""
    enforced = body.get("inbound_dmarc", {}).get("enforced")
    flat = body if enforced is None else {**body, "inbound_dmarc_enforced": enforced}
    policies = structure(Policies, flat, NOTATION)
    availability = tuple(replace(e, domain=fold(e.domain)) for e in policies.availability)
    return replace(policies, availability=availability)


def _read_scalar(hint: Any, value: Any, where: str) -> Any:  # noqa: ARG001 - the shape
    """Read a scalar of YAML, which the schema has judged."""
    if hint is Reference:
        return parse_reference(value)
    return hint(value) if isinstance(hint, type) and issubclass(hint, StrEnum) else value


def _keep(text: str) -> str:
    return text


NOTATION = Notation(
    name_field=_keep, read_key=_keep, read_scalar=_read_scalar, refuse=AssertionError
)
"""How a spec writes the model. The schema has refused what is missing or of another type."""


def build_expectation(body: Body) -> Expectation:
    """Build one entry of `expect`."""
    effect = Effect.ALLOW if "allow" in body else Effect.DENY
    return Expectation(
        effect=effect,
        attempt=_build_attempt(body[effect], body),
        description=body.get("description"),
    )


def _build_attempt(what: str, body: Body) -> Attempt:
    if what == "mobile":
        told = {key: body[key] for key in _DEVICE if body.get(key, NOT_TOLD) != NOT_TOLD}
        return Device(**told)
    if what == "impersonate":
        return Impersonation(role=body["role"], user=body["user"])
    return Access(action=what, address=body["from"], user=body.get("user"), role=body.get("role"))
