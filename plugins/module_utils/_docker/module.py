# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module of this layer does the same way: options, engine, result, and errors into a failed result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, Dict

from ansible.module_utils.basic import AnsibleModule

from .._argspec import ENGINE_OPTIONS, ENGINE_TOGETHER, LOG_OPTIONS
from .._errors import ConnectwareError
from .engine import Engine, connect

UseCase = Callable[[Engine, "Mapping[str, Any]", bool], Dict[str, Any]]
"""Engine, parameters, whether this is check mode -> the result, with `warnings`, and a `diff` that may be dropped."""


def engine_module(options: Mapping[str, Any]) -> AnsibleModule:
    """A module with the shared options and its own."""
    return AnsibleModule(
        argument_spec={**ENGINE_OPTIONS, **LOG_OPTIONS, **options},
        required_together=ENGINE_TOGETHER,
        supports_check_mode=True,
    )


def run(module: AnsibleModule, use_case: UseCase) -> None:
    """Perform the use case and end the module: the one place where an error becomes a failed result."""
    try:
        result = use_case(connect(module.params), module.params, module.check_mode)
    except ConnectwareError as exc:
        module.fail_json(msg=exc.message, error=exc.result())
    if not module._diff:
        result.pop("diff", None)
    for warning in result.pop("warnings", []):
        module.warn(warning)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)
