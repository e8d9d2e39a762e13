# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looking until there is news."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from unit.plugins.module_utils._docker.fake_engine import CutOff, FakeEngine, report

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import Observation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.patterns import parse_patterns
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.engine import connect
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.look import PAUSE, TargetLook, look
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.observe import Observer, Target
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import EngineUnavailableError


@dataclass
class World:
    """Agents that change at given times, on a clock that only moves while somebody waits or looks."""

    changes: dict[str, float]
    look_takes: float = 0.0
    time: float = 0.0
    looks: int = 0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept.append(seconds)
        self.time += max(seconds, 0.001)

    def observe_each(self, targets: list[Target], _volumes: Any) -> list[Observation]:
        self.looks += 1
        self.time += self.look_takes
        return [self.observe(target.name) for target in targets]

    def observe(self, name: str) -> Observation:
        state = "running" if self.time >= self.changes[name] else "created"
        return Observation(name, name, name, name, state=state)


SEEN = Observation("x", "x", "x", "x", state="created").fingerprint()


def ask(
    fake: FakeEngine, world: World, wait: float, linger: float = 0.5, seen: str = SEEN, restart: bool = False
) -> list[str]:
    looks = [TargetLook(Target(name, name, name, name), restart=restart, seen=seen) for name in world.changes]
    engine = connect({"docker_host": fake.address, "docker_timeout": 5})
    observations = look(
        engine, world, looks,  # type: ignore[arg-type]  # fake
        wait=wait, linger=linger, sleep=world.sleep, now=world.now,
    )  # fmt: skip
    return [observation.state for observation in observations]


def test_nothing_seen_before_is_not_waited_for(fake: FakeEngine) -> None:
    world = World({"a": 99, "b": 99})
    assert ask(fake, world, 10, seen="") == ["created", "created"]
    assert (world.looks, world.slept) == (1, [])


def test_all_changed_ends_at_once(fake: FakeEngine) -> None:
    world = World({"a": 2.0, "b": 2.0})
    assert ask(fake, world, 10) == ["running", "running"]
    assert 2.0 <= world.time <= 2.0 + PAUSE


def test_lingers_for_the_others(fake: FakeEngine) -> None:
    world = World({"a": 2.0, "b": 2.4, "c": 9.0})
    assert ask(fake, world, 10) == ["running", "running", "created"]
    assert 2.4 <= world.time <= 2.5 + 2 * PAUSE


@pytest.mark.parametrize("wait", [0.0, 0.1, 3.0])
def test_time_is_out(wait: float, fake: FakeEngine) -> None:
    world = World({"a": 99})
    assert ask(fake, world, wait) == ["created"]
    assert wait <= world.time <= wait + 0.01


def test_a_slow_engine_is_left_in_peace(fake: FakeEngine) -> None:
    world = World({"a": 99}, look_takes=1.0)
    ask(fake, world, 10)
    assert world.looks <= 6


def test_what_was_restarted_is_waited_for_from_then_on(fake: FakeEngine) -> None:
    for name in "ab":
        fake.say("POST", f"/containers/{name}/restart", b"", status=204)
    world = World({"a": 2.0, "b": 2.0})
    assert ask(fake, world, 10, seen="of before the restart", restart=True) == ["running", "running"]
    assert world.time >= 2.0
    assert sorted(fake.writes()) == [("POST", "/containers/a/restart"), ("POST", "/containers/b/restart")]


@pytest.mark.parametrize(("config", "seconds"), [({"StopTimeout": 45}, "45"), ({"StopTimeout": 0}, "0"), ({}, "10")])
def test_a_restart_gives_the_agent_the_time_that_its_container_says(
    config: dict[str, Any], seconds: str, fake: FakeEngine
) -> None:
    asked: list[dict[str, str]] = []
    fake.say("GET", "/containers/a/json", report(Config=config))
    fake.say("POST", "/containers/a/restart", lambda options: asked.append(options) or b"", status=204)
    ask(fake, World({"a": 0}), 1, restart=True)
    assert [options["t"] for options in asked] == [seconds]


def test_a_restart_may_take_as_long_as_the_agent_may_take_to_stop(
    fake: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On top of what any answer of the engine may take."""
    fake.say("GET", "/containers/a/json", report(Config={"StopTimeout": 45}))
    engine = connect({"docker_host": fake.address, "docker_timeout": 5})
    waits: list[float] = []
    send = engine.client.send

    def noted(request: Any, **options: Any) -> Any:
        if request.url.partition("?")[0].endswith("/restart"):
            waits.append(options["timeout"])
        return send(request, **options)

    monkeypatch.setattr(engine.client, "send", noted)
    target = Target("a", "a", "a", "a")
    look(engine, World({"a": 0}), [TargetLook(target, restart=True)], wait=0, linger=0)  # type: ignore[arg-type]  # fake
    assert waits == [50]


def test_what_the_engine_cannot_do_about_one_agent_is_its_trouble_alone(fake: FakeEngine) -> None:
    """And it is news, which the others need not wait for."""
    fake.say("POST", "/containers/a/restart", {"message": "task 0123: already exists"}, status=500)
    fake.say("POST", "/containers/b/restart", b"", status=204)
    world = World({"a": 100.0, "b": 0.0})
    engine = connect({"docker_host": fake.address, "docker_timeout": 5})
    looks = [TargetLook(Target(name, name, name, name), restart=True, seen="before") for name in "ab"]
    first, second = look(
        engine, world, looks, wait=60, linger=0.5, sleep=world.sleep, now=world.now  # type: ignore[arg-type]  # fake
    )  # fmt: skip
    assert "Could not restart the container a" in first.trouble and "already exists" in first.trouble
    assert second.trouble == "" and second.state == "running"
    assert ("POST", "/containers/b/restart") in fake.writes()


def test_what_the_engine_cannot_show_of_one_agent_is_its_trouble_alone(fake: FakeEngine) -> None:
    fake.say("GET", "/containers/a/json", {"message": "layer does not exist"}, status=500)
    engine = connect({"docker_host": fake.address, "docker_timeout": 5})
    observer = Observer(engine, parse_patterns(None))
    first, second = look(engine, observer, [TargetLook(Target(n, n, n, n)) for n in "ab"], wait=0, linger=0)
    assert "layer does not exist" in first.trouble
    assert second.trouble == "" and second.state == "absent"


@pytest.mark.parametrize("path", ["/containers/a/json", "/containers/connectware-agent-press-1/logs"])
def test_one_whose_answer_breaks_off_is_its_trouble_alone(path: str, fake: FakeEngine) -> None:
    fake.say("GET", "/containers/a/json", report())
    fake.say("GET", path, CutOff(b'{"Id": '))
    engine = connect({"docker_host": fake.address, "docker_timeout": 5})
    observer = Observer(engine, parse_patterns(None))
    first, second = look(engine, observer, [TargetLook(Target(n, n, n, n)) for n in "ab"], wait=0, linger=0)
    assert "ended in the middle" in first.trouble
    assert second.trouble == "" and second.state == "absent"
    assert [asked for _method, _version, asked in fake.asked].count(path) == 2


@pytest.mark.parametrize("path", ["/containers/a/json", "/containers/connectware-agent-press-1/logs", "/volumes"])
def test_an_engine_that_ends_in_the_middle_of_an_answer_is_away(path: str, fake: FakeEngine) -> None:
    def end(_options: dict[str, str]) -> bytes:
        fake.shutdown()
        fake.server_close()
        Path(fake.address.partition("://")[2]).unlink()
        return CutOff(b'{"Id": ')

    fake.say("GET", "/containers/a/json", report())
    engine = connect({"docker_host": fake.address, "docker_timeout": 5})
    fake.say("GET", path, end)
    with pytest.raises(EngineUnavailableError):
        look(engine, Observer(engine, parse_patterns(None)), [TargetLook(Target(*"aaaa"))], wait=0, linger=0)


def test_an_engine_that_is_away_is_nobodys_own_trouble(fake: FakeEngine) -> None:
    engine = connect({"docker_host": fake.address, "docker_timeout": 5})
    fake.shutdown()
    fake.server_close()
    Path(fake.address.partition("://")[2]).unlink()
    with pytest.raises(EngineUnavailableError):
        look(engine, Observer(engine, parse_patterns(None)), [TargetLook(Target(*"aaaa"), True)], wait=0, linger=0)


def test_nothing_is_written(fake: FakeEngine) -> None:
    ask(fake, World({"a": 0}), 1)
    assert fake.writes() == []
