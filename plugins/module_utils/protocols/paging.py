# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading a list over REST to its end: everything, once each, or an error.

How a product pages is data: a ``Paging``. What it returns is not believed where it can be checked: an id twice, a
cursor that comes back, a list that is shorter than its own total are errors, because whoever is missing from a list
that was taken for the whole would lose their access or keep it.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..errors import Broken, NotFound
from ..http import Answer
from ..libraries import library

jmespath = library("jmespath")

STYLES = ("none", "link", "next_url", "cursor", "offset", "page")
_MOST_PAGES = 100_000
_MOST_EMPTY_PAGES = 50
_SAFE_ENDS = 2  # how often a list whose length changes while it is read is begun anew, before it is an error

#: Sends a request for one page: (whole URL of the next page, or "" for the address of the list; the page's parameters).
Fetch = t.Callable[[str, t.Mapping[str, t.Any]], Answer]


@dataclasses.dataclass(frozen=True, slots=True)
class Paging:
    """How a list goes on.

    ``style``: none (all at once) | link (header Link, rel=next) | next_url (``next`` is where the answer holds a whole
    or relative URL) | cursor (``next`` is where it holds the next cursor, which is sent as ``param``) | offset | page
    (a number that is sent as ``param``, from ``first``). ``size`` is sent as ``size_param`` where there is one.
    ``next``, ``more`` and ``total`` are JMESPath expressions over the answer: ``more`` says whether there is another
    page, ``total`` how many entries there are in all. An offset or page style without either goes on to an empty page:
    that a page is shorter than asked for does not mean that it was the last. An answer in which ``more`` finds nothing
    is read as one without it: a field that is missing does not mean the end.
    ``in_body``: the parameters of the page go into the JSON body of the request (searches by POST); a name with dots
    is a field of an object in it (GraphQL's ``variables.after``).
    """

    style: str = "none"
    param: str = ""
    size: int = 100
    size_param: str = ""
    next: str = ""
    more: str = ""
    total: str = ""
    first: int = -1  # -1: 0 for offsets, 1 for pages
    in_body: bool = False


class _Changed(Exception):
    """The list changed its length while it was read."""


def read_pages(
    fetch: Fetch, paging: Paging, items: t.Callable[[t.Any], t.Any], identity: t.Callable[[t.Any], str], where: str
) -> list[t.Any]:
    """Return all entries of a list.

    ``items`` takes the body of a page and returns its entries (a list; None where the page has no such field);
    ``identity`` returns what no two entries share, or "" where entries have no such thing.
    Raises Broken for a list that repeats itself, does not advance or contradicts itself, and whatever ``fetch`` raises.
    """
    for attempt in range(1, _SAFE_ENDS + 1):
        try:
            return _read(fetch, paging, items, identity, where)
        except _Changed as change:
            if attempt == _SAFE_ENDS:
                raise Broken(
                    f"the number of entries changed while they were read, twice ({change})",
                    where=where,
                    todo="Something else is changing many of them just now: run again when it is done",
                ) from None
    raise AssertionError("unreachable")


def _read(
    fetch: Fetch, paging: Paging, items: t.Callable[[t.Any], t.Any], identity: t.Callable[[t.Any], str], where: str
) -> list[t.Any]:
    found: list[t.Any] = []
    seen: set[str] = set()
    begun: set[str] = set()
    position, total, empty = _first(paging), None, 0
    url, cursor = "", ""
    for _unused in range(_MOST_PAGES):
        try:
            answer = fetch(url, _parameters(paging, position, cursor, bool(url)))
        except NotFound as error:
            if not begun:
                raise
            message = f"the list breaks off after {len(found)} entries: its next page is not there ({error.message})"
            raise Broken(message, where=where, read=len(found)) from None
        entries = _entries(answer, items, where)
        for entry in entries:
            key = identity(entry)
            if key and key in seen:
                raise Broken(f"the list has the id {key!r} twice (a page that came twice?)", where=where, id=key)
            seen.add(key)
            found.append(entry)
        now_total = _total(paging, answer, where)
        if total is not None and now_total is not None and now_total != total:
            raise _Changed(f"{total}, then {now_total}")
        total = now_total if now_total is not None else total
        empty = 0 if entries else empty + 1
        url, cursor = _following(paging, answer, where)
        if not _goes_on(paging, answer, bool(url or cursor), entries, len(found), total):
            break
        mark = url or cursor
        if (mark and mark in begun) or empty > _MOST_EMPTY_PAGES:
            raise Broken("the list does not advance: it gave the same next page again", where=where, read=len(found))
        begun.add(mark)
        position += len(entries) if paging.style == "offset" else 1
    else:
        raise Broken(f"the list has no end (more than {_MOST_PAGES} pages)", where=where)
    if total is not None and total != len(found):
        raise Broken(f"the list says {total} entries and has {len(found)}", where=where, total=total, read=len(found))
    return found


def _first(paging: Paging) -> int:
    if paging.first >= 0:
        return paging.first
    return 1 if paging.style == "page" else 0


def _parameters(paging: Paging, position: int, cursor: str, by_url: bool) -> dict[str, t.Any]:
    if by_url:
        return {}  # a next URL carries everything itself
    parameters: dict[str, t.Any] = {paging.size_param: paging.size} if paging.size_param else {}
    if paging.style in ("offset", "page"):
        parameters[paging.param] = position
    elif cursor:
        parameters[paging.param] = cursor
    return parameters


def _entries(answer: Answer, items: t.Callable[[t.Any], t.Any], where: str) -> list[t.Any]:
    if answer.status == 204:  # ADP: past the end of the list
        return []
    entries = items(answer.body)
    if entries is None:
        raise Broken(
            "the answer has no list where one was expected",
            where=where,
            todo="Look at what `items` says: it has to point at the list in the answer",
        )
    if not isinstance(entries, list):
        raise Broken(f"expected a list of entries, found {type(entries).__name__}", where=where)
    return entries


def _total(paging: Paging, answer: Answer, where: str) -> int | None:
    if not paging.total or answer.status == 204:
        return None
    total = _searched(paging.total, answer)
    if isinstance(total, str) and total.isdigit():
        total = int(total)
    if not isinstance(total, int) or isinstance(total, bool) or total < 0:
        raise Broken(
            f"the answer has no total at {paging.total!r}: whether it is complete cannot be known", where=where
        )
    return total


def _following(paging: Paging, answer: Answer, where: str) -> tuple[str, str]:
    """Return (next URL, next cursor); both are empty on the last page."""
    if paging.style == "link":
        return next_link(answer.headers), ""
    if paging.style not in ("next_url", "cursor") or answer.status == 204:
        return "", ""
    following = _searched(paging.next, answer)
    if following in (None, "", False):
        return "", ""
    if not isinstance(following, str | int):
        raise Broken(f"expected the next page at {paging.next!r}, found {type(following).__name__}", where=where)
    return (str(following), "") if paging.style == "next_url" else ("", str(following))


def _goes_on(
    paging: Paging, answer: Answer, named: bool, entries: t.Sequence[t.Any], read: int, total: int | None
) -> bool:
    if paging.style == "none" or answer.status == 204:
        return False
    flag = _searched(paging.more, answer) if paging.more else None
    more = None if flag is None else bool(flag)
    if paging.style in ("link", "next_url", "cursor"):
        # A flag, where there is one, decides: some products go on giving a cursor on the last page.
        return named and more is not False
    if more is not None:
        return more
    if total is not None:
        return read < total and bool(entries)
    return bool(entries)


def _searched(expression: str, answer: Answer) -> t.Any:
    try:
        return jmespath.search(expression, answer.body)
    except jmespath.exceptions.JMESPathError:  # a function that was given something it does not take
        return None


def next_link(headers: t.Mapping[str, str]) -> str:
    """Return the URL of ``rel="next"`` in the Link header, or nothing.

    Source: https://www.rfc-editor.org/rfc/rfc8288
    """
    for target, parameters in re.findall(r"<([^>]*)>((?:\s*;[^,<]*)*)", headers.get("link", "")):
        if re.search(r";\s*rel\s*=\s*\"?(?:[^\";]*\s)?next(?:\s[^\";]*)?\"?\s*(?:;|$)", parameters, re.IGNORECASE):
            return str(target)
    return ""
