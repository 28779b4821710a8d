"""Copies and overlays that would be deployed over what they extend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from workmail_org.spec.files.loading import Document

    Loads = Callable[..., Document]

_BASE = """\
environment: production
account: "111122223333"
organizations: {acme: {region: eu-west-1, alias: acme}}
"""

_OVER_IT = (
    's.yaml:2:9: derive: the copy keeps environment "production" of the spec that it extends, and '
    "would be deployed over it; give it one of its own, such as environment: staging: stacks are "
    "named after it"
)
_SAME_ALIAS = (
    's.yaml:2:9: organizations.acme.alias: the copy keeps alias "acme" of the organization that '
    "it copies; set alias_suffix: an alias belongs to one organization worldwide"
)


@pytest.fixture
def judge(load_files: Loads) -> Callable[..., list[str]]:
    """Tell the problems of a spec that extends another one, as they are printed."""

    def list_problems(spec: str, base: str = _BASE, **more: str) -> list[str]:
        others = {f"{name}.yaml": text for name, text in more.items()}
        document = load_files({"s.yaml": f"extends: b.yaml\n{spec}", "b.yaml": base, **others})
        return [str(problem) for problem in document.problems]

    return list_problems


@pytest.mark.parametrize(
    "account", ["", 'account: "111122223333"\n', "account: null\n"], ids=["kept", "same", "none"]
)
def test_a_copy_with_the_environment_of_its_base_is_an_error(
    judge: Callable[..., list[str]], account: str
) -> None:
    assert [_OVER_IT] == judge(f"derive: {{alias_suffix: -stg}}\n{account}")


@pytest.mark.parametrize(
    "own",
    [
        "environment: staging\n",
        'account: "444455556666"\n',
        "organizations: {acme: {region: us-east-1}}\n",
        "organizations: {acme: null, other: {region: eu-west-1, alias: other}}\n",
    ],
    ids=["environment", "account", "region", "key"],
)
def test_a_copy_whose_stacks_are_others_is_no_problem(
    judge: Callable[..., list[str]], own: str
) -> None:
    assert [] == judge(f"derive: {{alias_suffix: -stg}}\n{own}")


@pytest.mark.parametrize("own", ["", "organizations: {acme: {alias: ACME}}\n"])
def test_a_copy_with_the_alias_of_its_base_is_an_error(
    judge: Callable[..., list[str]], own: str
) -> None:
    spec = f"derive: {{domains: keep}}\nenvironment: staging\n{own}"

    expected = _SAME_ALIAS.replace('"acme"', '"ACME"') if own else _SAME_ALIAS

    assert [expected] == judge(spec)


def test_a_copy_that_shares_both_is_told_both(judge: Callable[..., list[str]]) -> None:
    assert [_OVER_IT, _SAME_ALIAS] == judge("derive: {domains: keep}\n")


def test_a_copy_that_takes_over_a_live_organization_keeps_its_alias(
    judge: Callable[..., list[str]],
) -> None:
    own = f"organizations: {{acme: {{existing: m-{'0' * 32}}}}}\n"

    assert [] == judge(f"derive: {{domains: keep}}\nenvironment: staging\n{own}")


def test_what_a_further_overlay_says_counts(judge: Callable[..., list[str]]) -> None:
    copy = "extends: a.yaml\nderive: {alias_suffix: -stg}\n"

    assert [] == judge("environment: staging\n", base=copy, a=_BASE)


def test_a_copy_with_wrong_options_is_not_told_more(judge: Callable[..., list[str]]) -> None:
    assert [
        's.yaml:2:24: derive.alias_suffix: "7" is not what alias_suffix takes; '
        "allowed: text, such as -stg"
    ] == judge("derive: {alias_suffix: 7}\n")


def test_an_overlay_with_another_alias_in_the_same_stack_is_a_warning(
    judge: Callable[..., list[str]],
) -> None:
    assert [
        's.yaml:2:31: warning: organizations.acme.alias: the alias was "acme" in the spec that '
        "this one extends, whose environment it keeps: of a stack that is deployed the alias "
        "cannot change; if both are deployed, give this one an environment of its own: stacks are "
        "named after it"
    ] == judge("organizations: {acme: {alias: acme-test}}\n")


@pytest.mark.parametrize(
    "own",
    [
        "environment: staging\norganizations: {acme: {alias: acme-test}}\n",
        'account: "444455556666"\norganizations: {acme: {alias: acme-test}}\n',
        "organizations: {acme: {alias: acme-test, region: us-east-1}}\n",
        "organizations: {acme: {tags: {team: mail}}}\n",
        "organizations: {other: {alias: other}}\n",
    ],
    ids=["environment", "account", "region", "same alias", "further organization"],
)
def test_an_overlay_of_another_stack_or_of_the_same_organization_is_no_problem(
    judge: Callable[..., list[str]], own: str
) -> None:
    assert [] == judge(own)


def test_a_base_that_names_no_environment_has_no_twin(judge: Callable[..., list[str]]) -> None:
    base = "organizations: {acme: {region: eu-west-1}}\n"

    assert [] == judge("environment: s\nderive: {domains: keep}\n", base=base)
    assert [] == judge("environment: s\norganizations: {acme: {alias: a}}\n", base=base)
