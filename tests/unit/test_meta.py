# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing of the collection is without tests, documentation and an example that is really run."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from guides.examples import WITHOUT_EXAMPLE, example, places
from guides.pages import PAGES, ROOT

PROOFS: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "tests" / "proofs.yml").read_text("utf-8"))
PLACES = places()
# What of a kind is its own test: a fragment is text, a playbook or rulebook is run, files are examples themselves.
NEEDED = {
    "doc_fragment": {"unit"},
    "playbook": {"integration"},
    "rulebook": {"integration"},
    "files": {"example"},
    "action": {"unit", "integration"},
}
EVERYTHING = {"unit", "integration", "example"}
FOLDERS = {"unit": ("tests/unit/", "tests/simulator/"), "integration": ("tests/integration/", "tests/awx/")}


def kind_of(thing: str) -> str:
    return thing.partition("/")[0]


def name_of(thing: str) -> str:
    return thing.partition("/")[2]


def claims(thing: str) -> list[tuple[str, str]]:
    """What is said of a thing: the sort of proof, and a test or file of tests."""
    said = PROOFS[thing]
    listed = [(sort, node) for sort in ("unit", "integration") for node in said.get(sort, [])]
    return [*listed, *(("example", node) for node in examples_of(thing))]


def examples_of(thing: str) -> list[str]:
    """The test that runs its example; files may have several."""
    said = PROOFS.get(thing, {}).get("example", [])
    return said if isinstance(said, list) else [said]


NODES = sorted({node for thing in PROOFS for _sort, node in claims(thing)})


@cache
def collected() -> frozenset[str]:
    """The tests that pytest finds in the files that are named."""
    files = sorted({node.partition("::")[0] for node in NODES})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return frozenset(line for line in done.stdout.splitlines() if "::" in line)


def source_of(node: str) -> str:
    """The text of a test, or of the whole file."""
    path, _colons, rest = node.partition("::")
    text = (ROOT / path).read_text("utf-8")
    if not rest:
        return text
    name = rest.partition("[")[0]
    found = [part for part in ast.parse(text).body if isinstance(part, ast.FunctionDef) and part.name == name]
    return ast.get_source_segment(text, found[0]) or ""


def test_everything_has_its_proofs_and_nothing_else() -> None:
    assert set(PROOFS) == set(PLACES)


@pytest.mark.parametrize("thing", PLACES)
def test_no_proof_is_missing(thing: str) -> None:
    needed = NEEDED.get(kind_of(thing), EVERYTHING)

    assert set(PROOFS[thing]) == needed
    for sort, folders in FOLDERS.items():
        assert all(node.startswith(folders) for node in PROOFS[thing].get(sort, [])), sort


@pytest.mark.parametrize("thing", [thing for thing in PLACES if kind_of(thing) == "role"])
def test_what_a_role_does_has_unit_tests_too(thing: str) -> None:
    """That its options are written down alike in two places says nothing of what it does."""
    assert [node for node in PROOFS[thing]["unit"] if not node.startswith("tests/unit/test_repository.py")]


PROGRAMS = sorted(ROOT.glob("roles/*/files/*.py"))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_a_program_that_a_role_runs_on_a_host_is_read_by_a_unit_test(program: Path) -> None:
    role = program.parents[1].name
    tests = (ROOT / "tests" / "unit" / "roles" / role).glob("test_*.py")

    assert any(f'"{program.name}"' in path.read_text("utf-8") for path in tests)


@pytest.mark.parametrize("node", NODES)
def test_what_is_named_as_a_proof_is_a_test(node: str) -> None:
    assert any(test == node or test.startswith((f"{node}::", f"{node}[")) for test in collected())


@pytest.mark.parametrize(
    ("thing", "sort"), [(thing, sort) for thing in PROOFS for sort in FOLDERS if sort in PROOFS[thing]]
)
def test_a_proof_names_what_it_proves(thing: str, sort: str) -> None:
    word = re.compile(rf"(?<![a-z]){re.escape(name_of(thing))}(?![a-z])")

    assert any(word.search(node.partition("[")[2] or source_of(node)) for node in PROOFS[thing][sort])


# What tests of its own compare with the engine: these options have more than two values to try.
DRIFTS_ELSEWHERE = {"networks": "test_networks", "certificates": "test_certificates_that_were_renewed"}


def test_of_each_option_of_a_container_it_is_tried_whether_it_drifts_and_settles() -> None:
    found = keys_of("plugins/module_utils/_argspec.py", "AGENT_OPTIONS")
    tried = keys_of("tests/integration/test_docker_options.py", "OPTIONS")

    assert len(found) > 20
    assert set(found) <= set(tried) | set(DRIFTS_ELSEWHERE)
    for test in DRIFTS_ELSEWHERE.values():
        assert source_of(f"tests/integration/test_docker_options.py::{test}")


def keys_of(path: str, table: str) -> list[str]:
    """The keys of a table in a file."""
    for node in ast.parse((ROOT / path).read_text("utf-8")).body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict(keys=keys)) if name == table:
                return [key.value for key in keys if isinstance(key, ast.Constant)]
    raise LookupError(f"{path} has no {table}")


# ---------------------------------------------------------------------------------------------------------- examples

WITH_EXAMPLE = [thing for thing in PLACES if kind_of(thing) not in {*WITHOUT_EXAMPLE, "files"}]


@pytest.mark.parametrize("thing", WITH_EXAMPLE)
def test_the_example_is_run_by_the_test_that_is_said_to(thing: str) -> None:
    """It takes the text of the documentation by the name of the thing; nothing else gives it that text."""
    assert f'"{thing}"' in source_of(PROOFS[thing]["example"])


@pytest.mark.parametrize("thing", WITH_EXAMPLE)
def test_an_example_shows_the_thing(thing: str) -> None:
    """By its full name; the playbook of a role may stand for it."""
    shown = {"role/ghosts": "retire_ghosts", "role/awx": "awx_setup"}.get(thing, name_of(thing))

    assert re.search(rf"edgefleet\.connectware\.{shown}\b", example(thing))


FILES = {
    path: examples_of(thing)
    for thing, folder in PLACES.items()
    if kind_of(thing) == "files"
    for path in sorted(folder.rglob("*.yml"))
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT / "docs" / "examples")))
def test_each_file_of_the_examples_is_read_by_its_test(path: Path) -> None:
    """By its name, in the file of the test; variables of groups are read with the inventory that they lie beside.

    A playbook may be named without its ending, as jobs are. Of a project that a test runs in a copy, all is read.
    """
    read = path.parent.parent if path.parent.name == "group_vars" else path
    tests = [*(node.partition("::")[0] for node in FILES[path]), "tests/unit/test_guides.py"]
    folder = path.relative_to(ROOT / "docs" / "examples").parts[0]
    copied = [
        f'"examples" / "{folder}"\n' in source_of(test) and "copytree(EXAMPLE" in source_of(test) for test in tests
    ]

    assert any(copied) or any(
        re.search(rf'["/]{re.escape(read.stem)}({read.suffix})?["/]', source_of(test)) for test in tests
    )


# ----------------------------------------------------------------------------------------------------- documentation

DOCUMENTED = [thing for thing in PLACES if kind_of(thing) not in {"action", "doc_fragment", "files"}]


@pytest.mark.parametrize("thing", DOCUMENTED)
def test_a_page_tells_of_it(thing: str) -> None:
    """Besides its own documentation."""
    name = name_of(thing)
    own = ROOT / "roles" / name / "README.md"
    words = re.compile(rf"edgefleet\.connectware\.{name}\b|`{name}`|\[`{name}`\]|/{name}\.yml\b")

    assert any(words.search(page.read_text("utf-8")) for page in PAGES if page != own)


@pytest.mark.parametrize("thing", [thing for thing in PLACES if kind_of(thing) == "action"])
def test_an_action_is_documented_by_its_module(thing: str) -> None:
    assert f"module/{name_of(thing)}" in PLACES


@pytest.mark.parametrize("thing", [thing for thing in PLACES if kind_of(thing) == "doc_fragment"])
def test_a_fragment_is_used(thing: str) -> None:
    users = [path for name, path in PLACES.items() if kind_of(name) in {"module", "inventory", "callback"}]

    assert any(f"edgefleet.connectware.{name_of(thing)}" in path.read_text("utf-8") for path in users)


@pytest.mark.parametrize("thing", [thing for thing in PLACES if kind_of(thing) == "role"])
def test_a_role_has_a_page_and_a_description_of_each_entry_point(thing: str) -> None:
    specs = yaml.safe_load((PLACES[thing] / "meta" / "argument_specs.yml").read_text("utf-8"))["argument_specs"]

    assert (PLACES[thing] / "README.md").exists()
    assert all(entry["short_description"] and entry["description"] for entry in specs.values())
