"""The emulator: its accounts, with one clock, the faults and the log of calls."""

from __future__ import annotations

import math
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from workmail_emulator import (
    api,
    client,
    dispatch,
    domains,
    dumping,
    exports,
    foreign,
    preset,
    view,
)
from workmail_emulator.calls import Call, Hook, Log, Phase
from workmail_emulator.clock import Clock
from workmail_emulator.dispatch import Answer, Request
from workmail_emulator.errors import ResponseLost, ServiceFault
from workmail_emulator.faults import Faults, Throttle
from workmail_emulator.organizations import CREATED_SECONDS
from workmail_emulator.world import DEFAULT_ACCOUNT, Context, Lookup, Settings, Store, World

if TYPE_CHECKING:
    from types import TracebackType

    from botocore.config import Config


class Emulator:
    """Amazon WorkMail and AWS Directory Service in memory.

        with Emulator(instant=True) as emulator:
            workmail = emulator.client("workmail", region="eu-west-1")
            workmail.create_organization(Alias="acme")

    Attributes:
        clock: Virtual time.
        faults: What is to go wrong.
        on_call: Called before and after each effect; what it raises (`ServiceFault`,
            `ResponseLost`, or anything to stop the test) the caller sees instead of the answer.
    """

    def __init__(
        self,
        *,
        instant: bool = False,
        lag: float = 0.0,
        active_after: float = CREATED_SECONDS,
        test_domain_after: float = 0.0,
        throttle: float | None = None,
        page_size: int = 100,
        account: str = DEFAULT_ACCOUNT,
        verified: Iterable[str] = (),
        dns: Lookup | None = None,
        store: Store | None = None,
        start: float | None = None,
    ) -> None:
        """Set up an empty account.

        Args:
            instant: Every asynchronous change is complete by the next read. Without `dns`, domains
                are then verified at once.
            lag: Seconds by which reads of people, and of what belongs to them, are behind writes.
            active_after: Seconds from CreateOrganization until an organization is Active.
            test_domain_after: Seconds from then until its test domain is verified; before that
                no address can be in it.
            throttle: Calls per second and region that are let through; None for all.
            page_size: Entries on a page when no MaxResults is sent, 1 to 100.
            account: Twelve digits, in every ARN; whose calls have an access key id that is not
                twelve digits itself.
            verified: Domains that are verified as soon as they are registered.
            dns: Looks up names; domains are verified when their records are found.
            store: Takes what export jobs write.
            start: Time in seconds since the epoch at which the clock stands still until it is
                advanced; None for a clock that runs.

        Raises:
            ValueError: A setting means nothing.
        """
        if not 1 <= page_size <= 100:
            raise ValueError(f"a page has 1 to 100 entries: {page_size}")
        for name, seconds in (
            ("active_after", active_after),
            ("test_domain_after", test_domain_after),
            ("lag", lag),
        ):
            if not 0 <= seconds < math.inf:
                raise ValueError(f"{name} is a number of seconds, 0 or more: {seconds}")
        if not dumping.ACCOUNT.fullmatch(account):
            raise ValueError(f"an account is twelve digits: {account}")
        if throttle is not None and not 0 < throttle < math.inf:
            raise ValueError(f"throttle is a number of calls a second, more than 0: {throttle}")
        self._settings = Settings(
            instant=instant,
            lag=lag,
            active_after=active_after,
            test_domain_after=test_domain_after,
            throttle=throttle,
            page_size=page_size,
            account=account,
            verified=frozenset(name.lower() for name in verified),
            dns=dns,
            store=store,
        )
        self.clock = Clock(start)
        self.faults = Faults()
        self.on_call: Hook | None = None
        self._throttle = Throttle(throttle)
        self._log = Log()
        self._lock = threading.RLock()
        self._worlds = {account: World(self._settings)}

    def __enter__(self) -> Self:
        """Give the emulator; it needs no start."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End nothing: calls and mailboxes can be looked at afterwards."""

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every call since the start or the last reset, in the order of arrival."""
        return self._log.all()

    @property
    def writes(self) -> tuple[Call, ...]:
        """The calls that can change something."""
        return tuple(call for call in self.calls if call.write)

    @property
    def mailboxes(self) -> tuple[view.MailboxView, ...]:
        """Every mailbox there ever was, lost ones included; a test compares tokens."""
        with self._lock:
            return view.mailboxes(self._worlds.values(), self.clock.now())

    def client(self, service: str, *, region: str, config: Config | None = None) -> Any:
        """Make a real botocore client whose requests end here instead of in the network.

        Args:
            service: `workmail` or `ds`.
            region: AWS region.
            config: By default calls are not retried, so that tests see each error.
        """
        made = client.create(service, region, config)
        self.attach(made)
        return made

    def attach(self, made: Any) -> None:
        """Let the requests of an existing botocore or boto3 client end here."""
        client.attach(made, self.answer)

    def reset(self) -> None:
        """Forget the account, the calls and the faults; the clock goes on."""
        with self._lock:
            self._worlds = {self._settings.account: World(self._settings)}
            self._throttle = Throttle(self._settings.throttle)
        self._log.clear()
        self.faults.clear()

    def save(self) -> Callable[[], None]:
        """Keep the account as it is now.

        Returns:
            Puts it back, as often as wanted; time goes on.
        """
        with self._lock:
            kept = deepcopy(self._worlds)

        def put_back() -> None:
            with self._lock:
                self._worlds = deepcopy(kept)

        return put_back

    def dump(self) -> api.Document:
        """Show everything that is needed to go on elsewhere, as JSON; README.md says what it has.

        It holds no password, but people's names and addresses.
        """
        with self._lock:
            return dumping.dump(self._worlds, self.clock.now())

    def seed(self, document: object) -> None:
        """Replace everything by what was dumped; the clock goes on from there if it was behind.

        Args:
            document: As `dump` shows it; what has a default can be left out.

        Raises:
            ValueError: It is not a dump of this version, or contradicts itself; nothing changed.
        """
        then, worlds = dumping.load(document, self._settings)
        self.reset()
        with self._lock:
            self.clock.advance(max(0.0, then - self.clock.now()))
            self._worlds = worlds

    def clear_calls(self) -> None:
        """Forget the calls alone."""
        self._log.clear()

    def verify(self, domain: str) -> None:
        """Let a domain be verified in every region, registered by now or later."""
        with self._lock:
            self._world().verified.add(domain.lower())

    def set_instant(self, instant: bool) -> None:
        """Let asynchronous changes be complete by the next read from now on, or take their time."""
        with self._lock:
            self._settings = replace(self._settings, instant=instant)
            for world in self._worlds.values():
                world.settings = replace(world.settings, instant=instant)

    def fail_later(self, operation: str, message: str) -> None:
        """Let the next asynchronous work of an operation begin well and end as failed.

        Args:
            operation: `CreateOrganization` or `StartMailboxExportJob`.
            message: What is shown as its reason.

        Raises:
            ValueError: The operation is done when it is answered.
        """
        if operation not in ("CreateOrganization", "StartMailboxExportJob"):
            raise ValueError(f"{operation} does not fail later")
        with self._lock:
            self._world().failures.setdefault(operation, []).append(message)

    def state(self, account: str | None = None) -> api.Document:
        """Show an account as JSON; without a number the emulator's own."""
        with self._lock:
            return deepcopy(view.state(self._world(account), self.clock.now()))

    def add_directory(self, document: Mapping[str, Any]) -> str:
        """Make a directory that is Active at once, with users and groups in it.

        Args:
            document: As `POST /_emulator/directories` takes it; see README.md.

        Returns:
            The directory's id.

        Raises:
            ServiceFault: A name is there twice, the alias or the id is taken.
            ValueError: A key is missing or unknown.
        """
        with self._lock:
            context = self._context(str(document.get("region")), document.get("account"))
            return preset.add_directory(context, document)

    def add_network(self, document: Mapping[str, Any]) -> None:
        """Put a directory outside of AWS, which an AD Connector to its name will read.

        Args:
            document: As `POST /_emulator/networks` takes it; see README.md.

        Raises:
            ServiceFault: A name is there twice.
            ValueError: A key is missing or unknown.
        """
        with self._lock:
            preset.add_network(self._context(""), document)

    def add_access_token(
        self, *, region: str, organization: str, user: str, name: str, account: str | None = None
    ) -> str:
        """Make a personal access token as a user does in the web application.

        Args:
            region: AWS region.
            organization: Id of the organization.
            user: Id of the user.
            name: What the user calls it.
            account: Twelve digits; the emulator's own if left out.

        Returns:
            The token's id.

        Raises:
            KeyError: There is no such organization or user.
        """
        with self._lock:
            return preset.add_access_token(self._context(region, account), organization, user, name)

    def resize_mailbox(self, token: str, size: float) -> None:
        """Fill a mailbox.

        Args:
            token: As in `mailboxes`.
            size: Megabytes.

        Raises:
            KeyError: There is no such mailbox in use or kept.
        """
        with self._lock:
            preset.resize_mailbox(self._worlds.values(), token, size)

    def answer(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request; the names of its headers are in any case.

        Raises:
            ResponseLost: The answer is to get lost; whether the call took effect is in the log.
        """
        request_id = str(uuid.uuid4())
        return replace(self._answer_any(headers, body, request_id), time=self.clock.now())

    def _answer_any(self, headers: Mapping[str, str], body: bytes, request_id: str) -> Answer:
        lowered = {key.lower(): value for key, value in headers.items()}
        if (refusal := foreign.refuse(lowered, request_id)) is not None:
            return Answer(foreign.STATUS, refusal.body, request_id, refusal.headers)
        try:
            request = dispatch.parse(lowered, body)
        except ServiceFault as fault:
            return dispatch.failure(fault, request_id)
        return self._answer(request, request_id)

    def _answer(self, request: Request, request_id: str) -> Answer:
        call = self._log.open(self._call(request, request_id))
        try:
            self._strike("before", call)
            reply = self._carry_out(request)
            call = replace(call, effect=True)
            self._strike("after", call)
            answer = dispatch.success(reply, request_id)
        except ServiceFault as fault:
            call = replace(call, error=fault.code)
            answer = dispatch.failure(fault, request_id)
        except ResponseLost:
            call = replace(call, error="ResponseLost")
            raise
        finally:
            self._log.close(call)
        return answer

    def _strike(self, phase: Phase, call: Call) -> None:
        """Let throttling, the injected faults and the hook have their say."""
        if phase == "before":
            self._throttle.admit(f"{call.account}/{call.region}", call.time)
        self.faults.strike(phase, call)
        if self.on_call is not None:
            self.on_call(phase, call)

    def _carry_out(self, request: Request) -> api.Document:
        self._look_up_domains(request)
        self._write_exports(request)
        with self._lock:
            return dispatch.carry_out(self._world(request.account), request, self.clock.now())

    def _world(self, account: str | None = None) -> World:
        """Give an account, made on its first use; without a number the emulator's own."""
        own = self._settings.account
        wanted = account or own
        if wanted not in self._worlds:
            self._worlds[wanted] = self._worlds[own].beside(wanted)
        return self._worlds[wanted]

    def _context(self, region: str, account: str | None = None) -> Context:
        """Give what the control path works with: a call of no operation."""
        world = self._world(account)
        return Context(world, world.region(region), "", {}, self.clock.now())

    def _look_up_domains(self, request: Request) -> None:
        """Look for the records of the domains that a call depends on, without the lock."""
        lookup = self._settings.dns
        if lookup is None:
            return
        with self._lock:
            identities = dispatch.unverified(self._world(request.account), request)
        for identity in identities:
            proved, signed = domains.published(lookup, identity)
            with self._lock:
                domains.note(identity, self.clock.now(), proved=proved, signed=signed)

    def _write_exports(self, request: Request) -> None:
        """Write what export jobs have done since the last look at them, without the lock."""
        if self._settings.store is None or "MailboxExportJob" not in request.operation:
            return
        with self._lock:
            found = exports.list_unwritten(self._world(request.account), self.clock.now())
        for export in found:
            reason = exports.write(export, self._settings)
            with self._lock:
                exports.note_written(export, reason)

    def _call(self, request: Request, request_id: str) -> Call:
        model = api.operation_model(request.service, request.operation)
        shown = api.masked(request.parameters, model.input_shape if model else None)
        return Call(
            number=0,
            service=request.service,
            operation=request.operation,
            account=request.account or self._settings.account,
            region=request.region,
            parameters=shown,
            write=api.is_write(request.operation),
            time=self.clock.now(),
            request_id=request_id,
        )
