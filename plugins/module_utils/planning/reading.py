# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What reading one app gave."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Account


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """The accounts of one app, as read at one moment.

    ``complete``: these are all accounts there are; otherwise only those of ``people_read`` (ids of people) were looked
    up. ``attested``: nothing was read, the accounts are those that the ledger remembers. ``error`` says why the app
    could not be read; such a reading says nothing about the app, least of all that it is empty. ``corrected``: the ids
    of accounts that the app's list lacked, or showed otherwise than the app does when it is asked for them alone.

    ``settled``: whose accounts are that the app showed as well, and that are not among ``accounts`` since nothing is to
    be said of them: account id -> person id, see ``settled.py``. ``settled_unknown`` counts what these have and the
    catalog does not name.
    """

    app: str
    accounts: tuple[Account, ...] = ()
    complete: bool = True
    people_read: frozenset[str] | None = None
    error: str = ""
    attested: bool = False
    corrected: tuple[str, ...] = ()
    settled: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    settled_unknown: t.Mapping[str, int] = dataclasses.field(default_factory=dict)
