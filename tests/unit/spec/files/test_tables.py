"""Users from a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from workmail_org.spec.files import headers, parsing
from workmail_org.spec.problems import Severity
from workmail_org.spec.schema import load_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from workmail_org.spec.files.loading import Document

    Loads = Callable[..., Document]

_SPEC = "users: !csv people.csv\n"


@pytest.fixture
def users(load_files: Loads) -> Callable[[str | bytes], Any]:
    """Load a table; give the users it declares."""
    return lambda table: _clean(load_files({"s.yaml": _SPEC, "people.csv": table}))


@pytest.fixture
def problems(load_files: Loads) -> Callable[[str | bytes], list[str]]:
    """Load a table; give its problems as they are printed, without the name of the file."""

    def give(table: str | bytes) -> list[str]:
        document = load_files({"s.yaml": _SPEC, "people.csv": table})
        return [str(problem).removeprefix("people.csv:") for problem in document.problems]

    return give


def _clean(document: Document) -> Any:
    assert () == document.problems
    return document.value["users"]


def test_each_row_is_a_user(users: Callable[[str], Any]) -> None:
    assert {
        "alice": {
            "display_name": "Alice Liddell",
            "aliases": ["al@acme.example", "a@acme.example"],
            "enabled": False,
            "quota_megabytes": 512,
            "zip_code": "01069",
        },
        "bob": {"display_name": "Bob"},
    } == users(
        "name,display_name,aliases,enabled,quota_megabytes,zip_code\n"
        "alice,Alice Liddell,al@acme.example  a@acme.example,false,512,01069\n"
        "bob,Bob,,,,\n"
    )


def test_text_stays_text(users: Callable[[str], Any]) -> None:
    assert {"123": {"display_name": "null", "office": "true", "telephone": "+4930"}} == users(
        "display_name,name,office,telephone\nnull,123,true,+4930\n"
    )


def test_quoted_cells_hold_commas_quotes_and_lines(load_files: Loads) -> None:
    document = load_files(
        {
            "s.yaml": _SPEC,
            "people.csv": 'name,street,city\nalice,"1, ""Mill"" Road\nRear","Ely"\nbob,x,y\n',
        }
    )

    assert {"street": '1, "Mill" Road\nRear', "city": "Ely"} == document.value["users"]["alice"]
    assert "people.csv:3:7" == str(document.place(("users", "alice", "city")))
    assert "people.csv:4:5" == str(document.place(("users", "bob", "street")))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_break_in_a_cell_is_the_same_on_every_system(
    users: Callable[[str], Any], end: str
) -> None:
    assert {"street": "1 Mill Road\nRear"} == users(
        f'name,street{end}alice,"1 Mill Road{end}Rear"{end}'
    )["alice"]


def test_the_place_of_a_value_is_its_cell(load_files: Loads) -> None:
    document = load_files(
        {"s.yaml": _SPEC, "people.csv": "display_name,name,aliases\nZoë,zoe,a@b c@d\n"}
    )

    assert "people.csv:2:5" == str(document.place(("users", "zoe")))
    assert "people.csv:2:1" == str(document.place(("users", "zoe", "display_name")))
    assert "people.csv:2:1" == str(document.key_place(("users", "zoe", "display_name")))
    assert "people.csv:2:9" == str(document.place(("users", "zoe", "aliases", 1)))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_ends_a_row(load_files: Loads, end: str) -> None:
    table = end.join(["name,city", "alice,Ely", "bob,Bonn"])
    document = load_files({"s.yaml": _SPEC, "people.csv": table.encode()})

    assert {"alice": {"city": "Ely"}, "bob": {"city": "Bonn"}} == document.value["users"]
    assert "people.csv:3:5" == str(document.place(("users", "bob", "city")))


def test_a_byte_order_mark_and_empty_rows_are_left_out(users: Callable[[bytes], Any]) -> None:
    assert {"alice": {"city": "Ely"}} == users(b"\xef\xbb\xbfname,city\n\nalice,Ely\n,\n \n")


@pytest.mark.parametrize(
    "table",
    [
        '"name";"display_name";"city"\n"alice";"Liddell; Alice, 1";Ely\n',
        'name;display_name;city\r\nalice;"Liddell; Alice, 1";Ely\r\n',
        "name\tdisplay_name\tcity\nalice\tLiddell; Alice, 1\tEly\n",
        'sep=,\r\nname,display_name,city\r\nalice,"Liddell; Alice, 1",Ely\r\n',
        '"sep=;"\nname;display_name;city\nalice;"Liddell; Alice, 1";Ely\n',
        "sep=\t\nname\tdisplay_name\tcity\nalice\tLiddell; Alice, 1\tEly\n",
        "sep=|\nname|display_name|city\nalice|Liddell; Alice, 1|Ely\n",
        '\n"name";"display_name";city\nalice;"Liddell; Alice, 1";Ely\n',
    ],
)
def test_cells_are_separated_by_what_separates_the_header(
    users: Callable[[str], Any], table: str
) -> None:
    assert {"alice": {"display_name": "Liddell; Alice, 1", "city": "Ely"}} == users(table)


def test_an_empty_first_cell_between_tabs_is_a_cell(users: Callable[[str], Any]) -> None:
    assert {"alice": {}, "bob": {"city": "Ely"}} == users("city\tname\n\talice\nEly \t bob\n")


def test_the_header_below_a_separator_line_has_its_place(
    problems: Callable[[str], list[str]],
) -> None:
    assert ['2:6: users: column "cty" is not known; did you mean "city"?'] == problems(
        "sep=;\r\nname;cty\r\nalice;Ely\r\n"
    )


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ('"city";"name";"enabled"\n"E; 1";alice;yes\n', "2:14"),
        ("city\tname\tenabled\n\talice\tyes\n", "2:8"),
        ("sep=;\r\ncity;name;enabled\r\n;alice;yes\r\n", "3:8"),
        ("sep=,\ncity,name,enabled\n,alice,yes\n", "3:8"),
    ],
)
def test_places_are_right_whatever_separates_cells(
    problems: Callable[[str], list[str]], table: str, place: str
) -> None:
    assert [f'{place}: users.alice.enabled: "yes" is not true or false'] == problems(table)


@pytest.mark.parametrize("between", [" ", ";", "; ", "\n", ", "])
def test_aliases_are_separated_as_people_do(users: Callable[[str], Any], between: str) -> None:
    assert {"alice": {"aliases": ["al@a.example", "b@a.example"]}} == users(
        f'name,aliases\nalice,"al@a.example{between}b@a.example"\n'
    )


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe" + "name\tcity\nzoe\tZürich 🏔\n".encode("utf-16-le"),
        b"\xfe\xff" + "name;city\r\nzoe;Zürich 🏔\r\n".encode("utf-16-be"),
        "name,city\nzoe,Zürich 🏔".encode("utf-16"),
    ],
)
def test_a_table_may_be_utf_16_with_a_mark(users: Callable[[bytes], Any], data: bytes) -> None:
    assert {"zoe": {"city": "Zürich 🏔"}} == users(data)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"x", "2:5: byte 0x78 is not UTF-16 text; save it as UTF-8"),
        (b"\x00\xd8a\x00", "2:5: byte 0x00 is not UTF-16 text; save it as UTF-8"),
        (b"\x00\x00", "2:5: character U+0000 is not allowed in a spec"),
    ],
)
def test_broken_utf_16_is_a_problem_at_its_place(
    problems: Callable[[bytes], list[str]], data: bytes, problem: str
) -> None:
    table = b"\xff\xfe" + "name\nalïç".encode("utf-16-le")

    assert [problem] == problems(table + data)


def test_spaces_around_a_cell_do_not_count(users: Callable[[str], Any]) -> None:
    assert {"alice": {"city": "Ely"}} == users('name , city\n alice, "Ely" \n')


@pytest.mark.parametrize("table", ["", "\n", "\ufeff", "sep=;\n", ",,\n,,\n"])
def test_a_table_without_a_header_is_an_error(load_files: Loads, table: str) -> None:
    document = load_files({"s.yaml": _SPEC, "people.csv": table})

    assert [
        "people.csv:1:1: users: the table is empty, without a header;"
        " a table of nobody has a header too, or write users: {}"
    ] == [str(problem) for problem in document.problems]
    assert [Severity.ERROR] == [problem.severity for problem in document.problems]
    assert {("users",)} == document.gaps


@pytest.mark.parametrize(
    ("table", "place"),
    [("name,city\n", "1:1"), ("name", "1:1"), ("sep=;\n\nname;city\n;\n", "3:1")],
)
def test_a_table_without_rows_is_a_warning(load_files: Loads, table: str, place: str) -> None:
    document = load_files({"s.yaml": _SPEC, "people.csv": table})

    assert [
        f"people.csv:{place}: warning: users: the table has a header and no rows,"
        " so it declares no user; if none is meant, write users: {}"
    ] == [str(problem) for problem in document.problems]
    assert [Severity.WARNING] == [problem.severity for problem in document.problems]
    assert {"users": {}} == document.value
    assert not document.gaps


def test_a_header_that_cannot_be_read_is_one_problem(problems: Callable[[str], list[str]]) -> None:
    assert ["1:1: users: a quote begins here, but its cell does not end with one"] == problems(
        '"name,city\n'
    )


def test_an_unknown_column_is_a_problem_once(problems: Callable[[str], list[str]]) -> None:
    assert [
        '1:6: users: column "dispaly_name" is not known; did you mean "display_name"?'
    ] == problems("name,dispaly_name\nalice,Alice\nbob,Bob\n")


@pytest.mark.parametrize(
    ("header", "near"),
    [
        ("Quota", "quota_megabytes"),
        ("Hidden", "hidden_from_global_address_list"),
        ("ZIP", "zip_code"),
        ("Telephone Nr", "telephone"),
        ("Dispaly Name", "display_name"),
        ("mail", "email"),
        ("Mobile", "telephone"),
        ("Job Title (EN)", "job_title"),
        ("lastNames", "last_name"),
    ],
)
def test_an_unknown_column_gets_the_nearest_known_one(
    problems: Callable[[str], list[str]], header: str, near: str
) -> None:
    assert [f'1:6: users: column "{header}" is not known; did you mean "{near}"?'] == problems(
        f"name,{header}\nalice,1\n"
    )


def test_a_column_that_no_spec_has_says_why(problems: Callable[[str], list[str]]) -> None:
    assert [
        '1:6: users: column "Password" cannot be declared: a spec holds no password; users get a'
        ' generated one in Secrets Manager, see "passwords" of the organization; leave the column'
        " out (ignore: [Password])",
        '1:15: users: column "Suspended" is not known; if it says the opposite of enabled:'
        " columns: {Suspended: not enabled}",
    ] == problems("name,Password,Suspended\nalice,secret,true\n")


def test_all_problems_of_a_header_are_told_at_once(problems: Callable[[str], list[str]]) -> None:
    known = ", ".join(headers.USERS.keys.values())

    assert [
        '1:1: users: column "Nmae" is not known; did you mean "name"?',
        '1:1: users: the header has no column "name"; each user needs a name',
        '1:6: users: column "Dispaly Name" is not known; did you mean "display_name"?',
        f'1:19: users: column "xyzzy" is not known; known: {known}',
        '1:30: users: column "City" stands in the header twice as "city"',
    ] == problems("Nmae,Dispaly Name,xyzzy,city,City\nalice,Alice,never,Ely,Ely\n")


def test_a_table_that_begins_with_a_user_has_no_header(
    problems: Callable[[str], list[str]],
) -> None:
    lines = problems("alice,Alice Liddell\nbob,Bob\n")

    assert ["1:1", "1:1", "1:7"] == [line.partition(": ")[0] for line in lines]


def test_a_column_like_none_lists_them_all(problems: Callable[[str], list[str]]) -> None:
    (line,) = problems("name,xyzzy\nalice,1\n")

    assert line.startswith('1:6: users: column "xyzzy" is not known; known: name, adopt, aliases')


def test_a_column_stands_there_once(problems: Callable[[str], list[str]]) -> None:
    assert ['1:11: users: column "city" stands in the header twice'] == problems(
        "name,city,city\nalice,a,b\n"
    )


@pytest.mark.parametrize("header", ["display_name,city", "display_name;city", "city"])
def test_a_table_needs_names(load_files: Loads, header: str) -> None:
    document = load_files({"s.yaml": _SPEC, "people.csv": f"{header}\n"})

    assert ['people.csv:1:1: users: the header has no column "name"; each user needs a name'] == [
        str(problem) for problem in document.problems
    ]
    assert {("users",)} == document.gaps


def test_a_row_without_a_name_is_a_problem(problems: Callable[[str], list[str]]) -> None:
    assert ['2:5: users: the cell in column "name" is empty'] == problems("city,name\nEly,\n")


def test_a_name_stands_there_once(problems: Callable[[str], list[str]]) -> None:
    assert ['4:1: users.alice: user "alice" stands here twice, first on line 2'] == problems(
        "name,city\nalice,a\nbob,b\nalice,c\n"
    )


@pytest.mark.parametrize(("row", "count"), [("alice,Ely,x", 3), ("alice,Ely,,,x", 5)])
def test_a_row_has_no_more_cells_than_the_header(
    problems: Callable[[str], list[str]], row: str, count: int
) -> None:
    assert [
        f"2:1: users: the row has {count} cells, the header has 2;"
        " put a cell that contains the separator in double quotes"
    ] == problems(f"name,city\n{row}\nbob,Bonn\n")


def test_cells_that_are_missing_at_the_end_of_a_row_are_empty(users: Callable[[str], Any]) -> None:
    assert {
        "alice": {"display_name": "Alice"},
        "bob": {"display_name": "Bob", "email": "bob@acme.example"},
        "carol": {},
    } == users("name,display_name,email,department\nalice,Alice\nbob,Bob,bob@acme.example\ncarol\n")


def test_a_row_that_ends_before_the_name_is_a_problem(
    problems: Callable[[str], list[str]],
) -> None:
    assert ['2:1: users: the cell in column "name" is empty'] == problems(
        "city,name\nEly\nBonn,bob\n"
    )


@pytest.mark.parametrize(
    "table",
    [
        "name,city,,\nalice,Ely,,\n",
        "name,,city\nalice,,Ely\n",
        ";name;city\n;alice;Ely;;;\n",
        "name,city\nalice,Ely,,\n",
    ],
)
def test_empty_columns_do_not_count(users: Callable[[str], Any], table: str) -> None:
    assert {"alice": {"city": "Ely"}} == users(table)


def test_a_cell_below_an_empty_header_is_a_problem_once(
    problems: Callable[[str], list[str]],
) -> None:
    assert [
        "3:5: users: the cell stands in a column without a header;"
        ' name the column, or begin its header with "x-" to have it ignored'
    ] == problems("name,,city\nalice,,Ely\nbob,x,Bonn\ncarol,y,Ulm\n")


def test_columns_whose_header_begins_with_x_are_ignored(users: Callable[[str], Any]) -> None:
    assert {"alice": {"city": "Ely"}} == users(
        "x-id,name,X-Last Login,city,x-id\n7,alice,never,Ely,\n"
    )


@pytest.mark.parametrize(
    "header",
    [
        "Name,Display Name,First name,E-Mail,Zip-Code,Hidden from global address list",
        "name,displayName,firstName,email,zipCode,hiddenFromGlobalAddressList",
        "NAME,DISPLAY_NAME,FIRST_NAME,EMAIL,ZIP_CODE,HIDDEN_FROM_GLOBAL_ADDRESS_LIST",
        '"Name","Display  Name","First-Name","e-mail","ZIP code","hidden_from global address list"',
    ],
)
def test_headers_are_read_without_case_and_spaces(users: Callable[[str], Any], header: str) -> None:
    assert {
        "alice": {
            "display_name": "Alice Liddell",
            "first_name": "Alice",
            "email": "alice@acme.example",
            "zip_code": "01069",
            "hidden_from_global_address_list": True,
        }
    } == users(f"{header}\nalice,Alice Liddell,Alice,alice@acme.example,01069,TRUE\n")


def test_two_headers_of_one_key_are_a_problem(problems: Callable[[str], list[str]]) -> None:
    assert [
        '1:18: users: column "Display Name" stands in the header twice as "display_name"'
    ] == problems("name,displayName,Display Name\nalice,a,b\n")


@pytest.mark.parametrize(
    ("column", "cell", "allowed"),
    [
        ("enabled", "yes", "true or false"),
        ("hidden_from_global_address_list", "1", "true or false"),
        ("quota_megabytes", "10.0", "a whole number"),
        ("quota_megabytes", "1 GB", "a whole number"),
        ("quota_megabytes", "1" * 200, "a whole number"),
    ],
)
def test_a_cell_of_the_wrong_kind_is_a_problem_and_a_gap(
    load_files: Loads, column: str, cell: str, allowed: str
) -> None:
    document = load_files({"s.yaml": _SPEC, "people.csv": f"name,{column}\nalice,{cell}\n"})

    assert [f'people.csv:2:7: users.alice.{column}: "{cell}" is not {allowed}'] == [
        str(problem) for problem in document.problems
    ]
    assert {("users", "alice", column)} == document.gaps


@pytest.mark.parametrize(
    ("column", "cell", "what"),
    [
        ("telephone", "3.53155E+11", "a number, shortened"),
        ("zip_code", '"1,07E+03"', "a number, shortened"),
        ("quota_megabytes", "5E+04", "a number, shortened"),
        ("office", "#N/A", "an error"),
        ("email", "#REF!", "an error"),
        ("aliases", "#NAME?", "an error"),
    ],
)
def test_what_a_spreadsheet_made_of_a_cell_is_a_problem_and_a_gap(
    load_files: Loads, column: str, cell: str, what: str
) -> None:
    document = load_files({"s.yaml": _SPEC, "people.csv": f"name,{column}\nalice,{cell}\n"})
    shown = cell.strip('"')

    assert [
        f'people.csv:2:7: users.alice.{column}: "{shown}" is what a spreadsheet writes for {what};'
        " fix the cell in the spreadsheet; format a column of numbers that are text as text"
    ] == [str(problem) for problem in document.problems]
    assert {("users", "alice", column)} == document.gaps


@pytest.mark.parametrize("text", ["01069", "+49 30 123", "-"])
@pytest.mark.parametrize("form", ['="{}"', '"=""{}"""', "'{}", '"\'{}"'])
def test_text_that_is_marked_as_such_is_read_without_its_mark(
    load_files: Loads, form: str, text: str
) -> None:
    table = f"name,office,enabled\nalice,{form.format(text)},yes\n"
    document = load_files({"s.yaml": _SPEC, "people.csv": table})

    assert text == document.value["users"]["alice"]["office"]
    assert [f"people.csv:2:{8 + len(form.format(text))}"] == [
        str(problem).partition(": ")[0] for problem in document.problems
    ]


def test_a_table_with_words_of_a_spreadsheet_has_one_unknown_column(load_files: Loads) -> None:
    table = (
        "Name,Display Name,E-Mail,Aliases,Enabled,Quota\r\n"
        "alice,Alice Liddell,alice@acme.example,"
        "al@acme.example;a.liddell@acme.example,TRUE,51200\r\n"
    )
    document = load_files({"s.yaml": _SPEC, "people.csv": table})

    assert [
        'people.csv:1:42: users: column "Quota" is not known; did you mean "quota_megabytes"?'
    ] == [str(problem) for problem in document.problems]
    assert {
        "alice": {
            "display_name": "Alice Liddell",
            "email": "alice@acme.example",
            "aliases": ["al@acme.example", "a.liddell@acme.example"],
            "enabled": True,
        }
    } == document.value["users"]


def test_a_table_with_numbers_of_a_spreadsheet_has_one_problem(load_files: Loads) -> None:
    table = (
        "name,display_name,telephone,zip_code\r\n"
        "alice,Alice,3.53155E+11,1069\r\n"
        'bob,Bob,="01069",\'01069\r\n'
    )
    document = load_files({"s.yaml": _SPEC, "people.csv": table})

    assert ["people.csv:2:13"] == [str(p).partition(": ")[0] for p in document.problems]
    assert {
        "alice": {"display_name": "Alice", "telephone": None, "zip_code": "1069"},
        "bob": {"display_name": "Bob", "telephone": "01069", "zip_code": "01069"},
    } == document.value["users"]


def test_an_apostrophe_of_a_name_is_no_mark(users: Callable[[str], Any]) -> None:
    assert {"joost": {"last_name": "'t Hooft", "office": "E+5", "role": "#1"}} == users(
        "name,last_name,office,role\njoost,'t Hooft,E+5,#1\n"
    )


def test_a_quote_that_nothing_closes_is_a_problem(problems: Callable[[str], list[str]]) -> None:
    assert ["2:7: users: a quote begins here, but its cell does not end with one"] == problems(
        'name,city\nalice,"Ely\nbob,Bonn\n'
    )


def test_a_quote_with_text_behind_it_is_a_problem(problems: Callable[[str], list[str]]) -> None:
    assert ["2:7: users: a quote begins here, but its cell does not end with one"] == problems(
        'name,city\nalice,"Ely" x\n'
    )


def test_a_quote_inside_a_cell_is_a_problem(problems: Callable[[str], list[str]]) -> None:
    assert [
        "2:7: users: a quote stands in the middle of a cell;"
        ' write the cell in quotes, and "" for each quote in it'
    ] == problems('name,city\nalice,5" Ely\n')


def test_a_table_is_utf_8(problems: Callable[[bytes], list[str]]) -> None:
    assert ["2:7: byte 0xeb is not UTF-8 text; save it as UTF-8"] == problems(
        b"name,city\nalice,Zo\xeb\n".replace(b"Zo", b"")
    )


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (b"\xef\xbb\xbfname,\xeb", "byte 0xeb is not UTF-8 text"),
        (b"\xff\xfe" + "name,".encode("utf-16-le") + b"x", "byte 0x78 is not UTF-16 text"),
    ],
)
def test_a_byte_order_mark_is_no_column(
    problems: Callable[[bytes], list[str]], table: bytes, problem: str
) -> None:
    assert [f"1:6: {problem}; save it as UTF-8"] == problems(table)


def test_a_missing_table_is_a_problem_where_it_is_named(load_files: Loads) -> None:
    document = load_files({"s.yaml": _SPEC})

    assert ['s.yaml:1:8: users: !csv cannot read "people.csv": no such file'] == [
        str(problem) for problem in document.problems
    ]


def test_a_hundred_columns_are_the_most(problems: Callable[[str], list[str]]) -> None:
    assert ["1:1: users: 101 columns are too many"] == problems("name," + "x," * 99 + "x\n")


@pytest.mark.parametrize("table", ["name\n" + "\n" * 2000, "name," * 2000, "name\n" + "x\n" * 2000])
def test_a_table_has_no_more_cells_than_a_spec_has_values(
    load_files: Loads, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    monkeypatch.setattr(parsing, "MAX_VALUES", 1000)
    document = load_files({"s.yaml": _SPEC, "people.csv": table})

    assert "a spec may have 1000 keys and values, this is more" in {
        problem.message for problem in document.problems
    }


@pytest.mark.parametrize(
    ("section", "columns"), [("users", headers.USERS), ("groups", headers.GROUPS)]
)
def test_columns_are_the_keys_of_an_entity(section: str, columns: headers.Columns) -> None:
    properties = load_schema()["properties"]["organizations"]["additionalProperties"]
    entity = properties["properties"][section]["additionalProperties"]["properties"]
    kinds = {"array": columns.lists, "boolean": columns.booleans, "integer": columns.numbers}

    assert {"name", *entity} == {*columns.keys.values()}
    for key, schema in entity.items():
        (kind,) = {"null"} ^ {"null", *_listed(schema["type"])}

        assert key in kinds.get(kind, columns.texts)


def _listed(kinds: str | list[str]) -> list[str]:
    return [kinds] if isinstance(kinds, str) else kinds
