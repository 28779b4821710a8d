"""Ids that never change, and are never the same for two things."""

from __future__ import annotations

import pytest
from aws_cdk import App, Stack
from constructs import Construct

from workmail_org.infra.naming import make_domain_id, make_pinned_id


@pytest.mark.parametrize(
    ("domain", "construct_id"),
    [
        ("acme.example", "DomainAcmeExample"),
        ("mail.acme.example", "DomainMailAcmeExample"),
        ("acme-corp.example", "DomainAcmeCorpExample061E22"),
        ("acme.corp.example", "DomainAcmeCorpExample"),
        ("a.1b.example", "DomainA1bExample8B3BDF"),
    ],
)
def test_a_domain_has_a_readable_id_of_its_own(domain: str, construct_id: str) -> None:
    assert construct_id == make_domain_id("Domain", domain)


def test_a_pinned_id_is_made_of_the_scopes_within_the_stack() -> None:
    mail = Construct(Construct(Stack(App(), "Production"), "Mail-EU"), "Provider")

    assert "MailEUProvider" == make_pinned_id(mail)


def test_a_pinned_id_leaves_out_the_default_scope() -> None:
    provider = Construct(Construct(Stack(App(), "Production"), "Default"), "Provider")

    assert "Provider" == make_pinned_id(provider)
