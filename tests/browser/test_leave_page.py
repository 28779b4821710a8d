"""The page about leaving as people meet it: light and dark, phone and desk, paper."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workmail_org.exporting.model import Exported, Pass, Stage
from workmail_org.leaving.model import Destination
from workmail_org.leaving.reporting import Looked, build_report
from workmail_org.model.values import EntityId
from workmail_org.reports.leave_html import render_report
from workmail_org.spec.building import load_environment

if TYPE_CHECKING:
    from browsing import Browser

FULL = Path(__file__).resolve().parents[2] / "config" / "full.yaml"


def make_export(entity_id: str, name: str, stage: Stage, **fields: Any) -> Exported:
    described: dict[str, Any] = {"export_pass": Pass.FIRST, **fields}
    return Exported(id=EntityId(entity_id), name=name, stage=stage, **described)


def make_page(*destinations: Destination) -> str:
    environment = load_environment(FULL)
    exports = [
        make_export("1", "alice", Stage.VERIFIED),
        make_export("2", "bob", Stage.FAILED, reason="the key was denied"),
    ]
    return render_report(
        build_report(
            environment,
            environment.organizations[:2],
            spec="config/full.yaml",
            today=date(2026, 11, 26),
            destinations=destinations,
            looked=Looked(exports={"acme": exports}),
        )
    )


@pytest.mark.parametrize(
    ("destinations", "scheme", "width"),
    [
        ((Destination.GOOGLE,), "light", 1200),
        ((Destination.MICROSOFT365,), "dark", 360),
        (tuple(Destination), "light", 360),
    ],
)
def test_axe_finds_nothing_and_nobody_scrolls_sideways(
    browser: Browser, destinations: tuple[Destination, ...], scheme: str, width: int
) -> None:
    browser.show(make_page(*destinations), scheme=scheme, width=width)
    browser.ask("document.querySelectorAll('details').forEach(each => { each.open = true; })")

    assert [] == browser.find_violations()
    assert width >= browser.ask("document.scrollingElement.scrollWidth")
    assert [] == browser.read_log()


def test_on_paper_every_fold_is_open(browser: Browser) -> None:
    browser.show(make_page(Destination.GOOGLE), scheme="dark", medium="print")
    visible = browser.ask(
        "[...document.querySelectorAll('details > ul')].map(each => each.checkVisibility())"
    )

    assert [True] * len(visible) == visible
    assert 6 <= len(visible)
    assert browser.print_pdf().startswith(b"%PDF-")
