"""A comment on a pull request: safe, and never too long."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workmail_org.changes.consequences import ADDRESS_LEAVES, PROFILE
from workmail_org.model.values import Kind, Reference
from workmail_org.plan.mailflow import Delivery, FlowChange
from workmail_org.plan.model import Change, OrganizationPlan, Plan, Transition
from workmail_org.reports.plan_markdown import MARKER, MAX_LENGTH, render_plan


def make_change(sentence: str = "Alice leaves", rule: object = ADDRESS_LEAVES) -> Change:
    return Change(
        kind="user",
        name="alice",
        sentence=sentence,
        rule=rule,  # type: ignore[arg-type]
        calls=("DeregisterFromWorkMail user alice {}",),
        part="acme/users",
    )


def make_organization(*changes: Change, **fields: object) -> OrganizationPlan:
    described: dict[str, object] = {
        "key": "acme",
        "stack": "test-acme",
        "region": "eu-west-1",
        "alias": "acme",
        "transition": Transition.STAYS,
        "changes": changes,
        "calls": tuple(call for change in changes for call in change.calls),
        "digests": {"acme/users": "0123456789ab"},
        **fields,
    }
    return OrganizationPlan(**described)  # type: ignore[arg-type]


def make_plan(*organizations: OrganizationPlan) -> Plan:
    return Plan(environment="test", spec="spec.yaml", base="main", organizations=organizations)


def measure(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def render_sentence(sentence: str) -> str:
    """Return the line on which a sentence is told."""
    text = render_plan(make_plan(make_organization(make_change(sentence))))
    return next(line for line in text.splitlines() if line.startswith("- "))


def test_the_comment_is_found_again_by_its_first_line() -> None:
    assert render_plan(make_plan()).startswith(f"{MARKER}\n### ")


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("a *b* _c_ `d` [e](f)", r"- a \*b\* \_c\_ \`d\` \[e\](f)"),
        ("<script>&amp;", "- &lt;script&gt;&amp;amp;"),
        ("a | b", r"- a \| b"),
        ("two\nlines", r"- two\\nlines"),
        ("\x1b[31mred", r"- \\x1b\[31mred"),
        ("thanks @octocat", "- thanks @\u200boctocat"),
        ("alice@acme.example", "- alice@acme.example"),
        ("see #12 and GH-12", "- see #\u200b12 and GH-\u200b12"),
        (
            "http://evil.example www.evil.example",
            "- http://\u200bevil.example www\u200b.evil.example",
        ),
        ("$x$", "- &#36;x&#36;"),
        ("# heading", "- \u200b# heading"),
        ("1. first", "- \u200b1. first"),
        ("- list", "- \u200b- list"),
    ],
)
def test_names_are_text_whatever_is_in_them(sentence: str, expected: str) -> None:
    assert expected == render_sentence(sentence)


@given(sentence=st.text(max_size=60))
def test_a_sentence_stays_on_its_line_and_opens_no_tag(sentence: str) -> None:
    line = render_sentence(sentence)

    assert "<" not in line
    assert not re.search(r"(?<!\\)[`*_\[\]|~]", line[2:].replace("\\\\", ""))


def test_a_call_cannot_end_the_block_of_code() -> None:
    change = replace(make_change(), calls=('UpdateUser user a {"City": "````\n# x"}',))
    text = render_plan(make_plan(make_organization(change)))
    fences = [line for line in text.splitlines() if line.startswith("````")]

    assert ["`````", "`````"] == fences


def test_an_address_cannot_end_its_cell() -> None:
    delivery = Delivery(Reference(Kind.USER, "a|b"), (Reference(Kind.USER, "a|b"),))
    flow = (FlowChange("a|`b@acme.example", delivery, None),)
    text = render_plan(make_plan(make_organization(make_change(), flow=flow)))
    row = next(line for line in text.splitlines() if "acme.example" in line)

    assert 5 == len(re.findall(r"(?<!\\)\|", row))


def test_what_can_wait_is_folded() -> None:
    text = render_plan(
        make_plan(make_organization(make_change("grave"), make_change("mild", PROFILE)))
    )

    assert text.index("- grave") < text.index("<details>") < text.index("- mild")


def test_every_fold_is_closed() -> None:
    text = render_plan(make_plan(make_organization(make_change(), make_change("mild", PROFILE))))

    assert text.count("<details>") == text.count("</details>") > 0


@pytest.mark.parametrize("changes", [10, 300, 3000])
def test_a_comment_is_never_too_long(changes: int) -> None:
    every = [make_change(f"Somebody {number} leaves 🏢 {'x' * 80}") for number in range(changes)]
    text = render_plan(make_plan(make_organization(*every)))

    assert measure(text) <= MAX_LENGTH
    assert (changes > 300) is ("_Shortened:" in text)
    assert "| **acme** |" in text
    assert text.count("<details>") == text.count("</details>")


def test_a_comment_of_very_many_organizations_is_cut_at_a_line() -> None:
    every = [make_organization(make_change("x" * 3000), key=f"acme-{n}") for n in range(300)]
    text = render_plan(make_plan(*every))

    assert measure(text) <= MAX_LENGTH
    assert text.endswith("_Shortened: a comment holds no more. The JSON has everything._\n")


def test_what_is_left_out_is_counted() -> None:
    every = [make_change(f"Somebody {number} leaves {'x' * 150}") for number in range(1000)]

    assert "- … and 800 more" in render_plan(make_plan(make_organization(*every)))


def test_a_repair_has_a_text_of_its_own() -> None:
    found = replace(make_plan(make_organization(make_change("x"))), repairs=True)

    assert f"`-c repair={found.approval}`" in render_plan(found)


def test_nothing_to_do_takes_few_lines() -> None:
    text = render_plan(make_plan(make_organization(digests={})))

    assert "nothing to do" in text
    assert "approved=" not in text
