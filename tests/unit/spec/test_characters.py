"""Characters that nobody sees, or that look like others, are named; texts say something."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workmail_org.spec.building import read_spec

if TYPE_CHECKING:
    from collections.abc import Callable

_HEAD = "version: 1\nenvironment: t\norganizations:\n  a:\n    region: eu-west-1\n    alias: a\n"


@pytest.fixture
def tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Judge the sections of an organization; give each problem without its file."""
    monkeypatch.chdir(tmp_path)

    def judge(sections: str, table: str = "") -> list[str]:
        text = _HEAD + textwrap.indent(textwrap.dedent(sections), "    ")
        Path("s.yaml").write_text(text, "utf-8")
        Path("t.csv").write_text(table, "utf-8")
        problems = read_spec(Path("s.yaml")).problems
        return [str(problem).removeprefix("s.yaml:") for problem in problems]

    return judge


@pytest.mark.parametrize(
    ("address", "at", "name", "why"),
    [
        ("alice@a.example\u200b", 16, "U+200B ZERO WIDTH SPACE", "cannot be seen"),
        ("al\u00adice@a.example", 3, "U+00AD SOFT HYPHEN", "cannot be seen"),
        ("\u202ealice@a.example", 1, "U+202E RIGHT-TO-LEFT OVERRIDE", "cannot be seen"),
        ("alice@a.ex\u00a0ample", 11, "U+00A0 NO-BREAK SPACE", "cannot be seen"),
        ("\u0430lice@a.example", 1, "U+0430 CYRILLIC SMALL LETTER A", "looks like a"),
        ("alice@acm\u03bf.example", 10, "U+03BF GREEK SMALL LETTER OMICRON", "looks like o"),
        ("alice\uff20a.example", 6, "U+FF20 FULLWIDTH COMMERCIAL AT", "looks like @"),
        ("al\u2011x@a.example", 3, "U+2011 NON-BREAKING HYPHEN", "looks like -"),
        ("al\u0131ce@a.example", 3, "U+0131 LATIN SMALL LETTER DOTLESS I", "looks like i"),
        ("o\u2019neil@a.example", 2, "U+2019 RIGHT SINGLE QUOTATION MARK", "looks like '"),
        ("al\u3164ice@a.example", 3, "U+3164 HANGUL FILLER", "cannot be seen"),
        ("al\ufe0fice@a.example", 3, "U+FE0F VARIATION SELECTOR-16", "cannot be seen"),
    ],
)
def test_the_first_such_character_is_named(
    tell: Callable[..., list[str]], address: str, at: int, name: str, why: str
) -> None:
    (problem,) = tell(f"users: {{alice: {{display_name: A, email: '{address}'}}}}\n")

    suspect = f"character {at} is {name}, which {why}"
    assert f"is not a valid email address; {suspect}; allowed: letters, digits" in problem


def test_a_character_that_can_be_seen_is_not_named(tell: Callable[..., list[str]]) -> None:
    (problem,) = tell("users: {alice: {display_name: A, email: 'zoë x@a.example'}}\n")

    assert '"zoë x@a.example" is not a valid email address; allowed: letters' in problem


def test_keys_words_and_names_are_looked_at_too(tell: Callable[..., list[str]]) -> None:
    zero = "\u200b"
    told = tell(
        f"""\
        users:
          alice: {{display_name: A, role: "user{zero}", enabled: "true{zero}"}}
          bob{zero}: {{display_name: B, email: b@a.awsapps.com, office{zero}: x}}
        groups: {{it: {{members: ["alice{zero}"]}}}}
        """
    )

    assert 5 == len(told)
    assert all("U+200B ZERO WIDTH SPACE, which cannot be seen; " in line for line in told)


def test_cells_are_looked_at_as_texts_are(tell: Callable[..., list[str]]) -> None:
    table = "name,display_name,enabled,email\nalice,A,true\u200b,\u0430@a.example\n"
    told = tell("users: !csv t.csv\n", table)

    assert [
        't.csv:2:9: organizations.a.users.alice.enabled: "true\u200b" is not true or false;'
        " character 5 is U+200B ZERO WIDTH SPACE, which cannot be seen",
        't.csv:2:15: organizations.a.users.alice.email: "\u0430@a.example" is not a valid email'
        " address; character 1 is U+0430 CYRILLIC SMALL LETTER A, which looks like a;"
        " allowed: letters, digits and . _ % + - (at most 64), then @ and a domain like"
        " acme.example",
    ] == told


@pytest.mark.parametrize(
    "written",
    ['"\\u200b"', '"\\a"', '"\\u2060 \\ufeff"', '"\\u3164"', '"\\ufe0f\\u2800"', '"\\u034f"'],
)
def test_a_text_holds_something_that_can_be_seen(
    tell: Callable[..., list[str]], written: str
) -> None:
    told = tell(f"users: {{alice: {{display_name: A, office: {written}}}}}\n")

    assert 1 == len(told)
    assert told[0].startswith(
        "7:46: organizations.a.users.alice.office: this text holds nothing that can be seen: U+"
    )
    assert told[0].endswith("; leave the key out, or write a value")


def test_a_blank_text_is_no_text_where_one_is_needed(tell: Callable[..., list[str]]) -> None:
    assert [
        "7:35: organizations.a.users.alice.display_name: there is no text;"
        " allowed: 1 to 256 characters"
    ] == tell("users: {alice: {display_name: '   '}}\n")


def test_a_name_holds_something_that_can_be_seen(tell: Callable[..., list[str]]) -> None:
    (problem,) = tell("groups: {' ': {email: g@a.awsapps.com}}\n")

    assert (
        '7:14: organizations.a.groups[" "]: this text holds nothing that can be seen:'
        " U+0020 SPACE; write a name"
    ) == problem


@pytest.mark.parametrize("kind", ["users", "groups"])
def test_a_name_that_no_cdk_app_takes_is_refused(tell: Callable[..., list[str]], kind: str) -> None:
    problems = tell(f"{kind}: {{__proto__: {{display_name: P, email: g@a.awsapps.com}}}}\n")
    place = f"organizations.a.{kind}.__proto__"

    assert [f'{place}: "__proto__" cannot be a name: no CDK app takes it'] == [
        each.split(": ", 1)[1] for each in problems if "cannot be a name" in each
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [("#N/A", "an error"), ("#REF!", "an error"), ("3.53155E+11", "a number, shortened")],
)
def test_what_a_spreadsheet_leaves_is_a_problem_in_yaml_too(
    tell: Callable[..., list[str]], text: str, what: str
) -> None:
    assert [
        f'7:49: organizations.a.users.alice.telephone: "{text}" is what a spreadsheet writes for'
        f" {what}; write the value itself"
    ] == tell(f"users: {{alice: {{display_name: A, telephone: '{text}'}}}}\n")


def test_a_secret_is_not_looked_at(tell: Callable[..., list[str]]) -> None:
    told = tell("directory: {type: simple_ad, admin_password_secret: 'hunter2\u200b'}\n")

    assert not [line for line in told if "character 8" in line]
