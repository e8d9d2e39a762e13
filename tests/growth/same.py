# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether two answers are the same but for what is different by nature: IDs, times, places."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# Only their kind is compared.
OF_ITS_OWN = {
    "CreatedAt",
    "Created",
    "EndpointID",
    "FinishedAt",
    "HostnamePath",
    "HostsPath",
    "Id",
    "LogPath",
    "Mountpoint",
    "NetworkID",
    "Pid",
    "ResolvConfPath",
    "SandboxID",
    "SandboxKey",
    "Source",
    "StartedAt",
    "mtime",
}
# Of these the stub says less: nobody reads where layers lie.
LEFT_OUT = {"GraphDriver"}


def differences(real: Any, stub: Any, path: str = "") -> Iterator[str]:
    """What the stub answers otherwise, each with its place in the answer."""
    if isinstance(real, dict) and isinstance(stub, dict):
        yield from (f"{path}.{key} is missing" for key in real if key not in stub)
        yield from (f"{path}.{key} is made up" for key in stub if key not in real)
        for key in (real.keys() & stub.keys()) - LEFT_OUT:
            yield from _of_value(key, real[key], stub[key], f"{path}.{key}")
    elif isinstance(real, list) and isinstance(stub, list) and len(real) == len(stub):
        for number, (one, other) in enumerate(zip(real, stub, strict=True)):
            yield from differences(one, other, f"{path}[{number}]")
    elif real != stub:
        yield f"{path} is {stub!r}, not {real!r}"


def _of_value(key: str, real: Any, stub: Any, path: str) -> Iterator[str]:
    if key not in OF_ITS_OWN:
        yield from differences(real, stub, path)
    elif type(real) is not type(stub):
        yield f"{path} is {stub!r}, of another kind than {real!r}"
    elif isinstance(real, str) and (real == "" or real.startswith("0001")) and real != stub:
        yield f"{path} is {stub!r}, not {real!r}"
