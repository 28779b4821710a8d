"""Base: what a plan compares with, a file, a revision, what is deployed or what is live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workmail_org.model.organization import Environment
from workmail_org.plan.actual import Actual, predict
from workmail_org.plan.declarations import Declaration, declare


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedState:
    """One stack as it stands.

    Attributes:
        declaration: What is deployed; `None`: there is no stack, but the
            organization that it is to take over.
        actual: What there is.
        is_live: Whether `actual` was read; else it is predicted.
        refusals: Why nothing can be deployed, which looking has shown.
        notes: What else was found out, in words.
        is_whole: Whether everything could be looked at.
    """

    declaration: Declaration | None
    actual: Actual
    is_live: bool = False
    refusals: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What a plan compares with.

    Attributes:
        name: In words.
        account: Of its stacks; `None`: whatever account deploys.
        stacks: By name.
    """

    name: str
    account: str | None = None
    stacks: Mapping[str, DeployedState] = field(default_factory=dict[str, DeployedState])


def make_base(name: str, environment: Environment | None) -> Base:
    """Take a spec as deployed; `None`: nothing is."""
    if environment is None:
        return Base(name=name)
    declarations = [declare(environment, each) for each in environment.organizations]
    return Base(
        name=name,
        account=environment.account,
        stacks={
            each.stack: DeployedState(declaration=each, actual=predict(each))
            for each in declarations
        },
    )
