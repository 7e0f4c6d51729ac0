# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A few weeks of a company: somebody joins, moves and leaves, a removal fails, an exception ends, a lock is lifted."""

from __future__ import annotations

import datetime as dt
import itertools
import pathlib
import shutil

from ansible_collections.rollcall.access.plugins.module_utils.company.company import Company
from ansible_collections.rollcall.access.plugins.module_utils.company.packing import Asked, Made, make_pack
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import YES, Answer
from ansible_collections.rollcall.access.plugins.module_utils.errors import Transient
from ansible_collections.rollcall.access.plugins.module_utils.ledger.checkpoints import checkpoint
from ansible_collections.rollcall.access.plugins.module_utils.model import AccessException, Account, Lock
from ansible_collections.rollcall.access.tests.unit.company.place import POLICY, Place
from ansible_collections.rollcall.access.tests.unit.company.test_companies import step
from ansible_collections.rollcall.access.tests.unit.company.test_leaving import tasks_run
from ansible_collections.rollcall.access.tests.unit.fulfilment.memory import Fault

OFFICE = "office@acme.example"
EVE = "5,Łukasz,王,eve@acme.example,Seller,Sales,1,2026-06-10,,employee,Active\n"
DUTY = """
separation_of_duties:
  - {id: four-eyes, why: who rules does not write, never_together: ["hub:admin", "hub:code"]}
accepted_risks:
  - id: audit-season
    duty: four-eyes
    person: ann@acme.example
    owner: cat@acme.example
    reason: nobody else can, until the audit is over
    from: 2026-06-01
    until: 2026-12-31
"""


def live_through(place: Place) -> None:
    """Take the company of ``place`` from 1 June to 3 July."""
    place.write("access/policy/rules.yml", POLICY + DUTY)
    place.app("hub").there["nobody"] = Account("hub", "nobody", username="backup", email="backup@elsewhere.example")
    step(place, "2026-06-01", guard=False)
    answer_all(place, "2026-06-02")
    # a joiner, before the first day; by then somebody allowed the seller to look at the code
    place.write("people.csv", (place.path / "people.csv").read_text(encoding="utf-8") + EVE)
    with Writing(place, "2026-06-08") as writing:
        for id, person, until in (("demo", "4", dt.date(2026, 6, 12)), ("helps", "1", dt.date(2026, 12, 31))):
            asked_by, approved_by = "cat@acme.example", "security@acme.example"
            grants, start = (("hub", "code"),), dt.date(2026, 6, 8)
            allowed = AccessException(id, person, grants, "shows it", asked_by, approved_by, start, until)
            writing.company.ledger.add_exception(allowed, writing.run, writing.now)
    step(place, "2026-06-08")
    answer_all(place, "2026-06-09")
    # a mover
    place.edit("people.csv", ("Dan,Orr,dan@acme.example,Seller,Sales", "Dan,Orr,dan@acme.example,Engineer,Engineering"))
    step(place, "2026-06-15")
    answer_all(place, "2026-06-15")
    # a leaver, whose account cannot be suspended at first; and somebody who is cut off for a day
    place.edit("people.csv", ("Bob,Ray,bob@acme.example,Engineer,Engineering,1,2016-01-01,", _BOB))
    place.app("hub").faults["suspend"] += [Fault(Transient("not now", where="app hub"))] * 5
    step(place, "2026-06-21")
    with Writing(place, "2026-06-22") as writing:
        lock = Lock("3", "a stolen laptop", "security@acme.example", writing.now)
        writing.company.ledger.add_lock(lock, writing.run, writing.now)
    step(place, "2026-06-22", guard=False)
    with Writing(place, "2026-06-23") as writing:
        writing.company.ledger.lift_lock("3", "security@acme.example", "it was found", writing.run, writing.now)
    step(place, "2026-06-23", guard=False)
    answer_all(place, "2026-06-24")


_BOB = "Bob,Ray,bob@acme.example,Engineer,Engineering,1,2016-01-01,2026-06-20"


class Writing:
    """Something that is written to the ledger in a run of its own, which ends with a checkpoint."""

    def __init__(self, place: Place, day: str) -> None:
        self.company = place.open(as_of=day)
        self.run = place.run(self.company)
        self.now = self.company.clock.now()

    def __enter__(self) -> Writing:
        return self

    def __exit__(self, *_: object) -> None:
        self.company.ledger.end_run(self.run, self.now, "ok", {})
        checkpoint(self.company.ledger, self.run, self.now)


def answer_all(place: Place, day: str) -> None:
    """Whoever has a task says that it is done."""
    waiting = place.open(writes=False).ledger.tasks(states=("open",), kind="access")
    tasks_run(place, *(Answer(task.id, YES, "", "done", OFFICE) for task in waiting), as_of=day)


def copy_of(place: Place, path: pathlib.Path) -> Place:
    """Return the same company in another directory, with a ledger of its own. No run may be at work in it."""
    place.close()
    shutil.copytree(place.path, path)
    copy = Place.__new__(Place)
    copy.path, copy._runs, copy._open = path, itertools.count(100), []
    return copy


def packed(place: Place, day: str = "2026-07-03", *, writes: bool = True, **more: object) -> Made:
    """Make a pack of June on a day; ``more`` is what is asked for besides."""
    company: Company = place.open(as_of=day, writes=writes)
    asked = {"first": "2026-06-01", "last": "2026-06-30", "directory": place.path / "pack", "scope": {}, **more}
    begin = (lambda: place.run(company)) if writes else None
    made = make_pack(company, Asked(**asked), actor="auditor", begin=begin)  # type: ignore[arg-type]
    company.close()
    return made


def folder_of(place: Place) -> pathlib.Path:
    return place.path / "pack"
