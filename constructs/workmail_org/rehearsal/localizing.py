"""A spec made local: the same organizations, at home in the local AWS."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workmail_org.rehearsal.stand_ins import LocalDraft, StandIns
from workmail_org.spec.building import load_environment
from workmail_org.spec.files.loading import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from workmail_org.model.organization import Environment

_YAML_ONLY = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")
"""Characters that JSON leaves as they are and YAML does not read as they are."""


@dataclass(frozen=True, slots=True)
class LocalSpec:
    """A spec that can be deployed to the local AWS.

    Attributes:
        path: A file of its own, in a folder of its own; the user's is never written.
        environment: What it declares.
    """

    path: Path
    environment: Environment


def localize(
    specs: Sequence[tuple[Path, Path]], stand_ins: StandIns, *, root: Path | None
) -> list[LocalSpec]:
    """Write specs as files that name no account and no thing but the local ones.

    Args:
        specs: Valid specs, each with the file to write, in a folder that exists.
        stand_ins: Makes what the specs presuppose.
        root: The folder that their files stay in; `None`: their own.
    """
    drafts = [
        LocalDraft(load(spec, root=root).value, load_environment(spec, root=root))
        for spec, _ in specs
    ]
    stand_ins.localize(drafts)
    return [
        _write(target, draft.resolved) for (_, target), draft in zip(specs, drafts, strict=True)
    ]


def _write(target: Path, resolved: Mapping[str, Any]) -> LocalSpec:
    """Write JSON, which is YAML in which no text can be taken for a number or a boolean."""
    text = json.dumps(resolved, ensure_ascii=False, indent=1)
    text = _YAML_ONLY.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    target.write_text(text + "\n", encoding="utf-8")
    return LocalSpec(target, load_environment(target))
