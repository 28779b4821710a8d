"""A digest names a set of changes, wherever it is computed."""

from __future__ import annotations

from workmail_org.changes.calls import Call, Identity, Phase, Setting, make_call
from workmail_org.changes.digests import digest_calls, render_call
from workmail_org.model.values import Kind, Reference

ALICE = Reference(Kind.USER, "alice")


def grant(*values: str) -> Call:
    return make_call(
        Phase.JOIN,
        "PutMailboxPermissions",
        Setting("mailbox permission", "alice"),
        EntityId=Identity(ALICE),
        PermissionValues=values,
    )


def test_the_order_of_calls_and_of_lists_does_not_count() -> None:
    one, other = grant("SEND_AS", "FULL_ACCESS"), grant("SEND_ON_BEHALF")

    assert digest_calls([one, other]) == digest_calls([other, grant("FULL_ACCESS", "SEND_AS")])


def test_what_is_done_counts() -> None:
    assert digest_calls([grant("SEND_AS")]) != digest_calls([grant("FULL_ACCESS")])


def test_the_case_of_names_does_not_count() -> None:
    shouted = Reference(Kind.USER, "ALICE")
    one, other = (
        make_call(Phase.DISABLE, "DeregisterFromWorkMail", who, EntityId=Identity(who))
        for who in (ALICE, shouted)
    )

    assert digest_calls([one]) == digest_calls([other])


def test_ids_that_workmail_makes_up_do_not_count() -> None:
    rule = Setting("mobile device rule", "phones")
    one, other = (
        make_call(Phase.DETACH, "DeleteMobileDeviceAccessRule", rule, MobileDeviceAccessRuleId=each)
        for each in ("", "0a1b2c")
    )

    assert digest_calls([one]) == digest_calls([other])
    assert render_call(other).endswith(' phones {"MobileDeviceAccessRuleId": "<id>"}')
