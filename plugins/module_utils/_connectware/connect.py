# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module parameters -> session."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from .._agents.text import printable
from .._errors import SpecError
from .contract import DEFAULT_CONTRACT
from .corrections import corrected
from .login import Account, Credentials
from .retry import RetryPolicy
from .secret import Secret
from .session import Session, checked_token
from .token_store import SharedTokenStore
from .transport import Transport

API = "/api"  # what an address copied from a browser or a manual ends with
LONGEST_LABEL = 63  # characters between two dots of a host name


def connect(
    params: Mapping[str, Any],
    *,
    token_store: SharedTokenStore | None = None,
    retry: RetryPolicy | None = None,
    sleep: Callable[[float], None] = time.sleep,
    on_wait: Callable[[str, float], None] | None = None,
) -> Session:
    """A session by the options of CONNECTWARE_OPTIONS; nothing is sent before its first call.

    Raises:
        SpecError: an option cannot be used.
        ContractCorrectionError: connectware_contract cannot be used.
    """
    validate_certs = bool(params.get("connectware_validate_certs", True))
    username, password = params.get("connectware_username"), params.get("connectware_password")
    account = Account(
        token=checked_token(params.get("connectware_token")),
        credentials=Credentials(str(username), Secret(str(password))) if username and password else None,
    )
    if account.token is None and account.credentials is None:
        raise SpecError(
            "log in to Connectware",
            answered="there is neither a token nor a username with its password",
            todo="Give connectware_token, or connectware_username and connectware_password.",
        )
    url = checked_url(params.get("connectware_url"), plain_text=not validate_certs)
    contract = corrected(DEFAULT_CONTRACT, params.get("connectware_contract"))
    if url.endswith(API) and all(known.path.value.startswith(f"{API}/") for known in contract.operations.values()):
        raise _refused(f"it must end before {API}, with which all paths begin", url)
    return Session(
        url,
        account,
        contract,
        Transport(
            ca_path=params.get("connectware_ca_path") or None,
            validate_certs=validate_certs,
            timeout=_timeout(params.get("connectware_timeout", 15)),
        ),
        retry=retry,
        token_store=token_store,
        sleep=sleep,
        on_wait=on_wait,
    )


def checked_url(text: Any, *, plain_text: bool) -> str:
    """The address without a slash at its end.

    Args:
        plain_text: whether http is allowed; credentials would be readable on the wire.

    Raises:
        SpecError: it cannot be an address of Connectware. The message never shows credentials in it.
    """
    problem = ""
    url = str(text or "").strip()
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise _refused("it is no address", url if "@" not in url else "") from None
    if parts.username is not None or parts.password is not None or "@" in url:
        raise _refused("it must not contain a username or password; use connectware_username, connectware_password", "")
    if parts.scheme not in ("https", "http") or not host:
        problem = "it is no address such as https://connectware.example.com"
    elif not _fits_dns(host):
        problem = f"its host name has a part between dots that is empty or has more than {LONGEST_LABEL} characters"
    elif parts.query or parts.fragment or "?" in url or "#" in url:
        problem = "it must end with the host, the port or a path"
    elif not url.isprintable() or not url.isascii() or any(char in url for char in ' \\"<>'):
        problem = "it has characters that do not belong into an address"
    elif parts.scheme == "http" and not plain_text:
        problem = (
            "http would send the credentials readable for everybody; use https (with connectware_ca_path for an own CA)"
        )
    if problem:
        raise _refused(problem, url)
    return url.rstrip("/")


def _fits_dns(host: str) -> bool:
    labels = host.split(".")
    return all(0 < len(label) <= LONGEST_LABEL for label in (labels[:-1] if host.endswith(".") else labels))


def _refused(problem: str, url: str) -> SpecError:
    return SpecError(
        f"use connectware_url {printable(url)!r}" if url else "use connectware_url",
        answered=problem,
        todo="Nothing was sent. Correct connectware_url (or the variable CONNECTWARE_URL of the environment).",
    )


def _timeout(value: Any) -> float:
    seconds = float(value) if value is not None else 15.0
    if not 0 < seconds <= 600:
        raise SpecError("use connectware_timeout", answered=f"{seconds:g} is not between 1 and 600 seconds")
    return seconds
