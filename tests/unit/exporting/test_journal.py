"""Entries of the journal come back as they were written."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from exporting import Table
from workmail_org.exporting.journal import Journal, read
from workmail_org.exporting.model import Checked, Exported, Pass, Stage
from workmail_org.model.values import EntityId, Kind

MOMENTS = st.none() | st.floats(0, 4e9)
NUMBERS = st.none() | st.integers(0, 10**13)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)

ENTRIES = st.builds(
    Exported,
    export_pass=st.sampled_from(Pass),
    id=st.text("abc-123", min_size=1, max_size=8).map(EntityId),
    name=TEXTS.filter(bool),
    kind=st.sampled_from([Kind.USER, Kind.RESOURCE]),
    email=TEXTS,
    enabled=st.booleans(),
    stage=st.sampled_from(Stage),
    since=st.floats(0, 4e9),
    attempts=st.integers(0, 9),
    refusals=st.integers(0, 40),
    not_before=MOMENTS,
    job_id=st.none() | TEXTS.filter(bool),
    progress=st.integers(0, 100),
    started_at=MOMENTS,
    ended_at=MOMENTS,
    path=st.none() | TEXTS.filter(bool),
    size=NUMBERS,
    version=st.none() | TEXTS.filter(bool),
    sha384=st.none() | TEXTS.filter(bool),
    messages=NUMBERS,
    stated_messages=NUMBERS,
    left_out=NUMBERS,
    checked=st.none() | st.sampled_from(Checked),
    checking_since=MOMENTS,
    checks=st.integers(0, 3),
    verified_at=MOMENTS,
    reason=TEXTS,
    former_path=st.none() | TEXTS.filter(bool),
    former_version=st.none() | TEXTS.filter(bool),
    former_sha384=st.none() | TEXTS.filter(bool),
    former_started_at=MOMENTS,
    former_verified_at=MOMENTS,
    gone_at=MOMENTS,
)


def open_table() -> Journal:
    client: Any = Table()
    return Journal(client, "journal")


@given(ENTRIES)
def test_an_entry_comes_back_as_it_was_written(entry: Exported) -> None:
    journal = open_table()

    written = journal.write(entry)

    assert replace(entry, revision=1) == written
    assert [written] == journal.read(entry.export_pass)
    assert written == journal.find(entry.export_pass, entry.id)


def test_an_attribute_of_a_later_release_is_passed_over() -> None:
    journal = open_table()
    entry = Exported(export_pass=Pass.FIRST, id=EntityId("a"), name="alice")
    journal.write(entry)
    table: Any = journal.client
    table.items["first", "a"]["Later"] = {"S": "1"}

    assert [replace(entry, revision=1)] == journal.read(Pass.FIRST)


def test_both_passes_are_read_users_first_and_by_name() -> None:
    journal = open_table()
    for export_pass, kind, name in (
        (Pass.FINAL, Kind.USER, "alice"),
        (Pass.FIRST, Kind.RESOURCE, "aula"),
        (Pass.FIRST, Kind.USER, "bob"),
        (Pass.FIRST, Kind.USER, "Alice"),
    ):
        journal.write(Exported(export_pass=export_pass, id=EntityId(name), name=name, kind=kind))

    assert [
        (Pass.FIRST, "Alice"),
        (Pass.FIRST, "bob"),
        (Pass.FIRST, "aula"),
        (Pass.FINAL, "alice"),
    ] == [(entry.export_pass, entry.name) for entry in read(journal)]


def test_every_field_is_drawn_above() -> None:
    """A field that is not drawn could be lost on its way."""
    drawn = ENTRIES.example  # only to be sure that it can draw
    assert callable(drawn)
    named = set(ENTRIES.wrapped_strategy.kwargs)  # type: ignore[attr-defined]

    assert {each.name for each in fields(Exported)} - named == {"revision"}
