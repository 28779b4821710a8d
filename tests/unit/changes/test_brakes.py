"""What is not done before a person has given the word."""

from __future__ import annotations

from typing import Any

import pytest

from workmail_org.changes.access_control import list_access_brakes
from workmail_org.changes.brakes import (
    Brake,
    BrakeRule,
    digest_brakes,
    list_removal_brakes,
)
from workmail_org.changes.calls import Call, Identity, Phase, make_call
from workmail_org.changes.identity_center import list_sign_in_brakes
from workmail_org.changes.organizations import list_domain_brakes
from workmail_org.changes.retention import list_retention_brakes
from workmail_org.model.policies import (
    AccessControlRule,
    AuthenticationMode,
    Effect,
    Folder,
    FolderRetention,
    IdentityCenter,
    PersonalAccessTokens,
    RetentionAction,
    RetentionPolicy,
)
from workmail_org.model.removal import Removal, Safety
from workmail_org.model.values import Kind, Reference

KEPT, DELETED, DESTROYED = RetentionAction


def remove(name: str, kind: Kind = Kind.USER, *, delete: bool = False) -> list[Call]:
    reference = Reference(kind, name)
    operations = ["DeregisterFromWorkMail", *(["DeleteUser"] if delete else [])]
    return [
        make_call(Phase.DISABLE, operation, reference, EntityId=Identity(reference))
        for operation in operations
    ]


def brake_removals(count: int, owned: int, **safety: Any) -> tuple[Brake, ...]:
    calls = [call for number in range(count) for call in remove(f"u{number}")]
    return list_removal_brakes(Kind.USER, calls, owned=owned, safety=Safety(**safety))


@pytest.mark.parametrize(
    ("count", "owned", "safety", "stops"),
    [
        (0, 100, {}, False),
        (10, 100, {}, False),
        (11, 100, {}, True),
        (1, 1, {}, False),
        (8, 9, {}, False),
        (9, 9, {}, True),
        (9, 9, {"max_removals_percent": 100}, False),
        (9, 9, {"min_managed": 0}, True),
        (1, 100, {"max_removals_percent": 0}, True),
        (100, 100, {"max_removals_percent": 100}, False),
        (2, 10, {"max_removals_percent": 20}, False),
    ],
)
def test_too_many_removals_stop(
    count: int, owned: int, safety: dict[str, int], stops: bool
) -> None:
    assert stops is bool(brake_removals(count, owned, **safety))


def test_the_sentence_has_the_numbers_and_the_names() -> None:
    (brake,) = brake_removals(2, 10)

    assert (
        "2 of 10 users leave or are switched off (20 %, safety.max_removals_percent is 10): u0, u1"
        == str(brake)
    )
    assert ("u0", "u1") == brake.names


def test_somebody_who_is_switched_off_and_deleted_counts_once() -> None:
    calls = remove("alice", delete=True)
    (brake,) = list_removal_brakes(
        Kind.USER, calls, owned=4, safety=Safety(max_removals_percent=10, min_managed=0)
    )

    assert ("alice",) == brake.names


def test_other_kinds_do_not_count() -> None:
    calls = remove("sales", Kind.GROUP)

    assert () == list_removal_brakes(
        Kind.USER, calls, owned=1, safety=Safety(max_removals_percent=0, min_managed=0)
    )


def keep(action: RetentionAction, days: int | None = None) -> RetentionPolicy:
    folder = FolderRetention(folder=Folder.INBOX, action=action, days=days)
    return RetentionPolicy(name="standard", folders=(folder,))


@pytest.mark.parametrize(
    ("before", "after", "stops"),
    [
        (None, None, False),
        (None, keep(KEPT), False),
        (None, keep(DELETED, 30), True),
        (keep(KEPT), keep(DELETED, 730), True),
        (keep(DELETED, 30), keep(DELETED, 30), False),
        (keep(DELETED, 30), keep(DELETED, 60), False),
        (keep(DELETED, 60), keep(DELETED, 30), True),
        (keep(DELETED, 30), keep(DESTROYED, 30), True),
        (keep(DESTROYED, 30), keep(DELETED, 30), False),
        (keep(DELETED, 30), None, False),
    ],
)
def test_beginning_to_erase_stops(
    before: RetentionPolicy | None, after: RetentionPolicy | None, stops: bool
) -> None:
    assert stops is bool(list_retention_brakes(before, after))


def test_a_lock_out_stops() -> None:
    denial = AccessControlRule(name="nobody", effect=Effect.DENY, description="…")
    (brake,) = list_access_brakes([denial])

    assert (BrakeRule.LOCKOUT, ("nobody",)) == (brake.rule, brake.names)


def sign_in(mode: AuthenticationMode) -> IdentityCenter:
    return IdentityCenter(
        instance_arn="arn", authentication_mode=mode, personal_access_tokens=PersonalAccessTokens()
    )


@pytest.mark.parametrize(
    ("before", "after", "stops"),
    [
        (None, sign_in(AuthenticationMode.IDENTITY_PROVIDER_ONLY), True),
        (None, sign_in(AuthenticationMode.IDENTITY_PROVIDER_AND_DIRECTORY), False),
        (
            sign_in(AuthenticationMode.IDENTITY_PROVIDER_AND_DIRECTORY),
            sign_in(AuthenticationMode.IDENTITY_PROVIDER_ONLY),
            True,
        ),
        (
            sign_in(AuthenticationMode.IDENTITY_PROVIDER_ONLY),
            sign_in(AuthenticationMode.IDENTITY_PROVIDER_ONLY),
            False,
        ),
        (sign_in(AuthenticationMode.IDENTITY_PROVIDER_ONLY), None, False),
    ],
)
def test_the_end_of_passwords_stops(
    before: IdentityCenter | None, after: IdentityCenter | None, stops: bool
) -> None:
    assert stops is bool(list_sign_in_brakes(before, after))


def test_a_domain_that_leaves_stops_unless_it_stays_registered() -> None:
    assert () == list_domain_brakes("acme.example", Removal.RETAIN)
    assert ("acme.example",) == list_domain_brakes("acme.example", Removal.DEREGISTER)[0].names


def test_the_word_is_for_exactly_these_changes() -> None:
    one, other = brake_removals(20, 100), brake_removals(21, 100)

    assert digest_brakes(one, "s") == digest_brakes(brake_removals(20, 100), "s")
    assert digest_brakes(one, "s") != digest_brakes(other, "s")
    assert digest_brakes(one, "s") != digest_brakes(one, "t")
    assert digest_brakes(one, "s") != digest_brakes(one, "s", uses=1)


def test_the_word_for_a_lock_out_is_for_these_rules_and_not_for_their_names() -> None:
    nobody, at_night = (
        list_access_brakes(
            [AccessControlRule(name="no", effect=Effect.DENY, description="x", actions=actions)]
        )
        for actions in ((), ("imap",))
    )

    assert digest_brakes(nobody, "s") != digest_brakes(at_night, "s")
