# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does a reading show that a change has been made? The one place that says so, for read-backs and for tasks."""

from __future__ import annotations

from ..model import Account, Change, ChangeKind

# Nothing that can be read tells that a session has ended or that belongings were handed over: for these the app's own
# answer has to do.
UNREADABLE = frozenset({ChangeKind.END_SESSIONS, ChangeKind.TRANSFER})


def shows(change: Change, account: Account | None) -> bool:
    """Return whether ``account`` (None: it is not there) is as it should be after ``change``."""
    kind = change.kind
    if kind is ChangeKind.DELETE:
        return account is None
    if account is None:
        # an account that is gone has no entitlements and cannot be used
        return kind in (ChangeKind.REVOKE, ChangeKind.SUSPEND)
    if kind is ChangeKind.CREATE:
        return True
    if kind is ChangeKind.REACTIVATE:
        return account.active
    if kind is ChangeKind.SUSPEND:
        return not account.active
    if kind is ChangeKind.GRANT:
        return change.entitlement in account.entitlements
    if kind is ChangeKind.REVOKE:
        return change.entitlement not in account.entitlements
    if kind is ChangeKind.UPDATE:
        return all(_same(name, getattr(account, name), new) for name, (_old, new) in change.details.items())
    return False


def _same(name: str, found: str, wanted: str) -> bool:
    # the local part of an address may be case-sensitive on paper; no product treats it so
    return found.casefold() == wanted.casefold() if name == "email" else found == wanted
