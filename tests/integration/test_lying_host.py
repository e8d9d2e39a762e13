# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A factory host in other hands: whatever it answers, it speaks for its own agents only."""

from __future__ import annotations

import json
import socket
import sys
from contextlib import suppress
from threading import Thread

import pytest
import yaml
from integration import lives
from integration.bed import IMAGE, VERSION, docker
from simulator.harness import until

# The Python of that host: it runs what Ansible sends, and answers in the name of another agent. A container of the
# attacker, where there is one, has a request of that name and its pairing ID, which it takes for that of the agent.
LIAR = """#!{python}
import json, re, subprocess, sys
done = subprocess.run([sys.executable, *sys.argv[1:]], stdout=subprocess.PIPE, text=True)
log = subprocess.run(["docker", "logs", "{stranger}"], capture_output=True, text=True).stdout
answer = json.loads(done.stdout.replace('"{key}": "{own}"', '"{key}": "{other}"'))
observed = answer.get("observations", []) + [agent["observation"] for agent in answer.get("agents", [])]
for pairing_id in re.findall(r"pairing ID \\(should match in UI\\): (\\w+)", log)[-1:]:
    for each in observed:
        asks = {{"kind": "asking_new", "at": each["started_at"]}}
        each["events"] = [asks, {{**asks, "kind": "pairing", "username": "{other}", "pairing_id": pairing_id}}]
print(json.dumps({{**answer, **{orders}}}))
sys.exit(done.returncode)
"""

# This one tells facts, whatever it is asked.
TELLER = """#!{python}
import json, subprocess, sys
done = subprocess.run([sys.executable, *sys.argv[1:]], stdout=subprocess.PIPE, text=True)
answer = json.loads(done.stdout)
answer.setdefault("ansible_facts", {{}}).update({facts})
print(json.dumps(answer))
sys.exit(done.returncode)
"""


class Attack:
    """Two hosts with an agent each, of which the first one lies about its own."""

    def __init__(self, site, folder, key="username", orders=None):
        self.site = site
        self.own, self.other = site.names()
        python = folder / "python-of-the-attacker"
        self.stranger = f"connectware-agent-{self.own}-stranger"
        names = {"own": self.own, "other": self.other, "stranger": self.stranger, "orders": orders or {}}
        python.write_text(LIAR.format(python=sys.executable, key=key, **names))
        python.chmod(0o755)
        first, second = site.agents
        self.liar = {"agents_list": [first], "ansible_python_interpreter": str(python)}
        self.honest = {"agents_list": [second]}

    def ask(self):
        """A container of the attacker asks in the name of the other host's agent."""
        variables = {**self.site.variables["agents_env"], "CYBUS_AGENT_MODE": "distributed"}
        variables["CYBUS_AGENT_NAME"] = self.other
        variables["CYBUS_MQTT_HOST"] = "127.0.0.1"
        variables["CYBUS_MQTT_PORT"] = self.site.variables["agents_mqtt_port"]
        given = [f"--env={key}={value}" for key, value in variables.items()]
        docker("run", "--detach", "--network=host", "--name", self.stranger, *given, f"{IMAGE}:{VERSION}")
        until(lambda: "pairing ID" in docker("logs", self.stranger), "it has a pairing ID")


@pytest.fixture
def attack(factory, tmp_path):
    return Attack(lives.quick(factory(2)), tmp_path)


def test_it_does_not_let_a_stranger_in_under_the_name_of_another_hosts_agent(attack):
    site = attack.site
    attack.ask()
    site.count_from_now()

    run = site.rollout(hosts={"liar": attack.liar})

    run.failed(
        "what module agents has answered on host liar",
        f"it has the username {attack.other!r} for the agent {attack.own!r}, whose username is {attack.own!r}",
        "may be in other hands",
    )
    assert site.counts()["writes"] == 0 and attack.other not in site.simulator.usernames()

    run = site.rollout(hosts={"liar": attack.liar, "honest": attack.honest})
    run.failed("host liar")
    assert attack.other not in site.simulator.usernames() or site.connected(attack.other)


def test_it_does_not_have_the_user_of_another_hosts_agent_deleted(attack):
    site = attack.site
    site.rollout(hosts={"honest": attack.honest}).ok()
    until(lambda: site.connected(attack.other), "it is connected")

    run = site.retire(hosts={"liar": attack.liar})

    run.failed("what module agents has answered on host liar", f"the username {attack.other!r}")
    assert site.connected(attack.other)
    site.retire(hosts={"liar": {**attack.liar, "ansible_python_interpreter": sys.executable}}).ok()


def test_an_agent_that_it_does_not_speak_of_is_not_forgotten(factory, tmp_path):
    attack = Attack(lives.quick(factory(2)), tmp_path, key="name")
    site = attack.site

    run = site.rollout(hosts={"liar": attack.liar})

    run.failed(f"it says nothing of the agent {attack.own!r}", f"names the agent {attack.other!r}")
    assert site.counts()["writes"] == 0


@pytest.fixture
def elsewhere():
    """An address of the attacker, and what has come there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        came = []

        def listen():
            with suppress(OSError):  # until it is closed
                while True:
                    connection, _address = server.accept()
                    came.append(connection)
                    connection.close()

        Thread(target=listen, daemon=True).start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}", came
        server.shutdown(socket.SHUT_RDWR)


def test_it_sets_no_variables_of_its_own_or_of_other_hosts(factory, tmp_path, elsewhere):
    """Facts win over the inventory: with another connectware_url, the token would go there."""
    url, came = elsewhere
    variables = {"connectware_url": url, "connectware_validate_certs": False}
    orders = {
        "changed": True,
        "ansible_facts": variables,
        "add_host": {"host_name": "honest", "groups": ["theirs"], "host_vars": variables},
        "ansible_stats": {"data": {"connectware_plan": "all is well"}, "per_host": False},
    }
    attack = Attack(lives.quick(factory(2)), tmp_path, key="no such key", orders=orders)

    attack.site.environment["ANSIBLE_SHOW_CUSTOM_STATS"] = "1"

    run = attack.site.rollout(hosts={"liar": attack.liar, "honest": attack.honest}).ok()

    assert came == [], "nobody has asked there"
    assert "CUSTOM STATS" not in run.output
    lives.all_connected(attack.site)


@pytest.mark.parametrize("role", ["agents", pytest.param("audit", marks=pytest.mark.long)])
def test_facts_that_it_tells_send_nothing_to_another_address(factory, tmp_path, elsewhere, role):
    """Whoever gathers facts in the play asks the host for variables."""
    url, came = elsewhere
    site = lives.quick(factory(2))
    (first, second), made = site.agents, tmp_path / "made"
    facts = {"connectware_url": url, "agents_evidence_path": str(made), "audit_path": str(made)}
    python = tmp_path / "python-of-the-attacker"
    python.write_text(TELLER.format(python=sys.executable, facts=facts))
    python.chmod(0o755)
    play = {"hosts": "all", "gather_facts": True, "roles": [f"edgefleet.connectware.{role}"]}
    (site.directory / "gathering.yml").write_text(yaml.safe_dump([play]))
    liar = {"agents_list": [first], "ansible_python_interpreter": str(python)}
    hosts = {"a-liar": liar, "honest": {"agents_list": [second], "agents_version": "auto"}}

    run = site.play("gathering.yml", hosts=hosts)

    run.failed("host a-liar", "facts of that host have names of this collection", "connectware_url")
    assert came == [], "nobody has asked there"
    assert not made.exists()
    if role == "agents":
        assert run.agents[second["name"]]["registered"], run.output
    else:
        audit = json.loads((site.directory / "connectware-audit" / "audit.json").read_text())
        assert {host["name"]: host["status"] for host in audit["hosts"]} == {"a-liar": "failed", "honest": "asked"}
