# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Use case: the report is written, as JSON, JUnit XML and a page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .._errors import SpecError
from .._report.file import replace_file
from .document import document
from .evaluate import evaluate
from .junit import junit
from .looks import read_host, text
from .page import page
from .rows import GHOST, Report

NAMES = {"json": "audit.json", "junit": "audit.xml", "html": "audit.html"}
MOST_NAMED = 20  # agents in a message


def write_report(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """The use case of the module audit_report.

    Raises:
        SpecError: the input is something else, or a file cannot be read or written.
    """
    report = evaluate([read_host(host) for host in params["hosts"]], params["inventory"], params["fleet"])
    made = document(
        report,
        title=text(params["title"]),
        generated_at=datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z"),
        connectware_url=_fit_to_show(params["connectware_url"]),
    )
    folder = Path(params["path"]).absolute()
    contents = {
        "json": json.dumps(made, indent=1) + "\n",
        "junit": junit(made).decode("utf-8"),
        "html": page(made, Path(params["page_path"])),
    }
    files = {kind: folder / name for kind, name in NAMES.items()}
    if not check_mode:
        for kind, content in contents.items():
            _write(files[kind], content)
    result = {
        "changed": True,
        "files": {kind: str(path) for kind, path in files.items()},
        "totals": made["totals"],
        "message": _summary(made, report.untold),
    }
    where = "No file was written, for this is check mode." if check_mode else f"The report is {files['html']}"
    return {**result, **_failure(report, frozenset(params["fail_on"]), where)}


def _fit_to_show(url: str | None) -> str | None:
    """An address with credentials in it, which Connectware is not asked under, is not shown at all."""
    return text(url) if url and "@" not in url else None


def _summary(made: Mapping[str, Any], untold: Mapping[str, str]) -> str:
    """The report in one sentence."""
    states, verdicts = made["totals"]["states"], made["totals"]["verdicts"]
    hosts, ghosts = made["totals"]["hosts"], verdicts.get(GHOST, 0)
    said = (
        f"{states['well']} of {made['totals']['agents']} agents on {hosts} host{'' if hosts == 1 else 's'} are well,"
        f" {states['failing']} are failing, {states['attention'] - ghosts} need attention,"
        f" of {states['unknown']} nothing is known; ghosts: {'not known' if GHOST in untold else ghosts}."
    )
    return f"{said} {untold[GHOST]}." if GHOST in untold else said


def _failure(report: Report, wanted: frozenset[str], where: str) -> dict[str, Any]:
    """What makes the task fail, after everything was written: what the user wants none of, or nobody could look for."""
    texts = [*_found(report, wanted), *_not_looked_for(report, wanted)]
    return {"failed": True, "msg": f"{'. '.join(texts)}. {where}"} if texts else {}


def _found(report: Report, wanted: frozenset[str]) -> Iterator[str]:
    found = [agent for agent in report.agents if agent.matters(wanted)]
    if not found:
        return
    named = "; ".join(
        f"{agent.name}{f' on {agent.host}' if agent.host else ''}: {', '.join((agent.verdict, *agent.findings))}"
        for agent in found[:MOST_NAMED]
    )
    more = f"; and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    yield f"{len(found)} agents are what fail_on (audit_fail_on) names: {named}{more}"


def _not_looked_for(report: Report, wanted: frozenset[str]) -> Iterator[str]:
    untold = sorted(wanted & report.untold.keys())
    if untold:
        named = "; ".join(f"{what} ({report.untold[what]})" for what in untold)
        yield f"Nobody could tell whether there is what fail_on (audit_fail_on) names: {named}"


def _write(path: Path, content: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(str(path), content)
    except OSError as exc:
        raise SpecError(
            f"write {path}",
            where="the controller",
            answered=str(exc),
            todo="Set path (audit_path) to a folder that the user of Ansible may write to.",
        ) from exc
