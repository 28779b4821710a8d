"""The documentation site: its menu has every page."""

from __future__ import annotations

from typing import Any

import yaml

import site_pages


def list_pages(menu: Any) -> list[str]:
    match menu:
        case str():
            return [menu]
        case dict():
            return [page for below in menu.values() for page in list_pages(below)]
        case _:
            return [page for below in menu for page in list_pages(below)]


def test_every_page_is_in_the_menu() -> None:
    settings = yaml.safe_load((site_pages.ROOT / "mkdocs.yml").read_text("utf-8"))
    pages = {str(page) for page in site_pages.list_sources().values() if page.suffix == ".md"}

    assert pages == set(list_pages(settings["nav"]))
