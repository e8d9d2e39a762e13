# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages of the documentation, and the blocks of code and the tables in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).resolve().parents[2]
GUIDES = sorted((ROOT / "docs" / "docsite" / "rst").glob("*.rst"))
PAGES = [
    *GUIDES,
    *(ROOT / name for name in ("README.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted(ROOT.glob("roles/*/README.md")),
]


@dataclass(frozen=True)
class Block:
    """Code of a page."""

    page: str
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[Block]:
    """The blocks of code that name their language."""
    text = page.read_text("utf-8")
    found = blocks_of_rst(text) if page.suffix == ".rst" else blocks_of_markdown(text)
    return [Block(named(page), line, language, code) for line, language, code in found]


def blocks_of_rst(text: str) -> Iterator[tuple[int, str, str]]:
    lines = text.split("\n")
    for number, line in enumerate(lines):
        start = re.match(r"( *)\.\. code-block:: (\S+)$", line)
        if start is None:
            continue
        inside: list[str] = []
        for each in lines[number + 1 :]:
            if each.strip() and len(each) - len(each.lstrip()) <= len(start[1]):
                break
            inside.append(each)
        yield number + 1, start[2], dedent("\n".join(inside)).strip("\n") + "\n"


def blocks_of_markdown(text: str) -> Iterator[tuple[int, str, str]]:
    for found in re.finditer(r"^( *)```(\w+)\n(.*?)^\1```$", text, flags=re.MULTILINE | re.DOTALL):
        yield text[: found.start()].count("\n") + 1, found[2], dedent(found[3])


def table(page: Path, first_heading: str) -> list[list[str]]:
    """The rows of the list-table whose first heading is that, without the headings; cells without their marks."""
    lines = page.read_text("utf-8").split("\n")
    begin = next(
        number for number, line in enumerate(lines) if line.strip() == f"* - {first_heading}" and ":header-rows: 1" in
        "".join(lines[max(0, number - 4) : number])
    )  # fmt: skip
    indent = len(lines[begin]) - len(lines[begin].lstrip())
    rows: list[list[str]] = []
    for line in lines[begin:]:
        if line.strip() and len(line) - len(line.lstrip()) < indent:
            break
        if line[indent:].startswith("* - "):
            rows.append([line[indent + 4 :]])
        elif line[indent:].startswith("  - "):
            rows[-1].append(line[indent + 4 :])
        elif line.strip():
            rows[-1][-1] += " " + line.strip()
    return [[cell.replace("`", "").strip() for cell in row] for row in rows[1:]]
