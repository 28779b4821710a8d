"""imapsync: the mail of every mailbox, to any service with IMAP. Accounts have to exist there."""

from __future__ import annotations

from workmail_org.leaving.imap import list_mailboxes
from workmail_org.leaving.model import Destination, File, Instruction, ItemKind, Move, Placement
from workmail_org.leaving.movers import IMAP_HOST, place_stayers
from workmail_org.leaving.options import MoveOptions
from workmail_org.leaving.passwords import Side
from workmail_org.leaving.placing import Placing, Table
from workmail_org.leaving.quoting import fits_imapsync
from workmail_org.model.organization import Organization

PATH = "secret/imapsync.txt"

_HEAD = "# host1;user1;password1;host2;user2;password2;extra;"
"""As examples/file.txt of imapsync (2025-07-17)."""

_ELSEWHERE = (Placement.HAND, "imapsync moves mail alone: set it up at the new service")

_TABLE: Table = {
    **dict.fromkeys(ItemKind, _ELSEWHERE),
    ItemKind.PASSWORD: (Placement.HAND, "the new service has a new one: give it to the user"),
    ItemKind.MAIL: (
        Placement.HAND,
        "its address or password has a character that imapsync's list cannot hold (; \\ or a "
        "blank): load it from the export, or run imapsync for it with --passfile1 and --passfile2",
    ),
    ItemKind.CALENDAR: (
        Placement.HAND,
        "IMAP carries no calendar: the export has it as MIME; or each user exports an .ics file "
        "from WorkMail's web client and imports it at the new service",
    ),
    ItemKind.CONTENT: (
        Placement.HAND,
        "neither the export nor IMAP has contacts, tasks and notes: each user exports contacts "
        "from the web client and imports them at the new service",
    ),
    ItemKind.MAILBOX_SETTINGS: (Placement.HAND, "each user sets them anew at the new service"),
    ItemKind.FOLDER_PERMISSIONS: (Placement.HAND, "each user shares folders anew"),
    ItemKind.IDENTITY: (Placement.LOST, "it belongs to IAM Identity Center"),
    ItemKind.EMAIL_MONITORING: (Placement.LOST, "what was logged stays in CloudWatch"),
}


def move(organization: Organization, options: MoveOptions) -> Move:
    """Write the list for imapsync's loop, and say what becomes of everything else."""
    placing = Placing(organization)
    movers = place_stayers(placing)
    host1 = IMAP_HOST.format(region=organization.region)
    host2 = options.imap_host or ""
    lines: list[str] = []
    passwords = options.passwords
    for user, item in list_mailboxes(placing, movers, passwords):
        # An address at first: no password is made for a line that is not written.
        if not fits_imapsync(user.email):
            continue
        secrets = [passwords.get(side, user.email) for side in (Side.WORKMAIL, Side.DESTINATION)]
        if all(map(fits_imapsync, secrets)):
            fields = (host1, user.email, secrets[0], host2, user.email, secrets[1])
            lines.append(";".join(fields) + ";;")
            placing.put([item], PATH, "mail only")
    # A last line without its end is not read.
    data = "\n".join((_HEAD, *lines, "")).encode()
    files = (File(path=PATH, data=data, is_secret=True),) if lines else ()
    return Move(
        key=organization.key,
        destination=Destination.IMAPSYNC,
        files=files,
        entries=placing.finish(_TABLE),
        steps=(_describe(host1),) if lines else (),
        notes=tuple(placing.notes),
    )


def _describe(host1: str) -> Instruction:
    return Instruction(
        title="Mail",
        text=f"`{PATH}` is for `sync_loop_unix.sh` and `sync_parallel_unix.sh` of imapsync (its "
        "folder examples). Give options on the script's own imapsync line, not in the list: the "
        "parallel script ignores them there.\n\n"
        f"    --ssl1 --port1 993 --justlogin      # {host1}: try every password first\n"
        "    --ssl1 --port1 993 --automap --dry  # then what it would do\n"
        "    --ssl1 --port1 993 --automap        # then the move; it can be repeated\n\n"
        "For Gmail add `--gmail2`, for Exchange Online `--office2` and an OAuth token. Exit "
        "codes: 161 the login to WorkMail is refused, 162 the one to the new service, 113 the "
        "quota is full. imapsync writes lines that failed, with their passwords, to "
        "`file_failures.txt`: delete it.",
    )
