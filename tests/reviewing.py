"""The ten pull requests in `data/plans`, planned."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

from workmail_org.plan.bases import make_base
from workmail_org.plan.model import Plan
from workmail_org.plan.planning import Question, plan
from workmail_org.spec.building import load_environment

FOLDER = Path(__file__).parent / "data" / "plans"
NAMES = sorted(path.parent.name for path in FOLDER.glob("*/after.yaml"))
TODAY = date(2026, 11, 22)


@cache
def make_plan(name: str) -> Plan:
    """Plan one pull request; a spec that is new has nothing to be compared with."""
    folder = FOLDER / name
    before = folder / "before.yaml"
    base = load_environment(before, root=FOLDER) if before.exists() else None
    environment = load_environment(folder / "after.yaml", root=FOLDER)
    described = "main" if base else "main, which has no such spec"
    question = Question(spec=f"config/{environment.name}.yaml", today=TODAY)
    return plan(environment, make_base(described, base), question)
