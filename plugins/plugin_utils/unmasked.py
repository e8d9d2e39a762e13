# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Words of our own results, as a callback gets them: ansible-core 2.22 and later mask every secret of a run in them.

Keys are masked too, and words that a secret is only a part of: with `agents_on_conflict: fail` in an encrypted file,
the key `failed` comes as `$REDACTED$ed`. These words are known from the documentation, so they are no secret.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

try:
    from ansible.module_utils.secrets import mask_secrets
except ImportError:  # before ansible-core 2.22, where nothing has to be undone

    def mask_secrets(value: str) -> str:
        """Nothing is masked in the results of a module but the values of its own options with no_log."""
        return value


class Vocabulary:
    """Undoes what masking has made of known words.

    Args:
        keys: of mappings.
        values: texts that are known, by the keys under which they stand.
    """

    def __init__(self, keys: Iterable[str], values: Mapping[str, Iterable[str]]) -> None:
        self._keys = tuple(keys)
        self._values = {key: tuple(words) for key, words in values.items()}

    def unmasked(self, result: Any) -> Any:
        """The result with its keys, and the texts that are known; all else is as it was."""
        keys = _back(self._keys)
        values = {key: _back(words) for key, words in self._values.items()}
        return _mended(result, keys, values) if keys or any(values.values()) else result


def names_behind(shown: Sequence[str], asked: Any) -> list[str]:
    """What tells agents apart whose names are masked, and alike for that.

    Args:
        shown: their names as the result has them.
        asked: the agents that the task was given, if it was; arguments of a task are not masked.
    """
    given = [str(agent.get("name", "")) for agent in asked if isinstance(agent, Mapping)] if _is_list(asked) else []
    behind: dict[str, list[str]] = {}
    for name in dict.fromkeys(given):
        behind.setdefault(mask_secrets(name), []).append(name)
    found: list[str] = []
    for name in shown:
        left = behind.get(name)
        known = left.pop(0) if left else name
        number = found.count(known)
        found.append(f"{known} ({number + 1})" if number else known)
    return found


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _back(words: Iterable[str]) -> dict[str, str]:
    """The words that are masked now, by what they look like; without those that look like another one."""
    masked = [(mask_secrets(word), word) for word in words]
    alike = Counter(look for look, _word in masked)
    return {look: word for look, word in masked if look != word and alike[look] == 1}


def _mended(value: Any, keys: Mapping[str, str], values: Mapping[str, Mapping[str, str]], of: str = "") -> Any:
    if isinstance(value, Mapping):
        named = {keys.get(str(key), key): inner for key, inner in value.items()}
        return {key: _mended(inner, keys, values, str(key)) for key, inner in named.items()}
    if _is_list(value):
        return [_mended(inner, keys, values, of) for inner in value]
    return values[of].get(value, value) if isinstance(value, str) and of in values else value
