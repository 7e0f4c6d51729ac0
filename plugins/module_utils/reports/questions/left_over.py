# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What should not be there: access that nothing explains, that nobody uses, that leavers have left, and accounts of
nobody; and those that are nobody's on purpose."""

from __future__ import annotations

import datetime as dt

from ...counted import counted
from ...model import AccountRecord
from ..account_findings import UNUSED_DAYS
from ..evidence.case import kinds_of
from ..evidence.population import NO_REASON, orphans
from .asked import Asked
from .at_hand import ACCOUNTS, AtHand
from .question import Answer, Row, answer, chosen

_CATALOG = "Which entitlements are privileged, and which accounts are protected, is as the catalog has it now"


def unexplained(hand: AtHand, asked: Asked) -> Answer:
    app, people, end = asked.app or None, hand.of_department(asked.department), asked.day.ends
    now = hand.ledger.grants_within(end, end, app=app, people=people, unexplained=True)
    found = {one.key: one for one in now}
    then = hand.ledger.reasons_before(end, app=app, people=people) if asked.past else {}
    if then:
        everything = hand.ledger.grants_within(end, end, app=app, people={key[0] for key in then})
        found |= {one.key: one._replace(because=then[one.key]) for one in everything if one.key in then}
    left = [one for one in found.values() if not set(kinds_of(r.to_dict() for r in one.because)) - NO_REASON]
    left.sort(key=lambda one: (one.app, hand.name(one.person), one.entitlement, one.account))
    rows = []
    for one in left:
        what = (one.app, one.entitlement, hand.is_privileged(one.app, one.entitlement), one.account)
        rows.append((one.person, hand.name(one.person), *what, one.since, one.source))
    where = f" in {asked.app}" if asked.app else ""
    return answer(
        "person_id person app entitlement privileged account since source",
        rows,
        f"{counted(len(rows), 'grant that nothing explains', 'grants that nothing explains')}{where} {asked.on}",
        _CATALOG,
    )


def nobodys(hand: AtHand, asked: Asked) -> Answer:
    # nobody is who has no id
    history = hand.history({""}, ACCOUNTS, asked.day.ends)
    sheet = orphans(hand.case(history, asked.day, asked.app))
    columns = "app account username email state_at_end first_seen protected owner why"
    rows = chosen(sheet, columns)
    protected = sum(1 for row in rows if row[6])
    where = f" in {asked.app}" if asked.app else ""
    return answer(
        columns.replace("state_at_end", "state"),
        rows,
        f"{counted(len(rows), 'account belongs', 'accounts belong')} to nobody{where} {asked.on}; "
        f"{protected:,} of them on purpose",
        _CATALOG,
    )


def on_purpose(hand: AtHand, asked: Asked) -> Answer:
    """Accounts that the catalog names: never touched, with an owner; and secrets that several people know."""
    apps = {key: app for key, app in sorted(hand.apps.items()) if asked.app in ("", key)}
    states: dict[tuple[str, str], str] = {}
    for key, *names, state in hand.ledger.accounts_called([key for key, app in apps.items() if app.protect]):
        states.update(((key, name.casefold()), state) for name in names)
    rows: list[Row] = []
    for key, app in apps.items():
        for shielded in app.protect:
            state = states.get((key, shielded.account.casefold()), "not found")
            rows.append((key, "protected account", shielded.account, shielded.owner, shielded.why, state))
        for secret in app.secrets:
            who = secret.owned_by or secret.owner or app.owner
            known = f"known to {', '.join(secret.known_to) or 'everybody with an account'}"
            rows.append((key, f"shared {secret.kind.replace('_', ' ')}", secret.name or secret.key, who, known, ""))
    ownerless = sum(1 for row in rows if not row[3])
    return answer(
        "app what name owner why state",
        rows,
        f"{counted(len(rows), 'shared, service or protected account', 'shared, service and protected accounts')}, "
        f"{ownerless:,} of them without an owner",
        "They are what the catalog names; accounts of nobody that it does not name are in the question nobodys",
    )


def unused(hand: AtHand, asked: Asked) -> Answer:
    telling, silent = hand.ledger.apps_telling()
    if asked.app:
        telling, silent = telling & {asked.app}, silent & {asked.app}
    people = hand.of_department(asked.department)
    found = hand.ledger.accounts_unused(telling, hand.now - dt.timedelta(days=UNUSED_DAYS)) if telling else []
    rows: list[Row] = []
    for one in found:
        account = one.account
        # an account that was never used counts from when it was made or first seen
        last = account.last_used or account.created or one.first_seen
        if last is None or hand.now - last <= dt.timedelta(days=UNUSED_DAYS):
            continue
        if people is not None and one.person not in people:
            continue
        privileged = any((account.app, what) in hand.privileged for what in account.entitlements)
        days = (hand.now - last).days
        has = tuple(sorted(account.entitlements))
        who = (one.person, hand.name(one.person))
        rows.append((account.app, account.username or account.id, *who, days, account.last_used, has, privileged))
    rows.sort(key=lambda row: (not row[7], -row[4], row[0], row[1]))
    return answer(
        "app account person_id person days last_used entitlements privileged",
        rows,
        f"{counted(len(rows), 'account that nobody has', 'accounts that nobody has')} used for {UNUSED_DAYS} days",
        f"These apps do not tell when an account was last used: {', '.join(sorted(silent))}" if silent else "",
        _CATALOG,
    )


def leftovers(hand: AtHand, asked: Asked) -> Answer:
    """Leavers with anything left: who has left, is leaving, or whose last day is over."""
    gone = {
        one.id: one
        for one in hand.people.values()
        if one.standing == "left"
        or one.phase == "leaving"
        or (one.end is not None and hand.working_day.over(one.end) <= hand.now)
    }
    usable: dict[str, list[str]] = {}
    overdue: dict[str, list[str]] = {}
    for record in hand.ledger.accounts_of(gone):
        if record.account.active:
            usable.setdefault(record.person, []).append(record.account.app)
        elif _is_due(hand, record):
            overdue.setdefault(record.person, []).append(record.account.app)
    grants: dict[str, list[str]] = {}
    for grant in hand.ledger.grants_within(hand.now, hand.now, people=gone):
        grants.setdefault(grant.person, []).append(f"{grant.app}: {grant.entitlement}")
    tasks: dict[str, list[str]] = {}
    for task in hand.ledger.tasks(states=("open",)):
        if task.person in gone and task.kind == "access":
            tasks.setdefault(task.person, []).append(f"{task.id} ({task.app}, {task.owner})")
    rows: list[Row] = []
    for id, one in gone.items():
        if id in usable or id in overdue or id in grants or id in tasks:
            lists = (tuple(sorted(found.get(id, ()))) for found in (usable, overdue, grants, tasks))
            days = (hand.today - one.end).days if one.end else None
            rows.append((id, one.name, one.department, one.end, days, *lists))
    rows.sort(key=lambda row: (row[4] is not None, -(row[4] or 0), row[0]))
    return answer(
        "person_id person department last_day days_ago usable_accounts_in to_be_deleted_in grants open_tasks",
        rows,
        f"{counted(len(rows), 'leaver has', 'leavers have')} anything left, of {len(gone):,}",
        "A suspended account is left where the catalog says that it should have been deleted by now",
    )


def _is_due(hand: AtHand, record: AccountRecord) -> bool:
    """Return whether a suspended account of a leaver should have been deleted by now."""
    app = hand.apps.get(record.account.app)
    if app is None:
        return False
    if app.leave.delete_after is None:
        return app.leave.then == "delete"
    return record.suspended_at is not None and hand.now - record.suspended_at > app.leave.delete_after
