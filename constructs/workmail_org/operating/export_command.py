"""`workmail-org leave export`; `cli` adds it to the other commands of leaving."""

from __future__ import annotations

import pathlib

import click

from workmail_org.arguments import (
    NamedPath,
    complete_name,
    form_option,
    key_option,
    root_option,
)
from workmail_org.spec import building
from workmail_org.spec.characters import escape

_DIFFERS = 5  # as in `cli`: something is not as it has to be


@click.command()
@click.argument("spec", type=NamedPath(path_type=pathlib.Path))
@key_option
@click.option(
    "--final",
    is_flag=True,
    help="The pass that counts as the archive: when nobody works in WorkMail any more.",
)
@click.option(
    "--only",
    "names",
    metavar="NAME",
    multiple=True,
    shell_complete=complete_name,
    help="This user, or resource:NAME; may be given several times. Default: everybody.",
)
@click.option("--retry", is_flag=True, help="Also try again whose export failed.")
@click.option(
    "--again",
    is_flag=True,
    help="Export all once more, also who is verified: when mail came in after that.",
)
@click.option(
    "--verify",
    is_flag=True,
    help="Read the files of verified exports once more, such as before the teardown.",
)
@click.option(
    "--watch/--no-watch",
    default=True,
    show_default=True,
    help="Wait until the pass is over, or start it and show how far it is.",
)
@root_option
@form_option
def export(
    spec: pathlib.Path,
    key: str | None,
    final: bool,
    names: tuple[str, ...],
    retry: bool,
    again: bool,
    verify: bool,
    watch: bool,
    root: pathlib.Path | None,
    form: str,
) -> None:
    """Export every mailbox to S3, and verify it.

    The work is done in AWS, by what the spec declares under exports. This starts a pass, or goes
    on with it: newcomers are added, and who is verified stays so. A pass takes hours to days;
    interrupting this command does not interrupt it. With --again or --verify it begins once more;
    the same command without them goes on then.

    Exits with 0 when every mailbox is verified, also if there is none, with 2 when the spec is
    wrong or declares no exports, with 4 when AWS refuses, with 5 when a mailbox failed or the pass
    is not over.
    """
    # boto3 and rich would make every other command slower.
    from workmail_org.exporting.model import Pass
    from workmail_org.leaving.looking import list_receiving
    from workmail_org.operating import deployed, export_words, exporting
    from workmail_org.service.clients import make_route53

    environment = building.load_environment(spec, root=root)
    organization = deployed.choose_organization(environment, key)
    name = Pass.FINAL if final else Pass.FIRST
    export_pass = exporting.open_pass(environment, organization, name, names)
    receiving = list_receiving(organization, make_route53()) if final else ()
    if receiving:
        said = (
            f"note: mail to {', '.join(receiving)} still comes to WorkMail, by the MX record in "
            "the hosted zone: what comes in after this pass is in no archive; export with --final "
            "--again once the mail has moved"
        )
        click.echo(escape(said), err=True)
    execution = exporting.start(export_pass, names, retry=retry, again=again, verify=verify)
    if watch:
        with export_words.show_progress(organization.key) as follow:
            try:
                watched = exporting.watch(export_pass, execution, follow)
            except KeyboardInterrupt:
                click.echo("the exports go on in AWS; the same command watches them", err=True)
                raise
    else:
        watched = exporting.look(export_pass, execution)
    if form == "json":
        click.echo(export_words.render_pass_json(organization.key, name, watched))
    else:
        for line in export_words.render_pass(organization.key, name, watched):
            click.echo(escape(line))
    if not watched.all_verified:
        raise click.exceptions.Exit(_DIFFERS)
