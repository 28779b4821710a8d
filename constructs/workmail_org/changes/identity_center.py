"""Identity Center: how people sign in, and the application for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from workmail_org.changes.brakes import Brake, BrakeRule
from workmail_org.changes.calls import Argument, Call, Identity, Phase, Setting, make_call
from workmail_org.changes.consequences import GUIDE, Consequence, Rule
from workmail_org.changes.deciding import Decision
from workmail_org.changes.explaining import Explanation, Wording
from workmail_org.model.live import LiveIdentityCenter, LiveSettings
from workmail_org.model.organization import Organization
from workmail_org.model.policies import AuthenticationMode, IdentityCenter, PersonalAccessTokens
from workmail_org.wire.properties import IdentityCenterProperties

_SUBJECT = Setting("identity center")


PASSWORDS_END = Rule(
    "passwords-end",
    Consequence.LOCKOUT,
    "identity_provider_only ends every directory password at once, in every mail program",
    f'{GUIDE}, "authenticate_mode"',
    "use identity_provider_and_directory until everybody is assigned to the application and has a "
    "personal access token for their mail program",
)
SIGN_IN = Rule(
    "sign-in",
    Consequence.SIGN_IN,
    "how people sign in follows the configuration",
    f'{GUIDE}, "authenticate_mode"',
    "inform all users beforehand",
)


def declare(organization: Organization, stack: str) -> IdentityCenterProperties | None:
    """Write how people sign in; `None`: it is not managed.

    Args:
        organization: Whose it is.
        stack: Its name becomes the application's.
    """
    declared = organization.policies.identity_center
    if declared is None:
        return None
    return IdentityCenterProperties(application_name=stack, identity_center=declared)


def predict(declared: IdentityCenterProperties) -> LiveIdentityCenter:
    """Predict what is live once it is deployed; AWS assigns the application's ARN."""
    return LiveIdentityCenter(application_arn="", identity_center=declared.identity_center)


def capture(
    live: LiveSettings,
    declared: IdentityCenterProperties | None,
    previous: IdentityCenterProperties | None,
) -> IdentityCenterProperties | None:
    """Write how people sign in, as it would be declared; `None`: through the directory alone."""
    about = declared or previous
    found = live.identity_center
    if found is None or about is None:
        return None
    return replace(about, identity_center=found.identity_center)


def decide(
    live: LiveSettings,
    declared: IdentityCenterProperties | None,
    previous: IdentityCenterProperties | None,  # noqa: ARG001 - the shape
) -> Decision:
    """Decide whether sign-in through IAM Identity Center begins, changes or ends.

    Whoever made what is there, another instance is refused: the application of the
    one that is there, and with it everybody's assignment, would be lost.

    Source:
        WorkMail API 2017-10-01: CreateIdentityCenterApplication,
        PutIdentityProviderConfiguration, DeleteIdentityCenterApplication,
        DeleteIdentityProviderConfiguration.
    """
    found = live.identity_center
    if declared is None:
        return Decision(calls=_end(found) if found else ())
    center = declared.identity_center
    present = found.identity_center if found else None
    if present and present.instance_arn != center.instance_arn:
        return Decision(
            refusals=(
                f"the instance of identity_center cannot change, from {present.instance_arn} to "
                f"{center.instance_arn}: every user's assignment would be lost; remove "
                "identity_center in one deployment and declare it again in the next",
            )
        )
    if found and present == center:
        return Decision()
    brakes = list_sign_in_brakes(present, center)
    if found:
        return Decision(calls=(_put(center, found.application_arn),), brakes=brakes)
    return Decision(calls=(_create(declared), _put(center, Identity(_SUBJECT))), brakes=brakes)


def list_sign_in_brakes(
    actual: IdentityCenter | None, desired: IdentityCenter | None
) -> tuple[Brake, ...]:
    """Stop when directory passwords end: at once, in the web client and in every mail program.

    Source:
        WorkMail Admin Guide, "authenticate_mode".
    """
    only = AuthenticationMode.IDENTITY_PROVIDER_ONLY
    was_only = actual is not None and actual.authentication_mode is only
    if desired is None or desired.authentication_mode is not only or was_only:
        return ()
    sentence = (
        "authentication_mode identity_provider_only ends every directory password at once: people "
        "who are not assigned to the application in IAM Identity Center cannot sign in, and mail "
        "programs need personal access tokens; use identity_provider_and_directory until all have "
        "changed over"
    )
    return (Brake(BrakeRule.SIGN_IN, sentence, (only.value, desired.instance_arn)),)


def explain(
    live: LiveSettings,
    declared: IdentityCenterProperties | None,
    calls: Sequence[Call],
    wording: Wording,  # noqa: ARG001 - the shape
) -> Iterator[Explanation]:
    """Return how people sign in."""
    if declared is None:
        sentence = "people sign in with the passwords of the directory alone; reset them all"
        yield SIGN_IN, sentence, calls
        return
    center = declared.identity_center
    only = AuthenticationMode.IDENTITY_PROVIDER_ONLY
    was_only = (
        live.identity_center is not None
        and live.identity_center.identity_center.authentication_mode is only
    )
    if center.authentication_mode is only and not was_only:
        sentence = "people sign in through IAM Identity Center alone; directory passwords end"
        yield PASSWORDS_END, sentence, calls
        return
    word = "alone" if center.authentication_mode is only else "or with the directory's passwords"
    tokens = center.personal_access_tokens
    days = f"for {tokens.lifetime_days} days" if tokens.lifetime_days else "permanently"
    token_word = f"are good {days}" if tokens.status == "active" else "are switched off"
    sentence = (
        f"people sign in through IAM Identity Center {word}; personal access tokens {token_word}"
    )
    yield SIGN_IN, sentence, calls


def _create(declared: IdentityCenterProperties) -> Call:
    return make_call(
        Phase.CREATE,
        "CreateIdentityCenterApplication",
        _SUBJECT,
        Name=declared.application_name,
        InstanceArn=declared.identity_center.instance_arn,
    )


def _put(center: IdentityCenter, application_arn: Argument) -> Call:
    return make_call(
        Phase.JOIN,
        "PutIdentityProviderConfiguration",
        _SUBJECT,
        AuthenticationMode=center.authentication_mode.upper(),
        IdentityCenterConfiguration={
            "InstanceArn": center.instance_arn,
            "ApplicationArn": application_arn,
        },
        PersonalAccessTokenConfiguration=_render_tokens(center.personal_access_tokens),
    )


def _end(found: LiveIdentityCenter) -> tuple[Call, ...]:
    """List the calls that end it; only the configuration tells the application's ARN."""
    application = "DeleteIdentityCenterApplication"
    arn = found.application_arn
    return (
        make_call(Phase.DELETE, application, _SUBJECT, ApplicationArn=arn),
        make_call(Phase.DELETE, "DeleteIdentityProviderConfiguration", _SUBJECT),
    )


def _render_tokens(tokens: PersonalAccessTokens) -> dict[str, Argument]:
    rendered: dict[str, Argument] = {"Status": tokens.status.upper()}
    if tokens.lifetime_days is not None:
        rendered["LifetimeInDays"] = tokens.lifetime_days
    return rendered
