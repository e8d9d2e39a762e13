# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter: a list that may have been given as one text, as an extra variable of a command line or of a survey is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.text import kind_of


def as_list(value: Any) -> list[str]:
    """The entries as texts.

    Ansible checks the argument of a role and leaves it as it was given. As its check does, this splits at commas.

    Raises:
        AnsibleFilterError: it is a mapping.
    """
    if isinstance(value, Mapping):
        raise AnsibleFilterError(f"as_list takes a list, or one text with commas, not {kind_of(value)}")
    if value is None:
        return []
    if isinstance(value, (list, tuple)):
        return [str(entry) for entry in value]
    return [entry.strip() for entry in str(value).split(",") if entry.strip()]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"as_list": as_list}
