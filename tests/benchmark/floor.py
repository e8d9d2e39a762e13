# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The floor: what the same first rollout takes without Ansible, and without any care.

On each host one SSH connection and the docker command start all agents at once, and restart all at once for the proof;
one process asks Connectware's API, in bare requests. It believes everything, and it knows the texts of the simulated
agent, so that it waits for nothing that it need not.

Usage: floor.py INVENTORY CONTROL_PATHS
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests
import yaml

PAUSE = 0.2  # seconds between two looks
PATIENCE = 240  # seconds

FUNCTIONS = f"""
say() {{ docker logs "connectware-agent-$1" 2>&1; }}
until_said() {{ while [ "$(say "$1" | grep -c "$2")" -lt "$3" ]; do sleep {PAUSE}; done; }}
"""
START = (
    "docker run --detach --init --restart unless-stopped --volume connectware-agent-{name}:/data"
    " --name connectware-agent-{name} {env} {image} >/dev/null &"
)


class Api:
    """Bare requests of one person who is logged in."""

    def __init__(self, variables: dict[str, Any]) -> None:
        self._url = f"{variables['connectware_url']}/api"
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy and no other CA
        self._session.verify = variables["connectware_ca_path"]
        who = {key: variables[f"connectware_{key}"] for key in ("username", "password")}
        self._session.headers["Authorization"] = f"Bearer {self('POST', 'login', who)['token']}"
        self._lock = threading.Lock()

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._session.request(method, f"{self._url}/{path}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def authorize(self, wanted: dict[str, str]) -> None:
        """Wait until they have all asked, and authorize them."""
        deadline = time.monotonic() + PATIENCE
        while True:
            with self._lock:
                pending = self("GET", "client-registry")["pendingRequests"]
            if wanted.items() <= {each["username"]: each["pairingId"] for each in pending}.items():
                break
            assert time.monotonic() < deadline, f"not all of {wanted} are in {pending}"
            time.sleep(PAUSE)
        for username in wanted:
            with self._lock:
                self("POST", "client-registry/confirm", {"username": username})


class Host:
    """One factory host."""

    def __init__(self, address: str, variables: dict[str, Any], control_paths: Path) -> None:
        self._variables = variables
        keep = ["-o", "ControlMaster=auto", "-o", "ControlPersist=60s", "-o", f"ControlPath={control_paths}/%C"]
        given = variables["ansible_ssh_common_args"].split()
        key = ["-i", variables["ansible_ssh_private_key_file"]]
        self._ssh = ["ssh", *given, *keep, *key, f"{variables['ansible_user']}@{address}"]

    def roll_out(self, names: list[str], api: Api) -> None:
        """Start, authorize, restart; then all have come back."""
        lines = self._run(
            *(START.format(name=name, env=self._env(name), image=self._image()) for name in names),
            "wait",
            *(f"until_said {name} 'pairing ID' 1; say {name} | grep 'pairing ID'" for name in names),
        ).splitlines()
        api.authorize(dict(zip(names, (pairing_id(line) for line in lines), strict=True)))
        containers = " ".join(f"connectware-agent-{name}" for name in names)
        self._run(
            *(f"until_said {name} 'Connected to broker' 1" for name in names),
            f"printf '%s\\n' {containers} | xargs --max-args 1 --max-procs {len(names)} docker restart >/dev/null",
            *(f"until_said {name} 'Connected to broker' 2" for name in names),
        )

    def _run(self, *commands: str) -> str:
        script = FUNCTIONS + "\n".join(commands)
        done = subprocess.run(
            [*self._ssh, "sh -s"], input=script, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        assert done.returncode == 0, f"{script}: {done.stdout}{done.stderr}"
        return done.stdout

    def _image(self) -> str:
        return f"{self._variables['agents_image']}:{self._variables['agents_version']}"

    def _env(self, name: str) -> str:
        env = {
            **self._variables["agents_env"],
            "CYBUS_AGENT_MODE": "distributed",
            "CYBUS_AGENT_NAME": name,
            "CYBUS_MQTT_HOST": self._variables["agents_mqtt_host"],
            "CYBUS_MQTT_PORT": self._variables["agents_mqtt_port"],
        }
        return " ".join(f"--env {key}={value}" for key, value in env.items())


def pairing_id(line: str) -> str:
    return line.partition("pairing ID (should match in UI): ")[2][:6]


def roll_out(inventory: Iterable[tuple[str, list[str]]], variables: dict[str, Any], control_paths: Path) -> None:
    """All agents of all hosts, all at once."""
    api = Api(variables)
    api("POST", "client-registry/unlock", {"duration": PATIENCE * 1000})
    hosts = [(Host(address, variables, control_paths), names) for address, names in inventory]
    with ThreadPoolExecutor(len(hosts)) as pool:
        list(pool.map(lambda pair: pair[0].roll_out(pair[1], api), hosts))
    api("POST", "client-registry/lock")


def main() -> None:
    group = next(iter(yaml.safe_load(Path(sys.argv[1]).read_text()).values()))
    hosts = [
        (host["ansible_host"], [agent["name"] for agent in host["agents_list"]]) for host in group["hosts"].values()
    ]
    roll_out(hosts, group["vars"], Path(sys.argv[2]))


if __name__ == "__main__":
    main()
