"""Exports of other programs, declared as they are: their headers, their marks, their odd data.

The headers are those that the programs write; the people are invented.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from workmail_org.spec.files.loading import Document

    Loads = Callable[..., Document]

_ALICE = {"display_name": "Alice; Liddell", "zip_code": "01069"}


@pytest.mark.parametrize(
    "table",
    [
        b'Name,Display Name,ZIP Code\r\nalice,Alice; Liddell,"=""01069"""\r\n,,\r\n',
        codecs.BOM_UTF8 + b'Name;Display Name;ZIP Code;\r\nalice;"Alice; Liddell";\'01069;\r\n',
        codecs.BOM_UTF16_LE
        + "Name\tDisplay Name\tZIP Code\r\nalice\tAlice; Liddell\t01069\r\n".encode("utf-16-le"),
        b'sep=;\r\nNAME;DISPLAY_NAME;zip-code\r\nalice;"Alice; Liddell";01069',
    ],
    ids=["comma", "semicolon", "utf-16", "sep"],
)
def test_a_spreadsheet(load_files: Loads, table: bytes) -> None:
    document = load_files({"s.yaml": "users: !csv t.csv\n", "t.csv": table})

    assert () == document.problems
    assert {"alice": _ALICE} == document.value["users"]


def test_active_users_of_microsoft_365(load_files: Loads) -> None:
    spec = """\
        users: !csv
          file: t.csv
          columns:
            User principal name: email
            Title: job_title
            Phone number: telephone
            Postal code: zip_code
            Street address: street
            Country/Region: country
            Block credential: not enabled
            Proxy addresses: aliases
          ignore: ["*"]
          name: {from: email}
        """
    table = (
        "\ufeffBlock credential,City,Country/Region,Department,Display name,Fax,First name,"
        "Last dirsync time,Last name,Licenses,Object Id,Office,Password never expires,Phone number,"
        "Postal code,Proxy addresses,Street address,Title,Usage location,User principal name\r\n"
        'False,Ely,UK,Sales,"Liddell, Alice",,Alice,,Liddell,Business Basic+Teams,8f1e,,True,'
        "+44 20,CB7,SMTP:alice@acme.example+smtp:al@acme.example+x500:/o=A/cn=al+SIP:al@a.example,"
        "1 Rd,,GB,alice@acme.example\r\n"
        "True,,,,Bob,,,,,Unlicensed,9a2b,,False,,,,,,,bob@acme.example\r\n"
    )
    document = load_files({"s.yaml": spec, "t.csv": table})

    assert () == document.problems
    assert {
        "alice": {
            "enabled": True,
            "city": "Ely",
            "country": "UK",
            "department": "Sales",
            "display_name": "Liddell, Alice",
            "first_name": "Alice",
            "last_name": "Liddell",
            "telephone": "+44 20",
            "zip_code": "CB7",
            "aliases": ["al@acme.example"],
            "street": "1 Rd",
            "email": "alice@acme.example",
        },
        "bob": {"enabled": False, "display_name": "Bob", "email": "bob@acme.example"},
    } == document.value["users"]


def test_users_of_google_workspace(load_files: Loads) -> None:
    spec = """\
        users: !csv
          file: t.csv
          columns:
            First Name [Required]: first_name
            Last Name [Required]: last_name
            Email Address [Required]: email
            Work Phone: telephone
          ignore: ["Password*", "Org Unit*", "*[READ ONLY]", "*UPLOAD ONLY]", Work Address]
          name: {from: email}
        """
    table = (
        "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],"
        "Password Hash Function [UPLOAD ONLY],Org Unit Path [Required],New Primary Email [UPLOAD"
        " ONLY],Status [READ ONLY],Last Sign In [READ ONLY],Work Phone,Work Address,Department\n"
        'Alice,Liddell,alice@acme.example,****,,/,,Active,Never logged in,,"1 Rd\nEly",Sales\n'
    )
    document = load_files({"s.yaml": spec, "t.csv": table})

    assert () == document.problems
    assert {
        "alice": {
            "first_name": "Alice",
            "last_name": "Liddell",
            "email": "alice@acme.example",
            "department": "Sales",
        }
    } == document.value["users"]


def test_users_of_gam(load_files: Loads) -> None:
    spec = """\
        users: !csv
          file: t.csv
          columns:
            primaryEmail: email
            name.givenName: first_name
            name.familyName: last_name
            name.fullName: display_name
            aliases.0: aliases
            aliases.1: aliases
            suspended: not enabled
          ignore: [aliases, "nonEditableAliases*", "emails.*", id, orgUnitPath]
          name: {from: email}
        """
    table = (
        "primaryEmail,aliases,aliases.0,aliases.1,emails.0.address,id,name.familyName,"
        "name.fullName,name.givenName,nonEditableAliases.0,orgUnitPath,suspended\n"
        "alice@acme.example,2,al@acme.example,a.l@acme.example,x@y.example,1,Liddell,Alice Liddell,"
        "Alice,alice@acme.example.test-google-a.com,/,False\n"
        "bob@acme.example,0,,,,2,Tables,Bob Tables,Bob,,/Left,True\n"
    )
    document = load_files({"s.yaml": spec, "t.csv": table})

    assert () == document.problems
    assert [
        (["al@acme.example", "a.l@acme.example"], True),
        (None, False),
    ] == [(each.get("aliases"), each["enabled"]) for each in document.value["users"].values()]
    assert "t.csv:2:38" == str(document.place(("users", "alice", "aliases", 1)))


def test_a_directory_over_ldap(load_files: Loads) -> None:
    spec = """\
        users: !csv
          file: t.csv
          columns:
            sAMAccountName: name
            mail: email
            givenName: first_name
            sn: last_name
            proxyAddresses: aliases
            telephoneNumber: telephone
            physicalDeliveryOfficeName: office
          ignore: [DN, objectClass, memberOf]
        """
    table = (
        "DN,objectClass,sAMAccountName,displayName,givenName,sn,mail,proxyAddresses,"
        "telephoneNumber,physicalDeliveryOfficeName,memberOf\n"
        '"CN=Alice Liddell,OU=Staff,DC=acme,DC=example",user,alice,Alice Liddell,Alice,Liddell,'
        "alice@acme.example,SMTP:alice@acme.example;smtp:al@acme.example;smtp:a+b@acme.example,"
        '+44 20,Ely,"CN=Sales,DC=acme;CN=All,DC=acme"\n'
        '"CN=Bob ""Bobby"" Tables,OU=Staff",user,bob,"Bob ""Bobby"" Tables",Bob,,,,,,\n'
    )
    document = load_files({"s.yaml": spec, "t.csv": table})

    assert () == document.problems
    assert ["al@acme.example", "a+b@acme.example"] == document.value["users"]["alice"]["aliases"]
    assert {"display_name": 'Bob "Bobby" Tables', "first_name": "Bob"} == document.value["users"][
        "bob"
    ]


def test_a_pattern_leaves_out_no_column_that_is_known(load_files: Loads) -> None:
    spec = "users: !csv {file: t.csv, ignore: ['*', city]}\n"
    document = load_files({"s.yaml": spec, "t.csv": "name,Office,City,id\nalice,1,Ely,7\n"})

    assert () == document.problems
    assert {"alice": {"office": "1"}} == document.value["users"]
