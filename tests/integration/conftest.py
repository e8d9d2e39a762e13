# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures: one simulator and one agent image for the session, a factory of its own for each test."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from integration import bed
from integration.layer import interpreter, layer, libraries
from integration.layer_host import engine, host, images
from integration.registry import Registry, SavedImage
from integration.stage import Stage
from simulator.harness import Simulator

# Those of the files that test the docker layer stand beside what they bring up.
__all__ = ["engine", "host", "images", "interpreter", "layer", "libraries"]


@pytest.hookimpl(trylast=True)  # of those that -m has left
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take long begin first, so that none is left when all others have ended: first those with a slow
    test, then those with many tests."""
    numbers = Counter(item.path for item in items)
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in slow, -numbers[item.path], item.path))


@pytest.fixture(scope="session")
def agent_images() -> None:
    """The image of the simulated agent in two versions, built by our own role."""
    tags = [bed.VERSION, bed.NEXT_VERSION]
    bed.play_locally(
        "agent_image.yml",
        ansible_python_interpreter=sys.executable,
        simulator_image_name=bed.IMAGE,
        simulator_image_tags=tags,
    )


@pytest.fixture(scope="module")
def saved_image(
    agent_images: None,  # noqa: ARG001  the images have to be there
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SavedImage]:
    """The simulated agent, as an archive of the engine."""
    folder = tmp_path_factory.mktemp("saved")
    bed.docker("save", "--output", str(folder / "image.tar"), f"{bed.IMAGE}:{bed.VERSION}")
    image = SavedImage.unpacked(folder / "image.tar", folder)
    (folder / "image.tar").unlink()
    yield image
    shutil.rmtree(folder)  # large, and pytest would keep it


@pytest.fixture
def registry(saved_image: SavedImage) -> Iterator[Registry]:
    """A registry of images; what was pulled from it is removed afterwards."""
    running = Registry(saved_image).start()
    yield running
    running.stop()
    for image in running.image_ids:
        bed.docker("rmi", "--force", image, check=False)


@pytest.fixture(scope="session")
def system_python() -> str:
    """The interpreter of the distribution with the docker SDK of the distribution, which a factory host has."""
    interpreter = "/usr/bin/python3"
    bed.play_locally("docker_host.yml", ansible_python_interpreter=interpreter)
    return interpreter


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    running = Simulator(tmp_path_factory.mktemp("simulator") / "state", config={"version": bed.VERSION}).start()
    yield running
    running.stop()


@pytest.fixture
def own_simulator(tmp_path: Path) -> Iterator[Simulator]:
    """One that a test may stop and start again, with the same state and ports."""
    running = Simulator(tmp_path / "connectware", config={"version": bed.VERSION}).start()
    yield running
    running.stop()


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Where secrets are looked for; runs that a test starts from now on have their temporary files there."""
    return Stage(tmp_path, monkeypatch)


@pytest.fixture
def factory(
    request: pytest.FixtureRequest, simulator: Simulator, tmp_path: Path
) -> Iterator[Callable[..., bed.Factory]]:
    """Makes a factory with so many agents; whatever is left of it is removed afterwards."""
    request.getfixturevalue("agent_images")
    prefix = f"it{abs(hash(request.node.nodeid)) % 10**6}-"
    simulator.control("POST", "reset")

    def make(count: int = 1, **variables: Any) -> bed.Factory:
        agents = [{"name": f"{prefix}{number}"} for number in range(1, count + 1)]
        return bed.Factory(simulator, tmp_path, agents, variables)

    yield make
    bed.clean(prefix)
