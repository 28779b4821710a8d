"""Plans against a file, a revision, what is deployed and live agree; then just that happens."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from theatres import CDK
from workmail_emulator.calls import Call as Logged
from workmail_org.errors import DeploymentError
from workmail_org.model.organization import Environment
from workmail_org.plan.against import Place, plan_against
from workmail_org.plan.model import Plan, Verdict
from workmail_org.rehearsal.deploying import Cdk
from workmail_org.rehearsal.interrupts import Interrupts
from workmail_org.rehearsal.local import LocalAws, start_local_aws
from workmail_org.rehearsal.processes import Processes
from workmail_org.spec.building import load_environment
from writelog import name_texts, name_writes

REGION = "eu-west-1"
STACKS = {"production-acme": REGION}

# So much is said of everybody that the users move out of the template, into S3.
PROFILE = {
    field: f"{field} {'x' * 220}"
    for field in ("department", "company", "office", "street", "city", "country", "job_title")
}
PEOPLE = {
    f"user-{number:02}": {"display_name": f"Person {number}", **PROFILE} for number in range(60)
}


def make_spec(**changes: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "environment": "production",
        "account": "111122223333",
        "organizations": {
            "acme": {
                "region": REGION,
                "alias": "acme",
                "domains": {"acme.example": {"default": True, "dns": "manual", "verified": True}},
                "users": {
                    "alice": {"display_name": "Zoë Liddell", "aliases": ["al@acme.example"]},
                    "bob": {"display_name": "Bob"},
                    "carol": {"display_name": "Carol"},
                    **PEOPLE,
                },
                "groups": {
                    "sales": {"members": ["alice", "bob"]},
                    "everyone": {"members": ["group:sales", "carol"]},
                },
                "resources": {"boardroom": {"type": "room", "delegates": ["bob"]}},
                "permissions": [
                    {"mailbox": "alice", "grantee": "group:sales", "rights": ["send_as"]}
                ],
                "policies": {
                    "access_control": {"default": {"effect": "allow", "description": "all"}},
                    "retention": {
                        "name": "standard",
                        "folders": {"deleted_items": {"action": "delete", "days": 30}},
                    },
                },
                **changes,
            }
        },
    }


BEFORE = make_spec()
ORGANIZATION: dict[str, Any] = BEFORE["organizations"]["acme"]
USERS: dict[str, Any] = ORGANIZATION["users"]
AFTER = make_spec(
    users={
        # carol leaves, dan joins, the alias moves, bob has another name
        **{name: user for name, user in USERS.items() if name != "carol"},
        "alice": {"display_name": "Zoé Liddell"},
        "bob": {"display_name": "Bob", "aliases": ["al@acme.example"]},
        "dan": {"display_name": "Dan", "aliases": ["carol@acme.example"]},
    },
    groups={
        "support": {"members": ["alice", "dan"]},
        "everyone": {"members": ["group:support"]},
    },
    resources={"boardroom": {"type": "room", "delegates": ["group:support"]}},
    permissions=[{"mailbox": "bob", "grantee": "dan", "rights": ["full_access"]}],
    policies={
        "access_control": {
            "default": {"effect": "allow", "description": "all"},
            "no-imap": {"effect": "deny", "description": "none", "actions": ["imap"]},
        },
        "inbound_dmarc": {"enforced": False},
    },
)


@dataclass
class Theatre:
    """A local AWS with the first state deployed, and a repository with both."""

    local: LocalAws
    cdk: Cdk
    folder: Path

    @property
    def spec(self) -> Path:
        return self.folder / "production.yaml"

    def write(self, spec: dict[str, Any]) -> None:
        self.spec.write_text(json.dumps(spec), encoding="utf-8")

    def commit(self) -> None:
        who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@acme.example")
        for arguments in (
            ("init", "--quiet", "--initial-branch=main"),
            ("add", "production.yaml"),
            (*who, "commit", "--quiet", "--message=first"),
        ):
            subprocess.run(["git", "-C", str(self.folder), *arguments], check=True)  # noqa: S603, S607

    def deploy(self, name: str, *, approved: str = "") -> list[dict[str, Any]]:
        """Deploy the spec; return the writes."""
        assembly = self.folder / name
        self.cdk.synthesize(self.spec, assembly, approved=approved)
        before = len(self.list_calls())
        self.cdk.deploy(assembly, STACKS)
        return [call for call in self.list_calls()[before:] if call["write"]]

    def plan(self, base: str) -> Plan:
        return plan_against(base, Place(spec=self.spec), self.environment)

    @property
    def environment(self) -> Environment:
        return load_environment(self.spec)

    def list_calls(self) -> list[dict[str, Any]]:
        return self.local.control("calls")["calls"]


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    processes = Processes(Interrupts())
    try:
        local = start_local_aws(
            processes,
            tmp_path_factory.mktemp("local"),
            account="111122223333",
            region=REGION,
            verified=["acme.example"],
        )
        with local.entered():
            theatre = Theatre(local, CDK(processes, local), tmp_path_factory.mktemp("repository"))
            theatre.cdk.bootstrap([REGION])
            theatre.write(BEFORE)
            theatre.commit()
            theatre.deploy("first.out")
            theatre.write(AFTER)
            (theatre.folder / "before.yaml").write_text(json.dumps(BEFORE), encoding="utf-8")
            yield theatre
    finally:
        processes.stop()


def test_all_bases_agree_and_the_deployment_does_what_was_approved(theatre: Theatre) -> None:
    plans = {
        base: theatre.plan(str(theatre.folder / base) if base.endswith(".yaml") else base)
        for base in ("before.yaml", "main", "deployed", "live")
    }
    one = plans["before.yaml"]

    assert Verdict.CHANGES is one.verdict
    for base, other in plans.items():
        assert one.approval == other.approval, base
        assert one.organizations[0].changes == other.organizations[0].changes, base
        assert one.organizations[0].calls == other.organizations[0].calls, base
        assert one.cost == other.cost, base

    writes = [Logged(**each) for each in theatre.deploy("second.out", approved=one.approval)]

    assert name_texts(one.organizations[0].calls) == name_writes(
        writes, theatre.local.control("state")
    )
    for base in ("deployed", "live"):
        assert Verdict.NOTHING is theatre.plan(base).verdict, base


def test_what_moved_meanwhile_is_refused_and_nothing_is_written(theatre: Theatre) -> None:
    users = AFTER["organizations"]["acme"]["users"]
    people = {**users, "dan": {**users["dan"], "display_name": "Dan Dare"}}
    changes = {**AFTER["organizations"]["acme"], "users": people}
    theatre.write(make_spec(**changes))
    approved = theatre.plan("live").approval
    workmail: Any = theatre.local.make_client("workmail", REGION)
    organization = workmail.list_organizations()["OrganizationSummaries"][0]["OrganizationId"]
    found = workmail.list_users(OrganizationId=organization)["Users"]
    dan = next(user["Id"] for user in found if user["Name"] == "dan")
    workmail.update_primary_email_address(
        OrganizationId=organization, EntityId=dan, Email="by-hand@acme.example"
    )
    before = len(theatre.list_calls())
    with pytest.raises(DeploymentError) as refused:
        theatre.deploy("third.out", approved=approved)
    stack = theatre.local.make_client("cloudformation", REGION).describe_stacks(
        StackName="production-acme"
    )["Stacks"][0]

    assert (
        "production-acme: Custom::WorkMailUsers: this is not what was approved: the spec or the "
        "live organization changed meanwhile (see workmail-org plan SPEC --against live, and "
        "approve that: cdk deploy -c approved=TEXT): users would take 2 calls: "
        "UpdatePrimaryEmailAddress of user dan, UpdateUser of user dan"
    ) == str(refused.value)
    assert "UPDATE_ROLLBACK_COMPLETE" == stack["StackStatus"]
    assert [] == [call for call in theatre.list_calls()[before:] if call["write"]]


def test_what_is_not_deployed_yet_comes(theatre: Theatre) -> None:
    theatre.write(AFTER | {"environment": "staging"})
    for base in ("deployed", "live"):
        (organization,) = theatre.plan(base).organizations

        assert "comes" == organization.transition
