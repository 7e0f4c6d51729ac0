# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Giving a new account of an identity provider what it is to have.

Somebody without an account there cannot begin at all, so one licence without a seat, or one list that only a person can
change, must not keep the account from being made.
"""

from __future__ import annotations

import contextlib
import typing as t

from ..errors import Refused, Unsupported
from .contract import Account, AccountKey, Entitlement
from .rest import RestConnector


def given(connector: RestConnector, account: Account, entitlements: t.Collection[Entitlement]) -> Account:
    """Give an account what it is to have, and return it as it is then.

    What is refused, the account has not: whoever asked sees that, asks for it by itself, and is told why.
    """
    missing = [one for one in entitlements if one.key not in account.entitlements]
    for entitlement in missing:
        with contextlib.suppress(Refused, Unsupported):
            connector.grant(account, entitlement)
    return (connector.find(AccountKey(id=account.id)) or account) if missing else account


def check_there(connector: RestConnector, entitlements: t.Iterable[Entitlement], where: str) -> None:
    """Raises NotFound, before anything is made, for what the app does not have: that is a mistake in the catalog."""
    for entitlement in entitlements:
        connector.directory.id_of(entitlement, where)
