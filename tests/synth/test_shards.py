"""Collections that are larger than CloudFormation carries."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from workmail_org.declaring import make_groups, make_users
from workmail_org.model.group import Group
from workmail_org.model.organization import Organization, Passwords
from workmail_org.model.user import User
from workmail_org.wire.encoding import decode_properties
from workmail_org.wire.names import (
    COLLECTION_BUCKET,
    COLLECTION_KEY,
    LEDGER_TABLE,
    MAX_INLINE_BYTES,
    ORGANIZATION_ID,
    PASSWORD_SECRET_ARN,
)
from workmail_org.wire.properties import UsersProperties


def make_organization(users: int = 0, groups: int = 0) -> Organization:
    return Organization(
        key="large",
        region="eu-west-1",
        alias="large",
        users=tuple(
            User(
                name=f"user{n}",
                display_name=f"Zoë Nummer {n} der langen Liste",
                email=f"user{n}@large.awsapps.com",
                aliases=(f"alias{n}@large.awsapps.com",),
            )
            for n in range(users)
        ),
        groups=tuple(
            Group(name=f"group{n}", email=f"group{n}@large.awsapps.com") for n in range(groups)
        ),
    )


@pytest.fixture(scope="module")
def large(synthesize: Callable[..., Any]) -> Any:
    return synthesize(make_organization(users=2001, groups=1500))


def read_collection(synthesized: Any, logical_id: str) -> dict[str, Any]:
    key = synthesized.get(logical_id)[COLLECTION_KEY]
    return json.loads((synthesized.folder / f"asset.{key}").read_text(encoding="ascii"))


def test_a_collection_of_exactly_the_limit_stays_inline() -> None:
    organization = make_organization(users=500)
    size = len(json.dumps(make_users(organization).inline[0]))
    room = MAX_INLINE_BYTES - size
    last = organization.users[-1]
    fits = replace(last, display_name=f"{last.display_name}{'x' * room}")
    exceeds = replace(last, display_name=f"{last.display_name}{'x' * (room + 1)}")
    inline = make_users(replace(organization, users=(*organization.users[:-1], fits)))
    outside = make_users(replace(organization, users=(*organization.users[:-1], exceeds)))

    assert (1, {}) == (len(inline.inline), inline.outside)
    assert (1, {"Users"}) == (len(outside.inline), set(outside.outside))


def test_a_large_collection_is_brought_into_being_a_thousand_at_a_time(large: Any) -> None:
    users = large.find("Custom::WorkMailUsers")

    assert [("Users", None, "3"), ("Users1", "1", "3"), ("Users2", "2", "3")] == [
        (key, each["Properties"].get("Shard"), each["Properties"]["Shards"])
        for key, each in users.items()
    ]


def test_groups_are_sharded_as_users_are(large: Any) -> None:
    assert ["Groups", "Groups1"] == list(large.find("Custom::WorkMailGroups"))


def test_shards_come_one_after_the_other_and_groups_after_the_last(large: Any) -> None:
    chain = ("Users1", "Users2", "Groups", "Groups1")

    assert [["Users"], ["Users1"], ["Users2"], ["Groups"]] == [
        large.resources[key]["DependsOn"] for key in chain
    ]


def test_every_shard_names_the_same_file(large: Any) -> None:
    keys = {large.get(key)[COLLECTION_KEY] for key in ("Users", "Users1", "Users2")}

    assert 1 == len(keys)


def test_the_file_and_the_properties_together_are_the_whole_collection(large: Any) -> None:
    organization = make_organization(users=2001, groups=1500)
    hollow = large.receive("Users1")
    properties = {**large.get("Users1"), **read_collection(large, "Users1")}
    tokens = (ORGANIZATION_ID, LEDGER_TABLE, PASSWORD_SECRET_ARN)
    whole = decode_properties(
        UsersProperties, {k: v for k, v in properties.items() if k not in tokens}
    )

    assert ((), 1, 3) == (hollow.users, hollow.shard, hollow.shards)
    assert organization.users == whole.users
    assert 1500 == len(whole.other_addresses)


def test_the_template_of_a_large_organization_is_small(large: Any) -> None:
    size = (large.folder / "production-large.template.json").stat().st_size

    assert size < 200_000  # of the 1 MB that CloudFormation takes


def test_each_shard_has_a_password_secret_of_its_own(large: Any) -> None:
    secrets = [large.get(key)[PASSWORD_SECRET_ARN] for key in ("Users", "Users1", "Users2")]

    assert [{"Ref": "Passwords"}, {"Ref": "Passwords1"}, {"Ref": "Passwords2"}] == secrets
    assert {"PasswordSecretArn", "PasswordSecretArn1", "PasswordSecretArn2"} == {
        key for key in large.outputs if key.startswith("Password")
    }


def test_without_generated_passwords_there_are_no_secrets(synthesize: Callable[..., Any]) -> None:
    organization = replace(make_organization(users=2001), passwords=Passwords.NONE)

    assert {} == synthesize(organization).find("AWS::SecretsManager::Secret")


def test_the_handler_may_read_collections_however_their_names_change(large: Any) -> None:
    (role,) = (
        role["Properties"]
        for key, role in large.find("AWS::IAM::Role").items()
        if key.startswith("MailboxesProviderRole")
    )
    (statement,) = (
        statement
        for statement in role["Policies"][0]["PolicyDocument"]["Statement"]
        if statement["Sid"] == "ReadCollections"
    )
    bucket = "cdk-hnb659fds-assets-111122223333-eu-west-1"

    assert {
        "Action": "s3:GetObject",
        "Effect": "Allow",
        "Resource": f"arn:aws:s3:::{bucket}/*.json",
        "Sid": "ReadCollections",
    } == statement
    assert bucket == large.get("Users")[COLLECTION_BUCKET]


def test_more_than_a_thousand_are_sharded_however_small_they_are() -> None:
    thousand, more = (make_groups(make_organization(groups=n)) for n in (1000, 1001))

    assert (1, 2) == (len(thousand.inline), len(more.inline))


def test_many_addresses_of_others_move_out_too_without_a_second_shard() -> None:
    collection = make_users(make_organization(users=1, groups=2500))

    assert (1, {"OtherAddresses", "Users"}) == (len(collection.inline), set(collection.outside))


def test_equal_content_gives_an_equal_template(synthesize: Callable[..., Any]) -> None:
    organization = make_organization(users=900)

    assert synthesize(organization).template == synthesize(organization).template


def test_the_first_shard_keeps_the_logical_id_that_it_has_alone() -> None:
    small, large = (make_groups(make_organization(groups=n)) for n in (1, 3000))

    assert (small.construct_id, 1, 3) == (
        large.construct_id,
        len(small.inline),
        len(large.inline),
    )
