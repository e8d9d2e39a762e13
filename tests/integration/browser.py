# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A headless Chromium, and the page of an audit in it, as somebody sees it who looks and clicks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1440,1100")
SECONDS = 30


@contextmanager
def chromium() -> Iterator[webdriver.Chrome]:
    """A browser that notes what it loads and what it complains about."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    try:
        yield driver
    finally:
        driver.quit()


# What the page says of itself is not believed: two frames after its first row is there, that is painted.
OBSERVER = """{
  const seen = new MutationObserver(() => {
    if (!document.querySelector("tr.agent")) { return; }
    seen.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => { window.drawnAt = performance.now(); }));
  });
  seen.observe(document, {childList: true, subtree: true});
}"""


class Page:
    """The page of an audit."""

    def __init__(self, driver: webdriver.Chrome, path: Path) -> None:
        self.driver = driver
        driver.get_log("performance")
        driver.get_log("browser")
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": OBSERVER})
        driver.get(path.as_uri())
        ready = "return document.documentElement.dataset.ready"
        WebDriverWait(driver, SECONDS).until(lambda there: there.execute_script(ready) == "yes")

    def ready_after(self) -> float:
        """Seconds from the start of the navigation until agents were to be seen."""
        return float(self.driver.execute_script("return window.drawnAt")) / 1000

    def requests(self) -> list[str]:
        """Everything that was loaded, blocked requests included."""
        entries = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [e["params"]["request"]["url"] for e in entries if e["method"] == "Network.requestWillBeSent"]

    def complaints(self) -> list[str]:
        """Errors of the script, and what the policy has blocked."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def column(self, title: str) -> list[str]:
        """The texts of a column, in the order of the rows that are drawn."""
        titles = [heading.text.split("\n")[0] for heading in self.all("#columns th")]
        cells: list[str] = self.driver.execute_script(
            "return [...document.querySelectorAll('tr.agent')].map((row) => row.cells[arguments[0]].textContent)",
            titles.index(title),
        )
        return cells

    def sort(self, title: str) -> None:
        self.one(f"#columns th:nth-child({self.position(title)}) button").click()

    def position(self, title: str) -> int:
        return [heading.text.split("\n")[0] for heading in self.all("#columns th")].index(title) + 1

    def choose(self, name: str, value: str) -> None:
        Select(self.one(f"#{name}")).select_by_value(value)

    def widths(self, states: WebElement) -> dict[str, float]:
        """How wide the parts of a bar are, by state."""
        parts = states.find_elements(By.TAG_NAME, "span")
        return {part.get_attribute("class") or "": part.size["width"] for part in parts}

    def style(self, selector: str, name: str) -> Any:
        return self.driver.execute_script(
            "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]", selector, name
        )

    def prefer(self, scheme: str) -> None:
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
