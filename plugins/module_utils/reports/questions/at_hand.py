# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What questions are answered from: the ledger, what git says, and what of it was asked for already."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import functools
import typing as t

from ...clock import WorkingDay
from ...ledger.chain import Head
from ...ledger.looking_at_evidence import Look
from ...ledger.looking_back import PastGrant
from ...ledger.past_events import ACCOUNT_EVENTS
from ...ledger.store import Ledger
from ...model import TEMPORARY, AccessException, AccessRequest, App, Because, Cover, Event
from ...policy.commit import Commit
from ...policy.extensions import EXTENDED, Extension
from ...policy.organisation import Organisation
from ...policy.values import Policy
from ..evidence.access_told import AccessTold
from ..evidence.case import Case
from ..evidence.history import History, history_of
from ..evidence.period import Period, Scope
from ..evidence.rulings_told import ExtensionTold
from .allowed import Allowed, allowed_of, covers_of
from .people_at_hand import PersonRow, person_row

ACCOUNTS = ACCOUNT_EVENTS
GRANTS = ("grant.recorded", "grant.changed", "grant.ended")

#: In an account's event, as it is stored, when it changed from one person to another (or to nobody).
_WAS = '"person":["'

#: for what is worked out without the policy
_NO_POLICY = Policy("")

_EVERYBODY = Scope()


@dataclasses.dataclass(frozen=True)
class AtHand:
    """Everything is read when it is asked for, for a question needs little of it.

    ``policy``, ``exceptions`` and ``covers`` (those in files, with the ends that managers gave them), ``reads``,
    ``operations``, ``commits`` (within a time; None where there is no repository) and ``organisation`` ask the company.
    """

    ledger: Ledger
    now: dt.datetime
    working_day: WorkingDay
    apps: t.Mapping[str, App]
    policy: t.Callable[[], Policy]
    exceptions: t.Callable[[], t.Sequence[AccessException]]
    covers: t.Callable[[], t.Sequence[Cover]]
    organisation: t.Callable[[], Organisation]
    reads: t.Callable[[], t.Mapping[str, bool]]
    operations: t.Callable[[], t.Mapping[str, t.Collection[str]]]
    commits: t.Callable[[dt.datetime, dt.datetime], t.Sequence[Commit] | None]
    checked: t.Callable[[], t.Sequence[Look]]
    company: str = ""

    @functools.cached_property
    def today(self) -> dt.date:
        return self.working_day.today(self.now)

    @functools.cached_property
    def began(self) -> dt.datetime | None:
        """When the ledger's first event was written."""
        return self.ledger.began()

    @functools.cached_property
    def head(self) -> Head:
        return self.ledger.head

    # people

    @functools.cached_property
    def called(self) -> dict[str, tuple[str, str, str]]:
        """(name, user name, address) of everybody, by id."""
        return self.ledger.people_called()

    @functools.cached_property
    def ids(self) -> dict[str, str]:
        """The id of everybody by address and by user name, casefolded; a user name beats an address."""
        found = {address.casefold(): id for id, (_name, _username, address) in self.called.items() if address}
        found.update((username.casefold(), id) for id, (_name, username, _email) in self.called.items() if username)
        return found

    def name(self, id: str) -> str:
        """Return what somebody is called; the id where nobody said; empty for nobody."""
        return (self.called.get(id) or ("",))[0] or id

    @functools.cached_property
    def people(self) -> dict[str, PersonRow]:
        """Everybody as last recorded, by id."""
        rows = self.ledger.plain_rows("people")
        return {row["id"]: person_row(row) for row in rows}

    @functools.cached_property
    def departments(self) -> frozenset[str]:
        return frozenset(person.department for person in self.people.values()) - {""}

    def of_department(self, name: str) -> frozenset[str] | None:
        """Return the ids of those who are in a department now; None where none was asked for."""
        return frozenset(id for id, one in self.people.items() if one.department == name) if name else None

    # apps

    @functools.cached_property
    def known_apps(self) -> frozenset[str]:
        """The apps that the ledger knows, those too that are no longer in the catalog."""
        return frozenset(self.ledger.readings()) | frozenset(self.ledger.account_counts())

    def entitlements_held(self, app: str) -> frozenset[str]:
        """Return the entitlements of an app that anybody has or had."""
        everything = dt.datetime.min.replace(tzinfo=dt.timezone.utc), self.now
        return frozenset(grant.entitlement for grant in self.ledger.grants_within(*everything, app=app))

    @functools.cached_property
    def privileged(self) -> frozenset[tuple[str, str]]:
        """Every (app, entitlement) that the catalog calls privileged, as it is now."""
        return frozenset(
            (key, one.key) for key, app in self.apps.items() for one in app.entitlements.values() if one.privileged
        )

    def is_privileged(self, app: str, entitlement: str) -> bool | None:
        """Return whether the catalog calls an entitlement privileged; None where it does not know it (any more)."""
        entry = self.apps.get(app)
        known = entry.entitlements.get(entitlement) if entry else None
        return known.privileged if known else None

    # what was so

    def grants_on(self, day: Period, *, past: bool, **where: t.Any) -> list[PastGrant]:
        """Return the grants that were in force at the end of a day, with the reasons that they had then."""
        found = self.ledger.grants_within(day.ends, day.ends, **where)
        if not past:
            return found
        people = where.get("people")
        then = self.ledger.reasons_before(day.ends, app=where.get("app"), people=people)
        return [grant._replace(because=then[grant.key]) if grant.key in then else grant for grant in found]

    def accounts_of_app(self, app: str, ends: dt.datetime) -> AccessTold:
        """Return every account that was ever in an app, as it was at a moment."""
        told = AccessTold()
        for event in self.ledger.events_of(ACCOUNTS, app=app, ends=ends):
            told.take_account(event)
        return told

    def history(
        self,
        people: t.Collection[str],
        kinds: t.Collection[str] | None,
        ends: dt.datetime | None = None,
        besides: t.Collection[str] = (),
    ) -> History:
        """Return what the events of these kinds (None: of all) tell of these people, and of accounts that were theirs.

        ``besides`` are kinds of events that are about nobody.
        """
        ids = frozenset(people)
        events = {event.seq: event for event in self._events(ids, kinds, ends)}
        if kinds is None or "account.changed" in kinds:
            events.update((event.seq, event) for event in self._of_handed_over(ids, events.values(), ends))
        runs = {event.run for event in events.values()}
        for event in self.ledger.events_of(("run.began", *besides)):
            if event.run in runs or event.kind in besides:
                events[event.seq] = event
        history = history_of(events[seq] for seq in sorted(events))
        # of these events the first one is not when the ledger began
        history.first = self.began
        return history

    def _of_handed_over(
        self, ids: frozenset[str], known: t.Iterable[Event], ends: dt.datetime | None
    ) -> t.Sequence[Event]:
        """Return all events of accounts that have passed to these people or from them: others' tell of them, too."""
        changed = [event for event in known if event.kind == "account.changed"]
        changed += self.ledger.events_of(("account.changed",), ends=ends, containing=(_WAS,))
        keys = set()
        for event in changed:
            was = event.data["changed"].get("person")
            if was is not None and (was[0] in ids or was[1] in ids):
                keys.add((event.app, event.data["account"]))
        return self.ledger.events_of_accounts(keys, ends) if keys else ()

    def _events(
        self, ids: frozenset[str], kinds: t.Collection[str] | None, ends: dt.datetime | None
    ) -> t.Iterator[Event]:
        if kinds is None:
            yield from self.ledger.events_of(None, people=ids, ends=ends)
            return
        news = [kind for kind in kinds if kind == "person.recorded"]
        rest = [kind for kind in kinds if kind != "person.recorded"]
        for each in (news, rest):
            if each:
                yield from self.ledger.events_of(each, people=ids, ends=ends)

    def case(self, history: History, period: Period, app: str = "") -> Case:
        """Return what tables of the evidence pack are worked out of."""
        return Case(
            history=history,
            period=period,
            scope=Scope(apps=frozenset({app})) if app else _EVERYBODY,
            now=self.now,
            working_day=self.working_day,
            apps=self.apps,
            reads={},
            policy=_NO_POLICY,
            company=self.company,
            rehearsal=self.ledger.rehearsal,
        )

    # what was decided

    @functools.cached_property
    def requests(self) -> dict[str, AccessRequest]:
        return {request.id: request for request in self.ledger.requests()}

    @functools.cached_property
    def extensions(self) -> tuple[ExtensionTold, ...]:
        """What managers have extended, oldest first."""
        return tuple(ExtensionTold.of(event) for event in self.ledger.events_of((EXTENDED,)))

    @functools.cached_property
    def allowed(self) -> dict[str, Allowed]:
        """Every exception, those of files and those made at run time, ended ones too, by id."""
        rows = self.ledger.plain_rows("exceptions")
        extensions = [Extension.from_event(event) for event in self.ledger.events_of((EXTENDED,))]
        return allowed_of(self.exceptions(), rows, self.requests, extensions, self.working_day.zone)

    @functools.cached_property
    def cover(self) -> dict[str, Allowed]:
        """Who stands in for whom, as files have it, over or not, by id."""
        return covers_of(self.covers(), self.working_day.zone)

    def ruling(self, kind: str, id: str) -> Allowed | None:
        """Return what was allowed, of a reason's kind and id; None for rules, and for what nobody knows any more.

        A reason of the kind expiry may be about either.
        """
        if kind == "cover":
            return self.cover.get(id)
        if kind == "expiry":
            return self.allowed.get(id) or self.cover.get(id)
        return self.allowed.get(id) if kind in TEMPORARY else None

    def approvers(self, reason: Because | t.Mapping[str, str]) -> tuple[str, ...]:
        """Return who agreed to what a reason gave: of an exception or cover who is named, of a request who said yes.

        Of break-glass access it is the policy's entry. Empty for a rule, which gives to everybody alike: who approved
        that is in the policy's history.
        """
        data = reason.to_dict() if isinstance(reason, Because) else reason
        kind, id = data.get("kind", ""), data.get("id", "")
        request = self.requests.get(id)
        if kind in ("request", "exception") and request is not None:
            return tuple(
                f"{one.by or one.address} ({one.role}{f', {one.at:%Y-%m-%d %H:%M}' if one.at else ''})"
                for one in request.approvers
                if one.decision == "approved"
            )
        known = self.ruling(kind, id)
        return (known.approved_by,) if known else ()

    @functools.cached_property
    def approvals(self) -> dict[str, list[tuple[str, str]]]:
        """(by, at) of everybody who approved a plan that the guard had stopped, by the plan's hash."""
        found: dict[str, list[tuple[str, str]]] = collections.defaultdict(list)
        for row in self.ledger.plain_rows("approvals"):
            found[row["plan"]].append((row["by"], row["at"]))
        return found
