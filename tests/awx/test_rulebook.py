# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rulebook of the guide that starts a job template of AWX, under the real ansible-rulebook.

As the guide has it, with its commands; it only looks more often. The job template is the one that awx_setup makes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from awx.server import Awx
from awx.setup import Setup
from guides.pages import ROOT, blocks
from integration.bed import COLLECTIONS, play_locally
from simulator.harness import Simulator, until

pytestmark = pytest.mark.long

GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_eda.rst"
STRANGER = "hh-press-99"


def block(language: str, text: str) -> str:
    (found,) = [each.code for each in blocks(GUIDE) if each.language == language and text in each.code]
    return found


def written(path: Path) -> dict[str, str]:
    """Writes the rulebook of the guide; returns the agent that it watches."""
    (rulebook,) = yaml.safe_load(block("yaml", "run_job_template"))
    (source,) = [each["edgefleet.connectware.registry"] for each in rulebook["sources"]]
    assert set(source) == {"agents"}
    source |= {"interval": 1, "grace": 2}
    path.write_text(yaml.safe_dump([rulebook]))
    (agent,) = source["agents"]
    return dict(agent)


class Watch:
    """A rulebook that runs.

    Args:
        log: what it says.
    """

    def __init__(self, process: subprocess.Popen[bytes], log: Path, simulator: Simulator) -> None:
        self._process, self._log, self._simulator = process, log, simulator

    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def looks(self, count: int) -> None:
        """Let it look at Connectware so many times more."""
        so_far = self._looked()
        until(lambda: self._ended() or self._looked() >= so_far + count, "it looks at Connectware", 90)
        assert not self._ended(), self.output()

    def _ended(self) -> bool:
        return self._process.poll() is not None

    def _looked(self) -> int:
        return sum(entry["user"] == "reader" for entry in self._simulator.control("GET", "requests")["log"])


@contextmanager
def watching(folder: Path, code: str, token: str, simulator: Simulator) -> Iterator[Watch]:
    """The commands of the guide, typed in this folder, and the token."""
    end = simulator.endpoints
    log = folder / "rulebook.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            ["bash", "-e", "-c", code],
            cwd=folder,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("EDA_")},
                "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
                "CONNECTWARE_URL": end["url"],
                "CONNECTWARE_CA_PATH": end["ca_path"],
                "CONNECTWARE_USERNAME": "reader",
                "CONNECTWARE_PASSWORD": simulator.passwords()["reader"],
                "EDA_JOB_TEMPLATE_REFRESH_DELAY": "0.5",
            },
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    assert process.stdin is not None
    process.stdin.write(f"{token}\n".encode())
    process.stdin.close()
    try:
        yield Watch(process, log, simulator)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def test_an_agent_that_disappears_starts_the_job_template_for_its_host(
    awx: Awx, setup: Setup, simulator: Simulator, tmp_path: Path
) -> None:
    play_locally("java.yml", ansible_python_interpreter=sys.executable)
    setup.run().ok()
    agent = written(tmp_path / "rulebook.yml")
    code = block("shell", "EDA_CONTROLLER_TOKEN").replace("https://awx.example.com", awx.url)
    code = code.replace("/etc/ssl/factory-ca.pem", str(awx.ca))
    simulator.control("POST", "reset")
    simulator.control("POST", "users", {"username": agent["name"]})
    with watching(tmp_path, code, awx.token, simulator) as watch:
        watch.looks(4)
        simulator.control("POST", "window", {"open_ms": 600_000})
        simulator.control("POST", "register", {"username": STRANGER, "pairing_id": "a82123"})
        watch.looks(10)
        assert awx.jobs.launched == [], "a stranger starts nothing"

        simulator.control("DELETE", f"users/{agent['name']}")
        until(lambda: awx.jobs.launched, "the job template is started", 120)
        until(lambda: "successful" in [job["status"] for job in awx.jobs.launched], "its end is noticed", 120)
        # It comes and goes, and asks itself: the same host is not rolled out again and again.
        simulator.control("POST", "users", {"username": agent["name"]})
        watch.looks(6)
        simulator.control("DELETE", f"users/{agent['name']}")
        simulator.control("POST", "register", {"username": agent["name"], "pairing_id": "b82123"})
        watch.looks(10)
        (job,) = awx.jobs.launched
        assert job["name"] == "Connectware north: rollout" and job["limit"] == agent["host"]
        event = job["extra_vars"]["ansible_eda"]["event"]["connectware"]
        assert (event["name"], event["type"]) == (agent["name"], "agent_disappeared")
        assert simulator.control("GET", "requests")["writes"] == 0 and awx.refused == []
        assert awx.token not in watch.output()


def test_without_an_awx_it_does_not_start(simulator: Simulator, tmp_path: Path) -> None:
    """The message that the guide names."""
    written(tmp_path / "rulebook.yml")
    play_locally("java.yml", ansible_python_interpreter=sys.executable)
    with watching(tmp_path, "ansible-rulebook -r rulebook.yml", "", simulator) as watch:
        until(lambda: "needs controller url and token to be defined" in watch.output(), "it says what is missing", 120)
    assert "which needs controller url and token to be defined" in " ".join(GUIDE.read_text().split())
