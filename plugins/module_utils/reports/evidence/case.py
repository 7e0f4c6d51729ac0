# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a pack is made of: the history, and what the events do not say."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import typing as t

from ...clock import WorkingDay
from ...model import AccessException, App, Cover, Person
from ...policy.commit import Commit
from ...policy.values import Policy
from .access_told import AccountTold, GrantTold
from .history import History
from .people_told import PersonTold
from .period import Period, Scope
from .work_told import ChangeTold, TaskTold

Reasons = t.Iterable[t.Mapping[str, str]]


@dataclasses.dataclass(frozen=True, slots=True)
class Sheet:
    """A table of the pack. ``title`` and ``says`` are for people; values are as in ``reports.tables.Table``."""

    name: str
    title: str
    says: str
    columns: tuple[str, ...]
    rows: tuple[tuple[t.Any, ...], ...]


@dataclasses.dataclass(frozen=True)
class Case:
    """All that a pack is worked out from. ``now`` is when it is made.

    ``apps``, ``policy``, ``exceptions`` and ``covers`` (those in files, with the ends that managers gave them) are as
    git has them now; ``reads`` says which apps are read by themselves. ``commits`` are those of the policy within the
    period, None where there is no repository to ask.
    ``known`` is everybody as HR or, where it cannot be read, the ledger has them now.
    ``hr`` is what HR says now, None where it cannot be read; then ``hr_problem`` says why. ``base`` is the company's
    directory: where something is written is shown from there.
    """

    history: History
    period: Period
    scope: Scope
    now: dt.datetime
    working_day: WorkingDay
    apps: t.Mapping[str, App]
    reads: t.Mapping[str, bool]
    policy: Policy
    known: t.Mapping[str, Person] = dataclasses.field(default_factory=dict)
    exceptions: tuple[AccessException, ...] = ()
    covers: tuple[Cover, ...] = ()
    commits: tuple[Commit, ...] | None = None
    hr: t.Mapping[str, Person] | None = None
    hr_problem: str = ""
    company: str = ""
    rehearsal: bool = False
    base: str = ""

    @functools.cached_property
    def people(self) -> dict[str, PersonTold]:
        """Everybody in the scope who was there in the period: known before its end, and not gone before it began."""
        begins, ends = self.period.begins, self.period.ends
        found = {}
        for id, told in sorted(self.history.people.items()):
            if not self.scope.has_person(id):
                continue
            at_end = told.before(ends)
            before = told.before(begins)
            if at_end is None or (before is at_end and before.standing == "left" and id not in self._holders):
                continue
            found[id] = told
        return found

    @functools.cached_property
    def _holders(self) -> frozenset[str]:
        return frozenset(
            account.person_at(self.period.ends)
            for account in self.history.access.accounts
            if usable_within(account, self.period)
        )

    @functools.cached_property
    def accounts(self) -> list[AccountTold]:
        """The accounts in period and scope. Those of nobody are everybody's: they are left out for single people."""
        return [
            account
            for account in self.history.access.accounts
            if account.recorded_at < self.period.ends
            and (account.gone_at is None or account.gone_at >= self.period.begins)
            and self.scope.has_app(account.app)
            and self.scope.has_person(account.person_at(self.period.ends))
        ]

    @functools.cached_property
    def grants(self) -> list[GrantTold]:
        """The grants that were in force at any time in the period, in the scope."""
        period, scope = self.period, self.scope
        return [
            grant
            for grant in self.history.access.grants
            if period.overlaps(grant.since, grant.until) and scope.has_app(grant.app) and scope.has_person(grant.person)
        ]

    def accounts_of(self, person: str) -> t.Sequence[AccountTold]:
        """Return every account that was ever this person's."""
        return self._accounts_by_person.get(person, ())

    def grants_of(self, person: str) -> t.Sequence[GrantTold]:
        return self._grants_by_person.get(person, ())

    def changes_of(self, person: str) -> t.Sequence[ChangeTold]:
        return self._changes_by_person.get(person, ())

    def tasks_of(self, person: str) -> t.Sequence[TaskTold]:
        return self._tasks_by_person.get(person, ())

    @functools.cached_property
    def _accounts_by_person(self) -> dict[str, list[AccountTold]]:
        return _by_person(self.history.access.accounts)

    @functools.cached_property
    def _grants_by_person(self) -> dict[str, list[GrantTold]]:
        return _by_person(self.history.access.grants)

    @functools.cached_property
    def _changes_by_person(self) -> dict[str, list[ChangeTold]]:
        return _by_person(self.history.work.changes)

    @functools.cached_property
    def _tasks_by_person(self) -> dict[str, list[TaskTold]]:
        return _by_person(self.history.work.tasks.values())

    def name_of(self, id: str) -> str:
        """Return what a person is called, as last recorded; the id where nobody said."""
        told = self.history.people.get(id)
        return (told.latest.text("name") or id) if told else id

    def person_named(self, name: str) -> str:
        """Return the id of the person whom a file names by id, user name or address; the name where nobody has it."""
        return self._ids.get(name.strip().casefold(), name)

    @functools.cached_property
    def _ids(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for field in ("email", "username", "id"):
            found |= {told.latest.text(field).casefold(): id for id, told in self.history.people.items()}
        return found | {id.casefold(): id for id in self.history.people}

    def place(self, origin: t.Any) -> str:
        """Return where something is written, as seen from the company's directory."""
        return str(origin or "").removeprefix(f"{self.base}/") if self.base else str(origin or "")

    def privileged(self, app: str, entitlement: str) -> bool | None:
        """Return whether the catalog calls an entitlement privileged; None where it does not know it (any more)."""
        entry = self.apps.get(app)
        known = entry.entitlements.get(entitlement) if entry else None
        return known.privileged if known else None

    def sheet(self, name: str, title: str, says: str, columns: str, rows: t.Iterable[tuple[t.Any, ...]]) -> Sheet:
        return Sheet(name, title, says, tuple(columns.split()), tuple(rows))


class _OfPerson(t.Protocol):
    @property
    def person(self) -> str: ...


_Of = t.TypeVar("_Of", bound=_OfPerson)


def _by_person(told: t.Iterable[_Of]) -> dict[str, list[_Of]]:
    found: dict[str, list[_Of]] = {}
    for each in told:
        found.setdefault(each.person, []).append(each)
    return found


def usable_within(account: AccountTold, period: Period) -> bool:
    """Return whether an account could be used at any time in the period."""
    ends: list[dt.datetime | None] = [ending.at for ending in account.endings]
    if account.usable:
        ends.append(None)
    return any(period.overlaps(since, until) for since, until in zip(account.usable_since, ends, strict=False))


def reasons_text(because: Reasons) -> str:
    """Write reasons as people read them: what gave it, and what for."""
    return "; ".join(reason_text(reason) for reason in because)


def reason_text(reason: t.Mapping[str, str]) -> str:
    head = f"{reason.get('kind', '')} {reason.get('id', '')}".strip()
    text = reason.get("text", "")
    return f"{head}: {text}" if text else head


def kinds_of(because: Reasons) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reason.get("kind", "") for reason in because))


def hours_between(start: dt.datetime | None, end: dt.datetime | None) -> float | None:
    """Return the hours from one moment to another, to a hundredth; negative where ``end`` is the earlier one."""
    return None if start is None or end is None else round((end - start).total_seconds() / 3600, 2)
