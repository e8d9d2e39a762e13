# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing that a check finds is ignored without words that say why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (".ci", "changelogs", "docs", "extensions", "meta", "playbooks", "plugins", "roles", "tests")
SUFFIXES = (".cfg", ".js", ".md", ".py", ".rst", ".sh", ".toml", ".yaml", ".yml")
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
            text = path.suffix in SUFFIXES or path.name in ("Dockerfile", "run")
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


def settings_without_words(text: str, section: str) -> list[str]:
    """Entries of a section of a YAML file with words neither behind them nor in a comment right above."""
    lines = text.partition(f"\n{section}:")[2].splitlines()[1:]
    inside = takewhile(lambda line: line.startswith(" ") or not line.strip(), lines)
    found, above = [], ""
    for line in inside:
        entry = re.match(r"  [^ #]", line) is not None
        if entry and not above.startswith("  # ") and not re.search(r" # .*[a-z]{2,}", line):
            found.append(line.strip())
        above = line
    return found


@pytest.mark.parametrize(
    ("name", "section", "least"),
    [(".yamllint", "ignore", 3), (".yamllint", "rules", 5), (".ansible-lint", "exclude_paths", 5)],
)
def test_each_setting_that_hides_findings_has_a_reason(name: str, section: str, least: int) -> None:
    text = (ROOT / name).read_text("utf-8")

    assert settings_without_words(text, section) == []
    without = re.sub(r"^ +#.*\n| +# .*$", "", text, flags=re.MULTILINE)
    assert len(settings_without_words(without, section)) >= least, "the check does not see its entries"


def test_a_setting_without_words_is_found() -> None:
    text = "a: 1\nrules:\n  # words\n  braces:\n    max: 1\n  commas: disable\n  colons: disable  # words\nb:\n  c: 1\n"

    assert settings_without_words(text, "rules") == ["commas: disable"]


def test_what_ansible_lint_is_told_of_modules_and_variables_has_a_reason() -> None:
    lines = (ROOT / ".ansible-lint").read_text("utf-8").splitlines()

    for section in ("extra_vars", "mock_modules"):
        assert lines[lines.index(f"{section}:") - 1].startswith("# "), section
