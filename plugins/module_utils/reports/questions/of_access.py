# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions about people and what they have, had, were given and lost."""

from __future__ import annotations

from . import breaking_glass, changing, for_a_time, governing, having, left_over, outside_rules, people
from .question import Question

_PERIOD = ("until",)
_KNOWN_ACCESS = ("CC6.1", "A.5.15", "A.5.18", "164.308(a)(4)(ii)(C)")
_AUTHORISED = ("CC6.2", "CC6.3", "A.5.18", "164.308(a)(3)(ii)(A)", "164.308(a)(4)(ii)(B)")
_PRIVILEGED = ("CC6.1", "CC6.3", "A.8.2")
_LEAVING = ("CC6.2", "A.5.16", "A.5.18", "164.308(a)(3)(ii)(C)")
_RULES = ("CC6.3", "A.5.15", "164.308(a)(4)(ii)(B)")
_IDENTITIES = ("CC6.1", "A.5.16")

OF_ACCESS: tuple[Question, ...] = (
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
        for_a_time.exceptions,
        "everything outside of the rules on that day, cover and break-glass access too, why, until when",
        _AUTHORISED,
        takes=("app", "on"),
    ),
    Question(
        "ended_exceptions",
        "Which exceptions ended, and was what they gave removed in time?",
        for_a_time.ended_exceptions,
        "for each thing that an exception or cover gave when it was gone, against the app's service level",
        ("CC6.3", "A.5.18", "164.308(a)(4)(ii)(C)"),
        needs=("since",),
        takes=_PERIOD,
    ),
    Question(
        "break_glass",
        "Who took what without asking (break-glass access), and was it reviewed?",
        breaking_glass.break_glass,
        "each time: why, who ran it, until when, when it was gone, and what the app's owner decided afterwards",
        _PRIVILEGED,
        needs=("since",),
        takes=("until", "app"),
    ),
    Question(
        "cover",
        "Who stands in for whom, who approved it, and what does it give?",
        for_a_time.cover,
        "every cover that is in force on that day, with what it gives, why, until when",
        _AUTHORISED,
        takes=("app", "on"),
    ),
    Question(
        "extensions",
        "What was extended, by whom, and for how long?",
        for_a_time.extensions,
        "every exception and cover that a manager extended: from which day to which, and who entered it",
        _AUTHORISED,
        needs=("since",),
        takes=_PERIOD,
    ),
    Question(
        "ending",
        "Which contracts, exceptions, requests and covers end within 30 days?",
        for_a_time.ending,
        "everything with an end that is near, with the manager, soonest first",
        ("CC6.2", "A.5.16", "A.5.18", "164.308(a)(3)(ii)(C)"),
        takes=("department",),
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
)
