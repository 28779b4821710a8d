"""Against: finding what `--against` names, a file, a revision, what is deployed or live."""

from __future__ import annotations

import os
import pathlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from workmail_org.errors import RevisionError, SpecError
from workmail_org.model.organization import Environment
from workmail_org.plan.bases import Base, make_base
from workmail_org.plan.model import Plan
from workmail_org.plan.planning import Question, plan
from workmail_org.plan.revisions import (
    Checkout,
    check_out,
    find_former_name,
    find_revision,
    is_shallow,
)
from workmail_org.spec.building import load_environment, read_spec
from workmail_org.spec.problems import Problem

DEPLOYED, LIVE, GIT = "deployed", "live", "git:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a spec is.

    Attributes:
        root: No file that it names may lie outside of it; `None`: its folder.
    """

    spec: pathlib.Path
    root: pathlib.Path | None = None


def plan_against(
    text: str,
    place: Place,
    environment: Environment,
    *,
    only: str | None = None,
    repairs: bool = False,
) -> Plan:
    """Plan a deployment of an environment, as of today.

    Args:
        text: What to compare with, as in `read_base`.
        place: Of the spec.
        environment: That it declares.
        only: Spec key of the one organization that matters; `None`: all.
        repairs: Whether what was changed by hand is set right; of what is live.

    Raises:
        WorkMailOrgError: What to compare with cannot be read.
    """
    base = read_base(text, place, environment, only=only)
    today = datetime.now(tz=UTC).date()
    question = Question(spec=str(place.spec), today=today, only=only, repairs=repairs)
    return plan(environment, base, question)


def read_base(
    text: str, place: Place, environment: Environment, *, only: str | None = None
) -> Base:
    """Read what a plan compares with.

    Args:
        text: `deployed`, `live`, a file, a revision, or `git:` and a revision;
            a file goes before a revision of the same name.
        place: Of the spec.
        environment: That it declares.
        only: Spec key of the one organization that matters; `None`: all.

    Raises:
        RevisionError: It is none of these.
        SpecError: What is compared with is wrong itself, or the spec is for another account.
        ServiceError: AWS refuses.
    """
    if text in (DEPLOYED, LIVE):
        from workmail_org.plan import deployed  # boto3 would make every plan of files slower
        from workmail_org.service import accounts

        if environment.account is not None and environment.organizations:
            actual = accounts.read_account(environment.organizations[0].region)
            accounts.refuse_account(str(place.spec), environment.account, actual)
        read = deployed.read_deployed if text == DEPLOYED else deployed.read_live
        return read(environment, only=only)
    path = pathlib.Path(text)
    if not text.startswith(GIT) and path.is_file():
        return make_base(text, load_environment(path, root=place.root))
    return _read_revision(text, place)


def _read_revision(text: str, place: Place) -> Base:
    revision = text.removeprefix(GIT)
    try:
        commit = find_revision(place.spec, revision)
    except RevisionError as error:
        raise RevisionError(
            f'"{text}" is not a file, and no revision can be read: {error}'
        ) from error
    if commit is None:
        raise RevisionError(_describe_unknown(text, place.spec))
    name = f"{revision} ({commit[:10]})"
    with check_out(place.spec, commit, root=place.root) as checkout:
        if not checkout.spec.is_file():
            return _read_former(name, commit, revision, place)
        return make_base(name, _read(checkout, revision))


def _read_former(name: str, commit: str, revision: str, place: Place) -> Base:
    """Read a spec that has another name in the revision, or is not there at all."""
    former = find_former_name(place.spec, commit)
    if former is not None:
        with check_out(former, commit, root=place.root) as checkout:
            if checkout.spec.is_file():  # and not outside of the root
                called = f"{name}, where it is called {os.path.relpath(former)}"
                return make_base(called, _read(checkout, revision))
    return make_base(f"{name}, which has no such spec", None)


def _read(checkout: Checkout, revision: str) -> Environment:
    reading = read_spec(checkout.spec, root=checkout.root)
    if reading.environment is None:
        folder = str(checkout.folder)
        raise SpecError([_rename(each, folder, revision) for each in reading.problems])
    return reading.environment


def _describe_unknown(text: str, spec: pathlib.Path) -> str:
    if is_shallow(spec):
        return (
            f'"{text}" is not a file, and this shallow clone has no such revision: fetch it first '
            "(git fetch --unshallow; fetch-depth: 0 of actions/checkout)"
        )
    return (
        f'"{text}" is not a file, and git knows no such revision here; allowed are a file, a '
        "revision, deployed and live"
    )


def _rename(problem: Problem, folder: str, revision: str) -> Problem:
    """Name files as they are called in the revision: the folder they were read from is gone."""
    prefix = f"{folder}/"
    named = problem.place.file.replace(prefix, f"{revision}:")
    return replace(
        problem,
        place=replace(problem.place, file=named),
        message=problem.message.replace(prefix, ""),
    )
