# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The docker SDK, or why it cannot be imported: the only place that imports it."""

from __future__ import annotations

import sys

__all__ = ["BROKEN_OFF", "CUT", "FAILURES", "IMPORT_ERROR", "NOT_MADE", "REFUSED", "docker", "version_of"]


def _keep_distutils() -> None:
    """Let the SDK before 6 import Python's own distutils, where Python still has one.

    setuptools puts its copy in the place, whose import takes longer than all else that a look at the agents does.
    """
    remove_shim = getattr(sys.modules.get("_distutils_hack"), "remove_shim", None)
    if remove_shim is not None and sys.version_info < (3, 12):
        remove_shim()


# What calls of the SDK can raise. It reads streams past requests, which translates the errors of urllib3 elsewhere.
FAILURES: tuple[type[Exception], ...] = (OSError,)
BROKEN_OFF: tuple[type[Exception], ...] = ()  # those of them that a stream without its end raises
CUT: tuple[type[Exception], ...] = ()  # and one of those, that a connection raises which was lost
NOT_MADE: tuple[type[Exception], ...] = ()  # for a connection that never was
REFUSED: tuple[type[Exception], ...] = ()  # for what the engine itself has answered

try:
    _keep_distutils()
    import docker
    import docker.errors
    import docker.tls
    import urllib3.exceptions
except ImportError as exc:
    docker = None
    IMPORT_ERROR: ImportError | None = exc
else:
    IMPORT_ERROR = None
    CUT = (urllib3.exceptions.ProtocolError,)
    NOT_MADE = (urllib3.exceptions.MaxRetryError,)
    REFUSED = (docker.errors.APIError,)
    BROKEN_OFF = (docker.errors.StreamParseError, *CUT)
    FAILURES = (docker.errors.DockerException, urllib3.exceptions.HTTPError, OSError, *BROKEN_OFF)


def version_of(package: str) -> str:
    """Its name and version, for messages."""
    from importlib import metadata  # takes as long as asking the engine, and is seldom needed

    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return f"{package} of unknown version"
