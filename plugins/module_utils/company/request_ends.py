# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts that were made on request, in apps that no rule gives: they go when the request is over."""

from __future__ import annotations

import datetime as dt
import typing as t

from ..model import AccessRequest, Because, Status, Want
from ..planning.because import no_longer_needed
from .company import Company


def accounts_over(company: Company, people: t.Collection[str], today: dt.date) -> dict[tuple[str, str], Want]:
    """Return, by (person, app), what is wanted of accounts that were asked for without any entitlement, and are over.

    An entitlement that was given on request says so in the ledger, an account does not: that it was made while the
    request held tells. One that was there before, or in which there is something else, is left alone.
    """
    found: dict[tuple[str, str], Want] = {}
    for request in company.ledger.requests(states=("approved", "withdrawn")):
        if request.person not in people or company.population.statuses.get(request.person) is not Status.ACTIVE:
            continue
        given = Because("request", request.id)
        because = no_longer_needed([given], company.policy.version, company.policy.commit)
        for app, entitlement in request.grants:
            known = company.apps.get(app)
            if known is None or entitlement or app not in company.ungoverned:
                continue
            if _over(request, today) and _made_for(company, request, app):
                state = "absent" if known.leave.then == "delete" else "suspended"
                found[request.person, app] = Want(request.person, app, state, because=because)
    return found


def _over(request: AccessRequest, today: dt.date) -> bool:
    given = bool(request.approvers) and all(one.decision == "approved" for one in request.approvers)
    return given and (request.state == "withdrawn" or request.until < today)


def _made_for(company: Company, request: AccessRequest, app: str) -> bool:
    last = request.ended_at.date() if request.state == "withdrawn" and request.ended_at else request.until
    if any(not grant.because for grant in company.ledger.grants(app=app, person=request.person)):
        return False
    return any(
        record.first_seen is not None and request.requested_at <= record.first_seen and record.first_seen.date() <= last
        for record in company.ledger.accounts(app=app, person=request.person)
    )
