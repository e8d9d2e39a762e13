# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands in for the bootstrap script ``get-pip.py`` where ansible-test cannot download it.

ansible-test runs it inside a virtual environment without pip, with arguments such as
``--disable-pip-version-check pip==24.2 --no-setuptools --no-wheel``.
"""

from __future__ import annotations

import ensurepip
import os
import subprocess
import sys

if __name__ == "__main__":
    # ensurepip hides the user's configuration of pip from this process; the index may be named there.
    environment = dict(os.environ)
    ensurepip.bootstrap(upgrade=True)
    packages = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", *packages]
    subprocess.run(command, env=environment, check=True)
