# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One HTTP exchange: bytes out, bytes in, or a failure that says what kind it was. No retries, no login, no meaning."""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._errors import SpecError, TlsError
from .dependencies import requests

MAX_ANSWER = 16 * 1024 * 1024
PART = 64 * 1024  # bytes that are received at once, at most
SMALL_PART = 16  # the same where all of them are waited for: at most so many time-outs between two looks at the clock
CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
REFUSED = "refused"
TIMEOUT = "timeout"
RESET = "reset"
TLS = "tls"
TOO_LARGE = "too_large"

# The connection ended within the handshake, or after it without a word: a proxy has nobody behind it yet, for example.
_ENDED = {"SSLEOFError", "SSLZeroReturnError", "SSLSyscallError"}
_NO_TUNNEL = "Tunnel connection failed"  # as http.client says that a proxy has refused to connect
_GZIP_OR_ZLIB = zlib.MAX_WBITS + 32
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "edgefleet.connectware"}


@dataclass(frozen=True)
class Reply:
    """An answer as it came over the wire; the names of the headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Failure:
    """No usable answer. `unsent`: the server cannot have acted on the request."""

    kind: str
    text: str
    unsent: bool = False


class Transport:
    """Sends requests to one server over one kept connection. It never follows a redirect.

    Args:
        ca_path: file or directory of the CA certificates to trust; None takes the system's choice.
        validate_certs: False accepts every certificate.
        timeout: seconds to connect, and seconds without a byte of the answer.
    """

    def __init__(self, *, ca_path: str | None, validate_certs: bool, timeout: float) -> None:
        self._ca_path = ca_path
        self._validate_certs = validate_certs
        self._timeout = timeout
        self._session: Any = None

    def close(self) -> None:
        """Close the kept connection."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> Reply | Failure:
        """Exchange one request for its answer.

        Raises:
            TlsError: the CA certificates cannot be read; nothing was sent.
            SpecError: the address, or the proxy of the environment, is none; nothing was sent.
        """
        session = self._opened()
        proxies = requests.utils.get_environ_proxies(url)
        headers = {**_HEADERS, **headers}
        data = None if body is None else json.dumps(body).encode("ascii")
        if data is not None:
            headers["Content-Type"] = "application/json"
        try:
            prepared = session.prepare_request(requests.Request(method, url, headers=headers, data=data))
            response = session.send(
                prepared,
                stream=True,
                allow_redirects=False,
                verify=self._verify(),
                proxies=proxies,
                timeout=(self._timeout, self._timeout),
            )
            with response:
                return self._received(response)
        except (OSError, ValueError, requests.packages.urllib3.exceptions.HTTPError) as exc:
            # Among them is every error of requests, which lets some of the libraries below it through.
            failure = _failure(exc)
            return _at_proxy(failure, requests.utils.select_proxy(url, proxies)) if failure.unsent else failure

    def _opened(self) -> Any:
        if self._session is None:
            self._session = requests.Session()
            # Credentials of a .netrc must not replace ours, nor REQUESTS_CA_BUNDLE the given CA; proxies and the
            # CA bundle of the environment are asked for explicitly where they apply.
            self._session.trust_env = False
            # Where a redirect leads to is not even parsed, nor its answer read before it is looked at here.
            self._session.get_redirect_target = lambda _response: None
            if not self._validate_certs:
                requests.packages.urllib3.disable_warnings(requests.packages.urllib3.exceptions.InsecureRequestWarning)
        return self._session

    def _verify(self) -> bool | str:
        if not self._validate_certs:
            return False
        if self._ca_path is not None:
            return _readable("connectware_ca_path", self._ca_path)
        for name in CA_VARIABLES:
            if os.environ.get(name):
                return _readable(name, os.environ[name])
        return True

    def _received(self, response: Any) -> Reply | Failure:
        end = time.monotonic() + 4 * self._timeout
        headers = {str(name).lower(): str(value) for name, value in response.headers.items()}
        body = _Body(headers.get("content-encoding", ""))
        while part := _receive(response.raw):
            body.add(part)
            if body.too_large:
                return Failure(TOO_LARGE, f"the answer is larger than {MAX_ANSWER} bytes")
            if time.monotonic() > end:
                return Failure(TIMEOUT, f"the answer was not complete after {4 * self._timeout:g} s")
        expected = headers.get("content-length", "")
        countable = expected.isascii() and expected.isdigit() and len(expected) < 20
        if countable and int(expected) > body.received:
            return Failure(RESET, f"the answer ended after {body.received} of {expected} bytes")
        if body.cut_off:
            return Failure(RESET, f"the answer ended after {body.received} bytes, before the end of what is compressed")
        return Reply(response.status_code, headers, bytes(body.content))


def _receive(raw: Any) -> bytes:
    """What has come, as it came; nothing at the end.

    It waits for one receive only, so that the clock is looked at after each: whoever sends a byte now and then never
    runs into the time-out of the connection. An older urllib3 cannot do that, and waits for a few bytes.
    """
    receive, most = (raw.read1, PART) if hasattr(raw, "read1") else (raw.read, SMALL_PART)
    return receive(most, decode_content=False) or b""


class _Body:
    """The body of an answer, decoded as it comes in, and hardly more of it than MAX_ANSWER bytes.

    urllib3 decodes as well, but receives on and on while nothing comes out of that.
    """

    def __init__(self, encoding: str) -> None:
        self.received = 0
        self.content = bytearray()
        coded = encoding.strip().lower() in ("gzip", "x-gzip", "deflate")
        self._decoder = zlib.decompressobj(_GZIP_OR_ZLIB) if coded else None

    @property
    def too_large(self) -> bool:
        return max(self.received, len(self.content)) > MAX_ANSWER

    @property
    def cut_off(self) -> bool:
        """Whether what came was compressed and its end is missing."""
        return self.received > 0 and self._decoder is not None and not self._decoder.eof

    def add(self, part: bytes) -> None:
        """Take in what was received.

        Raises:
            OSError: it cannot be decoded.
        """
        self.received += len(part)
        if self._decoder is not None:
            try:
                part = self._decoder.decompress(part, MAX_ANSWER + 1 - len(self.content))
            except zlib.error as exc:
                raise OSError(str(exc)) from exc
        self.content += part


def _readable(setting: str, path: str) -> str:
    if not os.path.exists(path):
        answered = "there is no such file or directory"
    elif not os.access(path, os.R_OK):
        answered = "it cannot be read by the user that runs this"
    else:
        return path
    raise TlsError(
        "use the CA certificates",
        where=f"{setting} {path}",
        answered=answered,
        todo="Give the path, on the machine that runs this task, of a PEM file with the CA's certificate.",
    )


def _failure(exc: Exception) -> Failure:
    errors = requests.exceptions
    text = _innermost(exc)
    chain = _names(exc)
    if chain & _ENDED:
        return Failure(RESET, text)
    if isinstance(exc, errors.SSLError) or chain & {"SSLError", "SSLCertVerificationError", "CertificateError"}:
        return Failure(TLS, text)
    if isinstance(exc, errors.ConnectTimeout) or "ConnectTimeoutError" in chain:
        return Failure(TIMEOUT, "no connection within the time-out", unsent=True)
    if isinstance(exc, errors.Timeout) or "ReadTimeoutError" in chain:
        return Failure(TIMEOUT, "no answer within the time-out")
    # Not every ProxyError: an older urllib3 has it also of a connection that a proxy ended after the request was sent.
    if chain & {"NewConnectionError", "NameResolutionError"} or _NO_TUNNEL in text:
        return Failure(REFUSED, text, unsent=True)
    # A ValueError that is no answer's fault is an address that cannot be used, of the server or of a proxy.
    if isinstance(exc, errors.ConnectionError) or not isinstance(exc, ValueError):
        return Failure(RESET, text)
    raise SpecError(
        "send a request",
        answered=type(exc).__name__,
        todo="Check connectware_url, the proxy settings of the environment and connectware_contract.",
    ) from None


def _at_proxy(failure: Failure, proxy: str | None) -> Failure:
    """A connection that was never made is one to the proxy, where there is one; its address may have a password."""
    if proxy is None:
        return failure
    place = proxy.rpartition("://")[2].rpartition("@")[2].partition("/")[0]
    told = f"{failure.text}, at the proxy {place} of the environment (NO_PROXY names what is reached without it)"
    return replace(failure, text=told)


def _causes(exc: BaseException) -> list[BaseException]:
    """The exception and everything it wraps, outermost first; it may be in `reason`, `args` or the context.

    What was hidden with `from None` is no cause.
    """
    found: list[BaseException] = []
    waiting: list[BaseException] = [exc]
    while waiting and len(found) < 20:
        current = waiting.pop(0)
        if current in found:
            continue
        found.append(current)
        context = None if current.__suppress_context__ else current.__context__
        inner = [getattr(current, "reason", None), *current.args, current.__cause__, context]
        waiting += [item for item in inner if isinstance(item, BaseException)]
    return found


def _names(exc: BaseException) -> set[str]:
    return {type(item).__name__ for item in _causes(exc)}


def _innermost(exc: BaseException) -> str:
    """What the operating system or the TLS library said, without the wrappings of the HTTP libraries."""
    causes = _causes(exc)
    for item in reversed(causes):
        if isinstance(item, OSError) and str(item) and type(item).__module__ in ("builtins", "ssl", "socket"):
            return f"{type(item).__name__}: {item.strerror or item}"
    return f"{type(causes[-1]).__name__}: {causes[-1]}"
