"""Stand-ins: what takes the place of tokens while an organization is checked.

The CDK writes what only CloudFormation will know as a token, which fits no
pattern of the schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

from aws_cdk import Token

from workmail_org.errors import SpecError
from workmail_org.spec.problems import Path, render_path

_SHAPES: Mapping[str, str] = {
    "hosted_zone_id": "ZSTANDIN{n:024d}",
    "kms_key_arn": "arn:aws:kms:{region}:000000000000:key/stand-in-{n}",
    "directory_id": "d-{n:010x}",
    "vpc_id": "vpc-{n:017x}",
    "subnet_ids": "subnet-{n:017x}",
    "admin_password_secret": "stand-in-for-a-secret-{n}",
    "password_secret": "stand-in-for-a-secret-{n}",
    "lambda_arn": "arn:aws:lambda:us-east-1:000000000000:function:stand-in-{n}",
    "log_group_arn": "arn:aws:logs:{region}:000000000000:log-group:stand-in-{n}:*",
    "role_arn": "arn:aws:iam::000000000000:role/stand-in-{n}",
    "bucket": "stand-in-{n}",
    "key": "arn:aws:kms:{region}:000000000000:key/stand-in-{n}",
    "topic_arn": "arn:aws:sns:{region}:000000000000:stand-in-{n}",
}
"""Keys of a spec that may hold a token, and a value that the schema allows there."""

_Value = TypeVar("_Value")


class TokenStandIns:
    """Puts stand-ins in the place of tokens, and gives the tokens back.

    Args:
        region: The organization's, which is that of what it names.
    """

    def __init__(self, region: str) -> None:
        self._region = region
        self._tokens: dict[str, str] = {}
        self._misplaced: list[Path] = []

    def put(self, declared: Any) -> Any:
        """Return declared data without tokens.

        Raises:
            SpecError: Tokens stand where nothing is filled in; each place.
        """
        put = self._put(declared, ())
        if self._misplaced:
            raise SpecError(
                [
                    f"{render_path(path)}: a token, which only CloudFormation can read, is allowed "
                    f"in {', '.join(_SHAPES)} alone; give its value"
                    for path in self._misplaced
                ]
            )
        return put

    def _put(self, declared: Any, path: Path) -> Any:
        if isinstance(declared, Mapping):
            entries = cast("Mapping[str, Any]", declared)
            return {name: self._put(entry, (*path, name)) for name, entry in entries.items()}
        if isinstance(declared, str):
            return self._put_one(declared, path) if Token.is_unresolved(declared) else declared
        if isinstance(declared, Sequence):
            items = cast("Sequence[Any]", declared)
            return [self._put(item, (*path, index)) for index, item in enumerate(items)]
        return declared

    def _put_one(self, token: str, path: Path) -> str:
        key = next((step for step in reversed(path) if isinstance(step, str)), "")
        if key not in _SHAPES:
            self._misplaced.append(path)
            return token
        stand_in = _SHAPES[key].format(n=len(self._tokens), region=self._region)
        self._tokens[stand_in] = token
        return stand_in

    def take(self, value: _Value) -> _Value:
        """Return a value of the model with its tokens."""
        return cast("_Value", self._take(value))

    def _take(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._tokens.get(value, value)
        if isinstance(value, tuple):
            return tuple(self._take(item) for item in cast("tuple[Any, ...]", value))
        if is_dataclass(value) and not isinstance(value, type):
            found = {each.name: getattr(value, each.name) for each in fields(value)}
            return replace(value, **{name: self._take(item) for name, item in found.items()})
        return value
