# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs, as whoever launches them sees them: what a job template takes at its launch, and that they end.

JobTemplateLaunch (awx/api/views) and JobLaunchSerializer of github.com/ansible/awx at tag 24.6.1: what the template
does not ask for is ignored, and the answer says so. Nothing is run; a job has ended as soon as it is looked at, and
well, unless it has slices and a limit: AWX makes the slices of the inventory, whatever the limit says, and where a
slice has none of the hosts of the limit, Ansible fails. Which hosts there are is not known here, so each job with both
fails.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from awx.refusals import Object, RefusedError

# awx/main/models/jobs.py: get_ask_mapping.
ASKED_FOR = {
    "limit": "ask_limit_on_launch",
    "extra_vars": "ask_variables_on_launch",
    "job_slice_count": "ask_job_slice_count_on_launch",
}


class Jobs:
    """All jobs that were launched, by their numbers."""

    def __init__(self) -> None:
        self._all: dict[int, Object] = {}

    @property
    def launched(self) -> list[Object]:
        """As they were launched; variables as a dictionary."""
        return [{**job, "extra_vars": json.loads(job["extra_vars"])} for job in self._all.values()]

    def launch(self, template: Object, payload: Object) -> Object:
        if unknown := set(payload) - set(ASKED_FOR):
            raise RefusedError(**{min(unknown): "not known to the server of the tests"})
        taken = {name: value for name, value in payload.items() if template[ASKED_FOR[name]]}
        number = len(self._all) + 1
        job = {
            "id": number,
            "type": "job",
            "url": f"/api/v2/jobs/{number}/",
            "name": template["name"],
            "job_template": template["id"],
            "created": datetime.now(UTC).isoformat(),
            "status": "pending",
            "limit": taken.get("limit", template["limit"]),
            "job_slice_count": taken.get("job_slice_count", template["job_slice_count"]),
            "extra_vars": json.dumps(taken.get("extra_vars", {})),
            "artifacts": {},
        }
        self._all[number] = job
        return {"job": number, "ignored_fields": {name: payload[name] for name in set(payload) - set(taken)}, **job}

    def where(self, query: Mapping[str, str]) -> list[Object]:
        """Those of a query by numbers; they have ended."""
        numbers = [int(number) for number in query["id__in"].split(",")]
        for job in (self._all[number] for number in numbers):
            job["status"] = "failed" if job["limit"] and job["job_slice_count"] > 1 else "successful"
        return [self._all[number] for number in numbers]
