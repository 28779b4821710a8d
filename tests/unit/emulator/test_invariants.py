"""Whatever is called in whatever order: one holder of each address, one mailbox of each owner."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from workmail_emulator import Emulator

DOMAIN = "acme.awsapps.com"
NAMES = ("a", "b", "c")
KINDS = ("user", "group", "resource")

Step = tuple[str, int, int, int]
steps = st.tuples(
    st.sampled_from(
        (
            "create",
            "register",
            "deregister",
            "delete",
            "promote",
            "alias",
            "unalias",
            "wait",
            "role",
        )
    ),
    st.integers(0, len(KINDS) - 1),
    st.integers(0, len(NAMES) - 1),
    st.integers(0, len(NAMES) - 1),
)


class Play:
    """An organization to which anything is done."""

    def __init__(self) -> None:
        self.emulator = Emulator(instant=True, start=1_790_000_000.0)
        self.client: Any = self.emulator.client("workmail", region="eu-west-1")
        reply = self.client.create_organization(Alias="acme")
        self.organization: str = reply["OrganizationId"]
        self.ids: dict[tuple[str, str], str] = {}

    def step(self, step: Step) -> None:
        """Do one thing; being refused is fine."""
        action, kind_at, name_at, address_at = step
        kind, name = KINDS[kind_at], NAMES[name_at]
        address = f"{NAMES[address_at]}@{DOMAIN}"
        if action == "wait":
            self.emulator.clock.advance(11 * 86400)
            return
        with suppress(ClientError):
            self._call(action, kind, name, address)

    def _call(self, action: str, kind: str, name: str, address: str) -> None:
        org = {"OrganizationId": self.organization}
        entity = self.ids.get((kind, name), "nobody-of-that-id")
        client = self.client
        if action == "create":
            fields = {"user": {"DisplayName": "X"}, "resource": {"Type": "ROOM"}}.get(kind, {})
            reply = getattr(client, f"create_{kind}")(**org, Name=name, **fields)
            self.ids[kind, name] = reply[f"{kind.title()}Id"]
        elif action == "register":
            client.register_to_work_mail(**org, EntityId=entity, Email=address)
        elif action == "deregister":
            client.deregister_from_work_mail(**org, EntityId=entity)
        elif action == "delete":
            getattr(client, f"delete_{kind}")(**org, **{f"{kind.title()}Id": entity})
        elif action == "promote":
            client.update_primary_email_address(**org, EntityId=entity, Email=address)
        elif action == "alias":
            client.create_alias(**org, EntityId=entity, Alias=address)
        elif action == "unalias":
            client.delete_alias(**org, EntityId=entity, Alias=address)
        else:
            role = "REMOTE_USER" if name == "a" else "USER"
            client.update_user(**org, UserId=entity, Role=role)

    def entities(self) -> dict[str, Any]:
        """Give everything with a state, by id."""
        regions = self.emulator.state()["regions"]
        shown = regions["eu-west-1"]["organizations"][self.organization]
        return {**shown["users"], **shown["groups"], **shown["resources"]}

    def holders(self) -> Counter[str]:
        """Count who holds each address."""
        return Counter(
            address
            for entity in self.entities().values()
            if entity["state"] == "ENABLED"
            for address in {entity["email"], *entity["aliases"]}
        )


@given(st.lists(steps, max_size=40))
def test_an_address_has_one_holder_and_a_mailbox_one_owner(played: list[Step]) -> None:
    play = Play()
    seen: dict[str, str] = {}

    for step in played:
        play.step(step)
        assert set() == {address for address, count in play.holders().items() if count > 1}
        for mailbox in play.emulator.mailboxes:
            assert seen.setdefault(mailbox.token, mailbox.owner) == mailbox.owner

    entities = play.entities()
    active = Counter(box.owner for box in play.emulator.mailboxes if box.status == "active")
    owners = {
        key
        for key, entity in entities.items()
        if entity["state"] == "ENABLED" and ("Type" in entity or entity.get("UserRole") == "USER")
    }
    assert Counter(owners) == active
    for key, entity in entities.items():
        assert (entity["state"] == "DELETED") <= (entity["email"] is None), key


@given(st.lists(steps, max_size=25), st.lists(steps, max_size=15))
def test_a_dump_goes_on_as_the_first_would_have(before: list[Step], after: list[Step]) -> None:
    first, second = Play(), Play()
    for step in before:
        first.step(step)
    second.emulator.seed(first.emulator.dump())
    second.ids = dict(first.ids)

    for step in after:
        for play in (first, second):
            play.step(step)

    assert first.emulator.dump() == second.emulator.dump()


@given(st.lists(steps, max_size=25))
def test_the_service_tells_the_same_as_the_state(played: list[Step]) -> None:
    play = Play()
    for step in played:
        play.step(step)
    org = {"OrganizationId": play.organization}

    for address in play.holders():
        entity = play.client.describe_entity(**org, Email=address)
        listed = play.client.list_aliases(**org, EntityId=entity["EntityId"])["Aliases"]
        assert address in listed
        assert "ENABLED" == play.entities()[entity["EntityId"]]["state"]
