"""`workmail-emulator`, or `python -m workmail_emulator`: the emulator on a loopback port.

With `WORKMAIL_EMULATOR_KEY` in the environment it answers only to that access key id, and asks the
Route 53 and the S3 of `--aws` with it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workmail_emulator.dns import Route53
from workmail_emulator.emulator import Emulator
from workmail_emulator.guarding import KEY_VARIABLE
from workmail_emulator.organizations import CREATED_SECONDS
from workmail_emulator.seeding import read_seed
from workmail_emulator.server import Server
from workmail_emulator.storing import S3
from workmail_emulator.world import DEFAULT_ACCOUNT

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

_PIPE_CLOSED = 141
"""As a shell says it: 128 + SIGPIPE (chosen)."""


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until told to stop by SIGTERM or SIGINT."""
    try:
        options = _parser().parse_args(argv)
    except OSError as error:
        return _report_output(error)
    key = os.environ.get(KEY_VARIABLE, "")
    try:
        emulator = Emulator(
            instant=options.instant,
            lag=options.lag,
            active_after=options.active_after,
            test_domain_after=options.test_domain_after,
            throttle=options.throttle,
            page_size=options.page_size,
            account=options.account,
            verified=options.verified,
            dns=Route53(options.aws, key) if options.aws else None,
            store=S3(options.aws, key).put if options.aws else None,
        )
        if options.seed:
            _seed(emulator, options.seed, options.account)
        if options.dump:
            _check_folder(options.dump)
        server = Server(emulator, options.host, options.port, key)
    except (ValueError, OSError, OverflowError) as error:
        sys.stderr.write(f"workmail-emulator: {_describe(error)}\n")
        return 1
    _stop_on_signals(server)
    with server:
        try:
            _print(f"{server.url}\n")
        except OSError as error:
            return _report_output(error)
        server.serve_forever(poll_interval=0.1)
    if options.dump:
        try:
            _dump(emulator, options.dump)
        except OSError as error:
            sys.stderr.write(f"workmail-emulator: {_describe(error)}\n")
            return 1
    return 0


def _print(text: str) -> None:
    """Print text at once. A standard output that the shell closed (`>&-`) takes nothing.

    Raises:
        OSError: It cannot be written.
    """
    if sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison] - typeshed leaves it out
        sys.stdout.write(text)
        sys.stdout.flush()


def _report_output(error: OSError) -> int:
    """Say why nothing could be printed, unless nobody reads it; give the exit code."""
    # What is still buffered goes nowhere: nothing takes it.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if isinstance(error, BrokenPipeError):
        return _PIPE_CLOSED
    sys.stderr.write(f"workmail-emulator: the output cannot be written: {_describe(error)}\n")
    return 1


def _describe(error: Exception) -> str:
    """Report what failed, without the number of a system error."""
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror.lower()}"
    return str(error)


def _seed(emulator: Emulator, file: Path, account: str) -> None:
    """Begin with what a dump or a spec holds.

    Raises:
        ValueError: It is neither, or wrong.
        OSError: It cannot be read.
    """
    document = read_seed(file, account=account)
    try:
        emulator.seed(document)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error


def _check_folder(file: Path) -> None:
    """Tell at the beginning that a dump could not be written at the end.

    Raises:
        OSError: The folder is not there or cannot be written to, or the file is a folder.
    """
    if file.is_dir():
        raise IsADirectoryError(f"{file} is a folder; name a file for the dump")
    if not file.parent.is_dir():
        raise FileNotFoundError(
            f"{file.parent} is not a folder; make it, or name another place for the dump"
        )
    with tempfile.TemporaryFile(dir=file.parent):
        pass


def _dump(emulator: Emulator, file: Path) -> None:
    """Write everything into a file that only its owner can read, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    text = json.dumps(emulator.dump(), indent=1, ensure_ascii=False)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=file.parent, prefix=f".{file.name}.", delete=False
    ) as beside:
        try:
            beside.write(text + "\n")
            beside.close()
            Path(beside.name).replace(file)
        except OSError:
            Path(beside.name).unlink(missing_ok=True)
            raise


def _stop_on_signals(server: Server) -> None:
    def stop(*_: object) -> None:
        # shutdown waits for serve_forever, which this thread runs.
        threading.Thread(target=server.shutdown, daemon=True).start()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)


class _Parser(argparse.ArgumentParser):
    """A parser whose help is an OSError where it cannot be printed; argparse says nothing."""

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Print the help."""
        if file is None:
            _print(self.format_help())
        else:
            super().print_help(file)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="workmail-emulator",
        description="Amazon WorkMail and Directory Service in memory; prints its URL when ready.",
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument(
        "--instant", action="store_true", help="asynchronous changes are complete by the next read"
    )
    parser.add_argument(
        "--aws",
        metavar="URL",
        help="verify domains by the records in the Route 53 found here; exports go to its S3",
    )
    parser.add_argument(
        "--verified",
        metavar="DOMAIN",
        nargs="+",
        action="extend",
        default=[],
        help="domains that are verified as soon as they are registered",
    )
    parser.add_argument(
        "--lag", metavar="SECONDS", type=float, default=0.0, help="reads of people are late by this"
    )
    parser.add_argument(
        "--active-after",
        metavar="SECONDS",
        type=float,
        default=CREATED_SECONDS,
        help="how long it takes until an organization is Active (30)",
    )
    parser.add_argument(
        "--test-domain-after",
        metavar="SECONDS",
        type=float,
        default=0.0,
        help="how long it then takes until its test domain can be used (0)",
    )
    parser.add_argument(
        "--throttle", metavar="N", type=float, help="calls per second and region let through"
    )
    parser.add_argument(
        "--page-size", metavar="N", type=int, default=100, help="entries on a page, 1 to 100"
    )
    parser.add_argument(
        "--account",
        default=DEFAULT_ACCOUNT,
        help="twelve digits, in every ARN; whose calls have another access key id than an account",
    )
    parser.add_argument(
        "--seed",
        metavar="FILE",
        type=Path,
        help="begin with what a dump holds, or with what a spec declares",
    )
    parser.add_argument(
        "--dump", metavar="FILE", type=Path, help="write everything here when it ends"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
