# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where authorizations are recorded: the documentation of EVIDENCE_OPTIONS in module_utils/_argspec.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  evidence_path:
    description:
      - Absolute path of a file, on the machine that speaks with Connectware, to which each authorization is appended as
        two lines of JSON with the same C(id). The first, with the outcome V(attempted), is on the disk before
        Connectware is asked; the second tells what became of it. After a kill, the second may be missing.
      - Many processes may append to one file at once. It is made with mode V(0600), its folder is not made.
      - Nothing is authorized if it cannot be written. Nothing is written in check mode.
      - If not set, the environment variable E(CONNECTWARE_EVIDENCE_PATH) is used.
    type: path
  evidence_account:
    description:
      - Whose the token is, for the record of authorizations, because a token does not tell. With a username and a
        password, the username is recorded and this is not used.
      - If not set, the environment variable E(CONNECTWARE_EVIDENCE_ACCOUNT) is used.
    type: str
"""
