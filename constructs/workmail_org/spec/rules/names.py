"""One name, one entity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workmail_org.model.values import Kind, fold
from workmail_org.spec.wording import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workmail_org.spec.declared import Declared, Entity
    from workmail_org.spec.problems import Problem


def check_unique(declared: Declared) -> Iterator[Problem]:
    """Users and groups share the directory's names, resources have their own."""
    for organization in declared.organizations:
        named = organization.named
        yield from _check(declared, [*named[Kind.USER].values(), *named[Kind.GROUP].values()])
        yield from _check(declared, named[Kind.RESOURCE].values())


def _check(declared: Declared, entities: Iterable[Entity]) -> Iterator[Problem]:
    by_name: dict[str, list[Entity]] = {}
    for entity in entities:
        by_name.setdefault(fold(entity.name), []).append(entity)
    for same in by_name.values():
        if len(same) == 1:
            continue
        first, *others = sorted(same, key=lambda each: declared.position(each.path, key=True))
        for entity in others:
            where = declared.where(first.path, key=True)
            yield declared.at_key(
                entity.path,
                f"{show(entity.name)} is already the name of {first} at {where}",
                "names compare without case"
                if entity.name != first.name
                else "the directory knows a name once",
            )


RULES = (check_unique,)
