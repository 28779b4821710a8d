"""What cdk-nag and cfn-lint find in the stacks, and why what stays may stay."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_iam as iam
from cdk_nag import AwsSolutionsChecks

from effort import ALL
from workmail_org.model.organization import Organization

ROOT = Path(__file__).resolve().parents[2]

PROVIDER = "(Organization|Mailboxes)Provider"


@dataclass(frozen=True)
class Finding:
    """What cdk-nag says of one construct.

    Attributes:
        rule: With the finding in brackets, where a rule has several.
        path: Of the construct, below the organization.
    """

    rule: str
    path: str


@dataclass(frozen=True)
class Accepted:
    """A finding that stays, by patterns that match as a whole."""

    rule: str
    path: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        return bool(re.fullmatch(self.rule, finding.rule) and re.fullmatch(self.path, finding.path))


ACCEPTED = (
    Accepted(
        r"AwsSolutions-IAM5\[Resource::\*\]",
        f"{PROVIDER}/Role/Resource",
        "Calls that name no resource (Service Authorization Reference). Statement by statement "
        "with its reason in test_statements_about_everything_are_those_that_have_a_reason.",
    ),
    Accepted(
        r"AwsSolutions-IAM5\[Resource::arn:aws:workmail:[^:]*:[^:]*:organization/\*\]",
        "OrganizationProvider/Role/Resource",
        "This role makes the organization, whose id is not known before.",
    ),
    Accepted(
        r"AwsSolutions-IAM5\[Resource::arn:aws:ds:[^:]*:[^:]*:directory/\*\]",
        "OrganizationProvider/Role/Resource",
        "This role makes the directory, whose id is not known before.",
    ),
    Accepted(
        r"AwsSolutions-IAM5\[Resource::arn:aws:s3:::.*/\*\.json\]",
        "MailboxesProvider/Role/Resource",
        "Collections that are too large for a template are assets with a new name for each "
        "content; IAM takes a while to know a new policy everywhere.",
    ),
    Accepted(
        rf"AwsSolutions-IAM5\[Resource::<{PROVIDER}(OnEvent|IsComplete)\w*\.Arn>:\*\]",
        f"{PROVIDER}/Framework(OnEvent|Complete)Role/DefaultPolicy/Resource",
        "The CDK permits its provider framework to call all versions of the two handlers.",
    ),
    Accepted(
        rf"AwsSolutions-IAM5\[Resource::<{PROVIDER}Frameworkframework\w*\.Arn>:\*\]",
        f"{PROVIDER}/Framework/waiter-state-machine/Role/DefaultPolicy/Resource",
        "The CDK permits its waiter to call all versions of the framework's two functions.",
    ),
    Accepted(
        "AwsSolutions-L1",
        f"{PROVIDER}/(OnEvent|IsComplete)/Resource",
        "Lambda supports Python 3.12 until 2028, when Amazon WorkMail has long ended; a newer "
        "runtime would change every function for nothing.",
    ),
    Accepted(
        "AwsSolutions-SF1",
        f"{PROVIDER}/Framework/waiter-state-machine/Resource",
        "What the waiter passes on holds CloudFormation's signed answer URL and everybody's "
        "names and addresses. What happens is in the handlers' log, which holds neither.",
    ),
    Accepted(
        "AwsSolutions-SF2",
        f"{PROVIDER}/Framework/waiter-state-machine/Resource",
        "The waiter calls one function again and again; a trace shows no more than the log.",
    ),
    Accepted(
        r"AwsSolutions-IAM5\[Resource::arn:aws:s3:::[^/]*/\*\]",
        "ExportRole/Resource",
        "What WorkMail's guide shows (Admin Guide, mail-export); the key narrows it to the prefix.",
    ),
    Accepted(
        r"AwsSolutions-IAM5\[Resource::arn:aws:s3:::[^/]*/workmail-exports/\*\]",
        "ExportCheckRole/Resource",
        "Each job writes a file with a new name below the prefix.",
    ),
    Accepted(
        "AwsSolutions-L1",
        "Export(Round|Check)/Resource",
        "As for the handlers.",
    ),
    Accepted(
        "AwsSolutions-SF1",
        "ExportMachine",
        "The journal says what became of each mailbox, and the functions write a log.",
    ),
    Accepted(
        "AwsSolutions-SF2",
        "ExportMachine",
        "The machine calls one function again and again; a trace shows no more than the log.",
    ),
    Accepted(
        "AwsSolutions-S1",
        "ExportBucket",
        "A log of accesses would need a bucket of its own that stays as long; CloudTrail's data "
        "events say who read a mailbox, where a company wants to know.",
    ),
    Accepted(
        "AwsSolutions-SMG4",
        r"Passwords\d*",
        "First passwords: people replace them, and a new one in the secret would be of no use.",
    ),
    Accepted(
        "AwsSolutions-SMG4",
        "AdminPassword",
        "A directory is made with it; rotating the secret alone would make it wrong.",
    ),
)


def list_findings(stack: Stack) -> set[Finding]:
    """Ask cdk-nag's AWS Solutions pack."""
    report = AwsSolutionsChecks().validate_scope(stack)
    prefix = f"{stack.node.path}/Default/"
    return {
        Finding(violation.rule_name, cast("str", found.construct_path).removeprefix(prefix))
        for violation in report.violations
        for found in violation.violating_resources
    }


def reject(findings: Iterable[Finding]) -> set[Finding]:
    """List the findings that nobody accepted."""
    return {each for each in findings if not any(known.covers(each) for known in ACCEPTED)}


@pytest.fixture(scope="module")
def stacks(context: dict[str, Any], make_every_stack: Callable[[App], list[Stack]]) -> list[Stack]:
    return make_every_stack(App(context=context))


def test_cdk_nag_finds_nothing_that_has_no_reason(stacks: list[Stack]) -> None:
    assert {stack.stack_name: set[Finding]() for stack in stacks} == {
        stack.stack_name: reject(list_findings(stack)) for stack in stacks
    }


def test_no_reason_is_kept_for_what_is_gone(stacks: list[Stack]) -> None:
    found = {finding for stack in stacks for finding in list_findings(stack)}

    assert [] == [each for each in ACCEPTED if not any(each.covers(f) for f in found)]


def test_a_right_to_everything_is_found(synthesize: Callable[..., Any]) -> None:
    made = synthesize(Organization(key="acme", region="eu-west-1", alias="acme"))
    provider = made.stack.organization.node.find_child("MailboxesProvider")
    role = cast("iam.Role", provider.node.find_child("Role"))
    policy = "MailboxesProvider/Role/DefaultPolicy/Resource"
    role.add_to_policy(iam.PolicyStatement(actions=["workmail:*"], resources=["*"]))
    iam.Role(
        made.stack,
        "Administrator",
        assumed_by=cast("iam.IPrincipal", iam.ServicePrincipal("lambda.amazonaws.com")),
        managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("AdministratorAccess")],
    )

    assert {
        Finding("AwsSolutions-IAM5[Action::workmail:*]", policy),
        Finding("AwsSolutions-IAM5[Resource::*]", policy),
        Finding(
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AdministratorAccess]",
            "production-acme/Administrator/Resource",
        ),
    } == reject(list_findings(made.stack))


@pytest.mark.exhaustive  # make check lints the specs of config/, which use every key
def test_cfn_lint_finds_nothing_in_any_stack(
    context: dict[str, Any], make_every_stack: Callable[[App], list[Stack]], tmp_path: Path
) -> None:
    """`make check` lints the stacks of config/, `make test` the one with everything."""
    app = App(context=context, outdir=str(tmp_path))
    make_every_stack(app)
    app.synth()
    pattern = "*.template.json" if ALL else "everything-*.template.json"
    templates = sorted(map(str, tmp_path.glob(pattern)))
    done = subprocess.run(  # noqa: S603 - our own environment
        [str(Path(sys.executable).parent / "cfn-lint"), *templates],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (9 if ALL else 1, 0, "") == (len(templates), done.returncode, done.stdout)
