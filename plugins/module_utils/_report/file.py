# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes a report so that a reader finds the old one or the new one, never a part."""

from __future__ import annotations

import os
import stat
import uuid

MODE = 0o666  # before the umask


def replace_file(path: str, text: str) -> None:
    """Write the file at once. What is no regular file, a pipe for example, is written into.

    Raises:
        OSError: it cannot be written; the file is as it was.
    """
    target = os.path.realpath(path)
    if _is_special(target):
        with open(target, "w", encoding="utf-8") as stream:
            stream.write(text)
        return
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


def _is_special(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(mode)
