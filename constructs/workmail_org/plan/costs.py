"""Costs: what the mailboxes of an organization cost in a month."""

from __future__ import annotations

from dataclasses import dataclass

from workmail_org.model.live import People
from workmail_org.model.user import Role

CENTS_PER_MAILBOX = 400
"""US cents for each user and month, with 50 GB (https://aws.amazon.com/workmail/pricing/, the same
in all three regions). Assumed to hold still: the page fills the number in by script."""

ASSUMPTIONS = (
    "4.00 USD for each user account that is switched on, a month "
    "(https://aws.amazon.com/workmail/pricing/)",
    "groups, resources, remote users and users that are switched off are taken to be free",
    "for a user that is switched off in the middle of a month nothing is given back, one that is "
    "switched on pays for the rest of it (WorkMail FAQs)",
    "directories, keys, Lambda and Route 53 are not counted, nor is the free trial",
)
"""What the amounts rest on."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Mailboxes that are paid for, before and after."""

    mailboxes_before: int
    mailboxes_after: int

    @property
    def cents_before(self) -> int:
        """US cents a month before."""
        return self.mailboxes_before * CENTS_PER_MAILBOX

    @property
    def cents_after(self) -> int:
        """US cents a month after."""
        return self.mailboxes_after * CENTS_PER_MAILBOX


def count_mailboxes(people: People) -> int:
    """Count the mailboxes that are paid for."""
    return sum(
        found.entity.enabled and found.entity.role is Role.USER for found in people.users.values()
    )


def render_amount(cents: int) -> str:
    """Write an amount: `1,204.00 USD`."""
    return f"{cents / 100:,.2f} USD"
