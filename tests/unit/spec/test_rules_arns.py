"""Names of things in AWS: whatever is wrong with one is a problem where it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workmail_org.spec.building import read_spec

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:mail/svc-AbCdEf"
LOG_GROUP = "arn:aws:logs:eu-west-1:111122223333:log-group:/mail:*"

NETWORK = {
    "name": "corp.example",
    "short_name": "CORP",
    "size": "small",
    "vpc_id": "vpc-01234567",
    "subnet_ids": ["subnet-01234567", "subnet-12345678"],
}


def ask(**provider: Any) -> dict[str, Any]:
    return {"policies": {"availability": {"partner.example": provider}}}


PLACES: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "kms_key_arn": (
        "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012",
        lambda name: {"kms_key_arn": name},
    ),
    "admin_password_secret": (
        SECRET,
        lambda name: {"directory": {**NETWORK, "type": "simple_ad", "admin_password_secret": name}},
    ),
    "service_account": (
        SECRET,
        lambda name: {
            "directory": {
                **NETWORK,
                "type": "ad_connector",
                "dns_ips": ["10.0.0.1"],
                "service_account": {"username": "svc", "password_secret": name},
            }
        },
    ),
    "ews": (
        SECRET,
        lambda name: ask(
            ews={
                "endpoint": "https://mail.partner.example/EWS/Exchange.asmx",
                "username": "svc",
                "password_secret": name,
            }
        ),
    ),
    "lambda_arn": (
        "arn:aws:lambda:eu-west-1:111122223333:function:busy",
        lambda name: ask(lambda_arn=name),
    ),
    "log_group_arn": (
        LOG_GROUP,
        lambda name: {"policies": {"email_monitoring": {"log_group_arn": name}}},
    ),
    "role_arn": (
        "arn:aws:iam::111122223333:role/mail/workmail-events",
        lambda name: {
            "policies": {"email_monitoring": {"log_group_arn": LOG_GROUP, "role_arn": name}}
        },
    ),
    "instance_arn": (
        "arn:aws:sso:::instance/ssoins-1234567890abcdef",
        lambda name: {
            "policies": {
                "identity_center": {
                    "instance_arn": name,
                    "authentication_mode": "identity_provider_and_directory",
                    "personal_access_tokens": {"status": "inactive"},
                }
            }
        },
    ),
    "topic_arn": (
        "arn:aws:sns:eu-west-1:111122223333:mail-alarms",
        lambda name: {"alarms": {"topic_arn": name}},
    ),
    "exports.key": (
        "arn:aws:kms:eu-west-1:111122223333:key/0f1e2d3c-4b5a",
        lambda name: {"exports": {"key": name}},
    ),
}
"""Keys that name something: a name that is right, and what a spec says with it."""

ANY_REGION = {"lambda_arn"}


def spoil(place: str, name: str) -> Iterator[tuple[str, str]]:
    """Make of a name that is right others that are not."""
    _, _, service, region, account, resource = name.split(":", 5)
    head = name.removesuffix(resource)
    yield "another partition", name.replace("arn:aws:", "arn:aws-cn:")
    yield "no partition", name.replace("arn:aws:", "arn::")
    yield "another service", name.replace(f":{service}:", ":ec2:", 1)
    yield "an ARN of nothing", "arn:aws:x"
    yield "colons alone", "arn:aws:::::"
    yield "no resource", head
    yield "no name", head + "".join(re.findall(r"^[a-z-]+[:/]", resource))
    yield "a space within", name.replace("arn:aws:", "arn: aws:")
    yield "nothing", ""
    yield "blank", " "
    yield "a wildcard", f"{name[:-1]}?"
    yield "a reference", f"{name[:-3]}${{x}}"
    yield "another alphabet", f"{name}é"
    if account:
        yield "no account", name.replace(account, "")
        yield "a short account", name.replace(account, "1234")
    if region:
        yield "no region", name.replace(region, "")
        yield "no such region", name.replace(region, "Europe")
        if place not in ANY_REGION:
            yield "another region", name.replace(region, "us-east-1")


SPOILED = [
    pytest.param(place, spoiled, id=f"{place}: {how}")
    for place, (name, _) in PLACES.items()
    for how, spoiled in spoil(place, name)
]


def list_problems(folder: Path, place: str, name: str) -> list[str]:
    spec = {
        "version": 1,
        "environment": "test",
        "organizations": {
            "acme": {"region": "eu-west-1", "alias": "acme", **PLACES[place][1](name)}
        },
    }
    path = folder / "spec.yaml"
    path.write_text(json.dumps(spec, indent=1), encoding="utf-8")
    lines = path.read_text(encoding="utf-8").splitlines()
    return [lines[each.place.line - 1].strip().strip(",") for each in read_spec(path).problems]


@pytest.mark.parametrize("place", PLACES)
def test_a_name_that_is_right_is_no_problem(tmp_path: Path, place: str) -> None:
    assert [] == list_problems(tmp_path, place, PLACES[place][0])


@pytest.mark.parametrize(("place", "name"), SPOILED)
def test_a_name_that_is_wrong_is_a_problem_on_its_line(
    tmp_path: Path, place: str, name: str
) -> None:
    lines = list_problems(tmp_path, place, name)

    assert [True] == sorted({line.endswith(json.dumps(name)) for line in lines})


def test_a_secret_can_be_named_without_an_arn(tmp_path: Path) -> None:
    assert [] == list_problems(tmp_path, "ews", "workmail/partner-ews")


def test_what_is_wrong_is_said_but_no_secret(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        kms_key_arn: arn:aws:kms:eu-west-1:1234:key/k
        policies:
          availability:
            partner.example:
              ews:
                endpoint: https://mail.partner.example/EWS/Exchange.asmx
                username: svc
                password_secret: arn:aws:ssm:eu-west-1:111122223333:parameter/hunter2
        """,
        problems="""
        7:18 organizations.acme.kms_key_arn
          "arn:aws:kms:eu-west-1:1234:key/k" names no KMS key
          allowed: arn:aws:kms:REGION:ACCOUNT:key/ID
        14:30 organizations.acme.policies.availability["partner.example"].ews.password_secret
          the value names no secret
          allowed: a name, or arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME
        """,
    )
