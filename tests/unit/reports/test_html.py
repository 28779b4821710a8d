"""The page that a reviewer reads: one file, nothing from a spec acts in it.

After a change that is meant: `UPDATE_PLANS=1 pytest tests/unit/reports/test_html.py`, then look at
the page in a browser.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from reviewing import FOLDER, NAMES, make_plan
from workmail_org.changes import access_control, consequences, retention
from workmail_org.changes.brakes import Brake, BrakeRule
from workmail_org.changes.consequences import Rule
from workmail_org.kinds import list_rules
from workmail_org.model.values import Kind, Reference
from workmail_org.plan.costs import Cost
from workmail_org.plan.mailflow import Delivery, FlowChange
from workmail_org.plan.model import Change, OrganizationPlan, Plan, Transition
from workmail_org.reports.plan_html import render_plan

VOID = {"meta", "br"}
SHAPES = {"svg", "g", "rect", "path", "text", "title", "desc"}


@dataclass
class Page(HTMLParser):
    """A page as a browser takes it apart."""

    source: str
    tags: list[tuple[str, dict[str, str | None]]] = field(
        default_factory=list[tuple[str, dict[str, str | None]]]
    )
    open: list[str] = field(default_factory=list[str])
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.source)
        self.close()
        assert [] == self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.text += " "
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data

    def find(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


def make_full(text: str, *, several: int = 1) -> Plan:
    """Make a plan that has everything, with the same text wherever a text goes."""
    person = Reference(Kind.USER, text)
    group = Reference(Kind.GROUP, text)
    rules = [
        Rule(rule.name, rule.consequence, text, text, text)
        for rule in (consequences.LOCKOUT, retention.RETENTION_DESTROYS, access_control.ACCESS)
    ]
    organization = OrganizationPlan(
        key=text,
        stack=text,
        region=text,
        alias=text,
        transition=Transition.LEAVES,
        changes=tuple(
            Change(text, text, text, rule, (text, text), text)
            for rule in rules
            for _ in range(several)
        ),
        refusals=(text,),
        brakes={text: (Brake(BrakeRule.REMOVALS, text, (text,)),)},
        flow=tuple(
            FlowChange(
                text,
                Delivery(group, (person,), ((group, person),)),
                Delivery(group, (), ((group, group),), (group,)),
            )
            for _ in range(several)
        ),
        loops=(text,),
        cost=Cost(1, 2),
        notes=(text,),
    )
    return Plan(
        environment=text,
        spec=text,
        base=text,
        organizations=(organization, replace(organization, transition=Transition.COMES)),
        notes=(text,),
        refusals=(text,),
    )


def read(plan: Plan) -> Page:
    return Page(render_plan(plan))


def test_a_leaver_has_the_page_that_was_looked_at_and_found_good() -> None:
    path = FOLDER / "leaver" / "plan.html"
    actual = render_plan(make_plan("leaver"))
    if os.environ.get("UPDATE_PLANS"):
        path.write_text(actual, encoding="ascii", newline="\n")

    assert path.read_text(encoding="ascii") == actual


@pytest.mark.parametrize("name", NAMES)
def test_the_same_plan_is_the_same_page(name: str) -> None:
    assert render_plan(make_plan(name)) == render_plan(make_plan(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_page_loads_nothing_and_runs_nothing(name: str) -> None:
    page = read(make_plan(name))
    attributes = {key for _, each in page.tags for key in each}

    assert [] == page.find("script", "link", "img", "iframe", "object", "embed", "form", "base")
    assert set() == attributes & {"src", "srcset", "style", "xlink:href", "action"}
    assert [] == [key for key in attributes if key.startswith("on")]
    assert all((each["href"] or "").startswith("#") for each in page.find("a"))
    assert "url(" not in page.source
    assert "@import" not in page.source


@pytest.mark.parametrize("name", NAMES)
def test_the_policy_allows_the_style_sheet_and_forbids_the_rest(name: str) -> None:
    page = read(make_plan(name))
    style = re.search("<style>(.*?)</style>", page.source, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policies = [
        each["content"]
        for each in page.find("meta")
        if each.get("http-equiv") == "Content-Security-Policy"
    ]

    assert [
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    ] == policies


@pytest.mark.parametrize("name", NAMES)
def test_headings_go_down_one_step_at_a_time(name: str) -> None:
    levels = [int(tag[1]) for tag, _ in read(make_plan(name)).tags if re.fullmatch("h[1-6]", tag)]

    assert [1] == [level for level in levels if level == 1]
    assert all(level <= previous + 1 for previous, level in pairwise(levels))


@pytest.mark.parametrize("name", NAMES)
def test_every_id_is_there_once_and_every_name_points_to_one(name: str) -> None:
    page = read(make_plan(name))
    ids = [each["id"] for _, each in page.tags if "id" in each]
    named = [one for _, each in page.tags for one in (each.get("aria-labelledby") or "").split()]

    assert len(set(ids)) == len(ids)
    assert set(named) <= set(ids)


@pytest.mark.parametrize("name", NAMES)
def test_every_table_has_a_caption_and_every_heading_cell_a_scope(name: str) -> None:
    page = read(make_plan(name))

    assert len(page.find("table")) == len(page.find("caption"))
    assert all(each.get("scope") in {"col", "row"} for each in page.find("th"))


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "' onmouseover='alert(1)",
        "</style></title></textarea></svg><script>alert(1)</script>",
        "{{ plan }}{% include 'x' %}",
        "&lt;b&gt;&#60;script&#62;",
        "<!--",
        "]]>",
        "javascript:alert(1)",
    ],
)
def test_no_text_of_a_spec_is_markup(text: str) -> None:
    harmless = read(make_full("harmless"))
    hostile = read(make_full(text))

    assert [tag for tag, _ in harmless.tags] == [tag for tag, _ in hostile.tags]
    assert [[*each] for _, each in harmless.tags] == [[*each] for _, each in hostile.tags]
    assert harmless.text.count("harmless") <= hostile.text.count(text) + 2 * 6  # boxes shorten


def test_nothing_of_a_spec_lands_in_an_attribute() -> None:
    attributes = [
        value or "" for _, each in read(make_full("zebra")).tags for value in each.values()
    ]

    assert [] == [value for value in attributes if "zebra" in value]


@pytest.mark.parametrize("text", ["a\u202eb", "a\x1b[31mb", "a\x00b", "a\u2066b", "\x85"])
def test_what_steers_or_turns_text_around_is_shown_as_an_escape(text: str) -> None:
    page = read(make_full(text))

    assert text not in page.text
    assert [] == re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page.text)
    assert "\\x" in page.text or "\\u" in page.text


def test_a_name_from_anywhere_is_shown_as_it_is_and_the_page_is_ascii() -> None:
    page = read(make_full("Zo\u00eb \u65e5\u672c \U0001f600 \u05d0\u05d1"))

    assert page.source.isascii()
    assert "Zo\u00eb \u65e5\u672c \U0001f600 \u05d0\u05d1" in page.text


def test_the_summary_comes_first_with_counts_money_and_digest() -> None:
    plan = make_plan("leaver")
    words = read(plan).words
    summary = words[words.index("Summary") : words.index("What changes")]

    assert "mailbox kept, 30-day clock starts 1 no effect on mail 1" in summary
    assert "44.00 USD \u2192 40.00 USD a month: 4.00 USD a month less" in summary
    assert f"-c approved={plan.approval}" in summary
    assert "Nothing: no change erases mail or is final." in summary


def test_a_repair_has_a_text_of_its_own() -> None:
    plan = replace(make_plan("leaver"), repairs=True)

    assert f"-c repair={plan.approval}" in read(plan).words


def test_what_cannot_be_undone_is_told_one_by_one() -> None:
    plan = make_plan("retention")
    words = read(plan).words
    summary = words[words.index("Summary") : words.index("What changes")]

    assert f"cannot be undone acme-eu: {plan.organizations[0].changes[0].sentence}" in summary
    assert f"-c acknowledge={plan.acknowledgement}" in summary
    assert "Why it is refused" in summary


@pytest.mark.parametrize("name", NAMES)
def test_everything_that_the_plan_says_is_on_the_page(name: str) -> None:
    plan = make_plan(name)
    words = read(plan).words
    for organization in plan.organizations:
        said = [*organization.refusals, *organization.notes]
        said += [brake.sentence for each in organization.brakes.values() for brake in each]
        for change in organization.changes:
            said += [change.sentence, change.rule.reason, change.rule.source, *change.calls]
            said += [change.rule.softening] if change.rule.softening else []
        said += [change.address for change in organization.flow]

        assert [] == [each for each in said if " ".join(each.split()) not in words]


def test_an_organization_to_which_nothing_happens_is_in_the_summary_alone() -> None:
    plan = make_plan("leaver")
    still = replace(plan.organizations[0], key="still", changes=(), flow=(), loops=(), notes=())
    page = read(replace(plan, organizations=(still,)))

    assert [] == page.find("nav")
    assert "Nothing changes for anybody." in page.words
    assert "approved" not in page.words
    assert "What changes" not in page.words


def test_several_organizations_are_listed_to_go_to() -> None:
    page = read(make_full("acme"))

    assert ["#organization-1", "#organization-2"] == [each["href"] for each in page.find("a")]


def test_a_plan_of_thousands_is_counted_where_it_is_not_listed() -> None:
    source = render_plan(make_full("x", several=3000))

    assert 2 * 3 == source.count("and 2,000 more; the JSON has them all")
    assert 2 == source.count("and 1,000 more; the JSON has them all")
    assert 2 == source.count("5,000 calls, and more that the JSON has")


def test_every_class_has_a_colour_of_its_own_kind() -> None:
    source = render_plan(make_plan("leaver"))
    severities = {rule.consequence.severity for rule in list_rules()}

    assert [] == [each for each in severities if not re.search(rf"\.c{each}\b", source)]


def find_open(page: Page) -> list[bool]:
    folds: list[dict[str, Any]] = [
        each for each in page.find("details") if "consequence" in (each.get("class") or "")
    ]
    return ["open" in each for each in folds]


def test_what_is_grave_is_unfolded_however_long_and_what_is_mild_only_when_short() -> None:
    assert [True, True] == find_open(read(make_plan("leaver")))
    plan = make_plan("leaver")
    organization = plan.organizations[0]
    grave, mild = organization.changes
    many = replace(organization, changes=(grave,) * 20 + (mild,) * 20)

    assert [True, False] == find_open(read(replace(plan, organizations=(many,))))
