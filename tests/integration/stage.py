# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""All places of a run on this machine, for tests that look for secrets in them."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest
from integration.bed import Run
from integration.leaks import Leak, Sampler, Seeker, contents_of, engine_reports
from simulator.harness import Simulator

ON_HOST = "files on the host meanwhile"
# Without pipelining, a module comes to its host as a file, with its options: one here, and one there.
ON_THE_WAY = (ON_HOST, "files in ANSIBLE_LOCAL_TEMP meanwhile")


def new_secret(kind: str) -> str:
    """One that no two spellings are the same of."""
    return f"{kind}\"{secrets.token_hex(6)}/%'&+ {secrets.token_hex(6)}\\~"


class Stage:
    """All places of a run on this machine, and all that turned up in them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.secrets: dict[str, str] = {}
        self.outputs: list[str] = []
        self.reports: list[str] = []
        self.engine: dict[str, set[str]] = {}  # what the engine has told of agents while they were there
        self.left_out = [folder / "inventory.yml", folder / "made-token"]  # which hold secrets by their nature
        self.host_tmp = folder / "host-tmp"
        self.places = {
            "HOME": folder / "home",
            "TMPDIR": folder / "tmp",
            "ANSIBLE_LOCAL_TEMP": folder / "local-tmp",
            "ANSIBLE_REMOTE_TEMP": folder / "controller-tmp",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": folder / "facts",
        }
        meanwhile = {f"files in {name} meanwhile": path for name, path in self.places.items()}
        meanwhile["files in shared memory meanwhile"] = Path("/dev/shm")
        self.sampler = Sampler({ON_HOST: self.host_tmp, **meanwhile})
        for path in (*self.places.values(), self.host_tmp):
            path.mkdir()
        for name, path in self.places.items():
            monkeypatch.setenv(name, str(path))
        monkeypatch.setenv("ANSIBLE_CACHE_PLUGIN", "jsonfile")
        monkeypatch.setenv("ANSIBLE_LOG_PATH", str(folder / "ansible.log"))

    def ask_engine(self, *prefixes: str) -> None:
        """Keep what the engine tells now: there must be a container and a volume of each."""
        for prefix in prefixes:
            for place, reports in engine_reports(prefix).items():
                assert place == "images" or reports, f"no {place} of {prefix}"
                self.engine.setdefault(place, set()).update(reports)

    def saw(self, run: Run) -> Run:
        self.outputs.append(run.output)
        self.reports.append(json.dumps(run.report, ensure_ascii=False))
        self.reports.append(json.dumps(run.report))
        return run

    def learn_tokens(self, simulator: Simulator) -> None:
        """Whatever logins have given so far."""
        state = json.loads((simulator.state_dir / "state.json").read_text())
        for token in state["tokens"]:
            self.secrets[f"token {token['token'][:4]}"] = token["token"]

    def leaks(self, prefix: str, *images: str) -> set[Leak]:
        """In every place."""
        everything, api = Seeker(self.secrets), Seeker(self._api_secrets())
        found = everything.leaks("output", self.outputs) | everything.leaks("report", self.reports)
        left = contents_of(self.folder, *self.left_out)
        found |= everything.leaks("files left", left)
        for place, reports in engine_reports(prefix, *images).items():
            found |= everything.leaks(place, reports)
        for place, told in self.engine.items():
            found |= everything.leaks(place, told)
        for place, contents in self.sampler.seen.items():
            # The host needs the login of the registry for the pull; it is there as long as the module runs.
            seeker = api if place in ON_THE_WAY else everything
            found |= seeker.leaks(place, contents)
        return found

    def _api_secrets(self) -> dict[str, str]:
        return {name: secret for name, secret in self.secrets.items() if not name.startswith("registry")}
