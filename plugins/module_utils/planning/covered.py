# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody is doing by hand already, or has declined to do: it is not planned again."""

from __future__ import annotations

import typing as t

from ..model import Because, Change, ChangeKind

_COMPANIONS = (ChangeKind.END_SESSIONS, ChangeKind.TRANSFER)
_CUTS = (ChangeKind.SUSPEND, ChangeKind.DELETE)


def without_covered(changes: t.Iterable[Change], covered: t.Callable[[Change], bool]) -> list[Change]:
    """Return the changes of one account that are still to be planned when others are ``covered`` by tasks.

    - What is given to an account that somebody has yet to make waits for the account.
    - Ending sessions and handing over go with cutting off: they are not repeated while that is in somebody's hands.
    - Nothing is deleted while handing over is in somebody's hands.
    """
    changes = list(changes)
    taken = [change for change in changes if covered(change)]
    if not taken:
        return changes
    kinds = {change.kind for change in taken}
    left = [change for change in changes if change not in taken]
    if ChangeKind.CREATE in kinds:
        left = [change for change in left if change.account]
    if ChangeKind.TRANSFER in kinds:
        left = [change for change in left if change.kind is not ChangeKind.DELETE]
    if not kinds.isdisjoint(_CUTS) and not any(change.kind in _CUTS for change in left):
        left = [change for change in left if change.kind not in _COMPANIONS]
    return left


def covers(item: Change, change: Change) -> bool:
    """Return whether ``item`` of a task is about the same thing as ``change`` of the same person and app.

    An item that was written before the account was there covers what is to be done on the account. A name or address to
    be brought up to date is another thing when it is to become another one.
    """
    if item.kind is not change.kind or item.entitlement != change.entitlement:
        return False
    if item.account not in ("", change.account):
        return False
    return item.kind is not ChangeKind.UPDATE or _becomes(item) == _becomes(change)


def _becomes(change: Change) -> dict[str, str]:
    return {name: new for name, (_old, new) in change.details.items()}


def same_reasons(one: t.Iterable[Because], other: t.Iterable[Because]) -> bool:
    """Return whether two changes are due for the same reasons, whatever version of the policy spoke."""
    return {(reason.kind, reason.id) for reason in one} == {(reason.kind, reason.id) for reason in other}
