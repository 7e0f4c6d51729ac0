# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every sheet of a pack, in the order in which it is read."""

from __future__ import annotations

import dataclasses
import typing as t

from . import conflicting, deciding, governing, joining, leaving, population, temporary, working
from .case import Case, Sheet
from .leaving import leavers_of
from .period import Sample, draw
from .stories import stories
from .unknowns import unknowns


@dataclasses.dataclass(frozen=True, slots=True)
class Pack:
    """A pack, worked out. ``drawn`` are the ids of the sample, in the order in which they were drawn."""

    case: Case
    sheets: tuple[Sheet, ...]
    sample: Sample
    drawn: tuple[str, ...]
    named: tuple[str, ...]

    def sheet(self, name: str) -> Sheet:
        return next(sheet for sheet in self.sheets if sheet.name == name)


def pack_of(case: Case, sample: Sample, named: t.Sequence[str] = ()) -> Pack:
    """Work out a pack. ``named`` are the ids of people whose stories are told besides those of the sample.

    Raises EvidenceError for a sample larger than the population that it is drawn from.
    """
    found = leavers_of(case)
    joined, moved = joining.joiners(case), joining.movers(case)
    left = leaving.leavers(case, found)
    populations = {
        "people": tuple(case.people),
        **{sheet.name: tuple(dict.fromkeys(row[0] for row in sheet.rows)) for sheet in (joined, moved, left)},
    }
    drawn = draw(sample, populations[sample.of])
    told = tuple(dict.fromkeys((*drawn, *named)))
    read = population.apps(case)
    campaigns = deciding.reviews_of(case)
    removed, limits = working.removals_of(case), working.Limits(case, found)
    sheets = (
        unknowns(case, read, joined, found),
        population.people(case),
        population.accounts(case),
        population.grants(case),
        read,
        joined,
        moved,
        left,
        leaving.leaver_removals(case, found),
        working.removals(case, removed, limits),
        working.failed_and_late(case, removed, limits),
        working.failures(case),
        working.tasks(case),
        deciding.reviews(case, campaigns),
        deciding.review_items(case, campaigns),
        deciding.exceptions(case),
        temporary.break_glass(case),
        temporary.cover(case),
        temporary.extensions(case),
        deciding.requests(case),
        deciding.locks(case),
        conflicting.duties(case),
        conflicting.accepted_risks(case),
        population.without_reason(case),
        population.orphans(case),
        governing.policy_versions(case),
        governing.policy_commits(case),
        governing.approvals(case),
        governing.runs(case),
        governing.earlier_packs(case),
        _sample_sheet(case, sample, drawn, len(populations[sample.of])),
        stories(case, told),
    )
    return Pack(case, sheets, sample, drawn, tuple(named))


def _sample_sheet(case: Case, sample: Sample, drawn: t.Sequence[str], of: int) -> Sheet:
    return case.sheet(
        "sample",
        "Sample",
        f"Drawn from {of} {sample.of} with the seed {sample.seed!r}: those with the smallest SHA-256 of seed, colon "
        "and "
        "person_id. Whoever draws again draws the same."
        if sample.size
        else "No sample was asked for.",
        "number person_id person",
        ((number, id, case.name_of(id)) for number, id in enumerate(drawn, 1)),
    )
