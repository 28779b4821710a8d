"""Operating commands struck at every call: done again they finish, and nothing is lost unlisted.

Counted are all calls to AWS, in the order made: WorkMail's, the ledger's and
the secret's. Each run is struck at one of them, before or after its effect.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from copy import copy, deepcopy
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

import effort
import scenes
from cloudformation import Killed, Stack
from scenes import assert_equals, at, make_emulator, make_group, make_organization, make_user
from striking import take_picture
from workmail_emulator.errors import ResponseLost, ServiceFault
from workmail_org.errors import PermanentError, TemporaryError, UnsafePlanError, WorkMailOrgError
from workmail_org.model.bookable import Bookable, BookableType
from workmail_org.model.removal import OnRemoval, Removal
from workmail_org.model.values import Kind, Reference, parse_reference
from workmail_org.operating.deployed import Deployed
from workmail_org.operating.purging import digest_losses, purge, survey
from workmail_org.operating.removed import list_removed
from workmail_org.operating.resetting import reset_password
from workmail_org.operating.restoring import restore
from workmail_org.service.reading import list_entities
from workmail_org.service.workmail import WorkMail

STEP = 1 if effort.ALL else 3

WORDS = OnRemoval(groups=Removal.DISABLE)
ALICE = make_user("alice", aliases=(at("al"), at("liddell")))
BOB = make_user("bob")
CAROL = make_user("carol")
SALES = make_group("sales", "bob", aliases=(at("shop"),))
ROOM = Bookable(name="room", type=BookableType.ROOM, email=at("room"), aliases=(at("hall"),))
ALL = make_organization(ALICE, BOB, CAROL, SALES, resources=(ROOM,), on_removal=WORDS)
LEFT = make_organization(BOB, on_removal=WORDS)
REMOVED = ("alice", "carol", "group:sales", "resource:room")


@dataclass(frozen=True)
class Blow:
    """What goes wrong at one call: to WorkMail, to the ledger, to Secrets Manager.

    Attributes:
        phase: Before or after the effect.
    """

    phase: str
    workmail: BaseException
    ledger: BaseException
    secrets: BaseException


def _refuse(code: str, status: int = 400) -> ClientError:
    answer = {
        "Error": {"Code": code, "Message": ""},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(cast("Any", answer), "Any")


BLOWS = {
    "refused": Blow(
        "before",
        ServiceFault("AccessDeniedException", "no"),
        PermanentError("no"),
        _refuse("AccessDeniedException"),
    ),
    "failed for now": Blow(
        "before",
        ServiceFault("InternalFailure", "", status=500),
        TemporaryError("no"),
        _refuse("InternalFailure", 500),
    ),
    "throttled": Blow(
        "before",
        ServiceFault("ThrottlingException", "Rate exceeded"),
        TemporaryError("no"),
        _refuse("ThrottlingException"),
    ),
    "answer lost": Blow(
        "after", ResponseLost(), TemporaryError("lost"), ReadTimeoutError(endpoint_url="https://x")
    ),
    "killed before the effect": Blow("before", Killed(), Killed(), Killed()),
    "killed after the effect": Blow("after", Killed(), Killed(), Killed()),
}


class Striker:
    """Counts the calls of a command, and deals one blow at one of them."""

    def __init__(self) -> None:
        self.seen = 0
        self.due: tuple[Blow, int] | None = None

    def meet(self, phase: str, kind: str) -> None:
        self.seen += phase == "before"
        if self.due and self.due[1] == self.seen and self.due[0].phase == phase:
            blow, self.due = self.due[0], None
            raise getattr(blow, kind)


class Watched:
    """Everything that some object does, struck."""

    def __init__(self, inner: Any, kind: str, striker: Striker) -> None:
        self._inner, self._kind, self._striker = inner, kind, striker

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            self._striker.meet("before", self._kind)
            answer = getattr(self._inner, name)(*arguments, **keywords)
            self._striker.meet("after", self._kind)
            return answer

        return call


class Ward:
    """A stack that alice, carol, sales and a room have left; every run begins there."""

    def __init__(self) -> None:
        self._emulator = make_emulator()
        self._stack = Stack(self._emulator)
        self._stack.deploy(ALL)
        self.before = self.look()
        # What WorkMail notes and what the ledger notes are never quite the same time.
        self._emulator.on_call = self._take_time
        self._stack.deploy(LEFT)
        self._emulator.on_call = None
        self._put_back = self._emulator.save()
        self.tokens = self._list_tokens()

    def _take_time(self, _phase: str, _call: Any) -> None:
        self._emulator.clock.advance(0.25)

    def begin(self) -> Stack:
        self._put_back()
        stack = copy(self._stack)
        stack.ledger = deepcopy(stack.ledger)
        stack.secrets = deepcopy(stack.secrets)
        stack.cloudformation = deepcopy(stack.cloudformation)
        stack.deployed = deepcopy(stack.deployed)
        return stack

    def look(self) -> Any:
        return take_picture(self._emulator.state())

    def _list_tokens(self) -> dict[str, str]:
        return {mailbox.name: mailbox.token for mailbox in self._emulator.mailboxes}

    def has_every_mailbox(self) -> bool:
        return self.tokens == self._list_tokens()

    @contextmanager
    def watch(self, stack: Stack) -> Generator[tuple[Striker, Deployed]]:
        striker = Striker()
        deployed = replace(
            operate(stack),
            ledger=cast("Any", Watched(stack.ledger, "ledger", striker)),
            secrets=cast("Any", Watched(stack.secrets, "secrets", striker)),
        )
        self._emulator.on_call = lambda phase, _call: striker.meet(phase, "workmail")
        try:
            yield striker, deployed
        finally:
            self._emulator.on_call = None


def operate(stack: Stack) -> Deployed:
    return Deployed(
        spec=LEFT,
        workmail=WorkMail(stack.workmail, stack.organization_id),
        ledger=stack.ledger,
        secrets=cast("Any", stack.secrets),
        secret_arns=("arn:secret0",),
        epoch=stack.emulator.clock.now,
    )


@pytest.fixture(scope="module")
def ward() -> Ward:
    return Ward()


Command = Callable[[Deployed], object]


def strike(ward: Ward, blow: Blow, command: Command) -> Iterator[Stack]:
    """Run a command again and again, each time struck at another call, and give what is left.

    `make test` strikes one call in three, each blow others; `make test-all` strikes all.
    """
    stack = ward.begin()
    with ward.watch(stack) as (striker, deployed):
        command(deployed)
        calls = striker.seen
    assert calls >= 4
    first = 1 + list(BLOWS.values()).index(blow) % STEP
    for number in range(first, calls + 1, STEP):
        stack = ward.begin()
        with ward.watch(stack) as (striker, deployed):
            striker.due = (blow, number)
            with suppress(Killed, WorkMailOrgError):
                command(deployed)
            assert striker.due is None
        yield stack


def do_again(stack: Stack, command: Command) -> None:
    """Run it again; where nothing is left to do it may say that nobody is left to do it to."""
    with suppress(UnsafePlanError):
        command(operate(stack))


@pytest.fixture(params=BLOWS)
def blow(request: pytest.FixtureRequest) -> Blow:
    return BLOWS[request.param]


@pytest.mark.parametrize("name", REMOVED)
def test_a_restore_struck_anywhere_is_finished_by_the_next(
    ward: Ward, blow: Blow, name: str
) -> None:
    reference = parse_reference(name)
    for stack in strike(ward, blow, lambda deployed: restore(deployed, reference)):
        assert ward.has_every_mailbox()
        assert_truth(ward, stack, reference)
        do_again(stack, lambda deployed: restore(deployed, reference))

        key = f"{reference.kind} {reference.name}"
        assert identify(ward.before[key]) == identify(ward.look()[key])
        assert name not in [str(each.reference) for each in list_removed(operate(stack))]
        assert stack.ledger.entries[reference].removed_at is None
        assert ward.has_every_mailbox()


def assert_truth(ward: Ward, stack: Stack, reference: Reference) -> None:
    """Check that who is not listed as removed is back as it was."""
    listed = {each.reference for each in list_removed(operate(stack))}
    if reference not in listed:
        key = f"{reference.kind} {reference.name}"
        assert identify(ward.before[key]) == identify(ward.look()[key])
        assert stack.ledger.entries[reference].removed_at is None


def identify(shown: dict[str, Any]) -> dict[str, Any]:
    """Leave out members: WorkMail forgets them, the next deployment brings them."""
    return {key: value for key, value in shown.items() if key not in ("members", "disabled_at")}


@pytest.mark.parametrize("name", REMOVED)
@pytest.mark.parametrize("word", ["killed before the effect", "killed after the effect"])
def test_after_half_a_restore_a_deployment_makes_what_the_spec_says(
    ward: Ward, word: str, name: str
) -> None:
    reference = parse_reference(name)
    for stack in strike(ward, BLOWS[word], lambda deployed: restore(deployed, reference)):
        stack.deploy(ALL)

        assert ward.before == ward.look()
        assert () == list_removed(operate(stack))
        assert ward.has_every_mailbox()


def test_who_left_and_is_half_restored_is_left_alone_by_a_deployment_without_them(
    ward: Ward,
) -> None:
    reference = Reference(Kind.USER, "alice")
    for stack in strike(
        ward, BLOWS["killed after the effect"], lambda deployed: restore(deployed, reference)
    ):
        before = {each.reference: each.is_back for each in list_removed(operate(stack))}
        stack.deploy(make_organization(replace(BOB, display_name="Robert"), on_removal=WORDS))
        after = {each.reference: each.is_back for each in list_removed(operate(stack))}

        # Only what is restored whole is the stack's again, and so switched off again.
        assert {**before, reference: before.get(reference, False)} == after
        assert ward.has_every_mailbox()


def test_a_purge_struck_anywhere_is_finished_by_the_next_with_the_same_word(
    ward: Ward, blow: Blow
) -> None:
    references = [parse_reference(name) for name in REMOVED if name != "carol"]
    word = digest_losses(survey(operate(ward.begin()), references))

    def erase(deployed: Deployed) -> None:
        purge(deployed, survey(deployed, references), word)

    for stack in strike(ward, blow, erase):
        do_again(stack, erase)

        assert ["carol"] == [str(each.reference) for each in list_removed(operate(stack))]
        assert not stack.ledger.entries.keys() & set(references)
        assert not list_there(stack) & set(references)
        stack.deploy(ALL)
        assert_equals(scenes.take_picture(stack), ALL)


def list_there(stack: Stack) -> set[Reference]:
    workmail = operate(stack).workmail
    return {row.reference.folded for kind in Kind for row in list_entities(workmail, kind)}


def test_before_a_purge_says_the_word_nothing_is_deleted(ward: Ward, blow: Blow) -> None:
    references = [parse_reference(name) for name in REMOVED]
    for stack in strike(ward, blow, lambda deployed: survey(deployed, references)):
        assert ward.has_every_mailbox()
        assert list(REMOVED) == sorted(str(each.reference) for each in list_removed(operate(stack)))


def test_a_password_reset_struck_anywhere_is_finished_by_the_next(ward: Ward, blow: Blow) -> None:
    for stack in strike(ward, blow, lambda deployed: reset_password(deployed, "bob")):
        before = read_passwords(stack)
        heard: list[str] = []
        deployed = operate(stack)
        workmail = cast("Any", Overheard(deployed.workmail, heard))
        reset_password(replace(deployed, workmail=workmail), "bob")

        assert {**before, "bob": heard[0]} == read_passwords(stack)
        assert ["alice", "bob", "carol"] == sorted(before)


@dataclass(frozen=True)
class Overheard:
    """An organization; every password on the way to it is heard."""

    inner: WorkMail
    heard: list[str]

    def call(self, operation: str, **parameters: Any) -> Any:
        if "Password" in parameters:
            self.heard.append(parameters["Password"])
        return self.inner.call(operation, **parameters)

    def list(self, *arguments: Any, **parameters: Any) -> Any:
        return self.inner.list(*arguments, **parameters)


def read_passwords(stack: Stack) -> dict[str, str]:
    return json.loads(stack.secrets.values["arn:secret0"])
