# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a review is about: the entitlements, and the accounts without any, that its scope takes in."""

from __future__ import annotations

import dataclasses
import typing as t

from ..errors import ReviewError
from ..model import TIERS, AccountRecord, App, Because, Entitlement, GrantRecord, Person, ReviewItem, fingerprint

#: The keys of a scope. Within a key any value fits; of several keys each must fit.
SCOPE_KEYS = (
    "apps",
    "tags",
    "risk",
    "departments",
    "types",
    "people",
    "entitlements",
    "privileged",
    "changed",
)


@dataclasses.dataclass(frozen=True)
class Scope:
    """A scope, checked. An empty set takes in everything; ``people`` are ids.

    ``risk`` are tiers of apps. ``entitlements`` are keys, those of one app as app/key. ``changed`` takes in only what
    is not as it was when it was last decided on.
    """

    apps: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    risk: frozenset[str] = frozenset()
    departments: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    entitlements: frozenset[str] = frozenset()
    privileged: bool = False
    changed: bool = False

    @classmethod
    def checked(cls, scope: t.Mapping[str, t.Any], people: t.Mapping[str, Person], apps: t.Mapping[str, App]) -> Scope:
        """Return the scope of ``scope``; people may be named by id, username or email.

        Raises ReviewError for an unknown key, or for an app, tag, department, type or person that there is none of.
        """
        unknown = sorted(set(scope) - set(SCOPE_KEYS))
        if unknown:
            raise ReviewError(
                f"the scope has the unknown key {unknown[0]!r}",
                where="scope",
                todo=f"Its keys are {', '.join(SCOPE_KEYS)}",
            )
        everyone = people.values()
        named = {f"{app.key}/{key}" for app in apps.values() for key in app.entitlements}
        named |= {key for app in apps.values() for key in app.entitlements}
        return cls(
            apps=_known("apps", scope, apps),
            tags=_known("tags", scope, {tag for app in apps.values() for tag in app.tags}),
            risk=_known("risk", scope, TIERS),
            entitlements=_known("entitlements", scope, named),
            departments=_known("departments", scope, {p.department for p in everyone}),
            types=_known("types", scope, {p.type for p in everyone}),
            people=_people(scope, people),
            privileged=_flag("privileged", scope),
            changed=_flag("changed", scope),
        )

    def takes(self, person: Person | None, app: App | None, key: str) -> bool:
        """Say whether an entitlement of this person in this app (by its ``key``) is in it."""
        if self.apps and key not in self.apps:
            return False
        if self.tags and not (app and self.tags & set(app.tags)):
            return False
        if self.risk and (app is None or app.tier not in self.risk):
            return False
        if person is None:
            # somebody whom HR no longer names has no department, type or name to go by
            return not (self.departments or self.types or self.people)
        return (
            (not self.departments or person.department in self.departments)
            and (not self.types or person.type in self.types)
            and (not self.people or person.id in self.people)
        )

    def takes_entitlement(self, app: str, entitlement: str, *, privileged: bool) -> bool:
        """Say whether an entitlement is in it, whoever has it. The account by itself is where none is asked for."""
        if self.privileged and not privileged:
            return False
        return not self.entitlements or bool(self.entitlements & {entitlement, f"{app}/{entitlement}"} - {""})


def select(
    grants: t.Iterable[GrantRecord],
    accounts: t.Iterable[AccountRecord],
    people: t.Mapping[str, Person],
    apps: t.Mapping[str, App],
    scope: Scope,
    *,
    campaign: str = "",
    reasons: t.Mapping[tuple[str, str, str], tuple[Because, ...]] | None = None,
    changed: t.Callable[[ReviewItem], bool] = lambda item: True,
    who: t.Callable[[str, str], str] = lambda person, app: "",
) -> tuple[ReviewItem, ...]:
    """Return the items, by app and person. ``who`` says who reviews what a person has in an app (empty: nobody yet).

    ``reasons``, by person, app and entitlement, is why the policy gives it today; what the ledger remembers of a grant
    may be older. Both are shown to the reviewer.

    Each grant is one; each usable account of somebody that gives nothing is one with an empty entitlement (not with
    ``privileged`` or ``entitlements``). Where the scope says ``changed``, only those are that ``changed`` says yes to.
    Accounts that belong to nobody, and protected ones, are not reviewed: reports show them.
    """
    records = {(r.account.app, r.account.id): r for r in accounts}
    items = []
    giving = set()
    for grant in grants:
        giving.add((grant.app, grant.account))
        app = apps.get(grant.app)
        known = app.entitlements.get(grant.entitlement) if app else None
        privileged = known is not None and known.privileged
        if not grant.person or not scope.takes(people.get(grant.person), app, grant.app):
            continue
        if not scope.takes_entitlement(grant.app, grant.entitlement, privileged=privileged):
            continue
        title, department, manager = then(people.get(grant.person))
        today = (reasons or {}).get((grant.person, grant.app, grant.entitlement), ())
        record = records.get((grant.app, grant.account))
        if record is not None and _protected(record, app):
            continue
        items.append(
            ReviewItem(
                id=item_id(campaign, grant.person, grant.app, grant.account, grant.entitlement),
                campaign=campaign,
                person=grant.person,
                app=grant.app,
                account=grant.account,
                entitlement=grant.entitlement,
                reviewer=who(grant.person, grant.app),
                because=_together(grant.because, today),
                since=grant.since,
                last_used=record.account.last_used if record else None,
                privileged=privileged,
                title=title,
                department=department,
                manager=manager,
                value=value_of(known),
            )
        )
    for (key, id), record in records.items():
        app = apps.get(key)
        idle = record.person and record.account.active and (key, id) not in giving and not record.account.entitlements
        if not idle or not scope.takes_entitlement(key, "", privileged=False) or _protected(record, app):
            continue
        if not scope.takes(people.get(record.person), app, key):
            continue
        title, department, manager = then(people.get(record.person))
        items.append(
            ReviewItem(
                id=item_id(campaign, record.person, key, id, ""),
                campaign=campaign,
                person=record.person,
                app=key,
                account=id,
                entitlement="",
                reviewer=who(record.person, key),
                since=record.account.created or record.first_seen,
                last_used=record.account.last_used,
                title=title,
                department=department,
                manager=manager,
            )
        )
    if scope.changed:
        items = [item for item in items if changed(item)]
    return tuple(sorted(items, key=lambda item: (item.app, item.person, item.account, item.entitlement)))


def then(person: Person | None) -> tuple[str, str, str]:
    """Return what an item keeps of its person, title, department and manager: a decision is taken in sight of it."""
    return (person.title, person.department, person.manager) if person is not None else ("", "", "")


def value_of(entitlement: Entitlement | None) -> str:
    """Return what the app itself calls an entitlement, with its kind: by that it is known under another key, too."""
    return f"{entitlement.kind}:{entitlement.value or entitlement.key}" if entitlement is not None else ""


def item_id(campaign: str, person: str, app: str, account: str, entitlement: str) -> str:
    """Return an item's id: the same entitlement has the same one whenever the same campaign is opened.

    It begins with a letter that is no digit of anything: a spreadsheet would make numbers of 123456789012 and
    12e456789012, and save those.
    """
    return "i" + fingerprint([campaign, person, app, account, entitlement])[:12]


def _together(before: tuple[Because, ...], today: tuple[Because, ...]) -> tuple[Because, ...]:
    """The reasons of today, and of those before them what is not said again in another version of the policy."""
    said = {(reason.kind, reason.id) for reason in today}
    return (*today, *(reason for reason in before if (reason.kind, reason.id) not in said))


def _protected(record: AccountRecord, app: App | None) -> bool:
    account = record.account
    names = {name.casefold() for name in (account.id, account.username, account.email) if name}
    return app is not None and any(p.account.casefold() in names for p in app.protect)


def _listed(name: str, scope: t.Mapping[str, t.Any]) -> list[str]:
    value = scope.get(name)
    if value is None:
        return []
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, (list, tuple)) or not all(isinstance(v, str) and v for v in values) or not values:
        raise ReviewError(f"expected a list of names, found {value!r}", where=f"scope.{name}")
    return list(values)


def _flag(name: str, scope: t.Mapping[str, t.Any]) -> bool:
    value = scope.get(name, False)
    if not isinstance(value, bool):
        raise ReviewError(f"expected true or false, found {value!r}", where=f"scope.{name}")
    return value


def _known(name: str, scope: t.Mapping[str, t.Any], there: t.Collection[str]) -> frozenset[str]:
    values = _listed(name, scope)
    unknown = [value for value in values if value not in there]
    if unknown:
        some = ", ".join(sorted(filter(None, there))[:20]) or "none"
        raise ReviewError(f"there is no {unknown[0]!r} in {name}", where=f"scope.{name}", todo=f"There are: {some}")
    return frozenset(values)


def _people(scope: t.Mapping[str, t.Any], people: t.Mapping[str, Person]) -> frozenset[str]:
    found = set()
    for name in _listed("people", scope):
        person = people.get(name) or next((p for p in people.values() if is_named(p, name)), None)
        if person is None:
            raise ReviewError(
                f"there is no person {name!r}",
                where="scope.people",
                todo="Use the username, the HR id or the email address",
            )
        found.add(person.id)
    return frozenset(found)


def is_named(person: Person, name: str) -> bool:
    """Say whether ``name`` is this person's id, username or an email address of theirs, now or earlier."""
    wanted = name.strip().casefold()
    emails = (person.email, *person.earlier_emails)
    return bool(wanted) and (
        name.strip() == person.id or wanted in {n.casefold() for n in (person.username, *emails) if n}
    )
