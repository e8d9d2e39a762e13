# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role docker_host on bare machines: containers of Debian 12, with real packages and a real engine started in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from integration.factory_host import AS_A_MACHINE

HERE = Path(__file__).parent
IMAGE = "debian:bookworm-slim"
PYTHON_ONLY = (
    "apt-get update -qq && apt-get install -qq -y --no-install-recommends python3 && rm -rf /var/lib/apt/lists"
)


def docker(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"docker {' '.join(arguments)}: {done.stderr}")
    return done.stdout.strip()


@dataclass
class Machine:
    """A container that Ansible takes for a machine."""

    name: str
    folder: Path

    def shell(self, command: str, check: bool = True) -> str:
        return docker("exec", self.name, "sh", "-c", command, check=check)

    def apply(self, *options: str, user: str = "", **role_vars: Any) -> Outcome:
        """Run the role here."""
        play = {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [
                {"ansible.builtin.import_role": {"name": "edgefleet.connectware.docker_host"}, "vars": role_vars}
            ],
        }
        playbook = self.folder / "playbook.json"
        playbook.write_text(json.dumps([play]))
        done = subprocess.run(
            ["ansible-playbook", "-i", f"{self.name},", "-c", "container", *options, str(playbook)],
            env={
                **os.environ,
                "ANSIBLE_CONNECTION_PLUGINS": str(HERE / "connection_plugins"),
                "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_PIPELINING": "1",
                "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
                "ANSIBLE_REMOTE_USER": user,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return Outcome(done.returncode, done.stdout + done.stderr)


@dataclass(frozen=True)
class Outcome:
    status: int
    output: str

    @property
    def recap(self) -> dict[str, int]:
        line = self.output.rpartition("PLAY RECAP")[2].splitlines()[1]
        return {key: int(value) for key, value in (word.split("=") for word in line.split(":", 1)[1].split())}

    @property
    def words(self) -> str:
        """The output with white space made even, for texts that YAML folded."""
        return " ".join(self.output.split())


@pytest.fixture(scope="module")
def image_with_python() -> Iterator[str]:
    """The bare image plus the one thing that Ansible needs on a host; without package lists, as on a minimal set-up."""
    name = f"connectware-test-bare-{uuid.uuid4().hex[:8]}"
    docker("run", "--name", name, IMAGE, "sh", "-c", PYTHON_ONLY)
    try:
        docker("commit", name, f"{name}:latest")
        yield f"{name}:latest"
    finally:
        docker("rm", "--force", "--volumes", name, check=False)
        docker("rmi", "--force", f"{name}:latest", check=False)


@pytest.fixture
def machine(image_with_python: str, tmp_path: Path) -> Iterator[Machine]:
    name = f"connectware-test-host-{uuid.uuid4().hex[:8]}"
    docker(
        "run",
        "--detach",
        "--init",
        "--name",
        name,
        *AS_A_MACHINE,
        "--volume=/var/lib/docker",
        image_with_python,
        "sleep",
        "infinity",
    )
    try:
        yield Machine(name, tmp_path)
    finally:
        docker("rm", "--force", "--volumes", name, check=False)


@pytest.mark.long
def test_a_bare_machine_becomes_a_factory_host_and_stays_one(machine: Machine) -> None:
    predicted = machine.apply("--check")
    assert predicted.status == 0, predicted.output
    assert "Would install docker.io, ca-certificates, apparmor, python3-docker" in predicted.words
    assert "Would start Docker Engine as a background process" in predicted.words
    assert predicted.recap["changed"] > 0
    assert machine.shell("command -v dockerd; ls /var/lib/apt/lists", check=False) == ""

    first = machine.apply()
    assert first.status == 0, first.output
    assert first.recap["changed"] > 0
    assert machine.shell("python3 -c 'import docker; print(docker.from_env().ping())'") == "True"

    second = machine.apply()
    assert second.status == 0, second.output
    assert second.recap["changed"] == 0

    # A killed engine leaves its PID file, and the number may belong to another process by now.
    machine.shell("kill -KILL $(pidof dockerd) $(pidof containerd) && echo 1 >/var/run/docker.pid")
    third = machine.apply()
    assert third.status == 0, third.output
    assert "Would install" not in third.output
    assert machine.shell("docker version --format '{{.Server.APIVersion}}'") == "1.41"

    machine.shell("useradd --create-home fitter")
    let_in = machine.apply(docker_host_users=["fitter"])
    assert let_in.status == 0, let_in.output
    assert "fitter" in machine.shell("getent group docker")
    assert machine.apply(docker_host_users=["fitter"]).recap["changed"] == 0
    as_member = machine.apply(user="fitter")
    assert as_member.status == 0, as_member.output


def test_without_privileges_it_says_what_is_missing_and_to_become_root(machine: Machine) -> None:
    machine.shell("useradd --create-home fitter")

    outcome = machine.apply(user="fitter")

    assert outcome.status == 2
    assert f"Host {machine.name} (Debian 12" in outcome.words
    assert "the docker SDK for /usr/bin/python3" in outcome.words
    assert "Set `become: true`" in outcome.words


def test_an_unknown_distribution_is_refused_before_anything_is_changed(machine: Machine) -> None:
    machine.shell(
        "printf 'ID=slackware\\nNAME=Slackware\\nVERSION_ID=15.0\\n' >/etc/os-release; rm /etc/debian_version"
    )
    machine.shell("cp /etc/os-release /usr/lib/os-release; echo 'Slackware 15.0' >/etc/slackware-version")

    outcome = machine.apply()

    assert outcome.status == 2
    assert "is none that this role can install packages on" in outcome.words
    assert "the role does nothing on a host where both are there" in outcome.words
    assert outcome.recap["changed"] == 0


def test_an_engine_that_dies_is_reported_at_once_with_the_end_of_its_log(machine: Machine) -> None:
    machine.shell(
        "printf '#!/bin/sh\\necho no such storage driver $*\\nexit 1\\n' >/usr/sbin/dockerd"
        " && chmod +x /usr/sbin/dockerd"
        " && mkdir -p /usr/lib/python3/dist-packages/docker"
        " && echo '__version__ = \"5.0.3\"' >/usr/lib/python3/dist-packages/docker/__init__.py"
    )

    # Options as a text, as on a command line
    outcome = machine.apply(docker_host_start_timeout=50, docker_host_process_options="--debug, --mtu=1400")

    assert outcome.status == 2
    assert "has exited" in outcome.words
    assert "no such storage driver --debug --mtu=1400" in outcome.words


def test_an_sdk_that_is_too_old_is_named_with_its_interpreter(machine: Machine) -> None:
    machine.shell(
        "ln -s /bin/false /usr/sbin/dockerd && mkdir -p /usr/lib/python3/dist-packages/docker"
        " && echo '__version__ = \"4.1.0\"' >/usr/lib/python3/dist-packages/docker/__init__.py"
    )

    outcome = machine.apply(docker_host_start="none")

    assert outcome.status == 2
    assert "imports the docker SDK 4.1.0, but 5.0 or newer is needed" in outcome.words


@pytest.mark.long
def test_users_of_a_directory_that_lists_nobody_are_let_in(machine: Machine) -> None:
    """As with SSSD and winbind: who is asked for by name is there, and the whole list has local users only."""
    machine.shell(
        "ln -s /bin/false /usr/sbin/dockerd && mkdir -p /usr/lib/python3/dist-packages/docker"
        " && echo '__version__ = \"5.0.3\"' >/usr/lib/python3/dist-packages/docker/__init__.py"
        " && groupadd docker && useradd fitter && useradd welder"
        " && printf '#!/bin/sh\n[ $# -gt 1 ] || exit 0\nexec /usr/bin/getent \"$@\"\n' >/usr/local/sbin/getent"
        " && chmod +x /usr/local/sbin/getent && id -u fitter >/uid"
    )

    let_in = machine.apply(docker_host_start="none", docker_host_users=["fitter", "welder"])
    assert let_in.status == 0, let_in.output
    assert set(machine.shell("getent group docker").rpartition(":")[2].split(",")) == {"fitter", "welder"}
    assert machine.apply(docker_host_start="none", docker_host_users="fitter,welder").recap["changed"] == 0

    number = machine.shell("cat /uid")  # getent would take it for a user's number
    refused = machine.apply(docker_host_start="none", docker_host_users=["fitter", "stranger", number])
    assert refused.status == 2
    assert f"has no user stranger, {number}, named in `docker_host_users`" in refused.words


def test_the_interpreter_is_that_of_the_role_whatever_facts_say(tmp_path: Path) -> None:
    """Facts of a cache, or of an earlier task, may be those of another one, which may be gone."""
    setup = {"ansible.builtin.setup": {}, "vars": {"ansible_python_interpreter": sys.executable}}
    role = {"ansible.builtin.import_role": {"name": "edgefleet.connectware.docker_host"}}
    found = {"ansible.builtin.debug": {"msg": "looked with {{ __docker_host_found.python }}"}}
    playbook = tmp_path / "playbook.json"
    playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [setup, role, found]}]))
    done = subprocess.run(
        ["ansible-playbook", "-i", "here,", "-c", "local", "--check", str(playbook)],
        env={**os.environ, "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "looked with /usr/bin/python3" in done.stdout, done.stdout
