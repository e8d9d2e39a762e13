# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rulebook under the real ansible-rulebook: an agent that disappears is rolled out again, on its host alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from integration.bed import COLLECTIONS, Factory, play_locally
from simulator.harness import until

pytestmark = pytest.mark.long

STRANGER = "all,{{ lookup('ansible.builtin.pipe', 'touch templated') }}\x1b[31m"
SHOWN = "all,?? lookup(?ansible.builtin.pipe?, ?touch templated?) ????31m"
ROLLOUT = "Rolling out to"  # said once for each rollout; the output of one that failed is there twice


def notice_playbook(path: Path) -> list[dict[str, Any]]:
    """What a user would write: the name goes into a task, where Ansible fills in templates."""
    line = "{{ ansible_eda.event.connectware.username | default('nobody') }}"
    task = {"ansible.builtin.lineinfile": {"path": str(path), "create": True, "line": line}}
    return [{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]


@dataclass
class Rulebook:
    """An ansible-rulebook that runs in the folder of a site, whose password it must never say."""

    site: Factory
    process: subprocess.Popen[bytes]
    log: Path

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def says(self, text: str, seconds: float = 90, times: int = 1) -> None:
        def said() -> bool:
            assert self.process.poll() is None, self.output()
            return self.output().count(text) >= times

        try:
            until(said, f"{text!r} is said {times} times", seconds)
        except AssertionError as exc:
            raise AssertionError(f"{exc}\n{self.output()}") from None

    def looks(self, count: int) -> None:
        """Let it look at Connectware so many times more."""
        so_far = self.looked()
        until(lambda: self.looked() >= so_far + count, "it looks at Connectware", 120)

    def looked(self) -> int:
        return sum(entry["user"] == "reader" for entry in self.site.counts()["log"])

    def end(self) -> bool:
        """Whether it ends at once, as a service manager ends it; a Java in the process makes 143 of success."""
        self.process.terminate()
        return self.process.wait(20) in (0, 128 + signal.SIGTERM)


@pytest.fixture
def notice() -> str:
    """The playbook for what people must know; empty where the rulebook runs without one, as documented by default."""
    return "notice.yml"


@pytest.fixture
def rulebook(factory: Callable[..., Factory], tmp_path: Path, notice: str) -> Iterator[Rulebook]:
    """Two hosts with an agent each, rolled out, and the rulebook that watches them."""
    play_locally("java.yml", ansible_python_interpreter=sys.executable)
    site = factory(2)
    hosts = {f"host-{number}": {"agents_list": [agent]} for number, agent in enumerate(site.agents, 1)}
    hosts["localhost"] = {}
    site.play("rollout", hosts=hosts).ok()
    passwords, end = site.simulator.passwords(), site.simulator.endpoints
    (tmp_path / "notice.yml").write_text(yaml.safe_dump(notice_playbook(tmp_path / "notices")))
    variables = {
        "connectware_inventory": "inventory.yml",
        "connectware_interval": 1,
        "connectware_grace": 3,
        **({"connectware_notice_playbook": notice} if notice else {}),
    }
    (tmp_path / "variables.yml").write_text(yaml.safe_dump(variables))
    site.count_from_now()
    log = tmp_path / "rulebook.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            ["ansible-rulebook", "-r", "edgefleet.connectware.rollout", "-i", "inventory.yml", "-e", "variables.yml"],
            cwd=tmp_path,
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
                "ANSIBLE_NOCOLOR": "1",
                # It looks with an account that may only read; the rollout has its own in the inventory.
                "CONNECTWARE_URL": end["url"],
                "CONNECTWARE_CA_PATH": end["ca_path"],
                "CONNECTWARE_USERNAME": "reader",
                "CONNECTWARE_PASSWORD": passwords["reader"],
            },
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    started = Rulebook(site, process, log)
    try:
        until(lambda: process.poll() is not None or started.looked() >= 4, "it looks at Connectware", 120)
        assert process.poll() is None, started.output()
        yield started
        assert passwords["reader"] not in started.output() and passwords["rollout"] not in started.output()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)


def confirmed(site: Factory) -> int:
    return int(site.counts()["operations"].get("registry_confirm", 0))


def test_an_agent_that_disappears_is_rolled_out_on_its_host_alone(rulebook: Rulebook) -> None:
    site = rulebook.site
    first, second = site.names()
    before = site.starts()
    site.simulator.control("DELETE", f"users/{first}")
    rulebook.says(f"{first} of host-1 is back in Connectware.")
    assert first in site.simulator.usernames()
    until(lambda: site.connected(first), "the agent is connected")
    rulebook.says("PLAY RECAP")
    output = rulebook.output()
    assert output.count(ROLLOUT) == 1 and "host-1 " in output.partition("PLAY RECAP")[2], output
    assert "host-2" not in output, "neither the play nor its recap has the other host"
    assert site.starts()[second] == before[second]
    assert confirmed(site) == 1

    # An agent that comes and goes does not start a rollout each time.
    site.simulator.control("DELETE", f"users/{first}")
    rulebook.looks(20)
    assert rulebook.output().count(ROLLOUT) == 1
    assert first not in site.simulator.usernames()

    # Another host is not held up by that.
    site.simulator.control("DELETE", f"users/{second}")
    rulebook.says(f"{second} of host-2 is back in Connectware.")
    rulebook.says("PLAY RECAP", times=2)
    assert second in site.simulator.usernames()
    assert rulebook.end()
    assert site.workers() == []


@pytest.mark.parametrize("notice", ["notice.yml", ""], ids=["playbook", "documented"])
def test_a_stranger_is_told_of_and_never_let_in(rulebook: Rulebook, tmp_path: Path, notice: str) -> None:
    site = rulebook.site
    before = site.starts()
    site.simulator.control("POST", "window", {"open_ms": 600_000})
    ask(site, STRANGER)
    rulebook.says(f"Somebody asks to be registered as {SHOWN}, pairing ID a82123.")
    notices = tmp_path / "notices"
    if notice:
        until(lambda: notices.exists() and SHOWN in notices.read_text(), "the user's own playbook has run", 120)
    rulebook.looks(10)
    assert notices.exists() == bool(notice) and ("PLAY RECAP" in rulebook.output()) == bool(notice)
    assert ROLLOUT not in rulebook.output()
    assert not list(tmp_path.glob("**/templated"))
    assert confirmed(site) == site.counts()["writes"] == 0
    assert [name for name, _id in site.pending()] == [STRANGER]
    assert STRANGER not in site.simulator.usernames() and site.starts() == before

    # Somebody asks under the name of an agent that has to ask itself: its host is looked at, and nobody is let in.
    _first, second = site.names()
    site.simulator.control("DELETE", f"users/{second}")
    ask(site, second)
    rulebook.says(f"{ROLLOUT} host-2.")
    rulebook.says("PLAY RECAP", 150, times=2 if notice else 1)
    output = rulebook.output()
    assert output.count(ROLLOUT) == 1 and "impostor" in output and "host-1" not in output, output
    assert confirmed(site) == 0 and second not in site.simulator.usernames()
    assert rulebook.end()


def test_a_request_under_the_name_of_an_agent_that_is_there_is_looked_at(rulebook: Rulebook) -> None:
    """Its user stays, so nothing has disappeared: the request alone leads to the rollout, which lets nobody in."""
    site = rulebook.site
    before = site.starts()
    _first, second = site.names()
    site.simulator.control("PUT", "switches", {"conflict_told_by": "confirm"})
    site.simulator.control("POST", "window", {"open_ms": 600_000})
    ask(site, second)
    rulebook.says(f"{second} of host-2 asks to be registered, pairing ID a82123. {ROLLOUT} host-2.")
    rulebook.says("PLAY RECAP", 150)
    output = rulebook.output()
    assert "has disappeared" not in output and output.count(ROLLOUT) == 1, output
    assert "impostor" in output and "host-1" not in output, output
    assert confirmed(site) == 0 and site.starts() == before
    assert second in site.simulator.usernames()
    assert rulebook.end()


def ask(site: Factory, username: str) -> Any:
    return site.simulator.control("POST", "register", {"username": username, "pairing_id": "a82123"})
