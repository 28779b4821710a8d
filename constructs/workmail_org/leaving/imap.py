"""IMAP: whose mail is fetched with a password."""

from __future__ import annotations

from collections.abc import Iterator

from workmail_org.leaving.model import Item, ItemKind
from workmail_org.leaving.movers import IMAP_IS_CLOSED, Movers, is_imap_open
from workmail_org.leaving.passwords import PasswordBook, Side
from workmail_org.leaving.placing import Placing
from workmail_org.model.user import User

_TRY_FIRST = (
    "IAM Identity Center is switched on: mail programs may then take personal access tokens alone "
    '(WorkMail Admin Guide, "personal_access-token"); try the login of one user by IMAP first'
)


def list_mailboxes(
    placing: Placing, movers: Movers, passwords: PasswordBook
) -> Iterator[tuple[User, Item]]:
    """List the users whose mail a password opens; leave the others to people."""
    is_open = is_imap_open(placing.organization)
    if is_open and placing.organization.policies.identity_center:
        placing.notes.append(_TRY_FIRST)
    for user in placing.organization.users:
        for item in placing.find(user.reference, ItemKind.MAIL):
            if user.reference not in movers:
                continue
            if is_open or passwords.is_given(Side.WORKMAIL, user.email):
                yield user, item
            else:
                placing.leave([item], IMAP_IS_CLOSED)
