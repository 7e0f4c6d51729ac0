# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The population: everybody, every account and every grant, and what each app itself showed."""

from __future__ import annotations

import collections
import typing as t

from .case import Case, Sheet, kinds_of, reasons_text
from .history import ReadingTold
from .people_told import episodes

#: Reasons that are none: nothing gave it.
NO_REASON = frozenset({"unexplained", ""})


def people(case: Case) -> Sheet:
    rows = []
    for id, told in case.people.items():
        state = told.before(case.period.ends)
        if state is None:
            continue
        happened = tuple(
            dict.fromkeys(
                each.phase
                for each in episodes(told)
                if each.began.at < case.period.ends and (each.ended is None or each.ended >= case.period.begins)
                if case.period.has(each.began.at) or (each.complete and case.period.has(each.complete.at))
            )
        )
        names = ("name", "username", "email", "type", "title", "department")
        rows.append(
            (
                id,
                *(state.text(name) for name in names),
                state.text("manager"),
                state.day("start"),
                state.day("end"),
                state.standing,
                state.complete,
                told.states[0].at,
                happened,
            )
        )
    return case.sheet(
        "people",
        "People",
        "Everybody whom the ledger knew in the period, as last recorded before its end. Standing: present, suspended "
        "(on leave, or locked), or left (nothing is left of them). Complete: everything that was due is proven.",
        "person_id name username email type title department manager_id first_day last_day standing_at_end "
        "complete_at_end first_recorded recorded_in_period_as",
        rows,
    )


def accounts(case: Case) -> Sheet:
    ends = case.period.ends
    rows = sorted(
        (
            account.app,
            account.id,
            account.text("username"),
            account.text("email"),
            account.person_at(ends),
            case.name_of(account.person_at(ends)) if account.person_at(ends) else "",
            account.state_at(ends),
            account.text("source"),
            account.text("matched_by"),
            account.first_seen,
            account.gone_at,
            account.recorded,
        )
        for account in case.accounts
    )
    return case.sheet(
        "accounts",
        "Accounts",
        "Every account that was there in the period. Source: read (the app showed it) or attested (a named person said "
        "so). An account of nobody has no person.",
        "app account username email person_id person state_at_end source known_by first_seen gone_at event",
        rows,
    )


def grants(case: Case) -> Sheet:
    begins, ends = case.period.begins, case.period.ends
    names = {id: case.name_of(id) for id in {grant.person for grant in case.grants}}
    rows = [
        (
            grant.person,
            names[grant.person],
            grant.app,
            grant.account,
            grant.entitlement,
            case.privileged(grant.app, grant.entitlement),
            grant.since,
            grant.until,
            grant.since < begins,
            grant.until is None or grant.until >= ends,
            grant.source,
            kinds_of(grant.because),
            reasons_text(grant.because),
            reasons_text([grant.ended_because]) if grant.ended_because else "",
            grant.recorded,
            grant.ended or None,
        )
        for grant in case.grants
    ]
    rows.sort(key=lambda row: (row[0], row[2], row[4], row[3], row[6]))
    return case.sheet(
        "grants",
        "Grants",
        "Everything that anybody had at any time in the period, since when, until when and why. Source: verified (read "
        "back after the change), attested (a named person said so) or found (it was there when the app was first "
        "read).",
        "person_id person app account entitlement privileged since until in_force_at_start in_force_at_end source "
        "reason_kinds reasons ended_because event event_of_end",
        rows,
    )


def without_reason(case: Case) -> Sheet:
    """What people had at the end of the period that nothing gave them."""
    ends = case.period.ends
    rows = sorted(
        (
            grant.person,
            case.name_of(grant.person),
            grant.app,
            grant.entitlement,
            case.privileged(grant.app, grant.entitlement),
            grant.account,
            grant.since,
            grant.recorded,
        )
        for grant in case.grants
        if (grant.until is None or grant.until >= ends) and not set(kinds_of(grant.because)) - NO_REASON
    )
    return case.sheet(
        "access_without_reason",
        "Access without a reason",
        "What was in force at the end of the period and no rule, exception or request gave.",
        "person_id person app entitlement privileged account since event",
        rows,
    )


def orphans(case: Case) -> Sheet:
    """Accounts of nobody at the end of the period."""
    ends = case.period.ends
    rows = []
    for account in case.accounts:
        if account.person_at(ends) or account.state_at(ends) == "gone":
            continue
        names = {account.id.casefold(), account.text("username").casefold(), account.text("email").casefold()}
        entry = case.apps.get(account.app)
        shielded = next((one for one in entry.protect if one.account.casefold() in names), None) if entry else None
        rows.append(
            (
                account.app,
                account.id,
                account.text("username"),
                account.text("email"),
                account.state_at(ends),
                account.first_seen,
                shielded is not None,
                shielded.owner if shielded else "",
                shielded.why if shielded else "",
                account.recorded,
            )
        )
    return case.sheet(
        "accounts_of_nobody",
        "Accounts of nobody",
        "Accounts that no person could be found for at the end of the period. Protected ones are named in the catalog "
        "on purpose (service and break-glass accounts), with an owner.",
        "app account username email state_at_end first_seen protected owner why event",
        sorted(rows),
    )


def apps(case: Case) -> Sheet:
    """What each app showed at its last complete reading, held against what the ledger knew then."""
    readings: dict[str, list[ReadingTold]] = collections.defaultdict(list)
    for reading in case.history.readings:
        if reading.at < case.period.ends:
            readings[reading.app].append(reading)
    at_end: collections.Counter[str] = collections.Counter()
    for account in case.history.access.accounts:
        if account.recorded_at < case.period.ends and account.state_at(case.period.ends) != "gone":
            at_end[account.app] += 1
    rows = []
    for key in sorted({*case.apps, *readings, *at_end}):
        if case.scope.has_app(key):
            rows.append(_app_row(case, key, readings[key], at_end[key]))
    return case.sheet(
        "apps",
        "Apps, and what they showed themselves",
        "For each app the last complete reading before the period's end: how many accounts the app showed, and how "
        "many "
        "the ledger had when that was written down. They must agree. Accounts at the end count what came after it, "
        "too.",
        "app name owner tier in_catalog read_by_itself readings_in_period incomplete_readings_in_period "
        "last_complete_reading accounts_shown accounts_in_ledger_then agree of_nobody_then accounts_at_end note event",
        rows,
    )


def _app_row(case: Case, key: str, readings: t.Sequence[ReadingTold], at_end: int) -> tuple[t.Any, ...]:
    entry = case.apps.get(key)
    reads = case.reads.get(key, False)
    within = [reading for reading in readings if case.period.has(reading.at)]
    last = next((reading for reading in reversed(readings) if reading.complete), None)
    notes = []
    if entry is None:
        notes.append("no longer in the catalog")
    if not reads:
        notes.append("cannot be read by itself: its accounts are attested by its owner")
    elif last is None:
        notes.append("never read completely before the period's end")
    elif not case.period.has(last.at):
        notes.append("not read completely in the period")
    failed = [reading for reading in within if not reading.complete]
    if failed:
        notes.append(f"last failed reading: {failed[-1].error}")
    agree = None if last is None or last.accounts is None else last.accounts == last.in_ledger
    return (
        key,
        entry.name or key if entry else key,
        entry.owner if entry else "",
        entry.tier if entry else "",
        entry is not None,
        reads,
        sum(1 for reading in within if reading.complete),
        len(failed),
        last.at if last else None,
        last.accounts if last else None,
        last.in_ledger if last else None,
        agree,
        last.orphans if last else None,
        at_end,
        "; ".join(notes),
        last.seq if last else None,
    )
