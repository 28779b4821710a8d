"""The CDK app: one stack for each organization of a spec.

    cdk deploy --all --app "python3 -m workmail_org.app" -c spec=config/production.yaml

Context: `spec`, the file; `root`, the folder that no included file may lie
outside of, by default the spec's own.
"""

from __future__ import annotations

import gc
import os
import sys

from workmail_org.errors import MissingExtraError, SpecError
from workmail_org.spec.problems import Problem

_NOT_INSTALLED = 1
_SPEC_WRONG = 2
"""Exit codes, as in the command line `workmail-org`."""

_VALIDATION = "CDK_VALIDATION"
"""Whether the CDK validates templates; jsii's process reads it (aws-cdk-lib 2.275, `core/App`)."""


def main(default_spec: str | None = None) -> int:
    """Synthesize the app; every problem of the spec is an error of the CDK CLI.

    Args:
        default_spec: The spec if the context names none.

    Returns:
        An exit code.
    """
    # It takes as long as everything else together, and the schema has said more of the same spec.
    # The tests have every stack validated; CDK_VALIDATION=true does here too. See decision 24.
    os.environ.setdefault(_VALIDATION, "false")
    gc.disable()  # a synthesis makes no garbage, and the process ends with it
    try:
        return _synthesize(default_spec)
    finally:
        gc.enable()


def _synthesize(default_spec: str | None) -> int:
    try:
        from workmail_org.infra import InvalidSpecStack, OrganizationStack
    except MissingExtraError as error:
        return _refuse(error, _NOT_INSTALLED)
    from aws_cdk import App

    app = App()
    spec = app.node.try_get_context("spec")
    if spec is None and default_spec is not None:
        spec = default_spec
        sys.stderr.write(f"no spec is named, so this is about {spec}; -c spec=FILE names another\n")
    if not spec:
        return _refuse("no spec is named: add -c spec=FILE to the cdk command", _SPEC_WRONG)
    try:
        OrganizationStack.all_from_spec(app, spec, root=app.node.try_get_context("root"))
    except SpecError as error:
        problems = [each for each in error.problems if isinstance(each, Problem)]
        if not problems:  # nothing in a file, such as a digest in the context
            return _refuse(error, _SPEC_WRONG)
        # For the commands that show no errors: `cdk ls`, `cdk destroy`.
        missing = [each.message for each in problems if each.rule == "file" and not each.path]
        fault = f": {missing[0]}" if missing else " is not valid"
        sys.stderr.write(f"{spec}{fault}: none of its stacks is known to this command\n")
        app = App()
        InvalidSpecStack(app, problems=problems)
    app.synth()
    return 0


def _refuse(reason: object, code: int) -> int:
    sys.stderr.write(f"{reason}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
