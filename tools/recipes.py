"""The recipes of CONTRIBUTING.md: which files a field, an entity, a kind of policy, a format touch.

They are read from the source: what stands in a file about one of those that exist has to be written
for the next one too. Run it with `make docs`; a test fails when CONTRIBUTING.md is stale.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markdown_lines import fix

_ROOT = Path(__file__).parents[1]
DOCUMENT = _ROOT / "CONTRIBUTING.md"

_SOURCES = ("schemas/organization.schema.json", "constructs/workmail_org/**/*.py")

_BEGIN, _END = "<!-- recipes: make docs -->", "<!-- end of recipes -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What is added, and by which of those that exist it is shown.

    Attributes:
        title: What is added.
        examples: By name, the words by which each is called in the source, as
            regular expressions; files that have a word of every example are part
            of the recipe.
    """

    title: str
    examples: Mapping[str, Sequence[str]]


RECIPES = (
    Recipe(
        title="A field of users",
        examples={"job_title": [r"job_title"], "office": [r"\boffice\b"]},
    ),
    Recipe(
        title="An entity with addresses",
        examples={
            "group": [r"\bGroup\b", r"GROUP\b"],
            "resource": [r"\bBookable\b", r"RESOURCE\b"],
        },
    ),
    Recipe(
        title="A kind of policy",
        examples={
            "retention": [r"\bretention\b", r"Retention(?:Policy|Properties)?\b"],
            "identity_center": [r"IdentityCenter\b", r"\bidentity_center\b"],
            "availability": [r"\bavailability\b", r"Availability\b"],
        },
    ),
    Recipe(
        title="A format of a report",
        examples={"markdown": [r"\bmarkdown\b"], "html": [r"\bhtml\b"]},
    ),
)


def find_files(words: Sequence[str]) -> list[Path]:
    """List the source files that have one of some words, in their order by path."""
    pattern = re.compile("|".join(words))
    paths = sorted(path for glob in _SOURCES for path in _ROOT.glob(glob))
    return [path for path in paths if pattern.search(path.read_text("utf-8"))]


def list_steps(recipe: Recipe) -> list[Path]:
    """List the files that are about every example of a recipe."""
    found = [find_files(words) for words in recipe.examples.values()]
    return [path for path in found[0] if all(path in each for each in found[1:])]


def describe_file(path: Path) -> str:
    """Return the first sentence of a module's docstring, or of a schema's title."""
    if path.suffix != ".py":
        return "JSON Schema: its keys, each with description, example and `x-` keywords"
    doc = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return doc.split("\n\n")[0].replace("\n", " ").rstrip(".")


def render() -> str:
    """Write the recipes."""
    return "\n".join(_render(RECIPES))


def _render(recipes: Sequence[Recipe]) -> Iterator[str]:
    for recipe in recipes:
        steps = list_steps(recipe)
        examples = ", ".join(f"`{name}`" for name in recipe.examples)
        yield f"### {recipe.title}\n"
        yield f"{len(steps)} files; look at {examples}.\n"
        for path in steps:
            name = path.relative_to(_ROOT).as_posix().removeprefix("constructs/workmail_org/")
            yield f"* `{name}`: {describe_file(path)}"
        yield ""


def renew(text: str) -> str:
    """Put the recipes into a document."""
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return fix(f"{before}{_BEGIN}\n\n{render()}\n{_END}{after}")


if __name__ == "__main__":
    DOCUMENT.write_text(renew(DOCUMENT.read_text("utf-8")), encoding="utf-8")
