# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""This machine as a host that can go away: for tests in which a host is lost in the middle of a run."""

from __future__ import annotations

import time
from pathlib import Path

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection.local import Connection as Local

DOCUMENTATION = """
name: departing
short_description: Run tasks on this machine as long as a file does not say that it is away
description:
  - Like P(ansible.builtin.local#connection). While the file is there, the host is away.
  - A file with the text V(answer) lets one more command run, whose answer is lost; from then on the host is away.
author: The edgefleet.connectware authors
options:
  away_path:
    description: The file.
    type: path
    required: true
    vars:
      - name: departing_away_path
  become_success_timeout:
    type: int
    default: 10
    description: As of the local connection.
  become_strip_preamble:
    type: bool
    default: true
    description: As of the local connection.
extends_documentation_fragment:
  - connection_pipelining
"""

PATIENCE = 3.0  # seconds in which a host may come back, as those of SSH


class Connection(Local):  # type: ignore[misc]  # ansible-core has no hints
    """This machine, or nothing."""

    transport = "departing"

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        away = Path(self.get_option("away_path"))
        loses_answer = away.exists() and away.read_text() == "answer"
        if not loses_answer:
            self._wait_for(away)
        answer: tuple[int, bytes, bytes] = super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        if away.exists() and away.read_text() == "answer":
            away.write_text("")
            raise AnsibleConnectionFailure("the connection broke")
        return answer

    @staticmethod
    def _wait_for(away: Path) -> None:
        deadline = time.monotonic() + PATIENCE
        while away.exists():
            if time.monotonic() > deadline:
                raise AnsibleConnectionFailure("the host is away")
            time.sleep(0.02)
