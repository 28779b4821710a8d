"""Identifiers and tokens: unlike each other, and the same again in the next run."""

from __future__ import annotations

import base64
import hashlib
import uuid


def digest(*parts: str) -> bytes:
    """Hash the parts into 32 bytes that never change between runs."""
    return hashlib.sha256("\0".join(parts).encode()).digest()


class Ids:
    """Numbers that count up, shown the way WorkMail shows its identifiers.

    Deterministic, so that two runs of one test can be compared call by call.

    Attributes:
        issued: How many were made.
    """

    def __init__(self, seed: str = "", issued: int = 0) -> None:
        self._seed = seed
        self.issued = issued

    def _next(self, kind: str) -> bytes:
        self.issued += 1
        return digest(self._seed, kind, str(self.issued))

    def organization(self) -> str:
        """Make `m-` and 32 hexadecimal digits (botocore shape OrganizationId)."""
        return f"m-{self._next('organization').hex()[:32]}"

    def resource(self) -> str:
        """Make `r-` and 32 hexadecimal digits (botocore shape ResourceId)."""
        return f"r-{self._next('resource').hex()[:32]}"

    def directory(self) -> str:
        """Make `d-` and ten hexadecimal digits (botocore shape DirectoryId)."""
        return f"d-{self._next('directory').hex()[:10]}"

    def uuid(self) -> str:
        """Make a UUID: users and groups of a WorkMail directory, rules, roles, jobs, requests."""
        return str(uuid.UUID(bytes=self._next("uuid")[:16], version=4))

    def sid(self, directory_id: str) -> str:
        """Make a security identifier: users and groups of the other directories."""
        self.issued += 1
        domain = digest(directory_id)
        words = [str(int.from_bytes(domain[at : at + 4], "big")) for at in (0, 4, 8)]
        return f"S-1-5-21-{'-'.join(words)}-{1100 + self.issued}"

    def token(self) -> str:
        """Make an opaque token of 43 characters."""
        return base64.urlsafe_b64encode(self._next("token")).decode().rstrip("=")

    def alphanumeric(self, length: int) -> str:
        """Make lower-case hexadecimal text of `length` characters, at most 64."""
        return self._next("alphanumeric").hex()[:length]
