"""`workmail-org import`, against the emulator over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from other_aws import OtherAws, serve
from workmail_emulator import Emulator
from workmail_emulator.server import Server
from workmail_org.cli import main

DOMAIN = "acme.example"


@dataclass
class Account:
    """An account with organizations that somebody made by hand."""

    emulator: Emulator
    other: OtherAws

    def client(self, region: str = "eu-west-1") -> Any:
        session: Any = boto3.Session(region_name=region)
        return session.client("workmail")

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
        described = {"DisplayName": name, "Password": "Secret-123-secret", **profile}
        created = str(self("create_user", Name=name, **described)["UserId"])
        self("register_to_work_mail", EntityId=created, Email=email or f"{name}@{DOMAIN}")
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
    emulator = Emulator(instant=True, start=1_700_000_000.0, verified=[DOMAIN, "old.example"])
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
    people = {name: hand.user(name, DisplayName=f"{name}: \"O'Brien\" # x") for name in ODD_NAMES}
    no, brien = people["NO"], people["o.brien"]
    hand("update_user", UserId=no, ZipCode="01069", Telephone="+353 1 555", City="Zürich")
    hand("update_mailbox_quota", UserId=no, MailboxQuota=1024)
    hand("create_alias", EntityId=no, Alias="no@old.example")
    hand("update_user", UserId=people["null"], HiddenFromGlobalAddressList=True)
    hand("create_user", Name="never", DisplayName="- never", Password="Secret-123-secret")
    remote = hand(
        "create_user", Name="rita", DisplayName="Rita", Role="REMOTE_USER"
    )["UserId"]
    hand("register_to_work_mail", EntityId=remote, Email="rita@partner.example")
    inner = hand.group("it's: \"all\"", f"inner@{DOMAIN}", no, people["true"])
    sales = hand.group("Sales Team", f"sales@{DOMAIN}", inner, brien, remote)
    hand("deregister_from_work_mail", EntityId=people["true"])
    hand("create_alias", EntityId=brien, Alias=f"true@{DOMAIN}")
    off = hand.group("former", f"former@{DOMAIN}", no)
    hand("deregister_from_work_mail", EntityId=off)
    hand.room(
        "boardroom",
        no,
        sales,
        Description="12 seats: \"big\"",
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
    hand(
        "put_mobile_device_access_override", UserId=no, DeviceId="device1", Effect="ALLOW"
    )
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
    furnish(account)
    result = run_for()
    print(result.output)
    print((tmp_path / "acme.yaml").read_text())

    assert 0 == result.exit_code, result.output
    assert "hidden-hidden" not in result.output
