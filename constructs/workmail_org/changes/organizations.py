"""What the organization itself and its domains need: decided here, once.

Each `decide_…` function gets what is there as AWS describes it, what is declared and what was
declared before. Compared is what is there, never the last template: CloudFormation rolls a refused
update back as if it had happened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from workmail_org.changes.brakes import Brake, BrakeRule
from workmail_org.changes.calls import Argument, Call, Generated, Phase, Setting, make_call
from workmail_org.changes.deciding import Decision, show_value
from workmail_org.model.live import LiveOrganization
from workmail_org.model.removal import Removal
from workmail_org.model.values import fold
from workmail_org.wire.names import KEY_TAG, NO_ZONE, OWNER_TAG, TAKEN_OVER_TAG, UNRESOLVED
from workmail_org.wire.properties import (
    DomainProperties,
    OrganizationProperties,
)

ORGANIZATION = Setting("organization")


def decide_organization(
    live: LiveOrganization | None,
    declared: OrganizationProperties,
    previous: OrganizationProperties | None,
    *,
    repairs: bool = False,
) -> Decision:
    """Decide what an organization needs: to be created, tags, or nothing that is possible.

    Args:
        live: With its tags; the one to take over, or the one that the stack finds again;
            `None`: there is none.
        declared: What is declared.
        previous: What was declared before; `None`: the resource is created.
        repairs: Whether everything is set right, also what did not change.
    """
    if live is None and declared.existing:
        return Decision(
            refusals=(
                f"organization {declared.existing} is not in this account and region; check "
                "existing and region",
            )
        )
    if live is None:
        tags = change_tags({}, declared, previous, repairs=True)
        return Decision(calls=(_create_organization(declared), *tags))
    if declared.existing and previous is None:
        refusals = tuple(_refuse_takeover(live, declared))
    elif previous is None and live.tags.get(OWNER_TAG) != declared.owner:
        refusals = (describe_foreign(live.id, declared.alias),)
    elif live.tags.get(OWNER_TAG, declared.owner) != declared.owner:
        refusals = (describe_other_owner(live.id, live.tags[OWNER_TAG], declared.owner),)
    else:
        refusals = tuple(_refuse_immutable(live, declared, previous))
    if refusals:
        return Decision(refusals=refusals)
    return Decision(
        calls=change_tags(live.tags, declared, previous, repairs=repairs),
        brakes=tuple(list_mx_brakes(declared, previous)),
    )


def describe_foreign(organization_id: str, alias: str) -> str:
    """Write that an alias belongs to an organization that this stack did not make."""
    return (
        f"organization {organization_id} has the alias {alias!r} already and this stack did not "
        f"make it; to take it over, set existing: {organization_id}"
    )


def describe_taken_alias(alias: str) -> str:
    """Write that nobody can have an alias any more."""
    return (
        f"alias {alias!r} is taken: aliases are unique over all of AWS and are not free again "
        "after their organization is deleted; choose another"
    )


def describe_missing(organization_id: str, region: str) -> str:
    """Write that an organization is not there that is deployed."""
    return (
        f"organization {organization_id} is not in {region}: it was deleted, or the credentials "
        "are those of another account; if it was deleted, destroy its stack and choose another "
        "alias"
    )


def describe_other_owner(organization_id: str, owner: str, stack: str) -> str:
    """Write that another stack has taken an organization over meanwhile."""
    return (
        f"organization {organization_id} belongs to stack {owner!r} by now, and not to {stack!r}: "
        "two stacks would undo each other's work; destroy this one, which leaves the organization "
        f"as it is, or remove the organization from {owner!r} first"
    )


def _refuse_takeover(live: LiveOrganization, declared: OrganizationProperties) -> Iterator[str]:
    owner = live.tags.get(OWNER_TAG, declared.owner)
    comparisons = (
        ("alias", live.alias, declared.alias, fold(live.alias) == fold(declared.alias)),
        (
            "directory",
            live.directory_id,
            declared.directory_id,
            declared.directory_id in (None, live.directory_id),
        ),
        (
            "interoperability",
            live.interoperability,
            declared.interoperability,
            live.interoperability or not declared.interoperability,
        ),
        ("stack", owner, declared.owner, owner == declared.owner),
    )
    for word, actual, wanted, agrees in comparisons:
        if not agrees:
            yield (
                f"{word} of organization {declared.existing} is {show_value(actual)} and not "
                f"{show_value(wanted)}, so it cannot be taken over; {_TAKEOVER_ADVICE[word]}"
            )


_TAKEOVER_ADVICE = {
    "alias": "declare the alias that it has, or another organization in existing",
    "directory": "declare the directory that it has, or leave it out",
    "interoperability": "leave interoperability out: no API changes it",
    "stack": "remove it from that stack first",
}


def _refuse_immutable(
    live: LiveOrganization,
    declared: OrganizationProperties,
    previous: OrganizationProperties | None,
) -> Iterator[str]:
    """Refuse what no API changes (facts.md §1.1)."""
    wanted_interoperability = declared.interoperability or (
        declared.existing is not None and live.interoperability
    )
    comparisons = (
        ("alias", fold(live.alias), fold(declared.alias)),
        ("directory", live.directory_id, _choose_directory(live, declared, previous)),
        ("kms_key_arn", live.tags.get(KEY_TAG), declared.kms_key_arn),
        ("interoperability", live.interoperability, wanted_interoperability),
        ("existing", live.id, live.id if live.id == UNRESOLVED else declared.existing or live.id),
    )
    for word, actual, wanted in comparisons:
        if actual != wanted:
            yield (
                f"{word} of an organization cannot change, from {show_value(actual)} to "
                f"{show_value(wanted)}: that would take another organization, and every mailbox "
                "would be lost; put the old value back, or declare a further organization under "
                "another key"
            )


def _choose_directory(
    live: LiveOrganization,
    declared: OrganizationProperties,
    previous: OrganizationProperties | None,
) -> str | None:
    """Return the directory that is wanted; one that the stack makes is judged by itself."""
    if declared.directory_id == UNRESOLVED:
        stays = previous is None or previous.makes_directory
        return live.directory_id if stays else "a new one"
    return declared.directory_id or live.directory_id


def make_tags(declared: OrganizationProperties) -> dict[str, str]:
    """Make the tags of an organization, with those that the engine adds."""
    tags = {**declared.tags, OWNER_TAG: declared.owner}
    if declared.kms_key_arn:
        tags[KEY_TAG] = declared.kms_key_arn
    if declared.existing:
        tags[TAKEN_OVER_TAG] = "true"
    return tags


def change_tags(
    actual: Mapping[str, str],
    declared: OrganizationProperties,
    previous: OrganizationProperties | None,
    *,
    repairs: bool,
) -> tuple[Call, ...]:
    """List the calls that bring the declared tags; those that somebody else set stay.

    So does what people did to a tag whose declaration stays, unless it is the engine's own.
    """
    said: Mapping[str, str] = previous.tags if previous else dict[str, str]()
    surplus, missing = _find_tag_changes(actual, said, make_tags(declared))
    changed = {k: v for k, v in missing.items() if repairs or said.get(k) != v}
    return _make_tag_calls(surplus, changed)


def put_back_tags(
    actual: Mapping[str, str], found: Mapping[str, str], failed: Mapping[str, str]
) -> tuple[Call, ...]:
    """List the calls that bring tags back to how a failed deployment found them.

    Args:
        actual: What is there.
        found: Of the tags that the deployment touched, those that were there.
        failed: What it declared: only what is still so was its doing.
    """
    return _make_tag_calls(*_find_tag_changes(actual, failed, found))


def end_ownership() -> tuple[Call, ...]:
    """List the call that lets another stack take an organization over."""
    return _make_tag_calls([OWNER_TAG, TAKEN_OVER_TAG], {})


def delete_organization(*, with_directory: bool) -> Call:
    """Build the call that deletes an organization: without force, so that people stop it."""
    return make_call(
        Phase.DELETE,
        "DeleteOrganization",
        ORGANIZATION,
        DeleteDirectory=with_directory,
        ForceDelete=False,
    )


def _find_tag_changes(
    actual: Mapping[str, str], previous: Mapping[str, str], desired: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """Find the tags that are to go, and those that are to be written.

    Tags that somebody else set stay: taken away is only what the spec had said
    itself.

    Args:
        actual: What is there.
        previous: What the last deployment declared.
        desired: What is declared, with the tags that the engine adds.
    """
    surplus = sorted(
        key for key, value in previous.items() if key not in desired and actual.get(key) == value
    )
    missing = {key: value for key, value in desired.items() if actual.get(key) != value}
    return surplus, missing


def _create_organization(declared: OrganizationProperties) -> Call:
    arguments: dict[str, Argument] = {"Alias": declared.alias}
    if declared.directory_id:
        made = declared.makes_directory
        arguments["DirectoryId"] = (
            Generated(declared.directory_id) if made else declared.directory_id
        )
    if declared.kms_key_arn:
        arguments["KmsKeyArn"] = declared.kms_key_arn
    if declared.interoperability:
        arguments["EnableInteroperability"] = True
    return make_call(Phase.CREATE, "CreateOrganization", ORGANIZATION, **arguments)


def _make_tag_calls(surplus: Sequence[str], missing: Mapping[str, str]) -> tuple[Call, ...]:
    """List the calls for tags that are to go, and for those that are to be written."""
    calls: list[Call] = []
    if surplus:
        calls.append(make_call(Phase.UPDATE, "UntagResource", ORGANIZATION, TagKeys=tuple(surplus)))
    if missing:
        tags = tuple({"Key": key, "Value": value} for key, value in sorted(missing.items()))
        calls.append(make_call(Phase.UPDATE, "TagResource", ORGANIZATION, Tags=tags))
    return tuple(calls)


def decide_domain(
    registered: bool | None,
    declared: DomainProperties | None,
    previous: DomainProperties | None,
    *,
    chosen: bool = False,
) -> Decision:
    """Decide whether a domain is registered or deregistered.

    Args:
        registered: Whether it is; `None`: not known.
        declared: `None`: it leaves the stack.
        previous: `None`: it is new in the stack.
        chosen: Whether somebody made it the default by hand (`is_chosen`).
    """
    if declared is None:
        return _end_domain(registered, previous, chosen=chosen)
    if declared.existing and registered is False:
        return Decision(
            refusals=(
                f"domain {declared.domain} is not registered in the organization that is taken "
                "over: domains of an existing organization are checked, not created; register it "
                "there first",
            )
        )
    if registered or declared.existing:
        return Decision()
    return Decision(calls=(_register_domain(declared.domain),))


def is_chosen(domain: str, default: str, declared_default: str) -> bool:
    """Return whether somebody made a domain the default by hand.

    Args:
        domain: Any.
        default: The default as it is; empty: not known.
        declared_default: The deployed one; the stack itself sets another before the domain goes.
            Empty: not known.
    """
    known = bool(default and declared_default)
    return known and fold(default) == fold(domain) != fold(declared_default)


def _end_domain(
    registered: bool | None, previous: DomainProperties | None, *, chosen: bool
) -> Decision:
    if previous is None or previous.existing or previous.on_removal is Removal.RETAIN:
        return Decision()
    if registered is False:
        return Decision()
    return Decision(
        calls=(_deregister_domain(previous.domain),),
        refusals=(describe_chosen(previous.domain),) if chosen else (),
        brakes=list_domain_brakes(previous.domain, previous.on_removal),
    )


def describe_chosen(domain: str) -> str:
    """Write why a domain cannot leave."""
    return (
        f"domain {domain} is removed, but it was made the organization's default domain by hand, "
        "and WorkMail does not deregister the default: make another domain the default first (aws "
        "workmail update-default-mail-domain), or set on_removal.domains: retain, then deploy again"
    )


def list_domain_brakes(domain: str, removal: Removal) -> tuple[Brake, ...]:
    """Stop when a domain is deregistered: no mail to it arrives any more."""
    if removal is Removal.RETAIN:
        return ()
    sentence = (
        f"domain {domain} leaves: mail to any of its addresses bounces; to keep it registered, "
        "deploy on_removal.domains: retain first"
    )
    return (Brake(BrakeRule.DOMAIN, sentence, (domain,)),)


def list_mx_brakes(
    declared: OrganizationProperties, previous: OrganizationProperties | None
) -> Iterator[Brake]:
    """Stop when mail to a whole domain comes, moves or stops: CloudFormation writes MX records.

    Not in an organization that its stack makes, or finds again: where its zone has an MX record
    already, CloudFormation writes none. A template of an earlier version does not say what it
    writes, so nothing is compared with it.

    Args:
        declared: What is declared.
        previous: What was declared before; `None`: the resource is created.
    """
    if previous is None and not declared.existing:
        return
    domains = previous.domains if previous else ()
    known: Mapping[str, str] = previous.mx_zones if previous else {}
    deregisters = previous is not None and not (
        previous.existing or previous.domains_on_removal is Removal.RETAIN
    )
    for name in sorted({*domains, *declared.domains}):
        if name in domains and name not in known:
            continue
        if name not in declared.domains and deregisters:
            continue  # that the domain leaves is confirmed itself
        was, now = known.get(name, NO_ZONE), declared.mx_zones.get(name, NO_ZONE)
        if previous is not None and previous.keeps_records and was != now:
            was = NO_ZONE  # the record stays where it is
        if was != now and UNRESOLVED not in (was, now):
            sentence, word = _describe_mx(name, was, now)
            # Without the ids of zones: in the local AWS of a rehearsal they are others each time.
            yield Brake(BrakeRule.MX, sentence, (f"{name} {word}",))


def _describe_mx(name: str, was: str, now: str) -> tuple[str, str]:
    """Write what becomes of an MX record, as a sentence and as a word."""
    if was == NO_ZONE:
        return (
            f"the stack writes the MX record of {name} into hosted zone {now}: from then on mail to"
            " all its addresses comes here, wherever it went before"
        ), "comes"
    if now == NO_ZONE:
        return (
            f"the stack takes away the MX record of {name} in hosted zone {was}: mail to all its "
            "addresses stops, unless an MX record exists elsewhere"
        ), "leaves"
    return (
        f"the MX record of {name} moves from hosted zone {was} to {now}: mail to all its addresses "
        "stops, unless the domain's registrar points to the other zone by then"
    ), "moves"


def _register_domain(name: str) -> Call:
    subject = Setting("domain", name)
    return make_call(Phase.CREATE, "RegisterMailDomain", subject, DomainName=name)


def _deregister_domain(name: str) -> Call:
    subject = Setting("domain", name)
    return make_call(Phase.DELETE, "DeregisterMailDomain", subject, DomainName=name)
