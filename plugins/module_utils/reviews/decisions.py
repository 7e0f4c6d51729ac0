# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decisions: the sheet that reviewers fill in, read strictly, and laid onto the review."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import pathlib
import typing as t

from ..errors import PolicyError, ReviewError
from ..model import DECISIONS, App, Finding, Person, Review, ReviewItem
from ..policy.yaml_lines import load_document
from ..tabular import read_csv, write_csv
from .naming import NAMING_COLUMNS, Named, told
from .reviewers import Reviewers
from .stages import stage_now

ANSWER_COLUMNS = ("decision", "change_to", "reason", "by")
TOLD_COLUMNS = (
    "reviewer",
    "person",
    "email",
    "title",
    "department",
    "app",
    "account",
    "entitlement",
    "privileged",
    "since",
    "why",
    "then_gets",
    "last_used",
)
SHEET_COLUMNS = ("item_id", *TOLD_COLUMNS, *ANSWER_COLUMNS)


#: So many wrong lines are said; of more, only how many there are.
_SAID = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided on one item. ``where`` is the file and line that it was read from; ``shown`` is what a
    sheet's line says the item is, in the order of NAMING_COLUMNS (empty where it does not say)."""

    item: str
    decision: str
    change_to: str = ""
    reason: str = ""
    by: str = ""
    where: str = ""
    shown: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Decided:
    """A review with decisions in it.

    ``items`` are those that were decided now, as they are now; ``overruled`` the earlier decision of those among them
    that had one, by the same reviewer; ``notes`` tell of lines that were passed over.
    """

    review: Review
    items: tuple[ReviewItem, ...] = ()
    overruled: tuple[ReviewItem, ...] = ()
    notes: tuple[Finding, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.items)


def write_sheet(
    review: Review,
    people: t.Mapping[str, Person],
    apps: t.Mapping[str, App],
    *,
    reviewer: str = "",
    then_gets: t.Callable[[ReviewItem], str] = lambda item: "",
) -> str:
    """Return the CSV to fill in: every item of one ``reviewer``, or of all; what is decided already stands in it.

    ``then_gets`` says what comes in the place of an item that is revoked.
    """
    rows = []
    for item in review.items:
        if reviewer and item.reviewer.casefold() != reviewer.casefold():
            continue
        rows.append(
            {
                "item_id": item.id,
                **told(item, people, apps),
                "then_gets": then_gets(item),
                "decision": item.decision,
                "change_to": item.change_to,
                "reason": item.reason,
                "by": item.decided_by,
            }
        )
    return write_csv(rows, SHEET_COLUMNS)


def read_decisions(path: str | os.PathLike[str]) -> tuple[Decision, ...]:
    """Read decisions from a CSV sheet, or from YAML or JSON: a list of mappings with item_id, decision, reason, by.

    Raises ReviewError with file and line.
    """
    name = os.fspath(path)
    suffix = pathlib.Path(name).suffix.casefold()
    if suffix == ".csv":
        rows = read_csv(name, required=("item_id", "decision", "by"), allowed=SHEET_COLUMNS, error=ReviewError)
        return tuple(
            Decision(
                r["item_id"],
                r["decision"],
                r["change_to"],
                r["reason"],
                r["by"],
                r.where,
                tuple(r[column] for column in NAMING_COLUMNS),
            )
            for r in rows
            if r["item_id"] or any(r[column] for column in ANSWER_COLUMNS)
        )
    if suffix not in (".yml", ".yaml", ".json") and not pathlib.Path(name).exists():
        raise ReviewError(
            "there is no such file or folder",
            where=name,
            todo="Name the file that came back, or the folder in which such files are",
        )
    if suffix not in (".yml", ".yaml", ".json"):
        raise ReviewError("expected a file of decisions named .csv, .yml, .yaml or .json", where=name)
    try:
        document = load_document(name)
    except PolicyError as error:
        raise ReviewError(error.message, where=error.where, todo=error.todo) from error
    value: t.Any = document.value
    path_to: tuple[str, ...] = ()
    if isinstance(value, dict) and set(value) == {"decisions"}:
        value, path_to = value["decisions"], ("decisions",)
    places = [str(document.origin((*path_to, n))) for n in range(len(value))] if isinstance(value, list) else []
    return decisions_from(value, where=name, places=places)


def decisions_from(value: t.Any, *, where: str, places: t.Sequence[str] = ()) -> tuple[Decision, ...]:
    """Return decisions from a list of mappings. ``places`` says where each was written; else they are numbered.

    Raises ReviewError for anything else, and for an unknown key.
    """
    if not isinstance(value, (list, tuple)):
        raise ReviewError(
            "expected a list of decisions", where=where, todo="Each with item_id, decision, reason and by"
        )
    keys = ("item_id", *ANSWER_COLUMNS)
    found = []
    for number, entry in enumerate(value):
        place = places[number] if number < len(places) else f"{where}, decision {number + 1}"
        if not isinstance(entry, dict):
            raise ReviewError(f"expected a mapping, found {entry!r}", where=place)
        unknown = sorted(set(map(str, entry)) - set(keys))
        if unknown:
            raise ReviewError(
                f"the key {unknown[0]!r} is not known", where=place, todo=f"The keys are {', '.join(keys)}"
            )
        texts: dict[str, str] = {}
        for key in keys:
            text = entry.get(key)
            if text is not None and not isinstance(text, (str, int)):
                raise ReviewError(f"expected {key} to be a text, found {text!r}", where=place)
            texts[key] = "" if text is None else str(text).strip()
        found.append(
            Decision(texts["item_id"], texts["decision"], texts["change_to"], texts["reason"], texts["by"], place)
        )
    return tuple(found)


def decide(
    review: Review,
    decisions: t.Iterable[Decision],
    now: dt.datetime,
    *,
    reviewers: Reviewers,
    apps: t.Mapping[str, App],
    closes: t.Callable[[int], dt.datetime] | None = None,
) -> Decided:
    """Lay decisions onto the open ``review``, one after the other: of two on one item by its reviewer the later holds.

    ``closes`` says until when a stage takes decisions (None: as long as the review is open). A delegate decides in
    their reviewer's stead, which the item tells. A decision that stands already, also in a stage that is over, changes
    nothing. One that is not finished (no decision, no ``by``, a change to
    nothing) is passed over, with a note if it was begun.

    Raises ReviewError, naming every line that is wrong, when the review is closed or the stage's time is over, an item
    is not in it, somebody else than the item's reviewer or their delegate decides, or the decision makes no sense; then
    nothing is decided.
    """
    items = {item.id: item for item in review.items}
    now_decided: dict[str, ReviewItem] = {}
    overruled: dict[str, ReviewItem] = {}
    notes: list[Finding] = []
    wrong: list[str] = []
    late = False
    named = Named(review, reviewers, apps)
    for decision in decisions:
        begun = any((decision.decision, decision.change_to, decision.reason))
        missing = _missing(decision)
        if missing:
            if begun:
                message = f"item {decision.item or '(none)'} was passed over: {missing}"
                notes.append(Finding("decision_unfinished", "note", message, where=decision.where))
            continue
        item = items.get(decision.item)
        if item is not None and _stands(item, decision, reviewers):
            continue
        problem = _problem(review, item, decision, reviewers, apps)
        if not problem and item is not None and closes is not None and closes(item.stage) <= now:
            problem, late = f"item {item.id} was to be decided by {closes(item.stage):%Y-%m-%d %H:%M} UTC", True
        problem = problem or named.another(decision.item, decision.shown)
        if problem or item is None:
            wrong.append(f"{decision.where}: {problem}" if decision.where else problem)
            continue
        if item.decision:
            overruled.setdefault(item.id, item)
        items[item.id] = now_decided[item.id] = dataclasses.replace(
            item,
            decision=decision.decision.casefold(),
            change_to=decision.change_to,
            reason=decision.reason,
            decided_by=decision.by,
            decided_at=now,
            in_stead_of=reviewers.in_stead_of(decision.by, item) or "",
            by_default=False,
        )
        if not _explained(item) and decision.decision.casefold() != "revoke":
            notes.append(_unexplained(item, decision))
        if named.otherwise(decision.item, decision.shown):
            notes.append(_otherwise(item, decision))
    if wrong:
        more = f"; and {len(wrong) - _SAID} more" if len(wrong) > _SAID else ""
        raise ReviewError(
            "; ".join(wrong[:_SAID]) + more, where=f"review {review.id}", todo=_todo(review, late), lines=wrong
        )
    changed = dataclasses.replace(review, items=tuple(items.values())) if now_decided else review
    return Decided(changed, tuple(now_decided.values()), tuple(overruled.values()), tuple(notes))


def _todo(review: Review, late: bool) -> str:
    if review.state != "open":
        return "Nothing was decided. What is still to be taken away needs a review of its own"
    if late:
        return (
            "Nothing was decided. Close the review without them, or take them in all the same with "
            "-e rollcall_late=true"
        )
    return "Correct these and read the decisions again. Nothing was decided"


def _otherwise(item: ReviewItem, decision: Decision) -> Finding:
    return Finding(
        "decision_on_older_words",
        "warning",
        f"item {item.id} ({item.entitlement or 'the account'} in {item.app}): what the sheet said about it has changed "
        "since; see whether the decision still stands",
        where=decision.where,
        app=item.app,
        person=item.person,
        account=item.account,
    )


def _explained(item: ReviewItem) -> bool:
    return not item.entitlement or any(reason.kind != "unexplained" for reason in item.because)


def _unexplained(item: ReviewItem, decision: Decision) -> Finding:
    return Finding(
        "decision_without_rule",
        "warning",
        f"item {item.id}: nothing in the policy gives {item.entitlement} in {item.app}, so the decision to "
        f"{decision.decision.casefold()} it will not hold against reconcile",
        where=decision.where,
        todo="Write a rule, or an exception, for it",
        app=item.app,
        person=item.person,
        account=item.account,
    )


def _of_nobody(item: ReviewItem, decision: Decision, reviewers: Reviewers) -> str:
    """What is wrong with a decision on an account that belongs to nobody: to keep it is to say whose it is."""
    word = decision.decision.casefold()
    named = reviewers.person(decision.change_to) if decision.change_to else None
    if word == "revoke":
        return f"item {item.id} is to revoke, and change_to says {decision.change_to!r}" if decision.change_to else ""
    if not decision.change_to:
        return f"item {item.id}: to keep an account that belongs to nobody, name in change_to who answers for it"
    if word == "keep" and named is None and "@" not in decision.change_to:
        return f"item {item.id}: there is nobody {decision.change_to!r} who could answer for the account"
    if word == "change" and named is None:
        return f"item {item.id}: there is no person {decision.change_to!r} whose account it could be"
    return f"{decision.change_to} has left (item {item.id})" if reviewers.is_gone(decision.change_to) else ""


def _missing(decision: Decision) -> str:
    if not decision.item:
        return "it names no item"
    if not decision.decision:
        return "there is no decision (keep, revoke or change)"
    if not decision.by:
        return "by is empty (who decides)"
    if decision.decision.casefold() == "change" and not decision.change_to:
        return "change_to is empty (what it becomes)"
    return ""


def _stands(item: ReviewItem, decision: Decision, reviewers: Reviewers) -> bool:
    word = decision.decision.casefold()
    same = (item.decision, item.change_to) == (word, decision.change_to)
    if same and not item.by_default and reviewers.same(item.decided_by, decision.by):
        return True
    # what somebody said in a stage before is known, and said once more no decision of theirs in this one
    return any(
        not one.by_default and one.decision == word and reviewers.same(one.decided_by, decision.by)
        for one in item.earlier
        if reviewers.in_stead_of(decision.by, item) is None
    )


def _problem(
    review: Review,
    item: ReviewItem | None,
    decision: Decision,
    reviewers: Reviewers,
    apps: t.Mapping[str, App],
) -> str:
    word = decision.decision.casefold()
    if item is None:
        return f"item {decision.item} is not in review {review.id}"
    if review.state != "open":
        when = f" on {review.closed_at:%Y-%m-%d %H:%M} UTC" if review.closed_at else ""
        return f"item {item.id} cannot be decided: the review was closed{when}"
    if word not in DECISIONS:
        return f"expected keep, revoke or change for item {item.id}, found {decision.decision!r}"
    if reviewers.same(decision.by, item.person):
        return f"{decision.by} cannot decide on their own access (item {item.id})"
    if reviewers.is_gone(decision.by):
        return f"{decision.by} has left and decides nothing any more (item {item.id}); it goes to their manager"
    if reviewers.in_stead_of(decision.by, item) is None:
        stage = f" in stage {item.stage + 1} of {review.last_stage + 1}" if review.last_stage else ""
        return f"item {item.id} is {item.reviewer or 'nobody'}'s to decide{stage}, not {decision.by}'s"
    if item.stage < stage_now(review):
        return f"item {item.id} was decided in stage {item.stage + 1}, which is over"
    if not item.person:
        return _of_nobody(item, decision, reviewers)
    if word != "change":
        return f"item {item.id} is to {word}, and change_to says {decision.change_to!r}" if decision.change_to else ""
    app = apps.get(item.app)
    if decision.change_to == item.entitlement:
        return f"item {item.id} would change to what it is"
    if app is None or decision.change_to not in app.entitlements:
        there = ", ".join(app.entitlements) if app else "none"
        return f"{item.app} has no entitlement {decision.change_to!r} (item {item.id}); it has: {there}"
    return ""
