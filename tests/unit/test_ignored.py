# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing that a check finds is ignored without words that say why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("extensions", "playbooks", "plugins", "roles", "tests")
MARKED = re.compile(
    r"#\s*(?:noqa|type:\s*ignore|pragma:|pylint:\s*disable|shellcheck\s+disable|yamllint\s+disable|hadolint\s+ignore)"
    r"(?P<rest>.*)$"
)
CODES = re.compile(
    r"^[=:]?\s*(?:\[[\w,\s-]+\]|(?:[A-Z]+[0-9]+|[a-z]+-[a-z-]+|[a-z]+\[[a-z-]+\]|no cover)(?:[,\s]+|$))*"
)


def unexplained(source: str) -> list[int]:
    """Lines with a mark after whose codes there are no words."""
    lines = []
    for number, line in enumerate(source.split("\n"), 1):
        mark = MARKED.search(line)
        if mark and not re.search(r"[a-z]{2,}|[a-z]+ [a-z]+", CODES.sub("", mark["rest"], count=1)):
            lines.append(number)
    return lines


def files() -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            text = path.suffix in (".py", ".sh", ".yml", ".yaml", ".js") or path.name == "Dockerfile"
            if text and path.is_file() and not {".ansible", "__pycache__"} & set(path.parts) and path != Path(__file__):
                yield path


@pytest.mark.parametrize(
    ("line", "explained"),
    [
        ("import a  # noqa", False),
        ("import a  # noqa: E402", False),
        ("import a  # noqa: E402, F401", False),
        ("import a  # noqa: E402  the path comes first", True),
        ("except Exception:  # noqa: BLE001 (whoever waits gets it)", True),
        ("x = y  # type: ignore", False),
        ("x = y  # type: ignore[arg-type]", False),
        ("x = y  # type: ignore[arg-type, misc]", False),
        ("x = y  # type: ignore[arg-type]  # a fake", True),
        ("# shellcheck disable=SC2086", False),
        ("# shellcheck disable=SC2086  # words are meant to be split", True),
        ("  when: a # noqa: no-handler", False),
        ("  when: a # noqa: no-handler risky-shell-pipe", False),
        ("  when: a # noqa: no-handler it has to be done at once", True),
        ("  name: a # noqa: jinja[spacing]", False),
        ("a comment on nothing", True),
    ],
)
def test_the_check_of_reasons_sees_what_it_must(line: str, explained: bool) -> None:
    assert (unexplained(line) == []) == explained


def test_each_finding_that_is_ignored_in_its_line_has_a_reason() -> None:
    found = [f"{path.relative_to(ROOT)}:{line}" for path in files() for line in unexplained(path.read_text("utf-8"))]

    assert found == []


def entries_without_words(section: str) -> list[str]:
    """Entries of a list in pyproject.toml with words neither behind them nor above the entries that they are among."""
    found, above = [], False
    for line in section.splitlines():
        if line.startswith("#"):
            above = True
        elif line.startswith((" ", '"')):
            if not above and not re.search(r"#.*[a-z]{2,}", line):
                found.append(line.strip())
        else:
            above = False
    return found


def test_each_rule_that_is_off_for_ruff_has_a_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    everywhere = text.partition("\nignore = [\n")[2].partition("\n]")[0]
    places = text.partition("\n[tool.ruff.lint.per-file-ignores]\n")[2].partition("\n[")[0]
    codes = re.findall(r'^ +"([A-Z]+[0-9]+)"', everywhere, re.MULTILINE)

    assert len(codes) > 5 and len(codes) == len(set(codes))
    assert places.count(" = [") > 5
    assert entries_without_words(everywhere) == [] == entries_without_words(places)
    assert entries_without_words('  "S106",\n  "S107",  # words') == ['"S106",']
