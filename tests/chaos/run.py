# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run all trials in some lanes at once, each with a simulator of its own, and add up their numbers.

Usage: run.py FOLDER [--results FILE] [OPTIONS OF PYTEST]; logs and numbers of the lanes land in FOLDER.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from chaos.seeds import SEED  # noqa: E402  the path above comes first
from chaos.site import build_agent_image  # noqa: E402  the path above comes first
from chaos.tally import Tally  # noqa: E402  the path above comes first

# A rollout waits most of its time, so that a machine with two cores carries five. Options of pytest, and files.
API_FILES = ["test_api_faults.py", "test_agents_not_told.py"]
LANES = {
    "controller": ["test_controller_killed.py", "test_retirement_killed.py", "test_tokens.py"],
    "api-1": ["--deal=1/2", *API_FILES],
    "api-2": ["--deal=2/2", *API_FILES],
    "machines": ["test_connectware_restarted.py", "test_clocks.py", "test_factory_host.py"],
    "playbooks": ["test_other_playbooks.py"],
}
HARD = "API, "  # how those kinds begin of which some must be more than a run can bear
EVERY = 30  # seconds between two lines of progress
NONE_COLLECTED = 5  # pytest's exit code where its options leave no test of a lane


def start(lane: str, folder: Path, more: list[str]) -> subprocess.Popen[bytes]:
    folder.joinpath(f"{lane}.json").unlink(missing_ok=True)
    env = {**os.environ, "CHAOS_RESULTS": str(folder / f"{lane}.json")}
    options = ["-v", "--no-header", "-o", f"cache_dir={folder / lane}", *more]
    with folder.joinpath(f"{lane}.log").open("wb") as log:
        lane_arguments = [str(HERE / word) if word.endswith(".py") else word for word in LANES[lane]]
        command = ["pytest", *options, *lane_arguments]
        # Of a session of its own, so that it is interrupted once: by this program, whoever interrupts that.
        return subprocess.Popen(command, cwd=HERE.parents[1], env=env, stdout=log, stderr=log, start_new_session=True)


def end(lanes: Collection[subprocess.Popen[bytes]]) -> None:
    """Interrupt those that run, and wait until pytest has cleaned up."""
    for process in lanes:
        process.send_signal(signal.SIGINT)
    for process in lanes:
        try:
            process.wait(120)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def progress(log: Path) -> str:
    text = log.read_text(errors="replace")
    return ", ".join(f"{number} {word.lower()}" for word in ("PASSED", "FAILED") if (number := text.count(f" {word}")))


def too_soft(tally: Tally) -> bool:
    """Whether a kind of fault, of all its trials, had none that was more than a run can bear."""
    borne = tally.never_failed(HARD)
    if borne:
        print(f"No trial of these was hard enough, every run has borne it: {', '.join(borne)}")
    return bool(borne)


def main() -> int:
    parser = argparse.ArgumentParser(description="Run all trials in some lanes at once.", allow_abbrev=False)
    parser.add_argument("folder", type=Path, help="where logs and numbers of the lanes land")
    parser.add_argument("--results", type=Path, help="a file for the numbers of all lanes")
    options, more = parser.parse_known_args()
    folder = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    tally = Tally(SEED)
    print(f"CHAOS_SEED={SEED}, logs in {folder}", flush=True)
    build_agent_image()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # not ignored by the lanes, even in the background
    running = {lane: start(lane, folder, more) for lane in LANES}
    told = time.monotonic()
    try:
        while any(process.poll() is None for process in running.values()):
            time.sleep(0.4)
            if time.monotonic() - told >= EVERY:
                told = time.monotonic()
                lines = [f"{lane}: {progress(folder / f'{lane}.log') or 'begins'}" for lane in running]
                print("; ".join(lines), flush=True)
    finally:
        end(running.values())
    codes = {lane: process.returncode for lane, process in running.items()}
    if set(codes.values()) != {NONE_COLLECTED}:
        codes = {lane: code for lane, code in codes.items() if code != NONE_COLLECTED}
    for lane, code in codes.items():
        if code:
            print(folder.joinpath(f"{lane}.log").read_text(errors="replace"))
        if folder.joinpath(f"{lane}.json").exists():
            tally.take(folder / f"{lane}.json")
    print("\n".join(tally.lines()))
    if options.results:
        tally.write(options.results)
    is_full = not more and not os.environ.get("CHAOS_COUNT")
    return max(*(abs(code) for code in codes.values()), is_full and too_soft(tally))


if __name__ == "__main__":
    sys.exit(main())
