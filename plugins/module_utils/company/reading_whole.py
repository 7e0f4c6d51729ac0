# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading whole apps for everybody: what is in step is held against the ledger and left aside at once.

What is left of an app is what something may have to be done about, and that is little on most days, however many
accounts there are.
"""

from __future__ import annotations

import dataclasses
import typing as t
from concurrent import futures

from ..connectors.contract import Connector
from ..errors import AppError
from ..fulfilment.retrying import Budget, with_retries
from ..model import AccountRecord, App, Want
from ..planning.correlation import Directory
from ..planning.reading import Reading
from ..planning.settled import expected, split
from .company import Company
from .processes import Processes, Send, shared_out, usable_processors
from .reading_apps import LOOK, Told, connectors_of, without_doubts

#: From so many known accounts on, apps are read in several processes,
MANY_ACCOUNTS = 2_000
#: at most so many,
MOST_PROCESSES = 4
#: each of which has about so many accounts in hand at a time,
MOST_AT_A_TIME = 10_000
#: and reads so many apps side by side however many accounts they have.
LEAST_SIDE_BY_SIDE = 2

Links = t.Mapping[tuple[str, str], str]


@dataclasses.dataclass(frozen=True)
class Read:
    """What one app showed, and what the ledger knew of it before, without what is settled."""

    reading: Reading
    records: t.Sequence[AccountRecord] = ()


@dataclasses.dataclass(frozen=True)
class Expectation:
    """What all apps are held against; the same for each of them."""

    should: t.Mapping[str, t.Mapping[str, frozenset[str]]]
    directory: Directory
    links: Links


def read_whole(
    company: Company,
    apps: t.Sequence[App],
    wants: t.Mapping[tuple[str, str], Want],
    links: Links,
    budget: Budget,
    *,
    workers: int = 64,
) -> dict[str, Read]:
    """Read all of these apps, side by side. One that cannot be read gives a Reading with its error.

    ``wants`` are those of everybody.
    """
    if not apps:
        return {}
    expectation = _expectation(company, apps, wants, links)
    connectors = connectors_of(company, apps)
    known = company.ledger.account_counts()
    elsewhere = _elsewhere(connectors, known)

    def read(key: str) -> Read:
        return read_app(company, company.apps[key], connectors[key], expectation, budget)

    def read_there(part: t.Sequence[str], send: Send) -> None:
        # so many side by side that what they show is not too much at a time
        with futures.ThreadPoolExecutor(max_workers=_side_by_side([known.get(key, 0) for key in part])) as pool:
            reading = {pool.submit(read, key): key for key in part}
            while reading:
                done, _waiting = futures.wait(reading, return_when=futures.FIRST_COMPLETED)
                for future in done:
                    # dropped as soon as it is sent
                    send(reading.pop(future), future.result())

    here = [app.key for app in apps if app.key not in elsewhere]
    with (
        Processes(shared_out(elsewhere, min(usable_processors(), MOST_PROCESSES)), read_there) as processes,
        futures.ThreadPoolExecutor(max_workers=min(workers, len(here)) or 1) as pool,
    ):
        reading = {pool.submit(read, key): key for key in here}
        told = Told(company, [app.key for app in apps])
        while processes.working:
            processes.wait(LOOK)
            told.done({*processes.results, *(key for future, key in reading.items() if future.done())})
        waiting = set(reading)
        while waiting:
            _done, waiting = futures.wait(waiting, timeout=LOOK, return_when=futures.FIRST_COMPLETED)
            told.done({*processes.results, *processes.lost, *(reading[future] for future in reading if future.done())})
        told.end()
        found = {**processes.results, **{key: future.result() for future, key in reading.items()}}
    for key, why in processes.lost.items():
        error = f"app {key}, accounts: {why}, so it was not read. Run again; where memory is short, that may be why"
        found[key] = Read(Reading(key, (), complete=False, error=error))
    return {app.key: found[app.key] for app in apps}


def _elsewhere(connectors: t.Mapping[str, Connector | AppError], known: t.Mapping[str, int]) -> dict[str, int]:
    """Return which apps are read in processes of their own, and how many accounts of them are known.

    Only where there is much to read: beginning them takes longer than reading a few thousand accounts.
    """
    able = {
        key: known.get(key, 0)
        for key, connector in connectors.items()
        if not isinstance(connector, AppError) and connector.forks and connector.reads
    }
    worth_it = len(able) > 1 and sum(able.values()) >= MANY_ACCOUNTS and usable_processors() > 1
    return able if worth_it else {}


def _side_by_side(weights: t.Sequence[int]) -> int:
    """Return how many apps may be read at the same time, the largest first."""
    total, count = 0, 0
    for weight in sorted(weights, reverse=True):
        total += weight
        if count >= LEAST_SIDE_BY_SIDE and total > MOST_AT_A_TIME:
            break
        count += 1
    return max(count, 1)


def _expectation(
    company: Company, apps: t.Sequence[App], wants: t.Mapping[tuple[str, str], Want], links: Links
) -> Expectation:
    # where the policy has not got round to, nothing is in step or out of it; and what a run was interrupted at is to
    # be looked at
    governed = {app.key: app for app in apps if app.key not in company.ungoverned}
    interrupted = {(row.change.person, row.change.app) for row in company.ledger.unsettled()}
    should = expected(wants, company.population.statuses, governed, interrupted)
    return Expectation(should, Directory(company.people), links)


def read_app(
    company: Company, app: App, connector: Connector | AppError, expectation: Expectation, budget: Budget
) -> Read:
    """Read one app, and leave aside what is settled."""
    if isinstance(connector, AppError):
        return Read(Reading(app.key, (), complete=False, error=str(connector)))
    # before the app: what another run makes from here on must not look as if it had gone
    known = company.ledger.known_accounts(app.key)
    if not connector.reads:
        records = known.records()
        attested = tuple(record.account for record in records)
        return Read(Reading(app.key, attested, complete=True, attested=True), records)
    try:
        accounts, _tries = with_retries(lambda: tuple(connector.accounts()), budget)
        reading = Reading(app.key, accounts, complete=True)
        if connector.asks_by_id and not known.is_in_step(accounts):
            reading = without_doubts(company, reading, known.records(), connector, budget)
    except AppError as error:
        return Read(Reading(app.key, (), complete=False, error=str(error)))
    should = expectation.should.get(app.key)
    if not should:
        return Read(reading, known.records())
    found = split(app, reading.accounts, known, should, expectation.directory, expectation.links)
    reading = dataclasses.replace(reading, accounts=found.rest, settled=found.settled, settled_unknown=found.unknown)
    return Read(reading, known.records(without=found.settled))
