# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files with requests: YAML, with the line of whatever is wrong with them."""

from __future__ import annotations

import datetime as dt
import os
import typing as t

from ..model import Finding
from ..policy.durations import parse_duration
from ..policy.files import Definitions, mapping, read_directory, sequence, text_of
from ..policy.grants import GrantReader
from ..policy.problems import Problems
from ..policy.values import Catalog
from ..policy.yaml_lines import Document, Path
from .asked import Asked


def read_requests(directory: str | os.PathLike[str], catalog: Catalog) -> tuple[tuple[Asked, ...], tuple[Finding, ...]]:
    """Return the requests in ``directory`` (a folder or a file; it may be missing), and every error with its line.

    Of a file with an error in it nothing is asked; the other files count.
    """
    problems = Problems()
    grants = GrantReader.of(problems, catalog)
    defined = Definitions("the request", problems)
    found: list[Asked] = []
    for document, _sound in read_directory(os.fspath(directory), "requests", problems, required=False):
        # read_directory has noted what the schema says before it hands the document over
        errors = _errors_in(document, problems)
        mine = []
        for number, content in enumerate(sequence(mapping(document.value).get("requests"))):
            if isinstance(content, dict):
                asked = _asked(document, ("requests", number), problems, grants)
                if asked is not None and defined.add(asked.id, document.origin(("requests", number)), _TWICE):
                    mine.append(asked)
        if not errors and not _errors_in(document, problems):
            found += mine
    return tuple(found), tuple(problems.findings)


_TWICE = "Take one of the two away, or give each an `id` of its own"


def _errors_in(document: Document, problems: Problems) -> bool:
    return any(finding.where.rpartition(":")[0] == document.path for finding in problems.findings)


def _asked(document: Document, path: Path, problems: Problems, grants: GrantReader) -> Asked | None:
    content = document.at(path)
    gives = grants.read(document, (*path, "grant")) if "grant" in content else ()
    start, until = (_day(document, (*path, key), problems) for key in ("from", "until"))
    if start and until and until < start:
        problems.error("until_before_from", '"until" is before "from"', document.origin((*path, "until")))
    lasts = _duration(content.get("for"))
    if "until" in content and "for" in content:
        message = 'both "until" and "for" say when it ends'
        problems.error("contradiction", message, document.origin((*path, "for")), "Keep one of the two")
    person = text_of(content.get("person"))
    if not gives or not person:
        return None  # the schema, or the reader of grants, has said so
    return Asked(
        person=person,
        grants=tuple(sorted(gives)),
        reason=text_of(content.get("reason")),
        requested_by=text_of(content.get("requested_by")),
        until=until,
        lasts=lasts,
        start=start,
        given_id=text_of(content.get("id")),
        via=f"file {document.origin(path)}",
        origin=document.origin(path),
    )


def _day(document: Document, path: Path, problems: Problems) -> dt.date | None:
    value = mapping(document.at(path[:-1])).get(str(path[-1]))
    if not isinstance(value, str) or len(value) != 10:
        return None
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        problems.error("wrong_value", f'"{path[-1]}": there is no day {value}', document.origin(path))
        return None


def _duration(value: t.Any) -> dt.timedelta | None:
    try:
        return parse_duration(value) if isinstance(value, str) else None
    except ValueError:  # the schema has said so, with the line
        return None
