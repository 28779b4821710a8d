"""The commands with which people operate a deployed organization; `cli` has them too."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from workmail_org.arguments import (
    NamedPath,
    complete_name,
    complete_user,
    form_option,
    key_option,
    root_option,
)
from workmail_org.model.values import parse_reference
from workmail_org.spec import building
from workmail_org.spec.characters import escape

if TYPE_CHECKING:
    from workmail_org.operating.deployed import Deployed

_spec_argument = click.argument("spec", type=NamedPath(path_type=pathlib.Path))


@click.command()
@_spec_argument
@root_option
@form_option
def removed(spec: pathlib.Path, root: pathlib.Path | None, form: str) -> None:
    """List removed entities and their restore deadlines."""
    # boto3 would make every other command slower; so below.
    from workmail_org.operating import deployed, presenting
    from workmail_org.operating.removed import list_removed

    environment = building.load_environment(spec, root=root)
    every = {
        organization.key: list_removed(deployed.open_deployed(environment, organization))
        for organization in environment.organizations
    }
    if form == "json":
        click.echo(presenting.render_removed_json(every))
        return
    for key, found in every.items():
        _print(presenting.render_removed(key, found))


@click.command()
@_spec_argument
@click.argument("name", shell_complete=complete_name)
@key_option
@root_option
def restore(spec: pathlib.Path, name: str, key: str | None, root: pathlib.Path | None) -> None:
    """Switch on again who was removed, with the same mailbox.

    The former addresses come back too. NAME is a user, group:NAME or resource:NAME.
    """
    from workmail_org.operating import presenting, restoring

    found = _open_deployed(spec, key, root)
    _print(presenting.render_restored(restoring.restore(found, parse_reference(name))))


@click.command()
@_spec_argument
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=complete_name)
@click.option("--erase", metavar="DIGEST", help="Confirm with the digest that the list ends with.")
@key_option
@root_option
def purge(
    spec: pathlib.Path,
    names: tuple[str, ...],
    erase: str | None,
    key: str | None,
    root: pathlib.Path | None,
) -> None:
    """Show what would be lost; --erase deletes it.

    It is about those who were removed. NAME is a user, group:NAME or resource:NAME. Without
    --erase nothing is changed.
    """
    from workmail_org.operating import presenting, purging

    found = _open_deployed(spec, key, root)
    losses = purging.survey(found, [parse_reference(name) for name in names])
    if erase is None:
        _print(presenting.render_losses(losses))
        return
    purging.purge(found, losses, erase)
    _print(f"{loss.removed.reference} is deleted permanently" for loss in losses)


@click.command("reset-password")
@_spec_argument
@click.argument("name", shell_complete=complete_user)
@key_option
@root_option
def reset_password(
    spec: pathlib.Path, name: str, key: str | None, root: pathlib.Path | None
) -> None:
    """Give a user a new password, kept in the stack's secret.

    It is generated, and never printed.
    """
    from workmail_org.operating import resetting

    place = resetting.reset_password(_open_deployed(spec, key, root), name)
    _print([f"{name} has a new password; it lies in the secret {place}"])


COMMANDS = (removed, restore, purge, reset_password)


def _open_deployed(spec: pathlib.Path, key: str | None, root: pathlib.Path | None) -> Deployed:
    from workmail_org.operating import deployed

    environment = building.load_environment(spec, root=root)
    organization = deployed.choose_organization(environment, key)
    return deployed.open_deployed(environment, organization)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(escape(line))
