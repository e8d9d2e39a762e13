# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a module ends: the one place where an error becomes a failed result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ._errors import ConnectwareError


def end_with(module: AnsibleModule, work: Callable[[], dict[str, Any]]) -> None:
    """Do the work and end the module.

    Args:
        work: gives the result. Its `diff` is dropped where nobody asked for one, its `warnings` are told, and with
            `failed` the module fails.
    """
    try:
        result = work()
    except ConnectwareError as exc:
        module.fail_json(msg=exc.message, error=exc.result())
    if not module._diff:
        result.pop("diff", None)
    for warning in result.pop("warnings", []):
        module.warn(warning)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)
