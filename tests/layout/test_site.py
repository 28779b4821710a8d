"""The documentation site: its menu has every page."""

from __future__ import annotations

from typing import Any

import yaml

import site_pages


def list_pages(menu: Any) -> list[str]:
    """List the pages of a menu: a page, or parts of it in a list or by title."""
    if isinstance(menu, str):
        return [menu]
    parts = menu.values() if hasattr(menu, "values") else menu
    return [page for part in parts for page in list_pages(part)]


def test_every_page_is_in_the_menu() -> None:
    settings = yaml.safe_load((site_pages.ROOT / "mkdocs.yml").read_text("utf-8"))
    pages = {str(page) for page in site_pages.list_sources().values() if page.suffix == ".md"}

    assert pages == set(list_pages(settings["nav"]))
