"""Canaries: secrets that are looked for where none may be, in every form that a leak can have."""

from __future__ import annotations

import base64
import binascii
import gzip
import html
import io
import json
import urllib.parse
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any


def list_forms(secret: str) -> set[bytes]:
    """List how a secret looks once somebody has encoded it; case is for the search to ignore."""
    raw = secret.encode()
    quoted = json.dumps(secret)[1:-1]
    forms = {
        secret,
        quoted,
        json.dumps(quoted)[1:-1],  # JSON in JSON
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        html.escape(secret),
        urllib.parse.quote(secret),
        urllib.parse.quote(secret, safe=""),
        urllib.parse.quote_plus(secret),
        binascii.hexlify(raw).decode(),
    }
    return {form.encode().lower() for form in forms}


def list_base64_forms(secret: str) -> set[bytes]:
    """List how a secret looks inside something longer that is Base64: at each of three places."""
    found: set[bytes] = set()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret.encode()).rstrip(b"=")
        # The first and the last characters depend on what stands beside.
        core = encoded[(before * 8 + 5) // 6 : len(encoded) - 1]
        found |= {core, core.replace(b"+", b"-").replace(b"/", b"_")}
    return found


def find_leaks(exhibits: Mapping[str, bytes], secrets: Iterable[str]) -> list[str]:
    """Return the names of exhibits in which a secret stands, in whatever form."""
    known = set(secrets)
    plain = {form for secret in known for form in list_forms(secret)}
    encoded = {form for secret in known for form in list_base64_forms(secret)}
    return sorted(
        name
        for name, content in exhibits.items()
        if any(form in content.lower() for form in plain)
        or any(form in content for form in encoded)
    )


def show_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Give every file below a folder, and what is packed into it."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield from show(str(path), path.read_bytes())


def show(name: str, content: Any) -> Iterator[tuple[str, bytes]]:
    """Give something as bytes, and what is packed into it."""
    if not isinstance(content, bytes):
        content = json.dumps(content, default=str, ensure_ascii=False).encode()
    yield name, content
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.namelist():
                yield from show(f"{name}!{member}", archive.read(member))
    elif content.startswith(b"\x1f\x8b"):
        try:
            yield f"{name}!", gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            return


def read_passwords(client: Any) -> Iterator[str]:
    """Give whatever is in any version of any secret."""
    for page in client.get_paginator("list_secrets").paginate():
        for secret in page["SecretList"]:
            arn = secret["ARN"]
            for version in client.list_secret_version_ids(SecretId=arn)["Versions"]:
                got = client.get_secret_value(SecretId=arn, VersionId=version["VersionId"])
                if text := got.get("SecretString"):  # there is none before the first password
                    yield from _parse_passwords(text)


def _parse_passwords(text: str) -> Iterator[str]:
    try:
        passwords: dict[str, str] = json.loads(text)
    except ValueError:
        yield text
    else:
        yield from passwords.values()
