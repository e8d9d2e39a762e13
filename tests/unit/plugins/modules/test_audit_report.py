# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module audit_report: the files it writes, and when it fails."""

from __future__ import annotations

import json
import re
import stat
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from junitparser import Error, Failure, JUnitXml
from unit.plugins.module_utils._audit.sample import fleet, host, judged, many, user

from ansible_collections.edgefleet.connectware.plugins.module_utils._audit.rows import (
    AUDIT_VERDICTS,
    FINDINGS,
    HOST_STATUSES,
    STATES,
)

ROOT = Path(__file__).resolve().parents[4]
PARTS = ROOT / "roles" / "audit" / "files"
SCHEMA: dict[str, Any] = json.loads((PARTS / "audit.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def write(run, tmp_path):
    def call(**arguments):
        return run("audit_report", **{"path": str(tmp_path / "new" / "report"), "page_path": str(PARTS), **arguments})

    return call


def test_json_fits_its_schema(write):
    files = write(**many(300))["files"]
    made = json.loads(Path(files["json"]).read_text())

    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(made, SCHEMA)
    assert made["totals"]["agents"] == 300
    assert made["totals"]["verdicts"]["ghost"] == 3
    assert sum(factory["agents"] for factory in made["factories"]) == 300
    assert sum(made["totals"]["states"].values()) == len(made["agents"]) == 303
    assert made["connectware"] == {"url": "https://connectware.example.com", "error": "", "version": None}


def test_the_schema_has_every_field_and_every_word(write):
    made = json.loads(Path(write(**many(30))["files"]["json"]).read_text())

    assert set(SCHEMA["required"]) == set(SCHEMA["properties"]) == set(made)
    agents = SCHEMA["properties"]["agents"]["items"]
    assert set(agents["required"]) == set(agents["properties"]) == set(made["agents"][0])
    words = {name: tuple(SCHEMA["$defs"][name]["enum"]) for name in ("verdict", "finding", "state", "host_status")}
    assert words == {"verdict": AUDIT_VERDICTS, "finding": FINDINGS, "state": STATES, "host_status": HOST_STATUSES}


def test_junit_has_a_suite_for_each_host_and_a_case_for_each_agent(write):
    one = host("hamburg", "press-1", "press-2")
    one["judged"][1].update(verdict="broken", message="it <died>", last_lines=["last words"])
    hosts = [
        one,
        host("far", "far-1", unreachable=True, judged=[], deployed=[], error="timed out"),
        host("empty"),
        host("dead", unreachable=True, error="no route"),
    ]
    server = fleet(user("press-1"), user("old-1", ghost=True))
    xml = JUnitXml.fromfile(write(hosts=hosts, fleet=server)["files"]["junit"])

    assert [suite.name for suite in xml] == ["hamburg", "far", "empty", "dead", "Connectware"]
    assert (xml.tests, xml.failures, xml.errors) == (5, 2, 2)
    hamburg, far, empty, dead, server_suite = list(xml)
    assert (hamburg.tests, hamburg.failures, hamburg.errors) == (2, 1, 0)
    good, bad = list(hamburg)
    assert (good.name, good.classname, good.result) == ("press-1", "Hamburg.hamburg", [])
    assert isinstance(bad.result[0], Failure)
    assert (bad.result[0].type, bad.result[0].message) == ("broken", "it <died>")
    assert "last words" in bad.result[0].text
    assert isinstance(next(iter(far)).result[0], Error)
    assert list(empty) == []
    assert isinstance(next(iter(dead)).result[0], Error)
    assert [(case.name, case.result[0].type) for case in server_suite] == [("old-1", "ghost")]


def test_the_page_is_one_file_with_a_policy_that_fits_it(write):
    page = Path(write(**many(10))["files"]["html"]).read_text(encoding="utf-8")

    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)[1]
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy.startswith("default-src 'none';")
    for text in (script, style):
        assert "'sha256-" + b64encode(sha256(text.encode()).digest()).decode() + "'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", script)
    assert not re.search(r"@import|url\(|\bsrc=|\bhref=", page)


def test_nothing_is_written_in_check_mode(write):
    result = write(**many(10), check=True)

    assert result["changed"] is True
    assert not Path(result["files"]["json"]).parent.exists()


def test_files_are_for_everybody_that_may_and_nothing_else_is_left(write):
    files = write(**many(10))["files"]
    again = write(**many(10))["files"]

    assert files == again
    folder = Path(files["json"]).parent
    assert sorted(path.name for path in folder.iterdir()) == ["audit.html", "audit.json", "audit.xml"]
    assert stat.S_IMODE(Path(files["html"]).stat().st_mode) & 0o600 == 0o600


@pytest.mark.parametrize(
    ("fail_on", "named"),
    [([], None), (["drift"], None), (["conflict"], "press-1 on a"), (["ghost"], "old-1: ghost"), (["missing"], None)],
)
def test_it_fails_on_what_was_asked_for_after_the_files_were_written(write, fail_on, named):
    made = host("a", "press-1", judged=[judged("press-1", "conflict")])
    result = write(hosts=[made], fleet=fleet(user("old-1", ghost=True)), fail_on=fail_on)

    assert bool(result.get("failed")) == (named is not None)
    assert named is None or named in result["msg"]
    assert Path(result["files"]["html"]).exists()


@pytest.mark.parametrize(
    ("server", "fail_on", "named"),
    [
        ({"msg": "no route"}, ["ghost"], "ghost (Connectware could not be asked for all its agents: no route)"),
        ({"msg": "no route"}, ["missing", "clone"], "missing (Connectware could not be asked"),
        ({"msg": "no route"}, ["other_version"], "other_version (Connectware could not be asked"),
        ({"msg": "no route"}, ["clone", "drift"], None),
        (fleet(), ["other_version"], "other_version (Connectware did not tell its version)"),
        (fleet(version="1.8.0"), ["ghost", "missing", "other_version"], None),
        (fleet(undecided=3, version="1.8.0"), ["ghost"], "ghost (Connectware does not say of any user"),
        (fleet(user("press-1", evidence="inventory"), undecided=3), ["ghost"], "ghost (Connectware does not say"),
        (fleet(user("press-1", evidence="registration"), undecided=3), ["ghost"], None),
        (fleet(undecided=3, version="1.8.0"), ["missing", "other_version"], None),
    ],
)
def test_what_nobody_could_tell_is_no_success_for_whom_asked_for_it(write, server, fail_on, named):
    result = write(hosts=[host("a", "press-1")], fleet=server, fail_on=fail_on)

    assert bool(result.get("failed")) == (named is not None)
    assert named is None or (named in result["msg"] and str(result["files"]["html"]) in result["msg"])


def test_what_was_found_and_what_nobody_could_tell_are_told_together(write):
    made = host("a", "press-1", judged=[judged("press-1", "conflict")])
    result = write(hosts=[made], fleet={"msg": "no route."}, fail_on=["conflict", "ghost"])

    assert "press-1 on a: conflict" in result["msg"] and "ghost (Connectware could not be asked" in result["msg"]


@pytest.mark.parametrize("server", [{"msg": "no route"}, fleet(undecided=3)])
def test_ghosts_that_nobody_could_tell_are_not_counted(write, server):
    assert "; ghosts: not known." in write(hosts=[host("a", "press-1")], fleet=server)["message"]


@pytest.mark.parametrize(
    "url",
    [
        "https://admin:s3cret@connectware.example.com",
        "https://admin:s3cret@x@connectware.example.com/",
        "https://admin:s3c/ret@connectware.example.com",
        "admin:s3cret@connectware.example.com",
    ],
)
def test_credentials_in_an_address_are_not_published(write, url):
    files = write(**{**many(10), "connectware_url": url})["files"]

    made = json.loads(Path(files["json"]).read_text())
    assert made["connectware"]["url"] is None
    jsonschema.validate(made, SCHEMA)
    assert not any(word in Path(path).read_text() for path in files.values() for word in ("s3c", "admin"))


def test_check_mode_names_no_report_that_does_not_exist(write):
    made = host("a", "press-1", judged=[judged("press-1", "conflict")])
    result = write(hosts=[made], fleet=fleet(), fail_on=["conflict"], check=True)

    assert "press-1 on a: conflict" in result["msg"] and "audit.html" not in result["msg"]
    assert result["msg"].endswith("No file was written, for this is check mode.")


def test_one_sentence_says_it_all(write):
    assert write(**many(300))["message"] == (
        "280 of 300 agents on 30 hosts are well, 6 are failing, 4 need attention, of 10 nothing is known; ghosts: 3."
    )


def test_the_sentence_of_one_host_and_an_error_that_ends_without_a_full_stop(write):
    made = host("a", "press-1", judged=[judged("press-1", "conflict")])
    told = write(hosts=[made], fleet={"msg": "missing required arguments: connectware_url"})["message"]
    assert told.startswith("0 of 1 agents on 1 host are well,")
    assert told.endswith("for all its agents: missing required arguments: connectware_url.")


def test_a_folder_that_cannot_be_written_is_named(write, tmp_path):
    (tmp_path / "file").write_text("")
    result = write(**many(10), path=str(tmp_path / "file" / "below"))

    assert result["failed"] and "audit_path" in result["msg"] and "file/below" in result["msg"]


def test_parts_of_the_page_that_are_missing_are_named(write, tmp_path):
    assert "page.html" in write(**many(10), page_path=str(tmp_path))["msg"]
    for name in ("page.html", "page.css", "page.js"):
        (tmp_path / name).write_text("@TITLE@")
    result = write(**many(10), page_path=str(tmp_path))

    assert "it lacks @POLICY@" in result["msg"]
    assert not (tmp_path / "new").exists(), "nothing is written, not even in part"
