"""Rules and settings: read, compare, write, until nothing is left to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from workmail_org.changes import (
    access_control,
    availability,
    impersonation,
    mobile_devices,
    permissions,
)
from workmail_org.changes.access_control import make_role_subject
from workmail_org.changes.brakes import (
    Brake,
    list_access_brakes,
    list_device_brakes,
    list_retention_brakes,
)
from workmail_org.changes.calls import Call, Subject
from workmail_org.changes.settings import (
    Monitoring,
    dmarc_between,
    end_monitoring,
    end_retention,
    monitoring_between,
    retention_between,
)
from workmail_org.errors import NotFoundError, ServiceError, TemporaryError
from workmail_org.handlers.approving import approve, is_asked
from workmail_org.handlers.requests import Progress, Request, Run
from workmail_org.handlers.stopping import stop
from workmail_org.handlers.surroundings import is_gone
from workmail_org.model.values import Kind
from workmail_org.service.passwords import read_secret
from workmail_org.service.policies import (
    list_roles,
    read_access_control,
    read_availability,
    read_dmarc,
    read_impersonation_roles,
    read_mobile_devices,
    read_monitoring,
    read_permissions,
    read_retention,
)
from workmail_org.service.reading import Listed, list_entities, list_users
from workmail_org.service.workmail import WorkMail
from workmail_org.service.writing import Writer
from workmail_org.wire.properties import (
    AccessControlProperties,
    AvailabilityProperties,
    EmailMonitoringProperties,
    ImpersonationRolesProperties,
    InboundDmarcProperties,
    MobileDevicesProperties,
    PermissionsProperties,
    RetentionProperties,
)

_PATIENCE_SECONDS = 120.0
"""How long a new entity may be unknown to other calls (Terraform waits 2 minutes, facts.md §2)."""

_MAX_BACKOFF_SECONDS = 15.0

Plan = Callable[[WorkMail, Request[Any]], Sequence[Call]]
"""Reads what is there and lists the calls that are missing. Of a Delete: those that take away."""

FindIds = Callable[[WorkMail], dict[Subject, str]]
"""Finds the ids that calls name."""


ListBrakes = Callable[[WorkMail, Request[Any]], Sequence[Brake]]
"""Tells what of a change needs a word from a person."""


def _find_no_ids(workmail: WorkMail) -> dict[Subject, str]:  # noqa: ARG001 - the shape
    return {}


def _need_no_word(workmail: WorkMail, request: Request[Any]) -> Sequence[Brake]:  # noqa: ARG001 - the shape
    return ()


@dataclass(frozen=True, slots=True)
class SettingsLifecycle:
    """Rules or settings of one kind. The physical id is `<organization id>/<noun>`.

    Attributes:
        noun: What it is, in the physical id.
        plan: What is to be done.
        find_ids: Users, groups and roles that its calls name.
        list_brakes: What needs a word, where there is something to do.
    """

    noun: str
    plan: Plan
    find_ids: FindIds = _find_no_ids
    list_brakes: ListBrakes = _need_no_word

    def begin(self, run: Run, request: Request[Any]) -> str:
        """Refuse what needs a word from a person that was not given, or was not approved."""
        if not request.is_delete:
            workmail = run.open_organization(request.desired.organization_id)
            brakes = self.list_brakes(workmail, request)
            calls = self.plan(workmail, request) if brakes or is_asked(request) else ()
            if brakes and calls:
                stop(run, request, workmail, brakes)
            approve(run, request, calls)
        return request.physical_id or f"{request.desired.organization_id}/{self.noun}"

    def advance(self, run: Run, request: Request[Any]) -> Progress:
        """Make the calls that are missing; look again until none is."""
        workmail = run.open_organization(request.desired.organization_id)
        if request.is_delete and is_gone(workmail):
            return Progress(done=True)
        started = run.clock()
        written: list[Call] = []
        rounds = 0
        while True:
            calls = [call for call in self.plan(workmail, request) if not _is_done(call, written)]
            if not calls:
                return Progress(done=True)
            failure = self._write(run, request, workmail, calls, written)
            if failure is None:
                continue
            if not _may_pass(failure, run.clock() - started):
                raise failure
            if run.time_is_up:
                return Progress(done=False, waiting_for=str(failure))
            run.pause(min(2.0**rounds, _MAX_BACKOFF_SECONDS))
            rounds += 1

    def _write(
        self,
        run: Run,
        request: Request[Any],
        workmail: WorkMail,
        calls: Sequence[Call],
        written: list[Call],
    ) -> ServiceError | None:
        """Make calls until one fails: rules are changed in their order, or not at all."""
        writer = Writer(
            workmail,
            self.find_ids(workmail),
            request_id=request.request_id,
            read_secret=lambda secret: read_secret(run.clients.secrets, secret),
        )
        for call in calls:
            try:
                writer.write(call)
            except ServiceError as error:
                run.log_call(call, error)
                return _name_subject(call, error)
            written.append(call)
            run.log_call(call)
        return None


def _is_done(call: Call, written: Sequence[Call]) -> bool:
    """Tell whether a call says what another one said: an update repeats a creation.

    What cannot be read back, a password, seems to differ for ever.
    """
    return any((call.subject, call.arguments) == (each.subject, each.arguments) for each in written)


def _name_subject(call: Call, error: ServiceError) -> ServiceError:
    return type(error)(f"{call.subject}: {error}", operation=error.operation, code=error.code)


def _may_pass(error: ServiceError, waited: float) -> bool:
    """Tell whether the same call may succeed later."""
    if isinstance(error, TemporaryError):
        return True
    return isinstance(error, NotFoundError) and waited < _PATIENCE_SECONDS


def _list_people(workmail: WorkMail) -> list[Listed]:
    return [row for kind in Kind for row in list_entities(workmail, kind) if not row.system]


def _find_entities(workmail: WorkMail) -> dict[Subject, str]:
    return {row.reference.folded: row.id for row in _list_people(workmail)}


def _find_users(workmail: WorkMail) -> dict[Subject, str]:
    return {row.reference.folded: row.id for row in list_users(workmail)}


def _find_users_and_roles(workmail: WorkMail) -> dict[Subject, str]:
    roles = list_roles(workmail).items()
    return {**_find_users(workmail), **{make_role_subject(name): id_ for id_, name in roles}}


def _name_users(workmail: WorkMail) -> dict[str, str]:
    return {row.id: row.reference.name for row in list_users(workmail)}


def plan_permissions(workmail: WorkMail, request: Request[PermissionsProperties]) -> Sequence[Call]:
    """List what is missing of mailbox permissions; a Delete takes the declared ones away."""
    previous, desired = _get_before_and_after(request, lambda p: p.permissions)
    rows = _list_people(workmail)
    named = {each.mailbox.folded for each in (*previous, *desired)}
    mailboxes = [row for row in rows if row.enabled and row.reference.folded in named]
    enabled = {row.reference.folded for row in rows if row.enabled}
    actual = read_permissions(workmail, mailboxes, {row.id: row for row in rows})
    # WorkMail refuses changes for who is switched off; what was there goes with it.
    changeable = [each for each in actual if each.grantee.folded in enabled]
    return permissions.between(changeable, previous, desired)


def plan_access_control(
    workmail: WorkMail, request: Request[AccessControlProperties]
) -> Sequence[Call]:
    """List what is missing of access-control rules.

    A Delete leaves them: without any nobody gets in, and with the service's
    own everybody does.
    """
    if request.is_delete:
        return ()
    roles = list_roles(workmail)
    actual = read_access_control(workmail, _name_users(workmail), roles)
    return access_control.between(actual, request.desired.rules)


def plan_mobile_devices(
    workmail: WorkMail, request: Request[MobileDevicesProperties]
) -> Sequence[Call]:
    """List what is missing of mobile device rules; a Delete leaves them, as above."""
    if request.is_delete:
        return ()
    return mobile_devices.between(read_mobile_devices(workmail), request.desired.rules)


def plan_impersonation(
    workmail: WorkMail, request: Request[ImpersonationRolesProperties]
) -> Sequence[Call]:
    """List what is missing of impersonation roles; a Delete takes the declared ones away."""
    previous, desired = _get_before_and_after(request, lambda p: p.roles)
    actual = read_impersonation_roles(workmail, _name_users(workmail))
    return impersonation.between(actual, {role.name for role in previous}, desired)


def brake_access_control(
    workmail: WorkMail,  # noqa: ARG001 - the shape
    request: Request[AccessControlProperties],
) -> Sequence[Brake]:
    """Stop what locks everyone out."""
    return list_access_brakes(request.desired.rules)


def brake_mobile_devices(
    workmail: WorkMail,  # noqa: ARG001 - the shape
    request: Request[MobileDevicesProperties],
) -> Sequence[Brake]:
    """Stop what locks every device out."""
    return list_device_brakes(request.desired.rules)


def brake_retention(workmail: WorkMail, request: Request[RetentionProperties]) -> Sequence[Brake]:
    """Stop what begins to erase mail."""
    actual = read_retention(workmail)
    return list_retention_brakes(actual.policy if actual else None, request.desired.policy)


def plan_availability(
    workmail: WorkMail, request: Request[AvailabilityProperties]
) -> Sequence[Call]:
    """List what is missing of availability; a Delete takes the declared ones away."""
    previous, desired = _get_before_and_after(request, lambda p: p.configurations)
    return availability.between(read_availability(workmail), previous, desired)


def plan_retention(workmail: WorkMail, request: Request[RetentionProperties]) -> Sequence[Call]:
    """List what is missing of the retention policy; a Delete takes it away: nothing is erased."""
    actual = read_retention(workmail)
    decide = end_retention if request.is_delete else retention_between
    return decide(actual, request.desired.policy)


def plan_monitoring(
    workmail: WorkMail, request: Request[EmailMonitoringProperties]
) -> Sequence[Call]:
    """List what is missing of email monitoring; a Delete ends it, if it is still ours."""
    actual = read_monitoring(workmail)
    properties = request.desired
    wanted = Monitoring(
        log_group_arn=properties.log_group_arn,
        role_arn=properties.role_arn,
        managed=properties.managed,
    )
    return (
        end_monitoring(actual, wanted) if request.is_delete else monitoring_between(actual, wanted)
    )


def plan_dmarc(workmail: WorkMail, request: Request[InboundDmarcProperties]) -> Sequence[Call]:
    """List what is missing of inbound DMARC.

    A Delete enforces it, as in every new organization (facts.md §0.9).
    """
    desired = True if request.is_delete else request.desired.enforced
    return dmarc_between(actual=read_dmarc(workmail), desired=desired)


def _get_before_and_after(
    request: Request[Any], get: Callable[[Any], tuple[Any, ...]]
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return what was declared and what is; a Delete wants nothing any more."""
    if request.is_delete:
        return get(request.desired), ()
    return get(request.previous) if request.previous else (), get(request.desired)


PERMISSIONS = SettingsLifecycle("permissions", plan_permissions, _find_entities)
ACCESS_CONTROL = SettingsLifecycle(
    "access-control", plan_access_control, _find_users_and_roles, brake_access_control
)
MOBILE_DEVICES = SettingsLifecycle(
    "mobile-devices", plan_mobile_devices, list_brakes=brake_mobile_devices
)
IMPERSONATION = SettingsLifecycle("impersonation-roles", plan_impersonation, _find_users)
AVAILABILITY = SettingsLifecycle("availability", plan_availability)
RETENTION = SettingsLifecycle("retention", plan_retention, list_brakes=brake_retention)
MONITORING = SettingsLifecycle("email-monitoring", plan_monitoring)
DMARC = SettingsLifecycle("inbound-dmarc", plan_dmarc)
