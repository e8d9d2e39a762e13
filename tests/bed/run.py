# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make bed` and `make bed-down`.

Usage: run.py FOLDER up HOSTS AGENTS | run.py FOLDER down
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bed.site import Bed


def main() -> int:
    folder, command, *numbers = sys.argv[1:]
    began = time.monotonic()
    bed = Bed(Path(folder), lambda what: print(f"==> {what} ({time.monotonic() - began:.0f} s)", flush=True))
    try:
        if command == "down":
            bed.down()
            return 0
        hosts, agents = map(int, numbers)
        bed.up(hosts, agents)
    except AssertionError as exc:
        print(exc, file=sys.stderr)
        return 1
    play = f"ANSIBLE_CONFIG={shown(bed.configuration)} {shown(Path(sys.prefix))}/bin/ansible-playbook"
    print(f"""The bed is up ({time.monotonic() - began:.0f} s): {hosts} factory hosts, for {agents} agents each. Try

  {play} -i {shown(bed.inventory)} edgefleet.connectware.rollout
  {play} -i {shown(bed.inventory)} edgefleet.connectware.retire -e agents_hosts=all -e agents_purge=true

and in the end: make bed-down""")
    return 0


def shown(path: Path) -> str:
    """As short as it can be written in the folder of the caller."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    sys.exit(main())
