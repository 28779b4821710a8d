"""boto3 clients of one region, with timeouts and retries stated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_ds import DirectoryServiceClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_workmail import WorkMailClient

CONFIG = Config(
    connect_timeout=5,
    read_timeout=60,
    # "standard" and "adaptive" also retry LimitExceededException, which is a quota of WorkMail and
    # final (facts.md §10.21); "legacy" retries throttling, server faults and lost connections.
    retries={"mode": "legacy", "total_max_attempts": 6},
    # Reads run side by side.
    max_pool_connections=16,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """What a handler or a command talks to."""

    workmail: WorkMailClient
    directory_service: DirectoryServiceClient
    secrets: SecretsManagerClient
    s3: S3Client
    dynamodb: DynamoDBClient
    cloudformation: CloudFormationClient


PATIENCE = 10
"""Attempts of who reads tens of thousands of things in a row, and would begin again: the last one
is made after four minutes, on average."""

PATIENT = CONFIG.merge(Config(retries={"mode": "legacy", "total_max_attempts": PATIENCE}))


def make_clients(region: str | None = None, *, config: Config = CONFIG) -> Clients:
    """Build clients; `None` is the region of the environment, as in Lambda."""
    session = open_session()

    def make(service: str) -> Any:
        return session.create_client(service, region_name=region, config=config)

    return Clients(
        workmail=make("workmail"),
        directory_service=make("ds"),
        secrets=make("secretsmanager"),
        s3=make("s3"),
        dynamodb=make("dynamodb"),
        cloudformation=make("cloudformation"),
    )


def make_route53() -> Any:
    """Build a client of Route 53, which has one endpoint for all regions."""
    return open_session().create_client("route53", region_name="us-east-1", config=CONFIG)


def open_session() -> Any:
    """Return a botocore session that shares the descriptions of services with every other.

    Clients are made for every invocation and every region, and reading the descriptions took
    four fifths of the time for it. The environment and its credentials are read anew.
    """
    session: Any = botocore.session.get_session()  # botocore's functions are not annotated
    session.register_component("data_loader", _get_loader())
    return session


@cache
def _get_loader() -> Any:
    session: Any = botocore.session.get_session()
    return session.get_component("data_loader")


def list_workmail_regions() -> list[str]:
    """List the regions in which WorkMail is, as botocore knows them."""
    session: Any = boto3.Session()
    known: list[str] = session.get_available_regions("workmail")
    return known
