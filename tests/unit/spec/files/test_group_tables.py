"""Groups from a table: a row for each group, or a row for each membership."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from workmail_org.spec.files.loading import Document

    Loads = Callable[..., Document]

_MEMBERS = "groups: !csv {file: t.csv, rows: members}\n"


@pytest.fixture
def problems(load_files: Loads) -> Callable[[str, str], list[str]]:
    """Load a spec with a table; give its problems as they are printed."""

    def give(spec: str, table: str) -> list[str]:
        return [str(each) for each in load_files({"s.yaml": spec, "t.csv": table}).problems]

    return give


@pytest.mark.parametrize(
    "spec", ["groups: !csv t.csv\n", "groups: {<<: !csv t.csv}\n", "groups: {<<: [!csv t.csv]}\n"]
)
def test_each_row_is_a_group(load_files: Loads, spec: str) -> None:
    table = "Name;E-Mail;Members\nsales;s@acme.example;alice bob, group:it\nAll staff;;\n"
    document = load_files({"s.yaml": spec, "t.csv": table})

    assert () == document.problems
    assert {
        "sales": {"email": "s@acme.example", "members": ["alice", "bob", "group:it"]},
        "All staff": {},
    } == document.value["groups"]
    assert "t.csv:2:22" == str(document.place(("groups", "sales", "members", 1)))


def test_an_anchored_table_says_what_its_rows_are(load_files: Loads) -> None:
    spec = "x-teams: &teams !csv {file: t.csv, rows: groups}\ngroups: *teams\n"
    document = load_files({"s.yaml": spec, "t.csv": "name,members\nsales,alice\n"})

    assert () == document.problems
    assert {"groups": {"sales": {"members": ["alice"]}}} == document.value


def test_each_row_is_a_membership(load_files: Loads) -> None:
    table = "group,member,kind\nsales,alice,user\nit,bob,\nsales,it,Group\nempty,,\nit,,\n"
    document = load_files({"s.yaml": _MEMBERS, "t.csv": table})

    assert () == document.problems
    assert {
        "sales": {"members": ["alice", "group:it"]},
        "it": {"members": ["bob"]},
        "empty": {"members": []},
    } == document.value["groups"]
    assert "t.csv:4:7" == str(document.place(("groups", "sales", "members", 1)))
    assert "t.csv:5:1" == str(document.place(("groups", "empty")))


def test_addresses_in_a_domain_of_ones_own_are_names(load_files: Loads) -> None:
    spec = (
        "groups: !csv {file: t.csv, rows: members, domains: [acme.example],"
        " columns: {email: member, type: kind}, ignore: ['*']}\n"
    )
    table = (
        "group,type,role,id,email\n"
        "sales@acme.example,USER,MEMBER,1,alice@ACME.example\n"
        "sales@acme.example,USER,MEMBER,2,partner@elsewhere.example\n"
        "sales@acme.example,GROUP,MEMBER,3,it@acme.example\n"
    )
    document = load_files({"s.yaml": spec, "t.csv": table})

    assert () == document.problems
    assert {
        "sales": {"members": ["alice", "partner@elsewhere.example", "group:it"]}
    } == document.value["groups"]


@pytest.mark.parametrize(
    ("spec", "table", "told"),
    [
        (
            "groups: !csv t.csv\n",
            "name,department\nsales,x\n",
            [
                't.csv:1:6: groups: column "department" is not known; known: name, adopt, aliases,'
                " email, exclusive, hidden_from_global_address_list, members"
            ],
        ),
        (
            "groups: !csv t.csv\n",
            "member,email\nx,\n",
            [
                't.csv:1:1: groups: column "member" is not known; did you mean "members"?',
                't.csv:1:1: groups: the header has no column "name"; each group needs a name',
            ],
        ),
        (
            "groups: !csv t.csv\n",
            "",
            [
                "t.csv:1:1: groups: the table is empty, without a header;"
                " a table of nobody has a header too, or write groups: {}"
            ],
        ),
        (
            "groups: !csv t.csv\n",
            "name\n",
            [
                "t.csv:1:1: warning: groups: the table has a header and no rows, so it declares no"
                " group; if none is meant, write groups: {}"
            ],
        ),
        (
            "groups: !csv t.csv\n",
            "name\nsales\nsales\n",
            ['t.csv:3:1: groups.sales: group "sales" stands here twice, first on line 2'],
        ),
        (
            _MEMBERS,
            "group\nsales\n",
            [
                't.csv:1:1: groups: the header has no column "member";'
                " each row names a group and one of its members"
            ],
        ),
        (
            _MEMBERS,
            "group,member,kind\n,alice,\nsales,al,team\nsales,bob,\nsales,bob,user\n",
            [
                "t.csv:2:1: groups: the row names no group",
                't.csv:3:10: groups.sales.members: "team" is not user or group',
                't.csv:5:7: groups.sales.members: "bob" stands in group "sales" twice,'
                " first on line 4",
            ],
        ),
        (
            "groups: !csv {file: t.csv, rows: member}\n",
            "name\nsales\n",
            [
                's.yaml:1:34: groups: !csv: "member" is not what rows takes;'
                " allowed: users, groups, members"
            ],
        ),
        (
            "groups: !csv {file: t.csv, domains: acme.example, columns: {x: city, y: not email}}\n",
            "name,x,y\nsales,,\n",
            [
                's.yaml:1:37: groups: !csv: "acme.example" is not what domains takes;'
                " allowed: a list of domains, such as [acme.example]",
                's.yaml:1:64: groups: !csv: a group has no key "city"; known: name, adopt,'
                " aliases, email, exclusive, hidden_from_global_address_list, members",
                's.yaml:1:73: groups: !csv: "email" is not true or false, so it has no opposite;'
                " allowed: not adopt, not hidden_from_global_address_list",
            ],
        ),
    ],
)
def test_what_cannot_be_groups_is_a_problem(
    problems: Callable[[str, str], list[str]], spec: str, table: str, told: list[str]
) -> None:
    assert told == problems(spec, table)
