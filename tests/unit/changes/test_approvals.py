"""An approval is one text with a part for each custom resource."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workmail_org.changes.approvals import (
    NOTHING,
    make_approval,
    make_approval_key,
    parse_approval,
)

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,9}/[a-z]{1,9}(/[a-z]{1,9}\.[a-z]{2,9})?", fullmatch=True)
DIGESTS = st.from_regex(r"[0-9a-f]{12}", fullmatch=True)


def test_parts_stand_in_the_order_of_their_names() -> None:
    parts = {"acme-eu/users": "1f2e3d4c5b6a", "acme-eu/groups": "9a8b7c6d5e4f"}

    assert "acme-eu/groups.9a8b7c6d5e4f+acme-eu/users.1f2e3d4c5b6a" == make_approval(parts)


@given(parts=st.dictionaries(NAMES, DIGESTS))
def test_what_was_written_is_read_again(parts: dict[str, str]) -> None:
    assert parts == parse_approval(make_approval(parts))


def test_a_plan_without_changes_has_an_approval_too() -> None:
    assert NOTHING == make_approval({})
    assert {} == parse_approval("nothing")


def test_a_domain_is_a_part_of_its_own() -> None:
    name = make_approval_key("acme-eu", "domains/acme.example")

    assert {name: "0123456789ab"} == parse_approval("acme-eu/domains/acme.example.0123456789ab")


@pytest.mark.parametrize(
    "text", ["", "acme-eu/users", "acme-eu/users.XYZ", "a/b.0123456789ab+", "a b.0123456789ab"]
)
def test_a_text_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not part of an approval"):
        parse_approval(text)


def test_two_words_for_one_resource_are_refused() -> None:
    with pytest.raises(ValueError, match="a/users is in the approval twice"):
        parse_approval("a/users.0123456789ab+a/users.ba9876543210")
