# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of an AWX, by the resources of schemas.py: made, changed, listed, put into lists of others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import yaml
from awx import rules
from awx.credentials import HIDDEN, credential_type
from awx.notifications import NOTIFICATIONS
from awx.refusals import Object, RefusedError, is_exactly
from awx.schemas import NEVER_WRITTEN, RESOURCES, UNIFIED, Field
from awx.workflows import LINKS, link

PYTHON = {"str": str, "text": str, "int": int, "bool": bool, "dict": dict, "id": int}


class NotFoundError(LookupError):
    """AWX would answer 404."""


class Objects:
    """All objects.

    Args:
        playbooks: what an update of a project finds in the repository.
    """

    def __init__(self, playbooks: list[str]) -> None:
        self._playbooks = playbooks
        self._all: dict[str, dict[int, Object]] = {name: {} for name in RESOURCES}
        self._last = 0

    # ------------------------------------------------------------------------------------------------------ reading

    def find(self, resource: str, number: int) -> Object:
        for name in UNIFIED if resource == "unified_job_templates" else (resource,):
            if number in self._all.get(name, {}):
                return self._all[name][number]
        raise NotFoundError(f"{resource} {number}")

    def where(self, resource: str, query: Mapping[str, str]) -> list[Object]:
        """Those that fit all parameters of a query, as they are shown."""
        names = UNIFIED if resource == "unified_job_templates" else (resource,)
        found = [self.shown(name, item) for name in names for item in self._all[name].values()]
        asked = {name: value for name, value in query.items() if name not in ("page", "page_size", "order_by")}
        either = {name[4:]: asked.pop(name) for name in list(asked) if name.startswith("or__")}
        for name, value in asked.items():
            if name.endswith("__startswith"):
                found = [item for item in found if self._value(item, name[:-12]).startswith(value)]
            else:
                found = [item for item in found if self._value(item, name) == value]
        if either:
            found = [item for item in found if any(self._value(item, key) == value for key, value in either.items())]
        return found

    def _value(self, item: Object, name: str) -> str:
        """As text; a name with two underscores looks into the object that the field refers to."""
        field, _parts, inner = name.partition("__")
        if name == "organization" and name not in item:  # all that is in unified_job_templates can be asked for it
            return str(self.find("inventories", item["inventory"])[name]) if "inventory" in item else ""
        if field not in item:
            raise RefusedError(detail=f"{item['type']} has no field named {field!r}")
        if inner:
            target = RESOURCES[self.resource_of(item)].fields[field].of
            return str(self.find(target, item[field])[inner]) if item[field] is not None else ""
        return str(item[field])

    def resource_of(self, item: Object) -> str:
        return next(name for name, resource in RESOURCES.items() if resource.type == item["type"])

    def shown(self, resource: str, item: Object) -> Object:
        """An object as the API shows it: no secret, with its related addresses."""
        found = {name: deepcopy(value) for name, value in item.items() if not name.startswith("_")}
        for field, secrets in self._secrets(resource, item):
            for name in secrets & set(found[field]):
                found[field][name] = HIDDEN if found[field][name] else found[field][name]
        url = f"/api/v2/{resource}/{item['id']}/"
        related = {name: f"{url}{name}/" for name in RESOURCES[resource].lists}
        if resource in ("job_templates", "workflow_job_templates"):
            related["survey_spec"] = f"{url}survey_spec/"
        if resource == "job_templates":
            related["launch"] = f"{url}launch/"
        for name, field in RESOURCES[resource].fields.items():
            if field.kind == "id" and item[name] is not None:
                target = self.find(field.of, item[name])
                related[name] = f"/api/v2/{self.resource_of(target)}/{target['id']}/"
        if resource == "job_templates":
            found["organization"] = self.find("projects", item["project"])["organization"]
        elif resource == "credentials":
            kind = self.find("credential_types", item["credential_type"])
            found |= {"kind": kind["namespace"], "cloud": kind["kind"] == "cloud"}
        summary = dict(item.get("_summary", {}))
        if found.get("organization"):
            summary["organization"] = {"name": self.find("organizations", found["organization"])["name"]}
        return {**found, "url": url, "related": related, "summary_fields": summary}

    def _secrets(self, resource: str, item: Object) -> Iterator[tuple[str, set[str]]]:
        """A field of JSON, and which of its keys are secrets."""
        if resource == "credentials":
            fields = self.find("credential_types", item["credential_type"])["inputs"].get("fields", [])
            yield "inputs", {each["id"] for each in fields if each.get("secret")}
        elif resource == "notification_templates":
            kinds = NOTIFICATIONS.get(item["notification_type"], {})
            yield "notification_configuration", {name for name, rule in kinds.items() if rule[0] == "secret"}

    def snapshot(self) -> dict[str, Object]:
        """Everything, secrets and lists included, by address: for tests that look at what is there."""
        return {
            f"{resource}/{item.get('name') or item.get('identifier')}/{number}": deepcopy(item)
            for resource, items in self._all.items()
            for number, item in items.items()
        }

    # ------------------------------------------------------------------------------------------------------ writing

    def seed(self, resource: str, **values: Any) -> int:
        """An object that AWX has already; nothing is checked."""
        self._last += 1
        fields = {name: deepcopy(field.default) for name, field in RESOURCES[resource].fields.items()}
        lists = {name: [] for name in RESOURCES[resource].lists}
        fixed = {"id": self._last, "type": RESOURCES[resource].type, **RESOURCES[resource].read_only}
        self._all[resource][self._last] = {**fixed, **fields, **values, "_lists": lists}
        return self._last

    def create(self, resource: str, payload: Object) -> Object:
        given = self._checked(resource, payload)
        missing = [name for name, field in RESOURCES[resource].fields.items() if field.required and name not in given]
        if missing:
            raise RefusedError(**{missing[0]: "This field is required."})
        defaults = {name: deepcopy(field.default) for name, field in RESOURCES[resource].fields.items()}
        item = {**defaults, **given}
        self._judge(resource, item, None)
        number = self.seed(resource, **item)
        if resource == "projects":
            self._updated(self._all[resource][number])
        return self.shown(resource, self._all[resource][number])

    def change(self, resource: str, number: int, payload: Object) -> Object:
        item = self.find(resource, number)
        fixed = {name for name, field in RESOURCES[resource].fields.items() if field.fixed}
        given = self._checked(resource, {name: value for name, value in payload.items() if name not in fixed})
        changed = {**deepcopy(item), **given}
        for field, secrets in self._secrets(resource, changed):
            for name in secrets & set(changed[field]):
                if changed[field][name] == HIDDEN:
                    changed[field][name] = item[field].get(name, "")
        self._judge(resource, changed, item)
        item.update(changed)
        item.pop("_summary", None)
        return self.shown(resource, item)

    def remove(self, resource: str, number: int) -> None:
        """And what belongs to it: the steps of a workflow, and the approval of a step (awx/main/signals.py)."""
        item = self.find(resource, number)
        if resource == "credential_types" and self._used(item):
            raise RefusedError(403, detail="Credential types that are in use cannot be deleted")
        del self._all[resource][number]
        if resource == "workflow_job_template_nodes":
            self._all["workflow_approval_templates"].pop(item["unified_job_template"], None)
        for name, known in RESOURCES.items():
            owners = [field for field, what in known.fields.items() if what.required and what.of == resource]
            for other in [each for each in self._all[name].values() if number in [each[field] for field in owners]]:
                self.remove(name, other["id"])

    def _updated(self, item: Object) -> None:
        """AWX updates a project as soon as it is made; here that is over at once."""
        item.update(status="successful", scm_revision="0" * 40, _playbooks=self._playbooks)
        item["_summary"] = {"current_update": {"id": item["id"]}}

    def _used(self, item: Object) -> bool:
        return any(each["credential_type"] == item["id"] for each in self._all["credentials"].values())

    def _judge(self, resource: str, item: Object, before: Object | None) -> None:
        unique = RESOURCES[resource].unique
        for other in self._all[resource].values():
            if other.get("id") != item.get("id") and all(other.get(name) == item.get(name) for name in unique):
                field = unique[0] if len(unique) == 1 else "__all__"
                raise RefusedError(
                    **{field: f"{RESOURCES[resource].type} with this {', '.join(unique)} already exists."}
                )
        if resource == "credential_types":
            credential_type(item, before, before is not None and self._used(before))
        elif resource in rules.RULES:
            rules.RULES[resource](item, self.find, before)

    def _checked(self, resource: str, payload: Object) -> Object:
        """The fields that may be written, each of the right type."""
        known = RESOURCES[resource]
        given = {}
        for name, value in payload.items():
            if name in NEVER_WRITTEN or (name in known.read_only and name not in known.fields):
                continue
            if name not in known.fields:
                raise RefusedError(**{name: f"{known.type} has no such field"})
            taken = self._instead_of_null(known.fields[name]) if value is None else value
            self._check_value(name, known.fields[name], taken)
            given[name] = deepcopy(taken)
        return given

    def _instead_of_null(self, field: Field) -> Any:
        """What AWX takes null for (awx/api/fields.py): for nothing that was written, and for no."""
        if field.required or field.default is None:
            return None
        return {"str": "", "text": "", "bool": False}.get(field.kind)

    def _check_value(self, name: str, field: Field, value: Any) -> None:
        if value is None:
            if field.required or field.default is not None:
                raise RefusedError(**{name: "This field may not be null."})
            return
        if not is_exactly(value, PYTHON[field.kind]):
            raise RefusedError(**{name: f"Not a valid {field.kind}: {value!r}"})
        if field.choices and value not in field.choices:
            raise RefusedError(**{name: f'"{value}" is not a valid choice.'})
        self._check_size(name, field, value)
        if field.kind == "text":
            self._check_text(name, value)
        if field.kind == "id":
            try:
                self.find(field.of, value)
            except NotFoundError:
                raise RefusedError(**{name: f'Invalid pk "{value}" - object does not exist.'}) from None

    def _check_size(self, name: str, field: Field, value: Any) -> None:
        if field.required and value == "":
            raise RefusedError(**{name: "This field may not be blank."})
        if field.longest and len(value) > field.longest:
            raise RefusedError(**{name: f"Ensure this field has no more than {field.longest} characters."})
        if field.least is not None and value < field.least:
            raise RefusedError(**{name: f"Ensure this value is greater than or equal to {field.least}."})

    def _check_text(self, name: str, value: str) -> None:
        try:
            found = yaml.safe_load(value or "{}")
        except yaml.YAMLError as exc:
            raise RefusedError(**{name: f"Cannot parse as JSON or YAML: {exc}"}) from exc
        if not isinstance(found, dict):
            raise RefusedError(**{name: "Cannot parse as JSON or YAML: a dictionary is expected"})

    # -------------------------------------------------------------------------------------------------------- lists

    def listed(self, resource: str, number: int, name: str) -> list[Object]:
        target, items = self._list(resource, number, name)
        return [self.shown(target, self.find(target, each)) for each in items]

    def associate(self, resource: str, number: int, name: str, payload: Object) -> None:
        target, items = self._list(resource, number, name)
        if set(payload) - {"id", "disassociate"} or not isinstance(payload.get("id"), int):
            raise RefusedError(msg=f"'id' and 'disassociate' are expected, not {json.dumps(sorted(payload))}")
        try:
            other = self.find(target, payload["id"])
        except NotFoundError:
            raise RefusedError(detail=f"{target} {payload['id']} does not exist") from None
        if payload.get("disassociate"):
            items[:] = [each for each in items if each != payload["id"]]
            return
        if name == "credentials":
            self._check_credentials(items, other)
        if name in LINKS:
            link(self.find(resource, number), name, other, self.find)
        if payload["id"] not in items:
            items.append(payload["id"])

    def _check_credentials(self, items: list[int], new: Object) -> None:
        """JobTemplateCredentialsList.is_valid_relation: one of each type."""
        if new["credential_type"] in [self.find("credentials", each)["credential_type"] for each in items]:
            raise RefusedError(error="Cannot assign multiple credentials of one type.")

    def _list(self, resource: str, number: int, name: str) -> tuple[str, list[int]]:
        item = self.find(resource, number)
        if name not in RESOURCES[resource].lists:
            raise NotFoundError(f"{resource} {number} {name}")
        return RESOURCES[resource].lists[name], item["_lists"][name]
