# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Client certificates of the simulator's CA."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from simulator.harness import Simulator


def client_certificate(simulator: Simulator, folder: Path, name: str, days: int = 1) -> Path:
    """Write a key and its certificate into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    authority = x509.load_pem_x509_certificate((simulator.state_dir / "ca.pem").read_bytes())
    signer = serialization.load_pem_private_key((simulator.state_dir / "ca.key").read_bytes(), None)
    start = datetime.now(UTC) - timedelta(days=10)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=10 + days))
        .sign(signer, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    pem = serialization.Encoding.PEM
    text = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(text + certificate.public_bytes(pem))
    return path


def client_context(simulator: Simulator, certificate: Path) -> ssl.SSLContext:
    """Return a context that shows a certificate."""
    context = ssl.create_default_context(cafile=simulator.endpoints["ca_path"])
    context.load_cert_chain(certificate)
    return context
