# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the list of accounts off an app's pages: every page of it, complete or an error."""

from __future__ import annotations

import re
import time
import typing as t

from ..errors import AppError, Broken
from ..libraries import library
from .browser_recipe import Cell, Listing
from .browser_session import Session, Task
from .browser_steps import KINDS

api = library("playwright.sync_api")

#: A list that goes on beyond so many pages goes round in a circle.
MOST_PAGES = 5000
#: What a row tells, by field: one text, or for an entitlement each of several.
Row = dict[str, list[str]]

# All rows at once, so that a page that changes meanwhile cannot mix two rows.
_ROWS = """(rows, cells) => rows.map(row => cells.map(cell =>
    Array.from(row.querySelectorAll(cell.selector)).map(e => {
        if (cell.attribute === 'value' && e.value !== undefined) return String(e.value);
        if (cell.attribute === 'checked' && e.checked !== undefined) return String(e.checked);
        return (cell.attribute ? e.getAttribute(cell.attribute) : e.textContent) || '';
    })))"""

_ENDED = "e => e.matches(':disabled, [aria-disabled=true]') || e.closest('.disabled') !== null"


def read_list(
    session: Session, listing: Listing, values: t.Mapping[str, t.Any], task: Task, seconds: float
) -> list[Row]:
    """Return what every row of every page says.

    Raises Broken for a page that comes twice, a field that is not there, and a number of rows that is not the number
    that the app shows; Refused, SignedOut or Transient where the page is not as expected.
    """
    session.perform(listing.steps, values, task)
    rows: list[Row] = []
    before: list[list[list[str]]] | None = None
    for _page in range(MOST_PAGES):
        texts = _settled(session, listing, task, before, seconds)
        rows += [_row(listing, row, task, session) for row in texts]
        if not _go_on(session, listing, task, seconds):
            break
        before = texts
    else:
        raise Broken(f"the list has no end: {MOST_PAGES} pages", where=task.where)
    if listing.count is not None:
        _check_count(session, listing.count, len(rows), task)
    return rows


def _settled(
    session: Session, listing: Listing, task: Task, before: list[list[list[str]]] | None, seconds: float
) -> list[list[list[str]]]:
    """Return the rows of the page once they stay as they are and are others than those of the page before."""
    page = session.page
    cells = [{"selector": cell.selector, "attribute": cell.attribute} for cell in listing.read.values()]
    until = time.monotonic() + seconds
    last: list[list[list[str]]] | None = None
    while True:
        try:
            found = page.locator(listing.rows).evaluate_all(_ROWS, cells)
            ready = page.evaluate("document.readyState") == "complete"
            if found and found == last and found != before and ready:
                return t.cast("list[list[list[str]]]", found)
            if not found and ready and listing.empty and before is None and page.locator(listing.empty).count() == 1:
                return []
        except api.Error as error:
            if "not a valid selector" in str(error):
                raise session.failed(task, "list.read takes CSS selectors, and one is not") from None
            if time.monotonic() >= until or "navigat" not in str(error):
                raise
            found = None
        last = found
        if time.monotonic() >= until:
            if not found:
                raise session.failed(task, f"list: expected rows ({listing.rows}), found none")
            _fail(session, task, "list: the next page shows the same rows as the one before")
        page.wait_for_timeout(50)


def _row(listing: Listing, texts: list[list[str]], task: Task, session: Session) -> Row:
    row: Row = {}
    for (field, cell), found in zip(listing.read.items(), texts, strict=True):
        several = field in KINDS
        if len(found) > 1 and not several:
            _fail(session, task, f"list: expected {field} once in a row, found {cell.selector} {len(found)} times")
        if not found and not cell.optional and not several:
            _fail(session, task, f"list: expected {field} in every row, found no {cell.selector} in one")
        words = [_part(cell, text, field, task, session) for text in found] or [""]
        if several:
            words = [part for word in words for part in word.split(listing.separator)]
        row[field] = [" ".join(word.split()) for word in words]
    return row


def _part(cell: Cell, text: str, field: str, task: Task, session: Session) -> str:
    if not cell.pattern:
        return text
    found = re.search(cell.pattern, text)
    if not found and not cell.optional:
        _fail(session, task, f"list: expected {cell.pattern} in {field}, found {text.strip()[:100]!r}")
    return (found[1] or "") if found else ""


def _go_on(session: Session, listing: Listing, task: Task, seconds: float) -> bool:
    if not listing.next:
        return False
    button = session.page.locator(listing.next)
    count = button.count()
    if count > 1:
        raise session.failed(task, f"list: expected one way to the next page, found {listing.next} {count} times")
    if not count or not button.is_visible() or button.evaluate(_ENDED):
        return False
    button.click(timeout=seconds * 1000)
    session.page.wait_for_load_state("load", timeout=seconds * 1000)
    return True


def _check_count(session: Session, cell: Cell, found: int, task: Task) -> None:
    element = session.page.locator(cell.selector)
    if element.count() != 1:
        raise session.failed(task, f"list: expected one {cell.selector}, found {element.count()}")
    text = element.get_attribute(cell.attribute) if cell.attribute else element.text_content()
    number = re.sub(r"[ .,'\u00a0\u202f]", "", _part(cell, text or "", "count", task, session))
    if not number.strip().isdigit():
        _fail(session, task, f"list: expected a number in {cell.selector}, found {(text or '').strip()[:100]!r}")
    if int(number) != found:
        _fail(session, task, f"list: the app says that there are {int(number)}, and {found} were read")


def _fail(session: Session, task: Task, message: str) -> t.NoReturn:
    """Raise Broken, with a screenshot; or what is the matter with the page, where it is another one altogether."""
    error = session.failed(task, message)
    if isinstance(error, AppError) and error.code == "refused":
        raise Broken(error.message, where=error.where, todo="Look at whether the page has changed")
    raise error
