# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Marks of agents that were never registered: whose they are, and when the host removes them."""

from __future__ import annotations

import io
import json
import struct
import tarfile
import time
from typing import Any

import pytest
from unit.plugins.module_utils._docker.fake_engine import FakeEngine, report

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import Observation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.patterns import parse_patterns
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.engine import connect
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.look import TargetLook, look
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.marks import find_mark, is_marked
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.observe import Observer, Target

NAME = "connectware-agent-press-1"
MARK = f"{NAME}.unregistered"
OURS = {"Name": NAME, "Labels": {"edgefleet.connectware.agent": "press-1"}, "CreatedAt": "2026-01-01T00:00:00Z"}
MARKED = {"Name": MARK, "Labels": {"edgefleet.connectware.unregistered": "press-1"}}


@pytest.mark.parametrize(
    ("volumes", "found", "marked"),
    [
        ([OURS, MARKED], True, True),
        ([OURS], False, False),
        ([MARKED], True, False),  # the volume was removed by hand
        ([{**OURS, "Labels": None}, MARKED], True, False),  # and made anew by somebody, from a backup for example
        ([OURS, {**MARKED, "Labels": None}], False, False),
        ([OURS, {**MARKED, "Labels": {"edgefleet.connectware.unregistered": "press-2"}}], False, False),
    ],
)
def test_whose(volumes: list[dict[str, Any]], found: bool, marked: bool) -> None:
    by_name = {volume["Name"]: volume for volume in volumes}
    assert (find_mark(by_name, NAME, "press-1") is not None) is found
    assert is_marked(by_name, NAME, "press-1") is marked


def looked(fake: FakeEngine, after: float | None, *, ran: float = 60.0, asks: bool = False, **more: Any) -> Observation:
    """One look at an agent that is marked and has run for so many seconds."""
    began = time.time() - ran
    started = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(began)) + f".{int(began % 1 * 1000):03d}Z"
    container = report(State__StartedAt=started)
    fake.say("GET", "/volumes", {"Volumes": [OURS, MARKED]})
    for name in (NAME, "c1"):
        fake.say("GET", f"/containers/{name}/json", container)
    text = {"msg": "Username: press-1, pairing ID (should match in UI): a82123" if asks else "hello"}
    line = f"{started} {json.dumps(text)}\n".encode()
    fake.say("GET", f"/containers/{NAME}/logs", struct.pack(">BxxxL", 1, len(line)) + line)
    stored = more.pop("stored", True)
    archive = _archive(b"hush" if stored else b"")
    fake.say("GET", f"/containers/{NAME}/archive", archive, X_Docker_Container_Path_Stat="e30=")
    engine = connect({"docker_host": fake.address, "docker_timeout": 5})
    asked = TargetLook(Target("press-1", "press-1", NAME, NAME), unmark_after=after)
    (seen,) = look(engine, Observer(engine, parse_patterns()), [asked], wait=0.0, linger=0.0, **more)
    return seen


def _archive(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo("data/credentials")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("after", "state", "goes"),
    [
        (None, {}, False),
        (10.0, {}, True),
        (10.0, {"ran": 9.0}, False),
        (10.0, {"asks": True}, False),
        (10.0, {"stored": False}, False),
        (0.0, {"asks": True, "stored": False, "ran": 0.1}, True),
        (10.0, {"check_mode": True}, False),
    ],
)
def test_when_it_goes(fake: FakeEngine, after: float | None, state: dict[str, Any], goes: bool) -> None:
    fake.say("DELETE", f"/volumes/{MARK}", b"", status=204)
    seen = looked(fake, after, **state)
    assert seen.never_registered is not goes and seen.mark_trouble == ""
    assert fake.writes() == ([("DELETE", f"/volumes/{MARK}")] if goes else [])


def test_gone_already_is_fine(fake: FakeEngine) -> None:
    fake.say("DELETE", f"/volumes/{MARK}", {"message": "no such volume"}, status=404)
    assert not looked(fake, 10.0).never_registered


def test_one_that_cannot_be_removed_does_not_spoil_the_look(fake: FakeEngine) -> None:
    fake.say("DELETE", f"/volumes/{MARK}", {"message": "no space left on device"}, status=500)
    seen = looked(fake, 10.0)
    assert seen.never_registered and seen.state == "running"
    assert f"remove the volume {MARK}" in seen.mark_trouble and "no space left on device" in seen.mark_trouble
