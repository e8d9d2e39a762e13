# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task has found is told also where its host has gone away since."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleAuthenticationFailure, AnsibleConnectionFailure
from unit.plugins.action.standing import standing

from ansible_collections.edgefleet.connectware.plugins.action import agents, agents_info, agents_registered

FOLDER = "/tmp/of-this-task"


@pytest.mark.parametrize("plugin", [agents, agents_info, agents_registered])
@pytest.mark.parametrize("error", [AnsibleConnectionFailure, AnsibleAuthenticationFailure])
def test_a_host_that_goes_away_at_the_end_takes_no_result_with_it(plugin: Any, error: type[Exception]) -> None:
    def gone(_path: str | None) -> None:
        raise error("no route to host")

    action = standing(plugin, {})
    action._connection._shell.tmpdir = FOLDER
    action._remove_tmp_path = gone

    action.cleanup()  # as ansible-core does after the task, in place of its result

    assert action._connection._shell.tmpdir is None


@pytest.mark.parametrize("plugin", [agents, agents_info, agents_registered])
def test_the_folder_of_the_task_is_removed(plugin: Any) -> None:
    removed: list[str | None] = []
    action = standing(plugin, {})
    action._connection._shell.tmpdir = FOLDER
    action._remove_tmp_path = removed.append

    action.cleanup()

    assert removed == [FOLDER]
