# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of the decision table about agents with a certificate, and whose the failures in a log are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents import evidence as e
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import LogEvent

from .table import CACHED, FAILURE, NOW, OTHER, is_, judge, seen

# by certificate


def test_an_agent_with_a_certificate_needs_its_user_and_no_credentials():
    agent = seen(credentials=False, by_certificate=True)
    is_(judge(agent, user=True), e.REGISTERED, e.SETTLED, e.NONE)
    is_(judge(replace(agent, started_at=NOW - 2), user=True), e.REGISTERED, e.WAIT, e.NONE)
    missing = judge(agent)
    is_(missing, e.REJECTED, e.FAIL, e.NONE)
    assert "certificate" in missing.message and "grant type" in missing.message


@pytest.mark.parametrize("volume", [{"credentials": False}, {"credentials": None, "volume_created_at": None}])
def test_an_agent_with_a_certificate_is_predicted_as_it_will_be(volume):
    """It needs no credentials, neither in the volume that is there nor in one that will be made."""
    agent = seen(planned=True, by_certificate=True, **volume)
    for policy in (Policy(), Policy(on_conflict="replace"), Policy(only_watch=True)):
        is_(judge(agent, user=True, policy=policy), e.REGISTERED, e.SETTLED, e.NONE)
        is_(judge(agent, policy=policy), e.REJECTED, e.FAIL, e.NONE)
    assert "grant type" in judge(agent).message
    is_(judge(agent, user=True, pending=[OTHER]), e.IMPOSTOR, e.WAIT)


def test_an_agent_whose_certificate_is_refused_right_now_is_broken():
    failing = seen(credentials=False, by_certificate=True, events=(FAILURE,))
    is_(judge(failing, user=True), e.BROKEN, e.WAIT)
    verdict = judge(failing, user=True, wait_started_ago=99.0)
    is_(verdict, e.BROKEN, e.FAIL)
    assert "certificate has expired" in verdict.message
    recovered = replace(failing, events=(replace(FAILURE, at=NOW - 500),))
    is_(judge(recovered, user=True), e.REGISTERED, e.SETTLED)


ALERTS = {
    "tlsv1 alert unknown ca": "does not know the CA that has signed the agent's certificate",
    "ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED": "expired by the clock of Connectware's broker",
    "ssl/tls alert certificate revoked": "knows the agent's certificate as revoked",
    "tlsv13 alert certificate required": "wants a certificate and was shown none",
    "sslv3 alert handshake failure": "wants a certificate and was shown none",
    "certificate verify failed: certificate has expired": "The agent refuses the certificate of its Connectware",
    "CERT_HAS_EXPIRED: certificate has expired": "The agent refuses the certificate of its Connectware",
    "self-signed certificate in certificate chain": "The agent refuses the certificate of its Connectware",
}


@pytest.mark.parametrize(("said", "advice"), ALERTS.items())
def test_what_is_wrong_with_a_certificate_comes_with_what_to_do(said, advice):
    failing = seen(credentials=False, by_certificate=True, events=(replace(FAILURE, text=f"Cannot connect: {said}"),))
    verdict = judge(failing, user=True, wait_started_ago=99.0)
    is_(verdict, e.BROKEN, e.FAIL)
    assert said in verdict.message and advice in verdict.message
    asking = replace(failing, by_certificate=False, events=(CACHED, *failing.events))
    for without in (asking, replace(asking, events=failing.events)):
        verdict = judge(without, wait_started_ago=999.0)
        is_(verdict, e.BROKEN, e.FAIL)
        assert said in verdict.message and advice in verdict.message


def test_so_does_an_agent_that_ends_by_it():
    said = ("Traceback", "ssl.SSLError: [SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca (_ssl.c:2546)")
    crashing = seen(state="restarting", restart_count=9, exit_code=1, former_lines=said)
    for ended in (seen(state="exited", exit_code=1, last_lines=said), crashing):
        verdict = judge(ended, asked_again=True)
        is_(verdict, e.BROKEN, e.FAIL)
        assert "does not know the CA" in verdict.message


def test_other_failures_come_without_advice_on_certificates():
    said = LogEvent("unreachable", NOW - 2, text="connect ECONNREFUSED 10.0.0.1:443")
    refused = seen(credentials=False, events=(said,), connectware=("x",))
    assert judge(refused, wait_started_ago=999.0).message.endswith("connect ECONNREFUSED 10.0.0.1:443")


# connections: to Connectware, or to a machine

HOST, ADDRESS = ("connectware.example.com", ":8883"), ("10.0.0.1",)


@pytest.mark.parametrize(
    ("names", "said", "counts"),
    [
        (HOST, "[modbus] connect ECONNREFUSED 10.0.0.5:502", False),
        (HOST, "read ECONNRESET", False),
        (HOST, "getaddrinfo ENOTFOUND connectware.example.community", False),
        (HOST, "getaddrinfo ENOTFOUND plc.connectware.example.com.local", False),
        (HOST, "getaddrinfo ENOTFOUND Connectware.example.com.", True),
        (HOST, "connect ECONNREFUSED 10.0.0.1:8883", True),
        (HOST, "connect ECONNREFUSED 10.0.0.5:88830", False),
        (ADDRESS, "connect ETIMEDOUT 10.0.0.1:8883", True),
        (ADDRESS, "connect ETIMEDOUT 10.0.0.12:502", False),
        (ADDRESS, "connect ETIMEDOUT 110.0.0.1:502", False),
        ((), "connect ECONNREFUSED 10.0.0.5:502", True),  # nobody knows what the agent is told of Connectware
    ],
)
@pytest.mark.parametrize("by_certificate", [True, False])
def test_a_machine_that_is_off_is_no_failure_of_its_agent(names, said, counts, by_certificate):
    agent = seen(by_certificate=by_certificate, credentials=not by_certificate, connectware=names)
    agent = replace(agent, events=(LogEvent("unreachable", NOW - 2, text=said),))
    verdict = judge(agent, user=True, policy=Policy(only_watch=not by_certificate), wait_started_ago=99.0)
    is_(verdict, e.BROKEN if counts else e.REGISTERED, e.FAIL if counts else e.SETTLED, e.NONE)
    assert said in verdict.message or not counts
    assert "certificate has not expired" not in verdict.message


def test_a_machine_that_is_off_does_not_hide_what_the_agent_says_of_connectware():
    machine = LogEvent("unreachable", NOW - 1, text="connect ECONNREFUSED 10.0.0.5:502")
    agent = seen(connectware=HOST, events=(FAILURE, machine))
    is_(judge(agent, user=True, policy=Policy(only_watch=True)), e.BROKEN, e.WAIT)
    over = replace(agent, events=(replace(FAILURE, at=NOW - 500), machine))
    is_(judge(over, user=True, policy=Policy(only_watch=True)), e.REGISTERED, e.SETTLED)
