"""The rehearsal itself: start, synthesize, deploy, read back, compare, stop."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workmail_org.errors import DeploymentError
from workmail_org.plan.against import LIVE, Place, plan_against
from workmail_org.rehearsal.comparing import compare, tell_surprises
from workmail_org.rehearsal.deploying import Cdk
from workmail_org.rehearsal.differences import Difference
from workmail_org.rehearsal.installing import provide_cdk
from workmail_org.rehearsal.interrupts import Interrupts
from workmail_org.rehearsal.local import DEFAULT_ACCOUNT, LocalAws, start_local_aws
from workmail_org.rehearsal.localizing import LocalSpec, localize
from workmail_org.rehearsal.processes import Processes
from workmail_org.rehearsal.stand_ins import StandIns
from workmail_org.rehearsal.surveying import LiveOrganization, ask, survey
from workmail_org.spec.building import load_environment

if TYPE_CHECKING:
    from workmail_org.model.organization import Environment, Organization
    from workmail_org.rehearsal.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What is to be rehearsed.

    Attributes:
        spec: What shall be true in the end.
        previous: What is deployed first.
        root: The folder that the files of both specs stay in; `None`: their own.
        keep: Leave the local AWS running.
        acknowledge: Words for changes from `previous` that need one, with commas
            between.
    """

    spec: Path
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
    organizations: Mapping[str, LiveOrganization | None]
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


def rehearse(script: Script, progress: Progress) -> Rehearsal:
    """Deploy a spec to a local AWS, read it back and compare.

    Raises:
        SpecError: A spec is wrong; nothing was started, or synthesis refused it.
        DeploymentError: A deployment failed.
        WorkMailOrgError: The CDK CLI could not be installed.
        Interrupted: Ctrl-C or a signal; everything is stopped.
    """
    desired = load_environment(script.spec, root=script.root)
    previous = load_environment(script.previous, root=script.root) if script.previous else None
    with _open_stage(keep=script.keep, progress=progress) as stage:
        cdk = provide_cdk(stage.processes, stage.folder, progress)
        return _Play(script, desired, previous, stage, progress, cdk).perform()


class _Stage:
    """The processes and the folder of one rehearsal."""

    def __init__(self, interrupts: Interrupts) -> None:
        self.processes = Processes(interrupts)
        self.folder = Path(tempfile.mkdtemp(prefix="workmail-rehearsal-"))
        self._interrupts = interrupts

    @property
    def stop_command(self) -> str:
        groups = " ".join(f"-{group}" for group in self.processes.groups)
        return f"kill -- {groups}; rm -rf {self.folder}"

    def clear(self) -> None:
        with self._interrupts.held():
            self.processes.stop()
            shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def _open_stage(*, keep: bool, progress: Progress) -> Generator[_Stage]:
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
        except DeploymentError:
            kept = keep and bool(stage.processes.groups)
            if kept:
                progress.say(f"the local AWS keeps running; stop it with: {stage.stop_command}")
            raise
        finally:
            if not kept:
                stage.clear()


@dataclass(frozen=True, slots=True)
class _Play:
    """One run through a script on a stage."""

    script: Script
    desired: Environment
    previous: Environment | None
    stage: _Stage
    progress: Progress
    cdk: Path

    def perform(self) -> Rehearsal:
        local = self._start()
        with local.entered():
            return self._perform_on(local)

    def _start(self) -> LocalAws:
        with self.progress.phase("start", "starting a local AWS"):
            return start_local_aws(
                self.stage.processes,
                self.stage.folder,
                account=self.desired.account or DEFAULT_ACCOUNT,
                region=self.desired.organizations[0].region,
                verified=sorted({d for e in self._environments() for d in _find_verified(e)}),
            )

    def _perform_on(self, local: LocalAws) -> Rehearsal:
        cdk = Cdk(self.stage.processes, local, script=self.cdk, on_event=self.progress.follow)
        specs = self._localize(local)
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
            kept=self._describe_kept(local, specs[-1]) if self.script.keep else None,
        )

    def _localize(self, local: LocalAws) -> list[LocalSpec]:
        """Write the local copies, in the order in which they are deployed."""
        paths = [path for path in (self.script.previous, self.script.spec) if path]
        targets = [self.stage.folder / f"spec-{number}.yaml" for number, _ in enumerate(paths)]
        specs = list(zip(paths, targets, strict=True))
        return localize(specs, StandIns(local), root=self.script.root)

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
                cdk.synthesize(spec.path, self._find_assembly(number), acknowledge=words)
            bootstrapped.result()

    def _deploy(self, cdk: Cdk, spec: LocalSpec, assembly: Path, acknowledge: str = "") -> None:
        """Deploy a spec; where it wants an approval, plan and approve that, as a person would."""
        declared = spec.environment
        if any(each.safety.require_approval for each in declared.organizations):
            plan = plan_against(LIVE, Place(spec=spec.path), declared)
            assembly = assembly.with_name(f"{assembly.name}-approved")
            cdk.synthesize(spec.path, assembly, acknowledge=acknowledge, approved=plan.approval)
        cdk.deploy(assembly, _list_stacks(declared))

    def _compare(
        self, specs: list[LocalSpec], found: Mapping[str, LiveOrganization | None]
    ) -> tuple[Difference, ...]:
        """List what is not as the spec says it, and what WorkMail says to what it expects."""
        before = {o.key: o for o in specs[0].environment.organizations}
        differences: list[Difference] = []
        for desired in specs[-1].environment.organizations:
            actual = found[desired.key]
            differences.extend(compare(desired, actual, before.get(desired.key)))
            differences.extend(tell_surprises(desired, ask(desired, actual)))
        return tuple(differences)

    def _describe_kept(self, local: LocalAws, spec: LocalSpec) -> Kept:
        return Kept(exports=local.exports, spec=spec.path, stop_command=self.stage.stop_command)

    def _environments(self) -> tuple[Environment, ...]:
        return (self.previous, self.desired) if self.previous else (self.desired,)

    def _find_assembly(self, number: int) -> Path:
        return self.stage.folder / f"cdk.out-{number}"


def name_stack(environment: Environment, organization: Organization) -> str:
    """Return the name of an organization's stack (design.md §4)."""
    return f"{environment.name}-{organization.key}"


def _list_stacks(environment: Environment) -> Mapping[str, str]:
    return {name_stack(environment, o): o.region for o in environment.organizations}


def _find_verified(environment: Environment) -> Generator[str]:
    """Give the domains whose DNS records are in place, says the author."""
    for organization in environment.organizations:
        yield from (domain.name for domain in organization.domains if domain.verified)


def _subtract(after: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    counts = {operation: count - before.get(operation, 0) for operation, count in after.items()}
    return {operation: count for operation, count in sorted(counts.items()) if count}
