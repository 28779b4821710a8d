"""`workmail-org plan --against live` where a hosted zone has records already."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from other_aws import HostedZone, OtherAws, serve
from workmail_emulator import Emulator
from workmail_emulator.server import Server
from workmail_org.cli import main
from workmail_org.model.domain import DnsRecord, quote_value
from workmail_org.service.clients import open_session

DOMAIN = "first.acme.example"
ZONE = "Z0123456789ABCDEFGHIJ"
SPEC = """\
version: 1
environment: t
organizations:
  acme:
    region: eu-west-1
    alias: acme-example
    {existing}
    domains:
      {domain}:
        default: true
        dns: {{hosted_zone_id: {zone}, zone_name: {name}{dns}}}
    users: {{alice: {{display_name: A}}}}
"""

Records = list[tuple[str, str, list[str]]]


@dataclass
class Account:
    """An account with one hosted zone, and what WorkMail and Route 53 say of it."""

    emulator: Emulator
    other: OtherAws
    folder: Path

    @property
    def records(self) -> Records:
        """What is in the hosted zone."""
        return self.other.zones[0].records

    def register(self) -> tuple[str, Records]:
        """Make the organization by hand; return its id, and the records that WorkMail wants."""
        client = open_session().create_client("workmail", region_name="eu-west-1")
        organization = str(client.create_organization(Alias="acme-example")["OrganizationId"])
        client.register_mail_domain(OrganizationId=organization, DomainName=DOMAIN)
        found = client.get_mail_domain(OrganizationId=organization, DomainName=DOMAIN)
        wanted = [
            DnsRecord(type=r["Type"], name=r["Hostname"], value=r["Value"])
            for r in found["Records"]
        ]
        return organization, [(each.name, each.type, [quote_value(each)]) for each in wanted]

    def plan(
        self,
        dns: str = "",
        *,
        existing: str = "",
        domain: str = DOMAIN,
        name: str = "acme.example",
        form: str = "text",
    ) -> Result:
        """Plan against what is live."""
        spec = self.folder / "spec.yaml"
        said = f"existing: {existing}" if existing else "tags: {}"
        spec.write_text(
            SPEC.format(existing=said, domain=domain, zone=ZONE, name=name, dns=dns), "utf-8"
        )
        arguments = ["plan", str(spec), "--against", "live", "--format", form]
        return CliRunner().invoke(main, arguments, catch_exceptions=False)

    def refuse(self, dns: str = "", **fields: str) -> list[str]:
        """Return what a plan refuses; nothing else happens then."""
        result = self.plan(dns, form="json", **fields)
        assert 3 == result.exit_code, result.output
        (organization,) = json.loads(result.stdout)["organizations"]
        assert [] == organization["changes"]
        refusals: list[str] = organization["refusals"]
        return refusals


@pytest.fixture(scope="module")
def services() -> Iterator[tuple[Server, OtherAws]]:
    emulator = Emulator(instant=True, start=1_700_000_000.0)
    with Server(emulator, "127.0.0.1", 0) as server, serve() as other:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server, other
        server.shutdown()
        thread.join()


@pytest.fixture
def account(
    services: tuple[Server, OtherAws], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Account:
    server, other = services
    server.emulator.reset()
    other.zones[:] = [HostedZone(ZONE, "acme.example")]
    other.refused = False
    for name, value in {
        "AWS_ENDPOINT_URL_WORKMAIL": server.url,
        "AWS_ENDPOINT_URL_DIRECTORY_SERVICE": server.url,
        "AWS_ENDPOINT_URL_CLOUDFORMATION": other.url,
        "AWS_ENDPOINT_URL_ROUTE_53": other.url,
        "AWS_ACCESS_KEY_ID": "emulated",
        "AWS_SECRET_ACCESS_KEY": "emulated",
    }.items():
        monkeypatch.setenv(name, value)
    return Account(server.emulator, other, tmp_path)


IN_THE_WAY: dict[str, tuple[Records, str, str]] = {
    "an MX of somewhere else": (
        [(f"{DOMAIN}.", "MX", ["10 mx.elsewhere.example."])],
        f"MX {DOMAIN}. (10 mx.elsewhere.example.)",
        "omit: [mx]",
    ),
    "texts of other services": (
        [
            (f"{DOMAIN}.", "TXT", ['"v=spf1 include:other.example ~all"', '"site=1"']),
            (f"_dmarc.{DOMAIN}.", "TXT", ['"v=DMARC1;" "p=none"']),
        ],
        f"TXT _dmarc.{DOMAIN}. (v=DMARC1;p=none); "
        f"TXT {DOMAIN}. (v=spf1 include:other.example ~all, site=1)",
        "omit: [dmarc, spf]",
    ),
    "what SES has proved": (
        [(f"_amazonses.{DOMAIN}.", "TXT", ['"token"'])],
        f"TXT _amazonses.{DOMAIN}. (token)",
        "omit: [ownership]",
    ),
    "an address where a CNAME has to be": (
        [(f"autodiscover.{DOMAIN}.", "A", ["192.0.2.1"])],
        f"A autodiscover.{DOMAIN}. (192.0.2.1)",
        "omit: [autodiscover]",
    ),
    "an alias of AWS": (
        [(f"autodiscover.{DOMAIN}.", "AAAA", [])],
        f"AAAA autodiscover.{DOMAIN}. (an alias of AWS)",
        "omit: [autodiscover]",
    ),
    "another case": (
        [("First.ACME.example.", "MX", ["10 mx.elsewhere.example."])],
        f"MX {DOMAIN}. (10 mx.elsewhere.example.)",
        "omit: [mx]",
    ),
}


@pytest.mark.parametrize(("records", "shown", "advice"), IN_THE_WAY.values(), ids=IN_THE_WAY)
def test_records_that_are_there_are_refused_with_what_to_do(
    account: Account, records: Records, shown: str, advice: str
) -> None:
    account.records.extend(records)

    (refusal,) = account.refuse()
    fixed = account.plan(f", {advice}")

    assert (
        f"hosted zone {ZONE} has records already that the stack would write for {DOMAIN}, and "
        f"CloudFormation creates none that is there: {shown}; add {advice} to its dns, which "
        "leaves them as they are, or delete them there first"
    ) == refusal
    assert 0 == fixed.exit_code, fixed.output


@pytest.mark.parametrize(
    "records",
    [
        [],
        [("acme.example.", "MX", ["10 mx.elsewhere.example."])],
        [(f"{DOMAIN}.", "A", ["192.0.2.1"]), (f"www.{DOMAIN}.", "CNAME", ["acme.example."])],
        [("abc._domainkey.acme.example.", "CNAME", ["abc.dkim.amazonses.com."])],
    ],
    ids=["nothing", "an MX of the parent", "a website", "keys of the parent"],
)
def test_other_records_of_the_zone_are_in_nobodys_way(account: Account, records: Records) -> None:
    account.records.extend(records)

    assert 0 == account.plan().exit_code


def test_records_that_are_as_wanted_can_be_adopted(account: Account) -> None:
    organization, wanted = account.register()
    account.records.extend(wanted)

    (refusal,) = account.refuse(existing=organization)
    adopted = account.plan(", adopt: true", existing=organization, form="json")

    assert "all are as WorkMail wants them, so set adopt: true in its dns" in refusal
    assert 0 == adopted.exit_code, adopted.output
    (planned,) = json.loads(adopted.stdout)["organizations"]
    assert not any("Route 53" in call for change in planned["changes"] for call in change["calls"])


def spoil(records: Records, kind: str, prefix: str, values: list[str] | None) -> Records:
    """Change one record set, or leave it out."""
    kept = [each for each in records if each[:2] != (f"{prefix}{DOMAIN}.", kind)]
    assert len(records) - 1 == len(kept)
    return kept if values is None else [*kept, (f"{prefix}{DOMAIN}.", kind, values)]


MX = "10 inbound-smtp.eu-west-1.amazonaws.com."


@pytest.mark.parametrize(
    ("kind", "prefix", "values", "shown", "group"),
    [
        (
            "MX",
            "",
            ["10 mx.elsewhere.example."],
            f"MX {DOMAIN}. (10 mx.elsewhere.example.), wanted: {MX}",
            "mx",
        ),
        (
            "MX",
            "",
            [MX, "20 mx.elsewhere.example."],
            f"MX {DOMAIN}. ({MX}, 20 mx.elsewhere.example.), wanted: {MX}",
            "mx",
        ),
        ("MX", "", None, f"MX {DOMAIN}. is not there, wanted: {MX}", "mx"),
        (
            "TXT",
            "",
            ['"v=spf1 -all"'],
            f"TXT {DOMAIN}. (v=spf1 -all), wanted: v=spf1 include:amazonses.com ~all",
            "spf",
        ),
        ("TXT", "_amazonses.", ['"other"'], f"TXT _amazonses.{DOMAIN}. (other)", "ownership"),
        (
            "TXT",
            "",
            ['"v=spf1 include:amazonses.com ~all"', '"V=SPF1 -all"'],
            f"TXT {DOMAIN}. (v=spf1 include:amazonses.com ~all, V=SPF1 -all), wanted: v=spf1 "
            "include:amazonses.com ~all as the only text that begins with v=spf1",
            "spf",
        ),
    ],
)
def test_a_record_that_is_not_as_wanted_cannot_be_adopted(
    account: Account, kind: str, prefix: str, values: list[str] | None, shown: str, group: str
) -> None:
    organization, wanted = account.register()
    account.records.extend(spoil(wanted, kind, prefix, values))

    (refusal,) = account.refuse(", adopt: true", existing=organization)
    fixed = account.plan(f", adopt: true, omit: [{group}]", existing=organization)

    assert f"adopt: true of {DOMAIN} declares that its records are in hosted zone {ZONE}" in refusal
    assert shown in refusal
    assert (
        "; name in omit the records that are managed elsewhere, or lead to another service "
        f"({group}), and set right there only what WorkMail is to have"
        + (": its MX brings all mail of the domain to WorkMail" if group == "mx" else "")
        + "; to have the stack write what is missing, leave adopt out"
    ) in refusal
    assert 0 == fixed.exit_code, fixed.output


@pytest.mark.parametrize(
    ("kind", "prefix", "values"),
    [
        ("MX", "", ["10  INBOUND-SMTP.eu-west-1.amazonaws.com"]),
        ("TXT", "", ['"site=1"', '"v=spf1 include:" "amazonses.com ~all"']),
        ("TXT", "", ['"a \\"quoted\\" \\303\\244"', '"v=spf1 include:"  "amazonses\\056com ~all"']),
        ("CNAME", "autodiscover.", ["Autodiscover.mail.eu-west-1.awsapps.com"]),
    ],
)
def test_what_means_the_same_can_be_adopted(
    account: Account, kind: str, prefix: str, values: list[str]
) -> None:
    organization, wanted = account.register()
    account.records.extend(spoil(wanted, kind, prefix, values))

    result = account.plan(", adopt: true", existing=organization)

    assert 0 == result.exit_code, result.output


def test_before_a_domain_is_registered_records_are_looked_for_by_name(account: Account) -> None:
    (refusal,) = account.refuse(", adopt: true")
    account.records.extend(
        [
            (f"{DOMAIN}.", "MX", [MX]),
            (f"{DOMAIN}.", "TXT", ['"v=spf1 include:amazonses.com ~all"']),
            (f"_dmarc.{DOMAIN}.", "TXT", ['"v=DMARC1"']),
            (f"_amazonses.{DOMAIN}.", "TXT", ['"token"']),
            (f"autodiscover.{DOMAIN}.", "CNAME", ["autodiscover.mail.eu-west-1.awsapps.com."]),
        ]
    )

    assert f"MX {DOMAIN}. is not there" in refusal
    assert 0 == account.plan(", adopt: true").exit_code


def test_a_zone_that_is_not_there_or_another_is_refused(account: Account) -> None:
    account.other.zones[:] = [HostedZone("Z0001", "acme.example")]
    (absent,) = account.refuse()
    account.other.zones[:] = [HostedZone(ZONE, "other.example")]
    (another,) = account.refuse()
    account.other.zones[:] = [HostedZone(ZONE, "acme.example", private=True)]
    (private,) = account.refuse()

    assert f"hosted zone {ZONE} of {DOMAIN} is not in this account; check hosted_zone_id" in absent
    assert f"{DOMAIN} is not in hosted zone {ZONE}, which is that of other.example" in another
    assert f"hosted zone {ZONE} of {DOMAIN} is private" in private


def test_a_zone_that_cannot_be_read_is_said_and_exits_with_6(account: Account) -> None:
    account.other.refused = True

    result = account.plan()

    assert 6 == result.exit_code, result.output
    assert (
        f"whether records of {DOMAIN} are in hosted zone {ZONE} already is not known"
        in " ".join(result.output.split())
    )


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (
            [("\\052.acme.example.", "MX", ["10 mx.elsewhere.example."])],
            f"mail to {DOMAIN} goes to 10 mx.elsewhere.example. today, by the record "
            f"*.acme.example. of hosted zone {ZONE}",
        ),
        (
            [("\\052.acme.example.", "CNAME", ["web.elsewhere.example."])],
            f"mail to {DOMAIN} goes where mail to web.elsewhere.example. goes today, by the record "
            f"*.acme.example. of hosted zone {ZONE}",
        ),
        (
            [(f"{DOMAIN}.", "A", ["192.0.2.1"])],
            f"{DOMAIN} has no MX record in hosted zone {ZONE} but a record of type A",
        ),
        (
            [(f"{DOMAIN}.", "AAAA", ["2001:db8::1"])],
            f"{DOMAIN} has no MX record in hosted zone {ZONE} but a record of type AAAA",
        ),
    ],
)
def test_where_mail_goes_until_now_is_noted(
    account: Account, records: Records, expected: str
) -> None:
    account.records.extend(records)

    result = account.plan()

    assert 0 == result.exit_code, result.output
    assert expected in " ".join(result.output.split())


def test_weighted_records_are_adopted_only_if_each_answers_what_is_wanted(account: Account) -> None:
    organization, wanted = account.register()
    elsewhere = "10 mx.elsewhere.example."
    account.other.zones[0].routed.update({MX: "blue", elsewhere: "green"})
    account.records.extend([*wanted, (f"{DOMAIN}.", "MX", [MX])])
    same = account.plan(", adopt: true", existing=organization)
    account.records[-1:] = [(f"{DOMAIN}.", "MX", [elsewhere])]
    (refusal,) = account.refuse(", adopt: true", existing=organization)

    assert 0 == same.exit_code, same.output
    assert (
        f"MX {DOMAIN}. ({MX} of the set blue); MX {DOMAIN}. ({elsewhere} of the set green), "
        f"wanted: {MX}; "
    ) in refusal


def test_all_that_are_as_wanted_are_adopted_and_the_rest_is_omitted(account: Account) -> None:
    organization, wanted = account.register()
    account.records.extend(spoil(wanted, "MX", "", ["10 mx.elsewhere.example."]))
    (refusal,) = account.refuse(existing=organization)
    advised = account.plan(", adopt: true, omit: [mx]", existing=organization)

    assert (
        "; all but those of mx are as WorkMail wants them, so set adopt: true and omit: [mx] in "
        "its dns, which leaves them as they are, or delete them there first"
    ) in refusal
    assert 0 == advised.exit_code, advised.output


@pytest.mark.parametrize("domain", [DOMAIN, f"below.{DOMAIN}"])
def test_a_zone_that_is_not_asked_for_the_domain_is_refused(account: Account, domain: str) -> None:
    """NS records in a zone, other than its own, delegate what is below them (RFC 1034, 4.2.1)."""
    account.records.extend(
        [
            ("acme.example.", "NS", ["ns-1.awsdns-01.example."]),
            (f"other.{domain}.", "NS", ["ns-3.awsdns-03.example."]),
        ]
    )
    served = account.plan(domain=domain)
    account.records.append((f"{DOMAIN}.", "NS", ["ns-2.awsdns-02.example."]))
    refused = [account.refuse(dns, domain=domain) for dns in ("", ", adopt: true")]

    assert 0 == served.exit_code, served.output
    assert [
        [
            f"hosted zone {ZONE} has NS records for {DOMAIN}. (ns-2.awsdns-02.example.): those "
            f"name servers answer for {domain}, nobody sees records of {domain} in this zone, and "
            f"the domain never verifies; name the hosted zone of {DOMAIN}, or say "
            "dns: manual"
        ]
    ] * 2 == refused


def test_an_asterisk_says_nothing_of_a_name_that_is_there(account: Account) -> None:
    account.records.extend(
        [
            ("\\052.acme.example.", "MX", ["10 mx.elsewhere.example."]),
            (f"www.{DOMAIN}.", "A", ["192.0.2.1"]),
        ]
    )
    result = account.plan()

    assert 0 == result.exit_code, result.output
    assert "mx.elsewhere.example" not in result.output
