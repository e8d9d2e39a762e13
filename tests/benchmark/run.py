# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make bench`: measure, print tables and targets, and write them.

Usage: run.py FOLDER [RESULTS.json]; the bed, the rivals and the logs of the last runs are in FOLDER.
BENCH_REPEATS (3) rounds; BENCH_CASES ("1x10 10x1 10x10"), hosts x agents; BENCH_CONTESTANTS, by default all. Only a run
of all of them is written into RESULTS.json.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bed.site import Bed
from benchmark import contestants, prepare, results, tables
from benchmark.ground import Case, Ground
from benchmark.measure import measure
from integration.factory_host import outer
from tools.commit import commit

REPEATS = int(os.environ.get("BENCH_REPEATS") or results.ROUNDS)
CASES = [Case.parse(text) for text in (os.environ.get("BENCH_CASES") or "").split()]
CASES = CASES or [Case(*size) for size in results.SIZES]
WANTED = (os.environ.get("BENCH_CONTESTANTS") or " ".join(results.CONTESTANTS)).split()


def machine() -> dict[str, Any]:
    """What everything ran on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"processors": os.cpu_count(), "memory_gib": round(memory / 2**30), "kernel": os.uname().release}


def versions(collections: Path, packages: Path) -> dict[str, str]:
    """Of all that matters for times."""
    manifest = collections / "ansible_collections" / "community" / "docker" / "MANIFEST.json"
    mitogen = next(iter(distributions(name="mitogen", path=[str(packages)])), None)
    return {
        "ansible-core": version("ansible-core"),
        "community.docker": json.loads(manifest.read_text())["collection_info"]["version"],
        "Mitogen": mitogen.version if mitogen else "none",
        "Python": sys.version.split()[0],
        "Docker Engine": outer("version", "--format", "{{.Server.Version}}"),
    }


def run(bed: Bed, folder: Path, began: float) -> dict[str, Any]:
    """All cases; the bed is up."""
    collections = prepare.community_docker(folder / "collections")
    packages = folder / "packages"
    runners = {
        "ours": contestants.ours(),
        "naive": contestants.naive(collections),
        "mitogen": contestants.mitogen(collections, packages),
        "floor": contestants.floor(),
    }

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:5.0f} s  {line}", flush=True)

    cases = []
    for wanted in CASES:
        ground = Ground(bed, wanted, folder / str(wanted))
        measured = measure(ground, [runners[name] for name in WANTED], REPEATS, say)
        for name, text in measured.broken.items():
            say(f"{name} is broken: {text}")
        for which in results.RUNS:
            asked = measured.requests.get(which, {}).get("ours", [])
            seconds = measured.seconds.get(which, {})
            cases.append(results.case(wanted.hosts, wanted.agents, which, seconds, asked, measured.broken))
        ground.leave()
    return {
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine(),
        "versions": versions(collections, packages),
        "commit": commit(),
        "repeats": REPEATS,
        "cases": cases,
        "targets": results.targets(cases),
    }


def main() -> int:
    began = time.monotonic()
    folder = Path(sys.argv[1]).resolve()
    if "mitogen" in WANTED:
        prepare.packages(folder / "packages")
    bed = Bed(folder / "bed", lambda what: print(f"==> {what}", flush=True))
    try:
        bed.up(max(case.hosts for case in CASES), max(case.agents for case in CASES))
        measured = run(bed, folder, began)
    finally:
        bed.down()
    print(tables.all_tables(measured))
    lacks = results.incomplete(measured)
    if lacks and sys.argv[2:]:
        print(f"Not kept: {', '.join(lacks)}", file=sys.stderr)
    for path in [folder / "latest.json", *map(Path, [] if lacks else sys.argv[2:])]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(measured, indent=2) + "\n")
    broken = [case for case in measured["cases"] if "ours_note" in case]
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
