"""Whatever organization is written as a spec is read back as the same organization."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from effort import ALL
from generating import organizations
from scenes import at, make_group, make_organization, make_user
from workmail_org.importing.writing import Draft, render_spec
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.removal import Safety
from workmail_org.spec.building import load_environment, read_spec
from workmail_org.spec.characters import is_blank

CONFIG = Path(__file__).resolve().parents[3] / "config"
ORGANIZATIONS = load_environment(CONFIG / "full.yaml").organizations


def read_back(folder: Path, organization: Organization) -> Organization:
    """Write an organization, and read what was written."""
    environment = Environment(name="test", organizations=(organization,))
    path = folder / "spec.yaml"
    path.write_text(render_spec(Draft(environment=environment)), encoding="utf-8")
    reading = read_spec(path)
    assert [] == [str(each) for each in reading.problems]
    assert reading.environment is not None
    return reading.environment.organizations[0]


@pytest.mark.parametrize("organization", ORGANIZATIONS, ids=lambda each: each.key)
def test_every_key_of_a_spec_is_written_and_read_back(
    organization: Organization, tmp_path: Path
) -> None:
    """Expectations are left out: no organization tells them."""
    silent = replace(organization, expect=())

    assert silent == read_back(tmp_path, silent)


@settings(
    max_examples=500 if ALL else 30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=tuple(Phase) if ALL else (Phase.explicit, Phase.generate),
)
@given(organization=organizations(None))
def test_any_organization_is_read_back(
    organization: Organization, tmp_path_factory: pytest.TempPathFactory
) -> None:
    expected = replace(
        organization,
        users=tuple(
            replace(each, aliases=tuple(sorted(each.aliases))) for each in organization.users
        ),
        groups=tuple(
            replace(each, aliases=tuple(sorted(each.aliases))) for each in organization.groups
        ),
    )
    assert expected == read_back(tmp_path_factory.mktemp("spec"), organization)


LATIN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), min_size=1, max_size=40)
ODD = st.sampled_from(
    [
        "NO",
        "a" * 200,
        "01069",
        "1e3",
        "0x1F",
        "null",
        "~",
        "a: b",
        "- a",
        "# a",
        "'",
        '"',
        "!x",
        "*a",
        "<<",
    ]
)


@settings(max_examples=1000 if ALL else 60, deadline=None)
@given(
    text=st.one_of(ODD, st.text(min_size=1, max_size=40).filter(lambda t: "\r" not in t), LATIN),
    group=st.one_of(ODD, LATIN),
)
def test_any_text_is_read_back(
    text: str, group: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What YAML would take for a number, for nothing, for a comment or for a line break too."""
    written = text.encode("utf-8", "ignore").decode().strip()  # a spec trims what it reads
    assume(not is_blank(written))
    organization = make_organization(
        make_user("alice", display_name="A", zip_code=written, city=written),
        make_user("NO"),
        make_user("01069"),
        make_group(f"{group} of", "NO", "01069", email=at("group")),
        tags={"cost center": written, written[:100] or "x": "1"},
    )

    assert organization == read_back(tmp_path_factory.mktemp("spec"), organization)


def test_comments_stand_above_what_they_are_about() -> None:
    organization = make_organization(
        make_user("alice"),
        make_user("bob", enabled=False),
        make_group("sales", "alice"),
        safety=Safety(),
    )
    environment = Environment(name="test", organizations=(organization,))
    path = ("organizations", "acme")
    text = render_spec(
        Draft(
            environment=environment,
            heading=["Written by a test.", ""],
            comments={
                (*path, "users", "bob"): ["the mailbox is kept until 2026-12-24"],
                (*path, "groups", "gone"): ["not written: group gone"],
                (*path, "groups", "sales", "members", 0): ["the first"],
            },
        )
    )

    assert (
        """\
# Written by a test.
#
version: 1
environment: test
organizations:
  acme:
    region: eu-west-1
    alias: acme
    domains:
      acme.example:
        default: true
        verified: true
    users:
      alice:
        display_name: Alice
      # the mailbox is kept until 2026-12-24
      bob:
        display_name: Bob
        enabled: false
    groups:
      # not written: group gone
      sales:
        members:
        # the first
        - alice
"""
        == text
    )


def test_a_comment_cannot_become_a_line_of_the_spec() -> None:
    environment = Environment(name="test", organizations=(make_organization(),))
    text = render_spec(Draft(environment=environment, heading=["a\nversion: 2", "\x1b[31mred"]))

    assert text.startswith("# a\\nversion: 2\n# \\x1b[31mred\nversion: 1\n")
