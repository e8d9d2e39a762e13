# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates of the host that an agent is to use: what can be said of them before it starts.

Agents' own words about a certificate are not documented, and a broker that refuses one need not say why. So what is
sure to be refused is refused here: one that has expired, a key with a passphrase or of another certificate, and what is
no PEM. Whether its CA is the right one only the broker knows, and so it is with key sizes, signatures and curves, which
this machine may not allow while broker and agent do. Files that we may not read, or that are not on this machine, are
left to the engine.

A file that is mounted stays the one that it was, although another one has taken its place on the host, as whatever
renews a certificate does. So a container is labelled with what its certificates say, and differs once they say another
thing. Keys have no part in that: a new one comes with a new certificate.
"""

from __future__ import annotations

import hashlib
import re
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from .._agents.spec import AgentSpec
from .._agents.text import printable
from .._errors import SpecError
from .engine import Engine

PARTIAL_CHAIN = 0x80000  # X509_V_FLAG_PARTIAL_CHAIN, which Python 3.8 and 3.9 have no name for
MOST_ROUNDS = 4  # of a handshake of two ends, with some to spare
MOST_OF_A_KEY = 64 * 1024  # bytes
ANY_STRENGTH = "DEFAULT:@SECLEVEL=0"
# How OpenSSL says that a key is another one, or of another kind, and that a file is no PEM.
OTHER_KEY = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")
WITH_PASSPHRASE = (b"BEGIN ENCRYPTED PRIVATE KEY", b"Proc-Type: 4,ENCRYPTED")
# Nothing else counts of such a file, which may have the key beside its certificate.
CERTIFICATE = re.compile(rb"-----BEGIN ([A-Z0-9 ]*CERTIFICATE)-----.*?-----END \1-----", re.DOTALL)
NO_PEM = ("NO_START_LINE", "NO_CERTIFICATE_OR_CRL_FOUND", "PEM lib")


def check_certificates(engine: Engine, specs: Sequence[AgentSpec]) -> None:
    """Look at the certificates of all agents.

    Raises:
        SpecError: naming each agent whose certificate cannot work, and why.
    """
    if not engine.is_local:
        return
    problems = [
        f"agent {spec.name}: option 'certificates': {problem}"
        for spec in specs
        if spec.managed
        for problem in _of(spec)
    ]
    if problems:
        raise SpecError(
            "use the certificates",
            where=engine.place,
            answered="; ".join(problems),
            todo="Nothing was started or changed. Renew or correct them, or set the clock of this host.",
        )


def fingerprint(engine: Engine, spec: AgentSpec) -> str | None:
    """What the certificates of an agent say, in short; None where it has none, or where nobody here can tell."""
    files = [("ca", spec.certificates.ca), ("certificate", spec.certificates.certificate)]
    given = [(kind, path) for kind, path in files if path]
    if not given or not engine.is_local:
        return None
    digest = hashlib.sha256()
    for kind, path in given:
        try:
            with open(path, "rb") as file:
                found = [match.group() for match in CERTIFICATE.finditer(file.read())]
        except OSError:  # as for check_certificates
            return None
        for part in (kind.encode(), *found):
            digest.update(part + b"\n")
    return digest.hexdigest()


def _of(spec: AgentSpec) -> Iterator[str]:
    certificates = spec.certificates
    if certificates.ca:
        yield from _tried(lambda: _ca_problem(certificates.ca), f"the CA {printable(certificates.ca, 200)}")
    if certificates.certificate:
        what = f"the certificate {printable(certificates.certificate, 200)}"
        if _has_passphrase(certificates.key):
            yield f"the key {printable(certificates.key, 200)}: it has a passphrase, which an agent cannot be told"
            return
        yield from _tried(lambda: _pair_problem(certificates.certificate, certificates.key), what)


def _has_passphrase(key: str) -> bool:
    """In both forms of PEM the file says so in plain text."""
    try:
        with open(key, "rb") as file:
            text = file.read(MOST_OF_A_KEY)
    except OSError:  # as for certificates
        return False
    return any(sign in text for sign in WITH_PASSPHRASE)


def _tried(look: Callable[[], str], what: str) -> Iterator[str]:
    try:
        problem = look()
    except ssl.SSLError as exc:
        problem = _words(exc)
    except OSError:  # not there, or not for us to read: the engine says what it thinks of it
        return
    if problem:
        yield f"{what}: {problem}"


def _words(exc: ssl.SSLError) -> str:
    """What is wrong for everybody; empty for what another TLS library, or another policy, may accept."""
    if exc.reason in OTHER_KEY:
        return "the key belongs to another certificate"
    if any(sign in str(exc) for sign in NO_PEM):
        return f"it cannot be read as PEM ({exc.reason or exc})"
    return exc.verify_message if isinstance(exc, ssl.SSLCertVerificationError) else ""


def _ca_problem(path: str) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=path)
    ends = [ssl.cert_time_to_seconds(str(known["notAfter"])) for known in context.get_ca_certs()]
    return "it has expired" if ends and max(ends) < time.time() else ""


def _pair_problem(certificate: str, key: str) -> str:
    """What TLS itself says of certificate and key: both ends of a connection in memory, which trust it alone.

    Raises:
        ssl.SSLError: with what is wrong.
    """
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    for context in (server, client):
        with suppress(ssl.SSLError):  # OpenSSL before 1.1 knows no levels of strength
            context.set_ciphers(ANY_STRENGTH)
        context.load_cert_chain(certificate, key, password="")  # never ask for one
    server.verify_mode = ssl.CERT_REQUIRED
    server.verify_flags |= PARTIAL_CHAIN
    server.load_verify_locations(cafile=certificate)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        server.wrap_bio(to_server, to_client, server_side=True),
        client.wrap_bio(to_client, to_server, server_side=False),
    ]
    for _round in range(MOST_ROUNDS):
        for end in ends:
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
    return ""
