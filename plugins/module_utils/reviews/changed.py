# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is not as it was when somebody last decided on it in a review."""

from __future__ import annotations

import typing as t

from ..model import Because, Review, ReviewItem

Key = tuple[str, str, str, str]

#: What of a person a decision is taken in sight of, with the word for it.
_OF_THE_PERSON = (("title", "title"), ("department", "department"), ("manager", "manager"))


def last_decided(reviews: t.Iterable[Review]) -> dict[Key, ReviewItem]:
    """Return the item of the last closed review that somebody decided on, by person, app, account and entitlement.

    What silence decided was not looked at by anybody, and does not count.
    """
    found: dict[Key, ReviewItem] = {}
    for review in sorted((r for r in reviews if r.closed_at), key=lambda review: (review.closed_at, review.id)):
        found.update((key_of(item), item) for item in review.items if item.decision and not item.by_default)
    return found


def changes_since(item: ReviewItem, last: t.Mapping[Key, ReviewItem]) -> tuple[str, ...]:
    """Return in words what is another thing about ``item`` than when it was last decided on; nothing: it is as it was.

    What was never reviewed counts as changed.
    """
    before = last.get(key_of(item))
    if before is None:
        return ("it was never reviewed",)
    found = []
    if before.decided_at and item.since and item.since > before.decided_at:
        found.append(f"it began on {item.since:%Y-%m-%d}, after it was last decided on")
    if _reasons(item.because) != _reasons(before.because):
        found.append("the reasons for it are others")
    for name, word in _OF_THE_PERSON:
        if getattr(item, name) != getattr(before, name):
            found.append(f"the person has another {word}")
    if item.privileged != before.privileged:
        found.append("it is privileged now" if item.privileged else "it is not privileged any more")
    return tuple(found)


def key_of(item: ReviewItem) -> Key:
    return (item.person, item.app, item.account, item.entitlement)


def _reasons(because: t.Iterable[Because]) -> frozenset[tuple[str, str]]:
    # the text and the version of the policy may change without the reason becoming another one
    return frozenset((reason.kind, reason.id) for reason in because if reason.kind != "unexplained")
