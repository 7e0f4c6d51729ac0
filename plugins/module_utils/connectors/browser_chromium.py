# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Chromium: started when it is needed, with one page that is kept to the app's own hosts and watched.

Everything here runs in one thread: Playwright's interface belongs to the thread that started it
(https://playwright.dev/python/docs/library#threading).
"""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import re
import shutil
import typing as t
import urllib.parse

from ..errors import Refused, Transient
from ..libraries import library
from .browser_page import Page

api = library("playwright.sync_api")

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_SIZE = {"width": 1280, "height": 900}


@dataclasses.dataclass(frozen=True)
class Settings:
    """How the browser is started and what it may do."""

    base_url: str
    hosts: frozenset[str]
    executable: str
    sandbox: bool
    seconds: float
    language: str


class Chromium:
    """One browser with one page, and what happened on its own there."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._playwright: t.Any = None
        self._browser: t.Any = None
        self._context: t.Any = None
        self.page: Page | None = None
        #: what the app answered to the last navigation
        self.status: int | None = None
        self.retry_after: str = ""
        #: dialogs, windows, ways to other hosts since somebody last looked
        self.surprises: list[str] = []

    def open(self, where: str) -> None:
        """Open a page without cookies, in the browser that runs or a new one.

        Raises Refused where there is no browser, Transient where it does not start.
        """
        settings = self._settings
        try:
            if self._browser is None:
                executable = settings.executable or next(filter(None, map(shutil.which, PROGRAMS)), "")
                if not executable or not pathlib.Path(executable).is_file():
                    raise Refused(
                        f"there is no browser: {executable or ', '.join(PROGRAMS[:3]) + ' are not on the PATH'}",
                        where=where,
                        todo="Install Chromium, or name it under connection.executable",
                    )
                self._playwright = api.sync_playwright().start()
                self._browser = self._playwright.chromium.launch(
                    executable_path=executable, chromium_sandbox=settings.sandbox, args=["--disable-gpu"]
                )
            if self._context is not None:
                self._context.close()
            self._context = self._browser.new_context(
                viewport=_SIZE, locale=settings.language, accept_downloads=False, service_workers="block"
            )
            page = self._context.new_page()
            self._watch(page)
        except api.Error as error:
            self.end()
            hint = "" if settings.sandbox is False else "; as root, or in some containers, it needs sandbox: false"
            raise Transient(
                f"the browser does not start ({_first_line(error)}){hint}",
                where=where,
                todo="Try it by hand on this machine: chromium --headless --dump-dom about:blank",
            ) from None
        self.page = Page(page, settings.base_url, settings.seconds)

    def _watch(self, page: t.Any) -> None:
        def dialog(one: t.Any) -> None:
            if one.type == "beforeunload" or (self.page is not None and self.page.accept):
                one.accept()
                return
            self.surprises.append(f"a dialog asked {one.message[:200]!r} and was dismissed (accept: true answers yes)")
            one.dismiss()

        def window(other: t.Any) -> None:
            if other != page:
                self.surprises.append("another window was opened and closed again")
                other.close()

        def answered(response: t.Any) -> None:
            if response.frame == page.main_frame and response.request.is_navigation_request():
                self.status = response.status
                self.retry_after = response.headers.get("retry-after", "")

        page.on("dialog", dialog)
        page.on("response", answered)
        self._context.on("page", window)
        # Playwright's own routes do not see redirects, and a form may be redirected with all that is in it (307)
        guard = self._context.new_cdp_session(page)
        main = guard.send("Page.getFrameTree")["frameTree"]["frame"]["id"]

        def paused(event: t.Mapping[str, t.Any]) -> None:
            url = event["request"]["url"]
            with contextlib.suppress(api.Error):
                # a page may show another one in a frame, which no step looks into; it may not send it anything
                shown = event.get("frameId") != main and event["request"]["method"] == "GET"
                if shown or self._is_ours(url):
                    guard.send("Fetch.continueRequest", {"requestId": event["requestId"]})
                else:
                    host = urllib.parse.urlsplit(url).hostname
                    self.surprises.append(f"the way leads to another host, {host}, which is not among hosts")
                    guard.send("Fetch.failRequest", {"requestId": event["requestId"], "errorReason": "AccessDenied"})

        guard.on("Fetch.requestPaused", paused)
        guard.send("Fetch.enable", {"patterns": [{"urlPattern": "*", "resourceType": "Document"}]})

    def _is_ours(self, url: str) -> bool:
        parts = urllib.parse.urlsplit(url)
        ours = urllib.parse.urlsplit(self._settings.base_url)
        if (parts.scheme, parts.netloc) == (ours.scheme, ours.netloc):
            return True
        return parts.scheme == "https" and (parts.hostname or "") in self._settings.hosts

    def end(self) -> None:
        """End the browser; ``open`` starts another one."""
        self.page = None
        browser, playwright = self._browser, self._playwright
        self._browser = self._context = self._playwright = None
        for thing, way in ((browser, "close"), (playwright, "stop")):
            # what has ended already cannot be ended, and says so in many ways
            with contextlib.suppress(Exception):
                if thing is not None:
                    getattr(thing, way)()


def is_gone(error: t.Any) -> bool:
    """Return whether an error says that the browser, or what drives it, has ended."""
    text = str(error)
    return type(error).__name__ == "TargetClosedError" or bool(
        re.search(r"has been closed|[Cc]onnection closed|crashed|Browser closed", text)
    )


def _first_line(error: t.Any) -> str:
    return str(error).strip().partition("\n")[0][:200]
