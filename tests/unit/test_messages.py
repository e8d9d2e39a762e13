# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide on messages has every text that the product can say about a failure."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest
from guides.messages import Said, all_texts, missing, texts_of_programs, texts_of_python, texts_of_tasks

ROOT = Path(__file__).resolve().parents[2]
GUIDE = "docs/docsite/rst/guide_troubleshooting.rst"

# Texts that no reader will ever search for, by place, and why.
NO_MESSAGE = {
    "extensions/eda/plugins/event_source/registry.py::_for_folders.*": "for Python's own search for modules",
    "plugins/action/agents.py::DOING": "a line of progress",
    "plugins/action/agents_info.py::ActionModule.WAITING_FOR": "a line of progress",
    "plugins/action/registered_client.py::ActionModule.WAITING_FOR": "a line of progress",
    "plugins/callback/rollout_report.py::CallbackModule._print": "the heading of the table",
    "plugins/inventory/connectware.py::InventoryModule._seen": "said at -vvv only",
    "plugins/module_utils/_agents/patterns.py::DEFAULT_PATTERNS": "texts of the agent, as expressions",
    "plugins/module_utils/_agents/progress.py::*": "a line of progress",
    "plugins/module_utils/_agents/restarts.py::Restarts.take": "an error of a developer",
    "plugins/module_utils/_agents/retirement.py::Retirement.progress": "a line of progress",
    "plugins/module_utils/_connectware/contract.py::*": "names of permissions: the message has them as they are",
    "plugins/module_utils/_connectware/ghosts.py::_check_limits": "advice; what it advises on is in the guide",
    "plugins/module_utils/_connectware/secret.py::*": "an error of a developer",
    "plugins/module_utils/_docker/converge.py::MADE_AGAIN": "advice",
    "plugins/module_utils/_docker/overtaken.py::TAKEN": "a text of the engine, which is looked for",
    "plugins/module_utils/_docker/takeover.py::KEPT": "advice",
    "plugins/module_utils/_docker/failures.py::INSTALL": "advice",
    "plugins/module_utils/_docker/failures.py::_advice": "advice",
    "plugins/module_utils/_docker/observe.py::_is_unreadable": "a text of the engine, which is looked for",
    "plugins/plugin_utils/host_action.py::SAFE": "advice",
    "plugins/plugin_utils/telling_action.py::TellingAction*": "a line of progress",
}

PYTHON = '''
def check(name: str) -> None:
    """A docstring of many words is no message at all."""
    raise SpecError(f"use the agent {name}", answered="it wears no safety helmet", todo="Give it one of these helmets.")

def tried(engine: Any) -> None:
    engine.call("fetch helmets", engine.helmets)
    raise SpecError("wear them", answered="too small")

def _todo(name: str) -> str:
    return "Advice of many words is left out"
'''
PROGRAM = """
def main(path: str) -> None:
    raise SystemExit(f"no helmet for {path}: {path!r}")
    raise SettingError(f"{path} is missing")
    raise FaultError(f"cannot lift {path}") from exc
    raise ApiError(401, "UNAUTHORIZED", "this is what a Connectware would answer")
    raise SystemExit(main())
    raise SystemExit
"""
TASKS = """
- name: Check the weather
  block:
    - ansible.builtin.assert:
        that: sun
        fail_msg: "{{ inventory_hostname }} is out in the rain. Take an umbrella."
  rescue:
    - ansible.builtin.fail:
        msg: The roof of {{ inventory_hostname }} has a hole
    - ansible.builtin.debug:
        msg: "{{ umbrella | mandatory('Bring an umbrella along') }}"
"""


@pytest.fixture(scope="module")
def texts() -> list[Said]:
    return all_texts(ROOT)


def exempt(said: Said) -> bool:
    return any(fnmatch(said.place, place) for place in NO_MESSAGE)


def test_each_message_is_in_the_guide(texts: list[Said]) -> None:
    found = [
        f"{said.place} (line {said.line}): {said.words!r}"
        for said in missing(texts, (ROOT / GUIDE).read_text("utf-8"))
        if not exempt(said)
    ]

    assert found == [], f"say in {GUIDE} what these mean and what to do"


def test_each_message_of_a_task_is_one_line() -> None:
    """A folded text keeps the ends of lines around those that stand further in."""
    paths = sorted([*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("playbooks/*.yml")])
    said = [each for path in paths for each in texts_of_tasks(path.name, path.read_text("utf-8"))]

    assert len(said) > 20
    assert [each for each in said if "\n" in each.text.strip()] == []


def test_nothing_is_exempt_that_is_in_the_guide(texts: list[Said]) -> None:
    needed = {
        place
        for said in missing(texts, (ROOT / GUIDE).read_text("utf-8"))
        for place in NO_MESSAGE
        if fnmatch(said.place, place)
    }

    assert set(NO_MESSAGE) - needed == set()


def test_the_search_finds_messages_of_every_kind(texts: list[Said]) -> None:
    """One known text of each room, so that a change of style does not hide a room from the search."""
    words = {said.words for said in texts}

    assert {
        "its container does not exist",  # a verdict
        "is no image tag",  # a refusal, gathered before it is raised
        "reach the Docker Engine",  # what was tried
        "missing Python packages",  # what was answered
        "it has administrator rights",
        "must be HTTP status codes such as [200, 204], not",
        "Agent names must be unique in the whole inventory, because Connectware knows an agent by its name alone",
        "the log must be a string, not",
        "cannot be pulled on",
        "Say which hosts are retired, for example",
        "list images",  # two words: what was tried
        "agents are gone from Connectware, and max_disappeared allows",  # a notice of the event source
        "The event source edgefleet.connectware.registry could not be loaded by",  # of extensions/
        "cannot listen on",  # of a program of a role
    } <= words


def test_a_message_that_is_not_in_the_guide_is_found() -> None:
    said = [*texts_of_python("new.py", PYTHON), *texts_of_tasks("new.yml", TASKS)]
    spoken = [each for each in said if each.words]

    assert [each.words for each in spoken] == [
        "use the agent",
        "it wears no safety helmet",
        "fetch helmets",
        "wear them",
        "is out in the rain",
        "The roof of",
        "Bring an umbrella along",
    ]
    assert [each.line for each in spoken] == [4, 4, 7, 8, 6, 9, 11]
    assert missing(spoken, "... ``use the agent ...: it\n  wears no\n  safety helmet``") == spoken[2:]
    assert missing(spoken, "use the agent, it wears no helmet") == spoken[1:]


def test_what_a_program_ends_with_is_found() -> None:
    said = [each for each in texts_of_programs("new.py", PROGRAM) if each.words]

    assert [(each.line, each.words) for each in said] == [(3, "no helmet for"), (4, "is missing"), (5, "cannot lift")]


def test_each_message_is_missed_in_a_guide_without_it(texts: list[Said]) -> None:
    guide = " ".join((ROOT / GUIDE).read_text("utf-8").replace("`", "").split())
    covered = [said for said in texts if not missing([said], guide)]

    assert len(covered) > 300
    assert [said for said in covered if not missing([said], guide.replace(said.words, "..."))] == []
