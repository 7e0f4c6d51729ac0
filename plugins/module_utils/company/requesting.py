# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests for access: asked, decided on by those whom the catalog names, and given until their last day.

Everything is worked out from the ledger, so a run that dies anywhere is finished by the next one.
"""

from __future__ import annotations

import dataclasses

from ..errors import RequestError, UnknownName
from ..model import AccessRequest, Run
from ..requesting.answers import ended
from ..requesting.asked import Asked
from ..requesting.conflicting import exception_of, judged
from ..requesting.judging import judge
from .company import Company
from .deciding import Conflicting
from .duties import record_uses
from .following_requests import cancel_approvals, follow_requests, forget_exceptions
from .request_circumstances import circumstances


@dataclasses.dataclass(frozen=True)
class Asking:
    """What became of what somebody asked; ``created`` is False where it had been asked before."""

    request: AccessRequest
    created: bool


def ask(company: Company, run: Run, asked: Asked) -> Asking:
    """Take one request in and ask its approvers. What was asked already stays as it is.

    With the same words something can be asked again once it is over; with an id of its own, or from a file or a
    ticket, it is asked once for good. Raises RequestError, and changes nothing, for what cannot be asked.
    """
    there = company.ledger.request(asked.id)
    once = bool(asked.given_id) or asked.origin is not None
    while there is not None and not once and not _goes_on(company, there):
        asked = dataclasses.replace(asked, again=asked.again + 1)
        there = company.ledger.request(asked.id)
    if there is not None:
        if tuple(sorted(asked.grants)) != there.grants or asked.until not in (None, there.until):
            raise RequestError(
                f"there is a request {asked.id} already, for something else or until another day",
                where=asked.where,
                todo="Give this one an id of its own",
            )
        if company.writes and there.state == "waiting" and not all(one.task for one in there.approvers):
            # a run died before it had asked all of them
            follow_requests(company, run, only=[there.id])
        return Asking(company.ledger.request(there.id) or there, created=False)
    now = company.clock.now()
    given = circumstances(company)
    request = judge(asked, given, now)
    if not company.writes:
        return Asking(request, created=True)
    company.ledger.add_request(request, run, now)
    _refused, accepted = judged(company.people[request.person], exception_of(request), given)
    record_uses(company, run, [Conflicting(request.person, one.clash, one.held, one.risk) for one in accepted])
    follow_requests(company, run, only=[request.id])
    return Asking(company.ledger.request(request.id) or request, created=True)


def withdraw(company: Company, run: Run, id: str, by: str, reason: str) -> Asking:
    """Take a request back: its approvers need not answer any more, and what it gave ends with the next reconcile.

    ``created`` says whether that changed anything. Raises UnknownName where there is no such request.
    """
    request = company.ledger.request(id)
    if request is None:
        waiting = ", ".join(one.id for one in company.ledger.requests(states=("waiting",))) or "none"
        raise UnknownName(f"there is no request {id!r}", todo=f"Waiting are: {waiting}")
    if not _goes_on(company, request):
        return Asking(request, created=False)
    now = company.clock.now()
    note = f"withdrawn by {by}" + (f": {reason.strip()}" if reason.strip() else "")
    after = ended(request, "withdrawn", note, now)
    if company.writes:
        if request.state == "approved":
            company.ledger.end_exception(request.id, by, note, run, now)
            forget_exceptions(company)
        cancel_approvals(company, run, after, note)
        company.ledger.update_request(after, "request.withdrawn", run, now)
    return Asking(after, created=True)


def _goes_on(company: Company, request: AccessRequest) -> bool:
    """Return whether a request waits, or gives something (or will)."""
    today = company.settings.working_day.today(company.clock.now())
    return request.state == "waiting" or (request.state == "approved" and today <= request.until)
