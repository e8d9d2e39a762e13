# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the pages of the documentation name exists: files, variables, options, playbooks, make targets, folders."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from guides.pages import GUIDES, PAGES, ROOT, Block, blocks, blocks_of_markdown, blocks_of_rst, named, table
from unit.plugins.module_utils._audit.sample import container, deployed, fleet, host, user

from ansible_collections.edgefleet.connectware.plugins.module_utils._audit.files import write_report

BLOCKS = [block for page in PAGES for block in blocks(page)]
YAML_BLOCKS = [block for block in BLOCKS if block.language == "yaml"]
SHELL_BLOCKS = [block for block in BLOCKS if block.language == "shell"]
COLLECTION = "edgefleet.connectware"


class Loader(yaml.SafeLoader):
    """For YAML with tags of Ansible."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


def text_of(page: Path) -> str:
    return page.read_text("utf-8")


# ------------------------------------------------------------------------------------------------------------- lines

WIDTH = 120
WITH_ITS_NUMBERS = ROOT / "docs" / "benchmark.md"  # made by `make bench-docs`, with addresses as long as they are


def too_long(text: str) -> list[int]:
    """Numbers of lines that could be broken: a row of a table in Markdown cannot, nor a term of a definition list."""
    lines = text.split("\n")
    deeper = [
        after.strip() and len(after) - len(after.lstrip()) > len(line) - len(line.lstrip())
        for line, after in zip(lines, [*lines[1:], ""], strict=True)
    ]
    return [
        number
        for number, line in enumerate(lines, 1)
        if len(line) > WIDTH
        and not line.lstrip().startswith("|")
        and not (line.startswith("``") and deeper[number - 1])
    ]


@pytest.mark.parametrize("page", [page for page in PAGES if page != WITH_ITS_NUMBERS], ids=named)
def test_lines_of_a_page_are_as_long_as_those_of_code(page: Path) -> None:
    assert too_long(text_of(page)) == []


def test_a_line_that_is_too_long_is_found() -> None:
    long = "word " * 30
    assert too_long(f"{long}\n- {long}\n  {long}\n\n    code {long}") == [1, 2, 3, 5]
    assert too_long(f"``{long}``\n\n  of no term") == [1]
    assert too_long(f"``{long}``\n  what that means\n\n| a | {long} |") == []


# ------------------------------------------------------------------------------------------------------------ guides


def test_each_guide_is_in_the_table_of_contents() -> None:
    sections = yaml.safe_load((ROOT / "docs" / "docsite" / "extra-docs.yml").read_text("utf-8"))["sections"]

    assert sorted(guide for section in sections for guide in section["toctree"]) == [page.stem for page in GUIDES]


def test_the_readme_lists_each_guide() -> None:
    listed = text_of(ROOT / "README.md").partition("\n## Documentation\n")[2].partition("\n## ")[0]

    assert sorted(re.findall(r"\]\(docs/docsite/rst/(\w+)\.rst\)", listed)) == [page.stem for page in GUIDES]


def test_the_readme_has_the_sections_that_automation_hub_asks_for() -> None:
    asked = ["Description", "Requirements", "Installation", "Use cases", "Testing", "Support", "Release notes",
             "Related information", "License"]  # fmt: skip
    headings = re.findall(r"^## (.*)$", text_of(ROOT / "README.md"), re.MULTILINE)

    assert [name for name in asked if name not in headings] == []
    for name in ("CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "SECURITY.md"):
        assert f"]({name})" in text_of(ROOT / "README.md")
        assert (ROOT / name).exists()


@pytest.mark.parametrize("page", GUIDES, ids=named)
def test_each_guide_has_the_label_of_its_name(page: Path) -> None:
    assert f".. _ansible_collections.{COLLECTION}.docsite.{page.stem}:\n" in text_of(page)


# ------------------------------------------------------------------------------------------------------------ blocks


@pytest.mark.parametrize("block", YAML_BLOCKS, ids=str)
def test_yaml_of_a_page_can_be_read(block: Block) -> None:
    assert list(yaml.load_all(block.code, Loader))


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "json"], ids=str)
def test_json_of_a_page_can_be_read(block: Block) -> None:
    assert json.loads(block.code)


@pytest.mark.parametrize("block", SHELL_BLOCKS, ids=str)
def test_shell_of_a_page_can_be_read(block: Block) -> None:
    done = subprocess.run(["bash", "-n"], input=block.code, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


INSTALLATION = r"collection build\b|collection install\b.*(edgefleet-connectware-| \.$)"


@pytest.mark.parametrize("block", [block for block in SHELL_BLOCKS if re.search(INSTALLATION, block.code)], ids=str)
def test_an_installation_can_be_repeated(block: Block) -> None:
    """Without --force, the second build fails, and the second installation leaves the old code where it is."""
    for line in block.code.splitlines():
        if re.search(INSTALLATION, line):
            assert "--force" in line


@pytest.mark.parametrize("block", [block for block in SHELL_BLOCKS if "collection build" in block.code], ids=str)
def test_an_older_artifact_is_not_in_the_way(block: Block) -> None:
    """What takes the artifact by a pattern would find both."""
    before, _build, _after = block.code.partition("ansible-galaxy collection build")

    assert re.search(r"^rm -f .*edgefleet-connectware-\*\.tar\.gz", before, re.MULTILINE)


def shown_files() -> Iterator[tuple[Block, Path]]:
    for block in YAML_BLOCKS:
        first = re.match(r"# (docs/examples/\S+)\n", block.code)
        if first:
            yield block, ROOT / first[1]


@pytest.mark.parametrize(("block", "path"), list(shown_files()), ids=str)
def test_a_file_that_a_page_shows_is_the_one_that_is_tested(block: Block, path: Path) -> None:
    _licence, _dashes, content = text_of(path).partition("\n---\n")

    assert block.code.partition("\n")[2] == content


def test_the_first_rollout_is_shown_as_it_is_tested() -> None:
    assert len([path for _block, path in shown_files() if path.parent.name == "first_rollout"]) == 2


# ------------------------------------------------------------------------------------------------- names of the code


def documents() -> Iterator[dict[str, Any]]:
    """What ansible-doc shows of modules, plugins and their shared options."""
    for path in ROOT.glob("plugins/*/*.py"):
        if path.parent.name == "module_utils":
            continue
        for node in ast.walk(ast.parse(text_of(path))):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str() as text)) if name.isupper():
                    yield from (found for found in yaml.safe_load_all(text) if isinstance(found, dict))
    yield yaml.safe_load(text_of(ROOT / "plugins" / "filter" / "pairing_id.yml"))["DOCUMENTATION"]


def options_of(document: dict[str, Any]) -> Iterator[str]:
    for name, option in (document.get("options") or {}).items():
        yield name
        yield from options_of({"options": option.get("suboptions") or option.get("options")})


def role_options() -> set[str]:
    return {
        name
        for path in ROOT.glob("roles/*/meta/argument_specs.yml")
        for entry in yaml.safe_load(text_of(path))["argument_specs"].values()
        for name in options_of(entry)
    }


def words(*patterns: str) -> set[str]:
    """Every word in these files."""
    return {
        word for pattern in patterns for path in ROOT.glob(pattern) for word in re.findall(r"\w+", text_of(path))
    }  # fmt: skip


OPTIONS = {name for document in documents() for name in options_of(document)}
SOURCES = {path.stem for path in ROOT.glob("extensions/eda/plugins/event_source/*.py")}
CODE = {path.stem for path in ROOT.glob("plugins/*/*.py")} | {path.name for path in ROOT.glob("roles/*")} | SOURCES
PLAYBOOKS = {path.stem for path in ROOT.glob("playbooks/*.yml")}
# What stands in no argument spec: variables of playbooks, facts of roles, groups and variables of the inventory.
MORE = words("playbooks/*.yml", "plugins/inventory/*.py", "extensions/eda/**/*.*", "plugins/module_utils/_eda/*.py") | {
    "simulator_endpoints",
    "connectware_simulator",
}
PREFIXES = "agents|awx|connectware|audit|ghosts|simulator|docker_host"
OURS = re.compile(rf"(?<![\w./'])((?:{PREFIXES})_[a-z_]*[a-z])(?![\w./(])")


def unknown(text: str) -> set[str]:
    """Names with the prefix of a role or of Connectware that nothing in the collection has."""
    return set(OURS.findall(text)) - role_options() - OPTIONS - CODE - PLAYBOOKS - MORE


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_variables_that_a_page_names_exist(page: Path) -> None:
    assert unknown(text_of(page)) == set()


def test_a_variable_that_does_not_exist_is_found() -> None:
    assert unknown("``agents_list``, -e agents_serial=3 and agents_nonsense: 1") == {"agents_nonsense"}


def environment_variables() -> set[str]:
    return {
        word
        for path in ROOT.glob("plugins/**/*.py")
        for word in re.findall(r"\bCONNECTWARE_[A-Z_]*[A-Z]\b", text_of(path))
    }


@pytest.mark.parametrize("page", [page for page in PAGES if "simulator" not in named(page)], ids=named)
def test_variables_of_the_environment_that_a_page_names_exist(page: Path) -> None:
    ours_elsewhere = {"CONNECTWARE_HOST", "CONNECTWARE_VERSION"}  # of the example for Docker Compose
    found = set(re.findall(r"\bCONNECTWARE_[A-Z_]*[A-Z]\b", text_of(page)))

    assert found - environment_variables() - ours_elsewhere == set()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_what_a_page_calls_by_its_full_name_exists(page: Path) -> None:
    found = set(re.findall(rf"(?<!collections\.){COLLECTION}\.([a-z_]+)(?!\S*docsite)", text_of(page)))

    assert found - CODE - PLAYBOOKS - {"docsite", "agent", "unregistered", "all"} == set()


@pytest.mark.parametrize("block", SHELL_BLOCKS, ids=str)
def test_playbooks_that_are_run_exist(block: Block) -> None:
    ours = re.findall(rf"ansible-playbook[^\n]*? {COLLECTION}\.([a-z_]+)", block.code.replace("\\\n", " "))

    assert set(ours) - PLAYBOOKS == set()


def tasks(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Modules of ours in a document of YAML, with their options."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(key, str) and key.startswith(f"{COLLECTION}.") and isinstance(inner, dict):
                yield key.rpartition(".")[2], inner
            yield from tasks(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from tasks(inner)


def module_options(module: str) -> set[str]:
    folder = ROOT / "extensions/eda/plugins/event_source" if module in SOURCES else ROOT / "plugins/modules"
    tree = ast.parse(text_of(folder / f"{module}.py"))
    own = next(
        yaml.safe_load(node.value.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "DOCUMENTATION"
        and isinstance(node.value, ast.Constant)
    )
    return set(own.get("options") or {}) | OPTIONS


@pytest.mark.parametrize("block", YAML_BLOCKS, ids=str)
def test_options_of_modules_in_a_page_exist(block: Block) -> None:
    found = [each for document in yaml.load_all(block.code, Loader) for each in tasks(document)]

    assert [(name, option) for name, given in found for option in given if option not in module_options(name)] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_make_targets_that_a_page_names_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", text_of(ROOT / "Makefile"), flags=re.MULTILINE))
    found = set(re.findall(r"(?:`|^ *)make ([a-z][a-z-]*)", text_of(page), flags=re.MULTILINE))

    assert found - targets == set()


# ------------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("page", [page for page in PAGES if page.suffix == ".md"], ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    links = {link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text_of(page)) if "://" not in link}
    files = {os.path.relpath(page.parent / link, ROOT) for link in links if link}

    assert {name for name in files if not (ROOT / name).exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_files_that_a_page_names_exist(page: Path) -> None:
    found = set(re.findall(r"`((?:docs|playbooks|plugins|roles|tests|meta|extensions)/[\w./-]+)`", text_of(page)))

    assert {name for name in found if not (ROOT / name).exists()} == set()


# ----------------------------------------------------------------------------------------------------------- the map

CONTRIBUTING = ROOT / "docs" / "docsite" / "rst" / "guide_contributor.rst"
# Folders with many alike: their own folders are named too.
OPENED = ("plugins", "plugins/module_utils", "roles", "docs", "tests", "extensions")


def project_folders() -> set[str]:
    """The folders that the map has to name, by the files of the project."""
    known = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    folders = {parent for name in known.stdout.splitlines() for parent in Path(name).parents if (ROOT / name).exists()}
    return {
        str(folder)
        for folder in folders
        if folder != Path() and (folder.parent == Path() or str(folder.parent) in OPENED)
    }


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="git tells which folders are the project's")
def test_the_map_has_every_folder_and_no_other() -> None:
    on_the_map = {row[0] for row in table(CONTRIBUTING, "Folder")}
    folders = project_folders() - {"plugins", "roles", "tests", "extensions"}

    assert folders - on_the_map == set()
    assert {name for name in on_the_map if not (ROOT / name).is_dir()} == set()


def test_the_architecture_has_every_room() -> None:
    page = text_of(ROOT / "docs" / "architecture.md")
    rooms = {path.name for path in (ROOT / "plugins" / "module_utils").iterdir() if path.name.startswith("_")}
    files = {path.name for path in (ROOT / "plugins" / "module_utils" / "_agents").glob("*.py")}
    within = page.partition("Within `_agents`:")[2].partition("\n\nOnly modules")[0]

    assert {room for room in rooms - {"__pycache__"} if f"module_utils/{room}" not in page} == set()
    assert set(re.findall(r"`(\w+\.py)`", within)) == files - {"__init__.py"}


# ------------------------------------------------------------------------------------------------- the example sites


@pytest.mark.parametrize("site", ["north", "south"])
def test_the_inventory_of_many_factories_has_all_that_a_rollout_needs(site: str) -> None:
    hosts = ROOT / "docs" / "examples" / "factories" / site / "hosts.yml"
    done = subprocess.run(
        ["ansible-inventory", "-i", str(hosts), "--list"], capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    known = json.loads(done.stdout)["_meta"]["hostvars"]
    agents = [agent for variables in known.values() for agent in variables["agents_list"]]

    assert len({agent["name"] for agent in agents}) == len(agents) >= 1
    for variables in known.values():
        pattern = variables["agents_name_pattern"]
        assert all(re.fullmatch(pattern, agent["name"]) for agent in variables["agents_list"])
        assert {"connectware_url", "agents_image", "agents_version", "agents_mqtt_host"} <= set(variables)
        assert set(variables) - role_options() - MORE - {"factory"} == set()


# -------------------------------------------------------------------------------------------------------- what jq finds


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_the_line_on_the_audit_shows_agents_of_another_version_alone(tmp_path: Path) -> None:
    """Neither ghosts, which may have none, nor a tag of one's own that begins with the version of Connectware."""
    (block,) = [block for block in SHELL_BLOCKS if block.code.startswith("jq") and "audit.json" in block.code]
    images = {"press-1": "agent:1.7.2", "press-2": "agent:1.8.0-hardened", "press-3": "agent:stable"}
    made = [deployed(container(name, image=image)) for name, image in images.items()]
    server = fleet(*map(user, images), user("old-1", ghost=True), version="1.8.0")
    params = {
        "hosts": [host("hall", *images, deployed=made)], "inventory": {}, "fleet": server, "fail_on": [], "title": "",
        "path": tmp_path, "page_path": ROOT / "roles/audit/files", "connectware_url": None,
    }  # fmt: skip
    write_report(params, check_mode=False)

    done = subprocess.run(["bash", "-c", block.code], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert done.stdout == "Hamburg\thall\tpress-1\t1.7.2\n"


# ------------------------------------------------------------------------------------------------- the tests themselves


def test_blocks_are_found_in_both_languages() -> None:
    rst = "Text\n\n.. code-block:: yaml\n\n   a:\n     - b\n\n   c: d\n\nText\n\n  .. code-block:: shell\n\n     ls\n"
    markdown = "Text\n```yaml\na: b\n```\n   ```shell\n   ls\n   ```\n"

    assert list(blocks_of_rst(rst)) == [(3, "yaml", "a:\n  - b\n\nc: d\n"), (12, "shell", "ls\n")]
    assert list(blocks_of_markdown(markdown)) == [(2, "yaml", "a: b\n"), (5, "shell", "ls\n")]


def test_part_two_unsets_all_of_connectware_that_part_one_exports() -> None:
    """Else a token goes to the simulator, or the CA of the simulator is the only one that is trusted."""
    one, two = text_of(ROOT / "docs/docsite/rst/guide_rollout.rst").split("Part two: with your Connectware\n")
    exported = {name for line in re.findall(r"^ +export (.+)", one, re.MULTILINE)
                for name in re.findall(r"(CONNECTWARE_\w+)=", line)}  # fmt: skip
    unset = set(re.findall(r"``unset ([\w\s]+)``", two)[0].split())
    assert exported and unset == exported


def test_a_service_of_systemd_finds_the_commands_that_ansible_rulebook_starts() -> None:
    """It looks for ansible-playbook on the PATH, which systemd does not take from the folder of ExecStart."""
    text = text_of(ROOT / "docs/docsite/rst/guide_eda.rst")
    folder = re.findall(r"^ +ExecStart=(\S+)/ansible-rulebook ", text, re.MULTILINE)
    path = re.findall(r"^ +Environment=PATH=(\S+)", text, re.MULTILINE)
    assert len(folder) == len(path) == 1 and path[0].split(":")[0] == folder[0]
