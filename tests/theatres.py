"""The CDK CLI for rehearsals in tests, with an app that is ready to synthesize."""

from __future__ import annotations

import json
import os
from pathlib import Path
from unittest.mock import patch

from aws_cdk import App

from effort import ALL
from workmail_org.infra import OrganizationStack
from workmail_org.rehearsal.deploying import Cdk

_SETTINGS = json.loads((Path(__file__).resolve().parents[1] / "cdk.json").read_text("utf-8"))


class _WarmCdk(Cdk):
    """Synthesizes where the CDK is loaded already: the process takes 9 s of computing for it."""

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


CDK = Cdk if ALL else _WarmCdk
"""The CDK CLI; in `make test-all` the app is always a process of its own, as in test_command.py."""
