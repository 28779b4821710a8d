"""Whatever arrives is read or refused: no crash, no hang, nothing executed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from effort import ALL
from workmail_org.errors import WireError
from workmail_org.handlers.requests import parse_request
from workmail_org.spec.loading import load
from workmail_org.wire import ResourceType

CASES = 10_000 if ALL else 100

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Users", "Groups", "Rules", "TestDomain", "OrganizationId", "Shard"])
            | st.text(max_size=10),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
PROPERTIES = st.dictionaries(st.text(max_size=10), VALUES, max_size=5) | VALUES
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "RequestType": st.sampled_from(["Create", "Update", "Delete"]) | VALUES,
        "ResourceType": st.sampled_from([str(each) for each in ResourceType]) | VALUES,
        "ResourceProperties": PROPERTIES,
        "OldResourceProperties": PROPERTIES,
        "PhysicalResourceId": VALUES,
    },
)


def load_nothing(_bucket: str, _key: str) -> dict[str, Any]:
    return {}


@settings(max_examples=CASES, deadline=1000, suppress_health_check=[HealthCheck.too_slow])
@given(event=EVENTS)
def test_an_event_is_decoded_or_refused(event: dict[str, Any]) -> None:
    try:
        request = parse_request(event, load_nothing)
    except WireError:
        return

    assert request.resource_type in ResourceType


PIECES = st.sampled_from(
    [
        "version: 1",
        "organizations:",
        "  a: &x {<<: *x}",
        "x-b: &b [*b, *b]",
        "users: !csv /etc/passwd",
        "users: !include ../../etc/passwd",
        "extends: /etc/passwd",
        "a: !!python/object/apply:os.system [exit]",
        "\x1b[2J: \x1b]0;title\x07",
        "? [complex, key]",
        "- - - - - -",
        "\t",
        "---",
        "{",
        "'",
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=30), max_size=12).map("\n".join)


@settings(max_examples=CASES, deadline=1000, suppress_health_check=[HealthCheck.too_slow])
@given(text=TEXTS)
def test_a_spec_is_read_or_its_problems_are_told(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spec.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        document = load(path)

        assert {str(path)} >= set(document.files)
        assert [] == [each for each in document.problems if "\x1b" in str(each)]
