# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reach a container as if it were a machine, by ``docker exec``: for tests whose factory hosts are containers."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: container
short_description: Run tasks in a container of the engine of this machine
description:
  - Runs C(docker exec), as the user of the container or as O(remote_user).
author: The edgefleet.connectware authors
options:
  remote_addr:
    description: Name of the container.
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: ansible_host
  remote_user:
    description: User in the container.
    vars:
      - name: ansible_user
"""

KILLED = 137
NO_MACHINE = re.compile(
    rb"^(Error(:| response from daemon:) .*(No such (container|exec instance)|is not running|is restarting)"
    rb"|unable to upgrade to tcp)"
)
NO_START = 126  # with the words of the engine where the command's would be, in lines that end as on a terminal


class Connection(ConnectionBase):  # type: ignore[misc]  # ansible-core has no hints
    """One container."""

    transport = "container"
    has_pipelining = True

    def _connect(self) -> Connection:
        self._connected = True
        return self

    def _exec(self, command: list[str], data: bytes | None = None) -> tuple[int, bytes, bytes]:
        user = self.get_option("remote_user")
        options = ["--user", user] if user else []
        done = subprocess.run(
            ["docker", "exec", "--interactive", *options, self.get_option("remote_addr"), *command],
            input=data or b"",
            capture_output=True,
            check=False,
        )
        # Like SSH, whose connection breaks: what was run has not ended by itself, the machine went away.
        not_started = done.returncode == NO_START and done.stdout.endswith(b"\r\n")
        if done.returncode == KILLED or not_started or NO_MACHINE.search(done.stderr):
            said = (done.stderr or done.stdout).decode(errors="replace").strip() or "the container was stopped"
            raise AnsibleConnectionFailure(f"lost the container {self.get_option('remote_addr')}: {said}")
        return done.returncode, done.stdout, done.stderr

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        return self._exec(["/bin/sh", "-c", cmd], in_data)

    def put_file(self, in_path: str, out_path: str) -> None:
        super().put_file(in_path, out_path)
        self._expect(self._exec(["/bin/sh", "-c", f"cat >{shlex.quote(out_path)}"], Path(in_path).read_bytes()))

    def fetch_file(self, in_path: str, out_path: str) -> None:
        super().fetch_file(in_path, out_path)
        Path(out_path).write_bytes(self._expect(self._exec(["cat", in_path])))

    def _expect(self, result: tuple[int, bytes, bytes]) -> bytes:
        status, output, errors = result
        if status != 0:
            raise AnsibleConnectionFailure(errors.decode(errors="replace"))
        return output

    def close(self) -> None:
        self._connected = False
