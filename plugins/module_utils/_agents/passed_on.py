# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of one task that a user passes on to another: anything can come where they are expected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .._errors import SpecError


@contextmanager
def passed_on(option: str, answered: str, todo: str) -> Iterator[None]:
    """Read what was passed on; whatever does not fit while it is taken apart is something else than expected.

    Args:
        option: that has it.
        answered: what it should have been.
        todo: how to get that.

    Raises:
        SpecError: it is something else.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise SpecError(f"use the option '{option}'", answered=f"{answered} ({exc!r})", todo=todo) from exc
