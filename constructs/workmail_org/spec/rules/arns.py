"""Names of things in AWS that somebody else made: what they are, and in which region.

The schema has the patterns of the API that a name goes to, which let almost
anything pass that begins like an ARN; CloudFormation and IAM do not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from workmail_org.spec.declared import is_mapping, mapping
from workmail_org.spec.schema import find_shape, fits
from workmail_org.spec.wording import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workmail_org.spec.declared import Declared, DeclaredOrganization
    from workmail_org.spec.problems import Path, Problem


@dataclass(frozen=True, slots=True)
class Thing:
    """Something in AWS.

    Attributes:
        pattern: Of its name as a whole; with a group `region` where it has to
            be in that of the organization.
        allowed: How its name is written.
    """

    noun: str
    pattern: re.Pattern[str]
    allowed: str


_REGION = r"(?P<region>[a-z0-9-]+)"

_KEY = Thing(
    "KMS key",
    re.compile(rf"arn:aws:kms:{_REGION}:[0-9]{{12}}:(key|alias)/[A-Za-z0-9/_-]+"),
    "arn:aws:kms:REGION:ACCOUNT:key/ID",
)
_EXPORT_KEY = Thing(
    "KMS key",
    # An alias cannot stand in the policy of a role.
    re.compile(rf"managed|arn:aws:kms:{_REGION}:[0-9]{{12}}:key/[A-Za-z0-9-]+"),
    "managed, or arn:aws:kms:REGION:ACCOUNT:key/ID",
)
_TOPIC = Thing("topic", re.compile(rf"arn:aws:sns:{_REGION}:.+"), "arn:aws:sns:REGION:ACCOUNT:NAME")
_SECRET = Thing(
    "secret",
    re.compile(
        rf"(arn:aws:secretsmanager:{_REGION}:[0-9]{{12}}:secret:)?[A-Za-z0-9/_+=.@-]+", re.ASCII
    ),
    "a name, or arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME",
)
_LOG_GROUP = Thing(
    "log group",
    re.compile(rf"arn:aws:logs:{_REGION}:.+"),
    "arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*",
)
_ROLE = Thing(
    "role",
    re.compile(r"arn:aws:iam::[0-9]{12}:role/([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,64}"),
    "arn:aws:iam::ACCOUNT:role/NAME",
)
_INSTANCE = Thing(
    "Identity Center instance",
    re.compile(r"arn:aws:sso:::instance/.+"),
    "arn:aws:sso:::instance/ssoins- and 16 characters",
)

_ANY = "*"

_PLACES: tuple[tuple[tuple[str, ...], Thing], ...] = (
    (("kms_key_arn",), _KEY),
    (("directory", "admin_password_secret"), _SECRET),
    (("directory", "service_account", "password_secret"), _SECRET),
    (("policies", "availability", _ANY, "ews", "password_secret"), _SECRET),
    (("policies", "email_monitoring", "log_group_arn"), _LOG_GROUP),
    (("policies", "email_monitoring", "role_arn"), _ROLE),
    (("policies", "identity_center", "instance_arn"), _INSTANCE),
    (("alarms", "topic_arn"), _TOPIC),
    (("exports", "key"), _EXPORT_KEY),
)
"""Where an organization names something. A Lambda function may be in any region, and the schema
says all that there is to say of its ARN."""


def check_names(declared: Declared) -> Iterator[Problem]:
    """What is named can be there, in the organization's own region where it has one."""
    for organization in declared.organizations:
        for steps, thing in _PLACES:
            for path, name in _find(organization.body, organization.path, steps):
                yield from _check(declared, organization, path, name, thing)


def _check(
    declared: Declared, organization: DeclaredOrganization, path: Path, name: str, thing: Thing
) -> Iterator[Problem]:
    found = thing.pattern.fullmatch(name)
    if found is None:
        yield declared.at(
            path, f"{show(name, path)} names no {thing.noun}", f"allowed: {thing.allowed}"
        )
        return
    region = found.groupdict().get("region")
    if region and organization.region and region != organization.region:
        yield declared.at(
            path,
            f'the {thing.noun} is in "{region}", the organization in "{organization.region}"',
            f"name a {thing.noun} in {organization.region}",
        )


def _find(node: object, path: Path, steps: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """Find the texts some keys down that the schema lets pass."""
    if not steps:
        if isinstance(node, str) and fits(node, find_shape(path)):
            yield path, node
        return
    if not is_mapping(node):
        return
    step, *rest = steps
    body = mapping(node)
    for key in cast("Sequence[str]", list(body)) if step == _ANY else [step]:
        yield from _find(body.get(key), (*path, key), rest)


RULES = (check_names,)
