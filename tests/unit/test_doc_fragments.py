# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options and attributes that modules share are documented as they are: nothing is missing, and nothing is too much."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "ansible_collections.edgefleet.connectware"
MODULES = sorted(path for path in ROOT.glob("plugins/modules/*.py") if path.name != "__init__.py")
FRAGMENTS = sorted(path.stem for path in ROOT.glob("plugins/doc_fragments/*.py") if path.name != "__init__.py")

# Which tables of _argspec.py a fragment documents.
TABLES = {
    "agent_options": ("AGENT_OPTIONS",),
    "attributes": (),
    "connectware": ("CONNECTWARE_OPTIONS",),
    "engine": ("ENGINE_OPTIONS", "LOG_OPTIONS"),
    "evidence": ("EVIDENCE_OPTIONS",),
    "grouped_options": ("GROUPED_OPTIONS",),
    "window": ("WINDOW_OPTIONS",),
}
# Tables without a fragment: ansible-test sanity compares them with the module that has them.
OF_ONE_MODULE = {
    "AGENT_IDENTITY_OPTIONS": "agents",
    "CONVERSATION_OPTIONS": "agents_registered",
    "LOOK_OPTIONS": "agents_registered",
}
# Options of an option; they are compared with it.
SUBOPTIONS = {"CERTIFICATE_OPTIONS", "MOUNT_OPTIONS"}


def facets(option: dict[str, Any]) -> dict[str, Any]:
    """What argument spec and documentation both say of an option."""
    said = {key: option[key] for key in ("type", "elements", "default", "choices") if option.get(key) is not None}
    said["required"] = bool(option.get("required"))
    said["type"] = said.get("type", "str")
    if "options" in option or "suboptions" in option:
        inner = option.get("options") or option.get("suboptions") or {}
        said["options"] = {name: facets(each) for name, each in inner.items()}
    return said


def tables() -> dict[str, dict[str, Any]]:
    """The tables of _argspec.py by name."""
    module = importlib.import_module(f"{PACKAGE}.plugins.module_utils._argspec")
    return {name: table for name, table in vars(module).items() if name.endswith("_OPTIONS")}


def fragment(name: str, part: str, constant: str | None = None) -> dict[str, dict[str, Any]]:
    """What a fragment, or one constant of it, says of options or attributes."""
    module = importlib.import_module(f"{PACKAGE}.plugins.doc_fragments.{name}")
    found: dict[str, dict[str, Any]] = {}
    for each, text in vars(module.ModuleDocFragment).items():
        if each.isupper() and isinstance(text, str) and constant in (None, each):
            for key, said in ((yaml.safe_load(text) or {}).get(part) or {}).items():
                found.setdefault(key, {}).update(said)  # several fragments add up, as in ansible-doc
    return found


def attributes(module: Path) -> dict[str, dict[str, Any]]:
    """Of a module, as ansible-doc shows them: what it says itself counts more than what its fragments say."""
    document = documentation(module)
    names = [f"{name}.DOCUMENTATION".split(".")[2:4] for name in document["extends_documentation_fragment"]]
    found: dict[str, dict[str, Any]] = {}
    for said in (*(fragment(name, "attributes", part.upper()) for name, part in names), document["attributes"]):
        for key, texts in said.items():
            found.setdefault(key, {}).update(texts)
    return found


def documentation(module: Path, part: str = "DOCUMENTATION") -> dict[str, Any]:
    for node in ast.parse(module.read_text("utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str() as text)) if name == part:
                return yaml.safe_load(text)
    raise LookupError(f"{module} has no {part}")


@pytest.mark.parametrize("name", FRAGMENTS)
def test_documentation_fragments_mirror_the_shared_options(name: str) -> None:
    shared = {option: facets(said) for table in TABLES[name] for option, said in tables()[table].items()}

    assert {option: facets(said) for option, said in fragment(name, "options").items()} == shared
    assert shared or name == "attributes"


def test_each_table_is_documented_somewhere() -> None:
    named = [table for some in TABLES.values() for table in some] + [*OF_ONE_MODULE, *SUBOPTIONS]

    assert sorted(named) == sorted(tables())
    assert set(TABLES) == set(FRAGMENTS)
    for table, name in OF_ONE_MODULE.items():
        of_module = documentation(ROOT / "plugins" / "modules" / f"{name}.py")["options"]
        inner = of_module["agents"].get("suboptions") or {}
        assert set(tables()[table]) - set(of_module) - set(inner) - set(fragment("window", "options")) == set(), table


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_a_module_says_of_exactly_the_shared_attributes_how_far_it_has_them(module: Path) -> None:
    """Their names and descriptions are those of the fragment; a module says whether, and where it does not so."""
    document = documentation(module)

    assert f"{PACKAGE.partition('.')[2]}.attributes" in document["extends_documentation_fragment"]
    shared = fragment("attributes", "attributes", "DOCUMENTATION")
    assert set(attributes(module)) == set(shared)
    for key, said in attributes(module).items():
        assert said["support"] in ("full", "partial", "none", "N/A")
        assert said["support"] != "partial" or said["details"]
        assert said["description"] == shared[key]["description"]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_a_module_names_the_action_groups_that_it_is_in(module: Path) -> None:
    groups = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text("utf-8"))["action_groups"]
    own = [f"edgefleet.connectware.{group}" for group, modules in groups.items() if module.stem in modules]
    said = attributes(module)["action_group"]

    assert (said["support"], said["membership"]) == ("full" if own else "none", own)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_a_module_says_which_python_it_needs(module: Path) -> None:
    """Of its own, or of a fragment."""
    document = documentation(module)
    texts = [module, *(ROOT / "plugins" / "doc_fragments" / f"{name.split('.')[2]}.py"
                       for name in document["extends_documentation_fragment"])]  # fmt: skip

    assert any("\n  - Python 3.8 or newer" in text.read_text("utf-8") for text in texts)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_a_module_says_of_async_what_ansible_does_with_it(module: Path) -> None:
    """An action that holds its conversation on the controller refuses it, all others have a module that can do it."""
    action = ROOT / "plugins" / "action" / module.name
    refused = action.exists() and "_supports_async = False" in action.read_text("utf-8")

    assert (attributes(module)["async"]["support"] == "none") == refused


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_the_parts_of_an_error_are_documented_alike(module: Path) -> None:
    """Ansible has no fragments for what a module returns, so that the same stands in each of them."""
    errors = importlib.import_module(f"{PACKAGE}.plugins.module_utils._errors")
    said, first = (documentation(each, "RETURN")["error"]["contains"] for each in (module, MODULES[0]))
    assert set(errors.ConnectwareError("try").result()) <= set(said) <= set(errors.ApiError("try").result())
    assert all(said[name] == first[name] for name in set(said) & set(first) - {"kind"})
    for word in said["kind"]["description"].split("V(")[1:]:
        assert hasattr(errors, word.partition(")")[0])


@pytest.mark.parametrize("name", FRAGMENTS)
def test_no_part_of_a_fragment_has_the_name_of_another_fragment(name: str) -> None:
    """Ansible would take that one instead, and say nothing."""
    module = importlib.import_module(f"{PACKAGE}.plugins.doc_fragments.{name}")

    assert {constant.lower() for constant in vars(module.ModuleDocFragment)}.isdisjoint(FRAGMENTS)


def test_each_shared_attribute_says_what_it_means() -> None:
    found = fragment("attributes", "attributes", "DOCUMENTATION")

    assert set(found) == {"action_group", "async", "check_mode", "diff_mode", "idempotent", "platform"}
    assert all(set(said) == {"description"} and said["description"] for said in found.values())
