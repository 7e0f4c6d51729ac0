# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An auditor's question, from the command to the answer: the slowest one of all."""

from __future__ import annotations

import contextlib
import json
import pathlib
import typing as t

from ...plugins.module_utils.ledger import Ledger
from ...plugins.module_utils.reports.questions.question import Question
from ...plugins.module_utils.reports.questions.registry import QUESTIONS
from ..company import BenchCompany
from ..past import TODAY, write_past
from ..playbooks import playbook
from ..row import Contestant, Place, RateOver, Row, Sample

#: So many seconds a question may take.
SECONDS = 5.0


@contextlib.contextmanager
def rows(place: Place) -> t.Iterator[t.Sequence[Row]]:
    company = BenchCompany(place.size(10_000, 200), place.size(50, 4))
    company.write(place.folder, "http://127.0.0.1:9", as_of=TODAY)
    _write_more(company, place.folder)
    with Ledger.open(f"sqlite:///{place.folder / 'ledger.db'}") as ledger:
        write_past(company, ledger)
    (place.folder / "empty.yml").write_text("- hosts: localhost\n  gather_facts: false\n  tasks: []\n", "utf-8")

    def ask(question: Question) -> Sample:
        given = {"question": question.key, **_given(company, question)}
        arguments = [word for name, value in given.items() for word in ("-e", f"rollcall_{name}={value}")]
        return playbook(place.folder, "rollcall.access.ask", *arguments, says="localhost: ")

    # by processor time: what else runs on the machine makes any of them the one that took longest
    times = sorted(((sample.processor, sample.seconds, question) for question, sample in _once(ask)), key=_took)
    slowest = times[-1][2]
    said = ", ".join(f"{one.key} {processor:.1f} ({seconds:.1f})" for processor, seconds, one in reversed(times))
    yield [
        Row(
            "questions",
            f"the slowest of {len(QUESTIONS)} questions, {slowest.key}, asked of {company.size:,} people with "
            f"{2 * company.accounts():,} grants and half a year of evidence",
            [
                Contestant("rollcall", lambda: ask(slowest)),
                Contestant(
                    "an empty play",
                    lambda: playbook(place.folder, "empty.yml", inventory="localhost,", says="PLAY RECAP"),
                ),
            ],
            [RateOver(1 / SECONDS, 1)],
            f"Once each, seconds of processor time (and by the clock): {said}.",
        )
    ]


def _write_more(company: BenchCompany, folder: pathlib.Path) -> None:
    """Write duties that thousands of people break, and cover for a colleague."""
    app = company.apps[0].key
    duties = [{"id": "both", "why": "four eyes", "one_of": [f"{app}:member"], "and_one_of": [f"{app}:everyone"]}]
    (folder / "access/policy/duties.yml").write_text(json.dumps({"separation_of_duties": duties}), "utf-8")
    people = company.people[1:401]
    covers = [
        {
            "id": f"cover-{one.id}",
            "person": one.id,
            "for": other.id,
            "reason": "on leave",
            "approved_by": company.chief.id,
            "from": "2026-01-05",
            "until": "2026-07-31",
        }
        for one, other in zip(people[::2], people[1::2], strict=False)
    ]
    (folder / "access/exceptions").mkdir()
    (folder / "access/exceptions/cover.yml").write_text(json.dumps({"cover": covers}), "utf-8")


def _once(ask: t.Callable[[Question], Sample]) -> t.Iterator[tuple[Question, Sample]]:
    ask(QUESTIONS[0])  # the first run of all compiles
    for question in QUESTIONS:
        yield question, ask(question)


def _took(one: tuple[float, float, Question]) -> float:
    return one[0]


def _given(company: BenchCompany, question: Question) -> dict[str, str]:
    """Return what is given with a question: all that it needs, and as much of the past as there is.

    No sample is drawn: everybody takes longer.
    """
    values = {
        "app": company.apps[0].key,
        "person": company.chief.id,
        "entitlement": "member",
        "since": "2026-01-05",
        "on": "2026-03-01",
    }
    took = {name for name in question.takes if name in ("on", "since")}
    return {name: values[name] for name in (*question.needs, *sorted(took))}
