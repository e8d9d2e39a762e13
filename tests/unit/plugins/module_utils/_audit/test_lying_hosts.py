# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a factory host answers, once it was read: files, tables and decisions of all hosts stay whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.plugins.generated import examples
from unit.plugins.module_utils._agents.test_answers import lies
from unit.plugins.module_utils._audit.sample import fleet, user
from unit.plugins.module_utils._report.test_tally import valid

from ansible_collections.edgefleet.connectware.plugins.filter.elsewhere import elsewhere
from ansible_collections.edgefleet.connectware.plugins.filter.with_previous_images import with_previous_images
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents import evidence as e
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.answers import (
    DEPLOYED,
    LOOKED,
    SHOWN,
    as_it_may_be_used,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.forms import MisfitError
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.interim import Interim
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import Observation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.outcome import failure_of, result_of
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.record import AgentRecord
from ansible_collections.edgefleet.connectware.plugins.module_utils._audit.document import document
from ansible_collections.edgefleet.connectware.plugins.module_utils._audit.evaluate import evaluate
from ansible_collections.edgefleet.connectware.plugins.module_utils._audit.junit import junit
from ansible_collections.edgefleet.connectware.plugins.module_utils._audit.looks import read_host
from ansible_collections.edgefleet.connectware.plugins.module_utils._audit.page import page
from ansible_collections.edgefleet.connectware.plugins.module_utils._report.table import lines
from ansible_collections.edgefleet.connectware.plugins.module_utils._report.tally import Tally

FILES = Path(__file__).resolve().parents[5] / "roles" / "audit" / "files"
SCHEMA: dict[str, Any] = json.loads((FILES / "audit.schema.json").read_text(encoding="utf-8"))
PAGE = page({"title": ""}, FILES)
NAMED = [{"name": "press-1"}, {"name": "press-2"}]


def judged(record: AgentRecord, data: st.DataObject) -> None:
    """Some looks, whatever the server says meanwhile; nobody is let in who does not show that very pairing ID."""
    pending = data.draw(st.lists(st.sampled_from(["a82123", "c0ffee", None]), max_size=2))
    for number in range(3):
        record.user_exists = data.draw(st.booleans())
        record.pending = tuple(pending)
        verdict = record.judge(Policy(on_conflict=data.draw(st.sampled_from(["fail", "replace"]))), True, float(number))
        assert verdict.verdict in e.VERDICTS and verdict.message.isprintable()
        if verdict.action == e.AUTHORIZE:
            shown = {event.pairing_id for event in record.observation.events}
            assert len(pending) == 1 and pending[0] in shown
        record.observe(record.observation, float(number))


@settings(max_examples=examples(20), deadline=None)
@given(data=st.data())
def test_whatever_it_says(data: st.DataObject) -> None:
    own, answer = lies(data)
    try:
        read = as_it_may_be_used(answer, own)
    except MisfitError:
        read = {"failed": True, "msg": "refused"}
    seen = read.get("agents", []) if own is SHOWN else []
    deployed = read.get("agents", []) if own is DEPLOYED else []
    looked = read.get("observations", []) if own is LOOKED else [agent["observation"] for agent in deployed]

    records = [AgentRecord(Observation.from_dict(values)) for values in looked]
    for record in records:
        judged(record, data)
    again = Interim.from_dict(json.loads(json.dumps(Interim(tuple(records), 0.0, 1.0).to_dict(), allow_nan=False)))
    assert [each.observation for each in again.records] == [each.observation for each in records]
    result = result_of(records, True, {})
    result.update(failure_of(records, "hamburg", {}, {"interim": {}}))

    assert all(entry["host"] == "hamburg" for entry in elsewhere(["hamburg"], ["press-1"], [read] if seen else [{}]))
    put_back = with_previous_images(NAMED, deployed, result["agents"])
    assert {agent["name"] for agent in put_back} <= {agent["name"] for agent in NAMED}
    reported(deployed, result)
    audited(read, seen, deployed, result)


def reported(deployed: list[dict[str, Any]], result: dict[str, Any]) -> None:
    """The table and the JSON of the callback."""
    tally = Tally()
    tally.take("hamburg", deployed, deployed=True, predicted=False)
    tally.take("hamburg", result["agents"], deployed=False, predicted=True, wanted="registered")
    report = json.loads(json.dumps(tally.report(), allow_nan=False))
    valid(report)
    assert all(line.text.isprintable() and len(line.text) <= 100 for line in lines(tally, 100))


def audited(
    read: dict[str, Any], seen: list[dict[str, Any]], deployed: list[dict[str, Any]], result: dict[str, Any]
) -> None:
    """The three files, in which another host is as it would be alone."""
    honest = {"name": "munich", "named": [{"name": "mu-robot-1"}], "seen": [], "deployed": [], "judged": []}
    host = {
        "name": "hamburg", "named": NAMED, "error": str(read.get("msg", "")), "seen": seen, "deployed": deployed,
        "intruders": read.get("intruders", []), "judged": result["agents"],
    }  # fmt: skip
    report = evaluate([read_host(host), read_host(honest)], {}, fleet(user("press-1"), user("old-1", ghost=True)))
    made = document(report, title="t", generated_at="2026-11-30T12:00:00Z", connectware_url=None)
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    jsonschema.validate(made, SCHEMA)
    cases = [case.get("name") for case in ElementTree.fromstring(junit(made)).iter("testcase")]
    assert cases == ["press-1", "press-2", "mu-robot-1", "old-1"]
    assert page(made, FILES).count("</script>") == PAGE.count("</script>")
