# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection to the Docker Engine of a factory host: the only place that imports the docker SDK."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from .._agents.log import printable_line
from .._errors import EngineError, EngineUnavailableError, SdkMissingError

try:
    import docker
    import docker.errors
    import docker.tls
    import docker.types
except ImportError as exc:
    docker = None
    IMPORT_ERROR: ImportError | None = exc
else:
    IMPORT_ERROR = None

MOST_THREADS = 16
INSTALL = (
    "Install the docker SDK for this interpreter, for example with the role edgefleet.connectware.docker_host (package"
    " python3-docker), or set ansible_python_interpreter to one that has it."
)

Item = TypeVar("Item")
Result = TypeVar("Result")


class Engine:
    """A Docker Engine that answers.

    Args:
        client: a docker.APIClient; may be used by several threads at once.
        place: host and address, for messages.
    """

    def __init__(self, client: Any, place: str) -> None:
        self.client = client
        self.place = place

    def call(self, tried: str, function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
        """Call the SDK.

        Raises:
            EngineError: with what the engine answered. A missing object is an error here too; see `find`.
        """
        try:
            return function(*args, **kwargs)
        except (docker.errors.DockerException, OSError) as exc:
            raise EngineError(tried, where=self.place, answered=explained(exc), todo=advice(exc)) from exc

    def find(self, tried: str, function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result | None:
        """Like `call`, and None for an object that does not exist."""
        try:
            return function(*args, **kwargs)
        except docker.errors.NotFound:
            return None
        except (docker.errors.DockerException, OSError) as exc:
            raise EngineError(tried, where=self.place, answered=explained(exc), todo=advice(exc)) from exc

    def in_parallel(self, function: Callable[[Item], Result], items: list[Item]) -> list[Result]:
        """The results in the order of the items; the first error is raised after all have ended."""
        if not items:
            return []
        with ThreadPoolExecutor(max_workers=min(MOST_THREADS, len(items))) as pool:
            return list(pool.map(function, items))


def connect(params: Mapping[str, Any]) -> Engine:
    """Connect by the options of ENGINE_OPTIONS.

    Raises:
        SdkMissingError: this interpreter has no docker SDK, or one that does not work with its other packages.
        EngineUnavailableError: nothing answers, or it may not be spoken to.
    """
    address = str(params["docker_host"])
    place = f"host {platform.node()}, engine {address}"
    if IMPORT_ERROR is not None:
        raise SdkMissingError(
            f"import the docker SDK with {sys.executable} (Python {platform.python_version()})",
            where=f"host {platform.node()}",
            answered=str(IMPORT_ERROR),
            todo=INSTALL,
        ) from IMPORT_ERROR
    try:
        client = docker.APIClient(base_url=address, version="auto", timeout=params["docker_timeout"], tls=_tls(params))
    except (docker.errors.DockerException, OSError) as exc:
        raise _unavailable(exc, place) from exc
    return Engine(client, place)


def _tls(params: Mapping[str, Any]) -> Any:
    ca_path, cert, key = (params.get(f"docker_{name}_path") for name in ("ca", "cert", "key"))
    if not (ca_path or cert):
        return False
    return docker.tls.TLSConfig(client_cert=(cert, key) if cert else None, ca_cert=ca_path, verify=True)


def _unavailable(exc: Exception, place: str) -> EngineError:
    text = explained(exc)
    if "http+docker" in text or "scheme" in text.lower():
        versions = f"docker SDK {docker.__version__}, interpreter {sys.executable}"
        return SdkMissingError(
            "use the docker SDK",
            where=place,
            answered=f"{text} ({versions})",
            todo="This version of the SDK does not work with the installed requests or urllib3. Install docker 7.1 or"
            " newer for this interpreter, or requests older than 2.32.",
        )
    return EngineUnavailableError("reach the Docker Engine", where=place, answered=text, todo=advice(exc))


def explained(exc: Exception) -> str:
    """What the engine said, else what the connection said: bounded and printable."""
    said = getattr(exc, "explanation", None)
    return printable_line(str(said if said else exc))


def advice(exc: Exception) -> str:
    """What to do about an engine that cannot be spoken to; empty where the engine itself answered."""
    text = str(exc)
    if "Permission denied" in text or "PermissionError" in text:
        return "Use become: true, or add the user to the group docker and log in anew."
    if "No such file" in text or "FileNotFoundError" in text:
        return (
            "There is no such socket: install and start Docker Engine (role edgefleet.connectware.docker_host), or set"
            " docker_host (agents_docker_host) to where it listens."
        )
    if "Connection refused" in text or "ConnectionRefusedError" in text:
        return "Nothing listens there: start Docker Engine (role edgefleet.connectware.docker_host)."
    return ""
