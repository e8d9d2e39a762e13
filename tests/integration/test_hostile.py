# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hostile bytes in logs, requests, answers and users: nothing is executed, nothing reaches the terminal, and the run
ends with a message."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from integration import lives
from integration.bed import Run
from integration.test_modules import Controller
from simulator.harness import Simulator, until

PRODUCT = "1512529"  # what comes out where {{ 191 * 7919 }} is evaluated
TERMINAL = "\x1b]0;owned\x07\x1b[2J\x1b[31mred \u009b31m \u202e txet"
LONGEST = 100_000  # characters of the output of a run


@pytest.fixture
def bait(tmp_path: Path) -> Path:
    """A file that exists once a template was evaluated."""
    return tmp_path / "executed"


def hostile(bait: Path) -> str:
    """Text that does something wherever it is evaluated or shown as it is."""
    lookup = f"lookup('ansible.builtin.pipe', 'touch {bait}')"
    raw = "{% raw %}{{ 191 * 7919 }}{% endraw %}"
    return f"{TERMINAL} {{{{ {lookup} }}}} {raw} {{% set x = {lookup} %}} $(touch {bait})"


def harmless(run: Run, bait: Path, longest: int = LONGEST) -> Run:
    """Nothing was executed, and the output is fit for a terminal."""
    assert not bait.exists(), "a template was evaluated"
    assert PRODUCT not in run.output
    assert not set(run.output) & {"\x1b", "\x07", "\0", "\u009b", "\u202e"}
    assert len(run.output) < longest
    assert "Traceback" not in run.output and "MODULE FAILURE" not in run.output
    report = json.dumps(run.report)
    assert PRODUCT not in report and len(report) < LONGEST
    return run


def raw_output(*parts: tuple[bytes, int]) -> str:
    return json.dumps([[base64.b64encode(content).decode(), times] for content, times in parts])


def entry(message: Any) -> bytes:
    return json.dumps({"level": 50, "time": 1, "msg": message}).encode() + b"\n"


def noise(bait: Path) -> str:
    """What else can come out of a container."""
    text = hostile(bait)
    return raw_output(
        (text.encode() + b"\n", 1),
        (entry(text), 1),
        (entry(f"connect ECONNREFUSED {text}"), 1),
        (b"A", 1_000_000),
        (b"\n", 1),
        (b"\xff\xfe\xc3\x28 \x80\x9b2J\n", 1),
        (b"\0" * 100 + b"\n", 1),
        (b"[", 100_000),
        (b"\n", 1),
        (b'{"msg":', 20_000),
        (b"\n", 1),
        (entry({"msg": [text]}), 1),
        (b"\r\x1b[1A\x1b[2K", 500),
        (b"\n", 1),
    )


def test_a_hostile_log_of_an_agent_that_registers(factory, bait):
    site = factory(2)
    site.agents[0]["env"] = {"SIMULATOR_RAW_OUTPUT": noise(bait)}
    run = harmless(site.rollout().ok(), bait)
    assert {agent["verdict"] for agent in run.agents.values()} == {"registered"}
    for name in site.names():
        until(lambda name=name: site.connected(name), f"{name} is logged in at the broker")
    assert harmless(site.rollout("-vvv", "--diff").ok(), bait, 20 * LONGEST).changed == 0


def test_a_hostile_log_in_the_message_of_a_failure(factory, bait):
    """The end of its log is in the message; the other agent is registered."""
    site = factory(2)
    forged = f"Username: {site.names()[0]}, pairing ID (should match in UI): ffffff"
    site.agents[0]["env"] = {
        "SIMULATOR_RAW_OUTPUT": raw_output((entry(forged), 1), (entry(hostile(bait)), 5), (b"{{ 191 * 7919 }}\n", 1)),
    }
    run = harmless(site.rollout("-v", agents_grace=3, agents_timeout=60).failed("factory", site.names()[0]), bait)
    assert run.agents[site.names()[0]]["verdict"] != "registered"
    assert run.agents[site.names()[1]]["verdict"] == "registered"
    assert "191 * 7919" in run.output, "the lines are shown as they are"
    assert site.names()[0] not in site.simulator.usernames()


def test_a_stranger_with_the_pairing_id_of_a_forged_line_is_not_let_in(factory):
    """He asks with what the container's other output says, from the moment on in which that is in the log."""
    site = factory(1)
    (name,) = site.names()
    forged = f"Username: {name}, pairing ID (should match in UI): ffffff"
    site.agents[0]["env"] = {"SIMULATOR_RAW_OUTPUT": raw_output((entry(forged), 1))}
    stranger = {"username": name, "pairing_id": "ffffff", "password": "stranger"}

    def asks() -> str:
        return str(site.simulator.control("POST", "register", stranger)["outcome"])

    site.simulator.switch(pending_survives_relock=True)
    process = site.start("rollout", "-v", agents_grace=3, agents_timeout=60)
    try:
        until(lambda: site.container(name) and forged in lives.log_of(name), "the forged line is in the log", 120)
        site.simulator.control("POST", "window", {"open_ms": 300_000})  # he need not wait for the run to open it
        assert asks() == "pending"
        answers = {"pending"}
        until(lambda: answers.add(asks()) or process.poll() is not None, "the run has ended", 240)
    finally:
        process.kill()
    output = (site.directory / "started.log").read_text()
    assert process.returncode == 2, output
    assert (name, "ffffff") in site.pending(), "he was there all the time"
    assert {*answers, asks()} <= {"pending", "locked"}, "he was never let in, also where the run has closed the window"
    assert name not in site.simulator.usernames()
    assert name not in site.simulator.usernames()
    counted = site.counts()["operations"]
    assert counted.get("registry_list", 0) > 2 and counted.get("registry_confirm", 0) == 0, counted
    assert "none of them is believed" in output, output


def strangers(simulator: Simulator, name: str, bait: Path) -> None:
    """Requests that wait, with everything in them that a stranger can send."""
    text = hostile(bait)
    deep: Any = text
    for _unused in range(100):
        deep = {"x": [deep]}
    simulator.switch(pending_survives_relock=True)
    simulator.control("POST", "window", {"open_ms": 60_000})
    for username in (name, text, "x" * 700_000, "\0\0\0", "\ud800\udfff", f"{name}\n", f"{name}\u202e", name.upper()):
        request = {"username": username, "pairing_id": text, "password": "stranger", "context": deep}
        simulator.control("POST", "register", request)
    simulator.control("POST", "register", {"username": f"{name}-long", "pairing_id": "y" * 100_000})
    simulator.control("POST", "window", {"open_ms": 0})


def test_hostile_requests_of_strangers(factory, bait):
    site = factory(2)
    victim, other = site.names()
    strangers(site.simulator, victim, bait)
    run = harmless(site.rollout("-v").failed(victim, "nothing was authorized", "lookup('ansible.builtin.pipe'"), bait)
    assert run.agents[victim]["verdict"] == "impostor"
    assert run.agents[other]["verdict"] == "registered"
    assert victim not in site.simulator.usernames()


def test_hostile_requests_are_listed_without_harm(simulator, tmp_path, bait):
    simulator.control("POST", "reset")
    strangers(simulator, "press-01", bait)
    shown = Controller(simulator, tmp_path).module("registry_info")
    assert len(shown.ok(changed=False)["pending"]) == 9
    harmless(Run(shown.code, shown.output, {}), bait)


def error_body(text: str) -> str:
    return json.dumps({"code": text, "message": f"{text} {'long ' * 5000}"})


ANSWERS: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "error of the login": ("login", lambda text: {"status": 500, "body": error_body(text)}),
    "token that splits headers": ("login", lambda text: {"body": json.dumps({"token": f"a\r\nX-Evil: {text}"})}),
    "token that is no text": ("login", lambda text: {"body": '{"token": {"a": [1]}, "expiresAt": 1e999}'}),
    "deep JSON": ("registry_list", lambda text: {"body": "[", "repeat": 200_000}),
    "deep objects": ("registry_list", lambda text: {"body": '{"pendingRequests":', "repeat": 50_000}),
    "twenty megabytes": ("registry_list", lambda text: {"body": "x" * 1000, "repeat": 20_000}),
    "other types": (
        "registry_list",
        lambda text: {"body": json.dumps({"pendingRequests": {text: 1}, "unlockedUntil": [text]})},
    ),
    "a moment that is none": (
        "registry_list",
        lambda text: {"body": json.dumps({"pendingRequests": [], "unlockedUntil": 10**400, "x": text})},
    ),
    "a web page": ("registry_list", lambda text: {"non_json": True, "body": f"<html><body>{text}</body></html>"}),
    "users of other types": ("list_users", lambda text: {"body": json.dumps({"users": [{"id": {text: 1}}, text]})}),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_hostile_answers(factory, bait, answer):
    site = factory(1)
    operation, fault = ANSWERS[answer]
    site.simulator.control("POST", "faults", {"operation": operation, "count": 0, **fault(hostile(bait))})
    path = {"login": "/api/login", "registry_list": "/api/client-registry", "list_users": "/api/listUsers"}[operation]
    harmless(site.rollout("-v").failed("factory", f"{site.simulator.endpoints['url']}{path}"), bait)
    assert site.simulator.state()["pending"] == [] and not site.simulator.state()["window"]["open"]


def test_an_authorization_that_is_answered_with_hostile_text(factory, bait):
    site = factory(2)
    fault = {"operation": "registry_confirm", "status": 500, "body": error_body(hostile(bait)), "count": 1}
    site.simulator.control("POST", "faults", fault)
    run = harmless(site.rollout("-v").ok(), bait)
    assert {agent["verdict"] for agent in run.agents.values()} == {"registered"}


@pytest.mark.long
def test_hostile_fields_of_a_user(factory, bait):
    """An ID that is a path, and texts that are shown; nothing but that one user is asked to be deleted."""
    site = factory(1)
    (name,) = site.names()
    text = hostile(bait)
    user = {
        "id": "../client-registry/lock?x=#", "username": name, "roles": [text], "createdAt": text, "createdBy": text,
        "permissions": [text], "identityProvider": text,
    }  # fmt: skip

    def listed(**fields: Any) -> None:
        site.simulator.control("DELETE", "faults")
        users = {"users": [{**user, **fields}, {**user, "username": text}]}
        site.simulator.control("POST", "faults", {"operation": "list_users", "count": 0, "body": json.dumps(users)})

    listed()
    harmless(site.rollout("-v", agents_on_conflict="replace", agents_timeout=30), bait)
    site.count_from_now()
    harmless(site.retire("-v").failed(name), bait)
    listed(createdBy="client-registry")
    harmless(site.retire("-v").failed(name), bait)
    assert site.counts()["writes"] == 0
    listed(createdBy="client-registry", roles=[], permissions=[])
    harmless(site.retire("-v").failed(name), bait)
    writes = [(request["method"], request["path"]) for request in site.counts()["log"] if request["method"] != "GET"]
    wanted = ("DELETE", "/api/users/../client-registry/lock?x=#")  # as it is after decoding: one segment
    assert {call for call in writes if call[1] not in ("/api/login", "/api/client-registry/register")} == {wanted}
    assert site.counts()["operations"].get("registry_lock", 0) == 0
