# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resources of AWX's API v2 that a set-up needs: their fields, written down from AWX's public source.

Each resource names the classes that it comes from; all of them are of github.com/ansible/awx, tag 24.6.1, in
awx/api/serializers.py (which fields there are, which of them are read-only) and awx/main/models (types, choices,
defaults). A field that is not here is not known to AWX, or is not needed: the server refuses it, where AWX would
silently ignore it. A value of another type is refused too, where AWX would take "5" for 5 and "yes" for true.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Field:
    """A field that may be written.

    Args:
        kind: str, int, bool, dict, text (YAML or JSON as text) or id (of another object).
        default: what AWX has for it if nobody says anything.
        choices: the values that are allowed, if not all.
        of: for an id, the resource of that object.
        fixed: cannot be changed later; AWX then ignores it.
        longest: how many characters a text may have.
        least: the smallest number.
    """

    kind: str = "str"
    default: Any = ""
    choices: tuple[Any, ...] = ()
    of: str = ""
    required: bool = False
    fixed: bool = False
    longest: int = 0
    least: int | None = None


@dataclass(frozen=True)
class Resource:
    """A kind of objects.

    Args:
        type: the word in the field `type`.
        source: classes that the fields were read from.
        unique: the fields that together name an object; a second one with the same is refused.
        lists: sublists that objects of other resources are put into, by name.
        read_only: what AWX shows of its own accord, and ignores if somebody sends it.
    """

    type: str
    source: str
    fields: Mapping[str, Field]
    unique: tuple[str, ...] = ("name", "organization")
    lists: Mapping[str, str] = field(default_factory=dict)
    read_only: Mapping[str, Any] = field(default_factory=dict)


def to(resource: str, **more: Any) -> Field:
    return Field("id", None, of=resource, **more)


NAME = {"name": Field(required=True, longest=512), "description": Field()}
LONG = Field(longest=1024)
ORGANIZATION = {"organization": to("organizations")}
YES_OR_NO = Field("bool", False)
NUMBER = Field("int", 0)
NATURAL = Field("int", 0, least=0)
NEVER_WRITTEN = frozenset({"id", "type", "url", "related", "summary_fields", "created", "modified"})
TOLD = {f"notification_templates_{event}": "notification_templates" for event in ("started", "success", "error")}
ASKED = (
    "scm_branch", "diff_mode", "variables", "limit", "tags", "skip_tags", "job_type", "verbosity", "inventory",
    "credential", "execution_environment", "labels", "forks", "job_slice_count", "timeout", "instance_groups",
)  # fmt: skip

RESOURCES: dict[str, Resource] = {
    "organizations": Resource(
        "organization", "OrganizationSerializer, Organization", {**NAME, "max_hosts": NUMBER}, unique=("name",)
    ),
    "credential_types": Resource(
        "credential_type",
        "CredentialTypeSerializer, CredentialType",
        {
            **NAME,
            "kind": Field(required=True, choices=("cloud", "net")),
            "inputs": Field("dict", {}),
            "injectors": Field("dict", {}),
        },
        unique=("name", "kind"),
        read_only={"managed": False, "namespace": None},
    ),
    "credentials": Resource(
        "credential",
        "CredentialSerializer, Credential",
        {
            **NAME,
            **ORGANIZATION,
            "credential_type": to("credential_types", required=True),
            "inputs": Field("dict", {}),
        },
        unique=("name", "organization", "credential_type"),
        read_only={"managed": False, "kind": None, "cloud": True, "kubernetes": False},
    ),
    "execution_environments": Resource(
        "execution_environment",
        "ExecutionEnvironmentSerializer, ExecutionEnvironment",
        {
            **NAME,
            **ORGANIZATION,
            "image": Field(required=True, longest=1024),
            "credential": to("credentials"),
            "pull": Field(choices=("", "always", "missing", "never")),
        },
        unique=("name",),
        read_only={"managed": False},
    ),
    "notification_templates": Resource(
        "notification_template",
        "NotificationTemplateSerializer, NotificationTemplate",
        {
            **NAME,
            "organization": to("organizations", required=True),
            "notification_type": Field(required=True),
            "notification_configuration": Field("dict", {}, required=True),
            "messages": Field("dict", None),
        },
    ),
    "projects": Resource(
        "project",
        "ProjectSerializer, ProjectOptionsSerializer, UnifiedJobTemplateSerializer, Project",
        {
            **NAME,
            **ORGANIZATION,
            "scm_type": Field(choices=("", "git", "svn", "insights", "archive")),
            "scm_url": LONG,
            "scm_branch": Field(longest=256),
            "scm_refspec": LONG,
            "scm_clean": YES_OR_NO,
            "scm_track_submodules": YES_OR_NO,
            "scm_delete_on_update": YES_OR_NO,
            "scm_update_on_launch": YES_OR_NO,
            "scm_update_cache_timeout": NATURAL,
            "allow_override": YES_OR_NO,
            "timeout": NUMBER,
            "credential": to("credentials"),
            "default_environment": to("execution_environments"),
            "signature_validation_credential": to("credentials"),
        },
        lists=TOLD,
        read_only={"status": "never updated", "scm_revision": "", "custom_virtualenv": None},
    ),
    "inventories": Resource(
        "inventory",
        "InventorySerializer, Inventory",
        {
            **NAME,
            "organization": to("organizations", required=True),
            "kind": Field(choices=("", "smart", "constructed")),
            "host_filter": Field(default=None),
            "variables": Field("text"),
            "prevent_instance_group_fallback": YES_OR_NO,
        },
    ),
    "inventory_sources": Resource(
        "inventory_source",
        "InventorySourceSerializer, InventorySourceOptionsSerializer, InventorySource",
        {
            **NAME,
            "inventory": to("inventories", required=True, fixed=True),
            "source": Field(required=True, choices=("file", "scm", "ec2", "gce", "azure_rm", "vmware", "controller")),
            "source_path": LONG,
            "source_vars": Field("text"),
            "source_project": to("projects"),
            "scm_branch": Field(),
            "credential": to("credentials"),
            "enabled_var": Field(),
            "enabled_value": Field(),
            "host_filter": Field(),
            "overwrite": YES_OR_NO,
            "overwrite_vars": YES_OR_NO,
            "timeout": NUMBER,
            "verbosity": Field("int", 1, choices=(0, 1, 2)),
            "limit": Field(),
            "execution_environment": to("execution_environments"),
            "update_on_launch": YES_OR_NO,
            "update_cache_timeout": NATURAL,
        },
        unique=("name", "inventory"),
        lists=TOLD,
        read_only={"status": "never updated", "custom_virtualenv": None},
    ),
    "job_templates": Resource(
        "job_template",
        "JobTemplateSerializer, JobTemplateMixin, JobOptionsSerializer, JobTemplate",
        {
            **NAME,
            "job_type": Field(default="run", choices=("run", "check")),
            "inventory": to("inventories"),
            "project": to("projects", required=True),
            "playbook": Field(required=True, longest=1024),
            "execution_environment": to("execution_environments"),
            "scm_branch": Field(),
            "forks": NATURAL,
            "limit": Field(),
            "verbosity": Field("int", 0, choices=(0, 1, 2, 3, 4, 5)),
            "extra_vars": Field("text"),
            "job_tags": Field(),
            "force_handlers": YES_OR_NO,
            "skip_tags": LONG,
            "start_at_task": LONG,
            "timeout": NUMBER,
            "use_fact_cache": YES_OR_NO,
            "host_config_key": Field(),
            **{f"ask_{what}_on_launch": YES_OR_NO for what in ASKED},
            "survey_enabled": YES_OR_NO,
            "become_enabled": YES_OR_NO,
            "diff_mode": YES_OR_NO,
            "allow_simultaneous": YES_OR_NO,
            "job_slice_count": Field("int", 1, least=0),
            "webhook_service": Field(choices=("", "github", "gitlab", "bitbucket_dc")),
            "prevent_instance_group_fallback": YES_OR_NO,
        },
        lists={**TOLD, "credentials": "credentials"},
        # AWX takes it from the project.
        read_only={"organization": None, "status": "never updated", "custom_virtualenv": None},
    ),
    "workflow_job_templates": Resource(
        "workflow_job_template",
        "WorkflowJobTemplateSerializer, WorkflowJobTemplate",
        {
            **NAME,
            **ORGANIZATION,
            "extra_vars": Field("text"),
            "survey_enabled": YES_OR_NO,
            "allow_simultaneous": YES_OR_NO,
            "inventory": to("inventories"),
            **{name: Field(default=None) for name in ("limit", "scm_branch", "job_tags", "skip_tags")},
            **{f"ask_{what}_on_launch": YES_OR_NO for what in ("variables", "inventory", "scm_branch", "limit")},
            **{f"ask_{what}_on_launch": YES_OR_NO for what in ("labels", "tags", "skip_tags")},
            "webhook_service": Field(choices=("", "github", "gitlab", "bitbucket_dc")),
        },
        lists={**TOLD, "notification_templates_approvals": "notification_templates"},
        read_only={"status": "never updated"},
    ),
    "workflow_job_template_nodes": Resource(
        "workflow_job_template_node",
        "WorkflowJobTemplateNodeSerializer, LaunchConfigurationBaseSerializer, WorkflowJobTemplateNode",
        {
            "identifier": Field(required=True, longest=512),
            "workflow_job_template": to("workflow_job_templates", required=True, fixed=True),
            "unified_job_template": to("unified_job_templates"),
            "all_parents_must_converge": YES_OR_NO,
            "extra_data": Field("dict", {}),
            "inventory": to("inventories"),
            "execution_environment": to("execution_environments"),
            **{name: Field(default=None) for name in ("scm_branch", "job_type", "job_tags", "skip_tags", "limit")},
            "diff_mode": Field("bool", None),
            **{name: Field("int", None) for name in ("verbosity", "forks", "job_slice_count", "timeout")},
        },
        unique=("identifier", "workflow_job_template"),
        lists={f"{when}_nodes": "workflow_job_template_nodes" for when in ("success", "failure", "always")},
    ),
    "workflow_approval_templates": Resource(
        "workflow_approval_template",
        "WorkflowApprovalTemplateSerializer, WorkflowApprovalTemplate",
        {**NAME, "timeout": NUMBER},
        unique=("id",),
        read_only={"status": "never updated", "execution_environment": None},
    ),
    "schedules": Resource(
        "schedule",
        "ScheduleSerializer, SchedulePreviewSerializer, LaunchConfigurationBaseSerializer, Schedule",
        {
            **NAME,
            "unified_job_template": to("unified_job_templates", required=True),
            "rrule": Field(required=True),
            "enabled": Field("bool", True),
            "extra_data": Field("dict", {}),
            "inventory": to("inventories"),
            "execution_environment": to("execution_environments"),
            **{name: Field(default=None) for name in ("scm_branch", "job_type", "job_tags", "skip_tags", "limit")},
            "diff_mode": Field("bool", None),
            **{name: Field("int", None) for name in ("verbosity", "forks", "job_slice_count", "timeout")},
        },
        unique=("name", "unified_job_template"),
        read_only=dict.fromkeys(("dtstart", "dtend", "next_run", "timezone", "until")),
    ),
}

# What a job, an update or an approval can be made from: awx/main/models/unified_jobs.py. Their numbers are common.
UNIFIED = ("projects", "inventory_sources", "job_templates", "workflow_job_templates", "workflow_approval_templates")
