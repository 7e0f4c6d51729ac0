# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""People from a directory: what a search finds, one record for each entry.

A column is an attribute, and ``dn`` is the entry's name. Times become what every source writes (2026-01-31), the binary
ids of Active Directory become texts, several values become a list in JSON.
"""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import re
import typing as t

from ..errors import AppError, Broken, FeedError, SettingsError, SourceUnreachable
from ..model import Origin
from ..protocols.directory import Directory
from ..protocols.directory_connection import DirectoryAddress
from ..protocols.directory_entry import Entry
from ..protocols.directory_names import normal
from .contract import Record, Source

# Referrals to other partitions, which a search from the top of an Active Directory brings; others ignore the control.
# https://learn.microsoft.com/en-us/previous-versions/windows/desktop/ldap/ldap-server-domain-scope-oid
_DOMAIN_SCOPE = ("1.2.840.113556.1.4.1339", False, None)
_TIME = re.compile(r"\d{14}(?:\.\d+)?Z")
# Active Directory counts these from 1601: https://learn.microsoft.com/en-us/windows/win32/adschema/a-accountexpires
_COUNTED = frozenset({"accountexpires", "lastlogontimestamp", "lastlogon", "pwdlastset", "badpasswordtime"})
_NUMBERS = {"page_size": 500.0, "connect_timeout": 10.0, "read_timeout": 60.0}


class Ldap(Source):
    """``url``, ``bind_dn``, ``password``, ``base`` and ``filter``.

    What ``columns`` names is read. ``attributes`` are further ones, which may be missing everywhere (an end date that
    nobody has). ``references`` replaces a DN: with ``{manager: employeeNumber}`` the column ``manager`` has what is in
    employeeNumber of the manager.
    """

    type: t.ClassVar[str] = "ldap"
    options: t.ClassVar[t.Mapping[str, str]] = {
        "url": "required",
        "bind_dn": "required",
        "password": "secret",
        "base": "required",
        "filter": "optional",
        "attributes": "optional",
        "references": "optional",
        "start_tls": "optional",
        "ca_file": "optional",
        "page_size": "optional",
        "connect_timeout": "optional",
        "read_timeout": "optional",
    }

    @property
    def name(self) -> str:
        return f"ldap {self.settings.get('base', '')}".rstrip()

    def read(self) -> t.Iterator[Record]:
        directory = Directory(self._address(), page_size=int(self._number("page_size")), controls=[_DOMAIN_SCOPE])
        references = self._references()
        try:
            entries = directory.search(
                self.text_option("base"),
                self.text_option("filter", "(objectClass=person)"),
                self._asked(references),
                where=self.name,
            )
            self._resolve(directory, entries, references)
        except Broken as error:
            raise FeedError(error.message, where=self.name, todo=error.todo) from None
        except AppError as error:
            raise SourceUnreachable(error.message, where=self.name, todo=error.todo) from None
        finally:
            directory.close()
        spelling = {name.lower(): name for name in (*self._attributes(), *self._columns())}
        columns = dict.fromkeys(self._attributes(), "")
        for entry in entries:
            columns.update((spelling.get(name.lower(), name), "") for name in entry.names)
        for entry in entries:
            yield self._record(entry, columns, spelling)

    def _record(self, entry: Entry, columns: t.Mapping[str, str], spelling: t.Mapping[str, str]) -> Record:
        origin = Origin(f"{self.name}: {entry.dn}")
        values = {**columns, "dn": entry.dn}
        for name in entry.names:
            column = spelling.get(name.lower(), name)
            try:
                values[column] = _text(entry, name)
            except UnicodeDecodeError:
                self.problems.add(origin, f"{name} holds bytes that are no text in UTF-8")
        return Record(values, origin)

    def _resolve(self, directory: Directory, entries: list[Entry], references: t.Mapping[str, str]) -> None:
        """Put, in place of DNs, what the entries have that they name. One that is not there stays: it is nobody."""
        known = {entry.key: entry for entry in entries}
        for at, entry in enumerate(entries):
            for name, attribute in references.items():
                values = []
                for dn in entry.texts(name):
                    key = normal(dn)
                    if key not in known:
                        known[key] = directory.read(dn, [attribute], where=self.name) or Entry(dn, {})
                    values.append(known[key].text(attribute) or dn)
                if values:
                    entries[at] = entries[at].with_values(name, [value.encode() for value in values])

    def _asked(self, references: t.Mapping[str, str]) -> list[str]:
        """Return what is read: what the settings name, and nothing else (there may be password hashes)."""
        return sorted({*self._attributes(), *self._columns(), *references, *references.values()}) or ["1.1"]

    # Settings

    def _address(self) -> DirectoryAddress:
        start_tls = self.settings.get("start_tls")
        if isinstance(start_tls, str):  # a template gives a text
            start_tls = {"true": True, "false": False}.get(start_tls.strip().lower(), start_tls)
        if start_tls is not None and not isinstance(start_tls, bool):
            raise SettingsError("`start_tls` must be true or false", where=f"source {self.name}")
        ca_file = self.text_option("ca_file")
        try:
            return DirectoryAddress(
                url=self.text_option("url").strip(),
                bind_dn=self.text_option("bind_dn"),
                password=self.text_option("password"),
                start_tls=start_tls,
                ca_file=str(self.base_dir / pathlib.Path(ca_file).expanduser()) if ca_file else "",
                connect_timeout=self._number("connect_timeout"),
                read_timeout=self._number("read_timeout"),
            )
        except SettingsError as error:
            raise SettingsError(error.message, where=f"source {self.name}", todo=error.todo) from None

    def _number(self, name: str) -> float:
        value = self.settings.get(name, _NUMBERS[name])
        if isinstance(value, str) and re.fullmatch(r"\d{1,6}(\.\d+)?", value.strip()):  # a template gives a text
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0.1 <= value < 1e6:
            raise SettingsError(f"`{name}` must be a number above 0", where=f"source {self.name}")
        return float(value)

    def _attributes(self) -> list[str]:
        value = self.settings.get("attributes") or []
        if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
            raise SettingsError("`attributes` must be a list of names", where=f"source {self.name}")
        return list(value)

    def _columns(self) -> list[str]:
        """Return what `columns` names: an operational attribute comes only when it is asked for."""
        columns = self.settings.get("columns")
        found = columns.values() if isinstance(columns, dict) else ()
        return [name for name in found if isinstance(name, str) and name.lower() != "dn"]

    def _references(self) -> dict[str, str]:
        value = self.settings.get("references") or {}
        if not isinstance(value, dict) or not all(isinstance(v, str) and v for v in value.values()):
            todo = "It looks like {manager: employeeNumber}"
            raise SettingsError(
                "`references` must be attributes and attributes", where=f"source {self.name}", todo=todo
            )
        return {str(name): attribute for name, attribute in value.items()}


def _text(entry: Entry, name: str) -> str:
    """Return what an attribute holds as a text. Raises UnicodeDecodeError for other bytes."""
    if name.lower() == "objectguid":
        return entry.guid(name)
    if name.lower() == "objectsid":
        return entry.security_id(name)
    if name.lower() in _COUNTED:
        return _day(entry.filetime(name))
    values = [value.decode() for value in entry.raw(name)]
    if len(values) != 1:
        return json.dumps(values, ensure_ascii=False) if values else ""
    return _day(entry.time(name)) if _TIME.fullmatch(values[0]) and entry.time(name) else values[0]


def _day(moment: dt.datetime | None) -> str:
    """Return a time as a text; a day where it is midnight, as dates are kept."""
    if moment is None:
        return ""
    return moment.date().isoformat() if moment.time() == dt.time() else moment.isoformat()
