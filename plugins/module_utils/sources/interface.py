# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of the sources that are read over HTTP: from a product's records to ours, and from its errors to ours.

What a record holds beyond what is mapped is left out, unless ``attributes`` names it: HR knows about salaries.
"""

from __future__ import annotations

import pathlib
import typing as t
import urllib.parse

from ..errors import AppError, Broken, FeedError, PolicyError, SettingsError, SourceUnreachable
from ..http import Session, SignIn
from ..model import Finding, Origin
from ..protocols.rest import RestClient
from ..protocols.rest_spec import Listing
from .column_settings import column_settings
from .columns import at, check_expression, day, has, words
from .contract import Record, Source
from .employment import Continuing, continued_ids, person_type
from .problems import shown

Entry = t.Mapping[str, t.Any]

#: What every source over HTTP takes, besides the common options and its own.
INTERFACE_OPTIONS: t.Mapping[str, str] = {
    "base_url": "optional",
    "ca_file": "optional",
    "read_timeout": "optional",
    "read_budget": "optional",
    "requests_per_second": "optional",
    "attributes": "optional",
    "without": "optional",
    "same_person": "optional",
}


class InterfaceSource(Source):
    """Subclass with ``type``, ``options``, ``fields``, ``permission`` and ``entries``.

    ``columns`` maps our fields to places in a record, in place of those in ``fields``; ``attributes`` gives further
    columns by name; ``without`` names fields that the company does not use; ``same_person`` is what two records of one
    person share.
    """

    #: our field -> where a record has it
    fields: t.ClassVar[t.Mapping[str, str]] = {}
    #: those of ``fields`` that somebody must have, or else something is wrong; None: all of them
    expected: t.ClassVar[frozenset[str] | None] = None
    #: what has to be given to whom where a field is missing from everybody, as an instruction
    permission: t.ClassVar[str] = ""
    #: where the records say who is one person, where the product does
    person_column: t.ClassVar[str] = ""
    #: what of the settings a message may show, besides the type
    shown_option: t.ClassVar[str] = "base_url"

    def __init__(self, settings: t.Mapping[str, t.Any], base_dir: pathlib.Path) -> None:
        super().__init__(settings, base_dir)
        self._where = f"source {self.name}"
        self._sessions: list[Session] = []
        read = column_settings(settings, self.fields, self._where)
        self.settings = read.settings
        self.columns, self.mapped, self.attributes = read.columns, read.mapped, read.attributes
        #: the column that says who is one person, where there is one
        self.shared = self.text_option("same_person") or self.person_column

    @property
    def name(self) -> str:
        place = self.settings.get(self.shown_option)
        if not isinstance(place, str) or not place:
            return self.type
        if "://" not in place:
            return f"{self.type} {place}"
        parts = urllib.parse.urlsplit(place)  # without what may be a secret: user and password, the query
        return f"{self.type} {parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"

    @property
    def used(self) -> list[str]:
        """Every column that is read, for interfaces that have to be asked for each."""
        asked_for = [self.shared] if self.settings.get("same_person") else []
        return [*self.columns.values(), *self.attributes.values(), *asked_for]

    # ---- what a product does

    def entries(self) -> t.Sequence[Entry]:
        """Return every record of the interface. Raises AppErrors."""
        raise NotImplementedError

    def refined(self, values: dict[str, str], entry: Entry) -> None:
        """Put right in ``values`` (our fields, as texts) what a product says in its own way."""

    def absent(self, column: str, entries: t.Sequence[Entry]) -> bool:
        """Return whether nobody has this column at all, not even an empty one."""
        return not any(has(entry, column) for entry in entries)

    # ---- reading

    def read(self) -> t.Iterator[Record]:
        for column in self.used:
            check_expression(column, self._where)
        entries = self._entries()
        self._check_columns(entries)
        continued = self._continued(entries)
        for number, entry in enumerate(entries):
            origin = self._origin(entry, number)
            try:
                values = self.values(entry)
            except ValueError as error:
                self.problems.add(origin, str(error))
                continue
            except RecursionError:
                self.problems.add(origin, "it is nested too deeply")
                continue
            if number in continued:
                values["same_as"] = continued[number]
            yield Record(values, origin)

    def values(self, entry: Entry) -> dict[str, str]:
        """Return what one record says, under our names."""
        found: dict[str, str] = {}
        for field, column in [*self.columns.items(), *self.attributes.items()]:
            try:
                found[field] = words(at(entry, column))
            except ValueError as error:
                raise ValueError(f"{shown(column)}: {error}") from None
        # HR writes a moment where it means a day; who has given a format of their own means the text as it is.
        if not self.settings.get("date_format"):
            found.update({field: day(found[field]) for field in ("start", "end") if field in found})
        self.refined(found, entry)
        return found

    def as_type(self, values: dict[str, str]) -> None:
        """Make HR's word for the kind of employment our type, and keep it as the attribute ``employment_type``."""
        if "type" in self.columns and "type" not in self.mapped:
            values.setdefault("employment_type", values["type"])
            values["type"] = person_type(values["type"])

    def client(
        self,
        base_url: str,
        sign_in: SignIn,
        *,
        headers: t.Mapping[str, str] | None = None,
        client_certificate: tuple[str, str] | None = None,
        error: str = "",
    ) -> RestClient:
        """Return what reads the interface. ``base_url`` is the product's own, where the settings name no other."""
        session = Session(
            self.text_option("base_url") or base_url,
            sign_in=sign_in,
            headers=headers,
            ca_file=self.file_option("ca_file"),
            client_certificate=client_certificate,
            read_timeout=self.number_option("read_timeout", 60.0),
            read_budget=self.number_option("read_budget", 180.0),
            requests_per_second=self.number_option("requests_per_second", 0.0) or None,
        )
        self._sessions.append(session)
        return RestClient(session, error)

    def listed(
        self, client: RestClient, listing: Listing, identity: str = "id", values: t.Mapping[str, t.Any] | None = None
    ) -> list[Entry]:
        """Return all entries of a listing, each an object. ``identity`` is what no two of them share; ``values`` are
        those of its placeholders: what comes from the settings and may have braces of its own.
        """
        found = client.read(listing, values or {}, self.name, identity)
        for entry in found:
            if not isinstance(entry, t.Mapping):
                raise Broken(f"expected people as objects, found {type(entry).__name__}", where=self.name)
        return found

    def file_option(self, name: str) -> str:
        """Return a path as an absolute one, or nothing."""
        text = self.text_option(name)
        return str(self.base_dir / pathlib.Path(text).expanduser()) if text else ""

    def number_option(self, name: str, default: float) -> float:
        value = self.settings.get(name, default)
        try:
            number = float(value) if not isinstance(value, bool) else -1.0
        except (TypeError, ValueError):
            number = -1.0
        if not 0 <= number < 1e6:
            raise SettingsError(f"`{name}` must be a number", where=self._where)
        return number

    # ---- inside

    def _entries(self) -> list[Entry]:
        try:
            return list(self.entries())
        except Broken as error:
            raise FeedError(error.message, where=self.name, todo=error.todo) from error
        except AppError as error:
            todo = error.todo or "Look at the address and the credentials of the source"
            if error.details.get("status") == 403:
                todo = self.permission or todo
            raise SourceUnreachable(f"it cannot be read: {error.message}", where=self.name, todo=todo) from error
        except (SettingsError, PolicyError) as error:
            where = error.where if error.where.startswith(self._where) else f"{self._where}, {error.where}".rstrip(", ")
            raise SettingsError(error.message, where=where, todo=error.todo) from error
        except RecursionError:
            raise FeedError("no list of people: it is nested too deeply", where=self.name) from None
        finally:
            while self._sessions:
                self._sessions.pop().close()

    def _check_columns(self, entries: t.Sequence[Entry]) -> None:
        if not entries:
            return
        missing = []
        for field, column in [*self.columns.items(), *self.attributes.items()]:
            if not self._is_expected(field) or not self.absent(column, entries):
                continue
            if field == "end" and self.expected is not None:
                # Right until the first one leaves; only products that say who has left can tell.
                message = f"nobody has {shown(column)}, which is when people leave"
                todo = "Right only while nobody has left or is about to"
                finding = Finding("no_ends", "warning", message, where=self.name, todo=todo)
                self.findings.append(finding)
                continue
            missing.append(f"{shown(column)} (our {field})" if field in self.columns else shown(column))
        if missing:
            unused = "if the company does not use it, name our field under `without`"
            todo = f"{self.permission}; or, {unused}" if self.permission else unused[0].upper() + unused[1:]
            raise FeedError(f"nobody has {', '.join(missing)}", where=self.name, todo=todo)

    def _is_expected(self, field: str) -> bool:
        return self.expected is None or field in self.expected or field in self.mapped or field in self.attributes

    def _continued(self, entries: t.Sequence[Entry]) -> dict[int, str]:
        column = self.shared
        if not column or "same_as" in self.columns:
            return {}
        records: dict[str, list[Continuing]] = {}
        for number, entry in enumerate(entries):
            try:
                person = words(at(entry, column))
                id, start = words(at(entry, self.columns["id"])), words(at(entry, self.columns.get("start", "start")))
            except ValueError:
                continue  # told when the record itself is read
            if person and id:
                records.setdefault(person, []).append(Continuing(number, id, day(start)))
        return continued_ids(records)

    def _origin(self, entry: Entry, number: int) -> Origin:
        id = at(entry, self.columns["id"])
        if isinstance(id, str | int) and str(id).isascii() and str(id).isprintable() and len(str(id)) <= 40:
            return Origin(f"{self.name}, {id}")
        return Origin(f"{self.name} record {number + 1}")
