# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret turns up anywhere, in no spelling: looked for with -vvvv in all that a life of agents leaves behind."""

from __future__ import annotations

import json
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from integration.bed import IMAGE, VERSION, Factory, docker
from integration.leaks import IN_SYSTEM_LOG, SYSTEM_LOG, Leak, Seeker, contents_of, spellings
from integration.registry import Registry, SavedImage
from integration.stage import ON_HOST, Stage, new_secret
from integration.test_modules import MAKE_TOKEN, Controller
from simulator.harness import Client, until

LOUD = ("-vvvv", "--diff")
HIDDEN = ("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "$REDACTED$")  # by ansible-core up to 2.21, and later


@pytest.fixture
def registry(request: pytest.FixtureRequest) -> Iterator[Registry]:
    image: SavedImage = request.getfixturevalue("saved_image")
    running = Registry(image, password=new_secret("licence")).start()
    yield running
    running.stop()
    for pulled in running.image_ids:
        docker("rmi", "--force", pulled, check=False)


@pytest.fixture
def site(stage: Stage, registry: Registry, factory: Callable[..., Factory]) -> Factory:
    """Two agents, a password and a registry login that are nowhere else on this machine."""
    made = factory(2)
    password = new_secret("password")
    made.simulator.control("POST", "password", {"username": "rollout", "password": password})
    made.variables.update(
        connectware_password=password, agents_image=registry.image, agents_pull="missing",
        agents_registry_username=registry.username, agents_registry_password=registry.password,
    )  # fmt: skip
    made.of_host["ansible_remote_tmp"] = str(stage.host_tmp)
    made.environment["ANSIBLE_PIPELINING"] = "0"  # modules come as files: they are looked into
    made.environment["ANSIBLE_INJECT_INVOCATION"] = "1"  # results tell what modules were given, as up to 2.20 they do
    stage.secrets.update({"password": password, "registry password": registry.password})
    stage.secrets["registry login"] = registry.authorization.removeprefix("Basic ")
    return made


def fault(site: Factory, operation: str, status: int, text: str, **more: Any) -> None:
    body = json.dumps({"code": "ECHO", "message": text})
    site.simulator.control("POST", "faults", {"operation": operation, "status": status, "body": body, **more})


def own_passwords(site: Factory) -> dict[str, str]:
    stored = [docker("exec", f"connectware-agent-{name}", "cat", "/data/credentials.json") for name in site.names()]
    return {f"credentials of agent {number}": json.loads(text)["password"] for number, text in enumerate(stored)}


def test_no_secret_of_a_whole_life_turns_up(stage, site, registry):
    registry.publish(VERSION)
    lost = site.names()[0]
    evidence = stage.folder / "evidence.jsonl"  # one of the files that are looked into
    site.variables["agents_evidence_path"] = str(evidence)
    with stage.sampler:
        stage.saw(site.rollout(*LOUD).ok())
        for name in site.names():
            until(lambda name=name: site.connected(name), f"{name} is logged in at the broker")
        stage.secrets.update(own_passwords(site))
        docker("exec", "--user", "0", f"connectware-agent-{lost}", "find", "/data", "-type", "f", "-delete")
        containers = [f"connectware-agent-{name}" for name in site.names()]
        stage.ask_engine(*containers)
        stage.saw(site.rollout(*LOUD).failed(lost, "409"))
        stage.saw(site.rollout(*LOUD, "--check").failed(lost, "409"))
        stage.saw(site.rollout(*LOUD, agents_on_conflict="replace").ok())
        until(lambda: site.connected(lost), "the agent is logged in again")
        stage.secrets.update({f"new {name}": text for name, text in own_passwords(site).items()})
        stage.saw(site.rollout(*LOUD, "--check").ok())
        login = {"username": "rollout", "password": site.variables["connectware_password"]}
        token = Client(site.simulator)("POST", "/api/login", json=login).json()["token"]
        stage.secrets["token that was given"] = token
        alone = {"connectware_token": token, "connectware_username": None, "connectware_password": None}
        assert stage.saw(site.rollout(*LOUD, **alone).ok()).changed == 0
        stage.learn_tokens(site.simulator)
        stage.saw(site.play("upgrade", *LOUD, agents_version="auto").ok())
        stage.ask_engine(*containers)
        stage.saw(site.retire(*LOUD, agents_purge=True).ok())
        stage.learn_tokens(site.simulator)
    assert stage.sampler.seen[ON_HOST] and stage.sampler.seen["environment of agents"]
    given = re.search(r'"registry_password": "(.*?)"', stage.outputs[0])
    assert given and given.group(1) in HIDDEN, "what modules were given is printed"
    logged = stage.sampler.seen.get(IN_SYSTEM_LOG)
    assert logged is None or any(b"edgefleet.connectware.agents" in entry for entry in logged)
    assert evidence.read_text().count('"outcome": "proved"') == 3
    # The upgrade asks for the version with a module, which comes as a file here; it runs on the controller.
    leaks = stage.leaks("connectware-agent-it", f"{registry.image}:{VERSION}")
    on_the_controller = {f"files in {name} meanwhile" for name in ("ANSIBLE_LOCAL_TEMP", "ANSIBLE_REMOTE_TEMP")}
    assert {(leak.place, leak.secret) for leak in leaks} <= {(place, "password") for place in on_the_controller}


def spelled(secret: str) -> str:
    """In all spellings at once."""
    return ", ".join(needle.decode() for needle in dict.fromkeys(spellings(secret).values()))


@pytest.mark.long
def test_no_secret_that_a_server_sends_back_is_shown(stage, site, registry):
    """Passwords and tokens in the texts of errors, in all spellings, and a refused login to the registry."""
    registry.publish(VERSION)
    stage.secrets["wrong password"] = wrong = new_secret("wrong")
    stage.secrets["registry password, wrong"] = wrong_licence = new_secret("licence")
    stage.secrets["token, given"] = given = f"given-{secrets.token_hex(12)}"
    stage.secrets["token, of a login"] = token = f"token-{secrets.token_hex(12)}"
    with stage.sampler:
        run = stage.saw(site.rollout(*LOUD, agents_registry_password=wrong_licence))
        run.failed("incorrect username or password")

        fault(site, "login", 401, f"wrong are {spelled(wrong)}")
        run = stage.saw(site.rollout(*LOUD, connectware_password=wrong).failed("/api/login", "401 ECHO wrong are ****"))
        site.simulator.control("DELETE", "faults")

        site.simulator.control("POST", "faults", {"operation": "login", "body": json.dumps({"token": token})})
        fault(site, "registry_list", 500, f"for {spelled(site.variables['connectware_password'])}", count=1)
        stage.saw(site.rollout(*LOUD).failed("/api/client-registry", "500 ECHO for ****"))
        site.simulator.control("POST", "faults", {"operation": "login", "body": json.dumps({"token": token})})
        fault(site, "registry_list", 500, f"for {spelled(token)}", count=1)
        stage.saw(site.rollout(*LOUD).failed("/api/client-registry", "500 ECHO for ****"))
        site.simulator.control("DELETE", "faults")

        fault(site, "registry_list", 403, f"for {spelled(given)}")
        stage.saw(site.rollout(*LOUD, connectware_token=given).failed("403 ECHO for ****"))
        site.simulator.control("DELETE", "faults")

        evidence = stage.folder / "evidence.jsonl"  # one of the files that are looked into
        fault(site, "registry_confirm", 403, f"for {spelled(site.variables['connectware_password'])}")
        stage.saw(site.rollout(*LOUD, agents_evidence_path=str(evidence)).failed("403 ECHO for ****"))
        assert "403 ECHO for ****" in evidence.read_text()
    assert not stage.leaks("connectware-agent-it", f"{registry.image}:{VERSION}")


def test_modules_show_no_secret(stage, simulator, tmp_path):
    """A token is made and used as the documentation of api_token says, with the password in the environment."""
    simulator.control("POST", "reset")
    controller = Controller(simulator, tmp_path)
    stage.secrets["password"] = controller.env["CONNECTWARE_PASSWORD"] = new_secret("password")
    simulator.control("POST", "password", {"username": "rollout", "password": stage.secrets["password"]})
    with stage.sampler:
        stage.outputs.append(controller.play(MAKE_TOKEN, *LOUD, target=str(tmp_path / "made-token")))
        stage.secrets["token that was made"] = (tmp_path / "made-token").read_text()
        stage.outputs.append(controller.module("registry_window", *LOUD).output)
        stage.outputs.append(
            controller.module("registered_client", *LOUD, username="nobody-there", state="absent").output
        )
        fault = {
            "operation": "system_info",
            "status": 500,
            "body": json.dumps({"message": spelled(stage.secrets["password"])}),
        }
        simulator.control("POST", "faults", fault)
        stage.outputs.append(controller.module("connectware_info", *LOUD).output)
    stage.learn_tokens(simulator)
    assert "****" in stage.outputs[-1]
    # The play's own task copies that token into a file, which Ansible brings through its folders.
    brought = {f"files in {name} meanwhile" for name in ("ANSIBLE_LOCAL_TEMP", "ANSIBLE_REMOTE_TEMP")}
    assert stage.leaks("connectware-agent-none") <= {Leak(place, "token that was made", "plain") for place in brought}


def test_what_ansible_keeps_where_it_is_told_to(stage, site, registry, monkeypatch):
    """Modules come in files with their arguments, which Ansible removes, unless it is told otherwise.

    The host was given the login of the registry, which it needs for the pull, and no secret of the API. What asks
    Connectware for its version is a module too, and runs on the controller.
    """
    registry.publish(VERSION)
    monkeypatch.setenv("ANSIBLE_KEEP_REMOTE_FILES", "1")
    site.rollout(agents_version="auto").ok()
    stage.learn_tokens(site.simulator)
    seeker = Seeker(stage.secrets)
    assert {leak.secret for leak in seeker.leaks("host", contents_of(stage.host_tmp))} == {"registry password"}
    controller = contents_of(stage.folder / "controller-tmp")
    assert {leak.secret for leak in seeker.leaks("controller", controller)} == {"password"}


@pytest.fixture
def traces(request: pytest.FixtureRequest) -> Iterator[str]:
    """A prefix for what a test plants in the engine."""
    request.getfixturevalue("agent_images")
    prefix = f"connectware-agent-planted-{secrets.token_hex(4)}"
    yield prefix
    docker("rm", "--force", prefix, check=False)
    docker("volume", "rm", prefix, check=False)
    docker("rmi", "--force", prefix, check=False)


def test_a_planted_secret_is_found_in_every_spelling_and_place(stage, traces):
    """The counterpart: the search above can find something."""
    stage.secrets["password"] = secret = new_secret("planted")
    whole = "\n".join(needle.decode() for needle in spellings(secret).values())
    (stage.folder / "home" / ".ansible").mkdir()
    planted = {"files left": [stage.folder / "home" / ".ansible" / "x", stage.folder / "ansible.log"]}
    for path in planted["files left"]:
        path.write_text(whole)
    stage.outputs.append(whole)
    stage.reports.append(whole)
    docker("create", "--name", traces, "--env", f"X={whole}", f"{IMAGE}:{VERSION}")
    docker("volume", "create", "--label", f"x={whole}", traces)
    docker("commit", "--change", f"LABEL x={json.dumps(secret)}", traces, traces)
    with stage.sampler:
        (stage.host_tmp / "AnsiballZ_x.py").write_text(whole)
        passing = [path / "for-a-moment" for path in stage.places.values()]
        for path in passing:
            path.write_text(whole)
        sleeper = [sys.executable, "-c", "import sys; sys.stdin.read()", "agent.py", whole]
        running = subprocess.Popen(sleeper, stdin=subprocess.PIPE, env={"X": whole})
        ours = IN_SYSTEM_LOG in stage.sampler.seen
        if ours:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
                log.sendto(whole.encode(), SYSTEM_LOG)
        awaited = {ON_HOST, "command lines", "environment of agents",
                   *(f"files in {name} meanwhile" for name in stage.places)}  # fmt: skip
        for place in awaited:  # there may be other command lines, and other agents
            until(lambda place=place: secret.encode() in b"".join(stage.sampler.seen[place].copy()), place)
        running.communicate(b"")
        for path in (stage.host_tmp / "AnsiballZ_x.py", *passing):
            path.unlink()
    found = {(leak.place, leak.spelling) for leak in stage.leaks(traces, traces)}
    everywhere = {"output", "report", "files left", "containers", "volumes", *awaited, *[IN_SYSTEM_LOG] * ours}
    distinct = {needle: name for name, needle in reversed(spellings(secret).items())}
    # The engine prints JSON: what has quotes or backslashes is spelled in another way there.
    changed = {name for needle, name in distinct.items() if set(needle) & set(b'"\\')}
    missed = {(place, name) for place in everywhere for name in distinct.values()} - found
    assert missed <= {(place, name) for place in ("containers", "volumes") for name in changed}
    for place in ("containers", "volumes", "images"):
        assert {(place, "JSON"), (place, "JSON, fit for HTML")} & found, f"in {place}"
