# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must agree in this repository: rooms and arrows, roles and their specs, modules and their documentation."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "ansible_collections.edgefleet.connectware"
MODULE_UTILS = ROOT / "plugins" / "module_utils"

ROLES = sorted(path.parent.parent for path in ROOT.glob("roles/*/tasks/main.yml"))
MODULES = sorted(path for path in ROOT.glob("plugins/modules/*.py") if path.name != "__init__.py")
TESTS = sorted(ROOT.glob("tests/**/*.py"))


def name_of(path: Path) -> str:
    return path.stem if path.is_file() else path.name


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


# ------------------------------------------------------------------------------------------------------------- rooms

# Which of our own packages a room may import, besides itself. Everything else of ours is out of bounds.
ARROWS: dict[str, set[str]] = {
    "_errors": set(),
    "_agents": {"_errors"},
    "_ending": {"_errors"},
    "_docker": {"_errors", "_agents", "_argspec", "_ending"},
    "_connectware": {"_errors", "_agents", "_argspec", "_ending"},
    "_audit": {"_errors", "_agents", "_report"},
    "_report": {"_agents"},
    "_eda": {"_errors", "_agents", "_connectware", "_argspec"},
    "_argspec": set(),
}
# What only one room may know.
LIBRARIES = {"docker": "_docker", "requests": "_connectware", "jmespath": "_connectware"}
# Rooms without third-party libraries.
STANDARD_LIBRARY_ONLY = {"_agents", "_errors"}


def room_of(path: Path) -> str:
    return path.relative_to(MODULE_UTILS).parts[0].removesuffix(".py")


def imported(path: Path, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of everything a file of module_utils imports."""
    package = [*PACKAGE.split("."), "plugins", "module_utils", *path.relative_to(MODULE_UTILS).parts[:-1]]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *(node.module.split(".") if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"


def forbidden_import(room: str, name: str) -> str | None:
    """Why this room must not import this, or None."""
    ours = f"{PACKAGE}.plugins.module_utils."
    if name.startswith(ours):
        target = name.removeprefix(ours).split(".")[0]
        if target != room and target not in ARROWS.get(room, set()):
            return f"{room} must not import {target}"
        return None
    if name.startswith(PACKAGE):
        return f"{room} must not import {name}: arrows point inward"
    library = name.split(".", maxsplit=1)[0]
    if LIBRARIES.get(library, room) != room:
        return f"only {LIBRARIES[library]} knows {library}"
    if room in STANDARD_LIBRARY_ONLY and library not in sys.stdlib_module_names:
        return f"{room} must do with the standard library, not {library}"
    return None


def violations(path: Path, source: str) -> list[str]:
    room = room_of(path)
    found = []
    for line, name in imported(path, ast.parse(source)):
        reason = forbidden_import(room, name)
        if reason:
            found.append(f"{path.relative_to(ROOT)}:{line}: {reason}")
    return found


@pytest.mark.parametrize("room", sorted({room_of(path) for path in MODULE_UTILS.rglob("*.py")}))
def test_imports_point_inward(room: str) -> None:
    files = [path for path in MODULE_UTILS.rglob("*.py") if room_of(path) == room and path.name != "__init__.py"]

    assert room in ARROWS, f"plugins/module_utils/{room} is a new room: say in ARROWS what it may import"
    assert [line for path in files for line in violations(path, path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("_agents", "import requests"),
        ("_agents", "from .._docker import engine"),
        ("_agents", "from .._docker.engine import Engine"),
        ("_docker", "import requests.adapters"),
        ("_docker", "from .._connectware.session import Session"),
        ("_connectware", "import docker"),
        ("_connectware", f"from {PACKAGE}.plugins.module_utils._docker import engine"),
        ("_errors", "from ._agents import spec"),
        ("_agents", "def late():\n    from .. import _argspec"),
    ],
)
def test_the_import_check_sees_what_it_must(room: str, source: str) -> None:
    path = MODULE_UTILS / (f"{room}.py" if room == "_errors" else f"{room}/example.py")

    assert len(violations(path, source)) == 1


# The same for plugins that run on the controller, by how their path begins; modules and task 2 may import any room.
PLUGIN_ARROWS: dict[str, set[str]] = {
    "action/agents.py": {"_agents", "_errors", "plugin_utils"},
    "action/agents_info.py": {"_agents", "plugin_utils"},
    "callback/": {"_agents", "_report", "plugin_utils"},
    "filter/": {"_agents", "_errors", "_audit", "plugin_utils"},
    "inventory/": {"_agents", "_errors", "_argspec", "_connectware", "plugin_utils"},
    "plugin_utils/": {"_agents", "_errors", "_argspec", "plugin_utils"},
}
TASK_2 = ROOT / "plugins" / "action" / "agents_registered.py"
PLUGINS = sorted(
    path
    for path in ROOT.glob("plugins/*/*.py")
    if path.parent.name not in ("modules", "module_utils", "doc_fragments") and path != TASK_2
)


def rooms_of_plugin(path: Path) -> set[str]:
    """What a plugin imports of ours; they do so by full names."""
    found = re.findall(rf"^ *from {PACKAGE}\.plugins\.(module_utils\.)?(\w+)", path.read_text("utf-8"), re.MULTILINE)
    return {room for _folder, room in found}


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_plugins_import_what_the_architecture_says(plugin: Path) -> None:
    name = f"{plugin.parent.name}/{plugin.name}"
    allowed = [rooms for begin, rooms in PLUGIN_ARROWS.items() if name.startswith(begin)] or [{"plugin_utils"}]

    assert rooms_of_plugin(plugin) <= allowed[0]


def test_every_plugin_arrow_is_needed() -> None:
    for begin, rooms in PLUGIN_ARROWS.items():
        plugins = [path for path in PLUGINS if f"{path.parent.name}/{path.name}".startswith(begin)]
        assert set().union(*map(rooms_of_plugin, plugins)) == rooms, begin


# ------------------------------------------------------------------------------------------------------------- roles


def argument_options(role: Path) -> dict[str, dict[str, Any]]:
    """Options of all entry points of a role, by name."""
    options: dict[str, dict[str, Any]] = {}
    for entry_point in read_yaml(role / "meta" / "argument_specs.yml")["argument_specs"].values():
        options.update(entry_point.get("options") or {})
    return options


def defaults(role: Path) -> dict[str, Any]:
    path = role / "defaults" / "main.yml"
    return (read_yaml(path) or {}) if path.exists() else {}


@pytest.mark.parametrize("role", ROLES, ids=name_of)
def test_argument_specs_equal_the_defaults_of_the_role(role: Path) -> None:
    documented = {name: option["default"] for name, option in argument_options(role).items() if "default" in option}

    assert documented == defaults(role)


@pytest.mark.parametrize("role", ROLES, ids=name_of)
def test_each_option_of_a_role_is_public_and_described(role: Path) -> None:
    for name, option in argument_options(role).items():
        assert not name.startswith("_"), f"{name} is internal"
        assert option.get("description"), f"{name} has no description"
        assert "type" in option, f"{name} has no type"


@pytest.mark.parametrize("role", ROLES, ids=name_of)
def test_each_entry_point_of_a_role_is_specified(role: Path) -> None:
    specified = set(read_yaml(role / "meta" / "argument_specs.yml")["argument_specs"])

    assert "main" in specified
    assert all((role / "tasks" / f"{name}.yml").exists() for name in specified)


def silent_tasks(entries: list[dict[str, Any]], rescued: bool = False) -> Iterator[str]:
    """Tasks that keep silent about secrets, and about why they failed: nothing that follows a failure tells it."""
    for entry in entries:
        if "block" in entry:
            tells = any("fail" in str(list(task)) or "refused.yml" in str(task) for task in entry.get("rescue", []))
            yield from silent_tasks(entry["block"], rescued or tells)
            yield from silent_tasks([*entry.get("rescue", []), *entry.get("always", [])], rescued)
        elif entry.get("no_log") and not rescued:
            yield entry["name"]


def test_no_task_that_keeps_silent_hides_why_it_failed() -> None:
    files = sorted(ROOT.glob("roles/*/tasks/*.yml"))
    texts = {path: path.read_text("utf-8") for path in files}
    silent = [f"{path.parts[-3]}: {name}" for path in files for name in silent_tasks(yaml.safe_load(texts[path]))]

    assert sum(text.count("no_log:") for text in texts.values()) >= 5
    assert silent == []
    assert list(silent_tasks([{"name": "a", "no_log": True}, {"block": [{"name": "b", "no_log": True}]}])) == ["a", "b"]


# ----------------------------------------------------------------------------------------------------------- modules


def documentation(module: Path) -> dict[str, str]:
    """Texts of a module by name (DOCUMENTATION, EXAMPLES, RETURN), without importing it."""
    texts: dict[str, str] = {}
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str() as text)):
                texts[name] = text
    return texts


@pytest.mark.skipif(not MODULES, reason="no modules yet")
def test_an_action_group_lists_exactly_the_modules_that_have_its_options() -> None:
    groups = read_yaml(ROOT / "meta" / "runtime.yml")["action_groups"]

    fragments = {
        module.stem: yaml.safe_load(documentation(module)["DOCUMENTATION"])["extends_documentation_fragment"]
        for module in MODULES
    }
    assert groups == {
        group: [module for module, shared in fragments.items() if f"edgefleet.connectware.{group}" in shared]
        for group in ("connectware", "engine")
    }


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_each_module_is_documented(module: Path) -> None:
    texts = documentation(module)

    document = yaml.safe_load(texts["DOCUMENTATION"])
    assert document["module"] == module.stem
    assert document["version_added"]
    assert yaml.safe_load(texts["EXAMPLES"])
    assert yaml.safe_load(texts["RETURN"])


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_each_example_of_a_module_uses_it_by_its_full_name(module: Path) -> None:
    text = documentation(module)["EXAMPLES"]

    assert f"edgefleet.connectware.{module.stem}:" in text


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_main_of_a_module_is_wiring(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    mains = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main"]

    assert len(mains) == 1
    assert (mains[0].end_lineno or 0) - mains[0].lineno < 20


# ------------------------------------------------------------------------------------------------------------- tests

LONGEST_FIXED_SLEEP = 0.5


def fixed_sleeps(source: str) -> list[int]:
    """Lines that sleep for a constant time of half a second or more."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="time" | "asyncio"), attr="sleep") | ast.Name(id="sleep"),
                args=[ast.Constant(value=int() | float() as seconds)],
            ) if seconds >= LONGEST_FIXED_SLEEP:
                lines.append(node.lineno)
    return lines


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("import time\ntime.sleep(2)", [2]),
        ("from time import sleep\nsleep(0.5)", [2]),
        ("import time\ntime.sleep(0.1)", []),
        ("import time\ntime.sleep(interval)", []),
        ("simulated.sleep(60)", []),
    ],
)
def test_the_sleep_check_sees_what_it_must(source: str, lines: list[int]) -> None:
    assert fixed_sleeps(source) == lines


def test_no_test_sleeps_where_it_can_wait_for_a_condition() -> None:
    found = [f"{path.relative_to(ROOT)}:{line}" for path in TESTS for line in fixed_sleeps(path.read_text("utf-8"))]

    assert found == []


# -------------------------------------------------------------------------------------------------------- everything


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))


@pytest.mark.skipif(not (ROOT / "README.md").exists(), reason="no README.md yet")
def test_each_make_target_of_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    named = set(re.findall(r"(?:`|^ *(?:\$ )?)make ([a-z][a-z-]*)", readme, re.MULTILINE))

    assert {"demo", "test"} <= named
    assert named - make_targets() == set()


def test_ci_runs_what_a_developer_runs() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text("utf-8")
    assert {"test", "demo", "lint", "sanity", "unit", "integration"} <= make_targets()


def test_nothing_but_ansible_core_is_needed_to_install() -> None:
    assert read_yaml(ROOT / "galaxy.yml")["dependencies"] == {}
