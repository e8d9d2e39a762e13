# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the docker layer sees of agents at a real engine: credentials, logs, news; and what a look costs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.bed import docker
from integration.layer_host import BASE, PAIRING, PARAMS, Host
from simulator.harness import until

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.names import LABEL_AGENT
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import Observation
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker import credentials
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.engine import Engine
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.show import show

# -------------------------------------------------------------------------------------------------------- credentials

CONTENTS = {
    "nothing": ("true", False),
    "an empty file": ("touch /data/credentials", False),
    "folders and links": ("mkdir -p /data/lost+found /data/a/b; ln -s /etc/passwd /data/link", False),
    "a pipe": ("mkfifo /data/pipe", False),
    "a file": ("echo x > /data/credentials", True),
    "a hidden file in a folder": ("mkdir -p /data/a/b /data/c; echo x > /data/a/b/.hidden", True),
    "a file that only root may read": ("umask 077; echo x > /data/k", True),
}


@pytest.mark.parametrize("content", CONTENTS)
def test_credentials(content: str, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Running and stopped, by the folder of the volume and by the engine's archive: the same answer."""
    script, expected = CONTENTS[content]
    agent = host.agent(env={"DL_SCRIPT": f"{script}; echo done; exec sleep 3600"})
    host.converge(agent)
    until(lambda: "done" in docker("logs", agent["name"]), "the script has ended", 60)
    for stopped in (False, True):
        if stopped:
            docker("stop", "-t", "0", agent["name"])
        for local in (True, False):
            monkeypatch.setattr(Engine, "is_local", local)
            (seen,) = host.look(agent)["observations"]
            assert seen["credentials"] is expected, (stopped, local)


def test_a_large_volume_is_not_read(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = host.agent(env={"DL_SCRIPT": "head -c 200000000 /dev/zero > /data/big; echo done; exec sleep 3600"})
    host.converge(agent)
    until(lambda: "done" in docker("logs", agent["name"]), "the file is there", 120)
    monkeypatch.setattr(Engine, "is_local", False)
    taken: list[int] = []
    real = credentials.first_file

    def counted(chunks: Iterator[bytes], others: list[str]) -> bool | None:
        return real((taken.append(len(chunk)) or chunk for chunk in chunks), others)

    monkeypatch.setattr(credentials, "first_file", counted)
    (seen,) = host.look(agent)["observations"]
    assert seen["credentials"] is True
    assert 0 < sum(taken) < 100_000
    docker("stop", "-t", "0", agent["name"])  # engines of 20.10 would block here if the archive were still open


def test_the_folder_of_another_machine_is_not_believed(host: Host, tmp_path: Path) -> None:
    """The path of the volume exists here too, but is not the engine's: its archive is asked."""
    agent = host.agent(env={"DL_SCRIPT": "echo x > /data/k; echo done; exec sleep 3600"})
    host.converge(agent)
    until(lambda: "done" in docker("logs", agent["name"]), "the script has ended", 60)
    report = host.engine.client.inspect_container(agent["name"])
    report["Mounts"][0]["Source"] = str(tmp_path)
    assert credentials.has_credentials(host.engine, report) is True


# ---------------------------------------------------------------------------------------------------------------- log


def script_of(name: str) -> str:
    """A new pairing ID at each start, as early as can be, and the last one again when it is stopped."""
    line = PAIRING.format(name=name, id="$id")
    return (
        f'id=$(head -c 3 /dev/urandom | od -An -tx1 | tr -d " \\n"); echo "{line}"; echo $id > /tmp/id;'
        f" trap 'echo \"{line}\"; exit 0' TERM; while :; do sleep 0.05; done"
    )


def test_only_the_current_start_counts(host: Host) -> None:
    """Many starts, without any line that marks a start: never an event of the one before, never one too few."""
    fleet = [host.agent(n, env={"DL_SCRIPT": script_of(host.agent(n)["name"])}) for n in range(1, 5)]
    host.converge(*fleet)
    for _unused in range(5):
        host.look(*({**agent, "restart": True} for agent in fleet))
        for agent in fleet:
            until(lambda agent=agent: docker("exec", agent["name"], "cat", "/tmp/id", check=False), "it has started")
        for agent, seen in zip(fleet, host.look(*fleet)["observations"], strict=True):
            assert [e["pairing_id"] for e in seen["events"]] == [docker("exec", agent["name"], "cat", "/tmp/id")]


def test_log_that_cannot_be_read(host: Host) -> None:
    seen = host.one(log_driver="none")["observation"]
    assert (seen["log_driver"], seen["log_readable"], seen["events"]) == ("none", False, [])


def test_local_log_is_read(host: Host) -> None:
    name = host.agent()["name"]
    agent = host.agent(log_driver="local", env={"DL_SCRIPT": script_of(name)})
    host.converge(agent)
    until(lambda: host.look(host.agent())["observations"][0]["events"], "the pairing is seen", 60)


def test_terminal(host: Host) -> None:
    """A container with a terminal has a log of another form."""
    name = host.agent()["name"]
    line = PAIRING.format(name=name, id="a82123")
    label = f"{LABEL_AGENT}={name}"
    docker("run", "-dt", "--name", name, "--label", label, BASE, "sh", "-c", f"echo '{line}'; sleep 60")
    until(lambda: "a82123" in docker("logs", name), "the line is there", 60)
    (seen,) = show(host.engine, {**PARAMS, "names": [name]}, False)["agents"]
    assert [event["pairing_id"] for event in seen["observation"]["events"]] == ["a82123"]
    assert seen["observation"]["credentials"] is None


def test_the_end_of_a_large_log_is_read(host: Host) -> None:
    name = host.agent()["name"]
    lines = [PAIRING.format(name=name, id=identity) for identity in ("a82123", "b82123")]
    noise = "yes 0123456789012345678901234567890123456789012345678901234567890123456789 | head -n 40000"
    agent = host.agent(env={"DL_SCRIPT": f"echo '{lines[0]}'; {noise}; echo '{lines[1]}'; echo done; sleep 3600"})
    host.converge(agent)
    until(lambda: docker("logs", "--tail", "1", name) == "done", "all is written", 120)
    (seen,) = host.look(host.agent())["observations"]
    assert [event["pairing_id"] for event in seen["events"]] == ["a82123", "b82123"]
    assert seen["last_lines"][-1] == "done"


# --------------------------------------------------------------------------------------------------------------- look


def test_look_waits_for_news(host: Host) -> None:
    name = host.agent()["name"]
    line = PAIRING.format(name=name, id="a82123")
    script = f"while [ ! -e /tmp/go ]; do sleep 0.05; done; echo '{line}'; sleep 3600"
    host.converge(host.agent(env={"DL_SCRIPT": script}))
    (seen,) = host.look(host.agent())["observations"]
    fingerprint = Observation.from_dict(seen).fingerprint()
    asked = {**host.agent(), "seen": fingerprint}
    began = time.monotonic()
    assert host.look(asked, wait=0.6)["observations"][0]["events"] == []
    assert 0.6 <= time.monotonic() - began < 3
    docker("exec", name, "touch", "/tmp/go")
    began = time.monotonic()
    (seen,) = host.look(asked, wait=30)["observations"]
    assert time.monotonic() - began < 10
    assert [event["pairing_id"] for event in seen["events"]] == ["a82123"]


def test_look_restarts_what_is_asked_for_only(host: Host) -> None:
    fleet = [host.agent(n) for n in (1, 2, 3)]
    host.converge(*fleet)
    docker("stop", "-t", "0", fleet[2]["name"])
    before = [(host.container(n) or {})["State"]["StartedAt"] for n in (1, 2, 3)]
    looks = [{**fleet[0], "restart": True}, fleet[1], {**fleet[2], "restart": True}]
    absent = {**host.agent(4), "restart": True}
    predicted = host.look(*looks, absent, check=True)
    assert not predicted["changed"]
    assert [(host.container(n) or {})["State"]["StartedAt"] for n in (1, 2, 3)] == before
    done = host.look(*looks, absent)
    assert done["changed"]
    after = [(host.container(n) or {})["State"]["StartedAt"] for n in (1, 2, 3)]
    assert [one != other for one, other in zip(before, after, strict=True)] == [True, False, True]
    assert [seen["state"] for seen in done["observations"]] == ["running", "running", "running", "absent"]


def test_show(host: Host) -> None:
    host.converge(host.agent(1), host.agent(2, username="somebody-else"))
    names = [host.agent(n)["name"] for n in (1, 2)]
    shown = show(host.engine, {**PARAMS, "names": names}, False)["agents"]
    assert [(a["name"], a["username"], a["volume"]) for a in shown] == [
        (names[0], names[0], names[0]),
        (names[1], "somebody-else", names[1]),
    ]
    everybody = show(host.engine, {**PARAMS, "names": []}, False)["agents"]
    assert set(names) <= {agent["name"] for agent in everybody}


# --------------------------------------------------------------------------------------------------------------- cost


@pytest.mark.alone
def test_ten_agents_with_nothing_to_do(host: Host) -> None:
    fleet = [host.agent(n) for n in range(10)]
    host.converge(*fleet)
    times = []
    for _unused in range(3):
        began = time.monotonic()
        assert not host.converge(*fleet)["changed"]
        times.append(time.monotonic() - began)
    assert min(times) < 0.7, times
