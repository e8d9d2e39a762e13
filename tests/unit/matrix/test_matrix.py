# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The matrix leaves nothing out without a reason, and what it could not run is no success."""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from matrix import kept, run, supported, venvs
from matrix.cells import NEWEST, OLDEST, Cell, cells, chosen, environments, read
from matrix.outcome import FAILED, PASSED, SKIPPED, Outcome

ROOT = Path(__file__).resolve().parents[3]
DATA = read()
CELLS = cells(DATA)
LEFT_OUT = {row["python"] for row in DATA["left_out"]}
CONTROLLER = Cell("2.16", "3.10", "3.10", OLDEST, target=False)
TARGET = Cell("2.21", "3.12", "3.13", OLDEST, target=True)


# ------------------------------------------------------------------------------------------------------------- cells


@pytest.mark.parametrize("role", ["controller", "target"])
def test_each_core_is_run_with_each_python_and_docker_sdk_that_it_supports(role: str) -> None:
    supported = {(core, python) for core, pythons in DATA["cores"].items() for python in pythons[role]}
    there = {(cell.core, cell.python, cell.docker) for cell in CELLS if cell.target == (role == "target")}

    assert there == {(*pair, docker) for pair in supported if pair[1] not in LEFT_OUT for docker in (OLDEST, NEWEST)}


@pytest.mark.parametrize("target", [False, True])
def test_the_sanity_tests_run_once_for_each_core_and_python(target: bool) -> None:
    cells_with_sanity = [cell for cell in CELLS if cell.target == target and "sanity" in cell.runs]

    assert len(cells_with_sanity) == len({(cell.core, cell.python) for cell in CELLS if cell.target == target})


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_a_cell_is_one_that_its_core_supports(cell: Cell) -> None:
    core = DATA["cores"][cell.core]

    assert cell.controller in core["controller"]
    assert cell.python in core["target" if cell.target else "controller"]


INSTALLED = ".".join(version("ansible-core").split(".")[:2])


def test_the_pythons_of_a_core_are_those_that_it_says_itself() -> None:
    """Of the one that is installed here; `make matrix` asks each of the others."""
    told = supported.by_its_core(Path(sys.executable))

    assert "3.13" in told["controller"] and set(told["controller"]) < set(told["target"])
    assert supported.differences(INSTALLED, told, DATA) == []


def test_a_python_that_is_missing_is_found() -> None:
    told = {"controller": ["3.11", "3.12"], "target": ["3.8", "3.11", "3.12"]}
    data = {"cores": {"2.19": {"controller": ["3.11"], "target": ["3.8", "3.11", "3.12", "3.15"]}}}

    assert supported.differences("2.19", told, data) == [
        "as the controller ansible-core 2.19 supports Python 3.12 too",
        "as the target ansible-core 2.19 does not support Python 3.15",
    ]


def test_names_are_unique() -> None:
    assert len({cell.name for cell in CELLS}) == len(CELLS)


def test_what_is_left_out_has_a_reason() -> None:
    assert all(row["reason"].strip() for row in DATA["left_out"])


def test_the_floors_are_those_that_are_promised() -> None:
    requires = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"]
    python = yaml.safe_load((ROOT / "tests" / "config.yml").read_text())["modules"]["python_requires"]

    assert requires == f">={min(DATA['cores'], key=_number)}.0"
    assert python == f">={min((cell.python for cell in CELLS), key=_number)}"


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def test_what_make_test_runs_exists() -> None:
    there = {f"{cell.name}:{run}" for cell, runs in chosen(CELLS, DATA["short"]).items() for run in runs}

    assert there == set(DATA["short"])


def test_cells_are_chosen_by_patterns() -> None:
    names = [cell.name for cell in chosen(CELLS, ["core2.16-py*-newest", "core2.19-target-py3.8-docker-oldest"])]

    assert names == [
        *(f"core2.16-py{python}-docker-newest" for python in ("3.10", "3.11", "3.12")),
        "core2.19-target-py3.8-docker-oldest",
    ]


def test_what_is_run_is_chosen_after_a_colon() -> None:
    patterns = ["core2.16-py3.10-docker-newest", "core2.16-py*-newest:plugins", "core2.19-target-py3.8-*:units"]
    runs = chosen(CELLS, patterns)

    assert {cell.name: chosen_runs for cell, chosen_runs in runs.items()} == {
        "core2.16-py3.10-docker-newest": ["sanity", "units", "plugins"],
        "core2.16-py3.11-docker-newest": ["plugins"],
        "core2.16-py3.12-docker-newest": ["plugins"],
        "core2.19-target-py3.8-docker-oldest": ["units"],
        "core2.19-target-py3.8-docker-newest": ["units"],
    }


def test_a_pattern_without_a_cell_is_refused() -> None:
    with pytest.raises(LookupError, match=r"core1\.0"):
        chosen(CELLS, ["core2.16-*", "core1.0"])


# ------------------------------------------------------------------------------------------------------ environments


def test_a_controller_has_everything_in_one_environment() -> None:
    core, tests = environments(CONTROLLER, DATA)

    assert core == tests and core.python == "3.10"
    assert {"ansible-core ~= 2.16.0", "docker == 5.0.3"} <= set(core.packages)


def test_a_target_has_no_ansible() -> None:
    core, tests = environments(TARGET, DATA)

    assert (core.python, core.packages) == ("3.12", ("ansible-core ~= 2.21.0",))
    assert tests.python == "3.13" and not any(package.startswith("ansible") for package in tests.packages)
    assert set(DATA["distutils"]) <= set(tests.packages), "the old docker SDK needs distutils"


def test_a_target_has_the_same_environment_under_each_core() -> None:
    same = [cell for cell in CELLS if cell.target and (cell.python, cell.docker) == ("3.12", NEWEST)]

    assert len(same) > 1 and len({environments(cell, DATA)[1] for cell in same}) == 1


def test_a_python_that_is_not_there_is_said() -> None:
    with pytest.raises(venvs.MissingPythonError, match=r"no Python 3\.1 on this machine"):
        venvs.find_python("3.1")


# -------------------------------------------------------------------------------------------------------------- runs


def test_modules_alone_are_run_on_a_target(tmp_path: Path) -> None:
    line = " ".join(run.command(TARGET, "units", tmp_path / "core", tmp_path / "tests", tmp_path))

    assert line.startswith(f"{tmp_path}/core/ansible-test units --python 3.13 --python-interpreter {tmp_path}/tests/")
    assert line.endswith("tests/unit/plugins/modules/ tests/unit/plugins/module_utils/")


def test_what_is_run_in_short_is_known() -> None:
    wanted = chosen(CELLS, DATA["short"])
    commands = [run.command(cell, each, Path(), Path(), Path()) for cell, runs in wanted.items() for each in runs]

    assert len(commands) == len(DATA["short"])


def test_every_kind_of_plugin_of_the_controller_is_tested() -> None:
    kinds = {path.parts[len(ROOT.parts) + 3] for path in ROOT.glob("tests/unit/plugins/*/**/test_*.py")}
    there = {Path(path).name for path in (*run.CONTROLLER_TESTS["plugins"], *run.TARGET_TESTS["units"])}

    assert there == kinds


def test_nothing_of_the_caller_decides_what_is_tested(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("ANSIBLE_CONFIG", "PYTHONPATH", "PYTEST_ADDOPTS", "CONNECTWARE_URL"):
        monkeypatch.setenv(name, "/elsewhere")

    for name in ("core", "tests"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pyvenv.cfg").write_text(f"home = /opt/{name}/bin\nversion = 3.8\n")

    env = run.environment(tmp_path / "core" / "bin", tmp_path / "tests" / "bin")

    assert "/elsewhere" not in env.values()
    assert env["PATH"].startswith(f"{tmp_path}/core/bin:/opt/core/bin:/opt/tests/bin:")


REPORT = """<testsuites><testsuite>
<testcase name="test_a"/><testcase name="test_b"><skipped message="no docker SDK"/></testcase>
</testsuite></testsuites>"""


def test_tests_that_were_skipped_are_told_with_their_reason() -> None:
    assert run.count([REPORT, REPORT]) == (2, 2 * ["test_b left out: no docker SDK"])


def test_the_result_keeps_what_was_run_before(tmp_path: Path) -> None:
    result = tmp_path / "matrix.json"
    first = [Outcome("b", "units", FAILED), Outcome("b", "sanity", PASSED)]
    run.keep(first, DATA["left_out"], result)
    run.keep([Outcome("b", "units", PASSED), Outcome("a", "units", PASSED)], [], result)

    rows = json.loads(result.read_text())["runs"]
    assert [(row["cell"], row["run"], row["state"]) for row in rows] == [
        ("a", "units", PASSED), ("b", "sanity", PASSED), ("b", "units", PASSED)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        ("core2.19-target-py3.8-docker-oldest", True),
        ("core2.19-target-py3.8-docker-oldest:host", True),
        ("core2.19-target-py3.8-*:host", False),
        ("short", False),
    ],
)
def test_a_cell_is_named_with_a_colon_too(pattern: str, named: bool) -> None:
    assert ("core2.19-target-py3.8-docker-oldest" in run.names([pattern])) == named


@pytest.mark.parametrize(
    ("states", "code", "said"),
    [
        ([PASSED], 0, "1 runs, 0 failed, 0 skipped"),
        ([PASSED, SKIPPED], 0, "2 runs, 0 failed, 1 skipped"),
        ([SKIPPED], 1, "1 runs, 0 failed, 1 skipped"),
        ([PASSED, FAILED], 1, "2 runs, 1 failed, 0 skipped"),
    ],
)
def test_what_was_skipped_is_told_and_is_no_success_by_itself(states: list[str], code: int, said: str) -> None:
    outcomes = [Outcome("a", "units", state) for state in states]
    assert (run.exit_code(outcomes), run.summary(outcomes)) == (code, said)


def test_a_cell_without_its_python_is_skipped_unless_it_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_arguments: object) -> Path:
        raise venvs.MissingPythonError("no Python 3.10 on this machine")

    monkeypatch.setattr(venvs, "made", missing)
    matrix = run.Matrix(tmp_path, tmp_path)
    matrix.run(CONTROLLER, CONTROLLER.runs, named=False)
    matrix.run(CONTROLLER, CONTROLLER.runs, named=True)

    assert [outcome.state for outcome in matrix.outcomes] == [SKIPPED, FAILED]
    assert all(re.search("no Python", outcome.line()) for outcome in matrix.outcomes)


@pytest.mark.parametrize(
    ("coming", "named", "state"), [(True, False, SKIPPED), (True, True, FAILED), (False, False, FAILED)]
)
def test_a_core_without_a_release_is_skipped_where_it_is_coming(
    coming: bool, named: bool, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreleased(*_arguments: object) -> Path:
        raise venvs.UnreleasedError("pip: no matching distribution")

    monkeypatch.setattr(venvs, "made", unreleased)
    matrix = run.Matrix(tmp_path, tmp_path)
    matrix.data["coming"] = [CONTROLLER.core] if coming else []
    matrix.run(CONTROLLER, ["units"], named=named)

    (outcome,) = matrix.outcomes
    assert outcome.state == state
    assert (outcome.reason == "ansible-core 2.16 has no release yet") == coming


def test_an_ansible_core_that_pip_does_not_find_is_unreleased() -> None:
    pip = [sys.executable, "-m", "pip", "install", "--no-index", "--dry-run"]

    with pytest.raises(venvs.UnreleasedError):
        venvs._run([*pip, "ansible-core ~= 999.0.0"])
    with pytest.raises(venvs.BrokenEnvironmentError) as other:
        venvs._run([*pip, "requests ~= 999.0.0"])
    assert not isinstance(other.value, venvs.UnreleasedError)


def test_what_is_coming_is_the_newest() -> None:
    assert DATA["coming"] == sorted(DATA["cores"], key=_number)[len(DATA["cores"]) - len(DATA["coming"]) :]


def test_a_cell_fails_whose_core_supports_another_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {**DATA["cores"]["2.16"], "target": [*DATA["cores"]["2.16"]["target"], "3.13"]}
    monkeypatch.setattr(venvs, "made", lambda environment, _folder: tmp_path / environment.name)
    monkeypatch.setattr(supported, "by_its_core", lambda _python: told)
    matrix = run.Matrix(tmp_path, tmp_path)
    matrix.run(CONTROLLER, ["units"], named=False)

    (outcome,) = matrix.outcomes
    said = "cells.yml: as the target ansible-core 2.16 supports Python 3.13 too"
    assert (outcome.state, outcome.reason) == (FAILED, said)


# ------------------------------------------------------------------------------------------------------ what is kept


def outcomes() -> list[Outcome]:
    """Of a full run on a machine without Python 3.14."""
    installed = {"python": "3.10.1", "docker": "5.0.3"}
    return [
        Outcome(cell.name, each, SKIPPED, "no Python 3.14 on this machine")
        if cell.python == "3.14"
        else Outcome(cell.name, each, PASSED, tests=0 if each == "sanity" else 7, versions=installed)
        for cell in CELLS
        for each in cell.runs
    ]


def test_a_full_run_is_kept_with_its_commit_and_all_of_its_cells(tmp_path: Path) -> None:
    path, matrix = tmp_path / "results" / "latest.json", run.Matrix(tmp_path, tmp_path)
    matrix.outcomes = outcomes()
    run.write(matrix, CELLS, path)

    written = json.loads(path.read_text())
    (commit,) = written["commits"]
    assert re.fullmatch(r"[0-9a-f]{12}(-dirty)?", commit) and written["not_run"] == []
    assert [cell["name"] for cell in written["cells"]] == [cell.name for cell in CELLS]
    first = written["cells"][0]
    units = first["runs"]["units"]
    assert units["versions"] == {"python": "3.10.1", "docker": "5.0.3"}
    assert (units["state"], units["tests"], units["commit"]) == ("passed", 7, commit)
    skipped = [one for one in matrix.outcomes if one.state == SKIPPED]
    assert [(row["cell"], row["run"]) for row in written["skipped"]] == [(one.cell, one.run) for one in skipped] != []
    assert {row["reason"] for row in written["skipped"]} == {"no Python 3.14 on this machine"}
    assert written["runs"] == {"passed": len(outcomes()) - len(skipped), "failed": 0, "skipped": len(skipped)}
    assert written["left_out"] == DATA["left_out"]


def test_what_was_not_run_yet_is_told_by_name(tmp_path: Path) -> None:
    path, matrix = tmp_path / "latest.json", run.Matrix(tmp_path, tmp_path)
    matrix.outcomes = outcomes()[1:]
    run.write(matrix, CELLS, path)

    written = json.loads(path.read_text())
    assert written["not_run"] == [f"{CELLS[0].name}:{CELLS[0].runs[0]}"]
    assert sum(written["runs"].values()) == len(matrix.outcomes)


def test_a_part_replaces_what_is_kept_of_the_same_runs_only() -> None:
    first = kept.numbers({"cells": []}, outcomes(), CELLS, [], "0123")
    part = [Outcome(CELLS[0].name, each, FAILED, "exit code 1") for each in (CELLS[0].runs[0], "host")]
    second = kept.numbers(first, part, CELLS, [], "4567")

    changed = second["cells"][0]["runs"].pop(CELLS[0].runs[0])
    first["cells"][0]["runs"].pop(CELLS[0].runs[0])
    assert (changed["state"], changed["commit"], changed["reason"]) == ("failed", "4567", "exit code 1")
    assert second["cells"] == first["cells"] and (second["commits"], second["runs"]["failed"]) == (["0123", "4567"], 1)


def test_a_cell_that_is_none_any_more_is_not_kept() -> None:
    first = kept.numbers({"cells": []}, outcomes(), CELLS, [], "0123")

    assert [cell["name"] for cell in kept.numbers(first, [], CELLS[1:], [], "4567")["cells"]] == [
        cell.name for cell in CELLS[1:]
    ]


def test_a_part_is_kept_when_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_arguments: object) -> Path:
        raise venvs.MissingPythonError("no Python 3.10 on this machine")

    path = tmp_path / "latest.json"
    monkeypatch.setattr(venvs, "made", missing)
    monkeypatch.setattr(sys, "argv", ["run.py", str(tmp_path), str(tmp_path), "--results", str(path), CONTROLLER.name])

    assert run.main() == 1
    assert [row["name"] for row in json.loads(path.read_text())["cells"] if row["runs"]] == [CONTROLLER.name]
