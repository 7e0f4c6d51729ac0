# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What reviews took away stays away, although a rule still gives it.

A decision to revoke, or to change, holds for as long as the access would be given for no other reasons than those that
the reviewer saw. A rule that gives it for a new reason, or an exception made since, gives it again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..model import TEMPORARY, Because, Finding, Grant, Review, ReviewItem, Want

Reasons = frozenset[tuple[str, str]]


@dataclasses.dataclass(frozen=True, slots=True)
class Veto:
    """One decision that holds: ``reasons`` (kind, id) are those that it was taken in sight of."""

    item: ReviewItem
    reasons: Reasons

    @property
    def because(self) -> Because:
        return because_of(self.item)


#: By person, app and entitlement (empty: the account by itself). ``in`` works as in a set.
Vetoes = dict[tuple[str, str, str], Veto]


def because_of(item: ReviewItem) -> Because:
    """Return the reason that a decision gives to the change that it causes."""
    day = f" on {item.decided_at:%Y-%m-%d}" if item.decided_at else ""
    by = f"by {item.decided_by}" if item.decided_by else "by silence"
    what = f"{item.decision} to {item.change_to}" if item.decision == "change" else item.decision
    text = f"{what}, decided {by}{day}"
    return Because("review", item.campaign, f"{text}: {item.reason}" if item.reason else text)


def veto_of(item: ReviewItem) -> Veto:
    """Return what a decision to revoke, or to change, holds against."""
    return Veto(item, _reasons(item.because))


def vetoes(reviews: t.Iterable[Review], now: dt.datetime) -> Vetoes:
    """Return what the closed reviews took away, the latest word on each entitlement of each person.

    Where one review keeps an entitlement on one account of a person and takes it from another one, it stays wanted.
    """
    held: Vetoes = {}
    closed = [r for r in reviews if r.state == "closed" and r.closed_at is not None and r.closed_at <= now]
    for review in sorted(closed, key=lambda review: (review.closed_at, review.id)):
        kept = {_key(item) for item in review.items if item.decision == "keep"}
        for item in review.items:
            key = _key(item)
            if key in kept:
                held.pop(key, None)
            elif item.decision in ("revoke", "change"):
                held[key] = veto_of(item)
    return held


def apply_vetoes(want: Want, held: Vetoes) -> tuple[Want, tuple[Finding, ...]]:
    """Return ``want`` without what reviews took away and with what they changed it to, and a note for each.

    An account without entitlements that was taken away is wanted suspended, until an entitlement or an exception comes.
    """
    if want.state == "absent":
        return want, ()
    grants: dict[str, Grant] = {}
    findings: list[Finding] = []
    waiting = list(want.grants)
    seen: set[str] = set()
    while waiting:
        grant = waiting.pop(0)
        veto = held.get((want.person, want.app, grant.entitlement))
        if veto is None or not _reasons(grant.because) <= veto.reasons or grant.entitlement in seen:
            grants.setdefault(grant.entitlement, grant)
            continue
        seen.add(grant.entitlement)
        findings.append(_finding(want, grant, veto))
        if veto.item.decision == "change":
            # what a review changed it to may have been taken away by a later one
            waiting.append(Grant(want.app, veto.item.change_to, (veto.because,)))
    bare = held.get((want.person, want.app, ""))
    excepted = any(reason.kind in TEMPORARY for reason in want.because)
    if bare and not want.grants and not excepted and want.state == "present":
        if bare.item.decision == "revoke":
            findings.append(_finding(want, Grant(want.app, "", want.because), bare))
            return dataclasses.replace(want, state="suspended", because=(bare.because,)), tuple(findings)
        grants[bare.item.change_to] = Grant(want.app, bare.item.change_to, (bare.because,))
    if tuple(grants.values()) == want.grants:
        return want, ()
    return dataclasses.replace(want, grants=tuple(grants.values())), tuple(findings)


def _finding(want: Want, grant: Grant, veto: Veto) -> Finding:
    still = ", ".join(f"{reason.kind} {reason.id}".strip() for reason in grant.because) or "the policy"
    return Finding(
        "review_overrules_policy",
        "note",
        f"{still} still gives {grant.entitlement or 'an account'} in {want.app}, which review {veto.item.campaign} "
        f"took away; it stays away",
        todo="Change the rule so that policy and review agree, or make an exception if the access is needed after all",
        app=want.app,
        person=want.person,
        account=veto.item.account,
    )


def _key(item: ReviewItem) -> tuple[str, str, str]:
    return (item.person, item.app, item.entitlement)


def _reasons(because: t.Iterable[Because]) -> Reasons:
    # the text and the version of the policy may change without the reason becoming another one
    return frozenset((reason.kind, reason.id) for reason in because if reason.kind != "unexplained")
