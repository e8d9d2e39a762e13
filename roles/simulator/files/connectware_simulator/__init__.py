# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for Connectware, to test rollouts of agents without a licence."""

from __future__ import annotations
