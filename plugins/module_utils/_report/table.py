# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tally as lines of text: a line a host, below it a line an agent."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from .._agents.text import printable, shortlist
from .tally import FAILED, OK, UNREACHABLE, AgentRow, HostRow, Tally

HEADINGS = ("host, agent", "verdict", "reason", "done", "seconds")
GAP = "  "
NARROWEST = 8  # characters of a column
CELL = 200  # characters of a cell, however wide the terminal is
MOST_LEFT_OUT = 5  # hosts that are named in the line about those without agents


@dataclass(frozen=True)
class Row:
    """One row of the table, before it is cut into lines.

    Attributes:
        cells: of an agent five; of a host its name, one text over the next three columns, and its seconds.
        state: ok, changed, failed or unreachable, for its colour.
    """

    cells: tuple[str, ...]
    state: str = OK


@dataclass(frozen=True)
class Line:
    """One line of text."""

    text: str
    state: str = OK


def lines(tally: Tally, width: int | None = None) -> list[Line]:
    """The whole table, and the line below it.

    Args:
        width: characters of a line at most; None for as many as it takes.
    """
    shown = {host: row for host, row in sorted(tally.hosts.items()) if row.state != OK or tally.rows_of(host)}
    rows = [row for host, about in shown.items() for row in _rows(tally, host, about)]
    if not rows:
        return []
    widths = _widths(rows, width)
    head = [*_cut(Row(HEADINGS), widths), _text(tuple("-" * one for one in widths), widths)]
    body = [Line(text, row.state) for row in rows for text in _cut(row, widths)]
    return [*(Line(text) for text in head), *body, *_below(tally, shown, width)]


def _rows(tally: Tally, host: str, about: HostRow) -> list[Row]:
    agents = tally.rows_of(host)
    counts = tally.counts(host)
    told = f"ok={counts['ok']} changed={counts['changed']} failed={counts['failed']}"
    if about.state != OK:
        told = f"{told}, {about.state}" if agents else f"{about.state} before its agents were looked at"
    state = about.state if about.state != OK else "changed" if counts["changed"] else OK
    first = Row((_clean(host), _clean(told), f"{about.seconds:.1f}"), state)
    return [first, *(_agent(tally, agent) for agent in agents)]


def _agent(tally: Tally, row: AgentRow) -> Row:
    done = ", ".join([*row.actions, *row.predicted])
    cells = (f"  {_clean(row.name)}", *(_clean(cell or "-") for cell in (row.verdict, row.reason, done)))
    state = "failed" if row.failed else "changed" if row.changed else OK
    return Row((*cells, f"{tally.seconds_of(row):.1f}"), state)


def _clean(text: str) -> str:
    return printable(text, CELL)


def _below(tally: Tally, shown: dict[str, HostRow], width: int | None) -> list[Line]:
    """The sum, and which hosts had nothing to show."""
    counts = tally.counts()
    agents, hosts = _number(counts["agents"], "agent"), _number(len(shown), "host")
    texts = [f"{agents} on {hosts}: ok={counts['ok']} changed={counts['changed']} failed={counts['failed']}"]
    gone = sum(row.state == UNREACHABLE for row in shown.values())
    if gone:
        texts[0] += f", {_number(gone, 'host')} unreachable"
    # Those of which no agent tells that something failed.
    broken = sum(row.state == FAILED and not tally.counts(host)["failed"] for host, row in shown.items())
    if broken:
        texts[0] += f", {_number(broken, 'host')} failed"
    without = sorted(set(tally.hosts) - set(shown))
    if without:
        texts.append(f"No agents were looked at on {shortlist([_clean(name) for name in without], MOST_LEFT_OUT)}")
    return [Line(""), *(Line(line) for text in texts for line in _wrapped(text, width or len(text)))]


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _widths(rows: Sequence[Row], limit: int | None) -> list[int]:
    """Of the five columns: as wide as they need to be, the widest made narrower until the line fits."""
    agents = [row.cells for row in rows if len(row.cells) == len(HEADINGS)]
    hosts = [row.cells for row in rows if len(row.cells) != len(HEADINGS)]
    widths = [max(len(cells[column]) for cells in [HEADINGS, *agents]) for column in range(len(HEADINGS))]
    widths[0] = max([widths[0], *(len(cells[0]) for cells in hosts)])
    widths[-1] = max([widths[-1], *(len(cells[-1]) for cells in hosts)])
    span = max((len(cells[1]) for cells in hosts), default=0)
    widths[3] += max(0, min(span, CELL // 2) - _span(widths))
    over = sum(widths) + len(GAP) * (len(widths) - 1) - limit if limit is not None else 0
    for _unused in range(max(0, over)):
        widest = max(range(len(widths) - 1), key=lambda column: widths[column])
        if widths[widest] <= NARROWEST:
            break
        widths[widest] -= 1
    return widths


def _span(widths: Sequence[int]) -> int:
    """The width of the text about a host."""
    return sum(widths[1:4]) + 2 * len(GAP)


def _cut(row: Row, widths: Sequence[int]) -> list[str]:
    """The row as lines: a cell that is too long goes on below itself."""
    columns = list(widths) if len(row.cells) == len(HEADINGS) else [widths[0], _span(widths), widths[-1]]
    cells = [_wrapped(cell, width) for cell, width in zip(row.cells, columns)]
    height = max(len(cell) for cell in cells)
    filled = [cell + [""] * (height - len(cell)) for cell in cells]
    return [_text(tuple(cell[line] for cell in filled), columns) for line in range(height)]


def _wrapped(text: str, width: int) -> list[str]:
    indent = " " * (len(text) - len(text.lstrip()))
    return textwrap.wrap(text, width, subsequent_indent=indent, break_on_hyphens=False) or [""]


def _text(cells: Sequence[str], widths: Sequence[int]) -> str:
    """One line; seconds are aligned to the right."""
    padded = [cell.ljust(width) for cell, width in zip(cells[:-1], widths)]
    return GAP.join([*padded, cells[-1].rjust(widths[-1])]).rstrip()
