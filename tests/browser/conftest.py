"""A headless Chromium, as Debian packages it; without one these tests are left out, and say so."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import cast

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from browsing import ARGUMENTS, Browser, Driver


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests; its profile is new and goes with it."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and chromedriver):
        pytest.skip(
            "left out: the browser tests need Chromium and its driver "
            "(Debian: apt-get install chromium chromium-driver)"
        )
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(argument)
    # The driver is named, or selenium would go and look for one in the network.
    driver = cast("Driver", webdriver.Chrome(options=options, service=Service(chromedriver)))
    yield Browser(driver, tmp_path_factory.mktemp("pages"))
    driver.quit()
