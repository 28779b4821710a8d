"""Readme: what to do with the files of a move, in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from workmail_org.leaving.model import TITLES, Placement
from workmail_org.leaving.passwords import Side
from workmail_org.reports.plan_markdown import safe

if TYPE_CHECKING:
    from workmail_org.leaving.model import Move
    from workmail_org.leaving.passwords import PasswordBook

_MADE = (
    "The files in `secret/` hold passwords; `secret/passwords.csv` lists those that were made for "
    "them. Nobody but you can read them. Keep them out of version control, mail and chat, and "
    "delete the folder after the move."
)

_TO_BE_SET = (
    "Passwords of WorkMail cannot be read, so new ones were made. They hold once you have set "
    "them, user by user (`aws workmail reset-password`), which signs the user out of phones and "
    "mail programs. Do it right before the mail moves; or collect the passwords of users who know "
    "them in a CSV with the columns address and password, and write the files again with "
    "`--workmail-passwords`."
)

_FOREIGN = (
    "The new service has passwords of its own: set the made ones there, or write the files again "
    "with `--destination-passwords`."
)


def render_readme(move: Move, passwords: PasswordBook, *, accounts_are_made: bool) -> str:
    """Write the page that comes with the files.

    Args:
        move: What was written.
        passwords: After the files were written.
        accounts_are_made: The files create the accounts, with the made passwords.
    """
    return "\n".join(_list_lines(move, passwords, accounts_are_made=accounts_are_made)) + "\n"


def _list_lines(move: Move, passwords: PasswordBook, *, accounts_are_made: bool) -> Iterator[str]:
    yield f"# {safe(move.key)} to {TITLES[move.destination]}"
    yield ""
    sums = ", ".join(f"{move.count(each)} {each.value}" for each in Placement)
    yield f"{len(move.entries)} items: {sums}."
    yield "`ledger.csv` has each of them, with what to do by hand, and why something is lost."
    yield (
        "All of it is from the spec. What people added in the console, such as a group or an "
        "alias, is in no file, and its mail bounces after the move: `workmail-org drift` names it; "
        "declare it, and write the files again."
    )
    yield ""
    yield (
        "Importers read the other files as they are, so names in them are not altered. A "
        "spreadsheet would run what looks like a formula, and change numbers: look at them in a "
        "text editor. `ledger.csv` is safe to open."
    )
    yield ""
    yield "## In order"
    yield ""
    number = 1
    for number, step in enumerate(move.steps, 1):
        yield f"### {number}. {step.title}"
        yield ""
        yield step.text
        yield ""
    if any(file.is_secret for file in move.files):
        yield "## Passwords"
        yield ""
        yield _MADE
        yield ""
    if passwords.has_made(Side.WORKMAIL):
        yield _TO_BE_SET
        yield ""
    if passwords.has_made(Side.DESTINATION) and not accounts_are_made:
        yield _FOREIGN
        yield ""
    if move.notes:
        yield "## To check"
        yield ""
        yield from (f"* {safe(note)}" for note in move.notes)
        yield ""
    yield "## Files"
    yield ""
    yield from (f"* `{file.path}`" for file in move.files)
    yield "* `ledger.csv`"
