# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""awx_setup, with the real modules of awx.awx, against a server that speaks AWX's API and checks what it gets."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from awx.conftest import SECRET
from awx.server import Awx
from awx.setup import EXAMPLE, MESSAGES, PROJECT, Setup
from guides.examples import example

WORKFLOW = "Connectware north: approved rollout"
KINDS = ("audit", "plan", "retire", "rollout", "upgrade", "verify")


def named(awx: Awx, resource: str, name: str) -> dict[str, Any]:
    """An object with its secrets and lists, by name or identifier."""
    (found,) = [item for path, item in awx.objects.snapshot().items() if path.startswith(f"{resource}/{name}/")]
    return found


def template(awx: Awx, kind: str, site: str = "north") -> dict[str, Any]:
    """A job template."""
    return named(awx, "job_templates", f"Connectware {site}: {kind}")


def names(awx: Awx, numbers: list[int]) -> list[str]:
    items = {item["id"]: item.get("name") or item["identifier"] for item in awx.objects.snapshot().values()}
    return sorted(items[number] for number in numbers)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, fresh: Callable[..., tuple[Awx, Setup]]) -> tuple[Awx, Setup]:
    """A set-up that has run once, by the commands of the role's README; only awx.awx is there already."""
    awx, setup = fresh(tmp_path_factory.mktemp("done"))
    typed = dict(setup.environment)
    code = example("role/awx").replace("ansible-galaxy collection install awx.awx\n", "")
    code = code.replace("https://awx.example.com", typed.pop("CONTROLLER_HOST"))
    token = typed.pop("CONTROLLER_OAUTH_TOKEN")
    setup.command(["bash", "-e", "-c", code], input=f"{token}\n", env=typed).ok()
    assert awx.refused == []
    return awx, setup


def test_all_of_it_is_there_after_one_run(done: tuple[Awx, Setup]) -> None:
    awx, _setup = done
    assert names(awx, [item["id"] for item in awx.objects.where("job_templates", {})]) == [
        f"Connectware north: {kind}" for kind in KINDS
    ]
    rollout = template(awx, "rollout")
    assert (
        rollout["playbook"] == "playbooks/rollout.yml" and rollout["job_slice_count"] == 2 and rollout["become_enabled"]
    )
    assert names(awx, rollout["_lists"]["credentials"]) == ["Connectware north", "Factory hosts"]
    assert names(awx, rollout["_lists"]["notification_templates_error"]) == ["Factory chat"]
    assert rollout["_lists"]["notification_templates_started"] == []
    assert [each["variable"] for each in rollout["_survey"]["spec"]] == [
        "agents_on_conflict", "agents_max_reregistrations", "agents_timeout",
    ]  # fmt: skip
    asking = {kind for kind in KINDS if template(awx, kind)["ask_variables_on_launch"]}
    assert asking == {"rollout", "upgrade", "retire"}
    plan = template(awx, "plan")
    assert names(awx, plan["_lists"]["credentials"]) == [
        "Connectware north", "Connectware: AWX itself", "Factory hosts",
    ]  # fmt: skip
    assert WORKFLOW in plan["extra_vars"]
    assert {kind for kind in KINDS if template(awx, kind)["job_slice_count"] != 1} == {"rollout"}
    schedule = named(awx, "schedules", "Connectware north: audit")
    assert schedule["enabled"] and names(awx, [schedule["unified_job_template"]]) == ["Connectware north: audit"]


def test_the_file_of_the_example_is_what_is_used(done: tuple[Awx, Setup]) -> None:
    given = yaml.safe_load((EXAMPLE / "awx.yml").read_text())
    assert named(done[0], "execution_environments", "Connectware")["image"] == given["awx_image"]
    assert named(done[0], "projects", "Connectware")["scm_url"] == given["awx_project_url"]


def test_the_workflow_asks_before_it_rolls_out(done: tuple[Awx, Setup]) -> None:
    awx, _setup = done
    step, way = named(awx, "workflow_job_template_nodes", "plan"), []
    while True:
        way.append(names(awx, [step["unified_job_template"]])[0])
        following = names(awx, step["_lists"]["success_nodes"])
        if not following:
            break
        step = named(awx, "workflow_job_template_nodes", following[0])
    assert way == [
        "Connectware north: plan", "Roll out what the plan shows", "Connectware north: rollout",
        "Connectware north: verify",
    ]  # fmt: skip
    assert named(awx, "workflow_approval_templates", "Roll out what the plan shows")["timeout"] == 86400
    workflow = named(awx, "workflow_job_templates", WORKFLOW)
    assert names(awx, workflow["_lists"]["notification_templates_approvals"]) == ["Factory chat"]


def test_the_inventory_has_the_hosts_and_what_connectware_says(done: tuple[Awx, Setup]) -> None:
    awx, _setup = done
    for name, path in (("hosts", "inventories/north/hosts.yml"), ("Connectware", "inventories/north")):
        source = named(awx, "inventory_sources", f"Connectware north: {name}")
        assert source["source_path"] == path and (PROJECT / path).exists()
        assert names(awx, [source["credential"], source["source_project"]]) == ["Connectware", "Connectware north"]
        assert source["overwrite"] and source["update_on_launch"]


def test_a_second_run_changes_nothing_and_shows_no_secret(done: tuple[Awx, Setup]) -> None:
    awx, setup = done
    inputs = named(awx, "credentials", "Connectware north")["inputs"]
    assert inputs["token"] == SECRET and inputs["insecure"] is False
    assert inputs["ca"].startswith("-----BEGIN CERTIFICATE-----")
    assert named(awx, "credentials", "Connectware: AWX itself")["inputs"]["oauth_token"] == awx.token
    awx.changed()
    # AWX keeps a schedule in one line, however it was written.
    (schedule,) = awx.objects.where("schedules", {})
    result = setup.run("-vvvv", awx_audit_rrule=schedule["rrule"].replace(" ", "\n") + "\n").ok()
    assert awx.changed() == [] and result.recap["changed"] == 0
    assert "injectors" in result.output, "it is loud"
    for secret in (SECRET, awx.token):
        assert secret not in result.output and base64.b64encode(secret.encode()).decode() not in result.output


# What a user edits, and the one object and field that change.
EDITS = [
    ("slices: 2", "slices: 3", "job_templates/Connectware north: rollout", "job_slice_count"),
    ("T050000", "T060000", "schedules/Connectware north: audit", "rrule"),
    (":1.0.0", ":1.1.0", "execution_environments/Connectware", "image"),
    ("hooks/factory", "hooks/plant", "notification_templates/Factory chat", "notification_configuration"),
    ("url: https://connectware-north", "url: https://cw", "credentials/Connectware north", "inputs"),
]


@pytest.mark.long
def test_a_value_that_changed_changes_its_object_alone(done: tuple[Awx, Setup]) -> None:
    awx, setup = done
    before = awx.objects.snapshot()
    for old, new, _path, _field in EDITS:
        setup.edit(old, new)
    setup.environment["CONNECTWARE_TOKEN"] = "renewed"
    awx.changed()

    foretold = setup.run("--check").ok()
    assert awx.changed() == [] and awx.objects.snapshot() == before, "check mode writes nothing"
    assert foretold.recap["changed"] == len(EDITS), "and foretells it"

    result = setup.run().ok()
    after = awx.objects.snapshot()
    changed = {path.rpartition("/")[0]: path for path in after if after[path] != before.get(path)}
    assert set(changed) == {path for _old, _new, path, _field in EDITS} and result.recap["changed"] == len(EDITS)
    for _old, _new, path, field in EDITS:
        item = after[changed[path]]
        assert [key for key in item if item[key] != before[changed[path]][key]] == [field]
    assert len(awx.changed()) == len(EDITS)


def test_the_example_of_notifications_to_send(awx: Awx, setup: Setup) -> None:
    tasks = yaml.safe_load(example("filter/notifications_to_send"))
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks, "vars": {"vault_chat_password": SECRET}}]
    (setup.folder / "example.yml").write_text(yaml.safe_dump(play))
    command = ["ansible-playbook", "example.yml"]

    assert setup.command(command).ok().recap["changed"] == 1
    made = named(awx, "notification_templates", "Factory chat")
    assert made["notification_configuration"]["password"] == SECRET
    assert setup.command(command).ok().recap["changed"] == 0, "although it has a secret"
    assert awx.refused == []


@pytest.mark.long
def test_among_many_notifications_its_own_are_found(awx: Awx, setup: Setup) -> None:
    """AWX gives 200 in one answer at most, and the module would send one with a secret again each time."""
    webhook = {"url": "https://chat.example.com", "http_method": "POST", "headers": {}}
    for number in range(205):
        awx.objects.seed(
            "notification_templates", name=f"Of others {number}", organization=awx.organization,
            notification_type="webhook", notification_configuration=webhook,
        )  # fmt: skip
    setup.edit("      http_method: POST\n", f"      http_method: POST\n      password: {SECRET}\n")
    setup.edit("    events: [error", f"{MESSAGES}    events: [error")
    setup.run().ok()
    awx.changed()
    told = named(awx, "notification_templates", "Factory chat")["messages"]
    assert told["error"]["body"] == "{{ job.name }} failed: {{ url }}"
    assert setup.run().ok().recap["changed"] == 0
    assert awx.changed() == [] == awx.refused


@pytest.mark.long
def test_each_connectware_has_reports_of_its_own(awx: Awx, setup: Setup) -> None:
    """The approval shows what the plan has written there."""
    sites = [
        {"name": name, "url": "https://cw", "token": "t" * 8, "inventory": "inventories/north"}
        for name in ("north", "the south")
    ]
    setup.run(awx_connectwares=sites, awx_audit_path="/srv/audit").ok()
    folders = {"north": "/srv/audit/north", "the south": "/srv/audit/the_south"}
    for site, folder in folders.items():
        for kind in KINDS:
            said = yaml.safe_load(template(awx, kind, site)["extra_vars"]).get("audit_path")
            assert said == (folder if kind in ("audit", "plan", "verify") else None)


@pytest.mark.long
def test_a_new_secret_alone_is_sent_when_asked_for(done: tuple[Awx, Setup]) -> None:
    """AWX shows no secret: that it differs cannot be seen."""
    awx, setup = done
    setup.environment["CONNECTWARE_TOKEN"] = "renewed again"
    setup.run(awx_update_secrets=True).ok()
    assert named(awx, "credentials", "Connectware north")["inputs"]["token"] == "renewed again"


def test_check_mode_on_an_awx_that_has_nothing(awx: Awx, setup: Setup) -> None:
    before = awx.objects.snapshot()
    result = setup.run("--check").ok()
    assert awx.objects.snapshot() == before and awx.changed() == []
    assert result.recap["changed"] >= 3 and "AWX does not have all objects yet" in result.output


def test_with_a_password_instead_of_a_token_nothing_is_left_behind(awx: Awx, setup: Setup) -> None:
    setup.log_in_with_password("admin", awx.password)
    setup.run("--check").ok()
    assert awx.tokens == {} and awx.changed() == []


def test_it_has_to_be_said_which_awx(awx: Awx, setup: Setup) -> None:
    del setup.environment["CONTROLLER_HOST"]
    setup.run().failed("The environment has to say which AWX is set up: CONTROLLER_HOST")
    assert awx.writes == []


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"awx_connectwares": []}, "The file of variables has to say awx_image, awx_project_url and awx_connectwares"),
        (
            {"awx_connectwares": [{"name": "n", "url": "https://a", "inventory": "i", "username": "me"}]},
            "There is neither a token nor a username with its password for n.",
        ),
        (
            {"awx_connectwares": 2 * [{"name": "n", "url": "https://a", "inventory": "i", "token": "t"}]},
            "Each entry of awx_connectwares needs a name of its own",
        ),
        *(
            (
                {"awx_controller": {"host": "https://awx.example.com", **login}},
                "awx_controller has neither a token nor a username with its password.",
            )
            for login in ({"token": ""}, {"username": "planner"}, {"password": "p"}, {})
        ),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_sent(
    awx: Awx, setup: Setup, variables: dict[str, Any], message: str
) -> None:
    setup.run(**variables).failed(message)
    assert awx.writes == [] == awx.refused


@pytest.mark.parametrize(
    ("method", "resource", "told"),
    [
        ("GET", "notification_templates", "Look at what is there of notification_templates: Status code was 400"),
        ("POST", "notification_templates", "Make those that differ: Unable to create notification_template Factory"),
        ("POST", "credentials", "Make a credential for each Connectware: Unable to create credential Connectware"),
    ],
)
def test_what_awx_refuses_is_told_also_where_a_task_keeps_silent(
    awx: Awx, setup: Setup, method: str, resource: str, told: str
) -> None:
    """Without the secrets that AWX may repeat, of which the modules know some only.

    The line ``[ERROR]`` before it is of ansible-core 2.19 and later, which says that much in spite of no_log.
    """
    hook = "https://chat.example.com/hooks/of-this-test"
    setup.edit("https://chat.example.com/hooks/factory", hook)
    awx.refusing[method, resource] = {"detail": f"not with {SECRET}, {hook} or {awx.token}"}

    said = " ".join(setup.run().failed(f'"msg": "{told}').output.split()).partition(f'"msg": "{told}')[2]

    assert method == "GET" or re.search(r"not with \*{3,8}, \*{3} or \*{3,8}", said)
    assert not [secret for secret in (SECRET, hook, awx.token) if secret in said]
