"""Rounds of a pass against the emulator, over virtual days."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from exporting import Office, Table, open_office
from workmail_emulator.errors import ResponseLost
from workmail_org.errors import NotFoundError, TemporaryError, WorkMailOrgError
from workmail_org.exporting.deciding import find_verified, pair_passes
from workmail_org.exporting.model import Checked, Exported, Pass, Stage
from workmail_org.exporting.running import advance, begin
from workmail_org.operating.export_words import render_pass
from workmail_org.operating.exporting import PassView

DAY = 86400.0


def run(office: Office, export_pass: Pass = Pass.FIRST, *, most: int = 200) -> int:
    """Take rounds until the pass is done, with the pauses between; return how many."""
    for number in range(most):
        found = advance(office.runner, export_pass)
        if found.done:
            return number + 1
        office.emulator.clock.advance(found.pause)
    raise AssertionError(f"not done after {most} rounds: {office.read(export_pass)}")


def assert_none_twice_a_day(office: Office) -> None:
    for moments in office.count_starts().values():
        assert all(later - earlier >= DAY for earlier, later in pairwise(sorted(moments)))


def test_every_mailbox_ends_verified_with_what_the_log_says() -> None:
    office = open_office()
    begin(office.runner, Pass.FIRST)

    run(office)

    u0 = office.read()["u0"]
    assert dict.fromkeys(("u0", "u1", "u2"), Stage.VERIFIED) == office.stages()
    assert Checked.HASH is u0.checked
    assert (u0.messages, "") == (u0.stated_messages, u0.reason)
    assert f"exports/first/{u0.id}/2026-11-26/{u0.job_id}.zip" == u0.path
    assert len(office.objects.contents[u0.path or ""]) == u0.size
    assert {1} == {len(moments) for moments in office.count_starts().values()}


def test_ten_run_at_once_also_when_others_use_some_of_the_room() -> None:
    office = open_office(users=12)
    ids = {row["Name"]: row["Id"] for row in list_users(office)}
    for name in ("u10", "u11"):
        office.start_by_hand(ids[name])
    begin(office.runner, Pass.FIRST)

    advance(office.runner, Pass.FIRST)

    stages = office.stages()
    assert 8 == sum(stage is Stage.RUNNING for stage in stages.values())
    assert (Stage.WAITING, Stage.WAITING) == (stages["u10"], stages["u11"])
    run(office)
    assert {Stage.VERIFIED} == set(office.stages().values())
    assert_none_twice_a_day(office)


def list_users(office: Office) -> Any:
    answer = office.client.list_users(OrganizationId=office.organization)
    return [row for row in answer["Users"] if row["UserRole"] == "USER"]


def test_who_was_exported_today_waits_for_the_24_hours() -> None:
    office = open_office(users=1)
    (row,) = list_users(office)
    office.start_by_hand(row["Id"])
    office.emulator.clock.advance(3600)
    begin(office.runner, Pass.FIRST)

    first = advance(office.runner, Pass.FIRST)
    waiting = office.read()["u0"]
    run(office)

    assert not first.done
    assert (Stage.WAITING, "it was exported within the last 24 hours") == (
        waiting.stage,
        waiting.reason,
    )
    assert Stage.VERIFIED is office.stages()["u0"]
    assert_none_twice_a_day(office)


def test_a_failed_job_is_tried_once_more_after_a_day_and_then_failed_in_workmails_words() -> None:
    office = open_office(users=2)
    begin(office.runner, Pass.FIRST)
    for words in ("mailbox is damaged", "mailbox is on fire", "mailbox is still damaged"):
        office.emulator.fail_later("StartMailboxExportJob", words)

    run(office)

    found = office.read()
    assert {"u0": Stage.FAILED, "u1": Stage.VERIFIED} == office.stages()
    assert "WorkMail says: mailbox is still damaged" == found["u0"].reason
    assert [2, 2] == [len(moments) for moments in office.count_starts().values()]
    assert_none_twice_a_day(office)


def test_a_cancelled_job_is_an_end() -> None:
    office = open_office(users=1)
    begin(office.runner, Pass.FIRST)
    advance(office.runner, Pass.FIRST)
    office.client.cancel_mailbox_export_job(
        OrganizationId=office.organization, JobId=office.read()["u0"].job_id
    )

    run(office)

    assert (Stage.FAILED, "the job was cancelled by hand") == (
        office.read()["u0"].stage,
        office.read()["u0"].reason,
    )


def test_who_is_switched_off_is_asked_for_reported_and_not_switched_on() -> None:
    office = open_office(users=2)
    office.client.deregister_from_work_mail(OrganizationId=office.organization, EntityId="u1")
    begin(office.runner, Pass.FIRST)

    run(office)

    reason = office.read()["u1"].reason
    assert {"u0": Stage.VERIFIED, "u1": Stage.FAILED} == office.stages()
    assert "EntityNotFoundException" in reason
    assert "u1 is switched off" in reason
    assert "enabled: true" in reason
    assert "DISABLED" == next(r["State"] for r in list_users(office) if r["Name"] == "u1")


def test_rooms_are_exported_and_groups_are_not() -> None:
    office = open_office(users=1)
    scope = {"OrganizationId": office.organization}
    room = office.client.create_resource(**scope, Name="room", Type="ROOM")["ResourceId"]
    group = office.client.create_group(**scope, Name="sales")["GroupId"]
    for entity, name in ((room, "room"), (group, "sales")):
        office.client.register_to_work_mail(
            **scope, EntityId=entity, Email=f"{name}@acme.awsapps.com"
        )
    begin(office.runner, Pass.FIRST)

    run(office)

    assert {"u0": Stage.VERIFIED, "room": Stage.VERIFIED} == office.stages()
    assert "resource:room" == str(office.read()["room"].reference)


def test_the_final_pass_exports_everybody_again_and_keeps_the_first() -> None:
    office = open_office(users=2)
    begin(office.runner, Pass.FIRST)
    run(office)
    begin(office.runner, Pass.FINAL)

    run(office, Pass.FINAL)

    assert dict.fromkeys(("u0", "u1"), Stage.VERIFIED) == office.stages()
    assert dict.fromkeys(("u0", "u1"), Stage.VERIFIED) == office.stages(Pass.FINAL)
    assert_none_twice_a_day(office)


def watch_journal(office: Office) -> PassView:
    return PassView(office.journal.read(Pass.FIRST), has_ended=False)


@pytest.mark.parametrize("names", [(), ("u0",)])
def test_a_pass_that_is_done_again_exports_once_more_and_loses_nothing_meanwhile(
    names: tuple[str, ...],
) -> None:
    """Mail came into the mailboxes after the final pass, or the move was taken back."""
    office = open_office(users=2)
    begin(office.runner, Pass.FINAL)
    run(office, Pass.FINAL)
    before = office.read(Pass.FINAL)
    office.emulator.clock.advance(3600)
    begin(office.runner, Pass.FINAL, names, again=True)
    waiting = office.read(Pass.FINAL)
    counted = find_verified(office.journal.read(Pass.FINAL))
    office.emulator.clock.advance(25 * 3600)
    run(office, Pass.FINAL)
    after = office.read(Pass.FINAL)

    assert (Stage.WAITING, "to be exported again") == (waiting["u0"].stage, waiting["u0"].reason)
    assert {each.id for each in before.values()} == set(counted)
    assert before["u0"].path == counted[before["u0"].id].path
    assert Stage.VERIFIED is after["u0"].stage
    assert before["u0"].path == after["u0"].former_path != after["u0"].path
    assert before["u0"].sha384 == after["u0"].former_sha384
    assert before["u0"].verified_at == after["u0"].former_verified_at
    assert before["u0"].started_at == after["u0"].former_started_at
    assert before["u0"].exported_at == counted[before["u0"].id].exported_at
    assert bool(names) == (before["u1"] == after["u1"])
    assert_none_twice_a_day(office)


def test_to_read_a_file_again_makes_its_export_no_newer() -> None:
    """What came into the mailbox since the job began is not in it, whenever it was read."""
    office = open_office(users=2)
    begin(office.runner, Pass.FINAL)
    run(office, Pass.FINAL)
    before = office.read(Pass.FINAL)["u0"]
    office.emulator.clock.advance(20 * 24 * 3600)
    begin(office.runner, Pass.FINAL, verify=True)
    run(office, Pass.FINAL)
    after = office.read(Pass.FINAL)["u0"]

    assert (Stage.VERIFIED, before.path) == (after.stage, after.path)
    assert before.verified_at != after.verified_at
    assert before.exported_at == after.exported_at


def test_a_file_that_somebody_deleted_is_found_and_exported_again() -> None:
    """The journal does not notice it by itself."""
    office = open_office(users=2)
    begin(office.runner, Pass.FINAL)
    run(office, Pass.FINAL)
    before = office.read(Pass.FINAL)
    del office.objects.contents[before["u0"].path or ""]
    begin(office.runner, Pass.FINAL)
    unnoticed = office.stages(Pass.FINAL)
    begin(office.runner, Pass.FINAL, verify=True)
    looked = office.read(Pass.FINAL)
    run(office, Pass.FINAL)
    after = office.read(Pass.FINAL)

    assert dict.fromkeys(("u0", "u1"), Stage.VERIFIED) == unnoticed
    assert {Stage.EXPORTED} == {each.stage for each in looked.values()}
    assert {} == find_verified(looked.values())
    assert (Stage.VERIFIED, before["u1"].path) == (after["u1"].stage, after["u1"].path)
    assert after["u1"].sha384 == before["u1"].sha384
    assert Stage.VERIFIED is after["u0"].stage
    assert before["u0"].path != after["u0"].path
    assert after["u0"].path in office.objects.contents
    assert_none_twice_a_day(office)


def test_what_was_verified_counts_although_doing_it_again_failed() -> None:
    office = open_office(users=1)
    begin(office.runner, Pass.FINAL)
    run(office, Pass.FINAL)
    path = office.read(Pass.FINAL)["u0"].path
    office.emulator.clock.advance(25 * 3600)
    begin(office.runner, Pass.FINAL, again=True)
    for _ in range(2):
        office.emulator.fail_later("StartMailboxExportJob", "damaged")
    run(office, Pass.FINAL)
    (pair,) = pair_passes(office.journal.read(Pass.FINAL)).values()
    begin(office.runner, Pass.FINAL, retry=True)

    assert (Stage.FAILED, False) == (pair.latest.stage, pair.archived)
    assert pair.verified
    assert path == pair.verified.path
    assert path == office.read(Pass.FINAL)["u0"].former_path


def test_a_pass_that_is_begun_again_takes_in_newcomers_and_tries_again_whom_it_is_told() -> None:
    office = open_office(users=2)
    begin(office.runner, Pass.FIRST)
    for _ in range(4):
        office.emulator.fail_later("StartMailboxExportJob", "damaged")
    run(office)
    office.add_user("late")
    before = office.stages()

    begin(office.runner, Pass.FIRST)
    run(office)
    untouched = office.stages()
    begin(office.runner, Pass.FIRST, ["u0"], retry=True)
    (shown,) = [
        line
        for line in render_pass("acme", Pass.FIRST, watch_journal(office))
        if line.startswith("  u0 waits until ")
    ]
    run(office)

    assert shown.endswith(": to be tried again; before it failed: WorkMail says: damaged")
    assert {"u0": Stage.FAILED, "u1": Stage.FAILED} == before
    assert {**before, "late": Stage.VERIFIED} == untouched
    assert {"u0": Stage.VERIFIED, "u1": Stage.FAILED, "late": Stage.VERIFIED} == office.stages()
    assert_none_twice_a_day(office)


@pytest.mark.parametrize("fails", [True, False])
def test_who_was_deleted_is_noted_and_keeps_no_pass_from_its_end(fails: bool) -> None:
    office = open_office(users=2)
    for _ in range(4 if fails else 0):
        office.emulator.fail_later("StartMailboxExportJob", "damaged")
    begin(office.runner, Pass.FIRST)
    run(office)
    scope = {"OrganizationId": office.organization}
    leaver = office.read()["u0"].id
    office.client.deregister_from_work_mail(**scope, EntityId=leaver)
    office.client.delete_user(**scope, UserId=leaver)
    office.emulator.clock.advance(25 * 3600)
    begin(office.runner, Pass.FINAL)
    run(office, Pass.FINAL)
    begin(office.runner, Pass.FIRST, retry=True)
    run(office)
    first = office.read()
    watched = PassView(office.journal.read(Pass.FIRST), has_ended=True)
    said = [*render_pass("acme", Pass.FIRST, watched)][1]

    assert ["u1"] == list(office.read(Pass.FINAL))
    assert (True, False) == (first["u0"].gone_at is not None, first["u1"].gone_at is not None)
    assert watched.all_verified
    assert said == (
        f"  u0 {'has no verified export' if fails else 'is verified'} in this pass; WorkMail does "
        "not have the mailbox any more"
    )


def test_who_is_switched_on_again_in_time_is_there_again() -> None:
    office = open_office(users=1)
    begin(office.runner, Pass.FIRST)
    run(office)
    scope = {"OrganizationId": office.organization}
    user = office.read()["u0"].id
    office.client.deregister_from_work_mail(**scope, EntityId=user)
    gone = replace(office.read()["u0"], gone_at=1.0)
    office.journal.write(gone)
    begin(office.runner, Pass.FINAL)

    assert office.read()["u0"].gone_at is None


def test_a_name_without_a_mailbox_is_refused_before_anything_is_written() -> None:
    office = open_office(users=1)

    with pytest.raises(NotFoundError, match="no mailbox has the name group:x, nobody"):
        begin(office.runner, Pass.FIRST, ["u0", "nobody", "group:x"])
    assert {} == office.stages()


def test_files_that_nobody_reads_are_asked_for_three_times_and_then_failed() -> None:
    office = open_office(users=1)
    office.reads = False
    begin(office.runner, Pass.FIRST)

    run(office)

    u0 = office.read()["u0"]
    assert (Stage.FAILED, 3) == (u0.stage, u0.checks)
    assert "3 tries to read" in u0.reason
    assert 1 == len(office.count_starts()[u0.id])


@pytest.mark.parametrize("missing", ["OrganizationId", "state"])
def test_an_organization_that_is_gone_is_no_end_of_a_mailbox(missing: str) -> None:
    office = open_office(users=1)
    begin(office.runner, Pass.FIRST)
    if missing == "state":
        office.client.delete_organization(
            OrganizationId=office.organization, DeleteDirectory=True, ForceDelete=True
        )
    else:
        office.organization = f"m-{0:032x}"

    with pytest.raises(WorkMailOrgError):
        advance(office.runner, Pass.FIRST)
    assert Stage.WAITING is office.stages()["u0"]


class Killed(BaseException):
    """The process ends."""


def count_calls(office: Office) -> int:
    """Run a pass to its end; return how many calls of WorkMail it took."""
    office.emulator.clear_calls()
    begin(office.runner, Pass.FIRST)
    run(office)
    return len(office.emulator.calls)


@pytest.mark.parametrize("phase", [pytest.param("before", marks=pytest.mark.exhaustive), "after"])
@pytest.mark.parametrize("blow", [Killed, ResponseLost])
def test_whatever_call_is_struck_every_mailbox_is_exported_exactly_once(
    phase: str, blow: type[BaseException]
) -> None:
    office = open_office(users=3)
    put_back = office.emulator.save()
    for at in range(count_calls(office)):
        put_back()
        office.table = Table()
        strike_once(office, phase, blow, at)
        for _ in range(3):
            try:
                begin(office.runner, Pass.FIRST)
                run(office)
            except (Killed, TemporaryError):
                continue
            break

        assert dict.fromkeys(("u0", "u1", "u2"), Stage.VERIFIED) == office.stages(), at
        assert [1, 1, 1] == [len(moments) for moments in office.count_starts().values()], at


def strike_once(office: Office, phase: str, blow: type[BaseException], at: int) -> None:
    first = len(office.emulator.calls)

    def hook(now: str, call: Any) -> None:
        if now == phase and call.number == first + at:
            office.emulator.on_call = None
            raise blow()

    office.emulator.on_call = hook


def test_a_start_whose_answer_was_lost_before_midnight_is_found_after_it() -> None:
    """The token is another one the next day; the list shows the job."""
    office = open_office(users=1)
    office.emulator.clock.advance(14 * 3600 + 3540)  # it was nine
    begin(office.runner, Pass.FIRST)

    def hook(phase: str, call: Any) -> None:
        if phase == "after" and call.operation == "StartMailboxExportJob":
            office.emulator.on_call = None
            office.emulator.clock.advance(120)
            raise ResponseLost

    office.emulator.on_call = hook
    with pytest.raises(TemporaryError):
        advance(office.runner, Pass.FIRST)
    run(office)

    u0 = office.read()["u0"]
    assert (Stage.VERIFIED, 1) == (u0.stage, u0.attempts)
    assert [1] == [len(moments) for moments in office.count_starts().values()]


def test_two_runners_at_once_start_nothing_twice() -> None:
    office = open_office(users=12)
    begin(office.runner, Pass.FIRST)
    inner = 0

    def hook(phase: str, call: Any) -> None:
        """Let another runner take a whole round in the middle of this one."""
        nonlocal inner
        if phase == "before" and call.operation == "StartMailboxExportJob" and inner < 4:
            inner += 1
            hooked, office.emulator.on_call = office.emulator.on_call, None
            advance(office.runner, Pass.FIRST)
            office.emulator.on_call = hooked

    office.emulator.on_call = hook
    run(office)

    assert inner
    assert {Stage.VERIFIED} == set(office.stages().values())
    assert {1} == {len(moments) for moments in office.count_starts().values()}


def test_a_journal_is_not_overwritten_by_who_read_it_earlier() -> None:
    office = open_office(users=1)
    begin(office.runner, Pass.FIRST)
    stale: Exported = office.read()["u0"]
    run(office)

    assert None is office.journal.write(stale)
    assert Stage.VERIFIED is office.stages()["u0"]
