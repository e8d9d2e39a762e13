# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token ends in the middle of a rollout."""

from __future__ import annotations

import subprocess
import time

import pytest
from chaos.bench import Bench
from chaos.seeds import chance, count
from chaos.site import KINDS, VOLUME_EMPTIED
from chaos.tally import Tally

AGENTS = 3
TRIALS = count(9)


@pytest.mark.parametrize("number", range(TRIALS))
def test_with_a_password_it_goes_on(bench: Bench, tally: Tally, number: int) -> None:
    kind = KINDS[number % len(KINDS)]
    draw = chance("token", number)
    seconds = draw.random() * bench.duration(kind, AGENTS)
    requests = draw.choice((None, draw.randint(1, 12)))
    with tally.trial("token expired") as result, bench.site(kind, AGENTS, draw) as site:
        hit = site.prepare(kind, draw)
        healthy = {name: known for name, known in site.identities().items() if name not in hit}
        site.count_from_now()

        def expire(process: subprocess.Popen[bytes]) -> None:
            began = time.monotonic()
            while process.poll() is None:
                passed = site.counts()["without_register"] if requests else 0
                if (requests and passed >= requests) or (not requests and time.monotonic() - began >= seconds):
                    bench.simulator.control("POST", "expire-tokens")
                    return
                time.sleep(0.03)

        print(f"expires after {f'request {requests}' if requests else f'{seconds:.2f} s'}")
        ended = site.run(expire).in_time()
        assert ended.code == 0, ended.output
        result.ended[ended.how] += 1
        site.converges(healthy if kind == VOLUME_EMPTIED else site.identities())


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
            bench.simulator.control("POST", "expire-tokens")

        ended = site.run(expire).in_time()
        assert ended.code, ended.output
        ended.clean(bench.simulator.endpoints["url"], "HTTP 401", "connectware_token")
        assert token not in ended.output
        result.ended[ended.how] += 1
        del site.variables["connectware_token"]
        site.variables.update(login)
        site.converges(site.identities())
