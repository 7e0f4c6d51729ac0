# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the catalog calls by another name than when it was put to review, or does not know any more."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import App, Change, Finding, Review, ReviewItem
from .scope import value_of


def renamed(review: Review, apps: t.Mapping[str, App]) -> tuple[Review, tuple[Finding, ...]]:
    """Return the review with the names that the catalog has for its entitlements now, and a note for each that differs.

    An entitlement whose key is gone is the one that the app itself calls as it did. Without one, the item stays as it
    is: see ``possible``.
    """
    items, notes = [], []
    keys = {key: {value_of(one): one.key for one in app.entitlements.values()} for key, app in apps.items()}
    for item in review.items:
        if item.entitlement and item.app in apps and item.entitlement not in apps[item.app].entitlements:
            now = keys[item.app].get(item.value, "")
            if now:
                notes.append(_note(item, now))
                item = dataclasses.replace(item, entitlement=now)
        items.append(item)
    return (dataclasses.replace(review, items=tuple(items)), tuple(notes)) if notes else (review, ())


def possible(changes: t.Iterable[Change], apps: t.Mapping[str, App]) -> tuple[tuple[Change, ...], tuple[Finding, ...]]:
    """Return those of the changes that the catalog has a word for, and an error for each of the others.

    What the catalog does not know cannot be done by anybody on its word: it has to be brought back, or explained.
    """
    known, findings = [], []
    for change in changes:
        app = apps.get(change.app)
        if app is not None and (not change.entitlement or change.entitlement in app.entitlements):
            known.append(change)
            continue
        what = f"{change.entitlement} in {change.app}" if app is not None else f"the app {change.app}"
        findings.append(
            Finding(
                "review_not_in_catalog",
                "error",
                f"to {change.kind.value} {change.entitlement or 'the account'} of {change.person or change.account} in "
                f"{change.app} is not carried out: {what} is not in the catalog any more",
                todo="Bring it back under that name until it is gone, or take it away there and explain it "
                "(explain_review)",
                app=change.app,
                person=change.person,
                account=change.account,
            )
        )
    return tuple(known), tuple(findings)


def _note(item: ReviewItem, now: str) -> Finding:
    return Finding(
        "review_renamed",
        "note",
        f"item {item.id}: the catalog calls {item.entitlement} in {item.app} {now} now",
        app=item.app,
        person=item.person,
        account=item.account,
    )
