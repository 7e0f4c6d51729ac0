# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Google's administration interfaces say that it is too much, or too early."""

from __future__ import annotations

import random
import time
import typing as t

from ...errors import AppError, Throttled
from ...http import Answer, Session
from ...protocols.placeholders import Values
from ...protocols.rest import RestClient, search
from ...protocols.rest_spec import Call, Listing

#: Source: https://developers.google.com/workspace/admin/directory/v1/limits
_TOO_MUCH = frozenset({"userRateLimitExceeded", "quotaExceeded", "rateLimitExceeded"})
_TRIES = 6
_PAUSE = 0.25  # seconds, doubled each time
_FRESH = 180.0  # seconds in which a new account may be unknown here and there


class GoogleClient(RestClient):
    """Knows Google's 403 that means "too many requests", and waits for accounts that are still being made.

    Source: https://developers.google.com/workspace/admin/directory/reference/rest/v1/users/insert ("Mutate calls
    immediately following user creation might sometimes fail")
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._fresh: dict[str, float] = {}

    def made(self, id: str) -> None:
        """From now on, for a while, this account is waited for."""
        self._fresh[id] = time.monotonic()

    def _request(
        self, method: str, path: str, what: Listing | Call, values: Values, where: str, **more: t.Any
    ) -> Answer:
        for attempt in range(1, _TRIES + 1):
            try:
                return super()._request(method, path, what, values, where, **more)
            except AppError as error:
                told = self._told(error)
                patient = told is not error and isinstance(what, Listing)  # the session tries the others again
                if attempt == _TRIES or not (patient or self._too_early(error, values)):
                    raise told from None
            time.sleep(_PAUSE * 2**attempt * random.uniform(0.75, 1.0))
        raise AssertionError("unreachable")

    @staticmethod
    def _told(error: AppError) -> AppError:
        reasons = set(search("error.errors[].reason", error.answer) or []) & _TOO_MUCH
        if error.details.get("status") != 403 or not reasons:
            return error
        return Throttled(f"too many requests (403 {min(reasons)})", where=error.where, status=403)

    def _too_early(self, error: AppError, values: Values) -> bool:
        status = error.details.get("status")
        if status == 412 and "User creation is not complete" in error.message:
            return True
        since = self._fresh.get(str(values.get("id")))
        lacks = "insufficientPermissions" in (search("error.errors[].reason", error.answer) or [])
        return since is not None and time.monotonic() - since < _FRESH and status in (403, 404) and not lacks
