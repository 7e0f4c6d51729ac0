# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which sheet answers which criterion of SOC 2, ISO 27001 and HIPAA, in our own words.

Sources: AICPA, Trust Services Criteria (2017, points of focus 2022), CC6.1 to CC6.3; ISO/IEC 27001:2022, Annex A, 5.15
to 5.18 and 8.2; 45 CFR 164.308(a)(3) and (a)(4), https://www.ecfr.gov/current/title-45/section-164.308. What is asked
is paraphrased; the texts themselves count.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Criterion:
    """``shows`` is what the pack shows of it; ``lacks`` is what somebody has to show otherwise."""

    framework: str
    number: str
    asks: str
    sheets: tuple[str, ...]
    shows: str
    lacks: str = ""


_SOC2, _ISO, _HIPAA = "SOC 2", "ISO 27001:2022", "HIPAA"

CRITERIA = (
    Criterion(
        _SOC2,
        "CC6.1",
        "Access to systems and data is restricted by logical means: who may use what is known, identified and limited.",
        ("accounts", "grants", "apps", "accounts_of_nobody", "access_without_reason", "duties"),
        "Every account and entitlement in scope with its reason, whose it is, and that it agrees with the app's own "
        "count",
        "How people sign in (passwords, second factors), networks and encryption are not part of Rollcall",
    ),
    Criterion(
        _SOC2,
        "CC6.2",
        "People are registered and authorised before they get access, and lose it when they may no longer have it.",
        ("joiners", "leavers", "leaver_removals", "requests", "exceptions", "cover", "extensions", "stories"),
        "From HR's record over rule or approval to the proven change, and from the last day to the proven removal",
    ),
    Criterion(
        _SOC2,
        "CC6.3",
        "Access follows roles and duties: it is given, changed and removed by them, with least privilege and "
        "separation of "
        "duties, and looked at again.",
        (
            "movers",
            "grants",
            "reviews",
            "review_items",
            "duties",
            "accepted_risks",
            "removals",
            "policy_versions",
            "policy_commits",
        ),
        "The rule behind each grant, what a move took away, what reviewers decided and what came of it, and who has "
        "what "
        "nobody should have together",
    ),
    Criterion(
        _ISO,
        "A.5.15",
        "Rules for access are set down, put in force, and follow from what the business needs.",
        ("policy_versions", "policy_commits", "guard_stops", "exceptions", "cover", "duties", "accepted_risks"),
        "Which rules were in force when, who changed them, and what was allowed outside of them",
        "That the rules fit the company's risks is for people to judge",
    ),
    Criterion(
        _ISO,
        "A.5.16",
        "Identities are managed from their beginning to their end.",
        ("people", "accounts", "accounts_of_nobody", "joiners", "leavers"),
        "Each account's person and how that is known, its first and its last day, and the accounts of nobody",
    ),
    Criterion(
        _ISO,
        "A.5.17",
        "Passwords, keys and other secrets are given out and managed in a controlled way.",
        ("tasks",),
        "Tasks of the kind rotation: shared secrets that were changed after somebody who knew them left",
        "How secrets are made, kept and handed out is in the apps and the identity provider",
    ),
    Criterion(
        _ISO,
        "A.5.18",
        "Access rights are given, reviewed, changed and removed by the rules.",
        ("grants", "removals", "failed_and_late_removals", "reviews", "review_items", "requests", "leaver_removals"),
        "Each right from its reason to its end, in what time, with every removal that failed or came late",
    ),
    Criterion(
        _ISO,
        "A.8.2",
        "Privileged rights are given to few, knowingly, and are watched.",
        ("grants", "break_glass", "review_items", "requests", "access_without_reason"),
        "Rows whose column privileged says yes: who has them, why, who approved and who reviewed them; and what was "
        "taken without asking, with its end and its review",
        "What was done with a privileged right is in the app's own log",
    ),
    Criterion(
        _HIPAA,
        "164.308(a)(3)(ii)(A)",
        "Workforce members who work with protected health information are authorised or supervised.",
        ("grants", "requests", "exceptions", "stories"),
        "For each grant the rule, exception or request behind it, with who approved it",
        "Which apps hold health information is for the company to say: make the pack with these apps as its scope",
    ),
    Criterion(
        _HIPAA,
        "164.308(a)(3)(ii)(B)",
        "It is determined that a member's access is appropriate.",
        ("reviews", "review_items", "movers"),
        "What reviewers decided on each right, and what a move changed",
        "Background checks are HR's",
    ),
    Criterion(
        _HIPAA,
        "164.308(a)(3)(ii)(C)",
        "Access ends when employment does.",
        ("leavers", "leaver_removals", "failed_and_late_removals"),
        "For every leaver the time from the last day to the proven end of the last account",
    ),
    Criterion(
        _HIPAA,
        "164.308(a)(4)(ii)(A)",
        "A health care clearinghouse that is a part of something larger keeps its information apart from the rest.",
        ("grants",),
        "For a pack with the clearinghouse's apps as its scope: who of the whole company has anything in them",
        "How the clearinghouse is set apart is for the company to show; it does not apply to others",
    ),
    Criterion(
        _HIPAA,
        "164.308(a)(4)(ii)(B)",
        "Access is granted by a procedure.",
        ("policy_versions", "policy_commits", "requests", "guard_stops"),
        "The rules in force, and the approvals outside of them",
    ),
    Criterion(
        _HIPAA,
        "164.308(a)(4)(ii)(C)",
        "Rights of access are established, documented, reviewed and modified by the rules.",
        ("grants", "joiners", "movers", "removals", "reviews", "review_items"),
        "Each right and each change of it, with its reason, time and proof",
    ),
)
