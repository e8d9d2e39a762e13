# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does this Connectware speak as the contract says? Asked with reading requests alone; nothing is ever changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._errors import ApiError, ContractError, TlsError, UnreachableError
from . import candidates
from .answer import searched
from .contract_probes import probe_roles, probe_single_user, probe_users
from .findings import NOT_ASKED, NOT_PROVABLE, OK, WRONG, Correction, Findings
from .judging import USER_KNOWS, judge_look
from .operation import Operation
from .session import Look, Session

READING = ("system_info", "system_health", "list_registry", "list_users", "get_user", "list_roles", "system_agents")
_OPEN_TO_ALL = ("login", "system_info", "system_health")  # an answer of these does not prove that the token was read


def check_contract(session: Session) -> dict[str, Any]:
    """Ask what can be asked without changing anything, and say of each entry of the contract whether it fits.

    Raises:
        ApiError: the server cannot be reached at all.
    """
    return ContractCheck(session).run()


class ContractCheck:
    """One check of one Connectware."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._contract = session.contract
        self._findings = Findings(session.contract)
        self._answers: list[dict[str, Any]] = []
        self._lost = False
        self._refused = False
        self._accepted = False

    def run(self) -> dict[str, Any]:
        """The result."""
        try:
            self._ask_everything()
        except (TlsError, UnreachableError):
            if not self._answers:
                raise
            self._nothing_more("no answer came any more")
        except ApiError as exc:
            # Only a login that fails gets here: every other answer is a finding.
            if self._session.login_look is None:
                self._findings.rest(self._contract.operation("login"), NOT_PROVABLE, exc.answered)
            self._nothing_more("nobody could log in")
        self._judge_login()
        self._judge_token()
        for operation in self._contract.operations.values():
            if operation.name not in (*READING, "login"):
                self._findings.rest(operation, NOT_ASKED, "it would write, so it was not asked")
        self._findings.add(("settings", "confirms_while_locked"), NOT_ASKED, "only a request that waits can show it")
        return self._findings.result(self._answers)

    def ask(self, name: str, *, silent: bool = False, **params: Any) -> Look | None:
        """One question; None where it may not be asked or got no answer.

        Args:
            silent: a probe, whose answer is judged by who asked.
        """
        operation = self._contract.operation(name)
        if operation.method.value != "GET":
            self._findings.rest(operation, NOT_ASKED, f"{operation.method.value} may write; the check sends GET alone")
            return None
        try:
            look = self._session.look(name, **params)
        except ApiError as exc:
            if exc.tried != operation.tried:
                raise  # it is about the login
            self._no_answer(operation, exc)
            return None
        self._note_errors(look)
        if name not in _OPEN_TO_ALL:
            kind = self._contract.error_kind(look.answer.status)
            self._refused |= kind == "authentication"
            self._accepted |= kind == "forbidden" or (look.readable and look.answer.status // 100 == 2)
        if not silent:
            self._answers.append(_seen(look))
        return look

    def _ask_everything(self) -> None:
        for name in ("system_info", "system_health", "list_registry"):
            items = self._look(name)
            if name == "system_health":
                self._judge_healthy(items.get("services", []))
        first, rows = self._contract.setting("first_page"), self._contract.setting("rows_per_page")
        users = self._look("list_users", usernames=None, page=first, rows=rows).get("users")
        probe_single_user(self, self._findings, probe_users(self, self._findings, users))
        probe_roles(self, self._findings, self._look("list_roles", names=None).get("roles"))
        self._look("system_agents")

    def _look(self, name: str, **params: Any) -> dict[str, list[Any]]:
        """Ask and judge; the items that were seen, by field."""
        look = self.ask(name, **params)
        return {} if look is None else judge_look(self._findings, look)

    def _no_answer(self, operation: Operation, exc: ApiError) -> None:
        if isinstance(exc, ContractError):
            self._findings.add((operation.name, "path"), WRONG, exc.answered, USER_KNOWS)
        elif not self._answers or self._lost:
            raise exc
        else:
            self._lost = True  # once may be chance, and each time costs a time-out
        self._findings.rest(operation, NOT_PROVABLE, f"no usable answer: {exc.answered}")

    def _note_errors(self, look: Look) -> None:
        """An error shows what its status means, and where it has its texts."""
        status = look.answer.status
        kind = self._contract.error_kind(status)
        if kind is not None:
            self._findings.add(("errors", "statuses", kind), OK, f"HTTP {status} was met")
        if status < 400 or not isinstance(look.answer.data, Mapping):
            return
        for key, entry in self._contract.error_fields.items():
            place = ("errors", "fields", key)
            if candidates.fits(candidates.TEXT, searched(entry.value, look.answer.data)):
                self._findings.add(place, OK, f"a text is there, with HTTP {status}")
            else:
                _say_where_errors_are(self._findings, place, look)

    def _judge_healthy(self, services: list[Any]) -> None:
        look_for = self._contract.operation("system_health").fields["status"].value
        said = [searched(look_for, item) for item in services[:100] if isinstance(item, Mapping)]
        words = {word for word in said if isinstance(word, str)}
        known = self._contract.setting("healthy")
        new = sorted(words - {word for word in words if word.casefold() in {good.casefold() for good in known}})
        if not words:
            return
        if not new:
            self._findings.add(("settings", "healthy"), OK, "every service says one of these words")
            return
        shown = [self._session.shown(word, 40) for word in new[:5]]
        proposal = Correction(([*known, *shown],), sure=False, note="only if these words mean that all is well")
        message = f"services say {', '.join(shown)}: they are not well, or it is another word for it"
        self._findings.add(("settings", "healthy"), NOT_PROVABLE, message, proposal)

    def _judge_login(self) -> None:
        look, operation = self._session.login_look, self._contract.operation("login")
        if look is None:
            self._findings.rest(operation, NOT_ASKED, "not used: the given token was")
            self._findings.add(("settings", "login_hours"), NOT_ASKED, "no login was needed")
            return
        self._answers.append(_seen(look))
        judge_look(self._findings, look)
        if look.error is None:
            self._findings.add(("settings", "login_hours"), OK, "Connectware took it")

    def _judge_token(self) -> None:
        for key in ("auth_header", "auth_value"):
            place = ("settings", key)
            if self._accepted:
                self._findings.add(place, OK, "Connectware took the token")
            elif self._refused and self._session.login_look is not None:
                self._findings.add(place, WRONG, "Connectware refuses a token that it has just given", USER_KNOWS)
            elif self._refused:
                text = "Connectware refuses the token: it is wrong or expired, or has to be sent in another way"
                self._findings.add(place, NOT_PROVABLE, text, USER_KNOWS)

    def _nothing_more(self, why: str) -> None:
        for name in READING:
            self._findings.rest(self._contract.operation(name), NOT_PROVABLE, why)


def _say_where_errors_are(findings: Findings, place: tuple[str, ...], look: Look) -> None:
    hints = {"code": ("code", "kind", "error", "type"), "message": ("message", "text", "detail", "description", "msg")}
    found = candidates.find(look.answer.data, candidates.TEXT, hints.get(place[-1], (place[-1],)))
    text = f"a text was expected in the answer with HTTP {look.answer.status}, nothing is there"
    result = WRONG if found.expressions else NOT_PROVABLE
    correction = Correction(found.expressions, found.sure, "found in an error") if found.expressions else None
    findings.add(place, result, text, correction)


def _seen(look: Look) -> dict[str, Any]:
    """What an answer has, names only."""
    answer = look.answer
    whole = answer.data
    lists = [place.value for place in candidates.places(whole) if isinstance(place.value, list) and place.value]
    items = [item for value in lists[:1] for item in value[:1] if isinstance(item, Mapping)]
    shown = answer.redactor.shown
    return {
        "operation": answer.operation.name,
        "request": answer.where,
        "status": answer.status,
        "fields": [shown(name, 60) for name in candidates.field_names(whole)],
        "item_fields": [shown(name, 60) for item in items for name in candidates.field_names(item)],
    }
