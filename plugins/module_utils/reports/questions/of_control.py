# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions about what is watched, reviewed and recorded."""

from __future__ import annotations

from . import changing, governing, left_over, outside_rules, people, reviews, working
from .question import Question

_PERIOD = ("until",)
_LEAVING = ("CC6.2", "A.5.16", "A.5.18", "164.308(a)(3)(ii)(C)")
_REVIEWED = ("CC6.3", "A.5.18", "164.308(a)(3)(ii)(B)", "164.308(a)(4)(ii)(C)")
_RULES = ("CC6.3", "A.5.15", "164.308(a)(4)(ii)(B)")

OF_CONTROL: tuple[Question, ...] = (
    Question(
        "conflicts",
        "Who has what nobody may have together?",
        outside_rules.conflicts,
        "every conflict of separation of duties, what gives it, and who answers for it",
        ("CC6.1", "CC6.3", "A.5.15"),
        takes=("on",),
    ),
    Question(
        "risks",
        "Which risks were accepted, by whom, and until when?",
        outside_rules.risks,
        "every accepted conflict with its owner, its end, and how many make use of it",
        ("CC6.3", "A.5.15"),
        takes=("on",),
    ),
    Question(
        "reviews",
        "Which access reviews were there, by whom, complete, and on time?",
        reviews.reviews,
        "every campaign that was open in the period: scope, reviewers, how much was decided, and when",
        _REVIEWED,
        needs=("since",),
        takes=_PERIOD,
    ),
    Question(
        "review_removals",
        "What did reviews take away, and when was that verified?",
        reviews.taken_away,
        "every decision to revoke or change, by whom, and when it was proven to be carried out",
        _REVIEWED,
        needs=("since",),
        takes=("until", "app"),
    ),
    Question(
        "review_doubts",
        "Which reviews were decided too fast, by default, or in somebody's stead?",
        reviews.doubtful,
        "decisions that nobody seems to have read, that silence took, and that a delegate took",
        _REVIEWED,
        needs=("since",),
        takes=_PERIOD,
    ),
    Question(
        "tasks",
        "Which manual tasks are open or overdue, and which were attested by whom?",
        working.tasks,
        "every task that is open now, and those that ended in the period, with who said so",
        ("CC6.2", "CC6.3", "A.5.18"),
        takes=("since", "until", "app"),
    ),
    Question(
        "failed",
        "Which changes failed, and what became of them?",
        changing.failed,
        "every attempt that did not work, why, and how the change stands now",
        ("CC6.2", "CC6.3", "A.5.18"),
        needs=("since",),
        takes=("until", "app"),
    ),
    Question(
        "emergencies",
        "Who was cut off at once, by whom, and how long did it take?",
        working.emergencies,
        "every emergency lock, with the minutes until the last cut was proven",
        _LEAVING,
        needs=("since",),
        takes=_PERIOD,
    ),
    Question(
        "unexplained",
        "Which access is explained by nothing?",
        left_over.unexplained,
        "what people have that no rule, exception or request gives",
        ("CC6.1", "CC6.3", "A.5.18", "A.8.2"),
        takes=("app", "department", "on"),
    ),
    Question(
        "unused",
        "Which access has nobody used for 90 days, and which apps do not tell?",
        left_over.unused,
        "people's usable accounts by how long nobody has used them, privileged ones first",
        ("CC6.1", "CC6.3", "A.5.18", "A.8.2"),
        takes=("app", "department"),
    ),
    Question(
        "readings",
        "Which apps were read when, completely, and do their counts agree with the ledger?",
        governing.readings,
        "for each app its readings in the period, and its own number of accounts against the ledger's",
        ("CC6.1", "A.5.16"),
        needs=("since",),
        takes=("until", "app"),
    ),
    Question(
        "guard",
        "What did the guard stop, and who approved it?",
        governing.guard,
        "every plan that would have changed more than the limits allow, and who let it pass",
        _RULES,
        needs=("since",),
        takes=_PERIOD,
    ),
    Question(
        "evidence",
        "Is the evidence whole?",
        governing.evidence,
        "the end of the chain, the last events, and the last signed checkpoint",
        ("CC6.1", "A.5.15"),
    ),
    Question(
        "runs",
        "Who ran what?",
        governing.runs,
        "every run, who started it, with which policy and tool, and how it ended",
        _RULES,
        needs=("since",),
        takes=_PERIOD,
    ),
    Question(
        "coverage",
        "Which apps are covered, and how?",
        governing.coverage,
        "every app of the catalog: automatic, read-only or manual, with owner and connector",
        ("CC6.1", "A.5.15"),
    ),
    Question(
        "story",
        "What is the whole story of a person?",
        people.story,
        "HR's news, rules, approvals, changes, proofs and reviews, in order",
        ("CC6.2", "CC6.3", "A.5.16", "A.5.18", "164.308(a)(4)(ii)(C)"),
        needs=("person",),
    ),
)
