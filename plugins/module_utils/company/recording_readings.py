# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing down what apps showed: their accounts, whose they are, what they give and why, and what is gone."""

from __future__ import annotations

import datetime as dt
import itertools
import types
import typing as t

from ..model import AccountRecord, Because, GrantRecord, Run, Want
from ..planning.correlation import Correlation
from ..planning.guard import check_reading
from ..planning.reading import Reading
from .company import Company
from .correlating import correlate_all
from .duties import record_uses
from .plans import Planned
from .recovering import settle_interrupted

#: No app takes longer to be read; what was seen to be there within this time may be newer than what was read.
_LATELY = dt.timedelta(hours=1)
#: Of so many accounts the grants are asked for by their ids.
_FEW_ACCOUNTS = 500


def record_readings(company: Company, planned: Planned, run: Run, *, approved: str = "") -> None:
    """Write down what the apps showed while a plan was made.

    A list from which too many accounts have vanished is believed once somebody has ``approved`` this very plan.
    """
    record_uses(company, run, itertools.chain.from_iterable(planned.clashes.values()))
    believed = bool(approved) and approved == planned.plan.hash
    correlations = planned.correlations or correlate_all(company, planned.readings)
    record_accounts(
        company, planned.readings, correlations, planned.wants, run, believed=believed, records=planned.records
    )


def record_accounts(
    company: Company,
    readings: t.Mapping[str, Reading],
    correlations: t.Mapping[str, Correlation],
    wants: t.Mapping[tuple[str, str], Want],
    run: Run,
    *,
    believed: bool = False,
    records: t.Mapping[str, t.Sequence[AccountRecord]] = types.MappingProxyType({}),
) -> None:
    """Write down the accounts that apps showed, whose they are, what they give and why, and which are gone.

    Only what differs from what the ledger knows is written. Of an app whose list has lost too much of what it had,
    nothing is, unless it is ``believed``. ``records`` are what the ledger knew of each app before it was read, where
    somebody has asked already.
    """
    interrupted = settle_interrupted(company, readings, correlations, run)
    now = company.clock.now()
    accounts: list[AccountRecord] = []
    found: list[GrantRecord] = []
    whole: dict[str, dict[str, t.Any]] = {}
    for key, reading in readings.items():
        if reading.error:
            company.ledger.record_reading(key, {"complete": False, "error": reading.error}, run, now)
        if reading.error or reading.attested:
            continue
        earlier = records.get(key)
        before_now = earlier or ()
        if earlier is None or interrupted or _differs(reading, correlations[key].matches, earlier):
            # before anything is written: what another run wrote down meanwhile is newer than what this one read
            before_now = company.ledger.accounts(app=key)
        vanished = check_reading(reading, [record.account for record in before_now], company.settings.limits)
        if vanished and not believed:
            # half a list must not make the ledger forget the other half; the guard says so
            continue
        # what is settled is on record, with what it gives
        known = {r.account.id: r for r in before_now if r.account.id not in reading.settled}
        newer = _newer(known, earlier) if earlier is not None else frozenset()
        matches = correlations[key].matches
        # of whom nothing was read, nothing is compared
        mine = {matches.get(account.id, ("", ""))[0] for account in reading.accounts}
        mine.update(known[account.id].person for account in reading.accounts if account.id in known)
        granted = _granted(company, reading, mine, known)
        ended: list[tuple[str, str, str, str]] = []
        seen: set[tuple[str, str, str, str]] = set()
        for account in reading.accounts:
            person, matched_by = matches.get(account.id, ("", ""))
            before = known.get(account.id)
            changed = before is None or before.account != account or before.person != person
            if changed and account.id not in newer:
                at = before.suspended_at if before else None
                at = (at or now) if not account.active else None
                accounts.append(
                    AccountRecord(account, person, matched_by, first_seen=now, last_seen=now, suspended_at=at)
                )
            if person and account.active:
                for entitlement in account.entitlements:
                    grant = (person, key, account.id, entitlement)
                    seen.add(grant)
                    if grant not in granted:
                        reasons = _reasons(wants.get((person, key)), entitlement)
                        found.append(GrantRecord(*grant, reasons, now, "found", now))
        shown = {account.id for account in reading.accounts}
        ended = [grant for grant in granted - seen if grant[2] in shown]
        if reading.complete:
            gone = known.keys() - shown - newer
            ended += [grant for grant in granted if grant[2] in gone]
            if gone:
                company.ledger.forget_accounts(key, sorted(gone), run, now)
            also, orphans = len(reading.settled), len(correlations[key].orphans)
            whole[key] = {"accounts": len(shown) + also, "matched": len(matches) + also, "orphans": orphans}
        ended = _without_newer(company, key, [grant for grant in ended if grant[2] not in newer], known, now)
        if ended:
            reason = Because("unexplained", text="no longer there when the app was read")
            company.ledger.end_grants(sorted(ended), reason, run, now)
    if accounts:
        company.ledger.record_accounts(accounts, run, now)
    if found:
        company.ledger.record_grants(found, run, now)
    # last of all: what an app showed counts as read when all of it is on record, and the counts can be compared
    for key, counts in whole.items():
        company.ledger.record_reading(key, {"complete": True, **counts}, run, now)


def _differs(reading: Reading, matches: t.Mapping[str, tuple[str, str]], records: t.Collection[AccountRecord]) -> bool:
    """Say whether what was read is anything else than what is on record of these accounts."""
    known = {record.account.id: (record.account, record.person) for record in records}
    shown = {account.id: (account, matches.get(account.id, ("", ""))[0]) for account in reading.accounts}
    if any(known.get(id) != one for id, one in shown.items()):
        return True
    return reading.complete and not known.keys() <= shown.keys() | reading.settled


def _newer(known: t.Mapping[str, AccountRecord], earlier: t.Iterable[AccountRecord]) -> frozenset[str]:
    """Return the ids of accounts that were written down after ``earlier`` was read: the app's list may be older."""
    before = {record.account.id: (record.account, record.person) for record in earlier}
    return frozenset(
        id for id, record in known.items() if id not in before or before[id] != (record.account, record.person)
    )


def _without_newer(
    company: Company,
    app: str,
    ended: t.Collection[tuple[str, str, str, str]],
    known: t.Mapping[str, AccountRecord],
    now: dt.datetime,
) -> list[tuple[str, str, str, str]]:
    """Leave out the grants that another run made and saw after this one had read the app: what was read is older.

    ``known`` is what was on record before the app was read; a grant that was not is looked at more closely.
    """
    doubtful = {
        grant for grant in ended if grant[2] not in known or grant[3] not in known[grant[2]].account.entitlements
    }
    if not doubtful:
        return list(ended)
    newer = {
        (grant.person, grant.app, grant.account, grant.entitlement)
        for grant in company.ledger.grants(app=app)
        if grant.since is not None and now - (grant.verified_at or grant.since) < _LATELY
    }
    return [grant for grant in ended if grant not in doubtful or grant not in newer]


def _granted(
    company: Company, reading: Reading, people: t.Collection[str], known: t.Collection[str]
) -> set[tuple[str, str, str, str]]:
    """Return the grants on record that a reading says something about, and is not in step with for certain."""
    if not reading.settled:
        return company.ledger.grant_keys(reading.app, None if reading.complete else people)
    accounts = {account.id for account in reading.accounts}.union(known)
    if len(accounts) <= _FEW_ACCOUNTS:
        return company.ledger.grant_keys(reading.app, accounts=accounts) if accounts else set()
    return {grant for grant in company.ledger.grant_keys(reading.app) if grant[2] not in reading.settled}


def _reasons(want: Want | None, entitlement: str) -> tuple[Because, ...]:
    return next((grant.because for grant in want.grants if grant.entitlement == entitlement), ()) if want else ()
