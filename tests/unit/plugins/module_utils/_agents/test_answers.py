# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a factory host answers: it is what our modules say, or an error of ours."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.plugins.generated import examples

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents import log, observation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.answers import (
    DEPLOYED,
    LOOKED,
    SHOWN,
    as_it_may_be_used,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.forms import Forms, MisfitError
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import (
    EVENT_KINDS,
    LogEvent,
    Observation,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker import observe

ESCAPE = "\x1b]0;owned\x07\x1b[2J \u009b31m \u202e \ud800 {{ 7 * 7 }}"
EVENT = LogEvent("pairing", 1790000000.5, "press-1", "a82123", "a line", 1790000000)
OBSERVED = Observation(
    "press-1", "press-1", "connectware-agent-press-1", "a-volume", "c0ffee", "running", 0, 1, 1790000000.5, 1790000000,
    "image:1.8.0", "sha256:1", "image@sha256:2", True, 1790000000.0, False, "", (EVENT,), "json-file", True, ("one",),
    1.5, ("b71012",), ("a line before",), True, False, ("connectware.example.com",), False, True, "", 1790000001.0,
)  # fmt: skip
SEEN = json.loads(json.dumps(OBSERVED.to_dict()))
IDENTITY = {key: SEEN[key] for key in ("name", "username", "container", "volume")}
AGENT = {
    **IDENTITY, "action": "created", "changed": True, "drift": ["env"], "pulled": False, "purged": False,
    "previous_image": None, "replaced_image": "image@sha256:3", "replaced_container": None, "error": "",
    "observation": SEEN,
}  # fmt: skip
OF_ANY = {
    "changed": True, "failed": False, "msg": "done", "warnings": ["one"], "invocation": {"module_args": {"wait": 1.5}},
    "error": dict.fromkeys(("kind", "tried", "where", "answered", "todo"), ""),
    "diff": {"before": {"press-1": {"running": False}}, "after": {"press-1": {"memory": 2**33, "dns": []}}},
}  # fmt: skip
ANSWERS: list[tuple[Forms, dict[str, Any]]] = [
    (DEPLOYED, {**OF_ANY, "agents": [AGENT, {**AGENT, "name": "press-2"}]}),
    (LOOKED, {**OF_ANY, "observations": [SEEN]}),
    (
        SHOWN,
        {
            **OF_ANY,
            "agents": [{**IDENTITY, "labels": {"a": "label"}, "observation": SEEN}],
            "unreadable": [{"container": "one", "state": "running", "message": "broken"}],
            "intruders": [{"container": "one", "volume": "a-volume"}],
        },
    ),
]
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.text(max_size=20),
    st.just(ESCAPE),
    st.just("x" * 50000),
)
ANY = st.recursive(
    ODD, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=9), inner, max_size=3))
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Of everything in an answer."""
    yield path
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield from places(inner, (*path, key))


def with_other(answer: dict[str, Any], path: tuple[Any, ...], other: Any) -> Any:
    """The answer, with something else in one place."""
    if not path:
        return other
    copy: Any = json.loads(json.dumps(answer))
    at = copy
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = other
    return copy


def lies(data: st.DataObject) -> tuple[Forms, dict[str, Any]]:
    """An answer with something else in up to three places, or more keys."""
    own, answer = data.draw(st.sampled_from(ANSWERS))
    for _number in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(list(places(answer))[1:]))
        answer = with_other(answer, path, data.draw(ANY))
    return own, {**answer, **data.draw(st.dictionaries(st.text(max_size=9), ANY, max_size=2))}


def fit(value: Any) -> bool:
    """For a terminal, for JSON, and for reckoning."""
    if isinstance(value, Mapping):
        return all(fit(key) and fit(inner) for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return all(fit(inner) for inner in value)
    if isinstance(value, str):
        return value.isprintable() and len(value) <= 30000
    return value is None or math.isfinite(value)


@pytest.mark.parametrize(("own", "answer"), ANSWERS)
def test_what_our_modules_say_comes_through_as_it_is(own: Forms, answer: dict[str, Any]) -> None:
    assert json.loads(json.dumps(as_it_may_be_used(answer, own))) == json.loads(json.dumps(answer))


@settings(max_examples=examples(400), deadline=None)
@given(st.data())
def test_all_else_is_refused_or_harmless(data: st.DataObject) -> None:
    own, answer = lies(data)
    try:
        read = as_it_may_be_used(answer, own)
    except MisfitError as exc:
        read = {"msg": str(exc)}

    assert fit(read)
    assert json.loads(json.dumps(read, allow_nan=False)) == read
    assert own.keys() - read.keys() or as_it_may_be_used(read, own) == read, "it is read twice"
    for values in [*(each["observation"] for each in read.get("agents", ())), *read.get("observations", ())]:
        seen = Observation.from_dict(values)
        assert all(event.kind in EVENT_KINDS for event in seen.events)
        assert seen.uptime < math.inf and hash(seen) is not None and seen.fingerprint()


@pytest.mark.parametrize(
    "key",
    ["unreachable", "skipped", "results", "exception", "deprecations", "ansible_facts", "stdout", "add_host",
     "_ansible_no_log", "_ansible_new_secrets", "_ansible_item_label", "include", "ansible_job_id"],
)  # fmt: skip
def test_what_ansible_takes_for_an_order_is_left_out(key: str) -> None:
    own, answer = ANSWERS[0]

    assert as_it_may_be_used({**answer, key: True}, own) == as_it_may_be_used(answer, own)


def test_a_failure_needs_no_agents_but_words() -> None:
    assert as_it_may_be_used({"failed": True}, DEPLOYED) == {"failed": True, "msg": "it failed, and did not say why"}
    with pytest.raises(MisfitError, match="it has no agents"):
        as_it_may_be_used({"changed": False}, DEPLOYED)


@pytest.mark.parametrize(
    ("exception", "says"),
    [
        ({"__ansible_type": "ErrorSummary", "event": {"__ansible_type": "Event", "msg": "no such key"}}, "no such key"),
        ("Traceback ...\nKeyError: 'x'\n", "Traceback ... KeyError: 'x'"),
        ({"event": {"msg": 3}}, "it failed, and did not say why"),
        ({"event": "x"}, "it failed, and did not say why"),
        (" ", "it failed, and did not say why"),
        (None, "it failed, and did not say why"),
    ],
)
def test_what_a_module_did_not_catch_is_told(exception: Any, says: str) -> None:
    assert as_it_may_be_used({"failed": True, "exception": exception}, DEPLOYED) == {"failed": True, "msg": says}


@pytest.mark.parametrize(
    "warning",
    ["take care", {"__ansible_type": "WarningSummary", "event": {"__ansible_type": "Event", "msg": "take care"}}],
)
def test_a_warning_is_told_in_whichever_form_this_ansible_has_for_it(warning: Any) -> None:
    assert as_it_may_be_used({**ANSWERS[1][1], "warnings": [warning]}, LOOKED)["warnings"] == ["take care"]


@pytest.mark.parametrize("at", [math.nan, math.inf, -math.inf, 1e300, 10**400, True, "1790000000"])
def test_times_that_cannot_be_reckoned_with_are_refused(at: Any) -> None:
    with pytest.raises(MisfitError, match="started_at of the observation"):
        Observation.from_dict({**SEEN, "started_at": at})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (12345678901234567, "12345678901234567"),
        (-(10**400), str(-(10**400))),
        (math.inf, "inf"),
        (math.nan, "nan"),
        (1e300, "1e+300"),
        (10**15, 10**15),
        (0.5, 0.5),
    ],
)
def test_a_number_of_the_inventory_that_nobody_reckons_with_is_shown_whatever_it_is(value: Any, shown: Any) -> None:
    """The arguments of a task come back with its answer, as they were written."""
    invocation = {"module_args": {"env": {"SERIAL": value}, "cpus": value}}
    diff = {"before": {}, "after": {"press-1": {"cpus": value}}}

    read = as_it_may_be_used({**ANSWERS[0][1], "invocation": invocation, "diff": diff}, DEPLOYED)

    assert read["invocation"] == {"module_args": {"env": {"SERIAL": shown}, "cpus": shown}}
    assert read["diff"]["after"] == {"press-1": {"cpus": shown}}


def test_whoever_reads_a_log_keeps_less_than_is_taken_of_an_answer() -> None:
    """Else a host where all is well would be refused."""
    assert log.MAX_EVENTS < observation.MOST_EVENTS and log.LAST_LINES < observation.MOST_LINES
    assert observe.MOST_FORMER < observation.MOST_IDS
