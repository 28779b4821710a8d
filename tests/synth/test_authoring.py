"""An organization taken part by part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnOutput, CfnParameter, Environment, NestedStack, Stack
from aws_cdk.aws_ec2 import CfnSubnet, CfnVPC
from aws_cdk.aws_iam import Role, ServicePrincipal
from aws_cdk.aws_kms import Key
from aws_cdk.aws_lambda import Code, Function, Runtime
from aws_cdk.aws_logs import LogGroup
from aws_cdk.aws_route53 import HostedZone
from aws_cdk.aws_secretsmanager import Secret
from aws_cdk.aws_sns import Topic

from workmail_org.errors import SpecError
from workmail_org.infra import DirectoryFields, Organization, OrganizationResource
from workmail_org.model import organization as model
from workmail_org.model.domain import HostedZone as Zone
from workmail_org.model.domain import MailDomain
from workmail_org.model.group import Group
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.user import User
from workmail_org.model.values import Kind, Reference, parse_reference

ENVIRONMENT = Environment(account="111122223333", region="eu-west-1")


def make_stack(name: str = "Office", env: Environment | None = ENVIRONMENT) -> Stack:
    return Stack(App(), name, env=env)


def synthesize_stack(stack: Stack) -> dict[str, Any]:
    assembly = App.of(stack).synth()  # type: ignore[union-attr]  # the root of make_stack
    with open(assembly.get_stack_by_name(stack.stack_name).template_full_path) as file:  # noqa: PTH123
        return json.load(file)


def synthesize_problems(stack: Stack) -> list[str]:
    """Synthesize and list what the construct reports, each problem one line."""
    with pytest.raises(RuntimeError, match="Validation failed") as failed:
        App.of(stack).synth()  # type: ignore[union-attr]  # the root of make_stack
    lines = (line.strip() for line in str(failed.value).splitlines())
    return [line.partition("] ")[2] for line in lines if line.startswith("[Office/Mail]")]


def find_one(template: dict[str, Any], resource_type: str) -> dict[str, Any]:
    (found,) = (r for r in template["Resources"].values() if r["Type"] == resource_type)
    return found["Properties"]


def test_parts_make_the_same_template_as_a_spec() -> None:
    by_parts, by_model = make_stack(), make_stack()
    zone = HostedZone.from_hosted_zone_attributes(
        by_parts, "Zone", hosted_zone_id="Z0123456789", zone_name="acme.example"
    )
    mail = Organization(
        by_parts,
        "Mail",
        alias="acme",
        tags={"team": "Zürich"},
        on_removal={"users": "delete", "organization": "delete"},
    )
    mail.add_domain("acme.example", hosted_zone=zone, omit=["mx"], default=True)
    mail.add_domain("old.example", verified=True)
    alice = mail.add_user("alice", display_name="Zoë 🎉", aliases=("al@acme.example",))
    support = mail.add_group("support", email="help@old.example")
    mail.add_group("sales", members=[alice, support])
    OrganizationResource(
        by_model,
        "Mail",
        organization=model.Organization(
            key="any",
            region="eu-west-1",
            alias="acme",
            tags={"team": "Zürich"},
            domains=(
                MailDomain(
                    name="acme.example",
                    default=True,
                    dns=Zone(
                        hosted_zone_id="Z0123456789",
                        zone_name="acme.example",
                        omit=("mx",),  # type: ignore[arg-type]  # equal to its enum
                    ),
                ),
                MailDomain(name="old.example", verified=True),
            ),
            users=(
                User(
                    name="alice",
                    display_name="Zoë 🎉",
                    email="alice@acme.example",
                    aliases=("al@acme.example",),
                ),
            ),
            groups=(
                Group(name="support", email="help@old.example"),
                Group(
                    name="sales",
                    email="sales@acme.example",
                    members=(parse_reference("group:support"), parse_reference("alice")),
                ),
            ),
            on_removal=OnRemoval(users=Removal.DELETE, organization=Removal.DELETE),
        ),
    )

    assert normalize(synthesize_stack(by_model)) == normalize(synthesize_stack(by_parts))


def normalize(template: dict[str, Any]) -> Any:
    """Leave out what tells only where in the tree of constructs a resource was made."""
    for resource in template["Resources"].values():
        resource.pop("Metadata", None)
        resource["Properties"].pop("Description", None)
    return template


@pytest.mark.parametrize(
    ("fields", "records", "has_zone"),
    [({}, 8, True), ({"omit": ["mx"]}, 7, False), ({"adopt": True}, 0, False)],
    ids=["written", "the MX omitted", "adopted"],
)
def test_a_zone_of_the_same_app_tells_where_the_mx_record_is(
    fields: dict[str, Any], records: int, has_zone: bool
) -> None:
    stack = make_stack()
    zone = HostedZone(stack, "Zone", zone_name="acme.example")
    mail = Organization(stack, "Mail", alias="acme")
    mail.add_domain("acme.example", hosted_zone=zone, default=True, **fields)
    resources = synthesize_stack(stack)["Resources"]
    (logical_id,) = (key for key, r in resources.items() if r["Type"] == "AWS::Route53::HostedZone")
    (organization,) = (
        r["Properties"] for r in resources.values() if r["Type"] == "Custom::WorkMailOrganization"
    )

    expected = {"Ref": logical_id} if has_zone else "none"
    assert {"acme.example": expected} == organization["MxZones"]
    assert records == sum(r["Type"] == "AWS::Route53::RecordSet" for r in resources.values())


def test_a_user_is_named_as_a_member_by_what_adding_it_returned() -> None:
    mail = Organization(make_stack(), "Mail", alias="acme")

    assert Reference(Kind.USER, "alice") == mail.add_user("alice", display_name="Alice")
    assert Reference(Kind.GROUP, "sales") == mail.add_group("sales")


def test_problems_are_those_of_a_spec_all_at_once_and_without_a_file() -> None:
    stack = make_stack()
    mail = Organization(stack, "Mail", alias="acme")
    mail.add_user("alice", display_name="Alice", email="alice@nowhere.example")
    mail.add_group("sales", members=["ada"])
    mail.add_group("alice", email="sales@acme.awsapps.com")
    problems = synthesize_problems(stack)

    assert [
        'users.alice.email: "nowhere.example" is not a domain of this organization; '
        "declared: acme.awsapps.com",
        'groups.sales.members[0]: no user "ada" is declared; declared: alice',
        'groups.alice: "alice" is already the name of user "alice"; '
        "the directory knows a name once",
        'groups.alice.email: "sales@acme.awsapps.com" is already the address of group "sales"',
    ] == problems


def test_what_is_added_twice_is_refused_where_it_is_added() -> None:
    mail = Organization(make_stack(), "Mail", alias="acme")
    mail.add_user("alice", display_name="Alice")

    with pytest.raises(SpecError) as refused:
        mail.add_user("alice", display_name="Another Alice")

    assert 'users: "alice" is added twice' == str(refused.value)


def test_a_zone_and_a_key_of_the_same_stack_are_used_by_reference() -> None:
    stack = make_stack()
    zone = HostedZone(stack, "Zone", zone_name="acme.example")
    key = Key(stack, "Key")
    mail = Organization(stack, "Mail", alias="acme", kms_key_arn=key.key_arn)
    mail.add_domain("acme.example", hosted_zone=zone, default=True)
    template = synthesize_stack(stack)
    ids = {
        str(resource["Properties"]["HostedZoneId"])
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Route53::RecordSet"
    }

    assert {str({"Ref": stack.get_logical_id(zone.node.default_child)})} == ids  # type: ignore[arg-type]
    assert {
        "Fn::GetAtt": [stack.get_logical_id(key.node.default_child), "Arn"]  # type: ignore[arg-type]
    } == find_one(template, "Custom::WorkMailOrganization")["KmsKeyArn"]


def test_a_key_of_another_region_is_refused() -> None:
    stack = make_stack()
    key = "arn:aws:kms:us-east-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
    Organization(stack, "Mail", alias="acme", kms_key_arn=key)

    assert ["kms_key_arn"] == [p.partition(":")[0] for p in synthesize_problems(stack)]


def test_id_and_arn_can_be_named_by_another_stack() -> None:
    app = App()
    mail = Organization(Stack(app, "Office", env=ENVIRONMENT), "Mail", alias="acme")
    other = Stack(app, "Other", env=ENVIRONMENT)
    CfnOutput(other, "Id", value=mail.organization_id)
    CfnParameter(other, "Unused")
    template = app.synth().get_stack_by_name("Other").template

    assert ["Fn::ImportValue"] == list(template["Outputs"]["Id"]["Value"])


def test_two_organizations_in_one_stack_have_handlers_of_their_own() -> None:
    stack = make_stack()
    Organization(stack, "Mail", alias="acme")
    Organization(stack, "Archive", alias="acme-archive")
    tokens = {
        resource["Properties"]["ServiceToken"]["Fn::GetAtt"][0]
        for resource in synthesize_stack(stack)["Resources"].values()
        if resource["Type"].startswith("Custom::")
    }

    assert {
        "MailOrganizationProvider",
        "MailMailboxesProvider",
        "ArchiveOrganizationProvider",
        "ArchiveMailboxesProvider",
    } == tokens


def test_an_existing_directory_is_named_by_its_id() -> None:
    stack = make_stack()
    directory = DirectoryFields(type="existing", directory_id="d-0123456789")
    Organization(stack, "Mail", alias="acme", directory=directory)

    assert (
        "d-0123456789"
        == find_one(synthesize_stack(stack), "Custom::WorkMailOrganization")["DirectoryId"]
    )


def test_a_region_that_is_not_known_at_synth_has_to_be_given() -> None:
    stack = make_stack(env=None)
    Organization(stack, "Mail", alias="acme")

    assert [
        "region: the stack's is not known at synth; give one of the two"
    ] == synthesize_problems(stack)


def test_a_given_region_is_enough() -> None:
    stack = make_stack(env=None)
    Organization(stack, "Mail", alias="acme", region="us-west-2")

    assert "acme" == find_one(synthesize_stack(stack), "Custom::WorkMailOrganization")["Alias"]


def test_a_region_other_than_the_stacks_is_refused() -> None:
    stack = make_stack()
    Organization(stack, "Mail", alias="acme", region="us-west-2")

    assert ['region: "us-west-2" is not the stack\'s; allowed: eu-west-1'] == synthesize_problems(
        stack
    )


@pytest.mark.parametrize("passwords", ["generate", "none"])
def test_passwords_can_be_left_to_the_author(passwords: Any) -> None:
    stack = make_stack()
    Organization(stack, "Mail", alias="acme", passwords=passwords)
    secrets = [
        resource
        for resource in synthesize_stack(stack)["Resources"].values()
        if resource["Type"] == "AWS::SecretsManager::Secret"
    ]

    assert {"generate": 1, "none": 0}[passwords] == len(secrets)


def list_resources(template: dict[str, Any], resource_type: str) -> list[dict[str, Any]]:
    resources = template["Resources"].values()
    return [each["Properties"] for each in resources if each["Type"] == resource_type]


def test_rooms_and_rights_make_the_same_resources_as_in_a_spec() -> None:
    stack = make_stack()
    mail = Organization(stack, "Mail", alias="acme")
    alice = mail.add_user("alice", display_name="Alice")
    sales = mail.add_group("sales", members=[alice])
    boardroom = mail.add_resource(
        "boardroom",
        type="room",
        description="12 Sitzplätze",
        booking={"auto_accept": False},
        delegates=[alice, sales],
    )
    mail.add_permission(alice, sales, ["send_on_behalf", "send_as"])
    mail.add_permission(boardroom, "alice", ["full_access"])
    template = synthesize_stack(stack)

    assert {
        "boardroom": {
            "Type": "room",
            "Description": r"12 Sitzpl\xe4tze",
            "Email": "boardroom@acme.awsapps.com",
            "Booking": {"AutoAccept": "false"},
            "Delegates": ["group:sales", "alice"],
        }
    } == find_one(template, "Custom::WorkMailResources")["Resources"]
    assert [
        {"Mailbox": "alice", "Grantee": "group:sales", "Rights": ["send_as", "send_on_behalf"]},
        {"Mailbox": "resource:boardroom", "Grantee": "alice", "Rights": ["full_access"]},
    ] == find_one(template, "Custom::WorkMailMailboxPermissions")["Permissions"]


def test_policies_are_given_in_the_words_of_the_spec() -> None:
    stack = make_stack()
    Organization(
        stack,
        "Mail",
        alias="acme",
        policies={
            "access_control": {"default": {"effect": "allow", "description": "everyone"}},
            "email_monitoring": {"log_group": "managed", "retention_days": 30},
            "inbound_dmarc": {"enforced": True},
        },
    )
    template = synthesize_stack(stack)

    assert {"default": {"Effect": "allow", "Description": "everyone"}} == find_one(
        template, "Custom::WorkMailAccessControlRules"
    )["Rules"]
    assert "true" == find_one(template, "Custom::WorkMailInboundDmarc")["Enforced"]
    assert [30] == [
        each["RetentionInDays"]
        for each in list_resources(template, "AWS::Logs::LogGroup")
        if each["RetentionInDays"] != 90
    ]


def test_a_live_organization_is_named_by_its_id_and_what_exists_is_taken_over() -> None:
    stack = make_stack()
    live = "m-0123456789abcdef0123456789abcdef"
    Organization(stack, "Mail", alias="acme", existing=live, adopt=True)
    template = synthesize_stack(stack)

    assert live == find_one(template, "Custom::WorkMailOrganization")["Existing"]
    assert "true" == find_one(template, "Custom::WorkMailUsers")["Adopt"]


def test_a_directory_lies_in_a_network_of_the_same_app() -> None:
    stack = make_stack()
    network = CfnVPC(stack, "Network", cidr_block="10.0.0.0/16")
    subnets = [
        CfnSubnet(stack, f"Subnet{n}", vpc_id=network.ref, cidr_block=f"10.0.{n}.0/24")
        for n in range(2)
    ]
    secret = Secret(stack, "Secret")
    Organization(
        stack,
        "Mail",
        alias="acme",
        directory={
            "type": "simple_ad",
            "name": "corp.acme.example",
            "short_name": "CORP",
            "size": "small",
            "vpc_id": network.ref,
            "subnet_ids": [subnet.ref for subnet in subnets],
            "admin_password_secret": secret.secret_arn,
        },
    )
    template = synthesize_stack(stack)
    directory = find_one(template, "Custom::WorkMailDirectory")
    arn = {"Ref": stack.get_logical_id(secret.node.default_child)}  # type: ignore[arg-type]

    assert ({"Ref": "Network"}, [{"Ref": "Subnet0"}, {"Ref": "Subnet1"}]) == (
        directory["Directory"]["VpcId"],
        directory["Directory"]["SubnetIds"],
    )
    assert arn == directory["AdminPasswordSecretArn"]
    assert [arn] == [
        statement["Resource"]
        for role in list_resources(template, "AWS::IAM::Role")
        for policy in role.get("Policies", ())
        for statement in policy["PolicyDocument"]["Statement"]
        if statement.get("Sid") == "ReadSecrets"
    ]


def test_a_connector_reads_its_directory_with_a_secret_of_the_same_app() -> None:
    stack = make_stack()
    secret = Secret(stack, "Secret")
    Organization(
        stack,
        "Mail",
        alias="acme",
        directory={
            "type": "ad_connector",
            "name": "corp.acme.example",
            "short_name": "CORP",
            "size": "small",
            "vpc_id": "vpc-01234567",
            "subnet_ids": ["subnet-01234567", "subnet-12345678"],
            "dns_ips": ["10.0.0.10"],
            "service_account": {"username": "svc", "password_secret": secret.secret_arn},
        },
    )
    template = synthesize_stack(stack)
    account = find_one(template, "Custom::WorkMailDirectory")["Directory"]["ServiceAccount"]

    assert {
        "Username": "svc",
        "PasswordSecret": {
            "Ref": stack.get_logical_id(secret.node.default_child)  # type: ignore[arg-type]
        },
    } == account
    assert 1 == len(list_resources(template, "AWS::SecretsManager::Secret"))


def test_free_busy_times_come_from_a_function_and_a_secret_of_the_same_app() -> None:
    stack = make_stack()
    function = Function(
        stack,
        "Function",
        runtime=Runtime.PYTHON_3_12,
        handler="index.handler",
        code=Code.from_inline("def handler(event, context): ..."),
    )
    secret = Secret(stack, "Secret")
    ews = {"endpoint": "https://a.example/ews", "username": "svc"}
    Organization(
        stack,
        "Mail",
        alias="acme",
        policies={
            "availability": {
                "a.example": {"ews": {**ews, "password_secret": secret.secret_arn}},
                "b.example": {"lambda_arn": function.function_arn},
            }
        },
    )
    found = find_one(synthesize_stack(stack), "Custom::WorkMailAvailabilityConfigurations")
    function_id = stack.get_logical_id(function.node.default_child)  # type: ignore[arg-type]

    assert {
        "a.example": {
            "Ews": {
                "Endpoint": "https://a.example/ews",
                "Username": "svc",
                "PasswordSecret": {
                    "Ref": stack.get_logical_id(secret.node.default_child)  # type: ignore[arg-type]
                },
            }
        },
        "b.example": {"LambdaArn": {"Fn::GetAtt": [function_id, "Arn"]}},
    } == found["Configurations"]


def test_email_events_go_to_a_log_group_and_by_a_role_of_the_same_app() -> None:
    stack = make_stack()
    group = LogGroup(stack, "Group")
    role = Role(stack, "Role", assumed_by=ServicePrincipal("events.workmail.amazonaws.com"))  # type: ignore[arg-type]
    monitoring = {"log_group_arn": group.log_group_arn, "role_arn": role.role_arn}
    Organization(stack, "Mail", alias="acme", policies={"email_monitoring": monitoring})
    found = find_one(synthesize_stack(stack), "Custom::WorkMailEmailMonitoring")

    assert [
        {"Fn::GetAtt": [stack.get_logical_id(each.node.default_child), "Arn"]}  # type: ignore[arg-type]
        for each in (group, role)
    ] == [found["LogGroupArn"], found["RoleArn"]]


def test_alarms_tell_a_topic_of_the_same_app() -> None:
    stack = make_stack()
    topic = Topic(stack, "Topic")
    Organization(stack, "Mail", alias="acme", alarms={"topic_arn": topic.topic_arn})
    resources = synthesize_stack(stack)["Resources"].values()
    alarms = [each["Properties"] for each in resources if each["Type"] == "AWS::CloudWatch::Alarm"]

    logical_id = stack.get_logical_id(topic.node.default_child)  # type: ignore[arg-type]
    assert [[{"Ref": logical_id}]] * 6 == [alarm["AlarmActions"] for alarm in alarms]


def test_tokens_are_refused_where_only_text_can_be() -> None:
    stack = make_stack()
    parameter = CfnParameter(stack, "Parameter")
    mail = Organization(stack, "Mail", alias="acme")
    mail.add_user("alice", display_name=parameter.value_as_string)
    (problem,) = synthesize_problems(stack)

    assert (
        "users.alice.display_name: a token, which only CloudFormation can read, is allowed in "
        "hosted_zone_id, kms_key_arn, directory_id, vpc_id, subnet_ids, admin_password_secret, "
        "password_secret, lambda_arn, log_group_arn, role_arn, bucket, key, topic_arn alone; give "
        "its value"
    ) == problem


def test_roles_for_email_events_of_two_nested_stacks_have_names_of_their_own() -> None:
    stack = make_stack()
    templates: list[str] = []
    for name in ("One", "Two"):
        nested = NestedStack(stack, name)
        monitoring = {"log_group": "managed", "retention_days": 30}
        Organization(nested, "Mail", alias=name, policies={"email_monitoring": monitoring})
        templates.append(nested.template_file)
    assembly = Path(App.of(stack).synth().directory)  # type: ignore[union-attr]
    names = [
        role["RoleName"]
        for file in templates
        for role in list_resources(json.loads((assembly / file).read_text()), "AWS::IAM::Role")
        if "RoleName" in role
    ]

    assert ["workmail-events-eu-west-1-Office-"] * 2 == [name[:-8] for name in names]
    assert 2 == len(set(names))
