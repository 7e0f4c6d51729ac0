# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A desk's HTTP session, with its refusals put into words that say what is missing."""

from __future__ import annotations

import typing as t

from ..errors import AppError, Broken, Refused
from ..http import Answer, Session


class Service:
    """Subclass with ``product`` and ``needs``, the permission that a 403 asks for. All methods raise AppErrors."""

    product: t.ClassVar[str] = ""
    needs: t.ClassVar[str] = ""

    def __init__(self, session: Session) -> None:
        self.session = session

    def get(self, path: str, where: str, params: t.Mapping[str, t.Any] | None = None) -> Answer:
        try:
            return self.session.get(path, where=where, params=params)
        except AppError as error:
            raise self.meant(error) from None

    def write(
        self, method: str, path: str, body: t.Any, where: str, params: t.Mapping[str, t.Any] | None = None
    ) -> t.Any:
        """Send a change, and return what the product answers: an object."""
        try:
            answer = self.session.request(method, path, where=where, params=params, body=body)
        except AppError as error:
            raise self.meant(error) from None
        return self.record(answer.body, where)

    def record(self, body: t.Any, where: str) -> t.Any:
        """Return ``body`` if it is an object."""
        if not isinstance(body, dict):
            raise Broken(f"expected an object in {self.product}'s answer", where=where)
        return body

    def meant(self, error: AppError) -> AppError:
        """Return what an error of the session means here: a 403 names the permission that is missing."""
        if isinstance(error, Refused) and error.details.get("status") == 403 and self.needs not in error.message:
            error.message = f"{error.message.rstrip('. ')}; this needs {self.needs}"
        return error
