# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter: the notifications that AWX does not have as they are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

# As AWX calls them (init_parameters of type "password" in awx/main/notifications/*_backend.py).
SECRETS = ("account_token", "aws_secret_access_key", "aws_session_token", "grafana_key", "password", "token")
TEXTS = ("message", "body")
ENCRYPTED = "$encrypted$"  # what AWX shows in the place of a secret


def notifications_to_send(
    wanted: Iterable[Mapping[str, Any]], found: Iterable[Mapping[str, Any]], update_secrets: bool = False
) -> list[str]:
    """The names of those that are missing or differ; defaults that AWX has added are no difference."""
    all_of_them = boolean(update_secrets)
    there = {str(each["name"]): each for each in found}
    return [str(each["name"]) for each in wanted if all_of_them or not _is_there(each, there.get(str(each["name"])))]


def _is_there(wanted: Mapping[str, Any], found: Mapping[str, Any] | None) -> bool:
    if found is None or found["notification_type"] != wanted["type"]:
        return False
    configuration = found["notification_configuration"]
    return all(
        configuration.get(key, "") == (ENCRYPTED if key in SECRETS and value else value)
        for key, value in wanted["configuration"].items()
    ) and _has_texts(wanted.get("messages") or {}, found.get("messages") or {})


def _has_texts(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """By event, and by that of an approval within `workflow_approval`. AWX keeps a text that it is not sent."""
    return all(
        found.get(key) == value if key in TEXTS else _has_texts(value or {}, found.get(key) or {})
        for key, value in wanted.items()
    )


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"notifications_to_send": notifications_to_send}
