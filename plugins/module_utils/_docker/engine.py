# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection to the Docker Engine of a factory host."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from .._argspec import SOCKET
from .._errors import BrokenOffError, EngineUnavailableError, SpecError
from .failures import error_of, not_imported, not_reached, refusal
from .sdk import FAILURES, IMPORT_ERROR, docker
from .timeline import seconds_of

MOST_THREADS = 16
LEAST_API = (1, 41)
SCHEMES = ("unix", "tcp", "http", "https")
CHUNK = 64 * 1024

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
            raise error_of(tried, self.place, exc) from exc

    def find(self, tried: str, function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result | None:
        """Like `call`, and None for an object that does not exist."""
        try:
            return function(*args, **kwargs)
        except docker.errors.NotFound:
            return None
        except FAILURES as exc:
            raise error_of(tried, self.place, exc) from exc

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
                    raise refusal(tried, self.place, response)
                yield None if response.status_code == 404 else response
        except FAILURES as exc:
            raise error_of(tried, self.place, exc) from exc

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
        SpecError: an option cannot be right.
        EngineUnavailableError: nothing answers, or it may not be spoken to.
    """
    address = str(params["docker_host"] or SOCKET)  # empty in the environment as well, it is none to docker itself
    place = f"host {platform.node()}, engine {_without_password(address)}"
    if IMPORT_ERROR is not None:
        raise not_imported(IMPORT_ERROR) from IMPORT_ERROR
    _check_address(address, place)
    _check_options(params, f"host {platform.node()}")
    try:
        client = docker.APIClient(
            base_url=address,
            version="auto",
            timeout=params["docker_timeout"],
            tls=_tls(params),
            max_pool_size=MOST_THREADS,
        )
    except FAILURES as exc:
        raise not_reached(place, exc) from exc
    _check_version(client.api_version, place)
    engine = Engine(client, place)
    if not engine.is_local:
        engine.ahead = _clock_ahead(client)
    return engine


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
    scheme = address.partition("://")[0]
    try:
        parts = urlsplit(address)
        _port = parts.port
    except ValueError:  # the port is none, or a bracket of an IPv6 address is missing
        return False
    return scheme == "unix" or (scheme in SCHEMES and "@" not in parts.netloc)


def _without_password(address: str) -> str:
    """For messages, where nobody may read it."""
    return re.sub(r"^((?:[^/]*//)?[^/:@]*):(?!//).*@", r"\1@", address)


def _check_options(params: Mapping[str, Any], host: str) -> None:
    seconds = params["docker_timeout"]
    if seconds < 1:
        raise SpecError(
            "use docker_timeout (agents_docker_timeout)", where=host, answered=f"{seconds} is less than a second"
        )
    for option in ("docker_ca_path", "docker_cert_path", "docker_key_path"):
        path = params.get(option)
        if path and not os.path.isfile(path):
            raise SpecError(
                f"use {option} (agents_{option}) {path}",
                where=host,
                answered="there is no such file",
                todo="Give the path of a PEM file on that host, which is where the module runs.",
            )


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
