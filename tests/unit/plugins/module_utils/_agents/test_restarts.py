# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a restart was for is told by its verdict, and a verdict without one restarts nothing."""

from __future__ import annotations

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents import evidence as e
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.restarts import Restarts


@pytest.mark.parametrize(
    ("verdict", "authorized", "done"),
    [
        (e.UNSAVED, False, Restarts(asked_again=True)),
        (e.REJECTED, True, Restarts(asked_again=True)),
        (e.UNPROVEN, False, Restarts(proved=True)),
        (e.UNPROVEN, True, Restarts(proved_new=True)),
    ],
)
def test_the_verdict_tells_what_a_restart_was_for(verdict, authorized, done):
    restarts = Restarts(begun=True)
    restarts.take(e.Verdict(verdict, e.NONE, e.RESTART), authorized)
    assert restarts == done


@pytest.mark.parametrize("verdict", [None, e.Verdict(e.REGISTERED, e.NONE, e.SETTLED)])
def test_no_agent_is_restarted_without_a_verdict_that_says_so(verdict):
    with pytest.raises(ValueError, match="only where its verdict says so"):
        Restarts().take(verdict, False)
