"""Any small organization, for tests that hold for all of them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from scenes import at, make_group, make_organization, make_user
from workmail_org.model.group import Group
from workmail_org.model.organization import Organization
from workmail_org.model.user import User

USERS = ("ann", "ben", "cem")
GROUPS = ("desk", "club")
ADDRESSES = tuple(f"p{number}" for number in range(8))


@st.composite
def organizations(draw: st.DrawFn, before: Organization | None) -> Organization:
    """Draw a small organization in which every address has one owner; it may keep groups."""
    kept = before.groups if before else ()
    taken = {address for group in kept for address in (group.email, *group.aliases)}
    free = [each for each in draw(st.permutations(ADDRESSES)) if at(each) not in taken]
    entities: list[User | Group] = []
    for name in [name for name in (*USERS, *GROUPS) if draw(st.integers(0, 4))]:
        if name in GROUPS and before:
            continue
        email = at(free.pop())
        aliases = tuple(at(free.pop()) for _ in range(min(len(free) - 5, draw(st.integers(0, 2)))))
        if name in USERS:
            entities.append(_draw_user(draw, name, email, aliases))
        else:
            hidden = draw(st.booleans())
            entities.append(
                make_group(
                    name, email=email, aliases=aliases, hidden_from_global_address_list=hidden
                )
            )
    if not before:
        return make_organization(*_draw_members(draw, entities))
    names = {entity.reference for entity in (*entities, *kept)}
    groups = (replace(g, members=tuple(m for m in g.members if m in names)) for g in kept)
    return make_organization(*entities, *groups)


def _draw_user(draw: st.DrawFn, name: str, email: str, aliases: tuple[str, ...]) -> User:
    return make_user(
        name,
        email=email,
        aliases=aliases,
        enabled=draw(st.sampled_from([True, True, True, False])),
        telephone=draw(st.sampled_from(["1", "2"])),
        quota_megabytes=draw(st.sampled_from([100, 200])),
        hidden_from_global_address_list=draw(st.booleans()),
    )


def _draw_members(draw: st.DrawFn, entities: list[User | Group]) -> list[User | Group]:
    groups = [entity for entity in entities if isinstance(entity, Group)]
    if draw(st.booleans()):  # either one may be in the other
        groups.reverse()
    drawn: list[User | Group] = []
    for entity in entities:
        if isinstance(entity, Group):
            inner = groups[: groups.index(entity)]
            candidates = [each for each in entities if isinstance(each, User) or each in inner]
            members = sorted(each.reference for each in candidates if draw(st.booleans()))
            drawn.append(replace(entity, members=tuple(members)))
        else:
            drawn.append(entity)
    return drawn
