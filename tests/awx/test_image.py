# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An execution environment, built by ansible-builder's own definition for apt, and used: documentation, ping, rollout.

On the base image that this machine has, which is Debian, and without Galaxy and a package index: Python packages are
wheels in the base image, and awx.awx comes from a folder. All else is as in the example.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from awx.setup import awx_collection
from integration import lives
from integration.bed import ROOT, Factory, docker
from integration.factory_host import BASE
from simulator.harness import until
from tools.packaged import PIP

pytestmark = pytest.mark.long

EXAMPLE = ROOT / "docs" / "examples" / "execution-environment"
DEFINITION = "execution-environment-apt.yml"
# Checkouts that share a Docker Engine give their images different names.
TAG = f"{os.environ.get('TEST_AGENT_IMAGE', 'connectware-test')}-ee"
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
# The docker SDK belongs to factory hosts; in this test the container is one. The others are of the collections.
MORE = ("docker >= 7.1, < 8", "jmespath", "PyYAML", "requests", "awxkit", "python-dateutil", "pytz")
DOCKERFILE = f"""FROM {BASE}
COPY wheels /wheels
ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels
"""


def built(folder: Path, tag: str, *arguments: str) -> None:
    command = ["docker", "build", "--force-rm", "--quiet", "--tag", tag, *arguments, str(folder)]
    done = subprocess.run(
        ["env", "DOCKER_BUILDKIT=0", *command], capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stdout + done.stderr


def without_galaxy(folder: Path) -> None:
    """awx.awx from a folder beside the artifact; nothing is left out of the requirements."""
    source = folder / "awx.awx"
    shutil.copytree(awx_collection() / "ansible_collections" / "awx" / "awx", source)
    # ansible-galaxy wants a source, not what was installed.
    manifest = json.loads((source / "MANIFEST.json").read_text())["collection_info"]
    wanted = ("namespace", "name", "version", "readme", "authors", "dependencies")
    (source / "galaxy.yml").write_text(yaml.safe_dump({key: manifest[key] for key in wanted}))
    for name in ("MANIFEST.json", "FILES.json"):
        (source / name).unlink()
    requirements = yaml.safe_load((folder / "requirements.yml").read_text())
    for each in requirements["collections"]:
        if each["name"] == "awx.awx":
            each |= {"name": "./collections/awx.awx", "type": "dir"}
            del each["version"]
    (folder / "requirements.yml").write_text(yaml.safe_dump(requirements))
    definition = yaml.safe_load((folder / DEFINITION).read_text())
    definition["additional_build_files"].append({"src": "awx.awx", "dest": "collections/awx.awx"})
    (folder / DEFINITION).write_text(yaml.safe_dump(definition))


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
    without_galaxy(ee)
    with (ee / "requirements.txt").open("a") as file:
        file.write(f"{MORE[0]}\n")
    create = ["ansible-builder", "create", "--file", DEFINITION, "--output-filename", "Dockerfile"]
    subprocess.run(create, cwd=ee, check=True, timeout=60)
    try:
        built(base, f"{TAG}-base")
        built(ee / "context", TAG, f"--build-arg=EE_BASE_IMAGE={TAG}-base")
        yield TAG
    finally:
        for tag in (TAG, f"{TAG}-base"):
            docker("rmi", "--force", tag, check=False)


def test_documentation_and_ping(image: str) -> None:
    for name in ("edgefleet.connectware.agents", "awx.awx.job_template"):
        assert name in docker("run", "--rm", image, "ansible-doc", name)
    assert docker("run", "--rm", image, "git", "--version").startswith("git version")
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
    until(lambda: site.connected(site.names()[0]), f"the agent is connected after {first}", 30)
    before = site.starts()
    assert "changed=0" in docker(*command)
    assert site.starts() == before
