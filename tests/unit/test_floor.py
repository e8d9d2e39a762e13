# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Code of factory hosts loads with Python 3.8, also where no machine has it to try.

ruff knows the syntax of 3.8, and not what its library could not do: give parameters to a class when the code runs
(`Callable[[str], None]` as the name of a type broke all modules once), join types with `|`, and what came later.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("plugins/modules", "plugins/module_utils", "roles/docker_host/files")
# What the standard library got with 3.9 and later, as far as code like ours might use it.
NEWER_NAMES = {
    "ast": {"unparse"},
    "asyncio": {"Runner", "TaskGroup", "timeout", "to_thread"},
    "builtins": {"BaseExceptionGroup", "EncodingWarning", "ExceptionGroup", "aiter", "anext"},
    "contextlib": {"aclosing", "chdir"},
    "dataclasses": {"KW_ONLY"},
    "datetime": {"UTC"},
    "enum": {"StrEnum", "member", "nonmember", "verify"},
    "functools": {"cache"},
    "hashlib": {"file_digest"},
    "inspect": {"get_annotations"},
    "itertools": {"batched", "pairwise"},
    "math": {"cbrt", "lcm", "nextafter", "ulp"},
    "operator": {"call"},
    "random": {"randbytes"},
    "sys": {"orig_argv", "stdlib_module_names"},
    "types": {"EllipsisType", "GenericAlias", "NoneType", "NotImplementedType", "UnionType"},
    "typing": {
        "Annotated", "Concatenate", "LiteralString", "Never", "NotRequired", "ParamSpec", "Required", "Self",
        "TypeAlias", "TypeGuard", "Unpack", "assert_never", "assert_type", "override",
    },
}  # fmt: skip
NEWER_MODULES = {"graphlib", "tomllib", "zoneinfo"}
NEWER_METHODS = {
    "bit_count", "hardlink_to", "is_relative_to", "removeprefix", "removesuffix", "with_stem"
}  # fmt: skip
NEWER_ARGUMENTS = {
    "dataclass": {"kw_only", "slots"},
    "field": {"kw_only"},
    "glob": {"include_hidden", "root_dir"},
    "shutdown": {"cancel_futures"},
    "zip": {"strict"},
}


class Floor(ast.NodeVisitor):
    """Notes what Python 3.8 cannot do of that which is evaluated when the code runs; annotations are not.

    Attributes:
        found: line and words of each.
    """

    def __init__(self) -> None:
        self.found: list[tuple[int, str]] = []
        self._names: dict[str, Any] = {}

    # what names mean

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._newer_module(node, alias.name)
            whole, first = self._module(alias.name), alias.name.partition(".")[0]
            self._names[alias.asname or first] = whole if alias.asname else self._module(first)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        name = "" if node.level else node.module or ""
        module = self._module(name)
        self._newer_module(node, name)
        for alias in node.names:
            self._newer_name(node, name, alias.name)
            self._names[alias.asname or alias.name] = getattr(module, alias.name, None)

    @staticmethod
    def _module(name: str) -> Any:
        """Of the standard library, else None."""
        return importlib.import_module(name) if name.partition(".")[0] in sys.stdlib_module_names else None

    def _meant(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Name):
            return self._names[node.id] if node.id in self._names else getattr(builtins, node.id, None)
        if isinstance(node, ast.Attribute):
            return getattr(self._meant(node.value), node.attr, None)
        return None

    def _is_class(self, node: ast.expr) -> bool:
        """A class of the standard library, or one with parameters."""
        if isinstance(node, ast.Subscript):
            return self._is_class(node.value) or getattr(self._meant(node.value), "__module__", "") == "typing"
        return isinstance(self._meant(node), type)

    # what is evaluated

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        for part in (node.target, node.value):
            if part is not None:
                self.visit(part)

    def visit_arg(self, node: ast.arg) -> None:
        """Nothing but an annotation."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for part in (*node.decorator_list, node.args, *node.body):
            self.visit(part)

    def visit_If(self, node: ast.If) -> None:
        only_types = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for part in node.orelse if only_types else (node.test, *node.body, *node.orelse):
            self.visit(part)

    # what 3.8 lacks

    def visit_Subscript(self, node: ast.Subscript) -> None:
        meant = self._meant(node.value)
        own = meant is not None and hasattr(
            type(meant), "__getitem__"
        )  # as the members of an enumeration are looked up
        if isinstance(node.ctx, ast.Load) and isinstance(meant, type) and not own and meant.__module__ != "typing":
            self._note(node, f"{ast.unparse(node)} at run time")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        nothing = isinstance(node.right, ast.Constant) and node.right.value is None
        if isinstance(node.op, ast.BitOr) and self._is_class(node.left) and (nothing or self._is_class(node.right)):
            self._note(node, f"{ast.unparse(node)} at run time")
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        module = getattr(self._meant(node.value), "__name__", "")
        self._newer_name(node, module, node.attr)
        if node.attr in NEWER_METHODS:
            self._note(node, f".{node.attr}")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        for keyword in node.keywords:
            if keyword.arg in NEWER_ARGUMENTS.get(name, ()):
                self._note(node, f"{name}({keyword.arg}=)")
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id not in self._names:
            self._newer_name(node, "builtins", node.id)

    def _newer_module(self, node: ast.expr | ast.stmt, name: str) -> None:
        if name.partition(".")[0] in NEWER_MODULES:
            self._note(node, name)

    def _newer_name(self, node: ast.expr | ast.stmt, module: str, name: str) -> None:
        if name in NEWER_NAMES.get(module, ()):
            self._note(node, f"{module}.{name}")

    def _note(self, node: ast.expr | ast.stmt, what: str) -> None:
        self.found.append((node.lineno, what))


def beyond_the_floor(source: str) -> list[tuple[int, str]]:
    floor = Floor()
    floor.visit(ast.parse(source))
    return floor.found


def files() -> Iterator[Path]:
    for place in PLACES:
        yield from sorted((ROOT / place).rglob("*.py"))


ALIAS = """\
from __future__ import annotations

from collections.abc import Callable
from typing import Mapping

Seen = Mapping[str, int]
Heard = Callable[[str], None]
"""


def test_the_mistake_that_broke_all_modules_once_is_found() -> None:
    assert beyond_the_floor(ALIAS) == [(7, "Callable[[str], None] at run time")]


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("Pair = tuple[str, int]", "tuple[str, int] at run time"),
        (
            "import collections.abc\nSeen = collections.abc.Mapping[str, int]",
            "collections.abc.Mapping[str, int] at run",
        ),
        ("import collections.abc as c\nSeen = c.Mapping[str, int]", "c.Mapping[str, int] at run time"),
        ("from collections.abc import Mapping as M\nclass A(M[str, int]): ...", "M[str, int] at run time"),
        ("from collections.abc import Mapping\nx = cast(Mapping[str, int], y)", "Mapping[str, int] at run time"),
        ("from typing import Optional\nx: int = cast(Optional[list[str]], y)", "list[str] at run time"),
        ("import queue\ndef f(a: int) -> int:\n  b = queue.Queue[str]()", "queue.Queue[str] at run time"),
        ("from re import Pattern\ndef f(a=Pattern[str]): ...", "Pattern[str] at run time"),
        ("Text = str | None", "str | None at run time"),
        ("isinstance(a, int | str)", "int | str at run time"),
        ("from typing import List\nTexts = List[str] | str", "List[str] | str at run time"),
        ("from functools import cache", "functools.cache"),
        ("import functools\n@functools.cache\ndef f(): ...", "functools.cache"),
        ("import datetime as d\nd.UTC", "datetime.UTC"),
        ("import zoneinfo", "zoneinfo"),
        ("name.removeprefix('a')", ".removeprefix"),
        ("zip(a, b, strict=True)", "zip(strict=)"),
        ("@dataclass(frozen=True, slots=True)\nclass A: ...", "dataclass(slots=)"),
        ("raise ExceptionGroup('a', [])", "builtins.ExceptionGroup"),
    ],
)
def test_what_came_after_the_floor_is_found(source: str, what: str) -> None:
    ((_line, words),) = beyond_the_floor(source)

    assert words.startswith(what)


@pytest.mark.parametrize(
    "source",
    [
        "from collections.abc import Mapping\ndef f(a: Mapping[str, int], *b: list[str]) -> set[int] | None: ...",
        "from collections.abc import Mapping\nclass A:\n  a: Mapping[str, int] | None = None",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n  A = dict[str, int]",
        "from collections.abc import Mapping\nx = cast('Mapping[str, int]', y)",
        "from typing import Dict, Optional\nSeen = Optional[Dict[str, int]]",
        "import signal\nsignal.Signals['SIGTERM']",
        "from .ours import list\nlist[0]",
        "flags = re.A | re.M\nboth = {1} | {2}",
        "import os\nos.environ['A']",
        "rows = [1]\nrows[0]",
    ],
)
def test_what_the_floor_can_do_is_not(source: str) -> None:
    assert beyond_the_floor(source) == []


def test_code_of_factory_hosts_stays_above_the_floor() -> None:
    there = list(files())
    found = [f"{path.relative_to(ROOT)}:{line}: {what}" for path in there for line, what in
             beyond_the_floor(path.read_text("utf-8"))]  # fmt: skip

    assert len(there) > 100
    assert found == []
