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
from .reading_apps import connectors_of, tell_progress, without_doubts

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
    with futures.ThreadPoolExecutor(max_workers=min(workers, len(apps))) as pool:
        reading = {
            pool.submit(read_app, company, app, connectors[app.key], expectation, budget): app.key for app in apps
        }
        tell_progress(company, reading)
        return {key: future.result() for future, key in reading.items()}


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
