"""The local AWS answers to whoever started it, and to nobody else."""

from __future__ import annotations

import io
import json
import re
import socket
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from workmail_org.rehearsal.interrupts import Interrupts
from workmail_org.rehearsal.local import LocalAws, start_local_aws
from workmail_org.rehearsal.processes import Processes

ACCOUNT = "111122223333"
REGION = "eu-west-1"
OTHER_KEY = "AKIAAAAAAAAAAAAAAAAA"
REFUSED = "the access key is not the one of this local AWS"


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    processes = Processes(Interrupts())
    folder = tmp_path_factory.mktemp("local")
    try:
        yield start_local_aws(processes, folder, account=ACCOUNT, region=REGION, verified=[])
    finally:
        processes.stop()


def get_key(local: LocalAws) -> str:
    return local.environment["AWS_ACCESS_KEY_ID"]


def make_client(local: LocalAws, service: str, key: str, config: Config | None = None) -> Any:
    url = local.workmail if service in {"workmail", "ds"} else local.aws
    secret = local.environment["AWS_SECRET_ACCESS_KEY"]
    session: Any = boto3.Session(aws_access_key_id=key, aws_secret_access_key=secret)
    return session.client(service, region_name=REGION, endpoint_url=url, config=config)


def ask(
    url: str,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    body: bytes | None = None,
) -> tuple[int, str]:
    """Send a request of any kind; give the status and the body."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, body, dict(headers or {}), method=method)  # noqa: S310 - loopback
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def sign(key: str, service: str = "sts") -> dict[str, str]:
    """Make the field that carries an access key; nobody verifies the signature."""
    scope = f"{key}/20260101/{REGION}/{service}/aws4_request"
    return {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    }


IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("key", [OTHER_KEY, ACCOUNT, "", "AKIA\u00e9"])
def test_another_access_key_is_refused_everywhere(local: LocalAws, key: str) -> None:
    fields = sign(key.encode().decode("latin-1"))

    assert ask(local.aws, {**FORM, **fields}, method="POST", body=IDENTITY)[0] == 403
    assert ask(f"{local.workmail}/_emulator/state", fields)[0] == 403


def test_no_access_key_is_refused(local: LocalAws) -> None:
    assert ask(local.aws, FORM, method="POST", body=IDENTITY)[0] == 403
    assert ask(f"{local.aws}/bucket", method="PUT")[0] == 403
    assert ask(local.workmail, method="POST", body=b"{}")[0] == 403
    for method in ("OPTIONS", "PUT", "PATCH"):
        assert ask(local.workmail, method=method)[0] == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_ministack/health"),
        ("GET", "/_ministack/ready"),
        ("POST", "/_ministack/reset"),
        ("POST", "/_ministack/config"),
        ("GET", f"/_ministack/lambda-code/{ACCOUNT}/{REGION}/any"),
        ("GET", "/_ministack/ses/messages"),
        ("GET", "/_localstack/health"),
        ("GET", "/health"),
        ("PUT", "/_ministack/cfn-response/any"),
        ("POST", "/_ministack/cfn-response/00000000-0000-4000-8000-000000000000"),
        ("PUT", "/_ministack/cfn-response/00000000-0000-4000-8000-000000000000/../../reset"),
        ("PUT", "/_ministack/cfn-signal/any"),
    ],
)
def test_what_ministack_has_for_its_owner_needs_the_key(
    local: LocalAws, method: str, path: str
) -> None:
    assert ask(f"{local.aws}{path}", method=method) == (
        403,
        json.dumps({"__type": "InvalidClientTokenId", "message": REFUSED}),
    )


@pytest.mark.parametrize(
    ("method", "action"),
    [("GET", "calls"), ("GET", "state"), ("POST", "reset"), ("DELETE", "faults")],
)
def test_the_control_path_of_the_emulator_needs_the_key(
    local: LocalAws, method: str, action: str
) -> None:
    url = f"{local.workmail}/_emulator/{action}"

    assert ask(url, method=method) == (
        403,
        json.dumps({"__type": "InvalidClientTokenId", "message": REFUSED}),
    )
    assert ask(url, sign(OTHER_KEY), method=method)[0] == 403
    assert ask(url, sign(get_key(local)), method=method)[0] == 200


OF_A_WEB_PAGE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Referer": "https://evil.example/"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Mode": "no-cors"},
    {"Host": "evil.example"},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": "localhost"},
    {"Host": "bucket.localhost:4566"},
]


@pytest.mark.parametrize("header", OF_A_WEB_PAGE, ids=str)
def test_a_web_page_is_refused_even_with_the_key(local: LocalAws, header: dict[str, str]) -> None:
    fields = {**FORM, **sign(get_key(local)), **header}

    assert ask(local.aws, fields, method="POST", body=IDENTITY)[0] == 403
    assert ask(f"{local.workmail}/_emulator/state", fields)[0] == 403
    assert ask(local.workmail, fields, method="POST", body=b"{}")[0] == 403


def test_a_preflight_is_refused(local: LocalAws) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"}

    assert ask(local.aws, asked, method="OPTIONS")[0] == 403
    assert ask(local.aws, sign(get_key(local)) | asked, method="OPTIONS")[0] == 403


def test_the_loopback_has_two_names(local: LocalAws) -> None:
    host = local.aws.replace("http://127.0.0.1", "LocalHost")
    fields = {**FORM, **sign(get_key(local)), "Host": host}

    status, body = ask(local.aws, fields, method="POST", body=IDENTITY)

    assert (200, True) == (status, f"<Account>{ACCOUNT}</Account>" in body)


def test_a_websocket_is_refused_with_the_key_too(local: LocalAws) -> None:
    address = urlsplit(local.aws)
    assert address.port
    upgrade = (
        f"GET /_aws/execute-api/00000000/stage HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Authorization: {sign(get_key(local))['Authorization']}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", address.port), timeout=10) as connection:
        connection.sendall(upgrade.encode())
        answer = connection.recv(1000).decode()

    assert answer.startswith("HTTP/1.1 403")


@pytest.mark.parametrize("service", ["s3", "sts", "lambda", "stepfunctions", "route53", "workmail"])
def test_a_refusal_is_an_error_that_aws_clients_read(local: LocalAws, service: str) -> None:
    client = make_client(local, service, OTHER_KEY)
    calls = {
        "s3": "list_buckets",
        "sts": "get_caller_identity",
        "lambda": "list_functions",
        "stepfunctions": "list_state_machines",
        "route53": "list_hosted_zones",
        "workmail": "list_organizations",
    }
    with pytest.raises(ClientError) as refused:
        getattr(client, calls[service])()

    answer: Any = refused.value.response
    assert ("InvalidClientTokenId", REFUSED) == (
        answer["Error"]["Code"],
        answer["Error"]["Message"],
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_presigned_url_needs_the_key(local: LocalAws, version: str) -> None:
    config = Config(signature_version=version)
    ours = make_client(local, "s3", get_key(local), config)
    theirs = make_client(local, "s3", OTHER_KEY, config)
    bucket = f"presigned-{version}"
    ours.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    ours.put_object(Bucket=bucket, Key="key", Body=b"content")
    place = {"Bucket": bucket, "Key": "key"}

    assert ask(ours.generate_presigned_url("get_object", place)) == (200, "content")
    assert ask(theirs.generate_presigned_url("get_object", place))[0] == 403


FUNCTION = """
import json, os, urllib.request
import boto3

def handler(event, context):
    if event.get("do") == "url":  # as a program without the SDK asks
        return boto3.client("s3").generate_presigned_url("get_object", event["place"])
    return {
        "account": boto3.client("sts").get_caller_identity()["Account"],
        "organizations": boto3.client("workmail").list_organizations()["OrganizationSummaries"],
    }
"""


@pytest.fixture(scope="module")
def function(local: LocalAws) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", FUNCTION)
    made = make_client(local, "lambda", get_key(local)).create_function(
        FunctionName="asks",
        Runtime="python3.12",
        Handler="index.handler",
        Role=f"arn:aws:iam::{ACCOUNT}:role/any",
        Timeout=60,
        Code={"ZipFile": packed.getvalue()},
    )
    return str(made["FunctionArn"])


def test_a_function_calls_aws_and_workmail_with_what_it_is_given(
    local: LocalAws, function: str
) -> None:
    client = make_client(local, "lambda", get_key(local))
    answer = client.invoke(FunctionName=function, Payload=b"{}")
    said = json.loads(answer["Payload"].read())

    assert said == {"account": ACCOUNT, "organizations": []}


def test_a_function_presigns_urls_that_are_answered(local: LocalAws, function: str) -> None:
    s3 = make_client(local, "s3", get_key(local))
    s3.create_bucket(Bucket="of-function", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="of-function", Key="key", Body=b"content")
    event = {"do": "url", "place": {"Bucket": "of-function", "Key": "key"}}
    answer = make_client(local, "lambda", get_key(local)).invoke(
        FunctionName=function, Payload=json.dumps(event).encode()
    )
    url = json.loads(answer["Payload"].read())

    assert ask(url) == (200, "content")
    assert ask(url.replace(get_key(local), OTHER_KEY))[0] == 403


def test_a_state_machine_runs_a_function(local: LocalAws, function: str) -> None:
    client = make_client(local, "stepfunctions", get_key(local))
    definition = {
        "StartAt": "Ask",
        "States": {"Ask": {"Type": "Task", "Resource": function, "End": True}},
    }
    machine = client.create_state_machine(
        name="asks",
        definition=json.dumps(definition),
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/any",
    )["stateMachineArn"]
    execution = client.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    deadline = time.monotonic() + 30
    while (found := client.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.05)

    assert found["status"] == "SUCCEEDED"
    assert json.loads(found["output"])["account"] == ACCOUNT


ANSWERS_LATER = """
import json, urllib.request

def handler(event, context):
    body = json.dumps({
        "Status": "SUCCESS", "PhysicalResourceId": "made", "RequestId": event["RequestId"],
        "StackId": event["StackId"], "LogicalResourceId": event["LogicalResourceId"],
        "Data": {"Url": event["ResponseURL"]},
    }).encode()
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], body, method="PUT"))
"""


def test_a_stack_with_a_custom_resource_is_deployed(local: LocalAws) -> None:
    client = make_client(local, "cloudformation", get_key(local))
    role = f"arn:aws:iam::{ACCOUNT}:role/any"
    template = {
        "Resources": {
            "Function": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Handler": "index.handler",
                    "Runtime": "python3.12",
                    "Role": role,
                    "Timeout": 60,
                    "Code": {"ZipFile": ANSWERS_LATER},
                },
            },
            "Custom": {
                "Type": "Custom::Any",
                "Properties": {
                    "ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]},
                    "ServiceTimeout": "60",
                },
            },
        },
        "Outputs": {"Url": {"Value": {"Fn::GetAtt": ["Custom", "Url"]}}},
    }
    client.create_stack(StackName="custom", TemplateBody=json.dumps(template))
    client.get_waiter("stack_create_complete").wait(
        StackName="custom", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    (stack,) = client.describe_stacks(StackName="custom")["Stacks"]
    url = stack["Outputs"][0]["OutputValue"]

    assert re.fullmatch(rf"{local.aws}/_ministack/cfn-response/[0-9a-f-]{{36}}", url)
    # Who learns of the address, say from a log, is still no web page.
    assert ask(url, {"Origin": "null"}, method="PUT", body=b"{}")[0] == 403
    assert ask(url, {"Host": "evil.example"}, method="PUT", body=b"{}")[0] == 403


def test_a_role_is_assumed_as_the_cdk_cli_does(local: LocalAws) -> None:
    sts = make_client(local, "sts", get_key(local))
    role = f"arn:aws:iam::{ACCOUNT}:role/deploy"
    given = sts.assume_role(RoleArn=role, RoleSessionName="cdk")["Credentials"]
    session: Any = boto3.Session(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    client = session.client("sts", region_name=REGION, endpoint_url=local.aws)

    assert client.get_caller_identity()["Account"] == ACCOUNT
    assert (
        ask(local.aws, {**FORM, **sign(given["AccessKeyId"])}, method="POST", body=IDENTITY)[0]
        == 403
    )


def test_nobody_gets_a_session_without_the_key(local: LocalAws) -> None:
    action = b"Action=AssumeRole&Version=2011-06-15&RoleSessionName=x&RoleArn=arn:aws:iam::1:role/x"

    assert ask(local.aws, {**FORM, **sign(OTHER_KEY)}, method="POST", body=action)[0] == 403


def test_the_key_is_in_no_argument_and_every_run_has_another(
    local: LocalAws, tmp_path: Path
) -> None:
    key, secret = get_key(local), local.environment["AWS_SECRET_ACCESS_KEY"]
    arguments = [
        path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if is_there(path)
    ]
    processes = Processes(Interrupts())
    try:
        other = start_local_aws(processes, tmp_path, account=ACCOUNT, region=REGION, verified=[])
    finally:
        processes.stop()

    assert re.fullmatch("AKIA[A-Z2-7]{16}", key)
    assert [each for each in arguments if key.encode() in each or secret.encode() in each] == []
    assert key != get_key(other)
    assert secret != other.environment["AWS_SECRET_ACCESS_KEY"]


def is_there(path: Path) -> bool:
    try:
        path.read_bytes()
    except OSError:
        return False
    return True


def test_both_listen_on_loopback_and_on_nothing_else(local: LocalAws) -> None:
    listening = list_listeners(local)

    assert listening == {
        (urlsplit(url).hostname, urlsplit(url).port) for url in (local.aws, local.workmail)
    }


def list_listeners(local: LocalAws) -> set[tuple[str | None, int | None]]:
    """List the addresses that processes with our key in their environment listen on."""
    key = get_key(local).encode()
    inodes: set[str] = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if key not in (process / "environ").read_bytes():
                continue
            inodes |= {str(link.readlink()) for link in (process / "fd").iterdir()}
        except OSError:
            continue
    found: set[tuple[str | None, int | None]] = set()
    for table in ("tcp", "tcp6"):
        for row in Path("/proc/net", table).read_text(encoding="utf-8").splitlines()[1:]:
            fields = row.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                host, port = fields[1].split(":")
                address = socket.inet_ntoa(bytes.fromhex(host)[::-1]) if table == "tcp" else host
                found.add((address, int(port, 16)))
    return found
