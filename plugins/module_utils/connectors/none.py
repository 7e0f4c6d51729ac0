# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An app without any interface: a person does everything, and what is known is what they said."""

from __future__ import annotations

import typing as t

from ..errors import Unsupported
from .contract import Account, AccountKey, Connector


class NoneConnector(Connector):
    """No interface: every change is a task, and who has what comes from the ledger."""

    name = "none"
    reads = False

    def accounts(self) -> t.Iterator[Account]:
        raise self._nothing("accounts")

    def find(self, key: AccountKey) -> Account | None:
        raise self._nothing("find", key)

    def _nothing(self, operation: str, key: AccountKey | None = None) -> Unsupported:
        return Unsupported(
            "the app has no interface that could be read; what is known of it comes from the ledger",
            where=self.where(operation, key),
            todo="Where the app can export its user list, use connector: file",
        )
