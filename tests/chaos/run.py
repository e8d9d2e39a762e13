# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run all trials in some lanes at once, each with a simulator of its own, and add up their numbers.

Usage: run.py FOLDER [RESULTS.json]; logs and numbers of the lanes land in FOLDER.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from chaos.seeds import SEED  # noqa: E402
from chaos.site import build_agent_image  # noqa: E402
from chaos.tally import Tally  # noqa: E402

# A rollout waits most of its time, so that a machine with two cores carries three.
LANES = {
    "controller": ["test_controller_killed.py"],
    "api": ["test_api_faults.py", "test_tokens.py"],
    "machines": ["test_connectware_restarted.py", "test_clocks.py", "test_factory_host.py"],
}
EVERY = 30  # seconds between two lines of progress


def start(lane: str, files: list[str], folder: Path) -> subprocess.Popen[bytes]:
    folder.joinpath(f"{lane}.json").unlink(missing_ok=True)
    env = {**os.environ, "CHAOS_RESULTS": str(folder / f"{lane}.json")}
    options = ["-v", "--no-header", "-o", f"cache_dir={folder / lane}"]
    with folder.joinpath(f"{lane}.log").open("wb") as log:
        command = ["pytest", *options, *(str(HERE / name) for name in files)]
        return subprocess.Popen(command, cwd=HERE.parents[1], env=env, stdout=log, stderr=log)


def progress(log: Path) -> str:
    text = log.read_text(errors="replace")
    return ", ".join(f"{number} {word.lower()}" for word in ("PASSED", "FAILED") if (number := text.count(f" {word}")))


def main() -> int:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    tally = Tally(SEED)
    print(f"CHAOS_SEED={SEED}, logs in {folder}", flush=True)
    build_agent_image()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # not ignored by the lanes, even in the background
    running = {lane: start(lane, files, folder) for lane, files in LANES.items()}
    told = time.monotonic()
    try:
        while any(process.poll() is None for process in running.values()):
            time.sleep(0.4)
            if time.monotonic() - told >= EVERY:
                told = time.monotonic()
                lines = [f"{lane}: {progress(folder / f'{lane}.log') or 'begins'}" for lane in running]
                print("; ".join(lines), flush=True)
    finally:
        for process in running.values():
            process.send_signal(signal.SIGINT)  # pytest then cleans up
        for process in running.values():
            process.wait(120)
    for lane, process in running.items():
        if process.returncode:
            print(folder.joinpath(f"{lane}.log").read_text(errors="replace"))
        if folder.joinpath(f"{lane}.json").exists():
            tally.take(folder / f"{lane}.json")
    print("\n".join(tally.lines()))
    if len(sys.argv) > 2:
        tally.write(Path(sys.argv[2]))
    return max(abs(process.returncode) for process in running.values())


if __name__ == "__main__":
    sys.exit(main())
