# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A factory host in other hands that answers anything: it fails with a message of ours, and no other host does."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from integration import lives
from integration.audited import Audit
from integration.bed import ROOT, Factory, Run
from integration.test_hostile import harmless, hostile
from simulator.harness import until

SCHEMA = ROOT / "roles" / "audit" / "files" / "audit.schema.json"

# The Python of such a host: it runs what Ansible sends, and answers something else.
LIAR = """#!{python}
import json, subprocess, sys
done = subprocess.run([sys.executable, *sys.argv[1:]], stdout=subprocess.PIPE, text=True)
said, hostile, deep = done.stdout, {hostile!r}, "[" * 100000
answer = json.loads(said) if said.lstrip().startswith("{{") else {{}}
agents = [each for each in answer.get("agents", []) + answer.get("observations", []) if isinstance(each, dict)]
seen = [each.get("observation", each) for each in agents]
{lie}
sys.stdout.write(said if answer is None else json.dumps(answer))
"""

LIES = {
    "nothing": "answer, said = None, ''",
    "no-json": "answer, said = None, hostile",
    "crash": "answer, said = None, 'Segmentation fault'",
    "a-list": "answer, said = None, '[1, 2]'",
    "deep": "answer, said = None, '{\"agents\": ' + deep",
    "deep-and-ends": "answer, said = None, '{\"agents\": ' + deep + ']' * len(deep) + '}'",
    "junk-around": "answer, said = None, hostile + '\\n' + json.dumps({**answer, 'agents': 7}) + '\\n' + hostile",
    "nan": "seen and [one.update(started_at=float('nan'), observed_at=float('inf')) for one in seen]",
    "agents-text": "answer['agents'] = hostile",
    "agents-of-numbers": "answer['agents'] = [1, None, hostile]",
    "agents-null": "answer['agents'] = None",
    "no-observation": "[one.pop('observation', None) for one in agents]",
    "events": "[one.update(events=[hostile]) for one in seen]",
    "kinds": "[one.update(events=[{'kind': [hostile]}]) for one in seen]",
    "more-keys": "[one.update({hostile: 1}) for one in seen]",
    "fewer-keys": "[one.clear() for one in agents]",
    "errors": "[one.update(error=[hostile], drift=7, action={}, changed='yes') for one in agents]",
    "failed": "answer = {'failed': True, 'msg': {hostile: [hostile]}, 'error': hostile, 'rc': hostile}",
    "failed-long": "answer = {'failed': True, 'msg': hostile * 10000}",
    "unreachable": "answer = {'unreachable': True, 'msg': hostile}",
    "skipped": "answer = {'skipped': True, 'skip_reason': hostile}",
    "exception": "answer = {'failed': True, 'msg': 'it crashed', 'exception': 'Traceback (most recent' + hostile}",
    "facts-text": "answer['ansible_facts'] = hostile",
    "facts-null": "answer['ansible_facts'] = None",
    "stdout-number": "answer.update(stdout=7, stderr=[7])",
    "results-number": "answer.update(results=7)",
    "results": "answer = {'results': [{'agents': 7}], 'changed': True}",
    "warnings": "answer.update(warnings=[hostile, 7], deprecations=[{'msg': hostile}, 7, hostile])",
    "warnings-text": "answer.update(warnings=hostile, deprecations=7)",
    "internal": "answer.update({'_ansible_' + hostile: hostile, '_ansible_no_log': True, '_ansible_item_label': {}})",
    "types": "answer.update(diff={'__ansible_type': hostile}, warnings=[{'__ansible_type': 'WarningSummary'}])",
    "diff": "answer.update(diff=[hostile, 7, {'before': 7, 'after': {}, 'before_header': hostile}])",
    "images": "[one.update(previous_image=hostile, replaced_image=hostile) for one in agents]",
    "texts": "[one.update(last_lines=[hostile] * 9, trouble=hostile, image=hostile) for one in seen]",
    "half-characters": "[one.update(image='\\ud800' * 9, last_lines=['\\udfff']) for one in seen]",
}
"""What it does before it answers."""
FEW = ("no-json", "deep-and-ends", "unreachable", "internal", "nan", "texts")


class Liars:
    """A host for each lie, with an agent of its own, and an honest one."""

    def __init__(self, site: Factory, folder: Path, lies: Iterable[str]) -> None:
        self.site = site
        self.bait = folder / "executed"
        self.mine = site.names()[0]
        prefix = self.mine.rpartition("-")[0]
        # Before and after the honest one: what is to run once, the first host runs.
        self.hosts: dict[str, Any] = {"honest": {"agents_list": [{"name": self.mine}]}}
        for number, lie in enumerate(lies):
            python = folder / f"python-{lie}"
            python.write_text(LIAR.format(python=sys.executable, hostile=hostile(self.bait), lie=LIES[lie]))
            python.chmod(0o755)
            agents = [{"name": f"{prefix}-{lie}"}]
            host = f"{('first', 'last')[number % 2]}-{lie}"
            self.hosts[host] = {"agents_list": agents, "ansible_python_interpreter": str(python)}

    def checked(self, run: Run) -> Run:
        """The honest host is as if it were alone, and of the others nothing bad is to be seen."""
        harmless(run, self.bait, 10_000_000)
        for sign in ("Unexpected failure", "undefined", "deserialization", "KeyError", "TypeError", "AttributeError"):
            assert sign not in run.output, sign
        return run


@pytest.fixture(params=[FEW, pytest.param(LIES, marks=pytest.mark.long)], ids=["few", "all"])
def liars(factory, tmp_path, request):
    return Liars(lives.quick(factory(1)), tmp_path, request.param)


def test_a_rollout_an_audit_and_a_retirement(liars):
    """One after the other, for what hosts answer that are asked again, and about agents of others."""
    site = liars.site

    run = liars.checked(site.rollout("--diff", hosts=liars.hosts, agents_on_conflict="replace"))

    assert run.agents[liars.mine]["registered"], run.output
    until(lambda: site.connected(liars.mine), "it is connected")

    lives.empty(liars.mine)
    lives.restart(liars.mine)
    until(lambda: not site.connected(liars.mine), "it has lost its credentials")
    run = liars.checked(site.rollout(hosts=liars.hosts, agents_on_conflict="replace"))

    run.failed(f"the user '{liars.mine}' exists already", "which could not be asked, runs and answers to that name")
    assert liars.mine in site.simulator.usernames(), "somebody may be it, for all that the others say"

    audit = Audit(site, "--diff", hosts=liars.hosts)
    liars.checked(audit.run.ok())
    assert len(audit.hosts) == len(liars.hosts) and audit.agents[liars.mine]["verdict"] == "conflict"
    jsonschema.validate(audit.json, json.loads(SCHEMA.read_text()))
    assert set(audit.cases) >= set(audit.agents), "the XML can be read"
    assert all(text.isprintable() for text in texts_of(audit.json))

    run = liars.checked(site.retire(hosts=liars.hosts))
    assert liars.mine not in site.simulator.usernames() and run.agents[liars.mine]["verdict"] == "retired"


def texts_of(made):
    """All texts of a report, keys included."""
    if isinstance(made, str):
        return [made]
    inner = [*made, *made.values()] if isinstance(made, dict) else made if isinstance(made, list) else []
    return [text for each in inner for text in texts_of(each)]
