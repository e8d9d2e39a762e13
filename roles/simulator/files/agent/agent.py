# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for a Connectware agent: asks for registration, then keeps an MQTT session."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import secrets
import signal
import socket
import ssl
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt

NOT_AUTHORIZED = (4, 5, 134, 135)
LEVELS = {"trace": 10, "debug": 20, "info": 30, "warn": 40, "error": 50, "fatal": 60}
DIALECT: dict[str, Any] = {
    "register": {
        "method": "POST",
        "path": "/api/client-registry/register",
        "statuses": {"locked": 423, "pending": 202, "granted": 201, "conflict": 409},
        "request": {
            "username": "username",
            "password": "password",
            "pairing_id": "pairingId",
            "context": "context",
        },
    },
    "texts": {
        "starting": "Starting in distributed (edge) mode",
        "asking": "Asking for Connectware registration at {host} with {origin} credentials...",
        "finish": "The registration process must be finished using the web-interface.",
        "navigate": 'Navigate to "User Management -> Client Registry", click unlock and authorize this client.',
        "pairing": "Username: {username}, pairing ID (should match in UI): {pairing_id}",
        "conflict": "Registration failed: 409 Conflict",
        "new": "newly generated",
        "cached": "cached",
    },
}
NOISE = (
    "(node:1) Warning: something is deprecated, see --trace-deprecation",
    '{"level":30,"time":17',
    "\x1b[33mplain\x1b[0m text with colours",
    '{"level":"odd","msg":["not","a","text"]}',
    "[]",
)


class SettingError(Exception):
    """The environment asks for something that does not work."""


@dataclass(frozen=True)
class Settings:
    """The environment, understood."""

    name: str
    username: str
    mqtt_host: str
    mqtt_port: int
    mqtts: bool
    mutual_tls: bool
    ingress: str
    trust_all: bool
    level: int
    data: Path
    credentials_file: Path
    ca_file: Path
    client_cert: Path
    client_key: Path
    poll_interval: float
    start_delay: float
    store: str
    on_conflict: str
    on_rejected: str
    pairing_line: str
    announce: str
    pairing_id: str
    log_format: str
    log_keys: tuple[str, ...]
    noise: int
    poll_noise: int
    more_files: tuple[str, ...]
    forged_line: str
    raw_output: tuple[tuple[bytes, int], ...]
    crash: int | None
    version: str
    dialect: dict[str, Any]

    @classmethod
    def from_environment(cls, env: dict[str, str]) -> Settings:
        """Read the environment."""
        if env.get("CYBUS_AGENT_MODE") != "distributed":
            raise SettingError("CYBUS_AGENT_MODE must be distributed")
        for name in ("CYBUS_AGENT_NAME", "CYBUS_MQTT_HOST"):
            if not env.get(name):
                raise SettingError(f"{name} is missing")
        mqtts = _choice(env, "CYBUS_MQTT_SCHEME", ("mqtt", "mqtts")) == "mqtts"
        data = Path(env.get("SIMULATOR_DATA_DIR", "/data"))
        keys = env.get("SIMULATOR_LOG_KEYS", "level,time,pid,hostname,msg,v").split(",")
        if not _flag(env, "SIMULATOR_LOG_V", default=True):
            keys = [key for key in keys if key != "v"]
        certs = Path(env.get("SIMULATOR_CERTS_DIR", "/connectware_certs"))
        return cls(
            name=env["CYBUS_AGENT_NAME"],
            username=env.get("CYBUS_MQTT_USERNAME") or env["CYBUS_AGENT_NAME"],
            mqtt_host=env["CYBUS_MQTT_HOST"],
            mqtt_port=int(env.get("CYBUS_MQTT_PORT") or (8883 if mqtts else 1883)),
            mqtts=mqtts,
            mutual_tls=_flag(env, "CYBUS_USE_MUTUAL_TLS", "USE_MUTUAL_TLS", default=False),
            ingress=env.get("CYBUS_HOSTNAME_INGRESS") or env["CYBUS_MQTT_HOST"],
            trust_all=_flag(env, "CYBUS_TRUST_ALL_CERTS", "TRUST_ALL_CERTS", default=True),
            level=LEVELS.get(env.get("CYBUS_LOG_LEVEL") or env.get("LOG_LEVEL") or "info", 30),
            data=data,
            credentials_file=data / env.get("SIMULATOR_CREDENTIALS_FILE", "credentials.json"),
            ca_file=Path(env.get("SIMULATOR_CA_FILE") or certs / "cybus_ca.crt"),
            client_cert=Path(env.get("SIMULATOR_CLIENT_CERT") or certs / "client.crt"),
            client_key=Path(env.get("SIMULATOR_CLIENT_KEY") or certs / "client.key"),
            poll_interval=float(env.get("SIMULATOR_POLL_INTERVAL", "1")),
            start_delay=float(env.get("SIMULATOR_START_DELAY", "0")),
            store=_choice(env, "SIMULATOR_STORE", ("after", "before")),
            on_conflict=_choice(env, "SIMULATOR_ON_CONFLICT", ("poll", "exit", "silent")),
            on_rejected=_choice(env, "SIMULATOR_ON_REJECTED", ("ask", "exit")),
            pairing_line=_choice(env, "SIMULATOR_PAIRING_LINE", ("once", "each")),
            announce=_choice(env, "SIMULATOR_ANNOUNCE", ("before_answer", "after_answer")),
            pairing_id=env.get("SIMULATOR_PAIRING_ID", ""),
            log_format=_choice(env, "SIMULATOR_LOG_FORMAT", ("json", "text")),
            log_keys=tuple(keys),
            noise=int(env.get("SIMULATOR_NOISE", "0")),
            poll_noise=int(env.get("SIMULATOR_POLL_NOISE", "0")),
            more_files=tuple(name for name in env.get("SIMULATOR_MORE_FILES", "").split(",") if name),
            forged_line=env.get("SIMULATOR_FORGED_LINE", ""),
            raw_output=_raw_output(env.get("SIMULATOR_RAW_OUTPUT") or "[]"),
            crash=int(env["SIMULATOR_CRASH"]) if env.get("SIMULATOR_CRASH") else None,
            version=env.get("SIMULATOR_AGENT_VERSION", ""),
            dialect=_merged(DIALECT, json.loads(env.get("SIMULATOR_DIALECT") or "{}")),
        )


def _raw_output(text: str) -> tuple[tuple[bytes, int], ...]:
    """Read a JSON list of pairs: bytes in base64, and how many times they are written."""
    return tuple((base64.b64decode(encoded, validate=True), int(times)) for encoded, times in json.loads(text))


def _choice(env: dict[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = env.get(name) or allowed[0]
    if value not in allowed:
        raise SettingError(f"{name} must be one of {', '.join(allowed)}, not {value}")
    return value


def _flag(env: dict[str, str], *names: str, default: bool) -> bool:
    for name in names:
        if env.get(name):
            return env[name].lower() in ("true", "yes", "1", "on")
    return default


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in changes.items():
        old = result.get(key)
        result[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def _put(document: dict[str, Any], path: str | None, value: Any) -> None:
    """Put a value at a dotted path; a path of None drops it."""
    if path is None:
        return
    *parents, last = path.split(".")
    for key in parents:
        document = document.setdefault(key, {})
    document[last] = value


class Log:
    """Writes lines as pino does."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._hostname = socket.gethostname()

    def write(self, level: int, message: str) -> None:
        """Write one line, if its level is wanted."""
        if level < self._settings.level:
            return
        if self._settings.log_format == "text":
            self.raw(message)
            return
        values = {
            "level": level,
            "time": time.time_ns() // 1_000_000,
            "pid": os.getpid(),
            "hostname": self._hostname,
            "msg": message,
            "v": 1,
        }
        self.raw(json.dumps({key: values[key] for key in self._settings.log_keys}, separators=(",", ":")))

    def noise(self, lines: int) -> None:
        """Write lines that mean nothing."""
        for number in range(lines):
            self.raw(NOISE[number % len(NOISE)])

    def raw_output(self) -> None:
        """Write bytes that need not be text, nor lines."""
        for content, times in self._settings.raw_output:
            for _unused in range(times):
                sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()

    @staticmethod
    def raw(line: str) -> None:
        """Write a line as it is."""
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def info(self, message: str) -> None:
        """Write at level 30."""
        self.write(30, message)

    def warn(self, message: str) -> None:
        """Write at level 40."""
        self.write(40, message)

    def error(self, message: str) -> None:
        """Write at level 50."""
        self.write(50, message)


class Vault:
    """The stored credentials."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> dict[str, str] | None:
        """Return what is stored, None when there is nothing usable."""
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            return {"username": stored["username"], "password": stored["password"]}
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self, credentials: dict[str, str]) -> None:
        """Store credentials in one step."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_name(f".{self._path.name}.new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(credentials, stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(self._path)


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Return how TLS is done: a CA that was mounted is always checked."""
    if settings.ca_file.exists():
        return ssl.create_default_context(cafile=str(settings.ca_file))
    if not settings.trust_all:
        return ssl.create_default_context()
    # Without the CAs of the system: to load them costs more than all the rest of a start.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Registry:
    """The registration call."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        parts = re.fullmatch(r"(.*?)(?::(\d+))?", settings.ingress)
        host, port = parts.groups()  # type: ignore[union-attr]  # every text fits
        self.host = host
        self._port = int(port or 443)
        self._context: ssl.SSLContext | None = (
            None  # kept: a hundred agents that ask each second share a test's machine
        )

    def ask(self, credentials: dict[str, str], pairing_id: str) -> int:
        """Ask once and return the status code."""
        call = self._settings.dialect["register"]
        values = {**credentials, "pairing_id": pairing_id, "context": f"agent {self._settings.name}"}
        body: dict[str, Any] = {}
        for name, field in call["request"].items():
            _put(body, field, values[name])
        agent = f"protocol-mapper/{self._settings.version}"
        if self._context is None:
            self._context = tls_context(self._settings)
        connection = http.client.HTTPSConnection(self.host, self._port, timeout=10, context=self._context)
        try:
            headers = {"Content-Type": "application/json", "User-Agent": agent}
            connection.request(call["method"], call["path"], json.dumps(body), headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()


class MqttSession:
    """One MQTT session."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: mqtt.Client | None = None
        self._code: int | None = None
        self._lost_by = ""

    def open(self, credentials: dict[str, str] | None) -> str:
        """Log in: accepted, rejected, or a text that says why the broker was not reached."""
        self._code, self._lost_by = None, ""
        settings = self._settings
        client = self._client = _mqtt_client(f"{settings.name}:{settings.version}:{secrets.token_hex(4)}")
        client.on_connect, client.on_log = self._connected, self._logged
        if credentials is not None:
            client.username_pw_set(credentials["username"], credentials["password"])
        try:
            if settings.mqtts:
                client.tls_set_context(self._tls())
            client.connect(settings.mqtt_host, settings.mqtt_port, keepalive=10)
        except (OSError, ValueError) as exc:
            return str(exc) or type(exc).__name__
        deadline = time.monotonic() + 10
        while self._code is None and time.monotonic() < deadline:
            if not self._goes_on(0.1):
                break
        if self._code == 0:
            return "accepted"
        return "rejected" if self._code in NOT_AUTHORIZED else self._lost_by or "connection closed by the broker"

    def stay(self) -> None:
        """Return when the session has ended."""
        while self._goes_on(1):
            pass

    def _goes_on(self, seconds: float) -> bool:
        """Serve the connection for a while; False when it has ended.

        With TLS 1.3 the broker refuses a certificate after the handshake. The library raises that, or only logs it.
        """
        if self._client is None:
            return False
        try:
            return self._client.loop(seconds) == mqtt.MQTT_ERR_SUCCESS
        except OSError as exc:
            self._lost_by = str(exc)
            return False

    def _tls(self) -> ssl.SSLContext:
        context = tls_context(self._settings)
        if self._settings.mutual_tls:
            context.load_cert_chain(self._settings.client_cert, self._settings.client_key)
        return context

    def _connected(self, _client: Any, _userdata: Any, _flags: Any, code: int, *_more: Any) -> None:
        self._code = int(code)

    def _logged(self, _client: Any, _userdata: Any, level: int, text: str) -> None:
        if level == mqtt.MQTT_LOG_ERR:
            self._lost_by = text


def _mqtt_client(client_id: str) -> mqtt.Client:
    warnings.simplefilter("ignore", DeprecationWarning)
    versions = getattr(mqtt, "CallbackAPIVersion", None)
    if versions is None:
        return mqtt.Client(client_id)
    return mqtt.Client(versions.VERSION1, client_id)


class Agent:
    """The life of an agent."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._log = Log(settings)
        self._vault = Vault(settings.credentials_file)
        self._session = MqttSession(settings)
        self._registry = Registry(settings)

    def run(self) -> int:
        """Live until something ends the process; return the exit code."""
        settings = self._settings
        self._log.noise(settings.noise)
        if settings.crash is not None:
            self._log.write(60, f"Fatal error, exiting with {settings.crash}")
            return settings.crash
        time.sleep(settings.start_delay)
        self._write_more_files()
        if settings.mutual_tls:
            return self._live_by_certificate()
        stored = self._vault.load()
        origin = "cached"
        if stored is None:
            origin = "new"
            stored = {"username": settings.username, "password": secrets.token_urlsafe(24)}
            if not self._register(stored, origin):
                return 1
        while True:
            if self._stay_connected(stored) and settings.on_rejected == "exit":
                self._log.write(60, "The broker rejected the credentials, exiting")
                return 1
            if not self._register(stored, "cached"):
                return 1

    def _write_more_files(self) -> None:
        """What an agent keeps beside its credentials."""
        for name in self._settings.more_files:
            path = self._settings.data / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.write_text(f"kept by {self._settings.name}\n", encoding="utf-8")

    def _stay_connected(self, credentials: dict[str, str] | None) -> bool:
        """Keep a session as long as the broker lets us in; return True when it rejects us."""
        while True:
            result = self._session.open(credentials)
            if result == "rejected":
                self._log.warn("The broker rejected the login")
                return True
            if result == "accepted":
                self._log.info(f"Connected to broker at {self._address()}")
                self._session.stay()
                self._log.warn("Connection to broker lost")
            else:
                self._log.error(f"Cannot reach broker at {self._address()}: {result}")
                time.sleep(self._settings.poll_interval)

    def _live_by_certificate(self) -> int:
        while self._stay_connected(None):
            if self._settings.on_rejected == "exit":
                return 1
            time.sleep(self._settings.poll_interval)
        return 0

    def _address(self) -> str:
        return f"{self._settings.mqtt_host}:{self._settings.mqtt_port}"

    # registration

    def _register(self, credentials: dict[str, str], origin: str) -> bool:
        """Ask until granted; False when the agent must exit."""
        settings = self._settings
        texts = settings.dialect["texts"]
        pairing_id = settings.pairing_id or secrets.token_hex(3)
        self._log.info(texts["starting"])
        self._log.info(texts["asking"].format(host=self._registry.host, origin=texts[origin]))
        if settings.store == "before":
            self._vault.save(credentials)
        announced = settings.announce == "before_answer"
        if announced:
            self._announce(credentials["username"], pairing_id)
        known_conflict = False
        while True:
            answer = self._ask(credentials, pairing_id)
            if answer == "granted":
                self._vault.save(credentials)
                return True
            if answer == "conflict" and not known_conflict:
                known_conflict = True
                self._log.error(texts["conflict"])
                self._after_conflict()
                if settings.on_conflict == "exit":
                    return False
            if answer in ("locked", "pending"):
                known_conflict = False
                if not announced:
                    announced = True
                    self._announce(credentials["username"], pairing_id)
                elif settings.pairing_line == "each":
                    self._say_pairing(credentials["username"], pairing_id)
            self._log.noise(settings.poll_noise)
            time.sleep(settings.poll_interval)

    def _after_conflict(self) -> None:
        while self._settings.on_conflict == "silent":
            signal.pause()

    def _ask(self, credentials: dict[str, str], pairing_id: str) -> str:
        try:
            status = self._registry.ask(credentials, pairing_id)
        except (OSError, http.client.HTTPException) as exc:
            self._log.error(f"Cannot reach {self._settings.ingress}: {exc}")
            return "unreachable"
        for outcome, code in self._settings.dialect["register"]["statuses"].items():
            if status == code:
                return str(outcome)
        self._log.warn(f"Unexpected answer to the registration request: {status}")
        return "unexpected"

    def _announce(self, username: str, pairing_id: str) -> None:
        texts = self._settings.dialect["texts"]
        self._log.noise(self._settings.noise)
        self._log.raw_output()
        self._log.info(texts["finish"])
        self._log.info(texts["navigate"])
        self._say_pairing(username, pairing_id)
        if self._settings.forged_line:
            self._log.raw(self._settings.forged_line)
        self._log.raw_output()

    def _say_pairing(self, username: str, pairing_id: str) -> None:
        text = self._settings.dialect["texts"]["pairing"]
        self._log.info(text.format(username=username, pairing_id=pairing_id))


def main() -> int:
    """Run the agent; a signal ends it at once, as process 1 too."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    try:
        settings = Settings.from_environment(dict(os.environ))
    except (SettingError, ValueError) as exc:
        print(json.dumps({"level": 60, "time": time.time_ns() // 1_000_000, "msg": str(exc), "v": 1}), flush=True)
        return 1
    return Agent(settings).run()


if __name__ == "__main__":
    sys.exit(main())
