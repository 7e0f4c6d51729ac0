# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``check`` finds in exceptions, cover and locks: what holds for a time, for somebody by name."""

from __future__ import annotations

import datetime as dt
import typing as t

from ..model import AccessException, Cover, Finding, Lock, Origin
from .evaluation import self_approved
from .organisation import Organisation
from .problems import did_you_mean

#: What is given for longer is no exception any more.
LONGEST_EXCEPTION = dt.timedelta(days=366)


def finding_at(code: str, severity: str, message: str, origin: Origin | None, todo: str = "", **names: str) -> Finding:
    """Return a finding about something that is written at ``origin``."""
    return Finding(code, severity, message, where=str(origin or ""), todo=todo, **names)


def exception_problems(
    exceptions: t.Iterable[AccessException], organisation: Organisation | None, today: dt.date
) -> t.Iterator[Finding]:
    """Yield what is wrong with exceptions: their days, who approved them, and whom they are for."""
    for exception in exceptions:
        if exception.ends_at is not None:
            continue  # it was judged when it was given, and ends within hours
        name = f'the exception "{exception.id}"'
        ended = exception.until < today
        yield from _days(exception, "exception", today, "Make it shorter, or make it a rule")
        # What is over is history: it can no longer be put right, and gives nothing.
        severity = "note" if ended else "error"
        if self_approved(exception, organisation or Organisation()):
            who = exception.approved_by or "nobody"
            yield finding_at(
                "self_approved",
                severity,
                f"{name} is approved by {who}, who also asks for it or gets it",
                exception.origin,
                "Somebody else has to approve it",
                person=exception.person,
            )
        if organisation is not None:
            yield from known_person(exception.person, name, exception.origin, organisation, severity)


def _days(one: AccessException | Cover, kind: str, today: dt.date, shorter: str) -> t.Iterator[Finding]:
    """Yield what is wrong with the days of an exception or a cover (``kind``). ``shorter`` says what to do if long."""
    name = f'the {kind} "{one.id}"'
    if one.until < one.start:
        message = f"{name} ends on {one.until}, before it begins on {one.start}"
        yield finding_at("until_before_from", "error", message, one.origin)
    elif one.until < today:
        yield finding_at(
            f"{kind}_ended", "note", f"{name} ended on {one.until}", one.origin, "Its entry can be taken away"
        )
    elif one.until - one.start > LONGEST_EXCEPTION:
        message = f"{name} lasts longer than a year, until {one.until}"
        yield finding_at(f"{kind}_long", "warning", message, one.origin, shorter)


def cover_problems(covers: t.Iterable[Cover], organisation: Organisation | None, today: dt.date) -> t.Iterator[Finding]:
    """Yield what is wrong with cover for colleagues: days, approver, and who stands in for whom."""
    known = organisation or Organisation()
    for cover in covers:
        name = f'the cover "{cover.id}"'
        ended = cover.until < today
        yield from _days(cover, "cover", today, "Make it shorter, or give the person that role")
        severity = "note" if ended else "error"
        if known.same(cover.person, cover.colleague):
            message = f"in {name}, {cover.person} stands in for themselves"
            yield finding_at("cover_self", severity, message, cover.origin, "Name the colleague in `for`")
        approver = cover.approved_by
        if any(known.same(approver, other) for other in (cover.person, cover.colleague, cover.requested_by)):
            message = f"{name} is approved by {approver}, who asks for it, gets it or is covered"
            todo = "Somebody else has to approve it, such as their manager"
            yield finding_at("self_approved", severity, message, cover.origin, todo, person=cover.person)
        if organisation is not None:
            yield from known_person(cover.person, name, cover.origin, organisation, severity)
            yield from known_person(cover.colleague, name, cover.origin, organisation, severity)


def lock_problems(locks: t.Iterable[Lock], organisation: Organisation | None) -> t.Iterator[Finding]:
    """Yield the locks on people whom HR does not know."""
    for lock in locks:
        if organisation is not None:
            # HR may have dropped somebody who is locked; the lock still holds for the accounts.
            yield from known_person(lock.person, "the lock", lock.origin, organisation, "warning")


def known_person(
    reference: str, name: str, origin: Origin | None, organisation: Organisation, severity: str
) -> t.Iterator[Finding]:
    """Yield a finding where ``reference`` means nobody, or several."""
    found = organisation.named(reference)
    if not found:
        everybody = (one for person in organisation for one in (person.username, person.email, person.id) if one)
        message = f'{name} is for "{reference}", whom HR does not know'
        hint = did_you_mean(reference, everybody)
        yield finding_at("unknown_person", severity, message, origin, hint, person=reference)
    elif len(found) > 1:
        ids = ", ".join(person.id for person in found)
        message = f'{name} is for "{reference}", which is the name of several people ({ids})'
        yield finding_at("ambiguous_person", severity, message, origin, "Use the id", person=reference)
