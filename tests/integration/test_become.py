# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An inventory that lets all hosts become somebody else: to Ansible localhost is one of them, and must not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from integration.bed import Factory


@pytest.fixture
def site(factory: Callable[..., Factory]) -> Factory:
    """One where whoever becomes somebody else fails: not root, whom tests may run as; the factory host needs nobody."""
    made = factory(1)
    made.variables |= {"ansible_become": True, "ansible_become_user": "nobody", "ansible_become_exe": "/bin/false"}
    return made


@pytest.mark.parametrize(
    ("playbook", "variables"),
    [
        ("rollout", {"agents_version": "auto"}),
        pytest.param("audit", {}, marks=pytest.mark.long),
        ("audit", {"agents_version": "auto", "audit_fail_on": ["unknown"]}),
        pytest.param("awx_plan", {}, marks=pytest.mark.long),
        ("retire_ghosts", {"agents_name_pattern": ".*"}),
    ],
)
def test_nothing_on_the_controller_becomes_somebody_else(
    site: Factory, playbook: str, variables: dict[str, object]
) -> None:
    hosts = {"factory": {"agents_list": site.agents, "ansible_become": False}}
    site.play(playbook, hosts=hosts, **variables).ok()
