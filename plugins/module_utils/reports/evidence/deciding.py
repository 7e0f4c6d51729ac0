# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people decided: reviews, exceptions, requests and locks. What they did for a time is in temporary.py."""

from __future__ import annotations

import collections
import datetime as dt
import typing as t

from .case import Case, Sheet, reasons_text
from .rulings_told import ExceptionTold, ReviewTold

Pairs = t.Iterable[t.Sequence[str]]


def _pairs(grants: Pairs) -> tuple[str, ...]:
    return tuple(f"{app}: {entitlement}" if entitlement else app for app, entitlement in grants)


def _moment(value: t.Any) -> dt.datetime | None:
    return dt.datetime.fromisoformat(value) if isinstance(value, str) and value else None


def reviews_of(case: Case) -> list[ReviewTold]:
    """Return the campaigns that were open at any time in the period."""
    found = [
        review
        for review in case.history.rulings.reviews.values()
        if case.period.overlaps(review.opened, _moment(review.values.get("closed_at")))
    ]
    return sorted(found, key=lambda review: (review.opened, review.id))


def _items(case: Case, review: ReviewTold) -> list[tuple[str, dict[str, t.Any]]]:
    return [
        (id, item)
        for id, item in review.items.items()
        if case.scope.has_person(item["person"]) and case.scope.has_app(item["app"])
    ]


def reviews(case: Case, found: t.Iterable[ReviewTold]) -> Sheet:
    rows = []
    for review in found:
        items = [item for _id, item in _items(case, review)]
        decided = collections.Counter(str(item.get("decision") or "") for item in items)
        outcomes = collections.Counter(str(item.get("outcome") or "") for item in items)
        rows.append(
            (
                review.id,
                review.text("title"),
                str(review.values.get("scope") or ""),
                review.opened,
                review.text("opened_by"),
                _moment(review.values.get("due")),
                review.text("state"),
                _moment(review.values.get("closed_at")),
                review.text("closed_by"),
                review.text("undecided"),
                len(items),
                decided["keep"],
                decided["revoke"],
                decided["change"],
                decided[""],
                sum(1 for item in items if item.get("by_default")),
                tuple(f"{name}: {count}" for name, count in sorted(outcomes.items()) if name),
            )
        )
    return case.sheet(
        "reviews",
        "Access reviews",
        "Every campaign that was open in the period. By default: nobody decided, and the campaign's rule for silence "
        "held.",
        "review title scope opened opened_by due state closed closed_by when_undecided items kept revoked changed "
        "undecided "
        "by_default outcomes",
        rows,
    )


def _earlier(one: t.Mapping[str, t.Any]) -> str:
    who = one.get("decided_by") or ("nobody: silence" if one.get("by_default") else one.get("reviewer", ""))
    return f"{one.get('decision') or 'nothing'} by {who}, {str(one.get('decided_at') or '')[:16]}"


def review_items(case: Case, found: t.Iterable[ReviewTold]) -> Sheet:
    rows = []
    for review in found:
        for id, item in _items(case, review):
            texts = (str(item.get(name) or "") for name in ("decision", "change_to", "decided_by"))
            rows.append(
                (
                    review.id,
                    id,
                    item["person"],
                    case.name_of(item["person"]),
                    item["app"],
                    str(item.get("account") or ""),
                    str(item.get("entitlement") or ""),
                    bool(item.get("privileged")),
                    _moment(item.get("since")),
                    reasons_text(item.get("because") or ()),
                    str(item.get("reviewer") or ""),
                    tuple(map(_earlier, item.get("earlier") or ())),
                    *texts,
                    _moment(item.get("decided_at")),
                    str(item.get("reason") or ""),
                    bool(item.get("by_default")),
                    str(item.get("in_stead_of") or ""),
                    str(item.get("outcome") or ""),
                    _moment(item.get("outcome_at")),
                    str(item.get("explanation") or ""),
                )
            )
    return case.sheet(
        "review_items",
        "Decisions of the reviews",
        "One row for each thing that was put to a reviewer: what was decided, by whom, and what came of it. Outcomes: "
        "kept, verified (taken away and read back), gone (was gone already), carried_out (done by somebody's word), "
        "task (in the owner's hands), declined, failed. Earlier stages: what was decided before the last reviewer.",
        "review item person_id person app account entitlement privileged since reasons reviewer earlier_stages "
        "decision change_to decided_by decided_at reason by_default in_stead_of outcome outcome_at explanation",
        rows,
    )


def exceptions(case: Case) -> Sheet:
    first, last = case.period.first, case.period.last
    rows: list[tuple[t.Any, ...]] = []
    for told in case.history.rulings.exceptions.values():
        start = dt.date.fromisoformat(str(told.values["start"]))
        until = _extended(case, told)
        grants = [tuple(pair) for pair in told.values["grants"]]
        if start > last or until < first or (told.ended and told.ended < case.period.begins):
            continue
        if not case.scope.has_person(told.person) or not any(case.scope.has_app(app) for app, _what in grants):
            continue
        who = (told.person, case.name_of(told.person), _pairs(grants))
        said = tuple(str(told.values[name]) for name in ("reason", "requested_by", "approved_by"))
        over = (told.ended, told.ended_by, told.end_reason)
        kind = "request" if told.id in case.history.requests else "break_glass" if told.ends_at else "exception"
        rows.append((told.id, kind, *who, *said, start, told.ends_at or until, *over, "ledger"))
    for file in case.exceptions:
        person = case.person_named(file.person)
        if file.start > last or file.until < first or not case.scope.has_person(person):
            continue
        if any(case.scope.has_app(app) for app, _what in file.grants):
            who = (person, case.name_of(person), _pairs(file.grants))
            said = (file.reason, file.requested_by, file.approved_by)
            place = case.place(file.origin) or "file"
            rows.append((file.id, file.kind, *who, *said, file.start, file.until, None, "", "", place))
    return case.sheet(
        "exceptions",
        "Exceptions",
        "Access outside the rules, for a time, that was in force in the period: who asked, who approved, and why. "
        "Those made at run time are in the ledger; those in files are as the files are now, with the ends that "
        "managers gave them, and their history is in git. Cover for colleagues is in the table cover.",
        "exception kind person_id person grants reason requested_by approved_by start until ended_at ended_by "
        "end_reason "
        "where",
        sorted(rows, key=lambda row: (row[8], row[0])),
    )


def _extended(case: Case, told: ExceptionTold) -> dt.date:
    """Return the last day of an exception that was made at run time, with what managers have added to it."""
    until = told.last_day
    for one in case.history.rulings.extensions:
        if (one.kind, one.id, one.before) == ("exception", told.id, until):
            until = one.until
    return until


def requests(case: Case) -> Sheet:
    rows = []
    for request in case.history.requests.values():
        ended = _moment(request.values.get("ended_at"))
        if not case.period.overlaps(request.made, ended) or not case.scope.has_person(request.person):
            continue
        grants = [tuple(pair) for pair in request.values.get("grants", ())]
        if not any(case.scope.has_app(app) for app, _what in grants):
            continue
        said = tuple(_approver(one) for one in request.approvers)
        rows.append(
            (
                request.id,
                request.person,
                case.name_of(request.person),
                _pairs(grants),
                request.text("reason"),
                request.text("requested_by"),
                request.made,
                request.text("start"),
                request.text("until"),
                request.state,
                said,
                ended,
                request.text("via"),
                request.text("note"),
                request.seq,
            )
        )
    return case.sheet(
        "requests",
        "Requests",
        "What people asked for in the period, who had to agree, and what they said.",
        "request person_id person grants reason requested_by requested_at start until state approvers ended_at came_by "
        "note event",
        sorted(rows, key=lambda row: (row[6], row[0])),
    )


def _approver(one: t.Mapping[str, t.Any]) -> str:
    who = f"{one.get('address', '')} ({one.get('role', '')})"
    if not one.get("decision"):
        return f"waiting for {who}"
    at = one.get("at")
    when = at.isoformat(timespec="minutes") if isinstance(at, dt.datetime) else str(at or "")
    return f"{one['decision']} by {one.get('by') or who} as {one.get('role', '')} {when}".strip()


def locks(case: Case) -> Sheet:
    rows = []
    for lock in case.history.rulings.locks:
        over = min((at for at in (lock.lifted, lock.until) if at is not None), default=None)
        if case.period.overlaps(lock.since, over) and case.scope.has_person(lock.person):
            lifted = (lock.lifted, lock.lifted_by, lock.lift_reason)
            rows.append((lock.person, case.name_of(lock.person), lock.reason, lock.by, lock.since, lock.until, *lifted))
    return case.sheet(
        "locks",
        "Emergency locks",
        "People who were cut off at once in the period, by whom and why. A lock beats every rule until it is lifted.",
        "person_id person reason by since until lifted_at lifted_by lift_reason",
        sorted(rows, key=lambda row: (row[4], row[0])),
    )
