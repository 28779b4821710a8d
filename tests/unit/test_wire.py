"""Whatever an organization holds arrives in the handler as it was."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workmail_org.errors import WireError
from workmail_org.kinds import KINDS
from workmail_org.model.group import Group
from workmail_org.model.policies import Availability, FolderRetention, ImpersonationRule
from workmail_org.model.user import User
from workmail_org.model.values import Kind, Reference, parse_reference
from workmail_org.wire.encoding import (
    decode_properties,
    decode_text,
    encode_properties,
    encode_text,
)
from workmail_org.wire.names import RecordSlot
from workmail_org.wire.properties import (
    DomainProperties,
    GroupsProperties,
    UsersProperties,
)

NASTY = (
    "Ref",
    "Fn::GetAtt",
    "Fn::Sub",
    "Condition",
    "${Token[TOKEN.12]}",
    "#{Token[TOKEN.12]}",
    "{{resolve:secretsmanager:x}}",
    "${AWS::AccountId}",
    "$${{{",
    "true",
    "None",
    "01069",
    "1e3",
    " ",
    "\\",
    "\\x41",
    "\\N{BULLET}",
    '"quoted"',
    "line\nbreak\r\t",
    "\x00\x7f\x85",
    "Zoë Ångström",
    "北京 🎉",
    "e\u0301",
    "\u200b\ufeff\u2028",
)

TEXTS = st.sampled_from(NASTY) | st.text(max_size=20)

NAMES = st.sampled_from(NASTY) | st.text(min_size=1, max_size=20)


KEYS = {Availability: "domain", ImpersonationRule: "key", FolderRetention: "folder"}
"""What stands for an entity that has no name."""


def make_fields(cls: Any, **overrides: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Build any value of a dataclass, from the types of its fields."""
    hints = typing.get_type_hints(cls)
    required = {each.name for each in fields(cls) if each.default is MISSING}
    chosen = {
        name: make_values(hint, required=name in required)
        for name, hint in hints.items()
        if name not in overrides
    }
    return st.builds(cls, **chosen, **overrides)


def make_values(hint: Any, *, required: bool = False) -> st.SearchStrategy[Any]:
    """Build any value of a type."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return st.none() | make_values(arguments[0])
    if origin is tuple:
        return make_tuples(arguments[0])
    if origin is Mapping:
        values = make_values(arguments[1])
        # Whoever stands in an address book has an address.
        has_items = typing.get_origin(arguments[1]) is tuple
        return st.dictionaries(NAMES, values.filter(bool) if has_items else values, max_size=3)
    return make_scalars(hint, required=required)


def make_scalars(hint: Any, *, required: bool) -> st.SearchStrategy[Any]:
    if hint is Reference:
        texts = NAMES.filter(lambda text: not text.startswith(("group:", "resource:")))
        return st.builds(Reference, st.sampled_from(Kind), texts)
    if hint is Availability:
        return make_fields(Availability, lambda_arn=NAMES)
    if hint in (User, Group):
        return make_fields(hint, name=NAMES, email=NAMES)
    if is_dataclass(hint):
        return make_fields(hint)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    simple: Mapping[Any, st.SearchStrategy[Any]] = {bool: st.booleans(), int: st.integers()}
    return simple.get(hint, NAMES if required else TEXTS)


def make_tuples(item: Any) -> st.SearchStrategy[Any]:
    # Entities travel as maps: their keys are unique.
    key = KEYS.get(item, "name")
    keyed = is_dataclass(item) and any(each.name == key for each in fields(item))

    def get_key(value: Any) -> object:
        return getattr(value, key) if keyed and not isinstance(value, Reference) else value

    return st.lists(make_values(item), max_size=3, unique_by=get_key).map(tuple)


EVERY = [kind.properties for kind in KINDS.values()]
DRAWN = {cls: make_fields(cls) for cls in EVERY}


def play_cloudformation(value: Any) -> Any:
    """Do to properties what CloudFormation does on the way to a handler.

    Scalars are strings already. Empty lists and maps may be left out.
    """
    if isinstance(value, dict):
        kept = {key: play_cloudformation(v) for key, v in cast("dict[str, Any]", value).items()}
        return {key: entry for key, entry in kept.items() if entry not in ({}, [])}
    if isinstance(value, list):
        return [play_cloudformation(entry) for entry in cast("list[Any]", value)]
    return value


def list_texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        entries = cast("dict[str, Any]", value).items()
        return [text for key, entry in entries for text in [key, *list_texts(entry)]]
    if isinstance(value, list):
        return [text for entry in cast("list[Any]", value) for text in list_texts(entry)]
    return [value]


def list_maps(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        entries = cast("dict[str, Any]", value)
        return [entries, *(inner for entry in entries.values() for inner in list_maps(entry))]
    if isinstance(value, list):
        return [inner for entry in cast("list[Any]", value) for inner in list_maps(entry)]
    return []


each_type = pytest.mark.parametrize("cls", EVERY, ids=lambda cls: cls.__name__)


@each_type
@given(data=st.data())
def test_properties_arrive_as_they_were(cls: type[Any], data: st.DataObject) -> None:
    properties = data.draw(DRAWN[cls])
    sent = json.loads(json.dumps(encode_properties(properties)))

    assert properties == decode_properties(cls, sent)
    assert properties == decode_properties(cls, play_cloudformation(sent))


@each_type
@given(data=st.data())
def test_nothing_on_the_wire_means_something_to_cloudformation_or_the_cdk(
    cls: type[Any], data: st.DataObject
) -> None:
    sent = encode_properties(data.draw(DRAWN[cls]))
    texts = list_texts(sent)

    assert [] == [text for text in texts if not (text.isascii() and text.isprintable())]
    assert [] == [text for text in texts if "${" in text or "{{" in text]
    assert [] == [
        keys
        for keys in map(list, list_maps(sent))
        if len(keys) == 1 and (keys[0] in ("Ref", "Condition") or keys[0].startswith("Fn::"))
    ]


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("Alice Liddell", "Alice Liddell"),
        ("$5 {each}", "$5 {each}"),
        ("Zoë", r"Zo\xeb"),
        ("北", r"\u5317"),
        ("🎉", r"\U0001f389"),
        ("a\\b", r"a\\b"),
        ("a\nb", r"a\x0ab"),
        ("${x}", r"\x24{x}"),
        ("{{x}}", r"\x7b{x}}"),
    ],
)
def test_plain_text_stays_readable_and_the_rest_is_escaped(text: str, encoded: str) -> None:
    assert encoded == encode_text(text)
    assert text == decode_text(encoded)


def test_what_equals_its_default_is_left_out() -> None:
    user = User(name="alice", display_name="Alice", email="alice@acme.example")
    properties = UsersProperties(test_domain="acme.awsapps.com", users=(user,))

    assert {
        "TestDomain": "acme.awsapps.com",
        "Users": {"alice": {"DisplayName": "Alice", "Email": "alice@acme.example"}},
    } == encode_properties(properties)


def test_scalars_are_strings_as_cloudformation_makes_them_anyway() -> None:
    user = User(name="alice", email="a@acme.example", quota_megabytes=1024, enabled=False)
    properties = UsersProperties(
        test_domain="acme.awsapps.com", users=(user,), shard=1, shards=2, adopt=True
    )

    assert {
        "TestDomain": "acme.awsapps.com",
        "Users": {
            "alice": {"Email": "a@acme.example", "QuotaMegabytes": "1024", "Enabled": "false"}
        },
        "Shard": "1",
        "Shards": "2",
        "Adopt": "true",
    } == encode_properties(properties)


def test_members_are_written_as_in_the_spec() -> None:
    members = tuple(map(parse_reference, ("alice", "group:support", "resource:boardroom")))
    group = Group(name="sales", email="sales@acme.example", members=members)
    properties = GroupsProperties(test_domain="acme.awsapps.com", groups=(group,))

    assert ["alice", "group:support", "resource:boardroom"] == encode_properties(properties)[
        "Groups"
    ]["sales"]["Members"]


def test_properties_of_another_version_are_passed_over() -> None:
    sent = {"ServiceToken": "arn", "Domain": "acme.example", "OfTheFuture": {"x": ["y"]}}

    assert DomainProperties(domain="acme.example") == decode_properties(DomainProperties, sent)


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({}, "DomainProperties: Domain missing"),
        ({"Domain": ["a"]}, "DomainProperties.Domain: expected str, found list"),
        (
            {"Domain": "a.example", "OnRemoval": "explode"},
            "DomainProperties.on_removal: 'explode' is not of type Removal",
        ),
        (
            {"Domain": "a.example", "Existing": "yes"},
            "DomainProperties.existing: 'yes' is neither true nor false",
        ),
        (
            {"Domain": "Zoë"},
            "a text is not encoded as this version encodes it",
        ),
        (
            {"Domain": "\\x4"},
            "a text is not encoded as this version encodes it",
        ),
    ],
    ids=["missing", "type", "enum", "boolean", "not_ascii", "broken_escape"],
)
def test_what_cannot_be_decoded_is_told_with_its_place(sent: dict[str, Any], message: str) -> None:
    with pytest.raises(WireError) as refused:
        decode_properties(DomainProperties, sent)

    assert (
        str(refused.value)
        .replace("OnRemoval", "on_removal")
        .replace("Existing", "existing")
        .startswith(message)
    )


def test_every_record_has_a_type_and_two_attributes() -> None:
    slots = [(s.record_type, s.name_attribute, s.value_attribute) for s in RecordSlot]

    assert [
        ("MX", "MxName", "MxValue"),
        ("TXT", "OwnershipName", "OwnershipValue"),
        ("CNAME", "AutodiscoverName", "AutodiscoverValue"),
        ("CNAME", "Dkim1Name", "Dkim1Value"),
        ("CNAME", "Dkim2Name", "Dkim2Value"),
        ("CNAME", "Dkim3Name", "Dkim3Value"),
        ("TXT", "SpfName", "SpfValue"),
        ("TXT", "DmarcName", "DmarcValue"),
    ] == slots
