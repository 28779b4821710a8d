"""The organization: created once, found again, never replaced, deleted only if the spec says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from workmail_org.changes.brakes import Brake, list_domain_brakes
from workmail_org.changes.calls import Call, MadeUp
from workmail_org.changes.organizations import (
    change_tags,
    create_organization,
    deregister_domain,
    find_tag_changes,
    refuse_immutable,
    register_domain,
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
from workmail_org.handlers.requests import Progress, Request, RequestType, Run
from workmail_org.handlers.stopping import stop
from workmail_org.handlers.surroundings import read_known_state
from workmail_org.model.removal import Removal
from workmail_org.model.values import fold
from workmail_org.service.directories import find_directory_alias
from workmail_org.service.reading import (
    find_organization,
    list_users,
    read_domain,
    read_organization,
    read_tags,
)
from workmail_org.service.workmail import WorkMail
from workmail_org.wire import (
    KEY_TAG,
    OWNER_TAG,
    TAKEN_OVER_TAG,
    OrganizationAttribute,
    OrganizationProperties,
    ResourceType,
    name_resource,
)

_CONFIRM_SECONDS = 1.0
"""Between the two times that an organization is seen Active (facts.md §2: Terraform wants two)."""


class OrganizationLifecycle:
    """`Custom::WorkMailOrganization`. The physical id is the organization id."""

    def begin(self, run: Run, request: Request[OrganizationProperties]) -> str:
        """Find the organization, or create it; refuse what is immutable, and lost domains."""
        if request.type is RequestType.CREATE:
            return _find_or_create(run, request)
        if request.type is RequestType.UPDATE:
            workmail = run.open_organization(request.physical_id or "")
            _refuse_absent(workmail)
            _refuse_immutable(workmail, request.desired)
            stop(run, request, workmail, _list_brakes(workmail, request))
            approve_organization(run, request, request.physical_id)
        return request.physical_id or ""

    def advance(self, run: Run, request: Request[OrganizationProperties]) -> Progress:
        """Wait until it is Active and bring its tags; or delete it."""
        workmail = run.open_organization(request.physical_id or "")
        if request.is_delete:
            return _advance_delete(run, workmail, request)
        answer = _read_active(run, workmail)
        if answer is None:
            _undo_failed_create(run, workmail, request)
            return Progress(done=False, waiting_for="WorkMail is still making the organization")
        if not request.is_unchanged:
            _write_tags(run, workmail, request, answer["ARN"])
        return Progress(
            done=True,
            attributes={
                OrganizationAttribute.ARN: answer["ARN"],
                OrganizationAttribute.DIRECTORY_ID: answer.get("DirectoryId", ""),
            },
        )


def _refuse_absent(workmail: WorkMail) -> None:
    answer = read_organization(workmail)
    if answer is None or fold(answer.get("State", "")) == "deleting":
        raise PermanentError(
            f"organization {workmail.organization_id} was deleted, and with it every mailbox: "
            "destroy this stack, then deploy again with another alias"
        )


def _refuse_immutable(workmail: WorkMail, desired: OrganizationProperties) -> None:
    """Refuse what no API changes (facts.md §1.1).

    Compared is what is there, not the last template: a refused update is
    rolled back as if it had happened.
    """
    answer = read_organization(workmail)
    if answer is None:
        return
    tags = read_tags(workmail, answer["ARN"])
    directory = answer.get("DirectoryId")
    comparisons = (
        ("alias", fold(answer["Alias"]), fold(desired.alias)),
        ("directory", directory, desired.directory_id or directory),
        ("kms_key_arn", tags.get(KEY_TAG), desired.kms_key_arn),
        ("interoperability", bool(answer.get("InteroperabilityEnabled")), desired.interoperability),
        ("existing", workmail.organization_id, desired.existing or workmail.organization_id),
    )
    reasons = refuse_immutable(comparisons)
    if reasons:
        raise UnsafePlanError(*reasons)


def _list_brakes(workmail: WorkMail, request: Request[OrganizationProperties]) -> list[Brake]:
    """Say which domains leave: CloudFormation takes them away at the end, when it is too late.

    By the word that was deployed with them, which their Delete will bring.
    """
    previous = request.previous
    if previous is None:
        return []
    return [
        brake
        for domain in _list_leaving_domains(workmail, request)
        for brake in list_domain_brakes(domain, previous.domains_on_removal)
    ]


def _list_leaving_domains(
    workmail: WorkMail, request: Request[OrganizationProperties]
) -> list[str]:
    """List the domains that will be deregistered."""
    previous = request.previous
    if previous is None or previous.existing or previous.domains_on_removal is Removal.RETAIN:
        return []
    leaving = sorted(set(previous.domains) - set(request.desired.domains))
    return [domain for domain in leaving if read_domain(workmail, domain)]


def approve_organization(
    run: Run, request: Request[OrganizationProperties], organization_id: str | None
) -> None:
    """Refuse what was not approved, also of what comes to domains and of what leaves.

    Domains are judged here, and not by their own resources, which CloudFormation
    would have to ask each time. What leaves the stack is deleted at the end of a
    deployment, when it is too late to refuse.

    Args:
        run: This invocation.
        request: Create or Update.
        organization_id: `None`: it is to be made.
    """
    if not is_asked(request):
        return
    workmail = run.open_organization(organization_id) if organization_id else None
    calls = _list_calls(workmail, request)
    before = request.previous.leavable if request.previous else ()
    leaving = [noun for noun in before if noun not in request.desired.leavable]
    approve_parts(
        run, request, {request.noun: calls, **_list_domain_calls(workmail, request)}, leaving
    )


def _list_calls(
    workmail: WorkMail | None, request: Request[OrganizationProperties]
) -> Sequence[Call]:
    """List what is missing of the organization itself."""
    desired = request.desired
    calls: list[Call] = []
    tags: Mapping[str, str] = {}
    answer = read_organization(workmail) if workmail else None
    if workmail and answer:
        tags = read_tags(workmail, answer["ARN"])
    else:
        directory_id = desired.directory_id or ""
        made = MadeUp(directory_id) if desired.makes_directory else directory_id or None
        calls.append(
            create_organization(
                desired.alias,
                directory_id=made,
                kms_key_arn=desired.kms_key_arn,
                interoperability=desired.interoperability,
            )
        )
    return (*calls, *change_tags(*_find_tag_changes(request, tags)))


def _list_domain_calls(
    workmail: WorkMail | None, request: Request[OrganizationProperties]
) -> dict[str, Sequence[Call]]:
    """List what is to be registered and deregistered, by noun of the domain's own resource."""
    previous, desired = request.previous, request.desired
    if desired.existing:
        return {}
    same = previous is not None and previous.domains_on_removal is desired.domains_on_removal
    kept = set(previous.domains) if previous and same else set[str]()
    calls: dict[str, Sequence[Call]] = {
        name_resource(ResourceType.DOMAIN, name=domain): [register_domain(domain)]
        for domain in desired.domains
        if domain not in kept and (workmail is None or read_domain(workmail, domain) is None)
    }
    if workmail:
        calls |= {
            name_resource(ResourceType.DOMAIN, name=domain): [deregister_domain(domain)]
            for domain in _list_leaving_domains(workmail, request)
        }
    return calls


def _show(value: object) -> str:
    return "none" if value is None else repr(value)


def _find_or_create(run: Run, request: Request[OrganizationProperties]) -> str:
    desired = request.desired
    if desired.existing:
        taken = _take_over(run, desired)
        approve_organization(run, request, taken)
        return taken
    workmail = run.open_organization("")
    found = find_organization(workmail, desired.alias)
    if found and _is_owned(run.open_organization(found), desired.owner):
        _refuse_immutable(run.open_organization(found), desired)
        approve_organization(run, request, found)
        run.log("found again", organization=found)
        return found
    if desired.directory_id:
        _check_directory_alias(run, desired)
    approve_organization(run, request, None)
    try:
        created = _create(workmail, request)
    except ConflictError as conflict:
        raise _explain_conflict(conflict, desired, found) from conflict
    run.log("created", organization=created)
    return created


def _take_over(run: Run, desired: OrganizationProperties) -> str:
    """Check a live organization against the spec; nothing of it is made, nothing changed yet."""
    organization_id = desired.existing or ""
    workmail = run.open_organization(organization_id)
    answer = read_organization(workmail)
    if answer is None:
        raise UnsafePlanError(
            f"organization {organization_id} is not in this account and region; check existing and "
            "region"
        )
    owner = read_tags(workmail, answer["ARN"]).get(OWNER_TAG, desired.owner)
    directory_id = answer.get("DirectoryId")
    interoperability = bool(answer.get("InteroperabilityEnabled"))
    comparisons = (
        ("alias", answer["Alias"], fold(answer["Alias"]) == fold(desired.alias)),
        ("directory", directory_id, desired.directory_id in (None, directory_id)),
        ("interoperability", interoperability, interoperability or not desired.interoperability),
        ("stack", owner, owner == desired.owner),
    )
    reasons = [
        f"{word} of organization {organization_id} is {_show(actual)}, and the spec says otherwise"
        for word, actual, agrees in comparisons
        if not agrees
    ]
    if reasons:
        raise UnsafePlanError(*reasons)
    run.log("taken over", organization=organization_id)
    return organization_id


def _create(workmail: WorkMail, request: Request[OrganizationProperties]) -> str:
    desired = request.desired
    parameters: dict[str, Any] = {"Alias": desired.alias, "ClientToken": request.request_id}
    if desired.directory_id:
        parameters["DirectoryId"] = desired.directory_id
    if desired.kms_key_arn:
        parameters["KmsKeyArn"] = desired.kms_key_arn
    if desired.interoperability:
        parameters["EnableInteroperability"] = True
    return str(workmail.call("CreateOrganization", **parameters)["OrganizationId"])


def _is_owned(workmail: WorkMail, owner: str) -> bool:
    """Tell whether a stack of this name made the organization."""
    answer = read_organization(workmail)
    return answer is not None and read_tags(workmail, answer["ARN"]).get(OWNER_TAG) == owner


def _check_directory_alias(run: Run, desired: OrganizationProperties) -> None:
    """Refuse a directory that bears another alias: the two must match (facts.md §5)."""
    directory_id = desired.directory_id or ""
    alias = find_directory_alias(run.clients.directory_service, directory_id)
    if alias is not None and fold(alias) != fold(desired.alias):
        raise UnsafePlanError(
            f"directory {directory_id} has the alias {alias!r}, and an organization's alias must "
            f"be that of its directory, not {desired.alias!r}: set alias: {alias}"
        )


def _explain_conflict(
    conflict: ConflictError, desired: OrganizationProperties, found: str | None
) -> PermanentError:
    if conflict.code == "DirectoryInUseException":
        detail = f"directory {desired.directory_id} belongs to another organization already"
    elif found:
        detail = (
            f"organization {found} has the alias {desired.alias!r} already and this stack did not "
            f"make it; to take it over, set existing: {found}"
        )
    else:
        detail = (
            f"alias {desired.alias!r} is taken: aliases are unique over all of AWS and are not "
            "free again after their organization is deleted; choose another"
        )
    return PermanentError(detail, operation=conflict.operation, code=conflict.code)


def _read_active(run: Run, workmail: WorkMail) -> Mapping[str, Any] | None:
    """Return the organization once it was seen Active twice, else `None`."""
    first = read_organization(workmail)
    if first is None or fold(first.get("State", "")) != "active":
        return None
    run.pause(_CONFIRM_SECONDS)
    second = read_organization(workmail)
    return second if second and fold(second.get("State", "")) == "active" else None


def _undo_failed_create(
    run: Run, workmail: WorkMail, request: Request[OrganizationProperties]
) -> None:
    """Raise, if WorkMail failed to make the organization, after taking it away again."""
    answer = read_organization(workmail)
    if answer is None or fold(answer.get("State", "")) != "failed":
        return
    detail = answer.get("ErrorMessage", "no reason given")
    if request.type is RequestType.CREATE and _was_made_here(run, request, answer):
        # The role may delete an organization only where the spec says `organization: delete`.
        with suppress(DeniedError):
            _delete(run, workmail, request)
    raise PermanentError(f"WorkMail could not make the organization: {detail}")


def _write_tags(
    run: Run, workmail: WorkMail, request: Request[OrganizationProperties], arn: str
) -> None:
    """Bring the spec's tags; those that somebody else set stay."""
    surplus, missing = _find_tag_changes(request, read_tags(workmail, arn))
    if surplus:
        run.log("write", operation="UntagResource", keys=surplus)
        workmail.call_plain("UntagResource", ResourceARN=arn, TagKeys=surplus)
    if missing:
        run.log("write", operation="TagResource", keys=sorted(missing))
        tags = [{"Key": key, "Value": value} for key, value in sorted(missing.items())]
        workmail.call_plain("TagResource", ResourceARN=arn, Tags=tags)


def _find_tag_changes(
    request: Request[OrganizationProperties], actual: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    desired = {**request.desired.tags, OWNER_TAG: request.desired.owner}
    if request.desired.kms_key_arn:
        desired[KEY_TAG] = request.desired.kms_key_arn
    if request.desired.existing:
        desired[TAKEN_OVER_TAG] = "true"
    said_before = request.previous.tags if request.previous else dict[str, str]()
    return find_tag_changes(actual, said_before, desired)


def _advance_delete(
    run: Run, workmail: WorkMail, request: Request[OrganizationProperties]
) -> Progress:
    answer = read_organization(workmail)
    if answer is None:
        return Progress(done=True)
    if fold(answer.get("State", "")) == "deleting":
        return Progress(done=False, waiting_for="WorkMail is still deleting the organization")
    tags = read_tags(workmail, answer["ARN"])
    if request.desired.existing or TAKEN_OVER_TAG in tags:
        # Another stack may take it over from now on.
        keys = [OWNER_TAG, TAKEN_OVER_TAG]
        workmail.call_plain("UntagResource", ResourceARN=answer["ARN"], TagKeys=keys)
        return Progress(done=True)
    if request.desired.on_removal is not Removal.DELETE:
        return Progress(done=True)
    if not _was_made_here(run, request, answer):
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


def _was_made_here(
    run: Run, request: Request[OrganizationProperties], answer: Mapping[str, Any]
) -> bool:
    """Tell whether this stack created the organization, and did not only find it.

    Only one that was Active bears the tag by which it is found. So one that
    never was, and has no date yet, was created here.

    Raises:
        TemporaryError: CloudFormation does not answer when the stack was created.
    """
    completed = answer.get("CompletedDate")
    if completed is None:
        return fold(answer.get("State", "")) != "active"
    return read_known_state(run, request).has_made(completed)


def _delete(run: Run, workmail: WorkMail, request: Request[OrganizationProperties]) -> None:
    """Delete without force: enabled users that are not ours stop it."""
    desired = request.desired
    run.log("write", operation="DeleteOrganization", organization=workmail.organization_id)
    made_by_workmail = desired.directory_id is None
    delete_directory = made_by_workmail and desired.directory_on_removal is Removal.DELETE
    try:
        workmail.call(
            "DeleteOrganization",
            DeleteDirectory=delete_directory,
            ForceDelete=False,
            ClientToken=request.request_id,
        )
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
