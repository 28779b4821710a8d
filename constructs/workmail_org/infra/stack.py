"""OrganizationStack: one organization of a spec, in its region."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from aws_cdk import Annotations, Stack
from aws_cdk import Environment as AwsEnvironment
from constructs import Construct

from workmail_org.errors import SpecError
from workmail_org.infra.annotating import add_warnings
from workmail_org.infra.keeping import keeps_organization
from workmail_org.infra.organization import OrganizationResource
from workmail_org.model.lifetime import describe_end_of_support, describe_expiry
from workmail_org.model.organization import Environment, Organization
from workmail_org.spec.building import read_spec
from workmail_org.spec.problems import Problem


class OrganizationStack(Stack):
    """A stack with one organization, named `<environment>-<key>`.

    Says when Amazon WorkMail ends as a warning, unless the spec acknowledges it.
    A copy that has expired is an error for synth, diff and deploy; `cdk destroy`
    still works on it. CloudFormation refuses to delete the stack of an
    organization that stays (`on_removal.organization: retain`, or taken over):
    its people would be switched off.

    Args:
        scope: An app or a stage.
        environment: The spec that declares the organization.
        organization: One of its organizations.
        today: For the end of support and the expiry; the default is today, in
            UTC.

    Attributes:
        organization: The organization; gives its id and ARN to other stacks.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        environment: Environment,
        organization: Organization,
        today: date | None = None,
    ) -> None:
        super().__init__(
            scope,
            f"{environment.name}-{organization.key}",
            env=AwsEnvironment(
                account=environment.account or os.environ.get("CDK_DEFAULT_ACCOUNT"),
                region=organization.region,
            ),
            termination_protection=keeps_organization(organization),
            description=f"Amazon WorkMail organization {organization.alias} ({environment.name})",
        )
        self._annotate(environment, today or datetime.now(tz=UTC).date())
        self.organization = OrganizationResource(self, "Default", organization=organization)

    def _annotate(self, environment: Environment, today: date) -> None:
        annotations = Annotations.of(self)
        if not environment.acknowledge_end_of_support:
            said = describe_end_of_support(today)
            annotations.add_warning_v2("workmail-org:end-of-support", said)
        expiry = describe_expiry(environment.expires, today)
        if expiry:
            annotations.add_error(expiry)

    @classmethod
    def from_spec(
        cls,
        scope: Construct,
        path: str | Path,
        *,
        organization: str,
        root: str | Path | None = None,
    ) -> OrganizationStack:
        """Make the stack of one organization of a spec.

        Args:
            scope: An app or a stage.
            path: The spec.
            organization: Spec key of the organization.
            root: Folder that no included file may lie outside of; the default
                is the spec's own.

        Raises:
            SpecError: The spec is wrong, or has no such organization.
        """
        environment, problems = _read(path, root)
        for declared in environment.organizations:
            if declared.key == organization:
                return cls._make(scope, environment, declared, problems)
        declared = ", ".join(each.key for each in environment.organizations)
        raise SpecError(
            [f'{path}: no organization "{organization}" is declared; declared: {declared}']
        )

    @classmethod
    def all_from_spec(
        cls, scope: Construct, path: str | Path, *, root: str | Path | None = None
    ) -> list[OrganizationStack]:
        """Make the stack of every organization of a spec, in the spec's order.

        Args:
            scope: An app or a stage.
            path: The spec.
            root: Folder that no included file may lie outside of; the default
                is the spec's own.

        Raises:
            SpecError: The spec is wrong.
        """
        environment, problems = _read(path, root)
        return [
            cls._make(scope, environment, organization, problems)
            for organization in environment.organizations
        ]

    @classmethod
    def _make(
        cls,
        scope: Construct,
        environment: Environment,
        organization: Organization,
        problems: Sequence[Problem],
    ) -> OrganizationStack:
        stack = cls(scope, environment=environment, organization=organization)
        add_warnings(stack, problems, organization=organization.key)
        return stack


def _read(path: str | Path, root: str | Path | None) -> tuple[Environment, tuple[Problem, ...]]:
    reading = read_spec(Path(path), root=Path(root) if root else None)
    if reading.environment is None:
        raise SpecError(reading.problems)
    return reading.environment, reading.problems
