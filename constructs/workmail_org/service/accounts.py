"""The account that credentials are of, and whether a spec is for it."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workmail_org.errors import SpecError
from workmail_org.service.clients import CONFIG, open_session
from workmail_org.service.failures import translate


def read_account(region: str) -> str:
    """Read the account that the credentials are of: 12 digits.

    Raises:
        ServiceError: AWS does not say; it needs no permission.
    """
    try:
        client: Any = open_session().create_client("sts", region_name=region, config=CONFIG)
        return str(client.get_caller_identity()["Account"])
    except (ClientError, BotoCoreError) as error:
        raise translate(error, "GetCallerIdentity") from error


def refuse_account(source: str, declared: str | None, actual: str) -> None:
    """Refuse to compare a spec with an account that it is not for.

    Args:
        source: Of what is declared: a spec as the caller named it, or an option.
        declared: By it; `None`: any account will do.
        actual: Of the credentials.

    Raises:
        SpecError: It is another account.
    """
    if declared is not None and declared != actual:
        raise SpecError(
            [
                f"{source}: it is for account {declared}, and the credentials are of account"
                f" {actual}: sign in to {declared}, or correct account there"
            ]
        )
