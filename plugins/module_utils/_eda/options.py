# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arguments of the event source, checked as those of a module are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .._agents.limits import DEFAULT_LIMIT, most_of
from .._argspec import CONNECTWARE_ONE_OF, CONNECTWARE_OPTIONS, CONNECTWARE_TOGETHER
from .._errors import SpecError

AGENT = {
    "name": {"type": "str", "required": True},
    "username": {"type": "str"},
    "host": {"type": "str", "required": True},
}
OPTIONS: dict[str, Any] = {
    **CONNECTWARE_OPTIONS,
    "agents": {"type": "list", "elements": "dict", "options": AGENT},
    "inventory": {"type": "list", "elements": "path"},
    "interval": {"type": "float", "default": 15.0},
    "grace": {"type": "float", "default": 30.0},
    "remind": {"type": "float", "default": 1800.0},
    "reload": {"type": "float", "default": 300.0},
    "max_disappeared": {"type": "str", "default": DEFAULT_LIMIT},
    "connected": {"type": "bool", "default": True},
}
OF_THE_ENGINE = ("feedback", "eda_feedback_queue")


def read_options(args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with their defaults and what the environment has; one that is empty counts as not given.

    Raises:
        SpecError: naming all that cannot be used. No secret is shown.
    """
    given = {name: value for name, value in args.items() if name not in OF_THE_ENGINE and value not in (None, "", [])}
    checked = ArgumentSpecValidator(
        OPTIONS,
        mutually_exclusive=[("agents", "inventory")],
        required_one_of=[("agents", "inventory"), *CONNECTWARE_ONE_OF],
        required_together=CONNECTWARE_TOGETHER,
    ).validate(given)
    problems = list(checked.error_messages)
    if not problems:
        problems = _problems(checked.validated_parameters)
    if problems:
        raise SpecError(
            "start the event source edgefleet.connectware.registry",
            answered="; ".join(problems),
            todo="Nothing was asked of Connectware. Correct its arguments in the rulebook, or CONNECTWARE_* in the"
            " environment.",
        )
    return dict(checked.validated_parameters)


def _problems(options: Mapping[str, Any]) -> list[str]:
    times = [f"{name} must not be below 0" for name in ("grace", "remind", "reload") if options[name] < 0]
    if not options["interval"] > 0:
        times.append("interval is not above 0")
    try:
        most_of(options["max_disappeared"], 1)
    except ValueError:
        share = options["max_disappeared"]
        times.append(f"max_disappeared is {share!r}: give a number, or a percentage such as 10%, up to 100%")
    return times
