# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of single options: what is wrong is written into a list of problems, so that a user mends all of it at once.

The alphabet of names is the one that Docker accepts for containers and volumes, which the documented agent names fit;
that usernames have at least 3 characters is documented by the vendor.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from .mounts import Certificates, Mount, lies_in
from .names import CREDENTIALS_PATH, MARK, OWN_LABELS
from .text import printable

FORBIDDEN_LABELS = {"io.cybus.connectware": "the vendor's installer removes every container that has it"}
MIN_NAME, MAX_NAME = 3, 63

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]+\Z")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./:@-]*\Z")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_CAPABILITY = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_SIZE = re.compile(r"(\d+)([bkmg]?)b?\Z", re.IGNORECASE)
_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_NAMED_ENV = {
    "CYBUS_AGENT_MODE": "it is always 'distributed'",
    "CYBUS_AGENT_NAME": "use the option 'name'",
    "CYBUS_MQTT_HOST": "use the option 'mqtt_host'",
    "CYBUS_MQTT_PORT": "use the option 'mqtt_port'",
    "CYBUS_MQTT_SCHEME": "use the option 'mqtt_scheme'",
    "CYBUS_MQTT_USERNAME": "use the option 'username'",
}
_BOOLEANS = ("True", "False")  # as Ansible writes them where a text is wanted


def names_version(image: str) -> bool:
    """It has a tag or a digest; the port of a registry is none."""
    return "@" in image or ":" in image.rpartition("/")[2]


def _is_address(text: str) -> bool:
    address, percent, zone = text.partition("%")
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        return False
    return not percent or (version == 6 and bool(zone))  # Python 3.8 does not know zones


class Checker:
    """Validates the options of one agent and writes what it finds into the shared list of problems."""

    def __init__(self, name: str, problems: list[str]) -> None:
        self._name = name
        self._problems = problems

    def _refuse(self, option: str, text: str) -> None:
        self._problems.append(f"agent {printable(self._name) or '(without a name)'}: option '{option}': {text}")

    def identity(self, option: str, value: str) -> None:
        if not _NAME.match(value) or not MIN_NAME <= len(value) <= MAX_NAME:
            self._refuse(
                option,
                f"{printable(value)!r} is not usable; {MIN_NAME} to {MAX_NAME} characters are allowed, a letter or"
                " digit first, then letters, digits, '-', '_' and '.'",
            )
        self._no_boolean(option, value)

    def _no_boolean(self, option: str, value: str) -> None:
        if value in _BOOLEANS:
            text = "is what YAML makes of words such as yes, no, on and off; put it into quotes"
            self._refuse(option, f"{value!r} {text}")

    def docker_name(self, option: str, value: str) -> None:
        """Of a container or a volume."""
        if "/" in value:
            self._refuse_path(option, value)
        elif not _NAME.match(value) or len(value) > 128:
            self._refuse(
                option,
                f"{printable(value)!r} is no name that Docker accepts; use 2 to 128 characters, a letter or digit"
                " first, then letters, digits, '-', '_', '.'",
            )
        self._no_boolean(option, value)

    def _refuse_path(self, option: str, value: str) -> None:
        self._refuse(option, f"{printable(value)!r} looks like a path; a name is needed here, not a path of the host")

    def unlike_a_mark(self, option: str, value: str) -> None:
        if value.endswith(MARK):
            self._refuse(
                option,
                f"{printable(value)!r} ends with {MARK!r}, which is kept for our own marks of such volumes; set another"
                " name",
            )

    def required(self, option: str, value: Any) -> str:
        text = "" if value is None else str(value).strip()
        if not text:
            self._refuse(option, "is missing; set it for the agent or for all agents of the host")
        elif not text.isprintable() or " " in text:
            self._refuse(option, f"{printable(text)!r} is no host name or address")
        return text

    def host(self, option: str, value: Any) -> str:
        """Without what has options of its own; an IPv6 address has more than one colon."""
        text = self.required(option, value)
        if "/" in text or text.count(":") == 1 or "]:" in text:
            self._refuse(
                option,
                f"{printable(text)!r} is more than a host name or address; set scheme and port with mqtt_scheme and"
                " mqtt_port",
            )
        return text

    def port(self, option: str, value: Any) -> int:
        if isinstance(value, int) and 0 < value < 65536:
            return value
        self._refuse(option, f"{printable(str(value))!r} is no port; 1 to 65535 are allowed")
        return 0

    def image(self, image: Any, version: Any) -> str:
        reference = "" if image is None else str(image)
        tagged = names_version(reference)
        if not _IMAGE.match(reference):
            self._refuse("image", f"{printable(reference)!r} is no image; give a repository such as registry/name")
        elif tagged and version is not None:
            self._refuse("version", f"the image {reference} names its version already; say it only once")
        elif not tagged and not version:
            self._refuse("version", f"is missing for image {reference}; it must equal Connectware's own version")
        elif version == "auto":
            self._refuse(
                "version", "'auto' is for the role's agents_version alone; leave it out here, or name a version"
            )
        elif version is not None and not re.match(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\Z", str(version)):
            self._refuse("version", f"{printable(str(version))!r} is no image tag")
        return reference if tagged else f"{reference}:{version}"

    def env(self, value: Mapping[str, Any]) -> dict[str, str]:
        for key in value:
            if str(key) in _NAMED_ENV:
                self._refuse("env", f"{key} does not belong here; {_NAMED_ENV[str(key)]}")
            elif not _ENV_NAME.match(str(key)):
                self._refuse("env", f"{printable(str(key))!r} is no name of an environment variable")
        return self.strings("env", value)

    def labels(self, value: Mapping[str, Any]) -> dict[str, str]:
        for key, why in FORBIDDEN_LABELS.items():
            if key in value:
                self._refuse("labels", f"{key} must never be on an agent: {why}")
        for key in value:
            if str(key).startswith(OWN_LABELS):
                self._refuse("labels", f"{printable(str(key))} is kept for this collection, like all {OWN_LABELS}*")
        return self.strings("labels", value)

    def strings(self, option: str, value: Mapping[str, Any]) -> dict[str, str]:
        result = {}
        for key, item in value.items():
            if isinstance(item, (dict, list)) or item is None:
                self._refuse(option, f"the value of {printable(str(key))} must be a single text, number or boolean")
            elif "\0" in str(item):
                self._refuse(option, f"the value of {printable(str(key))} contains a NUL character")
            else:
                result[str(key)] = str(item).lower() if isinstance(item, bool) else str(item)
        return result

    def seconds(self, option: str, value: Any) -> int:
        if isinstance(value, int) and value >= 0:
            return value
        self._refuse(option, f"{printable(str(value))!r} is no time; give whole seconds, 0 or more")
        return 0

    def cores(self, option: str, value: Any) -> float:
        if isinstance(value, (int, float)) and 0 <= value < math.inf:
            return value
        self._refuse(option, f"{printable(str(value))!r} is no number of cores; write for example 0.5 or 2")
        return 0

    def networks(self, value: Iterable[Any], network_mode: Any) -> tuple[str, ...]:
        names = tuple(str(name) for name in value)
        if names and network_mode:
            self._refuse("networks", f"cannot be combined with network_mode {network_mode!r}; use one of the two")
        if len(set(names)) != len(names):
            self._refuse("networks", "names a network twice")
        for name in names:  # Docker takes nearly any, and whether there is one is looked up
            if "/" in name:
                self._refuse_path("networks", name)
            elif not name.strip():
                self._refuse("networks", f"{printable(name)!r} is no name of a network; leave the entry out")
            self._no_boolean("networks", name)
        return names

    def name_servers(self, value: Iterable[Any]) -> tuple[str, ...]:
        servers = tuple(str(server) for server in value)
        for server in servers:
            if not _is_address(server):
                self._refuse("dns", f"{printable(server)!r} is no address of a name server, such as 192.0.2.53")
        return servers

    def security_opts(self, value: Iterable[Any]) -> tuple[str, ...]:
        options = tuple(str(option) for option in value)
        if not all(option.strip() for option in options):
            self._refuse("security_opts", "an entry is empty; leave it out")
        return options

    def certificates(self, value: Mapping[str, Any], mqtt_scheme: str) -> Certificates:
        given = Certificates(**{key: str(path) for key, path in value.items() if path})
        if bool(given.certificate) != bool(given.key):
            self._refuse("certificates", "certificate and key belong together; give both or neither")
        elif given.certificate and mqtt_scheme != "mqtts":
            self._refuse("certificates", "an agent logs in with a certificate over TLS only; set mqtt_scheme: mqtts")
        return given

    def mounts(self, value: Iterable[Mapping[str, Any]], certificates: Certificates) -> tuple[Mount, ...]:
        mounts = tuple(Mount(str(m["source"]), str(m["target"]), bool(m.get("read_only", True))) for m in value)
        mounts += certificates.mounts()
        for mount in mounts:
            for end, path in (("source", mount.source), ("target", mount.target)):
                if not path.startswith("/"):
                    self._refuse("mounts", f"the {end} {printable(path)!r} must be an absolute path")
            if lies_in(CREDENTIALS_PATH, mount.target):  # it is the target, however that is written, or below it
                self._refuse(
                    "mounts", f"the target {printable(mount.target)!r} belongs to the agent's own volume; use 'volume'"
                )
        if len({mount.target for mount in mounts}) != len(mounts):
            self._refuse("mounts", "names a target twice")
        return mounts

    def size(self, option: str, value: Any) -> int | None:
        if value is None:
            return None
        match = _SIZE.match(str(value))
        if match is None:
            self._refuse(option, f"{printable(str(value))!r} is no size; write for example 512m or 2g")
            return None
        return int(match.group(1)) * _UNITS[match.group(2).lower()]

    def capabilities(self, value: Iterable[Any]) -> tuple[str, ...]:
        names = tuple(str(name).upper() for name in value)
        names = tuple(name[4:] if name.startswith("CAP_") else name for name in names)
        for name in names:
            if not _CAPABILITY.match(name):
                self._refuse("capabilities", f"{printable(name)!r} is no capability; write for example NET_ADMIN")
        return tuple(sorted(set(names)))
