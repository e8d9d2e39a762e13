# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules agents and agents_info see of agents: credentials, logs, and which agents are ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from integration.bed import docker
from integration.layer import (
    BASE,
    IMAGE,
    SAYS_PAIRING,
    CountedEngine,
    Layer,
    everything,
    status,
)
from simulator.harness import until


def test_credentials_are_seen_in_every_state(layer: Layer) -> None:
    fill = {
        "nothing": ("true", False),
        "empty": (": >/data/file", False),
        "folder": ("mkdir -p /data/a/b", False),
        "symlink": ("ln -s /etc/passwd /data/link", False),
        "deep": ("mkdir -p /data/a/b; echo x >/data/a/b/c", True),
        "file": ("echo x >/data/file", True),
    }
    agents = [{"name": name, "env": {"DL_RUN": run}} for name, (run, _unused) in fill.items()]
    layer.agents(agents).ok()

    def seen(**options: Any) -> dict[str, bool]:
        answer = layer.module("agents_info", names=[layer.name(name) for name in fill], **options).ok()
        return {name: answer.seen(layer.name(name))["credentials"] for name in fill}

    expected = {name: credentials for name, (_unused, credentials) in fill.items()}
    until(lambda: seen() == expected, "they have written")
    for name in fill:
        docker("stop", layer.container(name))
    assert seen() == expected
    for name in fill:  # created, never started
        docker("rm", "-f", layer.container(name))
        label = f"edgefleet.connectware.agent={layer.name(name)}"
        volume = f"{layer.container(name)}:/data"
        docker("create", "--name", layer.container(name), "--label", label, "-v", volume, BASE, "true")
    assert seen() == expected
    assert {status(layer.container(name)) for name in fill} == {"created"}


def test_a_container_without_the_folder(layer: Layer) -> None:
    label = f"edgefleet.connectware.agent={layer.name('a')}"
    docker("create", "--name", layer.container("a"), "--label", label, BASE, "true")
    seen = layer.module("agents_info", names=[layer.name("a")]).ok().seen(layer.name("a"))
    assert (seen["credentials"], seen["volume"], seen["state"]) == (None, "", "created")


def test_a_large_volume_is_not_pulled_and_nothing_is_asked_twice(layer: Layer, tmp_path: Path) -> None:
    agents = [{"name": str(number)} for number in range(3)]
    layer.agents(agents).ok()
    docker("exec", layer.container("0"), "dd", "if=/dev/zero", "of=/data/a", "bs=1M", "count=200", "status=none")
    engine = CountedEngine(tmp_path / "engine.sock")
    answer = layer.agents(agents, docker_host=engine.address).ok()
    engine.close()
    assert answer.seen(layer.name("0"))["credentials"] is True
    assert not answer.changed
    assert engine.received < 3 * 1024 * 1024, "a socket's worth, not the volume"
    # version, containers, volumes and image once; for each agent its report, its log and its archive
    assert len(engine.requests) <= 4 + 3 * len(agents), engine.requests
    assert all(request.startswith(("GET ", "HEAD ")) for request in engine.requests)


def test_only_the_current_start_counts(layer: Layer) -> None:
    once = f"test -e /data/seen || {{ {SAYS_PAIRING}; }}; touch /data/seen"
    agents = [{"name": "again", "env": {"DL_RUN": SAYS_PAIRING}}, {"name": "once", "env": {"DL_RUN": once}}]
    layer.agents(agents).ok()

    def events(name: str) -> list[str]:
        return [event["kind"] for event in layer.agents(agents).seen(layer.name(name))["events"]]

    for name in ("again", "once"):
        until(lambda name=name: "pairing" in docker("logs", layer.container(name)), f"{name} has spoken")
        assert events(name) == ["asking_new", "pairing"]
        docker("restart", layer.container(name))
    until(lambda: docker("logs", layer.container("again")).count("pairing") == 2, "it asks again")
    answer = layer.agents(agents).ok()
    assert not answer.changed
    assert answer.seen(layer.name("once"))["events"] == [], "an old pairing line means nothing"
    assert answer.seen(layer.name("once"))["asked_after"] is not None
    last = docker("logs", layer.container("again")).splitlines()[-1].rpartition(" ")[2]
    found = answer.seen(layer.name("again"))["events"]
    assert [event["kind"] for event in found] == ["asking_new", "pairing"]
    assert found[-1]["pairing_id"] == last


def test_logs_of_every_kind(layer: Layer) -> None:
    noise = r"printf '\000\001\377\033[31mred\033[0m\n{\n'; head -c 100000 /dev/urandom; echo; "
    agents: list[dict[str, Any]] = [
        {"name": "binary", "env": {"DL_RUN": noise + SAYS_PAIRING}},
        {"name": "local", "env": {"DL_RUN": SAYS_PAIRING}, "log_driver": "local"},
        {"name": "none", "env": {"DL_RUN": SAYS_PAIRING}, "log_driver": "none"},
    ]
    layer.agents(agents).ok()
    label = f"edgefleet.connectware.agent={layer.name('tty')}"
    run = ["-t", "--name", layer.container("tty"), "--label", label]
    docker(
        "run",
        "-d",
        *run,
        "-e",
        f"CYBUS_MQTT_USERNAME={layer.name('tty')}",
        "-e",
        f"DL_RUN={SAYS_PAIRING}",
        f"{IMAGE}:1",
    )
    names = ("binary", "local", "none", "tty")

    def seen() -> dict[str, dict[str, Any]]:
        answer = layer.module("agents_info", names=[layer.name(name) for name in names]).ok()
        return {name: answer.seen(layer.name(name)) for name in names}

    until(lambda: all(seen()[name]["events"] for name in ("binary", "local", "tty")), "they have spoken")
    found = seen()
    for name in ("binary", "local", "tty"):
        assert found[name]["log_readable"], name
        assert [event["kind"] for event in found[name]["events"]] == ["asking_new", "pairing"], name
        assert found[name]["events"][-1]["username"] == layer.name(name)
    assert not found["none"]["log_readable"]
    assert (found["none"]["log_driver"], found["none"]["events"], found["none"]["state"]) == ("none", [], "running")
    assert all(line.isprintable() for line in found["binary"]["last_lines"])


def test_agents_info_shows_ours_only_and_changes_nothing(layer: Layer) -> None:
    layer.agents([{"name": "a", "username": "somebody"}, {"name": "b"}]).ok()
    docker("create", "--name", layer.name("stranger"), BASE, "true")
    before = everything(layer.prefix)
    every = layer.module("agents_info").ok()
    assert not every.changed
    assert {name for name in every.agents if name.startswith(layer.prefix + "-")} == {layer.name("a"), layer.name("b")}
    one = layer.module("agents_info", names=[layer.name("a")]).ok()
    assert [(a["name"], a["username"], a["container"], a["volume"]) for a in one.result["agents"]] == [
        (layer.name("a"), "somebody", layer.container("a"), layer.container("a"))
    ]
    assert one.seen(layer.name("a"))["state"] == "running"
    assert everything(layer.prefix) == before
