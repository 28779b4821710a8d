"""The command line: arguments in, exit code out.

0   done
1   unexpected, or what the command needs is not installed
2   the spec is wrong, or the command was called wrongly
3   the plan is refused, or has to be confirmed by a person
4   AWS, CloudFormation or the CDK CLI said no
5   what exists differs from the spec
6   something could not be looked at, so that nobody knows whether it differs
130 interrupted; 143 by SIGTERM; 141 nobody reads the output any more, as by SIGPIPE
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import pathlib
import sys
import traceback
from typing import TYPE_CHECKING, Any

import click

from workmail_org import distribution, errors
from workmail_org.arguments import (
    NamedPath,
    complete_base,
    form_option,
    only_option,
    root_option,
)
from workmail_org.importing.command import import_
from workmail_org.initializing.command import init
from workmail_org.leave_commands import leave
from workmail_org.operating import commands
from workmail_org.operating.export_command import export
from workmail_org.reports import machine, resolved, sarif, text
from workmail_org.spec import building, together
from workmail_org.spec.characters import escape
from workmail_org.spec.files import loading
from workmail_org.spec.files.sources import MAX_BYTES
from workmail_org.spec.problems import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workmail_org.drift.model import Drift
    from workmail_org.model.organization import Environment

_DONE, _UNEXPECTED, _SPEC, _UNSAFE, _REFUSED, _DIFFERS, _INCOMPLETE = range(7)
_INTERRUPTED = 130  # as a shell says it: 128 + SIGINT
_PIPE_CLOSED = 141  # 128 + SIGPIPE
_NO_OUTPUT = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF, errno.EFBIG)
_STANDARD_INPUT = pathlib.Path("-")


class _Program(click.Group):
    """The one place that turns whatever went wrong into a message and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order in which people come to need them."""
        del ctx
        return list(self.commands)

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the program; also `--help` and `--version` cannot always be written."""
        for stream in ("stdout", "stderr"):
            if getattr(sys, stream) is None:  # closed by the shell: >&-
                nowhere = pathlib.Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - to the end
                setattr(sys, stream, nowhere)
        try:
            return super().main(*args, **extra)
        except OSError as error:
            sys.exit(_report_os_error(error, with_traceback=False))

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the arguments, which prints `--help` and `--version`."""
        try:
            return super().make_context(*args, **extra)
        except BrokenPipeError as error:  # click would exit with 1
            sys.exit(_report_os_error(error, with_traceback=False))

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise  # usage errors: click says them, and exits with 2
        except KeyboardInterrupt as interrupt:
            click.echo("interrupted", err=True)
            ctx.exit(getattr(interrupt, "exit_code", _INTERRUPTED))
        except OSError as error:
            ctx.exit(_report_os_error(error, with_traceback=ctx.params["debug"]))
        except errors.WorkMailOrgError as error:
            ctx.exit(_report(error))
        except Exception as error:  # noqa: BLE001 - the last resort; Lambda's entry has the other one
            if type(error).__module__.startswith("botocore"):  # boto3 is slow to import
                ctx.exit(_report(errors.PermanentError(f"AWS cannot be asked: {error}")))
            ctx.exit(_report_unexpected(error, with_traceback=ctx.params["debug"]))
        return result


def _print_version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    """Print the version; `click.version_option` would look it up for every command."""
    if wanted:
        click.echo(f"workmail-org, version {distribution.read_version()}")
        context.exit()


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
def main(debug: bool) -> None:
    """Amazon WorkMail organizations as code."""
    del debug  # read from the context, where anything unexpected is caught


main.add_command(init)
main.add_command(import_)

_SPEC_PATH = NamedPath(path_type=pathlib.Path)


@main.command()
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True, type=_SPEC_PATH)
@root_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="For people, for programs, or for code scanning.",
)
def validate(specs: tuple[pathlib.Path, ...], root: pathlib.Path | None, form: str) -> None:
    """Report every problem in a spec.

    A spec that is called - is read from standard input.

    Exits with 0 when there is not an error, else with 2. A warning is not an error.
    """
    readings = {spec: building.read_spec(spec, root=root, data=_read_input(spec)) for spec in specs}
    shared = together.compare([reading.document for reading in readings.values()])
    found = {
        spec: (*reading.problems, *more)
        for (spec, reading), more in zip(readings.items(), shared, strict=True)
    }
    problems = _once(found.values())
    if form == "json":
        _print(machine.render_problems(problems))
    elif form == "sarif":
        _print(sarif.render_problems(problems, version=distribution.read_version()))
    else:
        _print_for_people(found, problems)
    if _has_error(problems):
        raise click.exceptions.Exit(_SPEC)


@main.command()
@click.argument("spec", type=_SPEC_PATH)
@root_option
@form_option
def show(spec: pathlib.Path, root: pathlib.Path | None, form: str) -> None:
    """Print a spec as resolved: includes, overlays and derive."""
    document = loading.load(spec, root=root, data=_read_input(spec))
    _print_lines(document.problems, err=True)
    if _has_error(document.problems):
        raise click.exceptions.Exit(_SPEC)
    if form == "json":
        _print(resolved.render_json(document))
        return
    click.echo(resolved.render(document).encode(), nl=False)  # YAML is UTF-8, whatever the locale


def _read_input(spec: pathlib.Path) -> bytes | None:
    """Read a spec that is called -; None: it is a file."""
    if spec != _STANDARD_INPUT:
        return None
    return sys.stdin.buffer.read(MAX_BYTES + 1)


def _need_base(_context: click.Context, _option: click.Parameter, base: str | None) -> str:
    """Ask for what a plan compares with."""
    if base is None:
        raise click.UsageError(
            "--against is missing: name what to compare with, which is a file, a git revision such "
            "as main or HEAD~1, deployed, or live"
        )
    return base


@main.command()
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True, type=_SPEC_PATH)
@click.option(
    "--against",
    "base",
    metavar="BASE",
    callback=_need_base,
    shell_complete=complete_base,
    help="Required: a file, a git revision (main, HEAD~1, git:NAME), deployed, or live.",
)
@root_option
@only_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "html"]),
    default="text",
    show_default=True,
    help="For people, for programs, for a comment on a pull request, or as a page for reviewers.",
)
@click.option(
    "--output",
    type=NamedPath(dir_okay=False, path_type=pathlib.Path),
    help="Write to this file instead.",
)
@click.option(
    "--repair",
    "repairs",
    is_flag=True,
    help="With --against live: also set right what was changed by hand.",
)
@click.option(
    "--exit-code",
    "tell",
    is_flag=True,
    help="Exit with 5 when there are changes; against live also when it was changed by hand.",
)
def plan(
    specs: tuple[pathlib.Path, ...],
    base: str,
    root: pathlib.Path | None,
    only: str | None,
    form: str,
    output: pathlib.Path | None,
    tell: bool,
    repairs: bool,
) -> None:
    """Show what a deployment would do, and what it affects.

    Each of several specs is compared with itself in a revision, deployed or live, or with one
    file. A spec that is called - is read from standard input. A file or a revision is compared
    without credentials. Against live it also reports what was changed by hand.

    Exits with 0, with 2 when a spec is wrong, with 3 when the handlers would refuse, with 4 when
    AWS does, with 6 when AWS does not show everything.
    """
    from workmail_org.plan.against import Place, plan_against
    from workmail_org.plan.model import Verdict
    from workmail_org.reports import plans

    if repairs and base != "live":
        raise click.UsageError(
            f"--repair is about what is live, and {base} is not: say --against live"
        )
    if len(specs) > 1 and form == "html":
        raise click.UsageError("--format html is a page about one spec; give one at a time")
    _refuse_revision_of_input(specs, base)
    readings = {spec: building.read_spec(spec, root=root, data=_read_input(spec)) for spec in specs}
    _refuse_problems(readings.values(), form)
    _refuse_input(output, readings.values(), base)
    environments = {
        spec: reading.environment for spec, reading in readings.items() if reading.environment
    }
    found = [
        plan_against(base, Place(spec=spec, root=root), environment, only=only, repairs=repairs)
        for spec, environment in environments.items()
    ]
    drifts = [
        _look_by_hand(environment, spec, only) if base == "live" else None
        for spec, environment in environments.items()
    ]
    if output:
        _write(output, plans.render_all(found, form, drifts=drifts) + "\n")
    else:
        _print(plans.render_all(found, form, terminal=sys.stdout, drifts=drifts))
    verdicts = {each.verdict for each in found}
    if Verdict.REFUSED in verdicts:
        raise click.exceptions.Exit(_UNSAFE)
    _exit_for_drift(drifts, tell=tell)
    if not all(organization.is_whole for each in found for organization in each.organizations):
        raise click.exceptions.Exit(_INCOMPLETE)
    if tell and Verdict.CHANGES in verdicts:
        raise click.exceptions.Exit(_DIFFERS)


def _refuse_revision_of_input(specs: Sequence[pathlib.Path], base: str) -> None:
    """Refuse to look for the spec of standard input in a revision: it has no name there."""
    is_file = not base.startswith("git:") and pathlib.Path(base).is_file()
    if _STANDARD_INPUT in specs and base not in ("deployed", "live") and not is_file:
        raise click.UsageError(
            f'a spec from standard input is in no revision, and "{base}" is not a file: compare it '
            "with a file, deployed or live, or name the spec"
        )


def _look_by_hand(environment: Environment, spec: pathlib.Path, only: str | None) -> Drift:
    """Look for what no plan shows: what was changed by hand, or is declared nowhere."""
    from workmail_org.drift.looking import look_for_drift

    return look_for_drift(environment, str(spec), only=only, beside_plan=True).leave_out_pending()


def _exit_for_drift(drifts: Sequence[Drift | None], *, tell: bool) -> None:
    """Exit where something could not be looked at or, if that is asked for, was changed by hand."""
    from workmail_org.drift.model import Result

    results = {drift.result for drift in drifts if drift}
    if Result.INCOMPLETE in results:
        raise click.exceptions.Exit(_INCOMPLETE)
    if tell and Result.DRIFT in results:
        raise click.exceptions.Exit(_DIFFERS)


@main.command()
@click.argument("spec", type=_SPEC_PATH)
@root_option
@only_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "html"]),
    default="text",
    show_default=True,
    help="For people, for programs, for an issue, or as a page.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=pathlib.Path),
    help="Write to this file instead; the result still goes to standard output.",
)
@click.option(
    "--exit-code",
    "tell",
    is_flag=True,
    help="Exit with 5 when something was changed by hand, is gone or is declared nowhere.",
)
def drift(
    spec: pathlib.Path,
    root: pathlib.Path | None,
    only: str | None,
    form: str,
    output: pathlib.Path | None,
    tell: bool,
) -> None:
    """Report what was changed by hand.

    Compares what the spec says, what was deployed last, and what is live. Changes nothing. Exits
    with 0, with 2 when the spec is wrong, with 4 when AWS shows nothing, and with 6 when AWS does
    not show everything.
    """
    from workmail_org.drift.looking import look_for_drift
    from workmail_org.reports import drifts

    reading = building.read_spec(spec, root=root)
    if reading.environment is None:
        _refuse_problems([reading], form)
        return
    _print_lines(reading.problems, err=True)
    _refuse_input(output, [reading])
    found = look_for_drift(reading.environment, str(spec), only=only)
    if output:
        _write(output, drifts.render(found, form) + "\n")
        _print(drifts.render_result(found))
    else:
        _print(drifts.render(found, form, terminal=sys.stdout))
    _exit_for_drift([found], tell=tell)


@main.command()
@click.argument("spec", type=_SPEC_PATH)
@root_option
@click.option(
    "--from",
    "previous",
    metavar="OLD",
    type=_SPEC_PATH,
    help="Deploy OLD first, then SPEC: watch an upgrade or a removal.",
)
@click.option(
    "--live",
    metavar="FILE",
    type=_SPEC_PATH,
    help="What people made by hand before: a spec, such as one that import wrote, or a dump of the "
    "emulator.",
)
@click.option(
    "--acknowledge",
    metavar="DIGEST",
    default="",
    help="Confirm the changes with this digest, as cdk deploy -c acknowledge=DIGEST does.",
)
@click.option(
    "--keep", is_flag=True, help="Leave the local AWS running; print how to use and how to stop it."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people or for programs; progress goes to standard error.",
)
def rehearse(
    spec: pathlib.Path,
    root: pathlib.Path | None,
    previous: pathlib.Path | None,
    live: pathlib.Path | None,
    acknowledge: str,
    keep: bool,
    form: str,
) -> None:
    """Deploy a spec to a local AWS, and show what exists then.

    The real CDK CLI deploys. Needs no AWS account and reaches none. Exits with 0 when what exists
    matches the spec, 2 when the spec is wrong, 4 when the deployment failed, 5 when something
    differs.
    """
    distribution.require("rehearse", "workmail-org rehearse")
    # boto3 and rich would make every other command slower.
    from workmail_org.rehearsal import furnishing, presenting, rehearsing

    by_hand = live if live and furnishing.read_dump(live) is None else None
    paths = [path for path in (by_hand, previous, spec) if path]
    _refuse_problems([building.read_spec(path, root=root) for path in paths], form)
    script = rehearsing.Script(
        spec=spec, live=live, previous=previous, root=root, keep=keep, acknowledge=acknowledge
    )
    outcome = presenting.rehearse(script, for_programs=form == "json")
    if not outcome.matches:
        raise click.exceptions.Exit(_DIFFERS)


@main.command()
@click.argument("spec", type=_SPEC_PATH)
@root_option
@click.option(
    "--output",
    type=NamedPath(file_okay=False, path_type=pathlib.Path),
    help="Write one zone file a domain, DOMAIN.zone, into this folder instead.",
)
@form_option
def records(
    spec: pathlib.Path, root: pathlib.Path | None, output: pathlib.Path | None, form: str
) -> None:
    """Print the DNS records of manual domains, as zone files.

    They are there once the spec is deployed: WorkMail makes up a token for each domain. Needs
    credentials that may read the organization.
    """
    from workmail_org.model.domain import render_zone_file
    from workmail_org.service.records import read_manual_records

    if output and form == "json":
        raise click.UsageError("--output writes zone files: it cannot be given with --format json")
    environment = building.load_environment(spec, root=root)
    every = {
        organization.key: sorted(read_manual_records(organization).items())
        for organization in environment.organizations
        if not all(domain.dns for domain in organization.domains)
    }
    if form == "json":
        _print(machine.render_records(every))
        return
    for key, domains in every.items():
        for domain, found in domains:
            zone = f"; {domain} of {key}\n{render_zone_file(found)}\n"
            if output is None:
                _print(zone)
                continue
            path = output / f"{domain}.zone"
            _write(path, zone, make_folder=True)
            _print(str(path))


@main.command()
@click.argument(
    "name",
    type=click.Choice(["organization", "editor", "plan", "plans", "drift", "leave"]),
    default="organization",
    required=False,
)
@click.option("--path", "as_path", is_flag=True, help="Print the path of the file instead.")
def schema(name: str, as_path: bool) -> None:
    """Print the JSON Schema of specs or of what a command prints.

    An editor completes and explains the keys of a spec with it; docs/ci.md says how.
    """
    file = distribution.find_project_file(f"schemas/{name}.schema.json")
    if as_path:
        _print(str(file))
    else:
        click.echo(file.read_bytes(), nl=False)  # JSON is UTF-8, whatever the locale


for command in commands.COMMANDS:
    main.add_command(command)
leave.add_command(export)
main.add_command(leave)


def _refuse_problems(readings: Iterable[building.Reading], form: str) -> None:
    """Print the problems of specs as `validate` does, and exit if one is an error."""
    problems = _once(reading.problems for reading in readings)
    wrong = _has_error(problems)
    if form == "json" and wrong:
        _print(machine.render_problems(problems))
    else:
        _print_lines(problems, err=not wrong)
    if wrong:
        raise click.exceptions.Exit(_SPEC)


def _refuse_input(
    output: pathlib.Path | None, readings: Iterable[building.Reading], *others: str
) -> None:
    """Refuse to write over a file that was read: a spec is not in every case in a repository."""
    if output is None or not output.is_file():
        return
    read = (*(file for reading in readings for file in reading.document.files), *others)
    if any(pathlib.Path(each).is_file() and output.samefile(each) for each in read):
        raise errors.InputError(
            [f"{output} is read by this command: name another file for --output"]
        )


def _once(found: Any) -> tuple[Problem, ...]:
    """Join the problems of several specs; what two of them share is told once."""
    unique: dict[tuple[str, int, int, str], Problem] = {}
    for problems in found:
        for problem in problems:
            place = problem.place
            key = (place.file, place.line, place.column, problem.message)
            unique.setdefault(key, problem)
    return tuple(unique.values())


def _print_for_people(
    found: dict[pathlib.Path, tuple[Problem, ...]], problems: Sequence[Problem]
) -> None:
    _print_lines(problems)
    for spec, its_problems in found.items():
        if not _has_error(its_problems):
            _print(escape(f"{spec}: valid"))
    if problems:
        _print(text.render_summary(problems), err=True)


def _print_lines(problems: Sequence[Problem], *, err: bool = False) -> None:
    for problem in problems:
        _print(text.render_problem(problem), err=err)


def _print(message: str, *, err: bool = False) -> None:
    """Print text; what the terminal's encoding has no letter for is written as an escape."""
    encoding = (sys.stderr if err else sys.stdout).encoding or "utf-8"
    click.echo(message.encode(encoding, "backslashreplace").decode(encoding), err=err)


def _write(path: pathlib.Path, content: str, *, make_folder: bool = False) -> None:
    """Write a file that somebody asked for.

    Raises:
        FolderError: It cannot be written.
    """
    try:
        if make_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        missing = not path.parent.exists()  # or the file is a link to nowhere
        hint = f"; make the folder {path.parent} first" if missing else ""
        raise errors.FolderError(f"{path} cannot be written: {reason}{hint}") from error


def _has_error(problems: Sequence[Problem]) -> bool:
    return any(problem.severity is Severity.ERROR for problem in problems)


def _report(error: errors.WorkMailOrgError) -> int:
    """Say what was refused; give the exit code for it."""
    _print("\n".join(escape(line) for line in str(error).splitlines()), err=True)
    if isinstance(
        error, errors.SpecError | errors.FolderError | errors.InputError | errors.RevisionError
    ):
        return _SPEC
    if isinstance(error, errors.UnsafePlanError):
        return _UNSAFE
    if isinstance(error, errors.DeploymentError | errors.ServiceError):
        return _REFUSED
    return _UNEXPECTED


def _report_unexpected(error: Exception, *, with_traceback: bool) -> int:
    if with_traceback:
        _print(traceback.format_exc(), err=True)
    what = f"unexpected {type(error).__name__}: {error}"
    hint = "" if with_traceback else "; --debug before the command shows the traceback"
    _print(escape(what + hint), err=True)
    return _UNEXPECTED


def _report_os_error(error: OSError, *, with_traceback: bool) -> int:
    """Say what the operating system refused, if it is about output or the current folder."""
    if error.errno == errno.EPIPE:
        _leave_pipe()
        return _PIPE_CLOSED
    if error.errno in _NO_OUTPUT and error.filename is None:
        _leave_pipe()
        _print(f"the output cannot be written: {str(error.strerror).lower()}", err=True)
        return _UNEXPECTED
    if isinstance(error, FileNotFoundError) and error.filename is None:
        _print("the current folder does not exist any more; change into another one", err=True)
        return _SPEC
    return _report_unexpected(error, with_traceback=with_traceback)


def _leave_pipe() -> None:
    """Send what is still buffered nowhere: nothing takes it."""
    with contextlib.suppress(io.UnsupportedOperation):  # no stream of the operating system
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
