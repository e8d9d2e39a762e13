# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report is replaced as a whole."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._report.file import replace_file


def test_a_reader_never_finds_a_part(tmp_path):
    path = tmp_path / "report.json"
    texts = {letter * 200_000 for letter in "ab"}
    replace_file(str(path), min(texts))
    over = threading.Event()
    odd: list[str] = []

    def read() -> None:
        while not over.is_set():
            text = path.read_text()
            if text not in texts:
                odd.append(text)

    reader = threading.Thread(target=read)
    reader.start()
    for _unused in range(100):
        for text in texts:
            replace_file(str(path), text)
    over.set()
    reader.join()
    assert odd == [] and os.listdir(tmp_path) == ["report.json"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "real")
    replace_file(str(tmp_path / "link"), "x")
    replace_file(str(tmp_path / "link"), "y")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "y"


def test_a_pipe_is_written_into(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(path.read_text()))
    reader.start()
    replace_file(str(path), "x")
    reader.join(10)
    assert got == ["x"] and path.is_fifo()


@pytest.mark.parametrize("way", ["/dev/fd/{}", "/proc/self/fd/{}", "/proc/{pid}/fd/{}", "{link}"])
def test_an_open_file_is_added_to(tmp_path, way):
    """What a shell has redirected: a log that has more than the report, and that others hold open."""
    log = tmp_path / "run.log"
    with open(log, "a", encoding="utf-8") as stream:
        stream.write("TASK\n")
        stream.flush()
        link = tmp_path / "link"
        link.symlink_to(f"/dev/fd/{stream.fileno()}")
        replace_file(way.format(stream.fileno(), pid=os.getpid(), link=link), "report\n")
        stream.write("RECAP\n")
    assert log.read_text() == "TASK\nreport\nRECAP\n" and sorted(os.listdir(tmp_path)) == ["link", "run.log"]


def test_standard_output_is_written_to(tmp_path):
    """Into a pipe, and into a file that it was redirected to."""
    program = f"import sys; sys.path[:0] = {sys.path!r}; from {replace_file.__module__} import replace_file\n"
    program += "print('TASK', flush=True); replace_file('/dev/stdout', 'report\\n'); print('RECAP', flush=True)"
    piped = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True).stdout
    with open(tmp_path / "log", "a+b") as log:
        subprocess.run([sys.executable, "-c", program], stdout=log, check=True)
    assert piped == (tmp_path / "log").read_bytes() == b"TASK\nreport\nRECAP\n"


def test_the_pipe_of_a_substitution_of_bash_is_written_to():
    """`>(...)` is /dev/fd/63, whose real path is no file."""
    reading, writing = os.pipe()
    replace_file(f"/dev/fd/{writing}", "report")
    os.close(writing)
    with os.fdopen(reading) as stream:
        assert stream.read() == "report"


@pytest.mark.parametrize("name", ["none/report.json", "folder", "file/report.json"])
def test_what_cannot_be_written_leaves_nothing_behind(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"report|folder"):
        replace_file(str(tmp_path / name), "x")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]
