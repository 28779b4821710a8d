"""Mail domains: registration, the eight DNS records, verification, the default."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Literal

from workmail_emulator import paging
from workmail_emulator.api import Document
from workmail_emulator.clock import HOUR
from workmail_emulator.errors import ServiceFault, invalid_parameter, limit_exceeded
from workmail_emulator.ids import digest
from workmail_emulator.state import Domain, Identity, Organization
from workmail_emulator.world import Context, Lookup

MOST_DOMAINS = 1000
"""Domains of one organization; Admin Guide workmail_limits (add_domain says 100), facts.md §3."""

VERIFICATION_ENDS = 72 * HOUR
"""Until when SES looks for the ownership record; Admin Guide domain_verification, facts.md §2."""

TEST_SUFFIX = ".awsapps.com"

Status = Literal["PENDING", "VERIFIED", "FAILED"]


def register_mail_domain(context: Context, organization: Organization) -> Document:
    """Add a domain; once more changes nothing. Source: facts.md §1.2."""
    name: str = context.parameters["DomainName"].lower()
    identity = context.identity(name)
    if name in organization.domains:
        if identity:
            identity.requested_at = context.now
        return {}
    if len(organization.domains) >= MOST_DOMAINS:
        raise limit_exceeded(f"An organization has at most {MOST_DOMAINS} domains.")
    add(context, organization, name)
    return {}


def add(context: Context, organization: Organization, name: str) -> None:
    """Register a domain that the organization does not have, and ask SES to verify it.

    Raises:
        ServiceFault: `MailDomainInUseException`: another organization of the region has it;
            `InvalidParameterException`: a test domain's name (Assumption TEST_DOMAIN_NAMES).
    """
    if name.endswith(TEST_SUFFIX):
        raise invalid_parameter(f"The domain {name} cannot be registered.")
    for other in context.region.organizations.values():
        if name in other.domains:
            raise ServiceFault(
                "MailDomainInUseException", f"The domain {name} is in use by {other.id}."
            )
    identity = context.region.identities.setdefault(name, new_identity(context, name))
    identity.requested_at = context.now
    organization.domains[name] = Domain(name)


def new_identity(context: Context, name: str) -> Identity:
    """Make the SES identity of a domain; its tokens are the same every time."""
    account = context.settings.account
    secret = digest(account, context.region.name, name)
    first, second, third = (
        base64.b32encode(digest(account, context.region.name, name, str(number)))[:32]
        .decode()
        .lower()
        for number in range(3)
    )
    return Identity(
        domain=name,
        token=base64.b64encode(secret).decode(),
        dkim_tokens=(first, second, third),
        requested_at=context.now,
    )


def get_mail_domain(context: Context, organization: Organization) -> Document:
    """Answer a domain's records and how far verification is. Source: facts.md §6."""
    domain = _domain(organization, context.parameters["DomainName"])
    return {
        "Records": list(records(context, domain)),
        "IsTestDomain": domain.is_test,
        "IsDefault": domain.name == organization.default_domain,
        "OwnershipVerificationStatus": ownership(context, domain),
        "DkimVerificationStatus": dkim(context, domain),
    }


def list_mail_domains(context: Context, organization: Organization) -> Document:
    """List the domains. Source: botocore, MailDomainSummary."""
    return paging.page(
        context,
        "MailDomains",
        organization.domains.values(),
        lambda domain: {
            "DomainName": domain.name,
            "DefaultDomain": domain.name == organization.default_domain,
        },
    )


def update_default_mail_domain(context: Context, organization: Organization) -> Document:
    """Make a verified domain the default. Source: facts.md §1.2."""
    name: str = context.parameters["DomainName"].lower()
    require_verified(context, organization, name)
    organization.default_domain = name
    return {}


def deregister_mail_domain(context: Context, organization: Organization) -> Document:
    """Remove a domain that no address uses; SES keeps its identity.

    Source:
        facts.md §1.2; Assumptions DEFAULT_DOMAIN, SES_IDENTITY.
    """
    name: str = context.parameters["DomainName"].lower()
    domain = organization.domains.get(name)
    if domain is None:
        return {}
    if domain.is_test:
        raise invalid_parameter(f"The test domain {name} cannot be removed.")
    if name == organization.default_domain:
        raise _in_use(f"The domain {name} is the default domain.")
    for address, holder in organization.holders.items():
        if address.endswith(f"@{name}"):
            raise _in_use(f"The domain {name} is in use by {address} of {holder}.")
    del organization.domains[name]
    return {}


def require_verified(context: Context, organization: Organization, name: str) -> None:
    """Check that addresses may be in a domain.

    Raises:
        ServiceFault: `MailDomainNotFoundException` or `MailDomainStateException`.

    Source:
        facts.md §1.6 and §6: only a domain whose ownership is VERIFIED takes addresses.
    """
    domain = _domain(organization, name)
    if ownership(context, domain) != "VERIFIED":
        raise ServiceFault("MailDomainStateException", f"The domain {name} is not verified.")


def ownership(context: Context, domain: Domain) -> Status:
    """Return how far the verification of a domain's ownership is.

    Source:
        facts.md §2; Assumptions VERIFICATION_ENDS, TEST_DOMAIN_USABLE.
    """
    identity = context.identity(domain.name)
    if domain.is_test:
        return "VERIFIED" if context.now >= domain.usable_at else "PENDING"
    if identity is None:
        return "VERIFIED"
    if identity.verified_at is not None or _is_trusted(context, domain.name):
        return "VERIFIED"
    ended = context.now > identity.requested_at + VERIFICATION_ENDS
    return "FAILED" if ended else "PENDING"


def dkim(context: Context, domain: Domain) -> Status:
    """Return how far the verification of a domain's DKIM records is."""
    identity = context.identity(domain.name)
    if identity and identity.dkim_verified_at is not None:
        return "VERIFIED"
    if domain.is_test:
        return ownership(context, domain)
    if identity is None or _is_trusted(context, domain.name):
        return "VERIFIED"
    ended = context.now > identity.requested_at + VERIFICATION_ENDS
    return "FAILED" if ended else "PENDING"


def _is_trusted(context: Context, name: str) -> bool:
    """Return whether a domain needs no records: named so, or nobody could look them up."""
    settings = context.settings
    named = name in settings.verified or name in context.world.verified
    return named or (settings.instant and settings.dns is None)


def records(context: Context, domain: Domain) -> Iterator[Document]:
    """List the eight records to publish; trailing dots, TXT values without quotes.

    Source:
        A captured GetMailDomain answer, facts.md §6; Assumption TEST_DOMAIN_RECORDS.
    """
    identity = context.identity(domain.name)
    if domain.is_test or identity is None:
        return
    name, region = domain.name, context.region.name
    yield _record("MX", f"{name}.", f"10 inbound-smtp.{region}.amazonaws.com.")
    yield _record("TXT", f"_amazonses.{name}.", identity.token)
    yield _record("CNAME", f"autodiscover.{name}.", f"autodiscover.mail.{region}.awsapps.com.")
    for token in identity.dkim_tokens:
        yield _record("CNAME", f"{token}._domainkey.{name}.", f"{token}.dkim.amazonses.com.")
    yield _record("TXT", f"{name}.", "v=spf1 include:amazonses.com ~all")
    yield _record("TXT", f"_dmarc.{name}.", "v=DMARC1;p=quarantine;pct=100;fo=1")


def _record(kind: str, hostname: str, value: str) -> Document:
    return {"Type": kind, "Hostname": hostname, "Value": value}


def names_in(parameters: Document) -> set[str]:
    """List the domains on whose verification a call may depend, in lower case."""
    texts = [parameters.get(key) for key in ("DomainName", "Email", "Alias")]
    return {text.rpartition("@")[2].lower() for text in texts if isinstance(text, str)}


def published(lookup: Lookup, identity: Identity) -> tuple[bool, bool]:
    """Look for a domain's ownership record and its DKIM records.

    Runs without the emulator's lock: it may wait for a network.

    Returns:
        Whether ownership is proved, and whether DKIM is.
    """
    name = identity.domain
    proved = identity.verified_at is not None
    proved = proved or identity.token in lookup(f"_amazonses.{name}", "TXT")
    signed = proved and all(
        f"{token}.dkim.amazonses.com"
        in {value.rstrip(".") for value in lookup(f"{token}._domainkey.{name}", "CNAME")}
        for token in identity.dkim_tokens
    )
    return proved, signed


def note(identity: Identity, now: float, *, proved: bool, signed: bool) -> None:
    """Remember what was found in DNS; what was verified once stays so.

    Source:
        Assumption VERIFIED_STAYS.
    """
    if proved and identity.verified_at is None:
        identity.verified_at = now
    if signed and identity.dkim_verified_at is None:
        identity.dkim_verified_at = now


def _domain(organization: Organization, name: str) -> Domain:
    """Find a registered domain. Source: botocore, MailDomainNotFoundException."""
    domain = organization.domains.get(name.lower())
    if domain is None:
        raise ServiceFault("MailDomainNotFoundException", f"The domain {name} is not found.")
    return domain


def _in_use(message: str) -> ServiceFault:
    return ServiceFault("MailDomainInUseException", message)
