# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source against the simulator, with a queue in place of ansible-rulebook."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from simulator.harness import Simulator, until
from unit.extensions.eda.sources import SOURCE, Running, running

HOSTILE = "{{ lookup('ansible.builtin.pipe', 'touch templated') }}\x1b[31m"
AGENTS = ("hh-press-01", "hh-press-02", "mu-robot-01")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    started = Simulator(tmp_path_factory.mktemp("simulator") / "state").start()
    yield started
    started.stop()


@pytest.fixture
def simulator(server: Simulator) -> Simulator:
    """With all agents registered."""
    server.control("POST", "reset")
    register(server, *AGENTS)
    return server


def register(simulator: Simulator, *usernames: str) -> None:
    for username in usernames:
        made = {"username": username, "created_by": "client-registry", "role": "connectware-agent"}
        simulator.control("POST", "users", made)


def ask(simulator: Simulator, username: str, pairing_id: str = "a82123") -> None:
    simulator.control("POST", "window", {"open_ms": 600_000})
    simulator.control("POST", "register", {"username": username, "pairing_id": pairing_id})


@pytest.fixture
def args(simulator: Simulator, tmp_path: Path) -> dict[str, Any]:
    inventory = {
        "all": {
            "hosts": {
                "hamburg": {"agents_list": [{"name": "hh-press-01"}, {"name": "hh-press-02"}]},
                "munich": {"agents_list": [{"name": "mu-robot-01"}]},
                "office": {},
            }
        }
    }
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory))
    return {
        "connectware_url": simulator.endpoints["url"],
        "connectware_ca_path": simulator.endpoints["ca_path"],
        "connectware_username": "reader",
        "connectware_password": simulator.passwords()["reader"],
        "inventory": [str(tmp_path / "inventory.yml")],
        "interval": 0.1,
        "grace": 0.3,
        "connected": False,
    }


async def looks(simulator: Simulator, count: int = 3) -> None:
    """Let it look so many times more."""
    so_far = seen(simulator)
    while seen(simulator) < so_far + count:
        await asyncio.sleep(0.05)


def seen(simulator: Simulator) -> int:
    return int(simulator.control("GET", "requests")["operations"].get("registry_list", 0))


def writes(simulator: Simulator) -> int:
    return int(simulator.control("GET", "requests")["writes"])


async def quiet(source: Running, simulator: Simulator) -> None:
    """It looks on, and has nothing to say."""
    await asyncio.wait_for(looks(simulator, 5), 10)
    assert source.queue.empty() and not source.task.done()


def test_an_agent_disappears_and_returns(simulator: Simulator, args: dict[str, Any]) -> None:
    async def story() -> None:
        async with running(args) as source:
            await quiet(source, simulator)
            simulator.control("DELETE", "users/mu-robot-01")
            said = await source.next()
            assert (said["type"], said["name"], said["host"]) == ("agent_disappeared", "mu-robot-01", "munich")
            assert source.events[0]["meta"] == {"hosts": ["munich"]}
            await quiet(source, simulator)
            register(simulator, "mu-robot-01")
            assert (await source.next())["type"] == "agent_returned"
            await quiet(source, simulator)

    simulator.control("POST", "reset-counters")
    asyncio.run(story())
    counted = simulator.control("GET", "requests")
    assert counted["writes"] == 0 and counted["operations"]["login"] == 1


def test_an_agent_that_is_not_connected_any_more(simulator: Simulator, args: dict[str, Any], tmp_path: Path) -> None:
    from simulator.harness import Agent

    simulator.control("DELETE", "users/hh-press-01")
    agent = Agent(simulator, tmp_path / "data", "hh-press-01").start()
    try:
        simulator.control("POST", "window", {"open_ms": 60_000})
        until(lambda: simulator.state()["pending"], "the agent asks")
        answer = simulator.client()("POST", "/api/client-registry/confirm", json={"username": "hh-press-01"})
        assert answer.ok, answer.text
        until(lambda: "hh-press-01" in simulator.connected(), "the agent is connected")

        async def story() -> None:
            async with running({**args, "connected": True}) as source:
                await quiet(source, simulator)
                agent.stop()
                said = await source.next()
                assert (said["type"], said["name"], said["reason"]) == (
                    "agent_disappeared",
                    "hh-press-01",
                    "not_connected",
                )
                agent.start()
                assert (await source.next())["type"] == "agent_returned"

        asyncio.run(story())
    finally:
        agent.stop()


def test_requests_of_agents_and_of_strangers(simulator: Simulator, args: dict[str, Any], tmp_path: Path) -> None:
    simulator.control("DELETE", "users/hh-press-02")

    async def story() -> None:
        async with running(args) as source:
            assert (await source.next())["type"] == "agent_disappeared", "it had no user when the source started"
            ask(simulator, HOSTILE, "{{ 7 * 7 }}")
            said = await source.next()
            assert (said["type"], said["known"], said["host"]) == ("pending_request", False, None)
            assert not {"{", "}", "\x1b", "'"} & set(json.dumps(source.events[-1]["connectware"]["username"]))
            assert said["pairing_ids"] == ["?? 7 ? 7 ??"]
            assert source.events[-1]["meta"] == {"hosts": ["localhost"]}
            ask(simulator, "hh-press-02")
            said = await source.next()
            assert (said["type"], said["known"], said["host"]) == ("pending_request", True, "hamburg")
            assert (said["pairing_ids"], said["registered"]) == (["a82123"], False)
            await quiet(source, simulator)

    simulator.control("POST", "reset-counters")
    asyncio.run(story())
    assert writes(simulator) == 0, "nothing was authorized, opened or deleted"
    assert not list(tmp_path.glob("**/templated")) and not Path("templated").exists()


def test_an_outage_is_an_outage(simulator: Simulator, args: dict[str, Any]) -> None:
    async def story() -> None:
        async with running(args) as source:
            await quiet(source, simulator)
            simulator.control("POST", "faults", {"status": 503, "count": 0})
            said = await source.next(40)
            assert (said["type"], said["kind"], said["notice"]) == ("connectware_unreachable", "ServerError", True)
            assert "HTTP 503" in said["message"]
            # It comes back another way, as a proxy would answer; that is the same outage.
            simulator.control("DELETE", "faults")
            simulator.control("POST", "faults", {"status": 404, "count": 0})
            await quiet(source, simulator)
            simulator.control("DELETE", "faults")
            assert (await source.next(40))["type"] == "connectware_reachable"
            await quiet(source, simulator)

    asyncio.run(story())


def test_it_waits_for_a_connectware_that_is_not_there_yet(simulator: Simulator, args: dict[str, Any]) -> None:
    async def story() -> None:
        simulator.control("POST", "faults", {"status": 502, "count": 0})
        async with running(args) as source:
            assert (await source.next(40))["type"] == "connectware_unreachable"
            simulator.control("DELETE", "faults")
            assert (await source.next(40))["type"] == "connectware_reachable"

    asyncio.run(story())


def test_many_at_once_are_a_matter_for_people(simulator: Simulator, args: dict[str, Any]) -> None:
    async def story() -> None:
        async with running({**args, "max_disappeared": "1"}) as source:
            await quiet(source, simulator)
            for username in AGENTS[:2]:
                simulator.control("DELETE", f"users/{username}")
            said = await source.next()
            # Whoever looks between the two sees one first; it was not told, because it was not gone for long enough.
            assert (said["type"], said["count"], said["most"]) == ("many_disappeared", 2, 1)
            await quiet(source, simulator)

    asyncio.run(story())


def test_an_inventory_that_grows_is_read_again(simulator: Simulator, args: dict[str, Any], tmp_path: Path) -> None:
    async def story() -> None:
        async with running({**args, "reload": 0.2}) as source:
            await quiet(source, simulator)
            path = tmp_path / "inventory.yml"
            inventory = yaml.safe_load(path.read_text())
            path.write_text("{ no YAML")
            await quiet(source, simulator)
            inventory["all"]["hosts"]["office"] = {"agents_list": [{"name": "of-printer-01"}]}
            path.write_text(yaml.safe_dump(inventory))
            said = await source.next()
            assert (said["type"], said["name"], said["host"]) == ("agent_disappeared", "of-printer-01", "office")

    asyncio.run(story())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"connectware_password": "wrong-password-0987"}, "401"),
        ({"connectware_username": "nobody"}, "/api/client-registry"),
        ({"connectware_ca_path": None}, "certificate"),
        ({"connectware_url": "http://127.0.0.1"}, "https"),
        ({"inventory": ["nowhere"]}, "there is no nowhere"),
        ({"intervall": 5}, "intervall"),
    ],
)
def test_what_can_never_work_ends_it_with_what_to_do(
    simulator: Simulator, args: dict[str, Any], wrong: dict[str, Any], said: str
) -> None:
    if wrong.get("connectware_username") == "nobody":
        wrong = {**wrong, "connectware_password": simulator.passwords()["nobody"]}

    async def story() -> None:
        async with running({**args, **wrong}) as source:
            await source.next()

    with pytest.raises(Exception, match="Could not") as caught:
        asyncio.run(story())
    assert type(caught.value).__name__.endswith("Error") and said in str(caught.value)
    assert args["connectware_password"] not in str(caught.value) and "wrong-password-0987" not in str(caught.value)


def test_no_secret_is_in_an_event_or_a_log(
    simulator: Simulator, args: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = args["connectware_password"]

    async def story() -> None:
        async with running(args) as source:
            await quiet(source, simulator)
            simulator.control("POST", "faults", {"status": 500, "count": 0, "body": f"it was {secret}"})
            await source.next(40)
            simulator.control("DELETE", "faults")
            await source.next(40)
            ask(simulator, "stranger")
            await source.next(40)
            assert secret not in json.dumps(source.events) + caplog.text

    asyncio.run(story())
    assert "HTTP 500" in caplog.text


def test_it_ends_at_once_even_while_connectware_does_not_answer(simulator: Simulator, args: dict[str, Any]) -> None:
    async def story() -> float:
        async with running(args) as source:
            await quiet(source, simulator)
            simulator.control("POST", "faults", {"delay": 4, "count": 0})
            so_far = len(simulator.control("GET", "requests")["log"])
            while len(simulator.control("GET", "requests")["log"]) == so_far:
                await asyncio.sleep(0.05)
            return time.monotonic()

    asked = asyncio.run(story())
    assert time.monotonic() - asked < 3, "the process does not wait for an answer that nobody wants"


def test_the_loop_is_not_held_up(simulator: Simulator, args: dict[str, Any]) -> None:
    """What else runs in it has its turn between a request and its answer, which comes after half a minute."""

    async def story() -> list[str | None]:
        simulator.control("POST", "faults", {"delay": 30})
        patient = {**args, "agents": [{"name": "x", "host": "y"}], "inventory": None, "connectware_timeout": 60}
        async with running(patient) as source:
            while simulator.control("GET", "faults")["faults"] and not source.task.done():  # until it has asked
                await asyncio.sleep(0.02)
            assert not source.task.done()
            return [entry["fault"] for entry in simulator.control("GET", "requests")["log"]]

    assert "delay" not in asyncio.run(story()), "its answer had come before anything else had its turn"


SECOND_SOURCE = """
import asyncio, runpy, sys
first = runpy.run_path(sys.argv[1])["main"]
try:
    asyncio.run(first(asyncio.Queue(), {}))
except Exception as exc:
    print(type(exc).__name__)
print(callable(runpy.run_path(sys.argv[1])["main"]))
"""


def test_a_rulebook_can_have_sources_after_this_one(tmp_path: Path) -> None:
    """ansible-rulebook runs each by its path, in one process, which knows nothing of collections at first."""
    (tmp_path / "ansible_collections" / "edgefleet").mkdir(parents=True)
    collection = tmp_path / "ansible_collections" / "edgefleet" / "connectware"
    collection.symlink_to(SOURCE.parents[4])
    path = collection / SOURCE.relative_to(SOURCE.parents[4])
    done = subprocess.run(
        [sys.executable, "-c", SECOND_SOURCE, str(path)], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.stdout.split() == ["SpecError", "True"], done.stderr
