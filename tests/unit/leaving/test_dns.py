"""DNS in four steps and a rollback: what was there stays, and nothing is guessed."""

from __future__ import annotations

import importlib
import json
import re
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.session import get_session
from botocore.validate import ParamValidator
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from workmail_org.cli import main
from workmail_org.leaving.dns import reading
from workmail_org.leaving.dns.model import DnsRecordSet, DnsZone, Txt, index, make_txt
from workmail_org.leaving.dns.route53 import build_zone, write_batch
from workmail_org.leaving.dns.spf import leave_out, merge_spf, parse_spf
from workmail_org.leaving.dns.zonefiles import load_zone

SPEC = """
version: 1
environment: production
organizations:
  acme:
    region: eu-west-1
    alias: acme
    domains: {example.com: {default: true, verified: true}}
    users: {ada: {display_name: Ada}}
"""

KEY = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA" + "x" * 340 + "IDAQAB"

GOOGLE = f"""
version: 1
domains:
  example.com:
    mx: [1 smtp.google.com]
    spf: "v=spf1 include:_spf.google.com ~all"
    verification: [google-site-verification=abc]
    dkim: {{google._domainkey: "v=DKIM1; k=rsa; p={KEY}"}}
"""

MICROSOFT_DKIM = """
version: 1
domains:
  example.com:
    verification: [MS=ms12345678]
    dkim:
      selector1._domainkey: selector1-example-com._domainkey.acme.a-v1.dkim.mail.microsoft
      selector2._domainkey: selector2-example-com._domainkey.acme.a-v1.dkim.mail.microsoft
"""

# As Graph's guide has it, with an MX of today's form (learn.microsoft.com/graph/api,
# domain-list-serviceconfigurationrecords).
GRAPH = {
    "value": [
        {
            "@odata.type": "#microsoft.graph.domainDnsMxRecord",
            "label": "example.com",
            "recordType": "Mx",
            "supportedService": "Email",
            "ttl": 3600,
            "mailExchange": "example-com.x-v1.mx.microsoft",
            "preference": 0,
        },
        {
            "@odata.type": "#microsoft.graph.domainDnsTxtRecord",
            "label": "example.com",
            "recordType": "Txt",
            "supportedService": "Email",
            "ttl": 3600,
            "text": "v=spf1 include:spf.protection.outlook.com -all",
        },
        {
            "@odata.type": "#microsoft.graph.domainDnsCnameRecord",
            "label": "autodiscover.example.com",
            "recordType": "CName",
            "supportedService": "Email",
            "ttl": 3600,
            "canonicalName": "autodiscover.outlook.com",
        },
        {
            "@odata.type": "#microsoft.graph.domainDnsSrvRecord",
            "label": "_sip._tls.example.com",
            "recordType": "Srv",
            "supportedService": "OfficeCommunicationsOnline",
            "nameTarget": "sipdir.online.lync.com",
            "port": 443,
        },
    ]
}

SETS: list[dict[str, Any]] = [
    {"Name": "example.com.", "Type": "SOA", "TTL": 900, "ResourceRecords": [
        {"Value": "ns-1.awsdns-1.org. hostmaster.example.com. 1 7200 900 1209600 86400"}]},
    {"Name": "example.com.", "Type": "NS", "TTL": 172800, "ResourceRecords": [
        {"Value": "ns-1.awsdns-1.org."}]},
    {"Name": "example.com.", "Type": "MX", "TTL": 3600, "ResourceRecords": [
        {"Value": "10 inbound-smtp.eu-west-1.amazonaws.com."}]},
    {"Name": "example.com.", "Type": "TXT", "TTL": 3600, "ResourceRecords": [
        {"Value": '"v=spf1 include:amazonses.com include:mailer.example ~all"'},
        {"Value": '"kept; \\"as it is\\"" " \\303\\244"'}]},
    {"Name": "autodiscover.example.com.", "Type": "CNAME", "TTL": 3600, "ResourceRecords": [
        {"Value": "autodiscover.mail.eu-west-1.awsapps.com."}]},
    {"Name": "_dmarc.example.com.", "Type": "TXT", "TTL": 1800, "ResourceRecords": [
        {"Value": '"v=DMARC1;p=quarantine;pct=100;fo=1"'}]},
    {"Name": "_amazonses.example.com.", "Type": "TXT", "TTL": 3600, "ResourceRecords": [
        {"Value": '"token"'}]},
    {"Name": "aaa._domainkey.example.com.", "Type": "CNAME", "TTL": 3600, "ResourceRecords": [
        {"Value": "aaa.dkim.amazonses.com."}]},
    {"Name": "news._domainkey.example.com.", "Type": "CNAME", "TTL": 3600, "ResourceRecords": [
        {"Value": "dkim.mailer.example."}]},
    {"Name": "aaa._domainkey.shop.example.com.", "Type": "CNAME", "TTL": 3600, "ResourceRecords": [
        {"Value": "shop.dkim.amazonses.com."}]},
    {"Name": "www.example.com.", "Type": "A", "AliasTarget": {
        "HostedZoneId": "Z2", "DNSName": "d1.cloudfront.net.", "EvaluateTargetHealth": False}},
]  # fmt: skip


class Account:
    """Route 53 with one zone, or several of one name; ids that begin with P are private."""

    def __init__(self, *zones: tuple[str, str, list[dict[str, Any]]]) -> None:
        self.zones = zones
        self.asked: list[str] = []

    def get_paginator(self, method: str) -> Account:
        self.asked.append(method)
        return self

    def paginate(self, **parameters: Any) -> list[dict[str, Any]]:
        if "HostedZoneId" not in parameters:
            listed = [
                {
                    "Id": f"/hostedzone/{i}",
                    "Name": f"{n}.",
                    "Config": {"PrivateZone": i.startswith("P")},
                }
                for i, n, _ in self.zones
            ]
            return [{"HostedZones": listed}]
        (sets,) = [sets for i, _, sets in self.zones if i == parameters["HostedZoneId"]]
        return [{"ResourceRecordSets": sets}]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    account = Account(("Z1", "example.com", SETS))
    monkeypatch.setattr(reading, "make_route53", lambda: account)
    return account


pytestmark = pytest.mark.usefixtures("account", "folder")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "spec.yaml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "google.yaml").write_text(GOOGLE, encoding="utf-8")
    (tmp_path / "dkim.yaml").write_text(MICROSOFT_DKIM, encoding="utf-8")
    (tmp_path / "graph.json").write_text(json.dumps(GRAPH), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, to: str = "google", output: str = "out") -> Result:
    words = ["leave", "dns", "spec.yaml", "--to", to, "--output", output, *arguments]
    return CliRunner().invoke(main, words)


@cache
def find_shape(name: str) -> Any:
    """Find what botocore's model of Route 53 says of a structure; reading the model takes long."""
    return get_session().get_service_model("route53").shape_for(name)


def read_batch(folder: Path, step: str) -> list[tuple[str, tuple[str, str], int, list[str]]]:
    """Read a batch that botocore's model accepts: action, key, TTL and values."""
    path = folder / "out" / step / "example.com.json"
    if not path.exists():
        return []
    batch = json.loads(path.read_text("utf-8"))
    report: Any = ParamValidator().validate(batch, find_shape("ChangeBatch"))
    assert not report.has_errors(), report.generate_report()
    return [
        (
            each["Action"],
            (found["Name"], found["Type"]),
            found["TTL"],
            [value["Value"] for value in found["ResourceRecords"]],
        )
        for each in batch["Changes"]
        for found in [each["ResourceRecordSet"]]
    ]


def read_changes(folder: Path, step: str) -> dict[tuple[str, str, str], tuple[int, list[str]]]:
    """Read what a batch comes to: DELETE, UPSERT or KEEP, type and name to TTL and values."""
    changes: dict[tuple[str, str, str], tuple[int, list[str]]] = {}
    for action, (name, kind), ttl, values in read_batch(folder, step):
        deleted = changes.pop(("DELETE", kind, name), None) if action == "CREATE" else None
        told = "UPSERT" if action == "CREATE" else action
        if deleted == (ttl, values):
            told = "KEEP"
        assert (told, kind, name) not in changes
        changes[told, kind, name] = ttl, values
    return changes


def test_a_zone_of_route_53_moves_in_four_steps(folder: Path, account: Account) -> None:
    result = run("--records", "google.yaml")

    assert 0 == result.exit_code, result.output
    inbound = ["10 inbound-smtp.eu-west-1.amazonaws.com."]
    workmail = ["autodiscover.mail.eu-west-1.awsapps.com."]
    kept = '"kept; \\"as it is\\"" " \\303\\244"'
    old = ['"v=spf1 include:amazonses.com include:mailer.example ~all"', kept]
    both = "v=spf1 include:amazonses.com include:mailer.example include:_spf.google.com ~all"
    new = "v=spf1 include:mailer.example include:_spf.google.com ~all"
    added = '"google-site-verification=abc"'
    dkim = f"v=DKIM1; k=rsa; p={KEY}"
    key = [f'"{dkim[:255]}" "{dkim[255:]}"']
    assert {
        ("UPSERT", "MX", "example.com."): (300, inbound),
        ("UPSERT", "TXT", "example.com."): (300, old),
        ("UPSERT", "CNAME", "autodiscover.example.com."): (300, workmail),
        ("UPSERT", "TXT", "_dmarc.example.com."): (300, ['"v=DMARC1;p=quarantine;pct=100;fo=1"']),
    } == read_changes(folder, "1-lower-ttls")
    assert {
        ("UPSERT", "TXT", "example.com."): (300, [f'"{both}"', kept, added]),
        ("UPSERT", "TXT", "google._domainkey.example.com."): (300, key),
        ("UPSERT", "TXT", "_dmarc.example.com."): (300, ['"v=DMARC1;p=none;pct=100;fo=1"']),
    } == read_changes(folder, "2-prepare")
    assert {
        ("UPSERT", "MX", "example.com."): (300, ["1 smtp.google.com."]),
        ("KEEP", "TXT", "google._domainkey.example.com."): (300, key),
        ("DELETE", "CNAME", "autodiscover.example.com."): (300, workmail),
    } == read_changes(folder, "3-cut-over")
    assert {
        ("UPSERT", "MX", "example.com."): (300, inbound),
        ("UPSERT", "CNAME", "autodiscover.example.com."): (300, workmail),
    } == read_changes(folder, "3-rollback")
    assert {
        ("DELETE", "TXT", "_amazonses.example.com."): (3600, ['"token"']),
        ("DELETE", "CNAME", "aaa._domainkey.example.com."): (3600, ["aaa.dkim.amazonses.com."]),
        ("UPSERT", "MX", "example.com."): (3600, ["1 smtp.google.com."]),
        ("UPSERT", "TXT", "example.com."): (3600, [f'"{new}"', kept, added]),
        ("UPSERT", "TXT", "google._domainkey.example.com."): (3600, key),
        ("UPSERT", "TXT", "_dmarc.example.com."): (1800, ['"v=DMARC1;p=quarantine;pct=100;fo=1"']),
    } == read_changes(folder, "4-clean-up")
    readme = (folder / "out" / "README.md").read_text("utf-8")
    assert "--hosted-zone-id Z1 --change-batch file://1-lower-ttls/example.com.json" in readme
    assert "wait 1 hour" in readme
    assert "after step 4 write the files again with --before" in readme
    assert {"list_hosted_zones", "list_resource_record_sets"} == {*account.asked}


def test_host_names_without_a_trailing_dot_are_those_with_one(
    folder: Path, account: Account
) -> None:
    """Route 53 takes both and gives back what was entered; only a deletion has to repeat it."""
    run("--records", "google.yaml")
    steps = ("1-lower-ttls", "2-prepare", "3-cut-over", "3-rollback", "4-clean-up")
    dotted = {step: read_changes(folder, step) for step in steps}
    undotted = json.loads(json.dumps(SETS))
    for each in undotted:
        if each["Type"] in ("CNAME", "MX"):
            for value in each["ResourceRecords"]:
                value["Value"] = value["Value"].removesuffix(".")
    account.zones = (("Z1", "example.com", undotted),)
    shutil.rmtree(folder / "out")
    assert 0 == run("--records", "google.yaml").exit_code
    found = {step: read_changes(folder, step) for step in steps}
    key = ("DELETE", "CNAME", "aaa._domainkey.example.com.")

    assert (3600, ["aaa.dkim.amazonses.com"]) == found["4-clean-up"].pop(key)
    assert (3600, ["aaa.dkim.amazonses.com."]) == dotted["4-clean-up"].pop(key)
    assert dotted == found
    plain = [each for each in undotted if "AliasTarget" not in each]
    account.zones = (("Z1", "example.com", plain),)
    assert 0 == run("--records", "google.yaml", "--format", "bind", output="bind").exit_code
    assert "aaa.dkim.amazonses.com.\n" in "".join(
        path.read_text("utf-8") for path in sorted((folder / "bind" / "2-prepare").iterdir())
    )


def test_a_domain_without_a_policy_allows_workmail_too_until_it_has_moved(
    folder: Path, account: Account
) -> None:
    sets = [each for each in SETS if (each["Type"], each["Name"]) != ("TXT", "example.com.")]
    account.zones = (("Z1", "example.com", sets),)
    assert 0 == run("--records", "google.yaml").exit_code
    _ttl, texts = read_changes(folder, "2-prepare")["UPSERT", "TXT", "example.com."]

    assert '"v=spf1 include:amazonses.com include:_spf.google.com ~all"' == texts[0]


def test_who_still_sends_by_ses_keeps_what_it_needs(folder: Path) -> None:
    run("--records", "google.yaml", "--keep-ses")
    changes = read_changes(folder, "4-clean-up")

    assert not [key for key in changes if key[0] == "DELETE"]
    assert "include:amazonses.com" in changes["UPSERT", "TXT", "example.com."][1][0]


def test_microsofts_values_come_from_graph_and_dkim_from_exchange(folder: Path) -> None:
    result = run("--records", "graph.json", "--records", "dkim.yaml", to="microsoft365")

    assert 0 == result.exit_code, result.output
    cut = read_changes(folder, "3-cut-over")
    host = ["0 example-com.x-v1.mx.microsoft."]
    assert (300, host) == cut["UPSERT", "MX", "example.com."]
    discovered = cut["UPSERT", "CNAME", "autodiscover.example.com."]
    assert (300, ["autodiscover.outlook.com."]) == discovered
    prepared = read_changes(folder, "2-prepare")
    assert ("UPSERT", "CNAME", "selector2._domainkey.example.com.") in prepared
    assert '"MS=ms12345678"' in prepared["UPSERT", "TXT", "example.com."][1]
    assert not any("sip" in name for _, _, name in prepared)


def test_what_is_missing_is_reported_with_whom_to_ask(folder: Path, account: Account) -> None:
    result = run("--records", "graph.json", to="microsoft365")

    assert (2, "") == (result.exit_code, result.stdout)
    assert [
        "example.com: verification is missing: ask the Microsoft 365 admin center, Settings, "
        "Domains; write verification: [] where the domain is verified already",
        "example.com: dkim is missing: ask Get-DkimSigningConfig -Identity example.com | "
        "Format-List Selector1CNAME,Selector2CNAME",
    ] == result.stderr.splitlines()
    assert not (folder / "out").exists()
    assert [] == account.asked


@pytest.mark.parametrize("to", ["microsoft365", "google", "zoho"])
def test_without_any_value_each_of_them_is_asked_for(to: str) -> None:
    lines = run(to=to).stderr.splitlines()

    keys = ["mx", "spf", "verification", "dkim"] + ["autodiscover"] * (to == "microsoft365")
    assert keys == [re.match(r"example.com: (\w+) is missing: ask ", line)[1] for line in lines]  # type: ignore[index]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("include:_spf", "include: _spf", 'has "include:": a blank after the colon?'),
        ("~all", "?all", "to end with ~all or -all"),
        ("v=spf1 ", "spf1 ", "is not an SPF policy"),
        ("1 smtp.google.com", "smtp.google.com", 'write preference and host, such as "10 mx.'),
        ("1 smtp.google.com", "70000 smtp.google.com", "write preference and host"),
        ("1 smtp.google.com", "1 192.0.2.7", "write preference and host"),
        ("1 smtp.google.com", "", "mx of example.com is empty"),
        (f"p={KEY}", "p=ASK", "has no key behind p="),
        ("google._domainkey:", "google:", "write SELECTOR._domainkey"),
        ("google-site-verification=abc", "v=spf1 -all", "copy the TXT value"),
        ("    mx:", "    mxx:", '"mxx" is unknown; known are mx, spf'),
        ("example.com:", "example.org:", '"example.org" is not a domain that moves'),
        ("    mx:", "    autodiscover: a.example\n    mx:", "Google has none"),
        ("domains:", "domain:", '"domains" is missing'),
        ("version: 1", "version: [1", "not valid YAML"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_refused(old: str, new: str, message: str, folder: Path) -> None:
    (folder / "google.yaml").write_text(GOOGLE.replace(old, new), encoding="utf-8")
    result = run("--records", "google.yaml")

    assert 2 == result.exit_code, result.output
    assert message in result.stderr
    assert not (folder / "out").exists()


def change(name: str, kind: str, *values: str) -> list[dict[str, Any]]:
    """Return the zone with other values in one record set."""
    others = [each for each in SETS if (each["Name"], each["Type"]) != (name, kind)]
    records = [{"Value": value} for value in values]
    return [*others, {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": records}]


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        (change("example.com.", "MX", "5 mx.elsewhere.example."), "does not lead to WorkMail"),
        (
            change(
                "example.com.", "MX", "10 inbound-smtp.eu-west-1.amazonaws.com.", "20 mx.two."
            ),
            "does not lead to WorkMail alone",
        ),
        (change("example.com.", "MX", "10 inbound-smtp.us-east-1.amazonaws.com."), "eu-west-1"),
        (change("example.com.", "TXT", '"v=spf1 -all"', '"v=spf1 ~all"'), "two SPF records"),
        (change("example.com.", "TXT", '"v=spf1 redirect=a.example"'), "not a term"),
        (
            change("google._domainkey.example.com.", "TXT", '"v=DKIM1; p=other"'),
            "there is a TXT google._domainkey.example.com. with another value",
        ),
        (
            change("google._domainkey.example.com.", "CNAME", "k.example."),
            "there is a CNAME google._domainkey.example.com. with another value",
        ),
        (
            [
                *SETS,
                {"Name": "example.com.", "Type": "MX", "SetIdentifier": "eu", "TTL": 1},
            ],
            "weighted sets of Route 53",
        ),
    ],
)  # fmt: skip
def test_a_zone_that_is_otherwise_than_expected_is_refused(
    sets: list[dict[str, Any]], message: str, folder: Path, account: Account
) -> None:
    account.zones = (("Z1", "example.com", sets),)
    result = run("--records", "google.yaml")

    assert 2 == result.exit_code, result.output
    assert message in result.stderr
    assert not (folder / "out").exists()


class RefusedError(Exception):
    """InvalidChangeBatch."""


def apply_steps(folder: Path, sets: list[dict[str, Any]], *steps: str) -> list[dict[str, Any]]:
    """Do what the files of some steps say, as Route 53 does it."""
    states = {(each["Name"], each["Type"]): each for each in sets}
    for step in steps:
        for action, key, ttl, values in read_batch(folder, step):
            records = [{"Value": value} for value in values]
            made = {"Name": key[0], "Type": key[1], "TTL": ttl, "ResourceRecords": records}
            if action == "DELETE" and states.pop(key, None) != made:
                raise RefusedError(step, key)
            if action == "CREATE":
                if key in states:
                    raise RefusedError(step, key)
                states[key] = made
    return [*states.values()]


STEPS = ("1-lower-ttls", "2-prepare", "3-cut-over", "4-clean-up")


def sort_sets(sets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(sets, key=lambda each: (each["Name"], each["Type"]))


def vary_zone(vary: str) -> list[dict[str, Any]]:
    """Return zones of which some steps change fewer records than usual."""
    sets: list[dict[str, Any]] = json.loads(json.dumps(SETS))
    for each in sets:
        if vary in ("short", "given") and each["Type"] != "A":
            each["TTL"] = 300
        if vary == "undotted" and each["Type"] in ("CNAME", "MX"):
            for value in each["ResourceRecords"]:
                value["Value"] = value["Value"].removesuffix(".")
        if vary == "odd" and each["Type"] == "TXT":
            for value in each["ResourceRecords"]:
                value["Value"] = value["Value"].replace("=", "\\075", 1).replace('" "', '"  "')
    if vary == "given":
        text = f"v=DKIM1; k=rsa; p={KEY}"
        records = [{"Value": f'"{text[:255]}" "{text[255:]}"'}]
        name = "google._domainkey.example.com."
        sets.append({"Name": name, "Type": "TXT", "TTL": 300, "ResourceRecords": records})
    return sets


ORDERS = {
    "nothing": ((), "1-lower-ttls"),
    "lowered": (("1-lower-ttls",), "2-prepare"),
    "prepared": (("1-lower-ttls", "2-prepare"), "3-cut-over"),
    "moved": (("1-lower-ttls", "2-prepare", "3-cut-over"), "4-clean-up"),
    "rolled back": (("1-lower-ttls", "2-prepare", "3-cut-over", "3-rollback"), "3-cut-over"),
    "cleaned up": (("1-lower-ttls", "2-prepare", "3-cut-over", "4-clean-up"), ""),
}
ALL_STEPS = ("1-lower-ttls", "2-prepare", "3-cut-over", "3-rollback", "4-clean-up")


@pytest.mark.parametrize("keeps_ses", [False, True], ids=["", "keep ses"])
@pytest.mark.parametrize("vary", ["", "short", "undotted", "odd", "given"])
@pytest.mark.parametrize(("done", "turn"), ORDERS.values(), ids=ORDERS)
def test_route_53_takes_a_step_in_its_turn_alone(
    done: tuple[str, ...],
    turn: str,
    vary: str,
    keeps_ses: bool,
    folder: Path,
    account: Account,
) -> None:
    """Whatever is run again, late or too early: nothing of it is done."""
    before = vary_zone(vary)
    account.zones = (("Z1", "example.com", before),)
    result = run("--records", "google.yaml", *(["--keep-ses"] if keeps_ses else []))
    assert 0 == result.exit_code, result.output
    steps = [step for step in ALL_STEPS if read_batch(folder, step)]
    turns = {turn, *(["3-rollback"] if done[-1:] == ("3-cut-over",) else [])}
    if "1-lower-ttls" == turn not in steps:  # its records are short already
        turns.add("2-prepare")
    now = apply_steps(folder, before, *done)

    taken: set[str] = set()
    for step in steps:
        try:
            apply_steps(folder, now, step)
        except RefusedError:
            continue
        taken.add(step)
    assert taken == turns & {*steps}


def test_what_somebody_adds_meanwhile_is_not_undone(folder: Path) -> None:
    run("--records", "google.yaml")
    lowered = apply_steps(folder, SETS, "1-lower-ttls")
    prepared = apply_steps(folder, lowered, "2-prepare")
    for step, now in (("2-prepare", lowered), ("4-clean-up", prepared)):
        (apex,) = [each for each in now if (each["Name"], each["Type"]) == ("example.com.", "TXT")]
        added = [*apex["ResourceRecords"], {"Value": '"colleague=1"'}]
        changed = [{**each, "ResourceRecords": added} if each is apex else each for each in now]
        moved = apply_steps(folder, changed, *(["3-cut-over"] if step == "4-clean-up" else []))

        with pytest.raises(RefusedError, match=re.escape(step)):
            apply_steps(folder, moved, step)


@pytest.mark.parametrize("done", range(5))
def test_files_written_again_with_the_first_folder_lead_to_the_same_end(
    done: int, folder: Path, account: Account
) -> None:
    """Whatever steps are applied already: what each of them overwrote is in the first folder."""
    assert 0 == run("--records", "google.yaml").exit_code
    now = apply_steps(folder, SETS, *STEPS[:done])
    ended = apply_steps(folder, SETS, *STEPS)
    back = apply_steps(folder, SETS, *STEPS[:3], "3-rollback")
    (folder / "out").rename(folder / "first")
    account.zones = (("Z1", "example.com", now),)
    result = run("--records", "google.yaml", "--before", "first")

    assert 0 == result.exit_code, result.output
    assert "note:" not in result.output
    assert [{}] * done == [read_changes(folder, step) for step in STEPS[:done]]
    assert sort_sets(ended) == sort_sets(apply_steps(folder, now, *STEPS))
    assert (folder / "out/before/example.com.zone").read_bytes() == (
        folder / "first/before/example.com.zone"
    ).read_bytes()
    rolled = apply_steps(folder, now, *STEPS[:3], "3-rollback")
    again = {(each["Name"], each["Type"]): each for each in rolled}
    for each in back:
        key = (each["Name"], each["Type"])
        values = (
            [value["Value"] for value in again[key]["ResourceRecords"]]
            if ("ResourceRecords" in each)
            else []
        )
        wanted = [value["Value"] for value in each.get("ResourceRecords", ())]
        if done < 4:
            assert (key, each.get("TTL"), wanted) == (key, again[key].get("TTL"), values)
        elif key[1] in ("MX", "CNAME") or key[0].startswith("_amazonses"):
            assert (key, wanted) == (key, values)
    assert "v=spf1 include:amazonses.com" in str(again["example.com.", "TXT"])


@pytest.mark.parametrize("done", [2, 3])
def test_files_written_again_without_the_first_folder_never_end_with_a_weak_dmarc_policy(
    done: int, folder: Path, account: Account
) -> None:
    run("--records", "google.yaml")
    account.zones = (("Z1", "example.com", apply_steps(folder, SETS, *STEPS[:done])),)
    (folder / "out").rename(folder / "first")
    result = run("--records", "google.yaml")

    assert (2, "") == (result.exit_code, result.stdout)
    assert result.stderr == (
        "example.com: step 2 seems to be done, and its DMARC policy of before is not known, so "
        "that it would stay p=none: give the folder of the first run with --before, or write in "
        'the records file what step 4 has to write, such as former_dmarc: "v=DMARC1; '
        'p=quarantine"\n'
    )
    assert not (folder / "out").exists()


def test_what_a_zone_was_can_be_given_by_a_person(folder: Path, account: Account) -> None:
    run("--records", "google.yaml")
    account.zones = (("Z1", "example.com", apply_steps(folder, SETS, *STEPS[:3])),)
    (folder / "out").rename(folder / "first")
    given = GOOGLE + '    former_ttl: 7200\n    former_dmarc: "v=DMARC1; p=reject"\n'
    (folder / "google.yaml").write_text(given, encoding="utf-8")
    result = run("--records", "google.yaml")

    assert 0 == result.exit_code, result.output
    changes = read_changes(folder, "4-clean-up")
    assert (7200, ['"v=DMARC1; p=reject"']) == changes["UPSERT", "TXT", "_dmarc.example.com."]
    assert (7200, ["1 smtp.google.com."]) == changes["UPSERT", "MX", "example.com."]
    assert not (folder / "out/3-rollback").exists()
    assert "note: example.com has moved already, and --before does not say where its MX led" in (
        result.stdout
    )
    assert "4 steps and no rollback for example.com" in result.stdout


@pytest.mark.parametrize(
    ("key", "value"),
    [("former_ttl", "0"), ("former_ttl", "an hour"), ("former_dmarc", "p=reject")],
)
def test_what_a_zone_was_has_to_be_possible(key: str, value: str, folder: Path) -> None:
    (folder / "google.yaml").write_text(f"{GOOGLE}    {key}: {value}\n", encoding="utf-8")

    assert f'{key} of example.com: "{value}" is not' in run("--records", "google.yaml").stderr


def test_a_short_ttl_of_today_is_reported_since_step_1_may_have_made_it(
    folder: Path, account: Account
) -> None:
    run("--records", "google.yaml")
    account.zones = (("Z1", "example.com", apply_steps(folder, SETS, *STEPS[:1])),)
    (folder / "out").rename(folder / "first")
    result = run("--records", "google.yaml")

    assert (
        "note: example.com: short TTLs of today stay after step 4: CNAME autodiscover.example.com. "
        "(300), MX example.com. (300), TXT _dmarc.example.com. (300), TXT example.com. (300) "
        "seconds. If step 1 of an earlier run made them, give the folder of that run with --before"
    ) in result.stdout


def test_a_later_folder_is_no_first_one(folder: Path, account: Account) -> None:
    """It was written in the middle, without --before, and has the TTLs of step 1."""
    run("--records", "google.yaml", output="first")
    (folder / "out").mkdir(exist_ok=True)
    shutil.copytree(folder / "first", folder / "out", dirs_exist_ok=True)
    account.zones = (("Z1", "example.com", apply_steps(folder, SETS, *STEPS[:1])),)
    run("--records", "google.yaml", output="later")
    alone = run("--records", "google.yaml", "--before", "later", output="alone")
    both = run(
        *("--records", "google.yaml", "--before", "first", "--before", "later"), output="two"
    )
    chained = run("--records", "google.yaml", "--before", "first", output="chained")
    again = run("--records", "google.yaml", "--before", "chained", output="again")

    assert "note: example.com: short TTLs of what --before names stay after step 4" in alone.stdout
    assert (2, True) == (
        both.exit_code,
        "--before: first and later have different records of type MX for example.com: name the "
        "folder of the first run alone\n" in both.output,
    )
    assert "note: example.com: short" not in chained.stdout + again.stdout
    first = (folder / "first/before/example.com.zone").read_bytes()
    assert first == (folder / "again/before/example.com.zone").read_bytes()


def test_a_dmarc_policy_that_a_person_changed_meanwhile_stays(
    folder: Path, account: Account
) -> None:
    run("--records", "google.yaml")
    now = apply_steps(folder, SETS, *STEPS[:3])
    changed = '"v=DMARC1; p=none; rua=mailto:new@example.com"'
    for each in now:
        if each["Name"] == "_dmarc.example.com.":
            each["ResourceRecords"] = [{"Value": changed}]
    account.zones = (("Z1", "example.com", now),)
    (folder / "out").rename(folder / "first")
    result = run("--records", "google.yaml", "--before", "first")

    assert (
        "note: _dmarc.example.com. was changed since the first run, and is left as it is: "
        "v=DMARC1; p=none; rua=mailto:new@example.com; before step 1 it was "
        "v=DMARC1;p=quarantine;pct=100;fo=1"
    ) in result.stdout
    dmarc = read_changes(folder, "4-clean-up")["UPSERT", "TXT", "_dmarc.example.com."]
    assert (1800, [changed]) == dmarc


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("empty", "empty has no folder before with zone files"),
        ("later.zone", "is not the zone before the move: expected an MX to inbound-smtp."),
    ],
)
def test_what_is_not_the_zone_before_the_move_is_refused(
    name: str, message: str, folder: Path
) -> None:
    (folder / "empty").mkdir()
    (folder / "later.zone").write_text(
        "$ORIGIN example.com.\n@ 60 IN MX 1 smtp.google.com.\n", encoding="utf-8"
    )
    result = run("--records", "google.yaml", "--before", name)

    assert (2, True) == (result.exit_code, message in result.stderr), result.output


@pytest.mark.parametrize("form", ["bind", "octodns", "dnscontrol"])
def test_a_whole_zone_is_rolled_back_after_the_move_too_or_it_is_said_that_it_cannot(
    form: str, folder: Path
) -> None:
    zone = ZONE.replace(" \\228", "").replace('"v=DMARC1;p=quarantine;pct=100;fo=1"', '"other"')
    (folder / "example.com.zone").write_text(zone, encoding="utf-8")
    words = ["--records", "google.yaml", "--zone", "example.com.zone", "--format"]
    assert 0 == run(*words, "bind", output="first").exit_code
    assert 0 == run(*words, form, output="other").exit_code
    shutil.copy(folder / "first/3-cut-over/example.com.zone", folder / "example.com.zone")
    known = run(*words, form, "--before", "first", output="known")
    unknown = run(*words, form, output="unknown")

    assert (0, 0) == (known.exit_code, unknown.exit_code), known.output + unknown.output
    (back,) = (folder / "known/3-rollback").iterdir()
    expected = (folder / "other/3-rollback" / back.name).read_text("utf-8")
    serial = re.compile(r" 4\d (7200|alone)\b")
    assert serial.sub("", expected) == serial.sub("", back.read_text("utf-8"))
    assert not (folder / "unknown/3-rollback").exists()
    readme = (folder / "unknown/README.md").read_text("utf-8")
    assert "No rollback can be written for example.com: the MX leads to the destination" in readme


@pytest.mark.parametrize("other", [SETS, SETS[:2]], ids=["with an MX", "without one"])
def test_which_of_two_zones_of_one_name_is_asked_is_not_guessed(
    other: list[dict[str, Any]], account: Account, folder: Path
) -> None:
    account.zones = (("Z1", "example.com", other), ("Z2", "example.com", SETS))
    shown = "with" if other is SETS else "without"

    assert run("--records", "google.yaml").stderr == (
        f"example.com: several hosted zones are called example.com: Z1 ({shown} its MX), Z2 (with "
        "its MX). See to which name servers it is delegated (dig NS example.com), and name the "
        "zone that has them with --hosted-zone ID\n"
    )
    assert 0 == run("--records", "google.yaml", "--hosted-zone", "Z2").exit_code
    assert "--hosted-zone-id Z2 " in (folder / "out/README.md").read_text("utf-8")


def test_a_hosted_zone_that_is_named_for_nothing_is_reported() -> None:
    assert "--hosted-zone: Z7 holds none of the domains that move" in (
        run("--records", "google.yaml", "--hosted-zone", "Z7").stderr
    )


def test_a_private_zone_of_the_same_name_is_reported(account: Account, folder: Path) -> None:
    account.zones = (("P1", "example.com", SETS), ("Z1", "example.com", SETS))
    result = run("--records", "google.yaml")
    note = "the private hosted zone P1 is called example.com too: it is left alone"

    assert (0, True) == (result.exit_code, f"note: {note}" in result.stdout), result.output
    assert f"* {note}" in (folder / "out/README.md").read_text("utf-8")
    account.zones = (("P1", "example.com", SETS),)
    assert run("--records", "google.yaml", output="again").stderr == (
        "example.com: the hosted zone P1 is private, so nobody outside asks it: give the public "
        "zone as a file, with --zone\n"
    )


def test_a_file_of_another_zone_is_refused_before_anybody_is_asked(
    folder: Path, account: Account
) -> None:
    """BIND's own names, such as db.example.com, are no origin."""
    text = ZONE.partition("\n")[2]
    (folder / "db.example.com").write_text(text, encoding="utf-8")
    result = run("--records", "google.yaml", "--zone", "db.example.com")

    assert (2, []) == (result.exit_code, account.asked)
    assert result.stderr == (
        "db.example.com is of the zone db.example.com, which holds none of the domains that move: "
        "call it DOMAIN.zone, or begin it with $ORIGIN DOMAIN.\n"
    )


def test_two_files_of_one_zone_are_refused(folder: Path) -> None:
    for name in ("one.zone", "two.zone"):
        (folder / name).write_text(ZONE, encoding="utf-8")
    result = run("--records", "google.yaml", "--zone", "one.zone", "--zone", "two.zone")

    assert "--zone: two files are of the zone example.com: name the one that is right\n" == (
        result.stderr
    )


def test_a_dmarc_policy_that_is_kept_elsewhere_is_reported(account: Account, folder: Path) -> None:
    sets = [each for each in SETS if each["Name"] != "_dmarc.example.com."]
    there = {"Name": "_dmarc.example.com.", "Type": "CNAME", "TTL": 60,
             "ResourceRecords": [{"Value": "example.com.dmarc.vendor.example."}]}  # fmt: skip
    account.zones = (("Z1", "example.com", [*sets, there]),)
    result = run("--records", "google.yaml")

    assert (
        "note: _dmarc.example.com. is a CNAME to example.com.dmarc.vendor.example., and is left "
        "alone: the policy is kept there. While WorkMail and the destination both send, have it "
        "only report (p=none)"
    ) in result.stdout
    texts = [path.read_text("utf-8") for path in (folder / "out").glob("[0-9]*/*.json")]
    assert not [text for text in texts if "_dmarc" in text]


def add(*records: tuple[str, str, str]) -> list[dict[str, Any]]:
    """Return the zone with more record sets: name, type and value."""
    return [
        *SETS,
        *(
            {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}
            for name, kind, value in records
        ),
    ]


def test_what_other_name_servers_answer_for_is_not_written_here(
    account: Account, folder: Path
) -> None:
    """Nobody would see it; the zone has the name servers alone (RFC 1034, 4.2.1)."""
    sets = [each for each in SETS if each["Name"] != "_dmarc.example.com."]
    cuts = add(
        ("_domainkey.example.com.", "NS", "ns.keys.example."),
        ("_dmarc.example.com.", "NS", "ns.dmarc.example."),
        ("other.example.com.", "NS", "ns.other.example."),
    )[len(SETS) :]
    account.zones = (("Z1", "example.com", [*sets, *cuts]),)
    result = run("--records", "google.yaml")

    assert 0 == result.exit_code, result.output
    assert (
        "note: TXT google._domainkey.example.com. is not written, since _domainkey.example.com. is "
        f"left to other name servers (ns.keys.example.): write it there, before step 3: v=DKIM1; "
        f"k=rsa; p={KEY}\n"
    ) in result.stdout
    assert (
        "note: _dmarc.example.com. is left to the name servers ns.dmarc.example., and is left "
        "alone: the policy is kept there."
    ) in result.stdout
    texts = [path.read_text("utf-8") for path in (folder / "out").glob("[0-9]*/*.json")]
    assert not [text for text in texts if "google._domainkey" in text or "_dmarc" in text]
    assert ("KEEP", "TXT", "example.com.") in read_changes(folder, "3-cut-over")


def test_a_domain_that_other_name_servers_answer_for_is_refused(
    account: Account, folder: Path
) -> None:
    spec = SPEC.replace("example.com", "sub.example.com")
    (folder / "spec.yaml").write_text(spec, encoding="utf-8")
    text = GOOGLE.replace("example.com:", "sub.example.com:")
    (folder / "google.yaml").write_text(text, encoding="utf-8")
    cut = {"Name": "sub.example.com.", "Type": "NS", "TTL": 60, "ResourceRecords": [
        {"Value": "ns.sub.example."}]}  # fmt: skip
    account.zones = (("Z1", "example.com", [*SETS, *SUB, cut]),)

    assert run("--records", "google.yaml").stderr == (
        "sub.example.com: the zone example.com. leaves sub.example.com. to other name servers "
        "(ns.sub.example.), so nobody sees what it has of sub.example.com: give the zone of those, "
        "with --zone\n"
    )


def test_what_leads_to_workmail_after_all_steps_is_reported(account: Account, folder: Path) -> None:
    """It is not of a domain of the spec: an asterisk, another name, a name of WorkMail's."""
    inbound = "10 inbound-smtp.eu-west-1.amazonaws.com"
    account.zones = (
        (
            "Z1",
            "example.com",
            add(
                ("*.example.com.", "MX", inbound),
                ("sub.example.com.", "MX", f"{inbound}."),
                ("webmail.example.com.", "CNAME", "acme.awsapps.com."),
                ("other.example.com.", "MX", "10 mx.other.example."),
            ),
        ),
    )
    notes = [
        each for each in run("--records", "google.yaml").stdout.splitlines() if "leads" in each
    ]
    (folder / "spec.yaml").write_text(TWO, encoding="utf-8")
    later = run("--records", "google.yaml", "--domain", "example.com", output="two").stdout
    tail = (
        "change or delete it, unless SES alone receives there. What goes there is lost once "
        "WorkMail ends"
    )

    assert [
        f"note: MX *.example.com. leads to WorkMail ({inbound}.), and no step changes it: {tail}",
        f"note: MX sub.example.com. leads to WorkMail ({inbound}.), and no step changes it: {tail}",
        "note: CNAME webmail.example.com. leads to WorkMail (acme.awsapps.com.), and no step "
        f"changes it: {tail}",
    ] == notes
    assert "MX sub.example.com. leads" not in later


@pytest.mark.parametrize(
    ("records", "refused"),
    [
        ([], True),
        ([("mail.example.com.", "A", "192.0.2.7")], False),
        ([("*.example.com.", "AAAA", "2001:db8::7")], False),
        ([("mail.example.com.", "TXT", '"x"')], True),
    ],
)
def test_an_mx_without_an_address_is_refused(
    records: list[tuple[str, str, str]], refused: bool, account: Account, folder: Path
) -> None:
    """Nobody could deliver mail."""
    text = GOOGLE.replace("1 smtp.google.com", "1 mail.example.com")
    (folder / "google.yaml").write_text(text, encoding="utf-8")
    account.zones = (("Z1", "example.com", add(*records)),)
    result = run("--records", "google.yaml")

    message = (
        "example.com: mx mail.example.com. has no address in the zone example.com., so nobody "
        "could deliver mail: write it there first, or correct mx\n"
    )
    assert (2 if refused else 0, message if refused else "") == (result.exit_code, result.stderr)


def test_values_that_do_not_look_like_the_destinations_are_reported(folder: Path) -> None:
    text = GOOGLE.replace("1 smtp.google.com", "1 smtp.gogle.com").replace(
        "include:_spf.google.com", "include:spf.protection.outlook.com"
    )
    (folder / "google.yaml").write_text(text, encoding="utf-8")
    result = run("--records", "google.yaml")

    assert 0 == result.exit_code, result.output
    assert [
        "note: example.com: mx smtp.gogle.com. does not look like a host of Google Workspace: "
        "check it, since all mail goes there; a filter before the destination is one reason",
        "note: example.com: spf v=spf1 include:spf.protection.outlook.com ~all does not name "
        "Google Workspace: check it, since what is sent from there would be taken for forged",
    ] == result.stdout.splitlines()[:2]


@pytest.mark.parametrize("ending", ["-all", "?all", "~all"])
def test_a_policy_keeps_the_ending_that_the_domain_has(
    ending: str, account: Account, folder: Path
) -> None:
    old = f'"v=spf1 include:amazonses.com {ending}"'
    account.zones = (("Z1", "example.com", change("example.com.", "TXT", old)),)
    result = run("--records", "google.yaml")

    key = ("UPSERT", "TXT", "example.com.")
    both = read_changes(folder, "2-prepare")[key][1][0]
    assert f'"v=spf1 include:amazonses.com include:_spf.google.com {ending}"' == both
    last = read_changes(folder, "4-clean-up")[key][1][0]
    assert f'"v=spf1 include:_spf.google.com {ending}"' == last
    note = f"its SPF policy ends with {ending} and goes on to do so; the destination proposes ~all"
    assert (note in result.stdout) == (ending != "~all")


def test_what_ses_verifies_for_others_too_stays(account: Account, folder: Path) -> None:
    keys = [
        {"Name": f"k{n}._domainkey.example.com.", "Type": "CNAME", "TTL": 60,
         "ResourceRecords": [{"Value": f"k{n}.dkim.amazonses.com."}]}
        for n in range(3)
    ]  # fmt: skip
    sets = change("_amazonses.example.com.", "TXT", '"token"', '"another"')
    account.zones = (("Z1", "example.com", [*sets, *keys]),)
    result = run("--records", "google.yaml")

    assert not [key for key in read_changes(folder, "4-clean-up") if key[0] == "DELETE"]
    assert "note: _amazonses.example.com. has 2 values, and is left alone" in result.stdout
    assert "note: example.com has 4 DKIM records of SES, and WorkMail has 3" in result.stdout


def test_a_domain_in_no_zone_needs_a_file(account: Account) -> None:
    account.zones = (("Z9", "other.example", []),)

    assert "give the zone as a file, with --zone" in run("--records", "google.yaml").stderr


def test_an_alias_of_route_53_is_no_zone_file() -> None:
    result = run("--records", "google.yaml", "--format", "bind")

    assert 2 == result.exit_code
    assert "A www.example.com. cannot be written for bind" in result.stderr


ZONE = r"""$ORIGIN example.com.
$TTL 3600
@ IN SOA ns1.example.net. hostmaster.example.com. 41 7200 900 1209600 300
@ IN NS ns1.example.net.
@ IN NS ns2.example.net.
@ IN MX 10 inbound-smtp.eu-west-1.amazonaws.com.
@ IN TXT "v=spf1 include:amazonses.com ~all"
@ IN TXT "kept; really \"so\"" " and \\ more \228"
@ IN A 192.0.2.7
srv10 IN A 192.0.2.10
srv9 IN A 192.0.2.9
srv9 IN AAAA 2001:db8::9
www 600 IN CNAME @
shop IN MX 5 mx.shop.example.
shop IN MX 15 mx2.shop.example.
_sip._tcp IN SRV 10 5 5060 sip
@ IN CAA 0 issue "letsencrypt.org; account=7"
autodiscover IN CNAME autodiscover.mail.eu-west-1.awsapps.com.
_dmarc IN TXT "v=DMARC1;p=quarantine;pct=100;fo=1"
_amazonses IN TXT "token"
aaa._domainkey IN CNAME aaa.dkim.amazonses.com.
"""

CHANGED = {
    *(("@", kind) for kind in ("MX", "TXT", "SOA")),
    *((name, "TXT") for name in ("_dmarc", "_amazonses", "google._domainkey")),
    *((name, "CNAME") for name in ("autodiscover", "aaa._domainkey")),
}


def read_bind(text: str) -> dict[tuple[str, str], tuple[int, set[str]]]:
    """Read a zone with dnspython, which wrote nothing of it: name and type to TTL, values."""
    dns: Any = importlib.import_module("dns.zone")
    zone = dns.from_text(text, origin="example.com.", relativize=True)
    return {
        (name.to_text(), rdataset.rdtype.name): (
            rdataset.ttl,
            {each.to_text() for each in rdataset},
        )
        for name, rdataset in zone.iterate_rdatasets()
    }


def test_a_zone_of_bind_keeps_everything_else(folder: Path) -> None:
    (folder / "example.com.zone").write_text(ZONE, encoding="utf-8")
    result = run("--records", "google.yaml", "--zone", "example.com.zone", "--format", "bind")

    assert 0 == result.exit_code, result.output
    before = read_bind(ZONE)
    steps = sorted(path.parent.name for path in folder.glob("out/[0-9]*/example.com.zone"))
    assert ["1-lower-ttls", "2-prepare", "3-cut-over", "3-rollback", "4-clean-up"] == steps
    zones = {
        step: read_bind((folder / f"out/{step}/example.com.zone").read_text()) for step in steps
    }
    for zone in zones.values():
        assert {key: value for key, value in before.items() if key not in CHANGED} == {
            key: value for key, value in zone.items() if key not in CHANGED
        }
    assert (
        before["@", "TXT"][1] - {'"v=spf1 include:amazonses.com ~all"'}
        <= zones["4-clean-up"]["@", "TXT"][1]
    )
    assert (300, {"1 smtp.google.com."}) == zones["3-cut-over"]["@", "MX"]
    back = {key: value for key, value in zones["3-rollback"].items() if key != ("@", "SOA")}
    assert back == {key: value for key, value in zones["2-prepare"].items() if key != ("@", "SOA")}
    serials = [int(next(iter(zones[step]["@", "SOA"][1])).split()[2]) for step in steps]
    assert [42, 43, 44, 45, 46] == serials
    assert ("autodiscover", "CNAME") not in zones["3-cut-over"]
    assert ("aaa._domainkey", "CNAME") not in zones["4-clean-up"]


def test_a_zone_of_bind_says_which_serial_it_replaces(folder: Path) -> None:
    """After the rollback step 3 is older than the zone: written again from there, it is newer."""
    (folder / "example.com.zone").write_text(ZONE, encoding="utf-8")
    words = ["--records", "google.yaml", "--zone", "example.com.zone", "--format", "bind"]
    assert 0 == run(*words).exit_code
    firsts = [
        (folder / f"out/{step}/example.com.zone").read_text().partition("\n")[0]
        for step in ALL_STEPS
    ]
    readme = (folder / "out/README.md").read_text("utf-8")
    shutil.copy(folder / "out/3-rollback/example.com.zone", folder / "example.com.zone")
    again = run(*words, "--before", "out", output="again")

    assert [
        f"; For the zone with serial {serial} alone: where it has another, write the files again."
        for serial in (41, 42, 43, 44, 44)
    ] == firsts
    assert "write the files again, from the zone as it is then, before you cut over" in readme
    assert 0 == again.exit_code, again.output
    zone = (folder / "again/3-cut-over/example.com.zone").read_text("utf-8")
    assert zone.startswith("; For the zone with serial 47 alone")
    assert " 48 7200 " in zone


@pytest.mark.parametrize("step", ["1-lower-ttls", "2-prepare", "3-cut-over", "4-clean-up"])
def test_octodns_reads_the_same_zone_as_bind(step: str, folder: Path) -> None:
    (folder / "example.com.zone").write_text(ZONE.replace(" \\228", ""), encoding="utf-8")
    for form in ("bind", "octodns"):
        words = ["--records", "google.yaml", "--zone", "example.com.zone", "--format", form]
        assert 0 == run(*words, output=form).exit_code
    found = read_octodns(folder / "octodns" / step)
    expected = read_bind((folder / f"bind/{step}/example.com.zone").read_text())

    apex = {("@", "SOA"), ("@", "NS")}
    assert {key: ttl for key, (ttl, _) in expected.items() if key not in apex} == {
        key: ttl for key, (ttl, _) in found.items()
    }
    unquoted = {
        key: {join(each) for each in values}
        for key, (_, values) in expected.items()
        if key[1] == "TXT"
    }
    assert unquoted == {key: values for key, (_, values) in found.items() if key[1] == "TXT"}


def test_octodns_takes_no_letter_beyond_ascii(folder: Path) -> None:
    (folder / "example.com.zone").write_text(ZONE, encoding="utf-8")
    words = ["--records", "google.yaml", "--zone", "example.com.zone", "--format", "octodns"]

    assert "TXT example.com. cannot be written for octodns" in run(*words).stderr


def join(text: str) -> str:
    """Join the strings of a TXT record as dnspython shows it."""
    strings = re.findall(r'"((?:[^"\\]|\\.)*)"', text)
    escape = re.compile(r"\\(\d{3}|.)")
    return "".join(
        escape.sub(lambda m: chr(int(m[1])) if len(m[1]) == 3 else m[1], each) for each in strings
    )


def read_octodns(zones: Path) -> dict[tuple[str, str], tuple[int, set[str]]]:
    """Read a zone with octoDNS, strictly: order, escapes and values are checked."""
    providers: Any = importlib.import_module("octodns.provider.yaml")
    kinds: Any = importlib.import_module("octodns.zone")
    source = providers.YamlProvider(
        "zones", str(zones), enforce_order=True, escaped_semicolons=True
    )
    zone = kinds.Zone("example.com.", [])
    source.populate(zone, lenient=False)
    return {
        (record.name or "@", record._type): (record.ttl, {*list_texts(record)})
        for record in zone.records
    }


def list_texts(record: Any) -> list[str]:
    values = getattr(record, "values", None) or [getattr(record, "value", "")]
    return [str(each).replace("\\;", ";").replace("\\\\", "\\") for each in values]


def test_dnscontrol_gets_every_record_as_a_call(folder: Path) -> None:
    (folder / "example.com.zone").write_text(ZONE, encoding="utf-8")
    run("--records", "google.yaml", "--zone", "example.com.zone", "--format", "dnscontrol")
    text = (folder / "out/3-cut-over/example.com.js").read_text("utf-8")
    lines = [line.strip() for line in text.splitlines()]

    assert 'MX("@", 1, "smtp.google.com.", TTL(300)),' in lines
    assert 'SRV("_sip._tcp", 10, 5, 5060, "sip.example.com.", TTL(3600)),' in lines
    assert 'CAA("@", "issue", "letsencrypt.org; account=7", TTL(3600)),' in lines
    assert 'AAAA("srv9", "2001:db8::9", TTL(3600)),' in lines
    assert 'TXT("@", "kept; really \\"so\\" and \\\\ more \\u00e4", TTL(3600)),' not in lines
    assert 'TXT("@", "kept; really \\"so\\" and \\\\ more \\u00e4", TTL(300)),' in lines
    assert not [
        line for line in lines if line.startswith(("SOA(", 'NS("@"', 'CNAME("autodiscover"'))
    ]


def test_a_refusal_of_route_53_is_told_as_such(folder: Path, account: Account) -> None:
    def refuse(_method: str) -> Account:
        raise EndpointConnectionError(endpoint_url="https://route53.amazonaws.com")

    account.get_paginator = refuse  # type: ignore[method-assign]
    result = run("--records", "google.yaml")

    assert (4, True) == (result.exit_code, "route53.amazonaws.com" in result.stderr)
    assert not (folder / "out").exists()


def test_a_file_that_is_no_zone_is_refused_in_one_line(folder: Path) -> None:
    (folder / "example.com.zone").write_text("@ IN MX 10\n", encoding="utf-8")
    result = run("--records", "google.yaml", "--zone", "example.com.zone")

    assert 2 == result.exit_code
    assert result.stderr.startswith("example.com.zone cannot be read as a zone file: ")
    assert 1 == len(result.stderr.splitlines())


def test_a_batch_that_route_53_would_refuse_is_not_written() -> None:
    values = tuple(make_txt("x" * 250) for _ in range(160))
    records = {("a.", "TXT"): DnsRecordSet(name="a.", type="TXT", ttl=1, values=values)}

    with pytest.raises(ValueError, match="160 records with 40320 characters"):
        write_batch("", {}, records)


@pytest.mark.parametrize(
    "text", ["plain", "semi;colon", 'quo"te', "back\\slash", "\u00e4", "\t", "x" * 256]
)
def test_a_text_survives_route_53s_notation(text: str) -> None:
    found = DnsRecordSet(name="a.", type="TXT", ttl=1, values=(make_txt(text),))
    batch = json.loads(write_batch("", {}, {found.key: found}) or "")
    back = build_zone("Z", "a", [batch["Changes"][0]["ResourceRecordSet"]])

    assert DnsZone(name="a", id="Z", records={found.key: found}) == back
    (value,) = back.records[found.key].values
    assert isinstance(value, Txt)
    assert text == value.text
    assert max(map(len, value.strings)) <= 255


names = st.sampled_from(["a.", "b.a.", "c.a."])
txts = st.text(alphabet=st.characters(max_codepoint=255), max_size=300).map(make_txt)
sets = st.one_of(
    st.builds(
        DnsRecordSet,
        name=names,
        type=st.just("TXT"),
        ttl=st.integers(0, 9),
        values=st.lists(txts, min_size=1, max_size=3).map(tuple),
    ),
    st.builds(
        DnsRecordSet,
        name=names,
        type=st.just("CNAME"),
        ttl=st.integers(0, 9),
        values=st.just(("x.",)),
    ),
)
states = st.lists(sets, max_size=5).map(index)


@given(before=states, after=states)
def test_a_batch_leads_from_one_state_to_the_other_and_another_back(
    before: dict[Any, DnsRecordSet], after: dict[Any, DnsRecordSet]
) -> None:
    there = apply(before, write_batch("", before, after))

    assert after == there
    assert before == apply(there, write_batch("", there, before))


def apply(records: dict[Any, DnsRecordSet], batch: str | None) -> dict[Any, DnsRecordSet]:
    """Do what Route 53 does with a batch; a DELETE has to match what is there."""
    changed = dict(records)
    for change_ in json.loads(batch)["Changes"] if batch else ():
        found = build_zone("Z", "a", [change_["ResourceRecordSet"]]).records
        ((key, made),) = found.items()
        if change_["Action"] == "DELETE":
            if changed.pop(key, None) != made:
                raise LookupError("the values provided do not match the current values")
        else:
            assert "CREATE" == change_["Action"]
            if key in changed:
                raise LookupError("it already exists")
            changed[key] = made
    return changed


@pytest.mark.parametrize(
    "host", ["inbound-smtp.eu-west-1.amazonaws.com", "INBOUND-SMTP.us-west-2.amazonaws.com."]
)
def test_an_mx_of_workmail_is_no_destination(host: str, folder: Path) -> None:
    """Every step would seem to be done, and mail would go on to WorkMail until its end."""
    text = GOOGLE.replace("1 smtp.google.com", f"10 {host}")
    (folder / "google.yaml").write_text(text, encoding="utf-8")
    result = run("--records", "google.yaml")

    assert (2, True) == (result.exit_code, "that is WorkMail itself" in result.output)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("include:_spf.google.com", "include:amazonses.com", "spf"),
        (f'"v=DKIM1; k=rsa; p={KEY}"', "aaa.dkim.amazonses.com", "dkim"),
    ],
)
def test_what_ses_signs_and_sends_by_is_no_destination(
    old: str, new: str, said: str, folder: Path
) -> None:
    """Step 4 would remove it as WorkMail's."""
    (folder / "google.yaml").write_text(GOOGLE.replace(old, new), encoding="utf-8")
    result = run("--records", "google.yaml")
    keeping = run("--records", "google.yaml", "--keep-ses")

    assert (2, 0) == (result.exit_code, keeping.exit_code), keeping.output
    assert (
        f"example.com: {said} of the destination names Amazon SES, by which WorkMail sends, and "
        "step 4 would remove it: copy what the destination shows, or give --keep-ses if it sends "
        "by SES itself\n"
    ) == result.stderr


def test_an_autodiscover_of_workmail_is_no_destination(folder: Path) -> None:
    host = "autodiscover.mail.eu-west-1.awsapps.com"
    graph = json.dumps(GRAPH).replace("autodiscover.outlook.com", host)
    (folder / "graph.json").write_text(graph, encoding="utf-8")
    result = run("--records", "graph.json", "--records", "dkim.yaml", to="microsoft365")

    assert (2, True) == (
        result.exit_code,
        f'autodiscover of example.com: "{host}" is WorkMail itself, not the destination\n'
        in result.stderr,
    ), result.output


def test_a_step_that_was_run_already_or_comes_too_late_is_refused(folder: Path) -> None:
    """It would put the MX of WorkMail back, and take out what somebody else added."""
    assert 0 == run("--records", "google.yaml").exit_code
    before = build_zone("Z1", "example.com", [*SETS]).records

    def read(step: str) -> str:
        return (folder / "out" / step / "example.com.json").read_text("utf-8")

    steps = ["1-lower-ttls", "2-prepare", "3-cut-over", "4-clean-up"]
    states = [dict(before)]
    for step in steps:
        states.append(apply(states[-1], read(step)))
    for number, step in enumerate(steps):
        for state in states[number + 1 :]:
            with pytest.raises(LookupError):
                apply(state, read(step))
    texts = states[1]["example.com.", "TXT"]
    added = {**states[1], texts.key: replace(texts, values=(*texts.values, make_txt("mine")))}
    with pytest.raises(LookupError):
        apply(added, read("2-prepare"))
    assert states[2].keys() == apply(states[3], read("3-rollback")).keys()
    with pytest.raises(LookupError):
        apply(states[4], read("3-rollback"))


def test_spf_policies_are_merged_without_losing_a_sender() -> None:
    present = parse_spf("v=spf1 include:amazonses.com ip4:192.0.2.0/24 a:mx.example -all")
    merged = merge_spf([present, parse_spf("v=spf1 include:AmazonSES.com mx ~all")], "~all")

    assert "v=spf1 include:amazonses.com ip4:192.0.2.0/24 a:mx.example mx ~all" == str(merged)
    assert "v=spf1 ip4:192.0.2.0/24 a:mx.example mx ~all" == str(
        leave_out(merged, "include:amazonses.com")
    )


def test_a_policy_that_asks_too_often_is_refused() -> None:
    many = parse_spf("v=spf1 " + " ".join(f"include:s{n}.example" for n in range(10)) + " ~all")

    with pytest.raises(ValueError, match="asks the DNS 11 times"):
        merge_spf([many, parse_spf("v=spf1 mx -all")], "~all")


def test_the_same_zone_gives_the_same_files(folder: Path) -> None:
    run("--records", "google.yaml", output="one")
    run("--records", "google.yaml", output="two")

    def read(name: str) -> dict[str, bytes]:
        files = [path for path in (folder / name).rglob("*") if path.is_file()]
        return {str(path.relative_to(folder / name)): path.read_bytes() for path in files}

    assert read("one") == read("two")
    assert 7 == len(read("one"))


@pytest.mark.parametrize(
    ("zone", "is_noted"),
    [
        ("{hosted_zone_id: Z0123456789, zone_name: example.com}", True),
        ("{hosted_zone_id: Z0123456789, zone_name: example.com, adopt: true}", False),
        ("manual", False),
    ],
)
def test_records_that_the_stack_wrote_are_reported(
    zone: str, is_noted: bool, account: Account, folder: Path
) -> None:
    """CloudFormation would delete or rewrite them when the domain changes in the spec."""
    account.zones = (("Z0123456789", "example.com", SETS),)
    domain = f"{{default: true, verified: true, dns: {zone}}}"
    if zone != "manual":
        domain = domain.replace("verified: true, ", "")
    spec = SPEC.replace("{default: true, verified: true}", domain)
    if is_noted:
        spec = spec.replace("    users:", "    on_removal: {domains: retain}\n    users:")
    (folder / "spec.yaml").write_text(spec, encoding="utf-8")
    result = run("--records", "google.yaml")

    assert 0 == result.exit_code, result.output
    note = "example.com: stack production-acme wrote records of this domain. Deploy the spec as it"
    assert is_noted == (f"note: {note}" in result.stdout)
    assert is_noted == (f"* {note}" in (folder / "out/README.md").read_text("utf-8"))


def test_records_that_would_go_with_the_stack_are_refused(account: Account, folder: Path) -> None:
    """Its MX would be the destination's by then."""
    account.zones = (("Z0123456789", "example.com", SETS),)
    zone = "{default: true, dns: {hosted_zone_id: Z0123456789, zone_name: example.com}}"
    spec = SPEC.replace("{default: true, verified: true}", zone)
    (folder / "spec.yaml").write_text(spec, encoding="utf-8")
    result = run("--records", "google.yaml")

    assert (2, False) == (result.exit_code, (folder / "out").exists())
    assert (
        "example.com: the stack wrote records of this domain, and deletes them when it is "
        "destroyed, those of the destination too: set on_removal: {domains: retain} for acme, "
        "deploy, and write the files then\n"
    ) in result.output


TWO = SPEC.replace(
    "    domains: {example.com: {default: true, verified: true}}",
    "    domains:\n"
    "      example.com: {default: true, verified: true}\n"
    "      sub.example.com: {verified: true}",
)
SUB: list[dict[str, Any]] = [
    {"Name": "sub.example.com.", "Type": "MX", "TTL": 7200, "ResourceRecords": [
        {"Value": "10 inbound-smtp.eu-west-1.amazonaws.com."}]},
    {"Name": "_dmarc.sub.example.com.", "Type": "TXT", "TTL": 7200, "ResourceRecords": [
        {"Value": '"v=DMARC1; p=reject; sp=reject"'}]},
]  # fmt: skip


def test_two_domains_of_one_zone_move_one_after_the_other(folder: Path, account: Account) -> None:
    """The folder of the first domain says nothing of the second, which begins only now."""
    (folder / "spec.yaml").write_text(TWO, encoding="utf-8")
    both = GOOGLE + GOOGLE.partition("domains:")[2].replace("example.com:", "sub.example.com:")
    (folder / "both.yaml").write_text(both, encoding="utf-8")
    account.zones = (("Z1", "example.com", [*SETS, *SUB]),)
    first = run("--records", "both.yaml", "--domain", "Example.com.")
    assert 0 == first.exit_code, first.output
    now = apply_steps(folder, [*SETS, *SUB], *STEPS[:3])
    (folder / "out").rename(folder / "first")
    account.zones = (("Z1", "example.com", now),)
    result = run("--records", "both.yaml", "--before", "first")

    assert 0 == result.exit_code, result.output
    last = read_changes(folder, "4-clean-up")
    quarantine = '"v=DMARC1;p=quarantine;pct=100;fo=1"'
    assert (1800, [quarantine]) == last["UPSERT", "TXT", "_dmarc.example.com."]
    reject = '"v=DMARC1; p=reject; sp=reject"'
    assert (7200, [reject]) == last["UPSERT", "TXT", "_dmarc.sub.example.com."]
    relaxed = read_changes(folder, "2-prepare")["UPSERT", "TXT", "_dmarc.sub.example.com."]
    assert (300, ['"v=DMARC1; p=none; sp=none"']) == relaxed
    back = read_changes(folder, "3-rollback")
    assert {"example.com.", "sub.example.com."} == {name for _, kind, name in back if kind == "MX"}
    again = read_before(folder / "out")
    assert read_before(folder / "first").items() <= again.items()
    assert {"MX", "TXT"} == {kind for name, kind in again if name.endswith("sub.example.com.")}
    (folder / "out").rename(folder / "second")
    words = ["--records", "google.yaml", "--domain", "example.com", "--before", "second"]
    assert 0 == run(*words).exit_code
    assert again == read_before(folder / "out")


def read_before(folder: Path) -> dict[tuple[str, str], DnsRecordSet]:
    return {**load_zone(folder / "before/example.com.zone").records}


@pytest.mark.parametrize("qualifier", ["", "+", "?", "~"])
def test_workmails_sender_goes_whatever_qualifier_it_has(
    qualifier: str, folder: Path, account: Account
) -> None:
    old = f'"v=spf1 {qualifier}Include:AmazonSES.com +include:_SPF.google.com ~all"'
    account.zones = (("Z1", "example.com", change("example.com.", "TXT", old)),)
    with_dmarc = GOOGLE + '    former_dmarc: "v=DMARC1; p=quarantine"\n'
    (folder / "google.yaml").write_text(with_dmarc, encoding="utf-8")
    assert 0 == run("--records", "google.yaml").exit_code
    (last,) = [
        text
        for text in read_changes(folder, "4-clean-up")["UPSERT", "TXT", "example.com."][1]
        if "spf1" in text
    ]

    assert '"v=spf1 +include:_SPF.google.com ~all"' == last


def test_an_mx_in_capitals_is_the_destinations_too(folder: Path, account: Account) -> None:
    moved = change("example.com.", "MX", "1 SMTP.Google.COM")
    account.zones = (("Z1", "example.com", moved),)
    result = run("--records", "google.yaml")

    assert 0 == result.exit_code, result.output
    assert "example.com has moved already" in result.stdout
    assert {("DELETE", "CNAME"), ("KEEP", "TXT")} == {
        key[:2] for key in read_changes(folder, "3-cut-over")
    }
