# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people decide while things run: locks and exceptions that are not in git, and who has been told of what."""

from __future__ import annotations

import datetime as dt
import json
import typing as t

from ..errors import LedgerError
from ..model import AccessException, Lock, Run
from .book import Book
from .encoding import canonical, readable, time_of, time_or_none, time_text, time_text_or_none
from .transaction import Row


def _in_force(row: Row, now: str) -> bool:
    return row["lifted_at"] is None and row["since"] <= now and (row["until"] is None or row["until"] > now)


class Locks(Book):
    def add_lock(self, lock: Lock, run: Run, at: dt.datetime) -> bool:
        """Lock a person. Returns False when a lock that lasts as long is in force already."""
        with self._writing(run, at) as writing:
            until = time_text_or_none(lock.until)
            for row in writing.rows("locks", person=lock.person).values():
                lasts = row["until"] is None or (until is not None and row["until"] >= until)
                if lasts and _in_force(row, time_text(lock.since or at)):
                    return False
            new: Row = {
                "number": writing.next_seq,
                "person": lock.person,
                "reason": lock.reason,
                "by": lock.by or run.actor,
                "since": time_text(lock.since or at),
                "until": until,
                "lifted_by": "",
                "lifted_at": None,
                "lift_reason": "",
            }
            writing.event(
                "lock.added",
                person=lock.person,
                data={name: new[name] for name in ("reason", "by", "since", "until")},
                proofs=[writing.put("locks", new, new=True)],
            )
            return True

    def lift_lock(self, person: str, by: str, reason: str, run: Run, at: dt.datetime) -> bool:
        """Lift every lock of a person that is in force or still to come. Returns False when there was none."""
        with self._writing(run, at) as writing:
            now = time_text(at)
            rows = [
                row
                for row in writing.rows("locks", person=person).values()
                if row["lifted_at"] is None and (row["until"] is None or row["until"] > now)
            ]
            for row in rows:
                row.update(lifted_by=by, lifted_at=now, lift_reason=reason)
            if rows:
                writing.event(
                    "lock.lifted",
                    person=person,
                    data={"by": by, "reason": reason},
                    proofs=[writing.put("locks", row, new=False) for row in rows],
                )
            return bool(rows)

    def locks(self, now: dt.datetime) -> list[Lock]:
        """Return the locks in force at ``now``."""
        moment = time_text(now)
        rows = sorted(self._rows("locks"), key=lambda row: row["number"])
        return [
            Lock(row["person"], row["reason"], row["by"], time_or_none(row["since"]), time_or_none(row["until"]))
            for row in rows
            if _in_force(row, moment)
        ]


class Exceptions(Book):
    def add_exception(self, exception: AccessException, run: Run, at: dt.datetime) -> bool:
        """Keep an exception. Returns False when it is there already; LedgerError when its id is another one's."""
        with self._writing(run, at) as writing:
            row: Row = {
                "id": exception.id,
                "person": exception.person,
                "grants": canonical([list(pair) for pair in exception.grants]),
                "reason": exception.reason,
                "requested_by": exception.requested_by,
                "approved_by": exception.approved_by,
                "start": exception.start.isoformat(),
                # the moment, where it ends at one
                "until": time_text(exception.ends_at) if exception.ends_at else exception.until.isoformat(),
                "ended_by": "",
                "ended_at": None,
                "end_reason": "",
            }
            before = writing.rows("exceptions", id=exception.id).get((exception.id,))
            if before == row:
                return False
            if before is not None:
                state = "has ended" if before["ended_at"] else "says something else"
                raise LedgerError(
                    f"there is an exception {exception.id} already, and it {state}",
                    where=self.where,
                    todo="Give the new one an id of its own",
                )
            shown = ("id", "reason", "requested_by", "approved_by", "start", "until")
            writing.event(
                "exception.added",
                person=exception.person,
                data={"grants": exception.grants, **{name: row[name] for name in shown}},
                proofs=[writing.put("exceptions", row, new=True)],
            )
            return True

    def end_exception(self, id: str, by: str, reason: str, run: Run, at: dt.datetime) -> bool:
        """End an exception before its time. Returns False when it is unknown or has been ended."""
        with self._writing(run, at) as writing:
            row = writing.rows("exceptions", id=id).get((id,))
            if row is None or row["ended_at"] is not None:
                return False
            row.update(ended_by=by, ended_at=time_text(at), end_reason=reason)
            writing.event(
                "exception.ended",
                person=row["person"],
                data={"id": id, "by": by, "reason": reason},
                proofs=[writing.put("exceptions", row, new=False)],
            )
            return True

    def exceptions(self) -> list[AccessException]:
        """Return all exceptions that nobody has ended; whether today is within their days is for the caller to see.

        One that has the id of a request is what became of that request; one that ends at a moment, and not on a day, is
        break-glass access.
        """
        requests = {row["id"] for row in self._rows("requests")}
        return [
            AccessException(
                id=row["id"],
                person=row["person"],
                grants=tuple((app, entitlement) for app, entitlement in json.loads(row["grants"])),
                reason=row["reason"],
                requested_by=row["requested_by"],
                approved_by=row["approved_by"],
                start=dt.date.fromisoformat(row["start"]),
                **_end_of(row["until"]),
                kind="request" if row["id"] in requests else "exception" if _is_day(row["until"]) else "break_glass",
            )
            for row in sorted(self._rows("exceptions"), key=lambda row: row["id"])
            if row["ended_at"] is None
        ]


def _is_day(until: str) -> bool:
    return len(until) == len("2026-01-31")


def _end_of(until: str) -> dict[str, t.Any]:
    if _is_day(until):
        return {"until": dt.date.fromisoformat(until)}
    moment = time_of(until)
    return {"until": moment.date(), "ends_at": moment}


class Notices(Book):
    def notices(self) -> set[str]:
        """Return the keys of everything that has been told."""
        return {row["key"] for row in self._rows("notices")}

    def notice(
        self,
        key: str,
        data: t.Mapping[str, t.Any],
        run: Run,
        at: dt.datetime,
        *,
        event: str = "notice.given",
        person: str = "",
    ) -> bool:
        """Mark something as told. Returns False when it was marked before.

        ``event`` is the kind of event that says so, ``person`` whom it is about.
        """
        with self._writing(run, at) as writing:
            if writing.rows("notices", key=key):
                return False
            row = {"key": key, "data": canonical(readable(data)), "run": run.id, "at": time_text(at)}
            writing.event(
                event,
                person=person,
                data={"key": key, "notice": data},
                proofs=[writing.put("notices", row, new=True)],
            )
            return True

    def notice_all(self, keys: t.Collection[str], data: t.Mapping[str, t.Any], run: Run, at: dt.datetime) -> None:
        """Mark all of these as told, in one go and with one event; those that were marked before stay as they are."""
        with self._writing(run, at) as writing:
            before = {key for (key,) in writing.rows("notices", key=set(keys))} if keys else set()
            told = sorted(set(keys) - before)
            row = {"data": canonical(readable(data)), "run": run.id, "at": time_text(at)}
            if told:
                writing.event(
                    "notice.given",
                    data={"keys": told, "notice": data},
                    proofs=[writing.put("notices", {"key": key, **row}, new=True) for key in told],
                )

    def noticed(self, key: str) -> dict[str, t.Any] | None:
        """Return what a notice says: ``data``, ``run`` and ``at``; None where nothing was told."""
        for row in self._rows("notices", key=key):
            return {"data": json.loads(row["data"]), "run": row["run"], "at": time_of(row["at"])}
        return None
