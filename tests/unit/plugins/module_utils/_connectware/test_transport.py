# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong below HTTP: certificates, time-outs, refused and reset connections, half answers."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import threading
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import RemoteDisconnected
from pathlib import Path
from typing import Any, Callable, Union

import pytest
import requests
import urllib3.exceptions as urllib3_errors
from unit.plugins.module_utils._connectware.conversation import (
    PASSWORD,
    TOKEN,
    Authority,
    Conversation,
    all_texts,
    new_authority,
    no_secret,
)

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.failures import _tls_todo
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.session import Session
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.transport import (
    MAX_ANSWER,
    REFUSED,
    RESET,
    TIMEOUT,
    Failure,
    Transport,
    _failure,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import (
    ContractError,
    ServerError,
    TlsError,
    UnreachableError,
)

SessionOf = Callable[..., Session]
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\nConnection: close\r\n\r\n" + b'{"version": "1"}'
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\nConnection: close\r\n\r\n" + b'{"version"'
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: https://[::1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
HALF_CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n" + b'{"version"'
OK = b"HTTP/1.1 200 OK\r\n"
HALF_GZIP = OK + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(b'{"version": "1"}')[:20]
NOTHING_YET = b"\x00\x00\x00\xff\xff"  # within gzip: an empty block, after which others follow


@dataclass(frozen=True)
class Drip:
    """An answer that goes on, too fast for a time-out, until nobody listens; it gives up after some seconds."""

    head: bytes
    drop: bytes = b" "
    drops: int = 100
    pause: float = 0.05


@dataclass(frozen=True)
class Kept:
    """The same answer to each request of a connection, which is not cut."""

    answer: bytes


Served = Union[bytes, Drip, Kept, None]


class RawServer:
    """Answers each connection with the next bytes, then cuts it; None never answers."""

    def __init__(self, context: ssl.SSLContext | None, answers: Sequence[Served]) -> None:
        self.accepted = 0
        self._context = context
        self._answers = answers
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        return f"https://localhost:{self._socket.getsockname()[1]}"

    def __enter__(self) -> RawServer:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _peer = self._socket.accept()
            except OSError:
                return
            answer = self._answers[min(self.accepted, len(self._answers) - 1)]
            self.accepted += 1
            try:
                self._talk(connection, answer)
            except OSError:
                pass
            finally:
                connection.close()

    def _talk(self, connection: socket.socket, answer: Served) -> None:
        if self._context is not None:
            connection = self._context.wrap_socket(connection, server_side=True)
        connection.recv(65536)
        if answer is None:
            self._over.wait(10)
        elif isinstance(answer, Kept):
            connection.sendall(answer.answer)
            while connection.recv(65536):
                connection.sendall(answer.answer)
        elif isinstance(answer, Drip):
            connection.sendall(answer.head)
            for _number in range(answer.drops):
                connection.sendall(answer.drop)
                if self._over.wait(answer.pause):
                    break
        elif answer:
            connection.sendall(answer)
        connection.close()


@contextmanager
def raw(authority: Authority, *answers: Served) -> Iterator[RawServer]:
    with RawServer(authority.server_context(), list(answers)) as server:
        yield server


def params_for(server: RawServer, authority: Authority, **more: Any) -> dict[str, Any]:
    return {
        "connectware_url": server.url,
        "connectware_token": TOKEN,
        "connectware_ca_path": str(authority.path),
        "connectware_timeout": 5,
        **more,
    }


@pytest.mark.parametrize(
    "broken",
    [b"", HALF, HALF_CHUNK, HALF_GZIP, b"garbage\r\n\r\n"],
    ids=["reset", "half", "chunk", "gzip", "garbage"],
)
def test_a_broken_answer_is_asked_for_again(
    broken: bytes, authority: Authority, session_of: SessionOf, sleeps: list[float]
) -> None:
    with raw(authority, broken, GOOD) as server:
        assert session_of(params_for(server, authority)).call("system_info").data == {"version": "1"}
    assert len(sleeps) == 1


@pytest.mark.parametrize("broken", [b"", HALF, HALF_CHUNK, HALF_GZIP], ids=["reset", "half", "chunk", "gzip"])
def test_an_answer_that_stays_broken(broken: bytes, authority: Authority, session_of: SessionOf) -> None:
    with raw(authority, broken) as server, pytest.raises(UnreachableError, match="tried 4 times") as caught:
        session_of(params_for(server, authority)).call("system_info")
    assert server.accepted == 4
    assert no_secret(all_texts(caught.value))


def test_a_redirect_to_no_address(authority: Authority, session_of: SessionOf) -> None:
    with raw(authority, REDIRECT) as server, pytest.raises(ContractError, match=r"redirect to https://\[::1, which"):
        session_of(params_for(server, authority)).call("system_info")
    assert server.accepted == 1


@pytest.mark.parametrize("name", ["confirm", "create_user"])
def test_what_may_have_been_done_is_not_repeated(name: str, authority: Authority, session_of: SessionOf) -> None:
    with raw(authority, b"") as server, pytest.raises(UnreachableError):
        session_of(params_for(server, authority)).call(name, username="press", password=PASSWORD)
    assert server.accepted == 1


def test_silence_ends_in_a_time_out(authority: Authority, session_of: SessionOf, sleeps: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=8) as silent:
        url = f"https://localhost:{silent.getsockname()[1]}"
        params = {"connectware_url": url, "connectware_token": TOKEN, "connectware_ca_path": str(authority.path)}
        session = session_of({**params, "connectware_timeout": 0.2})
        with pytest.raises(UnreachableError, match="raise connectware_timeout") as caught:
            session.call("system_info")
    assert len(sleeps) == 1
    assert no_secret(all_texts(caught.value))


@pytest.mark.parametrize(
    "drip",
    [
        Drip(OK + b"Content-Length: 60000\r\n\r\n"),
        Drip(OK + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n"),
        Drip(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10], NOTHING_YET),
        Drip(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 60000\r\n\r\n"),
    ],
    ids=["length", "chunk", "gzip", "redirect"],
)
def test_an_answer_that_does_not_end_is_not_waited_for(drip: Drip, authority: Authority) -> None:
    """Not by the time that the test takes: the drip gives up later, and the failure would be another one."""
    transport = Transport(ca_path=str(authority.path), validate_certs=True, timeout=0.5)
    with raw(authority, drip) as server:
        got = transport.send("GET", server.url, {}, None)
    assert got == Failure(TIMEOUT, "the answer was not complete after 2 s")


@pytest.mark.parametrize(
    ("name", "pack"), [("gzip", gzip.compress), ("GZIP", gzip.compress), ("deflate", zlib.compress)]
)
def test_a_compressed_answer(name: str, pack: Callable[[bytes], bytes], server: Conversation, session: Session) -> None:
    data = {"version": "1", "notes": "x" * 200_000}
    packed = pack(json.dumps(data).encode())
    server.expect("GET", "/api/system/info", answer=packed, headers={"Content-Encoding": name})
    assert session.call("system_info").data == data


def test_what_a_compressed_answer_grows_to_is_bounded(server: Conversation, session: Session) -> None:
    packed = gzip.compress(b" " * (MAX_ANSWER + 1), 1)
    server.expect("GET", "/api/system/info", answer=packed, headers={"Content-Encoding": "gzip"})
    with pytest.raises(ContractError, match=f"larger than {MAX_ANSWER} bytes"):
        session.call("system_info")


def test_an_answer_that_is_not_compressed_as_it_says(
    server: Conversation, session: Session, sleeps: list[float]
) -> None:
    server.expect("GET", "/api/system/info", answer=b'{"version": "0"}', headers={"Content-Encoding": "gzip"})
    server.expect("GET", "/api/system/info", answer={"version": "1"})
    assert session.call("system_info").data == {"version": "1"}
    assert len(sleeps) == 1


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 2\r\n\r\n{}",
        OK + b"Content-Length: 0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        OK
        + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(gzip.compress(b"{}")), gzip.compress(b"{}")),
        b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 2\r\n\r\n{}",
    ],
    ids=["length", "empty", "chunks", "gzip", "redirect"],
)
def test_the_connection_is_kept_after_each_answer(answer: bytes, authority: Authority) -> None:
    transport = Transport(ca_path=str(authority.path), validate_certs=True, timeout=5)
    with raw(authority, Kept(answer)) as server:
        replies = [transport.send("GET", server.url, {}, None) for _number in range(3)]
        transport.close()
    assert [type(reply).__name__ for reply in replies] == ["Reply"] * 3
    assert server.accepted == 1


def raised(error: BaseException, inside: BaseException, *, hidden: bool) -> BaseException:
    """The error as it is after it was raised while the other one was handled; hidden by `from None`."""
    error.__context__, error.__suppress_context__ = inside, hidden
    return error


def test_what_a_library_has_hidden_of_its_own_doing_is_not_told() -> None:
    """As urllib3 1.26 hides that it has asked `getresponse` for an option of Python 2 first."""
    ended = raised(RemoteDisconnected("Remote end closed connection"), TypeError("unexpected argument"), hidden=True)
    told = requests.exceptions.ConnectionError(urllib3_errors.ProtocolError("Connection aborted.", ended))
    assert _failure(told) == Failure(RESET, "RemoteDisconnected: Remote end closed connection")


def test_what_was_the_reason_is_told() -> None:
    refused = ConnectionRefusedError(111, "Connection refused")
    told = raised(requests.exceptions.ConnectionError("no"), refused, hidden=False)
    assert isinstance(told, Exception) and _failure(told).text == "ConnectionRefusedError: Connection refused"


def through_proxy(inside: BaseException) -> Exception:
    """What requests raises of a failure that urllib3 takes for one of the proxy."""
    failed: Any = urllib3_errors.ProxyError("Cannot connect to proxy.", inside)
    no_pool: Any = None
    error: Exception = requests.exceptions.ProxyError(urllib3_errors.MaxRetryError(no_pool, "/api", failed))
    return error


NO_CONNECTION: Any = None
NOT_MADE = urllib3_errors.NewConnectionError(NO_CONNECTION, "Failed to establish a new connection")


@pytest.mark.parametrize(
    ("inside", "kind", "unsent"),
    [
        (NOT_MADE, REFUSED, True),
        (urllib3_errors.ConnectTimeoutError("timed out"), TIMEOUT, True),
        (OSError("Tunnel connection failed: 502 Bad Gateway"), REFUSED, True),
        (ConnectionResetError(104, "Connection reset by peer"), RESET, False),
        (BrokenPipeError(32, "Broken pipe"), RESET, False),
        (RemoteDisconnected("Remote end closed connection without response"), RESET, False),
    ],
    ids=["not made", "time-out", "tunnel", "reset", "pipe", "closed"],
)
def test_what_a_proxy_may_have_passed_on_was_sent(inside: BaseException, kind: str, unsent: bool) -> None:
    failure = _failure(through_proxy(inside))
    assert (failure.kind, failure.unsent) == (kind, unsent)


@pytest.mark.parametrize("name", ["system_info", "confirm"])
def test_a_refused_connection(name: str, session_of: SessionOf, sleeps: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    params = {"connectware_url": f"https://localhost:{port}", "connectware_token": TOKEN}
    with pytest.raises(UnreachableError, match="refused") as caught:
        session_of(params).call(name, username="press")
    assert len(sleeps) == (3 if name == "system_info" else 0)
    assert "firewall" in caught.value.todo


def test_a_name_that_does_not_exist(session_of: SessionOf) -> None:
    params = {"connectware_url": "https://connectware.invalid", "connectware_token": TOKEN}
    with pytest.raises(UnreachableError, match=r"connectware\.invalid"):
        session_of(params).call("system_info")


def test_another_ca_is_not_trusted(
    server: Conversation, login_params: dict[str, Any], session_of: SessionOf, folder: Path, sleeps: list[float]
) -> None:
    other = new_authority(folder)
    with pytest.raises(TlsError, match="connectware_ca_path") as caught:
        session_of({**login_params, "connectware_ca_path": str(other.path)}).call("system_info")
    assert server.seen == []
    assert sleeps == []
    assert no_secret(all_texts(caught.value))


def test_without_a_ca_path_the_systems_choice_is_trusted(
    server: Conversation, params: dict[str, Any], session_of: SessionOf
) -> None:
    with pytest.raises(TlsError, match="connectware_ca_path"):
        session_of({**params, "connectware_ca_path": None}).call("system_info")
    assert server.seen == []


def test_validation_can_be_turned_off_without_warnings(
    server: Conversation, params: dict[str, Any], session_of: SessionOf
) -> None:
    server.expect("GET", "/api/system/info", answer={})
    with warnings.catch_warnings():
        warnings.simplefilter("error", category=ResourceWarning)
        session_of({**params, "connectware_ca_path": None, "connectware_validate_certs": False}).call("system_info")


def test_a_certificate_for_another_name(authority: Authority, session_of: SessionOf) -> None:
    wrong_name = "host name that the certificate was made for"
    raw = RawServer(authority.server_context("elsewhere.example"), [GOOD])
    with raw as server, pytest.raises(TlsError, match=wrong_name):
        session_of(params_for(server, authority)).call("system_info")


def test_a_port_without_tls(authority: Authority, session_of: SessionOf) -> None:
    raw = RawServer(None, [b"HTTP/1.1 400 Bad Request\r\n\r\n"])
    with raw as server, pytest.raises(TlsError, match="does not speak TLS"):
        session_of(params_for(server, authority)).call("system_info")


def test_a_handshake_that_is_not_answered_is_no_certificate_that_is_wrong(
    authority: Authority, session_of: SessionOf
) -> None:
    """As by a load balancer that has no Connectware behind it right now: it is waited for, as for one that restarts."""
    with RawServer(None, [b""]) as server, pytest.raises(UnreachableError, match="tried 4 times") as caught:
        session_of(params_for(server, authority)).call("system_info")
    assert server.accepted == 4 and "certificate" not in caught.value.message


def test_a_server_that_wants_a_certificate_of_the_client(authority: Authority, session_of: SessionOf) -> None:
    context = authority.server_context()
    context.load_verify_locations(str(authority.path))
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # with which a client hears of it before it has sent anything
    with RawServer(context, [GOOD]) as server, pytest.raises(TlsError, match="want a certificate of the client"):
        session_of(params_for(server, authority)).call("system_info")


@pytest.mark.parametrize(
    ("text", "todo"),
    [
        ("certificate verify failed: Missing Authority Key Identifier", "strictly"),
        ("certificate verify failed: CA cert does not include key usage extension", "strictly"),
        ("certificate verify failed: unable to get local issuer certificate", "connectware_ca_path"),
        ("certificate verify failed: CA md too weak", "stronger key"),
        ("certificate verify failed: EE certificate key too weak", "stronger key"),
        ("[SSL: EE_KEY_TOO_SMALL] ee key too small", "stronger key"),
        ("[SSL: DH_KEY_TOO_SMALL] dh key too small", "TLS 1.2 or newer"),
        ("[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version", "TLS 1.2 or newer"),
        ("[SSL: UNSUPPORTED_PROTOCOL] unsupported protocol", "TLS 1.2 or newer"),
    ],
)
def test_what_to_do_about_a_certificate_that_is_refused(text: str, todo: str) -> None:
    assert todo in _tls_todo(text)


def test_a_ca_path_that_does_not_exist_is_told_before_connecting(
    server: Conversation, params: dict[str, Any], session_of: SessionOf, folder: Path
) -> None:
    with pytest.raises(TlsError, match="no such file"):
        session_of({**params, "connectware_ca_path": str(folder / "none.pem")}).call("system_info")
    assert server.seen == []


def test_a_ca_path_that_is_no_certificate(
    server: Conversation, params: dict[str, Any], session_of: SessionOf, folder: Path
) -> None:
    (folder / "ca.pem").write_text("hello")
    with pytest.raises(TlsError, match="connectware_ca_path"):
        session_of({**params, "connectware_ca_path": str(folder / "ca.pem")}).call("system_info")
    assert server.seen == []


def test_a_failing_server_is_told_from_an_unreachable_one(server: Conversation, session: Session) -> None:
    server.expect("GET", "/api/system/info", status=500)
    with pytest.raises(ServerError, match="empty body"):
        session.call("system_info")
