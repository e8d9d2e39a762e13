# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS that tells the other end why it was refused.

asyncio drops the alert of a handshake that failed: the other end sees a connection that just ends, where any other
server says `unknown_ca` or `certificate_expired`. CPython mends that (issue 98078), but not in the versions that
distributions have, so it is done here, through what `ssl` offers for such purposes. It does no harm beside the cure.
"""

from __future__ import annotations

import logging
import ssl
from typing import Any

_LOG = logging.getLogger(__name__)


class _Handshake(ssl.SSLObject):
    """The server's end of one connection."""

    outgoing: ssl.MemoryBIO | None = None
    _refused = False

    def do_handshake(self) -> None:
        """As always, but where it fails with an alert, let that go out and leave it to the other end to close.

        "More to read" makes asyncio send what is there. To close right away could also take the alert away from a
        client that has sent more in the meantime: its system throws away what it has received.
        """
        if self._refused:
            raise ssl.SSLWantReadError
        try:
            super().do_handshake()
        except ssl.SSLWantReadError:
            raise
        except ssl.SSLError as exc:
            if self.outgoing is None or not self.outgoing.pending:
                raise
            _LOG.info("TLS handshake refused: %s", exc)
            self._refused = True
            raise ssl.SSLWantReadError from exc


class AlertingContext(ssl.SSLContext):
    """A context for servers of asyncio whose refusals reach the client."""

    sslobject_class = _Handshake

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *args: Any, **options: Any) -> ssl.SSLObject:
        """As always; the object knows what is about to be sent."""
        wrapped = super().wrap_bio(incoming, outgoing, *args, **options)
        if isinstance(wrapped, _Handshake):
            wrapped.outgoing = outgoing
        return wrapped


def server_context(ca_path: str, certificate: str, key: str, *, client_certificates: bool) -> ssl.SSLContext:
    """How a server of ours does TLS.

    Args:
        client_certificates: whether only clients with a certificate of the CA get in.
    """
    context = AlertingContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_verify_locations(cafile=ca_path)
    context.load_cert_chain(certificate, key)
    context.verify_mode = ssl.CERT_REQUIRED if client_certificates else ssl.CERT_NONE
    return context
