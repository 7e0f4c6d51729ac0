# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people decided about somebody, as lines of the story: exceptions, cover, break-glass access, locks, reviews."""

from __future__ import annotations

import datetime as dt
import typing as t

from .case import Case
from .rulings_told import ReviewTold, RulingsTold

#: number of the event, time, what, app, details, why, by, run
Line = tuple[int, dt.datetime, str, str, str, str, str, str]


def of_rulings(case: Case, id: str) -> t.Iterator[Line]:
    """Yield a line for each thing that people decided about this person."""
    rulings = case.history.rulings
    yield from _of_exceptions(case, rulings, id)
    yield from _of_covers(case, id)
    yield from _of_glass(case, rulings, id)
    for one in rulings.extensions:
        if one.person == id:
            details = f"{one.before} to {one.until}" + (f", ticket {one.via}" if one.via else "")
            entered = f"{one.by}, entered by {one.entered_by}" if one.entered_by not in ("", one.by) else one.by
            yield one.seq, one.at, f"{one.kind} {one.id} extended", "", details, "", entered, ""
    for lock in rulings.locks:
        if lock.person == id:
            yield 0, lock.added, "locked out at once", "", "", lock.reason, lock.by, ""
            if lock.lifted:
                yield 0, lock.lifted, "lock lifted", "", "", lock.lift_reason, lock.lifted_by, ""
    for review in rulings.reviews.values():
        for item in review.items.values():
            if item["person"] == id and case.scope.has_app(item["app"]):
                yield from _of_item(review, item)


def _of_item(review: ReviewTold, item: t.Mapping[str, t.Any]) -> t.Iterator[Line]:
    """Yield what was decided of one thing, at every stage."""
    for one in (*(item.get("earlier") or ()), item):
        if one.get("decision"):
            at = one.get("decided_at")
            when = dt.datetime.fromisoformat(at) if at else review.opened
            outcome = f"outcome: {item.get('outcome') or 'none yet'}" if one is item else "passed on to the next stage"
            details = f"{item.get('entitlement', '')}; {outcome}"
            said = (str(one.get("reason") or ""), str(one.get("decided_by") or ""))
            yield 0, when, f"review {review.id}: {one['decision']}", item["app"], details, *said, ""


def _of_exceptions(case: Case, rulings: RulingsTold, id: str) -> t.Iterator[Line]:
    for told in rulings.exceptions.values():
        # what was taken without asking is told by itself
        if told.person == id and told.id not in rulings.glass:
            by = f"asked by {told.values['requested_by']}, approved by {told.values['approved_by']}"
            details = f"{_things(told.values['grants'])}, {told.values['start']} to {told.values['until']}"
            yield 0, told.added, f"exception {told.id} made", "", details, str(told.values["reason"]), by, ""
            if told.ended:
                yield 0, told.ended, f"exception {told.id} ended", "", "", told.end_reason, told.ended_by, ""
    for file in case.exceptions:
        if case.person_named(file.person) == id:
            by = f"asked by {file.requested_by}, approved by {file.approved_by}"
            details = f"{_things(file.grants)}, {file.start} to {file.until}, in {case.place(file.origin)}"
            yield 0, _morning(case, file.start), f"exception {file.id} begins", "", details, file.reason, by, ""


def _of_covers(case: Case, id: str) -> t.Iterator[Line]:
    for one in case.covers:
        person, colleague = case.person_named(one.person), case.person_named(one.colleague)
        if id not in (person, colleague) or _morning(case, one.start) > case.now:
            continue
        by = f"asked by {one.requested_by}, approved by {one.approved_by}"
        details = f"{one.start} to {one.until}, in {case.place(one.origin)}"
        if id == person:
            gave = sorted({(app, what) for _who, app, _account, what in case.history.access.covered.get(one.id, ())})
            what, details = f"stands in for {case.name_of(colleague)}", f"{_things(gave) or 'nothing'}, {details}"
        else:
            what = f"{case.name_of(person)} stands in for them"
        yield 0, _morning(case, one.start), f"cover {one.id}: {what}", "", details, one.reason, by, ""


def _of_glass(case: Case, rulings: RulingsTold, id: str) -> t.Iterator[Line]:
    for told in rulings.glass.values():
        if told.person != id or not case.scope.has_app(told.app):
            continue
        until = f"{told.ends_at.astimezone(dt.timezone.utc):%Y-%m-%d %H:%M} UTC"
        details = f"{told.entitlement} until {until}, as {told.entry} of the policy allows"
        yield told.seq, told.taken, f"break-glass access {told.id} taken", told.app, details, told.reason, told.by, ""
        made = rulings.exceptions.get(told.id)
        if made is not None and made.ended:
            said = (made.end_reason, made.ended_by)
            yield 0, made.ended, f"break-glass access {told.id} ended early", told.app, told.entitlement, *said, ""
        if told.ended:
            over = f"break-glass access {told.id} is over: {told.became}"
            yield 0, told.ended, over, told.app, told.entitlement, "", "", ""


def _things(grants: t.Iterable[t.Sequence[str]]) -> str:
    return ", ".join(f"{app}: {what}" for app, what in grants)


def _morning(case: Case, day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), case.working_day.zone).astimezone(dt.timezone.utc)
