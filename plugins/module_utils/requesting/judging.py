# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked becomes a request that waits for its approvers, or an answer that says what to do instead."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..errors import RequestError
from ..model import AccessException, AccessRequest, Person, Status, Want
from ..policy.duties import Held
from ..policy.organisation import Organisation
from ..policy.problems import did_you_mean
from ..policy.values import Catalog, Pair, Policy
from .already import check_had, shown
from .approvers import Approvers
from .asked import Asked
from .conflicting import exception_of, judged
from .days import days_of
from .parties import askers_of

#: A longer reason is no reason but a document; it belongs behind a link.
LONGEST_REASON = 2000


@dataclasses.dataclass(frozen=True)
class Circumstances:
    """What a request is judged by. ``today`` is the day at the company; ``waiting`` are the requests that wait.

    ``wants_of`` says what a person should have today, ``rights_of`` what rules alone give them as soon as they are
    here, ``has_of`` what they have today of what duties are about, ``locked`` whether they are locked out.
    ``exceptions`` are all that are kept, also those of approved requests.
    """

    catalog: Catalog
    policy: Policy
    organisation: Organisation
    approvers: Approvers
    statuses: t.Mapping[str, Status]
    today: dt.date
    wants_of: t.Callable[[Person], t.Iterable[Want]]
    rights_of: t.Callable[[Person], Held]
    has_of: t.Callable[[Person], Held]
    locked: t.Callable[[Person], bool]
    exceptions: t.Sequence[AccessException] = ()
    waiting: t.Sequence[AccessRequest] = ()


def judge(asked: Asked, given: Circumstances, now: dt.datetime) -> AccessRequest:
    """Return the request, with its approvers.

    Raises RequestError, with what to do, for an app or entitlement that is not there or not to be asked for, somebody
    unknown, left or locked out, a reason that is missing, an end that is missing, past or too far, what the person has
    already or what waits already, what separation of duties forbids and nobody has accepted, and where nobody may
    decide.
    """
    try:
        return _judged(asked, given, now)
    except RequestError as error:
        error.where = error.where or asked.where
        raise


def _judged(asked: Asked, given: Circumstances, now: dt.datetime) -> AccessRequest:
    person = beneficiary(asked.person, given)
    if not asked.requested_by.strip():
        raise RequestError("it does not say who asks", todo="Name them, as an address or a username")
    reason = asked.reason.strip()
    if not reason:
        raise RequestError("it does not say why", todo="Give the reason: the approvers decide by it, and it is kept")
    if len(reason) > LONGEST_REASON:
        raise RequestError(f"the reason is longer than {LONGEST_REASON} characters", todo="Say it in a few sentences")
    _check_catalog(asked.grants, given.catalog)
    start, until = days_of(asked, given.catalog, given.today)
    check_had(
        asked.grants, person, until, wants=given.wants_of(person), exceptions=given.exceptions, catalog=given.catalog
    )
    for other in given.waiting:
        both = sorted(set(asked.grants) & set(other.grants))
        if other.person == person.id and both:
            waits = ", ".join(f"{one.address} ({one.role})" for one in other.approvers if not one.decision)
            raise RequestError(
                f"{shown(both)} is asked for already, in request {other.id}",
                todo=f"It waits for {waits}" if waits else "",
                request=other.id,
            )
    askers = askers_of(asked.requested_by, asked.via)
    request = AccessRequest(
        id=asked.id,
        person=person.id,
        grants=tuple(sorted(asked.grants)),
        reason=reason,
        requested_by=_who(asked.requested_by, given.organisation),
        requested_at=now,
        start=start,
        until=until,
        via=asked.via,
        origin=asked.origin,
    )
    refused, accepted = judged(person, exception_of(request), given)
    if refused is not None:
        begins = f" from {refused.day} on" if refused.day > start else ""
        last = refused.day - dt.timedelta(days=1)
        raise RequestError(
            f"separation of duties forbids it{begins}: {refused.why}",
            todo=f"Ask until {last} at the latest, or have the risk accepted for longer"
            if begins and refused.risk
            else "Ask for something else, or have the other taken away first; or have the risk accepted in the policy",
        )
    approvers = given.approvers.of(person, askers, asked.grants, conflicting=bool(accepted))
    return dataclasses.replace(request, approvers=approvers)


def beneficiary(name: str, given: Circumstances) -> Person:
    """Return whom ``name`` means. Raises RequestError for nobody, for several, and for somebody who cannot get any."""
    found = given.organisation.named(name) if name.strip() else ()
    if not found:
        # all addresses of a company end alike: what stands before the @ tells them apart
        names = {n.partition("@")[0] for one in given.organisation for n in (one.username, one.email)} - {""}
        raise RequestError(
            f"nobody is known as {name!r}" if name.strip() else "it does not say for whom",
            todo=did_you_mean(name.partition("@")[0], sorted(names)) or "Give an address, a username or an id from HR",
        )
    if len(found) > 1:
        ids = ", ".join(sorted(one.id for one in found))
        raise RequestError(f"{name!r} is the name of several people ({ids})", todo="Use the id")
    person = found[0]
    if given.statuses.get(person.id) is Status.LEFT:
        raise RequestError(f"{person.username or person.id} has left", todo="Nothing can be given to them")
    if given.locked(person):
        raise RequestError(f"{person.username or person.id} is locked out", todo="Lift the lock first")
    return person


def _check_catalog(grants: t.Sequence[Pair], catalog: Catalog) -> None:
    if not grants:
        raise RequestError("it does not say what is asked for", todo="Name an app of the catalog")
    for key, entitlement in grants:
        app = catalog.apps.get(key)
        if app is None:
            raise RequestError(
                f"the catalog has no app {key!r}", todo=did_you_mean(key, catalog.apps) or _list(_may_be_asked(catalog))
            )
        if not app.requestable:
            owner = f" Ask its owner, {app.owner}" if app.owner else ""
            raise RequestError(f"{app.name or key} cannot be asked for", todo=f"It comes by the rules alone.{owner}")
        if entitlement and entitlement not in app.entitlements:
            raise RequestError(
                f"{key} has no entitlement {entitlement!r}",
                todo=did_you_mean(entitlement, app.entitlements) or _list(app.entitlements),
            )


def _may_be_asked(catalog: Catalog) -> list[str]:
    return [key for key, app in catalog.apps.items() if app.requestable]


def _list(names: t.Iterable[str]) -> str:
    known = sorted(names)
    more = ", ..." if len(known) > 20 else ""
    return f"There is {', '.join(known[:20])}{more}" if known else "There is none"


def _who(name: str, organisation: Organisation) -> str:
    """Return who asks: their address where they are known, else what they are called."""
    known = organisation.find(name)
    return (known.email or known.username or known.id) if known else " ".join(name.split())
