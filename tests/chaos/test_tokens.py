# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token ends in the middle of a rollout."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from random import Random

import pytest
from chaos.bench import Bench
from chaos.middle import Fault, earlier, prepared, struck
from chaos.seeds import chance, count
from chaos.site import KINDS, Site
from chaos.tally import Tally

AGENTS = 3
TRIALS = count(9)


class Expiry(Fault):
    """Every token ends: after some requests, the login among them, or some seconds after the login."""

    def __init__(self, requests: int | None, seconds: float) -> None:
        self._requests = requests
        self._seconds = seconds
        self._logins = 0  # before it

    def __str__(self) -> str:
        return f"request {self._requests}" if self._requests else f"{self._seconds:.2f} s after the login"

    def strike(self, site: Site, process: subprocess.Popen[bytes]) -> None:
        logged_in_at = None
        while process.poll() is None:
            counts = site.counts()
            logins = counts["operations"].get("login", 0)
            if logged_in_at is None and logins:
                logged_in_at = time.monotonic()
            passed = None if logged_in_at is None else time.monotonic() - logged_in_at
            if passed is not None and self._is_due(counts["without_register"], passed):
                self._logins = logins
                assert site.simulator.control("POST", "expire-tokens")["expired"], "there was no token"
                return
            time.sleep(0.03)

    def _is_due(self, requests: int, passed: float) -> bool:
        return requests >= self._requests if self._requests else passed >= self._seconds

    def happened(self, site: Site) -> bool:
        """The run needed a token once more, and has got another one."""
        return 0 < self._logins < site.counts()["operations"]["login"]


def expiries(draw: Random, seconds: float) -> Iterator[Expiry]:
    """One of either way, and ever earlier ones."""
    requests = draw.choice((None, draw.randint(1, 12)))
    for sooner in earlier(seconds, draw):
        yield Expiry(requests, sooner)
        requests = requests and draw.randint(1, max(1, requests - 1))


@pytest.mark.parametrize("number", range(TRIALS))
def test_with_a_password_it_goes_on(bench: Bench, tally: Tally, number: int) -> None:
    kind = KINDS[number % len(KINDS)]
    draw = chance("token", number)
    seconds = draw.random() * bench.duration(kind, AGENTS)
    with (
        tally.trial("token expired") as result,
        struck(result, lambda: prepared(bench, kind, AGENTS, draw), expiries(draw, seconds)) as run,
    ):
        run.ended.in_time()
        assert run.ended.code == 0, run.ended.output
        run.site.converges(run.kept())


def test_a_bare_token_is_missed_by_name_and_nothing_is_lost(bench: Bench, tally: Tally) -> None:
    draw = chance("token", "bare")
    kind = KINDS[0]
    token = bench.simulator.client("rollout").session.headers["Authorization"].removeprefix("Bearer ")
    with tally.trial("token expired, no password") as result, bench.site(kind, AGENTS, draw) as site:
        login = {key: site.variables.pop(key) for key in ("connectware_username", "connectware_password")}
        site.variables["connectware_token"] = token
        site.count_from_now()

        def expire(process: subprocess.Popen[bytes]) -> None:
            while process.poll() is None and site.counts()["operations"].get("registry_unlock", 0) == 0:
                time.sleep(0.03)
            assert process.poll() is None
            assert bench.simulator.control("POST", "expire-tokens")["expired"]

        ended = site.run(expire).in_time()
        assert ended.code, ended.output
        ended.clean(bench.simulator.endpoints["url"], "HTTP 401", "connectware_token")
        assert token not in ended.output
        result.saw(ended.how)
        del site.variables["connectware_token"]
        site.variables.update(login)
        site.converges(site.identities())
