# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the guide says about the provenance of each fact is what the code says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from guides.pages import ROOT, table

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.patterns import DEFAULT_PATTERNS
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.contract import DEFAULT_CONTRACT

GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_contract.rst"


def shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def test_the_table_of_entries_is_the_contract() -> None:
    expected = [[".".join(place), shown(entry.value), entry.provenance] for place, entry in DEFAULT_CONTRACT.entries()]

    assert table(GUIDE, "Entry") == expected


def test_the_table_of_operations_is_the_contract() -> None:
    expected = {
        operation.name: [
            f"{operation.method.value} {operation.path.value}",
            operation.method.provenance,
            operation.path.provenance,
        ]
        for operation in DEFAULT_CONTRACT.operations.values()
    }

    assert {row[0]: row[1:4] for row in table(GUIDE, "Operation")} == expected


def test_the_table_of_patterns_has_their_provenance() -> None:
    found = {row[0]: row[2].split(maxsplit=1)[0].rstrip(",;") for row in table(GUIDE, "Pattern")}

    assert found == {name: source.provenance for name, source in DEFAULT_PATTERNS.items()}


def test_a_table_is_read_row_by_row(tmp_path: Path) -> None:
    page = tmp_path / "page.rst"
    page.write_text(
        ".. list-table::\n   :header-rows: 1\n\n   * - Other\n     - X\n   * - a\n     - b\n\n"
        ".. list-table::\n   :header-rows: 1\n\n   * - Entry\n     - X\n   * - ``a``\n     - ``b``\n       c\n\nText\n"
    )

    assert table(page, "Entry") == [["a", "b c"]]
