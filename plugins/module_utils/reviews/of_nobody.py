# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts that belong to nobody: what a decision on one comes to."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Change, Review
from .reviewers import Reviewers


@dataclasses.dataclass(frozen=True, slots=True)
class Link:
    """Whose an account is: a person's (an id), or nobody's, and then the reason says who answers for it."""

    app: str
    account: str
    person: str
    reason: str


def links_of(review: Review, reviewers: Reviewers) -> tuple[Link, ...]:
    """Return whose the accounts are that a closed review was about, and that were nobody's.

    To change one is to say whose it is; to keep one, who answers for it. What silence kept is nobody's still.
    """
    found = []
    for item in review.items:
        if review.state != "closed" or item.person or not item.change_to:
            continue
        why = f"review {review.id}, {item.decided_by}" + (f": {item.reason}" if item.reason else "")
        if item.decision == "change":
            person = reviewers.person(item.change_to)
            if person is not None:
                found.append(Link(item.app, item.account, person.id, f"{item.change_to}'s, says {why}"))
        elif item.decision == "keep":
            found.append(Link(item.app, item.account, "", f"{item.change_to} answers for it, says {why}"))
    return tuple(found)


def one_by_one(changes: t.Iterable[Change]) -> tuple[Change, ...]:
    """Return changes so that of the accounts of one app that belong to nobody one comes after the other.

    A run works on one person in one app at a time, and these are all nobody's.
    """
    last: dict[str, str] = {}
    found = []
    for change in changes:
        if not change.person:
            before = last.get(change.app)
            if before:
                change = dataclasses.replace(change, after=tuple(dict.fromkeys((*change.after, before))))
            last[change.app] = change.id
        found.append(change)
    return tuple(found)
