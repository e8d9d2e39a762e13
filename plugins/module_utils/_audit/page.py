# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as one page that needs nothing else: template, style, script and data in one file.

The page may load nothing: its policy names its own style and script by their hashes and forbids everything else. The
data is a block of JSON in which no text can end the block; the script writes texts as texts, never as HTML.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._errors import SpecError

TEMPLATE, STYLE, SCRIPT = "page.html", "page.css", "page.js"
_MARK = re.compile("@(?:POLICY|TITLE|STYLE|SCRIPT|DATA)@")


def page(report: Mapping[str, Any], folder: Path) -> str:
    """The page.

    Args:
        report: as document() makes it.
        folder: where TEMPLATE, STYLE and SCRIPT are.

    Raises:
        SpecError: a file cannot be read, or the template lacks one of its marks.
    """
    template, style, script = (_read(folder / name) for name in (TEMPLATE, STYLE, SCRIPT))
    filled = {
        "@POLICY@": policy(style, script),
        "@TITLE@": html.escape(str(report["title"])),
        "@STYLE@": style,
        "@SCRIPT@": script,
        "@DATA@": embedded(report),
    }
    missing = [mark for mark in filled if mark not in template]
    if missing:
        raise SpecError(
            f"use the template {folder / TEMPLATE}",
            answered=f"it lacks {', '.join(missing)}",
            todo="Nothing was written. Leave page_path to the role, or correct the template.",
        )
    # One pass, so that a mark in what is filled in stays what it is.
    return _MARK.sub(lambda found: filled[found.group()], template)


def embedded(report: Mapping[str, Any]) -> str:
    """JSON that cannot end the block it stands in, whatever texts it has."""
    text = json.dumps(report, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def policy(style: str, script: str) -> str:
    """The Content Security Policy: this style, this script, and nothing from anywhere."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}';"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise SpecError(
            f"read the page's file {path}",
            answered=str(exc),
            todo="Nothing was written. Leave page_path to the role, or name a folder with all three files.",
        ) from exc
