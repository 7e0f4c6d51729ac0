# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One person, two records: a contractor who becomes an employee, a rehire under a new id.

Who is who is never guessed. A record says with ``same_as`` which id it continues. Then

* the person keeps the older id, also when the older record is no longer in any source: accounts, grants and tasks are
  remembered by it, and so stay theirs;
* the newer record's values hold. What an employment says (type, title, department, location, manager, dates, status,
  further columns) comes from one record alone, so that a contract's end does not end an employment. An address or a
  name that the newer record leaves out is taken from the older one; an older address is kept among the earlier ones;
* where ``today`` is known and the newer record starts later, the older one holds until then. If no more than
  BRIDGED days (a weekend, a holiday) lie between its end and the newer start, the person does not leave in between.
"""

from __future__ import annotations

import datetime as dt
import typing as t

from ..model import Finding
from .mapping import Draft
from .problems import shown

#: The longest gap between two employments, in days, that is no leaving.
BRIDGED = 7

_NAMES = ("given_name", "family_name", "name")


def continue_people(
    drafts: t.Mapping[str, Draft], today: dt.date | None
) -> tuple[dict[str, Draft], dict[str, str], list[Finding]]:
    """Return the people by the id they keep, id -> kept id for every id that was continued by another, and findings.

    A ``same_as`` that cannot be followed (two records continue one, a circle) goes to the problems of the source.
    """
    if not any("same_as" in draft.fields for draft in drafts.values()):
        return dict(drafts), {}, []
    findings: list[Finding] = []
    newer: dict[str, Draft] = {}
    for draft in drafts.values():
        older = draft.fields.pop("same_as", None)
        if older is None:
            continue
        if older in newer:
            draft.problems.add(
                draft.origin,
                f"{draft.id} continues {shown(older)}, and so does {newer[older].id} ({newer[older].origin})",
                "Only one record can; correct same_as in HR",
            )
            continue
        newer[older] = draft
    continuing = {draft.id for draft in newer.values()}
    people: dict[str, Draft] = {}
    kept: dict[str, str] = {}
    seen: set[str] = set()
    roots = [*dict.fromkeys([*drafts, *newer])]
    for root in roots:
        if root in continuing:
            continue
        person = drafts.get(root)
        seen.add(root)
        last = root
        while (following := newer.get(last)) is not None:
            if person is None:
                findings.append(
                    Finding(
                        code="continued_id_is_gone",
                        severity="note",
                        message=f"{following.id} continues {shown(root)}, which no source has any more",
                        where=str(following.origin),
                        person=root,
                    )
                )
                person = following
            else:
                person = _continued(person, following, today)
            kept[following.id] = root
            seen.add(following.id)
            last = following.id
        if person is not None:
            person.id = root
            people[root] = person
    for draft in newer.values():
        if draft.id not in seen:
            draft.problems.add(draft.origin, f"same_as of {draft.id} goes round in a circle", "Correct it in HR")
    return people, kept, findings


def _continued(older: Draft, newer: Draft, today: dt.date | None) -> Draft:
    start, end = newer.fields.get("start"), older.fields.get("end")
    bridged = bool(start and end and (start - end).days <= BRIDGED)
    if today is not None and start and today < start and (end is None or today <= end or bridged):
        holding, other = older, newer
        if bridged:
            holding.fields.pop("end")
            if newer_end := newer.fields.get("end"):
                holding.fields["end"] = newer_end
    else:
        holding, other = newer, older
    fields = holding.fields
    if not any(name in fields for name in _NAMES):
        fields.update({name: other.fields[name] for name in _NAMES if name in other.fields})
    if "email" not in fields and "email" in other.fields:
        holding.email_origin = other.email_origin
    for field in ("email", "username"):
        if field in other.fields:
            fields.setdefault(field, other.fields[field])
    earlier = [*fields.get("earlier_emails", ()), *older.fields.get("earlier_emails", ())]
    if holding is newer and "email" in older.fields:
        earlier.append(older.fields["email"])
    fields["earlier_emails"] = tuple(email for email in dict.fromkeys(earlier) if email != fields.get("email"))
    return holding
