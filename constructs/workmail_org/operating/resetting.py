"""Resetting: a user gets a new generated password, which nobody sees on the way."""

from __future__ import annotations

from workmail_org.changes.calls import Call, GeneratedPassword, Identity, Phase, make_call
from workmail_org.errors import PermanentError, UnsafePlanError
from workmail_org.model.values import Kind, Reference, fold
from workmail_org.operating.deployed import Deployed
from workmail_org.service.passwords import PasswordSecret, generate_password
from workmail_org.service.reading import Listed, list_users


def reset_password(deployed: Deployed, name: str) -> str:
    """Give a user a new password, put on record before it holds.

    If the answer is lost, the new one is on record and may hold or not: do it
    again. If WorkMail refuses it, the record is again what it was.

    Returns:
        ARN of the secret where it lies.

    Raises:
        UnsafePlanError: The user is not this stack's, or the stack keeps no
            passwords.
        ServiceError: AWS refuses.
    """
    if not deployed.secret_arns:
        raise UnsafePlanError(
            f"{deployed.spec.key} keeps no passwords (passwords: none): there is no place for a "
            "new one"
        )
    row = _find_user(deployed, name)
    user = row.reference.name
    secrets = [PasswordSecret(deployed.secrets, arn) for arn in deployed.secret_arns]
    place = next((each for each in secrets if user in each.read()), secrets[0])
    password = generate_password()
    former = place.replace(user, password)
    try:
        deployed.write(row, _make_reset(row.reference), passwords={user: password})
    except PermanentError:
        place.replace(user, former)
        raise
    return place.arn


def _make_reset(user: Reference) -> Call:
    password = GeneratedPassword(user.name)
    operation = "ResetPassword"
    return make_call(Phase.UPDATE, operation, user, UserId=Identity(user), Password=password)


def _find_user(deployed: Deployed, name: str) -> Listed:
    owned = deployed.ledger.read(Kind.USER)
    for row in list_users(deployed.workmail):
        entry = owned.get(row.reference.folded)
        if fold(row.reference.name) == fold(name) and entry and entry.id == row.id:
            return row
    raise UnsafePlanError(
        f'user "{name}" is none that this stack looks after in {deployed.spec.key}; check the '
        "name, and whether it is deployed"
    )
