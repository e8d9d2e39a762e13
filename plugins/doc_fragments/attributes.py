# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module says about itself."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  action_group:
    description: Its shared options can be set for the whole group with C(module_defaults).
  async:
    description: Can be used with the keyword C(async).
  check_mode:
    description: Can run in check mode and say whether it would change something, without changing it.
  diff_mode:
    description: Says in diff mode what has changed, or in check mode would change.
  idempotent:
    description: Run a second time with the same options, it changes nothing.
  platform:
    description: Where it runs.
"""

    # Of those that only talk to Connectware; what a module says itself counts more.
    OF_CONNECTWARE = r"""
options: {}
attributes:
  action_group:
    support: full
    membership:
      - edgefleet.connectware.connectware
  async:
    support: full
"""
