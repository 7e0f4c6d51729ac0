# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small reviews that open by themselves: what a mover kept, accounts of nobody, and privilege that nobody asked for."""

from __future__ import annotations

import datetime as dt
import typing as t

from ..model import AccountRecord, App, Because, Event, Finding, GrantRecord, Person, Review, ReviewItem, fingerprint
from .reviewers import APP_OWNER, MANAGER, Reviewers, assign
from .scope import Scope, item_id, select

GrantKey = tuple[str, str, str, str]
Reasons = t.Mapping[tuple[str, str, str], tuple[Because, ...]]

#: A new value of one of these makes somebody a mover.
_MOVING = ("title", "department")
#: Reasons that are rules: what one of these gives is no leftover.
_BY_RULE = frozenset({"rule", "bundle"})
#: What was asked for was approved, and what was taken without asking has a review of its own.
_ASKED = frozenset({"request", "break_glass"})

_TITLES = {
    "mover": "What {who} kept after a move",
    "administrator": "New privileged access of {who}",
    "orphan": "Accounts in {who} that belong to nobody",
}
#: Nobody loses an account that something may depend on because its owner was silent.
_SILENCE = {"orphan": "keep"}


def movers(events: t.Iterable[Event]) -> frozenset[str]:
    """Return the ids of people who, by these events (person.recorded), have another title or department."""
    found = set()
    for event in events:
        changed: t.Mapping[str, t.Any] = event.data.get("changed") or {}
        if any(name in changed for name in _MOVING):
            found.add(event.person)
    return frozenset(found)


def new_grants(events: t.Iterable[Event]) -> frozenset[GrantKey]:
    """Return the grants that began by these events (grant.recorded): person, app, account, entitlement."""
    return frozenset(
        (event.person, event.app, str(event.data.get("account")), str(event.data.get("entitlement")))
        for event in events
    )


def leftovers(person: str, grants: t.Iterable[GrantRecord], reasons: Reasons) -> tuple[GrantRecord, ...]:
    """Return what somebody has and no rule of today gives them: exceptions, what was granted on request, and the rest.

    ``reasons``, by person, app and entitlement, is why the policy gives it today.
    """
    return tuple(
        grant
        for grant in grants
        if grant.person == person
        and not any(b.kind in _BY_RULE for b in reasons.get((person, grant.app, grant.entitlement), ()))
    )


def unasked_privilege(
    new: t.Collection[GrantKey], grants: t.Iterable[GrantRecord], apps: t.Mapping[str, App], reasons: Reasons
) -> tuple[GrantRecord, ...]:
    """Return the privileged grants among ``new`` ones that are still there and come from no approved request."""
    found = []
    for grant in grants:
        if (grant.person, grant.app, grant.account, grant.entitlement) not in new or not grant.person:
            continue
        known = apps[grant.app].entitlements.get(grant.entitlement) if grant.app in apps else None
        today = reasons.get((grant.person, grant.app, grant.entitlement), ())
        asked = any(reason.kind in _ASKED and reason.id for reason in (*grant.because, *today))
        if known is not None and known.privileged and not asked:
            found.append(grant)
    return tuple(found)


def review_of_grants(
    event: str,
    person: Person,
    grants: t.Sequence[GrantRecord],
    accounts: t.Iterable[AccountRecord],
    *,
    reviewers: Reviewers,
    reasons: Reasons,
    now: dt.datetime,
    due: dt.datetime,
    opened_by: str,
) -> tuple[Review, tuple[Finding, ...]] | None:
    """Return the small review of what one person has, for a mover or an administrator; None: all of it is protected."""
    name = person.username or person.id
    id = _id(event, name, now, [[g.person, g.app, g.account, g.entitlement] for g in grants])
    scope = Scope.checked({}, reviewers.people, reviewers.apps)
    of_grants = {(grant.app, grant.account) for grant in grants}
    mine = [one for one in accounts if (one.account.app, one.account.id) in of_grants]
    people, apps = reviewers.people, reviewers.apps
    items = [
        item for item in select(grants, mine, people, apps, scope, campaign=id, reasons=reasons) if item.entitlement
    ]
    wanted = MANAGER if event == "mover" else APP_OWNER
    return _review(event, id, name, {"people": [name]}, wanted, items, reviewers, now, due, opened_by)


def review_of_orphans(
    app: App,
    accounts: t.Sequence[AccountRecord],
    *,
    reviewers: Reviewers,
    now: dt.datetime,
    due: dt.datetime,
    opened_by: str,
) -> tuple[Review, tuple[Finding, ...]] | None:
    """Return the small review of an app's accounts that belong to nobody, for its owner; None without accounts."""
    id = _id("orphan", app.key, now, [[one.account.app, one.account.id] for one in accounts])
    items = [
        ReviewItem(
            id=item_id(id, "", app.key, one.account.id, ""),
            campaign=id,
            person="",
            app=app.key,
            account=one.account.id,
            entitlement="",
            reviewer="",
            because=(Because("unexplained", text=_of_nobody(one)),),
            since=one.account.created or one.first_seen,
            last_used=one.account.last_used,
            privileged=any(
                app.entitlements[key].privileged for key in one.account.entitlements if key in app.entitlements
            ),
        )
        for one in sorted(accounts, key=lambda one: one.account.id)
    ]
    return _review("orphan", id, app.key, {"apps": [app.key]}, APP_OWNER, items, reviewers, now, due, opened_by)


def _of_nobody(record: AccountRecord) -> str:
    account = record.account
    name = account.username or account.email or account.id
    what = f", and has {', '.join(sorted(account.entitlements))}" if account.entitlements else ""
    return f"account {name} belongs to nobody whom HR knows{what}"


def _review(
    event: str,
    id: str,
    who: str,
    scope: dict[str, t.Any],
    wanted: str,
    items: t.Sequence[ReviewItem],
    reviewers: Reviewers,
    now: dt.datetime,
    due: dt.datetime,
    opened_by: str,
) -> tuple[Review, tuple[Finding, ...]] | None:
    if not items:
        return None
    assigned, findings = assign(items, wanted, reviewers)
    review = Review(
        id=id,
        title=_TITLES[event].format(who=who),
        scope=scope,
        reviewer=wanted,
        opened_at=now,
        due=due,
        opened_by=opened_by,
        undecided=_SILENCE.get(event, "revoke"),
        items=tuple(assigned),
        event=event,
    )
    return review, tuple(findings)


def _id(event: str, who: str, now: dt.datetime, what: list[list[str]]) -> str:
    # two on one day are about other things
    return f"{event}-{who}-{now:%Y-%m-%d}-{fingerprint(sorted(what))[:6]}"
