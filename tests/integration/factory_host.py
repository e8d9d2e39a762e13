# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A factory host: a container with a Docker Engine of its own, which Ansible takes for a machine.

Debian 12 with the packages of the distribution: docker.io, python3-docker, openssh-server. Ansible comes in by the
connection plugin `container` (see `variables` and CONNECTION_PLUGINS), or by SSH. Its agents reach whatever listens on
the bridge of the outer engine (see `outer_gateway`).
"""

from __future__ import annotations

import ipaddress
import json
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CONNECTION_PLUGINS = HERE / "connection_plugins"
SOURCES = HERE.parents[1] / "extensions" / "molecule" / "utils" / "factory_host"
BASE = "debian:bookworm-slim"
IMAGE = "connectware-test-factory-host"
LABEL = "edgefleet.connectware.test=factory-host"
ENGINE_LOG = "/var/log/dockerd.log"
# What a container needs to run an engine of its own; where this is not enough, it is made privileged.
AS_A_MACHINE = (
    "--cap-add=ALL",
    "--cap-drop=SYS_RESOURCE",
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    "--security-opt=systempaths=unconfined",
    "--volume=/sys/fs/cgroup:/sys/fs/cgroup:rw",
)
PRIVILEGED = ("--privileged",)


def outer(*arguments: str, check: bool = True, timeout: float = 300, data: bytes | None = None) -> str:
    """The docker command on the engine of this machine; returns what it printed."""
    done = subprocess.run(["docker", *arguments], input=data, capture_output=True, check=False, timeout=timeout)
    if check and done.returncode != 0:
        raise AssertionError(f"docker {' '.join(arguments)}: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode(errors="replace").strip()


def outer_gateway() -> str:
    """The address of this machine that its containers, and the agents in factory hosts, can reach."""
    configs = json.loads(outer("network", "inspect", "bridge"))[0]["IPAM"]["Config"]
    for config in configs:
        gateway = config.get("Gateway") or str(next(ipaddress.ip_network(config["Subnet"]).hosts()))
        if ":" not in gateway:
            return gateway
    raise AssertionError(f"the bridge of the engine has no IPv4 gateway: {configs}")


def build() -> str:
    """Build the image of factory hosts, unless it is there; returns its name."""
    command = ["docker", "build", "--force-rm", "--tag", IMAGE, str(SOURCES)]
    done = subprocess.run(
        ["env", "DOCKER_BUILDKIT=0", *command], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return IMAGE


@dataclass
class FactoryHost:
    """One factory host.

    Attributes:
        options: more arguments of `docker run`, for example `--network` and `--publish`.
    """

    name: str
    options: tuple[str, ...] = ()
    _flags: tuple[str, ...] = field(default=AS_A_MACHINE, repr=False)

    @property
    def variables(self) -> dict[str, Any]:
        """For an inventory; the plugin is found with ANSIBLE_CONNECTION_PLUGINS=CONNECTION_PLUGINS."""
        return {
            "ansible_connection": "container",
            "ansible_host": self.name,
            "ansible_python_interpreter": "/usr/bin/python3",
        }

    def start(self) -> FactoryHost:
        """Make and start the machine, and wait for its engine."""
        try:
            self._run(AS_A_MACHINE)
        except AssertionError:
            self.remove()
            self._run(PRIVILEGED)
        return self

    def _run(self, flags: tuple[str, ...]) -> None:
        always = ("--detach", "--init", "--hostname", self.name, "--name", self.name, "--label", LABEL)
        outer("run", *always, "--volume=/var/lib/docker", *flags, *self.options, IMAGE)
        self._flags = flags
        self.wait_for_engine()

    def remove(self) -> None:
        """Nothing of it is left, its volume neither."""
        outer("rm", "--force", "--volumes", self.name, check=False)

    def restart(self, patience: int = 0) -> None:
        """Like a power cut, with patience like a reboot; its engine starts by itself."""
        outer("restart", "--time", str(patience), self.name)

    def shell(self, command: str, check: bool = True, data: bytes | None = None, timeout: float = 300) -> str:
        """Run a command line on the machine."""
        options = ("--interactive",) if data is not None else ()
        return outer("exec", *options, self.name, "sh", "-c", command, check=check, data=data, timeout=timeout)

    def docker(self, *arguments: str, check: bool = True) -> str:
        """The docker command on the machine."""
        return outer("exec", self.name, "docker", *arguments, check=check)

    def address(self) -> str:
        """Its address on the bridge of the outer engine."""
        networks = json.loads(outer("inspect", self.name))[0]["NetworkSettings"]["Networks"]
        return str(next(iter(networks.values()))["IPAddress"])

    def host_key(self) -> str:
        """Its public host key, with its type, as in a file of known hosts."""
        kind, key, *_comment = self.shell("cat /etc/ssh/ssh_host_ed25519_key.pub").split()
        return f"{kind} {key}"

    def let_in(self, public_key: str) -> None:
        """Let the owner of this key, and nobody else, come in by SSH as root."""
        keep = "install -d -m 700 /root/.ssh && cat >/root/.ssh/authorized_keys"
        self.shell(keep, data=public_key.encode())

    def load(self, *images: str) -> None:
        """Bring images of the outer engine into the machine."""
        with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as saved:
            load = ["docker", "exec", "--interactive", self.name, "docker", "load"]
            done = subprocess.run(load, stdin=saved.stdout, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0 and saved.returncode == 0, done.stdout + done.stderr

    # the engine

    def engine_answers(self) -> bool:
        command = ["docker", "exec", self.name, "docker", "ps", "--quiet"]
        return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0

    def wait_for_engine(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not self.engine_answers():
            if time.monotonic() > deadline:
                raise AssertionError(f"no engine in {self.name}:\n{self.shell(f'tail -20 {ENGINE_LOG}', check=False)}")
            time.sleep(0.2)

    def start_engine(self) -> None:
        """Start the engine, and wait until it answers."""
        outer("exec", "--detach", self.name, "start-engine")
        self.wait_for_engine()

    def kill_engine(self) -> None:
        """SIGKILL; its containers live on with their shims."""
        self.shell("pkill -KILL -x dockerd; while pgrep -x dockerd >/dev/null; do sleep 0.1; done")

    def stop_engine(self) -> None:
        """SIGTERM: the engine stops its containers and ends."""
        self.shell("pkill -TERM -x dockerd; while pgrep -x dockerd >/dev/null; do sleep 0.1; done")
