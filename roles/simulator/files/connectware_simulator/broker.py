# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real MQTT broker that lets in who Connectware lets in."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import socket
import ssl
from dataclasses import dataclass, field
from typing import Any, Protocol

from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

from .clock import now_ms

_LOG = logging.getLogger(__name__)
_LISTENER = "default"


class Gate(Protocol):
    """Whoever knows the users."""

    def password_opens(self, username: str | None, password: str | None) -> bool:
        """Tell whether a password login is good."""

    def certificate_opens(self, common_name: str | None) -> bool:
        """Tell whether a login by certificate is good."""

    def version_fits(self, agent_version: str) -> bool:
        """Tell whether an agent of this version can communicate."""


@dataclass(eq=False)
class Connection:
    """One TCP connection."""

    writer: asyncio.StreamWriter
    tls: bool
    username: str | None = None
    client_id: str | None = None
    session: Session | None = None
    since: int = field(default_factory=now_ms)


_CURRENT: contextvars.ContextVar[Connection] = contextvars.ContextVar("connection")


class ConnectwareAuth(BaseAuthPlugin):
    """The auth plugin of the broker; the gate is set once the broker exists."""

    gate: Gate
    mutual_tls = False
    logins: dict[str, int]

    async def authenticate(self, *, session: Session) -> bool | None:
        """Let a session in or not."""
        connection = _CURRENT.get()
        connection.session, connection.client_id = session, session.client_id
        version = (session.client_id or "").split(":")
        if len(version) == 3 and not self.gate.version_fits(version[1]):
            connection.writer.transport.abort()
            return False
        username = session.username
        if connection.tls and self.mutual_tls:
            username = _common_name(session)
            allowed = self.gate.certificate_opens(username)
        else:
            allowed = self.gate.password_opens(username, session.password)
        self.logins["accepted" if allowed else "rejected"] += 1
        if allowed:
            connection.username = username
        return allowed


def _common_name(session: Session) -> str | None:
    if session.ssl_object is None:
        return None
    certificate: dict[str, Any] = session.ssl_object.getpeercert() or {}
    for part in certificate.get("subject", ()):
        for key, value in part:
            if key == "commonName":
                return str(value)
    return None


class MqttBroker:
    """The broker and the connections to it.

    The sockets are ours, the protocol is amqtt's: so ports may be picked by the system, and
    a connection can be cut at once.
    """

    def __init__(self, gate: Gate, *, mutual_tls: bool) -> None:
        self._gate = gate
        self._mutual_tls = mutual_tls
        self._connections: set[Connection] = set()
        self._servers: list[asyncio.Server] = []
        self._broker: Broker | None = None
        self.logins = {"accepted": 0, "rejected": 0}

    async def start(self, plain: socket.socket, secure: socket.socket, tls: ssl.SSLContext) -> None:
        """Listen on two sockets that are bound already."""
        self._broker = Broker(
            BrokerConfig(
                listeners={_LISTENER: ListenerConfig(type=ListenerType.EXTERNAL)},
                plugins={f"{__name__}.ConnectwareAuth": {}},
            )
        )
        plugin = self._broker.plugins_manager.get_plugin("ConnectwareAuth")
        plugin.gate, plugin.mutual_tls, plugin.logins = self._gate, self._mutual_tls, self.logins
        await self._broker.start()
        self._servers = [
            await asyncio.start_server(self._serve_plain, sock=plain),
            await asyncio.start_server(self._serve_tls, sock=secure, ssl=tls),
        ]

    async def stop(self) -> None:
        """Stop listening and cut every connection."""
        for server in self._servers:
            server.close()
        self.cut_all()
        if self._broker is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._broker.shutdown(), 3)

    def cut(self, username: str) -> int:
        """End the sessions of a user."""
        return self._cut([item for item in self._connections if item.username == username])

    def cut_all(self) -> int:
        """End all sessions."""
        return self._cut(list(self._connections))

    @staticmethod
    def _cut(connections: list[Connection]) -> int:
        for connection in connections:
            connection.writer.transport.abort()
        return len(connections)

    def clients(self) -> list[dict[str, Any]]:
        """List who is logged in."""
        return [
            {"username": item.username, "client_id": item.client_id, "since": item.since, "tls": item.tls}
            for item in sorted(self._connections, key=lambda item: item.since)
            if item.username is not None and not item.writer.transport.is_closing()
        ]

    async def _serve_plain(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._serve(reader, Connection(writer, tls=False))

    async def _serve_tls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._serve(reader, Connection(writer, tls=True))

    async def _serve(self, reader: asyncio.StreamReader, connection: Connection) -> None:
        if self._broker is None:
            return
        self._connections.add(connection)
        _CURRENT.set(connection)
        writer = connection.writer
        try:
            await self._broker.external_connected(StreamReaderAdapter(reader), StreamWriterAdapter(writer), _LISTENER)
        except Exception:  # noqa: BLE001 whatever a client sends, the broker stays
            _LOG.debug("MQTT connection ended", exc_info=True)
        finally:
            self._connections.discard(connection)
            self._forget_rejected(connection)
            writer.close()

    def _forget_rejected(self, connection: Connection) -> None:
        """Drop what amqtt keeps of a login that was refused."""
        if self._broker is None or connection.username is not None or connection.client_id is None:
            return
        session, _handler = self._broker.sessions.get(connection.client_id, (None, None))
        if session is connection.session:
            self._broker.sessions.pop(connection.client_id, None)
