# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the registration window is held: the documentation of WINDOW_OPTIONS in module_utils/_argspec.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  window_lease:
    description:
      - Seconds after which the registration window closes by itself at the latest, when nobody needs it any more. Who
        is alone opens it for half to three quarters of that at a time. At least 5.
      - Runs that meet at one Connectware should have the same, because they see each other by the window's end.
    type: float
    default: 60.0
"""
