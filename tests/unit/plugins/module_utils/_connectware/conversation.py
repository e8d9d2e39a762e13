# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A local HTTPS server that plays an exact conversation: each request must be the next expected one."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

TOKEN = "tok-0123456789-secret"
PASSWORD = "pass/w%rd-0987-secret"
SECRETS = (TOKEN, PASSWORD)
ANYTHING = object()
NOBODY = "nobody"


@dataclass
class Step:
    """One expected request and its answer.

    Attributes:
        token: the bearer token that must come with it; NOBODY for none.
        answer: JSON, or bytes to be sent as they are.
    """

    method: str
    path: str
    status: int = 200
    answer: Any = None
    query: Any = ANYTHING
    body: Any = ANYTHING
    token: str = TOKEN
    headers: dict[str, str] = field(default_factory=dict)


class Conversation:
    """The server's side."""

    def __init__(self, server: HTTPServer, ca_path: Path) -> None:
        self.server = server
        self.ca_path = ca_path
        self.seen: list[str] = []
        self._steps: list[Step] = []
        self._problems: list[str] = []
        server.expect_request(re.compile(".*")).respond_with_handler(self._handle)

    @property
    def url(self) -> str:
        return self.server.url_for("").rstrip("/")

    def expect(self, method: str, path: str, **options: Any) -> Conversation:
        self._steps.append(Step(method, path, **options))
        return self

    def expect_login(self, token: str = TOKEN, **options: Any) -> Conversation:
        answer = {"token": token, "expiresAt": "2099-01-01T00:00:00.000Z", "permissions": []}
        return self.expect("POST", "/api/login", **{"answer": answer, "token": NOBODY, **options})

    def finish(self) -> None:
        """Fail for everything that was not as expected."""
        left = [f"{step.method} {step.path}" for step in self._steps]
        assert not self._problems, self._problems
        assert not left, f"never asked for: {left}"

    def _handle(self, request: Request) -> Response:
        line = f"{request.method} {request.path}"
        self.seen.append(line)
        step = self._steps.pop(0) if self._steps else None
        problem = _difference(step, request) if step is not None else "nothing more was expected"
        if problem or step is None:
            self._problems.append(f"{line}: {problem}")
            return Response("unexpected", status=418)
        if isinstance(step.answer, bytes):
            return Response(step.answer, status=step.status, headers=step.headers)
        response = Response(status=step.status, headers=step.headers)
        if step.answer is not None:
            response.data = json.dumps(step.answer)
            response.content_type = "application/json"
        return response


def _difference(step: Step, request: Request) -> str:
    checks: list[tuple[str, Any, Any]] = [
        ("request", f"{step.method} {step.path}", f"{request.method} {request.path}"),
        (
            "authorization",
            None if step.token == NOBODY else f"Bearer {step.token}",
            request.headers.get("Authorization"),
        ),
    ]
    if step.query is not ANYTHING:
        checks.append(("query", step.query, request.args.to_dict(flat=False)))
    if step.body is not ANYTHING:
        checks.append(("body", step.body, request.get_json() if request.data else None))
    return "; ".join(f"{name}: expected {want!r}, got {got!r}" for name, want, got in checks if want != got)


@dataclass(frozen=True)
class Authority:
    """A CA, its certificate in a file, and a server context of it."""

    ca: trustme.CA
    path: Path

    def server_context(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*(names or ("localhost", "127.0.0.1"))).configure_cert(context)
        return context


def new_authority(folder: Path) -> Authority:
    ca = trustme.CA()
    path = folder / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return Authority(ca, path)


@contextmanager
def talking(server: HTTPServer, ca_path: Path) -> Iterator[Conversation]:
    """A conversation with a server that runs already; it must have been held to its end."""
    server.clear()
    conversation = Conversation(server, ca_path)
    yield conversation
    conversation.finish()


def all_texts(exc: BaseException) -> str:
    """Everything that anybody could print of an exception and of what it was made of."""
    texts = []
    current: BaseException | None = exc
    while current is not None:
        texts += [str(current), repr(current), repr(vars(current)), repr(current.args)]
        current = current.__cause__ or current.__context__
    return "\n".join(texts)


def no_secret(text: str, secrets: tuple[str, ...] = SECRETS) -> bool:
    return not any(secret in text for secret in secrets)
