# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module as Ansible does: its own main(), its arguments as JSON, its result as JSON on standard output."""

from __future__ import annotations

import importlib
import json
from typing import Any, Callable, Dict

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common import warnings

PACKAGE = "ansible_collections.edgefleet.connectware.plugins.modules."
Run = Callable[..., Dict[str, Any]]


def run_module(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, **arguments: Any
) -> dict[str, Any]:
    """The result of one run; `check` and `diff` choose the modes."""
    modes = {"_ansible_check_mode": arguments.pop("check", False), "_ansible_diff": arguments.pop("diff", False)}
    given = {
        "ANSIBLE_MODULE_ARGS": {
            **arguments,
            **modes,
            "_ansible_remote_tmp": "/tmp",
            "_ansible_keep_remote_files": False,
        }
    }
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps(given).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    monkeypatch.setattr(warnings, "_global_warnings", type(warnings._global_warnings)())
    # Another test may have made this process a controller, which shows warnings instead of putting them in the result.
    if hasattr(warnings, "_internal"):  # ansible-core 2.19 and newer
        monkeypatch.setattr(warnings._internal, "is_controller", False)
    module = importlib.import_module(PACKAGE + name)
    capsys.readouterr()
    with pytest.raises(SystemExit):
        module.main()
    out = capsys.readouterr().out.strip().splitlines()[-1]
    result: dict[str, Any] = json.loads(out)
    # To ansible-core 2.22 and later a module says by this key what has to be masked; nobody else gets to see it.
    said_to_core = result.pop("_ansible_new_secrets", None)
    result["_printed"] = out if said_to_core is None else json.dumps(result)
    result.pop("invocation", None)
    return result
