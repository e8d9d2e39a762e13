# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A job as AWX runs it: what it puts into the private data dir of ansible-runner, and the three steps that follow.

AWX writes inventory, environment, variables, settings, the command line and, for a job template that keeps facts, the
fact cache (awx/main/tasks/jobs.py and facts.py of github.com/ansible/awx at 24.6.1), sends all of it with
`ansible-runner transmit` to `ansible-runner worker`, and reads what comes back with `ansible-runner process`. Here the
worker runs on this machine instead of in a container of the execution environment.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import ansible_runner
import yaml
from awx.setup import PROJECT
from integration.bed import COLLECTIONS, ROOT
from jinja2.sandbox import ImmutableSandboxedEnvironment

VARIABLES = ROOT / "roles" / "awx" / "vars" / "main"
DEFAULTS = ROOT / "roles" / "awx" / "defaults" / "main.yml"


class Loader(yaml.SafeLoader):
    """For a file with texts that Ansible must not fill in."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def role_variables() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in VARIABLES.glob("*.yml"):
        found |= yaml.load(path.read_text(), Loader)
    return found


def command_line(limit: str = "") -> list[str]:
    """The options of ansible-playbook, as RunJob.build_args makes them of the job templates of the role."""
    defaults = yaml.safe_load(DEFAULTS.read_text())
    become = ["--become"] if defaults["awx_become"] else []
    limited = ["-l", limit] if limit else []
    return ["-u", "root", *become, f"--forks={defaults['awx_forks']}", *limited]


class Filename:
    """`tower.filename` of the templates."""


class Tower:
    """`tower` of the templates."""

    def __init__(self) -> None:
        self.filename = Filename()


def injected(inputs: dict[str, Any], folder: Path, seen_as: Path) -> dict[str, str]:
    """The environment of a job with a credential of our type, by the role's own injectors.

    As CredentialType.inject_credential does (awx/main/models/credential): empty fields are left out, a boolean that is
    not there is false, files are written beside the environment and known by the path that the job sees.
    """
    fields = role_variables()["__awx_credential_inputs"]["fields"]
    injectors = role_variables()["__awx_credential_injectors"]
    names: dict[str, Any] = {field["id"]: False for field in fields if field["type"] == "boolean"}
    names |= {name: value for name, value in inputs.items() if isinstance(value, bool) or value}
    assert set(names) <= {field["id"] for field in fields}
    tower = Tower()
    sandbox = ImmutableSandboxedEnvironment()
    for label, template in injectors["file"].items():
        path = folder / "env" / f"tmp_{label.partition('.')[2]}"
        path.write_text(sandbox.from_string(template).render(**names, tower=tower))
        path.chmod(0o600)
        setattr(tower.filename, label.partition(".")[2], str(seen_as / "env" / path.name))
    return {
        name: sandbox.from_string(template).render(**names, tower=tower) for name, template in injectors["env"].items()
    }


class Job:
    """One job, or one slice of it.

    Args:
        folder: where it gets its three folders: what is sent, where it runs, and what came back.
        playbook: of the project of the example.
        inventory: as the scripts of Ansible print it.
        inputs: of the credential for Connectware.
        number: of the job in AWX.
        limit: that was answered at its start.
        facts: files of the fact cache by name; None where the job template keeps no facts, as those of the role.
    """

    def __init__(
        self,
        folder: Path,
        playbook: str,
        inventory: dict[str, Any],
        inputs: dict[str, Any],
        number: int = 1,
        *,
        limit: str = "",
        facts: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        self.number = number
        self._limit, self._facts = limit, facts
        self.sent, self.worker, self.back = (folder / name for name in ("sent", "worker", "back"))
        for path in (self.sent / "env", self.sent / "inventory", self.worker, self.back):
            path.mkdir(parents=True)
        shutil.copytree(PROJECT, self.sent / "project")
        self.playbook = playbook
        script = self.sent / "inventory" / "hosts"
        script.write_text(f"#! /usr/bin/env python3\nprint({json.dumps(inventory)!r})\n")
        script.chmod(0o700)
        self.environment = {
            **injected(inputs, self.sent, self.worker),
            "ANSIBLE_FORCE_COLOR": "True",
            "ANSIBLE_HOST_KEY_CHECKING": "False",
            "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
            "ANSIBLE_RETRY_FILES_ENABLED": "False",
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "AWX_HOST": "https://awx.example.com",
            "JOB_ID": str(number),
            "MAX_EVENT_RES": "700000",
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.status = "unstarted"
        self.events: list[dict[str, Any]] = []

    def start(self, **variables: Any) -> Job:
        """With the answers of a survey."""
        (self.sent / "env" / "extravars").write_text(json.dumps({"awx_job_id": self.number, **variables}))
        (self.sent / "env" / "envvars").write_text(json.dumps(self.environment))
        (self.sent / "env" / "cmdline").write_text(ansible_runner.utils.args2cmdline(*command_line(self._limit)))
        if self._facts is not None:
            cache = self.sent / "artifacts" / str(self.number) / "fact_cache"
            cache.mkdir(mode=0o700, parents=True)
            for name, facts in self._facts.items():
                (cache / name).write_text(json.dumps(facts))
        settings = {"job_timeout": 0, "suppress_ansible_output": True, "suppress_output_file": True, "idle_timeout": 30}
        (self.sent / "env" / "settings").write_text(json.dumps(settings))
        with (self.sent / "stream").open("wb") as stream:
            ansible_runner.interface.run(
                streamer="transmit", _output=stream, private_data_dir=str(self.sent), playbook=self.playbook,
                inventory=str(self.sent / "inventory" / "hosts"), ident=str(self.number),
                fact_cache_type="" if self._facts is None else "jsonfile",
            )  # fmt: skip
        ours = ("ANSIBLE_", "CONNECTWARE_")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        with (self.sent / "stream").open("rb") as stream, (self.back / "stream").open("wb") as answer:
            self._process = subprocess.Popen(
                ["ansible-runner", "worker", "--private-data-dir", str(self.worker)],
                env=environment, stdin=stream, stdout=answer, start_new_session=True,
            )  # fmt: skip
        return self

    def end(self, seconds: float = 120) -> Job:
        """What AWX knows of it afterwards."""
        assert self._process is not None
        assert self._process.wait(seconds) == 0
        with (self.back / "stream").open("rb") as answer:
            came = ansible_runner.interface.run(
                streamer="process", _input=answer, private_data_dir=str(self.back), ident=str(self.number), quiet=True,
                event_handler=self._keep,
            )  # fmt: skip
        self.status = came.status
        return self

    def _keep(self, event: dict[str, Any]) -> bool:
        self.events.append(event)
        return True  # it becomes a file of the artifacts too

    @property
    def output(self) -> str:
        return "\n".join(event["stdout"] for event in self.events if event["stdout"])

    @property
    def fact_cache(self) -> dict[str, dict[str, Any]]:
        """Files of the fact cache that have come back; AWX keeps those that are named as hosts are."""
        files = (self.back / "artifacts" / str(self.number) / "fact_cache").glob("*")
        return {path.name: json.loads(path.read_text()) for path in files}

    @property
    def hosts(self) -> set[str]:
        """The hosts that the job has come to."""
        (stats,) = [event for event in self.events if event["event"] == "playbook_on_stats"]
        return set(stats["event_data"]["processed"])

    @property
    def changed(self) -> dict[str, int]:
        """How many tasks have changed something, by host; without hosts where none has."""
        (stats,) = [event for event in self.events if event["event"] == "playbook_on_stats"]
        return stats["event_data"]["changed"]

    @property
    def silence(self) -> float:
        """The longest time between two events, in seconds."""
        times = sorted(datetime.fromisoformat(event["created"]) for event in self.events)
        return max((later - earlier).total_seconds() for earlier, later in itertools.pairwise(times))
