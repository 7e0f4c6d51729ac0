# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts as they were read a moment ago: where every second counts, they are not read once more to be cut off."""

from __future__ import annotations

import time
import types
import typing as t

from ..model import Account, ChangeKind

#: So long (s) after it was read, what an app said stands for what it says now.
A_MOMENT = 10.0

#: What may be done with an account as it was seen: once more does no harm, and if it has gone, the app says so.
MAY_BE_REPEATED = frozenset({ChangeKind.SUSPEND, ChangeKind.END_SESSIONS})

_NOTHING: t.Mapping[tuple[str, str], Account] = types.MappingProxyType({})


class Seen:
    """Accounts by app and id, as they were read at ``at`` (of ``clock``, s) or later."""

    def __init__(
        self,
        accounts: t.Mapping[tuple[str, str], Account] = _NOTHING,
        at: float = 0.0,
        clock: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self._accounts = accounts
        self._at = at
        self._clock = clock

    def lately(self, app: str, id: str) -> Account | None:
        """Return the account if it was seen a moment ago."""
        account = self._accounts.get((app, id))
        return account if account is not None and self._clock() - self._at <= A_MOMENT else None


NOTHING_SEEN = Seen()
