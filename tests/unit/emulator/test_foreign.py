"""What is not emulated says so in the protocol of whoever asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from workmail_emulator import Emulator, api
from workmail_emulator.server import Server

CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    # query
    "iam": ("list_users", {}),
    "sts": ("get_caller_identity", {}),
    "ses": ("list_identities", {}),
    "sns": ("list_topics", {}),
    "cloudformation": ("describe_stacks", {}),
    # ec2
    "ec2": ("describe_vpcs", {}),
    # json
    "kms": ("list_keys", {}),
    "secretsmanager": ("list_secrets", {}),
    "dynamodb": ("list_tables", {}),
    "sqs": ("list_queues", {}),
    "logs": ("describe_log_groups", {}),
    # rest-json
    "lambda": ("list_functions", {}),
    "sesv2": ("list_email_identities", {}),
    "workmailmessageflow": ("get_raw_message_content", {"messageId": "x" * 36}),
    "apigateway": ("get_rest_apis", {}),
    # rest-xml
    "route53": ("list_hosted_zones", {}),
    "s3": ("list_buckets", {}),
    "cloudfront": ("list_distributions", {}),
    # smithy-rpc-v2-cbor, or query
    "cloudwatch": ("list_metrics", {}),
}

SIGNED_AS = {"sesv2": "ses", "cloudwatch": "monitoring"}
"""Names in signatures that are not those of botocore."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with Server(Emulator(instant=True), "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server.url
        server.shutdown()
        thread.join()


def connect(url: str, service: str) -> Any:
    create: Any = api.session().create_client
    return create(
        service,
        region_name="eu-west-1",
        endpoint_url=url,
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )


def refuse(made: Any, operation: str, parameters: dict[str, Any]) -> Any:
    with pytest.raises(ClientError) as caught:
        getattr(made, operation)(**parameters)
    return caught.value.response


@pytest.mark.parametrize("service", CALLS)
def test_another_service_is_refused_in_its_own_protocol(url: str, service: str) -> None:
    answer = refuse(connect(url, service), *CALLS[service])
    signed = SIGNED_AS.get(service, service)

    assert ("NotEmulatedException", 501) == (
        answer["Error"]["Code"],
        answer["ResponseMetadata"]["HTTPStatusCode"],
    )
    assert f"{signed} is not emulated here: only workmail and ds are." == answer["Error"]["Message"]


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("put_object", {"Bucket": "b", "Key": "k", "Body": b"x" * 1000}),
        ("get_object", {"Bucket": "b", "Key": "k"}),
        ("delete_object", {"Bucket": "b", "Key": "k"}),
    ],
)
def test_every_verb_is_answered_and_the_connection_goes_on(
    url: str, operation: str, parameters: dict[str, Any]
) -> None:
    s3 = connect(url, "s3")

    assert "NotEmulatedException" == refuse(s3, operation, parameters)["Error"]["Code"]
    head = refuse(s3, "head_object", {"Bucket": "b", "Key": "k"})
    assert 501 == head["ResponseMetadata"]["HTTPStatusCode"]
    assert "NotEmulatedException" == refuse(s3, operation, parameters)["Error"]["Code"]


def test_the_emulated_services_are_answered_beside_them(url: str) -> None:
    refuse(connect(url, "iam"), "list_users", {})

    assert [] == connect(url, "workmail").list_organizations()["OrganizationSummaries"]
    assert [] == connect(url, "ds").describe_directories()["DirectoryDescriptions"]
