"""What holds for all 92 operations."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from workmail_emulator import api, coverage, operations
from workmail_emulator.assumptions import EVERY, Assumption

MODEL = api.service_model("workmail")
ABSENT = "m-00000000000000000000000000000000"
ARN = "arn:aws:workmail:eu-west-1:000000000000:organization"
ROLE = "arn:aws:iam::000000000000:role/workmail"
WITHOUT_ORGANIZATION = set(operations.WORKMAIL_IN_REGION)
WITH_ORGANIZATION = sorted(set(MODEL.operation_names) - WITHOUT_ORGANIZATION)

VALUES: dict[str, Any] = {
    "Alias": "a@acme.example",
    "Email": "a@acme.example",
    "DomainName": "acme.example",
    "EntityId": "entity-of-that-id",
    "UserId": "entity-of-that-id",
    "GroupId": "entity-of-that-id",
    "ResourceId": "entity-of-that-id",
    "MemberId": "member",
    "GranteeId": "grantee",
    "Name": "name",
    "DisplayName": "Name",
    "Password": "Correct-Horse-7",
    "Description": "text",
    "DeviceId": "ABC",
    "Id": "id",
    "JobId": "job",
    "TargetUser": "user",
    "IpAddress": "192.0.2.1",
    "Action": "EWS",
    "LogGroupArn": "arn:aws:logs:eu-west-1:000000000000:log-group:mail:*",
    "RoleArn": ROLE,
    "KmsKeyArn": "arn:aws:kms:eu-west-1:000000000000:key/abc",
    "S3BucketName": "bucket",
    "S3Prefix": "prefix",
    "ClientToken": "token",
    "MobileDeviceAccessRuleId": "rule",
    "ImpersonationRoleId": "role",
    "PersonalAccessTokenId": "token",
    "Rules": [],
    "FolderConfigurations": [],
    "PermissionValues": ["SEND_AS"],
    "MailboxQuota": 1,
    "DeleteDirectory": True,
    "Enforced": True,
    "IdentityCenterConfiguration": {
        "InstanceArn": "arn:aws:sso:::instance/ssoins-0123456789abcdef",
        "ApplicationArn": (
            "arn:aws:sso::000000000000:application/ssoins-0123456789abcdef/apl-0123456789abcdef"
        ),
    },
    "PersonalAccessTokenConfiguration": {"Status": "ACTIVE"},
}


@pytest.fixture(scope="module")
def shared(make_emulator: Any, account_of: Any) -> Any:
    """Give one organization to all tests: what they ask for is refused, or of no consequence."""
    account = account_of(make_emulator(instant=True))
    account.create()
    return account


@pytest.fixture(scope="module")
def deleted(make_emulator: Any, account_of: Any) -> Any:
    """Give a deleted organization."""
    account = account_of(make_emulator(instant=True))
    account.create()
    account("delete_organization", DeleteDirectory=True)
    return account


def parameters(operation: str) -> dict[str, Any]:
    """Build the smallest request that the model allows."""
    shape = MODEL.operation_model(operation).input_shape
    assert shape is not None
    built: dict[str, Any] = {}
    for name in shape.required_members:
        allowed = getattr(shape.members[name], "enum", [])
        built[name] = allowed[0] if allowed else VALUES.get(name)
    return built


def error_of(client: Any, operation: str, organization: str) -> str | None:
    fields = {**parameters(operation), "OrganizationId": organization}
    try:
        getattr(client, xform_name(operation))(**fields)
    except ClientError as error:
        answer: Any = error.response
        code: str = answer["Error"]["Code"]
        return code
    return None


def test_every_operation_of_the_model_is_carried_out_by_a_function() -> None:
    known = set(operations.WORKMAIL_IN_REGION) | set(operations.WORKMAIL_IN_ORGANIZATION)

    assert set(MODEL.operation_names) == known
    assert 92 == len(known)
    assert set(operations.DIRECTORY_SERVICE) <= set(api.service_model("ds").operation_names)


@pytest.mark.parametrize("operation", WITH_ORGANIZATION)
def test_an_unknown_organization_is_not_found(shared: Any, operation: str) -> None:
    assert "OrganizationNotFoundException" == error_of(shared.client, operation, ABSENT)


@pytest.mark.parametrize(
    "operation", [name for name in WITH_ORGANIZATION if name != "DescribeOrganization"]
)
def test_a_deleted_organization_is_in_the_wrong_state(deleted: Any, operation: str) -> None:
    error = error_of(deleted.client, operation, deleted.organization)

    assert "OrganizationStateException" == error


@pytest.mark.parametrize("operation", WITH_ORGANIZATION)
def test_an_organization_id_of_another_form_is_refused(shared: Any, operation: str) -> None:
    modelled = "InvalidParameterException" in api.error_codes("workmail", operation)
    expected = "InvalidParameterException" if modelled else "ValidationException"

    assert expected == error_of(shared.client, operation, "m-" + "G" * 32)


@pytest.mark.parametrize(
    "operation",
    [
        name
        for name in WITH_ORGANIZATION
        if "EntityNotFoundException" in api.error_codes("workmail", name)
        and {"EntityId", "UserId", "GroupId", "ResourceId", "JobId"} & set(parameters(name))
    ],
)
def test_an_entity_that_is_not_there_is_not_found(shared: Any, operation: str) -> None:
    assert "EntityNotFoundException" == error_of(shared.client, operation, shared.organization)


@pytest.mark.parametrize(
    "operation", [name for name in WITH_ORGANIZATION if name != "DeleteOrganization"]
)
def test_no_operation_writes_when_it_is_refused(shared: Any, operation: str) -> None:
    before = shared.emulator.state()

    if error_of(shared.client, operation, shared.organization):
        assert before == shared.emulator.state()


def test_the_coverage_document_is_up_to_date() -> None:
    assert coverage.DOCUMENT.read_text(encoding="utf-8") == coverage.render(), (
        "run python -m workmail_emulator.coverage"
    )


def test_every_operation_names_its_source() -> None:
    assert [] == [row.operation for row in coverage.rows() if not row.source]


SOURCE = re.compile(
    r"facts\.md|botocore|Admin Guide|AWS CLI|API Reference|General Reference|Account Management"
    r"|RFC \d|JSON 1\.1|[Aa]ssum(?:ption|ed)|\b[Cc]hosen\b"
)
"""What names where a rule comes from; chosen: it is ours, as how fast nothing answers."""

NO_RULES = ("clock.py", "coverage.py", "dumping.py", "faults.py", "guarding.py", "preset.py")
"""Modules without a rule of WorkMail: units of time, documents, the format of dumps, and what the
control path and the guard refuse."""


def list_modules() -> Iterator[tuple[str, str, ast.Module]]:
    for path in sorted(Path(coverage.__file__).parent.glob("*.py")):
        if path.name not in NO_RULES:
            text = path.read_text("utf-8")
            yield path.name, text, ast.parse(text)


def list_constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr, str]]:
    """List constants of a module: name, value, and what is said of them."""
    for statement, following in itertools.pairwise([*tree.body, ast.Pass()]):
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
            continue
        said = ""
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            said = str(following.value.value)
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        yield ast.unparse(targets[0]), statement.value, said


def has_number(value: ast.expr) -> bool:
    return any(
        isinstance(node, ast.Constant) and type(node.value) in (int, float)
        for node in ast.walk(value)
    )


def test_every_number_names_its_source() -> None:
    numbers = [
        (module, name, said)
        for module, _, tree in list_modules()
        for name, value, said in list_constants(tree)
        if has_number(value)
    ]

    assert len(numbers) > 20
    assert [] == [each[:2] for each in numbers if not SOURCE.search(each[2])]


FAULTS = {
    "ServiceFault",
    "entity_not_found",
    "entity_state",
    "invalid_parameter",
    "limit_exceeded",
    "not_found",
    "unsupported",
}


def refuses(function: ast.FunctionDef) -> bool:
    """Return whether a function itself raises an error of AWS."""
    return any(
        isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and ast.unparse(node.exc.func).rpartition(".")[2] in FAULTS
        for node in ast.walk(function)
    )


def test_every_refusal_names_its_source() -> None:
    """In its docstring, or in a comment beside it."""
    rules = [
        (module, function.name, ast.get_source_segment(text, function) or "")
        for module, text, tree in list_modules()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and refuses(function)
    ]

    assert len(rules) > 40
    assert [] == [each[:2] for each in rules if not SOURCE.search(each[2])]


def test_every_assumption_is_named_where_its_rule_stands() -> None:
    assert {assumption.name for assumption in Assumption} == coverage.cited()


def test_every_assumption_names_operations_that_exist() -> None:
    named = {name for assumption in Assumption for name in assumption.operations}

    assert set() == named - set(MODEL.operation_names) - {EVERY}
