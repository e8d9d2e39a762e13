# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one agent was restarted for in one run; each of it is allowed once."""

from __future__ import annotations

from dataclasses import dataclass

from .evidence import RESTART, UNPROVEN, Verdict


@dataclass
class Restarts:
    """Those that are done, in the words of History, and one that is on its way.

    Attributes:
        begun: it is going to be restarted, and nobody has said yet that it was.
    """

    asked_again: bool = False
    proved: bool = False
    proved_new: bool = False
    begun: bool = False

    def take(self, verdict: Verdict | None, authorized: bool) -> None:
        """One is done.

        Args:
            verdict: that it was done for.
            authorized: this run has authorized a request of the agent.

        Raises:
            ValueError: no verdict says so.
        """
        self.begun = False
        if verdict is None or verdict.action != RESTART:
            raise ValueError("an agent is restarted only where its verdict says so")
        if verdict.verdict != UNPROVEN:
            self.asked_again = True
        elif authorized:
            self.proved_new = True
        else:
            self.proved = True
