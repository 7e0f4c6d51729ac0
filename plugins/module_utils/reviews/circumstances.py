# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a reviewer is told about each item besides the item itself: reasons, peers, and what is new since last time.

Worked out once for a campaign, from what the ledger and the catalog say; nothing here reads anything.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import functools
import typing as t

from ..model import AccessException, AccountRecord, App, GrantRecord, Person, Review, ReviewItem, Want
from .falling_back import falls_back_to, in_words

Key = tuple[str, str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Peers:
    """How many of the people with the same title in the same department have it: ``have`` of ``all``, them included."""

    have: int
    all: int


@dataclasses.dataclass(frozen=True, slots=True)
class Why:
    """One reason: ``text`` as whoever wrote it said it, ``agreed`` who agreed to it and until when."""

    kind: str
    id: str
    text: str
    agreed: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class News:
    """What is different since the last review. ``code`` is new, again, moved, reasons or privileged."""

    code: str
    text: str


class Circumstances:
    """What is known around the items of one campaign.

    ``people`` and ``apps`` are everybody and everything, ``present`` the ids of those who work here now (None: all);
    ``grants`` and ``accounts`` are the ledger's; ``exceptions`` say who agreed to what; ``closed`` are closed reviews.
    ``wants`` returns, by person and app, what they should have with all their roles; it is asked once, for a role.
    """

    def __init__(
        self,
        *,
        people: t.Mapping[str, Person],
        apps: t.Mapping[str, App],
        grants: t.Iterable[GrantRecord] = (),
        accounts: t.Iterable[AccountRecord] = (),
        exceptions: t.Iterable[AccessException] = (),
        closed: t.Iterable[Review] = (),
        present: t.Collection[str] | None = None,
        wants: t.Callable[[], t.Mapping[tuple[str, str], Want]] = dict,
    ) -> None:
        self._wants = wants
        self.people, self.apps = people, apps
        self._names = {k.casefold(): p.name or p.username for p in people.values() for k in (p.username, p.email) if k}
        self._exceptions = {(e.kind, e.id): e for e in exceptions}
        self._peers: dict[tuple[str, str], set[str]] = collections.defaultdict(set)
        for person in people.values():
            if person.title and (present is None or person.id in present):
                self._peers[person.title, person.department].add(person.id)
        self._holders: dict[tuple[str, str], set[str]] = collections.defaultdict(set)
        for grant in grants:
            self._holders[grant.app, grant.entitlement].add(grant.person)
        for record in accounts:
            if record.person and record.account.active:
                # the account by itself, with whatever it gives
                self._holders[record.account.app, ""].add(record.person)
        done = [review for review in closed if review.state == "closed" and review.closed_at is not None]
        self._closed = sorted(done, key=lambda review: (review.closed_at, review.id))
        self._earlier: dict[Key, tuple[ReviewItem, Review]] = {}
        self._last_of_app: dict[str, Review] = {}
        for review in self._closed:
            for item in review.items:
                self._earlier[item.person, item.app, item.entitlement] = (item, review)
                self._last_of_app[item.app] = review

    @functools.cached_property
    def _wanted(self) -> t.Mapping[tuple[str, str], Want]:
        return self._wants()

    def then_gets(self, item: ReviewItem) -> str:
        """Say which role the person gets with the next run when this one is revoked, and why; empty for none."""
        app = self.apps.get(item.app)
        known = app.entitlements.get(item.entitlement) if app else None
        roles = [key for key, one in app.entitlements.items() if one.kind == "role"] if app else []
        if known is None or known.kind != "role" or len(roles) < 2:
            return ""
        held = [key for key in roles if item.person in self._holders[item.app, key]]
        return in_words(falls_back_to(item, self._wanted.get((item.person, item.app)), app, held), app)

    def name_of(self, reviewer: str) -> str:
        """Return the name of the person with this address or username; empty where it is a mailbox."""
        return self._names.get(reviewer.casefold(), "")

    def peers(self, item: ReviewItem) -> Peers | None:
        """Return how many colleagues have it too; None for somebody without a title, or with one of their own."""
        person = self.people.get(item.person)
        alike = self._peers.get((person.title, person.department), set()) if person else set()
        if len(alike) < 2 or item.person not in alike:
            return None
        return Peers(len(alike & self._holders[item.app, item.entitlement]), len(alike))

    def whys(self, item: ReviewItem) -> tuple[Why, ...]:
        """Return the reasons that it is there for; none where nothing in the policy gives it."""
        found = []
        for because in item.because:
            if because.kind == "unexplained":
                continue
            exception = self._exceptions.get((because.kind, because.id))
            agreed = ""
            if exception is not None:
                by = f"approved by {self._who(exception.approved_by)}" if exception.approved_by else ""
                asked = f"asked for by {self._who(exception.requested_by)}" if exception.requested_by else ""
                agreed = ", ".join(filter(None, (asked, by, f"until {day(exception.until)}")))
            found.append(Why(because.kind, because.id, because.text, agreed))
        return tuple(dict.fromkeys(found))

    def _who(self, reference: str) -> str:
        """Say who is meant by an id; any other reference is words enough."""
        person = self.people.get(reference)
        return (person.name or person.username) if person else reference

    def earlier(self, item: ReviewItem) -> tuple[ReviewItem, Review] | None:
        """Return what the last closed review of the same access said, and that review."""
        return self._earlier.get((item.person, item.app, item.entitlement))

    def last_time(self, item: ReviewItem) -> str:
        """Say how the last review of it ended, and by whom; empty where there was none."""
        found = self.earlier(item)
        if found is None:
            return ""
        before, review = found
        words = {"keep": "kept", "revoke": "revoked", "change": f"changed to {before.change_to}"}
        by = f"by {before.decided_by}" if before.decided_by else "by silence"
        when = day(before.decided_at or review.closed_at)
        said = f"{words.get(before.decision, before.decision)} {by} on {when}"
        return f"{said}: {before.reason}" if before.reason and before.decided_by else said

    def news(self, item: ReviewItem) -> tuple[News, ...]:
        """Return what is different since the last review; nothing where there was none of this app."""
        found = self.earlier(item)
        if found is None:
            last = self._last_of_app.get(item.app)
            if last is None or (item.since is not None and item.since < last.opened_at):
                return ()
            return (News("new", f"new since the review {last.title}, closed on {day(last.closed_at)}"),)
        before, _review = found
        news = []
        if before.decision in ("revoke", "change"):
            news.append(News("again", f"{self.last_time(item)}, and here again"))
        moved = _moved(before, self.people.get(item.person))
        if moved:
            news.append(News("moved", moved))
        old, now = ({(b.kind, b.id) for b in one.because if b.kind != "unexplained"} for one in (before, item))
        if old != now:
            gone = ", ".join(sorted(f"{kind} {id}".strip() for kind, id in old - now))
            came = ", ".join(sorted(f"{kind} {id}".strip() for kind, id in now - old))
            words = [f"no longer {gone}" if gone else "", f"now {came}" if came else ""]
            news.append(News("reasons", f"the reason changed: {', '.join(filter(None, words))}"))
        if item.privileged and not before.privileged:
            news.append(News("privileged", "it counts as privileged now"))
        return tuple(news)


def _moved(before: ReviewItem, person: Person | None) -> str:
    """Say where somebody came from since then; empty where the review did not write down what they were."""
    if person is None or not (before.title or before.department):
        return ""
    parts = []
    if before.department != person.department:
        parts.append(f"moved from {before.department or 'no department'} to {person.department or 'no department'}")
    if before.title != person.title:
        parts.append(f"was {before.title or 'without a title'}")
    return ", ".join(parts)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day(value: dt.date | dt.datetime | None) -> str:
    """Write a day as "21 Nov 2026", whatever the locale; nothing for None."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}" if value else ""
