# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A request for access, as plain values."""

from __future__ import annotations

import typing as t

from ..model import AccessRequest, Person


def request_data(request: AccessRequest, people: t.Mapping[str, Person]) -> dict[str, t.Any]:
    """Return a request for a task's result."""
    person = people.get(request.person)
    return {
        "id": request.id,
        "person": person.username if person else request.person,
        "grants": [{"app": app, "entitlement": entitlement} for app, entitlement in request.grants],
        "reason": request.reason,
        "requested_by": request.requested_by,
        "requested_at": request.requested_at.isoformat(),
        "from": request.start.isoformat(),
        "until": request.until.isoformat(),
        "state": request.state,
        "note": request.note,
        "via": request.via,
        "approvers": [
            {
                "role": one.role,
                "address": one.address,
                "decision": one.decision,
                "by": one.by,
                "at": one.at.isoformat() if one.at else None,
                "note": one.note,
                "task": one.task,
            }
            for one in request.approvers
        ],
    }
