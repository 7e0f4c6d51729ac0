# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A manager extends what ends soon: exceptions and cover of their own people, for as long as the policy allows."""

from __future__ import annotations

import dataclasses
import datetime as dt

from ..errors import PolicyError, RequestError
from ..model import AccessException, Cover, Person, Run, Status
from ..policy.checking_temporary import LONGEST_EXCEPTION
from ..policy.extensions import EXTENDED, KINDS, gives
from .company import Company
from .duties import check_exception
from .extension_token import ExtensionToken, issue, read
from .following_requests import forget_exceptions

_DAY = dt.timedelta(days=1)
_WHERE = "the extension"
_GIT = "Change its `until` in git, or ask for the access (request_access)"


@dataclasses.dataclass(frozen=True)
class Offer:
    """What a manager is offered with the warning: the signed token, and the last day until which it extends."""

    token: str
    latest: dt.date


@dataclasses.dataclass(frozen=True)
class Extended:
    """What was extended, from which end to which, and by whom."""

    kind: str
    id: str
    person: Person
    before: dt.date
    until: dt.date
    by: Person


def offer(company: Company, kind: str, id: str) -> Offer | None:
    """Return what the manager of whoever has this exception or cover is offered; None where git has to be asked.

    Raises LedgerError when there is no key to sign with.
    """
    token = _possible(company, kind, id)
    return None if isinstance(token, str) else Offer(issue(company.ledger, token), token.latest)


def extended_by_ticket(company: Company, run: Run, *, token: str, until: str, by: str, via: str) -> tuple[str, str]:
    """Extend what a ticket says; return what the ticket is closed as (done or declined) and the words for it.

    ``via`` is the ticket: where an earlier run extended it for this very ticket and died, that is said again.
    """
    try:
        if not by.strip():
            raise RequestError("the desk does not say who wrote this", where=_WHERE, todo=_GIT)
        done = extend(company, run, token=token, until=until, by=by, via=via)
    except RequestError as error:
        for event in company.ledger.events(kind=EXTENDED):
            if event.data.get("via") == via and token_key(company, token) == event.data.get("token"):
                return "done", f"{event.data['kind']} {event.data['id']} is extended until {event.data['until']}."
        return "declined", f"This is not extended: {error}"
    return "done", f"{done.kind} {done.id} is extended until {done.until}."


def token_key(company: Company, token: str) -> str:
    """Return the key of a token, under which its use is written down; empty for one that is none."""
    try:
        return read(company.ledger, token).key
    except RequestError:
        return ""


def extend(company: Company, run: Run, *, token: str, until: str, by: str, via: str = "") -> Extended:
    """Extend what ``token`` names until the day ``until``. ``by`` is who says so: username, id or address.

    Raises RequestError, and changes nothing, for a token that is not ours as it is, was used, or is over; for anybody
    but the manager; for a day that is none, or too late; and where on one of its new days it would bring together what
    a duty keeps apart.
    """
    given = read(company.ledger, token)
    known = company.organisation
    person, manager = company.people.get(given.person), company.people.get(given.manager)
    used = company.ledger.noticed(given.key)
    if used is not None:
        raise _used(used["data"])
    if person is None or manager is None:
        gone = given.person if person is None else given.manager
        raise RequestError(f"HR does not know {gone} any more", where=_WHERE, todo=_GIT)
    for who in (by, run.actor):
        if known.same(who, person.id):
            raise RequestError(
                f"{_name(person)} cannot extend their own access", where=_WHERE, todo="Their manager has to do it"
            )
    if not known.same(by, manager.id):
        raise RequestError(
            f"it is for {_name(manager)}, who got the warning, and not for {by}",
            where=_WHERE,
            todo="They have to do it, in their own name (rollcall_by)",
        )
    possible = _possible(company, given.kind, given.id)
    if isinstance(possible, str):
        raise RequestError(possible, where=_WHERE, todo=_GIT)
    if (possible.until, possible.gives, possible.person) != (given.until, given.gives, given.person):
        raise RequestError(
            f"{given.kind} {given.id} is not any more what it was when the warning was sent",
            where=_WHERE,
            todo="Wait for the next warning, ten days before its end",
        )
    if possible.manager != given.manager:
        above = company.people[possible.manager]
        raise RequestError(f"the manager of {_name(person)} is {_name(above)} now", where=_WHERE, todo="They can do it")
    day = _day(until, given.until, min(possible.latest, given.latest))
    _check_duties(company, given, person, day)
    done = Extended(given.kind, given.id, person, given.until, day, manager)
    if company.writes:
        _write(company, run, given, done, via)
        forget_exceptions(company)
    return done


def _write(company: Company, run: Run, token: ExtensionToken, done: Extended, via: str) -> None:
    now, by = company.clock.now(), _name(done.by)
    data = {"kind": done.kind, "id": done.id, "gives": token.gives, "before": done.before, "until": done.until}
    with company.ledger.one_transaction():
        if not company.ledger.notice(token.key, {"until": str(done.until), "by": by}, run, now):
            # another run was faster
            raise _used((company.ledger.noticed(token.key) or {"data": {}})["data"])
        data |= {
            "by": by,
            "manager": done.by.id,
            "entered_by": run.actor,
            "token": token.key,
            **({"via": via} if via else {}),
        }
        company.ledger.append(EXTENDED, run, now, person=done.person.id, data=data)


def _used(data: dict[str, str]) -> RequestError:
    return RequestError(
        f"it was used already: extended until {data.get('until')} by {data.get('by')}",
        where="the token",
        todo="The next warning, ten days before the new end, has a new one",
    )


def _possible(company: Company, kind: str, id: str) -> ExtensionToken | str:
    """Return the token with which this may be extended now, or in words why nobody but git extends it."""
    thing = find(company, kind, id)
    today = company.settings.working_day.today(company.clock.now())
    what = f"{kind} {id}"
    if thing is None:
        return f"there is no {what} any more: it was ended or taken away"
    if thing.until < today:
        return f"{what} ended on {thing.until}"
    if company.policy.extend_at_most is None:
        return "the policy lets nobody extend anything: it has no extend_at_most"
    person = company.organisation.find(thing.person)
    if person is None:
        return f"{what} is for {thing.person}, whom HR does not know"
    manager = company.people.get(person.manager)
    for who in (person, manager):
        if who is None:
            return f"{_name(person)} has no manager"
        if company.population.statuses.get(who.id) is Status.LEFT:
            return f"{_name(who)} has left"
        if company.lock_on(who) is not None:
            return f"{_name(who)} is locked out"
    if manager is None or manager.id == person.id:
        return f"{_name(person)} has no manager"
    if company.organisation.same(thing.requested_by, manager.id):
        return f"{_name(manager)} asked for {what}, and nobody agrees to what they asked for"
    privileged = _privileged(company, thing, kind)
    if privileged:
        return f"{what} gives what is privileged ({privileged})"
    latest = min(thing.until + company.policy.extend_at_most, thing.start + LONGEST_EXCEPTION)
    if latest <= thing.until:
        return f"{what} has lasted for a year"
    return ExtensionToken(kind, id, gives(thing), person.id, manager.id, thing.until, latest)


def _check_duties(company: Company, token: ExtensionToken, person: Person, until: dt.date) -> None:
    """Raise RequestError where a duty keeps apart on one of the new days what this gives from what there is then."""
    before = next((one for one in company.exceptions if one.kind == token.kind and one.id == token.id), None)
    if before is None:
        return  # cover that nobody approved as it has to be: it gives nothing, and check says so
    try:
        check_exception(company, dataclasses.replace(before, start=token.until + _DAY, until=until), person)
    except PolicyError as error:
        raise RequestError(error.message, where=_WHERE, todo=f"An earlier day, or: {error.todo}") from error


def find(company: Company, kind: str, id: str) -> AccessException | Cover | None:
    """Return the exception or the cover of this id, with the end that it has now."""
    exceptions, covers = company.written
    if kind == "cover":
        return next((one for one in covers if one.id == id), None)
    return next((one for one in exceptions if one.kind == kind and one.id == id and kind in KINDS), None)


def _privileged(company: Company, thing: AccessException | Cover, kind: str) -> str:
    """Return what of it is privileged, in words; empty without."""
    gives_now = next((one.grants for one in company.exceptions if one.kind == kind and one.id == thing.id), ())
    known = [
        (app, company.apps[app].entitlements.get(entitlement)) for app, entitlement in gives_now if app in company.apps
    ]
    return ", ".join(f"{app}: {one.key}" for app, one in known if one is not None and one.privileged)


def _day(text: str, before: dt.date, latest: dt.date) -> dt.date:
    try:
        day = dt.date.fromisoformat(text.strip())
    except ValueError as error:
        raise RequestError(
            f"until is {text!r}, which is no day", where=_WHERE, todo=f"Write it as {latest.isoformat()}"
        ) from error
    if day <= before:
        raise RequestError(f"until {day} is no extension: it ends on {before}", where=_WHERE, todo="Give a later day")
    if day > latest:
        raise RequestError(f"until {day} is too long", where=_WHERE, todo=f"At most until {latest}, for longer: {_GIT}")
    return day


def _name(person: Person) -> str:
    return person.username or person.email or person.id
