"""Emulators whose every answer is held against botocore's model."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from workmail_emulator import Emulator, api
from workmail_emulator.dispatch import Answer

START = 1_790_000_000.0
REGION = "eu-west-1"
PASSWORD = "Correct-Horse-7"
UNMODELLED = {
    "IncompleteSignatureException",
    "InternalFailure",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "SerializationException",
    "ThrottlingException",
    "UnknownOperationException",
    "ValidationException",
}


class CheckedEmulator(Emulator):
    """An emulator that may only answer what the model allows."""

    def answer(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer, and hold the answer against the model."""
        answer = super().answer(headers, body)
        prefix, _, operation = str(_header(headers, "x-amz-target")).partition(".")
        service = api.TARGETS.get(prefix)
        document = json.loads(answer.body)
        if service is None or self.on_call is not None or self.faults.waiting():
            return answer
        if answer.status == 200:
            model = api.operation_model(service, operation)
            assert model is not None
            _check_shape(document, model.output_shape, operation)
        else:
            allowed = api.error_codes(service, operation) | UNMODELLED
            assert document["__type"] in allowed, f"{operation} has no {document['__type']}"
        return answer


def _header(headers: Mapping[str, str], wanted: str) -> str:
    return next((value for name, value in headers.items() if name.lower() == wanted), "")


def _check_shape(value: Any, shape: Any, where: str) -> None:
    if shape is None:
        assert value == {}, where
    elif shape.type_name == "structure":
        assert set(value) <= set(shape.members), where
        for name in shape.metadata.get("required", []):
            assert name in value, f"{where}.{name}"
        for name, item in value.items():
            _check_shape(item, shape.members[name], f"{where}.{name}")
    elif shape.type_name == "list":
        for item in value:
            _check_shape(item, shape.member, f"{where}[]")
    elif shape.type_name == "string":
        assert isinstance(value, str), where
        assert not getattr(shape, "enum", []) or value in shape.enum, where
    elif shape.type_name == "boolean":
        assert isinstance(value, bool), where
    else:
        assert isinstance(value, (int, float)), where


@dataclass
class Account:
    """A client beside its emulator, with the calls that most tests begin with.

    Attributes:
        organization: Id of the organization made last.
    """

    emulator: Emulator
    region: str = REGION
    organization: str = ""
    client: Any = field(init=False)

    def __post_init__(self) -> None:
        """Connect."""
        self.client = self.emulator.client("workmail", region=self.region)

    def __call__(self, operation: str, **parameters: Any) -> Any:
        """Call an operation of the organization, by botocore's method name."""
        reply = getattr(self.client, operation)(OrganizationId=self.organization, **parameters)
        reply.pop("ResponseMetadata")
        return reply

    def create(self, alias: str = "acme", **parameters: Any) -> str:
        """Create an organization and go on with it."""
        reply = self.client.create_organization(Alias=alias, **parameters)
        self.organization = reply["OrganizationId"]
        return self.organization

    def user(self, name: str, email: str | None = None, **parameters: Any) -> str:
        """Create a user, registered if an address is given."""
        fields = {"DisplayName": name.title(), **parameters}
        user_id: str = self("create_user", Name=name, **fields)["UserId"]
        if email:
            self("register_to_work_mail", EntityId=user_id, Email=email)
        return user_id

    def group(self, name: str, email: str | None = None) -> str:
        """Create a group, registered if an address is given."""
        group_id: str = self("create_group", Name=name)["GroupId"]
        if email:
            self("register_to_work_mail", EntityId=group_id, Email=email)
        return group_id

    def room(self, name: str, email: str | None = None) -> str:
        """Create a room, registered if an address is given."""
        room_id: str = self("create_resource", Name=name, Type="ROOM")["ResourceId"]
        if email:
            self("register_to_work_mail", EntityId=room_id, Email=email)
        return room_id

    def state(self, user_id: str) -> str:
        """Tell a user's state."""
        state: str = self("describe_user", UserId=user_id)["State"]
        return state


Make = Callable[..., Emulator]


@pytest.fixture(scope="session")
def make_emulator() -> Make:
    """Give the factory of emulators whose clock stands still until it is advanced."""

    def make(**settings: Any) -> Emulator:
        settings.setdefault("start", START)
        return CheckedEmulator(**settings)

    return make


@pytest.fixture
def emulator(make_emulator: Make) -> Emulator:
    """Give an emulator in which every change is complete at once."""
    return make_emulator(instant=True)


@pytest.fixture
def acme(emulator: Emulator) -> Account:
    """Give an account with the organization `acme` and its domain `acme.example`."""
    account = Account(emulator)
    account.create()
    account("register_mail_domain", DomainName="acme.example")
    return account


@pytest.fixture(scope="session")
def account_of() -> Callable[..., Account]:
    """Give what connects to an emulator, for tests with several regions."""
    return Account


Refused = Callable[[str], Any]


@pytest.fixture(scope="session")
def refused() -> Refused:
    """Give a context that expects an error code, and nothing else."""

    @contextmanager
    def expect(code: str) -> Generator[None]:
        with pytest.raises(ClientError) as caught:
            yield
        answer: Any = caught.value.response
        assert code == answer["Error"]["Code"]

    return expect
