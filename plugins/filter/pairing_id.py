# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter: the pairing ID that an agent's own log shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

try:  # up to ansible-core 2.18, native types make a number of an ID like 123e45 that is no text of this kind
    from ansible.utils.native_jinja import NativeJinjaText as PlainText
except ImportError:
    PlainText = str

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.log import LogParser, unwrapped
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import ids_since_asking
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.patterns import parse_patterns
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.text import kind_of, printable
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import SpecError


def pairing_id(log: Any, username: Any, log_patterns: Mapping[str, Any] | None = None) -> str | None:
    """The last pairing ID of this username since the last start that the log shows; None if there is none."""
    if not isinstance(log, (str, bytes)):
        raise AnsibleFilterError(f"pairing_id: the log must be a string, not {kind_of(log)}")
    if isinstance(username, int) and not isinstance(username, bool):
        username = str(username)  # a name of digits alone, as YAML reads it
    if not isinstance(username, str) or not username:
        raise AnsibleFilterError("pairing_id: the username of the agent must be given")
    if not isinstance(log_patterns, (Mapping, type(None))):
        raise AnsibleFilterError(f"pairing_id: log_patterns must be a dictionary, not {kind_of(log_patterns)}")
    try:
        parser = LogParser(parse_patterns(log_patterns), username)
    except SpecError as exc:
        raise AnsibleFilterError(f"pairing_id: {exc.message}") from exc
    data = log.encode("utf-8", "surrogatepass") if isinstance(log, str) else log
    told = [parser.feed(unwrapped(line)) for line in data.split(b"\n")]
    if not any(event and event.pairing_id for event in told) and f"Username: {username}, pairing ID" in data.decode(
        "utf-8", "replace"
    ):
        raise AnsibleFilterError(
            f"pairing_id: the log names a pairing ID of {printable(username)}, but in no line as the agent writes it:"
            " something stands before its lines, or they have another form. Read the log without what is before them,"
            " for example with the option --no-log-prefix of docker compose logs, or --output=cat of journalctl; or"
            " correct log_patterns."
        )
    found = ids_since_asking(parser.events)
    if len(found) > 1:
        raise AnsibleFilterError(
            f"pairing_id: the log shows more than one pairing ID for one request of {printable(username)}"
            f" ({', '.join(found[:10])}), so something else writes such lines and none of them is believed. Restart the"
            " agent for a fresh log, and find out what writes them."
        )
    return PlainText(found[0]) if found else None


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"pairing_id": pairing_id}
