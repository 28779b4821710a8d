"""The HTML report as people meet it: light and dark, phone and desk, keyboard, paper."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver.common.keys import Keys

from reviewing import NAMES, make_plan
from workmail_org.reports.plan_html import render_plan

if TYPE_CHECKING:
    from browsing import Browser

PHONE, DESK = 360, 1200

SAMPLE = (
    ("leaver", "light", DESK),
    ("leaver", "dark", PHONE),
    ("lockout", "dark", DESK),
    ("staging", "light", PHONE),
)
"""Each page, each scheme and each width."""

COUNT_FOLDS = "document.querySelectorAll('summary').length"
FOCUSED = """(() => {
  const e = document.activeElement;
  return [e.tagName.toLowerCase(), getComputedStyle(e).outlineStyle, e.innerText || ""];
})()"""

# Waits for the picture to scroll, however long that takes; the script's own timeout ends it.
SCROLLED = """new Promise(done => {
  const picture = document.querySelector('.scroll');
  const look = () => picture.scrollLeft > 0 ? done(true) : setTimeout(look, 20);
  look();
})"""

# Text that is wider than its box, by what both measure on the screen.
SPILT = """[...document.querySelectorAll('svg g')].flatMap(g => {
  const box = g.querySelector('rect');
  if (!box) return [];
  const room = box.getBoundingClientRect();
  return [...g.querySelectorAll('text')]
    .filter(text => text.getBoundingClientRect().width > room.width - 4)
    .map(text => text.textContent);
})"""


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [
        pytest.param(*look, marks=[] if look in SAMPLE else pytest.mark.exhaustive)
        for look in product(("leaver", "lockout", "staging"), ("light", "dark"), (PHONE, DESK))
    ],
)
def test_axe_finds_nothing(browser: Browser, name: str, scheme: str, width: int) -> None:
    browser.show_plan(name, scheme=scheme, width=width)

    assert [] == browser.find_violations()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_what_is_unfolded(browser: Browser, scheme: str) -> None:
    browser.show_plan("staging", scheme=scheme)
    browser.ask("document.querySelectorAll('details').forEach(each => { each.open = true; })")

    assert [] == browser.find_violations()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [320, DESK])  # 320: what 1280 becomes at 400 % (WCAG 1.4.10)
def test_nobody_scrolls_sideways_to_read(browser: Browser, name: str, width: int) -> None:
    browser.show_plan(name, width=width)

    assert width >= browser.ask("document.scrollingElement.scrollWidth")


@pytest.mark.parametrize("name", NAMES)
def test_the_words_of_the_picture_stay_in_their_boxes(browser: Browser, name: str) -> None:
    browser.show_plan(name)

    assert [] == browser.ask(SPILT)


def test_dark_is_dark_and_light_is_light(browser: Browser) -> None:
    background = "getComputedStyle(document.documentElement).backgroundColor"
    browser.show_plan("leaver", scheme="light")
    light = browser.ask(background)
    browser.show_plan("leaver", scheme="dark")

    assert ("rgb(255, 255, 255)", "rgb(15, 20, 25)") == (light, browser.ask(background))


def test_the_keyboard_reaches_every_fold_and_the_focus_is_seen(browser: Browser) -> None:
    browser.show_plan("leaver")
    folds = browser.ask(COUNT_FOLDS)
    reached: list[list[str]] = []
    for _ in range(folds + 1):  # and the picture, which scrolls on a phone
        browser.press(Keys.TAB)
        reached.append(browser.ask(FOCUSED))

    assert ["summary"] * folds == [tag for tag, _, _ in reached if tag == "summary"]
    assert {"solid"} == {outline for _, outline, _ in reached}
    assert 1 == len([tag for tag, _, _ in reached if tag == "div"])


def test_enter_opens_and_shuts_a_fold(browser: Browser) -> None:
    browser.show_plan("leaver")
    is_open = "document.activeElement.parentElement.open"
    browser.press(Keys.TAB)
    before = browser.ask(is_open)
    browser.press(Keys.ENTER)
    unfolded = browser.ask(is_open)
    browser.press(Keys.ENTER)

    assert [False, True, False] == [before, unfolded, browser.ask(is_open)]


def test_the_keyboard_scrolls_the_picture_on_a_phone(browser: Browser) -> None:
    browser.show_plan("leaver", width=PHONE)
    browser.ask("document.querySelector('.scroll').focus()")
    browser.press(*[Keys.ARROW_RIGHT] * 3)

    assert browser.ask(SCROLLED)


def test_a_page_is_quiet_and_fetches_nothing(browser: Browser) -> None:
    browser.read_log()
    browser.show_plan("leaver")

    assert [] == browser.ask("performance.getEntriesByType('resource').map(each => each.name)")
    assert [] == browser.read_log()


def test_the_policy_stops_what_would_get_into_a_page(browser: Browser) -> None:
    """Were an escape ever missing, a browser would still refuse to act."""
    smuggled = (
        "<script>document.title = 'run'</script>"
        '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" onerror="document.title = \'run\'">'
        '<p id="smuggled" style="position: fixed">x</p><style>h1 { display: none }</style></main>'
    )
    page = render_plan(make_plan("leaver"))
    browser.show(page.replace("</main>", smuggled))

    assert "Plan for production" in browser.ask("document.title")
    assert "static" == browser.ask("getComputedStyle(smuggled).position")
    assert "block" == browser.ask("getComputedStyle(document.querySelector('h1')).display")
    assert browser.read_log()


def test_on_paper_every_fold_is_open_and_the_ground_is_white(browser: Browser) -> None:
    browser.show_plan("leaver", scheme="dark", medium="print")
    visible = browser.ask(
        "[...document.querySelectorAll('details > ul')].map(each => each.checkVisibility())"
    )

    assert [True] * 4 == visible
    assert "rgb(255, 255, 255)" == browser.ask(
        "getComputedStyle(document.documentElement).backgroundColor"
    )


@pytest.mark.parametrize("name", ["leaver", "default-domain"])
def test_a_page_can_be_printed(browser: Browser, name: str) -> None:
    browser.show_plan(name)
    printed = browser.print_pdf()

    assert printed.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in printed  # tagged: a screen reader finds headings and tables
