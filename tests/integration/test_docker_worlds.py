# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random worlds of the docker layer: specs change, others meddle with the engine, and runs are killed or refused.

Whatever happened, the next run says beforehand what it does, brings each agent to its spec, and loses nothing; the one
after it has nothing to do. What is there and what should be there is told by the docker command and a small reading of
the documentation, never by the code under test. CONNECTWARE_DOCKER_WORLDS sets how many worlds; each has its seed.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from integration.bed import LABEL, docker, inspect
from integration.layer_host import IMAGE, Host

WORLDS = int(os.environ.get("CONNECTWARE_DOCKER_WORLDS", "3"))
STEPS = 3
WRITES = (
    "create_container", "create_volume", "remove_container", "remove_volume", "rename", "start", "stop", "unpause",
    "update_container",
)  # fmt: skip
# Option: values; one of them, or none, is asked for. The first is the default.
VALUES: dict[str, list[Any]] = {
    "image": [f"{IMAGE}:1", f"{IMAGE}:2"],
    "env": [{}, {"A": 1}, {"A": "x=y", "B": True}],
    "labels": [{}, {"line": 2}],
    "restart_policy": ["unless-stopped", "always", "on-failure", "no"],
    "memory": [None, "64m"],
    "cpus": [None, 0.5],
    "pids_limit": [512, 100, 0],
    "user": ["", "1000"],
    "capabilities": [[], ["net_raw"]],
    "read_only": [False, True],
    "stop_timeout": [2, 1],
    "log_driver": ["json-file", "local"],
    "network_mode": ["none", "bridge"],
    "volume": [None, "second"],
}
BAD = {"user": "no-such-user"}  # which only the start of a container shows


def in_volume(volume: str, *command: str) -> str:
    return docker("run", "--rm", "--network", "none", "-v", f"{volume}:/v", f"{IMAGE}:1", *command)


class Killed(BaseException):
    """The module is gone."""


class Cut:
    """The client of an engine with which something goes wrong at one of its writes, before or after it was done."""

    def __init__(self, client: Any, at: int, late: bool, wrong: Callable[[], BaseException]) -> None:
        self._client, self._left, self._late, self._wrong = client, at, late, wrong
        self._dead = False

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)
        return self._cut(real) if name in WRITES else real

    def _cut(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if self._dead:
                raise self._wrong()
            self._left -= 1
            due = self._left == 0
            self._dead = due and isinstance(self._wrong(), Killed)
            if due and not self._late:
                raise self._wrong()
            answer = real(*args, **kwargs)
            if due:
                raise self._wrong()
            return answer

        return call


class World:
    def __init__(self, host: Host, seed: int) -> None:
        self.host, self.chance = host, random.Random(seed)
        self.wants: list[dict[str, Any]] = [{} for _number in range(self.chance.choice([1, 2]))]
        self.said: list[str] = []
        self.kept: dict[str, str] = {}  # a file in each volume, by the volume
        self.bad: set[int] = set()
        docker("tag", f"{IMAGE}:2", f"{IMAGE}:second")
        docker("create", "--name", f"{host.prefix}1-other", "-v", f"{host.prefix}others:/data", f"{IMAGE}:1")

    def name(self, number: int) -> str:
        return f"{self.host.prefix}{number + 1}"

    def agents(self) -> list[dict[str, Any]]:
        agents = [self.host.agent(number + 1, **wants) for number, wants in enumerate(self.wants)]
        for number, agent in enumerate(agents):
            agent["volume"] = self.volume(number)
            agent.update(BAD if number in self.bad else {})
        return agents

    def volume(self, number: int) -> str:
        return self.name(number) + (self.wants[number].get("volume") or "")

    def everything(self) -> dict[str, Any]:
        """All that the engine tells of what has our prefix, but for what it counts by itself."""
        found: dict[str, Any] = {}
        for name in docker("ps", "-a", "--format", "{{.Names}}", "--filter", f"name={self.host.prefix}").split():
            one = inspect("container", name) or {}
            found[name] = {part: one[part] for part in ("Id", "Config", "HostConfig", "Mounts", "State")}
        for name in docker("volume", "ls", "-q", "--filter", f"name={self.host.prefix}").split():
            found["volume " + name] = inspect("volume", name)["Labels"]  # type: ignore[index]  # it was listed
        return found

    def own(self, number: int) -> list[str]:
        listed = docker("ps", "-a", "--format", "{{.Names}}", "--filter", f"label={LABEL}={self.name(number)}")
        return listed.split()

    def change(self) -> None:
        for wants in self.wants:
            for option in self.chance.sample(sorted(VALUES), self.chance.choice([0, 1, 2])):
                wants[option] = self.chance.choice(VALUES[option])
        self.bad = {number for number in range(len(self.wants)) if self.chance.random() < 0.15}
        self.said.append(f"wanted: {self.wants}, cannot be started: {self.bad}")

    def meddle(self) -> None:
        name = self.name(self.chance.randrange(len(self.wants)))
        half = ["create", "--name", f"{name}.next", "--label", f"{LABEL}={name}", "-v", f"{name}:/data", f"{IMAGE}:1"]
        command = self.chance.choice(
            [
                ["stop", "--time", "1", name], ["kill", name], ["pause", name], ["rm", "-f", name],
                ["rename", name, f"{name}-moved"], ["rename", name, f"{name}.previous"], half,
                ["update", "--restart", "on-failure:3", name], ["update", "--cpus", "0.7", name],
                ["network", "disconnect", "bridge", name], ["tag", f"{IMAGE}:1", f"{IMAGE}:2"],
                ["volume", "create", f"{name}second"], ["volume", "rm", f"{name}.unregistered"],
            ]
        )  # fmt: skip
        docker(*command, check=False)
        self.said.append("others: " + " ".join(command))

    def disturbed_run(self) -> None:
        """One that is killed, or to which the engine says no once."""
        at, late = self.chance.randint(1, 8), self.chance.random() < 0.5
        kind = self.chance.choice([Killed, OSError])
        self.said.append(f"{kind.__name__} {'after' if late else 'before'} write {at}")
        client, before, since = self.host.engine.client, self.everything(), time.time()
        self.host.engine.client = Cut(client, at, late, lambda: kind("the engine says no"))
        try:
            self.host.converge(*self.agents())
        except Killed:
            pass
        finally:
            self.host.engine.client = client
        self.nothing_is_lost(before, since)

    def nothing_is_lost(self, before: dict[str, Any], since: float) -> None:
        after = self.everything()
        for name, labels in before.items():
            assert after.get(name) == labels or not name.startswith("volume "), name
        other = f"{self.host.prefix}1-other"
        assert after[other] == before[other], "somebody else's container was touched"
        for volume, text in self.kept.items():
            mounted = inspect("volume", volume)
            assert mounted is not None, f"{volume} is gone"
            assert text in in_volume(volume, "ls", "/v"), volume
        for number in range(len(self.wants)):
            self.never_two_at_once(number, before, since)

    def never_two_at_once(self, number: int, before: dict[str, Any], since: float) -> None:
        """By the engine's own account of the time since then."""
        mine = [one for one in before.values() if one and one.get("Config", {}).get("Labels", {}).get(LABEL)]
        mine = [one for one in mine if one["Config"]["Labels"][LABEL] == self.name(number)]
        running = {one["Id"] for one in mine if one["State"]["Running"]}
        period = ["--since", f"{since:.9f}", "--until", f"{time.time():.9f}"]
        label = f"label={LABEL}={self.name(number)}"
        told = docker("events", *period, "--filter", label, "--format", "{{.Action}} {{.Actor.ID}}")
        for action, container in (line.split() for line in told.splitlines() if line.startswith(("start ", "die "))):
            running = running | {container} if action == "start" else running - {container}
            assert len(running) < 2, f"{running} run at once: {told}"

    def keep(self) -> None:
        for number in range(len(self.wants)):
            volume = self.volume(number)
            if inspect("volume", volume) and volume not in self.kept:
                self.kept[volume] = f"kept-{number}"
                in_volume(volume, "touch", f"/v/kept-{number}")

    def settles(self) -> None:
        before, since = self.everything(), time.time()
        predicted = self.host.converge(*self.agents(), check=True)
        assert self.everything() == before, "check mode has changed something"
        done = self.host.converge(*self.agents())
        self.nothing_is_lost(before, since)
        after = self.everything()
        failed = {self.name(number) for number in self.bad} & {
            agent["name"] for agent in done["agents"] if agent["error"]
        }
        for number, (told, agent) in enumerate(zip(predicted["agents"], done["agents"], strict=True)):
            if agent["name"] in failed:
                assert f"agent {agent['name']}: Could not start" in done["msg"] and "run again" in agent["error"]
                assert not [name for name in self.own(number) if name.endswith(".next")]
                continue
            assert not agent["error"], agent["error"]
            for word in ("action", "changed", "drift", "previous_image", "replaced_container"):
                assert told[word] == agent[word], f"{word} of {agent['name']}"
            self.is_as_wanted(number)
            same = before.get(agent["name"], {}).get("Id") == after[agent["name"]]["Id"]
            assert same or agent["action"] in ("created", "recreated")
        again = self.host.converge(*self.agents())
        assert {agent["name"] for agent in again["agents"] if agent["error"]} == failed
        assert all(not agent["changed"] for agent in again["agents"] if agent["name"] not in failed), again
        if not failed:
            assert predicted["diff"] == done["diff"]
            assert self.everything() == after, "nothing was to be done"

    def is_as_wanted(self, number: int) -> None:
        name = self.name(number)
        assert self.own(number) == [name], "one container of its own, under its name"
        found = inspect("container", name) or {}
        want = {**{option: values[0] for option, values in VALUES.items()}, **self.wants[number]}
        config, limits = found["Config"], found["HostConfig"]
        env = dict(entry.partition("=")[::2] for entry in config["Env"])
        texts = {key: str(value).lower() if value is True else str(value) for key, value in want["env"].items()}
        mode, network = limits["NetworkMode"], list(found["NetworkSettings"]["Networks"])
        image = inspect("image", want["image"]) or {}
        have = {
            "running": (found["State"]["Running"], found["State"]["Paused"]),
            "image": found["Image"],
            "env": {key: env.get(key) for key in ("A", "B") if key in env},
            "labels": config["Labels"].get("line"),
            "restart_policy": (limits["RestartPolicy"]["Name"], limits["RestartPolicy"]["MaximumRetryCount"]),
            "limits": (limits["Memory"], limits["NanoCpus"], limits["PidsLimit"] or 0),
            "user": config["User"],
            "capabilities": (limits["CapAdd"] or [], limits["CapDrop"]),
            "read_only": limits["ReadonlyRootfs"],
            "stop_timeout": config["StopTimeout"],
            "log_driver": limits["LogConfig"]["Type"],
            "network": mode if mode == "none" else network,
            "volume": [mount["Name"] for mount in found["Mounts"] if mount["Destination"] == "/data"],
        }
        assert have == {
            "running": (True, False),
            "image": image["Id"],
            "env": texts,
            "labels": {key: str(value) for key, value in want["labels"].items()}.get("line"),
            "restart_policy": (want["restart_policy"], 0),
            "limits": (64 * 1024**2 if want["memory"] else 0, int((want["cpus"] or 0) * 1e9), want["pids_limit"]),
            "user": want["user"],
            "capabilities": ([text.upper() for text in want["capabilities"]], ["ALL"]),
            "read_only": want["read_only"],
            "stop_timeout": want["stop_timeout"],
            "log_driver": want["log_driver"],
            "network": "none" if want["network_mode"] == "none" else ["bridge"],
            "volume": [self.volume(number)],
        }


@pytest.mark.parametrize("seed", range(WORLDS))
def test_whatever_happens_the_next_run_brings_all_to_what_is_wanted(seed: int, host: Host) -> None:
    world = World(host, seed)
    try:
        for step in range(STEPS):
            if step:
                world.change()
                world.meddle()
                world.meddle()
            if world.chance.random() < 0.5:
                world.disturbed_run()
            world.settles()
            world.keep()
    except Exception as exc:  # whatever it is, by which way it came there is to be told
        raise AssertionError("\n".join([f"seed {seed}", *world.said, str(exc)])) from exc
    finally:
        docker("tag", f"{IMAGE}:second", f"{IMAGE}:2")


WRITES_OF_A_REPLACEMENT = 6  # create, stop, rename, rename, start, remove


@pytest.mark.parametrize("done", range(1, WRITES_OF_A_REPLACEMENT))
def test_killed_while_a_container_that_was_renamed_is_replaced(done: int, host: Host) -> None:
    """By somebody, or because the inventory has another name for it: the next run finishes it."""
    host.one(init=True)
    name = host.agent()["name"]
    docker("rename", name, f"{name}-moved")
    client = host.engine.client
    host.engine.client = Cut(client, done, True, Killed)
    with pytest.raises(Killed):
        host.one(init=True, env={"N": 1})
    host.engine.client = client
    host.one(init=True, env={"N": 1})
    found = docker("ps", "-a", "--format", "{{.Names}} {{.State}}", "--filter", f"label={LABEL}={name}")
    assert found.splitlines() == [f"{name} running"]
    assert host.one(init=True, env={"N": 1})["action"] == "none"


def test_one_that_was_renamed_keeps_that_name_where_the_new_one_cannot_be_started(host: Host) -> None:
    before = host.one(init=True)["observation"]["container_id"]
    name = host.agent()["name"]
    docker("rename", name, f"{name}-moved")
    assert host.converge(host.agent(init=True, **BAD))["failed"]
    told = docker("ps", "-a", "--no-trunc", "--format", "{{.Names}} {{.State}} {{.ID}}", "--filter", f"name={name}")
    assert told.splitlines() == [f"{name}-moved running {before}"]
