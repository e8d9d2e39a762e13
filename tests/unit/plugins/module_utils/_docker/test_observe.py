# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of an agent's log, and how often."""

from __future__ import annotations

import json
import struct

from unit.plugins.module_utils._docker.fake_engine import FakeEngine, report

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.patterns import parse_patterns
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.engine import connect
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.observe import Observer, Target

NAME = "connectware-agent-press-1"
STATE = {
    "Status": "running",
    "ExitCode": 0,
    "StartedAt": "2026-01-01T00:01:00Z",
    "FinishedAt": "2026-01-01T00:00:58Z",
}


def line(second: int, message: str) -> bytes:
    stamp = f"2026-01-01T00:{second // 60:02d}:{second % 60:02d}.000000000Z "
    text = (stamp + json.dumps({"level": 30, "time": 1, "msg": message}) + "\n").encode()
    return struct.pack(">BxxxL", 1, len(text)) + text


def pairing(second: int, pairing_id: str) -> bytes:
    return line(second, f"Username: press-1, pairing ID (should match in UI): {pairing_id}")


def test_the_log_of_earlier_starts_is_read_once_however_often_one_looks(fake: FakeEngine) -> None:
    """It can be large, and it changes no more."""
    container = report(State=STATE)
    fake.say("GET", f"/containers/{NAME}/json", container)
    fake.say("GET", "/containers/c1/json", container)
    fake.say("GET", f"/containers/{NAME}/logs", pairing(10, "aaaaaa") + pairing(62, "bbbbbb"))
    observer = Observer(connect({"docker_host": fake.address, "docker_timeout": 5}), parse_patterns())
    target = Target("press-1", "press-1", NAME, NAME)

    looks = [observer.observe(target, {}) for _unused in range(4)]

    assert [look.former_ids for look in looks] == [("aaaaaa",)] * 4
    assert [[event.pairing_id for event in look.events] for look in looks] == [["bbbbbb"]] * 4
    reads = [path for _method, _version, path in fake.asked if path.endswith("/logs")]
    assert len(reads) == 4 + 1
