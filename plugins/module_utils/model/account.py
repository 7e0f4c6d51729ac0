# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime as dt


@dataclasses.dataclass(frozen=True, slots=True)
class AccountKey:
    """How an account is looked up: whatever is known of it, best first. Empty fields are not looked up."""

    id: str = ""
    external_id: str = ""
    email: str = ""
    username: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """One account as an app shows it.

    ``entitlements`` are the catalog's keys; ``unknown`` are what it also has and the catalog does not name, as
    "kind:value". ``state`` is active, suspended or invited.
    """

    app: str
    id: str
    username: str = ""
    email: str = ""
    external_id: str = ""
    given_name: str = ""
    family_name: str = ""
    name: str = ""
    state: str = "active"
    entitlements: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    created: dt.datetime | None = None
    last_used: dt.datetime | None = None

    @property
    def active(self) -> bool:
        return self.state != "suspended"


@dataclasses.dataclass(frozen=True, slots=True)
class NewAccount:
    """What an account to be made shall look like."""

    username: str
    email: str
    external_id: str = ""
    given_name: str = ""
    family_name: str = ""
    name: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class AccountRecord:
    """What the ledger remembers of an account: whose it is, how that is known and whether it was read or attested.

    ``person`` is empty for an orphan. ``matched_by`` is created, external_id, email, earlier_email, username, link or
    attested. ``source`` is read (the app showed it) or attested (an owner said so).
    """

    account: Account
    person: str = ""
    matched_by: str = ""
    source: str = "read"
    first_seen: dt.datetime | None = None
    last_seen: dt.datetime | None = None
    suspended_at: dt.datetime | None = None
