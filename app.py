"""The CDK app: one stack for each organization of a spec.

    cdk deploy --all -c spec=config/example.yaml

Context: `spec`, the file; `root`, the folder that no included file may lie
outside of, by default the spec's own.
"""

import sys

from aws_cdk import App

from workmail_org.errors import SpecError
from workmail_org.infra import OrganizationStack

SPEC_WRONG = 2
"""Exit code, as in the command line `workmail-org`."""


def main() -> int:
    """Synthesize; say everything that is wrong with the spec."""
    app = App()
    spec = app.node.try_get_context("spec") or "config/example.yaml"
    try:
        OrganizationStack.all_from_spec(app, spec, root=app.node.try_get_context("root"))
    except SpecError as error:
        sys.stderr.write(f"{error}\n")
        return SPEC_WRONG
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
