"""`workmail-org import`, against the emulator over HTTP."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from other_aws import HostedZone, OtherAws, serve
from workmail_emulator import Emulator
from workmail_emulator.errors import ServiceFault
from workmail_emulator.server import Server
from workmail_org.cli import main
from workmail_org.importing import importing, keeping
from workmail_org.model.live import LiveOrganization, State
from workmail_org.model.values import OrganizationId
from workmail_org.service import accounts
from workmail_org.service.clients import open_session
from workmail_org.service.workmail import WorkMail
from workmail_org.spec.building import load_environment

DOMAIN = "acme.example"


@dataclass
class Account:
    """An account with organizations that somebody made by hand."""

    emulator: Emulator
    other: OtherAws

    def client(self, region: str = "eu-west-1") -> Any:
        return open_session().create_client("workmail", region_name=region)

    def make(self, alias: str = "acme", region: str = "eu-west-1") -> Hand:
        """Make an organization with a domain that is the default."""
        client = self.client(region)
        organization = client.create_organization(Alias=alias)["OrganizationId"]
        client.describe_organization(OrganizationId=organization)
        return Hand(client, organization)


@dataclass
class Hand:
    """Somebody who works in the console of one organization."""

    client: Any
    id: str

    def __call__(self, operation: str, **parameters: Any) -> Any:
        return getattr(self.client, operation)(OrganizationId=self.id, **parameters)

    def domain(self, name: str = DOMAIN, *, default: bool = True) -> None:
        self("register_mail_domain", DomainName=name)
        if default:
            self("update_default_mail_domain", DomainName=name)

    def user(self, name: str, email: str | None = None, **profile: Any) -> str:
        first = {"DisplayName": name, "Password": "Secret-123-secret"}
        created = str(self("create_user", Name=name, **first)["UserId"])
        self("register_to_work_mail", EntityId=created, Email=email or f"{name}@{DOMAIN}")
        if profile:
            self("update_user", UserId=created, **profile)
        return created

    def group(self, name: str, email: str, *members: str) -> str:
        created = str(self("create_group", Name=name)["GroupId"])
        self("register_to_work_mail", EntityId=created, Email=email)
        for each in members:
            self("associate_member_to_group", GroupId=created, MemberId=each)
        return created

    def room(self, name: str, *delegates: str, **fields: Any) -> str:
        created = str(self("create_resource", Name=name, Type="ROOM")["ResourceId"])
        self("register_to_work_mail", EntityId=created, Email=f"{name}@{DOMAIN}")
        for each in delegates:
            self("associate_delegate_to_resource", ResourceId=created, EntityId=each)
        if fields:
            self("update_resource", ResourceId=created, **fields)
        return created


@pytest.fixture(scope="module")
def services() -> Iterator[tuple[Server, OtherAws]]:
    emulator = Emulator(
        instant=True,
        start=1_700_000_000.0,
        verified=[DOMAIN, "old.example"],
        dns=lambda _name, _kind: frozenset(),
    )
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
    other.zones.clear()
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
    monkeypatch.chdir(tmp_path)
    return Account(server.emulator, other)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["--debug", "import", *arguments], catch_exceptions=False)


def run_for(*arguments: str) -> Result:
    return run("--region", "eu-west-1", "--alias", "acme", *arguments)


def test_an_organization_becomes_a_spec_that_a_deployment_only_tags(
    account: Account, tmp_path: Path
) -> None:
    hand = account.make()
    hand.domain()
    alice, bob = hand.user("alice", FirstName="Alice"), hand.user("bob")
    hand.group("Sales Team", f"sales@{DOMAIN}", alice, bob)
    hand("deregister_from_work_mail", EntityId=bob)
    account.emulator.clear_calls()
    result = run_for()

    assert 0 == result.exit_code, result.output
    assert f"""\
# Written by workmail-org import from acme ({hand.id}) in eu-west-1.
# What is not here is not managed, and stays as it is.
#
version: 1
environment: production
account: '000000000000'
organizations:
  acme:
    region: eu-west-1
    alias: acme
    existing: {hand.id}
    adopt: true
    domains:
      acme.example:
        default: true
        verified: true
    users:
      alice:
        display_name: alice
        first_name: Alice
      # bob is switched off; WorkMail erases the mailbox after 2023-12-14 22:13 UTC
      bob:
        display_name: bob
        enabled: false
    groups:
      Sales Team:
        email: sales@acme.example
        members:
        - alice
        - bob
""" == (tmp_path / "acme.yaml").read_text("utf-8")
    assert "acme: users 2\n" in result.stderr
    assert result.stderr.endswith("production: plan against live\n")
    assert "wrote acme.yaml (new file)" in result.stdout
    assert (
        "proved: planned against live, a deployment of it writes tags and nothing else:\n"
        "  acme: workmail-org:stack and workmail-org:taken-over\n"
    ) in result.stdout
    assert [] == [call.operation for call in account.emulator.writes if call.effect][9:]


ODD_NAMES = ("NO", "01069", "1e3", "null", "o.brien", "Mixed.Case", "0x1F", "true")


def furnish(account: Account) -> Hand:
    """Make an organization of everything that people make by hand, oddly named."""
    hand = account.make()
    hand.domain()
    hand.domain("old.example", default=False)
    hand.domain("pending.example", default=False)
    people = {name: hand.user(name, DisplayName=f'{name}: "O\'Brien" # x') for name in ODD_NAMES}
    no, brien = people["NO"], people["o.brien"]
    hand("update_user", UserId=no, ZipCode="01069", Telephone="+353 1 555", City="Zürich")
    hand("update_mailbox_quota", UserId=no, MailboxQuota=1024)
    hand("create_alias", EntityId=no, Alias="no@old.example")
    hand("update_user", UserId=people["null"], HiddenFromGlobalAddressList=True)
    hand("create_user", Name="never", DisplayName="- never", Password="Secret-123-secret")
    remote = hand("create_user", Name="rita", DisplayName="Rita", Role="REMOTE_USER")["UserId"]
    hand("register_to_work_mail", EntityId=remote, Email="rita@partner.example")
    inner = hand.group('it\'s: "all"', f"inner@{DOMAIN}", no, people["true"])
    sales = hand.group("Sales Team", f"sales@{DOMAIN}", inner, brien, remote)
    hand("deregister_from_work_mail", EntityId=people["true"])
    hand("create_alias", EntityId=brien, Alias=f"true@{DOMAIN}")
    off = hand.group("former", f"former@{DOMAIN}", no)
    hand("deregister_from_work_mail", EntityId=off)
    hand.room(
        "boardroom",
        no,
        sales,
        Description='12 seats: "big"',
        BookingOptions={
            "AutoAcceptRequests": False,
            "AutoDeclineRecurringRequests": True,
            "AutoDeclineConflictingRequests": True,
        },
    )
    closed = hand.room("closed")
    hand("deregister_from_work_mail", EntityId=closed)
    hand(
        "put_mailbox_permissions",
        EntityId=no,
        GranteeId=sales,
        PermissionValues=["SEND_AS", "FULL_ACCESS"],
    )
    role = hand(
        "create_impersonation_role",
        Name="back up: 'x'",
        Type="READ_ONLY",
        Description="line one\nline two",
        Rules=[
            {"ImpersonationRuleId": "b-all", "Effect": "ALLOW", "NotTargetUsers": [brien]},
            {"ImpersonationRuleId": "a-none", "Effect": "DENY", "TargetUsers": [no]},
        ],
    )["ImpersonationRoleId"]
    hand(
        "put_access_control_rule",
        Name="no-imap",
        Effect="DENY",
        Description="no IMAP: 'ever'",
        Actions=["IMAP"],
        NotIpRanges=["203.0.113.0/24"],
        NotUserIds=[no],
    )
    hand(
        "put_access_control_rule",
        Name="applications",
        Effect="ALLOW",
        Description="a: b",
        Actions=["EWS"],
        ImpersonationRoleIds=[role],
    )
    hand(
        "create_mobile_device_access_rule",
        Name="phones: 'new'",
        Effect="DENY",
        DeviceTypes=["iPhone"],
        NotDeviceUserAgents=["$NONE"],
    )
    hand("put_mobile_device_access_override", UserId=no, DeviceId="device1", Effect="ALLOW")
    hand(
        "put_retention_policy",
        Name="standard",
        FolderConfigurations=[{"Name": "DELETED_ITEMS", "Action": "DELETE", "Period": 30}],
    )
    hand("put_inbound_dmarc_settings", Enforced=False)
    hand(
        "create_availability_configuration",
        DomainName="partner.example",
        EwsProvider={
            "EwsEndpoint": "https://mail.partner.example/EWS/Exchange.asmx",
            "EwsUsername": "svc",
            "EwsPassword": "hidden-hidden",
        },
    )
    hand(
        "create_availability_configuration",
        DomainName="sister.example",
        LambdaProvider={"LambdaArn": "arn:aws:lambda:eu-west-1:111122223333:function:availability"},
    )
    arn = hand("describe_organization")["ARN"]
    hand.client.tag_resource(
        ResourceARN=arn, Tags=[{"Key": "cost center", "Value": "01069"}, {"Key": "a", "Value": ""}]
    )
    return hand


def test_an_odd_organization_is_imported_and_proved(account: Account, tmp_path: Path) -> None:
    """Whatever people make by hand: names that YAML takes for something else."""
    hand = furnish(account)
    result = run_for()
    written = (tmp_path / "acme.yaml").read_text("utf-8")
    declared = load_environment(tmp_path / "acme.yaml").organizations[0]

    assert 0 == result.exit_code, result.output
    assert "hidden-hidden" not in result.output + written
    assert {*ODD_NAMES, "never", "rita"} == {each.name for each in declared.users}
    assert {"never", "true"} == {each.name for each in declared.users if not each.enabled}
    assert {"pending.example"} == {each.name for each in declared.domains if not each.usable}
    assert ['it\'s: "all"', "Sales Team"] == [each.name for each in declared.groups]
    assert {"cost center": "01069", "a": ""} == dict(declared.tags)
    assert (
        "      # true is switched off; WorkMail erases the mailbox after 2023-12-14 22:13 UTC\n"
        "      # its former address, true@acme.example, is not free any more\n"
        "      'true':\n"
    ) in written
    assert "    #     password_secret: NAME\n" in written.replace("      #", "    #")
    assert "group former: it is switched off" in result.stdout
    assert "availability of partner.example: no API shows the password" in result.stdout
    assert "left to you: 10\n" in result.stdout
    assert hand.id in result.stdout


def test_a_second_import_is_the_same_byte_for_byte(account: Account, tmp_path: Path) -> None:
    furnish(account)
    run_for("--output", "first.yaml")
    run_for("--output", "second.yaml")

    assert (tmp_path / "first.yaml").read_bytes() == (tmp_path / "second.yaml").read_bytes()


def test_nothing_is_overwritten_and_nothing_is_read_for_it(
    account: Account, tmp_path: Path
) -> None:
    account.make()
    (tmp_path / "acme.yaml").write_text("mine")
    account.emulator.clear_calls()
    result = run_for()

    assert 2 == result.exit_code
    assert (
        "acme.yaml exists already, and import writes new files only: remove it, or name another"
        " output\n"
    ) == result.stderr
    assert ("mine", 0) == ((tmp_path / "acme.yaml").read_text(), len(account.emulator.calls))


def test_a_spec_can_be_printed_instead(account: Account, tmp_path: Path) -> None:
    account.make()
    result = run_for("--output", "-", "--key", "main", "--environment", "test")

    assert 0 == result.exit_code
    assert result.stdout.startswith("# Written by workmail-org import from acme (")
    assert "environment: test\naccount: '000000000000'\norganizations:\n  main:\n" in result.stdout
    assert "proved:" in result.stderr
    assert [] == list(tmp_path.iterdir())


def test_programs_get_json_with_what_is_left(account: Account) -> None:
    hand = furnish(account)
    result = run_for("--format", "json")
    document = json.loads(result.stdout)
    acme = document["organizations"]["acme"]

    assert (0, True, []) == (result.exit_code, document["proved"], document["differences"])
    assert (hand.id, ["acme.yaml"]) == (acme["id"], document["files"])
    assert {"in_spec": 2, "live": 3} == acme["counts"]["groups"]
    assert ["workmail-org:stack", "workmail-org:taken-over"] == acme["tags_written"]
    assert 10 == len(acme["left_to_you"])
    assert {
        "subject": "group former",
        "reason": "it is switched off, and a group in a spec is always on",
        "advice": "it stays as it is; delete it, or register it and import again",
        "path": ["groups", "former"],
    } == acme["left_to_you"][0]


def quote(kind: str, value: str) -> str:
    return f'"{value}"' if kind == "TXT" else value


def list_records(hand: Hand, *without: str) -> list[tuple[str, str, list[str]]]:
    """List what WorkMail wants for the domain, as Route 53 has it, but for some types."""
    return [
        (each["Hostname"], each["Type"], [quote(each["Type"], each["Value"])])
        for each in hand("get_mail_domain", DomainName=DOMAIN)["Records"]
        if each["Type"] not in without
    ]


def test_records_that_are_as_workmail_wants_them_are_adopted(
    account: Account, tmp_path: Path
) -> None:
    """The proof compares them, and a deployment writes none."""
    hand = account.make()
    hand.domain()
    records = list_records(hand)
    account.other.zones += [
        HostedZone("Z0001", DOMAIN, records, private=True),
        HostedZone("Z0123", DOMAIN, records),
        HostedZone("Z0124", DOMAIN, [(f"{DOMAIN}.", "A", ["192.0.2.1"])]),
        HostedZone("Z0456", "example", []),
    ]
    result = run_for()
    written = (tmp_path / "acme.yaml").read_text("utf-8")
    (organization,) = load_environment(tmp_path / "acme.yaml").organizations

    assert 0 == result.exit_code, result.output
    assert (
        "    domains:\n"
        "      acme.example:\n"
        "        default: true\n"
        "        dns:\n"
        "          hosted_zone_id: Z0123\n"
        "          zone_name: acme.example\n"
        "          adopt: true\n"
    ) in written
    assert [frozenset()] == [each.dns.written for each in organization.domains if each.dns]


def test_records_that_are_missing_or_otherwise_are_omitted(
    account: Account, tmp_path: Path
) -> None:
    hand = account.make()
    hand.domain()
    records = [each for each in list_records(hand, "MX") if each[0] != f"_dmarc.{DOMAIN}."]
    records.append((f"{DOMAIN}.", "MX", ["10 mx.elsewhere.example."]))
    account.other.zones.append(HostedZone("Z0123", DOMAIN, records))
    result = run_for()
    written = (tmp_path / "acme.yaml").read_text("utf-8")

    assert 0 == result.exit_code, result.output
    assert (
        "      # not in the zone as WorkMail wants it, and left as it is: dmarc, mx; whoever"
        " sets it right\n"
        "      # there takes it out of omit\n"
        "      acme.example:\n"
    ) in written
    assert "          omit:\n          - dmarc\n          - mx\n" in written
    assert "          adopt: true\n" in written


def make_zones(case: str, records: list[tuple[str, str, list[str]]]) -> list[HostedZone]:
    """Make the zones of which none can be told to be the one that the domain is asked of."""
    match case:
        case "two of one name":
            return [HostedZone("Z0123", DOMAIN, records), HostedZone("Z0124", DOMAIN, records)]
        case "delegated to another account":
            servers = [(f"{DOMAIN}.", "NS", ["ns-1.awsdns-01.example."])]
            return [HostedZone("Z0123", "example", [*records, *servers])]
        case _:
            kept = [each for each in records if not each[0].startswith("_amazonses.")]
            return [HostedZone("Z0123", DOMAIN, kept)]


@pytest.mark.parametrize(
    "case", ["two of one name", "delegated to another account", "without the token"]
)
def test_zones_that_cannot_be_told_to_be_the_right_ones_are_a_comment(
    account: Account, tmp_path: Path, case: str
) -> None:
    """Not `dns`: CloudFormation refuses to create records that are there."""
    hand = account.make()
    hand.domain()
    account.other.zones += make_zones(case, list_records(hand))
    result = run_for()
    written = (tmp_path / "acme.yaml").read_text("utf-8")

    assert 0 == result.exit_code, result.output
    assert "# dns: {hosted_zone_id: Z0123, zone_name: " in written
    assert "adopt: true}" not in written
    assert "        verified: true\n" in written


def test_a_zone_without_records_of_workmail_is_not_named(account: Account, tmp_path: Path) -> None:
    account.make().domain()
    account.other.zones.append(HostedZone("Z0123", DOMAIN, [(f"{DOMAIN}.", "A", ["192.0.2.1"])]))
    result = run_for()

    assert 0 == result.exit_code, result.output
    assert "Z0123" not in (tmp_path / "acme.yaml").read_text("utf-8")


def test_without_rights_on_route_53_an_import_goes_on(account: Account) -> None:
    account.make().domain()
    account.other.refused = True
    result = run_for()

    assert 0 == result.exit_code, result.output
    assert "hosted zones: Route 53 was not looked at:" in result.stdout
    assert "left to you: 9\n" in result.stdout


def test_many_people_go_into_a_table_beside_the_spec(account: Account, tmp_path: Path) -> None:
    hand = account.make()
    hand.domain()
    for number in range(49):
        hand.user(f"user{number:02}", ZipCode="01069", Telephone="+353 1")
    few = run_for("--csv", "people.csv", "--output", "few.yaml")
    hand("create_alias", EntityId=hand.user("NO", DisplayName='a "b", c'), Alias=f"a@{DOMAIN}")
    many = run_for("--csv", "people.csv", "--output", "many.yaml")
    table = (tmp_path / "people.csv").read_text("utf-8")

    assert (0, 0) == (few.exit_code, many.exit_code), many.output
    assert "    users: !csv people.csv\n" in (tmp_path / "many.yaml").read_text("utf-8")
    assert "!csv" not in (tmp_path / "few.yaml").read_text("utf-8")
    assert "wrote people.csv (new file)" in many.stdout
    assert "name,display_name,aliases,telephone,zip_code\n" == table.splitlines(keepends=True)[0]
    assert 'NO,"a ""b"", c",a@acme.example,,\n' in table
    assert "user00,user00,,'+353 1,01069\n" in table


def test_what_a_cell_cannot_say_keeps_everybody_in_the_spec(
    account: Account, tmp_path: Path
) -> None:
    hand = account.make()
    hand.domain()
    for number in range(50):
        hand.user(f"user{number:02}", Office="'3" if number == 7 else "3")
    result = run_for("--csv", "people.csv")

    assert 0 == result.exit_code, result.output
    assert "        office: '''3'\n" in (tmp_path / "acme.yaml").read_text("utf-8")
    assert ["acme.yaml"] == [path.name for path in tmp_path.iterdir()]


def test_all_organizations_of_all_regions_are_one_spec(account: Account, tmp_path: Path) -> None:
    account.make("acme")
    account.make("Acme-US", region="us-east-1")
    account.make("1-acme", region="us-west-2")
    result = run("--all-regions", "--output", "all.yaml")
    environment = load_environment(tmp_path / "all.yaml")

    assert 0 == result.exit_code, result.output
    assert [
        ("acme", "eu-west-1"),
        ("acme-us", "us-east-1"),
        ("org-1-acme", "us-west-2"),
    ] == sorted((each.key, each.region) for each in environment.organizations)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "--region is missing: name one of us-east-1, us-west-2, eu-west-1"),
        (("--region", "eu-north-1"), "'eu-north-1' does not have WorkMail"),
        (("--region", "eu-west-1", "--all-regions"), "are both given"),
        (("--region", "eu-west-1", "--key", "x"), "--key names one organization"),
        (("--region", "eu-west-1", "--alias", "a", "--key", "X"), "'X' cannot be a key: allowed"),
        (("--region", "eu-west-1", "--environment", "P"), "'P' cannot be an environment: allowed"),
        (("--region", "eu-west-1", "--csv", "/x/p.csv"), "which could not include it"),
        (("--region", "eu-west-1", "--csv", "p.csv", "--output", "-"), "--csv needs a file"),
        (("--region", "eu-west-1", "--csv", "p.x", "--output", "p.x"), "name the same file"),
        (("--region", "eu-west-1", "--output", "no/x.yaml"), "no is not a folder: create it"),
    ],
)
def test_a_wrong_call_exits_with_2(
    account: Account, arguments: tuple[str, ...], sentence: str
) -> None:
    del account
    result = run(*arguments)

    assert 2 == result.exit_code
    assert sentence in " ".join(result.stderr.split())


def test_an_organization_that_is_not_there_is_named_with_those_that_are(account: Account) -> None:
    hand = account.make("other")
    result = run_for()

    assert 4 == result.exit_code
    assert (
        f"no organization with the alias acme is in eu-west-1; there are: other ({hand.id})\n"
    ) == result.stderr


def test_what_aws_refuses_is_told_at_once_and_nothing_is_written(
    account: Account, tmp_path: Path
) -> None:
    hand = account.make()
    hand.domain()
    hand.user("alice")

    def refuse(now: str, call: Any) -> None:
        if now == "before" and call.operation in ("GetDefaultRetentionPolicy", "ListAliases"):
            raise ServiceFault("AccessDeniedException", "not you", status=403)

    account.emulator.on_call = refuse
    result = run_for()
    account.emulator.on_call = None

    assert 4 == result.exit_code
    assert "could not be read whole:\n" in result.stderr
    assert "GetDefaultRetentionPolicy" in result.stderr
    assert "ListAliases" in result.stderr
    assert "--print-policy" in result.stderr
    assert [] == list(tmp_path.iterdir())


def test_a_change_during_the_import_is_not_proved(account: Account, tmp_path: Path) -> None:
    """Somebody changes a user between the reading and the plan."""
    hand = account.make()
    hand.domain()
    alice = hand.user("alice")
    seen: list[str] = []

    def change(now: str, call: Any) -> None:
        if now == "before" and call.operation == "ListTagsForResource":
            seen.append(call.operation)
            if len(seen) == 2:  # the plan begins with it
                hand("update_user", UserId=alice, DisplayName="Ali")
                hand("create_alias", EntityId=alice, Alias=f"al@{DOMAIN}")

    account.emulator.on_call = change
    result = run_for()
    account.emulator.on_call = None

    assert 5 == result.exit_code, result.output
    assert ["acme.unproved.yaml"] == [path.name for path in tmp_path.iterdir()]
    assert "NOT PROVED: a deployment would do more, or something changed: 1\n" in result.stdout
    assert "  acme: alice changed while it was read: remove the file, and" in result.stdout


@pytest.mark.parametrize(
    ("operation", "parameters", "said"),
    [
        ("create_user", {"Name": "mallory", "DisplayName": "M"}, "mallory"),
        ("register_mail_domain", {"DomainName": "third.example"}, "a domain"),
        ("put_inbound_dmarc_settings", {"Enforced": False}, "inbound_dmarc_enforced"),
        (
            "create_mobile_device_access_rule",
            {"Name": "x", "Effect": "ALLOW"},
            "mobile_devices",
        ),
    ],
)
def test_what_lists_and_settings_show_at_the_end_is_compared(
    account: Account, operation: str, parameters: dict[str, Any], said: str
) -> None:
    hand = account.make()
    seen: list[str] = []

    def change(now: str, call: Any) -> None:
        if now == "before" and call.operation == "ListTagsForResource":
            seen.append(call.operation)
            if len(seen) == 2:
                hand(operation, **parameters)

    account.emulator.on_call = change
    result = run_for()
    account.emulator.on_call = None

    assert 5 == result.exit_code, result.output
    assert f"  acme: {said} changed while it was read" in result.stdout


def test_a_tag_of_somebody_that_changes_meanwhile_is_noticed(account: Account) -> None:
    hand = account.make()
    arn = hand("describe_organization")["ARN"]
    hand.client.tag_resource(ResourceARN=arn, Tags=[{"Key": "team", "Value": "a"}])
    seen: list[str] = []

    def change(now: str, call: Any) -> None:
        if now == "before" and call.operation == "ListTagsForResource":
            seen.append(call.operation)
            if len(seen) == 2:  # the plan begins with it
                hand.client.tag_resource(ResourceARN=arn, Tags=[{"Key": "team", "Value": "b"}])

    account.emulator.on_call = change
    result = run_for()
    account.emulator.on_call = None

    assert 5 == result.exit_code, result.output
    assert "acme: the organization or its tags changed while it was read" in result.stdout


def test_an_organization_of_another_stack_is_not_proved(account: Account, tmp_path: Path) -> None:
    hand = account.make()
    arn = hand("describe_organization")["ARN"]
    tags = [{"Key": "workmail-org:stack", "Value": "live-mail"}]
    hand.client.tag_resource(ResourceARN=arn, Tags=tags)
    result = run_for()

    assert 5 == result.exit_code
    assert ["acme.unproved.yaml"] == [path.name for path in tmp_path.iterdir()]
    assert (
        f"  acme: refused: stack of organization {hand.id} is 'live-mail' and not"
        " 'production-acme', so it cannot be taken over; remove it from that stack first\n"
    ) in result.stdout


def test_an_organization_that_is_not_active_is_told(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = account.make()
    live = LiveOrganization(id=OrganizationId(hand.id), alias="acme", state=State.CREATING)

    def list_one(_workmail: object) -> tuple[LiveOrganization, ...]:
        return (live,)

    monkeypatch.setattr(importing, "list_organizations", list_one)
    one, every = run_for(), run("--region", "eu-west-1")

    assert (4, 4) == (one.exit_code, every.exit_code)
    assert (
        f"organization acme ({hand.id}) is creating, not active; import it once it is\n"
    ) == one.stderr
    assert "no organization is active in eu-west-1\n" == every.stderr


def test_an_interrupted_import_leaves_nothing(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.make()

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(importing, "prove", interrupt)
    result = run_for()

    assert 130 == result.exit_code
    assert result.stderr.endswith("interrupted\n")
    assert [] == list(tmp_path.iterdir())


def test_an_import_that_is_interrupted_while_it_writes_leaves_nothing(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the table and the spec."""
    hand = account.make()
    hand.domain()
    for number in range(50):
        hand.user(f"user{number:02}")
    link, linked = os.link, list[object]()

    def interrupt(source: str, target: Path) -> None:
        linked.append(target)
        if len(linked) == 2:
            raise KeyboardInterrupt
        link(source, target)

    monkeypatch.setattr(os, "link", interrupt)
    result = run_for("--csv", "people.csv")

    assert (130, 2) == (result.exit_code, len(linked))
    assert [] == list(tmp_path.iterdir())


def test_throttled_reads_are_tried_again(account: Account) -> None:
    hand = account.make()
    hand.domain()
    hand.user("alice")
    refused: list[str] = []

    def throttle(now: str, call: Any) -> None:
        if now == "before" and call.operation == "DescribeUser" and len(refused) < 2:
            refused.append(call.operation)
            raise ServiceFault("ThrottlingException", "Rate exceeded", status=400)

    account.emulator.on_call = throttle
    result = run_for()
    account.emulator.on_call = None

    assert (0, 2) == (result.exit_code, len(refused)), result.output


def test_some_organizations_are_chosen_by_id_and_alias(account: Account, tmp_path: Path) -> None:
    account.make("acme")
    second, _third = account.make("second"), account.make("third")
    result = run_for("--organization", second.id, "--output", "two.yaml")
    environment = load_environment(tmp_path / "two.yaml")

    assert 0 == result.exit_code, result.output
    assert ["acme", "second"] == [each.key for each in environment.organizations]


def test_the_policy_has_what_an_import_asks_for_and_only_that(account: Account) -> None:
    furnish(account)
    account.other.zones.append(HostedZone("Z0123", DOMAIN))
    document = json.loads(run_for("--format", "json").stdout)
    policy = json.loads(run("--print-policy").stdout)
    (statement,) = policy["Statement"]

    assert set() == document["calls"].keys() - set(statement["Action"])
    assert ONLY_OF_A_STACK == set(statement["Action"]) - document["calls"].keys()
    assert not [each for each in statement["Action"] if not READS.match(each)]


ONLY_OF_A_STACK = {
    "cloudformation:GetTemplate",
    "cloudformation:ListStackResources",
    "ds:DescribeDirectoryDataAccess",
    "dynamodb:Query",
    "s3:GetObject",
}
"""Asked for when a stack manages the organization already, or its directory is a Managed
Microsoft AD."""

READS = re.compile(r"[a-z0-9]+:(Describe|Get|List|Query)[A-Za-z]*")


def test_a_profile_that_is_not_there_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nope")
    result = CliRunner().invoke(
        main, ["import", "--region", "eu-west-1", "--output", str(tmp_path / "x.yaml")]
    )

    assert 4 == result.exit_code
    assert "AWS cannot be asked: The config profile (nope) could not be found\n" == result.stderr


def test_empty_text_names_no_file() -> None:
    result = CliRunner().invoke(main, ["import", "--region", "eu-west-1", "--output", ""])

    assert 2 == result.exit_code
    assert "empty text names no file or folder" in result.stderr


def list_unmanaged(path: Path) -> dict[str, str]:
    (organization,) = load_environment(path).organizations
    return {each.path: each.reason for each in organization.drift.unmanaged}


def test_what_is_left_out_is_accepted_as_unmanaged(account: Account, tmp_path: Path) -> None:
    hand = account.make()
    hand.domain()
    former = hand.group("former", f"former@{DOMAIN}")
    hand("deregister_from_work_mail", EntityId=former)
    hand("create_group", Name="waiting list")
    hand("register_mail_domain", DomainName="partner.example")
    hand(
        "create_availability_configuration",
        DomainName="partner.example",
        EwsProvider={
            "EwsEndpoint": "https://ews.partner.example/EWS/Exchange.asmx",
            "EwsUsername": "u",
            "EwsPassword": "hidden-hidden",
        },
    )
    result = run_for()

    assert 0 == result.exit_code, result.output
    assert {
        "groups.former": "it is switched off, and a group in a spec is always on",
        'groups["waiting list"]': "it was never registered, so it has no address",
        'policies.availability["partner.example"]': "no API shows the password of its user",
    } == list_unmanaged(tmp_path / "acme.yaml")
    assert "group waiting list: it was never registered, so it has no address" in result.stdout


def test_texts_with_spaces_around_them_do_not_fail_the_proof(
    account: Account, tmp_path: Path
) -> None:
    hand = account.make()
    hand.domain()
    alice = hand.user("alice")
    hand.room("boardroom", alice, Description=" 12 seats")
    for name, text in (("tidy", "plain"), ("untidy", " padded ")):
        rules = [{"ImpersonationRuleId": "r", "Effect": "ALLOW", "Description": text}]
        hand("create_impersonation_role", Name=name, Type="READ_ONLY", Rules=rules)
    hand("put_access_control_rule", Name="open", Effect="ALLOW", Description=" everybody")
    hand("create_mobile_device_access_rule", Name="all", Effect="ALLOW", Description="fine ")
    hand(
        "put_retention_policy",
        Name="short",
        Description="\tyes",
        FolderConfigurations=[{"Name": "INBOX", "Action": "DELETE", "Period": 30}],
    )
    result = run_for()
    (declared,) = load_environment(tmp_path / "acme.yaml").organizations

    assert 0 == result.exit_code, result.output
    assert ["tidy"] == [each.name for each in declared.policies.impersonation_roles]
    assert ((), ()) == (declared.policies.access_control, declared.policies.mobile_devices)
    assert declared.policies.retention is None
    assert declared.resources[0].description is None
    for subject in (
        "impersonation role untidy",
        "access control open",
        "mobile device all",
        "retention",
        "description of resource boardroom",
    ):
        assert f"    {subject}: " in result.stdout


@pytest.mark.parametrize("name", ["/proc/acme.yaml", "x" * 300])
def test_an_output_that_cannot_be_written_is_noticed_before_anything_is_read(
    account: Account, name: str
) -> None:
    account.make()
    account.emulator.clear_calls()
    result = run_for("--output", name)

    assert 2 == result.exit_code
    assert f"{name} cannot be written: " in result.stderr
    assert () == account.emulator.calls


def test_a_file_system_without_hard_links_gets_the_file_too(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.make()

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    result = run_for()

    assert 0 == result.exit_code, result.output
    assert ["acme.yaml"] == [path.name for path in tmp_path.iterdir()]
    load_environment(tmp_path / "acme.yaml")


def test_an_outage_ends_an_import_after_the_patience_of_one_call(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = account.make()
    hand.domain()
    for number in range(40):
        hand.user(f"user{number:02}")
    account.emulator.clear_calls()

    def fail(now: str, call: Any) -> None:
        if now == "before" and call.operation == "DescribeUser":
            raise ServiceFault("ServiceUnavailable", "try again", status=503)

    def pass_over(seconds: float) -> None:
        assert seconds >= 0

    monkeypatch.setattr("botocore.endpoint.time.sleep", pass_over)
    account.emulator.on_call = fail
    result = run_for()
    account.emulator.on_call = None
    asked = [each for each in account.emulator.calls if each.operation == "DescribeUser"]

    assert 4 == result.exit_code
    assert "AWS does not answer, also after 10 attempts: organization acme" in result.stderr
    assert 1 == result.stderr.count("DescribeUser gets no answer; attempt 6 of 10 follows\n")
    assert len(asked) <= 10 * 8 * 2  # who was asked side by side, and who came after them at once
    assert [] == list(tmp_path.iterdir())


def test_rights_on_every_mailbox_have_a_comment(account: Account, tmp_path: Path) -> None:
    hand = account.make()
    hand.domain()
    backup, *others = [hand.user(name) for name in ("backup", "alice", "bob", "carol")]
    for each in others:
        hand(
            "put_mailbox_permissions",
            EntityId=each,
            GranteeId=backup,
            PermissionValues=["FULL_ACCESS"],
        )
    result = run_for()

    assert 0 == result.exit_code
    text = " ".join((tmp_path / "acme.yaml").read_text("utf-8").replace("#", " ").split())
    assert "backup has full_access on every mailbox; to have it on those who come too" in text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("arguments", [["--print-policy"], ["--output", "-"], []])
def test_an_output_that_is_full_is_no_success(
    account: Account, tmp_path: Path, arguments: list[str]
) -> None:
    account.make()
    command = [sys.executable, "-m", "workmail_org", "import", "--region", "eu-west-1", *arguments]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(  # noqa: S603 - this program
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert 1 == done.returncode
    assert "the output cannot be written: no space left on device" in done.stderr
    assert [] == [each for each in tmp_path.iterdir() if arguments]


@pytest.fixture
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of state; the first answers are kept at once."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    monkeypatch.setattr(keeping, "KEPT_FROM", 1)
    return folder / "workmail-org"


def interrupt_at(operation: str) -> Result:
    """Import until the user presses Ctrl-C at the first call of an operation."""
    real = WorkMail.call

    def call(self: WorkMail, asked: str, **parameters: Any) -> Any:
        if asked == operation:
            raise KeyboardInterrupt
        return real(self, asked, **parameters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WorkMail, "call", call)
        return run_for()


def make_people(account: Account, count: int = 20) -> Hand:
    hand = account.make()
    hand.domain()
    for number in range(count):
        hand.user(f"user{number:02}")
    return hand


def count(account: Account, operation: str) -> int:
    return sum(call.operation == operation for call in account.emulator.calls)


def test_an_interrupted_import_goes_on_where_it_was(
    account: Account, tmp_path: Path, state: Path
) -> None:
    hand = make_people(account)
    account.emulator.clear_calls()
    interrupted = interrupt_at("ListMailboxPermissions")
    (kept,) = state.iterdir()

    assert (130, 20) == (interrupted.exit_code, count(account, "DescribeUser"))
    assert f"what was read is kept for an hour in {kept}; --resume goes on" in interrupted.stderr
    assert [] == list(tmp_path.iterdir())
    assert (0o600, 0o700) == (kept.stat().st_mode & 0o777, state.stat().st_mode & 0o777)

    users = {each["Name"]: each["Id"] for each in hand("list_users")["Users"]}
    hand("update_user", UserId=users["user07"], DisplayName="Changed")
    account.emulator.clear_calls()
    resumed = run_for("--resume")
    (declared,) = load_environment(tmp_path / "acme.yaml").organizations
    shown = {each.name: each.display_name for each in declared.users}

    assert 0 == resumed.exit_code, resumed.output
    assert 1 == count(account, "DescribeUser")  # whoever changed in between
    assert 20 == count(account, "ListMailboxPermissions")
    assert ("Changed", "user08") == (shown["user07"], shown["user08"])
    assert [] == list(state.iterdir())


def test_without_resume_an_import_begins_again(
    account: Account, tmp_path: Path, state: Path
) -> None:
    make_people(account)
    interrupt_at("ListMailboxPermissions")
    account.emulator.clear_calls()
    result = run_for()

    assert 0 == result.exit_code
    assert 20 == count(account, "DescribeUser")
    assert [] == list(state.iterdir())
    assert ["acme.yaml"] == [each.name for each in tmp_path.iterdir()]


def change_header(kept: Path, **fields: object) -> None:
    first, *rest = kept.read_text("utf-8").splitlines(keepends=True)
    kept.write_text(json.dumps({**json.loads(first), **fields}) + "\n" + "".join(rest), "utf-8")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"begun": 0}, "and counts for 60: import without --resume"),
        ({"organization": "m-" + "0" * 32}, "is of another organization"),
        ({"region": "us-east-1"}, "is of another region"),
        ({"version": 0}, "is of another version"),
    ],
)
def test_what_is_kept_is_refused_when_it_does_not_count(
    account: Account, tmp_path: Path, state: Path, fields: dict[str, object], said: str
) -> None:
    make_people(account)
    interrupt_at("ListMailboxPermissions")
    (kept,) = state.iterdir()
    change_header(kept, **fields)
    result = run_for("--resume")

    assert 2 == result.exit_code, result.output
    assert said in result.stderr
    assert [] == list(tmp_path.iterdir())


def test_what_others_could_have_written_is_not_trusted(
    account: Account, tmp_path: Path, state: Path
) -> None:
    make_people(account)
    interrupt_at("ListMailboxPermissions")
    (kept,) = state.iterdir()
    kept.chmod(0o644)
    readable = run_for("--resume")
    other = tmp_path / "other"
    kept.rename(other)
    kept.symlink_to(other)
    linked = run_for("--resume")

    assert (2, 2) == (readable.exit_code, linked.exit_code)
    assert "is not yours alone" in readable.stderr
    assert f"{kept} cannot be read" in linked.stderr


def test_half_a_line_at_the_end_is_read_again(account: Account, state: Path) -> None:
    make_people(account)
    interrupt_at("ListMailboxPermissions")
    (kept,) = state.iterdir()
    kept.write_bytes(kept.read_bytes()[:-20])
    account.emulator.clear_calls()
    result = run_for("--resume")

    assert 0 == result.exit_code, result.output
    assert "going on with " in result.stderr


def test_an_outage_keeps_what_was_read(
    account: Account, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_people(account)

    def fail(now: str, call: Any) -> None:
        if now == "before" and call.operation == "ListMailboxPermissions":
            raise ServiceFault("ServiceUnavailable", "try again", status=503)

    def pass_over(seconds: float) -> None:
        assert seconds >= 0

    monkeypatch.setattr("botocore.endpoint.time.sleep", pass_over)
    account.emulator.on_call = fail
    failed = run_for()
    account.emulator.on_call = None
    account.emulator.clear_calls()
    resumed = run_for("--resume")

    assert (4, 0) == (failed.exit_code, resumed.exit_code)
    assert "--resume goes on with it" in failed.stderr
    assert 0 == count(account, "DescribeUser")
    assert [] == list(state.iterdir())


def test_an_import_asks_about_each_user_once(account: Account) -> None:
    make_people(account, 30)
    account.emulator.clear_calls()
    result = run_for()
    calls = len(account.emulator.calls)

    assert 0 == result.exit_code
    assert calls <= 30 * 4 + 45  # lists, settings and both again at the end


@pytest.mark.parametrize(("wanted", "code"), [("000000000000", 0), ("999900001111", 2)])
def test_credentials_of_another_account_are_refused_before_anything_is_read(
    account: Account, monkeypatch: pytest.MonkeyPatch, wanted: str, code: int
) -> None:
    account.make()
    account.emulator.clear_calls()

    def read_account(region: str) -> str:
        assert "eu-west-1" == region
        return "000000000000"

    monkeypatch.setattr(accounts, "read_account", read_account)
    result = run_for("--account", wanted)

    assert code == result.exit_code, result.output
    assert (code == 0) == bool(account.emulator.calls)
    assert (code == 2) == ("--account: it is for account 999900001111" in result.stderr)
