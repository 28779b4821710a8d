"""The process that cleans up after a rehearsal, however that ends, `kill -9` included.

    python -I -S keeper.py [FOLDER]

Makes FOLDER, for its user alone, and prints `ready`, or what is wrong. Then reads lines
from standard input:

    +ID    the process group of this id was started
    -ID    it has ended
    keep   leave everything as it is

The input ends when every process that could write to it is gone: the rehearsal itself, and whatever
it was about to start. Then the groups that are left are killed and FOLDER is removed. It works with
pipes and process groups alone, so on macOS too.

It imports little, and nothing of the package, so that it starts fast.
"""

import os
import signal
import sys
import time

_WAIT_SECONDS = 5.0
"""How long killed processes may take to be gone before their folder is removed under them."""


def main(folder: str = "") -> int:
    """Make the folder, wait for the end of the input, clean up."""
    # A signal to the rehearsal's terminal or session is the rehearsal's to answer.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.umask(0o077)
    try:
        if folder:
            os.mkdir(folder)  # noqa: PTH102 - pathlib would take as long to import as all the rest
    except OSError as error:
        sys.stdout.write(f"{error.strerror}\n")
        return 1
    sys.stdout.write("ready\n")
    sys.stdout.close()
    groups, keep = _listen()
    if not keep:
        _kill(groups)
        if folder:
            _remove(folder)
    return 0


def _listen() -> tuple[list[int], bool]:
    """Read until the end; give the groups that are left, and whether all is to stay."""
    groups: list[int] = []
    for line in sys.stdin:
        word = line.strip()
        if word == "keep":
            return groups, True
        group = int(word[1:])
        if word[0] == "+":
            groups.append(group)
        elif group in groups:
            groups.remove(group)
    return groups, False


def _kill(groups: list[int]) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while groups and time.monotonic() < deadline:
        groups = [group for group in groups if _kill_group(group)]
        time.sleep(0.01)


def _kill_group(group: int) -> bool:
    """Kill what is left of a group; whether there was anything."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS says the latter of ended ones
        return False
    return True


def _remove(folder: str) -> None:
    import shutil  # it takes as long as all the rest, and is not needed before

    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
