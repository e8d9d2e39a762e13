#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

# Usage: apt_install.sh PACKAGE...
# Installs packages where that is possible (root, apt), silently unless it fails; says 1 where it is not.
set -euo pipefail
[ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || exit 1

install() {
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@"
}

echo "==> installing $*"
output=$(install "$@" 2>&1) || {
  printf '%s\n' "$output" >&2
  exit 1
}
