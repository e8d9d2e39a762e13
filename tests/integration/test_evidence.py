# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each authorization is in the evidence file, nothing else is, and nothing is authorized without."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from integration.bed import ROOT, VERSION, Factory, docker
from integration.test_modules import Controller
from simulator.harness import Client, until

SLOW = 3  # seconds that the simulator takes to authorize, where it is slow
SCHEMA = json.loads((ROOT / "docs" / "schema" / "evidence.json").read_text())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "evidence.jsonl"


def lines(path: Path) -> list[dict[str, Any]]:
    """All lines, each in the documented form."""
    found = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    for line in found:
        jsonschema.validate(line, SCHEMA)
    return found


def outcomes(path: Path) -> dict[str, list[str]]:
    """By agent, in order."""
    found: dict[str, list[str]] = {}
    for line in lines(path):
        found.setdefault(line["agent"], []).append(line["outcome"])
    return found


def made_at(site: Factory, name: str) -> datetime:
    """When the simulator has made the user of an agent."""
    (user,) = [user for user in site.simulator.state()["users"] if user["username"] == name]
    return datetime.fromisoformat(user["created_at"])


@pytest.mark.long
def test_three_hosts_at_once_record_each_authorization(factory, path):
    """Two lines of each, intact, that agree with docker and with what the server was asked."""
    site = factory(6)
    names = site.names()
    hosts = {host: {"agents_list": site.agents[i : i + 2]} for i, host in ((0, "hamburg"), (2, "munich"), (4, "rome"))}
    began = datetime.now(UTC)
    run = site.play("rollout", "--forks", "3", hosts=hosts, agents_evidence_path=str(path)).ok()
    assert outcomes(path) == {name: ["attempted", "proved"] for name in names}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    where = {agent["name"]: host for host, given in hosts.items() for agent in given["agents_list"]}
    for line in lines(path):
        container = site.container(line["agent"])
        assert container is not None
        shown = re.findall(r"should match in UI\): (\w+)", docker("logs", container["Id"]))
        assert line["pairing_id"] == line["listed_pairing_id"] and line["pairing_id"] in shown
        assert (line["container_id"], line["image_id"]) == (container["Id"], container["Image"])
        assert line["host"] == where[line["agent"]]
        assert (line["account"], line["account_source"]) == ("rollout", "login")
        assert line["connectware_url"] == site.simulator.endpoints["url"]
        assert line["reason"] == "first_start"
        at = datetime.fromisoformat(line["authorized_at"])
        assert began < at < made_at(site, line["agent"]) + timedelta(milliseconds=1) < at + timedelta(seconds=10)
    assert site.counts()["operations"]["registry_confirm"] == 6
    last = {line["id"]: line for line in lines(path)}
    assert {entry["id"]: entry for entry in run.report["authorizations"]} == last

    size = path.stat().st_size
    assert site.play("rollout", hosts=hosts, agents_evidence_path=str(path)).ok().report["authorizations"] == []
    assert path.stat().st_size == size, "who is registered is not authorized"


@pytest.mark.long
def test_the_server_says_the_same_of_the_moment_of_an_authorization(factory, path):
    """Both pairing IDs and the time, against what the simulator itself has, while it takes its time to authorize."""
    site = factory(2)
    site.simulator.control("POST", "faults", {"operation": "registry_confirm", "count": 0, "delay": SLOW})
    process = site.start("rollout", agents_evidence_path=str(path))
    try:
        waiting: dict[str, str] = {}
        for number in (1, 2):
            until(lambda wanted=number: len(outcomes(path)) == wanted, f"authorization {number} is attempted", 90)
            name = lines(path)[-1]["agent"]
            assert name not in site.simulator.usernames(), "it was looked at too late"
            waiting[name] = dict(site.pending())[name]
        assert process.wait(120) == 0, (site.directory / "started.log").read_text()
    finally:
        process.kill()
        site.simulator.control("DELETE", "faults")
    assert outcomes(path) == {name: ["attempted", "proved"] for name in site.names()}
    assert len(set(waiting.values())) == 2
    for line in lines(path):
        assert line["listed_pairing_id"] == waiting[line["agent"]] == line["pairing_id"]
        taken = made_at(site, line["agent"]) - datetime.fromisoformat(line["authorized_at"])
        assert timedelta(seconds=SLOW - 0.1) < taken < timedelta(seconds=SLOW + 5)


def test_check_mode_records_nothing(factory, path):
    site = factory(1)
    site.rollout("--check", agents_evidence_path=str(path)).ok()
    assert not path.exists()


def test_an_impostor_leaves_no_line(factory, path):
    site = factory(2)
    victim, other = site.names()
    site.simulator.switch(pending_survives_relock=True)
    site.simulator.control("POST", "window", {"open_ms": 60_000})
    asked = Client(site.simulator)("POST", "/api/client-registry/register", json={
        "username": victim, "password": "stranger", "pairingId": "ffffff",
    })  # fmt: skip
    assert asked.status_code == 202, asked.text
    site.rollout(agents_evidence_path=str(path), agents_timeout=60).failed(victim, "impostor", "ffffff")
    assert outcomes(path) == {other: ["attempted", "proved"]}


def test_an_authorization_that_is_taken_back_says_so(factory, path):
    """The agent keeps its credentials where a restart loses them."""
    site = factory(1)
    (name,) = site.names()
    site.agents[0]["env"] = {"SIMULATOR_DATA_DIR": "/dev/shm"}
    site.rollout(agents_evidence_path=str(path), agents_timeout=60).failed(name)
    assert outcomes(path) == {name: ["attempted", "taken_back"]}
    assert "was deleted" in lines(path)[-1]["message"]
    assert name not in site.simulator.usernames()


@pytest.mark.long
def test_a_file_that_cannot_be_written_stops_the_run_before_anybody_is_authorized(factory, path):
    site = factory(1)
    path.mkdir()
    run = site.rollout(agents_evidence_path=str(path)).failed("factory", str(path), "agents_evidence_path")
    assert run.report["total"]["failed"] == 1, "who was not judged is not ok"
    site.rollout("--check", agents_evidence_path=str(path)).failed(str(path))
    site.rollout(agents_evidence_path="evidence.jsonl").failed("absolute path")
    assert "registry_confirm" not in site.counts()["operations"]
    assert site.simulator.state()["pending"] == [] and not site.simulator.state()["window"]["open"]
    path.rmdir()
    site.rollout(agents_evidence_path=str(path)).ok()
    assert list(outcomes(path).values()) == [["attempted", "proved"]]


def let_in(site: Factory) -> bool:
    return site.names()[0] in site.simulator.usernames()


def asked(site: Factory) -> int:
    """How often the run has asked who is there, or who asks."""
    operations = site.counts()["operations"]
    return sum(operations.get(operation, 0) for operation in ("registry_list", "list_users"))


def broken_off(site: Factory, path: Path, number: int) -> None:
    """A run that gets a signal between an authorization and its proof.

    It has the answer to the authorization by then: it asks for something else.
    """
    site.agents[0]["env"] = {"SIMULATOR_STORE": "after", "SIMULATOR_POLL_INTERVAL": "5"}
    process = site.start("rollout", agents_evidence_path=str(path), agents_poll_interval=5)
    try:
        until(lambda: let_in(site), "the agent is let in", 120)
        before = asked(site)
        until(lambda: asked(site) > before, "the run goes on", 120)
        if number == signal.SIGKILL:
            site.kill_all(process)
        else:
            os.killpg(process.pid, number)
        process.wait(30)
    finally:
        process.kill()


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (signal.SIGKILL, ["attempted"]),
        pytest.param(signal.SIGINT, ["attempted", "unproven"], marks=pytest.mark.long),
    ],
    ids=["SIGKILL", "SIGINT"],
)
def test_a_run_that_breaks_off_has_recorded_what_it_did(factory, path, number, expected):
    """The next one heals, and authorizes nobody anew."""
    site = factory(1)
    (name,) = site.names()
    broken_off(site, path, number)
    assert outcomes(path) == {name: expected}
    site.rollout(agents_evidence_path=str(path), agents_poll_interval=5).ok()
    assert outcomes(path) == {name: expected}
    assert site.counts()["operations"]["registry_confirm"] == 1


def test_a_token_is_recorded_by_the_account_that_the_user_names(factory, path):
    site = factory(1)
    login = {"username": "rollout", "password": site.variables["connectware_password"]}
    token = Client(site.simulator)("POST", "/api/login", json=login).json()["token"]
    site.environment = {"CONNECTWARE_EVIDENCE_PATH": str(path), "CONNECTWARE_EVIDENCE_ACCOUNT": "automation"}
    alone = {"connectware_token": token, "connectware_username": None, "connectware_password": None}
    site.rollout(**alone, awx_job_id=42, awx_user_name="eve").ok()
    (_before, after) = lines(path)
    assert (after["account"], after["account_source"]) == ("automation", "option")
    assert (after["job_id"], after["job_user"]) == ("42", "eve")
    assert token not in path.read_text()


@pytest.mark.long
def test_an_image_from_a_registry_is_recorded_by_its_digest(factory: Callable[..., Factory], path, registry):
    site = factory(1)
    image_id = registry.publish(VERSION)
    site.rollout(
        agents_image=registry.image, agents_pull="missing", agents_registry_username=registry.username,
        agents_registry_password=registry.password, agents_evidence_path=str(path),
    ).ok()  # fmt: skip
    (digest,) = json.loads(docker("image", "inspect", "--format", "{{json .RepoDigests}}", image_id))
    for line in lines(path):
        assert (line["image"], line["image_id"]) == (f"{registry.image}:{VERSION}", image_id)
        assert line["image_digest"] == digest


def test_a_client_of_others_is_recorded_too(simulator, tmp_path, path):
    simulator.control("POST", "reset")
    simulator.control("POST", "window", {"open_ms": 60_000})
    body = {"username": "welder-robots", "password": "of the welder", "pairingId": "a1b2c3"}
    assert Client(simulator)("POST", "/api/client-registry/register", json=body).status_code == 202
    controller = Controller(simulator, tmp_path)
    wanted = {"username": "welder-robots", "pairing_id": "a1b2c3", "evidence_path": str(path)}
    result = controller.module("registered_client", **wanted).ok(changed=True)
    before, after = lines(path)
    assert (before["outcome"], after["outcome"], after["pairing_id"]) == ("attempted", "let_in", "a1b2c3")
    assert result["authorizations"] == [after]
