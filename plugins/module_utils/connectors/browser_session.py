# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A browser that is signed in to one app: started when it is needed, kept to the app's own hosts, with screenshots.

Everything but ``close`` runs in one thread: Playwright's interface belongs to the thread that started it
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

from ..errors import AppError, Refused, Throttled, Transient
from ..libraries import library
from .browser_evidence import Evidence
from .browser_page import Page, StepFailed
from .browser_steps import CHANGING, SENDING, Step

api = library("playwright.sync_api")

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_SIZE = {"width": 1280, "height": 900}

# Everything that shows one of these texts is marked, and the marked is painted over on screenshots.
_MARK = """secrets => {
    const shows = text => secrets.some(secret => text && text.includes(secret));
    for (const e of document.querySelectorAll('*')) {
        const own = Array.from(e.childNodes).filter(n => n.nodeType === 3).map(n => n.data).join('');
        const marked = e.type === 'password' || shows(e.value === undefined ? '' : String(e.value)) || shows(own);
        e.toggleAttribute('data-rollcall-secret', marked);
    }
}"""


class SignedOut(Exception):
    """The app shows its sign-in page in the middle of something. ``sent``: something was clicked before that."""

    def __init__(self, sent: bool) -> None:
        super().__init__("the session has ended")
        self.sent = sent


class Gone(Exception):
    """The browser has ended. ``sent``: something was clicked before that."""

    def __init__(self, sent: bool) -> None:
        super().__init__("the browser has ended")
        self.sent = sent


@dataclasses.dataclass(frozen=True)
class Settings:
    """How the browser is started and what it may do."""

    base_url: str
    hosts: frozenset[str]
    executable: str
    sandbox: bool
    seconds: float
    language: str


@dataclasses.dataclass(frozen=True)
class Task:
    """What is being done, for messages and for the names of screenshots."""

    operation: str
    where: str
    account: str = ""
    #: whether there are screenshots of it before and after; reading has none but of its failures
    evidence: bool = True


class Session:
    """One browser with one page. Secrets are texts that must never be seen anywhere."""

    def __init__(
        self, settings: Settings, evidence: Evidence, sign_in: t.Sequence[Step], signed_out: t.Sequence[Step]
    ) -> None:
        self._settings = settings
        self._evidence = evidence
        self._sign_in = tuple(sign_in)
        self._signed_out = tuple(signed_out)
        self._playwright: t.Any = None
        self._browser: t.Any = None
        self._context: t.Any = None
        self._page: Page | None = None
        self._signed_in = False
        self._not_accepted: Refused | None = None
        self._secrets: set[str] = set()
        self._status: int | None = None
        self._retry_after: str = ""
        #: whether something was clicked in what is being done
        self._sent = False
        #: what happened on its own since the last step: dialogs, windows, ways to other hosts
        self._surprises: list[str] = []

    @property
    def page(self) -> t.Any:
        """Return Playwright's page of the session that is signed in."""
        if self._page is None:
            raise AssertionError("the browser is not there")
        return self._page.page

    # signing in and out

    def be_signed_in(self, values: t.Mapping[str, t.Any], where: str) -> None:
        """See that the app is open and signed in to. Raises Refused for a wrong password, Transient for no page."""
        if self._signed_in:
            return
        if self._not_accepted is not None:
            # one account, one try: a second one with the same password may lock it
            raise self._not_accepted
        self._open(where)
        task = Task("sign_in", where, evidence=False)
        try:
            self._steps(self._sign_in, values, task, signing_in=True)
        except Refused as error:
            if self._shows_sign_in():
                error.message = f"the sign-in was not accepted: {error.message}"
                error.todo = "Look at whether connection.username and connection.password are right and not expired"
                self._not_accepted = error
            raise
        self._signed_in = True

    def sign_out(self) -> None:
        """Forget the session, so that the next call signs in again."""
        self._signed_in = False

    # doing

    def perform(self, steps: t.Sequence[Step], values: t.Mapping[str, t.Any], task: Task) -> dict[str, str]:
        """Do steps, with a screenshot before the first that changes something; return what ``read`` steps read.

        Raises Refused with the step, what was expected, the URL and the screenshot; SignedOut; Gone; Transient.
        """
        return self._steps(steps, values, task)

    def photograph(self, task: Task, what: str) -> pathlib.Path:
        """Take a screenshot and return where it is."""
        try:
            # in the middle of a navigation there is nothing to be painted over, and nothing to be seen
            self.page.wait_for_load_state("domcontentloaded", timeout=self._settings.seconds * 1000)
            self.page.evaluate(_MARK, sorted(self._secrets))
            options = {
                "mask": [self.page.locator("[data-rollcall-secret]")],
                "mask_color": "#333333",
                "animations": "disabled",
                "timeout": self._settings.seconds * 1000,
            }
            image = self.page.screenshot(full_page=True, **options)
        except api.Error as error:
            if is_gone(error):
                raise Gone(self._sent) from None
            at = shown_url(self.page.url)
            raise Transient(f"no screenshot could be taken at {at}", where=task.where, sent=self._sent) from None
        return self._evidence.keep(image, task.operation, task.account, what)

    def failed(self, task: Task, message: str, sent: bool | None = None) -> AppError | SignedOut:
        """Return the error for something that is not as expected, and take a screenshot of it.

        ``sent`` says whether something was clicked, where that is not what these steps tell.
        """
        sent = self._sent if sent is None else sent
        url = self.page.url
        at = f", at {shown_url(url)}"
        if url.startswith("chrome-error:") and not self._surprises:
            return Transient(f"the page could not be reached; {message}", where=task.where, sent=sent)
        if self._status == 429:
            seconds = float(self._retry_after) if self._retry_after.isdigit() else None
            return Throttled(f"the app asks to wait (429){at}", where=task.where, retry_after=seconds, sent=sent)
        if self._status is not None and self._status >= 500:
            return Transient(f"the app answered with {self._status}{at}", where=task.where, sent=sent)
        if task.operation != "sign_in" and self._shows_sign_in():
            return SignedOut(sent)
        try:
            path = str(self.photograph(task, "failed"))
        except Transient:
            path = ""
        picture = f"The screenshot is {path}" if path else "There is no screenshot: the page could not be drawn"
        status = f" (the app answered with {self._status})" if self._status and self._status >= 400 else ""
        done = "what was clicked before may have been done" if sent else "nothing was changed"
        return Refused(
            f"{message}{status}{at}; {done}. {picture}",
            where=task.where,
            todo="Do this by hand if it is right, and correct the steps in the catalog where the page has changed",
            screenshot=path,
            sent=sent,
        )

    def _shows_sign_in(self) -> bool:
        page = self._page
        return page is not None and any(page.shows(step, {}) for step in self._signed_out)

    def _steps(
        self, steps: t.Sequence[Step], values: t.Mapping[str, t.Any], task: Task, *, signing_in: bool = False
    ) -> dict[str, str]:
        if self._page is None:
            raise AssertionError("the browser is not there")
        known = dict(values)
        read: dict[str, str] = {}
        self._sent = before = False
        photographed = signing_in or not task.evidence
        self._secrets |= {str(known[name]) for name in ("random_password",) if known.get(name)}
        self._secrets |= {str(secret) for secret in [known.get("connection", {}).get("password")] if secret}
        for number, step in enumerate(steps, start=1):
            what = f"step {number} of {task.operation} ({step.shown(known)})"
            try:
                if step.verb in CHANGING and not photographed:
                    self.photograph(task, "before")
                    photographed = True
                self._surprises.clear()
                if step.verb == "go":
                    self._status = None
                before = self._sent
                self._sent = before or (step.verb in SENDING and not signing_in)
                text = self._page.do(step, known)
            except StepFailed as error:
                # a click that found nothing has sent nothing
                self._sent = before
                raise self.failed(task, f"{what}: {self._because(str(error))}") from None
            except api.Error as error:
                if is_gone(error):
                    raise Gone(self._sent) from None
                raise self._not_reached(error, step, what, task) from None
            if self._surprises or (step.verb == "go" and (self._status or 0) >= 400):
                raise self.failed(task, f"{what}: {self._because('expected a page')}")
            if step.name:
                known[step.name] = read[step.name] = text
        if task.evidence and not signing_in:
            if not photographed:
                self.photograph(task, "before")
            self.photograph(task, "after")
        return read

    def _because(self, message: str) -> str:
        return "; ".join([*self._surprises, message]) if self._surprises else message

    def _not_reached(self, error: t.Any, step: Step, what: str, task: Task) -> Exception:
        """Return the error for a fault of page or network. Playwright's own words may hold what was filled in."""
        if self._surprises:
            return self.failed(task, f"{what}: {self._because('expected a page of the app')}")
        network = re.search(r"net::(ERR_\w+)", str(error))
        if network and "CERT" in network[1]:
            return Refused(
                f"{what}: the certificate is not accepted ({network[1]})",
                where=task.where,
                todo="Make the CA known to the browser of this machine; the check cannot be switched off",
            )
        if network or (step.verb == "go" and isinstance(error, api.TimeoutError)):
            why = network[1] if network else f"no answer in {step.timeout or self._settings.seconds:g} s"
            return Transient(
                f"{what}: {self._settings.base_url} cannot be reached ({why})", where=task.where, sent=self._sent
            )
        if isinstance(error, api.TimeoutError):
            return self.failed(task, f"{what}: the element is there and could not be used in time")
        return self.failed(task, f"{what}: the browser could not do this")

    # the browser

    def _open(self, where: str) -> None:
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
        self._page = Page(page, settings.base_url, settings.seconds)

    def _watch(self, page: t.Any) -> None:
        def dialog(one: t.Any) -> None:
            if one.type == "beforeunload" or (self._page is not None and self._page.accept):
                one.accept()
                return
            self._surprises.append(f"a dialog asked {one.message[:200]!r} and was dismissed (accept: true answers yes)")
            one.dismiss()

        def window(other: t.Any) -> None:
            if other != page:
                self._surprises.append("another window was opened and closed again")
                other.close()

        def answered(response: t.Any) -> None:
            if response.frame == page.main_frame and response.request.is_navigation_request():
                self._status = response.status
                self._retry_after = response.headers.get("retry-after", "")

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
                    self._surprises.append(f"the way leads to another host, {host}, which is not among hosts")
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
        """End the browser; the next call starts another one."""
        self._signed_in = False
        self._page = None
        browser, playwright = self._browser, self._playwright
        self._browser = self._context = self._playwright = None
        for thing, way in ((browser, "close"), (playwright, "stop")):
            # what has ended already cannot be ended, and says so in many ways
            with contextlib.suppress(Exception):
                if thing is not None:
                    getattr(thing, way)()


def shown_url(url: str) -> str:
    """Return a URL for people: what looks like a token is left out of it."""
    parts = urllib.parse.urlsplit(url)
    query = [
        (
            name,
            "..." if re.search(r"tok|key|secret|sess|sid|pass|code|auth|nonce", name, re.I) or len(text) > 60 else text,
        )
        for name, text in urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
    ]
    netloc = parts.netloc.rpartition("@")[2]
    return urllib.parse.urlunsplit((parts.scheme, netloc, parts.path, urllib.parse.urlencode(query, safe=".@"), ""))


def is_gone(error: t.Any) -> bool:
    text = str(error)
    return type(error).__name__ == "TargetClosedError" or bool(
        re.search(r"has been closed|[Cc]onnection closed|crashed|Browser closed", text)
    )


def _first_line(error: t.Any) -> str:
    return str(error).strip().partition("\n")[0][:200]
