#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

# Usage: sanity.sh COLLECTION_FOLDER [ansible-test options]
# Runs `ansible-test sanity` without containers, also where its bootstrap script of pip cannot be downloaded.
set -euo pipefail
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$1"
shift

export LC_ALL=C.UTF-8
version=$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
# en_US.UTF-8 is the wish of ansible-test, not a need of ours.
quiet() { grep -v 'Using locale "C.UTF-8"' || true; }

prime() { ansible-test sanity --python "$version" --prime-venvs "$@" 2>&1; }

# ansible-test only warns when this one is absent; from Debian's packages it is there for the asking.
command -v shellcheck >/dev/null || "$tools/apt_install.sh" shellcheck || echo 'sanity: shellcheck is not installed' >&2

log=$(mktemp)
substitute=
trap 'rm -f "$log" ${substitute:+"$substitute"}' EXIT

if ! prime "$@" >"$log"; then
  substitute=$(sed -n 's/^The bootstrap script can be manually downloaded and saved to: //p' "$log")
  if [ -z "$substitute" ]; then
    cat "$log"
    exit 1
  fi
  mkdir -p "$(dirname "$substitute")"
  cp "$tools/get_pip_offline.py" "$substitute"
  prime "$@" >"$log" || { cat "$log"; exit 1; }
fi

ansible-test sanity --python "$version" --color no "$@" 2>&1 | quiet
