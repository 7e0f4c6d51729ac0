# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a person stands today, and what is happening to them."""

from __future__ import annotations

import datetime as dt
import re
import typing as t

from ..clock import WorkingDay
from ..model import Lifecycle, Person, PersonRecord, Status

# Words in which HR systems write a status. One of them is enough ("Leave - parental", "Terminated (voluntary)"), unless
# a word of the third set turns it round ("returned from leave"). Further words are brought to these with `normalise`.
LEAVE_WORDS = frozenset({"leave", "loa", "sabbatical", "furlough", "furloughed"})
LEFT_WORDS = frozenset(
    {
        "deactivated",
        "deceased",
        "departed",
        "dismissed",
        "former",
        "inactive",
        "leaver",
        "left",
        "offboarded",
        "resigned",
        "retired",
        "separated",
        "terminated",
    }
)
_TURNING_WORDS = frozenset({"back", "never", "no", "not", "return", "returned", "returning"})
_LEFT_PHRASES = ("no longer", "not active", "not employed")

# A new value of one of these is work in every app, whatever the policy reads.
_SHOWN_IN_APPS = ("name", "given_name", "family_name", "email")


def standing_today(person: Person, *, now: dt.datetime, working_day: WorkingDay, lead_time: dt.timedelta) -> Status:
    """Return where ``person`` stands at ``now`` (UTC).

    - FUTURE until ``lead_time`` before the first day begins, at the company's place. From then on ACTIVE: accounts are
      made ahead of the start; ``has_started`` tells the two apart.
    - LEFT from the end of the last working day. Whoever has an end date leaves on that date, whatever HR's status says
      ("Terminated" is often written on the day of the notice). Without an end date the status decides.
    - LEAVE while HR's status says so, between these two.
    - No start date: the person has been there for ever.
    - An end date before the start date is either the end of an earlier employment (a rehire) or a start that was called
      off. It is a rehire when HR's status says something other than "left"; else the end counts, because wrongly giving
      nothing is put right more easily than wrongly giving access.
    """
    end = person.end
    if end and person.start and end < person.start and person.hr_status.strip() and not _says(person, LEFT_WORDS):
        end = None
    if end is None:
        if _says(person, LEFT_WORDS):
            return Status.LEFT
    elif now >= working_day.over(end):
        return Status.LEFT
    if person.start is not None:
        # a lead time is counted in days at the company's place, so the change to summer time does not move it
        opens = dt.datetime.combine(person.start, dt.time(), working_day.zone) - lead_time
        if now < opens:
            return Status.FUTURE
    return Status.LEAVE if _says(person, LEAVE_WORDS) else Status.ACTIVE


def has_started(person: Person, *, now: dt.datetime, working_day: WorkingDay) -> bool:
    """Return whether the first day has begun: False for a joiner whose accounts are made ahead of time."""
    return person.start is None or working_day.today(now) >= person.start


def lifecycle(
    person: Person,
    record: PersonRecord | None,
    *,
    status: Status,
    attributes_read: t.Collection[str],
    has_anything: bool,
    locked: bool = False,
) -> Lifecycle | None:
    """Return what is happening to ``person``, held against what the ledger remembers of them.

    ``attributes_read`` are the attributes that the policy reads; ``has_anything`` says whether the person has a usable
    account or an open task; ``locked`` whether an emergency lock is in force.

    - A joiner is active, and new to the ledger, back after having left for good, or not yet complete since joining. An
      open manual task keeps a joiner a joiner.
    - A mover's name, email address or an attribute that the policy reads is another than the one last carried out; or
      the person goes on leave or comes back (suspended, kept, reactivated); or is active again before leaving was
      finished; or a move is not complete. A contractor who becomes an employee under the same id is a mover where the
      policy reads ``type``. A new end date in the future is nothing by itself.
    - A leaver's last working day is over and something is left: until the ledger says "left", and again should a usable
      account turn up.
    - Somebody whose start was put off after accounts were made is a mover: they wait, suspended.
    - Somebody on leave whom the ledger does not know joins on coming back; what they already have is suspended.
    - Somebody who had left before the ledger began and has nothing is none of these.
    """
    if status is Status.LEFT:
        leaving = has_anything or (record is not None and record.standing != "left")
        return Lifecycle.LEAVER if leaving else None
    if status is Status.FUTURE:
        return Lifecycle.MOVER if has_anything else None
    if record is None or record.standing == "left":
        if status is Status.ACTIVE:
            return Lifecycle.JOINER
        return Lifecycle.MOVER if has_anything else None
    if not record.complete:
        joining = record.phase == "joining" or (not record.phase and record.carried_out is None)
        return Lifecycle.JOINER if joining and status is Status.ACTIVE else Lifecycle.MOVER
    standing = "suspended" if locked or status is Status.LEAVE else "present"
    if record.standing != standing or changed_attributes(person, record.person, attributes_read):
        return Lifecycle.MOVER
    return None


def changed_attributes(now: Person, before: Person, attributes_read: t.Collection[str]) -> tuple[str, ...]:
    """Return the names of what has changed and matters: names, email and what the policy reads, sorted."""
    names = {*attributes_read, *_SHOWN_IN_APPS} - {"username"}
    return tuple(sorted(name for name in names if _value(now, name) != _value(before, name)))


def _value(person: Person, name: str) -> t.Any:
    value = person.attribute(name)
    if name == "email":
        return str(value).casefold()
    if isinstance(value, dt.date):
        # the ledger gives back as a text what was a date in a further column
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    # a text that HR leaves out and one that is empty are the same
    return "" if value is None else value


def _says(person: Person, words: frozenset[str]) -> bool:
    if not person.hr_status:
        return False
    found = re.findall(r"[^\W_]+", person.hr_status.casefold())
    if words is LEFT_WORDS and " ".join(found).startswith(_LEFT_PHRASES):
        return True
    return not words.isdisjoint(found) and _TURNING_WORDS.isdisjoint(found)
