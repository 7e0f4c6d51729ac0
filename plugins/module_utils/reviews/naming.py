# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an item is called before people, and whether a line of a sheet calls the item that its item_id names."""

from __future__ import annotations

import functools
import typing as t

from ..model import App, Person, Review, ReviewItem
from .reviewers import Reviewers

#: What tells a reader which item a line is about. Held against the item: a sheet that was sorted in part lies.
NAMING_COLUMNS = ("person", "app", "account", "entitlement")


def told(item: ReviewItem, people: t.Mapping[str, Person], apps: t.Mapping[str, App]) -> dict[str, t.Any]:
    """What a reviewer, and later an auditor, is told about an item."""
    person, app = people.get(item.person), apps.get(item.app)
    known = app.entitlements.get(item.entitlement) if app else None
    name = item.entitlement or "(an account without entitlements)"
    return {
        "reviewer": item.reviewer,
        "person": (person.name or person.username) if person else item.person or "(nobody)",
        "email": person.email if person else "",
        "title": person.title if person else "",
        "department": person.department if person else "",
        "app": (app.name if app else "") or item.app,
        "account": item.account,
        "entitlement": f"{name} ({known.value})" if known and known.value not in ("", name) else name,
        "privileged": item.privileged,
        "since": item.since,
        "why": "; ".join(map(str, item.because)) or "nothing in the policy gives it",
        "last_used": item.last_used or "not known",
    }


class Named:
    """How the items of a review are called in a sheet, to find a line whose item_id is that of another line."""

    def __init__(self, review: Review, reviewers: Reviewers, apps: t.Mapping[str, App]) -> None:
        self._review, self._reviewers, self._apps = review, reviewers, apps

    @functools.cached_property
    def _words(self) -> dict[str, tuple[str, ...]]:
        found = {}
        for item in self._review.items:
            texts = told(item, self._reviewers.people, self._apps)
            found[item.id] = tuple(str(texts[column]) for column in NAMING_COLUMNS)
        return found

    @functools.cached_property
    def _there(self) -> list[set[str]]:
        return [set(map(_plain, column)) for column in zip(*self._words.values(), strict=True)]

    def another(self, id: str, shown: t.Sequence[str]) -> str:
        """Return what is wrong when a line says that it is about another item than its item_id; else empty."""
        for place, cell in self._differing(id, shown):
            if cell in self._there[place]:
                whose, app, account, what = self._words[id]
                return (
                    f"item {id} is {what} of {whose} in {app} (account {account}), and the line says "
                    f"{NAMING_COLUMNS[place]} {shown[place]!r}: it was altered, or sorted without its item_id"
                )
        return ""

    def otherwise(self, id: str, shown: t.Sequence[str]) -> bool:
        """Say whether a line calls its item otherwise than it is called today."""
        return any(self._differing(id, shown))

    def _differing(self, id: str, shown: t.Sequence[str]) -> t.Iterator[tuple[int, str]]:
        if not shown:
            return
        own = self._words.get(id, ())
        for place, (cell, word) in enumerate(zip(map(_plain, shown), map(_plain, own), strict=False)):
            if cell and cell != word:
                yield place, cell


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
