# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The check of the contract as a user runs it, against two Connectwares: as assumed, and as it is nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from integration import dialect
from integration.bed import ROOT
from integration.test_modules import Controller
from simulator.harness import Agent, Simulator, until

CORRECTED = dialect.GROUP_VARS["connectware_contract"]
READING = ("system_info", "system_health", "list_registry", "list_users", "get_user", "list_roles", "system_agents")
GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_contract.rst"
AUTHORIZE = {"default": ("POST", "/api/client-registry/confirm"), "other": ("PATCH", "/v3/enrolment/requests/press-01")}
STRANGER = {"username": "press-02", "pairing_id": "ffffff", "password": "hunter2-secret", "context": "a secret of mine"}


@pytest.fixture
def user(simulator: Simulator, tmp_path: Path) -> Iterator[Controller]:
    """Somebody with a token that may read everything and write nothing."""
    simulator.control("POST", "reset")
    controller = Controller(simulator, tmp_path)
    del controller.env["CONNECTWARE_USERNAME"], controller.env["CONNECTWARE_PASSWORD"]
    controller.env["CONNECTWARE_TOKEN"] = simulator.client("reader").session.headers["Authorization"].split()[1]
    yield controller
    simulator.control("POST", "reset")


@pytest.fixture
def agent(simulator: Simulator, tmp_path: Path) -> Iterator[Any]:
    """Lets an agent in and keeps it connected, and leaves a stranger's request pending."""
    started: list[Agent] = []

    def start(authorize: tuple[str, str], headers: dict[str, str], **env: str) -> None:
        started.append(Agent(simulator, tmp_path / "data", "press-01", **env).start())
        simulator.control("POST", "window", {"open_ms": 300_000})
        until(lambda: simulator.state()["pending"], "the agent asks")
        method, path = authorize
        answer = simulator.client(None)(method, path, json={"username": "press-01"}, headers=headers)
        assert answer.ok, answer.text
        until(lambda: "press-01" in simulator.connected(), "the agent is connected")
        simulator.control("POST", "register", STRANGER)

    yield start
    for process in started:
        process.stop()


def check(user: Controller, contract: dict[str, Any] | None = None) -> dict[str, Any]:
    """One check, which never writes."""
    result = user.module("connectware_info", gather=["contract_check"], connectware_contract=contract or {})
    found = result.ok(changed=False)["contract_check"]
    assert user.writes() == 0
    methods = user.simulator.control("GET", "requests")["methods"]
    assert set(methods) == {"GET"}, methods
    for secret in (STRANGER["password"], STRANGER["context"], user.env["CONNECTWARE_TOKEN"]):
        assert secret not in result.output
    return found


def results(found: dict[str, Any], *operations: str) -> dict[str, str]:
    return {
        entry["entry"]: entry["result"]
        for entry in found["entries"]
        if entry["entry"].split(".")[0] in (operations or READING)
    }


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """What Ansible's combine(recursive=True) does."""
    result = dict(base)
    for key, value in changes.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def admin_token(simulator: Simulator) -> str:
    return str(simulator.client("admin").session.headers["Authorization"].split()[1])


def test_what_is_assumed_fits_the_default(user, agent):
    agent(AUTHORIZE["default"], {"Authorization": f"Bearer {admin_token(user.simulator)}"})
    found = check(user)
    assert found["fits"] is True, found["report"]
    assert found["corrections"] == {} and found["corrections_yaml"] == ""
    assert {name for name, result in results(found).items() if result != "ok"} == {"list_registry.fields.locked"}
    assert set(results(found, "login").values()) == {"not_asked"}
    assert set(results(found, "unlock", "lock", "confirm", "delete_user", "create_user").values()) == {"not_asked"}


def test_no_connected_agent_is_no_deviation(user):
    assert results(check(user), "system_agents")["system_agents.fields.agents"] == "ok"


def test_an_account_with_least_privileges(user):
    user.env["CONNECTWARE_TOKEN"] = user.simulator.client("registrar").session.headers["Authorization"].split()[1]
    found = check(user)
    assert found["fits"] is True, found["report"]
    assert set(results(found, "get_user", "list_roles", "system_agents").values()) == {"forbidden"}
    assert "/api/users/#" in next(line for line in found["report"] if line.startswith("forbidden: get_user.path"))


def test_another_connectware_is_learnt_step_by_step(user, agent):
    """What a user does who knows the paths alone: the rest is printed by the check."""
    simulator = user.simulator
    token = admin_token(simulator)
    dialect.speak(simulator)
    agent(AUTHORIZE["other"], {"X-Auth-Token": token}, **dialect.AGENT_ENV)

    # Nothing is corrected: the token is not even read.
    found = check(user)
    assert found["fits"] is False
    assert any("settings: auth_header" in line and "has to be sent in another way" in line for line in found["report"])
    known = {"settings": {name: CORRECTED["settings"][name] for name in ("auth_header", "auth_value")}}

    # Now the paths are wrong, each of them by name.
    found = check(user, known)
    lists = [name for name in READING if name != "get_user"]
    assert {name for name, result in results(found).items() if result == "wrong"} == {f"{name}.path" for name in lists}
    for name in lists:
        assert f"  # {name}:\n    # path: ..." in found["corrections_yaml"]
    assert found["corrections"]["errors"]["fields"] == CORRECTED["errors"]["fields"]
    for name in READING:
        known[name] = {"path": CORRECTED[name]["path"]}
    known["errors"] = found["corrections"]["errors"]

    # With the paths, it proposes status codes and fields, each as a user would write it.
    found = check(user, known)
    for name in lists:
        proposed = found["corrections"][name]
        assert proposed["statuses"]["done"] == [200, 203]
        # What is more than a place in the answer is left to the user.
        wanted = {key: value for key, value in CORRECTED[name]["fields"].items() if not set("@&[") & set(value)}
        assert proposed.get("fields", {}) == wanted
    for expression in ("madeBy && madeBy == ''client-registry''", "rights[?context!=''mqtt''"):
        assert expression.replace("''", "'") in found["corrections_yaml"]
    assert found["corrections"] == yaml.safe_load(found["corrections_yaml"])["connectware_contract"]
    known = merged(known, found["corrections"])
    for name, field in (
        ("list_users", "permissions"),
        ("list_users", "by_registration"),
        ("list_roles", "permissions"),
    ):
        known[name]["fields"][field] = CORRECTED[name]["fields"][field]

    # These make the lists fit. What could not be seen before is named now: the parameters, and the first page.
    found = check(user, known)
    assert set(results(found, "list_registry", "system_info").values()) <= {"ok", "not_provable"}
    users = results(found, "list_users")
    assert {result for name, result in users.items() if ".query." not in name} == {"ok"}
    assert users["list_users.query.username[eq]"] == "wrong" and users["list_users.query.rowsPerPage"] == "wrong"
    assert found["corrections"]["get_user"]["statuses"] == {"done": [200, 203], "absent": [404, 410]}
    assert found["fits"] is False
    known = merged(known, found["corrections"])
    for name in ("list_users", "list_roles"):
        known[name]["query"] = CORRECTED[name]["query"]

    found = check(user, known)
    assert found["corrections"]["settings"] == {"first_page": 0}
    known = merged(known, found["corrections"])
    known["settings"]["healthy"] = ["green"]
    found = check(user, known)
    assert found["fits"] is True, found["report"]
    assert {name for name, result in results(found).items() if result != "ok"} == {"list_registry.fields.locked"}


def test_the_corrections_of_a_user_fit(user, agent):
    token = admin_token(user.simulator)
    dialect.speak(user.simulator)
    agent(AUTHORIZE["other"], {"X-Auth-Token": token}, **dialect.AGENT_ENV)
    found = check(user, CORRECTED)
    assert found["fits"] is True, found["report"]
    assert found["corrections"] == {}
    assert {name for name, result in results(found).items() if result != "ok"} == {"list_registry.fields.locked"}


def test_a_login_is_judged_where_it_is_used(user):
    del user.env["CONNECTWARE_TOKEN"]
    user.env.update(CONNECTWARE_USERNAME="reader", CONNECTWARE_PASSWORD=user.simulator.passwords()["reader"])
    result = user.module("connectware_info", gather=["contract_check"]).ok(changed=False)["contract_check"]
    assert set(results(result, "login").values()) == {"ok"}
    assert user.operations()["login"] == 1 and user.writes() == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"body": "[" * 200_000},
        {"non_json": True},
        {"body": '"' + "\\u001b[31m" * 1000 + '"'},
        {"body": '{"message": {"a": [1]}, "code": null}', "status": 418},
        {"status": 503, "retry_after": 0},
        {"half": True},
    ],
    ids=["deep", "html", "control", "odd-error", "busy", "half"],
)
def test_hostile_answers_end_in_clean_lines(user, fault):
    user.simulator.control("POST", "faults", {"operation": "registry_list", "count": 0, **fault})
    found = check(user)
    assert found["fits"] is False
    assert all(line.isprintable() and len(line) < 3000 for line in found["report"])
    assert results(found, "system_info")["system_info.path"] == "ok"
    assert set(results(found, "list_registry").values()) <= {"wrong", "missing", "wrong_type", "not_provable", "ok"}


def test_the_play_of_the_guide(user, tmp_path):
    """It is taken from the guide, so that the guide cannot lie."""
    blocks = re.findall(r"\.\. code-block:: yaml\n\n((?:   .*\n|\n)+)", GUIDE.read_text())
    (play,) = [yaml.safe_load(block) for block in blocks if "check_contract.yml" in block]
    user.simulator.switch(pairing_id_field="pairingCode")
    user.simulator.control("POST", "window", {"open_ms": 300_000})
    user.simulator.control("POST", "register", STRANGER)
    output = user.play(play[0])
    assert "list_registry.fields.pairing_id" in output
    written = yaml.safe_load((tmp_path / "corrections.yml").read_text())
    assert written["connectware_contract"]["list_registry"] == {"fields": {"pairing_id": "pairingCode"}}
    assert user.writes() == 0
