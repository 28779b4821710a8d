"""The CDK app: one stack for each organization of a spec.

    cdk deploy --all -c spec=config/example.yaml

Context: `spec`, the file; `root`, the folder that no included file may lie
outside of, by default the spec's own.
"""

import sys

from aws_cdk import App

from workmail_org.errors import SpecError
from workmail_org.infra import InvalidSpecStack, OrganizationStack
from workmail_org.spec.problems import Problem

SPEC_WRONG = 2
"""Exit code, as in the command line `workmail-org`."""


def main() -> int:
    """Synthesize; everything that is wrong with the spec is an error of the CDK CLI."""
    app = App()
    spec = app.node.try_get_context("spec") or "config/example.yaml"
    try:
        OrganizationStack.all_from_spec(app, spec, root=app.node.try_get_context("root"))
    except SpecError as error:
        problems = [each for each in error.problems if isinstance(each, Problem)]
        if not problems:  # nothing in a file, such as a digest in the context
            sys.stderr.write(f"{error}\n")
            return SPEC_WRONG
        # For the commands that tell no errors: `cdk ls`, `cdk destroy`.
        sys.stderr.write(f"{spec} is not valid: none of its stacks is known to this command\n")
        app = App()
        InvalidSpecStack(app, problems=problems)
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
