# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An app whose user list somebody exports: read from the file, changed by hand."""

from __future__ import annotations

import datetime as dt
import pathlib
import typing as t

from ..clock import Clock
from ..errors import Broken, Conflict, PolicyError
from ..protocols.options import Options
from .contract import Account, AccountKey, App, Connector, value_of
from .file_reading import COLUMNS, Row, read_rows

#: What exports call a state, and what it is here.
STATES: t.Mapping[str, str] = {
    **dict.fromkeys(("active", "enabled", "current", "true", "yes", "1"), "active"),
    **dict.fromkeys(("suspended", "deactivated", "inactive", "disabled", "blocked", "locked", "archived"), "suspended"),
    **dict.fromkeys(("deprovisioned", "false", "no", "0"), "suspended"),
    **dict.fromkeys(("invited", "pending", "invitation sent", "not accepted"), "invited"),
}


class FileConnector(Connector):
    """An exported user list, CSV: read only, every change is a task that the next export closes."""

    name = "file"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "path": "required",
        "columns": "required",
        "encoding": "optional",
        "delimiter": "optional",
        "separator": "optional",
        "kind": "optional",
        "states": "optional",
        "date_format": "optional",
        "max_age": "optional",
    }

    def __init__(self, app: App, connection: t.Mapping[str, t.Any]) -> None:
        super().__init__(app, connection)
        options = Options(app.key, connection)
        self._path = options.path("path") or pathlib.Path()
        self._shown = options.text("path")
        self._columns = options.mapping("columns")
        unknown = sorted(set(self._columns) - set(COLUMNS))
        if unknown or not {"username", "email", "external_id"} & set(self._columns):
            found = f"found {', '.join(unknown)}" if unknown else "found none of username, email and external_id"
            raise PolicyError(
                f"expected columns for some of {', '.join(COLUMNS)}; {found}",
                where=f"app {app.key}, connection.columns",
            )
        self._encoding = options.text("encoding", "utf-8")
        self._delimiter = options.text("delimiter", ",").replace("\\t", "\t")
        if len(self._delimiter) != 1:
            raise options.wrong("delimiter", "one character")
        self._separator = options.text("separator")
        self._kind = options.text("kind", "any")
        self._states = {**STATES, **{word.strip().lower(): state for word, state in options.mapping("states").items()}}
        if not set(self._states.values()) <= {"active", "suspended", "invited"}:
            raise options.wrong("states", "words of the export, each with active, suspended or invited")
        self._date_format = options.text("date_format")
        self._max_age = options.duration("max_age")
        self._by_value: dict[str, str] = {}
        for entitlement in app.entitlements.values():
            if self._kind not in ("any", entitlement.kind):
                continue
            other = self._by_value.setdefault(value_of(entitlement), entitlement.key)
            if other != entitlement.key:
                raise PolicyError(
                    f"the entitlements {other} and {entitlement.key} have the same value in the export",
                    where=f"app {app.key}, connection.kind",
                    todo="Say which kind of entitlement the column holds",
                )

    def accounts(self) -> t.Iterator[Account]:
        return iter(self._read(self.where("accounts")))

    def find(self, key: AccountKey) -> Account | None:
        where = self.where("find", key)
        accounts = self._read(where)
        for field in ("id", "external_id", "email", "username"):
            wanted = getattr(key, field)
            fold = str.casefold if field in ("email", "username") else str
            found = [a for a in accounts if fold(getattr(a, field)) == fold(wanted)] if wanted else []
            if len(found) > 1:
                ids = ", ".join(sorted(account.id for account in found))
                raise Conflict(f"{len(found)} accounts have this {field.replace('_', ' ')}: {ids}", where=where)
            if found:
                return found[0]
        return None

    def _read(self, where: str) -> list[Account]:
        try:
            content = self._path.read_bytes()
            written = dt.datetime.fromtimestamp(self._path.stat().st_mtime, dt.UTC)
        except OSError as error:
            raise Broken(
                f"the export {self._shown} cannot be read ({error.strerror or type(error).__name__})",
                where=where,
                todo="Export the app's user list to this place",
            ) from error
        # The machine's time, also in a rehearsal: it is compared with the machine's time on the file.
        age = Clock().now() - written
        if self._max_age is not None and age > self._max_age:
            raise Broken(
                f"the export is {age.days} days old ({self._shown}, max_age {self._max_age.days} days)"
                if age.days
                else f"the export is {age.total_seconds() / 3600:.0f} hours old ({self._shown})",
                where=where,
                todo="Export the app's user list anew",
            )
        rows = read_rows(
            content,
            self._shown,
            where,
            columns=self._columns,
            encoding=self._encoding,
            delimiter=self._delimiter,
        )
        found: dict[str, Account] = {}
        lines: dict[str, int] = {}
        for row in rows:
            account = self._account(row, where)
            key = account.id.casefold()
            if key in found:
                account = self._merged(found[key], lines[key], account, row, where)
            found[key] = account
            lines.setdefault(key, row.line)
        return list(found.values())

    def _account(self, row: Row, where: str) -> Account:
        cell = row.cells
        key = next((cell[c] for c in ("username", "email", "external_id") if c in self._columns), "")
        if not key:
            raise Broken("a row without the name of an account", where=f"{where}, {row.origin}")
        email = cell.get("email", "")
        if email and "@" not in email:
            raise Broken(f"expected an email address, found {email!r}", where=f"{where}, {row.origin}")
        word = cell.get("state", "")
        state = self._states.get(word.lower()) if "state" in self._columns else "active"
        if state is None:
            raise Broken(
                f"the state {word!r} is not known",
                where=f"{where}, {row.origin}",
                todo="Say what it means under connection.states, as active, suspended or invited",
            )
        value = cell.get("entitlement", "")
        values = value.split(self._separator) if self._separator else [value]
        values = [v.strip() for v in values if v.strip()]
        kind = "entitlement" if self._kind == "any" else self._kind
        return Account(
            app=self.app.key,
            id=key,
            username=cell.get("username", ""),
            email=email,
            external_id=cell.get("external_id", ""),
            name=cell.get("name", ""),
            state=state,
            entitlements=frozenset(self._by_value[v] for v in values if v in self._by_value),
            unknown=frozenset(f"{kind}:{v}" for v in values if v not in self._by_value),
            last_used=self._moment(cell.get("last_used", ""), row, where),
        )

    def _moment(self, text: str, row: Row, where: str) -> dt.datetime | None:
        if not text:
            return None
        try:
            parse = dt.datetime.strptime
            found = parse(text, self._date_format) if self._date_format else dt.datetime.fromisoformat(text)
        except ValueError:
            raise Broken(
                f"expected a date like {self._date_format or '2026-12-01'}, found {text!r}",
                where=f"{where}, {row.origin}",
                todo="Say how the export writes dates under connection.date_format (like %d/%m/%Y)",
            ) from None
        return found.replace(tzinfo=found.tzinfo or dt.UTC).astimezone(dt.UTC)

    def _merged(self, one: Account, line: int, other: Account, row: Row, where: str) -> Account:
        """Return one account out of two rows of it, which may differ in entitlements and last use only."""
        for field in ("email", "external_id", "name", "state"):
            if getattr(one, field).casefold() != getattr(other, field).casefold():
                raise Broken(
                    f"{one.id} has two different values of {field}, here and in line {line}",
                    where=f"{where}, {row.origin}",
                )
        used = [moment for moment in (one.last_used, other.last_used) if moment]
        return Account(
            app=one.app,
            id=one.id,
            username=one.username,
            email=one.email,
            external_id=one.external_id,
            name=one.name,
            state=one.state,
            entitlements=one.entitlements | other.entitlements,
            unknown=one.unknown | other.unknown,
            last_used=max(used, default=None),
        )
