# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate authority of its own, which lives in the state directory."""

from __future__ import annotations

import base64
import ipaddress
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .store import write_atomically

_LIFETIME = timedelta(days=825)
_PEM = serialization.Encoding.PEM


class Authority:
    """Makes the server's certificate and signs those of clients."""

    def __init__(self, directory: Path) -> None:
        self.ca_path = directory / "ca.pem"
        self._key_path = directory / "ca.key"
        self.server_cert = directory / "server.pem"
        self.server_key = directory / "server.key"

    def prepare(self, names: list[str]) -> None:
        """Load or make the CA, and make a server certificate for the names."""
        if not (self.ca_path.exists() and self._key_path.exists()):
            self._make_ca()
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(_name("Connectware simulator"), key.public_key(), self._ca().subject)
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False
        ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        certificate = builder.sign(self._ca_key(), hashes.SHA256())
        write_atomically(self.server_key, _key_pem(key))
        write_atomically(self.server_cert, certificate.public_bytes(_PEM), 0o644)

    def sign_request(self, encoded: str, username: str) -> str:
        """Sign a client's CSR (base64 of PEM); its common name must be the username."""
        request = x509.load_pem_x509_csr(base64.b64decode(encoded, validate=True))
        names = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        if [item.value for item in names] != [username]:
            raise ValueError("the common name of the CSR is not the username")
        builder = self._builder(request.subject, request.public_key(), self._ca().subject)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        pem = builder.sign(self._ca_key(), hashes.SHA256()).public_bytes(_PEM)
        return base64.b64encode(pem).decode()

    def _make_ca(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name("Connectware simulator CA")
        builder = self._builder(subject, key.public_key(), subject, ca=True)
        builder = builder.add_extension(_ca_usage(), critical=True)
        write_atomically(self._key_path, _key_pem(key))
        write_atomically(self.ca_path, builder.sign(key, hashes.SHA256()).public_bytes(_PEM), 0o644)

    def _ca(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.ca_path.read_bytes())

    def _ca_key(self) -> ec.EllipticCurvePrivateKey:
        key = serialization.load_pem_private_key(self._key_path.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{self._key_path} is not a key of this CA")
        return key

    def _builder(
        self, subject: x509.Name, public_key: CertificatePublicKeyTypes, issuer: x509.Name, *, ca: bool = False
    ) -> x509.CertificateBuilder:
        authority_key = public_key if ca else self._ca().public_key()
        start = datetime.now(timezone.utc) - timedelta(hours=1)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + _LIFETIME)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key), critical=False)
        )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _ca_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
