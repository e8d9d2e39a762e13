# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the containers and volumes of agents are called, and by which labels they are known."""

from __future__ import annotations

CREDENTIALS_PATH = "/data"
"""Where an agent keeps its credentials, documented by the vendor."""
OWN_LABELS = "edgefleet.connectware."
"""How the labels begin that nobody else sets."""
LABEL_AGENT = OWN_LABELS + "agent"
LABEL_UNREGISTERED = OWN_LABELS + "unregistered"
MARK = ".unregistered"
"""How the name of a mark ends, which stands beside the volume of an agent that was never seen registered."""
NEXT, PREVIOUS = ".next", ".previous"
"""How the name of a container ends for a moment: of one that is to replace another, and of one that it has replaced."""
