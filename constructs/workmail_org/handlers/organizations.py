"""The organization: created once, found again, never replaced, deleted only if the spec says so."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from workmail_org.changes.brakes import Brake
from workmail_org.changes.deciding import Decision
from workmail_org.changes.directories import refuse_existing
from workmail_org.changes.organizations import (
    ORGANIZATION,
    change_tags,
    decide_domain,
    decide_organization,
    delete_organization,
    describe_foreign,
    describe_taken_alias,
    end_ownership,
    is_chosen,
    put_back_tags,
)
from workmail_org.errors import (
    ConflictError,
    DeniedError,
    NotFoundError,
    PermanentError,
    TemporaryError,
    UnsafePlanError,
)
from workmail_org.handlers.approving import approve_parts, is_asked
from workmail_org.handlers.explaining import describe_gone
from workmail_org.handlers.judging import undoes_nothing
from workmail_org.handlers.patience import ACTIVE_SECONDS
from workmail_org.handlers.requests import Progress, Request, RequestType, Run
from workmail_org.handlers.restoring import find_sides, note_found
from workmail_org.handlers.stopping import require_acknowledgement
from workmail_org.handlers.surroundings import (
    changes_nothing,
    is_rollback,
    read_known_state,
    was_made_up,
)
from workmail_org.handlers.writing import write_calls
from workmail_org.kinds import make_part_name
from workmail_org.model.live import LiveOrganization, State
from workmail_org.model.removal import Removal
from workmail_org.service.directories import DirectoryService
from workmail_org.service.reading import (
    find_organization,
    list_users,
    read_domain,
    read_organization,
    read_tagged_organization,
    read_tags,
)
from workmail_org.service.refusals import REFUSALS, WORKMAIL
from workmail_org.service.workmail import WorkMail
from workmail_org.wire.names import OWNER_TAG, TAKEN_OVER_TAG, OrganizationAttribute
from workmail_org.wire.properties import DomainProperties, OrganizationProperties, ResourceType

_ID_PATTERN = "m-[0-9a-f]{32}"
"""Of an organization's id (botocore, workmail 2017-10-01: OrganizationId)."""


class OrganizationLifecycle:
    """`Custom::WorkMailOrganization`. The physical id is the organization id."""

    def begin(self, run: Run, request: Request[OrganizationProperties]) -> str:
        """Find the organization, or create it; refuse what is immutable, and lost domains."""
        if request.type is RequestType.CREATE:
            return _find_or_create(run, request)
        if request.type is RequestType.UPDATE:
            workmail = run.open_organization(request.physical_id or "")
            live = read_tagged_organization(workmail)
            if live is None or live.is_going:
                raise PermanentError(describe_gone(request))
            if not _is_anothers(live, request) or not is_rollback(run, request):
                decision = _decide(live, request)
            else:
                decision = Decision()  # a stack that cannot go back is stuck
            _refuse_missing_domains(workmail, request)
            leaving = _list_leaving_domains(workmail, request)
            _refuse_chosen_domains(run, request, leaving)
            require_acknowledgement(
                run, request, workmail, [*_list_brakes(leaving), *decision.brakes]
            )
            approve_organization(run, request, workmail, decision)
        return request.physical_id or ""

    def advance(self, run: Run, request: Request[OrganizationProperties]) -> Progress:
        """Wait until it is Active and bring its tags; or delete it."""
        workmail = run.open_organization(request.physical_id or "")
        if request.is_delete:
            if was_made_up(run, request, _ID_PATTERN):
                return Progress(done=True)
            return _advance_delete(run, workmail, request)
        live = _read_active(run, workmail)
        if live is None:
            _undo_failed_create(run, workmail, request)
            return Progress(done=False, waiting_for="WorkMail is still making the organization")
        if not changes_nothing(run, request):
            live = replace(live, tags=read_tags(workmail, live.arn))
            if not _is_anothers(live, request) and not undoes_nothing(run, request):
                _bring_tags(run, workmail, request, live)
        return Progress(
            done=True,
            attributes={
                OrganizationAttribute.ARN: live.arn,
                OrganizationAttribute.DIRECTORY_ID: live.directory_id or "",
            },
        )


def _bring_tags(
    run: Run,
    workmail: WorkMail,
    request: Request[OrganizationProperties],
    live: LiveOrganization,
) -> None:
    """Bring the declared tags; in a rollback those that were found, whoever had set them."""
    rolls_back = bool(is_rollback(run, request))
    sides = find_sides(run, request, OrganizationProperties, rolls_back=rolls_back)
    if sides != request.sides:
        found, failed = sides
        calls = put_back_tags(live.tags, found.tags if found else {}, failed.tags if failed else {})
    else:
        calls = change_tags(live.tags, request.desired, request.previous, repairs=request.repairs)
        if not rolls_back:
            touched = {*request.desired.tags, *(request.previous.tags if request.previous else ())}
            before = {key: value for key, value in live.tags.items() if key in touched}
            note_found(run, request, replace(request.desired, tags=before))
    write_calls(run, workmail, request, calls, arn=live.arn)


def _decide(live: LiveOrganization | None, request: Request[OrganizationProperties]) -> Decision:
    """Decide what the organization needs.

    Raises:
        UnsafePlanError: It cannot be had.
    """
    decision = decide_organization(live, request.desired, request.previous, repairs=request.repairs)
    if decision.refusals:
        raise UnsafePlanError(*decision.refusals)
    return decision


def _is_anothers(live: LiveOrganization, request: Request[OrganizationProperties]) -> bool:
    """Return whether another stack has taken the organization over meanwhile."""
    owner = request.desired.owner
    return live.tags.get(OWNER_TAG, owner) != owner


def _refuse_missing_domains(workmail: WorkMail, request: Request[OrganizationProperties]) -> None:
    """Refuse domains that an existing organization lacks, before it gets a tag.

    Raises:
        UnsafePlanError: They are not registered.
    """
    if not request.desired.existing:
        return
    known = request.previous.domains if request.previous else ()
    refusals = [
        refusal
        for name in request.desired.domains
        if name not in known
        for refusal in decide_domain(
            read_domain(workmail, name) is not None,
            DomainProperties(domain=name, existing=True),
            None,
        ).refusals
    ]
    if refusals:
        raise UnsafePlanError(*refusals)


def _refuse_chosen_domains(
    run: Run, request: Request[OrganizationProperties], leaving: Mapping[str, Decision]
) -> None:
    """Refuse that a domain leaves which somebody made the default: a rollback is let go.

    Raises:
        UnsafePlanError: It names the domain.
    """
    refusals = [refusal for decision in leaving.values() for refusal in decision.refusals]
    if refusals and not is_rollback(run, request):
        raise UnsafePlanError(*refusals)


def _list_brakes(leaving: Mapping[str, Decision]) -> list[Brake]:
    """List which domains leave: CloudFormation deletes them at the end, when it is too late.

    By the removal policy that was deployed with them, which their Delete will bring.
    """
    return [brake for decision in leaving.values() for brake in decision.brakes]


def _list_leaving_domains(
    workmail: WorkMail, request: Request[OrganizationProperties]
) -> dict[str, Decision]:
    """List the domains that will be deregistered, and what that takes."""
    previous = request.previous
    if previous is None:
        return {}
    leaving = sorted(set(previous.domains) - set(request.desired.domains))
    live = {name: read_domain(workmail, name) for name in leaving}
    decisions = {
        name: decide_domain(
            domain is not None,
            None,
            DomainProperties(
                domain=name,
                on_removal=previous.domains_on_removal,
                existing=previous.existing is not None,
            ),
            chosen=domain is not None
            and domain.is_default
            and is_chosen(name, name, previous.default_domain),
        )
        for name, domain in live.items()
    }
    return {name: decision for name, decision in decisions.items() if decision.calls}


def approve_organization(
    run: Run,
    request: Request[OrganizationProperties],
    workmail: WorkMail | None,
    decision: Decision,
) -> None:
    """Refuse what was not approved, also of what comes to domains and of what leaves.

    Domains are judged here, and not by their own resources, which CloudFormation
    would have to ask each time. What leaves the stack is deleted at the end of a
    deployment, when it is too late to refuse.

    Args:
        run: This invocation.
        request: Create or Update.
        workmail: `None`: the organization is to be made.
        decision: About the organization itself.
    """
    if not is_asked(request):
        return
    before = request.previous.leavable if request.previous else ()
    leaving = [part_name for part_name in before if part_name not in request.desired.leavable]
    domains = _decide_domains(workmail, request)
    parts = {make_part_name(ResourceType.DOMAIN, name=n): d.calls for n, d in domains.items()}
    approve_parts(run, request, {request.part_name: decision.calls, **parts}, leaving)


def _decide_domains(
    workmail: WorkMail | None, request: Request[OrganizationProperties]
) -> dict[str, Decision]:
    """Decide which domains are registered and deregistered."""
    previous, desired = request.previous, request.desired
    same = previous is not None and previous.domains_on_removal is desired.domains_on_removal
    kept = set(previous.domains) if previous and same else set[str]()
    existing = desired.existing is not None
    decisions = {
        name: decide_domain(
            workmail is not None and read_domain(workmail, name) is not None,
            DomainProperties(domain=name, existing=existing),
            None,
        )
        for name in desired.domains
        if name not in kept and not existing
    }
    return {**decisions, **(_list_leaving_domains(workmail, request) if workmail else {})}


def _find_or_create(run: Run, request: Request[OrganizationProperties]) -> str:
    desired = request.desired
    if desired.existing:
        workmail = run.open_organization(desired.existing)
        decision = _decide(read_tagged_organization(workmail), request)
        _refuse_missing_domains(workmail, request)
        require_acknowledgement(run, request, workmail, decision.brakes)
        run.log("taken over", organization=desired.existing)
        approve_organization(run, request, workmail, decision)
        return desired.existing
    alias_holder = find_organization(run.open_organization(""), desired.alias)
    if alias_holder:
        workmail = run.open_organization(alias_holder)
        live = read_tagged_organization(workmail)
        if live and live.tags.get(OWNER_TAG) == desired.owner:
            approve_organization(run, request, workmail, _decide(live, request))
            run.log("found again", organization=alias_holder)
            return alias_holder
    if desired.directory_id:
        _check_directory_alias(run, desired)
    decision = _decide(None, request)
    approve_organization(run, request, None, decision)
    # Not refused for whoever has the alias: it may be ours, made by an earlier delivery of this
    # request, which had no time for the tag. WorkMail tells both apart by the client token.
    workmail = run.open_organization("")
    (create, *_tags) = decision.calls
    try:
        created = write_calls(run, workmail, request, [create])[ORGANIZATION]
    except ConflictError as conflict:
        raise _explain_conflict(conflict, desired, alias_holder) from conflict
    run.log("created", organization=created)
    return created


def _check_directory_alias(run: Run, desired: OrganizationProperties) -> None:
    """Refuse a directory that cannot be used; WorkMail tells by itself that one is in use."""
    directory_id = desired.directory_id or ""
    live = DirectoryService(run.clients.directory_service).read(directory_id)
    refusals = refuse_existing(directory_id, live, desired.alias)
    if refusals:
        raise UnsafePlanError(*refusals)


def _explain_conflict(
    conflict: ConflictError, desired: OrganizationProperties, found: str | None
) -> PermanentError:
    if conflict.code == "DirectoryInUseException":
        advice = REFUSALS[WORKMAIL][conflict.code].advice
        detail = (
            f"directory {desired.directory_id} belongs to another organization already: {advice}"
        )
    elif found:
        detail = describe_foreign(found, desired.alias)
    else:
        detail = describe_taken_alias(desired.alias)
    return PermanentError(detail, operation=conflict.operation, code=conflict.code)


def _read_active(run: Run, workmail: WorkMail) -> LiveOrganization | None:
    """Return the organization once it was seen Active twice, else `None`."""
    first = read_organization(workmail)
    if first is None or first.state is not State.ACTIVE:
        return None
    run.patience.pause(ACTIVE_SECONDS)
    second = read_organization(workmail)
    return second if second and second.state is State.ACTIVE else None


def _undo_failed_create(
    run: Run, workmail: WorkMail, request: Request[OrganizationProperties]
) -> None:
    """Raise, if WorkMail failed to make the organization, after taking it away again."""
    live = read_organization(workmail)
    if live is None or live.state is not State.FAILED:
        return
    detail = live.reason or "no reason given"
    if request.type is RequestType.CREATE and _was_made_here(run, request, live):
        # The role may delete an organization only where the spec says `organization: delete`.
        with suppress(DeniedError):
            _delete(run, workmail, request)
    raise PermanentError(f"WorkMail could not make the organization: {detail}")


def _advance_delete(
    run: Run, workmail: WorkMail, request: Request[OrganizationProperties]
) -> Progress:
    live = read_organization(workmail)
    if live is None:
        return Progress(done=True)
    if live.state is State.DELETING:
        return Progress(done=False, waiting_for="WorkMail is still deleting the organization")
    live = replace(live, tags=read_tags(workmail, live.arn))
    if _is_anothers(live, request):
        run.log(
            "organization stays",
            organization=workmail.organization_id,
            reason=f"it belongs to stack {live.tags[OWNER_TAG]} by now",
        )
        return Progress(done=True)
    if request.desired.existing or TAKEN_OVER_TAG in live.tags:
        _put_back_tags(run, workmail, request, live)
        # Another stack may take it over from now on.
        write_calls(run, workmail, request, end_ownership(), arn=live.arn)
        return Progress(done=True)
    if request.desired.on_removal is not Removal.DELETE:
        _put_back_tags(run, workmail, request, live)
        return Progress(done=True)
    if not _was_made_here(run, request, live):
        _put_back_tags(run, workmail, request, live)
        run.log(
            "organization stays",
            organization=workmail.organization_id,
            reason="it is older than this stack, which found it again and did not create it",
            advice="to delete it with every mailbox: aws workmail delete-organization "
            f"--organization-id {workmail.organization_id} (docs/operating.md, Destroying a stack)",
        )
        return Progress(done=True)
    _delete(run, workmail, request)
    return Progress(done=False, waiting_for="WorkMail is still deleting the organization")


def _put_back_tags(
    run: Run,
    workmail: WorkMail,
    request: Request[OrganizationProperties],
    live: LiveOrganization,
) -> None:
    """Bring the tags of an organization that stays back to how a failed creation found them."""
    if not is_rollback(run, request):
        return
    found, failed = find_sides(run, request, OrganizationProperties, rolls_back=True)
    if found is not None:
        calls = put_back_tags(live.tags, found.tags, failed.tags if failed else {})
        write_calls(run, workmail, request, calls, arn=live.arn)


def _was_made_here(
    run: Run, request: Request[OrganizationProperties], live: LiveOrganization
) -> bool:
    """Return whether this stack created the organization, and did not only find it.

    Only one that was Active bears the tag by which it is found. So one that
    never was, and has no date yet, was created here.

    Raises:
        TemporaryError: CloudFormation does not answer when the stack was created.
    """
    if live.completed is None:
        return live.state is not State.ACTIVE
    return read_known_state(run, request).has_made(live.completed)


def _delete(run: Run, workmail: WorkMail, request: Request[OrganizationProperties]) -> None:
    """Delete without force: enabled users that are not ours stop it."""
    desired = request.desired
    made_by_workmail = desired.directory_id is None
    delete_directory = made_by_workmail and desired.directory_on_removal is Removal.DELETE
    try:
        call = delete_organization(with_directory=delete_directory)
        write_calls(run, workmail, request, [call])
    except NotFoundError:
        return
    except TemporaryError as error:
        _explain_refusal(workmail, error)
        raise


def _explain_refusal(workmail: WorkMail, error: TemporaryError) -> None:
    """Raise, if people stop the deletion: they do not go away by waiting."""
    people = [row.reference.name for row in list_users(workmail) if row.enabled and not row.system]
    if error.code == "OrganizationStateException" and people:
        raise PermanentError(
            f"organization {workmail.organization_id} has enabled users that this stack did not "
            f"make or retains: {', '.join(people)}; disable them, or set on_removal.organization: "
            "retain",
            operation=error.operation,
            code=error.code,
        ) from error
