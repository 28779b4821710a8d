"""Somebody answers every request."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def test_somebody_accepts_what_a_resource_does_not(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users: {alice: {display_name: A}}
        resources:
          hall: {type: room, booking: {auto_accept: false}}
          lift: {type: equipment, booking: {auto_accept: false}, delegates: []}
          room: {type: room, booking: {auto_accept: false}, delegates: [alice]}
          desk: {type: equipment}
        """,
        problems="""
        9:49 organizations.acme.resources.hall.booking.auto_accept
          resource "hall" accepts nothing by itself and has no delegate
          add a delegate, or set "auto_accept: true"
        10:54 organizations.acme.resources.lift.booking.auto_accept
          resource "lift" accepts nothing by itself and has no delegate
          add a delegate, or set "auto_accept: true"
        """,
    )
