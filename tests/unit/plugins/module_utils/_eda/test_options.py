# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arguments of the event source, and the agents that it watches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2.nativetypes import NativeEnvironment
from unit.extensions.eda.sources import DOCUMENTED, PLUGIN

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.fleet import ExpectedAgent
from ansible_collections.edgefleet.connectware.plugins.module_utils._eda import expected
from ansible_collections.edgefleet.connectware.plugins.module_utils._eda.options import (
    OPTIONS,
    read_options,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import SpecError

ROOT = Path(__file__).resolve().parents[5]
AGENT = {"name": "a", "host": "h"}
GIVEN: dict[str, Any] = {
    "connectware_url": "https://c.example",
    "connectware_token": "tok-0123456789-secret",
    "agents": [AGENT],
}


def test_defaults() -> None:
    options = read_options(GIVEN)
    assert (options["interval"], options["grace"], options["remind"]) == (15.0, 30.0, 1800.0)
    assert options["connectware_validate_certs"] is True and options["connectware_contract"] == {}
    assert options["agents"] == [{**AGENT, "username": None}]


def test_what_is_not_given_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTWARE_URL", "https://env.example")
    monkeypatch.setenv("CONNECTWARE_TOKEN", "token-of-the-environment")
    # In a rulebook, what may be missing is a template that gives nothing.
    options = read_options({"agents": [AGENT], "connectware_url": None, "connectware_token": "", "inventory": ""})
    assert options["connectware_url"] == "https://env.example"
    assert options["connectware_token"] == "token-of-the-environment"
    assert options["inventory"] is None


def test_texts_are_what_they_mean() -> None:
    options = read_options({**GIVEN, "interval": "5", "connected": "no", "max_disappeared": 7})
    assert (options["interval"], options["connected"], options["max_disappeared"]) == (5.0, False, "7")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"agents": None}, "agents, inventory"),
        ({"inventory": ["x"]}, "mutually exclusive"),
        ({"connectware_url": None}, "connectware_url"),
        ({"connectware_token": None}, "connectware_token, connectware_username"),
        ({"connectware_token": None, "connectware_username": "x"}, "connectware_password"),
        ({"intervall": 5}, "intervall"),
        ({"interval": 0}, "interval is not above 0"),
        ({"grace": -1}, "grace must not be below 0"),
        ({"interval": "often"}, "'interval' is of type"),
        ({"max_disappeared": "some"}, "max_disappeared is 'some'"),
        ({"max_disappeared": "-1"}, "max_disappeared is '-1'"),
        ({"max_disappeared": "200%"}, "max_disappeared is '200%'"),
        ({"max_disappeared": "1e1%"}, "max_disappeared is '1e1%'"),
        ({"connectware_validate_certs": "flase"}, "flase"),
        ({"agents": [{"name": "a"}]}, "host"),
    ],
)
def test_wrong_arguments_are_named_without_secrets(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_options({**GIVEN, **wrong})
    assert said in caught.value.message
    assert "Correct its arguments" in caught.value.message
    assert GIVEN["connectware_token"] not in caught.value.message


def test_the_documentation_says_what_the_code_takes() -> None:
    documented = yaml.safe_load(DOCUMENTED["DOCUMENTATION"])["options"]
    assert set(documented) == set(OPTIONS)
    for name, option in OPTIONS.items():
        said = documented[name]
        assert said["type"] == option["type"], name
        assert said.get("elements") == option.get("elements"), name
        assert said.get("default") == option.get("default"), name
        assert bool(said.get("required")) == bool(option.get("required")), name
        assert set(said.get("suboptions", {})) == set(option.get("options", {})), name


def test_the_examples_are_sources_of_a_rulebook() -> None:
    for source in yaml.safe_load(DOCUMENTED["EXAMPLES"]):
        assert set(source[PLUGIN]) <= set(OPTIONS)


@pytest.mark.parametrize("group", ["all", "ungrouped"])
def test_a_host_that_has_the_name_of_a_built_in_group_is_refused(group: str) -> None:
    with pytest.raises(SpecError, match="more than one host"):
        expected.of_list([{"name": "a", "host": group}])


@pytest.mark.parametrize("corrections", [{}, {"list_registry": {"path": "/rest/clients"}}])
def test_the_rulebook_hands_corrections_to_its_source(corrections: dict[str, Any]) -> None:
    """No variable of the inventory reaches it."""
    (rules,) = yaml.safe_load((ROOT / "extensions" / "eda" / "rulebooks" / "rollout.yml").read_text("utf-8"))
    known = {"connectware_inventory": "inventory", **({"connectware_contract": corrections} if corrections else {})}
    templates = NativeEnvironment()  # as ansible-rulebook has it
    args = {key: templates.from_string(text).render(known) for key, text in rules["sources"][0][PLUGIN].items()}
    login = {key: GIVEN[key] for key in ("connectware_url", "connectware_token")}
    assert read_options({**login, **args})["connectware_contract"] == corrections


@pytest.mark.parametrize("host", ["hamburg", "hh-1.example.com", "_x", "10.0.0.7", "fe80::1", "münchen"])
def test_hosts_that_a_run_can_be_limited_to(host: str) -> None:
    assert expected.of_list([{"name": "a", "host": host}]) == (ExpectedAgent("a", "a", host),)


@pytest.mark.parametrize(
    "host",
    [
        "*",
        "a,b",
        "a:b",
        "!a",
        "&a",
        "~a",
        "@file",
        "web[1:3]",
        "a b",
        "-i",
        "",
        ".",
        "a\n",
        "{{ x }}",
        "a?",
        "fe80::1%eth0",
        "::1%,all",
    ],
)
def test_a_host_whose_name_is_a_pattern_is_refused(host: str) -> None:
    with pytest.raises(SpecError, match="more than one host"):
        expected.of_list([{"name": "a", "host": host}])


def test_an_agent_that_is_in_two_places_is_refused() -> None:
    with pytest.raises(SpecError, match="is on h1 and on h2"):
        expected.of_list([{"name": "a", "host": "h1"}, {"name": "b", "username": "a", "host": "h2"}])


def test_nobody_to_watch_is_refused() -> None:
    with pytest.raises(SpecError, match="no host has any agent"):
        expected.checked([])
