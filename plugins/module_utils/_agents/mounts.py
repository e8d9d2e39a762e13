# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of a factory host inside the container of an agent, certificates among them."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

# Variables of the agent; both spellings were observed.
ENV_TRUST_ALL = ("CYBUS_TRUST_ALL_CERTS", "TRUST_ALL_CERTS")
ENV_MUTUAL_TLS = ("CYBUS_USE_MUTUAL_TLS", "USE_MUTUAL_TLS")


def lies_in(path: str, folder: str) -> bool:
    """A path of a container is that folder, or below it, however it is written."""
    inner, outer = (posixpath.normpath("/" + each.lstrip("/")) for each in (path, folder))
    return inner == outer or inner.startswith(outer + "/")


@dataclass(frozen=True)
class Mount:
    """A file or directory of the host inside the agent's container."""

    source: str
    target: str
    read_only: bool = True


@dataclass(frozen=True)
class Certificates:
    """Files of the host that an agent reads, each mounted read-only; an empty path is none.

    Attributes:
        ca: certificate of the CA that the agent trusts.
        certificate, key: what the agent logs in with instead of a password.
        *_target: where in the container the agent looks for it.
    """

    ca: str = ""
    certificate: str = ""
    key: str = ""
    ca_target: str = ""
    certificate_target: str = ""
    key_target: str = ""

    def mounts(self) -> tuple[Mount, ...]:
        """What brings the files into the container."""
        pairs = [
            (self.ca, self.ca_target),
            (self.certificate, self.certificate_target),
            (self.key, self.key_target),
        ]
        return tuple(Mount(source, target) for source, target in pairs if source)

    def environment(self) -> dict[str, str]:
        """What makes the agent use them."""
        ca = dict.fromkeys(ENV_TRUST_ALL if self.ca else (), "false")
        return {**ca, **dict.fromkeys(ENV_MUTUAL_TLS if self.certificate else (), "true")}
