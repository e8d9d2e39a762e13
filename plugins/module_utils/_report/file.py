# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes a report so that a reader finds the old one or the new one, never a part."""

from __future__ import annotations

import os
import re
import stat
import uuid

MODE = 0o666  # before the umask
MOST_LINKS = 40  # of which one leads to the next, as in Linux
_DESCRIPTOR = re.compile(r"/proc/[^/]+/(task/[^/]+/)?fd/[^/]+\Z")


def replace_file(path: str, text: str) -> None:
    """Write the file at once. What is no regular file, a pipe for example, is written into.

    So is a file that somebody holds open, such as /dev/stdout: it has more than the report, and is added to.

    Raises:
        OSError: it cannot be written; the file is as it was.
    """
    if _is_special(path) or _is_open(path):
        with open(path, "a", encoding="utf-8") as stream:
            stream.write(text)
        return
    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    beside = os.path.join(folder, f".{name}.{uuid.uuid4().hex}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, target)
    except OSError:
        os.unlink(beside)
        raise


def _is_open(path: str) -> bool:
    """Whether links lead to a file descriptor of a process; the real path would be that of its file, or none."""
    for _link in range(MOST_LINKS):
        folder, name = os.path.split(os.path.abspath(path))
        path = os.path.join(os.path.realpath(folder), name)
        if _DESCRIPTOR.match(path):
            return True
        if not os.path.islink(path):
            break
        path = os.path.join(os.path.dirname(path), os.readlink(path))
    return False


def _is_special(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(mode)
