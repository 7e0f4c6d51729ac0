# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reviewers' pages: written when a review opens, and what they saved taken in again."""

from __future__ import annotations

import dataclasses
import datetime as dt
import pathlib
import typing as t

from ..errors import ReviewError
from ..ledger.encoding import readable
from ..ledger.store import Ledger
from ..model import Finding, Review, Run, Status
from ..reviews.circumstances import Circumstances
from ..reviews.decision import Decision
from ..reviews.decision_sheet import read_decisions
from ..reviews.decisions_file import PageFile, is_page_file, read_page_file
from ..reviews.handed_in import decisions_of
from ..reviews.packet import Packet, packets
from ..reviews.page import page_stem, render
from ..reviews.reviewers import Reviewers
from ..reviews.rubber_stamping import pace_of, rubber_stamped
from ..reviews.token import Token, issue
from ..writing import PERSONAL, write_text
from .company import Company
from .deciding import with_all_roles

#: The event that says how the decisions of a page's file were taken.
HANDED_IN = "review.handed_in"

_SUFFIXES = (".csv", ".json", ".yml", ".yaml")


@dataclasses.dataclass(frozen=True)
class Given:
    """Decisions from one file or list. ``page`` is the file of a reviewer's page, where it is one."""

    decisions: tuple[Decision, ...]
    notes: tuple[Finding, ...] = ()
    page: PageFile | None = None


@dataclasses.dataclass(frozen=True)
class Written:
    """All files for the reviewers of a review, and those of them that were not there, or said something else."""

    files: tuple[pathlib.Path, ...] = ()
    new: tuple[pathlib.Path, ...] = ()


def write_pages(
    company: Company,
    review: Review,
    reviewers: Reviewers,
    directory: pathlib.Path,
    circumstances: Circumstances | None = None,
) -> Written:
    """Write a page for each reviewer of a review's stage, and for each of their delegates.

    A page that says the same is left alone. One that is written again finds the decisions that the browser keeps.
    ``circumstances`` is what ``around`` returns, where the caller has it.
    """
    files, new = [], []
    circumstances = circumstances or around(company)
    now = company.clock.now()
    name, zone = company.settings.company, company.settings.working_day.zone
    for packet in packets(review, circumstances, now, company=name, zone=zone, reviewers=reviewers):
        path = directory / f"{page_stem(packet)}.html"
        token = token_for(company.ledger, packet)
        if not path.exists() or token.signature not in path.read_text(encoding="utf-8", errors="replace"):
            write_text(path, render(packet, token), PERSONAL)
            new.append(path)
        files.append(path)
    return Written(tuple(files), tuple(new))


def token_for(ledger: Ledger, packet: Packet) -> Token:
    """Return the token of a reviewer's page. Raises LedgerError when there is no key to sign with."""
    return issue(
        ledger,
        campaign=packet.review.id,
        stage=packet.stage,
        reviewer=packet.reviewer,
        due=packet.due.isoformat(),
        shown=packet.shown,
    )


def files_of(path: pathlib.Path) -> tuple[pathlib.Path, ...]:
    """Return the file, or the files of a folder that may hold decisions, by name.

    Raises ReviewError for a folder without any.
    """
    if not path.is_dir():
        return (path,)
    found = tuple(sorted(one for one in path.iterdir() if one.suffix.casefold() in _SUFFIXES and one.is_file()))
    if not found:
        raise ReviewError(
            "there is no file of decisions in this folder",
            where=str(path),
            todo="Put the files there that the pages saved (decisions-....json), or sheets (.csv)",
        )
    return found


def read_given(
    company: Company,
    review: Review,
    path: pathlib.Path,
    reviewers: Reviewers,
    closes: t.Callable[[int], dt.datetime],
    *,
    late: bool,
) -> Given:
    """Return what a file decides. ``closes`` says until when a stage takes decisions; ``late`` takes them later, too.

    Raises ReviewError where it may not be believed, or is not meant for this review."""
    if not is_page_file(path):
        return Given(read_decisions(path))
    page = read_page_file(path, company.ledger)
    now = company.clock.now()
    decisions, notes = decisions_of(page, review, now, reviewers=reviewers, apps=company.apps, closes=closes, late=late)
    return Given(decisions, notes, page)


def note_pace(company: Company, run: Run | None, page: PageFile) -> tuple[Finding, ...]:
    """Write down how the decisions of a file were taken, once for each file; say so where it looks like nobody read."""
    pace = pace_of(page)
    why = rubber_stamped(pace)
    token = page.token
    if run:
        data = {
            "review": token.campaign,
            "stage": token.stage,
            "reviewer": token.reviewer,
            "items": token.items,
            "opened_at": page.opened_at,
            "saved_at": page.saved_at,
            "pace": readable(pace.to_dict()),
            "rubber_stamped": why,
            "seal": page.seal,
        }
        with company.ledger.one_transaction():
            # also where another run takes the same file in at this moment
            known = any(event.data.get("seal") == page.seal for event in company.ledger.events(kind=HANDED_IN))
            if not known:
                company.ledger.append(HANDED_IN, run, company.clock.now(), data=readable(data))
    if not why:
        return ()
    return (
        Finding(
            "rubber_stamped",
            "warning",
            f"review {token.campaign}: {token.reviewer} may not have read what they decided: {why}",
            where=page.where,
            todo="Ask them to look at it again; the review's record says so, too",
        ),
    )


def handed_in(company: Company, review: str) -> tuple[dict[str, t.Any], ...]:
    """Return how the decisions of a review were taken, one mapping for each file that a page saved, oldest first."""
    events = company.ledger.events(kind=HANDED_IN)
    return tuple({**event.data, "taken_in_at": event.at} for event in events if event.data.get("review") == review)


def around(company: Company) -> Circumstances:
    """Return what a page says around an item: people, apps, who has what, who agreed, and earlier reviews."""
    statuses = company.population.statuses
    return Circumstances(
        people=company.people,
        apps=company.apps,
        grants=company.ledger.grants(),
        accounts=company.ledger.accounts(),
        exceptions=company.exceptions,
        closed=company.ledger.reviews(state="closed"),
        present=frozenset(id for id in company.people if statuses[id] in (Status.ACTIVE, Status.LEAVE)),
        wants=lambda: with_all_roles(company),
    )
