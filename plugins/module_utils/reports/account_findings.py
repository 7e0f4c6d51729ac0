# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts that somebody should look at: nobody's, not to be told apart, unused, or holding what no rule gives."""

from __future__ import annotations

import datetime as dt
import typing as t

from ..model import Account, AccountRecord, App, Finding, GrantRecord, Person
from ..planning.correlation import Correlation, Directory, correlate
from .facts import AccountFinding

#: An account that nobody has used for so many days is pointed out.
UNUSED_DAYS = 90

_SEVERITIES = ("error", "warning", "note")
_CODES = ("ambiguous", "orphan", "unmanaged", "unused")

Links = t.Mapping[tuple[str, str], str]
Who = t.Callable[[str], str]


def correlations(
    apps: t.Mapping[str, App],
    people: t.Mapping[str, Person],
    records: t.Sequence[AccountRecord],
    links: Links,
) -> dict[str, Correlation]:
    """Say for each app whose the accounts that the ledger knows are, in the way that a plan does."""
    directory = Directory(people)
    by_app: dict[str, list[AccountRecord]] = {key: [] for key in apps}
    for record in records:
        if record.account.app in by_app:
            by_app[record.account.app].append(record)
    return {
        key: correlate(apps[key], [record.account for record in mine], directory, links, mine)
        for key, mine in by_app.items()
    }


class Standing:
    """How each account of one app counts: managed, orphan, ambiguous or nobody's on purpose (protected, set aside)."""

    def __init__(self, records: t.Iterable[AccountRecord], correlation: Correlation) -> None:
        unclear = {account.id for one in correlation.ambiguous for account in one.accounts}
        shielded = {account.id for account in (*correlation.protected, *correlation.set_aside)}
        self.managed: list[AccountRecord] = []
        self.orphans: list[AccountRecord] = []
        self.protected: list[AccountRecord] = []
        self.all: list[AccountRecord] = sorted(records, key=lambda record: record.account.id)
        for record in self.all:
            if record.account.id in shielded:
                self.protected.append(record)
            elif record.person:
                self.managed.append(record)
            elif record.account.id not in unclear:
                self.orphans.append(record)


def account_findings(
    standings: t.Mapping[str, Standing],
    found: t.Mapping[str, Correlation],
    grants: t.Sequence[GrantRecord],
    extra: t.Iterable[Finding],
    *,
    now: dt.datetime,
    who: Who,
) -> tuple[AccountFinding, ...]:
    """Return everything to look at, errors first.

    ``extra`` are findings made elsewhere; orphans and ambiguous accounts among them are left out: they are found here.
    """
    accounts = {(app, r.account.id): r for app, standing in standings.items() for r in standing.all}
    findings: list[AccountFinding] = []
    for app, standing in standings.items():
        findings += _ambiguous(app, found[app], who)
        findings += [_orphan(record) for record in standing.orphans]
        findings += [_unused(record, now, who) for record in standing.managed if _is_unused(record.account, now)]
    findings += _unmanaged(grants, accounts, who)
    told = {(finding.app, finding.account, finding.code) for finding in findings}
    for finding in extra:
        known = accounts.get((finding.app, finding.account))
        shown = account_name(known.account) if known else finding.account
        code = finding.code.removesuffix("_account")
        if (finding.app, shown, code) not in told and code not in ("orphan", "ambiguous"):
            findings.append(
                AccountFinding(
                    code,
                    finding.app,
                    shown,
                    finding.severity,
                    finding.message,
                    finding.todo,
                    who(finding.person) if finding.person else "",
                    known.account.last_used if known else None,
                )
            )
    return tuple(sorted(findings, key=_order))


def account_name(account: Account) -> str:
    """Return what people call an account: its user name, else its address, else its id."""
    return account.username or account.email or account.id


def _order(finding: AccountFinding) -> tuple[t.Any, ...]:
    severity = _SEVERITIES.index(finding.severity) if finding.severity in _SEVERITIES else 1
    code = _CODES.index(finding.code) if finding.code in _CODES else len(_CODES)
    return (severity, code, finding.code, finding.app, finding.account, finding.person, finding.message)


def _orphan(record: AccountRecord) -> AccountFinding:
    account = record.account
    return AccountFinding(
        "orphan",
        account.app,
        account_name(account),
        severity="warning" if account.active else "note",
        message="It belongs to nobody whom HR knows" + ("" if account.active else "; it is suspended"),
        todo="Say whose it is with the module rollcall.access.link, protect it in the catalog, or remove it in the app",
        last_used=account.last_used,
    )


def _ambiguous(app: str, correlation: Correlation, who: Who) -> t.Iterator[AccountFinding]:
    for one in correlation.ambiguous:
        people = ", ".join(sorted(who(id) for id in one.people))
        fits = "These fit" if len(one.accounts) > 1 else "It fits"
        yield AccountFinding(
            "ambiguous",
            app,
            ", ".join(account_name(account) for account in one.accounts),
            severity="error",
            message=f"{fits} {people} (by {one.matched_by}), so nothing is done about it",
            todo="Say whose it is with the module rollcall.access.link",
            person=who(one.people[0]) if len(one.people) == 1 else "",
            last_used=max((a.last_used for a in one.accounts if a.last_used), default=None),
        )


def _is_unused(account: Account, now: dt.datetime) -> bool:
    return account.active and account.last_used is not None and now - account.last_used > dt.timedelta(days=UNUSED_DAYS)


def _unused(record: AccountRecord, now: dt.datetime, who: Who) -> AccountFinding:
    account = record.account
    days = (now - account.last_used).days if account.last_used else 0
    return AccountFinding(
        "unused",
        account.app,
        account_name(account),
        severity="note",
        message=f"Nobody has used it for {days} days",
        person=who(record.person),
        last_used=account.last_used,
    )


def _unmanaged(
    grants: t.Iterable[GrantRecord], accounts: t.Mapping[tuple[str, str], AccountRecord], who: Who
) -> t.Iterator[AccountFinding]:
    held: dict[tuple[str, str, str], list[str]] = {}
    for grant in grants:
        if all(reason.kind == "unexplained" for reason in grant.because):
            held.setdefault((grant.app, grant.account, grant.person), []).append(grant.entitlement)
    for (app, id, person), entitlements in held.items():
        record = accounts.get((app, id))
        names = ", ".join(sorted(entitlements))
        yield AccountFinding(
            "unmanaged",
            app,
            account_name(record.account) if record else id,
            message=f"It has {names}, which no rule, exception or request gives",
            todo="Add a rule or an exception if it is right; reconcile takes it away if not",
            person=who(person),
            last_used=record.account.last_used if record else None,
        )
