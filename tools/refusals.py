"""The refusals of docs/operating.md: what AWS says no with, and what to do.

They are written from the table that the handlers use. Run it with `make docs`; a test fails when
docs/operating.md is stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from workmail_org.service.refusals import REFUSALS

DOCUMENT = Path(__file__).parents[1] / "docs" / "operating.md"

_BEGIN, _END = "<!-- refusals: make docs -->", "<!-- end of refusals -->"

_TITLES = {
    "workmail": "WorkMail",
    "ds": "Directory Service",
    "secretsmanager": "Secrets Manager",
    "route53": "Route 53, as CloudFormation shows it",
    "kms": "KMS, inside the words of WorkMail or Secrets Manager",
    "ses": "SES, inside the words of WorkMail",
}


def render() -> str:
    """Write one table for each service."""
    return "\n".join(_render())


def _render() -> Iterator[str]:
    for service, refusals in REFUSALS.items():
        yield f"### {_TITLES[service]}\n"
        yield "| code | what was wrong | what to do |"
        yield "| --- | --- | --- |"
        for code, refusal in sorted(refusals.items()):
            yield f"| `{code}` | {_cell(refusal.meaning)} | {_cell(refusal.advice)} |"
        yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def renew(text: str) -> str:
    """Put the tables into a document."""
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n\n{render()}\n{_END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(renew(DOCUMENT.read_text("utf-8")), encoding="utf-8")
