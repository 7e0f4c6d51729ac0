# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests for access, and who decided on them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import typing as t

from ..errors import LedgerError
from ..model import AccessRequest, Approver, Run
from .book import Book
from .encoding import canonical, pack, time_of, time_or_none, time_text, time_text_or_none, unpack
from .transaction import Row

_TEXTS = ("id", "person", "reason", "requested_by", "state", "via", "note")


def _row(request: AccessRequest) -> Row:
    return {
        **{name: getattr(request, name) for name in _TEXTS},
        "grants": canonical([list(pair) for pair in request.grants]),
        "requested_at": time_text(request.requested_at),
        "start": request.start.isoformat(),
        "until": request.until.isoformat(),
        "approvers": canonical([pack(dataclasses.asdict(approver)) for approver in request.approvers]),
        "ended_at": time_text_or_none(request.ended_at),
    }


def _request(row: Row) -> AccessRequest:
    return AccessRequest(
        **{name: row[name] for name in _TEXTS},
        grants=tuple((app, entitlement) for app, entitlement in json.loads(row["grants"])),
        requested_at=time_of(row["requested_at"]),
        start=dt.date.fromisoformat(row["start"]),
        until=dt.date.fromisoformat(row["until"]),
        approvers=tuple(Approver(**unpack(approver)) for approver in json.loads(row["approvers"])),
        ended_at=time_or_none(row["ended_at"]),
    )


class Requests(Book):
    def add_request(self, request: AccessRequest, run: Run, at: dt.datetime) -> bool:
        """Keep a request. Returns False when one of this id is there already, whatever became of it."""
        with self._writing(run, at) as writing:
            if writing.rows("requests", id=request.id):
                return False
            row = _row(request)
            writing.event(
                "request.made",
                person=request.person,
                data={name: getattr(request, name) for name in ("id", "grants", "reason", "requested_by", "via")}
                | {"start": request.start, "until": request.until, "approvers": request.approvers},
                proofs=[writing.put("requests", row, new=True)],
            )
            return True

    def update_request(self, request: AccessRequest, event: str, run: Run, at: dt.datetime) -> bool:
        """Write a request as it now is; ``event`` says what happened (request.approved, ...). Returns False when it is
        so already. Raises LedgerError when there is no such request.
        """
        with self._writing(run, at) as writing:
            before = writing.rows("requests", id=request.id).get((request.id,))
            if before is None:
                raise LedgerError(f"there is no request {request.id}", where=self.where)
            row = _row(request)
            changed = {name: [before[name], row[name]] for name in row if row[name] != before[name]}
            if not changed:
                return False
            writing.event(
                event,
                person=request.person,
                data={"id": request.id, "changed": changed},
                proofs=[writing.put("requests", row, new=False)],
            )
            return True

    def requests(self, *, states: t.Collection[str] | None = None, person: str | None = None) -> list[AccessRequest]:
        """Return requests, oldest first; ``states`` None means in any."""
        rows = self._rows("requests", state=None if states is None else set(states), person=person)
        return [_request(row) for row in sorted(rows, key=lambda row: (row["requested_at"], row["id"]))]

    def request(self, id: str) -> AccessRequest | None:
        """Return the request of this id, or None."""
        return next((_request(row) for row in self._rows("requests", id=id)), None)
