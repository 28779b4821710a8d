"""Who was switched off by hand and is back has nothing that the spec took away meanwhile.

WorkMail keeps members, delegates and grantees who are switched off, and shows them nowhere
(assumed, MEMBERS_STAY): so a deployment cannot take away what leaves the spec then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from approving import plan_live
from cloudformation import DeploymentFailedError, RollbackFailedError, Stack
from drifting import Hand, find_rows, tell
from scenes import at, list_operations, make_emulator, make_group, make_organization, make_user
from transitions import erase, permit
from workmail_emulator.faults import Fault
from workmail_org.model.bookable import Bookable, BookableType
from workmail_org.model.organization import Organization
from workmail_org.model.permission import Right
from workmail_org.model.policies import Policies
from workmail_org.model.values import parse_reference

BEN, EVE = make_user("ben"), make_user("eve")
CLUB = make_group("club", "ben", "eve")
HALL = Bookable(
    name="hall",
    type=BookableType.ROOM,
    email=at("hall"),
    delegates=(parse_reference("ben"), parse_reference("eve")),
)
RIGHTS = (permit("ben", "eve", Right.FULL_ACCESS), permit("eve", "ben", Right.SEND_AS))

BEFORE = make_organization(BEN, EVE, CLUB, resources=(HALL,), permissions=RIGHTS)
AFTER = replace(
    BEFORE,
    groups=(make_group("club", "ben"),),
    resources=(replace(HALL, delegates=(parse_reference("ben"),)),),
    permissions=(),
)
"""Eve is in nothing any more."""


def change_field(stack: Stack) -> Organization:
    stack.deploy(AFTER)
    return replace(AFTER, users=(BEN, replace(EVE, city="Bonn")))


def leave_and_come_back(stack: Stack) -> Organization:
    stack.deploy(replace(AFTER, users=(BEN,)))
    return AFTER


def switch_off_and_on(stack: Stack) -> Organization:
    stack.deploy(replace(AFTER, users=(BEN, replace(EVE, enabled=False))))
    return AFTER


WAYS: dict[str, Callable[[Stack], Organization]] = {
    "changes": change_field,
    "left, and is declared again": leave_and_come_back,
    "was declared off": switch_off_and_on,
}
"""How the spec comes to Eve once more, when it has let her go: what is deployed at last."""


@pytest.fixture
def hand() -> Hand:
    """Eve was switched off by hand when everything was deployed."""
    stack = Stack(make_emulator())
    stack.deploy(BEFORE)
    hand = Hand(stack)
    hand.do("deregister_from_work_mail", EntityId=hand.find("eve"))
    return hand


@dataclass(frozen=True)
class Access:
    """What Eve has.

    Attributes:
        rights: Hers, on the mailbox of Ben.
        given: Those of others, on hers.
    """

    is_on: bool = True
    is_member: bool = False
    is_delegate: bool = False
    rights: tuple[str, ...] = ()
    given: tuple[str, ...] = ()


def look(hand: Hand) -> Access:
    eve = hand.find("eve")
    is_on = hand.do("describe_user", UserId=eve)["State"] == "ENABLED"
    members = hand.do("list_group_members", GroupId=hand.find("club"))["Members"]
    delegates = hand.do("list_resource_delegates", ResourceId=hand.find("hall"))["Delegates"]
    return Access(
        is_on=is_on,
        is_member=eve in [each["Id"] for each in members],
        is_delegate=eve in [each["Id"] for each in delegates],
        rights=_list_rights(hand, "ben"),
        given=_list_rights(hand, "eve") if is_on else (),
    )


def _list_rights(hand: Hand, mailbox: str) -> tuple[str, ...]:
    listed = hand.do("list_mailbox_permissions", EntityId=hand.find(mailbox))["Permissions"]
    return tuple(right for each in listed for right in each["PermissionValues"])


EVERYTHING = Access(is_member=True, is_delegate=True, rights=("FULL_ACCESS",), given=("SEND_AS",))


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_who_is_switched_on_again_gets_nothing_back_that_left_the_spec(
    hand: Hand, way: Callable[[Stack], Organization]
) -> None:
    hand.stack.deploy(way(hand.stack))

    assert Access() == look(hand)


def test_a_deployment_that_fails_takes_nothing_away(hand: Hand) -> None:
    """What it took away from who was off, its rollback declares again."""
    hand.stack.emulator.faults.add(Fault(operation="PutRetentionPolicy", code="Final", status=400))
    with pytest.raises(DeploymentFailedError, match="Final") as failed:
        hand.stack.deploy(replace(AFTER, policies=Policies(retention=erase(9))))
    assert not isinstance(failed.value, RollbackFailedError)
    hand.stack.deploy(replace(BEFORE, users=(BEN, replace(EVE, city="Bonn"))))

    assert EVERYTHING == look(hand)


def test_a_right_that_people_gave_beside_it_stays(hand: Hand) -> None:
    hand.do("register_to_work_mail", EntityId=hand.find("eve"), Email=at("eve"))
    pair = {"EntityId": hand.find("ben"), "GranteeId": hand.find("eve")}
    both = ["FULL_ACCESS", "SEND_AS"]
    hand.do("put_mailbox_permissions", **pair, PermissionValues=both)
    hand.do("deregister_from_work_mail", EntityId=hand.find("eve"))
    hand.stack.deploy(change_field(hand.stack))

    assert Access(rights=("SEND_AS",)) == look(hand)


def test_whom_people_switch_on_has_everything_and_drift_reports_it(hand: Hand) -> None:
    hand.stack.deploy(AFTER)
    hand.do("register_to_work_mail", EntityId=hand.find("eve"), Email=at("eve"))

    assert EVERYTHING == look(hand)
    assert {
        "groups.club.members",
        "resources.hall.delegates",
        'permissions["ben for eve"]',
        'permissions["eve for ben"]',
    } <= tell(find_rows(hand.stack, AFTER)).keys()


def test_the_next_change_of_permissions_takes_them_away_as_planned(hand: Hand) -> None:
    hand.stack.deploy(AFTER)
    hand.do("register_to_work_mail", EntityId=hand.find("eve"), Email=at("eve"))
    after = replace(AFTER, permissions=(permit("resource:hall", "ben", Right.FULL_ACCESS),))
    (planned,) = plan_live(hand.stack, AFTER, after).organizations
    hand.stack.emulator.clear_calls()
    hand.stack.deploy(after)

    operations = ["DeleteMailboxPermissions"] * 2 + ["PutMailboxPermissions"]
    assert operations == [call.partition(" ")[0] for call in planned.calls]
    assert operations == list_operations(hand.stack)
    assert ((), ()) == (look(hand).rights, look(hand).given)


def test_what_is_declared_again_is_not_taken_away(hand: Hand) -> None:
    """The note on what left the spec ends with that."""
    hand.stack.deploy(AFTER)
    hand.stack.deploy(change_field(hand.stack))
    hand.stack.deploy(BEFORE)
    hand.do("deregister_from_work_mail", EntityId=hand.find("eve"))
    hand.stack.deploy(replace(BEFORE, users=(BEN, replace(EVE, city="Cork"))))

    assert EVERYTHING == look(hand)


def test_an_approval_holds_where_somebody_comes_back_and_permissions_change(hand: Hand) -> None:
    """Her rights are taken away by the users, before permissions come to them."""
    hand.stack.deploy(AFTER)
    after = replace(
        AFTER,
        users=(BEN, replace(EVE, city="Bonn")),
        groups=(make_group("club", "ben", aliases=(at("c"),)),),
        permissions=(permit("resource:hall", "ben", Right.FULL_ACCESS),),
    )
    plan = plan_live(hand.stack, AFTER, after)
    hand.stack.deploy(after, approved=plan.approval)

    assert Access() == look(hand)


def test_an_approval_holds_where_a_right_leaves_as_its_grantee_comes_back(hand: Hand) -> None:
    after = replace(BEFORE, users=(BEN, replace(EVE, city="Bonn")), permissions=())
    plan = plan_live(hand.stack, BEFORE, after)
    (planned,) = plan.organizations
    hand.stack.deploy(after, approved=plan.approval)

    assert 2 == [call.partition(" ")[0] for call in planned.calls].count("DeleteMailboxPermissions")
    assert ((), ()) == (look(hand).rights, look(hand).given)
