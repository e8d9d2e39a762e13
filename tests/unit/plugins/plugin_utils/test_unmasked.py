# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a callback is given by ansible-core 2.22 and later, where secrets are masked wherever they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from unit.plugins.module_utils._report.test_tally import deployed, judged

from ansible_collections.edgefleet.connectware.plugins.module_utils._docker import plan
from ansible_collections.edgefleet.connectware.plugins.module_utils._report.tally import Tally
from ansible_collections.edgefleet.connectware.plugins.plugin_utils import unmasked, words_of_results
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.unmasked import names_behind
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.words_of_results import WORDS

ROOT = Path(__file__).resolve().parents[4]
Mask = Callable[..., None]


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Mask:
    """Makes these texts secrets, as if this were ansible-core 2.22."""

    def register(*texts: str) -> None:
        pattern = re.compile("|".join(map(re.escape, texts)))
        monkeypatch.setattr(unmasked, "mask_secrets", lambda value: pattern.sub("$REDACTED$", value))

    return register


def test_without_a_secret_a_result_is_left_alone(secrets):
    secrets("another text")
    result = {"agents": [judged()]}

    assert WORDS.unmasked(result) is result


def test_keys_and_known_texts_come_back_and_nothing_else(secrets):
    secrets("fail", "none", "press")
    result = {
        "$REDACTED$ed": True,
        "agents": [{"name": "$REDACTED$-1", "$REDACTED$ed": True, "reason": "$REDACTED$", "message": "$REDACTED$"}],
        "changed": False,
    }

    assert WORDS.unmasked(result) == {
        "failed": True,
        "agents": [{"name": "$REDACTED$-1", "failed": True, "reason": "none", "message": "$REDACTED$"}],
        "changed": False,
    }


def test_words_in_lists_come_back(secrets):
    secrets("start")

    result = {"agents": [{"actions": ["authorized", "re$REDACTED$ed"], "action": "$REDACTED$ed"}]}
    assert WORDS.unmasked(result) == {"agents": [{"actions": ["authorized", "restarted"], "action": "started"}]}


def test_what_may_be_one_of_two_words_is_left_alone(secrets):
    secrets("none", "conflict")

    assert WORDS.unmasked({"agents": [{"reason": "$REDACTED$"}]}) == {"agents": [{"reason": "$REDACTED$"}]}


class Asked(dict[str, Any]):
    """Notes which keys it is asked for."""

    keys_seen: set[str]

    def get(self, key: str, default: Any = None) -> Any:
        self.keys_seen.add(key)
        return super().get(key, default)


def test_all_keys_by_which_agents_are_read_are_known():
    Asked.keys_seen = set()
    for agent, of_deploy in ((deployed(), True), (judged(), False)):
        Tally().take("hamburg", [Asked(agent)], deployed=of_deploy, predicted=True)

    assert Asked.keys_seen == set(words_of_results.OF_AGENTS)


def test_all_keys_by_which_results_are_read_are_known():
    code = (ROOT / "plugins" / "callback" / "rollout_report.py").read_text()
    read = set(re.findall(r'values\.get\("(\w+)"\)', code)) | set(re.findall(r'"(\w+)" in values', code))

    assert read == set(words_of_results.OF_TASKS)


def test_all_keys_of_authorizations_are_known():
    documented = json.loads((ROOT / "docs" / "schema" / "evidence.json").read_text())["properties"]

    assert set(documented) <= {*words_of_results.OF_AUTHORIZATIONS, *words_of_results.OF_AGENTS}


def test_all_actions_are_known():
    texts = [path.read_text() for path in (ROOT / "plugins" / "module_utils" / "_agents").glob("*.py")]
    done = {word for text in texts for word in re.findall(r'actions\.append\("(\w+)"\)', text)}

    assert done == set(words_of_results.ACTIONS)
    assert {plan.CREATED, plan.RECREATED, plan.STARTED, plan.REMOVED, plan.NOTHING} <= set(words_of_results.ACTION)


# ------------------------------------------------------------------------------------------------------------- names


def asked(*names: str) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


@pytest.mark.parametrize("given", [None, "{{ agents_list }}", [], [1], asked("press-1", "press-2")])
def test_names_that_are_not_masked_are_what_they_are(given: Any):
    assert names_behind(["press-2", "press-1"], given) == ["press-2", "press-1"]


def test_names_that_are_masked_are_those_that_were_asked_for(secrets):
    secrets("press", "drill")
    shown = ["$REDACTED$-1", "$REDACTED$-2", "$REDACTED$-1"]

    assert names_behind(shown, asked("press-1", "press-2", "drill-1")) == ["press-1", "press-2", "drill-1"]
    assert names_behind(shown[:1], asked("drill-1")) == ["drill-1"]


def test_names_that_nothing_is_known_of_are_numbered(secrets):
    secrets("press-1", "press-2")

    assert names_behind(["$REDACTED$", "$REDACTED$"], "{{ agents_list }}") == ["$REDACTED$", "$REDACTED$ (2)"]
