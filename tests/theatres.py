"""The CDK CLI for rehearsals in tests, with an app that is ready to synthesize."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

from aws_cdk import App

from effort import ALL
from workmail_org.infra import OrganizationStack
from workmail_org.rehearsal.deploying import Cdk

_ROOT = Path(__file__).resolve().parents[1]
_SETTINGS = json.loads((_ROOT / "cdk.json").read_text("utf-8"))
_BOOTSTRAP = _ROOT / "node_modules/aws-cdk/lib/api/bootstrap/bootstrap-template.yaml"


class _WarmCdk(Cdk):
    """Synthesizes where the CDK is loaded already, and bootstraps without the CLI."""

    def synthesize(
        self,
        spec: Path,
        assembly: Path,
        *,
        root: Path | None = None,
        acknowledge: str = "",
        approved: str = "",
    ) -> None:
        """Turn a spec into an assembly, with the context that the CLI would give the app."""
        given = {"acknowledge": acknowledge, "approved": approved}
        context = {
            **_SETTINGS["context"],
            "aws:cdk:enable-path-metadata": True,
            **{key: value for key, value in given.items() if value},
        }
        app = App(context=context, outdir=str(assembly))
        with patch.dict(os.environ, {"CDK_DEFAULT_ACCOUNT": self._local.account}):
            OrganizationStack.all_from_spec(app, spec, root=root)
        app.synth()

    def bootstrap(self, regions: Sequence[str]) -> None:
        """Deploy the template of the pinned CLI; starting the CLI takes 1 s of computing."""
        for region in regions:
            client = self._local.make_client("cloudformation", region)
            client.create_stack(
                StackName="CDKToolkit",
                TemplateBody=_BOOTSTRAP.read_text("utf-8"),
                Capabilities=["CAPABILITY_NAMED_IAM"],
            )
            client.get_waiter("stack_create_complete").wait(
                StackName="CDKToolkit", WaiterConfig={"Delay": 1}
            )


CDK = Cdk if ALL else _WarmCdk
"""The CDK CLI; in `make test-all` app and bootstrap are always its own, as in test_command.py."""
