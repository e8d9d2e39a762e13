# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to agents in their lives, and what must be true afterwards: steps that several test files share."""

from __future__ import annotations

import subprocess
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from integration.bed import IMAGE, VERSION, Factory, Run, docker
from simulator.harness import Simulator, until

QUICK = {"agents_poll_interval": 1, "agents_settle": 2, "agents_timeout": 60}
POLL = "0.4"
CREDENTIALS = "/data/credentials.json"


def quick(site: Factory, *names: str, **env: str) -> Factory:
    """Give the agents speaking names, an environment, and little time."""
    prefix = site.names()[0].rpartition("-")[0]
    if names:
        site.agents = [{"name": f"{prefix}-{name}"} for name in names]
    site.variables.update(QUICK)
    site.variables["agents_env"] = {**site.variables["agents_env"], "SIMULATOR_POLL_INTERVAL": POLL, **env}
    return site


def with_own(site: Factory, simulator: Simulator) -> Factory:
    """The same agents at another simulator."""
    return Factory(simulator, site.directory, site.agents)


def called(site: Factory, name: str) -> str:
    """The full name of an agent that `quick` has named."""
    (found,) = [each for each in site.names() if each.endswith(f"-{name}")]
    return found


def in_container(name: str, script: str) -> None:
    """Run a script in a running agent's container, as the agent's own user: root has no rights in there."""
    docker("exec", f"connectware-agent-{name}", "sh", "-c", script)


def empty(name: str) -> None:
    """Delete everything in the volume of a running agent."""
    in_container(name, "find /data -mindepth 1 -delete")


def restart(name: str) -> None:
    docker("restart", "--time", "5", f"connectware-agent-{name}")


def log_of(name: str) -> str:
    """Everything that the engine still has, of all starts."""
    return docker("logs", f"connectware-agent-{name}")


def engine_time() -> str:
    return docker("info", "--format", "{{.SystemTime}}")


@contextmanager
def counted_starts() -> Iterator[Counter[str]]:
    """How often the engine starts containers of agents meanwhile, by what it tells; filled in at the end.

    It is listened to all the time: of what was before, the engine remembers 256 events, of everybody.
    """
    found: Counter[str] = Counter()
    command = ["docker", "events", "--since", engine_time(), "--filter", "type=container", "--filter", "event=start",
               "--format", "{{.TimeNano}} {{.Actor.Attributes.name}}"]  # fmt: skip
    last = f"last-{uuid.uuid4().hex[:8]}"
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as listening:
        try:
            yield found
            docker("run", "--detach", "--rm", "--name", last, "--entrypoint", "true", f"{IMAGE}:{VERSION}")
            for line in listening.stdout or ():
                name = line.split()[1]
                if name == last:
                    return
                found[name.removeprefix("connectware-agent-")] += 1
            raise AssertionError("the engine has told of nothing any more")
        finally:
            listening.terminate()


def touched(before: dict[str, tuple[str, str]], after: dict[str, tuple[str, str]]) -> set[str]:
    """The agents whose container is another one, or was started again."""
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def deployed_only(site: Factory, **variables: Any) -> None:
    """A run that deploys the agents and registers nobody."""
    site.deploy(**variables).ok()
    assert all(site.container(name)["State"]["Running"] for name in site.names())


def verdicts(run: Run) -> dict[str, tuple[str, str]]:
    return {name: (agent["verdict"], agent["reason"]) for name, agent in run.agents.items()}


def all_connected(site: Factory, names: Iterable[str] | None = None) -> None:
    wanted = set(names or site.names())
    until(lambda: wanted <= set(site.simulator.connected()), f"all of {sorted(wanted)} are logged in at the broker")


def closed_and_clean(site: Factory) -> None:
    """A run leaves no open window and no pending request of its agents."""
    assert not site.simulator.state()["window"]["open"]
    assert [request for request in site.pending() if request[0] in site.names()] == []


def nothing_to_do(site: Factory, **variables: Any) -> Run:
    """A further run changes nothing: neither by its own word, nor on the server, nor on the host."""
    before = site.starts()
    site.count_from_now()
    run = site.rollout(**variables).ok()
    assert run.changed == 0, run.output
    counts = site.counts()
    assert counts["writes"] == 0, counts["operations"]
    assert site.starts() == before
    assert {verdict for verdict, _reason in verdicts(run).values()} == {"registered"}
    return run


def let_in_first(site: Factory, **variables: Any) -> Run:
    """All agents are registered for the first time, and logged in."""
    run = site.rollout(**variables).ok()
    assert verdicts(run) == dict.fromkeys(site.names(), ("registered", "first_start")), run.output
    all_connected(site)
    return run


def first_rollout(site: Factory, **variables: Any) -> Run:
    """The same, and nobody has opened the window before."""
    run = let_in_first(site, **variables)
    closed_and_clean(site)
    return run


def conflicts(site: Factory, names: Iterable[str], **variables: Any) -> Run:
    """The run fails for exactly these agents, as conflicts of lost credentials; no other is touched."""
    before, wanted = site.starts(), set(names)
    run = site.rollout(**variables).failed("409", "agents_on_conflict", *wanted)
    found = verdicts(run)
    assert {name for name, (verdict, _reason) in found.items() if verdict == "conflict"} == wanted, run.output
    assert {found[name][1] for name in wanted} <= {"credentials_missing", "conflict"}, run.output
    assert {found[name] for name in found if name not in wanted} <= {("registered", "none")}, run.output
    assert touched(before, site.starts()) <= wanted
    assert wanted <= site.simulator.usernames(), "a user was deleted without permission"
    closed_and_clean(site)
    return run


def refused_behind_closed_window(site: Factory) -> int:
    """How many authorizations a run is refused for finding out that this Connectware wants an open window for them.

    Where requests go with the window, none is left to try it with.
    """
    switches = site.simulator.control("GET", "switches")
    return int(switches["pending_survives_relock"] and not switches["confirm_while_locked"])


def refused_as_conflicts(site: Factory, names: set[str]) -> int:
    """How many authorizations are refused with 409 where only they tell that a user of that name exists."""
    told = site.simulator.control("GET", "switches")["conflict_told_by"] == "confirm"
    return len(names & site.simulator.usernames()) if told else 0


def healed(site: Factory, names: Iterable[str], **variables: Any) -> Run:
    """The run ends well, has touched exactly these agents, and all are logged in."""
    before, wanted = site.starts(), set(names)
    behind, conflicts_told = refused_behind_closed_window(site), refused_as_conflicts(site, wanted)
    site.count_from_now()
    run = site.rollout(**variables).ok()
    assert touched(before, site.starts()) == wanted, run.output
    asked = site.counts()["operations"]["registry_confirm"]
    # A refused second request of a name can tell of the conflict before an authorization does.
    assert len(wanted) + behind <= asked <= len(wanted) + behind + conflicts_told, (asked, behind, conflicts_told)
    all_connected(site)
    closed_and_clean(site)
    return run
