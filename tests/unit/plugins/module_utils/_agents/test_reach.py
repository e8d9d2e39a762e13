# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""By what a line of an agent's log names its Connectware."""

from __future__ import annotations

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.reach import is_about, names_of_connectware


@pytest.mark.parametrize(
    ("env", "names"),
    [
        ({}, ()),
        ({"CYBUS_MQTT_HOST": "cw.example.com"}, ("cw.example.com", ":1883")),
        ({"CYBUS_MQTT_HOST": "CW.example.com", "CYBUS_MQTT_SCHEME": "mqtts"}, ("cw.example.com", ":8883")),
        ({"CYBUS_MQTT_HOST": "cw", "CYBUS_MQTT_PORT": "9000"}, ("cw", ":9000")),
        ({"CYBUS_MQTT_HOST": "cw", "CYBUS_MQTT_SCHEME": "quic"}, ("cw",)),
        ({"CYBUS_MQTT_HOST": "10.0.0.1", "CYBUS_MQTT_PORT": "1883"}, ("10.0.0.1",)),
        ({"CYBUS_MQTT_HOST": "fd00::1"}, ("fd00::1",)),
        ({"CYBUS_MQTT_HOST": "10.0.0.1", "CYBUS_HOSTNAME_INGRESS": "cw"}, ("10.0.0.1", "cw", ":1883")),
        ({"CYBUS_MQTT_HOST": "10.0.0.1", "CYBUS_CONTROLPLANE_URI": "wss://10.0.0.1:4223"}, ("10.0.0.1",)),
        ({"CYBUS_MQTT_HOST": "10.0.0.1", "CYBUS_CONTROLPLANE_URI": "wss://[fd00::1]:4223/x"}, ("10.0.0.1", "fd00::1")),
    ],
)
def test_what_its_environment_tells(env: dict[str, str], names: tuple[str, ...]) -> None:
    assert names_of_connectware(env) == names


@pytest.mark.parametrize("port", ["(", ".*", "1883"])
def test_whatever_the_environment_has_is_no_expression(port: str) -> None:
    names = names_of_connectware({"CYBUS_MQTT_HOST": "a.b", "CYBUS_MQTT_PORT": port})
    assert is_about(f"connect ECONNREFUSED 10.0.0.5:{port}", names)
    assert not is_about("connect ECONNREFUSED axb:17", names)
    assert is_about("ECONNREFUSED at a.b. Trying again", names) and is_about("connect ECONNREFUSED A.B:1", names)
