# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading a SCIM list to its end: everything, once each, or an error.

Sources: https://www.rfc-editor.org/rfc/rfc7644#section-3.4.2.4 (index), https://www.rfc-editor.org/rfc/rfc9865 (cursor)
"""

from __future__ import annotations

import contextlib
import itertools
import typing as t
from concurrent import futures

from ..errors import Broken, Refused

Resource = dict[str, t.Any]
Fetch = t.Callable[[t.Mapping[str, t.Any]], t.Any]


class ListReader(t.Protocol):
    """Reads a whole list, such as Users, or what a filter leaves of it."""

    def __call__(
        self, endpoint: str, *, where: str, filter: str = "", pool: futures.Executor | None = None
    ) -> list[Resource]: ...


_ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"
_MOST_EMPTY_PAGES = 50
#: So many pages are asked for at a time where there are threads for it.
_AT_A_TIME = 4


class _Changed(Exception):
    """The list changed its length while it was read."""


def read_list(
    fetch: Fetch, *, page_size: int, paging: str, where: str, filter: str = "", pool: futures.Executor | None = None
) -> list[Resource]:
    """Return every resource of a list. ``fetch`` takes the query's parameters and returns the parsed answer.

    With the threads of a ``pool`` a few pages are asked for at a time, unless a cursor leads from one to the next.
    A list that grows or shrinks meanwhile is read once more. Raises Broken for one that is short, repeats itself, does
    not advance, or contradicts its own total; and whatever ``fetch`` raises.
    """
    asked = {"filter": filter} if filter else {}

    def read() -> list[Resource]:
        if paging == "cursor":
            return _by_cursor(fetch, asked, page_size, where)
        with contextlib.closing(_Pages(fetch, asked, page_size, pool)) as pages:
            return _by_index(pages, where)

    try:
        return read()
    except _Changed:
        pass
    try:
        return read()
    except _Changed as change:
        raise Broken(
            f"the number of entries changed while they were read, twice ({change})",
            where=where,
            todo="Something else is changing many accounts just now: run again when it is done",
        ) from None


class _Pages:
    """Pages by the number that they start with, and those after the first before it is their turn."""

    def __init__(
        self, fetch: Fetch, asked: t.Mapping[str, t.Any], page_size: int, pool: futures.Executor | None
    ) -> None:
        self._fetch = fetch
        self._asked = asked
        self._page_size = page_size
        self._pool = pool
        self._starts: t.Iterator[int] = iter(())
        self._ahead: dict[int, futures.Future[t.Any]] = {}

    def __call__(self, start: int) -> t.Any:
        waiting = self._ahead.pop(start, None)
        self._go_ahead()
        # behind a page that was shorter than the first, the others start elsewhere: they are asked for one by one
        return waiting.result() if waiting else self._ask(start)

    def expect(self, starts: t.Iterable[int]) -> None:
        """Ask for these, a few at a time."""
        self._starts = iter(starts)
        self._go_ahead()

    def close(self) -> None:
        for waiting in self._ahead.values():
            waiting.cancel()

    def _ask(self, start: int) -> t.Any:
        return self._fetch({**self._asked, "startIndex": start, "count": self._page_size})

    def _go_ahead(self) -> None:
        if self._pool is not None:
            for start in itertools.islice(self._starts, _AT_A_TIME - len(self._ahead)):
                self._ahead[start] = self._pool.submit(self._ask, start)


def _by_index(pages: _Pages, where: str) -> list[Resource]:
    found: dict[str, Resource] = {}
    total: int | None = None
    while total is None or len(found) < total:
        start = len(found) + 1
        page = list_answer(pages(start), where)
        now_total = _total(page)
        if now_total is None:
            raise Broken("the list has no totalResults: whether it is complete cannot be known", where=where)
        if total is not None and now_total != total:
            raise _Changed(f"{total}, then {now_total}")
        total = now_total
        entries = resources(page, where)
        if not entries and len(found) < total:
            raise Broken(
                f"the list says {total} entries and ends after {len(found)}", where=where, total=total, read=len(found)
            )
        _take(entries, found, where)
        if start == 1 and found:
            pages.expect(range(1 + len(found), total + 1, len(found)))
    if len(found) != total:
        raise Broken(f"the list says {total} entries and has {len(found)}", where=where, total=total, read=len(found))
    return list(found.values())


def _by_cursor(fetch: Fetch, asked: t.Mapping[str, t.Any], page_size: int, where: str) -> list[Resource]:
    found: dict[str, Resource] = {}
    cursor, seen, empty = "", {""}, 0
    total: int | None = None
    while True:
        page = list_answer(fetch({**asked, "cursor": cursor, "count": page_size}), where)
        now_total = _total(page)
        if total is not None and now_total is not None and now_total != total:
            raise _Changed(f"{total}, then {now_total}")
        total = now_total if now_total is not None else total
        entries = resources(page, where)
        empty = 0 if entries else empty + 1
        _take(entries, found, where)
        following = page.get("nextCursor")
        if following in (None, ""):
            break
        if not isinstance(following, str) or following in seen or empty > _MOST_EMPTY_PAGES:
            raise Broken("the cursor of the list does not advance", where=where, read=len(found))
        seen.add(following)
        cursor = following
    if total is not None and total != len(found):
        ends = "ends after" if len(found) < total else "has"
        raise Broken(
            f"the list says {total} entries and {ends} {len(found)}", where=where, total=total, read=len(found)
        )
    return list(found.values())


def list_answer(body: t.Any, where: str) -> Resource:
    """Return an answer that is a JSON object and no error in disguise (a 200 with errors in it)."""
    if not isinstance(body, dict):
        raise Broken(f"expected a JSON object, found {type(body).__name__}", where=where)
    schemas = body.get("schemas")
    if (isinstance(schemas, list) and _ERROR_SCHEMA in schemas) or (body.get("errors") and "Resources" not in body):
        raise Refused("the app answered 200 with an error in the body", where=where)
    return body


def resources(page: Resource, where: str) -> list[Resource]:
    """Return the entries of one page; a page that owes entries and has no such field is Broken."""
    entries = page.get("Resources", page.get("resources"))  # Canva writes it in lower case
    if entries is None:
        # RFC 7644, 3.4.2: "Resources" may be missing only when totalResults is 0.
        if _total(page) or (_total(page) is None and not page.get("nextCursor")):
            raise Broken("the list has no Resources", where=where)
        return []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Broken("the Resources of the list are not JSON objects", where=where)
    return entries


def _total(page: Resource) -> int | None:
    total = page.get("totalResults")
    return total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None


def _take(entries: t.Iterable[Resource], found: dict[str, Resource], where: str) -> None:
    for entry in entries:
        key = resource_id(entry, where)
        if key in found:
            raise Broken(f"the list has the id {key!r} twice (a page that came twice?)", where=where, id=key)
        found[key] = entry


def resource_id(resource: Resource, where: str) -> str:
    """Return a resource's id; one without is Broken."""
    key = resource.get("id")
    if not isinstance(key, str | int) or isinstance(key, bool) or key == "":
        raise Broken("an entry has no id", where=where)
    return str(key)


def version_of(resource: Resource, headers: t.Mapping[str, str]) -> str:
    """Return a resource's version as If-Match takes it, or nothing. Source: RFC 7644, 3.14."""
    meta = resource.get("meta")
    version = headers.get("etag") or (meta.get("version") if isinstance(meta, dict) else "")
    return version if isinstance(version, str) and version.isascii() and version.isprintable() else ""
