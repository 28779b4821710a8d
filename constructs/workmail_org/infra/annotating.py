"""Annotating: problems of a spec, where the CDK tells everything else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aws_cdk import Annotations, CfnWaitConditionHandle, Stack
from constructs import Construct

from workmail_org.spec.problems import Problem, Severity

SPEC_WARNING = "workmail-org:spec"
"""What acknowledges warnings of a spec, in another app's `Annotations`."""


class InvalidSpecStack(Stack):
    """Stands for the stacks of a spec that is wrong: an error for each problem.

    The CDK CLI says the errors and refuses to synthesize, compare or deploy. It has
    a name of its own: under the name of a real stack, `--ignore-errors` would make
    its template the real one's, which takes everything away.

    Args:
        scope: An app or a stage.
        problems: An error among them; warnings are left out.
    """

    def __init__(self, scope: Construct, *, problems: Sequence[Problem]) -> None:
        super().__init__(scope, "invalid-spec", description="A spec that cannot be deployed")
        # Without a resource the CLI has an error of its own to tell.
        CfnWaitConditionHandle(self, "Nothing")
        for problem in problems:
            if problem.severity is Severity.ERROR:
                Annotations.of(self).add_error(str(problem))


def add_warnings(stack: Stack, problems: Iterable[Problem], *, organization: str) -> None:
    """Say the warnings of a spec that are about an organization, or about all.

    Args:
        stack: Of the organization.
        problems: Of the spec, which is right.
        organization: Spec key.
    """
    for problem in problems:
        if problem.path[:1] != ("organizations",) or problem.path[1:2] in ((), (organization,)):
            Annotations.of(stack).add_warning_v2(SPEC_WARNING, str(problem))
