"""What a spec presupposes is there before it is deployed to the local AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workmail_org.rehearsal.interrupts import Interrupts
from workmail_org.rehearsal.local import LocalAws, start_local_aws
from workmail_org.rehearsal.localizing import LocalSpec, localize
from workmail_org.rehearsal.processes import Processes
from workmail_org.rehearsal.stand_ins import StandIns
from workmail_org.rehearsal.surveying import survey

ACCOUNT = "444455556666"
"""Another one than the specs below name."""

NETWORK = {
    "short_name": "CORP",
    "vpc_id": "vpc-01234567",
    "subnet_ids": ["subnet-01234567", "subnet-12345678"],
}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    processes = Processes(Interrupts())
    try:
        local = start_local_aws(
            processes,
            tmp_path_factory.mktemp("local"),
            account=ACCOUNT,
            region="eu-west-1",
            verified=[],
        )
        with local.entered():
            yield local
    finally:
        processes.stop()


def write(folder: Path, name: str, **organizations: Any) -> Path:
    """Write a spec; each organization is in eu-west-1 under its key, but for what is given."""
    bodies = {
        key: {"region": "eu-west-1", "alias": f"{name}-{key}", **body}
        for key, body in organizations.items()
    }
    spec = {
        "version": 1,
        "environment": name,
        "account": "111122223333",
        "organizations": bodies,
    }
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps(spec), encoding="utf-8")
    return path


def make_local(local: LocalAws, folder: Path, *specs: Path) -> list[LocalSpec]:
    pairs = [(spec, folder / f"local-{spec.name}") for spec in specs]
    return localize(pairs, StandIns(local), root=None)


def test_secrets_have_passwords_under_the_names_of_the_spec(
    local: LocalAws, tmp_path: Path
) -> None:
    by_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:mail/admin-AbCdEf"
    directory = {**NETWORK, "type": "simple_ad", "name": "corp.example", "size": "small"}
    spec = write(
        tmp_path,
        "secrets",
        **{
            "named": {"directory": {**directory, "admin_password_secret": "mail/named"}},
            "by-arn": {"directory": {**directory, "admin_password_secret": by_arn}},
        },
    )

    [made] = make_local(local, tmp_path, spec)

    names = [each.directory.admin_password_secret for each in made.environment.organizations]
    client = local.make_client("secretsmanager", "eu-west-1")
    values = [client.get_secret_value(SecretId=name) for name in names]
    assert names[0] == "mail/named"
    assert str(names[1]).startswith(f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:mail/admin")
    assert [value["Name"] for value in values] == ["mail/named", "mail/admin"]
    assert all(len(value["SecretString"]) >= 8 for value in values)


def test_arns_come_home_and_what_they_name_is_there(local: LocalAws, tmp_path: Path) -> None:
    spec = write(
        tmp_path,
        "arns",
        acme={
            "kms_key_arn": "arn:aws:kms:eu-west-1:111122223333:alias/mail",
            "alarms": {"topic_arn": "arn:aws:sns:eu-west-1:111122223333:mail-alarms"},
            "policies": {
                "availability": {
                    "partner.example": {
                        "lambda_arn": "arn:aws:lambda:us-east-1:111122223333:function:busy:live"
                    }
                },
                "email_monitoring": {
                    "log_group_arn": "arn:aws:logs:eu-west-1:111122223333:log-group:/mail/x:*",
                    "role_arn": "arn:aws:iam::111122223333:role/mail/events",
                },
            },
        },
    )

    [made] = make_local(local, tmp_path, spec)

    [acme] = made.environment.organizations
    monitoring = acme.policies.email_monitoring
    assert monitoring is not None
    topic = f"arn:aws:sns:eu-west-1:{ACCOUNT}:mail-alarms"
    assert acme.alarms is not None
    assert acme.alarms.topic_arn == topic
    assert topic in {
        each["TopicArn"] for each in local.make_client("sns", "eu-west-1").list_topics()["Topics"]
    }
    assert acme.kms_key_arn == f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/mail"
    assert acme.policies.availability[0].lambda_arn == (
        f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:busy:live"
    )
    assert monitoring.log_group_arn == f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/mail/x:*"
    assert monitoring.role_arn == f"arn:aws:iam::{ACCOUNT}:role/mail/events"
    assert local.make_client("kms", "eu-west-1").describe_key(KeyId="alias/mail")
    function = local.make_client("lambda", "us-east-1").get_function(
        FunctionName="busy", Qualifier="live"
    )
    assert function["Configuration"]["FunctionName"] == "busy"
    groups = local.make_client("logs", "eu-west-1").describe_log_groups()["logGroups"]
    assert "/mail/x" in {group["logGroupName"] for group in groups}
    assert local.make_client("iam", "us-east-1").get_role(RoleName="events")["Role"]["Path"] == (
        "/mail/"
    )


def test_one_hosted_zone_stands_in_for_all_who_write_into_it(
    local: LocalAws, tmp_path: Path
) -> None:
    def zone(name: str) -> dict[str, Any]:
        dns = {"hosted_zone_id": "Z0123456789", "zone_name": "acme.example"}
        return {"domains": {name: {"default": True, "dns": dns}}}

    american = {**zone("us.acme.example"), "region": "us-east-1"}
    spec = write(tmp_path, "zones", eu=zone("acme.example"), us=american)

    [made] = make_local(local, tmp_path, spec)

    domains = [each.domains[0] for each in made.environment.organizations]
    ids = {domain.dns.hosted_zone_id for domain in domains if domain.dns}
    zones = local.make_client("route53", "us-east-1").list_hosted_zones()["HostedZones"]
    assert ids == {zone["Id"].removeprefix("/hostedzone/") for zone in zones}
    assert len(ids) == 1


def test_a_directory_holds_whom_any_of_the_specs_finds_in_it(
    local: LocalAws, tmp_path: Path
) -> None:
    directory = {"type": "existing", "directory_id": "d-1234567890", "kind": "ad_connector"}
    before = write(tmp_path, "before", acme={"directory": directory, "users": {"alice": {}}})
    after = write(
        tmp_path,
        "after",
        acme={"directory": directory, "users": {"bob": {}}, "groups": {"sales": {}}},
    )

    make_local(local, tmp_path, before, after)

    [found] = local.make_client("ds", "eu-west-1").describe_directories(
        DirectoryIds=["d-1234567890"]
    )["DirectoryDescriptions"]
    client = local.make_client("workmail", "eu-west-1")
    made = client.create_organization(Alias="somebody", DirectoryId="d-1234567890")
    names = {
        user["Name"] for user in client.list_users(OrganizationId=made["OrganizationId"])["Users"]
    }
    assert found["Type"] == "ADConnector"
    assert {"alice", "bob"} <= names


def test_a_live_organization_has_what_the_spec_takes_over_and_no_more(
    local: LocalAws, tmp_path: Path
) -> None:
    spec = write(
        tmp_path,
        "live",
        acme={
            "existing": "m-0123456789abcdef0123456789abcdef",
            "domains": {"live.example": {"dns": "manual"}},
            "users": {
                "alice": {"display_name": "Alice", "adopt": True},
                "bob": {"display_name": "Bob"},
                "rita": {
                    "display_name": "Rita",
                    "role": "remote_user",
                    "email": "rita@partner.example",
                    "adopt": True,
                },
            },
            "groups": {"all hands": {"email": "all@live-acme.awsapps.com", "adopt": True}},
            "resources": {"room": {"type": "room", "adopt": True}},
        },
    )

    [made] = make_local(local, tmp_path, spec)

    [acme] = made.environment.organizations
    client = local.make_client("workmail", "eu-west-1")
    organization = {"OrganizationId": acme.existing}
    described = client.describe_organization(**organization)
    users = {each["Name"]: each for each in client.list_users(**organization)["Users"]}
    groups = {each["Name"]: each for each in client.list_groups(**organization)["Groups"]}
    rooms = {each["Name"]: each for each in client.list_resources(**organization)["Resources"]}
    assert acme.existing != "m-0123456789abcdef0123456789abcdef"
    assert (described["Alias"], described["State"]) == ("live-acme", "Active")
    assert client.get_mail_domain(DomainName="live.example", **organization)
    assert users["alice"]["Email"] == "alice@live-acme.awsapps.com"
    assert users["rita"]["UserRole"] == "REMOTE_USER"
    assert "bob" not in users
    assert groups["all hands"]["State"] == "DISABLED"  # its name is no part of an address
    assert rooms["room"]["Email"] == "room@live-acme.awsapps.com"


@pytest.mark.parametrize(
    ("own", "kind"),
    [
        ({"type": "simple_ad", "size": "small"}, "SimpleAD"),
        ({"type": "managed_ad", "edition": "standard"}, "MicrosoftAD"),
        (
            {
                "type": "ad_connector",
                "size": "small",
                "dns_ips": ["10.0.0.10"],
                "service_account": {"username": "svc", "password_secret": "mail/connector"},
            },
            "ADConnector",
        ),
    ],
    ids=["simple_ad", "managed_ad", "ad_connector"],
)
def test_a_live_organization_is_on_the_directory_that_the_spec_expects(
    local: LocalAws, tmp_path: Path, own: dict[str, Any], kind: str
) -> None:
    name = f"on-{kind.lower()}"
    spec = write(
        tmp_path,
        name,
        acme={
            "existing": f"m-{name.encode().hex():0>32.32}",
            "directory": {**NETWORK, **own, "name": f"{kind.lower()}.example"},
            "users": {"alice": {"adopt": True}}
            if kind == "ADConnector"
            else {"alice": {"display_name": "Alice", "adopt": True}},
        },
    )

    make_local(local, tmp_path, spec)

    live = survey("eu-west-1", f"{name}-acme")
    assert live is not None
    assert live.directory is not None
    assert live.directory.name == f"{kind.lower()}.example"
    assert live.organization.directory_type == kind
    assert [found.entity.name for found in live.people.users.values()] == ["alice"]


def test_the_spec_itself_is_never_written(local: LocalAws, tmp_path: Path) -> None:
    spec = write(tmp_path, "kept", acme={"users": {"alice": {"display_name": "Alice"}}})
    before = spec.read_bytes()

    [made] = make_local(local, tmp_path, spec)

    assert before == spec.read_bytes()
    assert made.environment.account == ACCOUNT
