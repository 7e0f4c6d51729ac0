# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX 24 keeps of each object: fields, what they may hold, what they are when nobody says, and what hangs on them.

Source: awx/api/serializers.py and awx/main/models of https://github.com/ansible/awx (read, not copied). Only what the
collection awx.awx sends for ``awx_setup`` is here; whatever else is sent is refused, where AWX would pass over it.
"""

from __future__ import annotations

import typing as t

from .awx_kinds import Field, Kind, flag, named, number, text

NAME = text(required=True)
BASE = {"name": NAME, "description": text()}
IMAGE = named("execution_environments")
TOLD = {f"notification_templates_{event}": "notification_templates" for event in ("started", "success", "error")}
#: what a saved launch may carry, beside extra_data
LAUNCH = {
    "extra_data": Field("dict", default={}),
    "limit": Field("text"),
    "job_type": Field("text", choices=("run", "check")),
    "job_slice_count": Field("number"),
    "forks": Field("number"),
    "verbosity": Field("number", choices=(0, 1, 2, 3, 4, 5)),
    "timeout": Field("number"),
    "inventory": named("inventories"),
    "execution_environment": IMAGE,
}
ASKS = ("diff_mode", "variables", "limit", "tags", "skip_tags", "job_type", "verbosity", "inventory", "credential")

KINDS: t.Mapping[str, Kind] = {
    "organizations": Kind(
        "organization",
        {**BASE, "max_hosts": number(), "default_environment": IMAGE},
        relations={"galaxy_credentials": "credentials", "instance_groups": "instance_groups", **TOLD},
        roles=("admin_role", "execute_role", "member_role", "read_role", "approval_role"),
    ),
    "teams": Kind(
        "team", {**BASE, "organization": named("organizations", required=True)}, unique=("name", "organization")
    ),
    "instance_groups": Kind("instance_group", {"name": NAME}),
    "execution_environments": Kind(
        "execution_environment",
        {
            **BASE,
            "image": text(required=True),
            "organization": named("organizations"),
            "credential": named("credentials"),
            "pull": text(choices=("", "always", "missing", "never")),
        },
    ),
    "credential_types": Kind(
        "credential_type",
        {
            **BASE,
            "kind": text(required=True, choices=("cloud", "net")),
            "inputs": Field("dict", default={}),
            "injectors": Field("dict", default={}),
        },
        unique=("name", "kind"),
        passed_over=frozenset({"managed"}),
    ),
    "credentials": Kind(
        "credential",
        {
            **BASE,
            "organization": named("organizations"),
            "credential_type": named("credential_types", required=True),
            "inputs": Field("dict", default={}),
        },
        unique=("organization", "name", "credential_type"),
    ),
    "projects": Kind(
        "project",
        {
            **BASE,
            "organization": named("organizations"),
            "scm_type": text(choices=("", "git", "svn", "insights", "archive")),
            "scm_url": text(),
            "scm_branch": text(),
            "scm_clean": flag(),
            "scm_update_on_launch": flag(),
            "scm_update_cache_timeout": number(),
            "allow_override": flag(),
            "credential": named("credentials"),
            "default_environment": IMAGE,
            "timeout": number(),
        },
        unique=("name", "organization"),
        relations=TOLD,
    ),
    "inventories": Kind(
        "inventory",
        {
            **BASE,
            "organization": named("organizations", required=True),
            "kind": text(choices=("", "smart", "constructed")),
            "host_filter": Field("text"),
            "variables": Field("json", default=""),
        },
        unique=("name", "organization"),
        relations={"instance_groups": "instance_groups"},
    ),
    "inventory_sources": Kind(
        "inventory_source",
        {
            **BASE,
            "inventory": named("inventories", required=True),
            "source": text(choices=("scm", "ec2", "gce", "vmware", "constructed")),
            "source_path": text(),
            "source_vars": Field("json", default=""),
            "source_project": named("projects"),
            "scm_branch": text(),
            "credential": named("credentials"),
            "execution_environment": IMAGE,
            "overwrite": flag(),
            "overwrite_vars": flag(),
            "update_on_launch": flag(),
            "update_cache_timeout": number(),
            "timeout": number(),
            "verbosity": number(1, choices=(0, 1, 2)),
        },
        unique=("name", "inventory"),
        relations=TOLD,
    ),
    "notification_templates": Kind(
        "notification_template",
        {
            **BASE,
            "organization": named("organizations", required=True),
            "notification_type": text(required=True),
            "notification_configuration": Field("dict", default={}),
            "messages": Field("dict"),
        },
        unique=("organization", "name"),
    ),
    "job_templates": Kind(
        "job_template",
        {
            **BASE,
            "job_type": text(default="run", choices=("run", "check")),
            "inventory": named("inventories"),
            "project": named("projects"),
            "playbook": text(),
            "execution_environment": IMAGE,
            "forks": number(),
            "limit": text(),
            "verbosity": number(choices=(0, 1, 2, 3, 4, 5)),
            "extra_vars": Field("json", default=""),
            "timeout": number(),
            **{f"ask_{name}_on_launch": flag() for name in ASKS},
            "survey_enabled": flag(),
            "allow_simultaneous": flag(),
            "job_slice_count": number(1),
        },
        unique=("name", "organization"),
        relations={"credentials": "credentials", "instance_groups": "instance_groups", **TOLD},
        # the project's counts
        passed_over=frozenset({"organization"}),
        roles=("admin_role", "execute_role", "read_role"),
    ),
    "schedules": Kind(
        "schedule",
        {
            **BASE,
            **LAUNCH,
            "unified_job_template": named("unified_job_templates", required=True),
            "rrule": text(required=True),
            "enabled": flag(True),
        },
        unique=("unified_job_template", "name"),
        relations={"credentials": "credentials", "instance_groups": "instance_groups"},
    ),
    "workflow_job_templates": Kind(
        "workflow_job_template",
        {
            **BASE,
            "organization": named("organizations"),
            "inventory": named("inventories"),
            "limit": Field("text"),
            "extra_vars": Field("json", default=""),
            "survey_enabled": flag(),
            "allow_simultaneous": flag(),
            "ask_variables_on_launch": flag(),
        },
        unique=("name", "organization"),
        relations={**TOLD, "notification_templates_approvals": "notification_templates"},
        roles=("admin_role", "execute_role", "read_role", "approval_role"),
    ),
    "workflow_job_template_nodes": Kind(
        "workflow_job_template_node",
        {
            **LAUNCH,
            "workflow_job_template": named("workflow_job_templates", required=True),
            "unified_job_template": named("unified_job_templates"),
            "identifier": text(required=True),
            "all_parents_must_converge": flag(),
        },
        unique=("identifier", "workflow_job_template"),
        relations={
            **{f"{when}_nodes": "workflow_job_template_nodes" for when in ("success", "failure", "always")},
            "credentials": "credentials",
        },
        passed_over=frozenset({"type"}),
        name="identifier",
    ),
    "workflow_approval_templates": Kind(
        "workflow_approval_template",
        {**BASE, "timeout": number()},
        unique=(),
    ),
}

#: What can be launched, and so scheduled or put into a workflow.
LAUNCHED = (
    "job_templates",
    "workflow_job_templates",
    "projects",
    "inventory_sources",
    "workflow_approval_templates",
)
