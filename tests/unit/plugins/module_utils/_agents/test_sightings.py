# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an agent has shown over all looks of one run."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.sightings import Sightings

from .table import ASKING, NOW, seen


def test_how_long_it_takes_to_ask_does_not_grow_with_each_time_that_it_says_so_again():
    """Repetitions are one event, whose time is that of the last one."""
    sightings = Sightings()
    for later in (2.0, 30.0, 60.0):
        asking = replace(ASKING, at=NOW - 60 + later, since=None if later == 2.0 else NOW - 58)
        looked = seen(credentials=False, events=(asking,))
        sightings.take(looked, looked)
        assert sightings.time_to_ask == 2.0
