# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""As much of the API of Kubernetes as `kubectl logs` asks for; the log itself is that of a real container."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NAMESPACE, POD = "connectware-agents", "welder-robots-0"
_RESOURCES = [
    {"name": name, "singularName": "", "namespaced": True, "kind": "Pod", "verbs": ["get"]}
    for name in ("pods", "pods/log")
]
_CORE = {"kind": "APIResourceList", "groupVersion": "v1", "resources": _RESOURCES}
_POD = {
    "kind": "Pod",
    "apiVersion": "v1",
    "metadata": {"name": POD, "namespace": NAMESPACE},
    "spec": {"containers": [{"name": "protocol-mapper", "image": "protocol-mapper"}]},
    "status": {"phase": "Running"},
}
_OBJECTS = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": _CORE,
    f"/api/v1/namespaces/{NAMESPACE}/pods/{POD}": _POD,
}


class Cluster:
    """Answers on the loopback.

    Args:
        log: gives the text of the pod's log.
    """

    def __init__(self, log: Callable[[], bytes]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path.endswith(f"/pods/{POD}/log"):
                    self._answer(200, log(), "text/plain")
                elif path in _OBJECTS:
                    self._answer(200, json.dumps(_OBJECTS[path]).encode())
                else:
                    self._answer(404, b'{"kind": "Status", "status": "Failure", "code": 404}')

            def _answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def config(self, path: Path) -> Path:
        """Write what KUBECONFIG names."""
        server = f"http://127.0.0.1:{self._server.server_port}"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": server}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
            "users": [{"name": "me", "user": {}}],
        }
        path.write_text(json.dumps(config))
        return path
