"""What a spec cannot say is left out, is told with what to do, and the rest is written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from scenes import ACME, at, make_group, make_user
from workmail_org.importing.drafting import Drafted, Names, draft
from workmail_org.importing.fitting import Fitted, fit
from workmail_org.model.bookable import Bookable, BookableType, Booking
from workmail_org.model.directory import Directory, DirectoryType
from workmail_org.model.domain import MailDomain
from workmail_org.model.group import Group
from workmail_org.model.live import (
    Entity,
    Found,
    LiveDirectory,
    LiveDomain,
    LiveMobileRule,
    LiveOrganization,
    LiveRole,
    LiveSettings,
    People,
    Snapshot,
    State,
)
from workmail_org.model.organization import Environment, Organization
from workmail_org.model.policies import (
    AccessControlRule,
    Availability,
    Effect,
    EwsAvailability,
    ImpersonationRole,
    ImpersonationRule,
    ImpersonationType,
    MobileDeviceAccessRule,
)
from workmail_org.model.user import Role, User
from workmail_org.model.values import EntityId, OrganizationId, Reference, fold, parse_reference
from workmail_org.wire.names import KEY_TAG, OWNER_TAG, TAKEN_OVER_TAG

ID = OrganizationId("m-0123456789abcdef0123456789abcdef")


def make_snapshot(*entities: Entity, **fields: Any) -> Snapshot:
    """Make what is live in an organization with a domain that is the default."""
    domains = fields.pop("domains", (ACME,))
    tags = fields.pop("tags", {})
    default = next((each.name for each in domains if each.default), "acme.awsapps.com")

    def index(kind: type[Any]) -> dict[str, Found[Any]]:
        return {
            fold(each.name): Found(id=EntityId(each.name), entity=each)
            for each in entities
            if isinstance(each, kind)
        }

    return Snapshot(
        region="eu-west-1",
        organization=LiveOrganization(
            id=ID,
            alias="acme",
            state=State.ACTIVE,
            directory_id=fields.pop("directory_id", "d-0123456789"),
            default_domain=default,
            interoperability=fields.pop("interoperability", False),
            tags=tags,
        ),
        domains={each.name: make_domain(each) for each in domains},
        people=People(users=index(User), groups=index(Group), resources=index(Bookable)),
        **fields,
    )


def make_domain(domain: MailDomain) -> LiveDomain:
    return LiveDomain(
        name=domain.name,
        is_default=domain.default,
        is_test_domain=domain.name.endswith(".awsapps.com"),
        ownership="VERIFIED" if domain.verified else "PENDING",
        dkim="VERIFIED",
        records=(),
    )


def take(snapshot: Snapshot) -> tuple[Drafted, Fitted, Organization]:
    """Draft a spec, which has to be readable."""
    fitted = fit(snapshot, key="acme")
    names = Names(spec="spec.yaml", tables={})
    drafted = draft(Environment(name="test"), [fitted], (), names)
    assert [] == [str(each) for each in drafted.reading.problems]
    assert drafted.reading.environment is not None
    (left,) = drafted.fitted
    return drafted, left, drafted.reading.environment.organizations[0]


def list_left(fitted: Fitted) -> list[str]:
    return [f"{each.subject}: {each.reason}" for each in fitted.remainders]


def test_a_name_that_a_spec_refuses_is_left_out_with_what_names_it() -> None:
    snapshot = make_snapshot(
        make_user("o'brien", email=at("obrien")),
        make_user("alice"),
        make_group("sales", "o'brien", "alice"),
        make_group("club", "alice"),
        make_group("all", "group:sales"),
    )
    drafted, left, organization = take(snapshot)

    assert ["alice"] == [each.name for each in organization.users]
    assert ["club"] == [each.name for each in organization.groups]
    assert [
        "user o'brien: a spec cannot express it: \"o'brien\" is not a valid user name (allowed: "
        "letters, digits, underscore, hyphen and dot, then perhaps @ and a domain)",
        "group sales: it names o'brien, left out here",
        "group all: it names group:sales, left out here",
    ] == list_left(left)
    assert "# left out: user o'brien: a spec cannot express it:" in next(
        iter(drafted.files.values())
    )


def test_a_circle_of_groups_is_left_out_and_what_is_around_it_stays() -> None:
    snapshot = make_snapshot(
        make_group("a", "group:b"), make_group("b", "group:a"), make_group("c", "group:c"),
        make_group("d"),
    )  # fmt: skip
    _, left, organization = take(snapshot)

    assert ["d"] == [each.name for each in organization.groups]
    assert {"group a", "group b", "group c"} == {each.subject for each in left.remainders}
    assert any("contains itself" in each.reason for each in left.remainders)


def test_names_that_differ_in_case_only_are_left_out_together() -> None:
    names = (parse_reference("Bob"), parse_reference("bob"))
    snapshot = make_snapshot(make_user("bob"), make_user("alice"), namesakes=names)
    _, left, organization = take(snapshot)

    assert ["alice"] == [each.name for each in organization.users]
    assert [
        "users Bob, bob: their names differ in case only, and names compare without case"
    ] == list_left(left)


def test_a_user_and_a_group_of_one_name_are_not_both_in_the_spec() -> None:
    snapshot = make_snapshot(make_user("sales", email=at("s")), make_group("Sales"))
    _, left, organization = take(snapshot)

    assert (["sales"], []) == (
        [each.name for each in organization.users],
        [each.name for each in organization.groups],
    )
    assert ["group Sales"] == [each.subject for each in left.remainders]
    assert "names compare without case" in left.remainders[0].reason


def test_an_address_that_two_have_is_in_the_spec_once() -> None:
    snapshot = make_snapshot(
        make_user("alice", aliases=(at("info"),)), make_group("info", email=at("info"))
    )
    _, left, organization = take(snapshot)

    assert ["alice"] == [each.name for each in organization.users]
    assert [] == list(organization.groups)
    assert ["group info"] == [each.subject for each in left.remainders]


def test_rules_of_one_name_leave_their_section_out() -> None:
    """A section with one of them would remove the other."""
    rules = tuple(
        LiveMobileRule(id=kind, rule=MobileDeviceAccessRule(name="x", effect=Effect.ALLOW))
        for kind in ("1", "2")
    )
    _, left, organization = take(make_snapshot(settings=LiveSettings(mobile_devices=rules)))

    assert () == organization.policies.mobile_devices
    assert ["mobile device rules: several are called x, and a spec names each once"] == (
        list_left(left)
    )


def test_rules_without_an_allow_are_left_out_as_a_whole() -> None:
    rule = AccessControlRule(name="nobody", effect=Effect.DENY, description="x")
    _, left, organization = take(make_snapshot(settings=LiveSettings(access_control=(rule,))))

    assert () == organization.policies.access_control
    assert ["access control"] == [each.subject for each in left.remainders]


def test_a_rule_that_names_somebody_who_was_deleted_keeps_the_section_out() -> None:
    """Without the name it would be a rule for everyone."""
    rules = (
        AccessControlRule(name="all", effect=Effect.ALLOW, description="x"),
        AccessControlRule(name="one", effect=Effect.DENY, description="x", users=("1234-gone",)),
    )
    _, left, organization = take(make_snapshot(settings=LiveSettings(access_control=rules)))

    assert () == organization.policies.access_control
    assert [
        'access control: a spec cannot express it: one.users[0]: no user "1234-gone" is declared'
    ] == list_left(left)


def test_a_role_that_lets_at_somebody_switched_off_is_left_out_and_a_denial_is_not() -> None:
    """A deployment takes them out of what is allowed; who is denied or excepted stays."""

    def make(name: str, effect: Effect = Effect.ALLOW, **whom: Any) -> LiveRole:
        rule = ImpersonationRule(key="r", effect=effect, **whom)
        role = ImpersonationRole(name=name, type=ImpersonationType.READ_ONLY, rules=(rule,))
        return LiveRole(id=name, role=role)

    roles = (
        make("but", not_target_users=("bob",)),
        make("no", Effect.DENY, target_users=("bob",)),
        make("some", target_users=("alice", "Bob")),
    )
    snapshot = make_snapshot(
        make_user("alice"),
        make_user("bob", enabled=False),
        settings=LiveSettings(impersonation_roles=roles),
    )
    _, left, organization = take(snapshot)

    assert ["but", "no"] == [each.name for each in organization.policies.impersonation_roles]
    assert [
        "impersonation role some: it lets at Bob, switched off, whom a deployment would take out of"
        " it until they are on again"
    ] == list_left(left)


def test_the_test_domain_stays_the_default_where_nobody_needs_another() -> None:
    snapshot = make_snapshot(
        make_user("alice", email="alice@acme.awsapps.com"),
        domains=(MailDomain(name="acme.example", verified=True),),
    )
    _, left, organization = take(snapshot)

    assert [MailDomain(name="acme.example")] == list(organization.domains)
    assert () == left.remainders


def test_a_default_that_a_spec_cannot_say_is_told() -> None:
    snapshot = make_snapshot(
        make_user("alice"), domains=(MailDomain(name="acme.example", verified=True),)
    )
    _, left, organization = take(snapshot)

    assert [ACME] == list(organization.domains)
    assert ["default domain"] == [each.subject for each in left.remainders]


def test_who_is_switched_off_gets_an_address_that_nobody_has() -> None:
    snapshot = make_snapshot(
        make_user("alice", aliases=(at("bob"), at("bob-2"))),
        make_user("bob", enabled=False),
        make_user("eve", email="eve@gone.example", enabled=False),
        Bookable(name="hall", type=BookableType.ROOM, email=at("bob"), enabled=False),
    )
    _, left, organization = take(snapshot)

    assert {"alice": at("alice"), "bob": at("bob-3"), "eve": at("eve")} == {
        each.name: each.email for each in organization.users
    }
    assert [at("hall")] == [each.email for each in organization.resources]
    assert () == left.remainders


def test_behind_an_ad_connector_the_directory_keeps_people() -> None:
    directory = LiveDirectory(
        id="d-0123456789",
        type=DirectoryType.AD_CONNECTOR,
        name="corp.example",
        alias="acme",
        stage="Active",
        reason=None,
        size="small",
        edition=None,
        vpc_id="vpc-0123456789abcdef0",
        subnet_ids=frozenset(),
        launched=None,
    )
    snapshot = make_snapshot(
        make_user("frank", city="Cork", role=Role.USER, hidden_from_global_address_list=True),
        make_group("staff", "frank"),
        Bookable(name="hall", type=BookableType.ROOM, email=at("hall")),
        directory=directory,
        interoperability=True,
    )
    _, left, organization = take(snapshot)

    assert organization.directory == Directory(
        type=DirectoryType.EXISTING,
        directory_id="d-0123456789",
        kind=DirectoryType.AD_CONNECTOR,
    )
    assert [User(name="frank", email=at("frank"))] == list(organization.users)
    assert [Group(name="staff", email=at("staff"))] == list(organization.groups)
    assert () == organization.resources
    assert ["profiles and members", "resource hall"] == [e.subject for e in left.remainders]


def test_a_resource_that_nobody_answers_for_is_left_out() -> None:
    booking = Booking(auto_accept=False)
    hall = Bookable(name="hall", type=BookableType.ROOM, email=at("hall"), booking=booking)
    _, left, organization = take(make_snapshot(hall, replace(hall, name="b", delegates=())))

    assert () == organization.resources
    assert ["resource b", "resource hall"] == [each.subject for each in left.remainders]


def test_an_organization_is_taken_over_with_whoever_is_in_it() -> None:
    """Whichever stack had it; what its own stack says, if it is there, is added later."""
    tags = {OWNER_TAG: "test-acme", KEY_TAG: "arn:aws:kms:eu-west-1:111122223333:key/x"}
    _, _, organization = take(make_snapshot(tags=tags))

    assert (ID, True, None) == (organization.existing, organization.adopt, organization.kms_key_arn)
    assert {} == dict(organization.tags)


def test_a_text_with_spaces_around_it_is_left_out() -> None:
    _, left, organization = take(make_snapshot(make_user("alice", office=" 3", city="Cork")))

    assert (None, "Cork") == (organization.users[0].office, organization.users[0].city)
    assert ["office of user alice"] == [each.subject for each in left.remainders]


def test_tags_of_aws_are_left_out() -> None:
    _, left, organization = take(make_snapshot(tags={"aws:x": "1", "team": "a"}))

    assert ({"team": "a"}, ()) == (dict(organization.tags), left.remainders)


def test_tags_of_the_engine_are_left_out() -> None:
    """Also those of another release of it."""
    tags = {TAKEN_OVER_TAG: "true", "workmail-org:later": "1", "my:workmail-org:x": "2"}
    _, left, organization = take(make_snapshot(tags=tags))

    assert ({"my:workmail-org:x": "2"}, ()) == (dict(organization.tags), left.remainders)


def test_a_member_that_is_the_directorys_own_is_told() -> None:
    members = (Reference(parse_reference("group:x").kind, "Domain Users"),)
    snapshot = make_snapshot(Group(name="staff", email=at("staff"), members=members))
    _, left, organization = take(snapshot)

    assert () == organization.groups[0].members
    assert ["group:Domain Users of groups.staff"] == [each.subject for each in left.remainders]


@pytest.mark.parametrize(
    ("endpoint", "username"),
    [
        ("https://x.example/ews/exchange.asmx", "ACME: svc"),
        ("https://x.example/ews/exchange.asmx", "no"),
        ("https://x.example/ews/exchange.asmx", "{x} #1 'it'"),
        ("https://x.example/ews/exchange.asmx", "dom\\user"),
        (f"https://x.example/{'long/' * 30}exchange.asmx", f"{'many words ' * 12}end"),
    ],
)
def test_the_comment_on_an_availability_is_the_yaml_that_declares_it(
    endpoint: str, username: str
) -> None:
    ews = EwsAvailability(endpoint=endpoint, username=username, password_secret="none")
    availability = (Availability(domain="partner.example", ews=ews),)
    settings = LiveSettings(availability=availability)
    drafted, _, _ = take(make_snapshot(make_user("alice"), settings=settings))
    lines = [line.strip() for line in drafted.files["spec.yaml"].splitlines()]
    begin = lines.index("# partner.example:")
    end = next(i for i in range(begin, len(lines)) if not lines[i].startswith("#"))
    said = yaml.safe_load("\n".join(line.removeprefix("# ") for line in lines[begin:end]))

    written = {"endpoint": endpoint, "username": username, "password_secret": "NAME"}
    assert {"partner.example": {"ews": written}} == said
