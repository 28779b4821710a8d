"""Tables that are read otherwise than their headers say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from workmail_org.spec.files.loading import Document

    Loads = Callable[..., Document]

_EXPORT = (
    "primaryEmail,name.fullName,lastLoginTime,Department\n"
    "alice@acme.example,Alice Liddell,never,Sales\n"
    "b.tables@acme.example,Bob Tables,2026-01-01,\n"
)
_OPTIONS = """\
users: !csv
  file: people.csv
  columns: {primaryEmail: email, name.fullName: display_name}
  ignore: [lastLoginTime]
  name: {from: email}
"""


@pytest.fixture
def problems(load_files: Loads) -> Callable[[str, str], list[str]]:
    """Load a table with options; give its problems as they are printed."""

    def give(options: str, table: str) -> list[str]:
        document = load_files({"s.yaml": f"users: !csv {options}\n", "people.csv": table})
        return [str(problem) for problem in document.problems]

    return give


@pytest.mark.parametrize(
    "spec",
    [
        _OPTIONS,
        "users: !csv {file: people.csv, columns: {primaryEmail: email,"
        " name.fullName: display_name}, ignore: [lastLoginTime], name: {from: email}}",
        "users: !csv {file: people.csv, columns: {Primary Email: email,"
        " NAME.FULLNAME: display_name}, ignore: [Last login time], name: {from: email}}",
    ],
)
def test_an_export_is_read_with_options(load_files: Loads, spec: str) -> None:
    document = load_files({"s.yaml": spec, "people.csv": _EXPORT})

    assert () == document.problems
    assert {
        "alice": {
            "email": "alice@acme.example",
            "display_name": "Alice Liddell",
            "department": "Sales",
        },
        "b.tables": {"email": "b.tables@acme.example", "display_name": "Bob Tables"},
    } == document.value["users"]
    assert ("s.yaml", "people.csv") == document.files
    assert "people.csv:3:1" == str(document.place(("users", "b.tables")))
    assert "people.csv:3:23" == str(document.place(("users", "b.tables", "display_name")))


def test_a_column_may_be_renamed_to_the_name(load_files: Loads) -> None:
    spec = "users: !csv {file: people.csv, columns: {uid: name, Name: display_name, x-mail: email}}"
    table = "uid;Name;x-mail;x-id\nalice;Alice;alice@acme.example;7\n"
    document = load_files({"s.yaml": spec, "people.csv": table})

    assert () == document.problems
    assert {"alice": {"display_name": "Alice", "email": "alice@acme.example"}} == document.value[
        "users"
    ]


def test_the_file_alone_and_options_without_a_value_change_nothing(load_files: Loads) -> None:
    spec = "users: !csv\n  file: people.csv\n  columns:\n  ignore:\n  name:\n"
    document = load_files({"s.yaml": spec, "people.csv": "name,city\nalice,Ely\n"})

    assert () == document.problems
    assert {"alice": {"city": "Ely"}} == document.value["users"]


def test_one_table_may_be_read_in_two_ways(load_files: Loads) -> None:
    spec = (
        "a: !csv {file: people.csv, ignore: [city]}\n"
        "b: &b !csv {file: people.csv, columns: {city: office}}\n"
        "c: {<<: !csv people.csv}\n"
        "d: *b\n"
    )
    document = load_files({"s.yaml": spec, "people.csv": "name,city\nalice,Ely\n"})

    assert () == document.problems
    assert {
        "a": {"alice": {}},
        "b": {"alice": {"office": "Ely"}},
        "c": {"alice": {"city": "Ely"}},
        "d": {"alice": {"office": "Ely"}},
    } == document.value


def test_a_base_is_read_with_its_options_where_it_lies(load_files: Loads) -> None:
    document = load_files(
        {"s.yaml": "extends: base/b.yaml\n", "base/b.yaml": _OPTIONS, "base/people.csv": _EXPORT},
        root=".",
    )

    assert () == document.problems
    assert ["alice", "b.tables"] == list(document.value["users"])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("{}", ["1:8: users: !csv has no option file; write !csv {file: people.csv}"]),
        (
            "{fil: people.csv}",
            [
                "1:8: users: !csv has no option file; write !csv {file: people.csv}",
                '1:14: users: !csv has no option "fil"; did you mean "file"?',
            ],
        ),
        (
            "{file: [people.csv]}",
            [
                "1:20: users: !csv: this is not what file takes; allowed: the path of a table",
            ],
        ),
        (
            "{file: people.csv, columns: [city]}",
            [
                "1:41: users: !csv: this is not what columns takes;"
                " allowed: a mapping: {header: key of a user}",
            ],
        ),
        (
            "{file: people.csv, columns: {city: adress}, ignore: city, name: email}",
            [
                '1:48: users: !csv: a user has no key "adress"; known: name, adopt, aliases, city,'
                " company, country, department, display_name, email, enabled, exclusive,"
                " first_name, hidden_from_global_address_list, identity_provider_user_id,"
                " initials, job_title,"
                " last_name, office, quota_megabytes, role, street, telephone, zip_code",
                '1:65: users: !csv: "city" is not what ignore takes; allowed: a list of headers',
                '1:77: users: !csv: "email" is not what name takes;'
                " allowed: a mapping: {from: email}",
            ],
        ),
        (
            "{file: people.csv, columns: {city: offce, name: [x]}, ignore: [{a: b}]}",
            [
                '1:48: users: !csv: a user has no key "offce"; did you mean "office"?',
                "1:61: users: !csv: this is not what columns takes;"
                " allowed: a key of a user; ignore takes what is none",
                "1:76: users: !csv: this is not what ignore takes; allowed: a list of headers",
                'people.csv:1:1: users: the header has no column "name"; each user needs a name',
            ],
        ),
        (
            "{file: people.csv, columns: {citty: office}}",
            ['1:42: users: people.csv has no column "citty"; did you mean "city"?'],
        ),
        (
            "{file: people.csv, name: {from: email}}",
            [
                '1:45: users: the names come from "email", which is not a column of people.csv',
                'people.csv:1:1: users: column "name" is not needed: the names come from another;'
                " ignore it, or map it in columns",
            ],
        ),
        (
            "{file: people.csv, ignore: [name], name: {from: aliases, to: name}}",
            [
                'people.csv:1:1: users: the header has no column "name"; each user needs a name',
                '1:61: users: !csv: "aliases" is not what name takes;'
                " allowed: a key of a user that is text, such as email",
                '1:70: users: !csv has no option "to"; known: from',
            ],
        ),
        ("{file: none.csv}", ['1:20: users: !csv cannot read "none.csv": no such file']),
        (
            "{file: ../x.csv}",
            [
                '1:20: users: !csv "../x.csv" leads outside the folder that this spec may read;'
                " move the file, or name a wider folder with --root"
            ],
        ),
        ("[people.csv]", ["1:8: users: !csv takes the path of a file; write !csv path"]),
    ],
)
def test_options_that_cannot_be_used_are_problems(
    problems: Callable[[str, str], list[str]], options: str, told: list[str]
) -> None:
    found = problems(options, "name,city\nalice,Ely\n")

    assert sorted(told) == sorted(line.removeprefix("s.yaml:") for line in found)


def test_two_users_of_one_name_are_a_problem(problems: Callable[[str, str], list[str]]) -> None:
    assert [
        'people.csv:3:5: users.al: user "al" stands here twice, first on line 2',
        'people.csv:4:6: users: the cell in column "Mail" is empty',
    ] == problems(
        "{file: people.csv, columns: {Mail: email}, name: {from: email}}",
        "City,Mail\nEly,al@a.example\nUlm,al@b.example\nBonn,\n",
    )


def test_what_is_wrong_in_a_table_is_told_once(load_files: Loads) -> None:
    spec = "".join(
        f"{key}: !csv {{file: people.csv, columns: {{Town: city}}, ignore: [{ignored}]}}\n"
        for key, ignored in (("a", "x"), ("b", "X"))
    )
    document = load_files({"s.yaml": spec, "people.csv": "name,enabled,town\nalice,yes,Ely\n"})

    assert ['people.csv:2:7: a.alice.enabled: "yes" is not true or false'] == [
        str(problem) for problem in document.problems
    ]


def test_options_may_not_include_the_table_itself(load_files: Loads) -> None:
    files: dict[str, Any] = {"s.yaml": "users: !csv {file: s.yaml}\n"}

    assert ["s.yaml:1:20: users: !csv goes in a circle: s.yaml → s.yaml"] == [
        str(problem) for problem in load_files(files).problems
    ]
