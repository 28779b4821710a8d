"""A headless Chromium on pages of ours, by selenium."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.action_chains import ActionChains

from reviewing import make_plan
from workmail_org.reports.plan_html import render_plan

AXE = Path(__file__).resolve().parents[1] / "node_modules" / "axe-core" / "axe.min.js"

ARGUMENTS = (
    "--headless",
    "--no-sandbox",  # it has none as root, as in most containers; it opens our own page alone
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Driver(Protocol):
    """What of selenium's driver is used, with the types that it leaves out."""

    def get(self, url: str) -> None: ...

    def execute_script(self, script: str, *args: Any) -> Any: ...

    def execute_async_script(self, script: str, *args: Any) -> Any: ...

    def execute_cdp_cmd(self, cmd: str, cmd_args: dict[str, Any]) -> Any: ...

    def get_log(self, log_type: str) -> list[dict[str, Any]]: ...

    def quit(self) -> None: ...


class Browser:
    """A browser on one of our pages."""

    def __init__(self, driver: Driver, folder: Path) -> None:
        self._driver = driver
        self._folder = folder

    def show(
        self, source: str, *, scheme: str = "light", width: int = 1200, medium: str = "screen"
    ) -> None:
        """Open a page in a light or dark window of a width, or as it would be printed."""
        path = self._folder / "plan.html"
        path.write_text(source, encoding="ascii")
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        preference = {"name": "prefers-color-scheme", "value": scheme}
        self._driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"media": medium, "features": [preference]}
        )
        self._driver.get(path.as_uri())

    def show_plan(self, name: str, **how: Any) -> None:
        """Open the page of one of the pull requests."""
        self.show(render_plan(make_plan(name)), **how)

    def ask(self, script: str) -> Any:
        """Return what an expression of JavaScript comes to."""
        return self._driver.execute_script(f"return {script}")

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        # Selenium's own annotations leave parts open.
        chain = cast("Any", ActionChains)(self._driver)
        for key in keys:
            chain.send_keys(key)
        chain.perform()

    def find_violations(self) -> Sequence[str]:
        """List what axe-core finds wrong with the page: impact, rule, and where."""
        self._driver.execute_script(AXE.read_text(encoding="utf-8"))
        found: Mapping[str, Any] = self._driver.execute_async_script(
            "axe.run().then(arguments[arguments.length - 1])"
        )
        assert found["passes"]
        return [
            f"{each['impact']} {each['id']} {[node['target'] for node in each['nodes']]}"
            for each in found["violations"]
        ]

    def print_pdf(self) -> bytes:
        """Print the page on A4 without backgrounds, as browsers do unless asked.

        Chromium now and then says "Printing failed" of a page that it prints the next time.
        """
        paper = {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": False}
        try:
            printed = self._driver.execute_cdp_cmd("Page.printToPDF", paper)
        except WebDriverException as error:
            if "Printing failed" not in str(error):
                raise
            printed = self._driver.execute_cdp_cmd("Page.printToPDF", paper)
        return base64.b64decode(printed["data"])

    def read_log(self) -> list[str]:
        """Return what the browser had to say since it was last asked."""
        return [each["message"] for each in self._driver.get_log("browser")]
