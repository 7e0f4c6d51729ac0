# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changing a SCIM resource: read it, work out what differs, write that, and notice when somebody else was faster."""

from __future__ import annotations

import threading
import typing as t

from ..errors import Refused, Transient
from ..http import Session
from ..protocols.scim_paging import Resource, list_answer
from .scim_dialect import ScimDialect
from .scim_patching import change

_TRIES = 3  # of a change that somebody else's change overtakes


class Rewriter:
    """Changes resources, each by one thread at a time."""

    def __init__(self, session: Session, dialect: ScimDialect) -> None:
        self._session = session
        self._dialect = dialect
        self._lock = threading.Lock()
        self._busy: dict[str, threading.Lock] = {}

    def rewrite(
        self,
        path: str,
        read: t.Callable[[], tuple[Resource, str]],
        what: t.Callable[[Resource], Resource],
        where: str,
        patch: Resource | None = None,
    ) -> bool:
        """Read, work out what differs, write it; again when the version moved meanwhile. False: nothing differs.

        ``patch`` is a body that says the same as the attributes that ``what`` returns, whatever else changes.
        """
        with self._one_at_a_time(path):
            for _unused in range(_TRIES):
                before, version = read()
                attributes = what(before)
                if not attributes:
                    return False
                # What was worked out from a list as just read must not overwrite what somebody else put there since. A
                # single value, or one member, is right whatever else changes.
                computed = patch is None and any(isinstance(value, list | dict) for value in attributes.values())
                headers = {"If-Match": version} if version and (computed or self._dialect.patch == "put") else {}
                method, body = change(before, attributes, self._dialect)
                if method == "PATCH" and patch is not None:
                    body = patch
                try:
                    self._send(method, path, body, headers, where)
                except Refused as error:
                    if error.details.get("status") == 412:
                        continue
                    raise
                return True
        raise Transient(f"it was changed by somebody else {_TRIES} times while it was being changed here", where=where)

    def write(self, path: str, attributes: Resource, where: str) -> None:
        """Set single values, which are right whatever else there is, without reading first. Not for apps with PUT."""
        method, body = change({}, attributes, self._dialect)
        with self._one_at_a_time(path):
            self._send(method, path, body, {}, where)

    def _send(self, method: str, path: str, body: Resource, headers: t.Mapping[str, str], where: str) -> None:
        answer = self._session.request(method, path, body=body, headers=headers, where=where, expect_json=False)
        if isinstance(answer.body, dict):
            list_answer(answer.body, where)

    def _one_at_a_time(self, path: str) -> threading.Lock:
        with self._lock:
            return self._busy.setdefault(path, threading.Lock())
