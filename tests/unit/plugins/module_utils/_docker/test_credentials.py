# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an archive or a folder holds a non-empty file, and how little of it is read."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.edgefleet.connectware.plugins.module_utils._docker import credentials

KINDS = {
    "folder": (tarfile.DIRTYPE, 0, False),
    "link": (tarfile.SYMTYPE, 0, False),
    "pipe": (tarfile.FIFOTYPE, 0, False),
    "device": (tarfile.CHRTYPE, 0, False),
    "empty": (tarfile.REGTYPE, 0, False),
    "file": (tarfile.REGTYPE, 3, True),
    "large": (tarfile.REGTYPE, 3_000_000, True),
}


def archive(kinds: list[str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for number, kind in enumerate(kinds):
            # names longer than a header's field, and not of ASCII, as the engine's own archiver writes them
            entry = tarfile.TarInfo(f"data/{'ö' * (number % 3) * 60}{number}")
            entry.type, entry.size, _unused = KINDS[kind]
            tar.addfile(entry, io.BytesIO(b"x" * entry.size))
    return buffer.getvalue()


def chunks(raw: bytes, size: int, taken: list[int]) -> Iterator[bytes]:
    for start in range(0, len(raw), size):
        taken.append(size)
        yield raw[start : start + size]


@given(st.lists(st.sampled_from([kind for kind in KINDS if kind != "large"]), max_size=12), st.integers(1, 5000))
def test_an_archive_in_chunks_of_any_size(kinds: list[str], size: int) -> None:
    expected = any(KINDS[kind][2] for kind in kinds)
    assert credentials.first_file(chunks(archive(kinds), size, [])) is expected


def test_content_is_not_read() -> None:
    taken: list[int] = []
    assert credentials.first_file(chunks(archive(["folder", "large", "large"]), 4096, taken))
    assert sum(taken) <= 8192


def test_an_archive_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "MOST_HEADERS", 100_000)
    taken: list[int] = []
    assert credentials.first_file(chunks(archive(["empty"] * 5000), 4096, taken)) is None
    assert sum(taken) < 200_000


def test_no_archive() -> None:
    with pytest.raises(tarfile.TarError):
        credentials.first_file(chunks(b"no archive at all " * 100, 4096, []))


def test_a_folder(tmp_path: Path) -> None:
    holds = credentials._holds_file
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder").symlink_to("/etc", target_is_directory=True)
    os.mkfifo(tmp_path / "pipe")
    assert not holds(str(tmp_path))
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_text("x")
    assert holds(str(tmp_path))


def test_a_folder_that_is_too_large_is_left_to_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "MOST_ENTRIES", 3)
    for number in range(4):
        (tmp_path / str(number)).touch()
    with pytest.raises(OSError, match="more than 3"):
        credentials._holds_file(str(tmp_path))
