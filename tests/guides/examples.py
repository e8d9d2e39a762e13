# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection has, and the example that its documentation gives of each thing.

A thing is named by kind and name: `module/agents`, `filter/pairing_id`, `role/audit`, `files/compose` for a folder of
docs/examples. Tests take the text of an example from here, so that what they run is what users read.
"""

from __future__ import annotations

import ast
from pathlib import Path

import yaml
from guides.pages import ROOT, blocks

# Where each kind is, as a pattern of files or folders that are named like the thing.
KINDS = {
    "module": "plugins/modules/*.py",
    "action": "plugins/action/*.py",
    "callback": "plugins/callback/*.py",
    "filter": "plugins/filter/*.py",
    "inventory": "plugins/inventory/*.py",
    "event_source": "extensions/eda/plugins/event_source/*.py",
    "rulebook": "extensions/eda/rulebooks/*.yml",
    "doc_fragment": "plugins/doc_fragments/*.py",
    "role": "roles/*",
    "playbook": "playbooks/*.yml",
    "files": "docs/examples/*",
}
# Of these the documentation gives no example: an action is that of the module of its name, a fragment is a part of
# other documentation, playbooks and rulebooks are run as they are.
WITHOUT_EXAMPLE = {"action", "doc_fragment", "playbook", "rulebook"}


def places() -> dict[str, Path]:
    """Everything that a user can use, by its name here."""
    return {
        f"{kind}/{path.stem}": path
        for kind, pattern in KINDS.items()
        for path in sorted(ROOT.glob(pattern))
        if path.stem != "__init__" and not path.name.startswith(("__pycache__", "."))
    }


def example(name: str) -> str:
    """The text of the example of a module, a plugin or a role.

    A role's are the first blocks of its README, up to its first heading.
    """
    kind, _slash, _name = name.partition("/")
    path = places()[name]
    if kind == "role":
        return blocks_above_the_first_heading(path / "README.md")
    documented = path.with_suffix(".yml")
    if documented.exists():
        return str(yaml.safe_load(documented.read_text("utf-8"))["EXAMPLES"])
    for node in ast.parse(path.read_text("utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="EXAMPLES")], value=ast.Constant(value=str() as text)):
                return text
    raise LookupError(f"{path} has no EXAMPLES")


def blocks_above_the_first_heading(page: Path) -> str:
    """Joined by the mark between documents of YAML."""
    text = page.read_text("utf-8")
    end = text.find("\n## ")
    last = text[: end if end >= 0 else len(text)].count("\n")
    return "---\n".join(block.code for block in blocks(page) if block.line <= last)
