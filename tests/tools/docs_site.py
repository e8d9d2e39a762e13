# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Usage: docs_site.py COLLECTION_FOLDER DESTINATION

Builds the documentation site from a copy of the collection into DESTINATION/html: pages of modules, roles and plugins,
the guides of docs/docsite, and the pages of docs/*.md. A warning of any tool ends it with an error. It asks no server.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

COLLECTION = "edgefleet.connectware"
REPOSITORY = "https://github.com/edgefleet/connectware/blob/main/"
HERE = Path(__file__).resolve().parent / "docs"


def run(*command: str, **env: str) -> None:
    done = subprocess.run(command, env={**os.environ, **env}, check=False)
    if done.returncode != 0:
        sys.exit(f"docs: {command[0]} found what is above")


def fresh(folder: Path) -> Path:
    """An empty folder that antsibull-docs writes into: it wants one that nobody else can write."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    return folder


def add_pages(collection: Path, pages: Path) -> None:
    """What is no guide of the collection: the front page, and docs/*.md with their pictures."""
    shutil.copy(HERE / "index.rst", pages)
    for page in sorted((collection / "docs").glob("*.md")):
        (pages / page.name).write_text(with_links_of_the_site(page.read_text(encoding="utf-8")), encoding="utf-8")
    for picture in sorted((collection / "docs").glob("*.svg")):
        shutil.copy(picture, pages)


def with_links_of_the_site(text: str) -> str:
    """Links to guides lead to where those are on the site, links to files that are no pages into the repository."""
    text = text.replace("](docsite/rst/", "](collections/edgefleet/connectware/docsite/")
    return re.sub(r"\]\(\.\./([^)\s]+)\)", rf"]({REPOSITORY}\1)", text)


def main() -> None:
    collection, destination = (Path(argument).absolute() for argument in sys.argv[1:])
    pages = fresh(destination / "rst")
    run(
        *("antsibull-docs", "collection", "--use-current", "--fail-on-error", "--cleanup", "everything"),
        *("--dest-dir", str(pages), COLLECTION),
        ANSIBLE_COLLECTIONS_PATH=str(collection.parents[2]),
    )
    add_pages(collection, pages)
    shutil.copy(HERE / "conf.py", destination)
    html = destination / "html"
    shutil.rmtree(html, ignore_errors=True)
    run(
        *("sphinx-build", "-b", "html", "-c", str(destination), "-d", str(destination / "doctrees")),
        *("-W", "--keep-going", "--quiet", str(pages), str(html)),
    )
    print(f"docs: {html / 'index.html'}")


if __name__ == "__main__":
    main()
