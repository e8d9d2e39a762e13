# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of an audit in a real browser: what a reader sees, clicks and types, and what it must never do."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from integration import bed
from integration.browser import Page, chromium
from pytest_httpserver import HTTPServer
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait
from unit.plugins.module_utils._audit import sample

from ansible_collections.edgefleet.connectware.plugins.module_utils._audit.files import write_report

IMAGE = sample.IMAGE.removesuffix(":1.8.0")
PARTS = bed.ROOT / "roles" / "audit" / "files"
Open = Callable[[dict[str, Any]], Page]


@pytest.fixture(scope="module")
def driver() -> Iterator[WebDriver]:
    bed.play_locally("browser.yml", ansible_python_interpreter=sys.executable)
    with chromium() as running:
        yield running


@pytest.fixture
def opened(driver: WebDriver, tmp_path: Path) -> Open:
    def open_report(collected: dict[str, Any]) -> Page:
        params = {"title": "Connectware agents", "fail_on": [], "connectware_url": None, **collected}
        write_report({**params, "path": str(tmp_path), "page_path": str(PARTS)}, check_mode=False)
        return Page(driver, tmp_path / "audit.html")

    return open_report


def of(*hosts: dict[str, Any], fleet: dict[str, Any] | None = None) -> dict[str, Any]:
    """What is collected of these hosts."""
    inventory = {host["name"]: host["named"] for host in hosts}
    return {"hosts": list(hosts), "inventory": inventory, "fleet": fleet or sample.fleet()}


def test_it_shows_numbers_and_loads_nothing(opened: Open) -> None:
    page = opened(sample.many(300))

    assert page.one("#headline").text == "280 of 300 agents are well"
    assert page.one("#count").text == "All 303 agents"
    assert page.column("Verdict")[:2] == ["awaiting request", "broken"], "what is wrong comes first"
    assert page.requests() == [page.driver.current_url]
    assert page.complaints() == []


def test_the_policy_forbids_what_the_page_never_does(opened: Open, httpserver: HTTPServer) -> None:
    """The test would find a request: the browser is asked to make some."""
    page = opened(sample.many(10))
    url = httpserver.url_for("/stolen")

    page.driver.execute_script(
        "document.body.append(Object.assign(new Image(), {src: arguments[0]}));"
        "fetch(arguments[0]).catch(() => {});"
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.owned = 1'}));",
        url,
    )

    def blocked(_driver: WebDriver) -> bool:
        return page.driver.execute_script("return document.images[0].complete") is True

    WebDriverWait(page.driver, 10).until(blocked)
    assert page.driver.execute_script("return window.owned") is None
    assert httpserver.log == []
    assert any("Content Security Policy" in text for text in page.complaints())


def test_filters(opened: Open) -> None:
    page = opened(sample.many(300))

    page.choose("verdict", "ghost")
    assert page.column("Agent") == ["old-robot-1", "old-robot-2", "old-robot-3"]
    assert page.one("#count").text == "3 of 303 agents"
    page.one("#clear").click()
    page.choose("verdict", "drift")
    assert set(page.column("Drift")) == {"image, env"} and set(page.column("Version")) == {"1.7.2"}
    page.one("#clear").click()
    page.choose("factory", "Gdansk")
    page.choose("state", "unknown")
    assert set(page.column("Host")) == {"gdansk-03.example.com"} and len(page.column("Host")) == 10
    page.one("#clear").click()
    page.one("#search").send_keys("TURIN 1.8.0 press-008")
    assert set(page.column("Factory")) == {"Turin"} and len(page.column("Agent")) == 10
    page.one("#search").send_keys(" nobody")
    assert page.one("#rows").text == "No agent fits these filters."
    page.one("#clear").click()
    assert page.one("#count").text == "All 303 agents"


def test_image_version_and_clones(opened: Open) -> None:
    """Two hosts name one agent; on one of them it was made of a bare image ID."""
    bare = "sha256:" + 64 * "a"
    clones = [sample.host("hamburg", "press-1"), sample.host("munich", "press-1", factory="Munich")]
    clones[1]["deployed"][0]["observation"]["image"] = bare
    page = opened(of(*clones, sample.host("kiel", "press-2")))
    page.sort("Host")

    assert page.column("Host") == ["hamburg", "kiel", "munich"]
    assert page.column("Version") == ["1.8.0", "1.8.0", "sha256:aaaaaaaa…"]
    cells = page.all(f"tr.agent td:nth-child({page.position('Version')}) span")
    assert [cell.get_attribute("title") for cell in cells] == [f"{IMAGE} 1.8.0", f"{IMAGE} 1.8.0", bare]
    assert page.column("Verdict") == ["registered, clone", "registered", "registered, clone"]
    for button in page.all("td .open"):
        button.click()
    shown = [row.text for row in page.all(".details")]
    assert [f"Image\n{IMAGE} 1.8.0" in text for text in shown] == [True, True, False]
    assert f"Image\n{bare}" in shown[2]
    assert "The name press-1 is in 2 places: hamburg, munich" in shown[0]
    page.choose("verdict", "clone")
    assert page.column("Agent") == ["press-1", "press-1"]


def test_a_click_on_a_factory_or_a_number_filters_and_takes_it_back(opened: Open) -> None:
    page = opened(sample.many(300))
    graz = page.one("#factories [data-value='Graz']")

    graz.click()
    assert set(page.column("Factory")) == {"Graz"} and graz.get_attribute("aria-pressed") == "true"
    page.one("#tiles [data-value='failing']").click()
    assert len(page.column("Factory")) == 3
    graz.click()
    page.one("#tiles [data-value='failing']").click()
    assert page.one("#count").text == "All 303 agents"


def test_sorting_by_click_and_by_keyboard(opened: Open) -> None:
    names = ("press-2", "press-10", "press-1")
    page = opened(of(sample.host("hamburg", *names), fleet=sample.fleet(sample.user("press-10"))))

    page.sort("Agent")
    assert page.column("Agent") == ["press-1", "press-2", "press-10"], "numbers count as numbers"
    page.sort("Agent")
    assert page.column("Agent") == ["press-10", "press-2", "press-1"]
    heading = page.one(f"#columns th:nth-child({page.position('Registered since')})")
    heading.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    assert heading.get_attribute("aria-sort") == "ascending"
    assert page.column("Agent")[0] == "press-10", "what is not there comes last"
    heading.find_element(By.TAG_NAME, "button").send_keys(Keys.SPACE)
    assert heading.get_attribute("aria-sort") == "descending"
    assert page.column("Agent")[0] == "press-10"
    assert [h.get_attribute("aria-sort") for h in page.all("#columns th")].count(None) == 8


def test_all_of_it_works_without_a_mouse(opened: Open) -> None:
    page = opened(of(sample.host("hamburg", "press-1")))
    order = []
    for _step in range(40):
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
        focused = page.driver.switch_to.active_element
        order.append(focused.get_attribute("id") or focused.get_attribute("class") or focused.text)
        if order[-1] == "open":
            break
    assert {"search", "verdict", "state", "factory", "clear", "Agent", "open"} <= set(order)
    assert page.driver.switch_to.active_element.text == "press-1"

    page.driver.switch_to.active_element.send_keys(Keys.ENTER)

    assert "connectware-agent-press-1" in page.one(".details").text
    page.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert page.all(".details") == []


def test_bars_are_as_wide_as_their_numbers(opened: Open) -> None:
    """Six are well, two are not registered, one has drifted and one is unknown."""
    first = sample.host("one", *(f"press-{number}" for number in range(9)))
    for number in (0, 1):
        first["judged"][number]["verdict"] = "broken"
    first["deployed"][2]["drift"] = ["env"]
    others = [sample.host("two", "press-9", unreachable=True), sample.host("three", "x-1", factory="Ulm")]
    page = opened(of(first, *others))

    widths = page.widths(page.one("[data-value='Hamburg'] .bar"))
    unit = widths["well"] / 6
    assert widths == pytest.approx({"well": 6 * unit, "unknown": unit, "attention": unit, "failing": 2 * unit}, abs=1.5)
    assert page.one("[data-value='Hamburg'] .bar").get_attribute("aria-label") == (
        "6 well, 1 unknown, 1 need attention, 2 failing"
    )
    assert list(page.widths(page.one("[data-value='Ulm'] .bar"))) == ["well"]


@pytest.mark.parametrize(
    "text",
    [
        "</script><script>window.owned = 1</script>",
        "<img src={url} onerror='window.owned = 1'>",
        "<!--<script>",
        "&lt;b&gt;{{ 7 * 7 }}",
        "@DATA@@SCRIPT@",
        "' \" ` \\ \u2028 \u202e",
    ],
)
def test_hostile_texts_are_only_texts(opened: Open, httpserver: HTTPServer, text: str) -> None:
    text = text.replace("{url}", httpserver.url_for("/stolen"))
    user = sample.user(text, ghost=True, created_at=text)
    one = sample.host(text, text, factory=text, error=text)
    one["judged"][0].update(verdict="broken", message=text, last_lines=[text])
    one["deployed"][0].update(drift=[text], observation={**one["deployed"][0]["observation"], "image": text})
    stranger = {"username": text, "pairing_ids": [text]}
    page = opened({**of(one, fleet=sample.fleet(user, strangers=[stranger], warnings=[text])), "title": text})
    for button in page.all("td .open"):
        button.click()

    shown = text.replace("\u2028", "?").replace("\u202e", "?")
    assert shown in page.column("Agent")
    assert page.driver.title.strip() == shown.strip()
    assert page.driver.execute_script("return window.owned") is None
    assert page.driver.execute_script("return [document.images.length, document.scripts.length]") == [0, 2]
    assert page.requests() == [page.driver.current_url] and httpserver.log == []
    assert page.complaints() == []


LONG = "press-hall-number-seven-beside-the-old-paint-shop-in-the-north-of-hamburg.plants.example.com"


def long_names() -> dict[str, Any]:
    """All texts that have one line or two in the table, as long as they may be."""
    made = sample.host(LONG, f"{LONG}-1", factory=f"{LONG}-factory")
    message = "the network of the plant is not what it should be, says the log of the agent. " * 8
    made["judged"][0].update(verdict="broken", message=message)
    return of(made)


def test_names_that_are_cut_can_be_read(opened: Open) -> None:
    page = opened(long_names())

    for title, text in (("Host", LONG), ("Agent", f"{LONG}-1"), ("Factory", f"{LONG}-factory")):
        cell = page.one(f"tr.agent td:nth-child({page.position(title)})")
        assert cell.get_attribute("title") == text, title
    page.one("td .open").click()
    details = page.one(".details").text
    assert f"Agent\n{LONG}-1" in details and f"Host\n{LONG}\n" in details and f"Factory\n{LONG}-factory" in details


def test_nothing_is_cut_in_print(opened: Open) -> None:
    page = opened(long_names())
    cut = """return [...document.querySelectorAll('tr.agent td, tr.agent td *, #factories *')].filter((each) =>
        getComputedStyle(each).overflow !== 'visible' &&
        (each.scrollWidth > each.clientWidth || each.scrollHeight > each.clientHeight)).map((each) => each.outerHTML)"""
    assert page.driver.execute_script(cut) != [], "the test would find what is cut"

    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert page.driver.execute_script(cut) == []
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_it_follows_the_colours_of_the_system(opened: Open) -> None:
    page = opened(sample.many(10))
    page.prefer("light")
    light = page.style("body", "backgroundColor"), page.style("body", "color")
    page.prefer("dark")
    dark = page.style("body", "backgroundColor"), page.style("body", "color")
    page.prefer("light")

    def brightness(colour: str) -> int:
        return sum(int(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3])

    assert brightness(light[0]) > 600 and brightness(light[1]) < 200
    assert brightness(dark[0]) < 200 and brightness(dark[1]) > 600


def test_further_rows_come_when_they_are_needed(opened: Open) -> None:
    page = opened(sample.many(1000))
    assert len(page.column("Agent")) < 1003

    page.choose("factory", "Lyon")
    page.choose("state", "well")
    for _step in range(3):
        page.driver.execute_script("window.scrollTo(0, document.body.scrollHeight)")
    wanted = int(page.one("#count").text.split(" ")[0])
    WebDriverWait(page.driver, 10).until(lambda _driver: len(page.column("Agent")) == wanted)
    assert page.one("#more").get_attribute("hidden")


@pytest.mark.alone
def test_five_thousand_agents_open_within_two_seconds(opened: Open) -> None:
    page = opened(sample.many(5000))

    assert page.ready_after() < 2
    assert len(page.column("Agent")) >= 50
    before = page.driver.execute_script("return performance.now()")
    page.one("#search").send_keys("h")
    page.sort("Agent")
    assert page.driver.execute_script("return performance.now()") - before < 2000
