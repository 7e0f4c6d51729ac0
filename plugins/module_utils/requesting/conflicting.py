# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a request would bring together that a duty keeps apart: refused, or accepted by somebody who answers for it."""

from __future__ import annotations

import typing as t

from ..model import AccessException, AccessRequest, Finding, Person
from ..policy.duties import finding_of
from ..policy.evaluation import exceptions_of, self_approved
from ..policy.preventing import Preventing
from ..policy.refused import Accepted, Refused

if t.TYPE_CHECKING:
    from .judging import Circumstances


def judged(person: Person, candidate: AccessException, given: Circumstances) -> tuple[Refused | None, list[Accepted]]:
    """Return why ``candidate`` is refused, or None and what of it somebody answers for.

    It is held against what rules give, what the person has today, what other exceptions give or will give on any of its
    days, and what the person waits for.
    """
    if not given.policy.separation_of_duties:
        return None, []
    organisation = given.organisation
    there = [one for one in exceptions_of(person, given.exceptions, organisation) if one.until >= given.today]
    there = [one for one in there if one.id != candidate.id and not self_approved(one, organisation)]
    waiting = [exception_of(one) for one in given.waiting if one.person == person.id and one.id != candidate.id]
    preventing = Preventing(given.policy, given.catalog, organisation)
    rights, has = given.rights_of(person), given.has_of(person)
    return preventing.candidate(given.today, person, rights, [*there, *waiting], candidate, has)


def conflicts_of(person: Person, request: AccessRequest, given: Circumstances) -> tuple[Finding, ...]:
    """Return what ``request`` conflicts with, in words for those who decide on it: who answers for it, or nobody."""
    refused, accepted = judged(person, exception_of(request), given)
    if refused is not None:
        return (finding_of(refused.clash, refused.held),)
    return tuple(finding_of(one.clash, one.held, risk=one.risk) for one in accepted)


def exception_of(request: AccessRequest) -> AccessException:
    """Return what a request becomes when all agree; until then nobody has approved it."""
    return AccessException(
        id=request.id,
        person=request.person,
        grants=request.grants,
        reason=request.reason,
        requested_by=request.requested_by,
        approved_by="",
        start=request.start,
        until=request.until,
        kind="request",
    )
