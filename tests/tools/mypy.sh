#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

# Usage: mypy.sh FOLDER_WITH_ansible_collections
# mypy has to see the collection under its full name, so it is given the package, not the files.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$1"
MYPYPATH=$PWD exec mypy --config-file "$root/pyproject.toml" --no-error-summary \
  --package ansible_collections.edgefleet.connectware.plugins.module_utils
