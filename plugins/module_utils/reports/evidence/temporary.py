# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access for a time: what was taken without asking, who stood in for whom, and what managers extended."""

from __future__ import annotations

import datetime as dt
import typing as t

from .access_told import GrantKey, GrantTold
from .case import Case, Sheet
from .rulings_told import GlassTold, ReviewTold

#: Where a cover stands that grants name and no file has.
GONE_FROM_FILES = "no file any more"


def break_glass(case: Case) -> Sheet:
    """Break-glass access that somebody had at any time in the period, each with the review that it got."""
    rows = []
    for told in case.history.rulings.glass.values():
        gone = removed_at(case.grants_of(told.person), told)
        if not case.period.overlaps(told.taken, gone or told.ended):
            continue
        if case.scope.has_person(told.person) and case.scope.has_app(told.app):
            who = (told.person, case.name_of(told.person), told.app, told.entitlement)
            said = (case.privileged(told.app, told.entitlement), told.reason, told.entry, told.by)
            late = _minutes(told.ends_at, gone)
            review = case.history.rulings.reviews.get(told.id)
            times = (told.taken, told.ends_at, gone, late, told.became)
            rows.append((told.id, *who, *said, *times, *_reviewed(review), told.seq))
    return case.sheet(
        "break_glass",
        "Break-glass access",
        "What people took in the period without asking, as the policy lets them: why, until when it was allowed, when "
        "it was gone, and what the app's owner said of it in the review afterwards. Minutes are from the allowed end "
        "to the end that was seen; negative where it ended before.",
        "break_glass person_id person app entitlement privileged reason allowed_by run_by taken_at ends_at removed_at "
        "minutes_after_end became review_opened_at reviewer decision decided_by decided_at decision_reason "
        "review_closed_at event",
        sorted(rows, key=lambda row: (row[9], row[0])),
    )


def removed_at(grants: t.Iterable[GrantTold], told: GlassTold) -> dt.datetime | None:
    """Return when what was taken was seen to be gone; None while it is there, or was never seen."""
    ends = [
        grant.until
        for grant in grants
        if (grant.app, grant.entitlement) == (told.app, told.entitlement)
        and any(reason.get("id") == told.id for reason in (*grant.because, grant.ended_because or {}))
    ]
    return None if None in ends else max((end for end in ends if end is not None), default=None)


def _minutes(start: dt.datetime, end: dt.datetime | None) -> float | None:
    return None if end is None else round((end - start).total_seconds() / 60, 1)


def _reviewed(review: ReviewTold | None) -> tuple[t.Any, ...]:
    """Return when the review was opened, whose it is, what they decided when and why, and when it was closed."""
    if review is None:
        return (None, "", "", "", None, "", None)
    item = next(iter(review.items.values()), {})
    said = tuple(str(item.get(name) or "") for name in ("reviewer", "decision", "decided_by"))
    decided, closed = item.get("decided_at"), review.values.get("closed_at")
    moments = tuple(dt.datetime.fromisoformat(at) if at else None for at in (decided, closed))
    return (review.opened, *said, moments[0], str(item.get("reason") or ""), moments[1])


def cover(case: Case) -> Sheet:
    """Who stood in for whom at any time in the period, and what that gave."""
    first, last = case.period.first, case.period.last
    covered = case.history.access.covered
    rows: list[tuple[t.Any, ...]] = []
    for one in case.covers:
        person, colleague = case.person_named(one.person), case.person_named(one.colleague)
        gave = _within(case, covered.get(one.id, {}))
        about = one.apps is None or any(case.scope.has_app(app) for app in one.apps)
        if one.start > last or one.until < first or not case.scope.has_person(person) or not (gave or about):
            continue
        who = (person, case.name_of(person), colleague, case.name_of(colleague), gave, one.privileged)
        said = (one.reason, one.requested_by, one.approved_by, one.start, one.until)
        rows.append((one.id, *who, *said, case.place(one.origin) or "file"))
    for id in covered.keys() - {one.id for one in case.covers}:
        rows += _of_grants_alone(case, id, covered[id])
    return case.sheet(
        "cover",
        "Cover for colleagues",
        "Who stood in for whom in the period, what that gave, who asked and who approved. As the files are now, with "
        "the ends that managers gave them; what was given is from the events. A cover that no file has any more is "
        "told by what it gave alone, and who approved it is in git's history.",
        "cover person_id person for_id for gave privileged_too reason requested_by approved_by start until where",
        sorted(rows, key=lambda row: (str(row[10] or ""), row[0])),
    )


def _within(case: Case, gave: t.Iterable[GrantKey]) -> tuple[str, ...]:
    return tuple(sorted({f"{app}: {what}" for _person, app, _account, what in gave if case.scope.has_app(app)}))


def _of_grants_alone(case: Case, id: str, gave: t.Mapping[GrantKey, str]) -> t.Iterator[tuple[t.Any, ...]]:
    for person in sorted({key[0] for key in gave}):
        mine = {key: text for key, text in gave.items() if key[0] == person}
        grants = [
            grant
            for grant in case.grants_of(person)
            if (grant.person, grant.app, grant.account, grant.entitlement) in mine
        ]
        there = any(case.period.overlaps(grant.since, grant.until) for grant in grants)
        if there and case.scope.has_person(person) and _within(case, mine):
            text, *_others = mine.values()
            who = (id, person, case.name_of(person), "", "", _within(case, mine), None)
            yield (*who, text, "", "", None, None, GONE_FROM_FILES)


def extensions(case: Case) -> Sheet:
    """What managers extended in the period."""
    rows = [
        (
            one.at,
            one.kind,
            one.id,
            one.person,
            case.name_of(one.person),
            one.before,
            one.until,
            (one.until - one.before).days,
            one.by,
            one.entered_by,
            one.via,
            one.seq,
        )
        for one in case.history.rulings.extensions
        if case.period.has(one.at) and case.scope.has_person(one.person)
    ]
    return case.sheet(
        "extensions",
        "Extensions",
        "Exceptions and cover that managers extended in the period, with the token of the warning: from which end to "
        "which, by whom, and who entered it.",
        "extended_at kind exception person_id person before until days extended_by entered_by ticket event",
        rows,
    )
