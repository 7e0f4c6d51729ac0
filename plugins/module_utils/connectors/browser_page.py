# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One step on a page, done as a careful person would: exactly one element, or nothing.

Everything here runs in the thread of the browser. The interface is Playwright's: https://playwright.dev/python/docs/api/class-page
"""

from __future__ import annotations

import re
import time
import typing as t

from ..libraries import library
from .browser_steps import Step, url_path, value

api = library("playwright.sync_api")


_OPTIONS = """select => Array.from(select.options).map(
    o => [o.label.trim(), o.value, o.disabled || (o.closest('optgroup') || {}).disabled === true])"""


class StepFailed(Exception):
    """A step did not find what it expects; nothing was done by it. The text says what was expected and found."""


class Page:
    """Does steps on a page. ``origin`` is scheme, host and port, with what comes before every path."""

    def __init__(self, page: t.Any, origin: str, seconds: float) -> None:
        self.page = page
        self.origin = origin
        self.seconds = seconds
        #: whether a dialog that comes now is to be answered with yes
        self.accept = False

    def do(self, step: Step, values: t.Mapping[str, t.Any]) -> str:
        """Do one step; return what ``read`` reads, and a text without meaning for the others.

        Raises StepFailed, or Playwright's own Error when the page or the browser fails.
        """
        seconds = step.timeout or self.seconds
        text = value(step.text, values)
        if step.verb == "go":
            self.page.goto(self.origin + url_path(step.target, values), timeout=seconds * 1000, wait_until="load")
            return ""
        if step.verb == "expect":
            self._expect(step, text, values, seconds)
            return ""
        element = self._element(step, values, seconds)
        milliseconds = seconds * 1000
        if step.verb == "read":
            found = element.get_attribute(step.attribute) if step.attribute else self._content(element)
            return " ".join((found or "").split())
        self.accept = step.accept
        try:
            if step.verb == "fill":
                element.fill(text, timeout=milliseconds)
                if element.input_value() != text and not step.secret:
                    raise StepFailed(f"the field took {element.input_value()!r} for {text!r}")
            elif step.verb in ("add", "remove"):
                element.fill(self._list_changed(step, element.input_value(), text), timeout=milliseconds)
            elif step.verb == "select":
                element.select_option(index=self._option(element, text), timeout=milliseconds)
            elif step.verb in ("check", "uncheck"):
                element.set_checked(step.verb == "check", timeout=milliseconds)
            elif step.verb == "press":
                element.press(text, timeout=milliseconds)
                self.page.wait_for_load_state("load", timeout=milliseconds)
            else:
                element.click(timeout=milliseconds)
                # a click that leads to another page returns when that page has begun to come
                self.page.wait_for_load_state("load", timeout=milliseconds)
        finally:
            self.accept = False
        return ""

    def shows(self, step: Step, values: t.Mapping[str, t.Any]) -> bool:
        """Return whether the element of a step is to be seen, without waiting for it."""
        return any(element.is_visible() for element in self._located(step, values).all())

    def _element(self, step: Step, values: t.Mapping[str, t.Any], seconds: float) -> t.Any:
        until = time.monotonic() + seconds
        if step.row:
            self._exactly_one(
                self._row(step, values),
                f"row in which {step.row.cell} is {value(step.row.text, values)!r}",
                until,
                state="attached",
            )
        located = self._located(step, values)
        self._exactly_one(located, "element", until)
        return located

    def _located(self, step: Step, values: t.Mapping[str, t.Any]) -> t.Any:
        scope = self._row(step, values) if step.row else self.page
        if not step.by:
            return scope.locator(step.target)
        name = value(step.target, values)
        if not name.strip():
            raise StepFailed(f"expected a {step.by} to look for, and it is empty")
        if step.by == "label":
            return scope.get_by_label(name, exact=True)
        if step.by == "text":
            return scope.get_by_text(name, exact=True)
        return scope.get_by_role(step.by, name=name, exact=True)

    def _row(self, step: Step, values: t.Mapping[str, t.Any]) -> t.Any:
        row = step.row
        if row is None:
            raise AssertionError(f"{step.verb} is about no row")
        # asked as one question, so that a list that is drawn anew meanwhile cannot shift the rows under the answer
        words = r"\s+".join(re.escape(word) for word in value(row.text, values).split())
        if not words:
            raise StepFailed("expected a value to look for the row by, and it is empty")
        cell = self.page.locator(row.cell, has_text=re.compile(rf"^\s*{words}\s*$"))
        return self.page.locator(row.rows).filter(has=cell)

    def _exactly_one(self, located: t.Any, what: str, until: float, state: str = "visible") -> None:
        try:
            located.wait_for(state=state, timeout=max(1.0, (until - time.monotonic()) * 1000))
            count = located.count()
        except api.TimeoutError:
            count = located.count()
            if count == 1:
                raise StepFailed(f"expected one {what} that can be seen, found one that is hidden") from None
        except api.Error:
            count = located.count()
            if count <= 1:
                raise
        if count != 1:
            raise StepFailed(f"expected exactly one {what}, found {count or 'none'}")

    def _expect(self, step: Step, text: str, values: t.Mapping[str, t.Any], seconds: float) -> None:
        until = time.monotonic() + seconds
        if step.gone:
            located = self._located(step, values)
            while time.monotonic() < until:
                if not any(self._holds(element, text) for element in located.all() if element.is_visible()):
                    return
                self.page.wait_for_timeout(100)
            raise StepFailed("expected it to be gone, and it is still there")
        element = self._element(step, values, seconds)
        while step.text and not self._holds(element, text):
            if time.monotonic() >= until:
                # the words of the page itself may be anybody's; they are on the screenshot
                raise StepFailed(f"expected the text {text!r} in it, found another")
            self.page.wait_for_timeout(100)

    def _holds(self, element: t.Any, text: str) -> bool:
        return " ".join(text.split()) in " ".join(self._content(element).split())

    def _content(self, element: t.Any) -> str:
        return str(element.evaluate("e => (e.matches('input, textarea, select') ? e.value : e.textContent) || ''"))

    def _list_changed(self, step: Step, before: str, text: str) -> str:
        """Return a list in a field with one word more or less; all others stay as they are, in their order."""
        separator = step.separator.strip() or step.separator
        words = [word.strip() for word in before.split(separator) if word.strip()]
        if separator in text or not text.strip():
            raise StepFailed(f"expected one word for the list, found {text!r}")
        if step.verb == "add":
            return before if text in words else step.separator.join([*words, text])
        return step.separator.join(word for word in words if word != text)

    def _option(self, element: t.Any, text: str) -> int:
        """Return the number of the one option that has exactly this label, or this value where no label fits."""
        if not text.strip():
            # the empty option is "please choose"
            raise StepFailed("expected a value to select, and it is empty")
        options = element.evaluate(_OPTIONS)
        for position in (0, 1):
            found = [n for n, option in enumerate(options) if option[position] == text and not option[2]]
            if len(found) == 1:
                return found[0]
            if found:
                raise StepFailed(f"expected exactly one option {text!r}, found {len(found)}")
        raise StepFailed(f"expected an option {text!r}, found none")
