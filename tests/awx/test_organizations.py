# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An AWX with another organization, which has objects of the same names. Whoever administers AWX sees them too."""

from __future__ import annotations

import pytest
from awx.server import Awx
from awx.setup import Setup
from awx.test_conversation import named, template

REGISTRY, GIT = "Our registry", "Our Git"


def own(awx: Awx, resource: str, name: str) -> int:
    """The number of the object of the organization of the example."""
    found = [item for item in awx.objects.snapshot().values() if item.get("name") == name]
    (mine,) = [item["id"] for item in found if item.get("organization") == awx.organization]
    assert len(found) > 1, f"{resource}: another one has the same name"
    return mine


@pytest.mark.long
def test_objects_of_another_organization_are_not_taken(awx: Awx, setup: Setup) -> None:
    other = awx.objects.seed("organizations", name="Other")
    kinds = {item["name"]: item["id"] for item in awx.objects.where("credential_types", {})}
    awx.objects.seed(
        "notification_templates", name="Factory chat", organization=other, notification_type="webhook",
        notification_configuration={"url": "https://other.example.com", "http_method": "POST", "headers": {}},
    )  # fmt: skip
    for name, kind in (("Factory hosts", "Machine"), (REGISTRY, "Container Registry"), (GIT, "Source Control")):
        awx.objects.seed("credentials", name=name, organization=other, credential_type=kinds[kind])
    for name, kind in ((REGISTRY, "Container Registry"), (GIT, "Source Control")):
        awx.objects.seed("credentials", name=name, organization=awx.organization, credential_type=kinds[kind])
    given = {"awx_image_credential": REGISTRY, "awx_project_credential": GIT}

    setup.run(**given).ok()

    rollout = template(awx, "rollout")
    assert own(awx, "credentials", "Factory hosts") in rollout["_lists"]["credentials"]
    assert rollout["_lists"]["notification_templates_error"] == [own(awx, "notification_templates", "Factory chat")]
    workflow = named(awx, "workflow_job_templates", "Connectware north: approved rollout")
    assert workflow["_lists"]["notification_templates_approvals"] == rollout["_lists"]["notification_templates_error"]
    assert named(awx, "projects", "Connectware")["credential"] == own(awx, "credentials", GIT)
    assert named(awx, "execution_environments", "Connectware")["credential"] == own(awx, "credentials", REGISTRY)
    awx.changed()
    assert setup.run(**given).ok().recap["changed"] == 0 and awx.changed() == [] == awx.refused


def test_a_credential_of_no_organization_is_found_by_its_name(awx: Awx, setup: Setup) -> None:
    (machine,) = awx.objects.where("credential_types", {"name": "Machine"})
    mine = awx.objects.seed("credentials", name="My hosts", credential_type=machine["id"])
    setup.run(awx_job_credentials=["My hosts"]).ok()
    assert mine in template(awx, "rollout")["_lists"]["credentials"]
