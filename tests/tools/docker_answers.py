# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exit 0 when a Docker Engine answers where the environment says (DOCKER_HOST), or at the usual socket."""

from __future__ import annotations

import sys

import docker
from docker.errors import DockerException


def main() -> int:
    try:
        client = docker.from_env(timeout=10)
    except DockerException:
        return 1
    try:
        client.ping()
    except DockerException:
        return 1
    finally:
        client.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
