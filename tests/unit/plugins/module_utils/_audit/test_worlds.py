# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a fleet is like, its report says what is so: JSON, JUnit XML and page, held against the fleet itself.

AUDIT_WORLDS says how many fleets there are.
"""

from __future__ import annotations

import html
import json
import os
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ansible_collections.edgefleet.connectware.plugins.module_utils._audit.files import write_report
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.info import fleet_facts

from .worlds import BROKEN, LIMITED, NONE, OUTSIDE, World, ghosts_of, made, rows_of, shown, strangers_of, wrong_totals

WORLDS = int(os.environ.get("AUDIT_WORLDS", "400"))
PARTS = Path(__file__).resolve().parents[5] / "roles" / "audit" / "files"
STATUSES = {"ok": "asked", "away": "unreachable", BROKEN: "failed", OUTSIDE: "failed", NONE: "not_asked"}


def audited(world: World, folder: Path) -> dict[str, Any]:
    """The report, as the files have it."""
    asked = {"expected": world.inventory, "name_pattern": world.pattern, "connected": True, "version": False}
    fleet = {"msg": "it is away"}
    if not world.deaf:
        fleet = json.loads(json.dumps(fleet_facts(world.server.session(), asked, False)))
    params = {
        "hosts": json.loads(json.dumps(world.collected())), "inventory": world.inventory, "fleet": fleet,
        "path": str(folder), "page_path": str(PARTS), "title": "<b>&\x01", "connectware_url": None, "fail_on": [],
    }  # fmt: skip
    write_report(params, False)
    return json.loads((folder / "audit.json").read_text(encoding="utf-8"))


def wrong_in(world: World, folder: Path) -> list[str]:
    report = audited(world, folder)
    wrong = [*wrong_rows(world, report), *wrong_ghosts(world, report), *wrong_totals(report)]
    wrong += wrong_junit(report, ElementTree.parse(folder / "audit.xml").getroot())
    wrong += wrong_page(report, (folder / "audit.html").read_text(encoding="utf-8"))
    statuses = {
        host.name: "failed" if host.condition == "ok" and host.refused else STATUSES[host.condition]
        for host in world.hosts
        if host.condition != LIMITED
    }
    if {host["name"]: host["status"] for host in report["hosts"]} != statuses:
        wrong.append(f"hosts: {statuses}")
    if report["left_out"] != sorted(host.name for host in world.hosts if host.condition == LIMITED and host.agents):
        wrong.append("left_out")
    if bool(report["connectware"]["error"]) != world.deaf:
        wrong.append("connectware.error")
    return wrong


def wrong_rows(world: World, report: dict[str, Any]) -> list[str]:
    told = [agent for agent in report["agents"] if agent["verdict"] != "ghost"]
    wanted = rows_of(world)
    if [(row.host, row.name) for row in wanted] != [(agent["host"], agent["name"]) for agent in told]:
        return [f"rows: {[(agent['host'], agent['name']) for agent in told]}"]
    wrong = []
    for row, agent in zip(wanted, told, strict=True):
        missing = "missing" in agent["findings"]
        if row.missing if row.missing is not None else missing:
            row.findings.add("missing")
        if set(agent["findings"]) != row.findings:
            wrong.append(f"{row.name} on {row.host}: {agent['findings']} instead of {row.findings}: {agent['notes']}")
        for key in ("verdict", "factory", "drift"):
            if agent[key] != getattr(row, key):
                wrong.append(f"{row.name} on {row.host}: {key} {agent[key]} instead of {getattr(row, key)}")
        if agent["state"] != row.state():
            wrong.append(f"{row.name} on {row.host}: {agent['state']} instead of {row.state()}")
        if (agent["image"], agent["version"]) != row.image:
            wrong.append(f"{row.name} on {row.host}: {agent['image']} {agent['version']} instead of {row.image}")
    return wrong


def wrong_ghosts(world: World, report: dict[str, Any]) -> list[str]:
    told = sorted(agent["username"] for agent in report["agents"] if agent["verdict"] == "ghost")
    sure, perhaps = ghosts_of(world)
    wanted = sorted(shown(name, 128) for name in sure)
    rest = list(told)
    for name in wanted:
        if name not in rest and world.server.vanishing and len(world.users) > world.server.rows:
            continue  # where one goes from a page, another one slips to that page
        if name not in rest:
            return [f"ghosts: {told} instead of {wanted}"]
        rest.remove(name)
    wrong = [f"no ghost: {name}" for name in rest if name not in {shown(each, 128) for each in perhaps}]
    strangers = sorted(each["username"] for each in report["strangers"])
    if not world.server.vanishing and strangers != sorted(shown(each, 128) for each in strangers_of(world)):
        wrong.append(f"strangers: {strangers}")
    return wrong


def wrong_junit(report: dict[str, Any], root: ElementTree.Element) -> list[str]:
    """A case for each agent, with a failure or an error as its state wants it, and the counts of the suites."""
    wrong = []
    kinds = {"well": "", "attention": "failure", "failing": "failure", "unknown": "error"}
    wanted = sorted(
        (agent["host"] or "Connectware", agent["name"], kinds[agent["state"]]) for agent in report["agents"]
    )
    cases = [
        (suite.get("name"), case.get("name"), case[0].tag if len(case) else "") for suite in root for case in suite
    ]
    extra = {(host["name"], host["name"], "error") for host in report["hosts"] if host["status"] != "asked"}
    extra.add(("Connectware", "all agents", "error"))
    rest = list(cases)
    for case in wanted:
        if case in rest:
            rest.remove(case)
        else:
            wrong.append(f"junit lacks {case}")
    wrong += [f"junit has {case}" for case in rest if case not in extra]
    for each in (root, *root):
        counted = {"tests": "testcase", "failures": "failure", "errors": "error"}
        wrong += [f"junit {key}" for key, tag in counted.items() if int(each.get(key, "")) != len([*each.iter(tag)])]
    return wrong


def wrong_page(report: dict[str, Any], text: str) -> list[str]:
    """The data is all of the report, and nothing in it ends its block."""
    blocks = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    wrong = [] if [json.loads(block) for block in blocks] == [report] else ["the data of the page"]
    if len(re.findall("<script", text)) != 2 or len(re.findall("</script>", text)) != 2:
        wrong.append("scripts of the page")
    if re.findall("<title>(.*?)</title>", text) != [html.escape(report["title"])]:
        wrong.append("title of the page")
    return wrong


def test_every_fleet_is_told_as_it_is(tmp_path: Path) -> None:
    wrong = [(seed, what) for seed in range(WORLDS) for what in wrong_in(made(seed), tmp_path)]
    assert not wrong, (len(wrong), wrong[:5])
