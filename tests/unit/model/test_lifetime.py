"""When Amazon WorkMail ends, and when a copy does."""

from __future__ import annotations

from datetime import date

import pytest

from workmail_org.model.lifetime import describe_end_of_support, describe_expiry


@pytest.mark.parametrize(
    ("today", "sentence"),
    [
        (date(2026, 11, 22), "ends on 2027-03-31, with all mailboxes: 129 days left"),
        (date(2027, 3, 30), "ends on 2027-03-31, with all mailboxes: 1 day left"),
        (date(2027, 3, 31), "ends on 2027-03-31, with all mailboxes: 0 days left"),
        (date(2027, 4, 1), "ended on 2027-03-31: nothing can be deployed any more"),
    ],
    ids=str,
)
def test_the_days_left_are_counted(today: date, sentence: str) -> None:
    assert f"Amazon WorkMail {sentence}" == describe_end_of_support(today)


def test_a_copy_may_be_used_until_its_day_inclusive() -> None:
    day = date(2026, 12, 31)

    assert None is describe_expiry(day, day)
    assert None is describe_expiry(None, day)
    assert (
        "this copy expired on 2026-12-31: destroy it, or give it a later `expires`"
    ) == describe_expiry(day, date(2027, 1, 1))
