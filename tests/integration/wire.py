# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers between a run and Connectware: certificates as they should not be, and whatever was said to them."""

from __future__ import annotations

import ipaddress
import select
import socket
import ssl
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from simulator.harness import Simulator

PEM = serialization.Encoding.PEM
NOTHING_HERE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True)
class Authority:
    """A CA."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def of(cls, simulator: Simulator) -> Authority:
        """The CA that signed the simulator's certificate."""
        key = serialization.load_pem_private_key((simulator.state_dir / "ca.key").read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return cls(x509.load_pem_x509_certificate((simulator.state_dir / "ca.pem").read_bytes()), key)

    @classmethod
    def another(cls) -> Authority:
        """One that nobody trusts, with the same name."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Connectware simulator CA")
        builder = _certificate(name, name, key, 0, 1)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        return cls(builder.sign(key, hashes.SHA256()), key)

    def issue(self, folder: Path, host: str = "127.0.0.1", *, since: int = -1, until: int = 1) -> ssl.SSLContext:
        """What a server shows that has a certificate of this CA.

        Args:
            since, until: days from today.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _certificate(_name("Connectware simulator"), self.certificate.subject, key, since, until)
        names: list[x509.GeneralName] = [_general(host)]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = builder.add_extension(issuer, critical=False)
        text = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path = folder / f"server-{x509.random_serial_number():x}.pem"
        path.write_bytes(text + builder.sign(self.key, hashes.SHA256()).public_bytes(PEM))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(path)
        return context


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, since: int, until: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=since, minutes=-5))
        .not_valid_after(now + timedelta(days=until))
    )


class Listener:
    """A TLS server on a port of its own that keeps what it is told.

    Attributes:
        connections: how many there were, with a handshake or without.
        heard: every byte that came through TLS.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self.connections = 0
        self.heard = bytearray()
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                plain, _peer = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(plain,), daemon=True).start()

    def _talk(self, plain: socket.socket) -> None:
        try:
            with self._context.wrap_socket(plain, server_side=True) as connection:
                self.talk(connection)
        except OSError:
            plain.close()

    def talk(self, connection: ssl.SSLSocket) -> None:
        """Keep what comes and say that nothing is here."""
        while part := connection.recv(65536):
            self.heard += part
            connection.sendall(NOTHING_HERE)


class Interceptor(Listener):
    """A man in the middle: passes everything on to the simulator, and back."""

    def __init__(self, context: ssl.SSLContext, simulator: Simulator) -> None:
        self._target = ("127.0.0.1", simulator.endpoints["api_port"])
        self._client = ssl.create_default_context(cafile=simulator.endpoints["ca_path"])
        super().__init__(context)

    def talk(self, connection: ssl.SSLSocket) -> None:
        with self._client.wrap_socket(socket.create_connection(self._target), server_hostname="127.0.0.1") as server:
            other = {connection: server, server: connection}
            while True:
                ready = [end for end in other if end.pending()] or select.select(list(other), [], [])[0]
                for end in ready:
                    part = _received(end)
                    if part == b"":
                        return
                    if end is connection:
                        self.heard += part or b""
                    other[end].sendall(part or b"")


def _received(end: ssl.SSLSocket) -> bytes | None:
    """What has come; None where that was about TLS itself. One thread only: a TLS connection is not made for two."""
    end.settimeout(0)
    try:
        return end.recv(65536)
    except ssl.SSLWantReadError:
        return None
    finally:
        end.settimeout(10)
