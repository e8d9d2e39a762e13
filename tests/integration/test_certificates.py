# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates of the host: mounted read-only, mutual TLS without a registration, and what is wrong with them said."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import pytest
import trustme
from integration.bed import IMAGE, VERSION, Factory, clean, docker
from integration.stage import ON_HOST
from simulator.certificates import client_certificate
from simulator.harness import Simulator, until


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    """A Connectware whose broker asks for client certificates."""
    folder = tmp_path_factory.mktemp("secure")
    running = Simulator(folder / "state", config={"version": VERSION, "mutual_tls": True}).start()
    yield running
    running.stop()


@pytest.fixture
def plant(secure, tmp_path, request, agent_images):
    """A factory with one agent that has a certificate, and its user."""
    del agent_images
    name = f"it{abs(hash(request.node.nodeid)) % 10**6}-1"
    secure.control("POST", "reset")
    pem = client_certificate(secure, tmp_path, name)
    pem.chmod(0o644)
    tmp_path.chmod(0o755)
    agent = {
        "name": name,
        "certificates": {"ca": secure.endpoints["ca_path"], "certificate": str(pem), "key": str(pem)},
    }
    site = Factory(secure, tmp_path, [agent])
    site.variables.update(
        agents_mqtt_scheme="mqtts", agents_mqtt_port=secure.endpoints["mqtts_port"], agents_mqtt_host="127.0.0.1"
    )
    yield site
    clean(name)


def user_with_certificate(site):
    site.simulator.control("POST", "users", {"username": site.names()[0], "grant_methods": ["certificate"]})


def test_mutual_tls_needs_no_registration(plant):
    name = plant.names()[0]
    plant.rollout().failed(name, "there is no user", "grant type certificate")
    user_with_certificate(plant)
    plant.count_from_now()
    run = plant.rollout().ok()
    assert run.agents[name]["verdict"] == "registered" and run.agents[name]["actions"] == []
    assert plant.counts()["writes"] == 0
    until(lambda: plant.connected(name), "it is connected by its certificate")
    container = plant.container(name)
    mounts = {mount["Destination"]: mount for mount in container["Mounts"]}
    for target in ("cybus_ca.crt", "client.crt", "client.key"):
        assert mounts[f"/connectware_certs/{target}"]["RW"] is False
    env = dict(entry.split("=", 1) for entry in container["Config"]["Env"])
    assert (env["USE_MUTUAL_TLS"], env["CYBUS_USE_MUTUAL_TLS"]) == ("true", "true")
    assert (env["TRUST_ALL_CERTS"], env["CYBUS_TRUST_ALL_CERTS"]) == ("false", "false")
    key = "".join(line for line in (plant.directory / f"{name}.pem").read_text().splitlines()[1:3])
    assert key not in json.dumps(container)
    assert plant.rollout().ok().changed == 0


def test_no_private_key_turns_up(plant, stage):
    """At -vvvv, in all that a rollout, one that is refused and a retirement leave behind, or have for a moment."""
    name = plant.names()[0]
    pem = plant.directory / f"{name}.pem"
    block = pem.read_text().partition("PRIVATE KEY-----\n")[2].partition("-----END")[0]
    stage.secrets.update({f"line {number} of the key": line for number, line in enumerate(block.split()[:-1])})
    assert stage.secrets
    stage.left_out.append(pem)
    plant.variables["ansible_remote_tmp"] = str(stage.host_tmp)
    plant.environment["ANSIBLE_PIPELINING"] = "0"  # modules come as files: they are looked into
    loud = ("-vvvv", "--diff")
    with stage.sampler:
        stage.saw(plant.rollout(*loud).failed(name, "there is no user"))
        user_with_certificate(plant)
        stage.saw(plant.rollout(*loud).ok())
        until(lambda: plant.connected(name), "it is connected by its certificate")
        broken = plant.directory / "broken.pem"
        broken.write_text(pem.read_text().replace("CERTIFICATE", "CERTIFICATION"))
        broken.chmod(0o644)
        stage.left_out.append(broken)
        given = dict(plant.agents[0]["certificates"])
        plant.agents[0]["certificates"].update(certificate=str(broken), key=str(broken))
        stage.saw(plant.rollout(*loud).failed(name, str(broken)))
        plant.agents[0]["certificates"] = given
        stage.ask_engine(f"connectware-agent-{name}")
        stage.saw(plant.retire(*loud, agents_purge=True).failed(name, "Nothing was deleted"))  # no registration made it
    assert stage.sampler.seen[ON_HOST] and stage.sampler.seen["environment of agents"]
    assert not stage.leaks(f"connectware-agent-{name}", f"{IMAGE}:{VERSION}")


def test_other_places_in_the_container_are_options(plant):
    user_with_certificate(plant)
    plant.agents[0]["certificates"].update(
        ca_target="/certs/ca.pem", certificate_target="/certs/own.crt", key_target="/certs/own.key"
    )
    plant.agents[0]["env"] = {
        "SIMULATOR_CA_FILE": "/certs/ca.pem",
        "SIMULATOR_CLIENT_CERT": "/certs/own.crt",
        "SIMULATOR_CLIENT_KEY": "/certs/own.key",
    }
    plant.rollout().ok()
    until(lambda: plant.connected(plant.names()[0]), "it is connected by its certificate")


@pytest.mark.long
def test_a_certificate_that_was_renewed_reaches_the_agent(plant):
    """As modules and certbot renew it: another file takes the place of the one that the container has mounted."""
    user_with_certificate(plant)
    name = plant.names()[0]
    plant.rollout().ok()
    until(lambda: plant.connected(name), "it is connected by its certificate")
    pem, before = plant.directory / f"{name}.pem", plant.container(name)["Id"]
    with tempfile.TemporaryDirectory(dir=plant.directory) as folder:
        renewed = client_certificate(plant.simulator, Path(folder), name)
        renewed.chmod(0o644)
        text = renewed.read_text()
        os.replace(renewed, pem)
    predicted = plant.rollout("--check").ok()
    assert predicted.changed > 0 and plant.container(name)["Id"] == before
    run = plant.rollout().ok()
    assert run.agents[name]["verdict"] == "registered"
    container = plant.container(name)
    assert container["Id"] != before
    assert docker("exec", container["Id"], "cat", "/connectware_certs/client.crt") == text.strip()
    until(lambda: plant.connected(name), "it is connected by its new certificate")
    assert plant.rollout().ok().changed == 0
    assert plant.container(name)["Id"] == container["Id"]


def test_an_expired_certificate_is_told_before_the_agent_starts(plant):
    user_with_certificate(plant)
    pem = client_certificate(plant.simulator, plant.directory, plant.names()[0], days=-1)
    pem.chmod(0o644)
    plant.rollout().failed(plant.names()[0], "certificate has expired", str(pem), "Nothing was started")
    assert plant.container(plant.names()[0]) is None


def test_a_certificate_of_another_ca_is_told_by_the_brokers_alert(plant):
    user_with_certificate(plant)
    leaf = trustme.CA().issue_cert(common_name=plant.names()[0])
    other = plant.directory / "other.pem"
    leaf.private_key_and_cert_chain_pem.write_to_path(str(other))
    other.chmod(0o644)
    plant.agents[0]["certificates"].update(certificate=str(other), key=str(other))
    told = plant.rollout().failed(plant.names()[0], "alert unknown ca", "does not know the CA that has signed")
    assert told.agents[plant.names()[0]]["verdict"] == "broken"
    assert not plant.connected(plant.names()[0])


@pytest.mark.long
def test_an_agent_without_a_certificate_is_told_that_the_broker_wants_one(plant):
    """It is let in by the registry, where certificates do not matter; the broker refuses it."""
    name = plant.names()[0]
    plant.agents[0]["certificates"].update(certificate=None, key=None)
    plant.rollout().ok()
    until(lambda: "alert certificate required" in docker("logs", f"connectware-agent-{name}"), "it is refused")
    told = plant.rollout().ok().agents[name]["message"]
    assert "alert certificate required" in told
    assert "wants a certificate and was shown none" in told


@pytest.mark.parametrize("by_certificate", [True, pytest.param(False, marks=pytest.mark.long)])
def test_the_wrong_ca_for_connectware_is_told_by_the_log(plant, by_certificate):
    user_with_certificate(plant)
    wrong = plant.directory / "wrong.pem"
    trustme.CA().cert_pem.write_to_path(str(wrong))
    wrong.chmod(0o644)
    certificates = plant.agents[0]["certificates"]
    certificates["ca"] = str(wrong)
    if not by_certificate:
        certificates.update(certificate=None, key=None)
        plant.simulator.control("DELETE", f"users/{plant.names()[0]}")
    run = plant.rollout(agents_grace=5).failed(plant.names()[0], "certificate verify failed")
    assert run.agents[plant.names()[0]]["verdict"] == "broken"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"certificates": {"certificate": "/etc/a.crt"}}, "certificate and key belong together"),
        ({"mqtt_scheme": "mqtt", "mqtt_port": 1883}, "set mqtt_scheme: mqtts"),
        ({"certificates": {"ca": "/nowhere/ca.pem"}}, "/nowhere/ca.pem"),
    ],
)
def test_what_cannot_work_is_refused(plant, change, says):
    plant.agents[0].update(change)
    plant.rollout().failed(plant.names()[0], says)
    assert plant.container(plant.names()[0]) is None
