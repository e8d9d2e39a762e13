# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images: what is there, what must be pulled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._errors import EngineError, ImageError, SpecError
from .engine import Engine


@dataclass(frozen=True)
class Image:
    """An image as containers are compared with it.

    Attributes:
        reference: as the user wrote it.
        image_id: None in check mode for an image that would be pulled.
        config: the Config of the engine's report.
        pulled: it was pulled, or would be in check mode.
        digest: repository and digest; None if it did not come from a registry.
    """

    reference: str
    image_id: str | None
    config: Mapping[str, Any]
    pulled: bool
    digest: str | None = None


@dataclass(frozen=True)
class Pull:
    """How images come to the host.

    Attributes:
        when: missing, always or never.
        credentials: for the registry, used for the pull only; None for an open one.
        registry: whose credentials these are; None for whatever registry an image comes from.
    """

    when: str = "missing"
    credentials: Mapping[str, str] | None = None
    registry: str | None = None

    def login_for(self, reference: str) -> Mapping[str, str] | None:
        """The credentials, if the image comes from their registry: another one must not see them."""
        return self.credentials if self.registry in (None, registry_of(reference)) else None

    def __repr__(self) -> str:
        return f"Pull(when={self.when!r})"


def provide(engine: Engine, reference: str, pull: Pull, check_mode: bool) -> Image:
    """The image, pulled if that is due; in check mode only found out.

    Whether `always` would bring a newer image nobody knows before, so that check mode does not claim it.

    Raises:
        SpecError: it has to be pulled, and the login has no password.
        ImageError: it is not there and may not, or cannot, be pulled.
    """
    found = _find(engine, reference)
    due = pull.when == "always" or (pull.when == "missing" and found is None)
    if due:
        _check_login(engine, reference, pull)
    if due and check_mode:
        return _image(reference, found, pulled=found is None)
    pulled = False
    if due:
        _pull(engine, reference, pull)
        before, found = found, _find(engine, reference)
        pulled = found is not None and (before is None or before["Id"] != found["Id"])
    if found is None:
        raise ImageError(
            f"use the image {reference}",
            where=engine.place,
            answered="it is not on the host" + (" and pull is never" if pull.when == "never" else ""),
            todo="Set pull (agents_pull) to missing, or bring the image to the host, and check its name and version.",
        )
    return _image(reference, found, pulled=pulled)


def config_of(engine: Engine, image_id: str) -> Mapping[str, Any] | None:
    """What an image brings by itself; None if it is gone."""
    found = _find(engine, image_id)
    return None if found is None else found.get("Config") or {}


def digest_of(report: Mapping[str, Any], reference: str = "") -> str | None:
    """An image by repository and digest, from the engine's report or list.

    Args:
        reference: what the image was called; of several repositories that have it, this one's digest is given.
    """
    digests = [str(digest) for digest in report.get("RepoDigests") or [] if "<none>" not in str(digest)]
    repository = split_reference(reference)[0]
    own = [digest for digest in digests if digest.partition("@")[0] == repository]
    return next(iter([*own, *digests]), None)


def digests_by_id(engine: Engine) -> dict[str, str | None]:
    """The digest of every image of the host by its ID, with one question to the engine."""
    return {str(entry["Id"]): digest_of(entry) for entry in engine.call("list images", engine.client.images)}


def split_reference(reference: str) -> tuple[str, str]:
    """Repository, and tag or digest, of a complete reference; the port of a registry is no tag."""
    name, _unused, digest = reference.partition("@")
    folder, slash, last = name.rpartition("/")
    last, _unused, tag = last.partition(":")
    return f"{folder}{slash}{last}", digest or tag or "latest"


def registry_of(reference: str) -> str:
    """The registry of a reference, by Docker's rule."""
    first, slash, _unused = reference.partition("/")
    names_one = slash and (set(first) & {".", ":"} or first == "localhost") and first != "index.docker.io"
    return first if names_one else "docker.io"


def _find(engine: Engine, reference: str) -> Mapping[str, Any] | None:
    return engine.find(f"inspect the image {reference}", engine.client.inspect_image, reference)


def _image(reference: str, found: Mapping[str, Any] | None, *, pulled: bool) -> Image:
    known = found or {}
    return Image(reference, known.get("Id"), known.get("Config") or {}, pulled, digest_of(known, reference))


def _check_login(engine: Engine, reference: str, pull: Pull) -> None:
    """A variable without a value passes as an option; the engine would then ask without a login."""
    login = pull.login_for(reference)
    if login is None:
        return
    empty = [key for key in ("username", "password") if not login.get(key)]
    if empty:
        raise SpecError(
            f"pull the image {reference}",
            where=engine.place,
            answered=f"of the login to the registry, registry_{empty[0]} (agents_registry_{empty[0]}) is empty",
            todo="Nothing was started. Set both, or neither for a registry without a login.",
        )


def _pull(engine: Engine, reference: str, pull: Pull) -> None:
    repository, tag = split_reference(reference)
    login = pull.login_for(reference)
    auth = dict(login) if login else None

    def errors() -> list[str]:
        events = engine.client.pull(repository, tag=tag, auth_config=auth, stream=True, decode=True)
        return [str(event["error"]) for event in events if "error" in event]

    try:
        said = engine.call(f"pull the image {reference}", errors)
    except EngineError as exc:
        raise _pull_error(engine, reference, pull, exc.answered, exc.todo) from exc
    if said:
        raise _pull_error(engine, reference, pull, said[-1])


def _pull_error(engine: Engine, reference: str, pull: Pull, answered: str, todo: str = "") -> ImageError:
    login = "with the given login" if pull.login_for(reference) else "without a login"
    return ImageError(
        f"pull the image {reference} ({login})",
        where=engine.place,
        answered=answered,
        todo=todo
        or "Check name and version, the host's way to the registry, and registry_username and registry_password"
        " (agents_registry_username, agents_registry_password).",
    )
