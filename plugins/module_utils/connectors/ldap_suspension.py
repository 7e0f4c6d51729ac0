# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a directory says that an account is suspended: there is no common way, so the catalog names one.

Sources: https://www.openldap.org/software/man.cgi?query=slapo-ppolicy (pwdAccountLockedTime),
shadow(5) (shadowExpire),
https://docs.redhat.com/en/documentation/red_hat_directory_server/11/html/administration_guide/user_account_management-inactivating_users_and_roles
(nsAccountLock)
"""

from __future__ import annotations

import typing as t

from ..clock import Clock
from ..protocols.directory import Modification
from ..protocols.directory_entry import Entry

_LOCKED_FOR_GOOD = "000001010000Z"
_DAY = 86400


class Suspension(t.NamedTuple):
    """One way: the attribute, what it is set to, and whether an entry shows it."""

    attribute: str
    value: str
    shown_by: t.Callable[[Entry], bool]

    def changes(self, entry: Entry, *, suspended: bool) -> list[Modification]:
        """Return what to change so that the account is suspended, or is not; nothing where it is so already."""
        if self.shown_by(entry) == suspended:
            return []
        return [("replace", self.attribute, [self.value] if suspended else [])]


def _expired(entry: Entry) -> bool:
    day = entry.number("shadowExpire")
    return day is not None and 0 <= day <= int(Clock().now().timestamp()) // _DAY


#: What ``suspend_by`` may be, besides ``move``. A lock that ends by itself (too many wrong passwords) is none.
WAYS: t.Mapping[str, Suspension] = {
    "password_policy": Suspension(
        "pwdAccountLockedTime", _LOCKED_FOR_GOOD, lambda entry: entry.text("pwdAccountLockedTime") == _LOCKED_FOR_GOOD
    ),
    "ns_account_lock": Suspension("nsAccountLock", "TRUE", lambda entry: entry.has("nsAccountLock", "TRUE")),
    "shadow_expire": Suspension("shadowExpire", "1", _expired),
}
