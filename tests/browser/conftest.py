"""A headless Chromium or Chrome; without one these tests are left out, and say how to get one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import cast

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from browsing import ARGUMENTS, Browser, Driver

BROWSERS = (
    "chromium",  # Debian, Homebrew
    "chromium-browser",  # Fedora
    "google-chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)

MISSING = (
    "left out: the browser tests need Chromium or Chrome and its chromedriver "
    "(Debian: apt-get install chromium chromium-driver; Ubuntu: apt-get install chromium-browser "
    "chromium-chromedriver; macOS: brew install --cask chromium chromedriver)"
)

SECONDS = 100
"""How long a script of a test may run, on a machine that does other things; selenium says 30."""


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests; its profile is new and goes with it."""
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    chromedriver = shutil.which("chromedriver")
    if not (chromium and chromedriver):
        # Where nobody reads the summary, nothing is left out.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(argument)
    # The driver is named, or selenium would go and look for one in the network.
    driver = webdriver.Chrome(options=options, service=Service(chromedriver))
    driver.set_script_timeout(SECONDS)
    yield Browser(cast("Driver", driver), tmp_path_factory.mktemp("pages"))
    driver.quit()
