# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""python -m growth FOLDER HOST...: engines of these hosts on FOLDER/HOST.sock, until a signal says stop."""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from growth.agent import Agents
from growth.engine import Engines, serve

LOGINS = 8  # MQTT logins at a time
DESCRIPTORS = 8192  # a socket for each host, and those of the agents


async def run(folder: Path, names: list[str], image: Path | None) -> None:
    """Serve."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with ThreadPoolExecutor(LOGINS) as threads:
        agents = Agents(threads)
        known = json.loads(image.read_text()) if image is not None else None
        engines = Engines(folder, agents.live, known)
        await serve(engines, names, lambda: print("ready", flush=True), stop)
        await agents.close()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="growth", description="Many Docker Engines in one process.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("hosts", type=Path, help="JSON: names of hosts")
    parser.add_argument("--image", type=Path, help="JSON: an engine's report of the image that all references mean")
    arguments = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, DESCRIPTORS)), hard))
    asyncio.run(run(arguments.folder, json.loads(arguments.hosts.read_text()), arguments.image))


if __name__ == "__main__":
    main()
