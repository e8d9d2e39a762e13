# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""AgentSpec: defaults, and one message for everything that is wrong."""

from __future__ import annotations

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.mounts import Mount
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.spec import build_each, build_specs
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import SpecError

DEFAULTS = {"image": "registry.example.com/cybus/protocol-mapper", "version": "1.8.0", "mqtt_host": "cw.example.com"}


def build(*agents, present=True, **defaults):
    return build_specs({**DEFAULTS, **defaults}, agents, host="hh-01", present=present)


def refused(*agents, **defaults):
    with pytest.raises(SpecError) as caught:
        build(*agents, **defaults)
    return caught.value.message


def test_defaults():
    (spec,) = build({"name": "hh-press-01"})
    assert spec.container == spec.volume == "connectware-agent-hh-press-01"
    assert spec.image == "registry.example.com/cybus/protocol-mapper:1.8.0"
    assert spec.environment() == {
        "CYBUS_AGENT_MODE": "distributed",
        "CYBUS_AGENT_NAME": "hh-press-01",
        "CYBUS_MQTT_USERNAME": "hh-press-01",
        "CYBUS_MQTT_HOST": "cw.example.com",
        "CYBUS_MQTT_PORT": "1883",
        "CYBUS_MQTT_SCHEME": "mqtt",
    }
    assert (spec.init, spec.restart_policy, spec.security_opts) == (True, "unless-stopped", ("no-new-privileges:true",))
    assert spec.all_labels() == {"edgefleet.connectware.agent": "hh-press-01"}


def test_tls_has_its_own_default_port():
    (spec,) = build({"name": "abc"}, mqtt_scheme="mqtts")
    assert spec.mqtt_port == 8883


def test_what_an_agent_says_wins_and_env_is_merged():
    (spec,) = build({"name": "abc", "env": {"B": 2, "C": True}, "mqtt_host": "x"}, env={"A": "1", "B": "1"})
    assert dict(spec.env) == {"A": "1", "B": "2", "C": "true"}
    assert spec.mqtt_host == "x"


@pytest.mark.parametrize(
    ("common", "own", "becomes"),
    [
        ({"network_mode": "host"}, {"networks": ["n"]}, {"network_mode": None, "networks": ("n",)}),
        ({"networks": ["n"]}, {"network_mode": "host"}, {"network_mode": "host", "networks": ()}),
        ({"network_mode": "host"}, {"networks": []}, {"network_mode": "host", "networks": ()}),
        ({"log_options": {"tag": "t"}}, {"log_driver": "journald"}, {"log_driver": "journald", "log_options": {}}),
        ({"log_options": {"max-size": "1m"}}, {"log_driver": "json-file"}, {"log_options": {"max-size": "1m"}}),
        (
            {"log_driver": "journald", "log_options": {"tag": "t"}},
            {"log_driver": "json-file"},
            {"log_driver": "json-file", "log_options": {"max-size": "10m", "max-file": "3"}},
        ),
        (
            {"log_driver": "journald", "log_options": {"tag": "t"}},
            {"log_driver": "journald"},
            {"log_driver": "journald", "log_options": {"tag": "t"}},
        ),
        ({"log_driver": ""}, {}, {"log_driver": "json-file", "log_options": {"max-size": "10m", "max-file": "3"}}),
        ({"log_driver": "journald", "log_options": {"tag": "t"}}, {"log_driver": ""}, {"log_driver": "journald"}),
        ({"log_options": {"tag": "t"}}, {"log_driver": ""}, {"log_options": {"tag": "t"}}),
        ({"network_mode": "", "networks": ["n"]}, {}, {"networks": ("n",)}),
        ({}, {"image": "mirror:5000/x:1.8.0"}, {"image": "mirror:5000/x:1.8.0"}),
        ({"version": "auto"}, {"image": "x@sha256:12"}, {"image": "x@sha256:12"}),
        ({}, {"image": "mirror:5000/x"}, {"image": "mirror:5000/x:1.8.0"}),
    ],
)
def test_what_an_agent_says_instead_takes_the_common_option_off_it(common, own, becomes):
    (one,) = build({"name": "abc", **own}, **common)
    assert {key: getattr(one, key) for key in becomes} == becomes


def test_a_version_that_is_said_twice_for_all_is_refused():
    assert "say it only once" in refused({"name": "abc"}, image="a/b:1")


def test_normalised_values():
    (spec,) = build(
        {
            "name": "abc",
            "memory": "512M",
            "capabilities": ["cap_net_admin", "NET_ADMIN"],
            "mounts": [{"source": "/etc/ca.pem", "target": "/ca.pem"}],
        }
    )
    assert spec.memory == 512 * 1024**2
    assert spec.capabilities == ("NET_ADMIN",)
    assert spec.mounts == (Mount("/etc/ca.pem", "/ca.pem", True),)


@pytest.mark.parametrize(
    ("agent", "option", "says"),
    [
        ({"name": "ab"}, "name", "3 to 63"),
        ({"name": "a b c"}, "name", "letters"),
        ({"name": "-abc"}, "name", "first"),
        ({"name": "a/b"}, "name", "letters"),
        ({"name": "abc\x1b[31m"}, "name", "abc?"),
        ({"name": "abc\n"}, "name", "abc?"),
        ({"name": "x" * 64}, "name", "3 to 63"),
        ({"name": "True"}, "name", "put it into quotes"),
        ({"name": "abc", "username": "False"}, "username", "put it into quotes"),
        ({"name": "abc", "volume": True}, "volume", "put it into quotes"),
        ({"name": "abc", "username": "#"}, "username", "letters"),
        ({"name": "abc", "volume": "/srv/data"}, "volume", "path"),
        ({"name": "abc", "container": "ü"}, "container", "Docker"),
        ({"name": "abc", "container": "q"}, "container", "2 to 128"),
        ({"name": "abc", "volume": "q"}, "volume", "2 to 128"),
        ({"name": "abc", "env": {"CYBUS_AGENT_NAME": "x"}}, "env", "option 'name'"),
        ({"name": "abc", "env": {"A-B": "x"}}, "env", "A-B"),
        ({"name": "abc", "env": {"A": {"b": 1}}}, "env", "single text"),
        ({"name": "abc", "labels": {"io.cybus.connectware": "core"}}, "labels", "installer removes"),
        ({"name": "abc", "labels": {"edgefleet.connectware.agent": "x"}}, "labels", "kept for this collection"),
        ({"name": "abc", "labels": {"edgefleet.connectware.log-options": "x"}}, "labels", "kept for this collection"),
        ({"name": "abc", "stop_timeout": -1}, "stop_timeout", "0 or more"),
        ({"name": "abc", "mqtt_port": 70000}, "mqtt_port", "65535"),
        ({"name": "abc", "mqtt_host": "mqtts://cw.example.com"}, "mqtt_host", "mqtt_scheme"),
        ({"name": "abc", "mqtt_host": "cw.example.com/"}, "mqtt_host", "more than a host name"),
        ({"name": "abc", "mqtt_host": "cw.example.com:1883"}, "mqtt_host", "mqtt_port"),
        ({"name": "abc", "mqtt_host": "[fe80::1]:1883"}, "mqtt_host", "mqtt_port"),
        ({"name": "abc", "cpus": -1.0}, "cpus", "0.5 or 2"),
        ({"name": "abc", "cpus": float("nan")}, "cpus", "'nan' is no number of cores"),
        ({"name": "abc", "cpus": float("inf")}, "cpus", "'inf' is no number of cores"),
        ({"name": "abc", "image": "a/b:1", "version": "1"}, "version", "only once"),
        ({"name": "abc", "image": "a b"}, "image", "no image"),
        ({"name": "abc", "version": "1 8"}, "version", "tag"),
        ({"name": "abc", "version": "auto"}, "version", "agents_version alone"),
        ({"name": "abc", "memory": "lots"}, "memory", "512m"),
        ({"name": "abc", "capabilities": ["x y"]}, "capabilities", "NET_ADMIN"),
        ({"name": "abc", "networks": ["a"], "network_mode": "host"}, "networks", "one of the two"),
        ({"name": "abc", "networks": [""]}, "networks", "no name of a network"),
        ({"name": "abc", "networks": [" "]}, "networks", "no name of a network"),
        ({"name": "abc", "networks": ["/srv/net"]}, "networks", "path"),
        ({"name": "abc", "networks": ["True"]}, "networks", "put it into quotes"),
        ({"name": "abc", "dns": [""]}, "dns", "'' is no address"),
        ({"name": "abc", "dns": ["192.0.2.53", "nonsense"]}, "dns", "'nonsense' is no address"),
        ({"name": "abc", "dns": ["192.0.2.53%eth0"]}, "dns", "'192.0.2.53%eth0' is no address"),
        ({"name": "abc", "dns": ["fe80::1%"]}, "dns", "'fe80::1%' is no address"),
        ({"name": "abc", "security_opts": ["label=disable", ""]}, "security_opts", "an entry is empty"),
        ({"name": "abc", "mounts": [{"source": "x", "target": "/y"}]}, "mounts", "absolute"),
        ({"name": "abc", "mounts": [{"source": "/x", "target": "/data/"}]}, "mounts", "own volume"),
        ({"name": "abc", "mounts": [{"source": "/x", "target": "/data/."}]}, "mounts", "own volume"),
        ({"name": "abc", "mounts": [{"source": "/x", "target": "//data"}]}, "mounts", "own volume"),
        ({"name": "abc", "mounts": [{"source": "/x", "target": "/x/../data"}]}, "mounts", "own volume"),
        ({"name": "abc", "certificates": {"ca": "/x", "ca_target": "/data/"}}, "mounts", "own volume"),
    ],
)
def test_refused_input_names_host_agent_option_and_what_is_right(agent, option, says):
    message = refused(agent)
    assert "hh-01" in message and f"option '{option}'" in message and says in message
    assert agent["name"][:3] in message
    assert message.isprintable()
    assert "Nothing was started" in message


def test_missing_image_and_mqtt_host_are_named():
    with pytest.raises(SpecError) as caught:
        build_specs({}, [{"name": "abc"}], host="h")
    assert "option 'image'" in caught.value.message and "option 'mqtt_host'" in caught.value.message


@pytest.mark.parametrize("name", ["press.next", "press.previous"])
def test_a_container_has_not_a_name_by_way_of_which_another_one_is_replaced(name):
    message = refused({"name": name}, {"name": "press"})
    assert f"agent {name}: option 'container'" in message and "the container of press is replaced" in message


def test_what_is_beside_the_volume_can_be_mounted():
    mounts = [{"source": "/x", "target": target} for target in ("/database/ca.pem", "/srv/data")]
    (spec,) = build({"name": "abc", "mounts": mounts})
    assert [mount.target for mount in spec.mounts] == ["/database/ca.pem", "/srv/data"]


@pytest.mark.parametrize("server", ["192.0.2.53", "2001:db8::53", "2001:0DB8::0053", "fe80::1%eth0"])
def test_name_servers_of_any_kind(server):
    (spec,) = build({"name": "abc", "dns": [server]})
    assert spec.dns == (server,)


@pytest.mark.parametrize("network", ["rv net", "n", "-plant", "werk_süd"])
def test_a_network_may_have_any_name_that_docker_accepts(network):
    (spec,) = build({"name": "abc", "networks": [network]})
    assert spec.networks == (network,)


@pytest.mark.parametrize("host", ["cw", "cw.example.com.", "192.0.2.1", "fe80::1", "::1", "[fe80::1]"])
def test_hosts_of_any_kind(host):
    (spec,) = build({"name": "abc", "mqtt_host": host})
    assert spec.mqtt_host == host


def test_what_is_made_from_a_name_that_cannot_be_used_is_no_problem_of_its_own():
    message = refused({"name": "press 01"})
    assert "option 'name'" in message and "option 'container'" not in message and "option 'volume'" not in message


def test_all_problems_come_in_one_message():
    message = refused({"name": "ab"}, {"name": "abc", "memory": "x"})
    assert "agent ab:" in message and "agent abc:" in message


@pytest.mark.parametrize("option", ["username", "container", "volume"])
def test_two_agents_never_share(option):
    message = refused({"name": "one", option: "same-thing"}, {"name": "two", option: "same-thing"})
    assert f"option '{option}'" in message and "one (entry 1) and two (entry 2)" in message


def test_two_agents_with_one_name_are_one_problem():
    message = refused({"name": "one"}, {"name": "one"})
    assert message.count("every agent needs") == 1 and "entry 1" in message and "entry 2" in message


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ({"container": "connectware-agent-one"}, "option 'container': 'connectware-agent-one' is used by"),
        ({"volume": "connectware-agent-one"}, "option 'volume': 'connectware-agent-one' is used by"),
        ({"username": "one"}, "option 'username': 'one' is used by"),
        ({"container": "connectware-agent-one.next"}, "the container of one is replaced"),
        ({"network_mode": "container:connectware-agent-one"}, "goes whenever the agent one is made anew"),
    ],
)
def test_what_two_agents_share_hides_no_other_from_whoever_only_looks(own, says):
    specs, why = build_each(DEFAULTS, [{"name": "one"}, {"name": "two", **own}, {"name": "three"}], host="hh-01")
    assert [spec.name for spec in specs] == ["one", "two", "three"]
    assert set(why) == {"one", "two"}
    assert all(says in refusal.message and "host hh-01" in refusal.message for refusal in why.values())


def test_a_wrong_option_hides_no_other_agent_from_whoever_only_looks():
    specs, why = build_each(
        DEFAULTS, [{"name": "one", "memory": "much", "volume": "vv"}, {"name": "two"}], host="hh-01"
    )
    assert list(why) == ["one"] and "option 'memory'" in why["one"].message
    assert specs[0].volume == "vv" and specs[1] == build({"name": "two"})[0]


@pytest.mark.parametrize("agents", [[{"name": "one"}] * 2, [{"name": "one"}, {"name": "two", "container": "/etc"}]])
def test_nobody_looks_where_it_is_not_known_at_what(agents):
    with pytest.raises(SpecError, match=r"'name'|'container'"):
        build_each(DEFAULTS, agents, host="hh-01")


def test_absent_needs_the_identity_only():
    (spec,) = build_specs({}, [{"name": "abc"}], host="h", present=False)
    assert spec.container == "connectware-agent-abc"
