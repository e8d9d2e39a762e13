# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules agents and agents_info, and the host-side look, run as Ansible runs them, against an engine of the test's."""

from __future__ import annotations

import io
import json
import struct
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from unit.plugins.module_utils._docker.fake_engine import IMAGE_REPORT, FakeEngine, report
from unit.plugins.modules.running import Run

from ansible_collections.edgefleet.connectware.plugins.module_utils._docker import engine

NAME = "connectware-agent-press-1"
WANTED = {"image": "reg/mapper", "version": "1.8.0", "mqtt_host": "cw", "agents": [{"name": "press-1"}]}
LABEL = "edgefleet.connectware.agent"
PAIRING = "Username: press-1, pairing ID (should match in UI): a82123"


def archive_of_credentials() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo("data/credentials")
        entry.size = 4
        tar.addfile(entry, io.BytesIO(b"hush"))
    return buffer.getvalue()


def empty_archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        folder = tarfile.TarInfo("data")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
    return buffer.getvalue()


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    started = FakeEngine(tmp_path / "engine.sock")
    started.say("GET", "/images/reg/mapper:1.8.0/json", IMAGE_REPORT)
    yield started
    started.shutdown()
    started.server_close()


def listed(container: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The entry of a container in the engine's list."""
    config, mounts = container["Config"], container["Mounts"]
    return {"Id": "c1", "Names": [f"/{NAME}"], "Labels": config["Labels"], "Mounts": mounts, **changes}


def deployed(fake: FakeEngine, **changes: Any) -> None:
    """The agent press-1 runs as wanted, with credentials."""
    container = report(**changes)
    fake.say("GET", "/containers/json", [listed(container)])
    fake.say("GET", "/images/json", [{"Id": container["Image"], "RepoDigests": [DIGEST]}])
    fake.say("GET", "/volumes", {"Volumes": [{"Name": NAME, "Labels": {}, "CreatedAt": "2026-01-01T00:00:00Z"}]})
    for name in (NAME, "c1"):
        fake.say("GET", f"/containers/{name}/json", container)
    line = f"2026-01-01T00:00:01.5Z {PAIRING}\n".encode()
    fake.say("GET", f"/containers/{NAME}/logs", struct.pack(">BxxxL", 1, len(line)) + line)
    fake.say("GET", f"/containers/{NAME}/archive", archive_of_credentials(), X_Docker_Container_Path_Stat="e30=")


def test_nothing_to_do(fake: FakeEngine, run: Run) -> None:
    deployed(fake)
    digests = ["mirror/mapper@sha256:" + 64 * "0", DIGEST]
    fake.say("GET", "/images/reg/mapper:1.8.0/json", {**IMAGE_REPORT, "RepoDigests": digests})
    del fake.answers["GET", "/images/json"]  # what is told anyway is not asked for
    result = run("agents", docker_host=fake.address, **WANTED)
    assert not result["changed"] and "diff" not in result
    (agent,) = result["agents"]
    assert (agent["action"], agent["drift"], agent["pulled"], agent["error"]) == ("none", [], False, "")
    assert agent["observation"]["credentials"] is True
    assert agent["observation"]["image_digest"] == DIGEST
    assert [event["pairing_id"] for event in agent["observation"]["events"]] == ["a82123"]
    assert fake.writes() == []
    assert fake.versions() == {"v1.52"}


def test_check_mode_writes_nothing(fake: FakeEngine, run: Run) -> None:
    secret = {"registry_username": "license", "registry_password": "hush-hush"}
    wanted = {**WANTED, "env": {"API_TOKEN": "token-of-theirs"}, "pull": "always"}
    for state in ({}, {"Config__Env": []}, {"State__Status": "exited"}):
        if state:
            deployed(fake, **state)
        result = run("agents", docker_host=fake.address, check=True, diff=True, **wanted, **secret)
        assert result["changed"]
        assert result["diff"]["before"] != result["diff"]["after"]
        assert result["agents"][0]["observation"]["planned"]
        assert "hush-hush" not in result["_printed"] and "token-of-theirs" not in json.dumps(result["diff"])
    assert fake.writes() == []


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("saved", [True, False])
def test_check_mode_does_not_take_the_credentials_of_one_volume_for_those_of_another(
    there: bool, saved: bool, fake: FakeEngine, run: Run
) -> None:
    """It can look only into the volume that the container has now, which tells nothing of the one that it would get."""
    deployed(fake)
    if not saved:
        fake.say("GET", f"/containers/{NAME}/archive", empty_archive(), X_Docker_Container_Path_Stat="e30=")
    names = [NAME, "press-old"] if there else [NAME]
    volumes = [{"Name": name, "Labels": {}, "CreatedAt": "2026-01-01T00:00:00Z"} for name in names]
    fake.say("GET", "/volumes", {"Volumes": volumes})
    agents = [{"name": "press-1", "volume": "press-old"}]

    (agent,) = run("agents", docker_host=fake.address, check=True, **{**WANTED, "agents": agents})["agents"]

    assert agent["drift"] == ["volume"] and agent["observation"]["credentials"] is None
    assert (agent["observation"]["volume_created_at"] is not None) is there


def test_a_limit_that_the_engine_cannot_set_is_no_drift_for_ever(fake: FakeEngine, run: Run) -> None:
    deployed(fake, HostConfig__PidsLimit=None)
    fake.say("GET", "/info", {"PidsLimit": False, "MemoryLimit": True})
    assert not run("agents", docker_host=fake.address, **WANTED)["changed"]
    fake.say("GET", "/info", {"PidsLimit": True, "MemoryLimit": True})
    result = run("agents", docker_host=fake.address, check=True, **WANTED)
    assert result["agents"][0]["drift"] == ["pids_limit"]


@pytest.mark.parametrize(("network", "drift"), [("bridge", []), ("plant", ["networks"])])
def test_an_engine_makes_its_own_networks_anew_and_finds_them_by_name(
    network: str, drift: list[str], fake: FakeEngine, run: Run
) -> None:
    """One of somebody's own under the same name is another: a stopped container could not be started in it."""
    attached = {"Networks": {network: {"NetworkID": "old"}}}
    deployed(fake, State__Status="exited", HostConfig__NetworkMode=network, NetworkSettings=attached)
    fake.say("GET", "/networks", [{"Name": "bridge", "Id": "new"}, {"Name": "plant", "Id": "new"}])
    agents = [{"name": "press-1", "network_mode": network}, {"name": "press-2", "networks": ["plant"]}]
    result = run("agents", docker_host=fake.address, check=True, **{**WANTED, "agents": agents})
    assert result["agents"][0]["drift"] == drift
    assert result["agents"][0]["action"] == ("recreated" if drift else "started")


def test_images_that_cannot_be_listed_hide_nothing_of_what_was_done(fake: FakeEngine, run: Run) -> None:
    """Only their digests are missing, which records of authorizations have."""
    deployed(fake, State__Status="exited", Image="sha256:older", HostConfig__Init=False)
    fake.say("GET", "/images/sha256:older/json", IMAGE_REPORT)
    fake.say("GET", "/images/json", {"message": "layer does not exist"}, status=500)
    fake.say("POST", "/containers/create", {"message": "only 4 CPUs are available"}, status=400)

    result = run("agents", docker_host=fake.address, **WANTED)

    (agent,) = result["agents"]
    assert "only 4 CPUs are available" in agent["error"] and "list images" not in agent["error"]
    assert agent["observation"]["state"] == "exited" and agent["observation"]["image_digest"] is None
    (warning,) = result["warnings"]
    assert "without the digests of images" in str(warning) and "layer does not exist" in str(warning)


def test_one_that_cannot_be_looked_at(fake: FakeEngine, run: Run) -> None:
    deployed(fake)
    fake.say("GET", f"/containers/{NAME}/logs", {"message": "the file is broken"}, status=500)
    result = run("agents", docker_host=fake.address, **WANTED)
    assert result["failed"]
    assert "press-1" in result["msg"] and "the file is broken" in result["agents"][0]["error"]


def test_what_the_engine_refuses_is_no_change(fake: FakeEngine, run: Run) -> None:
    deployed(fake)
    fake.say("POST", "/containers/create", {"message": "only 4 CPUs are available"}, status=400)
    result = run("agents", docker_host=fake.address, diff=True, **WANTED, cpus=1000)
    (agent,) = result["agents"]
    assert result["failed"] and "only 4 CPUs" in agent["error"] and agent["drift"] == ["cpus"]
    assert (agent["action"], agent["changed"], result["changed"]) == ("none", False, False)
    assert result["diff"]["before"] == result["diff"]["after"] and not agent["observation"]["started_now"]


@pytest.mark.parametrize("ran", [True, False])
def test_one_that_runs_again_under_its_old_name_is_seen_there(ran: bool, fake: FakeEngine, run: Run) -> None:
    """Nothing has the name that it was to get, because what had it could not be started."""
    deployed(fake)
    put_back = ("POST", "/containers/c1/start")

    def old(_query: dict[str, str]) -> dict[str, Any]:
        if put_back in fake.writes():
            return report(Name="/old", State__StartedAt="2026-02-02T00:00:00Z")
        return report(Name="/old", State__Status="running" if ran else "exited")

    fake.say("GET", "/containers/json", [listed(report(), Names=["/old"])])
    fake.say("GET", "/containers/c1/json", old)
    fake.say("GET", f"/containers/{NAME}/json", {"message": "no such container"}, status=404)
    for path in ("logs", "archive"):
        fake.answers["GET", f"/containers/old/{path}"] = fake.answers["GET", f"/containers/{NAME}/{path}"]
    fake.say("POST", "/containers/create", {"Id": "c2"}, status=201)
    fake.say("POST", "/containers/c1/update", {"Warnings": []})
    for path in ("c1/stop", "c1/rename", "c2/rename", "c1/start"):
        fake.say("POST", f"/containers/{path}", b"", status=204)
    fake.say("DELETE", "/containers/c2", b"", status=204)
    fake.say("POST", "/containers/c2/start", {"message": "no such user"}, status=400)

    result = run("agents", docker_host=fake.address, diff=True, **WANTED)

    (agent,) = result["agents"]
    seen = agent["observation"]
    assert result["failed"] and "no such user" in agent["error"] and agent["drift"] == ["container"]
    assert (seen["state"], seen["container_id"]) == ("running" if ran else "exited", "c1")
    assert (agent["action"], agent["changed"]) == (("started", True) if ran else ("none", False))
    assert agent["replaced_container"] is None
    assert result["diff"]["after"]["press-1"]["container"] == "old"


def test_one_that_could_not_be_put_back_is_seen_as_it_is_left(fake: FakeEngine, run: Run) -> None:
    deployed(fake)
    stopped = ("POST", "/containers/c1/stop")

    def old(_query: dict[str, str]) -> dict[str, Any]:
        if stopped in fake.writes():
            return report(Name=f"/{NAME}.previous", State__Status="exited")
        return report()

    fake.say("GET", "/containers/c1/json", old)
    fake.say("GET", f"/containers/{NAME}/json", {"message": "no such container"}, status=404)
    for path in ("logs", "archive"):
        fake.answers["GET", f"/containers/{NAME}.previous/{path}"] = fake.answers["GET", f"/containers/{NAME}/{path}"]
    fake.say("POST", "/containers/create", {"Id": "c2"}, status=201)
    fake.say(*stopped, b"", status=204)
    fake.say("POST", "/containers/c1/rename", {"message": "no space left"}, status=500)
    fake.say("DELETE", "/containers/c2", b"", status=204)

    (agent,) = run("agents", docker_host=fake.address, **WANTED, cpus=1)["agents"]

    assert "could not be brought back" in agent["error"]
    assert (agent["observation"]["state"], agent["observation"]["container_id"]) == ("exited", "c1")
    assert (agent["action"], agent["changed"], agent["replaced_container"]) == ("none", True, None)


def test_one_that_could_not_be_made_is_no_change_and_its_volume_is(fake: FakeEngine, run: Run) -> None:
    made = {"Name": NAME, "Labels": {}, "CreatedAt": "2026-01-01T00:00:00Z"}
    created = ("POST", "/volumes/create")
    fake.say("GET", "/volumes", lambda _query: {"Volumes": [made] if created in fake.writes() else []})
    fake.say("POST", "/volumes/create", made, status=201)
    fake.say("POST", "/containers/create", {"message": "only 4 CPUs are available"}, status=400)
    result = run("agents", docker_host=fake.address, **WANTED, cpus=1000)
    (agent,) = result["agents"]
    assert result["failed"] and (agent["action"], agent["changed"], result["changed"]) == ("none", True, True)


def test_an_engine_that_goes_away_hides_no_agent_for_which_it_did_something(fake: FakeEngine, run: Run) -> None:
    """What could not be done and why, what was done, and what to do about the engine."""
    started = ("POST", "/containers/c2/start")

    def volumes(_query: dict[str, str]) -> dict[str, Any]:
        if started in fake.writes():
            raise ConnectionResetError("the engine is gone")
        return {"Volumes": []}

    fake.say("GET", "/volumes", volumes)
    fake.say("POST", "/volumes/create", {"Name": "v", "Labels": {}}, status=201)
    ids = {"connectware-agent-press-1": "c1", "connectware-agent-press-2": "c2"}
    fake.say("POST", "/containers/create", lambda query: {"Id": ids[query["name"]]}, status=201)
    fake.say("POST", "/containers/c1/start", {"message": "no such user"}, status=400)
    fake.say(*started, b"", status=204)
    agents = [{"name": "press-1"}, {"name": "press-2"}]
    result = run("agents", docker_host=fake.address, **{**WANTED, "agents": agents})
    failed, gone = result["agents"]
    assert result["failed"] and result["changed"] and "2 of 2 agents" in result["msg"]
    assert "start the container connectware-agent-press-1" in failed["error"] and "no such user" in failed["error"]
    assert "list volumes" in gone["error"] and "see that it runs" in gone["error"]
    assert (gone["action"], gone["changed"]) == ("created", True)


def test_refused_input_never_reaches_the_engine_s_containers(fake: FakeEngine, run: Run) -> None:
    result = run("agents", docker_host=fake.address, **{**WANTED, "agents": [{"name": "press-1"}, {"name": "press-1"}]})
    assert result["failed"] and "press-1" in result["msg"] and "entry 2" in result["msg"]
    assert result["error"]["kind"] == "SpecError"
    assert {path for _unused, _unused, path in fake.asked} == {"/version"}


def test_no_engine(run: Run, tmp_path: Path) -> None:
    for module, options in (("agents", WANTED), ("agents_info", {}), ("agents_registered", {"looks": []})):
        result = run(module, docker_host=f"unix://{tmp_path}/none.sock", **options)
        assert result["failed"] and "none.sock" in result["msg"]
        assert result["error"]["kind"] == "EngineUnavailableError"


@pytest.mark.parametrize("given", ["option", "environment"])
def test_an_empty_address_is_the_usual_socket(
    given: str, fake: FakeEngine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docker itself takes it: a variable without a value is none."""
    deployed(fake)
    monkeypatch.setattr(engine, "SOCKET", fake.address)
    if given == "environment":
        monkeypatch.setenv("DOCKER_HOST", "")
    result = run("agents", **({"docker_host": ""} if given == "option" else {}), **WANTED)
    assert not result.get("failed") and result["agents"][0]["observation"]["state"] == "running"


def test_login_needs_both(fake: FakeEngine, run: Run) -> None:
    result = run("agents", docker_host=fake.address, pull="always", registry_username="license", **WANTED)
    assert result["failed"] and "registry_password (agents_registry_password) is empty" in result["msg"]


def test_pull_sends_the_login_and_an_error_does_not_show_it(fake: FakeEngine, run: Run) -> None:
    secret = {"registry_username": "license", "registry_password": "hush-hush"}
    fake.say("GET", "/images/reg/mapper:1.8.0/json", {"message": "none"}, status=404)
    fake.say("POST", "/images/create", b'{"status": "Pulling"}\r\n{"error": "denied: wrong password"}\r\n')
    result = run("agents", docker_host=fake.address, **WANTED, **secret)
    assert result["failed"] and result["error"]["kind"] == "ImageError"
    for part in ("reg/mapper:1.8.0", "denied: wrong password", "registry_password"):
        assert part in result["msg"]
    assert "hush-hush" not in result["_printed"]
    assert fake.writes() == [("POST", "/images/create")]


def test_info(fake: FakeEngine, run: Run) -> None:
    assert run("agents_info", docker_host=fake.address)["agents"] == []
    deployed(fake)
    (agent,) = run("agents_info", docker_host=fake.address)["agents"]
    assert (agent["name"], agent["container"], agent["volume"]) == ("press-1", NAME, NAME)
    assert agent["labels"]["vendor"] == "x"
    assert agent["observation"]["state"] == "running"
    assert run("agents_info", docker_host=fake.address, names=["press-2"])["agents"] == []


def test_one_whose_log_cannot_be_shown_hides_no_other_agent(fake: FakeEngine, run: Run) -> None:
    deployed(fake)
    dead = listed(report(), Id="c2", Names=["/dead"], State="dead", Labels={LABEL: "press-2"})
    fake.say("GET", "/containers/json", [listed(report()), dead])
    for name in ("dead", "c2"):
        fake.say("GET", f"/containers/{name}/json", report(Id="c2", Name="/dead", State__Status="dead"))
    fake.say("GET", "/containers/dead/logs", {"message": "can not get logs from container which is dead"}, status=409)
    result = run("agents_info", docker_host=fake.address)
    other, agent = sorted(result["agents"], key=lambda found: str(found["name"]), reverse=True)
    assert (agent["name"], agent["observation"]["state"], agent["observation"]["trouble"]) == ("press-1", "running", "")
    seen = other["observation"]
    assert (seen["state"], seen["container_id"], seen["managed"]) == ("dead", "c2", True)
    assert "which is dead" in seen["trouble"]
    assert result["unreadable"] == []


@pytest.mark.parametrize(("labels", "known"), [({}, False), ({LABEL: "press-2"}, True)])
@pytest.mark.parametrize("state", ["running", None])
def test_one_that_cannot_be_inspected_hides_no_other_agent(
    labels: dict[str, str], known: bool, state: str | None, fake: FakeEngine, run: Run
) -> None:
    deployed(fake)
    strange = listed(report(), Id="c2", Names=["/strange"], Labels=labels, **({"State": state} if state else {}))
    fake.say("GET", "/containers/json", [listed(report()), strange])
    fake.say("GET", "/containers/strange/json", {"message": "layer does not exist"}, status=500)
    result = run("agents_info", docker_host=fake.address, unmanaged=True)
    seen = {agent["name"]: agent["observation"] for agent in result["agents"]}
    assert seen["press-1"]["state"] == "running" and not seen["press-1"]["trouble"]
    assert ("press-2" in seen) == known
    if known:
        assert (seen["press-2"]["state"], seen["press-2"]["container_id"]) == (state or "absent", "c2")
        assert "layer does not exist" in seen["press-2"]["trouble"]
    (unreadable,) = result["unreadable"]
    assert (unreadable["container"], unreadable["state"]) == ("strange", state or "absent")
    assert "layer does not exist" in unreadable["message"]
    assert len(result["warnings"]) == 1 and "layer does not exist" in str(result["warnings"])
    assert not result.get("deprecations"), "they are passed on in a way that will not be supported any more"


def test_unusual_words_for_a_container_of_somebody_else_are_no_obstacle(fake: FakeEngine, run: Run) -> None:
    deployed(fake, **NOT_OURS, HostConfig__ExtraHosts=["plc=10.0.0.1", "alone"], HostConfig__Binds=["/data"])
    result = run("agents", docker_host=fake.address, **{**WANTED, "agents": BY_HAND})
    assert not result.get("failed") and [agent["action"] for agent in result["agents"]] == ["none"]


@pytest.mark.parametrize(
    ("states", "shown"),
    [
        ({"zzz": "running", "aaa.next": "created"}, "zzz"),
        ({"zzz": "exited", "aaa.next": "running"}, "aaa.next"),
        ({"zzz": "exited", "aaa.next": "created"}, "zzz"),
        ({"aaa.next": "created"}, "aaa.next"),
        ({"zzz": "running", "aaa": "exited"}, "zzz"),
    ],
)
def test_of_two_containers_of_one_agent_the_one_that_counts_is_shown(
    states: dict[str, str], shown: str, fake: FakeEngine, run: Run
) -> None:
    deployed(fake)
    entries = [listed(report(), Id=name, Names=[f"/{name}"], State=state) for name, state in states.items()]
    fake.say("GET", "/containers/json", entries)
    for name in states:
        fake.say("GET", f"/containers/{name}/json", report(Id=name, Name=f"/{name}"))
    (agent,) = run("agents_info", docker_host=fake.address)["agents"]
    assert agent["container"] == shown
    # Whoever looks at all of them sees each that is there on purpose.
    every = run("agents_info", docker_host=fake.address, unmanaged=True)["agents"]
    both = "aaa" in states
    assert [agent["container"] for agent in every] == (sorted(states) if both else [shown])


@pytest.mark.parametrize("check", [True, False])
def test_look(check: bool, fake: FakeEngine, run: Run) -> None:
    deployed(fake)
    fake.say("POST", f"/containers/{NAME}/restart", b"", status=204)
    asked = {"name": "press-1", "username": "press-1", "container": NAME, "volume": NAME, "restart": True}
    result = run("agents_registered", docker_host=fake.address, looks=[asked], check=check)
    assert result["changed"] is not check
    assert [seen["name"] for seen in result["observations"]] == ["press-1"]
    assert fake.writes() == ([] if check else [("POST", f"/containers/{NAME}/restart")])


BY_HAND = [{"name": "press-1", "manage": False, "container": NAME}]
DIGEST = "reg/mapper@sha256:" + 64 * "d"
NOT_OURS = {"Config__Labels": {}}


@pytest.mark.parametrize("env", [[], ["CYBUS_USE_MUTUAL_TLS=true"], ["USE_MUTUAL_TLS=1"]])
def test_an_agent_of_somebody_else_is_looked_at_only(fake: FakeEngine, run: Run, env: list[str]) -> None:
    deployed(fake, Config__Env=["CYBUS_AGENT_NAME=press-1", *env], HostConfig__Init=None, **NOT_OURS)
    result = run("agents", docker_host=fake.address, agents=BY_HAND, diff=True)
    (agent,) = result["agents"]
    assert not result["changed"] and fake.writes() == []
    assert (agent["action"], agent["volume"], agent["observation"]["managed"]) == ("none", NAME, False)
    assert agent["observation"]["by_certificate"] is bool(env)
    assert agent["observation"]["credentials"] is True
    assert agent["observation"]["image_digest"] == DIGEST
    assert result["diff"]["before"] == result["diff"]["after"]


VOLUME = {"Type": "volume", "Name": NAME, "Destination": "/data", "Source": "/v"}


@pytest.mark.parametrize(
    ("places", "credentials"),
    [
        (["/data", "/data/credentials"], False),
        (["/data/credentials", "/data"], False),
        (["/data", "/data/cred", "/etc/ca.pem"], True),
        (["/data/credentials"], True),
    ],
)
def test_a_file_that_is_mounted_into_the_volume_is_no_credentials(
    places: list[str], credentials: bool, fake: FakeEngine, run: Run
) -> None:
    """Whoever looks into the volume itself does not see it; without a volume it is all that there is."""
    deployed(
        fake,
        Config__Env=["CYBUS_AGENT_NAME=press-1"],
        Mounts=[{**VOLUME, "Destination": at} for at in places],
        **NOT_OURS,
    )
    (agent,) = run("agents", docker_host=fake.address, agents=BY_HAND)["agents"]
    assert agent["observation"]["credentials"] is credentials


@pytest.mark.parametrize(
    ("env", "says"),
    [
        (["CYBUS_AGENT_NAME=other"], "its name is other and its username is other"),
        (["CYBUS_AGENT_NAME=press-1", "CYBUS_MQTT_USERNAME=somebody"], "its username is somebody"),
    ],
)
def test_an_agent_of_somebody_else_must_be_the_one_that_is_meant(
    fake: FakeEngine, run: Run, env: list[str], says: str
) -> None:
    deployed(fake, Config__Env=env, **NOT_OURS)
    result = run("agents", docker_host=fake.address, agents=BY_HAND)
    assert result["failed"] and says in result["msg"] and fake.writes() == []


@pytest.mark.parametrize(("status", "refused"), [("running", True), ("exited", False)])
def test_an_agent_of_somebody_else_is_never_removed(fake: FakeEngine, run: Run, status: str, refused: bool) -> None:
    deployed(fake, **NOT_OURS)
    (listed,) = fake.answers["GET", "/containers/json"][1]
    fake.say("GET", "/containers/json", [{**listed, "State": status}])
    result = run("agents", docker_host=fake.address, agents=BY_HAND, state="absent", purge=True)
    assert bool(result.get("failed")) is refused and fake.writes() == []


@pytest.mark.parametrize("agents", [[{**BY_HAND[0], "container": "press-1-gone"}], [{"name": "press-1"}]])
@pytest.mark.parametrize(
    ("status", "name", "refused"), [("running", "press-1", True), ("exited", "press-1", False), ("running", "x", False)]
)
def test_nobody_is_retired_whose_container_runs_under_a_name_that_is_not_known(
    fake: FakeEngine, run: Run, agents: list[dict[str, Any]], status: str, name: str, refused: bool
) -> None:
    deployed(fake, Config__Env=[f"CYBUS_AGENT_NAME={name}"], **NOT_OURS)
    (listed,) = fake.answers["GET", "/containers/json"][1]
    fake.say("GET", "/containers/json", [{**listed, "Names": ["/welding_press_1"], "State": status}])
    fake.say("GET", "/containers/welding_press_1/json", fake.answers["GET", f"/containers/{NAME}/json"][1])
    result = run("agents", docker_host=fake.address, agents=agents, state="absent")
    assert bool(result.get("failed")) is refused and fake.writes() == []
    if refused:
        assert "agent press-1" in result["msg"] and "welding_press_1" in result["msg"]


def test_nobody_is_retired_who_runs_as_another_agent_of_ours(fake: FakeEngine, run: Run) -> None:
    """It has another name in the inventory now, and the same username."""
    there = {"Name": "/connectware-agent-press-old", "Config__Labels": {LABEL: "press-old"}}
    deployed(fake, Config__Env=["CYBUS_AGENT_NAME=press-old", "CYBUS_MQTT_USERNAME=press-1"], **there)
    (entry,) = fake.answers["GET", "/containers/json"][1]
    fake.say("GET", "/containers/json", [{**entry, "Names": [there["Name"]], "State": "running"}])
    fake.say("GET", f"/containers{there['Name']}/json", fake.answers["GET", f"/containers/{NAME}/json"][1])
    result = run("agents", docker_host=fake.address, agents=[{"name": "press-1"}], state="absent")
    assert result["failed"] and "the container connectware-agent-press-old runs and answers to" in result["msg"]
    assert fake.writes() == []


@pytest.mark.parametrize("status", ["dead", "removing"])
@pytest.mark.parametrize(("state", "action"), [("present", "recreated"), ("absent", "removed")])
def test_check_mode_tells_what_becomes_of_a_container_that_is_beyond_start(
    status: str, state: str, action: str, fake: FakeEngine, run: Run
) -> None:
    """Its log cannot be read; it goes, so that this is no trouble."""
    deployed(fake, State__Status=status)
    says = {"message": "can not get logs from container which is dead or marked for removal"}
    fake.say("GET", f"/containers/{NAME}/logs", says, status=409)
    fake.say("GET", f"/containers/{NAME}/archive", says, status=409)
    wanted = WANTED if state == "present" else {"agents": WANTED["agents"]}
    result = run("agents", docker_host=fake.address, check=True, state=state, **wanted)
    (agent,) = result["agents"]
    assert (agent["error"], agent["action"]) == ("", action) and not result.get("failed")
    assert (agent["observation"]["state"], agent["observation"]["volume_created_at"] is not None) == ("absent", True)


def test_only_the_images(fake: FakeEngine, run: Run) -> None:
    del fake.answers["GET", "/images/reg/mapper:1.8.0/json"]
    result = run("agents", docker_host=fake.address, state="pulled", check=True, **WANTED)
    assert result["changed"] and result["agents"][0]["pulled"] and result["agents"][0]["action"] == "none"
    fake.say("GET", "/images/reg/mapper:1.8.0/json", IMAGE_REPORT)
    result = run("agents", docker_host=fake.address, state="pulled", **WANTED)
    assert not result["changed"] and fake.writes() == []


@pytest.mark.parametrize(
    ("digests", "told"),
    [
        ([], "sha256:one"),
        (["<none>@<none>"], "sha256:one"),
        ([DIGEST], DIGEST),
        (["mirror/mapper@sha256:" + 64 * "0", DIGEST], DIGEST),
    ],
)
def test_a_container_that_gets_another_image_tells_which_one_it_had(
    fake: FakeEngine, run: Run, digests: list[str], told: str
) -> None:
    deployed(fake)
    fake.say("GET", "/images/sha256:one/json", {**IMAGE_REPORT, "RepoDigests": digests})
    fake.say("GET", "/images/reg/mapper:1.8.0/json", {**IMAGE_REPORT, "Id": "sha256:two"})
    (agent,) = run("agents", docker_host=fake.address, check=True, **WANTED)["agents"]
    assert agent["drift"] == ["image"]
    assert agent["previous_image"] == told


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(("new_image", "had", "told"), [
    ("sha256:two", None, "sha256:one"),
    ("sha256:two", "reg/mapper@sha256:older", "sha256:one"),
    ("sha256:one", "reg/mapper@sha256:older", "reg/mapper@sha256:older"),
    ("sha256:one", None, None),
])  # fmt: skip
def test_a_container_keeps_the_image_before_its_own(
    fake: FakeEngine, run: Run, new_image: str, had: str | None, told: str | None, check: bool
) -> None:
    """Also where it is made anew for another reason."""
    label = "edgefleet.connectware.replaced-image"
    labels = {"edgefleet.connectware.agent": "press-1", "vendor": "x", **({label: had} if had else {})}
    deployed(fake, Config__Labels=labels, HostConfig__Init=False)
    fake.say("GET", "/images/sha256:one/json", IMAGE_REPORT)
    fake.say("GET", "/images/reg/mapper:1.8.0/json", {**IMAGE_REPORT, "Id": new_image})
    for method, path, status in (
        ("POST", "/containers/c1/stop", 204), ("POST", "/containers/c1/rename", 204),
        ("POST", "/containers/c2/rename", 204), ("POST", "/containers/c2/start", 204),
        ("DELETE", "/containers/c1", 204),
    ):  # fmt: skip
        fake.say(method, path, b"", status=status)
    fake.say("POST", "/containers/create", {"Id": "c2"}, status=201)
    (agent,) = run("agents", docker_host=fake.address, check=check, **WANTED)["agents"]
    assert agent["action"] == "recreated" and agent["replaced_image"] == told
    assert agent["replaced_container"] == "c1"
    if not check:
        (made,) = fake.bodies["POST", "/containers/create"]
        assert json.loads(made)["Labels"].get(label) == told


BACKUP = {"Id": "c9", "Names": ["/backup"], "Labels": {}, "Mounts": [{"Type": "volume", "Name": "press-2"}]}


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ({"volume": "press-2"}, "is mounted by the container backup"),
        ({"networks": ["nowhere"]}, "the network nowhere does not exist"),
        ({"image": "reg/other:1"}, "reg/other:1"),
        ({"container": "backup", "manage": False}, "its name is press-9"),
        ({"container": "nowhere", "manage": False}, "the container nowhere does not exist"),
    ],
)
def test_one_that_is_refused_hides_no_other_where_only_a_prediction_is_wanted(
    second: dict[str, Any], says: str, fake: FakeEngine, run: Run
) -> None:
    deployed(fake)
    fake.say("GET", "/containers/json", [listed(report()), BACKUP])
    for name in ("backup", "c9"):
        fake.say(
            "GET", f"/containers/{name}/json", report(Id="c9", Name="/backup", Config__Env=["CYBUS_AGENT_NAME=press-9"])
        )
    fake.say("GET", "/networks", [])
    wanted = {**WANTED, "pull": "never", "agents": [{"name": "press-1"}, {"name": "press-2", **second}]}
    result = run("agents", docker_host=fake.address, check=True, predict_each=True, **wanted)
    first, refused = result["agents"]
    assert (first["error"], first["action"], first["observation"]["credentials"]) == ("", "none", True)
    assert says in refused["error"] and refused["action"] == "none" and not refused["observation"]["planned"]
    # Whoever is to do it does nothing, and check mode says so.
    for given in ({"check": True}, {"predict_each": True}):
        result = run("agents", docker_host=fake.address, **given, **wanted)
        assert result["failed"] and says in result["msg"] and "agents" not in result
    assert fake.writes() == []


@pytest.mark.parametrize(("more", "env"), [({}, []), ({"manage": False}, ["CYBUS_AGENT_NAME=press-9"])])
def test_the_log_of_somebody_elses_container_is_not_read(
    more: dict[str, Any], env: list[str], fake: FakeEngine, run: Run
) -> None:
    """A name in the inventory is wrong, and what it names is a database."""
    deployed(fake)
    fake.say("GET", "/containers/json", [listed(report()), BACKUP])
    for name in ("backup", "c9"):
        fake.say("GET", f"/containers/{name}/json", report(Id="c9", Name="/backup", Config__Env=env, Config__Labels={}))
    text = b"2026-01-01T00:00:01.5Z connecting with postgres://admin:hush@db/erp\n"
    fake.say("GET", "/containers/backup/logs", struct.pack(">BxxxL", 1, len(text)) + text)
    agents = [{"name": "press-2", "container": "backup", **more}]
    result = run("agents", docker_host=fake.address, check=True, predict_each=True, **{**WANTED, "agents": agents})
    assert result["agents"][0]["error"] and "hush" not in str(result)
    assert not [path for _method, _version, path in fake.asked if path.endswith("/logs")]


def test_an_engine_that_is_away_is_no_trouble_of_one_agent(fake: FakeEngine, run: Run) -> None:
    gone = f"{fake.address}.gone"
    result = run("agents", docker_host=gone, check=True, predict_each=True, **WANTED)
    assert result["failed"] and result["error"]["kind"] == "EngineUnavailableError"


@pytest.mark.parametrize(
    ("labels", "mount", "intrudes"),
    [
        ({}, {"Destination": "/backup"}, True),
        ({LABEL: "press-2"}, {"Destination": "/backup"}, True),
        ({}, {"Destination": "/backup", "RW": False}, False),
        ({}, {"Destination": "/backup", "Name": "theirs"}, False),
        ({}, {"Destination": "/backup", "Type": "bind"}, False),
        ({LABEL: "press-1"}, {"Destination": "/data"}, False),
    ],
)
@pytest.mark.parametrize("labelled", [True, False])
def test_whoever_else_can_write_to_the_volume_of_an_agent(
    labels: dict[str, str], mount: dict[str, Any], intrudes: bool, labelled: bool, fake: FakeEngine, run: Run
) -> None:
    """Of an agent that is there, or of which only the volume is."""
    deployed(fake)
    entries = [] if labelled else [listed(report())]
    theirs = {**BACKUP, "Labels": labels, "Mounts": [{"Type": "volume", "Name": NAME, "RW": True, **mount}]}
    fake.say("GET", "/containers/json", [*entries, theirs])
    fake.say("GET", "/containers/backup/json", report(Id="c9", Name="/backup", Config__Env=[]))
    fake.say("GET", "/volumes", {"Volumes": [{"Name": NAME, "Labels": {LABEL: "press-1"} if labelled else None}]})
    result = run("agents_info", docker_host=fake.address, unmanaged=True)
    assert result["intruders"] == ([{"container": "backup", "volume": NAME}] if intrudes else [])


@pytest.mark.parametrize("usernames", [[], ["press-1"], ["other"]])
def test_agents_that_are_not_ours_are_found_by_their_environment(
    fake: FakeEngine, run: Run, usernames: list[str]
) -> None:
    deployed(fake, **NOT_OURS)
    assert run("agents_info", docker_host=fake.address)["agents"] == []
    found = run("agents_info", docker_host=fake.address, unmanaged=True, usernames=usernames)["agents"]
    assert [agent["container"] for agent in found] == ([] if usernames == ["other"] else [NAME])
    assert all(not agent["observation"]["managed"] and agent["observation"]["container_id"] == "c1" for agent in found)


def test_certificates_become_mounts_and_variables(fake: FakeEngine, run: Run) -> None:
    deployed(fake)
    files = {"ca": "/etc/cw/ca.pem", "certificate": "/etc/cw/own.crt", "key": "/etc/cw/own.key"}
    wanted = {**WANTED, "mqtt_scheme": "mqtts", "certificates": files}
    result = run("agents", docker_host=fake.address, check=True, diff=True, **wanted)
    assert {"env", "mounts"} <= set(result["agents"][0]["drift"])
    after = result["diff"]["after"]["press-1"]
    assert ["/etc/cw/own.key", "/connectware_certs/client.key", True] in after["mounts"]
    assert after["env"]["CYBUS_USE_MUTUAL_TLS"] == after["env"]["USE_MUTUAL_TLS"] == "true"
    own = run("agents", docker_host=fake.address, check=True, **{**wanted, "env": {"USE_MUTUAL_TLS": "no"}}, diff=True)
    assert own["diff"]["after"]["press-1"]["env"]["USE_MUTUAL_TLS"] == "no"


RESTARTED = {"RestartCount": 2, "State__FinishedAt": "2026-01-01T00:00:00.5Z"}


def test_an_agent_that_has_crashed_and_whose_log_cannot_be_read_is_observed(fake: FakeEngine, run: Run) -> None:
    deployed(fake, **RESTARTED)
    unreadable = {"message": "configured logging driver does not support reading"}
    fake.say("GET", f"/containers/{NAME}/logs", unreadable, status=501)
    result = run("agents", docker_host=fake.address, **WANTED)
    assert not result.get("failed"), result
    assert result["agents"][0]["observation"]["log_readable"] is False


def test_the_log_of_an_agent_that_crashed_long_ago_is_read_once(fake: FakeEngine, run: Run) -> None:
    deployed(fake, **RESTARTED)
    line = b'2026-01-01T00:00:02Z {"level":30,"msg":"Connected"}\n'
    fake.say("GET", f"/containers/{NAME}/logs", struct.pack(">BxxxL", 1, len(line)) + line)
    run("agents", docker_host=fake.address, **WANTED)
    assert [path for _method, _version, path in fake.asked].count(f"/containers/{NAME}/logs") == 1


MARK = f"{NAME}.unregistered"
OURS = {"Name": NAME, "Labels": {"edgefleet.connectware.agent": "press-1"}, "CreatedAt": "2026-01-01T00:00:00Z"}
MARKED = {"Name": MARK, "Labels": {"edgefleet.connectware.unregistered": "press-1"}, "CreatedAt": OURS["CreatedAt"]}


@pytest.mark.parametrize("marked", [True, False])
def test_a_mark_is_seen_without_a_further_question(fake: FakeEngine, run: Run, marked: bool) -> None:
    deployed(fake)
    fake.say("GET", "/volumes", {"Volumes": [OURS, *([MARKED] if marked else [])]})
    result = run("agents", docker_host=fake.address, diff=True, **WANTED)
    assert not result["changed"] and fake.writes() == []
    assert result["agents"][0]["observation"]["never_registered"] is marked
    assert result["diff"]["before"] == result["diff"]["after"]
    assert [path for _method, _version, path in fake.asked].count("/volumes") == 1


def test_a_mark_that_cannot_be_made_is_an_error_and_no_volume_is_made(fake: FakeEngine, run: Run) -> None:
    fake.say("POST", "/volumes/create", {"message": "no space left on device"}, status=500)
    result = run("agents", docker_host=fake.address, **WANTED)
    assert result["failed"]
    assert f"create the volume {MARK}" in result["msg"] and "no space left on device" in result["msg"]
    assert fake.writes() == [("POST", "/volumes/create")]


def test_no_mark_for_an_agent_with_a_certificate(fake: FakeEngine, run: Run, tmp_path: Path) -> None:
    made: list[tuple[str, str]] = []
    for certificates in ({}, {"certificate": f"{tmp_path}/c.pem", "key": f"{tmp_path}/k.pem"}):
        fake.asked.clear()
        fake.say("POST", "/volumes/create", OURS, status=201)
        scheme = {"mqtt_scheme": "mqtts", "certificates": certificates} if certificates else {}
        run("agents", docker_host=fake.address, **WANTED, **scheme)
        made.append(fake.writes().count(("POST", "/volumes/create")))
    assert made == [2, 1]


def left(fake: FakeEngine, volumes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The volumes that nobody has removed."""
    return [volume for volume in volumes if ("DELETE", f"/volumes/{volume['Name']}") not in fake.writes()]


@pytest.mark.parametrize("check", [True, False])
def test_a_volume_that_is_there_again_after_a_purge_is_told(fake: FakeEngine, run: Run, check: bool) -> None:
    fake.say("GET", "/volumes", {"Volumes": [OURS]})
    fake.say("DELETE", f"/volumes/{NAME}", b"", status=204)
    agents = [{"name": "press-1"}]
    result = run("agents", docker_host=fake.address, agents=agents, state="absent", purge=True, check=check)
    assert bool(result.get("failed")) is not check and result["changed"]
    if not check:
        assert f"remove the volume {NAME}" in result["msg"] and "is there again" in result["msg"]
        assert f"remove the volume {NAME}" in result["agents"][0]["error"] and not result["agents"][0]["purged"]


@pytest.mark.parametrize(("purge", "volumes"), [(False, [OURS, MARKED]), (True, [OURS, MARKED]), (False, [MARKED])])
@pytest.mark.parametrize("check", [True, False])
def test_a_retirement_removes_the_mark(
    fake: FakeEngine, run: Run, purge: bool, volumes: list[dict[str, Any]], check: bool
) -> None:
    fake.say("GET", "/volumes", lambda _query: {"Volumes": left(fake, volumes)})
    for name in (NAME, MARK):
        fake.say("DELETE", f"/volumes/{name}", b"", status=204)
    agents = [{"name": "press-1"}]
    result = run("agents", docker_host=fake.address, agents=agents, state="absent", purge=purge, check=check, diff=True)
    assert result["changed"] and result["diff"]["before"] != result["diff"]["after"]
    gone = [("DELETE", f"/volumes/{name}") for name in ([MARK, NAME] if purge else [MARK])]
    assert fake.writes() == ([] if check else gone)
    assert result["agents"][0]["purged"] is (purge and OURS in volumes)


def test_a_mark_that_cannot_be_removed_by_a_retirement_is_an_error_that_names_it(fake: FakeEngine, run: Run) -> None:
    fake.say("GET", "/volumes", {"Volumes": [OURS, MARKED]})
    fake.say("DELETE", f"/volumes/{MARK}", {"message": "volume is in use"}, status=409)
    agents = [{"name": "press-1"}]
    result = run("agents", docker_host=fake.address, agents=agents, state="absent", purge=True)
    assert result["failed"] and f"remove the volume {MARK}" in result["msg"] and "in use" in result["msg"]
    assert ("DELETE", f"/volumes/{NAME}") not in fake.writes()


def test_a_volume_must_not_be_called_like_a_mark(fake: FakeEngine, run: Run) -> None:
    agents = [{"name": "press-1"}, {"name": "press-2", "volume": MARK}]
    result = run("agents", docker_host=fake.address, **{**WANTED, "agents": agents})
    assert result["failed"] and "agent press-2: option 'volume'" in result["msg"] and MARK in result["msg"]
    assert {path for _unused, _unused, path in fake.asked} == {"/version"}


@pytest.mark.parametrize("check", [True, False])
def test_a_look_that_removes_the_mark(check: bool, fake: FakeEngine, run: Run) -> None:
    deployed(fake)
    fake.say("GET", "/volumes", {"Volumes": [OURS, MARKED]})
    fake.say("DELETE", f"/volumes/{MARK}", b"", status=204)
    asked = {"name": "press-1", "username": "press-1", "container": NAME, "volume": NAME, "unmark_after": 0}
    result = run("agents_registered", docker_host=fake.address, looks=[asked], check=check)
    assert result["changed"] is not check
    assert result["observations"][0]["never_registered"] is check
    assert fake.writes() == ([] if check else [("DELETE", f"/volumes/{MARK}")])
