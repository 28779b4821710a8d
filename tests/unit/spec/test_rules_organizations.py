"""What several organizations cannot share, and what one cannot combine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def test_two_organizations_cannot_share_an_alias_and_case_makes_no_difference(
    expect: Callable[..., None],
) -> None:
    expect(
        more="""
        other: {region: us-east-1, alias: ACME}
        """,
        problems="""
        7:37 organizations.other.alias
          "ACME" is already the alias of "acme" at spec.yaml:6
        """,
    )


def test_two_organizations_cannot_take_over_the_same_live_one(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        existing: m-0123456789abcdef0123456789abcdef
        """,
        more="""
        other: {region: us-east-1, alias: other, existing: m-0123456789abcdef0123456789abcdef}
        """,
        problems="""
        8:54 organizations.other.existing
          "m-0123456789abcdef0123456789abcdef" is already taken over by "acme" at spec.yaml:7
        """,
    )


def test_two_organizations_cannot_stand_on_the_same_directory(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        directory: {type: existing, directory_id: d-1234567890, kind: managed_ad}
        """,
        more="""
        other:
          region: eu-west-1
          alias: other
          directory: {type: existing, directory_id: d-1234567890}
        """,
        problems="""
        11:47 organizations.other.directory.directory_id
          "d-1234567890" is already the directory of "acme" at spec.yaml:7
        """,
    )


def test_the_key_of_a_live_organization_cannot_be_given(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        existing: m-0123456789abcdef0123456789abcdef
        kms_key_arn: arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012
        """,
        problems="""
        8:5 organizations.acme.kms_key_arn
          "kms_key_arn" cannot be given with "existing"
          remove it: WorkMail does not show the key of a live organization
        """,
    )


def test_a_key_lies_in_the_region_of_its_organization(expect: Callable[..., None]) -> None:
    expect(
        organization="""
        kms_key_arn: arn:aws:kms:us-east-1:111122223333:key/12345678-1234-1234-1234-123456789012
        """,
        problems="""
        7:18 organizations.acme.kms_key_arn
          the KMS key is in "us-east-1", the organization in "eu-west-1"
          name a KMS key in eu-west-1
        """,
    )
