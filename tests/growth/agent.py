# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs in a container of the stub: the simulator's own agent, as a task instead of a process.

Settings, texts, the form of the log, the file of the credentials and the login at the broker are the agent's own
(roles/simulator/files/agent); only its course is written down once more, without anything that blocks. One thing is
left out: the MQTT session ends after the login. Five thousand sessions, each with a ping every ten seconds, would
measure nothing but the simulator's broker.
"""

from __future__ import annotations

import asyncio
import importlib.util
import secrets
import ssl
import sys
from concurrent.futures import Executor
from types import ModuleType
from typing import Any

import aiohttp
from growth.host import CREDENTIALS, Container
from simulator.harness import AGENT

# Of what the agent can be made to do, this course knows only the usual.
USUAL = {
    "mutual_tls": False,
    "crash": None,
    "store": "after",
    "on_conflict": "poll",
    "announce": "before_answer",
    "pairing_line": "once",
    "noise": 0,
    "poll_noise": 0,
    "more_files": (),
    "raw_output": (),
    "forged_line": "",
}


def load() -> ModuleType:
    """The agent's script as a module."""
    spec = importlib.util.spec_from_file_location("simulated_agent", AGENT)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {AGENT}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


class Agents:
    """Runs agents, all over one HTTP client.

    Args:
        threads: where MQTT logins happen, which block.
    """

    def __init__(self, threads: Executor) -> None:
        self._threads = threads
        self._module = load()
        self._session: aiohttp.ClientSession | None = None
        self._contexts: dict[str, ssl.SSLContext] = {}

    async def live(self, container: Container) -> int:
        """The course of Agent.run; returns the exit code."""
        module = self._module
        env = {**container.environment(), "SIMULATOR_DATA_DIR": str(container.volumes[CREDENTIALS].folder)}
        settings = module.Settings.from_environment(env)
        strange = [name for name, usual in USUAL.items() if getattr(settings, name) != usual]
        if strange:
            raise NotImplementedError(f"agents of the stub do not know {', '.join(strange)}")
        voice = module.Log(settings)
        voice.raw = container.say
        vault = module.Vault(settings.credentials_file)
        await asyncio.sleep(settings.start_delay)
        stored = vault.load()
        if stored is None:
            stored = {"username": settings.username, "password": secrets.token_urlsafe(24)}
            await self._register(settings, voice, stored, "new")
            vault.save(stored)
        while not await self._connect(settings, voice, stored):
            await self._register(settings, voice, stored, "cached")
            vault.save(stored)
        await asyncio.Event().wait()
        return 0

    async def _register(self, settings: Any, voice: Any, credentials: dict[str, str], origin: str) -> None:
        texts = settings.dialect["texts"]
        host = settings.ingress.partition(":")[0]
        pairing_id = settings.pairing_id or secrets.token_hex(3)
        voice.info(texts["starting"])
        voice.info(texts["asking"].format(host=host, origin=texts[origin]))
        voice.info(texts["finish"])
        voice.info(texts["navigate"])
        voice.info(texts["pairing"].format(username=credentials["username"], pairing_id=pairing_id))
        in_conflict = False
        while True:
            outcome = await self._ask(settings, voice, credentials, pairing_id)
            if outcome == "granted":
                return
            if outcome == "conflict" and not in_conflict:
                voice.error(texts["conflict"])
            in_conflict = outcome == "conflict" or (in_conflict and outcome not in ("locked", "pending"))
            await asyncio.sleep(settings.poll_interval)

    async def _ask(self, settings: Any, voice: Any, credentials: dict[str, str], pairing_id: str) -> str:
        call = settings.dialect["register"]
        values = {**credentials, "pairing_id": pairing_id, "context": f"agent {settings.name}"}
        body: dict[str, Any] = {field: values[name] for name, field in call["request"].items()}
        url = f"https://{settings.ingress}{call['path']}"
        headers = {"User-Agent": f"protocol-mapper/{settings.version}"}
        try:
            async with self._client().request(
                call["method"], url, json=body, headers=headers, ssl=self._context(settings)
            ) as answer:
                await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as exc:
            voice.error(f"Cannot reach {settings.ingress}: {exc}")
            return "unreachable"
        for outcome, code in call["statuses"].items():
            if answer.status == code:
                return str(outcome)
        voice.warn(f"Unexpected answer to the registration request: {answer.status}")
        return "unexpected"

    async def _connect(self, settings: Any, voice: Any, credentials: dict[str, str]) -> bool:
        """Whether the broker lets it in; asked again until it says one or the other."""
        place = f"{settings.mqtt_host}:{settings.mqtt_port}"
        while True:
            result = await asyncio.get_running_loop().run_in_executor(
                self._threads, self._log_in, settings, credentials
            )
            if result == "accepted":
                voice.info(f"Connected to broker at {place}")
                return True
            if result == "rejected":
                voice.warn("The broker rejected the login")
                return False
            voice.error(f"Cannot reach broker at {place}: {result}")
            await asyncio.sleep(settings.poll_interval)

    def _log_in(self, settings: Any, credentials: dict[str, str]) -> str:
        session = self._module.MqttSession(settings)
        result = str(session.open(credentials))
        session._client.disconnect()
        return result

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=50), timeout=aiohttp.ClientTimeout(total=120), trust_env=False
            )
        return self._session

    def _context(self, settings: Any) -> ssl.SSLContext:
        """As the agent makes it, once for all agents with the same CA."""
        key = str(settings.ca_file)
        if key not in self._contexts:
            self._contexts[key] = self._module.tls_context(settings)
        return self._contexts[key]

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
