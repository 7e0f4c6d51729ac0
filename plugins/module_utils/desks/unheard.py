# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Apprise logs while it sends: kept out of every log, and looked into for why a message was not taken.

It is full of URLs, which are made of secrets, and of answers, which may repeat them: only the numbers are used.
"""

from __future__ import annotations

import contextlib
import contextvars
import logging
import re
import typing as t

# Apprise logs URLs, texts and answers at DEBUG, and the library below it the paths of requests, which hold tokens.
_TALKATIVE = (
    "apprise",
    "urllib3.connectionpool",
    "urllib3.util.retry",
    "requests_oauthlib.oauth1_session",
    "requests_oauthlib.oauth2_session",
    "markdown",
    "MARKDOWN",
)
_HTTP = re.compile(r"\berror=(\d{3})\b")
_SMTP = re.compile(r"\((\d{3}), b['\"]")
_HEARD: contextvars.ContextVar[t.Any] = contextvars.ContextVar("rollcall_heard", default=None)


@contextlib.contextmanager
def unheard() -> t.Iterator[list[str]]:
    """Let nothing be logged that Apprise and those below it say within; what is heard is gathered to be looked into.

    A service that is too slow goes on in a thread, which takes this with it: it stays unheard there.
    """
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        if not any(isinstance(one, _Unheard) for one in logger.filters):
            logger.addFilter(_Unheard())
    talking = logging.getLogger("apprise")
    level = talking.level
    heard: list[str] = []
    token = _HEARD.set(heard)
    talking.setLevel(logging.DEBUG)  # the number of a mail server's answer is only said there
    try:
        yield heard
    finally:
        talking.setLevel(level)
        _HEARD.reset(token)


class _Unheard(logging.Filter):
    """Drops what is logged while something is sent: from everywhere else it lets pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        heard = _HEARD.get()
        if heard is None:
            return True
        if record.name == "apprise":
            heard.append(record.getMessage())
        return False


def explained(heard: t.Iterable[str]) -> tuple[str, str]:
    """Return why a message was not taken, and what to do, from the numbers alone in what was heard."""
    text = "\n".join(heard)
    again = "It is sent again in the next run"
    http, smtp = _HTTP.search(text), _SMTP.search(text)
    if smtp:
        code = int(smtp[1])
        if code in (530, 534, 535, 538):
            return f"the mail server refused name or password (SMTP {code})", "Correct them in the route's URL"
        if code in (550, 551, 553, 554):
            return f"the mail server refused sender or recipient (SMTP {code})", "Check the addresses"
        return f"the mail server answered SMTP {code}", again
    if http:
        code = int(http[1])
        if code in (401, 403):
            return f"it was refused (HTTP {code})", "Correct the token or password in the route's URL, and its rights"
        if code in (404, 410):
            return f"there is nothing at the route's URL (HTTP {code})", "Make a new webhook, or correct the URL"
        return f"the answer was HTTP {code}", again
    return "the service cannot be reached or did not take it", f"Check that it can be reached from here. {again}"
