# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two commits of catalog, policy, exceptions and locks, held against the people of now.

Reads git and the ledger; no app, and nothing is written but into a temporary folder.
"""

from __future__ import annotations

import dataclasses
import pathlib
import tempfile
import typing as t

from ..errors import PolicyError
from ..model import Status
from ..policy.at_commit import write_commit
from ..policy.organisation import Organisation
from ..policy.refused import refused_finding
from ..reports.comparison import Comparison, Side, difference
from .company import Company
from .deciding import decide

WORKING_TREE = "the working tree"
_FOLDERS = ("catalog", "policy", "exceptions", "locks")
_SHORT = 12


def compare(company: Company, before: str, after: str = "") -> Comparison:
    """Return who gains and loses what from commit ``before`` to commit ``after`` (empty: the working tree).

    The people, what was granted at run time, and what reviews took away are those of now. Raises PolicyError for what
    git does not have, and for what is wrong in a commit, with the commit and the file.
    """
    with tempfile.TemporaryDirectory(prefix="rollcall-") as folder:
        first = _side(company, before, pathlib.Path(folder) / "from")
        second = _side(company, after, pathlib.Path(folder) / "to")
    people = {id: company.people[id] for id in _here(company)}
    return difference(first, second, people)


def _here(company: Company) -> list[str]:
    return [id for id in company.people if company.population.statuses.get(id) in (Status.ACTIVE, Status.LEAVE)]


def _side(company: Company, revision: str, folder: pathlib.Path) -> Side:
    if not revision:
        return _decided(company, WORKING_TREE)
    folder.mkdir()
    settings = company.settings
    places = {name: getattr(settings, name) for name in _FOLDERS}
    found = write_commit(revision, settings.base, places, folder)
    other = Company(
        dataclasses.replace(settings, **t.cast(t.Any, found.folders)),
        resolve=company.resolve,
        modules=company.modules,
        anew=True,
    )
    # people, and what was granted or taken away at run time, are the same on both sides
    other.ledger = company.ledger
    other.feed = company.feed
    other.commit = found.id
    other.population = company.population
    other.organisation = Organisation(company.people)
    try:
        return _decided(other, found.id[:_SHORT])
    except PolicyError as error:
        # as git itself calls a file of a commit
        message, where = (text.replace(f"{folder}/", f"{found.id[:_SHORT]}:") for text in (error.message, error.where))
        raise PolicyError(message, where=where, todo=error.todo) from error


def _decided(company: Company, name: str) -> Side:
    decision = decide(company, _here(company))
    conflicts = {
        (company.people[id].username or id, str(one.clash)): one.clash.through(one.held)
        for id, mine in decision.clashes.items()
        for one in mine
        if one.risk is None
    }
    refused = {
        one.exception.id: refused_finding(one, company.people[one.person].username, one.day).message
        for one in decision.refused
    }
    return Side(
        name,
        company.policy.version,
        decision.wants,
        company.apps,
        conflicts,
        refused,
    )
