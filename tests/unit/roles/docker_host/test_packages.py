# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which packages bring a Docker Engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

try:
    from ansible.template import trust_as_template
except ImportError:  # before 2.19 every text is one
    trust_as_template = str

ROLE = Path(__file__).resolve().parents[4] / "roles" / "docker_host"


@pytest.mark.parametrize(
    ("distribution", "version", "has_command"),
    [("Debian", "12", False), ("Debian", "13", True), ("Ubuntu", "24", False), ("Debian", "testing", False)],
)
def test_the_command_docker_is_a_package_of_its_own_from_debian_13_on(
    distribution: str, version: str, has_command: bool
) -> None:
    loader = DataLoader()
    facts = {"distribution": distribution, "distribution_major_version": version}
    expression = loader.load_from_file(str(ROLE / "vars" / "main.yml"))["__docker_host_engine_by_system"]["Debian"]
    packages = Templar(loader=loader, variables={"ansible_facts": facts}).template(trust_as_template(expression))
    assert {"docker.io", "ca-certificates", "apparmor"} <= set(packages)
    assert ("docker-cli" in packages) == has_command
