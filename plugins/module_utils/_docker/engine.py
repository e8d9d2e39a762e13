# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection to the Docker Engine of a factory host: the only place that imports the docker SDK."""

from __future__ import annotations

import platform
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import metadata
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from .._agents.log import printable_line
from .._errors import BrokenOffError, EngineError, EngineUnavailableError, SdkMissingError
from .timeline import seconds_of


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

try:
    _keep_distutils()
    import docker
    import docker.errors
    import docker.tls
    import docker.types
    import urllib3.exceptions
except ImportError as exc:
    docker = None
    IMPORT_ERROR: ImportError | None = exc
else:
    IMPORT_ERROR = None
    BROKEN_OFF = (docker.errors.StreamParseError, urllib3.exceptions.ProtocolError)
    FAILURES = (docker.errors.DockerException, urllib3.exceptions.HTTPError, OSError, *BROKEN_OFF)

MOST_THREADS = 16
LEAST_API = (1, 41)
SCHEMES = ("unix", "tcp", "http", "https")
CHUNK = 64 * 1024
INSTALL = (
    "Install the docker SDK for this interpreter, for example with the role edgefleet.connectware.docker_host (package"
    " python3-docker), or set ansible_python_interpreter to one that has it."
)

# How an SDK fails whose requests (2.32) or urllib3 (2) is too new for it.
BROKEN_SDK = ("http+docker", "unexpected keyword argument 'chunked'")

Item = TypeVar("Item")
Result = TypeVar("Result")


class Engine:
    """A Docker Engine that answers.

    Args:
        client: a docker.APIClient; may be used by several threads at once.
        place: host and address, for messages.

    Attributes:
        ahead: seconds by which its clock is ahead of this machine's.
    """

    def __init__(self, client: Any, place: str) -> None:
        self.client = client
        self.place = place
        self.ahead = 0.0

    @property
    def is_local(self) -> bool:
        """It is spoken to through a socket of this machine, and so most probably runs on it."""
        return str(self.client.base_url).startswith("http+docker:")

    def now(self) -> float:
        """Epoch seconds by the engine's clock, as are all times that it tells."""
        return time.time() + self.ahead

    def call(self, tried: str, function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
        """Call the SDK.

        Raises:
            EngineUnavailableError: there is no connection to it any more.
            EngineError: with what the engine answered. A missing object is an error here too; see `find`.
        """
        try:
            return function(*args, **kwargs)
        except FAILURES as exc:
            raise self._failed(tried, exc) from exc

    def find(self, tried: str, function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result | None:
        """Like `call`, and None for an object that does not exist."""
        try:
            return function(*args, **kwargs)
        except docker.errors.NotFound:
            return None
        except FAILURES as exc:
            raise self._failed(tried, exc) from exc

    @contextmanager
    def answer(self, tried: str, method: str, path: str, params: Mapping[str, object]) -> Iterator[Any]:
        """The engine's answer as it comes in, for what the SDK has no or a slow call; None for a missing object.

        The connection is closed at the end, also where the answer was not read to its end: engines of 20.10 hold the
        container locked until then.

        Args:
            path: with everything but slashes quoted, as `quoted` does.

        Raises:
            EngineError: with what the engine answered, or that it ended before its end.
        """
        client = self.client
        url = f"{client.base_url}/v{client.api_version}{path}"
        # Compressed, a few bytes of an archive can be megabytes.
        options = {"headers": {"Accept-Encoding": "identity"}, "stream": True, "timeout": client.timeout}
        try:
            with client.request(method, url, params=params, **options) as response:
                if response.status_code >= 400 and response.status_code != 404:
                    answered = printable_line(_message_of(response))
                    raise EngineError(tried, where=self.place, answered=answered)
                yield None if response.status_code == 404 else response
        except FAILURES as exc:
            raise self._failed(tried, exc) from exc

    def _failed(self, tried: str, exc: Exception) -> EngineError:
        """The error to raise: an engine that is away now, and may come back, is told apart from one that refuses."""
        error = EngineUnavailableError if _is_away(exc) else BrokenOffError if _broken_off(exc) else EngineError
        return error(tried, where=self.place, answered=explained(exc), todo=advice(exc))

    def asked_again(self, ask: Callable[[], Result]) -> Result:
        """What it gives; asked a second time where the answer broke off: an engine that has ended is away by then."""
        try:
            return ask()
        except BrokenOffError:
            return ask()

    def in_parallel(self, function: Callable[[Item], Result], items: list[Item]) -> list[Result]:
        """The results in the order of the items; the first error is raised after all have ended."""
        if not items:
            return []
        with ThreadPoolExecutor(max_workers=min(MOST_THREADS, len(items))) as pool:
            futures = [pool.submit(function, item) for item in items]
        return [future.result() for future in futures]


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
    _check_address(address, place)
    try:
        client = docker.APIClient(
            base_url=address,
            version="auto",
            timeout=params["docker_timeout"],
            tls=_tls(params),
            max_pool_size=MOST_THREADS,
        )
    except FAILURES as exc:
        raise _unavailable(exc, place) from exc
    _check_version(client.api_version, place)
    engine = Engine(client, place)
    if not engine.is_local:
        engine.ahead = _clock_ahead(client)
    return engine


def _is_away(exc: Exception) -> bool:
    """The connection could not be made or was lost. An answer that only takes too long may be that of one container."""
    causes = (exc, *exc.args)
    broken = [cause for cause in causes if isinstance(cause, urllib3.exceptions.ProtocolError)]
    lost = any(isinstance(part, OSError) for cause in broken for part in cause.args)
    return lost or any(isinstance(cause, urllib3.exceptions.MaxRetryError) for cause in causes)


def _broken_off(exc: Exception) -> Exception | None:
    """How the answer ended in the middle, as urllib3 says it or requests passes it on; None for any other failure."""
    if isinstance(exc, BROKEN_OFF):
        return exc
    passed_on = [cause for cause in exc.args if isinstance(cause, BROKEN_OFF)]
    # One that has an error of the system is a connection that was lost, or never made.
    return next((cause for cause in passed_on if not any(isinstance(part, OSError) for part in cause.args)), None)


def types_of_sdk() -> Any:
    """The SDK's module with the types of its arguments."""
    return docker.types


def quoted(name: str) -> str:
    """A name as one part of a path."""
    return quote(name, safe="")


def _check_address(address: str, place: str) -> None:
    if not _is_supported(address):
        raise EngineUnavailableError(
            "reach the Docker Engine",
            where=place,
            answered="such an address is not supported",
            todo="Set docker_host (agents_docker_host) to unix:///path or tcp://host:port. To reach an engine through"
            " SSH, make its host a host of the inventory: the module runs there.",
        )


def _is_supported(address: str) -> bool:
    try:
        _port = urlsplit(address).port
    except ValueError:  # the port is none, or a bracket of an IPv6 address is missing
        return False
    return address.partition("://")[0] in SCHEMES


def _check_version(version: str, place: str) -> None:
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < LEAST_API:
        raise EngineUnavailableError(
            "use the Docker Engine",
            where=place,
            answered=f"its API has version {version}",
            todo=f"API {LEAST_API[0]}.{LEAST_API[1]} (Docker Engine 20.10) or newer is needed: upgrade the engine.",
        )


def _clock_ahead(client: Any) -> float:
    """See Engine.ahead: rather too little than too much, so that nothing seems to have run for longer than it has.

    Where the engine does not tell its time, or something before it forbids the question, the clocks count as equal.
    """
    try:
        told = seconds_of(client.info().get("SystemTime"))
    except FAILURES:
        return 0.0
    return told - time.time() if told is not None else 0.0


def _tls(params: Mapping[str, Any]) -> Any:
    ca_path, cert, key = (params.get(f"docker_{name}_path") for name in ("ca", "cert", "key"))
    if not (ca_path or cert):
        return False
    return docker.tls.TLSConfig(client_cert=(cert, key) if cert else None, ca_cert=ca_path, verify=True)


def _unavailable(exc: Exception, place: str) -> EngineError:
    text = explained(exc)
    if any(sign in text for sign in BROKEN_SDK):
        versions = ", ".join([f"interpreter {sys.executable}", *map(_version, ("docker", "requests", "urllib3"))])
        return SdkMissingError(
            "use the docker SDK",
            where=place,
            answered=f"{text} ({versions})",
            todo="This version of the SDK does not work with the installed requests or urllib3. Install docker 7.1 or"
            " newer for this interpreter, or requests older than 2.29 and urllib3 older than 2.",
        )
    return EngineUnavailableError("reach the Docker Engine", where=place, answered=text, todo=advice(exc))


def _version(package: str) -> str:
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return f"{package} of unknown version"


def _message_of(response: Any) -> str:
    """What an engine says in an error, which is JSON if it comes from the engine itself."""
    try:
        return str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        return f"{response.status_code} {response.reason}"


def explained(exc: Exception) -> str:
    """What the engine said, else what the connection said: bounded and printable."""
    broken = _broken_off(exc)
    if broken is not None:
        return printable_line(f"the answer of the engine ended in the middle ({next(iter(broken.args), broken)})")
    said = getattr(exc, "explanation", None)
    return printable_line(str(said if said else exc))


def advice(exc: Exception) -> str:
    """What to do about an engine that cannot be spoken to; empty where the engine itself answered."""
    if _broken_off(exc) is not None:
        return "The engine was stopped, or has failed: see that it runs (its own log tells more), then run again."
    if isinstance(exc, docker.errors.APIError):
        return ""
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
