# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that are sure to be refused are found before an agent starts."""

from __future__ import annotations

import datetime
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.checker import Certificates
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.spec import AgentSpec
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.certificates import check_certificates
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import SpecError

ENGINE: Any = SimpleNamespace(is_local=True, place="host h, engine e")
YESTERDAY = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
TOMORROW = YESTERDAY + datetime.timedelta(days=2)


@pytest.fixture
def files(tmp_path: Path) -> Certificates:
    """A CA, and a certificate of it that is valid."""
    return written(tmp_path, trustme.CA(), not_after=TOMORROW)


def written(folder: Path, authority: trustme.CA, **validity: Any) -> Certificates:
    leaf = authority.issue_cert(common_name="agent-1", **validity)
    paths = {name: folder / name for name in ("ca", "certificate", "key")}
    authority.cert_pem.write_to_path(str(paths["ca"]))
    leaf.cert_chain_pems[0].write_to_path(str(paths["certificate"]))
    leaf.private_key_pem.write_to_path(str(paths["key"]))
    return Certificates(**{name: str(path) for name, path in paths.items()})


def check(certificates: Certificates, engine: Any = ENGINE) -> None:
    check_certificates(engine, [AgentSpec("agent-1", "agent-1", "c-1", "v-1", certificates=certificates)])


def refused(certificates: Certificates) -> str:
    with pytest.raises(SpecError) as caught:
        check(certificates)
    assert "agent agent-1" in caught.value.message and "Nothing was started" in caught.value.message
    return caught.value.message


def test_a_valid_pair_whatever_its_ca(files: Certificates, tmp_path: Path) -> None:
    check(files)
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    check(replace(files, ca=str(other)))
    check(Certificates())


def test_a_certificate_that_has_expired(tmp_path: Path) -> None:
    expired = written(tmp_path, trustme.CA(), not_after=YESTERDAY)
    assert "certificate has expired" in refused(expired)


@pytest.mark.skipif(sys.version_info < (3, 9), reason="no trustme for Python 3.8 makes a certificate of tomorrow")
def test_a_certificate_that_is_not_valid_yet(tmp_path: Path) -> None:
    early = written(tmp_path, trustme.CA(), not_before=TOMORROW, not_after=TOMORROW + datetime.timedelta(days=9))
    assert "not yet valid" in refused(early)


def test_the_key_of_another_certificate(files: Certificates, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert "another certificate" in refused(replace(files, key=written(other, trustme.CA()).key))


def test_a_ca_that_has_expired(files: Certificates, tmp_path: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "old CA")])
    old = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(YESTERDAY - datetime.timedelta(days=9))
        .not_valid_after(YESTERDAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "old.pem"
    path.write_bytes(old.public_bytes(serialization.Encoding.PEM))
    assert "has expired" in refused(replace(files, ca=str(path)))


def test_what_is_no_certificate(files: Certificates, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a certificate")
    assert "PEM" in refused(replace(files, certificate=str(tmp_path / "text")))
    assert "PEM" in refused(replace(files, ca=str(tmp_path / "text")))


def test_a_key_with_a_password_asks_nobody(files: Certificates, tmp_path: Path) -> None:
    key = serialization.load_pem_private_key(Path(files.key).read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"secret")
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (tmp_path / "locked").write_bytes(key.private_bytes(pem, pkcs8, locked))  # type: ignore[call-arg]
    assert "cannot be read" in refused(replace(files, key=str(tmp_path / "locked")))


def test_files_elsewhere_are_left_to_the_engine(files: Certificates) -> None:
    check(replace(files, certificate="/nowhere/client.crt", ca="/nowhere/ca.crt"))
    remote: Any = SimpleNamespace(is_local=False, place="tcp://elsewhere")
    check(replace(files, certificate="/etc/hostname"), remote)
