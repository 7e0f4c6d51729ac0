# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scope of an evidence pack: names of people, apps and departments become what the ledger knows them by."""

from __future__ import annotations

import difflib
import typing as t

from ..errors import EvidenceError, UnknownName
from ..model import App
from ..reports.evidence.history import History
from ..reports.evidence.period import Period, Scope

_KEYS = ("apps", "people", "departments")


def scope_of(
    asked: t.Mapping[str, t.Any], history: History, apps: t.Mapping[str, App], period: Period
) -> tuple[Scope, tuple[str, ...]]:
    """Return the scope, and the ids of the people who were named one by one.

    People are named by id, user name or address; departments take in everybody who was in them at any time in the
    period. Raises EvidenceError for a scope of another form, UnknownName for a name that nothing has.
    """
    for key in asked:
        if key not in _KEYS:
            raise EvidenceError(f"a scope has no {key!r}", where="rollcall_scope", todo=f"It has {', '.join(_KEYS)}")
    named = {key: _names(asked, key) for key in _KEYS}
    known_apps = {*apps, *(reading.app for reading in history.readings), *(a.app for a in history.access.accounts)}
    for app in named["apps"]:
        _known(app, known_apps, "app")
    people = tuple(_person(name, history) for name in named["people"])
    departments = _departments(history, period)
    for department in named["departments"]:
        _known(department, departments, "department")
    inside = {*people, *(id for department in named["departments"] for id in departments[department])}
    limited = bool(named["people"] or named["departments"])
    scope = Scope(
        people=frozenset(inside) if limited else None,
        apps=frozenset(named["apps"]) if named["apps"] else None,
        departments=named["departments"],
    )
    return scope, people


def _names(asked: t.Mapping[str, t.Any], key: str) -> tuple[str, ...]:
    value = asked.get(key) or ()
    if isinstance(value, (str, int)):
        value = [value]
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, (str, int)) for one in value):
        raise EvidenceError(f"{key} is no list of names", where="rollcall_scope", todo=f'Write {{"{key}": ["..."]}}')
    return tuple(dict.fromkeys(str(one).strip() for one in value))


def _known(name: str, known: t.Collection[str], what: str) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        raise UnknownName(
            f"there is no {what} {name!r} in the period" + (f"; did you mean {near[0]!r}?" if near else ""),
            where="rollcall_scope",
        )


def _person(name: str, history: History) -> str:
    if name in history.people:
        return name
    wanted = name.casefold()
    for id, told in history.people.items():
        if wanted in (told.latest.text("username").casefold(), told.latest.text("email").casefold()):
            return id
    raise UnknownName(
        f"the ledger knows nobody by the id, user name or address {name!r}",
        where="rollcall_scope",
        todo="Name somebody whom it knows: tables/people.csv of a pack without a scope has them all",
    )


def _departments(history: History, period: Period) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for id, told in history.people.items():
        for number, state in enumerate(told.states):
            until = told.states[number + 1].at if number + 1 < len(told.states) else None
            if state.text("department") and period.overlaps(state.at, until):
                found.setdefault(state.text("department"), set()).add(id)
    return found
