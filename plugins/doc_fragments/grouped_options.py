# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Other options of a task in one mapping: the documentation of GROUPED_OPTIONS in module_utils/_argspec.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  options:
    description:
      - Other options of this module by their names, in one mapping, for a role that passes many on. What is null in it
        counts as not given, and an option of the task wins.
      - In place of it the result of a task that failed, C(failed) and C(msg), may say why the options are not known.
        Then this task fails with that message and does nothing.
      - Ansible evaluates it as one template, instead of one for every option and host.
    type: dict
"""
