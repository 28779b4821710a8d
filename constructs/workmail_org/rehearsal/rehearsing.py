"""The rehearsal itself: start, synthesize, deploy, read back, compare, stop."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from workmail_org.differences.finding import Difference
from workmail_org.errors import DeploymentError, WorkMailOrgError
from workmail_org.plan.against import LIVE, Place, plan_against
from workmail_org.rehearsal.comparing import compare, describe_unmet
from workmail_org.rehearsal.deploying import Cdk
from workmail_org.rehearsal.furnishing import Dump, Live, furnish, list_verified, read_live
from workmail_org.rehearsal.installing import provide_cdk
from workmail_org.rehearsal.interrupts import Interrupts
from workmail_org.rehearsal.local import DEFAULT_ACCOUNT, LocalAws, start_local_aws
from workmail_org.rehearsal.localizing import LocalSpec, localize
from workmail_org.rehearsal.processes import Processes
from workmail_org.rehearsal.stand_ins import StandIns
from workmail_org.rehearsal.surveying import ask, survey
from workmail_org.spec.building import load_environment

if TYPE_CHECKING:
    from workmail_org.model.live import Snapshot
    from workmail_org.model.organization import Environment, Organization
    from workmail_org.rehearsal.progress import ProgressReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What is to be rehearsed.

    Attributes:
        spec: What shall be true in the end.
        live: What stands there before anything is deployed, as somebody made it by
            hand: a dump of the emulator, or a spec.
        previous: What is deployed first.
        root: The folder that the files of both specs stay in; `None`: their own.
        keep: Leave the local AWS running.
        acknowledge: Words for changes from `previous` that need one, with commas
            between.
    """

    spec: Path
    live: Path | None = None
    previous: Path | None = None
    root: Path | None = None
    keep: bool = False
    acknowledge: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A local AWS that was left running.

    Attributes:
        exports: The variables that point a client at it.
        spec: The spec as it was deployed, with local hosted zones.
        stop_command: What a shell runs to leave nothing behind.
    """

    exports: Mapping[str, str]
    spec: Path
    stop_command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """How it went.

    Attributes:
        environment: The spec as deployed.
        organizations: What exists, by spec key; `None`: it does not.
        calls: How often the deployment of the spec called each WorkMail and
            Directory Service operation.
        seconds: How long each phase took.
        kept: `None`: everything was stopped.
    """

    environment: Environment
    organizations: Mapping[str, Snapshot | None]
    differences: tuple[Difference, ...]
    calls: Mapping[str, int]
    seconds: Mapping[str, float]
    aws: str
    workmail: str
    kept: Kept | None

    @property
    def matches(self) -> bool:
        """Whether what exists is what the spec says."""
        return not self.differences


def rehearse(
    script: Script, progress: ProgressReport, on_failure_kept: Callable[[Kept], None]
) -> Rehearsal:
    """Deploy a spec to a local AWS, read it back and compare.

    Args:
        script: What to rehearse.
        progress: Shows it.
        on_failure_kept: Called when a deployment failed and the local AWS is left running.

    Raises:
        SpecError: A spec is wrong; nothing was started, or synthesis refused it.
        DeploymentError: A deployment failed.
        WorkMailOrgError: The CDK CLI could not be installed; or the local AWS does not start, or
            cannot go on: the disk is full.
        Interrupted: Ctrl-C or a signal; everything is stopped.
    """
    desired = load_environment(script.spec, root=script.root)
    previous = load_environment(script.previous, root=script.root) if script.previous else None
    live = read_live(script.live, root=script.root) if script.live else None
    with _open_stage(keep=script.keep) as stage:
        cdk = provide_cdk(stage.processes, stage.folder, progress)
        return _Play(
            script, desired, previous, live, stage, progress, on_failure_kept, cdk
        ).perform()


class _Stage:
    """The processes and the folder of one rehearsal."""

    def __init__(self, interrupts: Interrupts) -> None:
        self.folder = _choose_folder()
        self.processes = Processes(interrupts, self.folder)

    @property
    def stop_command(self) -> str:
        groups = " ".join(f"-{group}" for group in self.processes.groups)
        # As POSIX has it: the shell of Debian knows no other form for a group.
        return f"kill -s KILL -- {groups}; rm -rf {self.folder}"


def _choose_folder() -> Path:
    """Name a folder that is not there yet."""
    try:
        return Path(tempfile.gettempdir(), f"workmail-rehearsal-{secrets.token_hex(8)}")
    except FileNotFoundError as error:
        raise WorkMailOrgError(
            f"a rehearsal needs a folder for its files: {error.strerror}; set TMPDIR to a folder "
            "that can be written"
        ) from error


@contextmanager
def _open_stage(*, keep: bool) -> Generator[_Stage]:
    """Give a stage and clear it, whichever way the block ends; kept, it stays as it is.

    A failed deployment is kept too, to be looked at. What was interrupted is not.
    """
    interrupts = Interrupts()
    with interrupts.caught():
        stage = _Stage(interrupts)
        kept = False
        try:
            yield stage
            kept = keep
        except (OSError, BotoCoreError, ClientError, WorkMailOrgError) as error:
            # Whatever failed: where a disk is full or a server ended, that is why.
            if trouble := stage.processes.find_trouble():
                raise WorkMailOrgError(trouble) from error
            kept = keep and isinstance(error, DeploymentError) and bool(stage.processes.groups)
            raise
        finally:
            if kept:
                stage.processes.keep()
            else:
                stage.processes.stop()


@dataclass(frozen=True, slots=True)
class _Play:
    """One run through a script on a stage."""

    script: Script
    desired: Environment
    previous: Environment | None
    live: Live | None
    stage: _Stage
    progress: ProgressReport
    on_failure_kept: Callable[[Kept], None]
    cdk: Path

    def perform(self) -> Rehearsal:
        local = self._start()
        with local.entered(), self._told_when_kept(local):
            return self._perform_on(local)

    @contextmanager
    def _told_when_kept(self, local: LocalAws) -> Generator[None]:
        """Return how to use the local AWS, and how to stop it, if a deployment fails."""
        try:
            yield
        except DeploymentError:
            if self.script.keep and self.stage.processes.find_trouble() is None:
                self.on_failure_kept(self._describe_kept(local))
            raise

    def _start(self) -> LocalAws:
        # A dump says itself whose the organizations are.
        held = self.live.account if isinstance(self.live, Dump) else None
        with self.progress.phase("start", "starting a local AWS"):
            return start_local_aws(
                self.stage.processes,
                self.stage.folder,
                account=held or self.desired.account or DEFAULT_ACCOUNT,
                region=self.desired.organizations[0].region,
                verified=self._list_verified(),
            )

    def _list_verified(self) -> list[str]:
        declared = {name for each in self._environments() for name in _find_verified(each)}
        return sorted({*declared, *(list_verified(self.live) if self.live else ())})

    def _perform_on(self, local: LocalAws) -> Rehearsal:
        cdk = Cdk(self.stage.processes, local, script=self.cdk, on_event=self.progress.follow)
        stand_ins = StandIns(local)
        if self.live:
            with self.progress.phase("furnish", f"making by hand what is in {self.script.live}"):
                furnish(local, self.live, stand_ins, verified=self._list_verified())
        specs = self._localize(stand_ins)
        self._prepare(cdk, specs)
        for number, spec in enumerate(specs[:-1]):
            with self.progress.phase("deploy_from", f"deploying {self.script.previous}"):
                self._deploy(cdk, spec, self._find_assembly(number))
        before = local.count_calls()
        with self.progress.phase("deploy", f"deploying {self.script.spec}"):
            assembly = self._find_assembly(len(specs) - 1)
            self._deploy(cdk, specs[-1], assembly, self.script.acknowledge)
        calls = _subtract(local.count_calls(), before)
        with self.progress.phase("read", "reading back what exists"):
            found = {
                organization.key: survey(organization.region, organization.alias)
                for organization in specs[-1].environment.organizations
            }
            differences = self._compare(specs, found)
        return Rehearsal(
            environment=specs[-1].environment,
            organizations=found,
            differences=differences,
            calls=calls,
            seconds=self.progress.seconds,
            aws=local.aws,
            workmail=local.workmail,
            kept=self._describe_kept(local) if self.script.keep else None,
        )

    def _localize(self, stand_ins: StandIns) -> list[LocalSpec]:
        """Write the local copies, in the order in which they are deployed."""
        paths = [path for path in (self.script.previous, self.script.spec) if path]
        specs = [(path, self._find_copy(number)) for number, path in enumerate(paths)]
        return localize(specs, stand_ins, root=self.script.root)

    def _prepare(self, cdk: Cdk, specs: list[LocalSpec]) -> None:
        """Synthesize and bootstrap side by side: neither waits for the other."""
        regions = sorted({o.region for e in self._environments() for o in e.organizations})
        with (
            self.progress.phase("prepare", f"synthesizing; bootstrapping {', '.join(regions)}"),
            ThreadPoolExecutor(max_workers=1) as background,
        ):
            bootstrapped = background.submit(cdk.bootstrap, regions)
            for number, spec in enumerate(specs):
                words = self.script.acknowledge if spec is specs[-1] else ""
                if not _requires_approval(spec):  # what is approved is synthesized when it is known
                    cdk.synthesize(spec.path, self._find_assembly(number), acknowledge=words)
            bootstrapped.result()

    def _deploy(self, cdk: Cdk, spec: LocalSpec, assembly: Path, acknowledge: str = "") -> None:
        """Deploy a spec; where it wants an approval, plan and approve that, as a person would."""
        declared = spec.environment
        if _requires_approval(spec):
            plan = plan_against(LIVE, Place(spec=spec.path), declared)
            cdk.synthesize(spec.path, assembly, acknowledge=acknowledge, approved=plan.approval)
        cdk.deploy(assembly, _list_stacks(declared))

    def _compare(
        self, specs: list[LocalSpec], found: Mapping[str, Snapshot | None]
    ) -> tuple[Difference, ...]:
        """List what is not as the spec says it, and what WorkMail says to what it expects."""
        before = {o.key: o for o in specs[0].environment.organizations}
        differences: list[Difference] = []
        for desired in specs[-1].environment.organizations:
            actual = found[desired.key]
            differences.extend(compare(desired, actual, before.get(desired.key)))
            differences.extend(describe_unmet(desired, ask(desired, actual)))
        return tuple(differences)

    def _describe_kept(self, local: LocalAws) -> Kept:
        spec = self._find_copy(len(self._environments()) - 1)
        return Kept(exports=local.exports, spec=spec, stop_command=self.stage.stop_command)

    def _environments(self) -> tuple[Environment, ...]:
        return (self.previous, self.desired) if self.previous else (self.desired,)

    def _find_copy(self, number: int) -> Path:
        return self.stage.folder / f"spec-{number}.yaml"

    def _find_assembly(self, number: int) -> Path:
        return self.stage.folder / f"cdk.out-{number}"


def name_stack(environment: Environment, organization: Organization) -> str:
    """Return the name of an organization's stack (design.md §4)."""
    return f"{environment.name}-{organization.key}"


def _requires_approval(spec: LocalSpec) -> bool:
    return any(each.safety.require_approval for each in spec.environment.organizations)


def _list_stacks(environment: Environment) -> Mapping[str, str]:
    return {name_stack(environment, o): o.region for o in environment.organizations}


def _find_verified(environment: Environment) -> Generator[str]:
    """Give the domains whose DNS records are in place, says the author."""
    for organization in environment.organizations:
        for domain in organization.domains:
            is_there = domain.dns is not None and not domain.dns.verifies
            if domain.verified or is_there:
                yield domain.name


def _subtract(after: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    counts = {operation: count - before.get(operation, 0) for operation, count in after.items()}
    return {operation: count for operation, count in sorted(counts.items()) if count}
