"""What a hosted zone has already of the records that a stack writes or finds there."""

from __future__ import annotations

from dataclasses import replace

from workmail_org.model.domain import DnsRecord, LiveZone, RecordGroup, RecordSet
from workmail_org.plan.declarations import Zone
from workmail_org.plan.zoning import ZoneQuestion, list_questions, note, refuse

EVERY = frozenset(RecordGroup)
MX = RecordSet(type="MX", name="acme.example.", values=("10 mx.elsewhere.example.",))
LIVE = LiveZone(id="Z1", name="acme.example", record_sets=(MX,))
OWN = ZoneQuestion(
    domain="acme.example", hosted_zone_id="Z1", written=EVERY, previous=Zone("Z1", EVERY)
)


def test_what_the_stack_wrote_itself_is_in_nobodys_way() -> None:
    assert not OWN.matters
    assert [] == list(refuse(OWN, LIVE))


def test_what_it_wrote_into_another_zone_or_did_not_write_is_in_the_way() -> None:
    moved = replace(OWN, previous=Zone("Z2", EVERY))
    added = replace(OWN, previous=Zone("Z1", EVERY - {RecordGroup.MX}))

    for question in (moved, added):
        (refusal,) = refuse(question, LIVE)
        assert "MX acme.example. (10 mx.elsewhere.example.); add omit: [mx]" in refusal


def test_what_the_stack_wrote_itself_cannot_be_adopted() -> None:
    """CloudFormation would delete it: mail would stop."""
    (refusal,) = refuse(replace(OWN, written=frozenset(), adopted=EVERY), LIVE)

    assert (
        "adopt: true of acme.example is for records that this stack did not write, and "
        "autodiscover, dkim, dmarc, mx, ownership and spf in hosted zone Z1 are this stack's own: "
        "CloudFormation would delete them; leave adopt out, or deploy on_removal.domains: retain "
        "first, with which they stay"
    ) == refusal


def test_what_the_stack_wrote_itself_and_leaves_there_can_be_adopted() -> None:
    mine = replace(OWN, written=frozenset(), adopted=frozenset({RecordGroup.MX}), keeps=True)

    assert [] == list(refuse(mine, LIVE))


def test_what_was_adopted_before_and_leads_elsewhere_by_now_is_noted_and_not_refused() -> None:
    """To put the MX back, as a refusal advises, would move the mail back."""
    wanted = DnsRecord(type="MX", name="acme.example.", value="10 inbound-smtp.example.")
    question = ZoneQuestion(
        domain="acme.example",
        hosted_zone_id="Z1",
        adopted=frozenset({RecordGroup.MX}),
        wanted=(wanted,),
    )
    settled = replace(question, is_settled=True)
    (refusal,) = refuse(question, LIVE)
    (said,) = note(settled, LIVE)

    assert "set right there only what WorkMail is to have: its MX brings all mail" in refusal
    assert [] == list(refuse(settled, LIVE))
    assert (
        "records of acme.example in hosted zone Z1, which adopt: true leaves to others, are not as "
        "WorkMail wants them any more: MX acme.example. (10 mx.elsewhere.example.), wanted: 10 "
        "inbound-smtp.example.; a deployment changes nothing there. That is right if the domain "
        "has moved elsewhere, and stops its mail if it has not"
    ) == said


def test_only_domains_that_were_adopted_are_settled() -> None:
    adopted = {"b.example": Zone("Z2", EVERY)}

    assert [True] == [q.is_settled for q in list_questions({}, adopted, {}, settled={"b.example"})]
    assert [False] == [q.is_settled for q in list_questions({}, adopted, {})]


def test_only_zones_that_matter_are_asked_about() -> None:
    written, adopted = {"a.example": Zone("Z1", EVERY)}, {"b.example": Zone("Z2", EVERY)}

    asked = list(list_questions(written, adopted, {}))

    assert [("a.example", True), ("b.example", True)] == [(q.domain, q.matters) for q in asked]
    assert [False] == [q.matters for q in list_questions(written, {}, written)]
