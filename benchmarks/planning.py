"""How long a plan takes, as a ratio to loading the two files that it compares.

    python benchmarks/planning.py [users [changes]]

Both in this process and in its own time: what else the machine does, does not count.
"""

from __future__ import annotations

import re
import sys
import tempfile
from datetime import date
from pathlib import Path
from time import process_time

from run import measure, measure_once, tell, write_spec

from workmail_org.plan.bases import make_base
from workmail_org.plan.model import Plan
from workmail_org.plan.planning import Question, plan
from workmail_org.reports import plan_machine, plan_markdown, plan_text
from workmail_org.spec.building import load_environment

USERS = 10_000
CHANGES = 100
PLANS = 3


def change_spec(before: Path, after: Path, changes: int) -> None:
    """Write the spec again, with other departments, cities and aliases for some people."""
    text = before.read_text(encoding="utf-8")
    people = re.split(r"(?=^ {6}user-\d+:$)", text, flags=re.MULTILINE)
    step = max(1, (len(people) - 1) // changes)
    for number in range(1, 1 + step * changes, step):
        changed = people[number].replace("department: Engineering", "department: Research")
        people[number] = changed.replace("city: Dublin", "city: Cork").replace(
            "aliases: [z", "aliases: [y"
        )
    after.write_text("".join(people), encoding="utf-8")


def main() -> None:
    """Measure and print."""
    users = int(sys.argv[1]) if len(sys.argv) > 1 else USERS
    changes = int(sys.argv[2]) if len(sys.argv) > 2 else CHANGES
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "before.yaml", Path(folder) / "after.yaml"
        write_spec(before, users)
        change_spec(before, after, changes)
        loading = measure_once(
            lambda: (load_environment(before), load_environment(after)), process_time
        )
        base, environment = load_environment(before), load_environment(after)
    question = Question(spec="after.yaml", today=date(2026, 11, 22))

    def make_plan() -> Plan:
        return plan(environment, make_base("before.yaml", base), question)

    planning = measure(make_plan, PLANS, process_time)
    found = make_plan()
    rendering = measure_once(
        lambda: [each(found) for each in (plan_machine.render_plan, plan_markdown.render_plan)],
        process_time,
    )
    plan_text.render_plan(found)
    told = sum(len(each.changes) for each in found.organizations)
    against = "loading the two files"
    tell(f"planning {told} changes of {users} users", planning, against, loading)
    tell("writing the plan as JSON and Markdown", rendering, against, loading)


if __name__ == "__main__":
    main()
