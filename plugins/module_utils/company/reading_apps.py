# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading apps: whole, or only what concerns a few people; all apps at once."""

from __future__ import annotations

import dataclasses
import time
import typing as t
from concurrent import futures

from ..connectors.contract import Connector
from ..errors import AppError, Conflict
from ..fulfilment.looking_up import look_up
from ..fulfilment.retrying import USUAL, Budget, with_retries
from ..model import Account, AccountRecord, App
from ..planning.guard import check_reading
from ..planning.reading import Reading
from ..progress import Progress
from .company import Company
from .doubting_lists import is_fresh, settle_doubts

#: Looking people up one by one pays while they are this few; beyond, the whole list is cheaper.
FEW = 10
#: So often (s) somebody who waits for apps sees whether a line is due.
LOOK = 1.0
#: So many of the apps that are waited for are named.
_NAMED = 5


def read_apps(
    company: Company,
    apps: t.Sequence[App],
    people: t.Collection[str] | None = None,
    *,
    few: int = FEW,
    workers: int = 64,
    budget: Budget = USUAL,
) -> dict[str, Reading]:
    """Read apps side by side; ``people`` narrows it to what these have (None: everything), where they are ``few``.

    An app that cannot be read gives a Reading with its error: it never looks empty.
    """
    if not apps:
        return {}
    connectors = connectors_of(company, apps)
    with futures.ThreadPoolExecutor(max_workers=min(workers, len(apps))) as pool:
        reading = {pool.submit(_read, company, app, connectors[app.key], people, few, budget): app.key for app in apps}
        told, waiting = Told(company, connectors), set(reading)
        while waiting:
            _done, waiting = futures.wait(waiting, timeout=LOOK, return_when=futures.FIRST_COMPLETED)
            told.done({key for future, key in reading.items() if future not in waiting})
        told.end()
        return {key: future.result() for future, key in reading.items()}


def connectors_of(company: Company, apps: t.Iterable[App]) -> dict[str, Connector | AppError]:
    """Return each app's connector, or why there is none. Templates are filled in here, before there are threads."""
    connectors: dict[str, Connector | AppError] = {}
    for app in apps:
        try:
            connectors[app.key] = company.connect(app)
        except AppError as error:
            connectors[app.key] = error
    return connectors


class Told:
    """Says from time to time how many of these apps have been read and which have not."""

    def __init__(self, company: Company, keys: t.Collection[str]) -> None:
        self._say = company.say
        self._keys = keys
        self._progress = Progress("apps read", len(keys), time.monotonic)

    def done(self, keys: t.Collection[str]) -> None:
        """Take note of all that have been read by now."""
        progress = self._progress
        progress.advance(len(keys) - progress.done)
        names = sorted(key for key in self._keys if key not in keys)
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        if line := progress.line(f"still reading {', '.join(names[:_NAMED])}{more}" if names else ""):
            self._say(line)

    def end(self) -> None:
        if line := self._progress.end():
            self._say(line)


def _read(
    company: Company,
    app: App,
    connector: Connector | AppError,
    people: t.Collection[str] | None,
    few: int,
    budget: Budget,
) -> Reading:
    if isinstance(connector, AppError):
        return Reading(app.key, (), complete=False, error=str(connector))
    looked_up = people if people is not None and len(people) <= few else None
    if not connector.reads and not (connector.finds and looked_up is not None):
        attested = tuple(r.account for r in company.ledger.accounts(app=app.key))
        return Reading(app.key, attested, complete=True, attested=True)
    try:
        if looked_up is not None:
            try:
                found = _look_up(company, app, connector, looked_up, budget)
                return Reading(app.key, found, complete=False, people_read=frozenset(looked_up))
            except Conflict:
                if not connector.reads:
                    raise
                # one key names several accounts: the whole list shows which, and the planner holds them back
                pass
        accounts, _tries = with_retries(lambda: tuple(connector.accounts()), budget)
        reading = Reading(app.key, accounts, complete=True)
        if not connector.asks_by_id or company.ledger.is_in_step(app.key, accounts):
            return reading
        return without_doubts(company, reading, company.ledger.accounts(app=app.key), connector, budget)
    except AppError as error:
        return Reading(app.key, (), complete=False, error=str(error))


def without_doubts(
    company: Company, reading: Reading, records: t.Sequence[AccountRecord], connector: Connector, budget: Budget
) -> Reading:
    """Return a whole list with what the app says when it is asked for those by their ids of whom it says something new.

    ``records`` are what the ledger knows of the app's accounts. Raises AppError.
    """
    if check_reading(reading, [record.account for record in records], company.settings.limits):
        return reading  # half a list is for the guard
    accounts, corrected = settle_doubts(connector, reading.accounts, records, budget, company.clock.now())
    return dataclasses.replace(reading, accounts=accounts, corrected=corrected) if corrected else reading


def _look_up(
    company: Company, app: App, connector: Connector, people: t.Collection[str], budget: Budget
) -> tuple[Account, ...]:
    found: dict[str, Account] = {}
    known: dict[str, list[str]] = {}
    fresh: set[str] = set()
    now = company.clock.now()
    for id in people:
        for record in company.ledger.accounts(app=app.key, person=id):
            known.setdefault(id, []).append(record.account.id)
            if is_fresh(record, now):
                fresh.add(record.account.id)
    for id in people:
        person = company.people[id]
        accounts = look_up(connector, person, app, known.get(id, ()), fresh=fresh, budget=budget)
        found.update((account.id, account) for account in accounts)
    return tuple(found.values())
