"""The command `import`."""

from __future__ import annotations

import json
import os
import pathlib
import sys
from functools import partial

import click

from workmail_org import errors
from workmail_org.arguments import NamedPath

_DIFFERS = 5  # as of the other commands: what exists differs from the spec


@click.command("import")
@click.option("--region", help="Region of the organization.")
@click.option("--all-regions", is_flag=True, help="Look in all regions that have WorkMail.")
@click.option("--alias", "aliases", multiple=True, help="Alias of the organization.")
@click.option(
    "--organization",
    "ids",
    metavar="m-…",
    multiple=True,
    help="Id of the organization. Without it and --alias: all organizations that are active.",
)
@click.option(
    "--account", help="Account that the credentials have to be of; any other one is an error."
)
@click.option("--key", help="Key in the spec; by default made from the alias.")
@click.option(
    "--environment",
    default="production",
    show_default=True,
    help="Name of the environment in the spec.",
)
@click.option(
    "--output",
    type=NamedPath(dir_okay=False, allow_dash=True, path_type=pathlib.Path),
    help="New file for the spec, or - to print it; by default KEY.yaml.",
)
@click.option(
    "--csv",
    "table",
    type=NamedPath(dir_okay=False, path_type=pathlib.Path),
    help="New file beside the spec for people, if there are 50 or more.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Of the summary: for people or for programs.",
)
@click.option(
    "--resume",
    "resumes",
    is_flag=True,
    help="Go on with what an import that was interrupted within the last hour has read.",
)
@click.option(
    "--print-policy", is_flag=True, help="Print the IAM policy that import needs, and do nothing."
)
def import_(
    region: str | None,
    all_regions: bool,
    aliases: tuple[str, ...],
    ids: tuple[str, ...],
    account: str | None,
    key: str | None,
    environment: str,
    output: pathlib.Path | None,
    table: pathlib.Path | None,
    form: str,
    resumes: bool,
    print_policy: bool,
) -> None:
    """Write a spec of a live organization, and prove it.

    Reads only, and overwrites nothing. Then plans the new spec against what is live: a deployment
    must write nothing but the tags that say which stack manages the organization. Exits with 0,
    with 4 when AWS refuses, with 5 when the proof fails: the file is then called
    NAME.unproved.yaml.
    """
    # boto3 and rich would make every other command slower.
    from workmail_org.importing import presenting
    from workmail_org.importing.connecting import connect
    from workmail_org.importing.importing import Wish, import_organizations
    from workmail_org.importing.permissions import render_policy
    from workmail_org.importing.progress import make_console, show_progress, tell
    from workmail_org.service.accounts import read_account, refuse_account

    if print_policy:
        click.echo(render_policy())
        return
    printed = output is not None and str(output) == "-"
    if printed and sys.stdout.name == os.devnull:  # closed by the shell, >&-: see cli.Program
        raise errors.FolderError("there is no standard output to write to: it is closed")
    file = output or pathlib.Path(f"{_name_file(key, aliases, environment)}.yaml")
    wish = Wish(
        regions=_choose_regions(region, all_regions=all_regions),
        aliases=aliases,
        ids=ids,
        key=_check_key(key, aliases, ids),
        environment=_check_environment(environment),
        output=None if printed else file,
        table=_check_table(table, output),
        resumes=resumes,
    )
    if account is not None:
        refuse_account("--account", account, read_account(wish.regions[0]))
    console = make_console()
    with connect() as connections, show_progress(console) as follow:
        connections.tell = partial(tell, console)
        imported = import_organizations(wish, connections, follow)
    if form == "json":
        click.echo(json.dumps(presenting.build_document(imported), indent=2))
    else:
        if printed:
            click.echo(imported.text.encode(), nl=False)  # YAML is UTF-8, whatever the locale
        for line in presenting.render_summary(imported):
            _print(line, err=printed)
    if not imported.proof.holds:
        raise click.exceptions.Exit(_DIFFERS)


def _choose_regions(region: str | None, *, all_regions: bool) -> tuple[str, ...]:
    from workmail_org.spec.schema import find_shape

    known = tuple(find_shape(("organizations", "x", "region"))["enum"])
    if all_regions:
        if region is not None:
            raise click.UsageError("--region and --all-regions are both given: give one of them")
        return known
    if region is None:
        raise click.UsageError(
            f"--region is missing: name one of {', '.join(known)}, or give --all-regions"
        )
    if region not in known:
        raise click.BadParameter(
            f"{region!r} does not have WorkMail: allowed are {', '.join(known)}",
            param_hint="--region",
        )
    return (region,)


def _check_key(key: str | None, aliases: tuple[str, ...], ids: tuple[str, ...]) -> str | None:
    from workmail_org.spec.schema import fits, load_schema

    if key is None:
        return None
    shape = load_schema()["properties"]["organizations"]["propertyNames"]
    if not fits(key, shape):
        raise click.BadParameter(
            f"{key!r} cannot be a key: {shape['patternErrorMessage']}", param_hint="--key"
        )
    if len(aliases) + len(ids) != 1:
        raise click.UsageError(
            "--key names one organization: name it with --alias or --organization"
        )
    return key


def _check_environment(environment: str) -> str:
    from workmail_org.spec.schema import find_shape, fits

    shape = find_shape(("environment",))
    if not fits(environment, shape):
        raise click.BadParameter(
            f"{environment!r} cannot be an environment: {shape['patternErrorMessage']}",
            param_hint="--environment",
        )
    return environment


def _check_table(table: pathlib.Path | None, output: pathlib.Path | None) -> pathlib.Path | None:
    """Refuse a table that the spec could not include: it has to lie in the spec's folder."""
    if table is None:
        return None
    if output is not None and str(output) == "-":
        raise click.UsageError("--csv needs a file beside it: give --output a file, not -")
    folder = (output or pathlib.Path("x")).absolute().parent
    if not table.absolute().is_relative_to(folder):
        raise click.BadParameter(
            f"{table} is not in {folder}, the folder of the spec, which could not include it",
            param_hint="--csv",
        )
    if output is not None and table.absolute() == output.absolute():
        raise click.UsageError("--csv and --output name the same file")
    return table


def _name_file(key: str | None, aliases: tuple[str, ...], environment: str) -> str:
    """Name the new spec after the one organization, or after the environment."""
    from workmail_org.importing.importing import make_key

    if key is not None:
        return key
    return make_key(aliases[0]) if len(aliases) == 1 else environment


def _print(message: str, *, err: bool) -> None:
    """Print text; what the terminal's encoding has no letter for is written as an escape."""
    encoding = (sys.stderr if err else sys.stdout).encoding or "utf-8"
    click.echo(message.encode(encoding, "backslashreplace").decode(encoding), err=err)
