r"""Names in Route 53: lower case, and octal for what is no letter, digit, hyphen or underscore."""

from __future__ import annotations

import pytest

from workmail_emulator.naming import store_name


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("First.ACME.Example", "first.acme.example."),
        ("first.acme.example.", "first.acme.example."),
        ("*.acme.example", r"\052.acme.example."),
        (r"\052.acme.example", r"\052.acme.example."),
        (r"\101cme.example", "acme.example."),
        ("_DMARC.acme.example", "_dmarc.acme.example."),
        (r"a\056b.acme.example", r"a\056b.acme.example."),
        ("a@b.acme.example", r"a\100b.acme.example."),
        (r"ex\344mple.com", r"ex\344mple.com."),
        ("", ""),
    ],
)
def test_a_name_is_stored_as_route_53_does(name: str, stored: str) -> None:
    assert stored == store_name(name)
    assert stored == store_name(stored)
