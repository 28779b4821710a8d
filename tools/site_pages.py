"""Lay out the Markdown of this repository as pages of the site: README is the front page.

MkDocs reads one folder, and links may not leave it. So the documents are copied into
`.site-pages/`, and links are rewritten: those to another page stay relative, those to anything
else lead to the repository.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / ".site-pages"
REPOSITORY = "https://github.com/workmail-org/workmail-org/blob/main"  # [project.urls]
LINK = re.compile(r"(\]\()([^)#\s]+)((?:#[^)\s]*)?\))")


def list_sources() -> dict[Path, Path]:
    """List what becomes a page or a picture: its place in the site by its file."""
    docs = ROOT / "docs"
    sources = {
        path: path.relative_to(docs)
        for path in sorted(docs.rglob("*"))
        if path.suffix in {".md", ".png", ".svg"} and not path.name.endswith(".in.md")
    }
    sources[ROOT / "README.md"] = Path("index.md")
    for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"):
        sources[ROOT / name] = Path(name.lower())
    return sources


def rewrite(text: str, source: Path, sources: dict[Path, Path]) -> str:
    """Point the links of one document at pages of the site, or at the repository."""

    def point(match: re.Match[str]) -> str:
        before, target, after = match.groups()
        if "://" in target or target.startswith("mailto:"):
            return match.group()
        found = (source.parent / target).resolve()
        if found in sources:
            link = os.path.relpath(sources[found], sources[source].parent)
        else:
            link = f"{REPOSITORY}/{found.relative_to(ROOT)}"
        return f"{before}{link}{after}"

    return LINK.sub(point, text)


def main() -> None:
    """Write all pages anew."""
    shutil.rmtree(PAGES, ignore_errors=True)
    sources = list_sources()
    for source, page in sources.items():
        target = PAGES / page
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".md":
            target.write_text(rewrite(source.read_text("utf-8"), source, sources), "utf-8")
        else:
            shutil.copyfile(source, target)


if __name__ == "__main__":
    main()
