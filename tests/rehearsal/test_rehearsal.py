"""The whole way, once: the real CDK CLI deploys our app to the local AWS, state after state."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from theatres import CDK
from workmail_org.errors import DeploymentError
from workmail_org.model.live import Snapshot
from workmail_org.model.user import User
from workmail_org.rehearsal.comparing import compare
from workmail_org.rehearsal.deploying import Cdk
from workmail_org.rehearsal.interrupts import Interrupts
from workmail_org.rehearsal.local import LocalAws, start_local_aws
from workmail_org.rehearsal.localizing import LocalSpec, localize
from workmail_org.rehearsal.processes import Processes
from workmail_org.rehearsal.stand_ins import StandIns
from workmail_org.rehearsal.surveying import survey

EU = "production-acme-eu"
US = "production-acme-us"
REGIONS = {EU: "eu-west-1", US: "us-east-1"}


def write_spec(folder: Path, *, us_goes: bool = False, eu_goes: bool = False, **users: str) -> Path:
    """Write a spec with two organizations; alice, bob and the `users` given are in the first.

    Args:
        folder: Where it is written.
        us_goes: Whether the second may be deleted with its stack.
        eu_goes: Whether the first may be, and the second is gone.
        users: Display names by key.
    """
    people = {"alice": "Alice Liddell", "bob": "Bob", **users}
    spec: dict[str, Any] = {
        "version": 1,
        "environment": "production",
        "organizations": {
            "acme-eu": {
                "region": "eu-west-1",
                "alias": "acme-eu",
                "tags": {"team": "platform"},
                "domains": {
                    "acme.example": {
                        "default": True,
                        "dns": {"hosted_zone_id": "Z0123456789ABC", "zone_name": "acme.example"},
                    }
                },
                "users": {
                    name: {"display_name": shown, "aliases": [f"{name}.x@acme.example"]}
                    for name, shown in people.items()
                    if shown
                },
                "groups": {"sales": {"members": ["alice"]}},
                "on_removal": {"organization": "delete"} if eu_goes else {},
            },
            "acme-us": {
                "region": "us-east-1",
                "alias": "acme-us",
                "users": {"dave": {"display_name": "Dave"}},
                "on_removal": {"organization": "delete"} if us_goes else {},
            },
        },
    }
    if eu_goes:
        del spec["organizations"]["acme-us"]
    path = folder / "production.yaml"
    path.write_text(json.dumps(spec), encoding="utf-8")
    return path


@dataclass
class Theatre:
    """A local AWS on which one spec after the other is deployed."""

    local: LocalAws
    cdk: Cdk
    folder: Path
    deployed: list[LocalSpec] = field(default_factory=list[LocalSpec])
    stand_ins: StandIns = field(init=False)

    def __post_init__(self) -> None:
        self.stand_ins = StandIns(self.local)

    def prepare(self, *, us_goes: bool = False, eu_goes: bool = False, **users: str) -> Path:
        """Synthesize the next spec; return its assembly."""
        number = len(self.deployed)
        folder = self.folder / f"state-{number}"
        folder.mkdir()
        path = write_spec(folder, us_goes=us_goes, eu_goes=eu_goes, **users)
        [local] = localize([(path, folder / "local.yaml")], self.stand_ins, root=None)
        self.deployed.append(local)
        self.cdk.synthesize(local.path, folder / "cdk.out")
        return self.assembly

    @property
    def assembly(self) -> Path:
        """What was synthesized last."""
        return self.folder / f"state-{len(self.deployed) - 1}" / "cdk.out"

    def deploy(self, assembly: Path) -> list[str]:
        """Deploy an assembly; return the operations that wrote, in order."""
        before = len(self.local.control("calls")["calls"])
        self.cdk.deploy(assembly, REGIONS)
        calls: list[dict[str, Any]] = self.local.control("calls")["calls"][before:]
        return [call["operation"] for call in calls if call["write"]]

    def survey(self, key: str) -> Snapshot:
        """Read an organization back."""
        found = survey(REGIONS[f"production-{key}"], key)
        assert found is not None
        return found

    def differences(self) -> list[str]:
        """Compare what exists with the spec that was deployed last."""
        return [
            str(difference)
            for organization in self.deployed[-1].environment.organizations
            for difference in compare(organization, self.survey(organization.key))
        ]

    def find_user(self, name: str) -> tuple[str, User]:
        """Return a user's id and the user."""
        return next(
            (found.id, found.entity)
            for found in self.survey("acme-eu").people.users.values()
            if found.entity.name == name
        )


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    processes = Processes(Interrupts())
    try:
        local = start_local_aws(
            processes,
            tmp_path_factory.mktemp("local"),
            account="111122223333",
            region="eu-west-1",
            verified=[],
        )
        with local.entered():
            cdk = CDK(processes, local)
            cdk.bootstrap(sorted(REGIONS.values()))
            theatre = Theatre(local, cdk, tmp_path_factory.mktemp("states"))
            theatre.deploy(theatre.prepare())
            yield theatre
    finally:
        processes.stop()


# The tests below are states in a row: each begins where the one before it ended.


def _list_ids(live: Snapshot) -> list[str]:
    return [each.id for each in live.people.users.values()]


def test_what_exists_is_what_the_spec_says(theatre: Theatre) -> None:
    assert theatre.differences() == []


def test_the_domain_verified_through_the_records_of_the_stack(theatre: Theatre) -> None:
    domains = {d.name: d.ownership for d in theatre.survey("acme-eu").domains.values()}

    expected = {"acme-eu.awsapps.com": "VERIFIED", "acme.example": "VERIFIED"}
    assert expected == domains


def test_organizations_in_two_regions_know_nothing_of_each_other(theatre: Theatre) -> None:
    assert [found.entity.name for found in theatre.survey("acme-us").people.users.values()] == [
        "dave"
    ]
    assert survey("us-east-1", "acme-eu") is None


def test_no_password_leaves_the_secret(theatre: Theatre) -> None:
    passwords = [
        password
        for region in REGIONS.values()
        for password in read_passwords(theatre.local, region)
    ]
    written = [
        path
        for folder in (theatre.folder, theatre.local.folder)
        for path in folder.rglob("*")
        if path.is_file()
    ]

    assert len(passwords) == 3
    assert [
        path for path in written for password in passwords if password.encode() in path.read_bytes()
    ] == []
    assert [
        password
        for password in passwords
        if json.dumps(password) in json.dumps(list_stack_texts(theatre.local))
    ] == []


def test_deploying_again_writes_nothing(theatre: Theatre) -> None:
    assembly = theatre.prepare()

    assert "There were no differences" in theatre.cdk.diff(assembly)
    assert theatre.deploy(assembly) == []


def test_one_changed_name_is_one_line_of_the_diff_and_one_write(theatre: Theatre) -> None:
    assembly = theatre.prepare(alice="Alice Hargreaves")
    diff = theatre.cdk.diff(assembly)

    changed = [line for line in diff.splitlines() if "[-]" in line or "[+]" in line]
    assert [line.rpartition("] ")[2] for line in changed] == ["Alice Liddell", "Alice Hargreaves"]
    assert theatre.deploy(assembly) == ["UpdateUser"]
    assert theatre.differences() == []


def test_a_removed_user_is_disabled_and_comes_back_as_the_same(theatre: Theatre) -> None:
    before, _ = theatre.find_user("bob")

    theatre.deploy(theatre.prepare(bob=""))
    removed, bob = theatre.find_user("bob")
    assert (before, False) == (removed, bob.enabled)

    theatre.deploy(theatre.prepare())
    added, bob = theatre.find_user("bob")
    assert (before, True) == (added, bob.enabled)
    assert theatre.differences() == []


def test_a_stack_whose_organization_stays_is_not_destroyed(theatre: Theatre) -> None:
    with pytest.raises(DeploymentError) as refused:
        theatre.cdk.destroy(theatre.assembly)

    assert "cannot be deleted while TerminationProtection is enabled" in str(refused.value)
    assert theatre.differences() == []
    assert sorted(list_protected(theatre.local)) == [EU, US]


def test_the_cdk_lifts_the_protection_of_an_organization_that_may_go(theatre: Theatre) -> None:
    theatre.deploy(theatre.prepare(us_goes=True))

    assert list_protected(theatre.local) == [EU]


def test_destroying_leaves_the_organization_that_stays_and_deletes_the_other(
    theatre: Theatre,
) -> None:
    before = theatre.survey("acme-eu")
    theatre.local.make_client("cloudformation", REGIONS[EU]).update_termination_protection(
        StackName=EU, EnableTerminationProtection=False
    )
    theatre.cdk.destroy(theatre.assembly)
    after = theatre.survey("acme-eu")

    assert (after.organization.state, after.organization.id) == ("active", before.organization.id)
    assert _list_ids(after) == _list_ids(before)
    assert survey(REGIONS[US], "acme-us") is None
    assert list_stacks(theatre.local) == ["CDKToolkit"]


def test_an_organization_found_again_survives_the_rollback_of_a_stack_that_could_delete_it(
    theatre: Theatre,
) -> None:
    before = theatre.survey("acme-eu")
    assembly = theatre.prepare(eu_goes=True)
    fault = {"operation": "RegisterMailDomain", "code": "Final", "message": "no", "status": 400}
    theatre.local.control("faults", fault)
    with pytest.raises(DeploymentError, match="Final"):
        theatre.deploy(assembly)
    after = theatre.survey("acme-eu")
    client = theatre.local.make_client("cloudformation", REGIONS[EU])
    (stack,) = client.describe_stacks(StackName=EU)["Stacks"]

    assert "ROLLBACK_COMPLETE" == stack["StackStatus"]
    assert (after.organization.state, after.organization.id) == ("active", before.organization.id)
    assert _list_ids(after) == _list_ids(before)


def read_passwords(local: LocalAws, region: str) -> list[str]:
    """Return every password in the region's secrets."""
    client = local.make_client("secretsmanager", region)
    values = [
        json.loads(client.get_secret_value(SecretId=secret["ARN"])["SecretString"])
        for secret in client.list_secrets()["SecretList"]
    ]
    return [password for value in values for password in value.values()]


def list_stack_texts(local: LocalAws) -> list[Any]:
    """Return templates, events and outputs of every stack."""
    texts: list[Any] = []
    for stack, region in REGIONS.items():
        client = local.make_client("cloudformation", region)
        texts += [
            client.get_template(StackName=stack)["TemplateBody"],
            [e.get("ResourceStatusReason") for e in list_events(client, stack)],
            client.describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", []),
        ]
    return texts


def list_events(client: Any, stack: str) -> list[dict[str, Any]]:
    """Return the events of a stack."""
    pages = client.get_paginator("describe_stack_events").paginate(StackName=stack)
    return [event for page in pages for event in page["StackEvents"]]


def list_protected(local: LocalAws) -> list[str]:
    """Return which of the two stacks CloudFormation refuses to delete."""
    return [
        stack
        for stack, region in REGIONS.items()
        if local.make_client("cloudformation", region).describe_stacks(StackName=stack)["Stacks"][
            0
        ]["EnableTerminationProtection"]
    ]


def list_stacks(local: LocalAws) -> list[str]:
    """Return the stacks that exist in the first region."""
    client = local.make_client("cloudformation", "eu-west-1")
    return [stack["StackName"] for stack in client.describe_stacks()["Stacks"]]
