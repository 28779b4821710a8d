from __future__ import annotations

from typing import Any

import pytest
from botocore.config import Config

from scenes import make_emulator
from workmail_emulator import Emulator
from workmail_emulator.faults import Fault
from workmail_org.errors import PermanentError, TemporaryError
from workmail_org.service.clients import CONFIG
from workmail_org.service.workmail import WorkMail

LIMIT = Fault(operation="DescribeOrganization", times=0, code="LimitExceededException", status=400)


def open_organization(emulator: Emulator, config: Config | None = None, **fields: Any) -> WorkMail:
    client = emulator.client("workmail", region="eu-west-1", config=config)
    made = client.create_organization(Alias="acme")["OrganizationId"]
    return WorkMail(client, made, **fields)


def test_every_list_is_read_to_its_end() -> None:
    emulator = make_emulator(page_size=1)
    workmail = open_organization(emulator)
    for number in range(4):
        workmail.call("RegisterMailDomain", DomainName=f"d{number}.example")
    people = [_make(workmail, "User", f"u{n}", DisplayName="U") for n in range(4)]
    groups = [_make(workmail, "Group", f"g{n}") for n in range(4)]
    rooms = [_make(workmail, "Resource", f"r{n}", Type="ROOM") for n in range(4)]
    for number, person in enumerate(people[:3]):
        alias = f"alias{number}@d0.example"
        workmail.call("CreateAlias", EntityId=groups[0], Alias=alias)
        workmail.call("AssociateMemberToGroup", GroupId=groups[0], MemberId=person)
        workmail.call("AssociateMemberToGroup", GroupId=groups[number + 1], MemberId=people[0])
        workmail.call("AssociateDelegateToResource", ResourceId=rooms[0], EntityId=person)
    lists: dict[str, tuple[str, dict[str, str], int]] = {
        "ListOrganizations": ("OrganizationSummaries", {}, 1),
        "ListMailDomains": ("MailDomains", {}, 5),
        "ListGroups": ("Groups", {}, 4),
        "ListResources": ("Resources", {}, 4),
        "ListAliases": ("Aliases", {"EntityId": groups[0]}, 4),
        "ListGroupMembers": ("Members", {"GroupId": groups[0]}, 3),
        "ListGroupsForEntity": ("Groups", {"EntityId": people[0]}, 4),
        "ListResourceDelegates": ("Delegates", {"ResourceId": rooms[0]}, 3),
    }
    for operation, (key, parameters, least) in lists.items():
        scope = WorkMail(workmail.client) if operation == "ListOrganizations" else workmail
        found = list(scope.list(operation, key, **parameters))
        assert least <= len(found), operation
        if operation not in ("ListGroups",):  # the directory has groups of its own
            assert least == len(found), operation
    names = [row["Name"] for row in workmail.list("ListUsers", "Users")]

    assert {"u0", "u1", "u2", "u3"} <= set(names)
    assert len(names) == len(set(names))


def _make(workmail: WorkMail, kind: str, name: str, **fields: str) -> str:
    made: str = workmail.call(f"Create{kind}", Name=name, **fields)[f"{kind}Id"]
    workmail.call("RegisterToWorkMail", EntityId=made, Email=f"{name}@d0.example")
    return made


def _do_not_sleep(_seconds: float) -> None:
    pass


def _be_patient(_error: TemporaryError, _tries: int) -> bool:
    return True


def test_a_throttled_call_is_made_again_as_long_as_there_is_patience() -> None:
    emulator = make_emulator()
    asked: list[int] = []

    def have_patience(_error: TemporaryError, tries: int) -> bool:
        asked.append(tries)
        return tries < 3

    workmail = open_organization(emulator, patience=have_patience)
    emulator.faults.add(
        Fault(operation="ListUsers", times=2, code="ThrottlingException", status=400)
    )
    list(workmail.list("ListUsers", "Users"))
    assert [1, 2] == asked
    emulator.faults.add(
        Fault(operation="ListUsers", times=0, code="ThrottlingException", status=400)
    )
    with pytest.raises(TemporaryError, match="ListUsers failed with ThrottlingException"):
        list(workmail.list("ListUsers", "Users"))

    assert [1, 2, 1, 2, 3] == asked


def test_other_failures_are_not_tried_again_here() -> None:
    emulator = make_emulator()
    workmail = open_organization(emulator, patience=_be_patient)
    emulator.faults.add(Fault(operation="ListUsers"))
    with pytest.raises(TemporaryError, match="InternalFailure"):
        list(workmail.list("ListUsers", "Users"))


def test_a_quota_is_not_mistaken_for_throttling() -> None:
    emulator = make_emulator()
    workmail = open_organization(emulator, CONFIG)
    emulator.faults.add(LIMIT)
    emulator.clear_calls()
    with pytest.raises(PermanentError, match="LimitExceededException"):
        workmail.call("DescribeOrganization")

    assert 1 == len(emulator.calls)


def test_botocores_standard_mode_would_try_a_quota_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", _do_not_sleep)
    emulator = make_emulator()
    standard = Config(retries={"mode": "standard", "total_max_attempts": 3})
    workmail = open_organization(emulator, standard)
    emulator.faults.add(LIMIT)
    emulator.clear_calls()
    with pytest.raises(PermanentError, match="LimitExceededException"):
        workmail.call("DescribeOrganization")

    assert 3 == len(emulator.calls)


def test_lost_connections_and_throttling_are_tried_again_by_botocore(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.sleep", _do_not_sleep)
    emulator = make_emulator()
    workmail = open_organization(emulator, CONFIG)
    for fault in (
        Fault(operation="DescribeOrganization", answer="lost"),
        Fault(operation="DescribeOrganization", code="ThrottlingException", status=400),
    ):
        emulator.faults.add(fault)

    assert "Active" == workmail.call("DescribeOrganization")["State"]


def test_things_read_side_by_side_come_in_their_order() -> None:
    workmail = open_organization(make_emulator())

    assert [n * n for n in range(50)] == workmail.read_many(lambda n: n * n, range(50))
