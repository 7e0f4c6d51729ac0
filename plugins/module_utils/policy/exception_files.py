# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exceptions, cover for colleagues, and locks: files -> values."""

from __future__ import annotations

import datetime as dt
import re
import typing as t

from ..model import AccessException, Cover, Lock
from .files import Definitions, day_at, mapping, read_directory, sequence, text_of
from .grants import GrantReader
from .problems import Problems
from .yaml_lines import Document, Path

# A lock that is given by the day holds as long as it is that day anywhere on earth.
_FIRST_ZONE = dt.timezone(dt.timedelta(hours=14))
_OWN_ID = "Give each an `id` of its own"
_LAST_ZONE = dt.timezone(dt.timedelta(hours=-12))


def read_exceptions(
    directory: t.Any, problems: Problems, grants: GrantReader
) -> tuple[tuple[AccessException, ...], tuple[Cover, ...]]:
    """Return the exceptions in ``directory``, and who stands in for whom; none where it is not there."""
    exceptions, covers = [], []
    defined, covered = Definitions("the exception", problems), Definitions("the cover", problems)
    for document, _unused in read_directory(directory, "exceptions", problems, required=False):
        for number, content in enumerate(sequence(mapping(document.value).get("exceptions"))):
            if isinstance(content, dict):
                exception = _exception(document, ("exceptions", number), problems, grants)
                if exception and defined.add(exception.id, exception.origin, _OWN_ID):
                    exceptions.append(exception)
        for number, content in enumerate(sequence(mapping(document.value).get("cover"))):
            if isinstance(content, dict):
                cover = _cover(document, ("cover", number), problems, grants)
                if cover and covered.add(cover.id, cover.origin, _OWN_ID):
                    covers.append(cover)
    return tuple(exceptions), tuple(covers)


def _exception(document: Document, path: Path, problems: Problems, grants: GrantReader) -> AccessException | None:
    content = document.at(path)
    gives = grants.read(document, (*path, "grant")) if "grant" in content else ()
    start, until = (day_at(document, (*path, key), problems) if key in content else None for key in ("from", "until"))
    person = text_of(content.get("person"))
    if start is None or until is None or not person:
        return None  # the schema, or day_at, has said what is missing
    made = "-".join([person, *sorted({app for app, _unused in gives}), start.isoformat()])
    return AccessException(
        id=text_of(content.get("id")) or made,
        person=person,
        grants=gives,
        reason=text_of(content.get("reason")),
        requested_by=text_of(content.get("requested_by")),
        approved_by=text_of(content.get("approved_by")),
        start=start,
        until=until,
        origin=document.origin(path),
    )


def _cover(document: Document, path: Path, problems: Problems, grants: GrantReader) -> Cover | None:
    content = document.at(path)
    start, until = (day_at(document, (*path, key), problems) if key in content else None for key in ("from", "until"))
    person, colleague = text_of(content.get("person")), text_of(content.get("for"))
    if start is None or until is None or not person or not colleague:
        return None  # the schema, or _day, has said what is missing
    apps = [
        app
        for number, app in enumerate(sequence(content.get("apps")))
        if isinstance(app, str) and grants.check(app, "", document.origin((*path, "apps", number)))
    ]
    return Cover(
        id=text_of(content.get("id")) or f"cover-{person}-{colleague}-{start.isoformat()}",
        person=person,
        colleague=colleague,
        reason=text_of(content.get("reason")),
        requested_by=text_of(content.get("requested_by")) or colleague,
        approved_by=text_of(content.get("approved_by")),
        start=start,
        until=until,
        apps=tuple(apps) if "apps" in content else None,
        privileged=content.get("privileged") is True,
        origin=document.origin(path),
    )


def read_locks(directory: t.Any, problems: Problems) -> tuple[Lock, ...]:
    """Return the locks in ``directory``; none where it is not there."""
    result = []
    for document, _unused in read_directory(directory, "locks", problems, required=False):
        for number, content in enumerate(sequence(mapping(document.value).get("locks"))):
            if not isinstance(content, dict):
                continue
            path = ("locks", number)
            since = _moment(document, (*path, "since"), problems) if "since" in content else None
            until = _moment(document, (*path, "until"), problems) if "until" in content else None
            if since and until and until <= since:
                problems.error("until_before_from", '"until" is before "since"', document.origin((*path, "until")))
            if person := text_of(content.get("person")):
                reason, by = text_of(content.get("reason")), text_of(content.get("by"))
                result.append(Lock(person, reason, by, since, until, document.origin(path)))
    return tuple(result)


def _moment(document: Document, path: Path, problems: Problems) -> dt.datetime | None:
    """Return the moment in UTC; a day alone begins, or ends, where on earth that widens the lock."""
    value = document.at(path)
    if not isinstance(value, str):
        return None
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
            day = dt.datetime.combine(dt.date.fromisoformat(value), dt.time())
            if path[-1] == "since":
                return day.replace(tzinfo=_FIRST_ZONE).astimezone(dt.timezone.utc)
            return (day + dt.timedelta(days=1)).replace(tzinfo=_LAST_ZONE).astimezone(dt.timezone.utc)
        moment = dt.datetime.fromisoformat(re.sub(r"\s+(?=Z|[+-]\d)", "", value))
    except (ValueError, OverflowError):
        problems.error("wrong_value", f'"{path[-1]}": there is no such time: {value}', document.origin(path))
        return None
    if moment.tzinfo is None:
        return None  # the schema has said that the zone is missing
    return moment.astimezone(dt.timezone.utc)
