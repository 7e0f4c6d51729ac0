# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stops a run before it changes anything: a feed, a reading or a plan that cannot be right."""

from __future__ import annotations

import collections
import datetime as dt
import typing as t

from ..model import PERSON_FIELDS, REMOVALS, Account, App, Change, ChangeKind, Finding, Person, PersonRecord
from .because import ends_break_glass
from .limits import Limit, Limits
from .reading import Reading

# The id never changes, the username is ours, and the addresses of the past are the ledger's.
_FED = sorted(PERSON_FIELDS - {"id", "username", "earlier_emails"})
# These two come and go: everybody may be back from leave, or have a contract without an end, on the same day.
_PASSING = frozenset({"end", "hr_status"})

_BLANK = (None, "", ())

Checked = tuple[tuple[Finding, ...], tuple[Finding, ...]]


class Fed(t.Protocol):
    """What HR says now, as far as the guard wants to know: who is there (by id), and of whom a value is blank."""

    def __contains__(self, id: t.Any) -> bool: ...

    def blanks(self, name: str) -> set[str]: ...


@t.runtime_checkable
class Known(t.Protocol):
    """What the ledger remembers, as far as the guard wants to know; a record is looked at where something is lost."""

    def __getitem__(self, id: str) -> PersonRecord: ...

    def present(self) -> t.Sequence[str]: ...

    def filled(self, ids: t.Iterable[str], fields: t.Sequence[str]) -> t.Mapping[tuple[str, ...], t.Sequence[str]]: ...


class _People(dict[str, Person]):
    """All people, by id."""

    def blanks(self, name: str) -> set[str]:
        return {id for id, person in self.items() if person.attribute(name) in _BLANK}


class _Records(dict[str, PersonRecord]):
    """All records, by id."""

    def present(self) -> list[str]:
        return [id for id, record in self.items() if record.standing != "left"]

    def filled(self, ids: t.Iterable[str], fields: t.Sequence[str]) -> dict[tuple[str, ...], list[str]]:
        found: dict[tuple[str, ...], list[str]] = collections.defaultdict(list)
        for id in ids:
            before = self[id].person
            names = (*fields, *before.attributes)
            found[tuple(name for name in names if before.attribute(name) not in _BLANK)].append(id)
        return found


def check_feed(
    people: t.Iterable[Person] | t.Mapping[str, Person] | Fed,
    records: t.Mapping[str, PersonRecord] | Known,
    limits: Limits,
    today: dt.date | None = None,
) -> Checked:
    """Hold what HR says now against the ledger; return (breaches, findings).

    - People lost: those who are present in the ledger and whom HR no longer names, against all who are present in the
      ledger. Nobody leaves by being missing; each is a finding. Who had an end date before ``today`` may be missing.
    - Values blanked: those of (person, attribute) that were filled and are blank, against all that were filled; and for
      each attribute, those who have none any more against those who had one.
    """
    now: Fed
    if isinstance(people, t.Mapping):
        now = _People(people)
    elif isinstance(people, t.Iterable):
        now = _People((person.id, person) for person in people)
    else:
        now = people
    known: Known = records if isinstance(records, Known) else _Records(records)
    present = known.present()
    lost = []
    for id in sorted(id for id in present if id not in now):
        end = known[id].person.end
        if not (today and end and end < today):
            lost.append(id)
    breaches = []
    if limits.people_lost.passed(len(lost), len(present), limits.floor):
        breaches.append(
            Finding(
                "people_lost",
                "error",
                f"{_share(len(lost), len(present), limits.people_lost)}: so many of the people that we know are not in "
                "the HR feed any more",
                todo="See whether the feed is whole. If it is, raise guard.feed.people_lost for one run",
            )
        )
    findings = [
        Finding(
            "person_missing",
            "warning",
            f"{_named(known[id].person)} is not in the HR feed any more; everything of theirs stays as it is",
            todo="Give an end date in HR if they have left, or put the record back",
            person=id,
        )
        for id in lost
    ]
    breaches += _blanked(now, known.filled((id for id in present if id in now), _FED), limits)
    return tuple(breaches), tuple(findings)


def check_reading(reading: Reading, known: t.Iterable[Account], limits: Limits) -> tuple[Finding, ...]:
    """Hold what an app shows against the usable accounts that it showed before (``known``); return breaches.

    A list that has lost most of its accounts is more often half a list than a day's work.
    """
    if reading.error or reading.attested or not reading.complete:
        return ()
    # what is settled was known as usable, and is
    shown = {account.id for account in reading.accounts} | reading.settled.keys()
    before = {account.id for account in known if account.active} | reading.settled.keys()
    gone = before - shown
    if not limits.per_app.passed(len(gone), len(before), limits.floor):
        return ()
    return (
        Finding(
            "accounts_vanished",
            "error",
            f"{len(gone)} of the {len(before)} accounts that {reading.app} had are not in its list any more "
            f"({_percent(len(gone), len(before))}, limit {limits.per_app})",
            todo="See whether the credentials still show the whole app. If the accounts were removed, approve the plan",
            app=reading.app,
        ),
    )


def check_plan(
    changes: t.Iterable[Change],
    *,
    population: t.Mapping[str, int],
    limits: Limits,
    apps: t.Mapping[str, App],
    accounts: t.Mapping[str, t.Collection[Account]],
) -> tuple[Finding, ...]:
    """Hold a plan against the limits; return breaches.

    ``population``: how many people have a usable account, by app. ``accounts``: all accounts that are known, by app.

    What counts is pairs of a person and an app: who loses ten groups of one app loses once. A role that gives way to
    one of at least the same rank is no loss. An app's last administrator is the last usable account with anything
    privileged; that somebody else is to become one in the same plan does not count, for that may fail. Who was one by
    break-glass access alone, which ends by itself, is not counted when it ends.
    """
    by_pair: dict[tuple[str, str], list[Change]] = collections.defaultdict(list)
    for change in changes:
        if change.app in apps:
            by_pair[change.app, change.person].append(change)
    losing = collections.Counter(app for (app, _person), mine in by_pair.items() if _loses(mine, apps[app]))
    breaches = []
    total = sum(population.values())
    if limits.per_run.passed(losing.total(), total, limits.floor_of_run):
        breaches.append(
            Finding(
                "removals_per_run",
                "error",
                f"{losing.total()} of {total} accounts would lose access in one run "
                f"({_percent(losing.total(), total)}, limit {limits.per_run})",
                todo="Look at the plan. If it is right, approve it, or do it in parts",
            )
        )
    for app, number in sorted(losing.items()):
        having = population.get(app, 0)
        if limits.per_app.passed(number, having, limits.floor):
            breaches.append(
                Finding(
                    "removals_per_app",
                    "error",
                    f"{number} of {having} accounts in {app} would lose access "
                    f"({_percent(number, having)}, limit {limits.per_app})",
                    todo="Look at the plan. If it is right, approve it, or do it in parts",
                    app=app,
                )
            )
    touched: dict[str, list[Change]] = collections.defaultdict(list)
    for (app, _person), mine in by_pair.items():
        if app in losing:
            touched[app] += mine
    for app, mine in sorted(touched.items()):
        breaches += _last_administrator(apps[app], accounts.get(app, ()), mine)
    return tuple(breaches)


def _last_administrator(app: App, accounts: t.Iterable[Account], changes: t.Iterable[Change]) -> list[Finding]:
    privileged = {key for key, entitlement in app.entitlements.items() if entitlement.privileged}
    before = {a.id: a for a in accounts if a.active and not privileged.isdisjoint(a.entitlements)}
    if not before:
        return []
    power = {id: set(account.entitlements & privileged) for id, account in before.items()}
    changes = list(changes)
    for change in changes:
        if change.kind is ChangeKind.REVOKE and change.account in power and ends_break_glass(change):
            power[change.account].discard(change.entitlement)
    before = {id: account for id, account in before.items() if power[id]}
    if not before:
        return []
    for change in changes:
        if change.account not in power:
            continue
        if change.kind in (ChangeKind.SUSPEND, ChangeKind.DELETE):
            power[change.account] = set()
            continue
        if change.kind is ChangeKind.REVOKE:
            power[change.account].discard(change.entitlement)
        elif change.kind is ChangeKind.GRANT and change.entitlement in privileged:
            power[change.account].add(change.entitlement)
    if any(power.values()):
        return []
    names = " and ".join(sorted(a.username or a.email or a.id for a in before.values()))
    return [
        Finding(
            "last_administrator",
            "error",
            f"{app.key} would be left without an administrator: {names} would lose the last privileged access",
            todo="Make somebody else an administrator first; or approve the plan",
            app=app.key,
        )
    ]


def _loses(changes: list[Change], app: App) -> bool:
    """Return whether a person loses something in an app by these changes."""
    roles = [
        app.entitlements[change.entitlement].rank
        for change in changes
        if change.kind is ChangeKind.GRANT and _is_role(app, change.entitlement)
    ]
    for change in changes:
        if change.kind not in REMOVALS:
            continue
        replaced = (
            change.kind is ChangeKind.REVOKE
            and _is_role(app, change.entitlement)
            and any(rank >= app.entitlements[change.entitlement].rank for rank in roles)
        )
        if not replaced:
            return True
    return False


def _is_role(app: App, entitlement: str) -> bool:
    return entitlement in app.entitlements and app.entitlements[entitlement].kind == "role"


def _blanked(now: Fed, before: t.Mapping[tuple[str, ...], t.Sequence[str]], limits: Limits) -> t.Iterator[Finding]:
    """``before``: the ids of people by what of theirs was filled."""
    filled: collections.Counter[str] = collections.Counter()
    blank: collections.Counter[str] = collections.Counter()
    blanks = {name: now.blanks(name) for names in before for name in names}
    for names, ids in before.items():
        for name in names:
            filled[name] += len(ids)
            if lost := len(blanks[name].intersection(ids)):
                blank[name] += lost
    number, total, limit = blank.total(), filled.total(), limits.attributes_blanked
    if limit.passed(number, total, limits.floor):
        most = ", ".join(name for name, _count in blank.most_common(3))
        yield Finding(
            "attributes_blanked",
            "error",
            f"{_share(number, total, limit)}: so many values that HR gave before are blank now (most of them: {most})",
            todo="See whether a column is missing in the feed. If not, raise guard.feed.attributes_blanked for one run",
        )
        return
    for name, count in sorted(blank.items()):
        # of all values, half of one column is little; of those who had one it is half
        if name not in _PASSING and limit.percent is not None and limit.passed(count, filled[name], limits.floor):
            whole = count == filled[name]
            yield Finding(
                "attributes_blanked",
                "error",
                f"{name} is blank now for all {count} people who had one"
                if whole
                else f"{name} is blank now for {_share(count, filled[name], limit)} people who had one",
                todo="See whether the column is missing in the feed, or half filled. If it is right, raise "
                "guard.feed.attributes_blanked for one run",
            )


def _percent(number: int, total: int) -> str:
    return f"{100 * number / total:.0f}%" if total else "none were known"


def _share(number: int, total: int, limit: Limit) -> str:
    return f"{number} of {total} ({_percent(number, total)}, limit {limit})"


def _named(person: Person) -> str:
    return person.username or person.email or person.id


__all__ = ["Limit", "Limits", "check_feed", "check_plan", "check_reading"]
