# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every text that the product can say about a failure, found in its source, and whether a guide has it.

Found are all texts of three words and more in the Python of plugins/ and extensions/, wherever they stand, so that no
new way to raise an error is missed; those of two words too that say what was tried; what `assert`, `fail` and
`mandatory` say in roles and playbooks; and the words with which a program of a role ends or refuses its settings.
Advice (`todo`) is left out: the guide gives its own. So is what the simulator answers as Connectware would.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

GAP = "\N{HORIZONTAL ELLIPSIS}"  # stands for a value
FEWEST_WORDS = 3
FEWEST_TRIED = 2  # "Could not" stands before them
TRIES = ("call", "find", "answer")  # verbs of the engine, whose first argument is what is tried; as that of an error
NO_SENTENCE = re.compile(r"\\|\|\||&&")  # a regular expression, or one of JMESPath
DOCUMENTS = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
# What a program of a role ends with, or refuses settings by.
ENDS = ("FaultError", "SettingError", "SwitchError", "SystemExit")
FEWEST_AT_END = 2


@dataclass(frozen=True)
class Said:
    """A text of the source.

    Args:
        place: file and, after two colons, the constant, function, or class and method that it stands in.
        line: its line in that file.
        text: with GAP for each value.
        fewest: of fewer words it is no message.
    """

    place: str
    line: int
    text: str
    fewest: int = FEWEST_WORDS

    @property
    def words(self) -> str:
        """What to search for: the longest part without values of its first clause that has one; else nothing."""
        if NO_SENTENCE.search(self.text):
            return ""
        for clause in re.split(r"[.;:](?:\s|$)", self.text):
            longest = max((plain(part) for part in clause.split(GAP)), key=count_words, default="")
            if count_words(longest) >= self.fewest:
                return longest
        return ""


def count_words(text: str) -> int:
    """Words of a sentence, between blanks: expressions and paths have none."""
    return sum(re.fullmatch(r"[('\"]*[A-Za-z0-9][\w'./-]*[)'\",]*", word) is not None for word in text.split())


def plain(text: str) -> str:
    """Without marks of literals, on one line, without punctuation at its ends."""
    return " ".join(text.replace("`", "").split()).strip(" ,()'\"")


# ------------------------------------------------------------------------------------------------------------ Python


def texts_of_python(name: str, source: str) -> Iterator[Said]:
    """All texts of a file but its documentation and its advice."""
    yield from _texts_below(ast.parse(source), name, "", FEWEST_WORDS)


def _texts_below(node: ast.AST, name: str, inside: str, fewest: int) -> Iterator[Said]:
    if isinstance(node, ast.Constant | ast.JoinedStr):
        text = _text_of(node)
        if text is not None:
            yield Said(f"{name}::{inside}" if inside else name, node.lineno, text, fewest)
        return
    tried = _tried_of(node)
    for child in ast.iter_child_nodes(node):
        named = _name_of(child)
        if not _is_documentation(child) and not named.lower().endswith("todo"):
            place = ".".join(filter(None, (inside, named)))
            yield from _texts_below(child, name, place, FEWEST_TRIED if child is tried else fewest)


def _tried_of(node: ast.AST) -> ast.AST | None:
    """The argument of a call that says what is tried."""
    match node:
        case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called), args=[first, *_]) if called in TRIES or (
            called.endswith("Error") and not hasattr(builtins, called)
        ):
            return first
        case ast.Call(keywords=keywords):
            return next((keyword for keyword in keywords if keyword.arg == "tried"), None)
    return None


def _text_of(node: ast.Constant | ast.JoinedStr) -> str | None:
    if isinstance(node, ast.JoinedStr):
        return "".join(_text_of(part) or GAP if isinstance(part, ast.Constant) else GAP for part in node.values)
    return node.value if isinstance(node.value, str) else None


def _is_documentation(node: ast.AST) -> bool:
    """A docstring, or a text of ansible-doc."""
    match node:
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name in DOCUMENTS
    return False


def _name_of(node: ast.AST) -> str:
    """The name that a definition, an assignment or a keyword gives; of several names the last one."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.Assign(targets=[ast.Tuple(elts=[*_, ast.Name(id=name)])]):
            return name
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.AugAssign(target=ast.Name(id=name)):
            return name
        case ast.keyword(arg=str() as name):
            return name
    return ""


def texts_of_programs(name: str, source: str) -> Iterator[Said]:
    """What a program of a role says when it ends, or of settings that make no sense."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Raise(exc=ast.Call(func=ast.Name(id=error), args=[ast.Constant() | ast.JoinedStr() as said])) if (
                error in ENDS
            ):
                yield Said(f"{name}::{error}", node.lineno, _text_of(said) or "", FEWEST_AT_END)


# ------------------------------------------------------------------------------------------------------------- roles


def texts_of_tasks(name: str, source: str) -> Iterator[Said]:
    """What `assert` and `fail` say in a file of tasks or plays, and what a variable says that must be given."""
    for line, text in _failures(yaml.compose(source)):
        yield Said(name, line, re.sub(r"\{\{.*?\}\}", GAP, text, flags=re.DOTALL))
    for demand in re.finditer(r"mandatory\('([^']+)'\)", source):
        yield Said(name, source[: demand.start()].count("\n") + 1, demand[1])


def _failures(node: Any) -> Iterator[tuple[int, str]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "fail_msg":
                yield value.start_mark.line + 1, value.value
            elif key.value == "ansible.builtin.fail":
                yield from (
                    (inner.start_mark.line + 1, inner.value) for named, inner in value.value if named.value == "msg"
                )
            else:
                yield from _failures(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _failures(value)


# ------------------------------------------------------------------------------------------------------------- guide


def all_texts(root: Path) -> list[Said]:
    """Everything that is found in a checkout and has words to search for."""
    found: list[Said] = []
    for path in sorted([*root.glob("plugins/**/*.py"), *root.glob("extensions/**/*.py")]):
        if path.parent.name != "doc_fragments":
            found += texts_of_python(str(path.relative_to(root)), path.read_text("utf-8"))
    for path in sorted(root.glob("roles/*/files/**/*.py")):
        found += texts_of_programs(str(path.relative_to(root)), path.read_text("utf-8"))
    for path in sorted([*root.glob("roles/*/tasks/*.yml"), *root.glob("playbooks/*.yml")]):
        found += texts_of_tasks(str(path.relative_to(root)), path.read_text("utf-8"))
    return [said for said in found if said.words]


def missing(texts: list[Said], guide: str) -> list[Said]:
    """Those whose words a reader would search the guide for in vain."""
    page = plain(guide)
    return [said for said in texts if said.words not in page]
