"""Staging copies: what they inherit, and what they never do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from workmail_org.spec.files.loading import Document

    Loads = Callable[..., Document]


@pytest.fixture
def derive(load_files: Loads) -> Callable[..., Document]:
    """Load a copy of an organization, in flow style, under `derive` and other keys."""

    def load_copy(organization: str, options: str, own: str = "") -> Document:
        head = "extends: base.yaml\nenvironment: staging\n"
        base = f"environment: production\norganizations:\n  acme: {organization}\n"
        return load_files({"s.yaml": f"{head}derive: {options}\n{own}", "base.yaml": base})

    return load_copy


@pytest.fixture
def copy(derive: Callable[..., Document]) -> Callable[..., Any]:
    """Load a copy without problems; give its organization."""

    def give(organization: str, options: str, own: str = "") -> Any:
        document = derive(organization, options, own)
        assert [] == _errors(document)
        return document.value["organizations"]["acme"]

    return give


@pytest.fixture
def errors(derive: Callable[..., Document]) -> Callable[..., list[str]]:
    """Load a copy; give its problems as they are printed."""
    return lambda *texts: _errors(derive(*texts))


def _errors(document: Document) -> list[str]:
    return [str(problem) for problem in document.problems if problem.severity == "error"]


# Aliases and addresses


def test_a_suffix_is_put_behind_every_alias(derive: Callable[..., Document]) -> None:
    document = derive("{alias: acme-eu}", "{alias_suffix: -stg}")

    assert "acme-eu-stg" == document.value["organizations"]["acme"]["alias"]
    assert "base.yaml:3:17" == str(document.place(("organizations", "acme", "alias")))


def test_domains_test_moves_every_address(copy: Callable[..., Any]) -> None:
    organization = """{
      alias: acme,
      domains: {acme.example: {default: true}},
      users: {
        alice: {email: alice@acme.example, aliases: [al@old.example, x@acme.awsapps.com]},
        bob: {display_name: Bob, role: remote_user, email: bob@elsewhere.example}},
      groups: {sales: {email: sales@acme.example}},
      resources: {boardroom: {email: boardroom@acme.example, aliases: [b@acme.example]}}}"""

    assert {
        "alias": "acme-stg",
        "users": {
            "alice": {
                "email": "alice@acme-stg.awsapps.com",
                "aliases": ["al@acme-stg.awsapps.com", "x@acme-stg.awsapps.com"],
            },
            "bob": {
                "display_name": "Bob",
                "role": "remote_user",
                "email": "bob@acme-stg.awsapps.com",
            },
        },
        "groups": {"sales": {"email": "sales@acme-stg.awsapps.com"}},
        "resources": {
            "boardroom": {
                "email": "boardroom@acme-stg.awsapps.com",
                "aliases": ["b@acme-stg.awsapps.com"],
            }
        },
    } == copy(organization, "{alias_suffix: -stg, domains: test}")


def test_an_address_that_moved_stands_in_the_base(derive: Callable[..., Document]) -> None:
    document = derive("{alias: acme, users: {alice: {email: a@b.example}}}", "{domains: test}")

    assert "base.yaml:3:46" == str(
        document.place(("organizations", "acme", "users", "alice", "email"))
    )


def test_addresses_move_to_the_alias_that_the_overlay_gives(copy: Callable[..., Any]) -> None:
    actual = copy(
        "{alias: acme, users: {alice: {email: a@b.example}}}",
        "{alias_suffix: -stg, domains: test}",
        "organizations: {acme: {alias: other}}\n",
    )

    assert {"alias": "other", "users": {"alice": {"email": "a@other.awsapps.com"}}} == actual


def test_domains_keep_moves_only_what_belongs_to_the_old_alias(copy: Callable[..., Any]) -> None:
    actual = copy(
        "{alias: acme, users: {alice: {email: a@acme.example, aliases: [a@ACME.awsapps.com]}}}",
        "{alias_suffix: -stg, domains: keep}",
    )

    assert {"email": "a@acme.example", "aliases": ["a@acme-stg.awsapps.com"]} == actual["users"][
        "alice"
    ]


def test_a_domain_that_loses_its_hosted_zone_is_manual_and_unverified(
    copy: Callable[..., Any],
) -> None:
    actual = copy(
        """{alias: acme, domains: {
          a.example: {default: true, dns: {hosted_zone_id: Z1, zone_name: a.example}},
          b.example: {dns: {hosted_zone_id: Z2}, verified: true},
          c.example: {dns: manual, verified: true}}}""",
        "{alias_suffix: -stg}",
    )

    assert {
        "a.example": {"default": True, "dns": "manual"},
        "b.example": {"dns": "manual", "verified": False},
        "c.example": {"dns": "manual", "verified": True},
    } == actual["domains"]


def test_what_is_no_address_stays_for_the_schema_to_refuse(copy: Callable[..., Any]) -> None:
    organization = (
        "{alias: acme, users: {a: {email: 7, aliases: x}, b: text}, groups: [], domains: 1}"
    )

    assert {
        "alias": "acme-stg",
        "users": {"a": {"email": 7, "aliases": "x"}, "b": "text"},
        "groups": [],
    } == copy(organization, "{alias_suffix: -stg, domains: test}")


# Users who stay


_PEOPLE = """{
  users: {alice: {}, Bob: {}, qa-one: {}, qa-two: {}, x.y: {}},
  groups: {sales: {members: [alice, Bob, group:support, ghost]}, support: {members: [Bob]}},
  resources: {boardroom: {delegates: [Bob, qa-one]}},
  permissions: [
    {mailbox: alice, grantee: Bob, rights: [send_as]},
    {mailbox: Bob, grantee: group:sales, rights: [send_as]},
    {mailbox: alice, grantee: group:sales, rights: [send_as]},
    {mailbox: resource:boardroom, grantee: qa-two, rights: [send_as]}]}"""


def test_users_are_kept_by_name_and_by_pattern(copy: Callable[..., Any]) -> None:
    actual = copy(_PEOPLE, "{keep_users: [ALICE, 'qa-*']}")

    assert ["alice", "qa-one", "qa-two"] == list(actual["users"])


@pytest.mark.parametrize(
    ("pattern", "names"),
    [("b?b", ["Bob"]), ("[ab]*", ["alice", "Bob"]), ("x.y", ["x.y"]), ("?", []), ("*", None)],
)
def test_patterns_are_those_of_a_shell(
    derive: Callable[..., Document], pattern: str, names: list[str] | None
) -> None:
    actual = derive(_PEOPLE, f"{{keep_users: ['{pattern}']}}").value["organizations"]["acme"]

    everyone = ["alice", "Bob", "qa-one", "qa-two", "x.y"]
    assert (everyone if names is None else names) == list(actual["users"])


def test_references_to_users_who_went_are_dropped(copy: Callable[..., Any]) -> None:
    actual = copy(_PEOPLE, "{keep_users: [alice, qa-one]}")

    assert {
        "sales": {"members": ["alice", "group:support", "ghost"]},
        "support": {"members": []},
    } == actual["groups"]
    assert {"boardroom": {"delegates": ["qa-one"]}} == actual["resources"]
    assert [{"mailbox": "alice", "grantee": "group:sales", "rights": ["send_as"]}] == actual[
        "permissions"
    ]


def test_expectations_about_users_who_went_are_dropped(copy: Callable[..., Any]) -> None:
    actual = copy(
        """{users: {a: , b: }, expect: [
          {deny: imap, user: b, from: 203.0.113.7}, {deny: imap, user: a, from: 203.0.113.7},
          {deny: impersonate, role: r, user: b}, {allow: mobile, device_type: iphone}, text]}""",
        "{keep_users: [a]}",
    )

    assert [
        {"deny": "imap", "user": "a", "from": "203.0.113.7"},
        {"allow": "mobile", "device_type": "iphone"},
        "text",
    ] == actual["expect"]


def test_what_remains_of_a_list_keeps_its_places(derive: Callable[..., Document]) -> None:
    document = derive("{groups: {g: {members: [b, a]}}, users: {a: , b: }}", "{keep_users: [a]}")

    assert "base.yaml:3:36" == str(
        document.place(("organizations", "acme", "groups", "g", "members", 0))
    )


def test_no_list_keeps_everybody_and_an_empty_one_nobody(copy: Callable[..., Any]) -> None:
    assert 5 == len(copy(_PEOPLE, "{alias_suffix: -x}")["users"])
    assert 0 == len(copy(_PEOPLE, "{alias_suffix: -x, keep_users: []}")["users"])
    assert 0 == len(copy(_PEOPLE, "{alias_suffix: -x, keep_users: }")["users"])


def test_a_pattern_that_matches_nobody_is_a_problem(errors: Callable[..., list[str]]) -> None:
    assert [
        's.yaml:3:30: derive.keep_users[1]: "alise" matches no user of any organization;'
        ' did you mean "alice"?',
        's.yaml:3:37: derive.keep_users[2]: "dev-*" matches no user of any organization',
    ] == errors(_PEOPLE, "{keep_users: [alice, alise, dev-*]}")


def test_a_pattern_matches_in_any_organization(load_files: Loads) -> None:
    document = load_files(
        {
            "s.yaml": "extends: b.yaml\nderive: {keep_users: [alice, eve]}\nenvironment: s\n",
            "b.yaml": "organizations: {a: {users: {alice: }}, b: {users: {eve: , mallory: }}}\n",
        }
    )

    assert [] == _errors(document)
    assert {"a": {"users": {"alice": None}}, "b": {"users": {"eve": None}}} == document.value[
        "organizations"
    ]


def test_a_hundred_patterns_are_the_most(errors: Callable[..., list[str]]) -> None:
    patterns = ", ".join(f'"*{letter}"' for letter in ["e", *map(str, range(100))])
    lines = errors(_PEOPLE, f"{{keep_users: [{patterns}]}}")

    assert lines[-1].endswith(
        "derive.keep_users[100]: keep_users may have 100 patterns with *, ? or [, this is one more"
    )


# Rules about users


def _rules(copy: Callable[..., Any], rules: str) -> Any:
    organization = f"{{users: {{a: , b: , c: }}, policies: {{access_control: {rules}}}}}"
    return copy(organization, "{keep_users: [a]}")["policies"]["access_control"]


def test_a_rule_whose_users_all_went_is_dropped(copy: Callable[..., Any]) -> None:
    assert {"default": {"effect": "allow"}} == _rules(
        copy, "{default: {effect: allow}, gone: {effect: allow, users: [b, c]}}"
    )


def test_a_rule_keeps_the_users_that_are_left(copy: Callable[..., Any]) -> None:
    assert {"r": {"effect": "deny", "users": ["a"], "not_users": ["a"]}} == _rules(
        copy, "{r: {effect: deny, users: [b, a], not_users: [a, c]}}"
    )


def test_exceptions_for_users_who_went_leave_the_rule_as_it_is_for_the_others(
    copy: Callable[..., Any],
) -> None:
    assert {"r": {"effect": "deny", "actions": ["imap"]}} == _rules(
        copy, "{r: {effect: deny, actions: [imap], not_users: [b]}}"
    )


def test_a_rule_that_names_nobody_is_left_for_the_rules_to_refuse(
    copy: Callable[..., Any],
) -> None:
    assert {"r": {"users": [], "not_users": [None]}} == _rules(
        copy, "{r: {users: [], not_users: [~]}}"
    )


def test_impersonation_rules_are_dropped_alike(copy: Callable[..., Any]) -> None:
    actual = copy(
        """{users: {a: , b: }, policies: {impersonation_roles: {
          r: {rules: {
            gone: {target_users: [b]}, left: {target_users: [a, b]},
            others: {not_target_users: [b]}}},
          s: {rules: {gone: {target_users: [b]}}}}}}""",
        "{keep_users: [a]}",
    )

    assert {
        "r": {"rules": {"left": {"target_users": ["a"]}, "others": {}}},
        "s": {"rules": {}},
    } == actual["policies"]["impersonation_roles"]


# What is live


def test_what_is_live_is_not_inherited(copy: Callable[..., Any]) -> None:
    actual = copy(
        """{
          alias: acme, existing: m-1, kms_key_arn: arn, region: eu-west-1,
          alarms: {topic_arn: arn}, exports: {bucket: archive},
          directory: {type: existing, directory_id: d-1},
          policies: {
            availability: {partner.example: {}}, identity_center: {instance_arn: arn},
            email_monitoring: {log_group_arn: arn, role_arn: arn},
            inbound_dmarc: {enforced: true}}}""",
        "{alias_suffix: -stg}",
    )

    assert {
        "alias": "acme-stg",
        "region": "eu-west-1",
        "policies": {"inbound_dmarc": {"enforced": True}},
    } == actual


@pytest.mark.parametrize(
    ("monitoring", "expected"),
    [
        (
            "{log_group: managed, retention_days: 90}",
            {"log_group": "managed", "retention_days": 90},
        ),
        ("{log_group: managed, role_arn: arn}", {"log_group": "managed"}),
        ("{log_group_arn: arn}", None),
        ("text", "text"),
    ],
)
def test_monitoring_into_a_managed_group_is_inherited(
    copy: Callable[..., Any], monitoring: str, expected: object
) -> None:
    actual = copy(f"{{policies: {{email_monitoring: {monitoring}}}}}", "{domains: keep}")

    assert expected == actual["policies"].get("email_monitoring")


@pytest.mark.parametrize(
    ("directory", "expected"),
    [
        ("{type: existing, directory_id: d-1, kind: simple_ad}", None),
        ("{type: existing}", None),
        ("{type: simple_ad, name: a.example}", {"type": "simple_ad", "name": "a.example"}),
        ("{type: workmail}", {"type": "workmail"}),
    ],
)
def test_a_directory_that_loses_its_id_becomes_the_default(
    copy: Callable[..., Any], directory: str, expected: object
) -> None:
    assert expected == copy(f"{{directory: {directory}}}", "{domains: keep}").get("directory")


def test_what_is_live_may_be_set_in_the_overlay(copy: Callable[..., Any]) -> None:
    actual = copy(
        "{existing: m-1, domains: {a.example: {dns: {hosted_zone_id: Z1, zone_name: a.example}}}}",
        "{domains: keep}",
        "organizations:\n"
        "  acme: {existing: m-2, domains: {a.example: {dns: {hosted_zone_id: Z2}}}}\n",
    )

    assert {
        "existing": "m-2",
        "domains": {"a.example": {"dns": {"hosted_zone_id": "Z2"}}},
    } == actual


# The other options


def test_one_word_for_on_removal_is_said_of_every_kind(derive: Callable[..., Document]) -> None:
    document = derive("{on_removal: {users: disable}}", "{on_removal: delete}")

    assert {
        "users": "delete",
        "resources": "delete",
        "groups": "delete",
        "domains": "deregister",
        "organization": "delete",
        "directory": "delete",
    } == document.value["organizations"]["acme"]["on_removal"]
    path = ("organizations", "acme", "on_removal", "users")
    assert "s.yaml:3:22" == str(document.place(path))


def test_on_removal_may_retain_everything(copy: Callable[..., Any]) -> None:
    assert {"retain"} == set(copy("{}", "{on_removal: retain}")["on_removal"].values())


def test_on_removal_may_be_given_kind_by_kind(copy: Callable[..., Any]) -> None:
    assert {"users": "delete"} == copy("{}", "{on_removal: {users: delete}}")["on_removal"]


def test_the_overlay_has_the_last_word(copy: Callable[..., Any]) -> None:
    actual = copy(
        "{}", "{on_removal: delete}", "organizations: {acme: {on_removal: {users: retain}}}\n"
    )

    assert ("retain", "delete") == (
        actual["on_removal"]["users"],
        actual["on_removal"]["directory"],
    )


def test_the_day_on_which_a_copy_expires_is_kept(derive: Callable[..., Document]) -> None:
    document = derive("{}", "{expires: 2020-02-29}")

    assert [] == _errors(document)
    assert "2020-02-29" == document.value["expires"]
    assert "s.yaml:3:19" == str(document.place(("expires",)))


def test_a_copy_of_a_copy_is_derived_twice(load_files: Loads) -> None:
    document = load_files(
        {
            "dev.yaml": "extends: stg.yaml\nenvironment: dev\nderive: {alias_suffix: -dev}\n",
            "stg.yaml": (
                "extends: base.yaml\nenvironment: staging\n"
                "derive: {alias_suffix: -stg, expires: 2026-12-31, domains: test}\n"
            ),
            "base.yaml": (
                "environment: production\n"
                "organizations: {a: {alias: acme, users: {u: {email: u@a.example}}}}\n"
            ),
        }
    )

    assert () == document.problems
    assert {
        "environment": "dev",
        "organizations": {
            "a": {"alias": "acme-stg-dev", "users": {"u": {"email": "u@acme-stg-dev.awsapps.com"}}}
        },
        "expires": "2026-12-31",
    } == document.value


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("{domians: test}", '10: derive.domians: unknown key "domians"; did you mean "domains"?'),
        (
            "{xyzzy: 1}",
            '10: derive.xyzzy: unknown key "xyzzy";'
            " known: alias_suffix, domains, keep_users, expires, on_removal",
        ),
        (
            "{domains: live}",
            '19: derive.domains: "live" is not what domains takes; allowed: "test", "keep"',
        ),
        (
            "{alias_suffix: 7}",
            '24: derive.alias_suffix: "7" is not what alias_suffix takes;'
            " allowed: text, such as -stg",
        ),
        (
            "{keep_users: alice}",
            '22: derive.keep_users: "alice" is not what keep_users takes;'
            " allowed: a list of names, such as [alice, qa-*]",
        ),
        (
            "{keep_users: ['*', 12]}",
            "28: derive.keep_users[1]: a pattern is text, such as alice or qa-*;"
            " put numbers in quotes",
        ),
        (
            "{expires: 2026-02-30}",
            '19: derive.expires: "2026-02-30" is not what expires takes;'
            " allowed: a date such as 2026-12-31",
        ),
        (
            "{expires: 20261231}",
            '19: derive.expires: "20261231" is not what expires takes;'
            " allowed: a date such as 2026-12-31",
        ),
        (
            "{on_removal: disable}",
            '22: derive.on_removal: "disable" is not what on_removal takes;'
            ' allowed: "delete", "retain"',
        ),
        (
            "{domains: [test]}",
            '19: derive.domains: this is not what domains takes; allowed: "test", "keep"',
        ),
        ("staging", "9: derive: derive takes a mapping"),
    ],
)
def test_an_option_that_makes_no_sense_is_a_problem(
    errors: Callable[..., list[str]], options: str, problem: str
) -> None:
    assert [f"s.yaml:3:{problem}"] == errors(_PEOPLE, options)


@pytest.mark.parametrize("options", ["", "~", "{}", "{alias_suffix: , expires: ~, domains: }"])
def test_an_option_with_nothing_behind_it_asks_for_nothing(
    copy: Callable[..., Any], options: str
) -> None:
    assert {"passwords": "none", "domains": {}} == copy("{passwords: none, domains: {}}", options)


def test_derive_needs_something_to_copy(load_files: Loads) -> None:
    document = load_files({"s.yaml": "a: 1\nderive: {domains: test}\n"})

    assert ["s.yaml:2:1: derive: derive needs extends: there is nothing to make a copy of"] == [
        str(problem) for problem in document.problems
    ]
    assert {"a": 1} == document.value


@pytest.mark.parametrize(
    "base", ["", "organizations:\n", "organizations: [a]\n", "organizations: 1\n"]
)
def test_a_base_without_organizations_is_copied_as_it_is(load_files: Loads, base: str) -> None:
    document = load_files(
        {"s.yaml": "extends: b.yaml\nenvironment: s\nderive: {domains: test}\n", "b.yaml": base}
    )

    assert [] == _errors(document)


def test_options_that_could_not_be_read_ask_for_nothing(errors: Callable[..., list[str]]) -> None:
    assert ['s.yaml:3:9: derive: !include cannot read "x.yaml": no such file'] == errors(
        "{alias: acme}", "!include x.yaml"
    )
