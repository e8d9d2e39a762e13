# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module of this layer: its result, and errors into a failed result."""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping

from ansible.module_utils.basic import AnsibleModule

from .._errors import ConnectwareError

UseCase = Callable[[Mapping[str, Any], bool], Dict[str, Any]]


def run(module: AnsibleModule, use_case: UseCase) -> None:
    """Perform the use case and end the module: the one place where an error becomes a failed result.

    Args:
        use_case: parameters and whether this is check mode -> the result.
    """
    try:
        result = use_case(module.params, module.check_mode)
    except ConnectwareError as exc:
        module.fail_json(msg=exc.message, error=exc.result())
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)
