# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Break-glass access: somebody takes, without asking, what the policy lets them take; for hours.

That it was taken is an event of the ledger, and what it gives an exception that ends at a moment. Who has to hear of
it, what is over, and what is to be reviewed all follow from these two, so that a run which died loses nothing.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import typing as t

from ..errors import RequestError
from ..model import AccessException, Event, Person, Run, Status, fingerprint
from ..policy.break_glass_files import allowed_to, that_gives
from ..policy.durations import format_duration
from ..policy.duties import clashes, held_by
from ..policy.problems import did_you_mean
from ..policy.risks import Risks
from ..policy.values import BreakGlass, Pair
from .company import Company
from .deciding import decide, has_now
from .population import people_named

GIVEN, ENDED = "break_glass.given", "break_glass.ended"
_WHERE = "break-glass access"


@dataclasses.dataclass(frozen=True)
class Taking:
    """What somebody takes. ``before``: they have it already, by the same way, until it ends."""

    person: Person
    entry: BreakGlass
    exception: AccessException
    reason: str
    before: bool = False

    @property
    def pair(self) -> Pair:
        return self.exception.grants[0]


@dataclasses.dataclass(frozen=True)
class Taken:
    """Break-glass access that was given once. ``by`` ran it; ``over``: its time is over, or somebody has ended it."""

    id: str
    person: str
    pair: Pair
    entry: str
    reason: str
    by: str
    at: dt.datetime
    ends_at: dt.datetime
    over: bool

    @property
    def what(self) -> str:
        return ": ".join(self.pair)


def judge_taking(company: Company, *, who: str, grant: str, hours: str, reason: str, actor: str) -> Taking:
    """Return what is to be given. ``grant`` is "app:entitlement", ``hours`` a number; empty: as long as allowed.

    Raises RequestError, saying what to do, for what the policy does not let this person take; UnknownName for a person
    or an app that there is not.
    """
    now = company.clock.now()
    (person,) = people_named(company.population, [who])
    _check_person(company, person)
    if not reason.strip():
        raise RequestError("it does not say why", where=_WHERE, todo="Give a reason: the review afterwards is about it")
    pair = _pair(company, grant)
    entry = _entry(company, person, pair)
    lasts = _lasts(hours, entry)
    for one in company.exceptions:
        if one.kind == "break_glass" and one.person == person.id and one.grants == (pair,):
            return Taking(person, entry, one, reason, before=True)
    ends_at = now.replace(microsecond=0) + lasts
    _check_held(company, person, pair, entry, ends_at)
    name = person.username or person.id
    reason = " ".join(reason.split())
    exception = AccessException(
        id=f"break-glass-{name}-{now:%Y-%m-%d-%H%M}-{fingerprint([person.id, *pair, now.isoformat()])[:6]}",
        person=person.id,
        grants=(pair,),
        reason=f"{reason} - taken by {name} until {_moment(ends_at)}, as break_glass {entry.id} of the policy allows",
        requested_by=actor,
        approved_by=f"policy {company.policy.version}, break_glass {entry.id}",
        start=company.settings.working_day.today(now),
        until=company.settings.working_day.today(ends_at),
        kind="break_glass",
        ends_at=ends_at,
    )
    return Taking(person, entry, exception, reason)


def with_exception(company: Company, exception: AccessException) -> None:
    """Let ``company`` count an exception that is not in the ledger yet."""
    exceptions, covers = company.written
    company.written = ((*exceptions, exception), covers)
    company.__dict__.pop("covered", None)


def give(company: Company, run: Run, taking: Taking) -> None:
    """Write down that it is taken, before anything is changed in the app."""
    now, exception = company.clock.now(), taking.exception
    with company.ledger.one_transaction():
        if company.ledger.add_exception(exception, run, now):
            data = {
                "id": exception.id,
                "grant": list(taking.pair),
                "entry": taking.entry.id,
                "reason": taking.reason,
                "by": run.actor,
                "ends_at": exception.ends_at,
            }
            company.ledger.append(GIVEN, run, now, person=taking.person.id, app=taking.pair[0], data=data)


def taken(company: Company, *, since: dt.datetime | None = None) -> list[Taken]:
    """Return all that was ever taken, or since then, oldest first."""
    now = company.clock.now()
    there = {one.id for one in company.ledger.exceptions()}
    found = (_taken(event, there, now) for event in company.ledger.events(kind=GIVEN))
    return [one for one in found if since is None or one.at >= since]


def unfinished(company: Company) -> list[Taken]:
    """Return what is over, and not known to be gone from its app."""
    ended = {str(event.data["id"]) for event in company.ledger.events(kind=ENDED)}
    return [one for one in taken(company) if one.over and one.id not in ended]


def finish(company: Company, run: Run, one: Taken) -> str:
    """Say of access that is over what became of it: gone, kept for another reason, or (not ended yet) left.

    The first two are written down; then nobody looks after it any more.
    """
    held = any(grant.entitlement == one.pair[1] for grant in company.ledger.grants(app=one.pair[0], person=one.person))
    kept = False
    if held and one.person in company.people:
        wanted = decide(company, [one.person]).wants.get((one.person, one.pair[0]))
        kept = wanted is not None and one.pair[1] in wanted.entitlements
    state = "left" if held and not kept else "kept" if kept else "gone"
    if state != "left":
        data = {"id": one.id, "state": state}
        company.ledger.append(ENDED, run, company.clock.now(), person=one.person, app=one.pair[0], data=data)
    return state


def _taken(event: Event, there: t.Collection[str], now: dt.datetime) -> Taken:
    data = event.data
    app, entitlement = data["grant"]
    ends_at = dt.datetime.fromisoformat(str(data["ends_at"]))
    return Taken(
        id=str(data["id"]),
        person=event.person,
        pair=(app, entitlement),
        entry=str(data["entry"]),
        reason=str(data["reason"]),
        by=str(data["by"]),
        at=event.at,
        ends_at=ends_at,
        over=ends_at <= now or data["id"] not in there,
    )


def _check_person(company: Company, person: Person) -> None:
    name = person.username or person.id
    if company.population.statuses.get(person.id) is not Status.ACTIVE:
        raise RequestError(f"{name} does not work here today", where=_WHERE, todo="Somebody who does has to take it")
    if company.lock_on(person) is not None:
        raise RequestError(f"{name} is locked out", where=_WHERE, todo="Lift the lock first, if it is over")


def _pair(company: Company, grant: str) -> Pair:
    app, colon, entitlement = (part.strip() for part in grant.partition(":"))
    if not (app and colon and entitlement):
        todo = "Write it as app:entitlement, by the keys of the catalog"
        raise RequestError(f"what is to be taken is {grant!r}", where=_WHERE, todo=todo)
    company.need_apps([app])
    known = company.apps[app].entitlements
    if entitlement not in known:
        hint = did_you_mean(entitlement, known) or f"It has: {', '.join(sorted(known)) or 'none'}"
        raise RequestError(f"the app {app!r} has no entitlement {entitlement!r}", where=_WHERE, todo=hint)
    return app, entitlement


def _entry(company: Company, person: Person, pair: Pair) -> BreakGlass:
    entry = that_gives(allowed_to(person, company.policy, company.organisation), pair)
    if entry is None:
        of_others = that_gives(company.policy.break_glass, pair) is not None
        whom = f"{person.username or person.id} take" if of_others else "anybody take"
        raise RequestError(
            f"the policy does not let {whom} {pair[0]}: {pair[1]} without asking",
            where=_WHERE,
            todo="Ask for it (request_access), or ask somebody who may take it" if of_others else "Ask for it",
        )
    return entry


def _lasts(hours: str, entry: BreakGlass) -> dt.timedelta:
    if not hours.strip():
        return entry.at_most
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,2})?", hours.strip(), re.ASCII) or not float(hours):
        raise RequestError(f"hours is {hours!r}, which is no number of hours", where=_WHERE, todo="Write it as 2")
    lasts = dt.timedelta(hours=float(hours))
    if lasts > entry.at_most:
        at_most = format_duration(entry.at_most)
        message = f"{hours.strip()} hours are more than break_glass {entry.id} of the policy allows"
        raise RequestError(message, where=_WHERE, todo=f"At most {at_most}; for longer, ask for it (request_access)")
    return lasts


def _check_held(company: Company, person: Person, pair: Pair, entry: BreakGlass, ends_at: dt.datetime) -> None:
    held = held_by(want for want in decide(company, [person.id]).wants.values() if want.state == "present")
    if pair in held:
        why = ", ".join(dict.fromkeys(f"{one.kind} {one.id}".strip() for one in held[pair]))
        name = person.username or person.id
        raise RequestError(f"{name} has {pair[0]}: {pair[1]} already ({why})", where=_WHERE, todo="Nothing is to do")
    if entry.despite_duties:
        return
    risks = Risks(company.policy, company.organisation)
    # what they have today counts too, whatever gave it; but not what is taken again, which may still be there
    there = {**has_now(company, person), **held}
    there.pop(pair, None)
    days = [company.settings.working_day.today(moment) for moment in (company.clock.now(), ends_at)]
    before = clashes(there, company.policy)
    after = {**there, pair: ()}
    for clash in clashes(after, company.policy):
        if clash not in before and not all(risks.accepted(clash.duty.id, person, day) for day in days):
            raise RequestError(
                f"it would bring together {clash.through(after)}",
                where=_WHERE,
                todo="Let somebody else take it; or, in the policy, have the risk accepted for all of that time "
                "(accepted_risks), or say despite_duties: true",
            )


def _moment(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.timezone.utc):%Y-%m-%d %H:%M} UTC"
