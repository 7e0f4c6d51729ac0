# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was given with a question: names become what the ledger knows, days become moments. What cannot be is refused,
with what there is."""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import typing as t

from ...errors import QuestionError, UnknownName
from ..evidence.period import Period
from .at_hand import AtHand
from .question import PARAMETERS, Question

#: So many names are said where one is not known.
_NAMED = 30

Given = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Asked:
    """What an answer is about. Texts that were not given are empty; ``person`` is an id.

    ``day`` is the day that was asked for, ``period`` the days from since to until; both are today where they were not
    given. ``note`` says where the period begins before the ledger does.
    """

    today: dt.date
    day: Period
    period: Period
    app: str = ""
    person: str = ""
    entitlement: str = ""
    department: str = ""
    sample: int = 0
    seed: str = ""
    note: str = ""

    @property
    def past(self) -> bool:
        """Whether the day that was asked for is over."""
        return self.day.last < self.today

    @property
    def on(self) -> str:
        """The day, as a sentence says it."""
        return f"on {self.day.last}" if self.past else f"today ({self.day.last})"

    @property
    def during(self) -> str:
        """The period, as a sentence says it."""
        return f"from {self.period.first} to {self.period.last}"


def asked_of(question: Question, given: Given, hand: AtHand) -> Asked:
    """Return what was given with a question, checked; what is None or empty was not given.

    Raises QuestionError for a parameter that the question does not take or cannot do without, and for days that are
    none, are still to come, or were before the ledger began; UnknownName for names that nothing has.
    """
    given = {name: value for name, value in given.items() if value not in (None, "")}
    _check_names(question, given)
    began = hand.began
    if began is None:
        raise QuestionError(
            "the ledger holds no event yet: nothing can be said of the company",
            where=hand.ledger.where,
            todo="Run discover or reconcile first",
        )
    zone, today = hand.working_day.zone, hand.today
    first_day = began.astimezone(zone).date()
    day = _day("on", given, today)
    until = _day("until", given, today)
    since = _day("since", given, until)
    for name, value in (("on", day), ("until", until), ("since", since)):
        if name in given and value > today:
            raise QuestionError(f"{name} is {value}, which is still to come: it is {today}", todo="Ask for another day")
    for name, value in (("on", day), ("until", until)):
        if name in given and value < first_day:
            raise QuestionError(
                f"{name} is {value}, and the ledger begins on {first_day}: of days before it, it knows nothing",
                todo=f"Ask for {first_day} or later",
            )
    if until < since:
        raise QuestionError(f"the period ends on {until}, before it begins on {since}", todo="Exchange since and until")
    early = since < first_day and "since" in given
    app = _app(given, hand)
    return Asked(
        today,
        Period.of(day, day, zone),
        Period.of(since, until, zone),
        app,
        _person(given, hand),
        _entitlement(given, hand, app),
        _department(given, hand),
        _sample(given),
        str(given.get("seed", "")),
        f"The ledger begins on {first_day}: of what was before, it knows nothing" if early else "",
    )


def _check_names(question: Question, given: Given) -> None:
    taken = (*question.needs, *question.takes)
    for name in given:
        if name not in taken:
            raise QuestionError(
                f"the question {question.key} does not take {name}",
                todo=f"It takes {', '.join(taken)}" if taken else "It takes nothing",
            )
    for name in question.needs:
        if name not in given:
            raise QuestionError(
                f"the question {question.key} needs {name}: {PARAMETERS[name]}", todo=f"Give rollcall_{name}"
            )


def _day(name: str, given: Given, otherwise: dt.date) -> dt.date:
    text = str(given.get(name, otherwise)).strip()
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise QuestionError(
            f"{name} is {text!r}, which is no day", todo=f"Give rollcall_{name} as 2026-03-01"
        ) from error


def _app(given: Given, hand: AtHand) -> str:
    name = str(given.get("app", "")).strip()
    if name and name not in hand.apps and name not in hand.known_apps:
        raise _unknown("app", name, {*hand.apps, *hand.known_apps})
    return name


def _person(given: Given, hand: AtHand) -> str:
    name = str(given.get("person", "")).strip()
    if not name:
        return ""
    found = hand.ledger.people_named(name)
    if len(found) > 1:
        raise UnknownName(f"{name!r} may be {' or '.join(sorted(found))}", todo="Name the person by HR's id")
    if not found:
        names = {username for _name, username, _address in hand.called.values() if username}
        near = difflib.get_close_matches(name.casefold(), sorted(names), 3)
        raise UnknownName(
            f"the ledger knows nobody by the id, user name or address {name!r}",
            todo=f"Did you mean {' or '.join(near)}?" if near else f"It knows {len(hand.called):,} people",
        )
    return found[0]


def _entitlement(given: Given, hand: AtHand, app: str) -> str:
    name = str(given.get("entitlement", "")).strip()
    entry = hand.apps.get(app)
    if name and name not in (entry.entitlements if entry else ()):
        held = hand.entitlements_held(app)
        if name not in held:
            raise _unknown(f"entitlement of {app}", name, {*held, *(entry.entitlements if entry else ())})
    return name


def _department(given: Given, hand: AtHand) -> str:
    name = str(given.get("department", "")).strip()
    if name and name not in hand.departments:
        raise _unknown("department", name, hand.departments)
    return name


def _sample(given: Given) -> int:
    text = str(given.get("sample", "0"))
    if not text.isdecimal():
        raise QuestionError(f"sample is {text!r}, which is no number of people", todo="Give rollcall_sample as 25")
    return int(text)


def _unknown(what: str, name: str, known: t.Collection[str]) -> UnknownName:
    near = difflib.get_close_matches(name, sorted(known), 1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    there = ", ".join(sorted(known)[:_NAMED]) + (", ..." if len(known) > _NAMED else "")
    return UnknownName(
        f"there is no {what} {name!r}",
        todo=hint + (f"There are {there}" if known else "There is none at all"),
    )
