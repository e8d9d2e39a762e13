# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX checks of types of credentials, of credentials, and of the images that some of them are for.

Each rule names where AWX has it, in github.com/ansible/awx at tag 24.6.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from awx.refusals import Find, Object, RefusedError, shaped
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

HIDDEN = "$encrypted$"  # what AWX shows in the place of a secret
TYPES = {"string": str, "boolean": bool}
# awx/main/fields.py: CredentialTypeInputField.
INPUTS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "required": {"type": "array", "items": {"type": "string"}},
        "fields": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "label"],
                "properties": {
                    "id": {"type": "string", "pattern": "^(?!tower$)[a-zA-Z_][a-zA-Z0-9_]*$"},
                    "type": {"enum": ["string", "boolean"]},
                    "format": {"enum": ["ssh_private_key", "url"]},
                    "choices": {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string"}},
                    **{name: {"type": "string"} for name in ("label", "help_text")},
                    **{name: {"type": "boolean"} for name in ("multiline", "secret", "ask_at_runtime")},
                    "default": {},
                },
            },
        },
    },
}
# awx/main/fields.py: CredentialTypeInjectorField.
INJECTORS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "file": {
            "type": "object",
            "additionalProperties": False,
            "patternProperties": {r"^template(\.[a-zA-Z_][a-zA-Z0-9_]*)?$": {"type": "string"}},
        },
        "env": {
            "type": "object",
            "additionalProperties": False,
            "patternProperties": {
                r"^(?!ANSIBLE_)[a-zA-Z_][a-zA-Z0-9_]*$": {"type": "string", "pattern": r"^[ -~\s]*$"}
            },
        },
        "extra_vars": {"type": "object"},
    },
}


def credential_type(item: Object, before: Object | None, used: bool) -> None:
    """CredentialTypeSerializer.validate, and the two fields of JSON."""
    shaped("inputs", item["inputs"], INPUTS)
    shaped("injectors", item["injectors"], INJECTORS)
    fields = item["inputs"].get("fields", [])
    known = {each["id"]: "EXAMPLE" for each in fields}
    if len(known) != len(fields):
        raise RefusedError(inputs="field IDs must be unique")
    for each in fields:
        each.setdefault("type", "string")
        if "default" in each and not isinstance(each["default"], TYPES[each["type"]]):
            raise RefusedError(inputs=f"{each['default']} is not a {each['type']}")
        if each["type"] == "boolean" and {"choices", "multiline", "format", "secret"} & set(each):
            raise RefusedError(inputs=f"not allowed for boolean type ({each['id']})")
    if "template" in item["injectors"].get("file", {}) and len(item["injectors"]["file"]) > 1:
        raise RefusedError(injectors="Must use multi-file syntax when injecting multiple files")
    files = {name.partition(".")[2]: "FILE" for name in item["injectors"].get("file", {})}
    namespace = {**known, "tower": {"filename": files.get("") or files}}
    sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    for kind in ("file", "env", "extra_vars"):
        for template in _templates(item["injectors"].get(kind, {})):
            try:
                sandbox.from_string(template).render(namespace)
            except TemplateError as exc:
                raise RefusedError(injectors=f"{template} in {kind}: {exc}") from exc
    if before is not None and used and before["inputs"] != item["inputs"]:
        raise RefusedError(403, detail="Modifications to inputs are not allowed for credential types that are in use")


def _templates(node: Any) -> Iterator[str]:
    """All of them, however deep."""
    if isinstance(node, dict):
        node = [text for pair in node.items() for text in pair]
    for each in node:
        if isinstance(each, dict | list):
            yield from _templates(each)
        else:
            yield each


def credential(item: Object, find: Find, before: Object | None) -> None:
    """awx/main/fields.py: CredentialInputField; CredentialSerializerCreate.validate."""
    if before is None and item["organization"] is None:
        raise RefusedError(detail="Missing 'user', 'team', or 'organization'.")
    fields = find("credential_types", item["credential_type"])["inputs"].get("fields", [])
    types = {each["id"]: TYPES[each.get("type", "string")] for each in fields}
    secrets = {each["id"] for each in fields if each.get("secret")}
    for name, value in item["inputs"].items():
        if name not in types:
            raise RefusedError(inputs=f"Additional properties are not allowed ({name!r} was unexpected)")
        if before is None and name in secrets and value == HIDDEN:
            raise RefusedError(inputs=f"{value} is a reserved keyword, and cannot be used for {name}.")
        if value is not None and not isinstance(value, types[name]):
            raise RefusedError(inputs=f"{name} is not of type {types[name].__name__}")
    item["inputs"] = {name: types[name]() if value is None else value for name, value in item["inputs"].items()}


# awx/main/validators.py: validate_container_image_name, in short: a name, perhaps a tag, perhaps a digest.
_PART = r"[a-z0-9]+(?:(?:[._]|__|-*)[a-z0-9]+)*"
IMAGE = re.compile(
    rf"^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]+)?/)?{_PART}(?:/{_PART})*"
    r"(?::\w[\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$"
)


def environment(item: Object, find: Find, _before: Object | None) -> None:
    """ExecutionEnvironmentSerializer.validate_credential, and the image of ExecutionEnvironment."""
    if not IMAGE.match(item["image"]):
        raise RefusedError(image=f"The container image name {item['image']} is not valid")
    if item["credential"] is not None:
        owner = find("credential_types", find("credentials", item["credential"])["credential_type"])
        if owner["name"] != "Container Registry":
            raise RefusedError(credential="Only Container Registry credentials can be associated")
