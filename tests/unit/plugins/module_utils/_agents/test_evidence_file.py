# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The evidence file: whole lines, whoever writes at the same time and whatever goes wrong meanwhile."""

from __future__ import annotations

import errno
import fcntl
import json
import multiprocessing
import os
import resource
import signal
import stat
from pathlib import Path

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence_file import EvidenceFile
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import EvidenceFileError, SpecError

FORK = multiprocessing.get_context("fork")


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_lines_are_appended_to_a_file_that_only_its_owner_reads(tmp_path):
    path = tmp_path / "evidence.jsonl"
    before = os.umask(0)
    try:
        EvidenceFile(str(path)).append({"n": 1, "text": "\u00e9\n\x1b"})
    finally:
        os.umask(before)
    EvidenceFile(str(path)).append({"n": 2})
    assert lines(path) == [{"n": 1, "text": "\u00e9\n\x1b"}, {"n": 2}]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().isascii()


def test_the_mode_of_a_file_that_is_there_is_left_to_its_owner(tmp_path):
    path = tmp_path / "evidence.jsonl"
    path.touch(mode=0o640)
    path.chmod(0o640)
    EvidenceFile(str(path)).append({"n": 1})
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def _append_many(path: str, writer: int) -> None:
    for number in range(60):
        EvidenceFile(path).append({"writer": writer, "number": number, "text": "x" * 5000})


def test_many_processes_append_whole_lines(tmp_path):
    path = tmp_path / "evidence.jsonl"
    writers = [FORK.Process(target=_append_many, args=(str(path), writer)) for writer in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert {writer.exitcode for writer in writers} == {0}
    found = [(line["writer"], line["number"]) for line in lines(path)]
    assert sorted(found) == [(writer, number) for writer in range(8) for number in range(60)]
    assert all([n for w, n in found if w == writer] == list(range(60)) for writer in range(8))


def test_a_line_that_a_crash_has_cut_stays_a_line_of_its_own(tmp_path):
    path = tmp_path / "evidence.jsonl"
    path.write_text('{"n": 1}\n{"n": ')
    EvidenceFile(str(path)).append({"n": 2})
    assert path.read_text().splitlines() == ['{"n": 1}', '{"n": ', '{"n": 2}']


def _append_with_a_full_disk(path: str, room: int) -> None:
    """The system refuses to make the file longer, as a full disk does, in the middle of a line."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    try:
        EvidenceFile(path).append({"text": "x" * 5000})
    except EvidenceFileError as exc:
        os._exit(7 if "File too large" in exc.message and path in exc.message else 8)
    os._exit(0)


@pytest.mark.parametrize("room", [8, 100])
def test_a_line_for_which_there_is_no_room_leaves_nothing_behind(tmp_path, room):
    path = tmp_path / "evidence.jsonl"
    path.write_text('{"n":1}\n')
    process = FORK.Process(target=_append_with_a_full_disk, args=(str(path), room))
    process.start()
    process.join(30)
    assert process.exitcode == 7
    assert path.read_text() == '{"n":1}\n'


def test_a_file_that_was_moved_away_while_it_was_locked_is_made_anew(tmp_path):
    path = tmp_path / "evidence.jsonl"
    path.write_text('{"n": 1}\n')
    holder = os.open(path, os.O_RDWR)
    fcntl.flock(holder, fcntl.LOCK_EX)

    def rotate(_seconds: float) -> None:
        if not (tmp_path / "old").exists():
            path.rename(tmp_path / "old")
            os.close(holder)

    EvidenceFile(str(path), sleep=rotate).append({"n": 2})
    assert lines(tmp_path / "old") == [{"n": 1}] and lines(path) == [{"n": 2}]


def test_a_lock_that_is_never_given_back_is_not_waited_for_forever(tmp_path):
    path = tmp_path / "evidence.jsonl"
    path.touch()
    now = [0.0]
    holder = os.open(path, os.O_RDWR)
    fcntl.flock(holder, fcntl.LOCK_EX)
    waiting = EvidenceFile(str(path), sleep=lambda seconds: now.__setitem__(0, now[0] + seconds), clock=lambda: now[0])
    with pytest.raises(EvidenceFileError, match="another process has locked it for 30 s"):
        waiting.append({"n": 1})
    os.close(holder)
    assert path.read_text() == "" and now[0] >= 30


def _unusable(folder: Path, kind: str) -> Path:
    path = folder / "evidence.jsonl"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "no folder":
        path = folder / "none" / "evidence.jsonl"
    elif kind == "below a file":
        (folder / "file").touch()
        path = folder / "file" / "evidence.jsonl"
    return path


@pytest.mark.parametrize("kind", ["folder", "pipe", "no folder", "below a file"])
def test_what_cannot_be_written_is_found_out_before(tmp_path, kind):
    path = _unusable(tmp_path, kind)
    found = sorted(tmp_path.rglob("*"))
    for use in (EvidenceFile(str(path)).check, lambda: EvidenceFile(str(path)).append({})):
        with pytest.raises(EvidenceFileError, match=r"evidence\.jsonl.*agents_evidence_path"):
            use()
    assert sorted(tmp_path.rglob("*")) == found


def test_looking_whether_it_can_be_written_makes_nothing(tmp_path):
    path = tmp_path / "evidence.jsonl"
    EvidenceFile(str(path)).check()
    assert not path.exists()
    path.write_text("{}\n")
    os.utime(path, (1, 1))
    EvidenceFile(str(path)).check()
    assert path.stat().st_mtime == 1 and path.read_text() == "{}\n"


@pytest.mark.parametrize("answer", [errno.EINVAL, errno.ENOTSUP, errno.EACCES])
def test_a_folder_that_cannot_be_synced_keeps_no_line_out(tmp_path, monkeypatch, answer):
    """As on some network shares; or it may be written to, and not be read."""
    sync, open_ = os.fsync, os.open

    def refusing_sync(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode) and answer != errno.EACCES:
            raise OSError(answer, os.strerror(answer))
        sync(handle)

    def refusing_open(path, *arguments, **options):
        if Path(path) == tmp_path and answer == errno.EACCES:
            raise PermissionError(answer, os.strerror(answer))
        return open_(path, *arguments, **options)

    monkeypatch.setattr(os, "fsync", refusing_sync)
    monkeypatch.setattr(os, "open", refusing_open)
    path = tmp_path / "evidence.jsonl"
    EvidenceFile(str(path)).append({"n": 1})
    assert lines(path) == [{"n": 1}]


def test_a_relative_path_is_refused():
    with pytest.raises(SpecError, match="no absolute path"):
        EvidenceFile("evidence.jsonl")
