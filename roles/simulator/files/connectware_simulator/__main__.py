# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: python -m connectware_simulator."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
from pathlib import Path
from typing import Any

from .server import Options, Server
from .switches import SwitchError


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="connectware_simulator", description="A stand-in for Connectware.")
    parser.add_argument("--state-dir", type=Path, required=True, help="users, tokens, CA and endpoints.json")
    parser.add_argument("--host", default="127.0.0.1", help="where API and MQTT listen")
    parser.add_argument("--api-port", type=int, default=443, help="0 picks a free port, as everywhere")
    parser.add_argument("--mqtt-port", type=int, default=1883)
    parser.add_argument("--mqtts-port", type=int, default=8883)
    parser.add_argument("--control-port", type=int, default=0, help="plain HTTP on 127.0.0.1")
    parser.add_argument("--config", type=Path, help="JSON: version, users, switches, mutual_tls")
    parser.add_argument("--san", action="append", default=[], help="another name of the server's certificate")
    parser.add_argument("--run-id", default="", help="any text, found again in endpoints.json")
    parser.add_argument("--log-level", default="CRITICAL", help="of the broker and the web server")
    return parser.parse_args()


def _config(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise SystemExit(f"cannot read {path}: {exc}") from exc
    unknown = set(config) - {"version", "users", "switches", "mutual_tls"}
    if unknown:
        raise SystemExit(f"unknown in {path}: {', '.join(sorted(unknown))}")
    return dict(config)


def main() -> None:
    """Run the simulator in the foreground."""
    arguments = _arguments()
    logging.basicConfig(level=arguments.log_level.upper())
    options = Options(
        state_dir=arguments.state_dir.resolve(),
        host=arguments.host,
        api_port=arguments.api_port,
        mqtt_port=arguments.mqtt_port,
        mqtts_port=arguments.mqtts_port,
        control_port=arguments.control_port,
        config=_config(arguments.config),
        names=tuple(arguments.san),
        run_id=arguments.run_id,
    )
    try:
        asyncio.run(Server(options).run())
    except SwitchError as exc:
        raise SystemExit(str(exc)) from exc


if __name__ == "__main__":
    main()
