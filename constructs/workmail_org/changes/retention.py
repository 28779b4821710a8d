"""Retention: what is erased by age, in every mailbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from workmail_org.changes.brakes import Brake, BrakeRule
from workmail_org.changes.calls import Argument, Call, Phase, Setting, make_call
from workmail_org.changes.consequences import GUIDE, Consequence, Rule
from workmail_org.changes.deciding import Decision
from workmail_org.changes.explaining import Explanation, Wording
from workmail_org.model.live import LiveRetention, LiveSettings
from workmail_org.model.organization import Organization
from workmail_org.model.policies import Folder, FolderRetention, RetentionAction, RetentionPolicy
from workmail_org.wire.properties import RetentionProperties

_SUBJECT = Setting("retention policy")

_SEVERITIES = (RetentionAction.NONE, RetentionAction.DELETE, RetentionAction.PERMANENTLY_DELETE)


RETENTION_ERASES = Rule(
    "retention-erases",
    Consequence.ERASES,
    "age is counted from the day an item arrived: years of mail can go within 48 hours; what is "
    "deleted can be recovered by its owner for a while",
    f'{GUIDE}, "mailbox-retention-policy"',
    "begin with more days, or with deleted_items and junk_email alone",
)
RETENTION_DESTROYS = Rule(
    "retention-destroys",
    Consequence.FINAL,
    "age is counted from the day an item arrived: years of mail can go within 48 hours, and nobody "
    "can bring it back",
    f'{GUIDE}, "mailbox-retention-policy"',
    "use delete instead of permanently_delete: it can be recovered; export mailboxes first",
)
RETENTION_KEEPS = Rule(
    "retention-keeps",
    Consequence.NONE,
    "nothing is erased that was kept before",
    f'{GUIDE}, "mailbox-retention-policy"',
)


def declare(organization: Organization, stack: str) -> RetentionProperties | None:  # noqa: ARG001 - the shape
    """Write an organization's policy; `None`: it is not managed."""
    policy = organization.policies.retention
    return RetentionProperties(policy=policy) if policy else None


def predict(declared: RetentionProperties) -> LiveRetention:
    """Predict what is live once a policy is deployed; WorkMail assigns the id."""
    return LiveRetention(id="", policy=declared.policy)


def capture(
    live: LiveSettings,
    declared: RetentionProperties | None,  # noqa: ARG001 - the shape
    previous: RetentionProperties | None,  # noqa: ARG001 - the shape
) -> RetentionProperties | None:
    """Write the policy that is live, as it would be declared; `None`: there is none."""
    return RetentionProperties(policy=live.retention.policy) if live.retention else None


def decide(
    live: LiveSettings,
    declared: RetentionProperties | None,
    previous: RetentionProperties | None,
) -> Decision:
    """Decide whether the policy changes; one that is no longer declared goes: nothing is erased.

    It goes only if it is still the one that was declared.

    Source:
        WorkMail API 2017-10-01: PutRetentionPolicy (with the id of the one
        that is there it replaces it), DeleteRetentionPolicy.
    """
    found = live.retention
    if declared is None:
        ours = found and previous and found.policy.name == previous.policy.name
        return Decision(calls=(_delete(found),) if found and ours else ())
    if found and sort_folders(found.policy) == sort_folders(declared.policy):
        return Decision()
    return Decision(
        calls=tuple(_replace(found, declared.policy)),
        brakes=list_retention_brakes(found.policy if found else None, declared.policy),
    )


def list_retention_brakes(
    actual: RetentionPolicy | None, desired: RetentionPolicy | None
) -> tuple[Brake, ...]:
    """Stop when mail begins to be erased that was kept, or is erased earlier or permanently.

    A policy counts from the day an item arrived: it can erase years of mail at
    once (WorkMail Admin Guide, "mailbox-retention-policy").
    """
    before = {each.folder: each for each in (actual.folders if actual else ())}
    erasing = [each for each in (desired.folders if desired else ()) if _erases(before, each)]
    if not erasing:
        return ()
    details = "; ".join(_describe_erasing(each) for each in erasing)
    sentence = (
        f"the retention policy starts to erase, in every mailbox and counted from the day that an "
        f"item arrived: {details}"
    )
    names = tuple(sorted(f"{each.folder}:{each.action}:{each.days}" for each in erasing))
    return (Brake(BrakeRule.RETENTION, sentence, names),)


def _erases(before: Mapping[Folder, FolderRetention], after: FolderRetention) -> bool:
    """Return whether a folder loses items that it kept until now."""
    if after.action is RetentionAction.NONE:
        return False
    known = before.get(after.folder)
    if known is None or _SEVERITIES.index(after.action) > _SEVERITIES.index(known.action):
        return True
    return (after.days or 0) < (known.days or 0)


def _describe_erasing(each: FolderRetention) -> str:
    word = "" if each.action is RetentionAction.DELETE else " permanently"
    return f"{each.folder.replace('_', ' ')}, what is older than {each.days} days{word}"


def explain(
    live: LiveSettings,
    declared: RetentionProperties | None,
    calls: Sequence[Call],
    wording: Wording,  # noqa: ARG001 - the shape
) -> Iterator[Explanation]:
    """Return what is erased where, and what was until now."""
    before = live.retention.policy if live.retention else None
    after = declared.policy if declared else None
    said = "; ".join(_describe(before, after)) or "nothing else is erased than before"
    erases = list_retention_brakes(before, after)
    destroys = any("permanently_delete" in name for brake in erases for name in brake.names)
    rule = RETENTION_DESTROYS if destroys else RETENTION_ERASES
    yield rule if erases else RETENTION_KEEPS, f"in every mailbox: {said}", calls


def _describe(before: RetentionPolicy | None, after: RetentionPolicy | None) -> Iterator[str]:
    had = {each.folder: each for each in (before.folders if before else ())}
    has = {each.folder: each for each in (after.folders if after else ())}
    for folder in Folder:
        was, now = _describe_folder(had.get(folder)), _describe_folder(has.get(folder))
        if was != now:
            yield f"{folder.replace('_', ' ')}: {now} (until now {was})"


def _describe_folder(each: FolderRetention | None) -> str:
    if each is None or each.action is RetentionAction.NONE:
        return "everything is kept"
    word = " permanently" if each.action is RetentionAction.PERMANENTLY_DELETE else ""
    return f"what is older than {each.days} days is deleted{word}"


def sort_folders(policy: RetentionPolicy) -> RetentionPolicy:
    """Return the policy with its folders sorted: they are a set."""
    folders = sorted(policy.folders, key=lambda each: each.folder)
    return replace(policy, folders=tuple(folders), description=policy.description or None)


def _replace(found: LiveRetention | None, policy: RetentionPolicy) -> Iterator[Call]:
    """Put a policy in the place of what is there.

    An empty description is refused (WorkMail API 2017-10-01, PolicyDescription), and whether one
    that is left out goes is not documented. So a policy that loses its description is deleted
    first: in between nothing is erased.
    """
    if found and found.policy.description and not policy.description:
        yield _delete(found)
        yield _put(None, policy)
    else:
        yield _put(found, policy)


def _put(found: LiveRetention | None, policy: RetentionPolicy) -> Call:
    arguments: dict[str, Argument] = {
        "Name": policy.name,
        "FolderConfigurations": tuple(_render_folders(policy)),
    }
    if found:
        arguments["Id"] = found.id
    if policy.description:
        arguments["Description"] = policy.description
    return make_call(Phase.JOIN, "PutRetentionPolicy", _SUBJECT, **arguments)


def _delete(found: LiveRetention) -> Call:
    return make_call(Phase.LEAVE, "DeleteRetentionPolicy", _SUBJECT, Id=found.id)


def _render_folders(policy: RetentionPolicy) -> list[dict[str, Argument]]:
    folders: list[dict[str, Argument]] = []
    for each in policy.folders:
        folder: dict[str, Argument] = {
            "Name": each.folder.upper(),
            "Action": each.action.upper(),
        }
        if each.days is not None:
            folder["Period"] = each.days
        folders.append(folder)
    return folders
