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

#: So many people's are written down in one transaction.
_AT_ONCE = 100

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
    shown = {
        app: _Shown(readings[app], correlations.get(app))
        for app in {app for _person, app in left}
        # half a list shows nothing
        if not check_reading(readings[app], [r.account for r in ledger.accounts(app=app)], company.settings.limits)
    }
    due = [packet for packet in left.items() if packet[0][1] in shown]
    for start in range(0, len(due), _AT_ONCE):
        with ledger.one_transaction():
            for (person, app), changes in due[start : start + _AT_ONCE]:
                now = company.clock.now()
                if not ledger.claim(person, app, run, now, now + CLAIM_FOR):
                    continue
                in_tasks = {i.id: task.id for task in ledger.tasks(person=person, app=app) for i in task.items}
                account = shown[app].account(person, changes)
                results = _ended(changes, account, in_tasks, attested=readings[app].attested)
                runner.settle_interrupted(
                    Packet(company.people[person], company.apps[app], tuple(changes)), account, results
                )
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


class _Shown:
    """The accounts of a reading, by id and by whose they are."""

    def __init__(self, reading: Reading, correlation: Correlation | None) -> None:
        matches = correlation.matches if correlation else {}
        self._by_id = {account.id: account for account in reading.accounts}
        self._of: dict[str, Account] = {}
        for account in reading.accounts:
            self._of.setdefault(matches.get(account.id, ("",))[0], account)

    def account(self, person: str, changes: t.Iterable[Change]) -> Account | None:
        """Return the account that the changes are about: the one that they name, or the person's."""
        named = dict.fromkeys(change.account for change in changes if change.account)
        if named:
            return next((self._by_id[id] for id in named if id in self._by_id), None)
        return self._of.get(person)


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
