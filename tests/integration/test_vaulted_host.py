# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""All variables of a host in an encrypted file: from ansible-core 2.22 on none of their values is shown, no number
either, and what a callback is given has them masked.
"""

from __future__ import annotations

import os
import subprocess

import pytest
import yaml
from integration.bed import Factory
from unit.plugins.module_utils._report.test_tally import valid


@pytest.fixture
def site(factory) -> Factory:
    """Two agents, and all digits among the secrets."""
    made = factory(2)
    password = made.directory / "vault-password"
    password.write_text("open, sesame\n")
    made.environment["ANSIBLE_VAULT_PASSWORD_FILE"] = str(password)
    file = made.directory / "host_vars" / "factory.yml"
    file.parent.mkdir()
    file.write_text(yaml.safe_dump({"agents_list": made.agents, "lines_of_this_factory": list(range(10))}))
    command = ["ansible-vault", "encrypt", "--vault-password-file", str(password), str(file)]
    subprocess.run(command, env={**os.environ}, check=True, capture_output=True, timeout=60)
    return made


def test_its_agents_are_rolled_out_and_counted(site):
    hosts = {"factory": {"ansible_connection": "local"}}
    for changed in (2, 0):
        run = site.rollout(hosts=hosts).ok()
        assert "WARNING" not in run.output, run.output
        valid({**run.report, "authorizations": []})  # whose times and IDs have lost their digits
        assert run.report["total"] == {"agents": 2, "ok": 2, "changed": changed, "failed": 0}
        assert len(run.report["agents"]) == 2 and all(agent["registered"] for agent in run.report["agents"])
        assert run.output.count(" registered ") == 2
    assert all(site.connected(name) for name in site.names())
    assert site.retire(hosts=hosts).ok().report["total"]["agents"] == 2
