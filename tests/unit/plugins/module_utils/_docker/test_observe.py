# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of an agent's log, and how often."""

from __future__ import annotations

import datetime
import io
import json
import struct
import tarfile
import time

import pytest
from unit.plugins.module_utils._docker.fake_engine import FakeEngine, report

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.patterns import parse_patterns
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.engine import connect
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.observe import YOUNG, Observer, Target

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


def test_an_agent_that_is_refused_before_it_shows_an_id_is_known_by_the_one_it_showed_before(fake: FakeEngine) -> None:
    """Some servers refuse a second request of a name while the first one, of the start before, is pending."""
    container = report(State=STATE)
    fake.say("GET", f"/containers/{NAME}/json", container)
    fake.say("GET", "/containers/c1/json", container)
    refused = line(62, "Registration failed: 409 Conflict")
    fake.say("GET", f"/containers/{NAME}/logs", pairing(10, "aaaaaa") + refused)
    observer = Observer(connect({"docker_host": fake.address, "docker_timeout": 5}), parse_patterns())
    seen = observer.observe(Target("press-1", "press-1", NAME, NAME), {})
    assert [event.kind for event in seen.events] == ["conflict"]
    assert seen.former_ids == ("aaaaaa",)


def test_what_comes_after_the_log_was_read_is_not_known_however_long_the_engine_takes(fake: FakeEngine) -> None:
    """Else an agent that asks in that time would seem to have been silent."""

    def ago(seconds: float) -> str:
        at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds)
        return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    container = report(State={**STATE, "StartedAt": ago(1), "FinishedAt": ago(2)}, Created=ago(5000))
    asked_at: list[float] = []

    def slow(_path: str) -> bytes:
        asked_at.append(time.time())
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.addfile(tarfile.TarInfo("data/credentials.json"))
        return packed.getvalue()

    fake.say("GET", f"/containers/{NAME}/json", container)
    fake.say("GET", f"/containers/{NAME}/logs", b"")
    fake.say("GET", f"/containers/{NAME}/archive", slow)
    observer = Observer(connect({"docker_host": fake.address, "docker_timeout": 5}), parse_patterns())

    seen = observer.observe(Target("press-1", "press-1", NAME, NAME), {})

    assert asked_at and seen.observed_at <= asked_at[0]


@pytest.mark.parametrize("ahead", [-40.0, 0.0, 3600.0])
def test_how_long_an_agent_has_run_is_told_by_the_clock_of_its_engine(ahead: float, far: FakeEngine) -> None:
    """An agent that was restarted as a proof just now has not proven anything yet, whatever our own clock says."""
    there = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=ahead)

    def ago(seconds: float) -> str:
        return (there - datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    container = report(State={**STATE, "StartedAt": ago(2), "FinishedAt": ago(3)}, Created=ago(100))
    failed = "connect ECONNREFUSED 10.0.0.5:502"
    text = "Asking for Connectware registration at 1.2.3.4 with cached credentials..."
    lines = [f"{ago(at)} {json.dumps({'level': 30, 'msg': msg})}\n" for at, msg in ((97, failed), (90, text))]
    asked = "".join(lines).encode()
    far.say("GET", "/info", {"SystemTime": ago(0)})
    far.say("GET", f"/containers/{NAME}/json", container)
    far.say("GET", f"/containers/{NAME}/logs", struct.pack(">BxxxL", 1, len(asked)) + asked)
    observer = Observer(connect({"docker_host": far.address, "docker_timeout": 5}), parse_patterns())

    seen = observer.observe(Target("press-1", "press-1", NAME, NAME), {})
    gone = observer.observe(Target("press-2", "press-2", "none", "none"), {})

    assert 2.0 <= seen.uptime < 2.0 + YOUNG / 2
    assert seen.observed_at <= gone.observed_at < seen.observed_at + YOUNG / 2
    assert seen.asked_after == pytest.approx(10, abs=0.1)  # looked up only for one that was started just now
