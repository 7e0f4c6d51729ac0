# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the options of a ``connection``, an app's or a desk's.

A value that went through a template is a text, whatever it was before: numbers and yes or no are taken as texts, too.
"""

from __future__ import annotations

import datetime as dt
import pathlib
import re
import typing as t

from ..errors import PolicyError, SettingsError
from ..http import Session, SignIn
from .rest_auth import sign_in_from

#: What every connector that speaks HTTP takes besides its own options.
HTTP_OPTIONS: t.Mapping[str, str] = {
    "headers": "optional",
    "ca_file": "optional",
    "connect_timeout": "optional",
    "read_timeout": "optional",
    "read_attempts": "optional",
    "read_budget": "optional",
    "requests_per_second": "optional",
}
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Options:
    """The options of one app, or desk, read one by one. What cannot be used raises PolicyError; a value is never shown.

    ``key`` is that of the app or desk, and ``what`` says which of the two it is.
    """

    def __init__(self, key: str, connection: t.Mapping[str, t.Any], what: str = "app") -> None:
        self._owner = f"{what} {key}"
        self._connection = connection

    def wrong(self, name: str, expected: str) -> PolicyError:
        return PolicyError(f"expected {expected}", where=f"{self._owner}, connection.{name}")

    def text(self, name: str, default: str = "") -> str:
        value = self._connection.get(name)
        if value is None:
            return default
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise self.wrong(name, "a text")
        return str(value)

    def choice(self, name: str, choices: t.Sequence[str], default: str) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise self.wrong(name, "one of " + ", ".join(choices))
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self._connection.get(name)
        if value is None:
            return default
        known = {"true": True, "yes": True, "false": False, "no": False}.get(str(value).strip().lower())
        if known is None:
            raise self.wrong(name, "true or false")
        return known

    def number(self, name: str, default: float | None = None, *, least: float = 0.0) -> float | None:
        value = self._connection.get(name)
        if value is None:
            return default
        try:
            number = float(value) if not isinstance(value, bool) else None
        except (TypeError, ValueError):
            number = None
        if number is None or not least <= number < 1e9:
            raise self.wrong(name, f"a number of at least {least:g}")
        return number

    def duration(self, name: str) -> dt.timedelta | None:
        value = self._connection.get(name)
        if value is None or isinstance(value, dt.timedelta):
            return value
        found = re.fullmatch(r"(\d{1,6})([mhdw])", str(value).strip())
        if not found:
            raise self.wrong(name, "a time like 12h, 30d or 2w")
        return dt.timedelta(**{_UNITS[found[2]]: int(found[1])})

    def mapping(self, name: str) -> dict[str, str]:
        value = self._connection.get(name)
        if value is None:
            return {}
        if not isinstance(value, t.Mapping) or not all(isinstance(v, str | int) for v in value.values()):
            raise self.wrong(name, "names and their values")
        return {str(key): str(text) for key, text in value.items()}

    def path(self, name: str) -> pathlib.Path | None:
        """Return a path; a relative one is below the company's directory (``_base_dir``, put there by the caller)."""
        text = self.text(name)
        return pathlib.Path(str(self._connection.get("_base_dir") or "."), text).expanduser() if text else None

    def sign_in(self) -> SignIn:
        """Return the sign-in that ``auth`` describes, or ``token`` as a bearer token."""
        where = f"{self._owner}, connection"
        auth = self._connection.get("auth") or {"bearer": self.text("token").strip()}
        return sign_in_from(auth, where, str(self.path("ca_file") or ""))

    def session(
        self,
        *,
        authorization: str = "",
        sign_in: SignIn | None = None,
        secrets: t.Iterable[str] = (),
        media_type: str = "application/json",
        base_url: str = "",
        headers: t.Mapping[str, str] | None = None,
        requests_per_second: float | None = None,
    ) -> Session:
        """Return the HTTP session that the options ask for. ``base_url``, ``headers`` and ``requests_per_second`` are
        the product's own, for where the options say nothing."""
        headers = {**(headers or {}), **self.mapping("headers")}
        # An Authorization among the headers takes the place of the usual one.
        authorization = next((v for k, v in headers.items() if k.lower() == "authorization"), authorization)
        try:
            return Session(
                self.text("base_url", base_url),
                authorization=authorization,
                sign_in=sign_in,
                headers={k: v for k, v in headers.items() if k.lower() != "authorization"},
                secrets=[*secrets, *headers.values()],
                media_type=media_type,
                ca_file=str(self.path("ca_file") or ""),
                connect_timeout=self.number("connect_timeout", 10.0, least=0.01) or 10.0,
                read_timeout=self.number("read_timeout", 30.0, least=0.01) or 30.0,
                read_attempts=int(self.number("read_attempts", 3, least=1) or 1),
                read_budget=self.number("read_budget", 60.0) or 0.0,
                requests_per_second=self.number("requests_per_second", requests_per_second, least=0.001),
            )
        except SettingsError as error:
            raise PolicyError(error.message, where=f"{self._owner}, connection", todo=error.todo) from error
