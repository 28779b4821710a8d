"""What an emulator holds goes through a file, and another goes on as if nothing had happened."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config

from workmail_emulator import Emulator, api

OTHER = "222233334444"
KEY_ARN = "arn:aws:kms:eu-west-1:000000000000:key/abc"
ROLE = "arn:aws:iam::000000000000:role/workmail"
INSTANCE = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
SECRETS = ("Correct-Horse-7", "Ews-Pass-7")

Zone = dict[tuple[str, str], frozenset[str]]


def furnish(emulator: Emulator, zone: Zone) -> None:
    """Make something of everything that an account can hold."""
    emulator.add_network({"name": "corp.example", "users": [{"Name": "carol"}]})
    emulator.verify("acme.example")
    emulator.fail_later("StartMailboxExportJob", "no bucket")
    client: Any = emulator.client("workmail", region="eu-west-1")
    made = client.create_organization(Alias="acme", KmsKeyArn=KEY_ARN, ClientToken="once")
    org = {"OrganizationId": made["OrganizationId"]}
    emulator.clock.advance(60)
    client.register_mail_domain(**org, DomainName="acme.example")
    for record in client.get_mail_domain(**org, DomainName="acme.example")["Records"]:
        zone[record["Hostname"].rstrip("."), record["Type"]] = frozenset({record["Value"]})
    client.get_mail_domain(**org, DomainName="acme.example")
    client.update_default_mail_domain(**org, DomainName="acme.example")
    client.tag_resource(
        ResourceARN=client.describe_organization(**org)["ARN"],
        Tags=[{"Key": "team", "Value": "post"}],
    )
    people(emulator, client, org)
    rules(client, org)
    directories(emulator)


def people(emulator: Emulator, client: Any, org: dict[str, str]) -> None:
    """Make entities in every state, with what belongs to them."""
    alice, bob, carol = (
        client.create_user(**org, Name=name, DisplayName=name, Password=SECRETS[0])["UserId"]
        for name in ("alice", "bob", "carol")
    )
    group = client.create_group(**org, Name="sales")["GroupId"]
    room = client.create_resource(**org, Name="board", Type="ROOM")["ResourceId"]
    for key, name in ((alice, "alice"), (bob, "bob"), (group, "sales"), (room, "board")):
        client.register_to_work_mail(**org, EntityId=key, Email=f"{name}@acme.example")
    client.create_alias(**org, EntityId=alice, Alias="Al@acme.example")
    client.update_mailbox_quota(**org, UserId=alice, MailboxQuota=100)
    emulator.resize_mailbox(emulator.mailboxes[0].token, 12.5)
    client.associate_member_to_group(**org, GroupId=group, MemberId=alice)
    client.associate_delegate_to_resource(**org, ResourceId=room, EntityId=alice)
    client.put_mailbox_permissions(
        **org, EntityId=alice, GranteeId=group, PermissionValues=["SEND_AS"]
    )
    client.put_mobile_device_access_override(**org, UserId=alice, DeviceId="ABC", Effect="DENY")
    emulator.add_access_token(
        region="eu-west-1", organization=org["OrganizationId"], user=alice, name="phone"
    )
    client.deregister_from_work_mail(**org, EntityId=bob)
    emulator.clock.advance(31 * 86400)
    client.register_to_work_mail(**org, EntityId=bob, Email="bob@acme.example")
    client.deregister_from_work_mail(**org, EntityId=bob)
    client.register_to_work_mail(**org, EntityId=carol, Email="carol@acme.example")
    client.deregister_from_work_mail(**org, EntityId=carol)
    client.delete_user(**org, UserId=carol)
    client.start_mailbox_export_job(
        **org,
        EntityId=alice,
        RoleArn=ROLE,
        KmsKeyArn=KEY_ARN,
        S3BucketName="b",
        S3Prefix="p",
        ClientToken="once",
    )


def rules(client: Any, org: dict[str, str]) -> None:
    """Make rules and settings of every kind."""
    client.create_mobile_device_access_rule(**org, Name="phones", Effect="DENY")
    client.put_access_control_rule(**org, Name="web", Effect="DENY", Description="d")
    client.create_impersonation_role(
        **org,
        Name="backup",
        Type="READ_ONLY",
        Rules=[{"ImpersonationRuleId": "all", "Effect": "ALLOW"}],
    )
    client.create_availability_configuration(
        **org,
        DomainName="partner.example",
        EwsProvider={
            "EwsEndpoint": "https://partner.example/ews",
            "EwsUsername": "svc",
            "EwsPassword": SECRETS[1],
        },
        ClientToken="once",
    )
    client.put_retention_policy(
        **org,
        Name="standard",
        FolderConfigurations=[{"Name": "INBOX", "Action": "DELETE", "Period": 30}],
    )
    application = client.create_identity_center_application(
        Name="acme", InstanceArn=INSTANCE, ClientToken="once"
    )["ApplicationArn"]
    client.put_identity_provider_configuration(
        **org,
        AuthenticationMode="IDENTITY_PROVIDER_ONLY",
        IdentityCenterConfiguration={"InstanceArn": INSTANCE, "ApplicationArn": application},
        PersonalAccessTokenConfiguration={"Status": "INACTIVE"},
    )


def directories(emulator: Emulator) -> None:
    """Make directories, an organization that failed, and one that was deleted."""
    made = emulator.add_directory(
        {
            "region": "eu-west-1",
            "kind": "ADConnector",
            "name": "corp.example",
            "alias": "corp",
            "users": [{"Name": "dora"}],
            "groups": [{"Name": "staff", "Members": ["dora"]}],
            "authorized": ["workspaces"],
            "unreachable": True,
        }
    )
    ds: Any = emulator.client("ds", region="eu-west-1")
    ds.add_tags_to_resource(ResourceId=made, Tags=[{"Key": "k", "Value": "v"}])
    managed = emulator.add_directory(
        {"region": "eu-west-1", "kind": "MicrosoftAD", "name": "ad.example"}
    )
    ds.enable_directory_data_access(DirectoryId=managed)
    connector = emulator.add_directory(
        {"region": "eu-west-1", "kind": "ADConnector", "name": "hybrid.example"}
    )
    client: Any = emulator.client("workmail", region="eu-west-1")
    client.create_organization(Alias="hybrid", DirectoryId=connector, EnableInteroperability=True)
    emulator.fail_later("CreateOrganization", "closed")
    client.create_organization(Alias="failed")
    gone = client.create_organization(Alias="gone")["OrganizationId"]
    emulator.clock.advance(60)
    client.delete_organization(OrganizationId=gone, DeleteDirectory=True)
    emulator.fail_later("CreateOrganization", "still closed")


def answers(emulator: Emulator) -> dict[str, Any]:
    """Ask everything that can be asked without an entity, of every organization."""
    client: Any = emulator.client("workmail", region="eu-west-1")
    asked = {"ListOrganizations": client.list_organizations()["OrganizationSummaries"]}
    for organization in asked["ListOrganizations"]:
        for name in api.service_model("workmail").operation_names:
            model = api.operation_model("workmail", name)
            assert model is not None
            needed = model.input_shape.required_members if model.input_shape else []
            if not api.is_write(name) and needed == ["OrganizationId"]:
                asked[f"{organization['Alias']}.{name}"] = answer(emulator, name, organization)
    return asked


def answer(emulator: Emulator, operation: str, organization: dict[str, str]) -> Any:
    """Give the body of one answer."""
    headers = {
        "x-amz-target": f"WorkMailService.{operation}",
        "authorization": "AWS4-HMAC-SHA256 Credential=K/20260101/eu-west-1/workmail/aws4_request",
    }
    body = json.dumps({"OrganizationId": organization["OrganizationId"]}).encode()
    return json.loads(emulator.answer(headers, body).body)


@pytest.fixture
def furnished(make_emulator: Any) -> Emulator:
    zone: Zone = {}

    def look_up(name: str, kind: str) -> frozenset[str]:
        return zone.get((name, kind), frozenset())

    emulator: Emulator = make_emulator(dns=look_up)
    furnish(emulator, zone)
    return emulator


def test_another_emulator_goes_on_with_a_dump(furnished: Emulator, make_emulator: Any) -> None:
    dump = json.loads(json.dumps(furnished.dump()))
    other: Emulator = make_emulator(start=0.0)

    other.seed(dump)

    assert furnished.clock.now() == other.clock.now()
    assert dump == other.dump()
    assert furnished.state() == other.state()
    assert furnished.mailboxes == other.mailboxes
    assert answers(furnished) == answers(other)


def test_what_is_done_next_has_the_same_answers(furnished: Emulator, make_emulator: Any) -> None:
    other: Emulator = make_emulator()
    other.seed(furnished.dump())

    told = [list(go_on(emulator)) for emulator in (furnished, other)]

    assert told[0] == told[1]
    assert furnished.dump() == other.dump()


def go_on(emulator: Emulator) -> Iterator[Any]:
    """Do what depends on names, addresses, aliases, ids and jobs; tell what came of it."""
    client: Any = emulator.client("workmail", region="eu-west-1")
    first = client.list_organizations()["OrganizationSummaries"][0]["OrganizationId"]
    users = client.list_users(OrganizationId=first)["Users"]
    bob = next(user["Id"] for user in users if user["Name"] == "bob")
    for operation, parameters in (
        ("create_user", {"Name": "ALICE", "DisplayName": "again"}),
        ("create_user", {"Name": "Carol", "DisplayName": "again"}),
        ("create_group", {"Name": "bob"}),
        ("register_to_work_mail", {"EntityId": bob, "Email": "al@acme.example"}),
        ("register_to_work_mail", {"EntityId": bob, "Email": "bob@acme.example"}),
        ("get_mailbox_details", {"UserId": bob}),
        ("describe_entity", {"Email": "AL@acme.example"}),
    ):
        yield attempt(client, operation, OrganizationId=first, **parameters)
    for alias in ("acme", "gone", "corp", "new"):
        yield attempt(client, "create_organization", Alias=alias)


def attempt(client: Any, operation: str, **parameters: Any) -> Any:
    """Give an answer, or the code of the error."""
    try:
        reply = getattr(client, operation)(**parameters)
    except client.exceptions.ClientError as error:
        return error.response["Error"]
    reply.pop("ResponseMetadata")
    return reply


def test_the_scene_has_something_of_everything(furnished: Emulator) -> None:
    """Or a field that is new would be dumped nowhere, and no test would see it."""
    dump = furnished.dump()
    account = dump["accounts"]["000000000000"]
    region = account["regions"]["eu-west-1"]
    found: dict[str, list[dict[str, Any]]] = {
        "the dump": [dump],
        "Region": [region],
        "Organization": list(region["organizations"].values()),
        "Directory": list(region["directories"].values()),
        "Identity": list(region["identities"].values()),
    }
    for kind, table in (
        ("Entity", "entities"),
        ("Mailbox", "mailboxes"),
        ("Mailbox", "lost_mailboxes"),
        ("Domain", "domains"),
    ):
        for organization in found["Organization"]:
            found.setdefault(kind, []).extend(organization[table].values())
    for directory in found["Directory"]:
        found.setdefault("Principal", []).extend(directory["principals"].values())

    empty = {
        f"{kind}.{name}"
        for kind, shown in found.items()
        for name in shown[0]
        if not any(item[name] for item in shown)
    }

    assert set() == empty


def test_a_dump_has_no_password(furnished: Emulator) -> None:
    text = json.dumps(furnished.dump())

    assert [] == [secret for secret in SECRETS if secret in text]


def test_a_dump_can_be_written_by_hand(make_emulator: Any) -> None:
    emulator: Emulator = make_emulator()
    organization_id, directory_id = f"m-{'0' * 32}", "d-0123456789"

    emulator.seed(
        {
            "version": 1,
            "accounts": {
                "000000000000": {
                    "regions": {
                        "eu-west-1": {
                            "name": "eu-west-1",
                            "directories": {
                                directory_id: {
                                    "id": directory_id,
                                    "kind": "VpcDirectory",
                                    "name": "acme.awsapps.com",
                                    "created_at": 0,
                                }
                            },
                            "organizations": {
                                organization_id: {
                                    "id": organization_id,
                                    "region": "eu-west-1",
                                    "alias": "acme",
                                    "directory_id": directory_id,
                                    "created_at": 0,
                                    "default_domain": "acme.example",
                                    "domains": {"acme.example": {"name": "acme.example"}},
                                    "entities": {
                                        "u-1": {
                                            "id": "u-1",
                                            "kind": "USER",
                                            "name": "alice",
                                            "state": "ENABLED",
                                            "email": "alice@acme.example",
                                            "attributes": {"UserRole": "USER"},
                                        }
                                    },
                                }
                            },
                        }
                    }
                }
            },
        }
    )

    client: Any = emulator.client("workmail", region="eu-west-1")
    org = {"OrganizationId": organization_id}
    found = client.describe_entity(**org, Email="Alice@acme.example")
    assert ("u-1", "Active") == (
        found["EntityId"],
        client.describe_organization(**org)["State"],
    )
    assert client.describe_inbound_dmarc_settings(**org)["Enforced"]


ORG, REGION = f"m-{'0' * 32}", "accounts.000000000000.regions.eu-west-1"
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("of another version", {"version": 2}, "version: a dump of version 1 is needed, not of 2"),
    ("without version", {}, "version: a dump of version 1 is needed, not of None"),
    ("with an unknown field", {"version": 1, "orgs": {}}, "the dump: unknown: orgs; known:"),
    ("of no account", {"version": 1, "accounts": {"acme": {}}}, "accounts.acme: an account is"),
    ("with text for time", {"version": 1, "time": "now"}, "time: 'now' is no float"),
    ("with truth for time", {"version": 1, "time": True}, "time: True is no float"),
    ("with a list for accounts", {"version": 1, "accounts": []}, "accounts: [] is not an object"),
    ("with text for a list", {"version": 1, "verified": "a"}, "verified: 'a' is not a list"),
    (
        "with a region under another name",
        {
            "version": 1,
            "accounts": {"000000000000": {"regions": {"eu-west-1": {"name": "us-east-1"}}}},
        },
        f"{REGION}.name: 'us-east-1' stands under 'eu-west-1'; both must be the same",
    ),
]


@pytest.mark.parametrize(
    ("document", "expected"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG]
)
def test_what_is_no_dump_is_told(
    emulator: Emulator, document: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(expected)):
        emulator.seed(document)


def spoil(organization: dict[str, Any], change: str) -> None:
    """Make an organization of a dump contradict itself."""
    entities = organization["entities"]
    alice = next(item for item in entities.values() if item["name"] == "alice")
    board = next(item for item in entities.values() if item["name"] == "board")
    if change == "name":
        next(item for item in entities.values() if item["name"] == "bob")["name"] = "Alice"
    elif change == "address":
        board["aliases"] = ["ALICE@acme.example"]
    elif change == "member":
        organization["members"] = {"nobody": []}
    elif change == "mailbox":
        next(iter(organization["mailboxes"].values()))["owner"] = "nobody"
    elif change == "directory":
        organization["directory_id"] = "d-0000000000"
    elif change == "state":
        alice["state"] = "ON"
    elif change == "quota":
        next(iter(organization["mailboxes"].values()))["quota"] = 1.5
    elif change == "missing":
        del alice["kind"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("name", "'Alice' is taken by"),
        ("address", "'ALICE@acme.example' is taken by"),
        ("member", "members: there is no 'nobody'"),
        ("mailbox", "mailboxes: there is no 'nobody'"),
        ("directory", "directory_id: there is no 'd-0000000000'"),
        ("state", "'ON' is none of ENABLED, DISABLED, DELETED"),
        ("quota", "quota: 1.5 is no int"),
        ("missing", "missing: kind"),
    ],
)
def test_a_dump_that_contradicts_itself_replaces_nothing(
    furnished: Emulator, change: str, expected: str
) -> None:
    before = furnished.dump()
    dump = furnished.dump()
    spoil(
        next(
            iter(dump["accounts"]["000000000000"]["regions"]["eu-west-1"]["organizations"].values())
        ),
        change,
    )

    with pytest.raises(ValueError, match=re.escape(expected)):
        furnished.seed(dump)

    assert before == furnished.dump()


def test_accounts_are_told_apart_by_the_access_key(make_emulator: Any) -> None:
    emulator: Emulator = make_emulator(instant=True)
    own, other = client(emulator, "AKIAIOSFODNN7EXAMPLE"), client(emulator, OTHER)

    made = own.create_organization(Alias="acme")["OrganizationId"]
    there = other.create_organization(Alias="other")["OrganizationId"]

    assert [made] == listed(own)
    assert [there] == listed(other) == listed(client(emulator, OTHER))
    arn = other.describe_organization(OrganizationId=there)["ARN"]
    assert f"arn:aws:workmail:eu-west-1:{OTHER}:organization/{there}" == arn
    assert ["000000000000", OTHER] == [call.account for call in emulator.writes]
    with pytest.raises(other.exceptions.NameAvailabilityException):
        other.create_organization(Alias="ACME")
    with pytest.raises(other.exceptions.OrganizationNotFoundException):
        other.describe_organization(OrganizationId=made)
    assert ["000000000000", OTHER] == list(emulator.dump()["accounts"])


def client(emulator: Emulator, key: str) -> Any:
    """Make a client with an access key id."""
    create: Any = api.session().create_client
    made = create(
        "workmail",
        region_name="eu-west-1",
        aws_access_key_id=key,
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1}),
    )
    emulator.attach(made)
    return made


def listed(made: Any) -> list[str]:
    """List the organizations that a client sees."""
    found = made.list_organizations()["OrganizationSummaries"]
    return [item["OrganizationId"] for item in found]
