# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run did that did not live to say so.

A run writes down what it intends, does it, and writes down how that ended. When it dies in between, the next run that
reads the app sees what became of it, and says so in the evidence: with the reason that the dead run had, not as a
change that nobody can explain.
"""

from __future__ import annotations

import typing as t

from ..fulfilment.packet import CLAIM_FOR, Packet, PacketRunner
from ..fulfilment.showing import UNREADABLE, shows
from ..ledger.records import ChangeResult
from ..model import Account, Change, Run
from ..planning.correlation import Correlation
from ..planning.guard import check_reading
from ..planning.reading import Reading
from .company import Company

INTERRUPTED = "done by a run that was interrupted before it could say so"
NOT_DONE = "the run that was at it was interrupted before it was done; where it is due it is tried again"
UNKNOWN = "a run was interrupted while it was at it; nothing that can be read tells whether it was done"


def settle_interrupted(
    company: Company, readings: t.Mapping[str, Reading], correlations: t.Mapping[str, Correlation], run: Run
) -> bool:
    """Write down how changes ended that an earlier run intended and never settled, as far as these readings show it.

    What they do not show was not done: where it is due, this run tries it again. What another live run is at is left
    alone. Returns False when nothing was left by anybody.
    """
    ledger = company.ledger
    left: dict[tuple[str, str], list[Change]] = {}
    for row in ledger.unsettled():
        change, reading = row.change, readings.get(row.change.app)
        if row.run != run.id and change.person in company.people and reading is not None and _tells(reading, change):
            left.setdefault((change.person, change.app), []).append(change)
    runner = PacketRunner(ledger=ledger, run=run, now=company.clock.now, people=company.people)
    for (person, app), changes in left.items():
        reading = readings[app]
        if check_reading(reading, [r.account for r in ledger.accounts(app=app)], company.settings.limits):
            continue  # half a list shows nothing
        now = company.clock.now()
        if not ledger.claim(person, app, run, now, now + CLAIM_FOR):
            continue
        try:
            in_tasks = {i.id: task.id for task in ledger.tasks(person=person, app=app) for i in task.items}
            account = _account(reading, correlations.get(app), person, changes)
            results = _ended(changes, account, in_tasks, attested=reading.attested)
            runner.settle_interrupted(
                Packet(company.people[person], company.apps[app], tuple(changes)), account, results
            )
        finally:
            ledger.release(person, app, run)
    return bool(left)


def to_do_again(
    company: Company, planned: t.Iterable[Change], readings: t.Mapping[str, Reading], people: t.Collection[str]
) -> tuple[Change, ...]:
    """Return what runs that died were at and nobody can see done, of accounts that are cut off already.

    Else nobody would end those sessions any more, or hand over. Both may be done twice. ``planned`` is what is due
    anyway.
    """
    known = {change.id for change in planned}
    found = []
    for row in company.ledger.unsettled():
        change, reading = row.change, readings.get(row.change.app)
        if change.kind not in UNREADABLE or change.id in known or change.person not in people or reading is None:
            continue
        cut_off = any(one.id == change.account and not one.active for one in reading.accounts)
        seen = cut_off and _tells(reading, change) and not reading.attested
        if seen and not company.ledger.is_at(change.person, change.app, row.run, company.clock.now()):
            found.append(change)
    return tuple(found)


def _tells(reading: Reading, change: Change) -> bool:
    if reading.settled and change.person in reading.settled.values():
        # begun after the ledger was asked who is in step: for the next run
        return False
    return not reading.error and (reading.complete or change.person in (reading.people_read or ()))


def _account(
    reading: Reading, correlation: Correlation | None, person: str, changes: t.Iterable[Change]
) -> Account | None:
    """Return the account that the changes are about: the one that they name, or the person's."""
    named = {change.account for change in changes if change.account}
    matches = correlation.matches if correlation else {}
    for account in reading.accounts:
        if account.id in named or (not named and matches.get(account.id, ("",))[0] == person):
            return account
    return None


def _ended(
    changes: t.Iterable[Change], account: Account | None, in_tasks: t.Mapping[str, str], *, attested: bool
) -> list[ChangeResult]:
    found = []
    for change in changes:
        if change.id in in_tasks:
            found.append(ChangeResult(change, "task", task=in_tasks[change.id], attempts=0))
        elif change.kind in UNREADABLE and not attested and account is None:
            found.append(ChangeResult(change, "unverified", UNKNOWN, attempts=0))
        elif change.kind in UNREADABLE and not attested and account is not None and not account.active:
            continue  # nobody can see whether it was done: it is done again, see ``to_do_again``
        elif not attested and shows(change, account) and (account is not None or change.account):
            found.append(ChangeResult(change, "verified", INTERRUPTED))
        else:
            found.append(ChangeResult(change, "deferred", NOT_DONE, attempts=0))
    return found
