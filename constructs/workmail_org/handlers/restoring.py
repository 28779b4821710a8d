"""Restoring: a rollback puts rules and settings back as they were found, whoever had made them.

A rollback arrives as an update to the former *template*, or as a Delete of what the failed
deployment created. The template does not know what people had made by hand. So before the first
write of a request its kind's part of the live organization is noted in the ledger, as properties
that would bring it back (`SettingKind.capture`). When CloudFormation rolls exactly this request
back, the note takes the place of the template. A request that has nothing to write leaves the note
all the same: what is there already as declared may be somebody's, and is not taken away.

A note belongs to the properties that were being deployed (`Request.fingerprint`): the rollback
names them as its former ones. It is written once for each deployment, so that a second delivery,
which finds half of the work done, does not take that for what was found. Without a note nothing was
written, and nothing is taken back; where the ledger is lost, the template decides.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from workmail_org.changes.staying import is_keyed, note_named
from workmail_org.errors import NotFoundError, ServiceError, WireError
from workmail_org.handlers.requests import Request, RequestType, Run
from workmail_org.model.bookable import Bookable
from workmail_org.model.group import Group
from workmail_org.model.user import User
from workmail_org.wire.encoding import decode_properties, encode_properties

P = TypeVar("P")
E = TypeVar("E", User, Group, Bookable)

_FOUND, _MADE, _GONE = "found", "made", "gone"
"""Notes on a thing that is there or not, and has nothing else to be put back."""

_BEFORE = " before the stack"
"""Ends the name of a note on what was there when a kind was declared for the first time."""

_DELETION = "deletion"
"""What `StackState.operation` begins with while a stack is deleted."""


def note_found(run: Run, request: Request[object], found: object | None) -> None:
    """Write down what was found, before the first write of a deployment.

    Args:
        run: This invocation.
        request: Goes forward.
        found: Properties that would bring it back; `None`: there is nothing.

    Raises:
        ServiceError: It cannot be written; then nothing else is.
    """
    table = request.consent.ledger_table
    if not table:
        return
    known = _read(run, request)
    if known and (known["operation"], known["fingerprint"]) == _identify(request):
        return
    operation, fingerprint = _identify(request)
    note = {
        "operation": operation,
        "fingerprint": fingerprint,
        "found": None if found is None else encode_properties(found),
    }
    ledger = run.open_ledger(run.clients, table)
    ledger.keep_found(request.part_name, pack(note))
    if request.type is RequestType.CREATE:
        ledger.keep_found(request.part_name + _BEFORE, pack(note))
    elif found is not None:
        _note_named(run, request, found)


def _note_named(run: Run, request: Request[object], found: object) -> None:
    """Note also of what is newly declared whether it was there before (`changes.staying`)."""
    name = request.part_name + _BEFORE
    known = _read(run, request, name)
    if known is None or known["found"] is None:
        return
    try:
        before = decode_properties(type(found), known["found"])
    except WireError as error:  # of another version
        run.log("note not understood", error=str(error))
        return
    changed = {"is_changed": True} if request.desired != request.previous else {}
    named = before
    if is_keyed(found):
        changed, named = {}, note_named(before, found, request.desired, request.previous)
    noted = {**known, **changed, "found": encode_properties(named)}
    if noted != known:
        table = request.consent.ledger_table
        run.open_ledger(run.clients, table).keep_found(name, pack(noted))


def forget_earlier(run: Run, request: Request[object]) -> None:
    """Forget, when a deployment begins, what an earlier one of the same properties had found.

    That one failed, and its rollback has used the note. This one may fail before it notes anything:
    then it wrote nothing, and what people did in between stays.
    """
    known = _read(run, request)
    operation, fingerprint = _identify(request)
    if known and known["fingerprint"] == fingerprint and known["operation"] != operation:
        run.open_ledger(run.clients, request.consent.ledger_table).keep_found(request.part_name, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Before(Generic[P]):
    """What was there before the stack.

    Attributes:
        found: As it would be declared.
        is_changed: Whether a later deployment declared it otherwise than the first one.
    """

    found: P
    is_changed: bool


def find_before(run: Run, request: Request[P], properties: type[P]) -> Before[P] | None:
    """Return what was there before the stack declared it, when the whole stack is deleted.

    A section that leaves the spec takes away what it says; a stack that is deleted leaves what it
    took over (`changes.staying`). `None`: nothing was there, or nobody knows.
    """
    if not (request.is_delete and request.operation.startswith(_DELETION)):
        return None
    note = _read(run, request, request.part_name + _BEFORE)
    if not note or note["found"] is None:
        return None
    try:
        found = decode_properties(properties, note["found"])
    except WireError as error:  # of another version
        run.log("note not understood", error=str(error))
        return None
    return Before(found=found, is_changed=bool(note.get("is_changed")))


def find_sides(
    run: Run, request: Request[P], properties: type[P], *, rolls_back: bool
) -> tuple[P | None, P | None]:
    """Return what is to be and what was declared before; a rollback wants what was found.

    Args:
        run: This invocation.
        request: Any.
        properties: Class of the request's properties.
        rolls_back: Whether a failed deployment is rolled back.
    """
    note = _read(run, request) if rolls_back else None
    failed = request.fingerprint if request.is_delete else request.previous_fingerprint
    if not note or note["fingerprint"] != failed:
        return request.sides
    undone = request.desired if request.is_delete else request.previous
    found = note["found"]
    try:
        before = None if found is None else decode_properties(properties, found)
    except WireError as error:  # of another version
        run.log("note not understood", error=str(error))
        return request.sides
    run.log("put back as found", found=found is not None)
    return before, undone


def wrote_nothing(run: Run, request: Request[object]) -> bool:
    """Tell whether the deployment that is rolled back never came to write anything of a kind.

    It notes what it finds before its first write, so without a note there was none; whatever is
    there is as it was found. Where the ledger does not answer, nobody knows.
    """
    table = request.consent.ledger_table
    if not table:
        return False
    failed = request.fingerprint if request.is_delete else request.previous_fingerprint
    try:
        packed = run.open_ledger(run.clients, table).recall_found(request.part_name)
        return not packed or unpack(packed)["fingerprint"] != failed
    except (ServiceError, ValueError, zlib.error):
        return False


def note_origin(run: Run, request: Request[object], *, found: bool) -> None:
    """Write down, when a thing is to be created, whether it was there before the stack.

    Once the stack has made it, it stays the stack's, until `forget_origin`.
    """
    table = request.consent.ledger_table
    if not table:
        return
    ledger = run.open_ledger(run.clients, table)
    if ledger.recall_found(request.part_name) != _MADE:
        ledger.keep_found(request.part_name, _FOUND if found else _MADE)


def was_found(run: Run, request: Request[object]) -> bool:
    """Return whether a thing was there before the stack; of one without a ledger it was not.

    Where the ledger is lost, nobody knows that the stack made it, so it was: a lost ledger means
    owning nothing.

    Raises:
        ServiceError: It cannot be read; then nothing is taken away.
    """
    table = request.consent.ledger_table
    try:
        noted = (
            run.open_ledger(run.clients, table).recall_found(request.part_name) if table else None
        )
    except NotFoundError as error:
        run.log("taken for found", reason=str(error))
        return True
    return noted == _FOUND


def forget_origin(run: Run, request: Request[object]) -> None:
    """Write down that the stack has taken away what it made: somebody may make it anew."""
    table = request.consent.ledger_table
    if table:
        run.open_ledger(run.clients, table).keep_found(request.part_name, _GONE)


def _identify(request: Request[object]) -> tuple[str, str]:
    return request.operation, request.fingerprint


def _read(run: Run, request: Request[object], part_name: str = "") -> dict[str, Any] | None:
    table = request.consent.ledger_table
    if not table:
        return None
    try:
        packed = run.open_ledger(run.clients, table).recall_found(part_name or request.part_name)
        return unpack(packed) if packed else None
    except (ServiceError, ValueError, zlib.error) as error:
        # Not refused: a stack that cannot go back is stuck.
        run.log("note not read", error=str(error))
        return None


def pack(note: dict[str, Any]) -> str:
    """Write a note as text; thousands of permissions have to fit into one item of 400 KB."""
    return base64.b64encode(zlib.compress(json.dumps(note).encode())).decode()


def unpack(text: str) -> dict[str, Any]:
    """Read a note back.

    Raises:
        ValueError, zlib.error: It is of another version.
    """
    return cast("dict[str, Any]", json.loads(zlib.decompress(base64.b64decode(text))))
