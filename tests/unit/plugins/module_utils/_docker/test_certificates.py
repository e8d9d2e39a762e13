# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that are sure to be refused are found before an agent starts."""

from __future__ import annotations

import datetime
import os
import ssl
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.mounts import Certificates
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.spec import AgentSpec
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.certificates import (
    check_certificates,
    fingerprint,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import SpecError

ENGINE: Any = SimpleNamespace(is_local=True, place="host h, engine e")
YESTERDAY = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
TOMORROW = YESTERDAY + datetime.timedelta(days=2)
PEM = serialization.Encoding.PEM


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


def made(key: Any, not_after: datetime.datetime, ca: bool = False) -> x509.Certificate:
    subject, issuer = (x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)]) for name in ("agent", "CA"))
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(YESTERDAY - datetime.timedelta(days=9))
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )


def test_a_ca_that_has_expired(files: Certificates, tmp_path: Path) -> None:
    old = made(ec.generate_private_key(ec.SECP256R1()), YESTERDAY, ca=True)
    path = tmp_path / "old.pem"
    path.write_bytes(old.public_bytes(PEM))
    assert "has expired" in refused(replace(files, ca=str(path)))


def with_sha1(key: Any) -> bytes:
    """A certificate as it was signed once, which the library makes no more."""
    sha256, sha1 = bytes.fromhex("06092a864886f70d01010b"), bytes.fromhex("06092a864886f70d010105")
    certificate = made(key, TOMORROW)
    signature = key.sign(certificate.tbs_certificate_bytes.replace(sha256, sha1), padding.PKCS1v15(), hashes.SHA1())
    der = certificate.public_bytes(serialization.Encoding.DER).replace(sha256, sha1)
    return ssl.DER_cert_to_PEM_cert(der[: -len(signature)] + signature).encode()


@pytest.fixture(params=["short", "sha1", "brainpool"])
def frowned_upon(request: pytest.FixtureRequest, tmp_path: Path) -> Certificates:
    """A valid certificate that this machine does not accept on connections of its own."""
    if request.param == "brainpool":
        key: Any = ec.generate_private_key(ec.BrainpoolP256R1())
    else:
        key = rsa.generate_private_key(65537, 1024 if request.param == "short" else 2048)
    text = with_sha1(key) if request.param == "sha1" else made(key, TOMORROW).public_bytes(PEM)
    (tmp_path / "frowned.crt").write_bytes(text)
    return Certificates(certificate=str(tmp_path / "frowned.crt"), key=key_file(tmp_path / "frowned.key", key))


def key_file(path: Path, key: Any) -> str:
    path.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return str(path)


def test_what_only_this_machine_does_not_allow_is_left_to_the_broker(frowned_upon: Certificates) -> None:
    check(frowned_upon)


def test_what_this_machine_does_not_allow_needs_its_own_key(frowned_upon: Certificates, files: Certificates) -> None:
    assert "another certificate" in refused(replace(frowned_upon, key=files.key))


def test_a_key_of_another_kind(files: Certificates, tmp_path: Path) -> None:
    other = key_file(tmp_path / "rsa", rsa.generate_private_key(65537, 2048))
    assert "another certificate" in refused(replace(files, key=other))


def test_a_curve_that_this_machine_does_not_know_is_left_to_the_broker(files: Certificates, tmp_path: Path) -> None:
    """As on machines whose OpenSSL was built without some."""
    known, unknown = bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06082a8648ce3d030177")
    der = ssl.PEM_cert_to_DER_cert(Path(files.certificate).read_text("ascii"))
    assert known in der
    (tmp_path / "curve").write_text(ssl.DER_cert_to_PEM_cert(der.replace(known, unknown)))
    check(replace(files, certificate=str(tmp_path / "curve")))


def test_what_is_no_certificate(files: Certificates, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a certificate")
    assert "PEM" in refused(replace(files, certificate=str(tmp_path / "text")))
    assert "PEM" in refused(replace(files, ca=str(tmp_path / "text")))


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_a_key_with_a_password_asks_nobody(form: str, files: Certificates, tmp_path: Path) -> None:
    key = serialization.load_pem_private_key(Path(files.key).read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"secret")
    written = getattr(serialization.PrivateFormat, form)
    pem = key.private_bytes(PEM, written, locked)  # type: ignore[call-arg]  # of every kind
    (tmp_path / "locked").write_bytes(pem)
    said = refused(replace(files, key=str(tmp_path / "locked")))
    assert f"the key {tmp_path}/locked: it has a passphrase" in said and "the certificate " not in said


def test_files_elsewhere_are_left_to_the_engine(files: Certificates) -> None:
    check(replace(files, certificate="/nowhere/client.crt", ca="/nowhere/ca.crt"))
    remote: Any = SimpleNamespace(is_local=False, place="tcp://elsewhere")
    check(replace(files, certificate="/etc/hostname"), remote)


def short(certificates: Certificates, engine: Any = ENGINE) -> str | None:
    return fingerprint(engine, AgentSpec("agent-1", "agent-1", "c-1", "v-1", certificates=certificates))


@pytest.mark.parametrize("renewed", ["ca", "certificate"])
def test_another_certificate_has_another_fingerprint(renewed: str, files: Certificates, tmp_path: Path) -> None:
    before = short(files)
    assert before and short(files) == before
    (tmp_path / "other").mkdir()
    os.replace(getattr(written(tmp_path / "other", trustme.CA()), renewed), getattr(files, renewed))
    assert short(files) not in (None, before)
    assert short(replace(files, ca="")) != short(Certificates(ca=files.certificate))


def test_a_key_and_remarks_have_no_part_in_the_fingerprint(files: Certificates) -> None:
    """Also where they are in one file with the certificate: a label is no place for what is made of a key."""
    before = short(files)
    together = Path(files.certificate)
    together.write_text(f"{Path(files.key).read_text()}# renewed by hand\n{together.read_text()}")
    assert short(replace(files, key=files.certificate)) == before
    Path(files.key).unlink()
    assert short(files) == before


def test_there_is_no_fingerprint_where_nobody_can_tell(files: Certificates) -> None:
    remote: Any = SimpleNamespace(is_local=False, place="tcp://elsewhere")
    assert short(files, remote) is None
    assert short(Certificates()) is None
    assert short(replace(files, ca="/nowhere/ca.pem")) is None
