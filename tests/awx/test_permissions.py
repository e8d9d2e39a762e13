# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an account of AWX may do that administers the organization, and is no system administrator."""

from __future__ import annotations

import pytest
from awx.server import Awx
from awx.setup import Setup
from awx.test_conversation import named


def test_who_administers_the_organization_alone_is_told_who_may_make_the_type(awx: Awx, setup: Setup) -> None:
    awx.superuser = False
    before = awx.objects.snapshot()
    setup.run().failed("(HTTP 403). Only a system administrator of AWX may make or change a type of credentials.")
    assert awx.objects.snapshot() == before and awx.writes == [], "nothing else was made"
    (refused,) = awx.refused
    assert refused == (
        "POST", "/api/v2/credential_types/", {"detail": "You do not have permission to perform this action."},
    )  # fmt: skip


@pytest.mark.long
def test_with_the_type_there_the_administration_of_the_organization_is_enough(awx: Awx, setup: Setup) -> None:
    setup.run("--tags", "credential_type").ok()
    assert awx.changed() == ["POST /api/v2/credential_types/"], "what a system administrator has to do is not more"

    awx.superuser = False
    assert setup.run().ok().recap["changed"] > 0
    assert awx.refused == [] and not [path for path in awx.changed() if "credential_types" in path]
    assert setup.run().ok().recap["changed"] == 0

    # With a type that is another one, it stops again; AWX changes the inputs of one that is used for nobody.
    awx.superuser = True
    made = named(awx, "credential_types", "Connectware")
    awx.objects.change("credential_types", made["id"], {"injectors": {}})
    awx.superuser = False
    setup.run().failed("Only a system administrator of AWX may make or change a type of credentials.")
    assert awx.changed() == []
