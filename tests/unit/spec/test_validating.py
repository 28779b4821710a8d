"""What the schema refuses, in the words of its author."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from workmail_org.spec.schema import find_shape, is_sound_text, load_schema
from workmail_org.wire.names import OWN_TAGS, TAG_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def test_an_unknown_key_is_told_with_the_known_one_that_is_nearest(
    expect: Callable[..., None],
) -> None:
    expect(
        organization="""
        users:
          alice: {display_name: A, displayname: A, colour: red}
        """,
        problems="""
        8:32 organizations.acme.users.alice.displayname
          unknown key "displayname"
          did you mean "display_name"?
        8:48 organizations.acme.users.alice.colour
          unknown key "colour"
          did you mean "country"?
        """,
    )


def test_a_missing_key_is_told_at_its_mapping(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users:
          alice: {first_name: Alice}
        resources:
          room: {}
        """,
        problems="""
        8:14 organizations.acme.users.alice
          "display_name" is missing
          add it, such as display_name: Alice Liddell
        10:13 organizations.acme.resources.room
          "type" is missing
          add it, such as type: room
        """,
    )


def test_nothing_behind_a_key_is_an_empty_mapping_or_list_but_no_text(
    expect: Callable[..., None],
) -> None:
    expect(
        organization="""
        domains:
        groups:
          sales:
            members:
            email:
        users:
          alice:
        """,
        problems="""
        11:15 organizations.acme.groups.sales.email
          expected text, but nothing is written here
          leave the key out, or write a value
        13:13 organizations.acme.users.alice
          "display_name" is missing
          add it, such as display_name: Alice Liddell
        """,
    )


def test_a_value_out_of_a_list_of_words_is_told_with_the_words(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        passwords: choose
        users:
          alice: {display_name: A, role: admin}
        """,
        problems="""
        7:16 organizations.acme.passwords
          the value is not a valid way to make passwords
          allowed: generate, none
        9:38 organizations.acme.users.alice.role
          "admin" is not a valid user role
          allowed: user, remote_user
        """,
    )


def test_text_that_has_to_be_quoted_is_told_so_as_it_was_written(
    expect: Callable[..., None],
) -> None:
    expect(
        organization="""
        tags: {cost-center: 0012, live: true}
        users:
          alice: {display_name: A, zip_code: 01069, telephone: 1.50}
        """,
        problems="""
        7:25 organizations.acme.tags.cost-center
          expected text, but 12 is a number
          write it in quotes: cost-center: "0012"
        7:37 organizations.acme.tags.live
          expected text, but true is a boolean
          write it in quotes: live: "true"
        9:42 organizations.acme.users.alice.zip_code
          expected text, but 1069 is a number
          write it in quotes: zip_code: "01069"
        9:60 organizations.acme.users.alice.telephone
          expected text, but 1.5 is a number
          write it in quotes: telephone: "1.50"
        """,
    )


def test_tags_of_the_engine_cannot_be_declared(expect: Callable[..., None]) -> None:
    """They say whose an organization is: with one of them it would never be deleted."""
    expect(
        organization="""
        on_removal: {organization: delete}
        tags: {workmail-org:taken-over: "true", workmail-org:later: x, my:workmail-org:x: y}
        """,
        problems="""
        8:12 organizations.acme.tags["workmail-org:taken-over"]
          "workmail-org:taken-over" is not a valid tag key
          allowed: anything that does not begin with aws:, which AWS keeps for itself, or with \
workmail-org:, which says whose an organization is
        8:45 organizations.acme.tags["workmail-org:later"]
          "workmail-org:later" is not a valid tag key
          allowed: anything that does not begin with aws:, which AWS keeps for itself, or with \
workmail-org:, which says whose an organization is
        """,
    )


@pytest.mark.parametrize("tag", sorted(OWN_TAGS))
def test_no_tag_that_the_engine_writes_can_be_declared(tag: str) -> None:
    assert tag.startswith(TAG_PREFIX)
    keys = find_shape(("organizations", "acme", "tags"))["propertyNames"]

    assert re.search(keys["pattern"], tag) is None


def test_a_whole_number_is_no_other_number_and_no_text(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users:
          a: {display_name: A, quota_megabytes: 10.0}
          b: {display_name: B, quota_megabytes: 10.5}
          c: {display_name: C, quota_megabytes: "10"}
          d: {display_name: D, quota_megabytes: .inf}
          e: {display_name: E, quota_megabytes: true}
          f: {display_name: F, quota_megabytes: 51201}
        """,
        problems="""
        8:45 organizations.acme.users.a.quota_megabytes
          10.0 is not a whole number
          write 10
        9:45 organizations.acme.users.b.quota_megabytes
          10.5 is not a whole number
        10:45 organizations.acme.users.c.quota_megabytes
          expected a whole number, but "10" is text
          write it without quotes: 10
        11:45 organizations.acme.users.d.quota_megabytes
          inf is not a whole number
        12:45 organizations.acme.users.e.quota_megabytes
          expected a whole number, but true is a boolean
          such as quota_megabytes: 51200
        13:45 organizations.acme.users.f.quota_megabytes
          51201 is too large
          allowed: 1 to 51200
        """,
    )


def test_a_boolean_is_true_or_false_and_nothing_else(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users:
          a: {display_name: A, enabled: no}
          b: {display_name: B, enabled: 1}
        """,
        problems="""
        8:37 organizations.acme.users.a.enabled
          expected true or false, but "no" is text
          allowed: true, false
        9:37 organizations.acme.users.b.enabled
          expected true or false, but 1 is a number
          allowed: true, false
        """,
    )


def test_a_list_and_a_mapping_are_told_from_what_stands_there(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        domains: acme.example
        permissions: {mailbox: a}
        users:
          alice: {display_name: A, aliases: a@acme.awsapps.com}
          bob: [B]
        """,
        problems="""
        7:14 organizations.acme.domains
          expected a mapping, but this is text
          such as domains: {acme.example: {dns: manual}}
        8:18 organizations.acme.permissions
          expected a list, but this is a mapping
          such as permissions: [{mailbox: alice, grantee: group:sales, rights: [send_as]}]
        10:41 organizations.acme.users.alice.aliases
          expected a list, but "a@acme.awsapps.com" is text
          write a list: aliases: [a@acme.awsapps.com]
        11:12 organizations.acme.users.bob
          expected a mapping, but this is a list
          such as bob: {display_name: Alice Liddell}
        """,
    )


def test_text_has_a_length(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users:
          alice: {display_name: "", email: a@acme.awsapps.com}
        resources:
          a-name-of-21-chars-xy:
            type: room
            description: 1234567890123456789012345678901234567890123456789012345678901234+
        """,
        problems="""
        8:29 organizations.acme.users.alice.display_name
          there is no text
          allowed: 1 to 256 characters
        10:7 organizations.acme.resources.a-name-of-21-chars-xy
          "a-name-of-21-chars-xy" has 21 characters
          allowed: 1 to 20 characters
        12:22 organizations.acme.resources.a-name-of-21-chars-xy.description
          "12345678901234567890123456789012345678901234567890123456789…" has 65 characters
          allowed: 1 to 64 characters
        """,
    )


def test_text_has_a_form(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        existing: m-0
        users:
          alice: {display_name: A, email: Alice <alice@acme.example>}
          bob smith: {display_name: B, email: b@acme.awsapps.com}
        """,
        problems="""
        7:15 organizations.acme.existing
          "m-0" has 3 characters
          allowed: exactly 34 characters
        7:15 organizations.acme.existing
          "m-0" is not a valid organization id
          allowed: m- and 32 hexadecimal digits
        9:39 organizations.acme.users.alice.email
          "Alice <alice@acme.example>" is not a valid email address
          allowed: letters, digits and . _ % + - (at most 64), then @ and a domain like acme.example
        10:7 organizations.acme.users["bob smith"]
          "bob smith" is not a valid user name
          allowed: letters, digits, underscore, hyphen and dot, then perhaps @ and a domain
        """,
    )


def test_a_pattern_is_for_the_whole_text_to_its_end(expect: Callable[..., None]) -> None:
    allowed = "allowed: letters, digits, underscore, hyphen and dot, then perhaps @ and a domain"
    suspect = "character 6 is U+000A line break, which cannot be seen"
    expect(
        organization=r"""
        users:
          "alice\n": {display_name: A, email: alice@acme.awsapps.com}
        """,
        problems=rf"""
        8:7 organizations.acme.users["alice
        "]
          "alice\n" is not a valid user name
          {suspect}; {allowed}
        """,
    )


def test_a_word_character_is_an_ascii_one(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users:
          zoë: {display_name: Zoë, email: z@acme.awsapps.com}
        """,
        problems="""
        8:7 organizations.acme.users["zoë"]
          "zoë" is not a valid user name
          allowed: letters, digits, underscore, hyphen and dot, then perhaps @ and a domain
        """,
    )


def test_lengths_count_characters_not_bytes_or_code_units(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users:
          alice: {display_name: A}
        resources:
          room:
            type: room
            description: 😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀
        """,
    )


def test_what_is_listed_twice_is_told_at_the_second(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users: {alice: {display_name: A}}
        groups:
          sales: {members: [alice, alice, alice]}
        permissions:
          - {mailbox: group:sales, grantee: alice, rights: [send_as, send_as]}
        """,
        problems="""
        9:32 organizations.acme.groups.sales.members[1]
          "alice" is listed twice
          list it once
        9:39 organizations.acme.groups.sales.members[2]
          "alice" is listed twice
          list it once
        11:66 organizations.acme.permissions[0].rights[1]
          "send_as" is listed twice
          list it once
        """,
    )


def test_each_type_of_directory_has_its_own_keys(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        directory: {type: simple_ad, name: corp.acme.example, dns_ips: [10.0.0.1], kinds: x}
        """,
        problems="""
        7:16 organizations.acme.directory
          "short_name" is missing
          add it, such as short_name: CORP
        7:16 organizations.acme.directory
          "size" is missing
          add it, such as size: small
        7:16 organizations.acme.directory
          "vpc_id" is missing
          add it, such as vpc_id: vpc-0123456789abcdef0
        7:16 organizations.acme.directory
          "subnet_ids" is missing
          add it, such as subnet_ids: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
        7:59 organizations.acme.directory.dns_ips
          "dns_ips" is not a valid key of a simple_ad directory
          allowed: type, name, short_name, size, vpc_id, subnet_ids, admin_password_secret
        7:80 organizations.acme.directory.kinds
          unknown key "kinds"
          did you mean "kind"?
        """,
    )


def test_a_directory_without_a_type_is_a_workmail_directory(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        directory: {size: small}
        """,
        problems="""
        7:17 organizations.acme.directory.size
          "size" is not a valid key of a workmail directory (the default type)
          allowed: type
        """,
    )


def test_a_directory_stands_in_two_subnets(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        directory:
          type: managed_ad
          name: corp.acme.example
          short_name: CORP
          edition: standard
          vpc_id: vpc-01234567
          subnet_ids: [subnet-01234567]
        """,
        problems="""
        13:19 organizations.acme.directory.subnet_ids
          1 entry is too few
          allowed: exactly 2
        """,
    )


def test_dns_is_manual_or_a_hosted_zone(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        domains:
          a.example: {dns: automatic}
          b.example: {dns: 5}
          c.example: {dns: {zone_name: c.example, omit: [ns]}, default: true}
        """,
        problems="""
        8:24 organizations.acme.domains["a.example"].dns
          "automatic" is not a valid way to keep DNS records
          allowed: manual
        9:24 organizations.acme.domains["b.example"].dns
          expected text or a mapping, but this is a number
          such as dns: manual
        10:24 organizations.acme.domains["c.example"].dns
          "hosted_zone_id" is missing
          add it, such as hosted_zone_id: Z0123456789ABCDEFGHIJ
        10:54 organizations.acme.domains["c.example"].dns.omit[0]
          "ns" is not a valid DNS record group
          allowed: mx, spf, dmarc, autodiscover, ownership, dkim
        """,
    )


def test_free_and_busy_times_come_from_one_place(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        policies:
          availability:
            a.example: {}
            b.example:
              lambda_arn: arn:aws:lambda:eu-west-1:111122223333:function:freebusy
              ews: {endpoint: https://b.example/ews, username: svc, password_secret: b}
            c.example: {ews: {endpoint: ftp://c.example}}
        """,
        problems="""
        9:20 organizations.acme.policies.availability["a.example"]
          none of ews, lambda_arn is given
          give exactly one
        11:11 organizations.acme.policies.availability["b.example"]
          2 of ews, lambda_arn are given
          give exactly one
        13:26 organizations.acme.policies.availability["c.example"].ews
          "username" is missing
          add it, such as username: svc-freebusy
        13:26 organizations.acme.policies.availability["c.example"].ews
          "password_secret" is missing
          add it, such as password_secret: workmail/partner-ews
        13:37 organizations.acme.policies.availability["c.example"].ews.endpoint
          "ftp://c.example" is not a valid EWS endpoint
          allowed: a URL with a path, such as https://mail.partner.example/EWS/Exchange.asmx
        """,
    )


def test_events_go_to_a_managed_log_group_or_to_a_given_one(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        policies:
          email_monitoring:
            log_group: managed
            retention_days: 30
            role_arn: arn:aws:iam::111122223333:role/x
        """,
        more="""
        other:
          region: eu-west-1
          alias: other
          policies:
            email_monitoring:
              log_group_arn: arn:aws:logs:eu-west-1:111122223333:log-group:/mail:*
              retention_days: 30
        third: {region: eu-west-1, alias: third, policies: {email_monitoring: {}}}
        """,
        problems="""
        11:9 organizations.acme.policies.email_monitoring.role_arn
          "role_arn" is not a valid key of a managed log group
          allowed: log_group, retention_days
        18:9 organizations.other.policies.email_monitoring.retention_days
          "retention_days" is not a valid key of a given log group
          allowed: log_group_arn, role_arn
        19:73 organizations.third.policies.email_monitoring
          "log_group" is missing
          add it, such as log_group: managed
        19:73 organizations.third.policies.email_monitoring
          "retention_days" is missing
          add it, such as retention_days: 90
        """,
    )


def test_days_go_with_deleting_only(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        policies:
          retention:
            name: standard
            folders:
              inbox: {action: none, days: 30}
              drafts: {action: delete}
              junk_email: {action: permanently_delete, days: 731}
              archive: {action: none}
        """,
        problems="""
        11:33 organizations.acme.policies.retention.folders.inbox.days
          "days" is not a valid key of a folder that keeps everything
          allowed: action
        12:19 organizations.acme.policies.retention.folders.drafts
          "days" is missing
          add it, such as days: 30
        13:58 organizations.acme.policies.retention.folders.junk_email.days
          731 is too large
          allowed: 1 to 730
        14:11 organizations.acme.policies.retention.folders.archive
          "archive" is not a valid mail folder
          allowed: inbox, deleted_items, sent_items, drafts, junk_email
        """,
    )


def test_a_rule_names_somebody_or_has_no_list(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        users: {alice: {display_name: A}}
        policies:
          access_control:
            default: {effect: allow, description: all, users: [], not_users: []}
            eleven: {effect: deny, description: x, actions: [imap, pop3]}
        """,
        problems="""
        10:59 organizations.acme.policies.access_control.default.users
          0 entries are too few
          allowed: 1 to 10
        11:64 organizations.acme.policies.access_control.eleven.actions[1]
          "pop3" is not a valid access action
          allowed: active_sync, auto_discover, ews, imap, smtp, windows_outlook, web_mail
        """,
    )


def test_there_are_at_most_ten_rules(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        policies:
          mobile_devices: {1: &any {effect: allow}, 2: *any, 3: *any, 4: *any, 5: *any, 6: *any,
            7: *any, 8: *any, 9: *any, 10: *any, 11: *any}
        """,
        problems="""
        8:23 organizations.acme.policies.mobile_devices
          11 entries are too many
          allowed: at most 10
        """,
    )


def test_words_for_on_removal_are_those_of_the_kind(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        on_removal: {users: deregister, domains: delete, organization: disable}
        safety: {max_removals_percent: 101, min_managed: -1}
        """,
        problems="""
        7:25 organizations.acme.on_removal.users
          "deregister" is not a valid removal policy
          allowed: disable, delete, retain
        7:46 organizations.acme.on_removal.domains
          "delete" is not a valid removal policy
          allowed: deregister, retain
        7:68 organizations.acme.on_removal.organization
          "disable" is not a valid removal policy
          allowed: retain, delete
        8:36 organizations.acme.safety.max_removals_percent
          101 is too large
          allowed: 0 to 100
        8:54 organizations.acme.safety.min_managed
          -1 is too small
          allowed: at least 0
        """,
    )


def test_a_secret_is_never_shown(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        passwords: hunter2
        policies:
          availability:
            a.example:
              ews: {endpoint: https://a.example/, username: svc, password_secret: "hunter2!"}
            b.example:
              ews: svc:hunter2
            c.example:
              ews: {endpoint: http://c.example/, username: c, password: hunter2, password_secret: 7}
        """,
        problems="""
        7:16 organizations.acme.passwords
          the value is not a valid way to make passwords
          allowed: generate, none
        11:79 organizations.acme.policies.availability["a.example"].ews.password_secret
          the value is not a valid name of a secret
          allowed: letters, digits and / _ + = . @ : -; the spec names a secret, it never holds one
        13:16 organizations.acme.policies.availability["b.example"].ews
          expected a mapping, but this is text
        15:59 organizations.acme.policies.availability["c.example"].ews.password
          unknown key "password"
          did you mean "password_secret"?
        15:95 organizations.acme.policies.availability["c.example"].ews.password_secret
          expected text, but the value is a number
          write it in quotes: password_secret: "..."
        """,
    )


def test_control_characters_are_escaped(expect: Callable[..., None]) -> None:
    expect(
        organization=r"""
        passwords:
        users:
          alice: {display_name: A, role: "\e[31muser\n"}
        """,
        problems=r"""
        7:15 organizations.acme.passwords
          expected text, but nothing is written here
          leave the key out, or write a value
        9:38 organizations.acme.users.alice.role
          "\u001b[31muser" is not a valid user role
          character 1 is U+001B control character, which cannot be seen; allowed: user, remote_user
        """,
    )


def list_shapes(node: object) -> Iterator[dict[str, Any]]:
    """List every schema in the schema that asks for text."""
    if isinstance(node, dict):
        shape = cast("dict[str, Any]", node)
        if shape.get("type") in ("string", ["string"]):
            yield shape
        for inner in shape.values():
            yield from list_shapes(inner)
    elif isinstance(node, list):
        for inner in cast("list[object]", node):
            yield from list_shapes(inner)


SHAPES = list(list_shapes(load_schema()))


@given(st.sampled_from(SHAPES), st.data())
def test_a_text_that_is_not_looked_into_is_one_that_jsonschema_allows(
    shape: dict[str, Any], data: st.DataObject
) -> None:
    """Here the whole of jsonschema judges, patterns as it reads them."""
    example = st.sampled_from([*shape.get("examples", []), *shape.get("enum", []), "a", ""])
    value: Any = data.draw(example | st.text() | st.none() | st.integers())

    if is_sound_text(value, shape):
        validator: Any = Draft202012Validator(shape)
        assert validator.is_valid(value)
        assert "enum" not in shape
    assert len(SHAPES) > 100
