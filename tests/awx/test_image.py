# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An execution environment, built as ansible-builder says it and used: documentation, ping, rollout.

On the base image that this machine has, which is Debian, and without a package index: Python is a virtual environment
of the base image, and the packages are wheels in it. What is left out is the collection awx.awx.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from integration import lives
from integration.bed import ROOT, Factory, docker
from integration.factory_host import BASE
from tools.packaged import PIP

pytestmark = pytest.mark.long

EXAMPLE = ROOT / "docs" / "examples" / "execution-environment"
TAG = "connectware-test-ee"
PYTHON = "3.11"  # of that Debian
PACKAGES = (
    "ansible-core ~= 2.19.0",
    "ansible-runner >= 2.4, < 3",
    "bindep",
    "dumb-init == 1.2.5",
    "packaging",
    "pip",
    "setuptools",
)
# The docker SDK belongs to factory hosts; in this test the container is one.
MORE = ("docker >= 7.1, < 8", "jmespath", "PyYAML", "requests")
DOCKERFILE = f"""FROM {BASE}
RUN apt-get update -qq \\
 && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \\
    python3-venv openssh-client git rsync \\
 && python3 -m venv /opt/python
COPY wheels /wheels
ENV PATH=/opt/python/bin:$PATH PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels
"""


def built(folder: Path, tag: str, *arguments: str) -> None:
    command = ["docker", "build", "--force-rm", "--quiet", "--tag", tag, *arguments, str(folder)]
    done = subprocess.run(
        ["env", "DOCKER_BUILDKIT=0", *command], capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def image(
    tmp_path_factory: pytest.TempPathFactory,
    agent_images: None,  # noqa: ARG001  the images have to be there
) -> Iterator[str]:
    """Removed afterwards. The images of agents are made on the same base, so that is there."""
    folder = tmp_path_factory.mktemp("image")
    base, ee = folder / "base", folder / "ee"
    where = ["--dest", str(base / "wheels"), "--only-binary", ":all:", "--python-version", PYTHON]
    subprocess.run([*PIP, "download", *where, *PACKAGES, *MORE], check=True, timeout=600)
    (base / "Dockerfile").write_text(DOCKERFILE)
    shutil.copytree(EXAMPLE, ee)
    for artifact in (ROOT / ".build" / "artifact").glob("*.tar.gz"):
        shutil.copy(artifact, ee)
    requirements = yaml.safe_load((ee / "requirements.yml").read_text())
    ours = [each for each in requirements["collections"] if each.get("type") == "file"]
    (ee / "requirements.yml").write_text(yaml.safe_dump({"collections": ours}))
    with (ee / "requirements.txt").open("a") as file:
        file.write(f"{MORE[0]}\n")
    subprocess.run(["ansible-builder", "create", "--output-filename", "Dockerfile"], cwd=ee, check=True, timeout=60)
    arguments = {
        "EE_BASE_IMAGE": f"{TAG}-base",
        "PKGMGR": "/usr/bin/apt-get",
        "PKGMGR_PRESERVE_CACHE": "always",
        "PYCMD": "/opt/python/bin/python3",
        "PYPKG": "python3",
    }
    try:
        built(base, f"{TAG}-base")
        built(ee / "context", TAG, *(f"--build-arg={name}={value}" for name, value in arguments.items()))
        yield TAG
    finally:
        for tag in (TAG, f"{TAG}-base"):
            docker("rmi", "--force", tag, check=False)


def test_documentation_and_ping(image: str) -> None:
    assert "edgefleet.connectware.agents" in docker("run", "--rm", image, "ansible-doc", "edgefleet.connectware.agents")
    assert '"ping": "pong"' in docker("run", "--rm", image, "ansible", "-m", "ping", "localhost")
    assert docker("run", "--rm", image, "id", "-u") == "1000"
    assert "runner" in docker("run", "--rm", image, "ansible-runner", "--help")


def test_a_rollout_in_the_image(image: str, factory: Callable[..., Factory]) -> None:
    site = lives.quick(factory(1, ansible_python_interpreter="/opt/python/bin/python3"))
    site._prepared("rollout", [], None, {})  # writes the inventory
    ca = site.variables["connectware_ca_path"]
    command = [
        "run", "--rm", "--network", "host", "--user", "0", "--volume", "/var/run/docker.sock:/var/run/docker.sock",
        "--volume", f"{ca}:{ca}:ro", "--volume", f"{site.directory / 'inventory.yml'}:/runner/inventory.yml:ro",
        image, "ansible-playbook", "-i", "/runner/inventory.yml", "edgefleet.connectware.rollout",
    ]  # fmt: skip
    first = docker(*command)
    assert site.connected(site.names()[0]), first
    before = site.starts()
    assert "changed=0" in docker(*command)
    assert site.starts() == before
