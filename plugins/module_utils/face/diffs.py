# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``--diff`` shows: one before and after per account."""

from __future__ import annotations

import typing as t

from ..model import Change, ChangeKind, Person
from ..model.plain_line import on_one_line


def diffs_of(changes: t.Iterable[Change], people: t.Mapping[str, Person]) -> list[dict[str, str]]:
    """Return one diff per person and app, in the form that Ansible prints."""
    grouped: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        grouped.setdefault((change.person, change.app), []).append(change)
    result = []
    for (id, app), rows in grouped.items():
        name = people[id].username if id in people else id
        before: list[str] = []
        after: list[str] = []
        for change in rows:
            _lines(change, before, after)
        header = f"{name} in {app}"
        result.append(
            {
                "before_header": header,
                "after_header": header,
                "before": "".join(f"{on_one_line(line)}\n" for line in before),
                "after": "".join(f"{on_one_line(line)}\n" for line in after),
            }
        )
    return result


def _lines(change: Change, before: list[str], after: list[str]) -> None:
    kind = change.kind
    if kind is ChangeKind.CREATE:
        after.append(f"account: {change.details.get('username', '')}")
    elif kind is ChangeKind.DELETE:
        before.append(f"account: {change.account}")
    elif kind is ChangeKind.GRANT:
        after.append(f"entitlement: {change.entitlement}")
    elif kind is ChangeKind.REVOKE:
        before.append(f"entitlement: {change.entitlement}")
    elif kind is ChangeKind.SUSPEND:
        before.append("state: active")
        after.append("state: suspended")
    elif kind is ChangeKind.REACTIVATE:
        before.append("state: suspended")
        after.append("state: active")
    elif kind is ChangeKind.UPDATE:
        for name, (old, new) in sorted(change.details.items()):
            before.append(f"{name}: {old}")
            after.append(f"{name}: {new}")
    elif kind is ChangeKind.END_SESSIONS:
        before.append("sessions: open")
        after.append("sessions: ended")
    else:
        after.append(f"{kind.value}: {change.details.get('to', '')}")
