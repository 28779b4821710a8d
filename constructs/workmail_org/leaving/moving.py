"""Moving: each destination by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workmail_org.leaving import google, imapsync, microsoft365, zoho
from workmail_org.leaving.model import Destination, Move
from workmail_org.leaving.options import MoveOptions
from workmail_org.leaving.passwords import PasswordBook
from workmail_org.model.organization import Organization

_MOVES: Mapping[Destination, Callable[[Organization, MoveOptions], Move]] = {
    Destination.MICROSOFT365: microsoft365.move,
    Destination.GOOGLE: google.move,
    Destination.ZOHO: zoho.move,
    Destination.IMAPSYNC: imapsync.move,
}


def move(organization: Organization, destination: Destination, options: MoveOptions) -> Move:
    """Write what a destination takes of an organization, and what becomes of everything else."""
    return _MOVES[destination](organization, options)


def account(organization: Organization, destination: Destination) -> Move:
    """Write the ledger alone: no password is made, and the files are not to be used."""
    passwords = PasswordBook(make=lambda: "none")
    return move(organization, destination, MoveOptions(passwords=passwords, imap_host="none"))
