from __future__ import annotations

from typing import Any

import pytest

from scenes import at, make_emulator
from workmail_emulator import Emulator
from workmail_emulator.faults import Fault
from workmail_org.changes.calls import Call, GeneratedPassword, Identity, Phase, Subject, make_call
from workmail_org.errors import ConflictError, NotFoundError
from workmail_org.model.values import Kind, Reference
from workmail_org.service.workmail import WorkMail
from workmail_org.service.writing import Writer

ALICE = Reference(Kind.USER, "alice")
CREATE = make_call(
    Phase.CREATE,
    "CreateUser",
    ALICE,
    Name="alice",
    DisplayName="Alice",
    Password=GeneratedPassword("alice"),
)
REGISTER = make_call(
    Phase.REGISTER,
    "RegisterToWorkMail",
    ALICE,
    EntityId=Identity(ALICE),
    Email=at("alice", "acme.awsapps.com"),
)
ALIAS = make_call(
    Phase.ALIAS,
    "CreateAlias",
    ALICE,
    EntityId=Identity(ALICE),
    Alias=at("al", "acme.awsapps.com"),
)


@pytest.fixture
def emulator() -> Emulator:
    return make_emulator()


@pytest.fixture
def writer(emulator: Emulator) -> Writer:
    client = emulator.client("workmail", region="eu-west-1")
    made = client.create_organization(Alias="acme")["OrganizationId"]
    ids: dict[Subject, str] = {}
    return Writer(WorkMail(client, made), ids, passwords={"alice": "Secret-Pass-1"})


def write_all(writer: Writer, *calls: Call) -> None:
    for call in calls:
        writer.write(call)


def test_ids_of_what_is_made_are_known_to_the_calls_that_follow(writer: Writer) -> None:
    write_all(writer, CREATE, REGISTER, ALIAS)
    found: dict[str, Any] = dict(writer.workmail.call("DescribeUser", UserId="alice"))

    assert writer.ids[ALICE] == found["UserId"]
    assert "ENABLED" == found["State"]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (REGISTER, "EntityAlreadyRegisteredException"),
        (REGISTER, "EmailAddressInUseException"),
        (ALIAS, "EmailAddressInUseException"),
    ],
    ids=["registered already", "own primary address", "own alias"],
)
def test_what_a_lost_answer_had_done_already_is_success(
    emulator: Emulator, writer: Writer, call: Call, code: str
) -> None:
    write_all(writer, CREATE, *([REGISTER] if call is ALIAS else []))
    emulator.faults.add(Fault(operation=call.operation, when="after", code=code, status=400))

    writer.write(call)


def test_an_address_of_somebody_else_is_named_with_its_owner(writer: Writer) -> None:
    write_all(writer, CREATE, REGISTER)
    bob = Reference(Kind.GROUP, "bobs")
    writer.write(make_call(Phase.CREATE, "CreateGroup", bob, Name="bobs"))
    taken = make_call(
        Phase.REGISTER,
        "RegisterToWorkMail",
        bob,
        EntityId=Identity(bob),
        Email=at("alice", "acme.awsapps.com"),
    )
    reason = r"alice@acme\.awsapps\.com belongs to user 'alice' already; take it away from there"
    with pytest.raises(ConflictError, match=reason):
        writer.write(taken)


def test_a_taken_name_is_never_taken_for_ones_own(writer: Writer) -> None:
    writer.write(CREATE)
    with pytest.raises(ConflictError, match="NameAvailabilityException"):
        writer.write(CREATE)


def test_who_is_not_there_is_named(writer: Writer) -> None:
    with pytest.raises(NotFoundError, match="user 'alice' is not there yet"):
        writer.write(REGISTER)


def test_no_password_shows_in_a_writer(writer: Writer) -> None:
    assert "Secret-Pass-1" not in repr(writer)
