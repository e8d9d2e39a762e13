# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""References of images, and when an image is pulled."""

from __future__ import annotations

import pytest
from unit.plugins.module_utils._docker.fake_engine import CutOff

from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.engine import Engine, connect
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.image import (
    Pull,
    digest_of,
    provide,
    registry_of,
    split_reference,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ImageError, SpecError

docker_errors = pytest.importorskip("docker.errors")
DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("reference", "repository", "tag"),
    [
        ("agent:1.8.0", "agent", "1.8.0"),
        ("registry.cybus.io/cybus/protocol-mapper:1.8.0", "registry.cybus.io/cybus/protocol-mapper", "1.8.0"),
        ("host:5000/x:1", "host:5000/x", "1"),
        ("host:5000/x", "host:5000/x", "latest"),
        ("agent", "agent", "latest"),
        (f"host:5000/a/x@{DIGEST}", "host:5000/a/x", DIGEST),
        (f"host:5000/a/x:1@{DIGEST}", "host:5000/a/x", DIGEST),
    ],
)
def test_split_reference(reference, repository, tag):
    assert split_reference(reference) == (repository, tag)


class Client:
    """Images on the host and in a registry, by ID."""

    def __init__(self, here=None, there=None, events=()):
        self.here, self.there, self.events = here, there, list(events)
        self.pulled = []

    def inspect_image(self, reference):
        if self.here is None:
            raise docker_errors.ImageNotFound(reference)
        return {"Id": self.here, "Config": {"User": "app"}}

    def pull(self, repository, tag, auth_config, **_streaming):
        self.pulled.append((repository, tag, auth_config))

        def told():
            for event in self.events:
                if isinstance(event, Exception):
                    raise event
                yield event
            self.here = self.there or self.here

        return told()


def provided(client, when="missing", check=False, credentials=None, registry=None):
    image = provide(Engine(client, "host x"), "r/x:1", Pull(when, credentials, registry), check)
    return image.image_id, image.pulled, len(client.pulled)


@pytest.mark.parametrize(
    ("when", "here", "there", "check", "expected"),
    [
        ("missing", "1", "2", False, ("1", False, 0)),
        ("missing", None, "2", False, ("2", True, 1)),
        ("missing", None, "2", True, (None, True, 0)),
        ("always", "1", "2", False, ("2", True, 1)),
        ("always", "1", "1", False, ("1", False, 1)),
        ("always", "1", "2", True, ("1", False, 0)),
        ("always", None, "2", True, (None, True, 0)),
        ("never", "1", "2", False, ("1", False, 0)),
    ],
)
def test_when_an_image_is_pulled(when, here, there, check, expected):
    assert provided(Client(here, there), when, check) == expected


@pytest.mark.parametrize("check", [False, True])
def test_never_and_missing(check):
    with pytest.raises(ImageError, match="pull is never"):
        provided(Client(None, "2"), "never", check)


@pytest.mark.parametrize(
    "event", [{"error": "toomanyrequests"}, docker_errors.APIError("toomanyrequests"), OSError("toomanyrequests")]
)
def test_an_error_in_the_middle_of_a_pull(event):
    client = Client(None, "2", [{"status": "Pulling"}, event])
    with pytest.raises(ImageError, match=r"toomanyrequests.*registry_username"):
        provided(client)


@pytest.mark.parametrize(
    "said",
    [CutOff(b'{"status": "Downloading"}\r\n'), CutOff(b'{"status": "Down'), b'{"status": "Down'],
    ids=["between two events", "within an event", "the connection lives on"],
)
def test_an_engine_that_goes_away_in_the_middle_of_a_pull(said, fake):
    fake.say("POST", "/images/create", said)
    engine = connect({"docker_host": fake.address, "docker_timeout": 5})
    with pytest.raises(ImageError, match=r"the answer of the engine ended in the middle \([^(].*see that it runs"):
        provide(engine, "r/x:1", Pull(), False)


def test_a_refused_pull_is_about_the_registry_whatever_its_words(fake):
    fake.say("POST", "/images/create", {"message": "denied: Permission denied for project x"}, status=500)
    engine = connect({"docker_host": fake.address, "docker_timeout": 5})
    with pytest.raises(ImageError, match=r"Permission denied for project x.*registry_username"):
        provide(engine, "r/x:1", Pull(), False)


def test_the_login_goes_with_the_pull_and_nowhere_else():
    client = Client(None, None, [{"error": "denied"}])
    login = {"username": "license", "password": "geheim"}
    with pytest.raises(ImageError) as raised:
        provided(client, credentials=login)
    assert client.pulled == [("r/x", "1", login)]
    assert "geheim" not in str(raised.value) + repr(Pull("always", login)) + str(raised.value.result())


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("agent:1", "docker.io"),
        ("cybus/agent", "docker.io"),
        ("index.docker.io/cybus/agent", "docker.io"),
        ("localhost/agent", "localhost"),
        ("mirror:5000/agent:1", "mirror:5000"),
        ("registry.cybus.io/cybus/protocol-mapper:1.8.0", "registry.cybus.io"),
    ],
)
def test_which_registry_an_image_comes_from(image, registry):
    assert registry_of(image) == registry


@pytest.mark.parametrize(("registry", "goes"), [(None, True), ("docker.io", True), ("registry.cybus.io", False)])
def test_no_other_registry_sees_the_login(registry, goes):
    client = Client(None, "new")
    login = {"username": "license", "password": "geheim"}
    provided(client, credentials=login, registry=registry)
    assert client.pulled == [("r/x", "1", login if goes else None)]


@pytest.mark.parametrize("empty", ["username", "password"])
@pytest.mark.parametrize("value", [None, ""])
def test_half_a_login_is_refused_before_any_pull(empty, value):
    client = Client(None, None, [])
    with pytest.raises(SpecError, match=f"registry_{empty}.*is empty"):
        provided(client, credentials={"username": "license", "password": "geheim", empty: value})
    assert client.pulled == []


@pytest.mark.parametrize(
    ("digests", "digest"),
    [
        (None, None),
        (["<none>@<none>"], None),
        (["<none>@<none>", "mapper@sha256:1"], "mapper@sha256:1"),
        (["other/mapper@sha256:1", "reg:5000/mapper@sha256:1"], "reg:5000/mapper@sha256:1"),
    ],
)
def test_an_image_is_known_by_the_digest_of_its_repository(digests, digest):
    assert digest_of({"RepoDigests": digests}, "reg:5000/mapper:1.8.0") == digest
