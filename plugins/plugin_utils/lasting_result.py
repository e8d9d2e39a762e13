# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An action whose result is told also where its host has gone away since."""

from __future__ import annotations

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase


class LastingResult(ActionBase):
    """Ansible asks the host once more when all is done, to remove its folder: that failed in place of the result."""

    def cleanup(self, force: bool = False) -> None:
        try:
            super().cleanup(force)
        except AnsibleConnectionFailure:
            self._connection._shell.tmpdir = None
