"""The command `init`."""

from __future__ import annotations

import pathlib
import shlex
from datetime import UTC, datetime
from typing import Any

import click


class _Folder(click.Path):
    """A folder; empty text, such as an unset variable, is not the current one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse empty text."""
        if value == "":
            self.fail("empty text names no folder; the current one is .", param, ctx)
        return super().convert(value, param, ctx)


@click.command()
@click.argument("folder", metavar="DIR", type=_Folder(path_type=pathlib.Path))
@click.option(
    "--alias",
    help="Alias of the organization to begin with; by default the name of DIR.",
)
@click.option(
    "--region",
    default="eu-west-1",
    show_default=True,
    help="Region of that organization.",
)
def init(folder: pathlib.Path, alias: str | None, region: str) -> None:
    """Create a repository for your own specs in DIR.

    Writes a production spec and a staging copy of it, the CDK app, pinned requirements, and
    settings for GitHub, pre-commit and VS Code. Overwrites nothing.
    """
    # Jinja2 would make every other command slower.
    from workmail_org.distribution import find_origin
    from workmail_org.initializing.initializing import (
        WHEELS,
        Beginning,
        build_files,
        is_alias,
        list_regions,
        write_files,
    )

    regions = list_regions()
    if region not in regions:
        raise click.BadParameter(
            f"{region!r} does not have WorkMail: allowed are {', '.join(regions)}",
            param_hint="--region",
        )

    chosen = alias if alias is not None else folder.absolute().name.lower()
    if not is_alias(chosen):
        raise click.BadParameter(
            f"{chosen!r} cannot be the alias of an organization: allowed are 1 to 58 letters and "
            "digits with single hyphens between, not beginning with d-; choose one with --alias",
            param_hint="--alias" if alias is not None else "DIR",
        )
    today = datetime.now(UTC).date()
    origin = find_origin()
    files = build_files(Beginning(alias=chosen, region=region, today=today, origin=origin))
    write_files(folder, files)
    click.echo(f"created {len(files)} files in {folder}:")
    for path in sorted(files):
        click.echo(f"  {path}")
    # A checkout has no wheel yet, and no index has this version.
    source = shlex.quote(str(origin.checkout)) if origin.checkout else "CHECKOUT"
    missing = origin.local and not origin.wheel
    build = f"  pip wheel --no-deps --wheel-dir {WHEELS} {source}\n" if missing else ""
    click.echo(
        "next:\n"
        f"  cd -- {shlex.quote(str(folder))}\n"
        f"{build}"
        "  python3 -m venv .venv && . .venv/bin/activate\n"
        "  pip install -r requirements.txt && npm ci\n"
        "  workmail-org rehearse config/production.yaml\n"
        "README.md describes the rest."
    )
