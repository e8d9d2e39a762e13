# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role `simulator`, as scenarios of users rely on it: a second run changes nothing, and what is dead lives again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from integration.bed import COLLECTIONS, IMAGE, ROOT, VERSION, inspect
from simulator.harness import until

Apply = Callable[..., int]


@pytest.fixture
def apply(tmp_path: Path) -> Iterator[Apply]:
    """Runs the role; returns how many tasks have changed something. Nothing is left of it.

    Args:
        fails: a text of the message with which it must fail.
    """

    def run(fails: str = "", **variables: object) -> int:
        settings = {
            "dir": str(tmp_path / "connectware"),
            "venv": sys.prefix,  # has all that the simulator needs
            "install": False,
            "image": False,
            **{f"{port}_port": 0 for port in ("api", "mqtt", "mqtts", "control")},
            **variables,
        }
        extra = {f"simulator_{name}": value for name, value in settings.items()}
        extra["ansible_python_interpreter"] = sys.executable
        done = subprocess.run(
            ["ansible-playbook", "-i", "localhost,", "-c", "local", str(ROOT / "tests" / "bed" / "simulator.yml"),
             "--extra-vars", json.dumps(extra)],
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_NOCOLOR": "1"},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert (done.returncode == 0) == (not fails), done.stdout + done.stderr
        assert fails in " ".join(done.stdout.split()), done.stdout
        return int(re.findall(r"changed=(\d+)", done.stdout)[-1])

    yield run
    run(state="absent")


@pytest.fixture
def endpoints(tmp_path: Path) -> Path:
    return tmp_path / "connectware" / "state" / "endpoints.json"


def users(endpoints: Path) -> set[str]:
    control = json.loads(endpoints.read_text())["control_url"]
    answer = requests.get(f"{control}/control/state", timeout=10)
    answer.raise_for_status()
    return {user["username"] for user in answer.json()["users"]}


def lives(process: int) -> bool:
    """It is there, and has not only not been waited for."""
    try:
        return bool(Path(f"/proc/{process}/cmdline").read_bytes())
    except FileNotFoundError:
        return False


@pytest.mark.long
def test_only_what_is_needed_is_done_and_nothing_is_left(apply: Apply, endpoints: Path) -> None:
    assert apply() > 0
    first = json.loads(endpoints.read_text())
    made = {"username": "hh-press-01", "password": "x", "created_by": "client-registry"}
    requests.post(f"{first['control_url']}/control/users", json=made, timeout=10).raise_for_status()

    assert apply() == 0
    assert json.loads(endpoints.read_text()) == first, "free ports are kept, and so is the process"

    os.kill(first["pid"], signal.SIGKILL)
    until(lambda: not lives(first["pid"]), "the process has ended")
    assert apply() > 0
    second = json.loads(endpoints.read_text())["pid"]
    assert second != first["pid"]
    assert "hh-press-01" in users(endpoints), "state outlives the process"

    assert apply(state="absent") > 0
    assert not lives(second) and not endpoints.parents[1].exists()
    assert apply(state="absent") == 0


def test_the_image_is_built_once(apply: Apply, agent_images: None) -> None:  # noqa: ARG001  they have to be there
    before = inspect("image", f"{IMAGE}:{VERSION}")
    assert before is not None

    assert apply(image=True, service=False, image_name=IMAGE, image_tags=[VERSION]) == 0
    assert apply(image="true", service="false", image_name=IMAGE, image_tags=VERSION) == 0, (
        "texts, as of a command line"
    )
    assert inspect("image", f"{IMAGE}:{VERSION}") == before


def test_without_a_docker_command_nothing_is_installed(apply: Apply) -> None:
    said = "The command /nowhere/docker cannot be run on localhost"
    assert apply(fails=said, image=True, service=False, docker_command="/nowhere/docker") == 0


# In place of docker: it keeps the label of the last image that was built.
FAKE_DOCKER = """#!/bin/sh
cd "$(dirname "$0")"
for argument; do case $argument in CONTENT=*) printf %s "${argument#CONTENT=}" >content; esac; done
[ "$1 $2" != "image inspect" ] || cat content
"""


@pytest.mark.long
def test_the_image_is_built_anew_with_other_arguments(apply: Apply, tmp_path: Path) -> None:
    command = tmp_path / "docker"
    command.write_text(FAKE_DOCKER)
    command.chmod(0o755)
    image = {"image": True, "service": False, "docker_command": str(command)}

    assert apply(**image) > 0
    assert apply(**image) == 0
    assert apply(**image, image_build_arguments=["--label", "site=hamburg"]) > 0
    assert apply(**image, image_build_arguments=["--label", "site=hamburg"]) == 0


# In place of Python: what it makes for a virtual environment has all the packages of these tests.
FAKE_PYTHON = f"""#!/bin/sh
[ "$1 $2" = "-m venv" ] || exec {sys.executable} "$@"
mkdir -p "$3/bin"
printf '#!/bin/sh\\nexec {sys.executable} "$@"\\n' >"$3/bin/python"
printf '#!/bin/sh\\n' >"$3/bin/pip"
chmod +x "$3/bin/python" "$3/bin/pip"
echo "$0" >"$3/of"
"""


@pytest.mark.long
def test_the_virtual_environment_is_made_anew_with_another_python(apply: Apply, tmp_path: Path) -> None:
    first, second = tmp_path / "first-python", tmp_path / "second-python"
    for python in (first, second):
        python.write_text(FAKE_PYTHON)
        python.chmod(0o755)
    made = {"install": True, "venv": str(tmp_path / "venv")}

    assert apply(**made, python=str(first)) > 0
    assert apply(**made, python=str(first)) == 0
    (tmp_path / "venv" / "stray").touch()
    assert apply(**made, python=str(second)) > 0
    assert (tmp_path / "venv" / "of").read_text() == f"{second}\n"
    assert not (tmp_path / "venv" / "stray").exists()
    assert apply(**made, python=str(second)) == 0


@pytest.mark.long
def test_a_virtual_environment_that_others_made_stays(apply: Apply, tmp_path: Path) -> None:
    python = tmp_path / "a-python"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    subprocess.run([python, "-m", "venv", tmp_path / "venv"], check=True)
    (tmp_path / "venv" / "of").write_text("others")

    assert apply(install=True, venv=str(tmp_path / "venv"), python=str(python)) > 0
    assert (tmp_path / "venv" / "of").read_text() == "others"
