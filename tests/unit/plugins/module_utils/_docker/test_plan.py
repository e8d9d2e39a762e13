# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is planned for a container when certificates of its host are other ones than when it was made."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from unit.plugins.module_utils._docker.reports import IMAGE_CONFIG, container, spec

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.mounts import Certificates
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.certificates import fingerprint
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.drift import LABEL_CERTIFICATES
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.image import Image
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.inventory import HostInventory
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.plan import Plan, Planner

LISTED = {"Id": "c1", "Labels": {"edgefleet.connectware.agent": "press"}}


def engine(report: dict[str, Any], is_local: bool = True) -> Any:
    """One that knows of this container only."""
    client = SimpleNamespace(inspect_container=lambda _id: report)
    return SimpleNamespace(
        is_local=is_local, place="host h", client=client, find=lambda _tried, ask, *which: ask(*which)
    )


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    issue(path, "first")
    return path


def issue(path: Path, text: str) -> None:
    path.write_text(f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")


def planned(ca: Path, label: str | None, *, is_local: bool = True) -> Plan:
    certificates = Certificates(ca=str(ca), ca_target="/ca")
    agent = spec(certificates=certificates, mounts=certificates.mounts())
    made = container(
        host__Mounts=[
            *container()["HostConfig"]["Mounts"],
            {"Type": "bind", "Source": str(ca), "Target": "/ca", "ReadOnly": True},
        ],
        config__Env=[f"{k}={v}" for k, v in agent.environment().items()] + IMAGE_CONFIG["Env"],
        config__Labels={**container()["Config"]["Labels"], **({LABEL_CERTIFICATES: label} if label else {})},
    )
    planner = Planner(engine(made, is_local), HostInventory({"c-press": LISTED}))
    return planner.present(agent, Image(agent.image, "sha256:1", IMAGE_CONFIG, pulled=False))


def now(ca: Path) -> str | None:
    return fingerprint(engine({}), spec(certificates=Certificates(ca=str(ca))))


def test_a_certificate_that_was_renewed_makes_the_container_anew(ca: Path) -> None:
    label = now(ca)
    assert label
    assert (planned(ca, label).action, planned(ca, label).drift) == ("none", ())
    issue(ca, "second")
    plan = planned(ca, label)
    assert (plan.action, plan.drift) == ("recreated", ("certificates",))
    assert plan.before()["certificates"] == label and plan.after()["certificates"] == now(ca) != label
    assert planned(ca, now(ca)).action == "none"


def test_a_container_of_an_older_version_is_left_alone(ca: Path) -> None:
    assert planned(ca, None).action == "none"


def test_where_nobody_can_read_the_files_the_container_is_left_alone(ca: Path) -> None:
    assert planned(ca, "another", is_local=False).action == "none"
    ca.unlink()
    assert planned(ca, "another").action == "none"
