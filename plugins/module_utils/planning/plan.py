# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan: everything that would change, held against the guard."""

from __future__ import annotations

import collections
import datetime as dt
import types
import typing as t

from ..model import AccountRecord, App, Because, Finding, GrantRecord, Person, Plan, Status, Task, Want
from .account_planning import AccountPlanner
from .app_planning import AppPlanner, Names
from .correlation import Correlation
from .limits import Limits
from .ordering import Apart, order
from .reading import Reading
from .watch import Watch

_NONE: t.Mapping[t.Any, t.Any] = types.MappingProxyType({})
_LIMITS = Limits()


def make_plan(
    *,
    people: t.Mapping[str, Person],
    statuses: t.Mapping[str, Status],
    wants: t.Mapping[tuple[str, str], Want],
    readings: t.Mapping[str, Reading],
    apps: t.Mapping[str, App],
    now: dt.datetime,
    accounts: t.Iterable[AccountRecord] = (),
    grants: t.Iterable[GrantRecord] = (),
    links: t.Mapping[tuple[str, str], str] = _NONE,
    open_tasks: t.Iterable[Task] = (),
    declined: t.Iterable[Task] = (),
    decisions: t.Mapping[tuple[str, str, str], Because] = _NONE,
    apart: t.Iterable[Apart] = (),
    limits: Limits = _LIMITS,
    policy_version: str = "",
    commit: str = "",
    scope: t.Mapping[str, t.Any] = _NONE,
    urgency: str = "normal",
    in_scope: t.Collection[str] | None = None,
    findings: t.Iterable[Finding] = (),
    correlations: t.Mapping[str, Correlation] = _NONE,
    ungoverned: t.Collection[str] = (),
    settled_names: t.Callable[[str], t.Iterable[Names]] = lambda app: (),
) -> Plan:
    """Work out everything that would change.

    ``people``: everyone whom HR or the ledger knows, by id; ``statuses``: where each stands today. ``wants``: what
    people should have, by (person, app); no Want means no access. ``readings``: what the apps show. ``accounts``,
    ``grants`` and ``links``: what the ledger remembers. ``open_tasks``: what somebody is doing by hand is not planned
    again, and neither is what somebody ``declined``, until the reasons for it change. ``decisions``: what took an
    entitlement away, by (person, app, entitlement). ``apart``: sets of (app, entitlement) that nobody may have
    together. ``in_scope``: the people whom the plan is about (None: everyone). ``findings``: those of earlier steps,
    kept in the plan. ``correlations``: those of complete readings, where the caller has made them already.
    ``settled_names``: returns (id, user name, email) of at least those accounts of an app that are settled in its
    reading; asked only where an account is to be made.

    An app that could not be read contributes a finding and no change, except in an emergency: then what the ledger
    knows to be there is cut off. Changes that are due and will not be made, because an account is ambiguous, protected
    or in the way, are ``held``, each explained by a finding. In an emergency the last administrator is a finding rather
    than a breach: cutting somebody off does not wait.
    """
    watch = Watch(apps, limits)
    each = AccountPlanner(
        people=people,
        statuses=statuses,
        now=now,
        accounts=accounts,
        grants=grants,
        open_tasks=open_tasks,
        declined=declined,
        decisions=decisions,
        policy_version=policy_version,
        commit=commit,
        urgency=urgency,
        ungoverned=ungoverned,
    )
    planner = AppPlanner(
        each,
        people=people,
        links=links,
        watch=watch,
        urgency=urgency,
        in_scope=None if in_scope is None else frozenset(in_scope),
        correlations=correlations,
        settled_names=settled_names,
    )
    by_app: dict[str, dict[str, Want]] = collections.defaultdict(dict)
    locked = set()
    for (person, app), want in wants.items():
        by_app[app][person] = want
        if want.state != "present" and any(reason.kind == "lock" for reason in want.because):
            locked.add(person)
    for key in sorted(readings.keys() & apps.keys()):
        planner.plan_app(apps[key], readings[key], by_app.get(key, {}))
    leaving = {change.person for change in (*planner.changes, *planner.held)}
    leaving = {id for id in leaving if id in locked or statuses.get(id, Status.ACTIVE) is not Status.ACTIVE}
    apart = tuple(apart)
    breaches, doubts = watch.judge(planner.changes, emergency=urgency == "emergency")
    return Plan(
        changes=order(planner.changes, apps, leaving=leaving, apart=apart),
        held=order(planner.held, apps, leaving=leaving, apart=apart),
        findings=(*findings, *planner.findings, *doubts),
        breaches=breaches,
        policy=policy_version,
        commit=commit,
        made_at=now,
        scope=dict(scope),
    )


def apps_concerned(plan: Plan) -> frozenset[str]:
    """Return the apps in which a plan has anything to do, to hold back or to put off: few on most days."""
    deferred = {finding.app for finding in plan.findings if finding.code == "app_deferred"}
    return frozenset(deferred.union(change.app for change in (*plan.changes, *plan.held)))
