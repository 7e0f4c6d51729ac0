# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All questions, in the order in which they are listed."""

from __future__ import annotations

import difflib

from ...errors import QuestionError
from . import changing, governing, having, left_over, outside_rules, people, reviews, working
from .question import Answer, Question, answer

_PERIOD = ("until",)

_KNOWN_ACCESS = ("CC6.1", "A.5.15", "A.5.18", "164.308(a)(4)(ii)(C)")
_AUTHORISED = ("CC6.2", "CC6.3", "A.5.18", "164.308(a)(3)(ii)(A)", "164.308(a)(4)(ii)(B)")
_PRIVILEGED = ("CC6.1", "CC6.3", "A.8.2")
_LEAVING = ("CC6.2", "A.5.16", "A.5.18", "164.308(a)(3)(ii)(C)")
_REVIEWED = ("CC6.3", "A.5.18", "164.308(a)(3)(ii)(B)", "164.308(a)(4)(ii)(C)")
_RULES = ("CC6.3", "A.5.15", "164.308(a)(4)(ii)(B)")
_IDENTITIES = ("CC6.1", "A.5.16")

QUESTIONS: tuple[Question, ...] = (
    Question(
        "administrators",
        "Who has administrator rights in an app, today or on a day?",
        having.administrators,
        "everybody with an entitlement that the catalog calls privileged, since when and why",
        _PRIVILEGED,
        takes=("app", "on"),
    ),
    Question(
        "accounts",
        "Who has an account in an app, today or on a day?",
        having.accounts,
        "every account, whose it is, how that is known, and whether it can be used",
        _IDENTITIES,
        needs=("app",),
        takes=("on",),
    ),
    Question(
        "holders",
        "Who has a certain entitlement of an app?",
        having.holders,
        "everybody who has it, since when and why",
        _KNOWN_ACCESS,
        needs=("app", "entitlement"),
        takes=("on",),
    ),
    Question(
        "access",
        "What does, or did, a person have?",
        having.access,
        "every account and entitlement of the person, since when and why",
        _KNOWN_ACCESS,
        needs=("person",),
        takes=("on",),
    ),
    Question(
        "why",
        "Why does a person have this?",
        having.why,
        "for each entitlement each reason: rule, exception or request, in whose words, who asked and who approved",
        _AUTHORISED,
        needs=("person",),
        takes=("app", "entitlement", "on"),
    ),
    Question(
        "approvals",
        "Who approved what a person has?",
        having.approvals,
        "for each entitlement by way of what it was approved, and by whom",
        _AUTHORISED,
        needs=("person",),
        takes=("app", "entitlement", "on"),
    ),
    Question(
        "granted",
        "What was granted in a period, and for what reason?",
        changing.granted,
        "every grant that began, to whom, why, and whether it has ended since",
        _AUTHORISED,
        needs=("since",),
        takes=("until", "app", "department"),
    ),
    Question(
        "removed",
        "What was taken away in a period, who decided it, and when was it verified?",
        changing.removed,
        "every removal that was due, why, who decided it, and when and how it was proven",
        ("CC6.2", "CC6.3", "A.5.18", "164.308(a)(4)(ii)(C)"),
        needs=("since",),
        takes=("until", "app", "department"),
    ),
    Question(
        "joiners",
        "Who joined, and how long after their first day was everything there?",
        people.joiners,
        "everybody whose first day lies in the period, with the hours until all was complete",
        ("CC6.2", "A.5.16", "A.5.18", "164.308(a)(4)(ii)(C)"),
        needs=("since",),
        takes=("until", "department"),
    ),
    Question(
        "leavers",
        "Show a sample of leavers, with the time from the last day to the last verified removal",
        people.leavers,
        "those who left, or the drawn ones, with the hours from the last day to the proven end of the last account",
        _LEAVING,
        needs=("since",),
        takes=("until", "sample", "seed"),
    ),
    Question(
        "late_leavers",
        "Which leavers were removed late?",
        people.late_leavers,
        "every account of a leaver that ended after the app's service level, or has not ended",
        _LEAVING,
        needs=("since",),
        takes=("until", "app"),
    ),
    Question(
        "leftovers",
        "Which leavers have anything left?",
        left_over.leftovers,
        "everybody who has left, or whose last day is over, with a usable account, a grant or an open task",
        _LEAVING,
    ),
    Question(
        "movers",
        "Who moved, and what did they gain, lose and keep?",
        people.movers,
        "every change of job, department or manager, with what was given, taken away and kept",
        ("CC6.3", "A.5.18", "164.308(a)(3)(ii)(B)", "164.308(a)(4)(ii)(C)"),
        needs=("since",),
        takes=("until", "department"),
    ),
    Question(
        "nobodys",
        "Which accounts belong to nobody?",
        left_over.nobodys,
        "every account that no person could be found for, and whether the catalog names it on purpose",
        _IDENTITIES,
        takes=("app", "on"),
    ),
    Question(
        "on_purpose",
        "Which shared, service and protected accounts are there, and who owns them?",
        left_over.on_purpose,
        "every protected account and every shared secret of the catalog, with owner and reason",
        ("CC6.1", "A.5.16", "A.5.17", "A.8.2"),
        takes=("app",),
    ),
    Question(
        "contractors",
        "Which contractors are there, until when, and which have no end?",
        people.contractors,
        "everybody who is no employee, with the last day; those without one first",
        ("CC6.2", "A.5.16", "164.308(a)(3)(ii)(A)"),
        takes=("department",),
    ),
    Question(
        "exceptions",
        "Which exceptions are in force, who asked for them and who approved them?",
        outside_rules.exceptions,
        "everything outside of the rules on that day, why, until when",
        _AUTHORISED,
        takes=("app", "on"),
    ),
    Question(
        "ended_exceptions",
        "Which exceptions ended, and was what they gave removed in time?",
        outside_rules.ended_exceptions,
        "for each thing that an exception gave when it was gone, against the app's service level",
        ("CC6.3", "A.5.18", "164.308(a)(4)(ii)(C)"),
        needs=("since",),
        takes=_PERIOD,
    ),
    Question(
        "requests",
        "What was asked for, who approved it, and did anybody approve their own?",
        outside_rules.requests,
        "every request with who had to agree and what they said; approved by themselves: must be none",
        _AUTHORISED,
        needs=("since",),
        takes=("until", "app"),
    ),
    Question(
        "policy",
        "What changed in the policy, and who approved that?",
        governing.policy,
        "every commit of policy and catalog, who wrote it and took it in, and who first ran with it",
        _RULES,
        needs=("since",),
        takes=_PERIOD,
    ),
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

#: What lists them all.
LIST = "list"


def question_of(key: str) -> Question:
    """Return a question by its key. Raises QuestionError, which names those that there are."""
    found = {question.key: question for question in QUESTIONS}
    if key not in found:
        near = difflib.get_close_matches(key, found, 1)
        raise QuestionError(
            f"there is no question {key!r}",
            todo=(f"Did you mean {near[0]!r}? " if near else "") + f"There are {', '.join(found)}",
        )
    return found[key]


def listed() -> Answer:
    """Return all questions with what is to be given with them, and what may be."""
    rows = [(one.key, one.needs, one.takes, one.criteria, one.shows, one.title) for one in QUESTIONS]
    return answer("question needs takes criteria shows asks", rows, f"{len(rows)} questions")
