# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes with leaving besides access: the things that somebody leaves behind, and the secrets that they knew."""

from __future__ import annotations

import typing as t

from ..model import Run
from .choices import Choices, Leaving
from .company import Company
from .rotations import rotate


def open_leaving_tasks(company: Company, run: Run, people: t.Collection[str] | None = None) -> Leaving:
    """Ask managers what shall become of what leavers leave behind, and have the secrets changed that people knew.

    ``people`` (ids) are those whom this run is about; None means everybody. It opens nothing twice, whatever died in
    between, and must come before it is concluded whether somebody is complete.
    """
    found = Leaving()
    if company.writes:
        _rotate(company, run, people, found)
        chosen = company.people.keys() if people is None else [id for id in people if id in company.people]
        Choices(company, run, found).ask(chosen)
    return found


def follow_leaving(company: Company, run: Run) -> Leaving:
    """Open what follows from managers' choices, decide what nobody answered, and cancel what is no longer needed.

    Everything that ``open_leaving_tasks`` does for everybody is done besides. While HR cannot be read, choices wait.
    """
    found = Leaving()
    if company.writes:
        _rotate(company, run, None, found)
        if not company.population.stale:
            choices = Choices(company, run, found)
            choices.ask(company.people.keys())
            choices.follow()
    return found


def _rotate(company: Company, run: Run, people: t.Collection[str] | None, found: Leaving) -> None:
    done = rotate(company, run, people)
    found.opened += done.opened
    found.findings += done.findings
    found.ended.update((task.id, task.state) for task in done.cancelled)
    for task in (*done.opened, *done.cancelled):
        found.people |= task.concerns
