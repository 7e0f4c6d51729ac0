# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan for one account in one app, as a task of a playbook asks for it, whatever the policy says."""

from __future__ import annotations

import typing as t

from ..errors import AppError
from ..model import Account, App, Person, Plan
from ..planning.asking import want_for
from ..planning.correlation import Correlation, correlate, correlation_findings
from ..planning.difference import Circumstances, difference
from ..planning.naming import account_name
from ..planning.ordering import order
from ..planning.reading import Reading
from .company import Company
from .plans import Planned, worth_doing
from .reading_apps import read_apps


def plan_one_account(
    company: Company,
    app: App,
    person: Person,
    state: str,
    entitlements: t.Sequence[str],
    exclusive: bool,
    reading: Reading | None = None,
) -> tuple[Planned, Account | None]:
    """Plan what a task asks for: one account in one app, whatever the policy says. Return it with the account as it is.

    ``reading`` is what another host read of this person in the app; without it, the app is read here. Raises AppError
    when the app cannot be read, and when the account cannot be told apart, is protected, or would be another's.
    """
    reading = reading or read_apps(company, [app], [person.id])[app.key]
    if reading.error:
        raise AppError(reading.error)
    records = company.ledger.accounts(app=app.key)
    correlation = correlate(app, reading.accounts, company.people, company.ledger.links(), records)
    account = next((a for a in reading.accounts if correlation.matches.get(a.id, ("",))[0] == person.id), None)
    if account is None:
        _nothing_in_the_way(company, app, person, state, reading, correlation)
    want = want_for(app, person, account, state, entitlements, exclusive, "asked for by a playbook")
    now = company.clock.now()
    tasks = company.ledger.tasks(states=("open",), person=person.id, app=app.key)
    waiting = {(item.kind.value, item.entitlement) for task in tasks for item in task.items}
    asked = dict.fromkeys(account.entitlements, want.because[0]) if account else {}
    given = Circumstances(decisions=asked, now=now, policy=company.policy.version, commit=company.commit)
    due = difference(want, account, person, app, given=given, pending=waiting)
    changes = order([c for c in due if worth_doing(company, c.kind, app.key, "normal")], {app.key: app})
    plan = Plan(tuple(changes), policy=company.policy.version, commit=company.commit, made_at=now)
    return Planned(plan, {app.key: reading}, (person.id,), {(person.id, app.key): want}), account


def _nothing_in_the_way(
    company: Company, app: App, person: Person, state: str, reading: Reading, correlation: Correlation
) -> None:
    where = f"app {app.key}"
    for finding in correlation_findings(correlation, company.people, lambda id: id == person.id):
        if person.id in correlation.unclear:
            raise AppError(finding.message, where=where, todo=finding.todo)
    for account in correlation.protected_of.get(person.id, ()):
        raise AppError(
            f"account {account.username or account.id} of {person.username} is protected, so nothing is done with it",
            where=where,
            todo="Do it by hand if it is right, or take the account off the catalog's protect list",
        )
    if state != "present":
        return
    names = {name.casefold() for name in (account_name(app.account_name, person), person.email) if name}
    for account in reading.accounts:
        if names & {account.username.casefold(), account.email.casefold()}:
            raise AppError(
                f"no account is made for {person.username}: account {account.username or account.id}, which is not "
                "theirs as far as we know, has their name or address",
                where=where,
                todo="Say whose that account is with the module rollcall.access.link, or rename it in the app",
            )
