"""The real CDK CLI against a local AWS: bootstrap, synth, deploy, destroy."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from workmail_org.distribution import find_project_file
from workmail_org.errors import DeploymentError, SpecError, WorkMailOrgError
from workmail_org.rehearsal.installing import find_installed_cdk, find_node_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from workmail_org.rehearsal.local import LocalAws
    from workmail_org.rehearsal.processes import Finished, Processes

_APP = "workmail_org.app"
"""Started as a module: rehearsals do not import the CDK."""

_SPEC_WRONG = "Subprocess exited with error 2"
"""How the CDK CLI reports that the app refused the spec (exit code 2, as everywhere)."""

_EVENT = re.compile(
    r"^(?P<stack>\S+) \| +(?P<done>\d+)(?:/(?P<all>\d+))? \| [^|]* \| (?P<status>\S+) +\|"
    r" (?P<type>\S+) +\| (?P<name>.*?)\s*$"
)
"""A line of `cdk deploy --progress events`, CDK CLI 2.1148.1."""

_CANCELLED = re.compile(r"(creation|update) cancelled", re.IGNORECASE)
"""The reason of a resource that failed only because another one did."""


@dataclass(frozen=True, slots=True)
class ResourceEvent:
    """What CloudFormation says of one resource while it works.

    Attributes:
        status: Such as CREATE_COMPLETE.
        done: Resources of the stack that are done.
        total: Resources of the stack; `None` while it is deleted.
    """

    stack: str
    type: str
    name: str
    status: str
    done: int
    total: int | None


class Cdk:
    """The pinned CDK CLI, pointed at a local AWS.

    Args:
        processes: Runs it.
        local: The local AWS.
        script: What `installing.provide_cdk` returned; `None`: what is installed.
        on_event: Called for each resource event of a deployment.
    """

    def __init__(
        self,
        processes: Processes,
        local: LocalAws,
        *,
        script: Path | None = None,
        on_event: Callable[[ResourceEvent], None] = lambda _event: None,
    ) -> None:
        self._processes = processes
        self._local = local
        self._on_event = on_event
        installed = script or find_installed_cdk()
        if installed is None:
            raise WorkMailOrgError('the CDK CLI is not installed: "make setup" installs it')
        self._script = installed
        self._node_folder = find_node_folder()
        # The feature flags of cdk.json, and no cdk.context.json of the folder the user works in.
        self._folder = local.folder / "app"
        self._folder.mkdir(exist_ok=True)
        shutil.copyfile(find_project_file("cdk.json"), self._folder / "cdk.json")

    def bootstrap(self, regions: Sequence[str]) -> None:
        """Prepare the account in each region, as `cdk bootstrap` does once for a real one."""
        environments = [f"aws://{self._local.account}/{region}" for region in regions]
        # Away from cdk.json, or it would synthesize the app first.
        finished = self._run("bootstrap", *environments, folder=self._local.folder)
        if finished.code:
            raise DeploymentError(f"cdk bootstrap failed: {_find_last_words(finished.output)}")

    def synthesize(
        self,
        spec: Path,
        assembly: Path,
        *,
        root: Path | None = None,
        acknowledge: str = "",
        approved: str = "",
    ) -> None:
        """Turn a spec into CloudFormation templates in the new folder `assembly`.

        Args:
            spec: The file.
            assembly: A folder that is not there yet.
            root: No included file may lie outside of it; `None`: the spec's own.
            acknowledge: Words for changes that need one, with commas between.
            approved: What a plan printed; empty: nothing was approved.

        Raises:
            SpecError: The app refuses the spec.
            DeploymentError: The app fails.
        """
        # jsii links the CDK into a new folder each time: nothing compiled would be found again.
        app = f"NODE_DISABLE_COMPILE_CACHE=1 {shlex.join((sys.executable, '-m', _APP))}"
        given = {"root": root, "acknowledge": acknowledge, "approved": approved}
        context = [f"spec={spec}", *(f"{key}={value}" for key, value in given.items() if value)]
        finished = self._run(
            # The CDK's own rules about templates take as long as the rest of a synthesis, and say
            # nothing about a spec; `npx cdk synth` applies them.
            *("synth", "--quiet", "--no-validation", "--app", app, "--output", str(assembly)),
            *(part for pair in context for part in ("--context", pair)),
        )
        if not finished.code:
            return
        if _SPEC_WRONG in finished.output:
            raise SpecError(_list_app_lines(finished.output))
        raise DeploymentError(f"cdk synth failed: {_find_last_words(finished.output)}")

    def deploy(self, assembly: Path, stacks: Mapping[str, str]) -> None:
        """Deploy every stack of an assembly.

        Args:
            assembly: What `synthesize` wrote.
            stacks: Region of each stack, to find the reason of a failure.

        Raises:
            DeploymentError: A stack failed; names each failing resource.
        """
        finished = self._run(
            *("deploy", "--all", "--app", str(assembly), "--require-approval", "never"),
            *("--progress", "events", "--concurrency", str(len(stacks))),
        )
        if finished.code:
            failures = [
                line
                for stack, region in stacks.items()
                for line in self._find_failures(stack, region)
            ]
            raise DeploymentError("\n".join(failures) or _find_last_words(finished.output))

    def destroy(self, assembly: Path) -> None:
        """Delete every stack of an assembly.

        Raises:
            DeploymentError: A stack could not be deleted.
        """
        finished = self._run("destroy", "--all", "--app", str(assembly), "--force")
        if finished.code:
            raise DeploymentError(f"cdk destroy failed: {_find_last_words(finished.output)}")

    def diff(self, assembly: Path) -> str:
        """Return what `cdk diff` says of an assembly, template against template."""
        return self._run("diff", "--app", str(assembly), "--method", "template").output

    def _run(self, *arguments: str, folder: Path | None = None) -> Finished:
        return self._processes.run(
            [
                str(self._node_folder / "node"),
                str(self._script),
                *arguments,
                "--no-notices",
                "--no-color",
            ],
            environment={
                **self._local.environment,
                "CDK_DISABLE_CLI_TELEMETRY": "true",
                "CDK_HOME": str(self._local.folder / "cdk"),  # its caches are not the user's
            },
            folder=folder or self._folder,
            on_line=self._read_line,
        )

    def _read_line(self, line: str) -> None:
        event = parse_event(line)
        if event is not None:
            self._on_event(event)

    def _find_failures(self, stack: str, region: str) -> list[str]:
        with self._local.entered():
            client = self._local.make_client("cloudformation", region)
            try:
                pages = client.get_paginator("describe_stack_events").paginate(StackName=stack)
                events = [event for page in pages for event in page["StackEvents"]]
            except ClientError:  # it was never created
                return []
        return list_failures(stack, events)


def parse_event(line: str) -> ResourceEvent | None:
    """Read one line of the CDK CLI; `None` if it tells of no resource."""
    match = _EVENT.match(line)
    if match is None:
        return None
    total = match["all"]
    name, _, _logical_id = match["name"].partition(" (")
    return ResourceEvent(
        stack=match["stack"],
        type=match["type"],
        name=name.removeprefix("Default/").removesuffix("/Default").removesuffix("/Resource"),
        status=match["status"],
        done=int(match["done"]),
        total=int(total) if total else None,
    )


def list_failures(stack: str, events: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say which resources of a stack failed, and why.

    Args:
        stack: Name of the stack.
        events: From `DescribeStackEvents`, newest first.

    Returns:
        A line a resource that failed by itself in the last deployment, in the
        order in which they failed.
    """
    lines: list[str] = []
    for event in _take_last_deployment(events):
        reason = event.get("ResourceStatusReason", "no reason given")
        failed = event["ResourceStatus"].endswith("_FAILED")
        if failed and event["ResourceType"] != "AWS::CloudFormation::Stack":
            if _CANCELLED.search(reason):
                continue
            lines.insert(0, f"{stack}: {event['ResourceType']}: {clean_reason(reason)}")
    return list(dict.fromkeys(lines))


def clean_reason(reason: str) -> str:
    """Cut what CDK's provider framework adds: its `Error:`, the log's name, the stack trace."""
    sentence = reason.split("\n\nLogs: ", 1)[0].split("\n    at ", 1)[0]
    sentence = re.sub(r"^(Received response status \[FAILED\].*?: )", "", sentence)
    return " ".join(sentence.removeprefix("Error: ").split())


def _take_last_deployment(events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the events since the stack itself was last told to change, newest first."""
    taken: list[Mapping[str, Any]] = []
    for event in events:
        taken.append(event)
        of_stack = event["ResourceType"] == "AWS::CloudFormation::Stack"
        if of_stack and event["ResourceStatus"] in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}:
            break
    return taken


def _list_app_lines(output: str) -> list[str]:
    """Return what the app printed before the CDK CLI added its own lines."""
    lines = output.split(_SPEC_WRONG, 1)[0].splitlines()
    return [line for line in lines if line.strip() and "python" not in line]


def _find_last_words(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return " / ".join(lines[-5:]) or "it printed nothing"
