"""How many calls a deployment takes, by the size of the organization and of the change.

    python benchmarks/scaling.py [users ...] [--groups GROUPS] [--rate CALLS_PER_SECOND]

Calls are counted on the emulator, time is read on its clock: what the machine does, does not
count. The floor of a deployment is the calls that change something; of its time, these at the rate
that WorkMail lets through. Without a rate no call is throttled and no time is told. Groups have six
members each.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from cloudformation import DeploymentFailedError, Stack
from workmail_emulator import Emulator
from workmail_org.model.group import Group
from workmail_org.model.organization import Organization
from workmail_org.model.user import User

SIZES = (100, 1000)
MEMBERS = 6
DOMAIN = "acme.awsapps.com"

Change = Callable[[Organization], Organization]


@dataclass(frozen=True)
class Outcome:
    """What one deployment took.

    Attributes:
        calls: All of them, those that WorkMail threw back too.
        floor: Those that change something.
        seconds: On the emulator's clock.
    """

    calls: int
    floor: int
    seconds: float


def make_organization(users: int, groups: int = 0) -> Organization:
    """Declare plain users: a name, an address; and groups of some of them."""
    people = tuple(_make_user(number) for number in range(users))
    return Organization(
        key="acme",
        region="eu-west-1",
        alias="acme",
        users=people,
        groups=tuple(_make_group(number, people) for number in range(groups)),
    )


def _make_group(number: int, people: Sequence[User]) -> Group:
    name = f"group-{number:03}"
    start = number * MEMBERS % len(people)
    members = tuple(each.reference for each in people[start : start + MEMBERS])
    return Group(name=name, email=f"{name}@{DOMAIN}", members=members)


def _make_user(number: int) -> User:
    name = f"user-{number:05}"
    return User(name=name, display_name=f"Person {number}", email=f"{name}@{DOMAIN}")


def add_one(organization: Organization) -> Organization:
    """Declare one more."""
    users = organization.users
    return replace(organization, users=(*users, _make_user(len(users))))


def add_member(organization: Organization) -> Organization:
    """Declare one more, who is a member of the first group."""
    more = add_one(organization)
    first, *others = more.groups
    joined = replace(first, members=(*first.members, more.users[-1].reference))
    return replace(more, groups=(joined, *others))


def rename_one(organization: Organization) -> Organization:
    """Declare another display name for one."""
    first, *others = organization.users
    return replace(organization, users=(replace(first, display_name="Somebody Else"), *others))


def remove_some(organization: Organization) -> Organization:
    """Leave out one in twenty."""
    kept = (user for number, user in enumerate(organization.users) if number % 20)
    return replace(organization, users=tuple(kept))


def move_all(organization: Organization) -> Organization:
    """Declare another address for everybody."""
    users = (replace(user, email=f"new.{user.email}") for user in organization.users)
    return replace(organization, users=tuple(users))


CHANGES: dict[str, Change] = {
    "nothing": lambda organization: organization,
    "one more": add_one,
    "one renamed": rename_one,
    "5 % leave": remove_some,
    "all addresses": move_all,
}


def measure(stack: Stack, organization: Organization) -> Outcome | None:
    """Deploy and count; `None`: it failed."""
    emulator = stack.emulator
    emulator.clear_calls()
    begun = emulator.clock.now()
    try:
        stack.deploy(organization)
    except DeploymentFailedError as error:
        print(f"failed: {error}"[:200], file=sys.stderr)
        return None
    floor = sum(call.effect for call in emulator.writes)
    return Outcome(len(emulator.calls), floor, emulator.clock.now() - begun)


def tell(what: str, size: int, outcome: Outcome | None, rate: float | None) -> None:
    """Print one row."""
    row = f"{size:>7}  {what:<17}"
    if outcome is None:
        print(f"{row} fails")
        return
    row += f" {outcome.calls:>7} calls  {outcome.floor:>6} writes"
    row += f"  {outcome.calls / outcome.floor:>8.2f} x floor" if outcome.floor else " " * 17
    if rate and outcome.floor:
        row += f"  time {outcome.seconds / (outcome.floor / rate):>6.2f} x floor"
    print(row)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("users", nargs="*", type=int, default=SIZES)
    parser.add_argument("--groups", type=int, default=0)
    parser.add_argument("--rate", type=float)
    options = parser.parse_args()
    for size in options.users:
        stack = Stack(Emulator(instant=True, start=0.0, throttle=options.rate))
        stack.slice_seconds = 600.0
        organization = make_organization(size, options.groups)
        tell("first deployment", size, measure(stack, organization), options.rate)
        changes = ({"one more member": add_member} if options.groups else {}) | CHANGES
        for what, change in changes.items():
            changed = change(organization)
            tell(what, size, measure(stack, changed), options.rate)
            organization = changed


if __name__ == "__main__":
    main()
