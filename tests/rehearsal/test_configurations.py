"""The specs in config/, deployed as they are: what a client reads back, and what a copy leaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from theatres import CDK
from workmail_org.errors import DeploymentError
from workmail_org.rehearsal.comparing import compare
from workmail_org.rehearsal.deploying import Cdk
from workmail_org.rehearsal.interrupts import Interrupts
from workmail_org.rehearsal.local import LocalAws, start_local_aws
from workmail_org.rehearsal.localizing import LocalSpec, localize
from workmail_org.rehearsal.processes import Processes
from workmail_org.rehearsal.stand_ins import StandIns
from workmail_org.rehearsal.surveying import survey
from workmail_org.spec.files.loading import load

CONFIG = Path(__file__).resolve().parents[2] / "config"
ACCOUNT = "111122223333"
REGIONS = ("eu-west-1", "us-east-1", "us-west-2")


@dataclass
class Account:
    """A local AWS account with several specs in it."""

    local: LocalAws
    cdk: Cdk
    folder: Path
    specs: dict[str, LocalSpec] = field(default_factory=dict[str, LocalSpec])
    clients: dict[tuple[str, str], Any] = field(default_factory=dict[tuple[str, str], Any])
    stand_ins: StandIns = field(init=False)

    def __post_init__(self) -> None:
        self.stand_ins = StandIns(self.local)

    def prepare(self, name: str, spec: Path | None = None) -> None:
        """Make what a spec presupposes, by default one of config/, and synthesize it."""
        target = self.folder / f"{name}.yaml"
        spec = spec or CONFIG / f"{name}.yaml"
        [self.specs[name]] = localize([(spec, target)], self.stand_ins, root=None)
        self.cdk.synthesize(target, self.folder / name)

    def deploy(self, name: str, spec: Path | None = None) -> None:
        """Deploy a spec, by default one of config/."""
        if name not in self.specs:
            self.prepare(name, spec)
        environment = self.specs[name].environment
        stacks = {
            f"{environment.name}-{each.key}": each.region for each in environment.organizations
        }
        self.cdk.deploy(self.folder / name, stacks)

    def destroy(self, name: str) -> None:
        """Destroy every stack of a spec."""
        self.cdk.destroy(self.folder / name)

    def find_differences(self, name: str) -> list[str]:
        """Compare what exists with a spec that was deployed."""
        return [
            str(difference)
            for organization in self.specs[name].environment.organizations
            for difference in compare(organization, survey(organization.region, organization.alias))
        ]

    def client(self, service: str, region: str = "eu-west-1") -> Any:
        """Return a boto3 client, which knows nothing of this project; one is made once."""
        if (service, region) not in self.clients:
            self.clients[service, region] = self.local.make_client(service, region)
        return self.clients[service, region]

    def open(self, alias: str, region: str) -> Callable[..., Any]:
        """Return a function that calls one operation of an organization."""
        client = self.client("workmail", region)
        found = client.list_organizations()["OrganizationSummaries"]
        organization = next(each["OrganizationId"] for each in found if each["Alias"] == alias)

        def call(operation: str, **parameters: Any) -> Any:
            return getattr(client, operation)(OrganizationId=organization, **parameters)

        return call


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    processes = Processes(Interrupts())
    try:
        local = start_local_aws(
            processes,
            tmp_path_factory.mktemp("local"),
            account=ACCOUNT,
            region=REGIONS[0],
            verified=["acme-legacy.example", "wonderland-legacy.example", "hearts.example"],
        )
        with local.entered():
            cdk = CDK(processes, local)
            cdk.bootstrap(REGIONS)
            yield Account(local, cdk, tmp_path_factory.mktemp("specs"))
    finally:
        processes.stop()


# The tests below are states in a row: each begins where the one before it ended.


@pytest.mark.exhaustive  # staging is an overlay too
def test_an_overlay_comes_true(account: Account) -> None:
    account.deploy("production")

    assert account.find_differences("production") == []


def test_every_key_comes_true(account: Account) -> None:
    account.deploy("full")

    assert account.find_differences("full") == []


@pytest.mark.exhaustive  # test_rehearsal.py destroys what may go
def test_a_destroyed_copy_leaves_nothing_behind_and_touched_nothing(account: Account) -> None:
    account.prepare("staging")
    before = take_inventory(account)
    account.deploy("staging")
    differences = account.find_differences("staging")
    meanwhile = take_inventory(account)
    account.destroy("staging")

    assert differences == []
    assert [] == [kind for kind in before if len(meanwhile[kind]) <= len(before[kind])]
    assert before == take_inventory(account)
    assert account.find_differences("full") == []


def take_inventory(account: Account) -> dict[str, list[str]]:
    """List everything that there is in the account and somebody could pay for, kind by kind."""
    found: dict[str, list[str]] = {}
    for kind, list_names in INVENTORY.items():
        regions = REGIONS[:1] if kind in GLOBAL else REGIONS
        found[kind] = sorted(name for region in regions for name in list_names(account, region))
    return found


def list_all(client: Any, operation: str, key: str, name: str) -> Iterator[str]:
    """List what one operation lists, by a field of each; without a field, each is its name."""
    for page in client.get_paginator(operation).paginate():
        entries: list[Any] = page[key]
        yield from (entry[name] if name else entry for entry in entries)


def list_organizations(account: Account, region: str) -> list[str]:
    """List organizations with their users, groups, resources and domains, but deleted ones."""
    state: Any = account.local.control("state")["regions"].get(region, {})
    return [
        f"{organization_id} {part} {name}"
        for organization_id, organization in state.get("organizations", {}).items()
        if organization["state"] != "Deleted"
        for part in ("domains", "users", "groups", "resources")
        for name in organization[part]
    ]


def list_secrets(account: Account, region: str) -> Iterator[str]:
    client = account.client("secretsmanager", region)
    for page in client.get_paginator("list_secrets").paginate(IncludePlannedDeletion=True):
        yield from (secret["Name"] for secret in page["SecretList"])


def list_records(account: Account, region: str) -> Iterator[str]:
    client = account.client("route53", region)
    for zone in client.list_hosted_zones()["HostedZones"]:
        answer = client.list_resource_record_sets(HostedZoneId=zone["Id"])
        yield from (f"{each['Type']} {each['Name']}" for each in answer["ResourceRecordSets"])


def list_log_groups(account: Account, region: str) -> Iterator[str]:
    """List log groups that somebody made: those of a stack all say how long they keep.

    The local Lambda writes a function's last words after its log group is
    deleted, and so makes another one. In AWS it asks the function's role, which
    permits no log group to be made (tests/synth/test_permissions.py).
    """
    client = account.client("logs", region)
    for page in client.get_paginator("describe_log_groups").paginate():
        yield from (each["logGroupName"] for each in page["logGroups"] if "retentionInDays" in each)


INVENTORY: dict[str, Callable[[Account, str], Any]] = {
    "organizations": list_organizations,
    "directories": lambda a, r: list_all(
        a.client("ds", r), "describe_directories", "DirectoryDescriptions", "DirectoryId"
    ),
    "secrets": list_secrets,
    "records": list_records,
    "log groups": list_log_groups,
    "tables": lambda a, r: list_all(a.client("dynamodb", r), "list_tables", "TableNames", ""),
    "functions": lambda a, r: list_all(
        a.client("lambda", r), "list_functions", "Functions", "FunctionName"
    ),
    "state machines": lambda a, r: list_all(
        a.client("stepfunctions", r), "list_state_machines", "stateMachines", "name"
    ),
    "roles": lambda a, r: list_all(a.client("iam", r), "list_roles", "Roles", "RoleName"),
    "stacks": lambda a, r: list_all(
        a.client("cloudformation", r), "describe_stacks", "Stacks", "StackName"
    ),
}
"""Everything but S3: the assets in the bootstrap bucket are the CDK's."""

GLOBAL = {"records", "roles"}


def test_a_client_reads_every_setting_back(account: Account) -> None:
    acme = account.open("acme-full", "eu-west-1")
    ids = {
        each["Name"]: each["Id"]
        for operation, key in (("list_users", "Users"), ("list_groups", "Groups"))
        for each in acme(operation)[key]
    }
    resources = {each["Name"]: each["Id"] for each in acme("list_resources")["Resources"]}

    alice = acme("describe_user", UserId=ids["alice"])
    told = {key: value for key, value in alice.items() if key in ALICE}
    assert told == ALICE
    assert set(acme("list_aliases", EntityId=ids["alice"])["Aliases"]) == {
        "al@wonderland.example",
        "alice@wonderland-legacy.example",
        "alice@wonderland.example",
    }
    assert acme("get_mailbox_details", UserId=ids["bob"])["MailboxQuota"] == 10240
    assert acme("describe_user", UserId=ids["carl"])["State"] == "DISABLED"
    assert acme("describe_user", UserId=ids["rita"])["UserRole"] == "REMOTE_USER"

    members = acme("list_group_members", GroupId=ids["sales"])["Members"]
    assert {each["Name"] for each in members} == {"alice", "rita", "support"}

    room = acme("describe_resource", ResourceId=resources["boardroom"])
    assert (room["Type"], room["Description"]) == ("ROOM", "12 seats, second floor")
    assert room["BookingOptions"] == {
        "AutoAcceptRequests": False,
        "AutoDeclineRecurringRequests": True,
        "AutoDeclineConflictingRequests": True,
    }
    delegates = acme("list_resource_delegates", ResourceId=resources["boardroom"])["Delegates"]
    assert {each["Id"] for each in delegates} == {ids["alice"], ids["support"]}

    rights = acme("list_mailbox_permissions", EntityId=ids["alice"])["Permissions"]
    assert {each["GranteeId"]: set(each["PermissionValues"]) for each in rights} == {
        ids["sales"]: {"SEND_ON_BEHALF"},
        ids["bob"]: {"FULL_ACCESS", "SEND_AS"},
    }

    domains = acme("list_mail_domains")["MailDomains"]
    assert {each["DomainName"]: each["DefaultDomain"] for each in domains} == {
        "acme-full.awsapps.com": False,
        "wonderland.example": True,
        "wonderland-legacy.example": False,
        "later.example": False,
    }
    [zone] = account.client("route53").list_hosted_zones_by_name(DNSName="wonderland.example.")[
        "HostedZones"
    ][:1]
    records = account.client("route53").list_resource_record_sets(HostedZoneId=zone["Id"])
    published = {(r["Type"], r["Name"]) for r in records["ResourceRecordSets"]}
    assert ("MX", "wonderland.example.") in published
    assert ("TXT", "wonderland.example.") not in published  # omit: [spf]


def test_a_client_reads_every_policy_back(account: Account) -> None:
    acme = account.open("acme-full", "eu-west-1")
    users = {each["Name"]: each["Id"] for each in acme("list_users")["Users"]}
    [role] = acme("list_impersonation_roles")["Roles"]

    rules = {each["Name"]: each for each in acme("list_access_control_rules")["Rules"]}
    assert set(rules) == {"default", "old-protocols", "office", "backup", "other-applications"}
    assert set(rules["old-protocols"]["Actions"]) == {"IMAP", "SMTP"}
    assert set(rules["old-protocols"]["NotIpRanges"]) == {"203.0.113.0/24", "198.51.100.7/32"}
    assert rules["old-protocols"]["NotUserIds"] == [users["bob"]]
    assert rules["office"]["UserIds"] == [users["alice"]]
    assert rules["backup"]["ImpersonationRoleIds"] == [role["ImpersonationRoleId"]]

    mobile = {e["Name"]: e["Effect"] for e in acme("list_mobile_device_access_rules")["Rules"]}
    assert mobile == {"phones": "ALLOW", "others": "DENY"}

    found = acme("get_impersonation_role", ImpersonationRoleId=role["ImpersonationRoleId"])
    assert (found["Name"], found["Type"]) == ("backup", "READ_ONLY")
    assert [rule["ImpersonationRuleId"] for rule in found["Rules"]] == ["everyone", "directors"]

    retention = acme("get_default_retention_policy")["FolderConfigurations"]
    assert {(each["Name"], each["Action"], each.get("Period")) for each in retention} == {
        ("DELETED_ITEMS", "DELETE", 30),
        ("JUNK_EMAIL", "PERMANENTLY_DELETE", 7),
        ("INBOX", "NONE", None),
    }

    configurations = acme("list_availability_configurations")["AvailabilityConfigurations"]
    assert {each["DomainName"]: each["ProviderType"] for each in configurations} == {
        "partner.example": "EWS",
        "subsidiary.example": "LAMBDA",
    }

    monitoring = acme("describe_email_monitoring_configuration")["LogGroupArn"]
    [group] = [
        each
        for each in account.client("logs").describe_log_groups()["logGroups"]
        if each["logGroupName"] in monitoring
    ]
    assert group["retentionInDays"] == 90
    assert acme("describe_inbound_dmarc_settings")["Enforced"] is False

    sign_in = acme("describe_identity_provider_configuration")
    assert sign_in["AuthenticationMode"] == "IDENTITY_PROVIDER_AND_DIRECTORY"
    assert sign_in["PersonalAccessTokenConfiguration"] == {
        "Status": "ACTIVE",
        "LifetimeInDays": 365,
    }


def test_a_client_finds_alarms_that_tell_the_topic_and_a_dashboard(account: Account) -> None:
    topic = f"arn:aws:sns:eu-west-1:{ACCOUNT}:mail-alarms"
    cloudwatch = account.client("cloudwatch")
    topics = account.client("sns").list_topics()["Topics"]
    alarms = cloudwatch.describe_alarms()["MetricAlarms"]
    functions = {
        each["FunctionName"]
        for page in account.client("lambda").get_paginator("list_functions").paginate()
        for each in page["Functions"]
    }
    watched = {
        dimension["Value"]
        for alarm in alarms
        for dimension in alarm["Dimensions"]
        if alarm["MetricName"] == "Errors"
    }
    bounces = {each["MetricName"]: each["Threshold"] for each in alarms if not each["Dimensions"]}
    filters = account.client("logs").describe_metric_filters()["metricFilters"]
    [dashboard] = cloudwatch.list_dashboards()["DashboardEntries"]
    body = cloudwatch.get_dashboard(DashboardName=dashboard["DashboardName"])["DashboardBody"]
    kinds = [widget["type"] for widget in json.loads(body)["widgets"]]

    assert topic in {each["TopicArn"] for each in topics}
    assert {tuple(alarm["AlarmActions"]) for alarm in alarms} == {(topic,)}
    assert (len(watched), watched - functions) == (6, set())
    assert bounces == {"IncomingEmailBounced": 50.0, "OutgoingEmailBounced": 50.0}
    assert {each["filterPattern"] for each in filters} == {
        '{ $.event.eventName = "INCOMING_EMAIL_BOUNCED" }',
        '{ $.event.eventName = "OUTGOING_EMAIL_BOUNCED" }',
    }
    assert kinds == ["alarm", "metric", "metric", "metric", "log"]


def test_a_client_finds_every_kind_of_directory(account: Account) -> None:
    found = {
        each["Name"]: (each["Type"], each["Alias"], each["Stage"])
        for region in REGIONS
        for each in account.client("ds", region).describe_directories()["DirectoryDescriptions"]
    }

    # Where production is deployed, the Simple AD of its acme-us is there too.
    assert {name: kind for name, kind in found.items() if kind[1].endswith("-full")} == {
        "simple.wonderland.example": ("SimpleAD", "simple-full", "Active"),
        "managed.wonderland.example": ("MicrosoftAD", "managed-full", "Active"),
        "corp.wonderland.example": ("ADConnector", "connected-full", "Active"),
        "on-existing-full.corp.example": ("SimpleAD", "on-existing-full", "Active"),
    }


def test_whom_a_spec_adopts_keeps_its_id_and_its_mailbox(account: Account) -> None:
    state = account.local.control("state")
    tokens = [box["token"] for box in state["mailboxes"] if box["name"] == "knave"]
    taken_over = account.open("taken-over-full", "us-east-1")
    knave = taken_over("describe_user", UserId="knave")

    assert len(tokens) == 1
    assert (knave["Email"], knave["State"]) == ("knave@hearts.example", "ENABLED")


def test_who_is_not_in_a_connected_directory_is_named(account: Account, tmp_path: Path) -> None:
    spec = load(CONFIG / "full.yaml").value
    connected = spec["organizations"]["connected"]
    connected["users"]["mouse"] = {}
    spec["organizations"] = {"connected": connected}
    changed = tmp_path / "changed.yaml"
    changed.write_text(json.dumps(spec), encoding="utf-8")

    with pytest.raises(DeploymentError) as refused:
        account.deploy("changed", changed)

    assert "full-connected: Custom::WorkMailUsers:" in str(refused.value)
    assert "mouse" in str(refused.value)
    connected_now = account.open("connected-full", "us-east-1")
    assert connected_now("describe_user", UserId="frank")["State"] == "ENABLED"


ALICE = {
    "Name": "alice",
    "Email": "alice@wonderland.example",
    "DisplayName": "Alice Liddell",
    "FirstName": "Alice",
    "LastName": "Liddell",
    "Initials": "AL",
    "JobTitle": "Head of Sales",
    "Department": "Sales",
    "Company": "Acme",
    "Office": "Dublin 2",
    "Telephone": "+353 1 555 0100",
    "Street": "1 Main Street",
    "City": "Dublin",
    "ZipCode": "01069",
    "Country": "Ireland",
    "UserRole": "USER",
    "State": "ENABLED",
    "HiddenFromGlobalAddressList": False,
    "IdentityProviderUserId": "906705a2e1-12345678-1234-1234-1234-123456789012",
}
