# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Conflicts of duties and gaps in words, for a terminal."""

from __future__ import annotations

import typing as t

from ..reports.facts import Facts

#: So many of each kind are shown; the tables have them all.
SHOWN = 20


def gap_counts(facts: Facts) -> dict[str, int]:
    """Return how many there are of each kind."""
    gaps = facts.gaps
    return {
        "conflicts": sum(1 for one in facts.conflicts if not one.risk),
        "accepted": sum(1 for one in facts.conflicts if one.risk),
        "leavers": len(gaps.leavers),
        "privilege": len(gaps.privilege),
        "unused": len(gaps.unused),
        "peers": len(gaps.peers),
    }


def gap_lines(facts: Facts, shown: int = SHOWN) -> list[str]:
    """Return all kinds, each with how many there are and the first of them."""
    gaps = facts.gaps
    open_conflicts = [one for one in facts.conflicts if not one.risk]
    accepted = [one for one in facts.conflicts if one.risk]
    parts: list[tuple[str, list[str]]] = [
        ("conflicts of duties for which nobody answers", [_conflict(c) for c in open_conflicts]),
        (
            "conflicts of duties that somebody answers for",
            [f"{_conflict(c)}; {c.owner}, {c.until}" for c in accepted],
        ),
        (
            "people who have left and have something left",
            [
                f"{one.person}: {_left(one)} in {_some(one.apps)}, "
                + (f"{_days(one.days)} after the last day" if one.days is not None else "and HR gives no last day")
                for one in gaps.leavers
            ],
        ),
        (
            "privileged grants that no rule gives",
            [
                f"{one.person}: {one.app}: {one.entitlement} ({one.by}{f' until {one.until}' if one.until else ''})"
                for one in gaps.privilege
            ],
        ),
        (
            "accounts that nobody has used for 90 days",
            [
                f"{one.person}: {one.app}: {', '.join(one.entitlements) or 'account only'}, "
                f"{'not used' if one.last_used else 'never used,'} for {_days(one.days)}"
                for one in gaps.unused
            ],
        ),
        (
            "differences from others in the same role",
            [
                f"{one.person} ({one.role}) {'has' if one.kind == 'extra' else 'lacks'} {one.app}: {one.entitlement}, "
                f"which {one.holders} of {one.peers} have"
                for one in gaps.peers
            ],
        ),
    ]
    lines = [line for title, each in parts for line in _part(title, each, shown)]
    if gaps.silent:
        lines.append(f"when an account was last used is not known of: {', '.join(gaps.silent)}")
    return lines


def _part(title: str, each: t.Sequence[str], shown: int) -> list[str]:
    more = [f"- ... and {len(each) - shown:,} more"] if len(each) > shown else []
    return [f"{title}: {len(each):,}", *(f"- {line}" for line in each[:shown]), *more]


def _conflict(one: t.Any) -> str:
    through = ", ".join(f"{thing} ({by})" for thing, by in zip(one.things, one.through, strict=True))
    since = f", since {one.since:%Y-%m-%d}" if one.since else ""
    return f"{one.person}: {through} against {one.duty}{since}"


def _left(one: t.Any) -> str:
    counts = (
        (one.accounts, "usable account"),
        (one.suspended, "suspended account"),
        (one.grants, "grant"),
        (one.tasks, "open task"),
    )
    return ", ".join(f"{number} {what}{'s' if number > 1 else ''}" for number, what in counts if number)


def _some(names: t.Sequence[str], shown: int = 5) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


def _days(number: int) -> str:
    return f"{number:,} day{'' if number == 1 else 's'}"
