# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What README shows of `make demo` is what the story prints, as its source says it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
STORY = ast.parse((ROOT / "tests" / "demo" / "story.py").read_text("utf-8"))
FUNCTIONS = {part.name: part for part in STORY.body if isinstance(part, ast.FunctionDef)}
TABLE, LEFT_OUT = "a table", "..."
OF_A_TABLE = re.compile(r"agent +verdict +reason +done|-+( +-+)+|demo-press-\d+ .*|[\d.]+ s, of which .*")


def pattern(text: ast.expr) -> str:
    """Of a printed text; a value in it is a word of some kind."""
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    found = (re.escape(str(part.value).strip("\n")) if isinstance(part, ast.Constant) else r"\S+" for part in parts)
    return "".join(found)


def told(name: str) -> Iterator[str]:
    """What a function of the story prints, line by line and in order; lines of a table as one."""
    calls = [
        node for node in ast.walk(FUNCTIONS[name]) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        match call.func.id, call.args:
            case "step", [number, title]:
                yield rf"{pattern(number)}\. {pattern(title)}"
            case "promise", [_kept, what]:
                yield f"ok  {pattern(what)}"
            case "print", [text]:
                yield pattern(text).strip().removeprefix(r"\ \ \ ")
            case "show", _:
                yield TABLE
            case ("healed" | "nothing") as helper, _:
                yield from told(helper)


def story() -> list[str]:
    """All of it, to its last line."""
    (steps,) = (part.value for part in STORY.body if isinstance(part, ast.Assign) and part.targets[0].id == "STEPS")
    return [*(line for step in steps.elts for line in told(step.id)), list(told("main"))[-1]]


def recording(readme: str) -> list[str]:
    """Its lines, a table as one of them."""
    block = next(part for part in readme.split("```text\n")[1:] if part.startswith("1. ")).partition("```")[0]
    lines = [line.strip() for line in block.splitlines() if line.strip()]
    named = [TABLE if OF_A_TABLE.fullmatch(line) else line for line in lines]
    return [line for before, line in zip(["", *named], named, strict=False) if line != TABLE or before != TABLE]


def fits(shown: list[str], printed: list[str]) -> bool:
    """Whether each line is the next one that is printed; between them any may be left out where that is said."""
    if not shown:
        return not printed
    if shown[0] == LEFT_OUT:
        return any(fits(shown[1:], printed[skipped:]) for skipped in range(len(printed) + 1))
    return bool(printed) and re.fullmatch(printed[0], shown[0]) is not None and fits(shown[1:], printed[1:])


README = (ROOT / "README.md").read_text("utf-8")


def test_readme_shows_what_the_demo_prints() -> None:
    shown, printed = recording(README), story()

    assert len([line for line in printed if re.match(r"\d", line)]) == 7
    assert len([line for line in shown if line.startswith("ok  ")]) > 8
    assert fits(shown, printed), "record `make demo` again, or mend README"


@pytest.mark.parametrize(
    ("line", "other"),
    [
        ("2. The play is run again", "2. The play is run a second time"),
        ("   ok  no container was touched\n", "   ok  no container was harmed\n"),
        ("   ok  the run succeeds\n", ""),
        (
            "   ok  the registration window is closed\n",
            "   ok  the registration window is closed\n   ok  all is well\n",
        ),
        ("   The window is locked, the impostor's request lapses\n", ""),
        ("Every step was as promised.", "All was well."),
    ],
)
def test_a_recording_that_is_out_of_date_is_found(line: str, other: str) -> None:
    assert line in README

    assert not fits(recording(README.replace(line, other, 1)), story())
