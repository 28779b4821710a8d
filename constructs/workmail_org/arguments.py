"""Arguments of the command line that several commands share, and what a shell completes of them."""

from __future__ import annotations

import pathlib
import subprocess
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from workmail_org.spec.declared import SECTIONS, mapping
from workmail_org.spec.files.loading import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_GIT_SECONDS = 5  # a guess: nobody waits longer for a completion


class NamedPath(click.Path):
    """A path; empty text, such as an unset variable, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse empty text."""
        if value == "":
            self.fail("empty text names no file or folder", param, ctx)
        return super().convert(value, param, ctx)


form_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people or for programs.",
)


root_option = click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=pathlib.Path),
    help="No file that a spec names may lie outside this folder; by default the spec's own.",
)


def complete_key(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the key of an organization of the spec that stands in the line."""
    return _beginning(incomplete, _read_organizations(ctx))


key_option = click.option(
    "--organization",
    "key",
    metavar="KEY",
    shell_complete=complete_key,
    help="Key of the organization; needed where the spec has several.",
)

only_option = click.option(
    "--organization",
    "only",
    metavar="KEY",
    shell_complete=complete_key,
    help="This organization alone.",
)


def complete_name(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete `NAME`, `group:NAME` and `resource:NAME` of the spec that stands in the line."""
    names = (
        name if section == "users" else f"{kind}:{name}"
        for organization in _read_organizations(ctx).values()
        for kind, section in SECTIONS.items()
        for name in mapping(mapping(organization).get(section))
    )
    return _beginning(incomplete, dict.fromkeys(names))


def complete_user(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a user of the spec that stands in the line."""
    return [name for name in complete_name(ctx, _param, incomplete) if ":" not in name]


def complete_base(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete what a plan compares with: a word, a branch, a tag, or a file."""
    words = _beginning(incomplete, ("deployed", "live", *_list_revisions()))
    return [*map(CompletionItem, words), CompletionItem(incomplete, type="file")]


def _beginning(incomplete: str, words: Iterable[str]) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]


def _read_organizations(ctx: click.Context) -> dict[str, Any]:
    """Read the organizations of a spec as far as it can be read; a completion tells no problem."""
    # An option without its value ends the parsing; what stood before it is left over
    named = ctx.params.get("spec"), *(ctx.params.get("specs") or ()), *ctx.args
    spec = next(filter(None, named), None)
    if not spec:
        return {}
    document = load(pathlib.Path(spec), root=ctx.params.get("root"))
    return dict(mapping(mapping(document.value).get("organizations")))


def _list_revisions() -> Iterator[str]:
    """List branches and tags; none where git is not there or says no."""
    command = ["git", "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags"]
    try:
        done = subprocess.run(  # noqa: S603 - nothing of it comes from outside
            [*command, "refs/remotes"],
            capture_output=True,
            text=True,
            timeout=_GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return
    yield from done.stdout.splitlines()
