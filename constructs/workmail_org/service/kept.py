"""Kept: rights that left the spec and could not be taken away, since somebody was switched off."""

from __future__ import annotations

import json
from collections.abc import Iterable

from workmail_org.errors import WireError
from workmail_org.model.permission import MailboxPermission
from workmail_org.service.ledger import Ledger
from workmail_org.wire.encoding import decode_properties, encode_properties
from workmail_org.wire.properties import PermissionsProperties

_NOTE = "permissions kept"
"""Name of the note in the ledger."""


def read_kept(ledger: Ledger) -> tuple[MailboxPermission, ...]:
    """Read which rights are still to be taken away; none that another version has noted."""
    noted = ledger.recall_found(_NOTE)
    try:
        read = decode_properties(PermissionsProperties, json.loads(noted)) if noted else None
    except (WireError, ValueError):
        return ()
    return read.permissions if read else ()


def write_kept(ledger: Ledger, kept: Iterable[MailboxPermission]) -> None:
    """Write which rights are still to be taken away, where they are others than before."""
    permissions = tuple(kept)
    if permissions != read_kept(ledger):
        properties = PermissionsProperties(permissions=permissions)
        ledger.keep_found(_NOTE, json.dumps(encode_properties(properties)))
