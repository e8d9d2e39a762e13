# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do when an agent's log tells of certificates that one end of its connection does not accept.

The words are those of TLS alerts as OpenSSL, and with it Python and Node.js, write them; see patterns.py.
"""

from __future__ import annotations

import re

_AGENT_REFUSES = (
    "The agent refuses the certificate of its Connectware. Check that the CA it is given (certificates, option ca) is"
    " the one that has signed it, that it has not expired by the clock of the factory host, and that it is valid for"
    " the name the agent connects to."
)
_UNKNOWN_CA = (
    "Connectware's broker does not know the CA that has signed the agent's certificate. Give the agent one of the CA"
    " that the broker trusts, with all certificates in between, or add that CA at the broker."
)
_EXPIRED = (
    "The agent's certificate has expired by the clock of Connectware's broker. Renew it and run again, which makes the"
    " agent anew with it, or set that clock."
)
_REVOKED = "Connectware's broker knows the agent's certificate as revoked. Give the agent a new one."
_WANTED = (
    "Connectware's broker wants a certificate and was shown none that it can use. Give the agent one (certificates,"
    " options certificate and key), or correct certificate_target and key_target if it looks elsewhere."
)

# A client of TLS says this of its server's certificate. What is wrong with its own, its server says.
_OF_A_CLIENT = (
    r"certificate[ _]verify[ _]failed|self.signed certificate|unable to (get|verify)|cert(ificate)?[ _]has[ _]expired"
)
_ADVICE = (
    (_OF_A_CLIENT, _AGENT_REFUSES),
    (r"unknown[ _]ca\b", _UNKNOWN_CA),
    (r"certificate[ _]expired", _EXPIRED),
    (r"certificate[ _]revoked", _REVOKED),
    (r"certificate[ _]required|alert[ _]handshake[ _]failure", _WANTED),
)


def advice_on(log: str) -> str:
    """What to do about it; empty where the text says nothing of certificates.

    Args:
        log: the words of the agent.
    """
    return next((text for regex, text in _ADVICE if re.search(regex, log, re.IGNORECASE)), "")


def with_advice(text: str, log: str) -> str:
    """A message that tells of the log, and what to do about it where that is known."""
    advice = advice_on(log)
    return f"{text}. {advice}" if advice else text
