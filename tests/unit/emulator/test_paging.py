"""Filtered lists give every entry once, and look at each once however many pages there are."""

from __future__ import annotations

from typing import Any

import pytest

from workmail_emulator import Emulator, listing


def test_a_filtered_list_looks_at_each_user_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []

    def matches(entity: Any, field: str, value: str) -> bool:
        del field
        looked_at.append(entity.id)
        return bool(entity.name.startswith(value))

    monkeypatch.setattr(listing, "_matches", matches)
    names = [f"{prefix}{number}" for number in range(10) for prefix in ("in", "out")]
    with Emulator(instant=True) as emulator:
        workmail = emulator.client("workmail", region="eu-west-1")
        acme = workmail.create_organization(Alias="acme")["OrganizationId"]
        for name in names:
            workmail.create_user(OrganizationId=acme, Name=name, DisplayName=name)
        pages = list(
            workmail.get_paginator("list_users").paginate(
                OrganizationId=acme,
                Filters={"UsernamePrefix": "in"},
                PaginationConfig={"PageSize": 3},
            )
        )

    shown = [[user["Name"] for user in page["Users"]] for page in pages]
    assert shown == [["in0", "in1", "in2"], ["in3", "in4", "in5"], ["in6", "in7", "in8"], ["in9"]]
    # The entry at which a page ends is looked at again by the next page, which begins with it.
    assert len(looked_at) == len(set(looked_at)) + len(pages) - 1
