"""Somebody answers every request for a resource."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workmail_org.model.values import Kind
from workmail_org.spec.declared import mapping
from workmail_org.spec.wording import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workmail_org.spec.declared import Declared
    from workmail_org.spec.problems import Problem


def check_delegates(declared: Declared) -> Iterator[Problem]:
    """A resource that does not accept by itself has a delegate.

    Source: WorkMail API 2017-10-01, UpdateResource, InvalidConfigurationException.
    """
    for organization in declared.organizations:
        for resource in organization.named[Kind.RESOURCE].values():
            booking = mapping(resource.body.get("booking"))
            nobody = resource.body.get("delegates") in (None, [])
            gap = (*resource.path, "delegates") in declared.document.gaps
            if booking.get("auto_accept") is False and nobody and not gap:
                yield declared.at(
                    (*resource.path, "booking", "auto_accept"),
                    f"resource {show(resource.name)} accepts nothing by itself and has no delegate",
                    'add a delegate, or say "auto_accept: true"',
                )


RULES = (check_delegates,)
