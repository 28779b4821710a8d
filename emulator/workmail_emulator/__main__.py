"""`workmail-emulator`, or `python -m workmail_emulator`: the emulator on a loopback port.

With `WORKMAIL_EMULATOR_KEY` in the environment it answers only to that access key id, and asks the
Route 53 of `--aws` with it.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence

from workmail_emulator.dns import Route53
from workmail_emulator.emulator import Emulator
from workmail_emulator.guarding import KEY_VARIABLE
from workmail_emulator.server import Server


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until told to stop by SIGTERM or SIGINT."""
    options = _parser().parse_args(argv)
    key = os.environ.get(KEY_VARIABLE, "")
    try:
        emulator = Emulator(
            instant=options.instant,
            lag=options.lag,
            throttle=options.throttle,
            page_size=options.page_size,
            account=options.account,
            verified=options.verified,
            dns=Route53(options.aws, key) if options.aws else None,
        )
        server = Server(emulator, options.host, options.port, key)
    except (ValueError, OSError, OverflowError) as error:
        sys.stderr.write(f"workmail_emulator: {error}\n")
        return 1
    _stop_on_signals(server)
    sys.stdout.write(f"{server.url}\n")
    sys.stdout.flush()
    with server:
        server.serve_forever(poll_interval=0.1)
    return 0


def _stop_on_signals(server: Server) -> None:
    def stop(*_: object) -> None:
        # shutdown waits for serve_forever, which this thread runs.
        threading.Thread(target=server.shutdown, daemon=True).start()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="workmail-emulator",
        description="Amazon WorkMail and Directory Service in memory; prints its URL when ready.",
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument(
        "--instant", action="store_true", help="asynchronous changes are complete by the next read"
    )
    parser.add_argument(
        "--aws", metavar="URL", help="verify domains by the records in the Route 53 found here"
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
        "--lag", metavar="SECONDS", type=float, default=0.0, help="reads are behind writes by this"
    )
    parser.add_argument(
        "--throttle", metavar="N", type=float, help="calls per second and region let through"
    )
    parser.add_argument(
        "--page-size", metavar="N", type=int, default=100, help="entries on a page, 1 to 100"
    )
    parser.add_argument("--account", default="000000000000", help="twelve digits, in every ARN")
    return parser


if __name__ == "__main__":
    sys.exit(main())
