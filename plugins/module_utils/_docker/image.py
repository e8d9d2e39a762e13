# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images: what is there, what must be pulled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._agents.log import printable_line
from .._errors import EngineError, ImageError
from .engine import Engine


@dataclass(frozen=True)
class Image:
    """An image as containers are compared with it.

    Attributes:
        reference: as the user wrote it.
        image_id: None in check mode for an image that would be pulled.
        config: the Config of the engine's report.
        pulled: it was pulled, or would be in check mode.
    """

    reference: str
    image_id: str | None
    config: Mapping[str, Any]
    pulled: bool


@dataclass(frozen=True)
class Pull:
    """How images come to the host.

    Attributes:
        when: missing, always or never.
        credentials: for the registry, used for the pull only; None for an open one.
    """

    when: str = "missing"
    credentials: Mapping[str, str] | None = None

    def __repr__(self) -> str:
        return f"Pull(when={self.when!r})"


def provide(engine: Engine, reference: str, pull: Pull, check_mode: bool) -> Image:
    """The image, pulled if that is due; in check mode only found out.

    Raises:
        ImageError: it is not there and may not, or cannot, be pulled.
    """
    found = engine.find(f"inspect the image {reference}", engine.client.inspect_image, reference)
    due = pull.when == "always" or (pull.when == "missing" and found is None)
    if due and check_mode:
        return _image(reference, found, pulled=found is None)
    if due:
        _pull(engine, reference, pull)
        before, found = found, engine.find(f"inspect the image {reference}", engine.client.inspect_image, reference)
        if found is not None:
            return _image(reference, found, pulled=before is None or before["Id"] != found["Id"])
    if found is None:
        raise ImageError(
            f"use the image {reference}",
            where=engine.place,
            answered="it is not on the host" + (" and pull is never" if pull.when == "never" else ""),
            todo="Set pull (agents_pull) to missing, or bring the image to the host, and check its name and version.",
        )
    return _image(reference, found, pulled=False)


def _image(reference: str, found: Mapping[str, Any] | None, *, pulled: bool) -> Image:
    return Image(reference, found["Id"] if found else None, (found or {}).get("Config") or {}, pulled)


def _pull(engine: Engine, reference: str, pull: Pull) -> None:
    repository, tag = reference, None
    if "@" not in reference:
        repository, _, tag = reference.rpartition(":")
    try:
        auth = dict(pull.credentials) if pull.credentials else None
        said = engine.call(f"pull the image {reference}", _errors_of_pull, engine.client, repository, tag, auth)
    except EngineError as exc:
        raise _pull_error(engine, reference, pull, exc.answered) from exc
    if said:
        raise _pull_error(engine, reference, pull, said[-1])


def _errors_of_pull(client: Any, repository: str, tag: str | None, auth: dict[str, str] | None) -> list[str]:
    """Pull, reading to the end what the engine says meanwhile."""
    events = client.pull(repository, tag=tag, auth_config=auth, stream=True, decode=True)
    return [printable_line(str(event["error"])) for event in events if "error" in event]


def _pull_error(engine: Engine, reference: str, pull: Pull, answered: str) -> ImageError:
    login = "with the given login" if pull.credentials else "without a login"
    return ImageError(
        f"pull the image {reference} ({login})",
        where=engine.place,
        answered=answered,
        todo="Check name and version, the host's way to the registry, and registry_username and registry_password"
        " (agents_registry_username, agents_registry_password).",
    )
