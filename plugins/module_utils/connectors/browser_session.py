# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A browser that is signed in to one app: does steps, takes screenshots, and says what is not as it should be."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import typing as t
import urllib.parse

from ..errors import AppError, Refused, Throttled, Transient
from ..libraries import library
from .browser_chromium import Chromium, Settings, is_gone
from .browser_evidence import Evidence
from .browser_page import Page, StepFailed
from .browser_steps import CHANGING, SENDING, Step

api = library("playwright.sync_api")

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
        self._chromium = Chromium(settings)
        self._evidence = evidence
        self._sign_in = tuple(sign_in)
        self._signed_out = tuple(signed_out)
        self._signed_in = False
        self._not_accepted: Refused | None = None
        # what is written into a sign-in page by itself may be a second password
        self._secrets = {step.text for step in sign_in if step.verb == "fill" and step.literal and len(step.text) > 3}
        #: whether something was clicked in what is being done
        self._sent = False

    @property
    def _open_page(self) -> Page:
        page = self._chromium.page
        if page is None:
            raise AssertionError("the browser is not there")
        return page

    @property
    def page(self) -> t.Any:
        """Return Playwright's page of the session that is signed in."""
        return self._open_page.page

    # signing in and out

    def be_signed_in(self, values: t.Mapping[str, t.Any], where: str) -> None:
        """See that the app is open and signed in to. Raises Refused for a wrong password, Transient for no page."""
        if self._signed_in:
            return
        if self._not_accepted is not None:
            # one account, one try: a second one with the same password may lock it
            raise self._not_accepted
        self._chromium.open(where)
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

    def end(self) -> None:
        """End the browser; the next call starts another one."""
        self._signed_in = False
        self._chromium.end()

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
        for secret in sorted(self._secrets, key=len, reverse=True):
            # a page may say anything, the password that it was given too
            message = message.replace(secret, "***")
        url = self.page.url
        at = f", at {shown_url(url)}"
        if url.startswith("chrome-error:") and not self._chromium.surprises:
            return Transient(f"the page could not be reached; {message}", where=task.where, sent=sent)
        if self._chromium.status == 429:
            seconds = float(self._chromium.retry_after) if self._chromium.retry_after.isdigit() else None
            return Throttled(f"the app asks to wait (429){at}", where=task.where, retry_after=seconds, sent=sent)
        if self._chromium.status is not None and self._chromium.status >= 500:
            return Transient(f"the app answered with {self._chromium.status}{at}", where=task.where, sent=sent)
        if task.operation != "sign_in" and self._shows_sign_in():
            return SignedOut(sent)
        try:
            path = str(self.photograph(task, "failed"))
        except Transient:
            path = ""
        picture = f"The screenshot is {path}" if path else "There is no screenshot: the page could not be drawn"
        status = (
            f" (the app answered with {self._chromium.status})"
            if self._chromium.status and self._chromium.status >= 400
            else ""
        )
        done = "what was clicked before may have been done" if sent else "nothing was changed"
        return Refused(
            f"{message}{status}{at}; {done}. {picture}",
            where=task.where,
            todo="Do this by hand if it is right, and correct the steps in the catalog where the page has changed",
            screenshot=path,
            sent=sent,
        )

    def _shows_sign_in(self) -> bool:
        page = self._chromium.page
        return page is not None and any(page.shows(step, {}) for step in self._signed_out)

    def _steps(
        self, steps: t.Sequence[Step], values: t.Mapping[str, t.Any], task: Task, *, signing_in: bool = False
    ) -> dict[str, str]:
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
                self._chromium.surprises.clear()
                if step.verb == "go":
                    self._chromium.status = None
                before = self._sent
                self._sent = before or (step.verb in SENDING and not signing_in)
                text = self._open_page.do(step, known)
            except StepFailed as error:
                # a click that found nothing has sent nothing
                self._sent = before
                raise self.failed(task, f"{what}: {self._because(str(error))}") from None
            except api.Error as error:
                if is_gone(error):
                    raise Gone(self._sent) from None
                raise self._not_reached(error, step, what, task) from None
            if self._chromium.surprises or (step.verb == "go" and (self._chromium.status or 0) >= 400):
                raise self.failed(task, f"{what}: {self._because('expected a page')}")
            if step.name:
                known[step.name] = read[step.name] = text
        if task.evidence and not signing_in:
            if not photographed:
                self.photograph(task, "before")
            self.photograph(task, "after")
        return read

    def _because(self, message: str) -> str:
        return "; ".join([*self._chromium.surprises, message]) if self._chromium.surprises else message

    def _not_reached(self, error: t.Any, step: Step, what: str, task: Task) -> Exception:
        """Return the error for a fault of page or network. Playwright's own words may hold what was filled in."""
        if self._chromium.surprises:
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
