# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a secret can turn up, and in which spellings."""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from urllib.parse import quote, quote_plus

from integration.bed import docker

FOR_HTML = {ord(char): f"\\u{ord(char):04x}" for char in "<>&"}  # as programs in Go write JSON
PAUSE = 0.02  # seconds between two samples
SYSTEM_LOG = "/dev/log"  # where modules of Ansible tell what they were given
IN_SYSTEM_LOG = "system log"


def spellings(secret: str) -> dict[str, bytes]:
    """Every spelling that is looked for, by its name."""
    raw = secret.encode()
    found = {
        "plain": secret,
        "URL": quote(secret, safe=""),
        "URL, small letters": re.sub("%..", lambda match: match.group().lower(), quote(secret, safe="")),
        "URL, form": quote_plus(secret),
        "JSON": json.dumps(secret)[1:-1],
        "JSON, fit for HTML": json.dumps(secret)[1:-1].translate(FOR_HTML),
        "JSON in JSON": json.dumps(json.dumps(secret)[1:-1])[1:-1],
        "JSON in Python": repr(json.dumps(secret)[1:-1])[1:-1],
        "Python": repr(secret)[1:-1],
        "hex": raw.hex(),
        "hex, capitals": raw.hex().upper(),
    }
    for shift in range(3):
        for name, encode in (("base64", base64.b64encode), ("base64, URL", base64.urlsafe_b64encode)):
            # Only the characters that the neighbours of the secret have no part in.
            text = encode(b"\0" * shift + raw).decode()
            found[f"{name}, {shift} bytes behind"] = text[(0, 2, 3)[shift] : (shift + len(raw)) * 8 // 6]
    return {name: text.encode() for name, text in found.items()}


@dataclass(frozen=True)
class Leak:
    """A secret that was found."""

    place: str
    secret: str
    spelling: str
    around: str = field(compare=False, default="")


class Seeker:
    """Finds secrets.

    Args:
        secrets: what each of them is, by a name that may be shown.
    """

    def __init__(self, secrets: dict[str, str]) -> None:
        assert all(len(secret) >= 8 for secret in secrets.values()), "too short to be told from other text"
        self._needles: dict[bytes, tuple[str, str]] = {}
        for name, secret in secrets.items():
            for spelling, needle in spellings(secret).items():
                self._needles.setdefault(needle, (name, spelling))
        self._pattern = re.compile(b"|".join(re.escape(needle) for needle in self._needles))

    def leaks(self, place: str, contents: Iterable[bytes | str]) -> set[Leak]:
        """What is found in one place."""
        found = set()
        for content in contents:
            raw = content.encode(errors="surrogateescape") if isinstance(content, str) else content
            for match in self._pattern.finditer(raw):
                name, spelling = self._needles[match.group()]
                before = raw[max(0, match.start() - 60) : match.start()]
                found.add(Leak(place, name, spelling, repr(before)))
        return found


class SystemLog:
    """Hears what is written into the system's log, on a machine that has nobody else who does.

    Attributes:
        heard: every entry; None where the log is somebody else's.
    """

    def __init__(self) -> None:
        self.heard: set[bytes] | None = None
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def __enter__(self) -> SystemLog:
        try:
            self._socket.bind(SYSTEM_LOG)
        except OSError:
            return self
        self.heard = set()
        self._thread = threading.Thread(target=self._listen, args=(self.heard,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self.heard is not None:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as own:
                own.sendto(b"", SYSTEM_LOG)
            self._thread.join(10)
            os.unlink(SYSTEM_LOG)
        self._socket.close()

    def _listen(self, heard: set[bytes]) -> None:
        while entry := self._socket.recv(1 << 20):
            heard.add(entry)


class Sampler:
    """Looks again and again, while something runs, at command lines and into folders, and hears the system's log.

    Attributes:
        seen: by place, every content that there was at any time.
        system_log: where that is told.
    """

    def __init__(self, folders: dict[str, Path]) -> None:
        self.seen: dict[str, set[bytes]] = defaultdict(set)
        self.system_log = SystemLog()
        self._folders = folders
        self._known: set[tuple[str, int, int]] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Sampler:
        if self.system_log.__enter__().heard is not None:
            self.seen[IN_SYSTEM_LOG] = self.system_log.heard
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        was_alive = self._thread.is_alive()
        self._over.set()
        self._thread.join(10)
        self.system_log.__exit__(None, None, None)
        assert was_alive, "nobody has looked to the end"

    def _run(self) -> None:
        while not self._over.is_set():
            for process in Path("/proc").iterdir():
                if process.name.isdigit():
                    self._take_process(process)
            for place, folder in self._folders.items():
                for path in files_in(folder):
                    self._take_file(place, path)
            self._over.wait(PAUSE)

    def _take_process(self, process: Path) -> None:
        try:
            line = (process / "cmdline").read_bytes()
            self.seen["command lines"].add(line)
            if b"agent.py" in line:
                self.seen["environment of agents"].add((process / "environ").read_bytes())
        except OSError:
            return

    def _take_file(self, place: str, path: Path) -> None:
        try:
            status = path.stat()
            key = (str(path), status.st_size, status.st_mtime_ns)
            if key not in self._known:
                self.seen[place].add(path.read_bytes())
                self._known.add(key)
        except OSError:
            return


def files_in(folder: Path) -> Iterator[Path]:
    """All files below a folder, whatever is added and removed meanwhile."""
    try:
        entries = list(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink():
            yield from files_in(entry)
        elif entry.is_file():
            yield entry


def contents_of(folder: Path, *left_out: Path) -> list[bytes]:
    """What all files below a folder hold, and how they are called."""
    found = [path for path in files_in(folder) if path not in left_out]
    return [str(path).encode() for path in found] + [path.read_bytes() for path in found]


def engine_reports(prefix: str, *images: str) -> dict[str, list[str]]:
    """What the engine tells everybody who may ask it."""
    reports: dict[str, list[str]] = {"containers": [], "volumes": [], "images": []}
    # What another test takes away between the listing and the look has nothing to tell: the report is then empty.
    for container in docker("ps", "--all", "--quiet", "--filter", f"name={prefix}").split():
        reports["containers"].append(docker("inspect", container, check=False))
    for volume in docker("volume", "ls", "--quiet", "--filter", f"name={prefix}").split():
        reports["volumes"].append(docker("volume", "inspect", volume, check=False))
    for image in images:
        reports["images"] += [docker("image", "inspect", image), docker("history", "--no-trunc", image)]
    return reports
