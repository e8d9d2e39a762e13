# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as JUnit XML: a suite for each host, a case for each agent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree  # it only writes: nothing of others is parsed

SERVER = "Connectware"


def junit(report: Mapping[str, Any]) -> bytes:
    """What CI systems read: a failure for what needs attention, an error for what could not be looked at.

    Args:
        report: as document() makes it.
    """
    root = ElementTree.Element("testsuites", {"name": str(report["title"])})
    by_host: dict[Any, list[Mapping[str, Any]]] = {}
    for agent in report["agents"]:
        by_host.setdefault(agent["host"], []).append(agent)
    when = str(report["generated_at"])
    for host in report["hosts"]:
        cases = [_agent_case(agent) for agent in by_host.pop(host["name"], [])]
        if not cases and host["status"] in ("unreachable", "failed"):
            cases = [_failing_host(host)]
        _suite(root, host["name"], when, cases)
    cases = [_agent_case(agent) for agents in by_host.values() for agent in agents]
    if report["connectware"]["error"]:
        cases.append(_case(SERVER, "all agents", "error", "unreachable", report["connectware"]["error"]))
    if cases:
        _suite(root, SERVER, when, cases)
    _count(root, list(root))
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode").encode() + b"\n"


def _suite(root: ElementTree.Element, name: str, when: str, cases: Sequence[ElementTree.Element]) -> None:
    # JUnit knows no zones: the time is UTC, without saying so.
    suite = ElementTree.SubElement(root, "testsuite", {"name": name, "hostname": name, "timestamp": when[:19]})
    suite.extend(cases)
    _count(suite, cases)


def _count(parent: ElementTree.Element, children: Sequence[ElementTree.Element]) -> None:
    totals = {"tests": 0, "failures": 0, "errors": 0}
    for child in children:
        if child.tag == "testcase":
            totals["tests"] += 1
            totals["failures"] += child.find("failure") is not None
            totals["errors"] += child.find("error") is not None
        else:
            for key in totals:
                totals[key] += int(child.get(key, "0"))
    for key, total in totals.items():
        parent.set(key, str(total))
    parent.set("time", "0")


def _agent_case(agent: Mapping[str, Any]) -> ElementTree.Element:
    group = ".".join(str(part) for part in (agent["factory"], agent["host"]) if part) or SERVER
    if agent["state"] == "well":
        return _case(group, agent["name"])
    kind = "error" if agent["state"] == "unknown" else "failure"
    what = agent["verdict"] if agent["verdict"] != "registered" else ",".join(agent["findings"])
    said = [text for text in (agent["message"], *agent["notes"]) if text]
    return _case(group, agent["name"], kind, what, ". ".join(said) or what, "\n".join(agent["last_lines"]))


def _failing_host(host: Mapping[str, Any]) -> ElementTree.Element:
    return _case(host["factory"], host["name"], "error", host["status"], host["message"] or host["status"])


def _case(
    group: str, name: str, kind: str | None = None, what: str = "", message: str = "", more: str = ""
) -> ElementTree.Element:
    case = ElementTree.Element("testcase", {"classname": group, "name": name, "time": "0"})
    if kind is not None:
        wrong = ElementTree.SubElement(case, kind, {"type": what, "message": message})
        wrong.text = "\n".join(text for text in (message, more) if text)
    return case
