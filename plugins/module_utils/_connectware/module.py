# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module of this layer does the same way: options and session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule

from .._argspec import CONNECTWARE_ONE_OF, CONNECTWARE_OPTIONS, CONNECTWARE_TOGETHER
from .._ending import end_with
from .connect import connect
from .session import Session

UseCase = Callable[[Session, "Mapping[str, Any]", bool], "dict[str, Any]"]
"""Session, parameters and whether this is check mode -> the result, as `end_with` takes it."""


def connectware_module(options: Mapping[str, Any], **constraints: Any) -> AnsibleModule:
    """A module with the shared options and its own."""
    return AnsibleModule(
        argument_spec={**CONNECTWARE_OPTIONS, **options},
        required_together=CONNECTWARE_TOGETHER,
        required_one_of=CONNECTWARE_ONE_OF,
        supports_check_mode=True,
        **constraints,
    )


def run(module: AnsibleModule, use_case: UseCase) -> None:
    """Perform the use case and end the module."""

    def work() -> dict[str, Any]:
        session = connect(module.params, on_wait=lambda why, seconds: module.debug(f"waits {seconds:.1f} s: {why}"))
        return use_case(session, module.params, module.check_mode)

    end_with(module, work)
