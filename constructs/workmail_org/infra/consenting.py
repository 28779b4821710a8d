"""Consenting: what a person says of a deployment on the command line of the CDK."""

from __future__ import annotations

import re
from typing import Any

from constructs import Construct

from workmail_org import wire
from workmail_org.errors import SpecError

_DIGEST = re.compile(r"[0-9a-f]{12}")
"""As `changes.digests` writes it."""


def read_consent(scope: Construct) -> wire.Consent:
    """Read `-c acknowledge=DIGEST`, or several with commas between.

    Raises:
        SpecError: It is no digest.
    """
    given: Any = scope.node.try_get_context("acknowledge") or ""
    digests = [each.strip() for each in str(given).split(",") if each.strip()]
    wrong = [each for each in digests if not _DIGEST.fullmatch(each)]
    if wrong:
        raise SpecError(
            [
                f'acknowledge: "{wrong[0]}" is no digest: allowed are 12 digits from 0 to f, or '
                "several with commas between; copy what the refused deployment or `plan` printed"
            ]
        )
    return wire.Consent(acknowledge=tuple(sorted(set(digests))))
