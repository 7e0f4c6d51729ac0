# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Job slices of AWX: a job of several that share a playbook's hosts, each with its part of the apps or people."""

from __future__ import annotations

import typing as t


def in_slice(variables: t.Mapping[str, t.Any]) -> bool:
    """Whether this job is one slice of several.

    AWX does not tell a job its slice. But it makes a workflow job of a sliced template, with the template's name, whose
    nodes are the slices; of a template in an ordinary workflow, the two names differ.
    Source: https://github.com/ansible/awx (JobTemplate.create_unified_job and UnifiedJob.awx_meta_vars).
    """
    for prefix in ("awx", "tower"):
        workflow = variables.get(f"{prefix}_workflow_job_name")
        if workflow and workflow == variables.get(f"{prefix}_job_template_name"):
            return True
    return False
