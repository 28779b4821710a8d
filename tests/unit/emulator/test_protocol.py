"""Requests and answers: validation, pages, regions, the log, faults, lag."""

from __future__ import annotations

import math
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from workmail_emulator import Call, Emulator, Fault, ServiceFault, api, is_write, validation

ORGANIZATION = "m-0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        (
            "CreateOrganization",
            {"Alias": "a--b"},
            "Value 'a--b' at 'alias' failed to satisfy constraint: Member must satisfy regular"
            r" expression pattern: ^(?!d-)([\da-zA-Z]+)([-][\da-zA-Z]+)*",
        ),
        (
            "CreateOrganization",
            {},
            "Value at 'alias' failed to satisfy constraint: Member must not be null",
        ),
        (
            "ListUsers",
            {"OrganizationId": ORGANIZATION, "MaxResults": 101},
            "Value '101' at 'maxResults' failed to satisfy constraint: Member must have value"
            " less than or equal to 100",
        ),
        (
            "CreateResource",
            {"OrganizationId": ORGANIZATION, "Name": "x", "Type": "CAR"},
            "Value 'CAR' at 'type' failed to satisfy constraint: Member must satisfy enum value"
            " set: [EQUIPMENT, ROOM]",
        ),
        (
            "ResetPassword",
            {"OrganizationId": ORGANIZATION, "UserId": "u" * 12, "Password": "\u20ac"},
            "Value at 'password' failed to satisfy constraint: Member must satisfy regular"
            r" expression pattern: [\u0020-\u00FF]+",
        ),
        (
            "PutAccessControlRule",
            {
                "OrganizationId": ORGANIZATION,
                "Name": "r",
                "Effect": "DENY",
                "Description": "",
                "IpRanges": ["10.0.0.0/8", "10.0.0.0/33"],
            },
            "Value '10.0.0.0/33' at 'ipRanges.2.member' failed to satisfy constraint: Member must"
            " satisfy regular expression pattern: ",
        ),
    ],
)
def test_a_violated_constraint_is_told_as_aws_tells_it(
    operation: str, parameters: Any, expected: str
) -> None:
    with pytest.raises(ServiceFault) as caught:
        validation.check("workmail", operation, parameters)

    assert "InvalidParameterException" == caught.value.code
    assert expected in caught.value.message


def test_every_violation_is_told_at_once() -> None:
    with pytest.raises(ServiceFault) as caught:
        validation.check("workmail", "CreateUser", {"OrganizationId": "m-1", "Name": "a b"})

    assert caught.value.message.startswith("4 validation errors detected: ")


def test_a_wrong_json_type_is_a_serialization_error(emulator: Emulator, refused: Any) -> None:
    client = emulator.client("workmail", region="eu-west-1")

    with refused("SerializationException"):
        _unchecked(client).list_users(OrganizationId=ORGANIZATION, MaxResults="ten")


def _unchecked(client: Any) -> Any:
    """Let botocore send what it would refuse itself."""
    client._serializer._serializer = None
    from botocore.serialize import create_serializer

    client._serializer = create_serializer("json", include_validation=False)
    return client


@pytest.mark.parametrize("service", ["workmail", "ds"])
def test_every_pattern_of_the_model_is_understood(service: str) -> None:
    model = api.service_model(service)

    patterns = {model.shape_for(name).metadata.get("pattern") for name in model.shape_names}

    assert all(validation.compiled(pattern) for pattern in patterns if pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        (r"[\w\-.]+", "müller", False),
        (r"^[\w+=,.@-]+$", "a\n", False),
        (r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$", "Kostenstelle Köln\u2003٣", True),
        (r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$", "a;b", False),
    ],
)
def test_java_patterns_match_as_java_does(pattern: str, text: str, matches: bool) -> None:
    assert matches == bool(validation.compiled(pattern).fullmatch(text))


def test_pages_hold_what_was_asked_for_and_every_entry_once(acme: Any) -> None:
    for number in range(7):
        acme.user(f"user{number}")
    pages: list[list[str]] = []
    token: dict[str, str] = {}

    while not pages or token:
        reply = acme("list_users", MaxResults=4, **token)
        pages.append([user["Name"] for user in reply["Users"]])
        token = {"NextToken": reply["NextToken"]} if "NextToken" in reply else {}

    assert [4, 4, 2] == [len(page) for page in pages]
    assert 10 == len({name for page in pages for name in page})


def test_a_small_default_page_catches_who_does_not_read_on(
    make_emulator: Any, account_of: Any
) -> None:
    acme = account_of(make_emulator(instant=True, page_size=2))
    acme.create()

    assert 2 == len(acme("list_users")["Users"])


def test_a_token_of_another_list_is_refused(acme: Any, refused: Any) -> None:
    token = acme("list_users", MaxResults=1)["NextToken"]

    for wrong in (token, "nonsense"):
        with refused("InvalidParameterException"):
            acme("list_groups", NextToken=wrong)


def test_a_region_without_workmail_is_refused(emulator: Emulator, refused: Any) -> None:
    with refused("InvalidSignatureException"):
        emulator.client("workmail", region="eu-central-1").list_organizations()


def test_an_unknown_operation_is_answered_as_aws_does(emulator: Emulator) -> None:
    headers = {
        "X-Amz-Target": "WorkMailService.MakeCoffee",
        "Authorization": "AWS4-HMAC-SHA256 Credential=k/20260101/eu-west-1/workmail/aws4_request",
    }

    answer = emulator.answer(headers, b"{}")

    assert (400, b'{"__type": "UnknownOperationException"}') == (answer.status, answer.body)
    assert ["MakeCoffee"] == [call.operation for call in emulator.calls]


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({"X-Amz-Target": "S3.GetObject"}, b"", "UnknownOperationException"),
        ({}, b"", "UnknownOperationException"),
        (
            {"X-Amz-Target": "WorkMailService.ListUsers"},
            b"",
            "MissingAuthenticationTokenException",
        ),
        (
            {"X-Amz-Target": "WorkMailService.ListUsers", "Authorization": "Basic x"},
            b"",
            "IncompleteSignatureException",
        ),
    ],
)
def test_what_is_no_request_gets_aws_s_error(
    emulator: Emulator, headers: dict[str, str], body: bytes, code: str
) -> None:
    assert code.encode() in emulator.answer(headers, body).body


def test_the_log_tells_what_was_asked_and_how_it_ended(acme: Any, refused: Any) -> None:
    acme.emulator.clear_calls()

    acme.user("alice", Password="Correct-Horse-7")
    with refused("EntityNotFoundException"):
        acme("describe_user", UserId="bob")

    created, described = acme.emulator.calls
    assert {
        "OrganizationId": acme.organization,
        "Name": "alice",
        "DisplayName": "Alice",
        "Password": "***",
    } == created.parameters
    assert ("CreateUser", "eu-west-1", True, None, True) == (
        created.operation,
        created.region,
        created.write,
        created.error,
        created.effect,
    )
    assert ("EntityNotFoundException", False) == (described.error, described.effect)
    assert (created,) == acme.emulator.writes


def test_no_password_is_kept_anywhere(acme: Any, refused: Any) -> None:
    canary = "Canary-9f31c"
    user_id = acme.user("alice", Password=canary)
    acme("reset_password", UserId=user_id, Password=canary)
    with refused("InvalidPasswordException"):
        acme("reset_password", UserId=user_id, Password=canary * 9)

    everything = f"{acme.emulator.calls}{acme.emulator.state()}{vars(acme.emulator._world)}"

    assert canary not in everything


def test_reads_and_writes_are_told_apart() -> None:
    operations = api.service_model("workmail").operation_names

    verbs = {operation[:3] for operation in operations if is_write(operation)}

    assert {"Ass", "Can", "Cre", "Del", "Der", "Dis", "Put", "Reg", "Res", "Sta"} | {
        "Tag",
        "Unt",
        "Upd",
    } == verbs
    assert 54 == sum(map(is_write, operations))
    assert is_write("PutRetentionPolicy")
    assert not is_write("TestAvailabilityConfiguration")


def test_the_second_call_of_an_operation_fails_before_its_effect(acme: Any) -> None:
    acme.emulator.faults.add(
        Fault(operation="CreateUser", nth=2, code="DirectoryUnavailableException", status=400)
    )
    outcomes: list[str] = []

    for name in ("a", "b", "c"):
        try:
            acme.user(name)
            outcomes.append("done")
        except ClientError as error:
            outcomes.append(str(error.response.get("Error", {}).get("Code")))

    assert ["done", "DirectoryUnavailableException", "done"] == outcomes
    assert ["a", "c"] == [user["Name"] for user in acme("list_users")["Users"]][3:]
    assert [] == acme.emulator.faults.waiting()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_says_nothing_about_the_effect(acme: Any, when: Any) -> None:
    acme.emulator.faults.add(Fault(operation="CreateUser", when=when, answer="lost"))

    with pytest.raises(ConnectionClosedError):
        acme.user("alice")

    call = next(call for call in acme.emulator.calls if call.operation == "CreateUser")
    users = acme("list_users", Filters={"UsernamePrefix": "alice"})["Users"]
    assert ("ResponseLost", when == "after") == (call.error, call.effect)
    assert (when == "after") == bool(users)


def test_an_error_after_the_effect_is_a_500(acme: Any, refused: Any) -> None:
    acme.emulator.faults.add(Fault(when="after", nth=2))

    acme.user("alice")
    with refused("InternalFailure"):
        acme.user("bob")

    acme("describe_user", UserId="bob")


def test_the_nth_call_of_all_is_throttled_as_long_as_asked(acme: Any) -> None:
    acme.emulator.faults.add(Fault(nth=2, times=2, code="ThrottlingException", status=400))
    outcomes: list[bool] = []

    for _ in range(4):
        try:
            acme("list_users")
            outcomes.append(True)
        except ClientError:
            outcomes.append(False)

    assert [True, False, False, True] == outcomes


def test_a_hook_sees_each_effect_and_may_stop_it(acme: Any, refused: Any) -> None:
    seen: list[tuple[str, str, bool]] = []

    def hook(phase: str, call: Call) -> None:
        seen.append((phase, call.operation, call.effect))
        if phase == "before" and call.operation == "DeleteUser":
            raise ServiceFault("EntityStateException", "not now")

    acme.emulator.on_call = hook
    acme.user("alice")
    with refused("EntityStateException"):
        acme("delete_user", UserId="alice")

    assert [
        ("before", "CreateUser", False),
        ("after", "CreateUser", True),
        ("before", "DeleteUser", False),
    ] == seen


def test_a_hook_may_end_the_test_as_a_killed_process_would(acme: Any) -> None:
    class KilledError(BaseException):
        """The process is gone."""

    def hook(phase: str, _: Call) -> None:
        if phase == "after":
            raise KilledError

    acme.emulator.on_call = hook
    with pytest.raises(KilledError):
        acme.user("alice")
    acme.emulator.on_call = None

    assert "DISABLED" == acme.state("alice")


def test_throttling_lets_so_many_calls_a_second_through(
    make_emulator: Any, account_of: Any, refused: Any
) -> None:
    account = account_of(make_emulator(instant=True, throttle=2))
    account.create()
    account("list_users")

    with refused("ThrottlingException"):
        account("list_users")
    account.emulator.clock.advance(0.5)
    account("list_users")


def test_reads_are_behind_writes_by_the_lag(
    make_emulator: Any, account_of: Any, refused: Any
) -> None:
    acme = account_of(make_emulator(instant=True, lag=60.0))
    acme.create()
    user_id = acme.user("alice")

    for call in ("describe_user", "delete_user"):
        if call == "describe_user":
            with refused("EntityNotFoundException"):
                acme(call, UserId=user_id)
    with refused("EntityNotFoundException"):
        acme("register_to_work_mail", EntityId=user_id, Email="alice@acme.awsapps.com")
    with refused("NameAvailabilityException"):
        acme.user("alice")
    acme.emulator.clock.advance(60)
    acme("register_to_work_mail", EntityId=user_id, Email="alice@acme.awsapps.com")
    before = acme.state(user_id)
    acme.emulator.clock.advance(60)

    assert ("DISABLED", "ENABLED") == (before, acme.state(user_id))


def test_what_nobody_saw_late_is_read_at_once(make_emulator: Any, account_of: Any) -> None:
    """Organizations, domains, rules, settings and tags; Assumption LAG."""
    acme = account_of(make_emulator(instant=True, lag=60.0))
    acme.create()
    acme("register_mail_domain", DomainName="acme.example")
    acme("update_default_mail_domain", DomainName="acme.example")
    acme("put_access_control_rule", Name="web", Effect="DENY", Description="d")
    acme("put_inbound_dmarc_settings", Enforced=False)
    arn = acme("describe_organization")["ARN"]
    acme.client.tag_resource(ResourceARN=arn, Tags=[{"Key": "team", "Value": "post"}])
    made = acme.client.list_organizations()["OrganizationSummaries"]
    tags = acme.client.list_tags_for_resource(ResourceARN=arn)["Tags"]
    names = {rule["Name"] for rule in acme("list_access_control_rules")["Rules"]}

    assert ["acme.example"] == [each["DefaultMailDomain"] for each in made]
    assert acme("get_mail_domain", DomainName="acme.example")["IsDefault"]
    assert {"default", "web"} == names
    assert not acme("describe_inbound_dmarc_settings")["Enforced"]
    assert [{"Key": "team", "Value": "post"}] == tags


def test_a_user_just_deregistered_is_not_deleted_before_that_is_seen(
    make_emulator: Any, account_of: Any, refused: Any
) -> None:
    acme = account_of(make_emulator(instant=True, lag=60.0))
    acme.create()
    acme.emulator.clock.advance(60)
    user_id = acme.user("alice")
    acme.emulator.clock.advance(60)
    acme("register_to_work_mail", EntityId=user_id, Email="alice@acme.awsapps.com")
    acme.emulator.clock.advance(60)
    acme("deregister_from_work_mail", EntityId=user_id)

    with refused("EntityStateException"):
        acme("delete_user", UserId=user_id)
    acme.emulator.clock.advance(60)
    acme("delete_user", UserId=user_id)


def test_a_reset_forgets_everything_but_the_time(acme: Any) -> None:
    acme.emulator.clock.advance(10)
    now = acme.emulator.clock.now()

    acme.emulator.reset()

    assert ((), (), now) == (
        acme.emulator.calls,
        acme.emulator.mailboxes,
        acme.emulator.clock.now(),
    )
    assert [] == acme.client.list_organizations()["OrganizationSummaries"]
    acme.create("acme")


def test_two_runs_of_the_same_calls_give_the_same_ids(make_emulator: Any, account_of: Any) -> None:
    seen: list[tuple[str, str]] = []

    for _ in range(2):
        acme = account_of(make_emulator(instant=True))
        acme.create()
        acme("list_users")
        seen.append((acme.organization, acme.user("alice")))

    assert seen[0] == seen[1]


def test_only_the_two_services_can_be_attached(emulator: Emulator) -> None:
    foreign = api.session().create_client(
        "sts", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b"
    )

    with pytest.raises(ValueError, match="sts is not emulated"):
        emulator.attach(foreign)


@pytest.mark.parametrize(
    "setting",
    [
        {"page_size": 0},
        {"page_size": 101},
        {"lag": -1.0},
        {"throttle": 0.0},
        {"active_after": -1.0},
        {"active_after": math.nan},
        {"test_domain_after": math.inf},
    ],
)
def test_a_setting_that_means_nothing_is_refused(setting: Any) -> None:
    with pytest.raises(ValueError, match=r"entries|negative|seconds|calls a second"):
        Emulator(**setting)


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_json_object_is_a_serialization_error(
    emulator: Emulator, body: bytes
) -> None:
    headers = {
        "x-amz-target": "WorkMailService.ListOrganizations",
        "authorization": "AWS4-HMAC-SHA256 Credential=k/20260101/eu-west-1/workmail/aws4_request",
    }

    assert b"SerializationException" in emulator.answer(headers, body).body


def test_what_aws_has_and_the_emulator_has_not_is_never_mistaken_for_aws(
    make_emulator: Any,
) -> None:
    emulator = make_emulator()

    def look_away(_phase: str, _call: Call) -> None:
        """Keep this answer from being held against the model."""

    emulator.on_call = look_away
    ds = emulator.client("ds", region="eu-west-1")

    with pytest.raises(ClientError) as caught:
        ds.list_ip_routes(DirectoryId="d-0123456789")

    answer: Any = caught.value.response
    assert ("NotEmulatedException", 501) == (
        answer["Error"]["Code"],
        answer["ResponseMetadata"]["HTTPStatusCode"],
    )


def test_only_two_operations_fail_later(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="CreateUser does not fail later"):
        emulator.fail_later("CreateUser", "x")
