# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client that is refused by its certificate is told why, as by any real server."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from simulator.certificates import client_certificate, client_context
from simulator.harness import Simulator

ALERTS = {"other_ca": "unknown ca", "expired": "certificate expired", "none": "certificate required"}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """Its broker asks for client certificates."""
    running = Simulator(tmp_path_factory.mktemp("strict") / "state", config={"mutual_tls": True}).start()
    yield running
    running.stop()


def shown(simulator: Simulator, folder: Path, what: str) -> Path | None:
    """A file with a certificate and its key, or nothing."""
    if what == "none":
        return None
    if what == "other_ca":
        path = folder / "other.pem"
        trustme.CA().issue_cert(common_name="press-01").private_key_and_cert_chain_pem.write_to_path(str(path))
        return path
    return client_certificate(simulator, folder, "press-01", days=-1 if what == "expired" else 1)


def context_with(simulator: Simulator, certificate: Path | None) -> ssl.SSLContext:
    if certificate is not None:
        return client_context(simulator, certificate)
    return ssl.create_default_context(cafile=simulator.endpoints["ca_path"])


def answer(simulator: Simulator, context: ssl.SSLContext, *, sent: bytes = b"") -> bytes:
    """What a client reads that has sent something right after its handshake."""
    with (
        socket.create_connection(("127.0.0.1", simulator.endpoints["mqtts_port"]), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        secure.sendall(sent)
        return secure.recv(1)


@pytest.mark.parametrize("what", ["other_ca", "expired", "none"])
@pytest.mark.parametrize("sent", [b"", b"x" * 100_000], ids=["silent", "talkative"])
def test_a_refused_client_gets_the_alert(strict: Simulator, tmp_path: Path, what: str, sent: bytes) -> None:
    context = context_with(strict, shown(strict, tmp_path, what))
    with pytest.raises(ssl.SSLError, match=f"alert {ALERTS[what]}"):
        answer(strict, context, sent=sent)


@pytest.mark.parametrize("what", ["other_ca", "expired"])
def test_so_it_does_with_tls_1_2(strict: Simulator, tmp_path: Path, what: str) -> None:
    context = context_with(strict, shown(strict, tmp_path, what))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError, match=f"alert {ALERTS[what]}"):
        answer(strict, context)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl on this machine")
@pytest.mark.parametrize(("what", "number"), [("other_ca", 48), ("expired", 45), ("none", 116)])
def test_openssl_reads_the_alert_too(strict: Simulator, tmp_path: Path, what: str, number: int) -> None:
    own = shown(strict, tmp_path, what)
    call = ["openssl", "s_client", "-connect", f"127.0.0.1:{strict.endpoints['mqtts_port']}"]
    call += ["-CAfile", strict.endpoints["ca_path"], *([] if own is None else ["-cert", str(own), "-key", str(own)])]
    # Its input stays open: it ends because the broker has refused it.
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
        try:
            assert client.stdout is not None
            said = client.stdout.read().decode()
            assert client.wait(20) != 0
        finally:
            client.kill()
    assert f"SSL alert number {number}" in said


def test_a_good_certificate_still_gets_in_and_is_cut_at_once(strict: Simulator, tmp_path: Path) -> None:
    strict.control("POST", "users", {"username": "press-01", "grant_methods": ["certificate"]})
    connect = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x0a\x00\x04abcd"
    context = context_with(strict, shown(strict, tmp_path, "good"))
    with (
        socket.create_connection(("127.0.0.1", strict.endpoints["mqtts_port"]), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        secure.sendall(connect)
        assert secure.recv(4) == b"\x20\x02\x00\x00"
        assert strict.connected() == ["press-01"]
        strict.control("POST", "disconnect")
        assert secure.recv(1) == b""


def test_who_speaks_no_tls_is_cut_without_an_answer(strict: Simulator) -> None:
    with socket.create_connection(("127.0.0.1", strict.endpoints["api_port"]), timeout=5) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert plain.recv(1) == b""
