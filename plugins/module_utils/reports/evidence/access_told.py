# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts and grants, as the ledger's events tell of them: what there was, from when to when."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ...model import Event

GrantKey = tuple[str, str, str, str]


@dataclasses.dataclass(slots=True)
class GrantTold:
    """One entitlement that somebody had, from ``since`` to ``until`` (None: to this day).

    ``because`` are its reasons as the events have them; ``recorded`` and ``ended`` are the numbers of the events.
    """

    person: str
    app: str
    account: str
    entitlement: str
    because: t.Sequence[t.Mapping[str, str]]
    since: dt.datetime
    source: str
    recorded: int
    until: dt.datetime | None = None
    ended_because: t.Mapping[str, str] | None = None
    ended: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Ending:
    """An account that could be used and then could not: when, by which event, and whether it was gone altogether."""

    at: dt.datetime
    seq: int
    run: str
    gone: bool


@dataclasses.dataclass(slots=True)
class AccountTold:
    """One account. ``source`` is read (the app showed it) or attested (an owner said so).

    ``endings`` are the times at which it could no longer be used; after the last one it may be usable again
    (``usable``). ``persons`` says whose it was from when on, empty for nobody's.
    """

    app: str
    id: str
    values: dict[str, t.Any]
    first_seen: dt.datetime
    recorded: int
    persons: list[tuple[dt.datetime, str]]
    usable: bool
    usable_since: list[dt.datetime] = dataclasses.field(default_factory=list)
    endings: list[Ending] = dataclasses.field(default_factory=list)
    gone_at: dt.datetime | None = None

    @property
    def person(self) -> str:
        return self.persons[-1][1]

    @property
    def recorded_at(self) -> dt.datetime:
        return self.persons[0][0]

    def person_at(self, moment: dt.datetime) -> str:
        """Return whose it was just before ``moment``; empty for nobody's."""
        return next((person for at, person in reversed(self.persons) if at < moment), self.persons[0][1])

    def state_at(self, moment: dt.datetime) -> str:
        """Return active, suspended or gone, as it was just before ``moment``."""
        if self.gone_at is not None and self.gone_at < moment:
            return "gone"
        began = sum(1 for at in self.usable_since if at < moment)
        ended = sum(1 for ending in self.endings if ending.at < moment)
        return "active" if began > ended else "suspended"

    def text(self, name: str) -> str:
        return str(self.values.get(name) or "")


class AccessTold:
    """Every account and every grant that there ever was."""

    def __init__(self) -> None:
        self.grants: list[GrantTold] = []
        self.accounts: list[AccountTold] = []
        self._in_force: dict[GrantKey, GrantTold] = {}
        self._there: dict[tuple[str, str], AccountTold] = {}
        #: reasons repeat for thousands of grants: each is kept once
        self._reasons: dict[str, t.Sequence[t.Mapping[str, str]]] = {}
        #: cover by its id: whatever it ever gave, with the reason in the words of then
        self.covered: dict[str, dict[GrantKey, str]] = {}
        #: how many accounts there are of each app at this point of the events
        self.count: dict[str, int] = {}

    def take_grant(self, event: Event) -> None:
        """Add what a grant.recorded, grant.changed or grant.ended tells."""
        data = event.data
        key = (event.person, event.app, data["account"], data["entitlement"])
        if event.kind == "grant.ended":
            ending = self._in_force.pop(key, None)
            if ending is not None:
                ending.until, ending.ended, ending.ended_because = event.at, event.seq, data["because"]
            return
        since = dt.datetime.fromisoformat(data["since"])
        because = self._reasons.setdefault(str(data["because"]), data["because"])
        for reason in because:
            if reason.get("kind") == "cover":
                self.covered.setdefault(reason.get("id", ""), {})[key] = reason.get("text", "")
        grant = self._in_force.get(key)
        if grant is None:
            grant = GrantTold(*key, because, since, data["source"], event.seq)
            self._in_force[key] = grant
            self.grants.append(grant)
        else:
            grant.because, grant.since, grant.source = because, since, data["source"]

    def take_account(self, event: Event) -> None:
        """Add what an account.recorded, account.changed or account.gone tells."""
        key = (event.app, event.data["account"])
        account = self._there.get(key)
        if event.kind == "account.recorded":
            values = event.data["new"]
            usable = values.get("state", "active") != "suspended"
            first = values.get("first_seen")
            account = AccountTold(
                *key,
                dict(values),
                dt.datetime.fromisoformat(first) if first else event.at,
                event.seq,
                [(event.at, event.person)],
                usable,
                [event.at] if usable else [],
            )
            self._there[key] = account
            self.accounts.append(account)
            self.count[event.app] = self.count.get(event.app, 0) + 1
        elif account is None:
            return
        elif event.kind == "account.gone":
            del self._there[key]
            self.count[event.app] -= 1
            account.gone_at = event.at
            self._turn(account, False, event, gone=True)
        else:
            changed = event.data["changed"]
            account.values.update({name: new for name, (_old, new) in changed.items()})
            if event.person != account.person:
                account.persons.append((event.at, event.person))
            if "state" in changed:
                self._turn(account, changed["state"][1] != "suspended", event, gone=False)

    @staticmethod
    def _turn(account: AccountTold, usable: bool, event: Event, *, gone: bool) -> None:
        if account.usable and not usable:
            account.endings.append(Ending(event.at, event.seq, event.run, gone))
        elif usable and not account.usable:
            account.usable_since.append(event.at)
        account.usable = usable
