# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All reviews, brought up to date: what a run does every day, so that nobody has to look after them.

Small reviews are opened for what happened. In open ones decisions files are taken in, what waits for somebody who left
or is late goes on, stages end, reviewers are reminded, and, where that is wanted, what is over is closed. Of closed
ones what is left is carried out, and they end.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import pathlib
import typing as t

from ..desks.news import News
from ..errors import GuardStop, ReviewError, ReviewMoved
from ..fulfilment.executor import Outcome
from ..model import Finding, Review, Run
from ..reviews import closing
from ..reviews.circumstances import Circumstances
from ..reviews.following import Waiting, pass_on, waiting
from ..reviews.stages import move_on, stage_now, waits
from .about_reviews import closes_of, review_of, reviewers_of, rules_of
from .closing_reviews import close
from .company import Company
from .glass_reviews import open_glass_reviews
from .handing_in import take_file
from .review_events import open_event_reviews
from .review_folders import folder_of, write_for_reviewers
from .reviewers_pages import around

#: What a decisions file may be called.
_SUFFIXES = (".csv", ".yml", ".yaml", ".json")


@dataclasses.dataclass
class Followed:
    """What became of the reviews in this run, by their ids.

    ``taken_in`` and ``written`` are files; ``decided``, ``handed_over`` and ``passed_on`` count items; ``reminded``
    says who was to be told what; ``problems`` are what may not be called a success.
    """

    opened: list[str] = dataclasses.field(default_factory=list)
    taken_in: list[str] = dataclasses.field(default_factory=list)
    decided: dict[str, int] = dataclasses.field(default_factory=dict)
    handed_over: dict[str, int] = dataclasses.field(default_factory=dict)
    passed_on: dict[str, int] = dataclasses.field(default_factory=dict)
    reminded: list[Waiting] = dataclasses.field(default_factory=list)
    closed: list[str] = dataclasses.field(default_factory=list)
    ended: list[str] = dataclasses.field(default_factory=list)
    outcomes: list[Outcome] = dataclasses.field(default_factory=list)
    written: list[pathlib.Path] = dataclasses.field(default_factory=list)
    findings: list[Finding] = dataclasses.field(default_factory=list)
    problems: list[str] = dataclasses.field(default_factory=list)
    #: all that waits for somebody, told or not
    waiting: list[Waiting] = dataclasses.field(default_factory=list)

    @property
    def changed(self) -> bool:
        done = (self.opened, self.decided, self.handed_over, self.passed_on, self.reminded, self.closed, self.ended)
        return any(done) or bool(self.written) or any(outcome.changed for outcome in self.outcomes)

    def news(self) -> tuple[tuple[str, News], ...]:
        """Return, with an address each, what reviewers and their delegates are to be told now."""
        return tuple((address, news_of(one, address)) for one in self.waiting for address in one.addresses)


def follow_reviews(
    company: Company,
    run: Run,
    *,
    decisions: pathlib.Path | None = None,
    close_due: bool = False,
    directory: pathlib.Path | None = None,
    pages: pathlib.Path | None = None,
    progress: t.Callable[[t.Any, t.Any], None] | None = None,
) -> Followed:
    """Bring all reviews up to date. ``decisions`` is a folder with a folder for each review, named by its id, and so is
    ``pages``, into which what is new for reviewers is written; ``directory`` takes the records of closed ones.

    A company that does not write works out what can be worked out, and keeps nothing. What goes wrong in one review is
    a problem of that one; the others go on.
    """
    follower = _Follower(company, run, directory, pages, progress)
    follower.open_small_ones()
    for review in company.ledger.reviews(state="open", items=False):
        with follower.guarded(review.id):
            follower.bring_on(review.id, decisions, close_due=close_due)
    for review in company.ledger.reviews(state="closed", items=False):
        if review.ended_at is None and review.id not in follower.found.closed:
            with follower.guarded(review.id):
                follower.see_through(review.id)
    return follower.found


def news_of(one: Waiting, address: str) -> News:
    """Return what waits for a reviewer as news for them, or for their delegate at ``address``: of each step once."""
    count = f"{one.items} decision" + ("s" if one.items != 1 else "")
    return News(
        "review",
        one.review if address == one.reviewer else f"{one.review}, in the stead of {one.reviewer}",
        f"{one.title}: {count} for {one.reviewer}",
        stamp=f"{one.stage} {one.reviewer.casefold()} {one.step}",
        due=one.due,
        note="A reminder: this is still undecided" if one.reminder else "",
    )


class _Follower:
    def __init__(
        self,
        company: Company,
        run: Run,
        directory: pathlib.Path | None,
        pages: pathlib.Path | None,
        progress: t.Callable[[t.Any, t.Any], None] | None,
    ) -> None:
        self.company, self.run = company, run
        self.directory, self.pages, self.progress = directory, pages, progress
        self.kept = run if company.writes else None
        self.now = company.clock.now()
        self.rules, self.reviewers = rules_of(company), reviewers_of(company)
        self.found = Followed()

    @contextlib.contextmanager
    def guarded(self, id: str) -> t.Iterator[None]:
        """Let what stops one review not stop the others."""
        try:
            yield
        except ReviewMoved as error:
            # another run is at it, and the next one finds what it left
            self.found.findings.append(Finding(error.code, "note", error.message, where=error.where, todo=error.todo))
        except (GuardStop, ReviewError) as error:
            self._problem(id, error)

    def open_small_ones(self) -> None:
        opened = open_event_reviews(self.company, self.run, self.rules, self.reviewers)
        reviews, findings = open_glass_reviews(self.company, self.run, self.rules)
        self.found.opened += [review.id for review in (*opened.reviews, *reviews)]
        self.found.findings += (*opened.findings, *findings)

    def bring_on(self, id: str, decisions: pathlib.Path | None, *, close_due: bool) -> None:
        if decisions is not None:
            self._take_in(id, decisions / id)
        review = self._moved(id)
        closes = closes_of(self.company, review)
        over = closes(review.last_stage) <= self.now or not any(waits(review, item) for item in review.items)
        if close_due and over:
            self._close(id)
            return
        if over and not any(waits(review, item) for item in review.items):
            self._say("review_decided", "note", id, "all is decided", "Close it (close_review, rollcall_close=true)")
        elif over:
            self._say("review_overdue", "warning", id, "its time is over", "Close it (close_review)")
        else:
            self._remind(review)
            self._write(review)

    def see_through(self, id: str) -> None:
        """Carry out what is left of a closed review, bring outcomes up to date, and let it end."""
        before = review_of(self.company, id)
        done = close(self.company, self.kept, id, directory=self.directory, progress=self.progress)
        self._carried_out(before, done.review, done.outcome, done.findings)

    def _close(self, id: str) -> None:
        done = close(self.company, self.kept, id, directory=self.directory, progress=self.progress)
        if done.changed:
            self.found.closed.append(id)
        self._carried_out(None, done.review, done.outcome, done.findings)

    def _carried_out(
        self, before: Review | None, review: Review, outcome: Outcome | None, findings: t.Iterable[Finding]
    ) -> None:
        if outcome is not None:
            self.found.outcomes.append(outcome)
        if review.ended_at is not None and (before is None or before.ended_at is None):
            self.found.ended.append(review.id)
        self.found.findings += findings
        left = len(closing.unfinished(review)) if self.kept else 0
        if left:
            self.found.problems.append(f"review {review.id}: {left} decisions are not carried out yet")

    # decisions

    def _take_in(self, id: str, folder: pathlib.Path) -> None:
        """Take the decisions files of one review in, each once; one that is wrong is left, and said every time."""
        if not folder.is_dir():
            return
        for path in sorted(path for path in folder.iterdir() if path.suffix.casefold() in _SUFFIXES and path.is_file()):
            key = f"decisions {id} {hashlib.sha256(path.read_bytes()).hexdigest()}"
            if self.company.ledger.noticed(key):
                continue
            try:
                done, given = take_file(self.company, self.kept, id, path)
            except ReviewMoved:
                raise
            except ReviewError as error:
                self._problem(id, error, f"{path.name} was not taken in: ")
                continue
            if self.kept:
                self.company.ledger.notice(key, {"file": path.name, "decisions": given}, self.run, self.now)
            self.found.findings += done.findings
            if done.changed:
                self.found.taken_in.append(str(path))
                self.found.decided[id] = self.found.decided.get(id, 0) + given

    # time

    def _moved(self, id: str) -> Review:
        """Let what is late, or waits for somebody who left, go on, and stages end."""
        company, before = self.company, review_of(self.company, id)
        closes = closes_of(company, before)
        handed = before
        notes: tuple[Finding, ...] = ()
        if closes(stage_now(before)) > self.now:
            handed, notes = pass_on(before, self.reviewers, self.rules, company.settings.working_day, self.now)
        moved, more = move_on(handed, self.now, self.reviewers, closes)
        self.found.findings += (*notes, *more)
        for count, what in (
            (_differ(before, handed), self.found.handed_over),
            (_differ(handed, moved), self.found.passed_on),
        ):
            if count:
                what[id] = count
        if self.kept and handed is not before:
            company.ledger.save_review(handed, "review.handed_over", self.run, self.now, before=before)
        if self.kept and moved is not handed:
            company.ledger.save_review(moved, "review.passed_on", self.run, self.now, before=handed)
        return moved

    def _remind(self, review: Review) -> None:
        found = waiting(review, self.reviewers, self.rules, self.company.settings.working_day, self.now)
        self.found.waiting += found
        known = {one.key for one in found if self.company.ledger.noticed(one.key)}
        new = [one for one in found if one.key not in known]
        self.found.reminded += new
        if self.kept and new:
            told = {"review": review.id, "reviewers": [one.reviewer for one in new]}
            self.company.ledger.notice_all([one.key for one in new], told, self.run, self.now)

    @functools.cached_property
    def _around(self) -> Circumstances:
        return around(self.company)

    def _write(self, review: Review) -> None:
        """Write what reviewers have to fill in since a stage ended, something went on to them, or it was opened."""
        if self.kept and self.pages:
            folder = folder_of(self.pages, review.id)
            made = write_for_reviewers(self.company, review, self.reviewers, folder, self._around)
            self.found.written += made.new

    # what there is to say

    def _problem(self, id: str, error: GuardStop | ReviewError, what: str = "") -> None:
        self.found.findings.append(
            Finding(error.code, "error", f"{what}{error.message}", where=error.where or f"review {id}", todo=error.todo)
        )
        self.found.problems.append(f"review {id}: {what}{error}")

    def _say(self, code: str, severity: str, id: str, what: str, todo: str) -> None:
        self.found.findings.append(Finding(code, severity, f"review {id}: {what}, and it is open", todo=todo))


def _differ(before: Review, after: Review) -> int:
    if before is after:
        return 0
    return sum(one is not other and one != other for one, other in zip(before.items, after.items, strict=True))
