# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new container takes the place of an old one: refused, cut off or killed at each of its steps."""

from __future__ import annotations

from typing import Any

import pytest
from unit.plugins.module_utils._docker.reports import container, spec

from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.containers import Converger
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.engine import Engine
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.inventory import HostInventory
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.plan import NOTHING, RECREATED, Plan

docker = pytest.importorskip("docker")

LABELS = {"edgefleet.connectware.agent": "press"}
STEPS = 9  # more than any run has
# How one has ended: it was stopped, with an exit code that is not 0, or by itself with such a code.
STOPPED, FAILED = "stopped", "failed"
# Which of them an engine starts again when it starts, by their restart policies; observed with 20.10.
STARTED_ANEW = {
    "no": (), "unless-stopped": (FAILED,), "always": (STOPPED, FAILED), "on-failure": (STOPPED, FAILED)
}  # fmt: skip
NEVER_SENT, ANSWER_LOST = "never sent", "answer lost"


class Killed(BaseException):
    """The module is gone."""


class Client:
    """An engine that is told at which of its steps something goes wrong; two of one agent must never run at once."""

    base_url = "http+docker://socket"

    def __init__(self, policy: str) -> None:
        self.all = {"old": {"name": "c-press", "state": "running", "policy": policy, "ended": ""}}
        self.policy = policy
        self.steps = 0
        self.wrong: dict[int, tuple[type[BaseException], str]] = {}
        self.bad: set[str] = set()  # containers that cannot be started

    def running(self) -> list[str]:
        return [name for name, one in self.all.items() if one["state"] == "running"]

    def _step(self, container_id: str, act: Any) -> None:
        self.steps += 1
        error, when = self.wrong.get(self.steps, (None, ""))
        if error is not None and when == NEVER_SENT:
            raise error("no")
        if container_id not in self.all:
            raise docker.errors.NotFound("no such container")
        act(self.all[container_id])
        assert len(self.running()) <= 1, self.all
        if error is not None:
            raise error("no")

    def create_host_config(self, **options: Any) -> Any:
        return options["restart_policy"]["Name"]

    def create_container(self, _image: str, name: str, host_config: str, **_options: Any) -> dict[str, str]:
        assert name not in [one["name"] for one in self.all.values()], "the name is taken"
        made = f"new{len(self.all) + self.steps}"
        self.all[made] = {"name": name, "state": "created", "policy": host_config, "ended": ""}
        return {"Id": made}

    def stop(self, container_id: str, timeout: int) -> None:
        del timeout
        ended = {"state": "exited", "ended": STOPPED}
        self._step(container_id, lambda one: one.update(ended) if one["state"] == "running" else None)

    def start(self, container_id: str) -> None:
        if container_id in self.bad or (container_id != "old" and "new" in self.bad):
            self.steps += 1
            raise docker.errors.APIError("unable to find user")
        self._step(container_id, lambda one: one.update(state="running"))

    def rename(self, container_id: str, name: str) -> None:
        assert name not in [one["name"] for one in self.all.values()], "the name is taken"
        self._step(container_id, lambda one: one.update(name=name))

    def update_container(self, container_id: str, restart_policy: dict[str, str]) -> None:
        self._step(container_id, lambda one: one.update(policy=restart_policy["Name"]))

    def remove_container(self, container_id: str, v: bool, force: bool) -> None:
        assert not v and force
        self._step(container_id, lambda one: self.all.pop(container_id))

    def inspect_container(self, container_id: str) -> dict[str, Any]:
        one = self.all[container_id]
        policy = {"Name": one["policy"]}
        return container(
            Id=container_id, Name="/" + one["name"], state__Status=one["state"], host__RestartPolicy=policy
        )

    def start_machine(self) -> None:
        """As an engine does with containers that it has seen running, and with ended ones by their policies."""
        for one in self.all.values():
            if one["state"] == "exited" and one["ended"] in STARTED_ANEW[one["policy"]]:
                one["state"] = "running"
        assert len(self.running()) <= 1, self.all

    def run(self, *, wanted: bool = True) -> str:
        """A run of the module as far as it concerns this; returns the error."""
        self.steps = 0
        agent = spec(restart_policy=self.policy)
        listed = {one["name"]: {"Id": key, "Labels": LABELS, "State": one["state"]} for key, one in self.all.items()}
        inventory = HostInventory(listed)
        inventory.check([agent], "host x")
        found = inventory.container_of(agent)
        report = self.inspect_container(str(found["Id"])) if found else None
        left = tuple((name, str(entry["Id"])) for name, entry in inventory.leftovers_of(agent).items())
        as_wanted = report is not None and report["Id"] != "old" and report["Name"] == "/c-press" and self.running()
        action = NOTHING if as_wanted and not wanted else RECREATED if report else "created"
        plan = Plan(agent, action, (), None, report, {"Name": "v-press"}, None, left)
        _plans, errors = Converger(Engine(self, "host x")).apply([plan])
        return errors["press"].message if errors else ""

    def only(self) -> tuple[str, str]:
        ((container_id, one),) = self.all.items()
        assert one["name"] == "c-press" and one["policy"] == self.policy, self.all
        return container_id, one["state"]


@pytest.fixture(params=["no", "unless-stopped", "always", "on-failure"])
def client(request: pytest.FixtureRequest) -> Client:
    return Client(request.param)


def test_the_new_one_takes_the_place(client: Client) -> None:
    assert client.run() == ""
    kept, state = client.only()
    assert (kept != "old", state) == (True, "running")


def test_one_that_cannot_be_started_leaves_the_old_one_running(client: Client) -> None:
    client.bad = {"new"}
    told = client.run()
    assert "Could not start the container c-press on host x: unable to find user" in told
    assert "The container that the agent had before runs again. Mend" in told
    assert client.only() == ("old", "running")


def test_where_the_old_one_cannot_be_started_either_that_is_said(client: Client) -> None:
    client.bad = {"new", "old"}
    told = client.run()
    assert "unable to find user" in told and "so that the agent may not run" in told
    assert client.only() == ("old", "exited")


@pytest.mark.parametrize("when", [NEVER_SENT, ANSWER_LOST])
@pytest.mark.parametrize("step", range(1, STEPS))
def test_whatever_is_refused_one_of_them_runs_and_the_next_run_ends_it(client: Client, step: int, when: str) -> None:
    client.wrong = {step: (docker.errors.APIError, when)}
    told = client.run()
    assert len(client.running()) == 1, (told, client.all)
    if "runs again" in told:
        assert client.only() == ("old", "running")
    client.wrong = {}
    client.run(wanted=False)
    assert client.only()[1] == "running"


@pytest.mark.parametrize("state", ["running", "exited"])
@pytest.mark.parametrize("bad", [False, True])
@pytest.mark.parametrize("machine", ["stays", "is started anew"])
@pytest.mark.parametrize("when", [NEVER_SENT, ANSWER_LOST])
@pytest.mark.parametrize("step", range(1, STEPS))
def test_killed_anywhere_the_next_run_ends_it(
    client: Client, step: int, when: str, machine: str, bad: bool, state: str
) -> None:
    """Whether or not the machine went down with it, and whether or not the new one can be started."""
    client.all["old"].update(state=state, ended=FAILED if state == "exited" else "")
    client.bad = {"new"} if bad else set()
    client.wrong = {step: (Killed, when)}
    try:
        client.run()
    except Killed:
        if machine == "is started anew":
            client.start_machine()
    client.wrong, client.bad = {}, set()
    assert client.run(wanted=False) == ""
    assert client.only()[1] == "running"
    assert client.run(wanted=False) == ""
