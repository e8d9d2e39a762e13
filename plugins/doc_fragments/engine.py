# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How to reach the Docker Engine: the documentation of ENGINE_OPTIONS and LOG_OPTIONS in module_utils/_argspec.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
requirements:
  - Python 3.8 or newer on the factory host
  - Docker Engine 20.10 (API 1.41) or newer on the factory host
  - docker SDK for Python 5.0 or newer on the factory host
options:
  docker_host:
    description:
      - Address of the Docker Engine, as seen from the factory host. With V(unix://) or V(tcp://).
      - If not set, the environment variable E(DOCKER_HOST) of the factory host is used. One that is empty counts as the
        default.
    type: str
    default: unix:///var/run/docker.sock
  docker_ca_path:
    description:
      - File with the CA that signed the certificate of the engine, for addresses with V(tcp://).
    type: path
  docker_cert_path:
    description:
      - File with the client certificate for the engine. Needs O(docker_key_path).
    type: path
  docker_key_path:
    description:
      - File with the key of O(docker_cert_path).
    type: path
  docker_timeout:
    description:
      - Seconds one answer of the engine may take.
      - Pulls of images are exempt, because an engine can be silent for long while it unpacks one. To end one that does
        not go on, set the keyword C(timeout) of the task, or C(ANSIBLE_TASK_TIMEOUT) for all tasks of a run.
    type: int
    default: 60
  log_patterns:
    description:
      - Corrections to the regular expressions by which the logs of the agents are understood.
      - Keys are V(start), V(asking_new), V(asking_cached), V(pairing), V(conflict), V(failure) and
        V(unreachable). The one for V(pairing) needs the named groups C(username) and C(pairing_id).
    type: dict
    default: {}
"""
