# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module of this layer does the same way: options and engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, Dict

from ansible.module_utils.basic import AnsibleModule

from .._argspec import ENGINE_OPTIONS, ENGINE_TOGETHER, LOG_OPTIONS
from .._ending import end_with
from .engine import Engine, connect

UseCase = Callable[[Engine, "Mapping[str, Any]", bool], Dict[str, Any]]
"""Engine, parameters and whether this is check mode -> the result, as `end_with` takes it."""


def engine_module(options: Mapping[str, Any]) -> AnsibleModule:
    """A module with the shared options and its own."""
    return AnsibleModule(
        argument_spec={**ENGINE_OPTIONS, **LOG_OPTIONS, **options},
        required_together=ENGINE_TOGETHER,
        supports_check_mode=True,
    )


def run(module: AnsibleModule, use_case: UseCase) -> None:
    """Perform the use case and end the module."""
    end_with(module, lambda: use_case(connect(module.params), module.params, module.check_mode))
