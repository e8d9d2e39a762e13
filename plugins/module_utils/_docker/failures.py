# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the failures of the docker SDK mean, as errors that say what to do."""

from __future__ import annotations

import platform
import sys
from typing import Any

from .._agents.log import printable_line
from .._errors import BrokenOffError, EngineError, EngineUnavailableError, SdkMissingError
from .sdk import BROKEN_OFF, CUT, NOT_MADE, REFUSED, version_of

INSTALL = (
    "Install the docker SDK for this interpreter, for example with the role edgefleet.connectware.docker_host (package"
    " python3-docker), or set ansible_python_interpreter to one that has it."
)

# How an SDK fails whose requests (2.32) or urllib3 (2) is too new for it.
BROKEN_SDK = ("http+docker", "unexpected keyword argument 'chunked'")


# What the TLS library says of a connection to an engine, and what to do.
_TLS_ADVICE = (
    (
        ("CERTIFICATE_VERIFY_FAILED",),
        "Give the CA that signed its certificate as docker_ca_path, and in docker_host the name that this is for.",
    ),
    (
        ("WRONG_VERSION_NUMBER", "record layer", "UNKNOWN_PROTOCOL"),
        "The port does not speak TLS: correct docker_host, or leave docker_ca_path and docker_cert_path out.",
    ),
    (
        ("PEM lib", "NO_CERTIFICATE_OR_CRL", "KEY_VALUES_MISMATCH", "NO_START_LINE"),
        "docker_ca_path, docker_cert_path and docker_key_path must be PEM files, the key that of the certificate.",
    ),
    (
        (
            "CERTIFICATE_REQUIRED",
            "BAD_CERTIFICATE",
            "CERTIFICATE_EXPIRED",
            "ALERT_UNKNOWN_CA",
            "ALERT_HANDSHAKE_FAILURE",
        ),
        "The engine refuses the client certificate, or wants one: see docker_cert_path and docker_key_path.",
    ),
    (("ALERT",), "The engine has ended the TLS handshake; its own log tells why."),
)


def error_of(tried: str, place: str, exc: Exception) -> EngineError:
    """The error to raise: an engine that is away now, and may come back, is told apart from one that refuses."""
    error = EngineUnavailableError if _is_away(exc) else BrokenOffError if _broken_off(exc) else EngineError
    return error(tried, where=place, answered=_explained(exc), todo=_advice(exc))


def refusal(tried: str, place: str, response: Any) -> EngineError:
    """The error to raise for an answer that is one, which is JSON if it comes from the engine itself."""
    try:
        said = str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        said = f"{response.status_code} {response.reason}"
    return EngineError(tried, where=place, answered=printable_line(said))


def not_imported(exc: ImportError) -> SdkMissingError:
    """The error to raise where this interpreter has no docker SDK."""
    return SdkMissingError(
        f"import the docker SDK with {sys.executable} (Python {platform.python_version()})",
        where=f"host {platform.node()}",
        answered=str(exc),
        todo=INSTALL,
    )


def not_reached(place: str, exc: Exception) -> EngineError:
    """The error to raise where no connection was made: for want of an engine, or of an SDK that works."""
    text = _explained(exc)
    if any(sign in text for sign in BROKEN_SDK):
        versions = ", ".join([f"interpreter {sys.executable}", *map(version_of, ("docker", "requests", "urllib3"))])
        return SdkMissingError(
            "use the docker SDK",
            where=place,
            answered=f"{text} ({versions})",
            todo="This version of the SDK does not work with the installed requests or urllib3. Install docker 7.1 or"
            " newer for this interpreter, or requests older than 2.29 and urllib3 older than 2.",
        )
    return EngineUnavailableError("reach the Docker Engine", where=place, answered=text, todo=_advice(exc))


def _is_away(exc: Exception) -> bool:
    """The connection could not be made or was lost. An answer that only takes too long may be that of one container."""
    return _is_lost(exc) or any(isinstance(cause, NOT_MADE) for cause in (exc, *exc.args))


def _is_lost(exc: Exception) -> bool:
    """There was a connection, and it ended before the answer, or could not be made as the one before."""
    broken = [cause for cause in (exc, *exc.args) if isinstance(cause, CUT)]
    return any(isinstance(part, OSError) for cause in broken for part in cause.args)


def _broken_off(exc: Exception) -> Exception | None:
    """How the answer ended in the middle, as urllib3 says it or requests passes it on; None for any other failure."""
    if isinstance(exc, BROKEN_OFF):
        return exc
    passed_on = [cause for cause in exc.args if isinstance(cause, BROKEN_OFF)]
    # One that has an error of the system is a connection that was lost, or never made.
    return next((cause for cause in passed_on if not any(isinstance(part, OSError) for part in cause.args)), None)


def _explained(exc: Exception) -> str:
    """What the engine said, else what the connection said: bounded and printable."""
    broken = _broken_off(exc)
    if broken is not None:
        return printable_line(f"the answer of the engine ended in the middle ({next(iter(broken.args), broken)})")
    said = getattr(exc, "explanation", None)
    return printable_line(str(said if said else exc))


def _advice(exc: Exception) -> str:
    """What to do about an engine that cannot be spoken to; empty where the engine itself answered."""
    if isinstance(exc, REFUSED):
        return ""
    text = str(exc)
    if "Permission denied" in text or "PermissionError" in text:
        return "Use become: true, or add the user to the group docker and log in anew."
    if "No such file" in text or "FileNotFoundError" in text:
        return (
            "There is no such socket: install and start Docker Engine (role edgefleet.connectware.docker_host), or set"
            " docker_host (agents_docker_host) to where it listens."
        )
    if "Connection refused" in text or "ConnectionRefusedError" in text:
        return "Nothing listens there: start Docker Engine (role edgefleet.connectware.docker_host)."
    about_tls = next((todo for signs, todo in _TLS_ADVICE if any(sign in text for sign in signs)), "")
    if about_tls or not (_is_lost(exc) or _broken_off(exc) is not None):
        return about_tls
    return "The engine was stopped, or has failed: see that it runs (its own log tells more), then run again."
