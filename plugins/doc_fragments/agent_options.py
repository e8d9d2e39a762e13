# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the container of an agent is like: the documentation of AGENT_OPTIONS in module_utils/_argspec.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  image:
    description:
      - Image of the agent, with or without a tag or digest.
      - The vendor's is V(registry.cybus.io/cybus/protocol-mapper).
    type: str
  version:
    description:
      - >-
        Version of the agent: the tag of O(image), where that has none. The image of a single agent that has one needs
        none, also where there is one for all.
      - Must equal Connectware's own version, else the agent cannot communicate.
    type: str
  mqtt_host:
    description:
      - Host name or address of Connectware as the agent reaches it (E(CYBUS_MQTT_HOST)).
      - Required for O(state=present).
    type: str
  mqtt_port:
    description:
      - Port of Connectware's MQTT broker. By default V(1883), and V(8883) with O(mqtt_scheme=mqtts).
    type: int
  mqtt_scheme:
    description:
      - How the agent speaks to the broker. By default V(mqtt).
    type: str
    choices: [mqtt, mqtts]
  env:
    description:
      - Further environment variables. What an agent says is merged over what is said for all.
      - Everybody who may use Docker on the host can read the values, so no secrets here. In a diff, values of
        variables that are named like secrets are masked.
      - The variables that have an option of their own are refused.
    type: dict
  labels:
    description:
      - Further labels of the container. What an agent says is merged over what is said for all.
      - The label C(io.cybus.connectware) is refused, because the vendor's installer removes containers that have it.
    type: dict
  network_mode:
    description:
      - Network mode of the container, for example V(host). By default V(bridge).
      - Not that of the container of another agent of the same host, which goes whenever that agent is made anew.
    type: str
  networks:
    description:
      - Existing networks that the container is attached to, instead of O(network_mode). What a single agent says of
        one of the two counts instead of what is said of both for all.
    type: list
    elements: str
  extra_hosts:
    description:
      - Names and addresses for the hosts file of the container.
    type: dict
  dns:
    description:
      - Addresses of the name servers of the container.
    type: list
    elements: str
  mounts:
    description:
      - Files and directories of the host inside the container, for example certificates.
    type: list
    elements: dict
    suboptions:
      source:
        description:
          - Absolute path on the host.
        type: path
        required: true
      target:
        description:
          - Absolute path in the container. Never V(/data), which belongs to the volume.
        type: path
        required: true
      read_only:
        description:
          - Whether the agent cannot write to it.
        type: bool
        default: true
  certificates:
    description:
      - Certificates on the factory host that the agent reads, each mounted read-only.
      - With O(certificates.ca), the agent trusts only that CA. With O(certificates.certificate) and O(certificates.key)
        it logs in by its certificate (mutual TLS) and asks for no registration; Connectware needs a user of its
        username, the common name of the certificate, with the grant type C(certificate).
      - Sets the environment variables E(CYBUS_TRUST_ALL_CERTS) and E(CYBUS_USE_MUTUAL_TLS), and both without C(CYBUS_),
        as both spellings were seen; O(env) overrides them.
      - The container is made anew, once, when a certificate was renewed, as it still has the old file mounted.
    type: dict
    suboptions:
      ca:
        description:
          - Absolute path on the host of the CA's certificate.
        type: path
      certificate:
        description:
          - Absolute path on the host of the agent's certificate. Needs O(certificates.key) and O(mqtt_scheme=mqtts).
        type: path
      key:
        description:
          - Absolute path on the host of the key of O(certificates.certificate). It stays on the host.
        type: path
      ca_target:
        description:
          - Path in the container at which the agent looks for the CA. Observed of Connectware's own containers.
        type: path
        default: /connectware_certs/cybus_ca.crt
      certificate_target:
        description:
          - Path in the container at which the agent looks for its certificate. An assumption.
        type: path
        default: /connectware_certs/client.crt
      key_target:
        description:
          - Path in the container at which the agent looks for its key. An assumption.
        type: path
        default: /connectware_certs/client.key
  restart_policy:
    description:
      - When the engine restarts the container. By default V(unless-stopped).
    type: str
    choices: ["no", on-failure, always, unless-stopped]
  memory:
    description:
      - Limit of memory, for example V(512m) or V(2g). By default none.
    type: str
  cpus:
    description:
      - Limit of processor time, in cores. By default none.
    type: float
  pids_limit:
    description:
      - Limit of processes; V(0) for none. By default V(512).
    type: int
  user:
    description:
      - User of the process in the container. By default the image's own.
    type: str
  capabilities:
    description:
      - Linux capabilities that the container keeps. All others are dropped. By default none is kept.
    type: list
    elements: str
  security_opts:
    description:
      - Security options of the container. By default V(no-new-privileges:true).
    type: list
    elements: str
  read_only:
    description:
      - Whether the root filesystem is read-only. By default V(false).
    type: bool
  init:
    description:
      - Whether an init process runs in the container, so that it stops at once. By default V(true).
    type: bool
  stop_timeout:
    description:
      - Seconds the agent gets to stop before it is killed. By default V(10).
    type: int
  log_driver:
    description:
      - Log driver. Must be one that can be read back (V(json-file), V(local), V(journald)), because the pairing ID is
        read from the log. By default V(json-file).
    type: str
  log_options:
    description:
      - Options of the log driver. By default, with V(json-file), three files of 10 MB.
    type: dict
"""
