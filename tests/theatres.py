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
from workmail_org.rehearsal.local import LocalAws
from workmail_org.rehearsal.processes import Processes

_SETTINGS = json.loads((Path(__file__).resolve().parents[1] / "cdk.json").read_text("utf-8"))


def open_cdk(processes: Processes, local: LocalAws) -> Cdk:
    """Give the CDK CLI; but for `make test-all`, it synthesizes in this process.

    The app as a process of the CLI's own is rehearsed in test_command.py.
    """
    return Cdk(processes, local) if ALL else _WarmCdk(processes, local)


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
