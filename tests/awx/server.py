# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of AWX's API v2 that a set-up and a rulebook use, over HTTPS: objects, lists, surveys, approvals, launches.

It runs nothing. What it accepts is in schemas.py, rules.py and jobs.py; it answers as AWX 24.6.1 does (awx/api/urls,
views and generics.py of github.com/ansible/awx), and refuses fields that AWX does not know, which AWX would ignore.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import trustme
from awx import rules
from awx.jobs import Jobs
from awx.objects import NotFoundError, Objects
from awx.refusals import RefusedError
from awx.schemas import RESOURCES

PREFIX = "/api/v2/"
VERSION = "24.6.1"
USER = "admin"
PAGE, LARGEST_PAGE = 25, 200  # objects in one answer: PAGE_SIZE and MAX_PAGE_SIZE of awx/settings/defaults.py
# What awx/main/access.py lets nobody but a superuser write: CredentialTypeAccess, by BaseAccess. All may read it.
OF_SUPERUSERS = ("credential_types",)
FORBIDDEN = "You do not have permission to perform this action."  # PermissionDenied of Django REST framework
# What every AWX has, or an administrator has made before.
MANAGED = {
    "Machine": ("ssh", "ssh", []),
    "Source Control": ("scm", "scm", []),
    "Container Registry": ("registry", "registry", []),
    # awx/main/models/credential/__init__.py, namespace controller
    "Red Hat Ansible Automation Platform": (
        "cloud",
        "controller",
        [
            {"id": "host", "label": "Host", "type": "string"},
            {"id": "username", "label": "Username", "type": "string"},
            {"id": "password", "label": "Password", "type": "string", "secret": True},
            {"id": "oauth_token", "label": "OAuth Token", "type": "string", "secret": True},
            {"id": "verify_ssl", "label": "Verify SSL", "type": "boolean"},
        ],
    ),
}


@dataclass
class Write:
    """A request that changed something, and was not refused."""

    method: str
    path: str
    payload: Any


@dataclass
class Awx:
    """A server that runs.

    Args:
        superuser: whether the one account is a system administrator, else it administers the organization.
        refusing: what is refused with 400, by method and resource, and in which words.
    """

    url: str
    ca: Path
    objects: Objects
    superuser: bool = True
    jobs: Jobs = field(default_factory=Jobs)
    password: str = field(default_factory=secrets.token_hex)
    token: str = field(default_factory=secrets.token_hex)
    writes: list[Write] = field(default_factory=list)
    refused: list[tuple[str, str, Any]] = field(default_factory=list)
    refusing: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    tokens: dict[int, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.organization = self.objects.seed("organizations", name="Default")
        for name, (kind, namespace, fields) in MANAGED.items():
            known = {"kind": kind, "namespace": namespace, "inputs": {"fields": fields}}
            self.objects.seed("credential_types", name=name, **known)
        (machine,) = self.objects.where("credential_types", {"name": "Machine"})
        self.objects.seed(
            "credentials", name="Factory hosts", organization=self.organization, credential_type=machine["id"]
        )

    def environment(self) -> dict[str, str]:
        """Of whoever talks to it with a token."""
        return {
            "CONTROLLER_HOST": self.url,
            "CONTROLLER_OAUTH_TOKEN": self.token,
            "CONTROLLER_VERIFY_SSL": "true",
            "SSL_CERT_FILE": str(self.ca),
        }

    def changed(self) -> list[str]:
        """What was written since the last call, without tokens: method and address."""
        with self.lock:
            found = [f"{each.method} {each.path}" for each in self.writes if "/tokens/" not in each.path]
            self.writes.clear()
        return found


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    awx: Awx
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: Any) -> None:
        """Nothing on stderr."""

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PATCH(self) -> None:
        self._answer("PATCH")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        payload: Any = None
        try:
            with self.awx.lock:
                if not self._known():
                    self._send(401, {"detail": "Authentication credentials were not provided."})
                    return
                payload = json.loads(body) if body and method != "GET" else {}
                status, answer = self._route(method, parts.path, dict(parse_qsl(parts.query)), payload)
                if method != "GET":
                    self.awx.writes.append(Write(method, parts.path, payload))
        except NotFoundError as exc:
            status, answer = 404, {"detail": f"Not found: {exc}"}
        except RefusedError as exc:
            status, answer = exc.status, exc.answer
            self.awx.refused.append((method, parts.path, exc.answer))
        self._send(status, answer)

    def _known(self) -> bool:
        kind, _blank, value = self.headers.get("Authorization", "").partition(" ")
        if kind == "Bearer":
            return value in (self.awx.token, *self.awx.tokens.values())
        return kind == "Basic" and base64.b64decode(value).decode() == f"{USER}:{self.awx.password}"

    def _send(self, status: int, answer: Any) -> None:
        body = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-API-Product-Name", "AWX")
        self.send_header("X-API-Product-Version", VERSION)
        self.end_headers()
        self.wfile.write(body)

    # ------------------------------------------------------------------------------------------------------- routes

    def _route(self, method: str, path: str, query: dict[str, str], payload: Any) -> tuple[int, Any]:
        found = re.fullmatch(r"/api/v2/(?P<resource>\w+)/(?:(?P<number>\d+)/(?:(?P<sub>\w+)/)?)?", path)
        if found is None:
            raise NotFoundError(path)
        resource, number, sub = found["resource"], int(found["number"] or 0), found["sub"]
        if resource == "tokens":
            return self._tokens(method, number)
        if resource == "project_updates" and method == "GET":
            return 200, {"id": number, "status": "successful"}
        if path == f"{PREFIX}config/" and method == "GET":
            return 200, {"version": VERSION}
        if path == f"{PREFIX}jobs/" and method == "GET":
            return 200, self._paged(path, query, self.awx.jobs.where(query))
        if resource not in RESOURCES and resource != "unified_job_templates":
            raise NotFoundError(path)
        if method != "GET" and resource in OF_SUPERUSERS and not self.awx.superuser:
            raise RefusedError(403, detail=FORBIDDEN)
        if sub:
            return self._sublist(method, resource, number, sub, query, payload)
        if number:
            return self._detail(method, resource, number, payload)
        return self._list(method, resource, query, payload)

    def _tokens(self, method: str, number: int) -> tuple[int, Any]:
        if method == "DELETE":
            del self.awx.tokens[number]
            return 204, None
        number = len(self.awx.writes) + 1
        self.awx.tokens[number] = secrets.token_hex()
        return 201, {"id": number, "token": self.awx.tokens[number]}

    def _list(self, method: str, resource: str, query: dict[str, str], payload: Any) -> tuple[int, Any]:
        if (method, resource) in self.awx.refusing:
            raise RefusedError(400, **self.awx.refusing[method, resource])
        if resource == "workflow_approval_templates":  # they are made by their nodes, and nobody lists them
            raise NotFoundError(resource)
        if method == "POST" and resource != "unified_job_templates":  # nothing is made as that
            return 201, self.awx.objects.create(resource, payload)
        if method != "GET":
            return self._not_allowed(method)
        return 200, self._paged(f"{PREFIX}{resource}/", query, self.awx.objects.where(resource, query))

    def _paged(self, path: str, query: dict[str, str], found: list[Any]) -> dict[str, Any]:
        page, size = int(query.get("page", 1)), min(int(query.get("page_size", PAGE)), LARGEST_PAGE)
        more = {name: value for name, value in query.items() if name != "page"} | {"page": str(page + 1)}
        following = f"{path}?{'&'.join(f'{name}={value}' for name, value in more.items())}"
        return {
            "count": len(found),
            "next": following if page * size < len(found) else None,
            "previous": None,
            "results": found[(page - 1) * size : page * size],
        }

    def _detail(self, method: str, resource: str, number: int, payload: Any) -> tuple[int, Any]:
        objects = self.awx.objects
        if resource == "unified_job_templates":
            raise NotFoundError(resource)
        if method == "GET":
            return 200, objects.shown(resource, objects.find(resource, number))
        if method == "PATCH":
            return 200, objects.change(resource, number, payload)
        if method == "DELETE":
            objects.remove(resource, number)
            return 204, None
        return self._not_allowed(method)

    def _sublist(
        self, method: str, resource: str, number: int, sub: str, query: dict[str, str], payload: Any
    ) -> tuple[int, Any]:
        objects = self.awx.objects
        if sub == "survey_spec" and resource in ("job_templates", "workflow_job_templates"):
            return self._survey(method, objects.find(resource, number), payload)
        if sub == "launch" and resource == "job_templates" and method == "POST":
            return 201, self.awx.jobs.launch(objects.find(resource, number), payload)
        if sub == "create_approval_template" and resource == "workflow_job_template_nodes" and method == "POST":
            return self._approval(number, payload)
        if method == "GET":
            return 200, self._paged(f"{PREFIX}{resource}/{number}/{sub}/", query, objects.listed(resource, number, sub))
        objects.associate(resource, number, sub, payload)
        return 204, None

    def _survey(self, method: str, item: dict[str, Any], payload: Any) -> tuple[int, Any]:
        if method == "GET":
            return 200, item.get("_survey", {})
        if method == "POST":
            rules.survey(payload)
        item["_survey"] = payload if method == "POST" else {}
        return 200, {}

    def _approval(self, number: int, payload: Any) -> tuple[int, Any]:
        """WorkflowJobTemplateNodeCreateApproval.post."""
        objects = self.awx.objects
        made = objects.create("workflow_approval_templates", payload)
        objects.find("workflow_job_template_nodes", number)["unified_job_template"] = made["id"]
        return 201, made

    def _not_allowed(self, method: str) -> tuple[int, Any]:
        return 405, {"detail": f'Method "{method}" not allowed.'}


@contextmanager
def running(folder: Path, playbooks: list[str]) -> Iterator[Awx]:
    """A server with a certificate of its own CA, on a free port."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "awx-ca.pem"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    awx = Awx(f"https://localhost:{server.server_port}", folder / "awx-ca.pem", Objects(playbooks))
    server.RequestHandlerClass = type("BoundHandler", (Handler,), {"awx": awx})
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield awx
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
